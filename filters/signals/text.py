"""How much text there is, and what it is made of.

Each function gets one row per sample: prompt (all user text), answer (all assistant text; null where the answer holds
regions or actions and no text), text (every role's), turns; texts of one turn are joined without a separator, turns by
a line break. A ratio of an empty text is null.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import polars as pl

from filters.frames import Batch
from filters.reading.characters import BLANK, CAPITALS, CASED, LETTERS, SCRIPTS, WORDLIKE, Characters, chunked
from filters.signal import divide, signal

text = functools.partial(signal, tier="text", grain="sample")

_URL = r"(?i)\b(?:https?://|www\.)\S+"


@text(unit="characters", dtype="int64")
def prompt_chars(samples: pl.DataFrame) -> pl.Series:
    """Unicode characters of all user text."""
    return samples["prompt"].str.len_chars()


@text(unit="words", dtype="int64")
def prompt_words(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Words of all user text, counted as those of the answer are."""
    return prompts(batch)["words"]


@text(unit="lines", dtype="int64")
def prompt_lines(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Lines of all user text that are not blank."""
    return prompts(batch)["lines"]


@text(unit="characters", dtype="int64")
def answer_chars(samples: pl.DataFrame) -> pl.Series:
    """Unicode characters of all assistant text."""
    return samples["answer"].str.len_chars()


@text(unit="words", dtype="int64")
def answer_words(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Words of all assistant text; each Chinese character or Japanese kana counts as one word.

    Elsewhere a word is what stands between spaces and holds a letter or digit, so that Korean is counted by its spaces
    and Thai, which has none, comes out too low.
    """
    return answers(batch)["words"]


@text(unit="lines", dtype="int64")
def answer_lines(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Lines of all assistant text that are not blank."""
    return answers(batch)["lines"]


@text(unit="turns", dtype="int64")
def turn_count(samples: pl.DataFrame) -> pl.Series:
    """Number of turns, of any role."""
    return samples["turns"]


@signal(tier="text", grain="turn", unit="characters", reducer="min", dtype="int64")
def shortest_answer_chars(turns: pl.DataFrame) -> pl.Series:
    """Characters of the shortest assistant turn: 0 shows an empty answer amid others.

    A turn that holds regions or actions and no text is left out.
    """
    return turns.select(pl.when(pl.col("role") == "assistant").then(pl.col("text").str.len_chars())).to_series()


@text(unit="share", source="after Data-Juicer special_characters_filter, but spaces and digits are not special here")
def special_char_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the answer's characters that are no letter, mark, number or space of any script (punctuation counts)."""
    return _share(batch, "special")


@text(unit="share", source="Data-Juicer alphanumeric_filter: at least 0.25; letters of any script count, and marks")
def alnum_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the answer's characters that are letters, marks or numbers of any script."""
    return _share(batch, "alnum")


@text(unit="share")
def digit_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the answer's characters that are decimal digits of any script."""
    return _share(batch, "digits")


@text(unit="share", source="after Data-Juicer whitespace_ratio")
def whitespace_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the answer's characters that are spaces, tabs or line breaks."""
    return _share(batch, "blank")


@text(unit="share")
def emoji_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the answer's characters that are emoji."""
    return _share(batch, "emoji")


@text(unit="share")
def upper_case_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of capitals among the answer's Latin, Cyrillic and Greek letters; null where it has none of them."""
    table = answers(batch)
    return divide(table["capitals"], table["cased"])


@text(unit="characters", source="Gopher keeps documents with 3 to 10, Rae et al. 2021")
def mean_word_chars(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Mean length of the answer's words, with the punctuation that clings to them; null where it has none."""
    table = answers(batch)
    return divide(table["word_chars"], table["words"])


@text(unit="share", source="NeMo Curator: at most 0.2")
def url_ratio(samples: pl.DataFrame) -> pl.Series:
    """Share of the answer's characters that belong to web addresses."""
    answer = samples["answer"]
    return divide(
        answer.str.len_chars().cast(pl.Int64) - answer.str.replace_all(_URL, "").str.len_chars(), answer.str.len_chars()
    )


def answers(batch: Batch) -> pl.DataFrame:
    """What `counted` finds in each sample's answer, null where it is: computed once for all signals."""
    return _counted(batch, "answer")


def prompts(batch: Batch) -> pl.DataFrame:
    """What `counted` finds in each sample's prompt: computed once for all signals."""
    return _counted(batch, "prompt")


def _counted(batch: Batch, column: str) -> pl.DataFrame:
    return batch.once(f"counted {column}", lambda: chunked(batch.sample[column], counted))


def counted(texts: Characters) -> dict[str, np.ndarray[Any, Any]]:
    """Words, lines and characters by kind of each text, and its letters by script (capitals included), by column."""
    first, last = texts.words
    rows = texts.of_rows(texts.words)
    scripts = {name: texts.count((name, f"{name} capital")) for name in SCRIPTS}
    return {
        "chars": texts.lengths,
        "words": np.bincount(rows, minlength=len(texts)),
        "word_chars": np.bincount(rows, last - first, minlength=len(texts)).astype(np.int64),
        "lines": np.bincount(texts.of_rows(texts.lines), minlength=len(texts)),
        "special": texts.count(("special", "stop", "emoji")),
        "alnum": texts.count((*WORDLIKE, "mark")),
        "digits": texts.count(("digit",)),
        "blank": texts.count(BLANK),
        "emoji": texts.count(("emoji",)),
        "capitals": texts.count(CAPITALS),
        "cased": texts.count((*CASED, *CAPITALS)),
        "letters": texts.count(LETTERS),
        **scripts,
    }


def _share(batch: Batch, column: str) -> pl.Series:
    table = answers(batch)
    return divide(table[column], table["chars"])
