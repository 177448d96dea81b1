"""Whether an agent's step is the one that was asked for: the right action, at the right place, with the same words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curation.contract.sample import Region, Step
from filters.verify import click_in_box, exact_match
from model.actions import ParsedStep


@dataclass(frozen=True, slots=True)
class ActionMatch:
    """`place` is None where the step that is asked for has no target."""

    action: bool
    place: bool | None
    arguments: bool

    @property
    def whole(self) -> bool:
        return self.action and self.place is not False and self.arguments


def step_text(step: Step) -> str:
    """A step without its place as the JSON that `match_action` reads. `arguments` must be a JSON object."""
    wanted = {**json.loads(step.arguments), "tool": step.tool, "action": step.action}
    return json.dumps(wanted, ensure_ascii=False, sort_keys=True)


def match_action(found: ParsedStep | None, expected: str, targets: Sequence[Region]) -> ActionMatch:
    """Compare a step with what `step_text` says of the expected one, and with its targets: where it starts, then where
    it ends.

    AndroidControl's rule (Li et al. 2024): the same action, and each point within the box of its target, border
    included. Where that leaves it open: text is equal but for runs of white space, keys are equal but for case, a
    scroll goes the same way, waiting may take any time, and every other argument is equal. No step matches nothing.
    Raises ValueError where `expected` is not such a step.
    """
    wanted = _object(expected)
    if found is None:
        return ActionMatch(False, False if targets else None, False)
    name, tool = wanted.pop("action"), wanted.pop("tool", found.step.tool)
    given = json.loads(found.step.arguments)
    action = (found.step.action, found.step.tool) == (name, tool)
    return ActionMatch(
        action=action,
        place=_in_place(found, targets) if targets else None,
        arguments=all(key in given and _same(key, given[key], value) for key, value in wanted.items() if key != "time"),
    )


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("action"), str):
        raise ValueError(f"the reference is no step as JSON with an `action`: {text[:80]!r}")
    return value


def _in_place(found: ParsedStep, targets: Sequence[Region]) -> bool:
    points = [point for point in (found.point, found.end) if point is not None]
    return len(points) == len(targets) and all(
        click_in_box(point.centre, target.box) == 1 for point, target in zip(points, targets, strict=True)
    )


def _same(name: str, given: Any, wanted: Any) -> bool:
    if name == "text":
        return exact_match(str(given), str(wanted)) == 1
    if name == "keys":
        return [str(key).lower() for key in given] == [str(key).lower() for key in wanted]
    if name == "pixels":
        return (given > 0) == (wanted > 0) and (given < 0) == (wanted < 0)
    return bool(given == wanted)
