"""Whether a tool would take a step: the family's function schema, and that its arguments make sense."""

from __future__ import annotations

import functools
import json
import math

from curation.contract.sample import Step
from model.actions import Tool, tool_definition, validate_step
from model.family import family

LONGEST_WAIT = 600.0  # seconds; platform default
_SAID_IN_TEXT = ("type", "open", "key")


def step_error(tool: str, action: str, arguments: str, placed: bool, ended: bool, family_name: str) -> str:
    """What is wrong with a step, for people; "" where nothing is.

    `placed` and `ended` say whether the step names a region and an end region. Raises ValueError for a family that is
    unknown or writes no actions.
    """
    step = Step(
        media=0,
        action=action,
        tool=tool,  # type: ignore[arg-type]
        arguments=arguments,
        region=0 if placed else -1,
        end_region=0 if ended else -1,
    )
    try:
        validate_step(step)
    except ValueError as error:
        return str(error)
    if action not in _actions(family_name, step.tool):
        return f"{family_name} has no action {action!r}"
    return _nonsense(action, json.loads(arguments))


@functools.lru_cache(maxsize=64)
def _actions(family_name: str, tool: Tool) -> frozenset[str]:
    """The actions that a family offers in its prompt."""
    function = tool_definition(family(family_name), tool, (1000, 1000))["function"]
    return frozenset(function["parameters"]["properties"]["action"]["enum"])


def _nonsense(action: str, arguments: dict[str, object]) -> str:
    """Arguments of the right type that no hand would give."""
    for name in ("time", "pixels"):
        value = arguments.get(name)
        if isinstance(value, int | float) and not math.isfinite(value):
            return f"{name} is {value}"
        if name == "time" and isinstance(value, int | float) and not 0 <= value <= LONGEST_WAIT:
            return f"{value} seconds are no time to wait"
    if action in _SAID_IN_TEXT and arguments.get("text") == "":
        return f"{action} has no text"
    keys = arguments.get("keys")
    if isinstance(keys, list) and (not keys or not all(isinstance(key, str) and key for key in keys)):
        return f"keys must name one key or more, not {keys!r}"
    return ""
