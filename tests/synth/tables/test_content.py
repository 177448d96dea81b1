from __future__ import annotations

import random

from lxml import html

from synth.tables.ask import ask_cell, ask_numbers
from synth.tables.content import Cell, Content, Value, draw_content, say
from synth.tables.words import ENGLISH, GERMAN, LANGUAGES
from tests.benchmarks.truth_tables import number, spread

TABLE = (
    '<table><tr><th colspan="2" rowspan="2">Site</th><th colspan="2">2022</th></tr>'
    "<tr><th>Stock</th><th>Share</th></tr>"
    '<tr><td rowspan="2">North</td><td>Arden</td><td>1,200</td><td>7%</td></tr>'
    "<tr><td>Thorpe</td><td>300</td><td></td></tr></table>"
)


def _content() -> Content:
    return Content(
        words=ENGLISH, caption="", note="", columns=["Stock"], sorts=["whole"], rows=["Arden", "Thorpe"],
        values=[[Value("1,200", 1200.0)], [Value("300", 300.0)]],
    )  # fmt: skip


def test_spans_are_spread_over_the_grid() -> None:
    grid, heads, lead = spread(html.fromstring(TABLE))
    assert grid[2] == ["North", "Arden", "1,200", "7%"] and grid[3] == ["North", "Thorpe", "300", ""]
    assert (heads[2:], lead) == (["2022, Stock", "2022, Share"], 2)


def test_numbers_in_cells() -> None:
    assert number("1.250,50 €", "de") == 1250.5
    assert number("$1,250.50", "en") == 1250.5
    assert number("12 %", "fr") == 12
    assert number("12:30", "en") is number("3.4.2020", "de") is number("open", "en") is None


def test_amounts_are_written_as_the_language_does() -> None:
    assert say(GERMAN, "money", 1250.5, "{} €", 3) == "1.250,50 €"
    assert say(ENGLISH, "money", 125000, "${}", 5) == "$125,000"
    assert say(GERMAN, "percent", 7, "", 1) == "7 %"


def test_cells_of_one_row_come_in_order() -> None:
    content = _content()
    content.cells = [Cell("Site", 0, 0, "head", 1, 2), Cell("a & b", 1, 0, "name"), Cell("", 1, 1, "number")]
    assert content.html() == '<tr><th colspan="2">Site</th></tr><tr><td>a &amp; b</td><td></td></tr>'


def test_questions_about_two_rows() -> None:
    right = {
        "Which row has the highest value of “Stock”?": "Arden",
        "Which row has the lowest value of “Stock”?": "Thorpe",
        "What is “Stock” of “Arden” and “Thorpe” together?": "1500",
        "By how much do “Thorpe” and “Arden” differ in “Stock”?": "900",
    }
    asked = [ask_numbers(random.Random(seed), _content(), "") for seed in range(60)]
    assert {question.text: question.answer for question in asked if question.text in right} == right


def test_a_table_without_numbers_is_asked_for_two_cells() -> None:
    content = _content()
    content.values = [[Value(value.text, None) for value in row] for row in content.values]
    for seed in range(20):
        rng = random.Random(seed)
        first = ask_cell(rng, content)
        second = ask_numbers(rng, content, first.text)
        assert first.text != second.text and second.verifier == "exact"


def test_tables_are_rectangles_with_totals_that_add_up() -> None:
    totals = 0
    for seed in range(150):
        content = draw_content(random.Random(seed))
        grid, heads, lead = spread(html.fromstring(f"<table>{content.html()}</table>"))
        assert len({len(row) for row in grid}) == 1
        assert heads[lead:] == content.columns
        if grid[-1][0] == content.words.total:
            for column, sort in enumerate(content.sorts):
                said = number(grid[-1][lead + column], content.words.language)
                values = [row[column].number for row in content.values]
                if said is not None:
                    assert sort in ("whole", "money")
                    assert abs(said - sum(value for value in values if value is not None)) < 0.006
                    totals += 1
    assert totals > 20


def test_rows_of_a_language_have_their_heading() -> None:
    for words in LANGUAGES:
        assert len(words.heads) == len(words.rows)
        assert len({name for name, _ in words.columns}) == len(words.columns)
