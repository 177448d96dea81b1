"""What charts are about, in three languages: measures with their units, groups of names, and words of the axes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """Something counted or measured; `steps` are the distances of ticks that suit its size."""

    name: str
    unit: str
    steps: tuple[float, ...]

    @property
    def label(self) -> str:
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True, slots=True)
class Group:
    """Names of one sort. `ordered` ones, such as months, keep their order and may be joined by a line."""

    header: str
    names: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """A language's words. `title` has the places {measure}, {group} and {where}; `five` names a box plot's numbers."""

    language: str
    measures: tuple[Measure, ...]
    groups: tuple[Group, ...]
    series: tuple[tuple[str, ...], ...]
    where: tuple[str, ...]
    people: tuple[str, ...]
    title: tuple[str, ...]
    notes: tuple[str, ...]
    count: str
    five: tuple[str, str, str, str, str]
    decimal: str
    thousands: tuple[str, ...]
    fonts: tuple[str, ...]


_YEARS = tuple(str(year) for year in range(2008, 2026))
_LATIN = ("DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono", "Noto Sans", "Noto Serif")

ENGLISH = Words(
    language="en",
    measures=(
        Measure("Rainfall", "mm", (10, 20, 50)),
        Measure("Visitors", "thousands", (5, 10, 20, 50)),
        Measure("Revenue", "million €", (1, 2, 5, 10)),
        Measure("Electricity use", "MWh", (20, 50, 100, 200)),
        Measure("Bread sold", "loaves", (20, 50, 100)),
        Measure("Recycling rate", "%", (10,)),
        Measure("Average delay", "minutes", (1, 2, 5)),
        Measure("New members", "", (5, 10, 20, 50)),
        Measure("Books lent", "", (50, 100, 200, 500)),
        Measure("Tonnes of hay", "t", (2, 5, 10)),
        Measure("Ticket price", "$", (2, 5, 10)),
        Measure("Water level", "cm", (10, 20, 50)),
        Measure("Noise", "dB", (10,)),
        Measure("Bicycles counted", "", (100, 200, 500, 1000)),
        Measure("Repair costs", "£", (200, 500, 1000)),
        Measure("Test score", "points", (10, 20)),
        Measure("Milk yield", "litres", (5, 10, 20)),
        Measure("Working hours", "h", (2, 5, 10)),
        Measure("Parcels handled", "", (200, 500, 1000, 2000)),
        Measure("Wind speed", "km/h", (5, 10, 20)),
    ),
    groups=(
        Group("Month", ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), True),
        Group("Year", _YEARS, True),
        Group("Weekday", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), True),
        Group("Town", ("Netherby", "Elwick", "Saltley", "Beckton", "Stonefold", "Arden", "Marlow", "Hexley", "Thorpe")),
        Group("Branch", ("North", "South", "East", "West", "Harbour", "Airport", "Old Town", "Campus")),
        Group("Team", ("Owls", "Foxes", "Kites", "Bears", "Pikes", "Ravens", "Otters", "Wasps")),
        Group("Fruit", ("Plum", "Pear", "Fig", "Kiwi", "Lemon", "Cherry", "Quince", "Melon")),
        Group("Country", ("Norway", "Chile", "Ghana", "Japan", "Malta", "Peru", "Latvia", "Oman", "Fiji")),
        Group("Department", ("Sales", "Design", "Legal", "Support", "Finance", "Research", "Logistics")),
        Group("River", ("Avon", "Tees", "Wye", "Ouse", "Trent", "Dee", "Severn")),
        Group("School", ("Oak Hill", "St Brid", "Parkside", "Abbey", "Lakeview", "Kingsmead")),
        Group("Machine", ("M-10", "M-12", "M-15", "M-21", "M-24", "M-30", "M-33")),
    ),
    series=(
        ("Plan", "Actual"), ("Women", "Men"), ("Morning", "Noon", "Evening"), ("2021", "2022", "2023", "2024"),
        ("Online", "Shop", "Phone"), ("City", "Country", "Coast"), ("Model A", "Model B", "Model C", "Model D"),
        ("Before", "After"), ("Low tide", "High tide"), ("Bus", "Tram", "Train", "Ferry"),
    ),
    where=(
        "Port Elwick", "Old Saltley", "the valley", "all sites", "first half", "the north", "High Beckton", "2019",
        "2020", "2021", "2022", "2023", "the islands", "the last survey", "the pilot phase", "summer season",
    ),
    people=("Ada", "Ben", "Cleo", "Dev", "Edie", "Finn", "Gus", "Hana", "Ivo", "June", "Kofi", "Lena"),
    title=("{measure} by {group}, {where}", "{measure} per {group} ({where})", "{where}: {measure} by {group}",
           "{measure}, {where}"),
    notes=("Source: town office", "Source: own count", "Figures are provisional", "Data: yearly report", ""),
    count="Count",
    five=("Minimum", "Lower quartile", "Median", "Upper quartile", "Maximum"),
    decimal=".",
    thousands=("", ","),
    fonts=_LATIN,
)  # fmt: skip

GERMAN = Words(
    language="de",
    measures=(
        Measure("Niederschlag", "mm", (10, 20, 50)),
        Measure("Besucher", "Tausend", (5, 10, 20)),
        Measure("Umsatz", "Mio. €", (1, 2, 5, 10)),
        Measure("Stromverbrauch", "MWh", (20, 50, 100, 200)),
        Measure("Verkaufte Brote", "", (20, 50, 100)),
        Measure("Recyclingquote", "%", (10,)),
        Measure("Verspätung", "Minuten", (1, 2, 5)),
        Measure("Ausleihen", "", (100, 200, 500, 1000)),
        Measure("Heuernte", "t", (2, 5, 10)),
        Measure("Pegel", "cm", (10, 20, 50)),
        Measure("Gezählte Fahrräder", "", (100, 200, 500)),
        Measure("Reparaturkosten", "€", (200, 500, 1000)),
    ),
    groups=(
        Group("Monat", ("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"), True),
        Group("Jahr", _YEARS, True),
        Group("Wochentag", ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"), True),
        Group("Stadt", ("Altmühl", "Birkenau", "Eschbach", "Grünau", "Lindow", "Rieden", "Süderhof", "Weiden")),
        Group("Filiale", ("Nord", "Süd", "Ost", "West", "Hafen", "Altstadt", "Flughafen")),
        Group("Obst", ("Apfel", "Birne", "Kirsche", "Quitte", "Pflaume", "Feige", "Melone")),
        Group("Abteilung", ("Vertrieb", "Einkauf", "Recht", "Technik", "Lager", "Labor")),
    ),
    series=(("Plan", "Ist"), ("Frauen", "Männer"), ("Früh", "Mittag", "Abend"), ("2022", "2023", "2024"),
            ("Bus", "Bahn", "Fähre"), ("vorher", "nachher"), ("Modell A", "Modell B", "Modell C", "Modell D")),
    where=("im Tal", "an der Küste", "2019", "2020", "2021", "2022", "2023", "alle Standorte", "erstes Halbjahr",
           "Landkreis Rieden", "Probebetrieb", "Sommersaison", "Inselbahn"),
    people=("Anke", "Bernd", "Cora", "Dirk", "Elke", "Falk", "Gesa", "Heinz", "Ines", "Jörg"),
    title=("{measure} nach {group}, {where}", "{measure} je {group} ({where})", "{measure}, {where}"),
    notes=("Quelle: eigene Zählung", "Quelle: Stadtarchiv", "Vorläufige Zahlen", ""),
    count="Anzahl",
    five=("Minimum", "Unteres Quartil", "Median", "Oberes Quartil", "Maximum"),
    decimal=",",
    thousands=("", "."),
    fonts=_LATIN,
)  # fmt: skip

CHINESE = Words(
    language="zh",
    measures=(
        Measure("降雨量", "毫米", (10, 20, 50)),
        Measure("游客人数", "万人", (5, 10, 20)),
        Measure("销售额", "万元", (5, 10, 20, 50)),
        Measure("用电量", "千瓦时", (20, 50, 100, 200)),
        Measure("借阅量", "册", (50, 100, 200, 500)),
        Measure("回收率", "%", (10,)),
        Measure("平均得分", "分", (10, 20)),
        Measure("产量", "吨", (5, 10, 20, 50)),
        Measure("水位", "厘米", (10, 20, 50)),
        Measure("包裹数量", "件", (200, 500, 1000)),
        Measure("维修费用", "元", (200, 500, 1000)),
    ),
    groups=(
        Group("月份", tuple(f"{month}月" for month in range(1, 13)), True),
        Group("年份", _YEARS, True),
        Group("星期", ("周一", "周二", "周三", "周四", "周五", "周六", "周日"), True),
        Group("城市", ("东港", "南湖", "西岭", "北川", "青石", "白沙", "临江", "云山")),
        Group("水果", ("苹果", "梨", "樱桃", "桃子", "葡萄", "柠檬", "西瓜")),
        Group("部门", ("销售部", "设计部", "法务部", "客服部", "财务部", "研发部")),
        Group("门店", ("东门店", "西门店", "车站店", "机场店", "大学店", "老城店")),
    ),
    series=(("计划", "实际"), ("女", "男"), ("早上", "中午", "晚上"), ("2022年", "2023年", "2024年"),
            ("线上", "门店", "电话"), ("型号甲", "型号乙", "型号丙", "型号丁")),
    where=("全区", "沿海地区", "2019年", "2020年", "2021年", "2022年", "2023年", "上半年", "试点阶段", "旅游旺季",
           "北部山区"),
    people=("李明", "王芳", "张伟", "刘洋", "陈静", "赵磊", "周敏", "吴强", "孙丽", "林涛"),
    title=("{where}各{group}{measure}", "按{group}统计的{measure}（{where}）", "{measure}（{where}）"),
    notes=("来源：自行统计", "数据为初步结果", "来源：年度报告", ""),
    count="数量",
    five=("最小值", "下四分位数", "中位数", "上四分位数", "最大值"),
    decimal=".",
    thousands=("", ","),
    fonts=("Noto Sans CJK SC", "Noto Serif CJK SC"),
)  # fmt: skip

LANGUAGES = (ENGLISH, GERMAN, CHINESE)
