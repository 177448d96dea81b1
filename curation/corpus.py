"""Corpus signals on Spark: how often a row's text or labels occur among the rows of its source.

The keys were made with the text signals, once per content; they are counted over the rows of a run, so that these
values belong to the run's snapshot of the data and are not remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from filters.catalogue import catalogue
from filters.signal import Signal

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def corpus_signals() -> list[Signal]:
    return [signal for signal in catalogue().values() if signal.tier == "corpus"]


def corpus_values(rows: DataFrame, signals: list[Signal]) -> DataFrame:
    """`row_id` and each signal's value, for the rows that have any key.

    `rows` has row_id, source and a column of keys for each name in `key_columns(signals)`.
    """
    from pyspark.sql import functions as F

    names = key_columns(signals)
    keys = rows.select("row_id", "source", F.explode(F.concat(*map(_entries, names))).alias("k"))
    keys = keys.select("row_id", "source", "k.*")
    counts = keys.groupBy("source", "counted", "key").agg(F.count("*").alias("_count"))
    totals = counts.groupBy("source", "counted").agg(F.sum("_count").alias("_total"), F.count("*").alias("_distinct"))
    units = keys.join(counts, ["source", "counted", "key"]).join(F.broadcast(totals), ["source", "counted"])
    return units.groupBy("row_id").agg(*(_reduced(signal).alias(signal.name) for signal in signals))


def key_columns(signals: list[Signal]) -> list[str]:
    """What the signals count, each once."""
    return list(dict.fromkeys(signal.counted for signal in signals))


def _entries(name: str) -> Column:
    """A row's keys of one kind, each with the name of what is counted."""
    from pyspark.sql import functions as F

    return F.transform(name, lambda key: F.struct(F.lit(name).alias("counted"), key.alias("key")))


def _reduced(signal: Signal) -> Column:
    """The signal's value of the row, from those of its units; see `filters.reducing.corpus_value`."""
    from pyspark.sql import functions as F

    value = {
        "count": F.col("_count"),
        "share": F.col("_count") / F.col("_total"),
        "distinct": F.col("_distinct"),
    }[signal.counts]
    mine = F.when(F.col("counted") == signal.counted, value)
    return F.max(mine) if signal.reducer == "max" else F.min(mine)  # where there is one unit, `first` is either
