"""Conversions of units by their exact factors, and of temperatures."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from synth.verifiable.arithmetic import plain
from synth.verifiable.exchange import Exchange, Language, Talk, one_of

# In English and in Chinese, and how many of the first unit of its group one of it is. Imperial units are exact in
# metric ones since the agreement of 1959; gallon and pint are those of the United Kingdom.
_GROUPS: tuple[tuple[tuple[str, str, str], ...], ...] = (
    (
        ("metres", "米", "1"), ("centimetres", "厘米", "0.01"), ("millimetres", "毫米", "0.001"),
        ("kilometres", "千米", "1000"), ("inches", "英寸", "0.0254"), ("feet", "英尺", "0.3048"),
        ("yards", "码", "0.9144"), ("miles", "英里", "1609.344"),
    ),
    (("grams", "克", "1"), ("kilograms", "千克", "1000"), ("tonnes", "吨", "1000000"), ("pounds", "磅",
        "453.59237"), ("ounces", "盎司", "28.349523125")),
    (("litres", "升", "1"), ("millilitres", "毫升", "0.001"), ("imperial gallons", "英制加仑", "4.54609"), (
        "imperial pints", "英制品脱", "0.56826125")),
    (("seconds", "秒", "1"), ("minutes", "分钟", "60"), ("hours", "小时", "3600"), ("days", "天", "86400"), (
        "weeks", "周", "604800")),
    (("square metres", "平方米", "1"), ("hectares", "公顷", "10000"), ("square kilometres", "平方千米",
        "1000000"), ("acres", "英亩", "4046.8564224")),
)  # fmt: skip
_ASK: dict[Language, tuple[str, ...]] = {
    "en": (
        "Convert {n} {a} to {b}.", "How many {b} are {n} {a}?", "Express {n} {a} in {b}.",
        "What is {n} {a} in {b}?", "Turn {n} {a} into {b}.",
        "A label reads {n} {a}. How many {b} is that?", "Someone measured {n} {a}. Give it in {b}.",
        "I have {n} {a} and need the value in {b}.",
    ),
    "zh": (
        "把 {n} {a}换算成{b}。", "{n} {a}等于多少{b}？", "{n} {a}是多少{b}？", "请将 {n} {a}转换为{b}。",
        "用{b}表示 {n} {a}。", "标签上写着 {n} {a}，合多少{b}？",
        "量得 {n} {a}，换成{b}是多少？", "我有 {n} {a}，以{b}计是多少？",
    ),
}  # fmt: skip
_ROUND: dict[Language, tuple[str, ...]] = {
    "en": (
        "Round to {r} decimal places.", "Give {r} decimals.", "The result should be rounded to {r} decimals.",
        "Use {r} places after the decimal point.",
    ),
    "zh": ("结果保留 {r} 位小数。", "四舍五入到小数点后 {r} 位。", "请保留 {r} 位小数。", "精确到 {r} 位小数。"),
}  # fmt: skip
_NEXT: dict[Language, tuple[str, ...]] = {
    "en": (
        "And {n} {a}?", "What about {n} {a}?", "Do the same for {n} {a}.", "Now {n} {a}.",
        "And if it were {n} {a}?", "Then {n} {a}?", "The same with {n} {a}, please.", "How about {n} {a}?",
    ),
    "zh": (
        "那么 {n} {a}呢？", "{n} {a}呢？", "再算一下 {n} {a}。", "换成 {n} {a}呢？", "如果是 {n} {a}呢？",
        "同样换算 {n} {a}。", "那 {n} {a}是多少？", "接着算 {n} {a}。",
    ),
}  # fmt: skip
_DEGREES: dict[str, tuple[str, str]] = {
    "C": ("degrees Celsius", "摄氏度"), "F": ("degrees Fahrenheit", "华氏度"), "K": ("kelvins", "开尔文"),
}  # fmt: skip


def write(rng: random.Random, language: Language) -> Talk:
    """A conversion, sometimes of a second and a third value too."""
    return (_temperature if rng.random() < 0.25 else _measure)(rng, language)


def rounded(value: Fraction, places: int) -> str:
    """`value` with so many decimals. Ties go to the even digit; `tied` tells them."""
    digits = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal(10) ** -places, ROUND_HALF_EVEN)
    return f"{digits:f}"


def tied(value: Fraction, places: int) -> bool:
    """Whether `value` lies in the middle between two decimals, where people round differently."""
    return (value * 10**places * 2).denominator == 1 and (value * 10**places).denominator != 1


def _measure(rng: random.Random, language: Language) -> Talk:
    group = rng.choice(_GROUPS)
    while True:
        a, b = rng.sample(group, 2)
        factor = Fraction(a[2]) / Fraction(b[2])
        if Fraction(1, 2000) <= factor <= 2000000:
            break
    at = 0 if language == "en" else 1
    number = _number(rng)
    exact = _is_decimal(factor) and number * factor < 10**9
    places = rng.randint(2, 4)
    said = {"a": a[at], "b": b[at]}
    exchanges = []
    for index in range(rng.choice((1, 1, 1, 2, 3))):
        while not exact and (tied(number * factor, places) or float(number * factor) < 10**-places):
            number, places = _number(rng), min(6, places + 1)
        ask = one_of(rng, language, _NEXT if index else _ASK).format(n=plain(number), **said)
        if not exact and not index:
            ask += (" " if language == "en" else "") + one_of(rng, language, _ROUND).format(r=places)
        if index and not exact and tied(number * factor, places):
            break
        answer = plain(number * factor) if exact else rounded(number * factor, places)
        sign = "=" if exact else "≈"
        steps = (*_factors(a, b, at), f"{plain(number)} × {a[2]} ÷ {b[2]} {sign} {answer}")
        exchanges.append(Exchange(ask=ask, answer=answer, steps=() if index else steps))
        number = _number(rng)
    return Talk(template="units/measure", exchanges=tuple(exchanges))


def _factors(a: tuple[str, str, str], b: tuple[str, str, str], at: int) -> list[str]:
    base = next(group[0][at] for group in _GROUPS if a in group)
    return [f"1 {unit[at]} = {unit[2]} {base}" for unit in (a, b) if unit[2] != "1"]


def _number(rng: random.Random) -> Fraction:
    return Fraction(rng.randint(2, 999), rng.choice((1, 1, 10)))


def _is_decimal(value: Fraction) -> bool:
    return (value * 10**5).denominator == 1


def _temperature(rng: random.Random, language: Language) -> Talk:
    a, b = rng.sample(list(_DEGREES), 2)
    at = 0 if language == "en" else 1
    exchanges = []
    for index in range(rng.choice((1, 1, 2, 3))):
        number = Fraction(rng.randint(-400, 2400) if a != "K" else rng.randint(1500, 6000), 10)
        value = _from_celsius(_to_celsius(number, a), b)
        while tied(value, 2):
            number += Fraction(1, 10)
            value = _from_celsius(_to_celsius(number, a), b)
        ask = one_of(rng, language, _NEXT if index else _ASK).format(
            n=plain(number), a=_DEGREES[a][at], b=_DEGREES[b][at]
        )
        if not index:
            ask += (" " if language == "en" else "") + one_of(rng, language, _ROUND).format(r=2)
        steps = () if index else _formulas(a, b, at)
        exchanges.append(Exchange(ask=ask, answer=rounded(value, 2), steps=steps))
    return Talk(template="units/temperature", exchanges=tuple(exchanges))


def _to_celsius(value: Fraction, scale: str) -> Fraction:
    return {"C": value, "F": (value - 32) * 5 / 9, "K": value - Fraction("273.15")}[scale]


def _from_celsius(value: Fraction, scale: str) -> Fraction:
    return {"C": value, "F": value * 9 / 5 + 32, "K": value + Fraction("273.15")}[scale]


def _formulas(a: str, b: str, at: int) -> tuple[str, ...]:
    c, f, k = (_DEGREES[scale][at] for scale in "CFK")
    to = {"F": f"{c} = ({f} - 32) × 5 ÷ 9", "K": f"{c} = {k} - 273.15"}
    back = {"F": f"{f} = {c} × 9 ÷ 5 + 32", "K": f"{k} = {c} + 273.15"}
    return tuple(line for line in (to.get(a), back.get(b)) if line)
