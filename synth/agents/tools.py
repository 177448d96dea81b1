"""What was recorded, as calls of the shared action space: `mobile_use` by touch, `computer_use` with a mouse."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from curation.contract.sample import Region, Step
from model.actions import Tool
from synth.agents.recorder import Recorded

# The action of each tool for what was done; None where the tool has none, as a finger does not point.
ACTIONS: dict[Tool, dict[str, str | None]] = {
    "mobile_use": {
        "tap": "click",
        "hold": "long_press",
        "point": None,
        "drag": "swipe",
        "scroll": "swipe",
        "type": "type",
        "enter": "system_button",
        "back": "system_button",
        "wait": "wait",
        "end": "terminate",
    },
    "computer_use": {
        "tap": "left_click",
        "hold": "right_click",
        "point": "mouse_move",
        "drag": "left_click_drag",
        "scroll": "scroll",
        "type": "type",
        "enter": "key",
        "back": "key",
        "wait": "wait",
        "end": "terminate",
    },
}


def call(done: Recorded, tool: Tool, first: int = 0, media: int = 0) -> tuple[Step, list[Region]] | None:
    """A recorded action as a step of a tool with its regions, which are numbered from `first` on, on the medium number
    `media`; None where the tool needs no such step.

    A drag of the mouse starts where the pointer is, so that only its end is a place. Raises KeyError where the tool has
    no such action.
    """
    action = ACTIONS[tool][done.kind]
    if action is None:
        return None
    boxes = (
        {"drag": [done.end], "scroll": []}.get(done.kind, [done.box])
        if tool == "computer_use"
        else [done.box, done.end]
    )
    regions = [Region(points=box, media=media, label=done.label) for box in boxes if box]
    if len(regions) == 2:
        labels = (f"{done.label}: start", f"{done.label}: end")
        regions = [
            Region(points=each.points, media=media, label=label) for each, label in zip(regions, labels, strict=True)
        ]
    step = Step(
        media=media,
        tool=tool,
        action=action,
        arguments=json.dumps(_arguments(done, tool), ensure_ascii=False),
        thought=done.thought,
        region=first if regions else -1,
        end_region=first + 1 if len(regions) == 2 else -1,
    )
    return step, regions


def calls(done: Sequence[Recorded], tool: Tool) -> tuple[list[Step], list[Region]]:
    """A whole recording as steps of a tool, with all their regions; each step's medium is its screen's number."""
    steps: list[Step] = []
    regions: list[Region] = []
    for each in done:
        made = call(each, tool, len(regions), each.screen)
        if made:
            steps.append(made[0])
            regions += made[1]
    return steps, regions


def _arguments(done: Recorded, tool: Tool) -> dict[str, Any]:
    if done.kind == "type":
        return {"text": done.text}
    if done.kind == "end":
        return {"status": "success"}
    if done.kind == "wait":
        return {"time": 2}
    if tool == "mobile_use":
        mobile: dict[str, dict[str, Any]] = {
            "enter": {"button": "Enter"},
            "back": {"button": "Back"},
            "hold": {"time": 1},
        }
        return mobile.get(done.kind, {})
    computer: dict[str, dict[str, Any]] = {
        "enter": {"keys": ["enter"]},
        "back": {"keys": ["esc"]},
        "scroll": {"pixels": done.pixels},
    }
    return computer.get(done.kind, {})
