"""An agent's step against the one that was asked for, by hand. The screen is shown as large as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from curation.contract.sample import Region, Step
from filters.action_match import ActionMatch, match_action, step_text
from model.actions import parse_step
from model.family import QWEN2_5_VL

SCREEN = (560, 280)
OK, END = Region(points=(100, 100, 140, 120), label="OK"), Region(points=(300, 10, 320, 30))


def _match(call: dict[str, Any] | None, step: Step, *targets: Region) -> ActionMatch:
    tool = call.pop("tool", "computer_use") if call else ""
    call_text = json.dumps({"name": tool, "arguments": call})
    found = parse_step(f"<tool_call>\n{call_text}\n</tool_call>", QWEN2_5_VL, SCREEN, SCREEN)
    assert (found is None) == (call is None)
    return match_action(found, step_text(step), targets)


def _step(action: str, **arguments: Any) -> Step:
    return Step(media=0, action=action, arguments=json.dumps(arguments))


CLICK = _step("left_click")


@pytest.mark.parametrize(
    ("call", "step", "targets", "expected"),
    [
        ({"action": "left_click", "coordinate": [120, 110]}, CLICK, [OK], (True, True, True)),
        ({"action": "left_click", "coordinate": [140, 120]}, CLICK, [OK], (True, True, True)),  # the border is within
        ({"action": "left_click", "coordinate": [141, 120]}, CLICK, [OK], (True, False, True)),
        ({"action": "left_click"}, CLICK, [OK], (True, False, True)),
        ({"action": "left_click"}, CLICK, [], (True, None, True)),
        ({"action": "right_click", "coordinate": [120, 110]}, CLICK, [OK], (False, True, True)),
        ({"action": "type", "text": "hello  world"}, _step("type", text="hello world"), [], (True, None, True)),
        ({"action": "type", "text": "Hello world"}, _step("type", text="hello world"), [], (True, None, False)),
        ({"action": "key", "keys": ["Ctrl", "C"]}, _step("key", keys=["ctrl", "c"]), [], (True, None, True)),
        ({"action": "key", "keys": ["c", "ctrl"]}, _step("key", keys=["ctrl", "c"]), [], (True, None, False)),
        ({"action": "scroll", "pixels": -100}, _step("scroll", pixels=-300), [], (True, None, True)),
        ({"action": "scroll", "pixels": 100}, _step("scroll", pixels=-300), [], (True, None, False)),
        ({"action": "wait", "time": 9}, _step("wait", time=1), [], (True, None, True)),
        ({"action": "terminate", "status": "failure"}, _step("terminate", status="success"), [], (True, None, False)),
        ({"action": "type", "text": "a"}, _step("terminate", status="success"), [], (False, None, False)),
        (None, CLICK, [OK], (False, False, False)),
    ],
)
def test_steps(
    call: dict[str, Any] | None, step: Step, targets: list[Region], expected: tuple[bool, bool | None, bool]
) -> None:
    match = _match(call, step, *targets)
    assert (match.action, match.place, match.arguments) == expected
    assert match.whole == (False not in expected)


def test_a_swipe_has_two_places_and_a_tool_is_not_another() -> None:
    swipe = Step(media=0, action="swipe", tool="mobile_use", region=0, end_region=1)
    call = {"tool": "mobile_use", "action": "swipe", "coordinate": [120, 110], "coordinate2": [310, 20]}
    assert _match({**call}, swipe, OK, END).whole
    assert not _match({**call, "coordinate2": [310, 40]}, swipe, OK, END).whole
    assert not _match({**call}, swipe, END, OK).whole
    waits = Step(media=0, action="wait", tool="mobile_use", arguments='{"time": 1}')
    assert not _match({"action": "wait", "time": 1}, waits).action
    assert _match({"tool": "mobile_use", "action": "wait", "time": 2}, waits).whole


@pytest.mark.parametrize("bad", ["", "[]", "{}", '{"action": 3}', "left_click"])
def test_a_reference_that_is_no_step(bad: str) -> None:
    with pytest.raises(ValueError, match="no step as JSON"):
        match_action(None, bad, [])
