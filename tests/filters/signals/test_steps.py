"""Steps and episodes of an agent. The screens are 200 x 100 displayed pixels."""

from __future__ import annotations

import json
import time
from typing import Any

import pyarrow as pa
import pytest

from curation.contract.sample import (
    SAMPLE,
    Answer,
    Media,
    Region,
    Sample,
    Step,
    Turn,
    Verifier,
    action_part,
    media_part,
    text_part,
    to_row,
)
from filters.context import Context
from filters.measuring import measure_samples
from filters.reading.tooling import step_error
from filters.signal import Signal
from filters.signals import episodes, steps

SIGNALS = [each for module in (steps, episodes) for each in vars(module).values() if isinstance(each, Signal)]


def sample(
    *done: Step,
    regions: tuple[Region, ...] = (),
    screens: str = "a",
    prompt: str = "Do it",
    tags: tuple[str, ...] = (),
    verifier: Verifier = "",
) -> Sample:
    """`screens` has a letter for each medium; equal letters are equal files."""
    turns = [Turn(role="assistant", parts=(action_part(index),)) for index in range(len(done))]
    return Sample(
        row_id="r",
        source="s",
        task="agent",
        messages=(Turn(role="user", parts=(text_part(prompt), media_part(0))), *turns),
        media=tuple(Media(sha256=letter, mime="image/png", width=100, height=200, orientation=6) for letter in screens),
        regions=regions,
        steps=done,
        tags=tags,
        answer=Answer(verifier=verifier),
    )


def measured(of: Sample, context: Context | None = None) -> dict[str, Any]:
    table = pa.Table.from_pylist([to_row(of)], schema=SAMPLE)
    return measure_samples(table, SIGNALS, context).to_pylist()[0]


def click(region: int = 0, media: int = 0, action: str = "left_click", **more: Any) -> Step:
    return Step(media=media, action=action, region=region, **more)


def act(action: str, media: int = 0, thought: str = "", tool: Any = "computer_use", **arguments: Any) -> Step:
    return Step(media=media, action=action, arguments=json.dumps(arguments), thought=thought, tool=tool)


def box(*points: float, label: str = "OK") -> Region:
    return Region(points=points, label=label)


def point(*points: float, label: str = "OK") -> Region:
    return Region(points=points, shape="point", label=label)


@pytest.mark.parametrize(
    ("step", "valid"),
    [
        (click(), True),
        (click(-1), True),  # the tool's own text lets a click do without
        (act("type", text="a"), True),
        (act("type"), False),
        (act("type", text=""), False),
        (act("type", text=3), False),
        (act("type", txt="a"), False),
        (act("typ", text="a"), False),
        (act("key", keys=["ctrl", "c"]), True),
        (act("key", keys=[]), False),
        (act("key", keys=[3]), False),
        (act("wait", time=2), True),
        (act("wait", time=-1), False),
        (act("wait", time=10_000), False),
        (act("wait", time=float("nan")), False),
        (act("scroll", pixels=-300), True),
        (act("mouse_move"), False),
        (act("terminate", status="success"), True),
        (act("terminate", status="done"), False),
        (act("answer", text="4"), False),  # Qwen3-VL's
        (act("system_button", tool="mobile_use", button="Back"), True),
        (act("click", tool="mobile_use"), False),
        (act("click", tool="browser"), False),
        (Step(media=0, action="type", arguments='{"text": "a"'), False),
        (Step(media=0, action="type", arguments="[" * 100_000), False),
    ],
)
def test_what_the_tool_takes(step: Step, valid: bool) -> None:
    assert measured(sample(step, regions=(box(0, 0, 9, 9),)))["invalid_step_ratio"] == float(not valid)


def test_validity_is_the_family_s() -> None:
    answering = sample(act("answer", text="4"), click(), regions=(box(0, 0, 9, 9),))
    assert measured(answering)["invalid_step_ratio"] == 0.5
    assert measured(answering, Context(family="qwen3_vl"))["invalid_step_ratio"] == 0.0
    assert measured(answering, Context(family="qwen_vl"))["invalid_step_ratio"] is None
    assert "'answer'" in step_error("computer_use", "answer", '{"text": "4"}', False, False, "qwen2_5_vl")


def test_clicks_need_a_place_that_is_there() -> None:
    there = (box(0, 0, 9, 9),)
    row = measured(sample(click(), click(-1), click(7), act("type", text="a"), regions=there))
    assert row["placeless_step_ratio"] == pytest.approx(2 / 3)
    moved = sample(click(action="mouse_move"), click(-1), regions=there)
    assert measured(moved)["placeless_step_ratio"] == 0.0
    swipe = Step(media=0, action="swipe", tool="mobile_use", region=0)
    assert measured(sample(swipe, regions=there))["placeless_step_ratio"] == 1.0
    assert measured(sample(act("type", text="a")))["placeless_step_ratio"] is None


def test_places_lie_on_the_displayed_screen() -> None:
    # 200 wide and 100 high as displayed; a place is the middle of its box, of which a half may be beyond.
    on, off, edge = box(180, 10, 220, 20), box(190, 10, 220, 20), point(200, 100)
    row = measured(sample(click(0), click(1), click(2), act("wait", time=1), regions=(on, off, edge)))
    assert row["step_off_screen_ratio"] == pytest.approx(1 / 3)
    drag = Step(media=0, action="swipe", tool="mobile_use", region=0, end_region=1)
    assert measured(sample(drag, regions=(on, off)))["step_off_screen_ratio"] == 1.0


def test_a_point_hits_a_box_of_its_label() -> None:
    found = (box(0, 0, 10, 10), box(50, 0, 60, 10), point(55, 10), point(30, 5), point(30, 5, label="else"))
    row = measured(sample(click(2), click(3), click(4), click(0), regions=found))
    assert row["click_off_target_ratio"] == 0.5
    assert measured(sample(click(), regions=found))["click_off_target_ratio"] is None


def test_a_nameless_point_of_a_click_answer_must_hit_the_only_box() -> None:
    bare = (box(0, 0, 10, 10, label=""), point(30, 5, label=""))
    assert measured(sample(click(1), regions=bare, verifier="click"))["click_off_target_ratio"] == 1.0
    assert measured(sample(click(1), regions=bare))["click_off_target_ratio"] is None
    two = (*bare, box(28, 0, 40, 10, label=""))
    assert measured(sample(click(1), regions=two, verifier="click"))["click_off_target_ratio"] is None


def test_a_loop_is_the_same_step_on_the_same_screen() -> None:
    here = (box(0, 0, 9, 9), box(20, 0, 29, 9))
    # A, B, A, B on screens a, b, a, b: the last two of the three steps after the first were done before.
    cycle = sample(click(0, 0), click(1, 1), click(0, 2), click(1, 3), regions=here, screens="abab")
    assert measured(cycle)["revisited_step_ratio"] == pytest.approx(2 / 3)
    assert measured(cycle)["step_cycle_repeats"] == 1
    onward = sample(click(0, 0), click(0, 1), click(0, 2), regions=here, screens="abc")
    assert measured(onward)["revisited_step_ratio"] == 0.0
    assert measured(onward)["step_cycle_repeats"] == 2
    assert measured(sample(click(), regions=here))["revisited_step_ratio"] is None


def test_a_click_twice_in_a_row_on_one_medium_may_be_meant() -> None:
    here = (box(0, 0, 9, 9),)
    assert measured(sample(click(), click(), regions=here))["revisited_step_ratio"] == 0.0
    assert measured(sample(click(), click(), click(), regions=here))["revisited_step_ratio"] == 0.5
    assert measured(sample(click(0, 0), click(0, 1), regions=here, screens="aa"))["revisited_step_ratio"] == 1.0


def test_waits_keys_and_scrolls_are_no_loops() -> None:
    again = [act("scroll", media=index, pixels=-3) for index in range(3)]
    row = measured(sample(*again, screens="aaa"))
    assert (row["revisited_step_ratio"], row["step_cycle_repeats"]) == (0.0, 0)
    assert row["repeated_step_ratio"] == 1.0


def test_cycles_do_not_reach_into_another_sample() -> None:
    one = sample(click(), click(), regions=(box(0, 0, 9, 9),))
    both = pa.Table.from_pylist([to_row(one), to_row(one)], schema=SAMPLE)
    assert [row["step_cycle_repeats"] for row in measure_samples(both, SIGNALS).to_pylist()] == [1, 1]


@pytest.mark.parametrize(
    ("prompt", "typed", "thought", "share"),
    [
        ("Search for blue chairs", "Blue chairs", "", 1.0),
        ("Install a plug-in", "translation plugin", "", 0.5),
        ("Install a plug-in", "translation plugin", "Look for a translation plugin", 1.0),
        ("搜索麦田怪圈", "麦田", "", 1.0),
        ("Log in", "Xk3!pass99", "", None),
        ("Open the page", "https://example.test/a", "", None),
        ("Open the page", "example.test", "", None),
        ("Write a poem", "so much depends upon a red wheel barrow glazed with rain water beside", "", None),
        ("Do it", "12 34", "", None),
    ],
)
def test_typed_words_come_from_somewhere(prompt: str, typed: str, thought: str, share: float | None) -> None:
    assert measured(sample(act("type", thought=thought, text=typed), prompt=prompt))["typed_support_ratio"] == share


def test_a_later_thought_supports_nothing_typed_before() -> None:
    later = sample(act("type", text="chairs"), act("wait", time=1, thought="chairs are shown"))
    assert measured(later)["typed_support_ratio"] == 0.0


@pytest.mark.parametrize(
    ("prompt", "typed", "share"),
    [
        ('Type "blue chairs" and press Enter.', "Blue Chairs", 1.0),
        ('Type "blue chairs" and press Enter.', "pizza", 0.0),
        ("Type 'ada', then search for 'chairs'", "ada", 0.5),
        ("输入“麦田”", "麦田", 1.0),
        ('Click "OK", then type your name', "Ada", None),
        ('Type "blue chairs"', "", None),
    ],
)
def test_what_is_told_in_quotes_is_typed(prompt: str, typed: str, share: float | None) -> None:
    done = [act("type", text=typed)] if typed else [act("wait", time=1)]
    assert measured(sample(*done, prompt=prompt))["typed_as_told_ratio"] == share


def test_thoughts() -> None:
    done = (
        click(thought="Open the settings menu"),
        click(thought="Hm."),
        click(thought=" "),
        click(thought="press okay", region=1),
    )
    row = measured(
        sample(*done, regions=(box(0, 0, 9, 9), box(0, 0, 9, 9, label="Okay")), prompt="Change the Settings")
    )
    assert row["thoughtless_step_ratio"] == 0.25
    assert row["thought_on_topic_ratio"] == pytest.approx(2 / 3)


END = act("terminate", status="success")


def test_the_outcome_is_what_the_source_tags() -> None:
    assert measured(sample(click()))["episode_failed"] is None
    assert measured(sample(click(), tags=("build:click", "success")))["episode_failed"] is False
    assert measured(sample(click(), tags=("failure",)))["episode_failed"] is True


def test_an_episode_with_an_outcome_ends() -> None:
    wait = act("wait", time=1)
    assert measured(sample(wait, END, tags=("success",)))["episode_ends"] is True
    assert measured(sample(wait, wait, tags=("success",)))["episode_ends"] is False
    assert measured(sample(wait, wait))["episode_ends"] is None
    assert measured(sample(wait, tags=("success",)))["episode_ends"] is None
    assert measured(sample(wait, END, wait, wait))["steps_after_end"] == 2
    assert measured(sample(wait, END))["steps_after_end"] == 0
    assert measured(sample(wait, wait))["steps_after_end"] is None


@pytest.mark.parametrize(
    ("tags", "last", "contradicted"),
    [
        (("success",), END, False),
        (("failure",), END, True),
        (("success",), act("terminate", status="failure"), True),
        ((), END, None),
        (("failure",), act("wait", time=1), None),
        (("failure",), act("terminate"), None),
    ],
)
def test_the_agent_s_verdict_and_the_source_s(tags: tuple[str, ...], last: Step, contradicted: bool | None) -> None:
    assert measured(sample(last, tags=tags))["verdict_contradicted"] is contradicted


def test_instructions_without_white_space() -> None:
    assert measured(sample(click(), prompt=" Do\n it "))["instruction_chars"] == 4
    assert measured(sample(prompt="Do it"))["instruction_chars"] is None


def test_nothing_is_measured_of_no_steps() -> None:
    row = measured(sample())
    assert row.pop("step_count") == 0 and row.pop("sample_id")
    assert set(row.values()) == {None}


@pytest.mark.parametrize(
    "text", ["type " * 200_000, 'type "' * 200_000, "a" * 1_000_000, "输入“" * 300_000, " " * 900_000]
)
def test_long_texts_take_no_long_time(text: str) -> None:
    started = time.process_time()
    measured(sample(*[act("type", thought=text, text=text)] * 3, prompt=text))
    assert time.process_time() - started < 3
