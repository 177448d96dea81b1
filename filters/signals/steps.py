"""What an agent's steps tell: does the tool take them, do they land on the screen and on their target, do they repeat.

Each function gets one row per step, in order: sample, step (0 for a sample's first), action, arguments, target and
end_target (the points of the step's regions, in displayed pixels). A step's place is the centre of its region, as it
is when the step is written for a model.
"""

from __future__ import annotations

import functools

import polars as pl

from filters.frames import Batch
from filters.reading.tooling import step_error
from filters.signal import signal
from model.family import family

steps_of = functools.partial(signal, tier="text", grain="step")

_POINTING = {
    "computer_use": (
        "left_click",
        "right_click",
        "middle_click",
        "double_click",
        "triple_click",
        "mouse_move",
        "left_click_drag",
    ),
    "mobile_use": ("click", "long_press", "swipe"),
}
_REPEATABLE = ("wait", "scroll", "hscroll", "swipe", "key", "system_button")  # done again and again for good reason


@signal(tier="text", grain="sample", unit="steps", dtype="int64")
def step_count(samples: pl.DataFrame) -> pl.Series:
    """Number of agent steps in the sample."""
    return samples["step_count"]


@steps_of(unit="share", reducer="mean")
def repeated_step_ratio(steps: pl.DataFrame) -> pl.Series:
    """Share of steps, after the first, that do just what the step before did: an agent that is stuck."""
    columns = ("action", "arguments", "target", "end_target")
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in columns)
    return steps.select(pl.when(pl.col("step") > 0).then(same.cast(pl.Float64))).to_series()


@steps_of(unit="share", reducer="mean", source="Qwen2.5-VL and Qwen3-VL cookbooks, computer_use and mobile_use")
def invalid_step_ratio(steps: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of steps that the family's tool would refuse: unknown action, argument missing, unknown or of no sense.

    Null where the family writes no actions.
    """
    name = batch.context.family
    if family(name).agent is None:
        return pl.repeat(None, len(steps), dtype=pl.Float64, eager=True)
    columns = ["tool", "action", "arguments", "region", "end_region"]
    calls = steps.select("tool", "action", "arguments", pl.col("region") >= 0, pl.col("end_region") >= 0)
    kinds = calls.unique(maintain_order=True)
    wrong = [
        float(step_error(tool, action, arguments, placed, ended, name) != "")
        for tool, action, arguments, placed, ended in kinds.iter_rows()
    ]
    kinds = kinds.with_columns(wrong=pl.Series(wrong, dtype=pl.Float64))
    return calls.join(kinds, on=columns, how="left", maintain_order="left")["wrong"]


@steps_of(unit="share", reducer="mean")
def placeless_step_ratio(steps: pl.DataFrame) -> pl.Series:
    """Share of clicks, moves, drags and swipes that have no place, or point at a region that is not there.

    A click right after a move needs none: it happens where the pointer is. Null for other actions.
    """
    follows = (
        (pl.col("action").shift(1) == "mouse_move") & (pl.col("step") > 0) & pl.col("action").str.ends_with("click")
    )
    region, end = pl.col("region") >= 0, pl.col("end_region") >= 0
    named = pl.when(pl.col("tool") == "mobile_use").then(region).otherwise(region | end)
    there = (pl.col("target").is_not_null() | (pl.col("region") < 0)) & (
        pl.col("end_target").is_not_null() | (pl.col("end_region") < 0)
    )
    complete = (pl.col("action") != "swipe") | (pl.col("end_region") >= 0)
    missing = (1 - (named & there & complete).cast(pl.Float64)).alias("missing")
    return steps.select(pl.when(_pointing() & ~(follows & ~named)).then(missing)).to_series()


@steps_of(unit="share", reducer="mean")
def step_off_screen_ratio(steps: pl.DataFrame) -> pl.Series:
    """Share of steps with a place that lies outside their screen; the screen's border belongs to it."""
    outside = [
        ~(x.is_between(0, pl.col("media_width")) & y.is_between(0, pl.col("media_height")))
        for x, y in (_centre("target"), _centre("end_target"))
    ]
    either = pl.any_horizontal(each.fill_null(False) for each in outside).cast(pl.Float64)
    placed = pl.col("target").is_not_null() | pl.col("end_target").is_not_null()
    return steps.select(pl.when(placed & pl.col("media_width").is_not_null()).then(either)).to_series()


@steps_of(unit="share", reducer="mean", source="ScreenSpot's click accuracy: the point lies in the element's box")
def click_off_target_ratio(steps: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of steps placed by a point that lies in no box of its label on the same screen.

    Where the point has no label, and the sample's answer is checked by a click, the screen's only box is meant. Null
    where there is no such box, and for steps that are placed by a box, whose centre they take.
    """
    rows = steps.with_row_index("row").filter(pl.col("target_shape") == "point")
    x, y = _centre("target")
    rows = rows.select("row", "sample", "media", label=pl.col("target_label").str.strip_chars(), x=x, y=y)
    rows = rows.join(batch.sample.select("sample", "verifier"), on="sample", how="left", maintain_order="left")
    boxes = batch.region.filter(pl.col("shape") != "point").select(
        "sample", "media", "x1", "y1", "x2", "y2", box_label=pl.col("label").str.strip_chars()
    )
    boxes = boxes.with_columns(only=pl.len().over("sample", "media") == 1)
    meant = (pl.col("label") == pl.col("box_label")) & (pl.col("label") != "")
    meant |= (pl.col("label") == "") & (pl.col("verifier") == "click") & pl.col("only")
    within = pl.col("x").is_between("x1", "x2") & pl.col("y").is_between("y1", "y2")
    pairs = rows.join(boxes, on=["sample", "media"]).filter(meant)
    off = pairs.group_by("row").agg(off=1.0 - within.any().cast(pl.Float64))
    every = steps.select(row=pl.int_range(pl.len(), dtype=pl.get_index_type()))
    return every.join(off, on="row", how="left", maintain_order="left")["off"]


@steps_of(unit="share", reducer="mean")
def revisited_step_ratio(steps: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of steps that do on a screen just what an earlier step did on the very same screen: a loop.

    Screens are the same where their files are. Waits, keys and scrolls are left out, and so is one repetition right
    after on one and the same medium, which may be meant. Null for a sample's first step.
    """
    of = ["sample", "sha256", "done"]
    shown = batch.media.select("sample", "media", "sha256")
    rows = steps.select("sample", "media", "step", "action", done=_done())
    rows = rows.join(shown, on=["sample", "media"], how="left", maintain_order="left")
    before = pl.int_range(pl.len()).over(of)
    twice = (before == 1) & (pl.col("step").shift(1).over(of) == pl.col("step") - 1)
    twice &= pl.col("media").shift(1).over(of) == pl.col("media")
    counts = pl.col("sha256").is_not_null() & ~pl.col("action").is_in(_REPEATABLE)
    again = ((before > 0) & ~twice & counts).cast(pl.Float64)
    return rows.select(pl.when(pl.col("step") > 0).then(again)).to_series()


@steps_of(unit="times", reducer="max", dtype="int64")
def step_cycle_repeats(steps: pl.DataFrame) -> pl.Series:
    """How often in a row a cycle of one to three steps is done again, on whatever screens; 0 where none is.

    Two steps are the same where action, arguments and places are. Waits, keys and scrolls end a cycle.
    """
    rows = steps.select("sample", key=pl.when(~pl.col("action").is_in(_REPEATABLE)).then(_done()))
    repeats = []
    for length in (1, 2, 3):
        same = (pl.col("key") == pl.col("key").shift(length)) & (pl.col("sample") == pl.col("sample").shift(length))
        # The length of the run of steps that equal the one `length` before them, up to this step.
        ends = pl.when(~same.fill_null(False)).then(pl.int_range(pl.len())).forward_fill()
        repeats.append((pl.int_range(pl.len()) - ends) // length)
    return rows.select(pl.max_horizontal(repeats).cast(pl.Int64)).to_series()


def _pointing() -> pl.Expr:
    """Whether the step's action happens at a place."""
    return pl.any_horizontal(
        (pl.col("tool") == tool) & pl.col("action").is_in(names) for tool, names in _POINTING.items()
    )


def _done() -> pl.Expr:
    """What a step does and where, as one text: equal where it does the same."""
    places = (
        pl.col(name).list.eval(pl.element().cast(pl.String)).list.join(",").fill_null("")
        for name in ("target", "end_target")
    )
    return pl.concat_str("tool", "action", *places, "arguments", separator="\x1f")


def _centre(points: str) -> tuple[pl.Expr, pl.Expr]:
    """x and y of the middle of the upright box around a list of x, y pairs; null where there is none."""
    xs, ys = pl.col(points).list.gather_every(2, 0), pl.col(points).list.gather_every(2, 1)
    return (xs.list.min() + xs.list.max()) / 2, (ys.list.min() + ys.list.max()) / 2
