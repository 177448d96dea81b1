"""Steps of an agent: checked, written and read back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from curation.contract.sample import Region, Step
from model.actions import REQUIRED, parse_step, render_step, tool_definition, tools_text, validate_step
from model.family import QWEN2_5_VL, QWEN2_VL, QWEN3_VL, QWEN_VL, Family

SHOWN, SEEN = (1080, 2400), (1092, 2408)
BUTTON = Region(points=(500, 1000, 580, 1400), label="Send")  # centre 540, 1200
LIST = Region(points=(0, 500, 1080, 700))  # centre 540, 600
CLICK = Step(media=0, action="left_click", region=0, thought="The button sends it.")
AGENTS = [QWEN2_VL, QWEN2_5_VL, QWEN3_VL]


def written(step: Step, family: Family) -> str:
    return "".join(text for _, text in render_step(step, [BUTTON, LIST], family, SHOWN, SEEN))


def called(action: str, tool: str = "computer_use") -> str:
    return f'<tool_call>\n{{"name": "{tool}", "arguments": {{"action": {action}}}}}\n</tool_call>'


def test_a_click_in_resized_pixels() -> None:
    assert render_step(CLICK, [BUTTON], QWEN2_5_VL, SHOWN, SEEN) == [
        ("content", "The button sends it."),
        ("content", "\n"),
        ("control", "<tool_call>\n"),
        ("content", '{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [546, 1204]}}'),
        ("control", "\n</tool_call>"),
    ]


def test_a_click_in_thousandths() -> None:
    assert written(replace(CLICK, thought=""), QWEN3_VL) == called('"left_click", "coordinate": [500, 500]')


def test_a_click_after_flower_marks() -> None:
    text = '✿FUNCTION✿: computer_use\n✿ARGS✿: {"action": "left_click", "coordinate": [500, 500]}'
    assert written(replace(CLICK, thought=""), QWEN2_VL) == text


def test_a_swipe_has_two_places() -> None:
    swipe = Step(media=0, tool="mobile_use", action="swipe", region=0, end_region=1)
    assert '"coordinate": [500, 500], "coordinate2": [500, 250]' in written(swipe, QWEN3_VL)


STEPS = [
    CLICK,
    Step(media=0, action="type", arguments='{"text": "</tool_call> ✿ARGS✿: {\\"a\\": 1} <|im_end|> 你好"}'),
    Step(media=0, action="key", arguments='{"keys": ["ctrl", "c"]}'),
    Step(media=0, action="left_click_drag", region=1),
    Step(media=0, action="scroll", arguments='{"pixels": -300}', region=1),
    Step(media=0, action="wait", arguments='{"time": 1.5}', thought="Line one\nand {two}"),
    Step(media=0, action="terminate", arguments='{"status": "success"}'),
    Step(media=0, tool="mobile_use", action="click", region=0),
    Step(media=0, tool="mobile_use", action="long_press", region=0, arguments='{"time": 2}'),
    Step(media=0, tool="mobile_use", action="swipe", region=0, end_region=1),
    Step(media=0, tool="mobile_use", action="system_button", arguments='{"button": "Home"}'),
    Step(media=0, tool="mobile_use", action="open", arguments='{"text": "Clock"}'),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.action)
@pytest.mark.parametrize("family", AGENTS, ids=lambda known: known.name)
def test_steps_come_back(step: Step, family: Family) -> None:
    parsed = parse_step(written(step, family), family, SHOWN, SEEN)
    assert parsed is not None
    assert (parsed.step.tool, parsed.step.action, parsed.step.thought) == (step.tool, step.action, step.thought)
    assert json.loads(parsed.step.arguments) == json.loads(step.arguments)
    for point, index in ((parsed.point, step.region), (parsed.end, step.end_region)):
        assert (point is None) == (index < 0)
        if point is not None:
            centre = [BUTTON, LIST][index].centre
            assert point.shape == "point"
            assert abs(point.points[0] - centre[0]) <= 0.6 and abs(point.points[1] - centre[1]) <= 1.2


def test_data_in_arguments_stays_content() -> None:
    pieces = render_step(STEPS[1], [], QWEN2_5_VL, SHOWN, SEEN)
    assert any("你好" in text for _, text in pieces)  # as it is, not as escapes
    assert [text for kind, text in pieces if kind == "control"] == ["<tool_call>\n", "\n</tool_call>"]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step(media=0, action="fly"), "no action 'fly'; it has key, type"),
        (Step(media=0, action="click"), "computer_use has no action 'click'"),
        (Step(media=0, action="mouse_move"), "needs coordinate: set `region`"),
        (Step(media=0, tool="mobile_use", action="click"), "needs coordinate: set `region`"),
        (Step(media=0, tool="mobile_use", action="swipe", region=0), "needs coordinate2: set `end_region`"),
        (Step(media=0, action="type"), "needs text: put it in `arguments`"),
        (Step(media=0, action="type", arguments='{"text": 3}'), "text of type must be str, not 3"),
        (Step(media=0, action="wait", arguments='{"time": true}'), "must be int or float, not True"),
        (Step(media=0, action="wait", arguments="{"), "are not JSON"),
        (Step(media=0, action="wait", arguments="[]"), "must be a JSON object"),
        (Step(media=0, action="left_click", arguments='{"coordinate": [1, 2]}'), "taken from the step's region"),
        (Step(media=0, action="left_click", arguments='{"speed": 2}'), "takes no argument 'speed'"),
        (Step(media=0, action="terminate", arguments='{"status": "maybe"}'), "one of success, failure, not 'maybe'"),
        (Step(media=0, action="left_click_drag", region=0, end_region=1), "move it there first"),
    ],
)
def test_what_is_wrong_with_a_step_is_named(step: Step, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        validate_step(step)
    assert words in str(caught.value)


@pytest.mark.parametrize("action", ["left_click", "right_click", "middle_click", "double_click", "triple_click"])
def test_a_computer_click_may_have_a_place_and_needs_none(action: str) -> None:
    validate_step(Step(media=0, action=action))
    validate_step(Step(media=0, action=action, region=3))


def test_a_family_is_not_given_actions_that_it_lacks() -> None:
    triple = Step(media=0, action="triple_click", region=0)
    assert "triple_click" in written(triple, QWEN3_VL)
    with pytest.raises(ValueError, match="qwen2_5_vl has no action 'triple_click'"):
        written(triple, QWEN2_5_VL)
    with pytest.raises(ValueError, match="qwen_vl has no way to write an agent's actions"):
        written(CLICK, QWEN_VL)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I would click the button.",
        "<tool_call>",
        "<tool_call>\n[1]\n</tool_call>",
        '<tool_call>\n{"name": "computer_use"}\n</tool_call>',
        called('"left_click"', "rm"),
        called('"left_click", "coordinate": [1]'),
        called('"left_click", "coordinate": ["1", 2]'),
        called('"left_click", "coordinate2": [1, 2]'),
        called('["left_click"]'),
        called('"click"', "mobile_use"),
        '{"name": "computer_use", "arguments": {"action": "left_click"}}',
        "✿FUNCTION✿: computer_use\n✿ARGS✿: (1, 2)",
        "✿FUNCTION✿: ",
        "<tool_call>" * 3000 + '{"a":' * 3000,
    ],
)
@pytest.mark.parametrize("family", AGENTS, ids=lambda known: known.name)
def test_garbage_is_no_step(family: Family, text: str) -> None:
    assert parse_step(text, family, SHOWN, SEEN) is None


def test_the_first_valid_call_counts() -> None:
    text = "<tool_call>\nbroken\n</tool_call> " + written(STEPS[6], QWEN3_VL) + written(STEPS[7], QWEN3_VL)
    parsed = parse_step(text, QWEN3_VL, SHOWN, SEEN)
    assert parsed is not None and parsed.step.action == "terminate"


def test_the_screen_is_declared_in_the_units_of_the_coordinates() -> None:
    def description(family: Family) -> str:
        return str(tool_definition(family, "mobile_use", SEEN)["function"]["description"])

    assert "1092x2408" in description(QWEN2_5_VL)
    assert "1000x1000" in description(QWEN3_VL)


@pytest.mark.parametrize("family", AGENTS, ids=lambda known: known.name)
@pytest.mark.parametrize("tool", ["computer_use", "mobile_use"])
def test_the_definition_offers_what_the_family_can_do(family: Family, tool: str) -> None:
    parameters = tool_definition(family, tool, SEEN)["function"]["parameters"]  # type: ignore[arg-type]
    offered = parameters["properties"]["action"]["enum"]
    assert ("answer" in offered) == (family is QWEN3_VL)
    needed = {name for action in offered for name in REQUIRED[tool][action]}  # type: ignore[index]
    assert set(parameters["properties"]) == {"action", *needed}


def test_the_tools_section() -> None:
    text = tools_text(QWEN2_5_VL, "computer_use", SEEN)
    line = text.split("<tools>\n")[1].split("\n</tools>")[0]
    assert json.loads(line) == tool_definition(QWEN2_5_VL, "computer_use", SEEN)
    assert list(json.loads(line)["function"]) == ["name_for_human", "name", "description", "parameters", "args_format"]
    assert "✿ARGS✿" in tools_text(QWEN2_VL, "computer_use", SEEN)
    with pytest.raises(ValueError, match="choose a later family"):
        tools_text(QWEN_VL, "computer_use", SEEN)
