"""Blocks as HTML, Markdown and text; numbers and dates as each language writes them; formulae written twice."""

from __future__ import annotations

import random
import re

import pytest

from filters.reading.structure import latex_faults
from synth.documents.blocks import Check, Items, Text
from synth.documents.formula import drawn_formula
from synth.documents.kinds import LANGUAGES
from synth.documents.language import KEYS
from synth.documents.table import Cell, Table
from synth.documents.words_cjk import JAPANESE
from synth.documents.words_east import ARABIC
from synth.documents.words_west import ENGLISH, GERMAN

SPANS = Table(
    (
        (Cell("Place", rows=2, heading=True), Cell("1990", columns=2, heading=True)),
        (Cell("Low", heading=True), Cell("High", heading=True)),
        (Cell("Ash & Elm"), Cell(""), Cell("7")),
    ),
    "grid",
)


def box(name: str) -> str:
    return f"box {name}"


def test_a_table_with_spans_has_a_slot_for_each() -> None:
    assert SPANS.grid() == [["Place", "1990", ""], ["", "Low", "High"], ["Ash & Elm", "", "7"]]
    assert SPANS.markdown().splitlines() == [
        "| Place | 1990 |  |",
        "| --- | --- | --- |",
        "|  | Low | High |",
        "| Ash & Elm |  | 7 |",
    ]
    assert SPANS.plain() == "Place 1990\nLow High\nAsh & Elm 7"
    assert SPANS.answer("m.0", box) == (
        '<table data-bbox="box m.0" class="table1"><tr><th rowspan="2">Place</th><th colspan="2">1990</th></tr>'
        "<tr><th>Low</th><th>High</th></tr><tr><td>Ash &amp; Elm</td><td></td><td>7</td></tr></table>"
    )


def test_text_is_one_text_in_all_views() -> None:
    text = Text(tag="h2", lead="A: ", lines=("b < c", "d"))
    assert text.plain() == "A: b < c\nd"
    assert text.markdown() == "## A: b < c  \nd"
    assert text.answer("m.1", box) == '<h2 data-bbox="box m.1">A: b &lt; c<br/>d</h2>'


def test_lists_and_boxes_to_tick() -> None:
    assert Items(("a", "b"), numbered=True).plain() == "1. a\n2. b"
    assert Items(("a", "b")).markdown() == "- a\n- b"
    assert Items(("a",)).answer("m.2", box) == '<ul data-bbox="box m.2"><li data-bbox="box m.2.0">a</li></ul>'
    assert Check("By bus", True).plain() == "☑ By bus" and Check("By bus", False).markdown() == "- [ ] By bus"


def test_money_and_dates_as_each_language_writes_them() -> None:
    assert ENGLISH.price(123456) == "£1,234.56"
    assert GERMAN.price(123456) == "1.234,56 €"
    assert JAPANESE.price(123456) == "123,456円"
    assert GERMAN.written_day(3, 10, 1990) == "3. Oktober 1990"
    assert JAPANESE.written_day(3, 10, 1990) == "1990年10月3日"


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.code)
def test_a_language_has_all_its_words(language: object) -> None:
    assert set(language.labels) == set(KEYS) and all(language.labels.values())  # type: ignore[attr-defined]
    said = language.prose(random.Random(1), 50)  # type: ignore[attr-defined]
    assert "{" not in said and "  " not in said
    assert len(set(language.goods)) >= 10 and len(language.months) == 12  # type: ignore[attr-defined]


def test_a_sentence_begins_large_and_arabic_runs_left() -> None:
    assert all(ENGLISH.written(random.Random(seed))[0].isupper() for seed in range(20))
    assert ARABIC.leftwards and not GERMAN.leftwards


def test_formulae_say_the_same_twice() -> None:
    for seed in range(200):
        term = drawn_formula(random.Random(seed)).term
        assert latex_faults(f"$${term.latex}$$") == 0
        assert term.mathml.count("<mfrac>") == term.latex.count("\\frac")
        assert term.mathml.count("<msqrt>") == term.latex.count("\\sqrt")
        digits = re.sub(r"<[^>]*>", "", term.mathml)
        assert sorted(re.findall(r"\d", digits)) == sorted(re.findall(r"\d", term.latex))
