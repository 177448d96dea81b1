"""Steps of an agent in a family's own writing, and back.

The actions are those of Qwen's `mobile_use` and `computer_use` tools (Qwen2.5-VL and Qwen3-VL cookbooks). A step's
coordinate is the centre of its region until it is rendered, so it appears in no step's `arguments`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from curation.contract.sample import Region, Step
from model.family import Agent, Family
from model.geometry import Size, from_grid, to_grid
from model.grounding import Piece, coordinates

Tool = Literal["computer_use", "mobile_use"]

_COMPUTER: dict[str, tuple[str, ...]] = {
    "key": ("keys",),
    "type": ("text",),
    "mouse_move": ("coordinate",),
    "left_click": (),
    "left_click_drag": ("coordinate",),
    "right_click": (),
    "middle_click": (),
    "double_click": (),
    "triple_click": (),
    "scroll": ("pixels",),
    "hscroll": ("pixels",),
    "wait": ("time",),
    "answer": ("text",),
    "terminate": ("status",),
}
_MOBILE: dict[str, tuple[str, ...]] = {
    "key": ("text",),
    "click": ("coordinate",),
    "long_press": ("coordinate", "time"),
    "swipe": ("coordinate", "coordinate2"),
    "type": ("text",),
    "answer": ("text",),
    "system_button": ("button",),
    "open": ("text",),
    "wait": ("time",),
    "terminate": ("status",),
}
REQUIRED: dict[Tool, dict[str, tuple[str, ...]]] = {"computer_use": _COMPUTER, "mobile_use": _MOBILE}
_NOT_SHARED = ("triple_click", "hscroll", "answer")  # a family has these only if its `extra_actions` say so
_PLACES = ("coordinate", "coordinate2")
_CHOICES = {"status": ("success", "failure"), "button": ("Back", "Home", "Menu", "Enter")}
_TYPES: dict[str, tuple[type, ...]] = {"keys": (list,), "text": (str,), "pixels": (int, float), "time": (int, float)}
_ABOUT = {
    "keys": ("array", "Keys to press, in this order; they are let go in reverse."),
    "text": ("string", "What to type, say, press or open."),
    "coordinate": ("array", "Where: x and y in pixels from the left and top edges of the screen."),
    "coordinate2": ("array", "Where the finger ends: x and y, as for coordinate."),
    "pixels": ("number", "How far: positive is up or right, negative is down or left."),
    "time": ("number", "How many seconds."),
    "button": ("string", "Which button of the system."),
    "status": ("string", "Whether the task was done."),
}
_DEVICES = {"computer_use": "a computer by mouse and keyboard", "mobile_use": "a phone by touch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedStep:
    """A step as a model wrote it; `point` and `end` (of a swipe) are in displayed pixels. Its indices are unset."""

    step: Step
    point: Region | None = None
    end: Region | None = None


def validate_step(step: Step) -> None:
    """Check a step against its tool: the action is known, its arguments are there and of the right kind.

    Clicks of `computer_use` may have a place and need none, as in the tool's own text. Raises ValueError that names
    what is missing or too much.
    """
    tool = REQUIRED.get(step.tool)
    if tool is None:
        raise ValueError(f"no tool {step.tool!r}; there are {', '.join(REQUIRED)}")
    if step.action not in tool:
        raise ValueError(f"{step.tool} has no action {step.action!r}; it has {', '.join(tool)}")
    arguments = _arguments(step)
    if step.tool == "computer_use" and step.region >= 0 and step.end_region >= 0:
        raise ValueError(f"{step.action} takes one place, as a drag starts where the pointer is: move it there first")
    given = {*arguments, *_places(step)}
    for name in tool[step.action]:
        if name not in given:
            mend = {"coordinate": "set `region`", "coordinate2": "set `end_region`"}.get(name, "put it in `arguments`")
            raise ValueError(f"{step.tool} {step.action} needs {name}: {mend}")
    for name, value in arguments.items():
        _check_argument(step, name, value)


def render_step(step: Step, regions: Sequence[Region], family: Family, displayed: Size, resized: Size) -> list[Piece]:
    """Write a step: its thought, then the call. `regions` are the sample's; sizes are (width, height) of the screen.

    Raises ValueError where the step is invalid, or where the family has no such action or writes no actions at all.
    """
    agent = _agent(family)
    validate_step(step)
    if step.action in _NOT_SHARED and step.action not in agent.extra_actions:
        raise ValueError(f"{family.name} has no action {step.action!r}")
    arguments: dict[str, Any] = {"action": step.action}
    for name, index in _places(step).items():
        arguments[name] = list(to_grid(regions[index].centre, agent.grid, displayed, resized))
    arguments |= _arguments(step)
    thought: list[Piece] = [("content", step.thought), ("content", "\n")] if step.thought else []
    if agent.style == "flower":
        return [*thought, ("content", f"✿FUNCTION✿: {step.tool}\n✿ARGS✿: {_json(arguments)}")]
    call = _json({"name": step.tool, "arguments": arguments})
    return [*thought, ("control", "<tool_call>\n"), ("content", call), ("control", "\n</tool_call>")]


def parse_step(text: str, family: Family, displayed: Size, resized: Size) -> ParsedStep | None:
    """Read the first valid call of a model's answer, or None. Never raises on any text.

    Raises ValueError only for a family that writes no actions.
    """
    agent = _agent(family)
    for start, name, arguments in _calls(text, agent):
        parsed = _parsed(name, dict(arguments), text[:start].strip(), agent, displayed, resized)
        if parsed is not None:
            return parsed
    return None


def tool_definition(family: Family, tool: Tool, resized: Size) -> dict[str, Any]:
    """A tool as the JSON object that goes into the prompt; the screen's size is in the units that the family writes.

    Raises ValueError for a family that writes no actions.
    """
    agent = _agent(family)
    width, height = resized if agent.grid.scale is None else (agent.grid.scale, agent.grid.scale)
    actions = [action for action in REQUIRED[tool] if action not in _NOT_SHARED or action in agent.extra_actions]
    function: dict[str, Any] = {"name_for_human": tool} if agent.human_fields else {}
    function |= {
        "name": tool,
        "description": f"Operates {_DEVICES[tool]} and shows its screen, which is {width}x{height} pixels. "
        "One call is one action; look at the next screenshot before the next call.",
        "parameters": {"properties": _properties(tool, actions), "required": ["action"], "type": "object"},
    }
    if agent.human_fields:
        function["args_format"] = "Format the arguments as a JSON object."
    return {"type": "function", "function": function}


def tools_text(family: Family, tool: Tool, resized: Size) -> str:
    """The section of the system message that offers the tool, without the blank line before it.

    In `tool_call` style it is what Qwen3-VL's chat template prints, and Qwen-Agent's Nous template; in `flower` style
    it has the marks of Qwen-Agent's older one and wording of ours. Raises ValueError as `tool_definition` does.
    """
    definition = tool_definition(family, tool, resized)
    if _agent(family).style == "flower":
        return _flower_tools(definition["function"])
    return (
        "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n"
        f"<tools>\n{_json(definition)}\n</tools>\n\n"
        "For each function call, return a json object with function name and arguments within "
        '<tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n'
        "</tool_call>"
    )


def _agent(family: Family) -> Agent:
    if family.agent is None:
        raise ValueError(f"{family.name} has no way to write an agent's actions; choose a later family")
    return family.agent


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _arguments(step: Step) -> dict[str, Any]:
    try:
        arguments = json.loads(step.arguments)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"arguments of {step.action} are not JSON ({error}): {step.arguments[:80]!r}") from error
    if not isinstance(arguments, dict):
        raise ValueError(f"arguments of {step.action} must be a JSON object: {step.arguments[:80]!r}")
    return arguments


def _check_argument(step: Step, name: str, value: object) -> None:
    if name in _PLACES:
        raise ValueError(f"{name} of {step.action} is taken from the step's region: remove it from `arguments`")
    allowed = {need for needs in REQUIRED[step.tool].values() for need in needs}
    if name not in allowed:
        raise ValueError(f"{step.tool} takes no argument {name!r}; it takes {', '.join(sorted(allowed))}")
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise ValueError(f"{name} of {step.action} must be one of {', '.join(_CHOICES[name])}, not {value!r}")
    elif isinstance(value, bool) or not isinstance(value, _TYPES[name]):
        wanted = " or ".join(kind.__name__ for kind in _TYPES[name])
        raise ValueError(f"{name} of {step.action} must be {wanted}, not {value!r}")


def _places(step: Step) -> dict[str, int]:
    """The arguments that are places, with the index of the region whose centre they are."""
    if step.tool == "computer_use":
        region = max(step.region, step.end_region)
        return {"coordinate": region} if region >= 0 else {}
    places = {"coordinate": step.region, "coordinate2": step.end_region}
    return {name: region for name, region in places.items() if region >= 0}


def _calls(text: str, agent: Agent) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Where each call begins, its function and its arguments."""
    pattern = r"<tool_call>" if agent.style == "tool_call" else r"✿FUNCTION✿:[ \t]*([^\n]*)\n\s*✿ARGS✿:"
    for match in re.finditer(pattern, text):
        call = _object_after(text, match.end())
        name, arguments = call.get("name"), call.get("arguments")
        if agent.style == "flower":
            name, arguments = match[1].strip(), call
        if isinstance(name, str) and isinstance(arguments, dict):
            yield match.start(), name, arguments


def _object_after(text: str, start: int) -> dict[str, Any]:
    """The JSON object that begins at `start`, white space aside; empty where none does."""
    start += len(text[start:]) - len(text[start:].lstrip())
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _parsed(
    name: str, arguments: dict[str, Any], thought: str, agent: Agent, displayed: Size, resized: Size
) -> ParsedStep | None:
    tool = next((known for known in REQUIRED if known == name), None)
    action = arguments.pop("action", None)
    places = {key: coordinates(arguments.pop(key), (2,)) for key in _PLACES if key in arguments}
    points = {
        key: Region(points=from_grid(values, agent.grid, displayed, resized), shape="point")
        for key, values in places.items()
        if values is not None
    }
    if tool is None or not isinstance(action, str) or len(points) < len(places) or list(points) == ["coordinate2"]:
        return None
    step = Step(media=0, action=action, tool=tool, arguments=_json(arguments), thought=thought)
    start, end = (0 if place in points else -1 for place in _PLACES)
    try:
        validate_step(replace(step, region=start, end_region=end))
    except ValueError:
        return None
    return ParsedStep(step=step, point=points.get("coordinate"), end=points.get("coordinate2"))


def _properties(tool: Tool, actions: list[str]) -> dict[str, Any]:
    properties: dict[str, Any] = {"action": {"description": "What to do.", "enum": actions, "type": "string"}}
    for name, (kind, about) in _ABOUT.items():
        users = [action for action in actions if name in REQUIRED[tool][action]]
        if name == "coordinate" and tool == "computer_use":
            users += [action for action in actions if action.endswith("_click")]
        if users:
            properties[name] = {"description": f"{about} For {', '.join(users)}.", "type": kind}
        if users and name in _CHOICES:
            properties[name]["enum"] = list(_CHOICES[name])
    return properties


def _flower_tools(function: dict[str, Any]) -> str:
    name = function["name"]
    return (
        f"# Tools\n\n## You may use this tool:\n\n### {name}\n\n{name}: {function['description']} "
        f"Parameters: {_json(function['parameters'])} Format the arguments as a JSON object.\n\n"
        "## To use it, write these lines into your answer, as often as you need:\n\n"
        f"✿FUNCTION✿: the tool's name, {name}\n✿ARGS✿: what to give it\n✿RESULT✿: what it gave back\n"
        "✿RETURN✿: your answer from what it gave back"
    )
