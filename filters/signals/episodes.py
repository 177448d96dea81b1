"""What an agent's episode tells as a whole: its instruction, thoughts and typed words, how it ends and whether it
succeeded.

Success is what the source says, as a tag of the sample: `success` or `failure`. Texts are compared by words without
case, Chinese by the character, in their first 4,000 characters.
"""

from __future__ import annotations

import functools
import json

import polars as pl

from filters.frames import Batch
from filters.reading.typed import asked_to_type, is_written_out, supported
from filters.signal import signal

episode = functools.partial(signal, tier="text", grain="sample")
step = functools.partial(signal, tier="text", grain="step")

_MOST_CHARS = 4_000
_ENDS = ("terminate", "answer")


@episode(unit="characters", dtype="int64")
def instruction_chars(samples: pl.DataFrame) -> pl.Series:
    """Characters that an agent is told, white space aside: all user text of a sample with steps; null without steps."""
    rows = samples.filter(pl.col("step_count") > 0).select(
        "sample", bare=pl.col("prompt").str.replace_all(r"\s+", "").str.len_chars().cast(pl.Int64)
    )
    return samples.select("sample").join(rows, on="sample", how="left", maintain_order="left")["bare"]


@step(unit="share", reducer="mean")
def thoughtless_step_ratio(steps: pl.DataFrame) -> pl.Series:
    """Share of steps without a thought; 1 where a source has none at all."""
    return steps.select((pl.col("thought").str.strip_chars() == "").cast(pl.Float64)).to_series()


@step(unit="share", reducer="mean")
def thought_on_topic_ratio(steps: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of thoughts that share a word of four letters, or a Chinese character, with instruction or target label.

    A weak sign: a good thought may speak of the next menu in its own words. Null for steps without a thought.
    """
    told = batch.sample.select("sample", told=_words(pl.col("prompt")))
    rows = steps.select("sample", "thought", label=pl.concat_str(pl.col("target_label"), ignore_nulls=True))
    rows = rows.join(told, on="sample", how="left", maintain_order="left")
    rows = rows.with_columns(thought_words=_words(pl.col("thought")), label_words=_words(pl.col("label").fill_null("")))
    known = pl.col("told").list.set_union("label_words")
    shared = pl.col("thought_words").list.set_intersection(known).list.len() > 0
    return rows.select(pl.when(pl.col("thought").str.strip_chars() != "").then(shared.cast(pl.Float64))).to_series()


@step(unit="share", reducer="mean")
def typed_support_ratio(steps: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of a typed text's words that stand in the instruction, in this or an earlier thought, or on a label.

    Null for addresses and what looks like a password, which are rarely spelt out, and for texts of more than twelve
    words, which the agent composes.
    """
    told = batch.sample.select("sample", "prompt")
    labels = batch.region.group_by("sample", maintain_order=True).agg(
        labels=pl.concat_str("label", "text", separator=" ").str.join(" ")
    )
    rows = _typed(steps)
    thoughts = _said_so_far(steps, rows["sample"])
    rows = rows.join(told, on="sample", how="left", maintain_order="left")
    rows = rows.join(labels, on="sample", how="left", maintain_order="left")
    rows = rows.join(thoughts, on="row", how="left", maintain_order="left")
    shares = [
        supported(typed, " ".join(part[:_MOST_CHARS] for part in (prompt, thought or "", label or "")))
        if is_written_out(typed)
        else None
        for typed, prompt, thought, label in rows.select("typed", "prompt", "thoughts", "labels").iter_rows()
    ]
    found = rows.select("row", share=pl.Series(shares, dtype=pl.Float64))
    every = steps.select(row=pl.int_range(pl.len()))
    return every.join(found, on="row", how="left", maintain_order="left")["share"]


@episode(unit="share")
def typed_as_told_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the texts that the instruction tells to type, in quotes, that some step types.

    Told is what stands in quotes after type, enter, write, fill in, search for or their Chinese equals. Null where
    nothing of the kind is told, or where no step types.
    """
    rows = _typed(batch.step)
    typed = rows.group_by("sample", maintain_order=True).agg(typed=pl.col("typed").str.to_lowercase())
    typing = batch.sample.select("sample", "prompt").join(typed, on="sample", maintain_order="left")
    shares = []
    for prompt, texts in typing.select("prompt", "typed").iter_rows():
        told = asked_to_type(prompt[:_MOST_CHARS])
        done = [any(wanted in text or text in wanted for text in texts if text) for wanted in told]
        shares.append(sum(done) / len(done) if done else None)
    found = typing.select("sample", share=pl.Series(shares, dtype=pl.Float64))
    return samples.select("sample").join(found, on="sample", how="left", maintain_order="left")["share"]


@episode(unit="", dtype="bool")
def episode_failed(samples: pl.DataFrame) -> pl.Series:
    """Whether the source tags the episode as a failure; null where it has neither `success` nor `failure`."""
    failed, succeeded = (pl.col("tags").list.contains(tag) for tag in ("failure", "success"))
    return samples.select(pl.when(failed).then(True).when(succeeded).then(False)).to_series()


@episode(unit="", dtype="bool")
def episode_ends(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether the last step is terminate or answer; null for one step, and where the source tags no outcome.

    Sources that record single clicks, or no outcome, have no such step by nature.
    """
    last = batch.step.group_by("sample").agg(last=pl.col("action").last())
    tagged = pl.col("tags").list.eval(pl.element().is_in(["success", "failure"])).list.any()
    rows = samples.select("sample", "tags", "step_count").join(last, on="sample", how="left", maintain_order="left")
    return rows.select(pl.when(tagged & (pl.col("step_count") > 1)).then(pl.col("last").is_in(_ENDS))).to_series()


@episode(unit="steps", dtype="int64")
def steps_after_end(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Steps that follow the first terminate: the recording went on, or two were joined; null without one."""
    ends = batch.step.filter(pl.col("action") == "terminate").group_by("sample").agg(end=pl.col("step").min())
    rows = samples.select("sample", "step_count").join(ends, on="sample", how="left", maintain_order="left")
    return rows.select(pl.col("step_count") - 1 - pl.col("end")).to_series().cast(pl.Int64)


@episode(unit="", dtype="bool")
def verdict_contradicted(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether the last terminate says success where the source says failure, or the reverse; null if one is silent."""
    status = pl.col("arguments").str.extract(r'"status"\s*:\s*"(success|failure)"')
    ends = batch.step.filter(pl.col("action") == "terminate").group_by("sample").agg(status=status.last())
    rows = samples.select("sample", "tags").join(ends, on="sample", how="left", maintain_order="left")
    other = (
        pl.when(pl.col("status") == "success")
        .then(pl.lit("failure"))
        .when(pl.col("status") == "failure")
        .then(pl.lit("success"))
    )
    known = pl.col("tags").list.eval(pl.element().is_in(["success", "failure"])).list.any()
    return rows.select(pl.when(known & other.is_not_null()).then(pl.col("tags").list.contains(other))).to_series()


def _typed(steps: pl.DataFrame) -> pl.DataFrame:
    """The steps that type, as `row` of the frame, sample and the text that is `typed`."""
    rows = steps.select(pl.int_range(pl.len()).alias("row"), "sample", "action", "arguments")
    rows = rows.filter(pl.col("action") == "type")
    texts = rows["arguments"].map_elements(_text_of, return_dtype=pl.String)
    return rows.select("row", "sample", typed=texts).filter(pl.col("typed").str.strip_chars() != "")


def _text_of(arguments: str) -> str:
    try:
        found = json.loads(arguments)
    except (ValueError, RecursionError):
        return ""
    text = found.get("text") if isinstance(found, dict) else None
    return text if isinstance(text, str) else ""


def _said_so_far(steps: pl.DataFrame, samples: pl.Series) -> pl.DataFrame:
    """For each step of these samples, by `row`, the thoughts up to it, their first 300 characters each."""
    rows = steps.select(pl.int_range(pl.len()).alias("row"), "sample", pl.col("thought").str.slice(0, 300))
    rows = rows.filter(pl.col("sample").is_in(samples.unique().implode()))
    said: list[str] = []
    current = -1
    for sample, thought in rows.select("sample", "thought").iter_rows():
        so_far = said[-1] if said and sample == current else ""
        said.append(f"{so_far} {thought}"[-_MOST_CHARS:])
        current = sample
    return rows.select("row", thoughts=pl.Series(said, dtype=pl.String))


def _words(text: pl.Expr) -> pl.Expr:
    """Words of four letters and more, and Chinese characters, of a text's beginning."""
    return text.str.slice(0, _MOST_CHARS).str.to_lowercase().str.extract_all(r"[\p{L}\p{N}--\p{Han}]{4,}|\p{Han}")
