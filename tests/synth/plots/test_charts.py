"""Charts of all libraries, held against the independent truth; and that the truth finds planted mistakes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from curation.contract.sample import Answer, Region
from synth.generator import specimens
from synth.plots.generator import GENERATOR, Charts
from synth.specimen import Specimen
from tests.benchmarks.truth_plots import raised, wrong

KEYS = [f"charts/{seed}" for seed in (0, 4, 14, 1, 2, 3)]  # bars of seaborn, plotly and matplotlib, then other kinds
BARS = "bars 8"  # upright bars of matplotlib without their numbers, all of which are asked for


@pytest.fixture(scope="module")
def charts() -> Iterator[Charts]:
    with GENERATOR.open() as make:
        assert isinstance(make, Charts)
        yield make


@pytest.fixture(scope="module")
def made(charts: Charts) -> dict[str, list[Specimen]]:
    return {key: list(charts(random.Random(key))) for key in KEYS}


@pytest.mark.parametrize("key", KEYS)
def test_charts_are_true(charts: Charts, made: dict[str, list[Specimen]], key: str) -> None:
    assert wrong(made[key], charts if key in KEYS[:3] else None, key) == []


def test_each_chart_has_its_views_and_its_own_picture(made: dict[str, list[Specimen]]) -> None:
    assert {len(each) for each in made.values()} == {GENERATOR.views}
    assert len({next(iter(each[0].images)) for each in made.values()}) == len(KEYS)
    tags = {tag for each in made.values() for tag in each[0].sample.tags}
    assert {"drawn:matplotlib", "drawn:seaborn", "drawn:plotly"} <= tags


def test_a_picture_leaves_nothing_for_the_next(charts: Charts, made: dict[str, list[Specimen]]) -> None:
    """The same key gives the same samples in another order of pictures, and through the house's own numbering."""
    assert list(charts(random.Random(KEYS[1]))) == made[KEYS[1]]
    made_here = list(charts(random.Random("charts/3/0")))
    (last,) = specimens(GENERATOR, charts, 3, 4, 5)
    assert last.sample.row_id == "charts/3/0.4" and last.images == made_here[4].images


def test_wrong_answers_are_found(made: dict[str, list[Specimen]]) -> None:
    for index, text in ((1, "123456"), (2, "No such row"), (3, "0.123")):
        for each in list(made.values())[:4]:
            spoiled = list(each)
            sample = spoiled[index].sample
            answer = "No" if sample.answer.text == "Yes" else "Yes" if sample.answer.text == "No" else text
            if index == 2 and sample.answer.text in ("Ja", "Nein", "是", "否"):
                continue
            said = Answer(text=answer, verifier=sample.answer.verifier)
            spoiled[index] = Specimen(replace(sample, answer=said), spoiled[index].images)
            assert wrong(spoiled, None, ""), sample.messages


def test_a_moved_bar_is_found(charts: Charts) -> None:
    made = list(charts(random.Random(BARS)))
    sample = made[4].sample
    x1, y1, x2, y2 = sample.regions[0].points
    assert "chart:bar" in sample.tags and min(x2 - x1, y2 - y1) >= 20
    moved = Region(points=(x1 + 9, y1, x2 + 9, y2), label=sample.regions[0].label)
    spoiled = Specimen(replace(sample, regions=(moved, *sample.regions[1:])), made[4].images)
    assert wrong(made, None, "") == [] and wrong([*made[:4], spoiled], None, "")


def test_another_value_changes_its_mark_only(charts: Charts) -> None:
    """Bars of matplotlib: the rows of pixels that change are those between the two tops of the bar."""
    facts, style, drawn = charts.plan(random.Random(BARS))
    assert (facts.kind, style.library, facts.printed) == ("bar", "matplotlib", False)
    row = min(range(len(facts.rows)), key=lambda each: facts.values[each][0])
    other = charts.draw(raised(facts, row), style)
    changed = np.abs(np.asarray(drawn.image).astype(int) - np.asarray(other.image).astype(int)).max(axis=2) > 24
    ys, xs = np.nonzero(changed)
    before, after = (next(m.box for m in each.marks if (m.row, m.column) == (row, 0)) for each in (drawn, other))
    assert abs(ys.min() - after[1]) <= 1 and abs(ys.max() - before[1]) <= 2
    assert xs.min() >= before[0] - 1 and xs.max() <= before[2] + 1
