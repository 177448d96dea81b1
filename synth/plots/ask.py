"""Questions about a chart whose answers stand in it or can be read off it, in the chart's language."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from curation.contract.sample import Verifier
from synth.plots.facts import Facts

# How much of the axis two values differ that are to be compared by eye, and how high a value is that is to be read
# off: a mistake of two pixels is then less than the 5 % that `relaxed` forgives.
SEEN_APART = 0.04
READABLE = 0.25


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    answer: str
    verifier: Verifier


@dataclass(frozen=True, slots=True)
class _Forms:
    """A language's questions; `look` narrows a chart of several series to one of them."""

    look: str
    read: tuple[str, ...]
    most: tuple[str, ...]
    least: tuple[str, ...]
    more: tuple[str, ...]
    total: tuple[str, ...]
    difference: tuple[str, ...]
    ratio: tuple[str, ...]
    mean: tuple[str, ...]
    yes: str
    no: str


_FORMS = {
    "en": _Forms(
        look="Look at {column}. ",
        read=("What value does the chart show for {a}?", "What is the value for {a}?"),
        most=("Which category has the highest value?", "Where is the value highest?"),
        least=("Which category has the lowest value?", "Where is the value lowest?"),
        more=("Is the value for {a} higher than that for {b}?", "Does {a} have a higher value than {b}?"),
        total=("What is the sum of the values for {a} and {b}?", "How much do {a} and {b} make together?"),
        difference=("What is the difference between {a} and {b}?", "By how much do the values for {a} and {b} differ?"),
        ratio=("How many times the value for {b} is the value for {a}?", "What is the ratio of {a} to {b}?"),
        mean=("What is the average of all values?", "What is the mean of the values shown?"),
        yes="Yes",
        no="No",
    ),
    "de": _Forms(
        look="Betrachte {column}. ",
        read=("Welchen Wert zeigt das Diagramm für {a}?", "Wie groß ist der Wert für {a}?"),
        most=("Welche Kategorie hat den höchsten Wert?", "Wo ist der Wert am höchsten?"),
        least=("Welche Kategorie hat den niedrigsten Wert?", "Wo ist der Wert am niedrigsten?"),
        more=("Ist der Wert für {a} höher als der für {b}?", "Hat {a} einen höheren Wert als {b}?"),
        total=("Was ist die Summe der Werte für {a} und {b}?", "Wie viel ergeben {a} und {b} zusammen?"),
        difference=("Was ist die Differenz zwischen {a} und {b}?", "Um wie viel unterscheiden sich {a} und {b}?"),
        ratio=("Das Wievielfache von {b} ist {a}?", "Was ist das Verhältnis von {a} zu {b}?"),
        mean=("Was ist der Durchschnitt aller Werte?", "Wie groß ist der Mittelwert der gezeigten Werte?"),
        yes="Ja",
        no="Nein",
    ),
    "zh": _Forms(
        look="只看{column}。",
        read=("图中{a}的数值是多少？", "{a}对应的数值是多少？"),
        most=("哪一类的数值最高？", "数值最高的是哪一项？"),
        least=("哪一类的数值最低？", "数值最低的是哪一项？"),
        more=("{a}的数值比{b}高吗？", "{a}是否高于{b}？"),
        total=("{a}与{b}的数值之和是多少？", "{a}和{b}加起来是多少？"),
        difference=("{a}与{b}相差多少？", "{a}和{b}的数值差是多少？"),
        ratio=("{a}的数值是{b}的多少倍？", "{a}与{b}的数值之比是多少？"),
        mean=("所有数值的平均值是多少？", "图中数值的平均数是多少？"),
        yes="是",
        no="否",
    ),
}


def ask_read(rng: random.Random, facts: Facts) -> Question:
    """A value: exactly as printed, or read off the axis and checked with `relaxed`."""
    forms = _FORMS[facts.words.language]
    places = [(r, c) for r in range(len(facts.rows)) for c in range(len(facts.columns)) if _readable(facts, r, c)]
    row, column = rng.choice(places)
    value = facts.values[row][column]
    text = _look(facts, column) + rng.choice(forms.read).format(a=facts.rows[row])
    if facts.printed:
        return Question(text, facts.say(value), "exact")
    return Question(text, plain(facts, value), "relaxed")


def ask_compare(rng: random.Random, facts: Facts) -> Question:
    """The highest or lowest row, where it stands out, or whether one row is higher than another."""
    forms = _FORMS[facts.words.language]
    column = rng.randrange(len(facts.columns))
    values = facts.column(column)
    apart = SEEN_APART * (facts.across if facts.kind == "scatter" and column == 0 else facts.scale).high
    order = sorted(range(len(values)), key=values.__getitem__)
    asked = rng.choice(("most", "least", "more"))
    if asked == "most" and values[order[-1]] - values[order[-2]] >= apart:
        return Question(_look(facts, column) + rng.choice(forms.most), facts.rows[order[-1]], "exact")
    if asked == "least" and values[order[1]] - values[order[0]] >= apart:
        return Question(_look(facts, column) + rng.choice(forms.least), facts.rows[order[0]], "exact")
    a, b = rng.choice(_pairs(values, apart) or [(order[0], order[-1])])
    text = _look(facts, column) + rng.choice(forms.more).format(a=facts.rows[a], b=facts.rows[b])
    return Question(text, forms.yes if values[a] > values[b] else forms.no, "exact")


def ask_compute(rng: random.Random, facts: Facts) -> Question:
    """A sum, a difference, a ratio or an average, checked with `relaxed`."""
    forms = _FORMS[facts.words.language]
    column = rng.randrange(len(facts.columns))
    values = facts.column(column)
    high = (facts.across if facts.kind == "scatter" and column == 0 else facts.scale).high
    pairs = [
        (a, b)
        for a, b in _pairs(values, 0.02 * high if facts.printed else READABLE * high)
        if facts.printed or min(values[a], values[b]) >= 0.12 * high
    ]
    asked = rng.choice(("total", "difference", "ratio", "mean") if pairs else ("mean",))
    if asked == "mean":
        return Question(
            _look(facts, column) + rng.choice(forms.mean), plain(facts, sum(values) / len(values)), "relaxed"
        )
    a, b = rng.choice(pairs)
    x, y = values[a], values[b]
    named = {"a": facts.rows[a], "b": facts.rows[b]}
    if asked == "ratio":
        return Question(_look(facts, column) + rng.choice(forms.ratio).format(**named), f"{x / y:.2f}", "relaxed")
    form, value = (forms.total, x + y) if asked == "total" else (forms.difference, abs(x - y))
    return Question(_look(facts, column) + rng.choice(form).format(**named), plain(facts, value), "relaxed")


def plain(facts: Facts, value: float) -> str:
    """A number as `relaxed` reads it: no separators but a point."""
    return f"{value:.2f}".rstrip("0").rstrip(".") + facts.suffix


def _look(facts: Facts, column: int) -> str:
    return _FORMS[facts.words.language].look.format(column=facts.columns[column]) if len(facts.columns) > 1 else ""


def _readable(facts: Facts, row: int, column: int) -> bool:
    scale = facts.across if facts.kind == "scatter" and column == 0 else facts.scale
    return facts.printed or facts.values[row][column] >= READABLE * scale.high


def _pairs(values: Sequence[float], apart: float) -> list[tuple[int, int]]:
    places = range(len(values))
    return [(a, b) for a in places for b in places if a != b and abs(values[a] - values[b]) >= apart]
