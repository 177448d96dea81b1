"""How much an answer repeats itself: what loops out of a generator, or out of a template.

Of the turns, the assistant's with a text of their own are measured and the worst one stands for the sample; other turns
are null. The functions get one row per turn, and the batch for what they share.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import polars as pl

from filters.frames import Batch
from filters.reading.answers import answers
from filters.reading.characters import WORDLIKE, Characters, chunked
from filters.reading.repeats import character_windows, divided, longest_run, loops, tally, windows
from filters.signal import signal

turn = functools.partial(signal, tier="text", grain="turn", reducer="max")

_PERIOD = 12  # words
_MIN_WORDS = 10  # below, one phrase is a large share of a text by nature


@turn(unit="share", source="Data-Juicer character_repetition_filter, n = 10, at most 0.5 by its default", version=2)
def char_repetition(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of an answer's 10-character windows that are repeats; 0 where it is shorter than ten characters.

    Of the distinct windows that occur more than once, the most frequent count, at most the square root of the number
    of distinct windows: a long text repeats short phrases by nature.
    """
    return _repeats(batch)["characters"]


@turn(
    unit="share",
    source="Data-Juicer word_repetition_filter (n = 10); n = 5 is Gopher's shortest, Rae et al. 2021",
    version=2,
)
def word_repetition(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of an answer's windows of five words that occur more than once; 0 where it has fewer than five words."""
    return _repeats(batch)["words"]


@turn(unit="share", source="after Gopher's top n-gram, Rae et al. 2021: at most 0.18 of the characters for n = 3")
def top_phrase_ratio(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of an answer's words that its most frequent phrase of three words covers; null under ten words.

    A phrase that occurs once covers nothing. Occurrences may overlap; 1 at most.
    """
    return _repeats(batch)["phrase"]


@turn(unit="characters", dtype="int64")
def longest_char_run(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Longest run of one and the same letter or digit in an answer; rules of dashes or dots do not count."""
    return _repeats(batch)["character_run"]


@turn(unit="words", dtype="int64")
def longest_word_run(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Longest run of one and the same word in an answer, capitals aside: "very very very" is 3."""
    return _repeats(batch)["word_run"]


@turn(unit="times", dtype="int64")
def phrase_loops(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """How often an answer says the same stretch of up to twelve words in a row: a generator that got stuck."""
    return _repeats(batch)["loops"]


@turn(unit="share", source="Gopher's duplicate line fraction, Rae et al. 2021: at most 0.3")
def repeated_line_ratio(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of an answer's lines that repeat an earlier one; blank lines, capitals and indents aside."""
    return _repeats(batch)["lines"]


@turn(unit="share")
def repeated_sentence_ratio(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of an answer's sentences (of twelve characters or more) that repeat an earlier one, capitals aside."""
    return _repeats(batch)["sentences"]


@signal(tier="text", grain="sample", unit="share", source="after Data-Juicer character_repetition_filter, n = 10")
def transcript_repetition(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of 10-character windows of a sample's region texts that repeat earlier ones; null without such texts.

    The texts stand one below the other, so that a line which comes again counts.
    """
    texts = batch.region.filter(pl.col("text").str.strip_chars() != "").group_by("sample", maintain_order=True)
    lines = texts.agg(pl.col("text").str.join("\n"))
    joined = samples.select("sample").join(lines, on="sample", how="left", maintain_order="left")["text"]
    return chunked(joined, lambda characters: {"share": character_windows(characters, 10).surplus()})["share"]


@signal(tier="text", grain="region", unit="times", reducer="max", dtype="int64")
def region_loops(regions: pl.DataFrame) -> pl.Series:
    """How often a region's text or label says the same stretch of up to twelve words in a row."""
    both = pl.DataFrame({"text": _looped(regions["text"]), "label": _looped(regions["label"])})
    return both.select(pl.max_horizontal("text", "label")).to_series()


@signal(tier="text", grain="step", unit="times", reducer="max", dtype="int64")
def thought_loops(steps: pl.DataFrame) -> pl.Series:
    """How often an agent's thought says the same stretch of up to twelve words in a row."""
    return _looped(steps["thought"])


def _looped(texts: pl.Series) -> pl.Series:
    """As `phrase_loops`, of each text; labels repeat, so that each different one is looked at once."""
    different = texts.unique()

    def measure(characters: Characters) -> dict[str, np.ndarray[Any, Any]]:
        rows, words = characters.of_rows(characters.words), characters.hashes(characters.words)
        return {"times": loops(rows, words, _PERIOD, len(characters))}

    table = pl.DataFrame({"text": different, "times": chunked(different, measure)["times"]})
    return texts.to_frame("text").join(table, on="text", how="left", maintain_order="left")["times"]


def _repeats(batch: Batch) -> pl.DataFrame:
    """One row for each turn, null for turns that are not the assistant's: computed once for all signals."""
    return batch.once("repetition", lambda: chunked(answers(batch.turn, batch), repeats))


def repeats(texts: Characters) -> dict[str, np.ndarray[Any, Any]]:
    """What the signals above say of each text, by column."""
    count, rows, words = len(texts), texts.of_rows(texts.words), texts.hashes(texts.words)
    totals = np.bincount(rows, minlength=count)
    top = windows(rows, words, 3, count).top()
    phrase = np.minimum(divided(np.where(top > 1, 3 * top, 0), totals), 1.0)
    return {
        "characters": character_windows(texts, 10).most_frequent(),
        "words": windows(rows, words, 5, count).repeated(),
        "phrase": np.where(totals < _MIN_WORDS, np.nan, phrase),
        "character_run": longest_run(texts.rows, texts.codes, count, texts.are(WORDLIKE)),
        "word_run": longest_run(rows, words, count),
        "loops": loops(rows, words, _PERIOD, count),
        "lines": tally(texts.of_rows(texts.lines), texts.hashes(texts.lines), count).surplus(),
        "sentences": tally(texts.of_rows(texts.sentences), texts.hashes(texts.sentences), count).surplus(),
    }
