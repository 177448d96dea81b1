from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from synth.agents.episodes import GENERATOR
from synth.browser import chromium_path
from synth.generator import Make
from tests.benchmarks.truth_agents import wrong
from tests.conftest import absent
from tests.synth.agents.conftest import made_twice, moved, with_sample


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    if not chromium_path():
        absent("no Chromium: pages were NOT looked at")
    with GENERATOR.open() as opened:
        yield opened


@pytest.mark.parametrize("number", range(1, 3))
def test_the_steps_as_written_do_the_task(make: Make, number: int) -> None:
    key = f"agents/0/{number}"
    made = make(random.Random(key))
    whole, single = (each.sample for each in made)
    assert 3 <= len(whole.steps) <= 20
    assert whole.steps[-1].action == "terminate" and "success" in whole.tags
    assert len({step.tool for step in whole.steps}) == 1
    assert len(single.steps) == 1 and single.answer.verifier == "action"
    assert wrong(made, make, key) == []


def test_a_press_beside_its_target_and_a_lost_step_are_seen(make: Make) -> None:
    key = "agents/0/0"
    made = made_twice(make, key)
    sample = made[0].sample
    pressed = next(step.region for step in reversed(sample.steps) if step.region >= 0)
    beside = moved(sample, pressed, -sample.regions[pressed].box[0], 900 - sample.regions[pressed].box[1])
    assert "the steps as written do not do the task" in wrong(with_sample(made, 0, beside), make, key)
    fewer = replace(sample, steps=sample.steps[1:])
    assert wrong(with_sample(made, 0, fewer), make, key)


def test_sharp_screens_come_out_alike_whatever_was_shown_before(make: Make) -> None:
    """Of 1.5 and 1.25 pixels for each CSS pixel: scales that a browser plays, instead of having them, are drawn by
    chance in one of two ways."""
    for number in (91, 40, 115):
        key = f"agents/0/{number}"
        first = make(random.Random(key))
        for other in (40, 91):
            make(random.Random(f"agents/0/{other}"))
            assert [each.images for each in make(random.Random(key))] == [each.images for each in first]
