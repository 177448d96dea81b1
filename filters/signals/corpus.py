"""How often a source says the same thing: boilerplate shows only over all of a source's rows.

Each function returns a key per sample, null where there is nothing to count; what is counted are a source's equal keys.
"""

from __future__ import annotations

import functools

import polars as pl

from filters.frames import Batch
from filters.signal import signal

corpus = functools.partial(signal, tier="corpus", grain="sample")

_BLANKS, _EDGES = r"\s+", r"^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$"


@corpus(unit="samples", dtype="int64", counts="count", keys="answer")
def same_answer_count(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Samples of the source with this very answer; capitals, spacing and punctuation at the ends aside."""
    return _keys(batch, "answer")


@corpus(unit="share", counts="share", keys="answer")
def same_answer_share(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the source's samples with a text as answer that have this very one, compared as same_answer_count."""
    return _keys(batch, "answer")


@corpus(unit="samples", dtype="int64", counts="count", keys="prompt")
def same_prompt_count(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Samples of the source with this very prompt; the same prompt for every image is normal."""
    return _keys(batch, "prompt")


@corpus(unit="share", counts="share", keys="prompt")
def same_prompt_share(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the source's samples with a prompt that have this very one."""
    return _keys(batch, "prompt")


@corpus(unit="answers", dtype="int64", counts="distinct", keys="answer")
def distinct_answers(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Different answers of the source, compared as in same_answer_count: a template shows as very few."""
    return _keys(batch, "answer")


def _keys(batch: Batch, column: str) -> pl.Series:
    """Lower case, single spaces, without punctuation at the ends; null where nothing is left."""

    def compute() -> pl.Series:
        plain = pl.col(column).str.to_lowercase().str.replace_all(_BLANKS, " ").str.replace_all(_EDGES, "")
        kept = pl.when(plain != "").then(plain)
        return batch.sample.select(kept).to_series()

    return batch.once(f"key {column}", compute)
