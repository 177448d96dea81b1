"""The vocabulary of labels: how often each occurs among the regions of its source.

Each function gets one row per region and gives its label as the key that is counted: without case, and with single
spaces. Regions without a label have no key.
"""

from __future__ import annotations

import functools

import polars as pl

from filters.signal import signal

label = functools.partial(signal, tier="corpus", grain="region", keys="label")


@label(unit="regions", reducer="min", dtype="int64", counts="count")
def label_frequency(regions: pl.DataFrame) -> pl.Series:
    """How many regions of the source carry the sample's rarest label; 1 may be a slip of the pen."""
    return _key(regions)


@label(unit="share", reducer="max", counts="share")
def label_share(regions: pl.DataFrame) -> pl.Series:
    """Share of the source's labelled regions that carry the sample's most common label: near 1, nothing to tell."""
    return _key(regions)


@label(unit="labels", reducer="max", dtype="int64", counts="distinct")
def label_vocabulary(regions: pl.DataFrame) -> pl.Series:
    """How many different labels the source has."""
    return _key(regions)


def _key(regions: pl.DataFrame) -> pl.Series:
    words = pl.col("label").str.to_lowercase().str.strip_chars().str.replace_all(r"\s+", " ")
    return regions.select(pl.when(words != "").then(words).alias("label")).to_series()
