from __future__ import annotations

import random

import pytest

from synth.plots.ask import ask_compare, ask_compute, ask_read
from synth.plots.axes import PAINTERS
from synth.plots.facts import Facts, Scale, draw_facts, say
from synth.plots.style import on, pale
from synth.plots.words import ENGLISH


def _facts(values: tuple[tuple[float, ...], ...], printed: bool) -> Facts:
    return Facts(
        kind="bar", words=ENGLISH, title="Rainfall by month, 2020", note="", header="Month", rows=("Jan", "Feb"),
        columns=("Rainfall (mm)",), values=values, label="Rainfall (mm)", scale=Scale(0, 100, 20),
        across=Scale(0, 100, 20), printed=printed, decimals=0, thousands="",
    )  # fmt: skip


def test_numbers_are_written_as_the_language_does() -> None:
    assert say(1250.5, 1, ",", ".") == "1,250.5"
    assert say(1250.5, 1, ".", ",") == "1.250,5"
    assert say(1250, 0, "", ",") == "1250"


def test_ticks() -> None:
    assert Scale(0, 60, 20).ticks == [0, 20, 40, 60]


@pytest.mark.parametrize("kind", list(PAINTERS))
def test_values_can_be_read(kind: str) -> None:
    for seed in range(25):
        facts = draw_facts(random.Random(f"{kind} {seed}"), kind)  # type: ignore[arg-type]
        assert len(facts.values) == len(facts.rows) == len(set(facts.rows))
        for index in range(len(facts.columns)):
            column = facts.column(index)
            scale = facts.across if kind == "scatter" and index == 0 else facts.scale
            assert len(set(column)) == len(column)
            assert all(scale.low < value <= scale.high for value in column)
            if not facts.printed:  # a fifth of a tick's step is the finest difference to be read off
                parts = [value / scale.step * 5 for value in column]
                assert parts == pytest.approx([round(part) for part in parts], abs=1e-6)
        printed = [[facts.say(value) for value in row] for row in facts.values]
        assert len({text for row in printed for text in row[:1]}) == len(facts.rows)


def test_stacks_stay_below_the_axis_and_shares_make_a_hundred() -> None:
    for seed in range(20):
        stacked = draw_facts(random.Random(seed), "stacked")
        assert all(sum(row) <= stacked.scale.high for row in stacked.values)
        pie = draw_facts(random.Random(seed), "pie")
        assert pie.suffix != "%" or sum(pie.column(0)) == 100


def test_questions_of_two_values() -> None:
    facts = _facts(((60.0,), (20.0,)), printed=True)
    assert {ask_read(random.Random(seed), facts).answer for seed in range(20)} == {"60", "20"}
    right = {
        "What is the sum of the values for Jan and Feb?": "80",
        "What is the difference between Feb and Jan?": "40",
        "What is the ratio of Jan to Feb?": "3.00",
        "What is the ratio of Feb to Jan?": "0.33",
        "What is the average of all values?": "40",
        "Which category has the highest value?": "Jan",
        "Which category has the lowest value?": "Feb",
        "Is the value for Feb higher than that for Jan?": "No",
        "Does Jan have a higher value than Feb?": "Yes",
    }
    asked = [ask(random.Random(seed), facts) for seed in range(200) for ask in (ask_compare, ask_compute)]
    found = {question.text: question.answer for question in asked if question.text in right}
    assert found == right


def test_values_that_are_not_printed_are_read_roughly_and_only_where_high_enough() -> None:
    facts = _facts(((60.0,), (8.0,)), printed=False)
    asked = {ask_read(random.Random(seed), facts) for seed in range(20)}
    assert {(question.answer, question.verifier) for question in asked} == {("60", "relaxed")}


def test_letters_stand_out_from_their_ground() -> None:
    assert (on("#102030"), on("#f0e0d0")) == ("#ffffff", "#1a1a1a")
    assert pale("#000000") == "#555555"
