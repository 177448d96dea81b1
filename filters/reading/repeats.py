"""How much of a text repeats itself, for many texts at once: windows of characters or words, runs, equal sentences.

What is compared are 48-bit hashes of the content. Two different windows of one text share one in about 10^9 texts of a
thousand words, and then on every machine and beside any other text alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from filters.reading.characters import Characters, Flags, Hashes, Integers

Shares = np.ndarray[Any, np.dtype[np.float64]]

_SPREAD = 0xF1357AEA2E62A9C5
_ROW_BITS = 48  # a key is the text's number in the upper 16 bits and the upper 48 of the hash


@dataclass(frozen=True)
class Tally:
    """How often items occur in their text: `rows` and `counts` of the different ones (some that occur once may be left
    out), texts in order, and `total` items of each text."""

    rows: Integers
    counts: Integers
    total: Integers

    def distinct(self) -> Integers:
        """Different items of each text."""
        return self.total - np.bincount(self.rows, self.counts - 1, minlength=len(self.total)).astype(np.int64)

    def repeated(self) -> Shares:
        """Share of each text's items that occur more than once; 0 where there are none."""
        return self._share(np.where(self.counts > 1, self.counts, 0))

    def surplus(self) -> Shares:
        """Share of each text's items that repeat an earlier one; 0 where there are none."""
        return self._share(self.counts - 1)

    def top(self) -> Integers:
        """How often the most frequent item of each text occurs; 0 where there are none."""
        most = np.minimum(self.total, 1)
        np.maximum.at(most, self.rows, self.counts)
        return most

    def most_frequent(self) -> Shares:
        """As `repeated`, but of the different items only the most frequent count, at most the root of their number."""
        twice = self.counts > 1
        rows, counts = self.rows[twice], self.counts[twice]
        order = np.lexsort((-counts, rows))
        rows, counts = rows[order], counts[order]
        within = np.arange(len(rows)) - np.searchsorted(rows, rows)
        counted = within < np.floor(np.sqrt(self.distinct()))[rows]
        return divided(np.bincount(rows[counted], counts[counted], minlength=len(self.total)), self.total)

    def _share(self, weights: Integers) -> Shares:
        return divided(np.bincount(self.rows, weights, minlength=len(self.total)), self.total)


def divided(part: Integers | Shares, whole: Integers) -> Shares:
    """`part` / `whole`, 0 where `whole` is."""
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole != 0)


def tally(rows: Integers, hashes: Hashes, texts: int) -> Tally:
    """Count equal items of the same text; `rows` are the texts' numbers, in order and below 65,536."""
    keys = rows.astype(np.uint64) << np.uint64(_ROW_BITS) | hashes >> np.uint64(64 - _ROW_BITS)
    keys = np.sort(_suspects(keys))
    edges = np.flatnonzero(np.diff(keys, prepend=~keys[:1]))
    return Tally(
        rows=(keys[edges] >> np.uint64(_ROW_BITS)).astype(np.int64),
        counts=np.diff(edges, append=len(keys)),
        total=np.bincount(rows, minlength=texts),
    )


def _suspects(keys: Hashes) -> Hashes:
    """All keys that occur more than once, and a few of the others: sorting what is left is ten times as cheap.

    Each key writes its place into a slot that its bits choose; who finds another's place there shares the slot.
    """
    bits = len(keys).bit_length() + 4
    slots = (keys * np.uint64(_SPREAD) >> np.uint64(64 - bits)).astype(np.int64)
    places, held = np.arange(len(keys), dtype=np.int32), np.empty(1 << bits, dtype=np.int32)
    held[slots] = places
    found = held[slots]
    overwritten = np.flatnonzero(found != places)
    shared = np.zeros(len(keys), dtype=np.bool_)
    shared[overwritten] = shared[found[overwritten]] = True
    return keys[shared]


def character_windows(texts: Characters, size: int) -> Tally:
    """Tally of each text's windows of `size` characters, as they stand."""
    rows = texts.rows
    first = np.flatnonzero(rows[: len(rows) - size] == rows[size:]) if len(rows) > size else np.zeros(0, np.int64)
    return tally(rows[first], _windows(texts.exact_hashes, size)[first], len(texts))


def windows(rows: Integers, hashes: Hashes, size: int, texts: int) -> Tally:
    """Tally of the windows of `size` neighbouring items of the same text."""
    if len(rows) < size:
        return tally(rows[:0], hashes[:0], texts)
    inside = rows[: len(rows) - size + 1] == rows[size - 1 :]
    return tally(rows[: len(inside)][inside], _windows(hashes, size)[inside], texts)


def longest_run(rows: Integers, items: Integers | Hashes, texts: int, counted: Flags | None = None) -> Integers:
    """Length of the longest stretch of equal neighbours in each text, of the `counted` items; 0 where none are."""
    longest = np.minimum(np.bincount(rows if counted is None else rows[counted], minlength=texts), 1)
    equal = (items[1:] == items[:-1]) & (rows[1:] == rows[:-1])
    same = np.flatnonzero(equal if counted is None else equal & counted[1:])
    edges = np.flatnonzero(np.diff(same, prepend=-2) != 1)
    np.maximum.at(longest, rows[same[edges]], np.diff(edges, append=len(same)) + 1)
    return longest


def loops(rows: Integers, hashes: Hashes, longest: int, texts: int) -> Integers:
    """How many times in a row each text says the same stretch of at most `longest` items; 0 where none are."""
    most = np.minimum(np.bincount(rows, minlength=texts), 1)
    for period in range(1, min(longest, len(rows) - 1) + 1):
        same = np.flatnonzero((hashes[period:] == hashes[:-period]) & (rows[period:] == rows[:-period]))
        if len(same) < period:
            continue
        edges = np.flatnonzero(np.diff(same, prepend=-2) != 1)
        np.maximum.at(most, rows[same[edges]], np.diff(edges, append=len(same)) // period + 1)
    return most


def _windows(hashes: Hashes, size: int) -> Hashes:
    """Hash of each window of `size` items: by doubling, so that ten items cost four products."""
    count = max(0, len(hashes) - size + 1)
    total = np.zeros(count, dtype=np.uint64)
    covered, power, width = 0, hashes, 1
    while True:
        if size & width:
            part = power[covered : covered + count]
            total = _join(total, part, width)
            covered += width
        if covered == size or not count:
            return total
        power = _join(power[:-width], power[width:], width)
        width *= 2


def _join(left: Hashes, right: Hashes, width: int) -> Hashes:
    joined = left * np.uint64(0xD1342543DE82EF95 + 2 * width) + right
    return joined ^ joined >> np.uint64(29)
