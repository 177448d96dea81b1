"""Sums: expressions with brackets, fractions and percentages, and what follows from their results."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from synth.verifiable.exchange import Exchange, Language, Talk, one_of

_EXPRESSION: dict[Language, tuple[str, ...]] = {
    "en": (
        "What is {0}?", "Work out {0}.", "Calculate {0}.", "Evaluate {0}.", "Find the value of {0}.",
        "How much is {0}?", "What does {0} come to?", "Please compute {0}.", "Give the result of {0}.",
        "Can you work out {0} for me?", "Which number do you get for {0}?", "I need the value of {0}.",
    ),
    "zh": (
        "{0} 等于多少？", "请计算 {0}。", "求 {0} 的值。", "算一算：{0}。", "{0} 的结果是多少？", "帮我算出 {0}。",
        "请求出 {0} 的结果。", "式子 {0} 得多少？", "计算下式：{0}。", "请问 {0} 是多少？",
    ),
}  # fmt: skip
_LOWEST: dict[Language, tuple[str, ...]] = {
    "en": (
        "Write the result as a fraction in lowest terms, such as 3/4, or as a whole number if it is one.",
        "Give a reduced fraction a/b, or a whole number where it is whole.",
        "The result should be a fraction in lowest terms (a/b), whole numbers without a denominator.",
        "Reduce the fraction fully; a whole number is written without a denominator.",
    ),
    "zh": (
        "结果写成最简分数（如 3/4），若为整数则写整数。",
        "请用最简分数 a/b 表示，整数不写分母。",
        "答案约成最简分数，整数直接写。",
        "请约分到最简，形如 a/b；是整数就写整数。",
    ),
}  # fmt: skip
_PERCENT: dict[str, dict[Language, tuple[str, ...]]] = {
    "of": {
        "en": (
            "What is {p}% of {n}?", "How much is {p}% of {n}?", "Calculate {p}% of {n}.", "Find {p}% of {n}.",
            "Take {p}% of {n}: what do you get?", "Work out {p}% of {n}.", "I need {p}% of {n}.",
            "Which number is {p}% of {n}?",
        ),
        "zh": (
            "{n} 的 {p}% 是多少？", "求 {n} 的 {p}%。", "计算 {n} 的 {p}%。", "请算出 {n} 的 {p}%。",
            "{n} 的 {p}% 等于几？",
            "我想知道 {n} 的 {p}% 是多少。", "{n} 的 {p}% 为多少？", "请求出 {n} 的 {p}%。",
        ),
    },
    "up": {
        "en": (
            "A rent of {n} rises by {p}%. What is it then?", "Raise {n} by {p}%.",
            "Increase {n} by {p}%. What is the result?",
            "What is {n} after it rises by {p}%?", "A fee of {n} goes up by {p}%. How high is it now?",
            "{n} grows by {p}%. What does it become?", "A wage of {n} is raised by {p}%. What is the new wage?",
            "A stock of {n} units grows by {p}%. How many units are there then?",
        ),
        "zh": (
            "租金 {n} 元上涨 {p}%，现在是多少元？", "把 {n} 增加 {p}%，得多少？", "{n} 增长 {p}% 后是多少？",
            "工资 {n} 元上涨 {p}%，新工资是多少元？",
            "库存 {n} 件增加 {p}%，现在有多少件？", "费用 {n} 元提高 {p}%，变为多少元？",
            "产量 {n} 吨增长 {p}%，达到多少吨？", "票价 {n} 元上调 {p}%，调后是多少元？",
        ),
    },
    "down": {
        "en": (
            "A price of {n} is cut by {p}%. What is the new price?", "Reduce {n} by {p}%.",
            "Decrease {n} by {p}%. What is left?", "What is {n} after it falls by {p}%?",
            "A bill of {n} is reduced by {p}%. What has to be paid?", "{n} shrinks by {p}%. What does it become?",
            "A coat at {n} is sold for {p}% less. What does it cost?",
            "A load of {n} kg is reduced by {p}%. How many kg are left?",
        ),
        "zh": (
            "原价 {n} 元，降价 {p}%，现价多少元？", "把 {n} 减少 {p}%，得多少？", "{n} 下降 {p}% 后是多少？",
            "账单 {n} 元减免 {p}%，要付多少元？",
            "库存 {n} 件减少 {p}%，还剩多少件？", "费用 {n} 元降低 {p}%，变为多少元？",
            "用电 {n} 度减少 {p}%，是多少度？", "{n} 缩减 {p}%，变成多少？",
        ),
    },
}  # fmt: skip
_FOLLOW: dict[str, dict[Language, tuple[str, ...]]] = {
    "×": {
        "en": (
            "Now multiply that by {k}.", "And {k} times that?", "Multiply your result by {k}.",
            "What is {k} times as much?",
            "Take that result times {k}.", "And if it were {k} times as large?", "Make that {k} times as big.",
            "That multiplied by {k}, please.",
        ),
        "zh": (
            "再把它乘以 {k}。", "它的 {k} 倍是多少？", "将结果乘以 {k}。", "这个数的 {k} 倍呢？", "现在乘以 {k}。",
            "结果的 {k} 倍是几？", "请把上面的结果乘以 {k}。", "那么它的 {k} 倍呢？",
        ),
    },
    "+": {
        "en": (
            "Now add {k} to that.", "Add {k}.", "And with {k} added?", "Add {k} to your result.",
            "Put {k} on top of that.",
            "What is that plus {k}?", "And if you add {k} more?", "Plus {k}, what does it come to?",
        ),
        "zh": (
            "再加上 {k}。", "加 {k} 呢？", "把结果加上 {k}。", "在此基础上加 {k}。", "它加 {k} 是多少？",
            "现在加上 {k}。", "再加 {k}，得多少？", "请给上面的结果加上 {k}。",
        ),
    },
    "-": {
        "en": (
            "Now subtract {k} from that.", "Subtract {k}.", "And with {k} taken away?", "Take {k} off your result.",
            "What is that minus {k}?", "Minus {k}, what is left?", "And {k} less than that?",
            "Take away {k} from it.",
        ),
        "zh": (
            "再减去 {k}。", "减 {k} 呢？", "把结果减去 {k}。", "在此基础上减 {k}。", "它减 {k} 是多少？",
            "现在减去 {k}。", "再减 {k}，得多少？", "请从上面的结果里减去 {k}。",
        ),
    },
    "double": {
        "en": (
            "Now double that.", "And twice that?", "Double your result.", "What is twice as much?",
            "Please double it.",
            "And doubled?", "Take it twice.", "Twice the result, please.",
        ),
        "zh": (
            "再翻一倍。", "把它加倍。", "加倍后呢？", "结果翻倍是多少？", "现在翻一番。", "请把结果加倍。",
            "翻一倍得多少？", "加倍之后是多少？",
        ),
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Node:
    """An expression of whole numbers: a number, or two expressions and a sign."""

    value: int
    sign: str = ""
    left: _Node | None = None
    right: _Node | None = None


def write(rng: random.Random, language: Language) -> Talk:
    """An expression, a sum of fractions or a percentage; half of them go on with the result."""
    template, first, value = rng.choice((_expression, _expression, _fractions, _percentage))(rng, language)
    later: list[Exchange] = []
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 3))):
        exchange, value = _follow(rng, language, value, template == "fractions")
        later.append(exchange)
    return Talk(template=f"arithmetic/{template}", exchanges=(first, *later))


def plain(value: Fraction) -> str:
    """A whole number or a finite decimal as digits; any other fraction as a/b in lowest terms."""
    if value.denominator == 1:
        return str(value.numerator)
    places = next((n for n in range(1, 7) if (value * 10**n).denominator == 1), 0)
    if not places:
        return f"{value.numerator}/{value.denominator}"
    scaled = abs(value.numerator * 10**places // value.denominator)
    sign = "-" if value < 0 else ""
    return f"{sign}{scaled // 10**places}.{scaled % 10**places:0{places}}"


def _expression(rng: random.Random, language: Language) -> tuple[str, Exchange, Fraction]:
    tree = _grown(rng, rng.randint(2, 5))
    signs = rng.choice(({"*": "×", "/": "÷"}, {"*": "*", "/": "/"}))
    ask = one_of(rng, language, _EXPRESSION).format(_spelled(tree, signs))
    exchange = Exchange(ask=ask, answer=str(tree.value), steps=_reduced(tree, signs))
    return "expression", exchange, Fraction(tree.value)


def _grown(rng: random.Random, signs: int) -> _Node:
    """A random expression with so many signs whose values are all whole and at least 0."""
    if signs == 0:
        return _Node(rng.randint(2, 99))
    at_left = rng.randint(0, signs - 1)
    left, right = _grown(rng, at_left), _grown(rng, signs - 1 - at_left)
    sign = rng.choice("++--**/")
    if sign == "/":
        divisors = [n for n in range(2, 13) if left.value % n == 0 and left.value > n]
        if divisors and signs - 1 == at_left:
            right = _Node(rng.choice(divisors))
            return _Node(left.value // right.value, "/", left, right)
        sign = "+"
    if sign == "*" and left.value * right.value > 20000:
        sign = "+"
    if sign == "-" and left.value < right.value:
        left, right = right, left
    value = {"+": left.value + right.value, "-": left.value - right.value, "*": left.value * right.value}[sign]
    return _Node(value, sign, left, right)


def _spelled(node: _Node, signs: dict[str, str]) -> str:
    if not node.left or not node.right:
        return str(node.value)
    left, right = _spelled(node.left, signs), _spelled(node.right, signs)
    tight = node.sign in "*/"
    if tight and node.left.sign in ("+", "-"):
        left = f"({left})"
    if (
        node.right.sign
        and (node.sign == "/" or node.right.sign in ("+", "-") and node.sign != "+")
        or node.right.sign == "/"
        and tight
    ):
        right = f"({right})"
    return f"{left} {signs.get(node.sign, node.sign)} {right}"


def _reduced(node: _Node, signs: dict[str, str]) -> tuple[str, ...]:
    """Each operation in the order in which one would do them: innermost first, from the left."""
    if not node.left or not node.right:
        return ()
    own = f"{node.left.value} {signs.get(node.sign, node.sign)} {node.right.value} = {node.value}"
    return (*_reduced(node.left, signs), *_reduced(node.right, signs), own)


def _fractions(rng: random.Random, language: Language) -> tuple[str, Exchange, Fraction]:
    terms = [Fraction(rng.randint(1, 11), rng.randint(2, 12)) for _ in range(rng.randint(2, 4))]
    terms.sort(reverse=True)
    signs = [rng.choice("+-") for _ in terms[1:]]
    value = terms[0]
    text = as_fraction(terms[0])
    for sign, term in zip(signs, terms[1:], strict=True):
        value = value + term if sign == "+" else value - term
        text += f" {sign} {as_fraction(term)}"
    ask = one_of(rng, language, _EXPRESSION).format(text)
    ask += (" " if language == "en" else "") + one_of(rng, language, _LOWEST)
    common = lcm(*(term.denominator for term in terms))
    over = f"{terms[0] * common}/{common}" + "".join(
        f" {sign} {term * common}/{common}" for sign, term in zip(signs, terms[1:], strict=True)
    )
    steps = (f"{text} = {over}", f"= {value * common}/{common}")
    exchange = Exchange(ask=ask, answer=as_fraction(value), kind="", steps=steps)
    return "fractions", exchange, value


def as_fraction(value: Fraction) -> str:
    """a/b in lowest terms, a whole number without its denominator."""
    return str(value)


def _percentage(rng: random.Random, language: Language) -> tuple[str, Exchange, Fraction]:
    way = rng.choice(("of", "up", "down"))
    share, number = rng.choice((3, 4, 5, 6, 8, 10, 12, 15, 18, 20, 22, 25, 30, 35, 40, 45, 55, 60, 65, 75, 80)), 0
    number = rng.randint(3, 999) * rng.choice((1, 2, 5, 10, 20))
    part = Fraction(share * number, 100)
    value = {"of": part, "up": number + part, "down": number - part}[way]
    ask = one_of(rng, language, _PERCENT[way]).format(n=number, p=share)
    steps = [f"{share}% × {number} = {plain(part)}"]
    if way != "of":
        steps.append(f"{number} {'+' if way == 'up' else '-'} {plain(part)} = {plain(value)}")
    return f"percent-{way}", Exchange(ask=ask, answer=plain(value), steps=tuple(steps)), value


def _follow(rng: random.Random, language: Language, value: Fraction, fraction: bool) -> tuple[Exchange, Fraction]:
    """A step from the former result, which is a fraction in lowest terms or a decimal."""
    sign = rng.choice(("×", "+", "double") if value < 20 else ("×", "+", "-", "double"))
    k = rng.randint(2, 9) if sign == "×" else rng.randint(2, 19)
    found = {"×": value * k, "+": value + k, "-": value - k, "double": value * 2}[sign]
    written = as_fraction(found) if fraction else plain(found)
    ask = one_of(rng, language, _FOLLOW[sign]).format(k=k)
    return Exchange(ask=ask, answer=written, kind="number" if "/" not in written else ""), found
