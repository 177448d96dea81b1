"""Tables held against the independent truth; and that the truth finds planted mistakes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from curation.contract.sample import Answer, Region
from synth.generator import specimens
from synth.specimen import Specimen
from synth.tables.generator import GENERATOR, Tables
from tests.benchmarks.truth_tables import wrong

KEYS = [f"tables/{seed}" for seed in range(4)]


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with GENERATOR.open() as make:
        assert isinstance(make, Tables)
        yield make


@pytest.fixture(scope="module")
def made(tables: Tables) -> dict[str, list[Specimen]]:
    return {key: list(tables(random.Random(key))) for key in KEYS}


@pytest.mark.parametrize("key", KEYS)
def test_tables_are_true(tables: Tables, made: dict[str, list[Specimen]], key: str) -> None:
    assert wrong(made[key], tables if key in KEYS[:3] else None, key) == []


def test_samples_are_numbered_whatever_came_before(tables: Tables) -> None:
    first, second = (list(specimens(GENERATOR, tables, 3, start, 4)) for start in (0, 1))
    assert first[1:] == second and second[0].sample.row_id == "tables/3/0.1"


def test_wrong_answers_are_found(made: dict[str, list[Specimen]]) -> None:
    for each in made.values():
        for index in (1, 2):
            sample = each[index].sample
            text = "99999999" if sample.answer.verifier == "relaxed" else sample.answer.text + "1"
            answer = Answer(text=text, verifier=sample.answer.verifier)
            spoiled = Specimen(replace(sample, answer=answer), each[index].images)
            assert wrong([*each[:index], spoiled, *each[index + 1 :]], None, "")


def test_a_changed_word_and_a_moved_box_are_found(tables: Tables, made: dict[str, list[Specimen]]) -> None:
    key, each = KEYS[0], made[KEYS[0]]
    page = each[0].sample
    text = page.answer.text.replace("</td></tr></table>", "x</td></tr></table>")
    spoiled = Specimen(replace(page, answer=Answer(text=text, verifier="table")), each[0].images)
    assert any("in the answer is" in message for message in wrong([spoiled, *each[1:]], tables, key))
    place = each[3].sample
    x1, y1, x2, y2 = place.regions[0].points
    moved = Region(points=(x1, y1 + (y2 - y1) * 4, x2, y2 + (y2 - y1) * 4), label=place.regions[0].label)
    spoiled = Specimen(replace(place, regions=(moved,)), each[3].images)
    assert any(message.startswith("place") for message in wrong([*each[:3], spoiled], tables, key))
