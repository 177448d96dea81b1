"""Sums, stories, dates and units of the text generator, worked out again from the words of the prompt."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_MONTHS = {name: index for index, name in enumerate(calendar.month_name) if name}
_DAYS_ZH = "一二三四五六日"


def evaluated(text: str) -> Fraction:
    """The value of an expression by Python's own rules of precedence."""
    plain = re.sub(r"(\d+(?:\.\d+)?)", r"Fraction('\1')", text.replace("×", "*").replace("÷", "/"))
    return Fraction(eval(plain, {"Fraction": Fraction, "__builtins__": {}}))


def _written(value: Fraction, fraction: bool = False) -> str:
    if value.denominator == 1 or fraction:
        return str(value)
    return f"{(Decimal(value.numerator) / Decimal(value.denominator)).normalize():f}"


def _numbers(text: str) -> list[Fraction]:
    return [Fraction(each) for each in _NUMBER.findall(text)]


def arithmetic(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
    if template.startswith("percent"):
        share = Fraction(re.search(r"(\d+)%", asks[0])[1])  # type: ignore[index]
        number = _numbers(re.sub(r"\d+%", "", asks[0]))[0]
        value = number * {"of": share, "up": 100 + share, "down": 100 - share}[template[8:]] / 100
    else:
        found = max(re.findall(r"[(\d][-+×÷*/() \d]*\d\)?", asks[0]), key=len)
        value = evaluated(found + ")" * (found.count("(") - found.count(")")))
    values = [value]
    for ask in asks[1:]:
        k = _numbers(ask)
        if not k:
            value *= 2
        elif re.search(r"times|multipl|乘|倍", ask.lower()):
            value *= k[0]
        elif re.search(r"subtract|minus|away|off|less|减", ask.lower()):
            value -= k[0]
        else:
            value += k[0]
        values.append(value)
    return [_written(each, template == "fractions") for each in values]


_LOSS = re.compile(
    r"gives \d+ of|loses|losing|sells|hands|break|leaves|borrows|throws|donates|gives \d+ to|takes \d+ away|without \d"
    r"|送给|丢|卖|交给|坏|留下|借走|扔|捐|给了\w+ \d+ 个，还|拿走|去掉"
)
_GAIN_ZH = re.compile(r"又给了|寄来|买了|捡到|得到|赢了|领到|挣到")


def stories(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
    if template == "journey":
        legs = [ask for ask in re.split(r"[.；。]", asks[0]) if re.search(r"\d", ask)]
        return [str(sum(_leg(leg) for leg in legs))]
    if template == "bill":
        return [_bill(asks[0])]
    values = []
    amount = -1
    for ask in asks:
        for sentence in re.split(r"[.。?？]", ask):
            numbers = [int(each) for each in re.findall(r"\d+", sentence)]
            if not numbers:
                continue
            k = numbers[0]
            if amount < 0:
                amount = k
            elif re.search(r"times as|times what|倍", sentence):
                amount *= k
            elif _LOSS.search(sentence) and not _GAIN_ZH.search(sentence):
                amount -= k
            else:
                amount += k
        values.append(str(amount))
    return values


def _leg(text: str) -> int:
    speed = re.search(r"(\d+) (?:km/h|千米/时)|每小时 (\d+) 千米", text)
    hours = re.search(r"(\d+) (?:hours|小时)", text)
    assert speed and hours, text
    return int(speed[1] or speed[2]) * int(hours[1])


_PRICE = re.compile(
    r"(\d+) coins (?:each|apiece)|(\d+) coins (?=and \d)|(\d+) coins(?=, prices)|each (\d+) coins"
    r"|(?:标价|单价|每个) (\d+) 元|(\d+) 元一个"
)


def _bill(text: str) -> str:
    """Of five numbers the greatest is the cash; the prices are those next to a word for money."""
    prices = {match.start(match.lastindex or 0): int(match[match.lastindex or 0]) for match in _PRICE.finditer(text)}
    numbers = {match.start(): int(match[0]) for match in re.finditer(r"\d+", text)}
    cash = max(numbers, key=lambda at: numbers[at])
    rest = [number for at, number in numbers.items() if at not in prices and at != cash]
    assert len(prices) == 2 and len(rest) == 2, text
    return str(numbers[cash] - sum(p * n for p, n in zip(prices.values(), rest, strict=True)))


def _days(text: str) -> list[date]:
    found: list[date] = []
    for match in re.finditer(
        r"(\d{4})-(\d\d)-(\d\d)|(\d+) ([A-Z][a-z]+) (\d{4})|([A-Z][a-z]+) (\d+), (\d{4})|(\d{4}) ?"
        r"年 ?(\d+) ?月 ?(\d+) ?日",
        text,
    ):
        a = match.groups()
        if a[0]:
            found.append(date.fromisoformat(match[0]))
        elif a[3]:
            found.append(date(int(a[5]), _MONTHS[a[4]], int(a[3])))
        elif a[6]:
            found.append(date(int(a[8]), _MONTHS[a[6]], int(a[7])))
        else:
            found.append(date(int(a[9]), int(a[10]), int(a[11])))
    return found


def _weekday(day: date, chinese: bool) -> str:
    index = calendar.weekday(day.year, day.month, day.day)
    return f"星期{_DAYS_ZH[index]}" if chinese else calendar.day_name[index]


def dates(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
    chinese = bool(re.search(r"[\u4e00-\u9fff]", asks[0]))
    if template == "clock":
        hour, minute = map(int, re.search(r"(\d\d):(\d\d)", asks[0]).groups())  # type: ignore[union-attr]
        total, found = hour * 60 + minute, []
        for ask in asks:
            text = re.sub(r"\d\d:\d\d|24", "", ask) if ask is asks[0] else ask
            total += int(re.search(r"(\d+) (?:minutes|more minutes|分钟)", ask)[1]) if text else 0  # type: ignore[index]
            found.append(f"{total // 60 % 24:02}:{total % 60:02}")
        return found
    days = _days(asks[0])
    if template == "weekday":
        return [_weekday(days[0], chinese)]
    if template == "between":
        return [str(abs(days[1].toordinal() - days[0].toordinal()))]
    found, day = [], days[0]
    for index, ask in enumerate(asks):
        if re.search(r"weekday|day of the week|星期几", ask):
            found.append(_weekday(day, chinese))
            continue
        k = int(re.search(r"(\d+) (?:more )?(?:days|天)", ask)[1])  # type: ignore[index]
        day += timedelta(days=-k if template == "earlier" and index == 0 else k)
        found.append(day.isoformat())
    return found


_UNITS = {
    "square metres": 1, "hectares": 10**4, "square kilometres": 10**6, "acres": "4046.8564224",
    "centimetres": ".01", "millimetres": ".001", "kilometres": 1000, "metres": 1, "inches": "0.0254", "feet": "0.3048",
    "yards": "0.9144", "miles": "1609.344", "kilograms": 1000, "grams": 1, "tonnes": 10**6, "pounds": "453.59237",
    "ounces": "28.349523125", "millilitres": ".001", "litres": 1, "imperial gallons": "4.54609",
    "imperial pints": "0.56826125", "seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800,
    "平方千米": 10**6, "平方米": 1, "公顷": 10**4, "英亩": "4046.8564224", "厘米": ".01", "毫米": ".001", "千米": 1000,
        "米": 1,
    "英寸": "0.0254", "英尺": "0.3048", "码": "0.9144", "英里": "1609.344", "千克": 1000, "克": 1, "吨": 10**6,
        "磅": "453.59237",
    "盎司": "28.349523125", "毫升": ".001", "英制加仑": "4.54609", "英制品脱": "0.56826125", "升": 1, "秒": 1,
        "分钟": 60,
    "小时": 3600, "天": 86400, "周": 604800,
}  # fmt: skip
_UNIT = re.compile("|".join(sorted(_UNITS, key=len, reverse=True)))
_SCALE = re.compile("Celsius|Fahrenheit|kelvins|摄氏度|华氏度|开尔文")
_ABSOLUTE = {  # slope and offset to kelvins
    "C": (Fraction(1), Fraction("273.15")),
    "F": (Fraction(5, 9), Fraction("459.67") * 5 / 9),
    "K": (Fraction(1), Fraction(0)),
}  # fmt: skip
_LETTER = {"Celsius": "C", "摄氏度": "C", "Fahrenheit": "F", "华氏度": "F", "kelvins": "K", "开尔文": "K"}


def units(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
    pattern = _SCALE if template == "temperature" else _UNIT
    at = re.search(r"-?\d+(?:\.\d+)? (?:degrees )?(" + pattern.pattern + ")", asks[0])
    assert at, asks[0]
    a = at[1]
    rest = asks[0][: at.start()] + "#" + asks[0][at.end() :]
    rest = next(each for each in rest.split("。") if "#" in each)
    b = next(each for each in pattern.findall(rest) if each != a)
    places = len(said[0].partition(".")[2])
    rounded = re.search(r"(?:to|Give|Use|留|后|到) (\d) (?:dec|places|位)|小数点后 (\d) 位", asks[0])
    found = []
    for ask in asks:
        number = _numbers(ask)[0]
        if template == "temperature":
            (m, c), (n, d) = _ABSOLUTE[_LETTER[a]], _ABSOLUTE[_LETTER[b]]
            value = (number * m + c - d) / n
        else:
            value = number * Fraction(_UNITS[a]) / Fraction(_UNITS[b])
        found.append(f"{float(value):.{places}f}" if rounded else _written(value))
    return found
