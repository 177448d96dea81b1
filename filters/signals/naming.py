"""The labels of regions held against the words of the sample: is what was asked for there, and as often as it says.

Words are compared without case, articles and plural endings. English and Chinese are read, and in further languages a
name behind the colon of a question where something is; where nothing is understood the value is null, never a guess.
Only grounding samples are looked at, and only their first 4,000 characters of either side.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import polars as pl

from filters.frames import Batch
from filters.reading.queries import asked_for, names
from filters.reading.wording import MOST_CHARS, count_gap, says_none
from filters.signal import signal

naming = functools.partial(signal, tier="text", grain="sample")


@signal(tier="text", grain="region", unit="0 or 1", reducer="min", version=2)
def label_asked_for(regions: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether the query names the label, for the label that fits it least; null where it names none.

    Words of the label and of the named thing must overlap ("red car" fits "car", "men" fits "the man on the left").
    Null where the query asks for everything, leaves the names to the answer or is not understood, and, unless the words
    overlap, for a description of more than three words, which may well use others than the label does.
    """
    rows = _labelled(regions, batch)
    pairs = rows.select("prompt", "label").unique(maintain_order=True)
    fits = [names(asked_for(prompt), label) for prompt, label in pairs.iter_rows()]
    pairs = pairs.with_columns(fits=pl.Series(fits, dtype=pl.Float64))
    measured = rows.join(pairs, on=["prompt", "label"], how="left", maintain_order="left").select("row", "fits")
    every = regions.select(row=pl.int_range(pl.len()))
    return every.join(measured, on="row", how="left", maintain_order="left")["fits"]


@naming(unit="regions", dtype="int64", version=2)
def label_count_gap(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """How far a number in the text ("three dogs") is from the boxes of that label; of several labels, the worst.

    Numbers in digits or words (two to twenty), right before the label, in the prompt or the answer. Where several
    are given for a label, the largest, or their sum. Null where no number stands before a label.
    """
    rows = _labelled(batch.region, batch)
    boxes = pl.col("shape") != "point"
    counts = rows.group_by("sample", "label", maintain_order=True).agg(
        number=pl.when(boxes.any()).then(boxes.sum()).otherwise(pl.len()).cast(pl.Int64), said=pl.col("said").first()
    )
    counts = counts.filter(pl.col("said").str.contains(_NUMBER))
    gaps = [count_gap(said, label, number) for label, number, said in counts.select("label", "number", "said").rows()]
    worst = counts.with_columns(gap=pl.Series(gaps, dtype=pl.Int64)).group_by("sample").agg(pl.col("gap").max())
    return samples.select("sample").join(worst, on="sample", how="left", maintain_order="left")["gap"]


@naming(unit="", dtype="bool")
def query_unanswered(samples: pl.DataFrame) -> pl.Series:
    """Whether a grounding answer has neither a region nor a word that tells why; null for other tasks.

    An answer that ends in a colon, where the regions ought to follow, counts as none unless it says that there is
    nothing.
    """
    return _of_grounding(samples, lambda said: _is_silent(said) & ~says_none(said))


@naming(unit="", dtype="bool")
def object_absent(samples: pl.DataFrame) -> pl.Series:
    """Whether a grounding answer says that nothing is there and has no region: a negative; null for other tasks."""
    return _of_grounding(samples, says_none)


# A number of any kind that a count can begin with: most texts have none, and are not looked at again.
_NUMBER = (
    r"(?i)[0-9一二两三四五六七八九十]|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty)\b"
)


def _of_grounding(samples: pl.DataFrame, test: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Whether a grounding sample has no region and an answer that passes the test; null for other tasks."""
    rows = samples.filter((pl.col("task") == "grounding") & (pl.col("region_count") == 0))
    found = rows.select("sample", found=test(rows["answer"].fill_null("").str.slice(0, MOST_CHARS)))
    every = samples.select("sample", "task").join(found, on="sample", how="left", maintain_order="left")
    return every.select(pl.when(pl.col("task") == "grounding").then(pl.col("found").fill_null(False))).to_series()


def _is_silent(answers: pl.Series) -> pl.Series:
    """Whether each says nothing, or ends where something ought to follow."""
    return (answers.str.strip_chars(" \t\r\n`.") == "") | answers.str.contains(r"[:：]\s*$")


def _labelled(regions: pl.DataFrame, batch: Batch) -> pl.DataFrame:
    """The labelled regions of grounding samples: `row` of the frame, sample, shape, label, `prompt` and `said`, which
    is prompt and answer."""
    texts = batch.sample.filter((pl.col("task") == "grounding") & (pl.col("region_count") > 0)).select(
        "sample",
        prompt=pl.col("prompt").str.slice(0, MOST_CHARS),
        said=pl.concat_str(
            pl.col("prompt").str.slice(0, MOST_CHARS),
            pl.col("answer").fill_null("").str.slice(0, MOST_CHARS),
            separator="\n",
        ),
    )
    rows = regions.select(pl.int_range(pl.len()).alias("row"), "sample", "shape", pl.col("label").str.slice(0, 200))
    rows = rows.filter(pl.col("label").str.strip_chars() != "")
    return rows.join(texts, on="sample", how="inner", maintain_order="left")
