"""Texts that several signals of form and safety look at, each taken from the frames once a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from filters.frames import Batch


def answers(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """One text for each turn: what the assistant says in it; null for other roles and where it only points."""

    def compute() -> pl.Series:
        return turns.select(pl.when(pl.col("role") == "assistant").then(pl.col("text"))).to_series()

    return batch.once("answers", compute)


def plain_answers(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """As `answers`, but null too where regions or actions stand amid the words: these go on where the text ends."""

    def compute() -> pl.Series:
        frame = turns.select("pointing").with_columns(answers(turns, batch).alias("text"))
        return frame.select(pl.when(~pl.col("pointing")).then("text")).to_series()

    return batch.once("plain_answers", compute)


def lower_answers(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """As `answers`, in lower case, without space around it and with straight apostrophes."""

    def compute() -> pl.Series:
        plain = answers(turns, batch).str.strip_chars().str.to_lowercase()
        return plain.str.replace_all("’", "'", literal=True)

    return batch.once("lower_answers", compute)


def prompts(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """One text for each turn: what was said right before it, in lower case; "" before the first."""

    def compute() -> pl.Series:
        before = pl.when(pl.col("turn") > 0).then(pl.col("text").shift(1)).fill_null("")
        return turns.select(before.str.to_lowercase()).to_series()

    return batch.once("prompts", compute)


def all_text(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """One text for each sample: every role's, the labels and texts of regions, the thoughts and arguments of steps."""

    def compute() -> pl.Series:
        told = samples.select("sample", "text")
        if samples["region_count"].sum():
            told = _with(told, batch.region, ("label", "text"))
        if samples["step_count"].sum():
            told = _with(told, batch.step, ("thought", "arguments"))
        return told["text"]

    return batch.once("all_text", compute)


def on_some(
    candidates: pl.Series, function: Callable[..., Any], otherwise: Any, dtype: Any, *texts: pl.Series
) -> pl.Series:
    """`function` of the rows of `texts` that are candidates, `otherwise` for the rest; null where the first is null."""
    rows = candidates.fill_null(False).arg_true()
    values = pl.select(pl.when(texts[0].is_not_null()).then(pl.lit(otherwise, dtype))).to_series()
    found = [function(*row) for row in zip(*(text.gather(rows) for text in texts), strict=True)]
    return values.scatter(rows, pl.Series(found, dtype=dtype)) if found else values


def _with(told: pl.DataFrame, units: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    lines = units.select("sample", more=pl.concat_str(*columns, separator="\n", ignore_nulls=True))
    more = lines.group_by("sample", maintain_order=True).agg(pl.col("more").str.join("\n"))
    joined = told.join(more, on="sample", how="left", maintain_order="left")
    return joined.select("sample", text=pl.concat_str("text", "more", separator="\n", ignore_nulls=True))
