"""From the units of a sample to the sample: what is measured of its images, pairs of screens and counted keys."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import pyarrow as pa

from filters.signal import Signal

Value = float | int | str | None


def reduce_units(signal: Signal, values: Iterable[Value]) -> Value | list[Value]:
    """A sample's value out of those of its units, in their order.

    Strings of the pixels tier come as a list, one for each image (None where it could not be measured); numbers by the
    signal's reducer without those that are None. None where nothing is left.
    """
    units = list(values)
    if signal.listed:
        return units or None  # type: ignore[return-value]
    known = [each for each in units if each is not None]
    if not known:
        return None
    if signal.reducer == "first":
        return known[0]
    if signal.reducer == "mean":
        return exact_mean(known)  # type: ignore[arg-type]
    return (min if signal.reducer == "min" else max)(known)  # type: ignore[type-var]


def exact_mean(values: Collection[float]) -> float | None:
    """The mean by exact summation, None of nothing: a usual sum rounds by the order of its values, a vectorised one by
    where they happen to lie in memory, and with that by the row's neighbours."""
    return math.fsum(values) / len(values) if values else None


def corpus_value(signal: Signal, count: int, total: int, distinct: int) -> float | int:
    """The value of a key that occurs `count` times among a source's `total` keys, of which `distinct` differ."""
    return {"count": count, "share": count / total, "distinct": distinct}[signal.counts]


def count_corpus(keys: pa.Table, sources: Sequence[str], signals: Sequence[Signal]) -> list[dict[str, Value]]:
    """The corpus signals' values, one dict for each row of `keys` (`filters.measuring.corpus_keys`).

    A key is counted over the rows of the same source, and these rows are the corpus: what they leave out is not seen.
    """
    rows: list[dict[str, Value]] = [{} for _ in sources]
    for counted in dict.fromkeys(signal.counted for signal in signals):
        found: list[list[str]] = keys.column(counted).to_pylist()
        counts: dict[str, Counter[str]] = {}
        for source, units in zip(sources, found, strict=True):
            counts.setdefault(source, Counter()).update(units)
        totals = {source: counter.total() for source, counter in counts.items()}
        for signal in (each for each in signals if each.counted == counted):
            for row, source, units in zip(rows, sources, found, strict=True):
                counter = counts[source]
                values = [corpus_value(signal, counter[key], totals[source], len(counter)) for key in units]
                reduced = reduce_units(signal, values)
                assert not isinstance(reduced, list)
                row[signal.name] = reduced
    return rows
