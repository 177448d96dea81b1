"""What an evaluation's records say together: values by task and by source, how sure they are, and whether two
checkpoints differ. No model and no torch.

A record is a row's result: `row_id`, `source`, `task`, `scores` (name to 0..1), and where there are any `nll` and
`weight` (of its tokens) and `errors` (name to (edits, length)). Every metric is a sum over a sum: of scores over rows,
of losses over the weight of tokens, of edits over length. Intervals come from the bootstrap (Efron and Tibshirani
1993): rows are drawn with replacement and the metric is computed anew, so they say how much other rows like these would
change it. Rows that share a picture count as independent, which makes intervals too narrow where many do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

RESAMPLES, SEED = 1_000, 17
_ENDS = (2.5, 97.5)  # percentiles of a 95 % interval
_AT_ONCE = 2_000_000  # drawn rows that are held in memory

Record = Mapping[str, Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parts:
    """What each row adds to a metric above and below the line; three lists of one length."""

    rows: list[str]
    above: list[float]
    below: list[float]

    @property
    def value(self) -> float:
        """NaN where there is nothing to be divided by."""
        below = sum(self.below)
        return sum(self.above) / below if below > 0 else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A metric of another checkpoint less that of the first, over the rows that both have, with its 95 % interval."""

    value: float
    low: float
    high: float
    rows: int

    @property
    def certain(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def parts(records: Iterable[Record]) -> dict[str, Parts]:
    """Each metric's parts: `loss` over all rows, and `<task>/<name>` for every loss, score and error of a task."""
    found: dict[str, Parts] = defaultdict(lambda: Parts([], [], []))
    for record in records:
        for name, above, below in _fractions(record):
            into = found[name]
            into.rows.append(record.get("row_id", ""))
            into.above.append(above)
            into.below.append(below)
    return dict(found)


def _fractions(record: Record) -> Iterable[tuple[str, float, float]]:
    task = record["task"]
    if "nll" in record:
        yield "loss", record["nll"], record["weight"]
        yield f"{task}/loss", record["nll"], record["weight"]
    for name, value in record["scores"].items():
        yield f"{task}/{name}", value, 1.0
    for name, (count, of) in record.get("errors", {}).items():
        yield f"{task}/{name}", count, of


def summarise(records: Sequence[Record]) -> dict[str, float]:
    """`rows` and `loss` of all, and by task `<task>/rows` and each metric. A metric that has nothing to be divided by
    is left out: an error rate against empty references."""
    counts: dict[str, float] = {"rows": float(len(records))}
    for record in records:
        name = f"{record['task']}/rows"
        counts[name] = counts.get(name, 0.0) + 1
    values = {name: each.value for name, each in parts(records).items() if sum(each.below) > 0}
    return dict(sorted((counts | values).items()))


def by_source(records: Sequence[Record]) -> dict[str, dict[str, float]]:
    """`summarise` for each source alone."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        groups[record["source"]].append(record)
    return {source: summarise(groups[source]) for source in sorted(groups)}


def intervals(records: Sequence[Record]) -> dict[str, list[float]]:
    """[low, high] of each metric: the 95 % percentile bootstrap interval of 1,000 resamples, the same for the same
    rows. Metrics of fewer than two rows have none."""
    found = {}
    for name, each in sorted(parts(_ordered(records)).items()):
        if len(each.rows) > 1 and sum(each.below) > 0:
            drawn = _resampled(np.array([each.above, each.below], dtype=np.float64))
            found[name] = _ends(_divided(drawn[0], drawn[1]))
    return found


def differences(first: Sequence[Record], other: Sequence[Record]) -> dict[str, Difference]:
    """How a checkpoint differs from the first, metric by metric, by the paired bootstrap: both are measured on the same
    drawn rows, so that how hard a row is does not count as a difference. Metrics with fewer than two shared rows are
    left out."""
    ours, theirs = parts(_ordered(first)), parts(_ordered(other))
    found = {}
    for name in sorted(ours.keys() & theirs.keys()):
        pairs = _paired(ours[name], theirs[name])
        if pairs.shape[1] > 1 and pairs[1].sum() and pairs[3].sum():
            drawn, whole = _resampled(pairs), pairs.sum(axis=1)
            low, high = _ends(_divided(drawn[2], drawn[3]) - _divided(drawn[0], drawn[1]))
            value = float(whole[2] / whole[3] - whole[0] / whole[1])
            found[name] = Difference(value=value, low=low, high=high, rows=pairs.shape[1])
    return found


def _ordered(records: Sequence[Record]) -> list[Record]:
    """In the order of their ids, so that the same rows are drawn whatever order they come in."""
    return sorted(records, key=lambda record: (record["task"], record["row_id"]))


def _paired(first: Parts, other: Parts) -> Floats:
    """[4, rows] of the shared rows: above and below the line of the first, then of the other."""
    theirs = {row: place for place, row in enumerate(other.rows)}
    shared = [(place, theirs[row]) for place, row in enumerate(first.rows) if row in theirs]
    columns = [(first.above[mine], first.below[mine], other.above[their], other.below[their]) for mine, their in shared]
    return np.array(columns, dtype=np.float64).reshape(-1, 4).T


def _resampled(values: Floats) -> Floats:
    """[k, RESAMPLES] sums of the k series in `values` [k, rows], each over as many rows, drawn with replacement."""
    rows = values.shape[1]
    generator = np.random.default_rng(SEED)
    sums, left = [], RESAMPLES
    while left:
        some = max(1, min(left, _AT_ONCE // rows))
        sums.append(values[:, generator.integers(0, rows, (some, rows))].sum(axis=2))
        left -= some
    return np.concatenate(sums, axis=1)


def _divided(above: Floats, below: Floats) -> Floats:
    """NaN where a draw has nothing below the line."""
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def _ends(values: Floats) -> list[float]:
    low, high = np.nanpercentile(values, _ENDS)
    return [float(low), float(high)]
