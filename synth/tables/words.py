"""What tables are about, in ten languages: names of rows, of columns with the sort of their values, and of the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# How a column's values are written: whole and decimal numbers, amounts of money, shares, dates, times of day, words.
Sort = Literal["whole", "decimal", "money", "percent", "date", "time", "word"]


@dataclass(frozen=True, slots=True)
class Words:
    """A language's words. Each of `heads` stands over one of the lists of `rows`; `columns` are (name, sort); `choices`
    are what may stand in a column of words."""

    language: str
    fonts: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    columns: tuple[tuple[str, Sort], ...]
    groups: tuple[str, ...]
    bands: tuple[tuple[str, ...], ...]
    choices: tuple[str, ...]
    total: str
    captions: tuple[str, ...]
    notes: tuple[str, ...]
    money: tuple[str, ...]
    decimal: str = "."
    thousands: str = ","
    date: str = "{y}-{m:02}-{d:02}"
    right_to_left: bool = False


_LATIN = ("Noto Sans", "Noto Serif", "DejaVu Sans", "DejaVu Serif", "Noto Sans Mono", "Noto Serif Display")

ENGLISH = Words(
    "en", _LATIN, ("Site", "Item", "Name", "Route"),
    (("Netherby", "Elwick", "Saltley", "Beckton", "Stonefold", "Arden", "Marlow", "Hexley", "Thorpe", "Lindale"),
     ("Oak desk", "Pine shelf", "Desk lamp", "Wool rug", "Bar stool", "Wall clock", "Tea tray", "Bookend", "Coat rack"),
     ("Ada Brook", "Ben Crane", "Cleo Dunn", "Dev Ellis", "Edie Finch", "Gus Hale", "Hana Ives", "Ivo Jarvis"),
     ("Tram 4", "Tram 7", "Bus 12", "Bus 31", "Ferry A", "Ferry B", "Night bus 2", "Express 9")),
    (("Visitors", "whole"), ("Stock", "whole"), ("Orders", "whole"), ("Rainfall (mm)", "decimal"),
     ("Weight (kg)", "decimal"), ("Score", "decimal"), ("Price", "money"), ("Revenue", "money"), ("Cost", "money"),
     ("Share", "percent"), ("Change", "percent"), ("Checked on", "date"), ("Delivery", "date"), ("Opens", "time"),
     ("First run", "time"), ("Status", "word"), ("Keeper", "word")),
    ("Spring", "Summer", "First half", "Second half", "Survey", "Forecast", "2022", "2023", "2024"),
    (("North", "South"), ("Group A", "Group B", "Group C"), ("Old stock", "New stock"), ("City", "Coast", "Hills")),
    ("open", "closed", "on loan", "in repair", "ready", "waiting", "planned", "sold out"),
    "Total", ("Table {n}. {a} by {b}", "{a} by {b}, {y}", "{a} per {b} ({y})"),
    ("Figures are provisional.", "Empty cells were not counted.", "Source: own survey."), ("${}", "€{}", "£{}"),
    date="{d} {M} {y}",
)  # fmt: skip
GERMAN = Words(
    "de", _LATIN, ("Ort", "Artikel"),
    (("Altmühl", "Birkenau", "Eschbach", "Grünau", "Lindow", "Rieden", "Süderhof", "Weiden", "Öhringen"),
     ("Eichentisch", "Regal", "Stehlampe", "Wanduhr", "Hocker", "Teppich", "Schreibtischstuhl", "Garderobe")),
    (("Besucher", "whole"), ("Bestand", "whole"), ("Niederschlag (mm)", "decimal"), ("Gewicht (kg)", "decimal"),
     ("Preis", "money"), ("Umsatz", "money"), ("Anteil", "percent"), ("Geprüft am", "date"), ("Öffnet", "time"),
     ("Zustand", "word")),
    ("Frühjahr", "Sommer", "1. Halbjahr", "2. Halbjahr", "2022", "2023", "2024"),
    (("Nord", "Süd"), ("Gruppe A", "Gruppe B"), ("Stadt", "Küste", "Gebirge")),
    ("offen", "geschlossen", "verliehen", "in Reparatur", "bereit", "geplant"),
    "Summe", ("Tabelle {n}. {a} nach {b}", "{a} nach {b}, {y}"),
    ("Vorläufige Zahlen.", "Quelle: eigene Erhebung."), ("{} €",), ",", ".", "{d:02}.{m:02}.{y}",
)  # fmt: skip
FRENCH = Words(
    "fr", _LATIN, ("Ville", "Article"),
    (("Brévelle", "Châtenoy", "Évranges", "Lormont", "Mériac", "Saint-Oyen", "Tréville", "Vauclair"),
     ("Table en chêne", "Étagère", "Lampe", "Horloge", "Tabouret", "Tapis", "Miroir", "Fauteuil")),
    (("Visiteurs", "whole"), ("Stock", "whole"), ("Pluie (mm)", "decimal"), ("Poids (kg)", "decimal"),
     ("Prix", "money"), ("Recettes", "money"), ("Part", "percent"), ("Contrôlé le", "date"), ("Ouverture", "time"),
     ("État", "word")),
    ("Printemps", "Été", "Premier semestre", "Second semestre", "2022", "2023", "2024"),
    (("Nord", "Sud"), ("Groupe A", "Groupe B"), ("Ville", "Côte", "Montagne")),
    ("ouvert", "fermé", "prêté", "en réparation", "prêt", "prévu"),
    "Total", ("Tableau {n}. {a} par {b}", "{a} par {b}, {y}"),
    ("Chiffres provisoires.", "Source : enquête interne."), ("{} €",), ",", " ", "{d:02}/{m:02}/{y}",
)  # fmt: skip
SPANISH = Words(
    "es", _LATIN, ("Ciudad", "Artículo"),
    (("Almarza", "Benicar", "Cañete", "Doñoro", "Escuriel", "Montálvez", "Peñalba", "Villoria"),
     ("Mesa de roble", "Estante", "Lámpara", "Reloj", "Taburete", "Alfombra", "Espejo", "Sillón")),
    (("Visitantes", "whole"), ("Existencias", "whole"), ("Lluvia (mm)", "decimal"), ("Peso (kg)", "decimal"),
     ("Precio", "money"), ("Ingresos", "money"), ("Cuota", "percent"), ("Revisado", "date"), ("Apertura", "time"),
     ("Estado", "word")),
    ("Primavera", "Verano", "Primer semestre", "2022", "2023", "2024"),
    (("Norte", "Sur"), ("Grupo A", "Grupo B"), ("Ciudad", "Costa", "Sierra")),
    ("abierto", "cerrado", "prestado", "en reparación", "listo", "previsto"),
    "Total", ("Tabla {n}. {a} por {b}", "{a} por {b}, {y}"),
    ("Cifras provisionales.", "Fuente: encuesta propia."), ("{} €", "${}"), ",", ".", "{d:02}/{m:02}/{y}",
)  # fmt: skip
RUSSIAN = Words(
    "ru", ("Noto Sans", "Noto Serif", "DejaVu Sans", "DejaVu Serif"), ("Город", "Товар"),
    (("Берёзово", "Заречье", "Каменка", "Лесное", "Озёрск", "Полянка", "Светлый", "Ясное"),
     ("Стол", "Полка", "Лампа", "Часы", "Табурет", "Ковёр", "Зеркало", "Кресло")),
    (("Посетители", "whole"), ("Запас", "whole"), ("Осадки (мм)", "decimal"), ("Вес (кг)", "decimal"),
     ("Цена", "money"), ("Выручка", "money"), ("Доля", "percent"), ("Проверено", "date"), ("Открытие", "time"),
     ("Состояние", "word")),
    ("Весна", "Лето", "Первое полугодие", "2022", "2023", "2024"),
    (("Север", "Юг"), ("Группа А", "Группа Б"), ("Город", "Берег", "Горы")),
    ("открыто", "закрыто", "в ремонте", "готово", "ожидается"),
    "Итого", ("Таблица {n}. {a} ({y})", "{a}, {y}"),
    ("Данные предварительные.", "Источник: собственный опрос."), ("{} ₽",), ",", " ", "{d:02}.{m:02}.{y}",
)  # fmt: skip
CHINESE = Words(
    "zh", ("Noto Sans CJK SC", "Noto Serif CJK SC"), ("城市", "品名"),
    (("东港", "南湖", "西岭", "北川", "青石", "白沙", "临江", "云山"),
     ("书桌", "书架", "台灯", "挂钟", "圆凳", "地毯", "镜子", "沙发")),
    (("游客", "whole"), ("库存", "whole"), ("降雨量（毫米）", "decimal"), ("重量（千克）", "decimal"),
     ("单价", "money"), ("收入", "money"), ("占比", "percent"), ("检查日期", "date"), ("开门时间", "time"),
     ("状态", "word")),
    ("春季", "夏季", "上半年", "下半年", "2022年", "2023年", "2024年"),
    (("北区", "南区"), ("甲组", "乙组", "丙组"), ("城区", "沿海", "山区")),
    ("开放", "关闭", "借出", "维修中", "就绪", "计划中"),
    "合计", ("表{n} {a}统计", "{y}年各{b}{a}"), ("数据为初步结果。", "来源：自行调查。"), ("¥{}", "{}元"),
    date="{y}年{m}月{d}日",
)  # fmt: skip
JAPANESE = Words(
    "ja", ("Noto Sans CJK JP", "Noto Serif CJK JP"), ("都市", "品名"),
    (("青野", "石浜", "川口台", "桜沢", "白浜", "高森", "西原", "松島"),
     ("机", "本棚", "ランプ", "時計", "いす", "じゅうたん", "かがみ", "ソファ")),
    (("来場者", "whole"), ("在庫", "whole"), ("降水量(mm)", "decimal"), ("重さ(kg)", "decimal"), ("価格", "money"),
     ("売上", "money"), ("割合", "percent"), ("点検日", "date"), ("開館", "time"), ("状態", "word")),
    ("春", "夏", "上半期", "下半期", "2022年", "2023年", "2024年"),
    (("北部", "南部"), ("A組", "B組"), ("市街", "海岸", "山地")),
    ("開館中", "閉館中", "貸出中", "修理中", "準備中"),
    "合計", ("表{n} {a}の一覧", "{b}別の{a}（{y}年）"), ("速報値です。", "出典：独自調査"), ("¥{}", "{}円"),
    date="{y}年{m}月{d}日",
)  # fmt: skip
KOREAN = Words(
    "ko", ("Noto Sans CJK KR", "Noto Serif CJK KR"), ("도시", "품목"),
    (("가람", "나루", "다솔", "마루", "바다", "솔빛", "아침", "하늘"),
     ("책상", "책장", "램프", "시계", "의자", "양탄자", "거울", "소파")),
    (("방문객", "whole"), ("재고", "whole"), ("강수량(mm)", "decimal"), ("무게(kg)", "decimal"), ("가격", "money"),
     ("매출", "money"), ("비율", "percent"), ("점검일", "date"), ("개장", "time"), ("상태", "word")),
    ("봄", "여름", "상반기", "하반기", "2022", "2023", "2024"),
    (("북부", "남부"), ("가 조", "나 조"), ("도심", "해안", "산지")),
    ("열림", "닫힘", "대여 중", "수리 중", "준비됨"),
    "합계", ("표 {n}. {a}", "{b}별 {a}, {y}"), ("잠정치입니다.", "출처: 자체 조사"), ("{}원", "₩{}"),
    date="{y}.{m:02}.{d:02}",
)  # fmt: skip
ARABIC = Words(
    "ar", ("Noto Naskh Arabic", "Noto Sans Arabic", "Noto Kufi Arabic"), ("المدينة", "الصنف"),
    (("البستان", "الزهراء", "السلام", "الشروق", "المرج", "النخيل", "الوادي", "الينبوع"),
     ("طاولة", "رف", "مصباح", "ساعة", "كرسي", "سجادة", "مرآة", "أريكة")),
    (("الزوار", "whole"), ("المخزون", "whole"), ("المطر", "decimal"), ("الوزن", "decimal"), ("النسبة", "percent"),
     ("الطلبات", "whole"), ("الافتتاح", "time"), ("الحالة", "word")),
    ("الربيع", "الصيف", "2022", "2023", "2024"),
    (("الشمال", "الجنوب"), ("المدينة", "الساحل", "الجبال")),
    ("مفتوح", "مغلق", "جاهز", "قيد الإصلاح", "مؤجل"),
    "المجموع", ("جدول {n}: {a}", "{a} {y}"), ("الأرقام أولية.",), ("{}",), right_to_left=True,
)  # fmt: skip
HINDI = Words(
    "hi", ("Noto Sans Devanagari", "Noto Serif Devanagari"), ("शहर", "वस्तु"),
    (("आनंदपुर", "कमलगढ़", "चंदनपुर", "नीलगाँव", "फूलबाग", "रामनगर", "सोनपुर", "हरिपुर"),
     ("मेज़", "अलमारी", "दीपक", "घड़ी", "कुर्सी", "दरी", "दर्पण", "चौकी")),
    (("आगंतुक", "whole"), ("भंडार", "whole"), ("वर्षा (मिमी)", "decimal"), ("भार (किग्रा)", "decimal"), ("मूल्य", "money"),
     ("आय", "money"), ("भाग", "percent"), ("समय", "time"), ("स्थिति", "word")),
    ("वसंत", "ग्रीष्म", "2022", "2023", "2024"),
    (("उत्तर", "दक्षिण"), ("नगर", "तट", "पहाड़")),
    ("खुला", "बंद", "तैयार", "मरम्मत में", "शेष"),
    "कुल", ("तालिका {n}: {a}", "{a}, {y}"), ("आँकड़े अस्थायी हैं।",), ("₹{}",),
)  # fmt: skip

LANGUAGES = (ENGLISH, GERMAN, FRENCH, SPANISH, RUSSIAN, CHINESE, JAPANESE, KOREAN, ARABIC, HINDI)
WEIGHTS = (8, 2, 2, 2, 2, 4, 2, 2, 2, 2)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
