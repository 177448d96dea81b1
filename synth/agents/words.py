"""Words on screens, in English, Chinese, German and Spanish; and the names of things that fill lists."""

from __future__ import annotations

import random
from collections.abc import Callable

LANGUAGES = ("en", "zh", "de", "es")

_TOGGLES = """
Wi-Fi|无线网络|WLAN|Wi-Fi
Bluetooth|蓝牙|Bluetooth|Bluetooth
Airplane mode|飞行模式|Flugmodus|Modo avión
Dark mode|深色模式|Dunkler Modus|Modo oscuro
Location|定位服务|Standort|Ubicación
Notifications|通知|Mitteilungen|Notificaciones
Auto-rotate|自动旋转|Automatisch drehen|Rotación automática
Battery saver|省电模式|Energiesparmodus|Ahorro de batería
Do not disturb|勿扰模式|Nicht stören|No molestar
Automatic updates|自动更新|Automatische Updates|Actualización automática
Keep screen on|屏幕常亮|Bildschirm anlassen|Pantalla siempre activa
Show previews|显示预览|Vorschau zeigen|Mostrar vista previa
Sync photos|同步照片|Fotos abgleichen|Sincronizar fotos
Read receipts|已读回执|Lesebestätigung|Confirmación de lectura
Vibrate|振动|Vibration|Vibración
Touch sounds|触摸提示音|Tastentöne|Sonidos al tocar
Spell check|拼写检查|Rechtschreibprüfung|Corrector ortográfico
Large text|大字体|Große Schrift|Texto grande
Captions|字幕|Untertitel|Subtítulos
Weekly report|每周报告|Wochenbericht|Informe semanal
Two-step sign-in|两步验证|Zweistufige Anmeldung|Acceso en dos pasos
Mobile data|移动数据|Mobile Daten|Datos móviles
Hotspot|个人热点|Hotspot|Punto de acceso
Save history|保存历史记录|Verlauf speichern|Guardar historial
Motion smoothing|动态平滑|Bewegungsglättung|Suavizado de movimiento
Night light|夜间护眼|Nachtlicht|Luz nocturna
"""
_SECTIONS = """
Display|显示|Anzeige|Pantalla
Sound|声音|Ton|Sonido
Privacy|隐私|Datenschutz|Privacidad
Storage|存储|Speicher|Almacenamiento
Account|账户|Konto|Cuenta
Network|网络|Netzwerk|Red
Security|安全|Sicherheit|Seguridad
Backup|备份|Sicherung|Copia de seguridad
Accessibility|无障碍|Bedienungshilfen|Accesibilidad
Keyboard|键盘|Tastatur|Teclado
About|关于|Über|Acerca de
"""
_FIELDS = """
Full name|姓名|Vollständiger Name|Nombre completo
City|城市|Stadt|Ciudad
Street|街道|Straße|Calle
Phone|电话|Telefon|Teléfono
Company|公司|Firma|Empresa
Subject|主题|Betreff|Asunto
Order number|订单号|Bestellnummer|Número de pedido
Nickname|昵称|Spitzname|Apodo
Project|项目|Projekt|Proyecto
Room|房间|Raum|Sala
Note|备注|Notiz|Nota
"""
_CHOICES = """
Theme|主题外观|Design|Tema
Sort by|排序方式|Sortieren nach|Ordenar por
Period|时段|Zeitraum|Periodo
Priority|优先级|Priorität|Prioridad
Quality|画质|Qualität|Calidad
Reminder|提醒|Erinnerung|Recordatorio
Colour|颜色|Farbe|Color
Font size|字号|Schriftgröße|Tamaño de letra
Status|状态|Stand|Estado
Travel class|舱位|Reiseklasse|Clase
"""
_OPTIONS = {
    "Theme": "Light|浅色|Hell|Claro,Dark|深色|Dunkel|Oscuro,System|跟随系统|System|Sistema,Sepia|护眼|Sepia|Sepia",
    "Sort by": "Name|名称|Name|Nombre,Date|日期|Datum|Fecha,Size|大小|Größe|Tamaño,Price|价格|Preis|Precio",
    "Period": "Today|今天|Heute|Hoy,This week|本周|Diese Woche|Esta semana,This month|本月|Dieser Monat|Este mes,"
    "This year|今年|Dieses Jahr|Este año",
    "Priority": "Low|低|Niedrig|Baja,Normal|普通|Normal|Normal,High|高|Hoch|Alta,Urgent|紧急|Dringend|Urgente",
    "Quality": "Draft|草稿|Entwurf|Borrador,Standard|标准|Standard|Estándar,Best|最佳|Beste|Óptima",
    "Reminder": "None|无|Keine|Ninguno,10 minutes|10 分钟|10 Minuten|10 minutos,1 hour|1 小时|1 Stunde|1 hora,"
    "1 day|1 天|1 Tag|1 día",
    "Colour": "Red|红色|Rot|Rojo,Blue|蓝色|Blau|Azul,Green|绿色|Grün|Verde,Black|黑色|Schwarz|Negro",
    "Font size": "Small|小|Klein|Pequeño,Medium|中|Mittel|Mediano,Large|大|Groß|Grande",
    "Status": "All|全部|Alle|Todos,Open|进行中|Offen|Abierto,Paid|已付款|Bezahlt|Pagado,Late|逾期|Überfällig|Vencido",
    "Travel class": "Economy|经济舱|Economy|Turista,Business|商务舱|Business|Ejecutiva,First|头等舱|Erste|Primera",
}
_ORDERS = """
Save|保存|Speichern|Guardar
Cancel|取消|Abbrechen|Cancelar
Send|发送|Senden|Enviar
Apply|应用|Anwenden|Aplicar
Continue|继续|Weiter|Continuar
Export|导出|Exportieren|Exportar
Reset|重置|Zurücksetzen|Restablecer
Help|帮助|Hilfe|Ayuda
Share|分享|Teilen|Compartir
Print|打印|Drucken|Imprimir
Archive|归档|Archivieren|Archivar
Delete|删除|Löschen|Eliminar
Pin|置顶|Anheften|Fijar
Rename|重命名|Umbenennen|Renombrar
Add to cart|加入购物车|In den Warenkorb|Añadir al carrito
Checkout|去结算|Zur Kasse|Pagar
Compose|写邮件|Verfassen|Redactar
Book|预订|Buchen|Reservar
Search|搜索|Suchen|Buscar
New event|新建日程|Neuer Termin|Nuevo evento
New note|新建便签|Neue Notiz|Nota nueva
Previous|上一页|Zurück|Anterior
Next|下一页|Nächste|Siguiente
Not now|以后再说|Nicht jetzt|Ahora no
OK|确定|OK|Aceptar
"""
_PLACES = """
Settings|设置|Einstellungen|Ajustes
Mail|邮件|E-Mail|Correo
Inbox|收件箱|Posteingang|Recibidos
Sent|已发送|Gesendet|Enviados
Drafts|草稿箱|Entwürfe|Borradores
Shop|商店|Laden|Tienda
Cart|购物车|Warenkorb|Carrito
Home|首页|Start|Inicio
Calendar|日历|Kalender|Calendario
Files|文件|Dateien|Archivos
Recent|最近|Zuletzt|Recientes
Shared|共享|Freigaben|Compartidos
Trash|回收站|Papierkorb|Papelera
Sign-up|注册|Anmeldung|Registro
Dashboard|仪表盘|Übersicht|Panel
Reports|报表|Berichte|Informes
Customers|客户|Kunden|Clientes
Invoices|发票|Rechnungen|Facturas
Music|音乐|Musik|Música
Library|音乐库|Bibliothek|Biblioteca
Favourites|收藏|Favoriten|Favoritos
Chats|聊天|Chats|Chats
Calls|通话|Anrufe|Llamadas
Travel|旅行|Reisen|Viajes
Trips|行程|Fahrten|Mis viajes
Offers|优惠|Angebote|Ofertas
Notes|便签|Notizen|Notas
Profile|我的|Profil|Perfil
Volume|音量|Lautstärke|Volumen
Brightness|亮度|Helligkeit|Brillo
Adults|成人|Erwachsene|Adultos
Children|儿童|Kinder|Niños
Bags|行李|Gepäck|Equipaje
Quantity|数量|Menge|Cantidad
From|出发地|Von|Origen
To|目的地|Nach|Destino
Message|消息|Nachricht|Mensaje
Title|标题|Titel|Título
Amount|金额|Betrag|Importe
Date|日期|Datum|Fecha
Name|名称|Name|Nombre
Size|大小|Größe|Tamaño
"""


def _rows(text: str) -> dict[str, tuple[str, ...]]:
    return {row.partition("|")[0]: tuple(row.split("|")) for row in text.strip().splitlines()}


TOGGLES, SECTIONS, FIELDS, CHOICES = (tuple(_rows(text)) for text in (_TOGGLES, _SECTIONS, _FIELDS, _CHOICES))
OPTIONS = {name: tuple(each.partition("|")[0] for each in row.split(",")) for name, row in _OPTIONS.items()}
_ALL = {
    **_rows("\n".join(row.replace(",", "\n") for row in _OPTIONS.values())),
    **{
        name: row
        for text in (_PLACES, _ORDERS, _CHOICES, _FIELDS, _SECTIONS, _TOGGLES)
        for name, row in _rows(text).items()
    },
}

_FIRST = (
    "Ada Ben Clara Deniz Elif Farid Greta Hana Ivo Jonas Kemal Lena Milan Nora Oskar Petra Quinn Rosa Samir Tilda "
    "Uma Viktor Wanda Yara Zeno Aiko Bruno Carmen Dario Edda"
).split()
_LAST = (
    "Brook Castell Dorn Ekberg Falk Granger Hollis Ibarra Jansen Kovac Lindt Moreau Nakata Okoye Parr Quist Rinaldi "
    "Sato Thorne Unger Varga Winter Xu Yilmaz Zimmer Abara Bosch Cho Duarte Eriksen"
).split()
_ZH_FAMILY, _ZH_GIVEN = (
    "王李张刘陈杨赵黄周吴徐孙",
    ("小明", "建国", "丽华", "雨桐", "子涵", "志强", "思远", "秀英", "文博", "佳怡"),
)
_NOUNS = {
    "en": "garden bicycle lamp kettle notebook harbour meadow violin backpack blanket teapot camera window market "
    "bakery lantern river summer orchard studio railway museum library kitchen",
    "zh": "花园 自行车 台灯 水壶 笔记本 港湾 草地 提琴 背包 毛毯 茶壶 相机 窗台 市场 面包房 灯笼",
    "de": "Garten Fahrrad Lampe Kessel Notizbuch Hafen Wiese Geige Rucksack Decke Teekanne Kamera Fenster Markt",
    "es": "jardín bicicleta lámpara tetera cuaderno puerto prado violín mochila manta cámara ventana mercado",
}
_KINDS = {
    "en": "plan list photos budget review order report draft visit invoice offer ideas",
    "zh": "计划 清单 照片 预算 评审 订单 报告 草案 参观 发票",
    "de": "Plan Liste Fotos Budget Bericht Bestellung Entwurf Besuch Rechnung Angebot",
    "es": "plan lista fotos presupuesto informe pedido borrador visita factura oferta",
}
_ADJECTIVES = {
    "en": "green small wooden quiet blue travel silver folding winter soft striped vintage",
    "zh": "绿色 小号 木制 静音 蓝色 旅行 银色 折叠 冬季 柔软",
}
CITIES = (
    "Lisbon Oslo Kraków Lyon Ghent Turin Malmö Porto Graz Bergen Seville Brno Kyoto Busan Quito Perth Tunis Denver "
    "Leeds Halifax Cusco Nagoya Bilbao Tartu"
).split()
_EXTENSIONS = ("pdf", "txt", "png", "csv", "zip", "docx", "mp3", "jpg")


class Words:
    """The words of one screen in one of LANGUAGES. It remembers names, so that no list has one twice."""

    def __init__(self, rng: random.Random, language: str) -> None:
        self.rng, self.language = rng, language
        self._used: set[str] = set()

    def __call__(self, english: str) -> str:
        """The label in the screen's language. Raises KeyError for one that is in no list above."""
        return _ALL[english][LANGUAGES.index(self.language)]

    def person(self) -> str:
        if self.language == "zh":
            return self._fresh(lambda: self.rng.choice(_ZH_FAMILY) + self.rng.choice(_ZH_GIVEN))
        return self._fresh(lambda: f"{self.rng.choice(_FIRST)} {self.rng.choice(_LAST)}")

    def topic(self) -> str:
        """What a mail, a note or an event is about: two words and mostly a number."""
        return self._fresh(self._topic)

    def product(self) -> str:
        adjectives = _ADJECTIVES.get(self.language)
        nouns = _NOUNS[self.language].split()
        if not adjectives:
            return self._fresh(
                lambda: (
                    f"{self.rng.choice(nouns).capitalize()} {self.rng.choice('ABCDEFGKLMT')}"
                    f"{self.rng.randrange(10, 100)}"
                )
            )
        gap = "" if self.language == "zh" else " "
        return self._fresh(lambda: f"{self.rng.choice(adjectives.split())}{gap}{self.rng.choice(nouns)}".capitalize())

    def file(self) -> str:
        return self._fresh(lambda: f"{self._topic().lower().replace(' ', '-')}.{self.rng.choice(_EXTENSIONS)}")

    def city(self) -> str:
        return self._fresh(lambda: self.rng.choice(CITIES))

    def time(self) -> str:
        return f"{self.rng.randrange(7, 22):02}:{self.rng.randrange(0, 60, 5):02}"

    def price(self) -> str:
        euros, cents = self.rng.randrange(3, 400), self.rng.choice((0, 50, 90, 95, 99))
        return {"en": f"${euros}.{cents:02}", "zh": f"¥{euros}.{cents:02}"}.get(self.language, f"{euros},{cents:02} €")

    def day(self) -> str:
        months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
        month, day = self.rng.randrange(12), self.rng.randrange(1, 29)
        if self.language == "en":
            return f"{day} {months[month]}"
        return f"{month + 1}月{day}日" if self.language == "zh" else f"{day:02}.{month + 1:02}."

    def typed(self, field: str) -> str:
        """What somebody would write into a field (its English name)."""
        numbers = {
            "Phone": f"0555 {self.rng.randrange(1000, 9999)}",
            "Room": f"{self.rng.randrange(1, 9)}{self.rng.randrange(10, 60)}",
        }
        if field in numbers:
            return numbers[field]
        if field == "Order number":
            return f"{self.rng.choice('ABKRT')}-{self.rng.randrange(1000, 99999)}"
        if field in ("City", "From", "To"):
            return self.city()
        if field in ("Full name", "Nickname"):
            return (
                self.person()
                if field == "Full name"
                else self.person().split()[0].lower() + str(self.rng.randrange(10, 99))
            )
        if field == "Street":
            return f"{self.rng.choice(_LAST)} {self.rng.randrange(1, 120)}"
        return self.topic()

    def _topic(self) -> str:
        noun, kind = (self.rng.choice(words[self.language].split()) for words in (_NOUNS, _KINDS))
        gap = "" if self.language == "zh" else " "
        number = self.rng.choice(("", "", f" {self.rng.randrange(2, 60)}"))
        return f"{noun.capitalize()}{gap}{kind}{number}"

    def _fresh(self, draw: Callable[[], str]) -> str:
        for _ in range(40):
            found = draw()
            if found not in self._used:
                break
        self._used.add(found)
        return found
