from __future__ import annotations

import json

import pytest

from curation.contract.sample import Step
from model.actions import REQUIRED, validate_step
from synth.agents.recorder import Recorded
from synth.agents.tools import ACTIONS, call, calls

_DONE = (
    Recorded(kind="tap", screen=0, box=(0, 0, 10, 20), label="Name"),
    Recorded(kind="type", screen=1, text="Ada"),
    Recorded(kind="enter", screen=2),
    Recorded(kind="point", screen=3, box=(10, 0, 20, 10), label="Volume"),
    Recorded(kind="drag", screen=4, box=(10, 0, 20, 10), end=(50, 0, 60, 10), label="Volume"),
    Recorded(kind="hold", screen=5, box=(0, 30, 9, 40), label="a row"),
    Recorded(kind="scroll", screen=6, pixels=-300),
    Recorded(kind="back", screen=7),
    Recorded(kind="wait", screen=8),
    Recorded(kind="end", screen=9),
)


def _told(steps: list[Step]) -> list[tuple[str, object, int, int]]:
    return [(step.action, json.loads(step.arguments), step.region, step.end_region) for step in steps]


def test_a_recording_by_mouse() -> None:
    steps, regions = calls(_DONE, "computer_use")
    assert _told(steps) == [
        ("left_click", {}, 0, -1),
        ("type", {"text": "Ada"}, -1, -1),
        ("key", {"keys": ["enter"]}, -1, -1),
        ("mouse_move", {}, 1, -1),
        ("left_click_drag", {}, 2, -1),
        ("right_click", {}, 3, -1),
        ("scroll", {"pixels": -300}, -1, -1),
        ("key", {"keys": ["esc"]}, -1, -1),
        ("wait", {"time": 2}, -1, -1),
        ("terminate", {"status": "success"}, -1, -1),
    ]
    assert [region.points for region in regions] == [(0, 0, 10, 20), (10, 0, 20, 10), (50, 0, 60, 10), (0, 30, 9, 40)]
    assert [region.media for region in regions] == [0, 3, 4, 5]


def test_a_recording_by_touch_has_no_pointing_and_a_drag_has_both_ends() -> None:
    swiped = Recorded(kind="scroll", screen=6, box=(0, 70, 8, 80), end=(0, 20, 8, 30), label="the page", pixels=-50)
    steps, regions = calls([*_DONE[:6], swiped, *_DONE[7:]], "mobile_use")
    assert _told(steps) == [
        ("click", {}, 0, -1),
        ("type", {"text": "Ada"}, -1, -1),
        ("system_button", {"button": "Enter"}, -1, -1),
        ("swipe", {}, 1, 2),
        ("long_press", {"time": 1}, 3, -1),
        ("swipe", {}, 4, 5),
        ("system_button", {"button": "Back"}, -1, -1),
        ("wait", {"time": 2}, -1, -1),
        ("terminate", {"status": "success"}, -1, -1),
    ]
    assert [region.label for region in regions[1:3]] == ["Volume: start", "Volume: end"]


@pytest.mark.parametrize("done", _DONE, ids=lambda done: done.kind)
def test_the_mouse_tool_takes_each_step(done: Recorded) -> None:
    made = call(done, "computer_use")
    assert made
    validate_step(made[0])


def test_every_action_is_one_of_its_tool() -> None:
    for tool, actions in ACTIONS.items():
        assert {action for action in actions.values() if action} <= REQUIRED[tool].keys()
