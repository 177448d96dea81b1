from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from curation.contract.sample import Answer
from synth.agents.screens import GENERATOR
from synth.browser import chromium_path
from synth.generator import Make
from tests.benchmarks.truth_screens import wrong
from tests.conftest import absent
from tests.synth.agents.conftest import made_twice, moved, with_sample


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    if not chromium_path():
        absent("no Chromium: pages were NOT looked at")
    with GENERATOR.open() as opened:
        yield opened


@pytest.mark.parametrize("number", range(1, 4))
def test_a_screen_is_what_its_samples_say(make: Make, number: int) -> None:
    key = f"screens/0/{number}"
    made = make(random.Random(key))
    assert len(made) == GENERATOR.views
    assert len({each.sample.media[0].sha256 for each in made}) == 1
    for each in made:
        width, height = each.sample.media[0].displayed
        assert width * height < 1_500_000
        for region in each.sample.regions:
            x1, y1, x2, y2 = region.box
            assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
    assert wrong(made, make, key) == []


def test_a_moved_box_and_a_false_answer_are_seen(make: Make) -> None:
    key = "screens/0/0"
    made = made_twice(make, key)
    sample = made[0].sample
    height = sample.regions[0].box[3] - sample.regions[0].box[1]
    assert wrong(with_sample(made, 0, moved(sample, 0, 0, height / 2)), make, key)
    false = replace(made[4].sample, answer=Answer(text="no such words", verifier="exact"))
    assert any(
        "not on the page" in fault or "it looks" in fault for fault in wrong(with_sample(made, 4, false), make, key)
    )
    fewer = replace(made[2].sample, regions=made[2].sample.regions[1:])
    assert wrong(with_sample(made, 2, fewer), make, key)
