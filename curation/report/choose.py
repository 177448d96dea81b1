"""Which few rows a page shows of many: drawn by the hash of their ids, so that the same run shows the same rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def place(row_id: str) -> str:
    """A row's place in the order of hashes."""
    return hashlib.sha256(row_id.encode("utf-8", "surrogatepass")).hexdigest()


def spread(rows: Iterable[T], most: int, row_id: Callable[[T], str], group: Callable[[T], Any]) -> list[T]:
    """At most `most` rows in hash order, taken in turn from each group, so that a small group is seen too."""
    seen: dict[Any, int] = {}
    turns = []
    for row in sorted(rows, key=lambda row: place(row_id(row))):
        turn = seen[group(row)] = seen.get(group(row), 0) + 1
        turns.append((turn, row))
    return [row for _, row in sorted(turns, key=lambda pair: pair[0])[:most]]  # a stable sort keeps the hashes' order


def nearest(
    rows: Sequence[tuple[str, float]], low: float | None, high: float | None, most: int
) -> list[tuple[str, float]]:
    """Of (row id, value), the values that lie nearest to a rule's bound, on whichever side."""
    bounds = [bound for bound in (low, high) if bound is not None]
    return sorted(rows, key=lambda row: (min(abs(row[1] - bound) for bound in bounds), place(row[0])))[:most]
