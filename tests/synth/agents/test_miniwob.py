from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from synth.agents.miniwob import GENERATOR, pages_folder
from synth.agents.solving import TASKS
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


def test_each_task_has_its_page() -> None:
    assert len(TASKS) >= 15 and GENERATOR.licence == "MIT"
    assert [task for task in TASKS if not (pages_folder() / f"{task}.html").is_file()] == []


@pytest.mark.parametrize("number", range(1, 3))
def test_the_page_rewards_the_steps_as_written(make: Make, number: int) -> None:
    key = f"miniwob/0/{number}"
    made = make(random.Random(key))
    assert wrong(made, make, key) == []


def test_a_press_elsewhere_earns_nothing(make: Make) -> None:
    key = "miniwob/0/0"
    made = made_twice(make, key)
    sample = made[0].sample
    pressed = next(step.region for step in reversed(sample.steps) if step.region >= 0)
    x, y = sample.regions[pressed].box[:2]
    elsewhere = moved(sample, pressed, -x, sample.media[0].height - 4 - y)
    assert "the steps as written do not do the task" in wrong(with_sample(made, 0, elsewhere), make, key)
