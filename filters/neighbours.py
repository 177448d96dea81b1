"""Which 64-bit hashes are near each other, without comparing all with all: those that share a bucket are compared.

A picture's hash is cut into bands, a text's signature into bands of minima; each band names a bucket. Inside a bucket
faiss counts differing bits. A bucket that very many share (one caption with a running number, a still film) can't make
the work quadratic: of equal hashes the first two stand for all, and each asker gets its nearest few.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from filters.phash import HALVES, WINDOWS
from filters.reading.faiss import faiss_library

BANDS = 6  # of a picture's hash, of 10 or 11 bits
STAND_FOR = 2  # pictures or texts that stand for all of one bucket with the same hash (platform default)
NEAREST = 32  # that are looked at for one asker in one bucket (platform default)

ENTRY = np.dtype([("bucket", "<u4"), ("id", "<u8"), ("hash", "<u8"), ("role", "u1")])
ASKS, HELD, MIRRORED = 1, 2, 4  # roles: it looks for neighbours, it is found as one, it asks with its mirror image
PAIR = np.dtype([("asker", "<u8"), ("held", "<u8"), ("bits", "u1"), ("mirrored", "?")])

_FEW = 4096  # comparisons in a bucket, below which a call of faiss costs more than they do
_AT_ONCE = 4_000_000  # comparisons

Entries = npt.NDArray[Any]
Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Near:
    """`pairs` of PAIR, each once; how many entries another with the same hash `stood_for`; how many askers had more
    neighbours in a bucket than are looked at (`crowded`)."""

    pairs: Entries
    stood_for: int
    crowded: int


def found_with_probability(bits: int, bands: int = BANDS) -> float:
    """The share of hashes at this distance that agree in a band, where any bits differ as often as any others: 1 up to
    5, 0.981 at 6, 0.932 at 7, 0.856 at 8 for six bands."""
    edges = [64 * band // bands for band in range(bands + 1)]
    ways = [1]  # ways[k]: to choose k bits of the bands so far, at least one of each
    for width in (end - start for start, end in itertools.pairwise(edges)):
        chosen = [0, *(math.comb(width, k) for k in range(1, width + 1))]
        ways = [
            sum(ways[k] * chosen[total - k] for k in range(max(0, total - width), min(total, len(ways) - 1) + 1))
            for total in range(bits + 1)
        ]
    return 1 - ways[bits] / math.comb(64, bits)


def band_buckets(hashes: Hashes, slot: int = 0) -> npt.NDArray[np.uint32]:
    """The buckets of each hash [n], uint32 [n, BANDS]. Hashes of different `slot`s share none."""
    edges = [64 * band // BANDS for band in range(BANDS + 1)]
    found = np.empty((len(hashes), BANDS), dtype=np.uint32)
    for band in range(BANDS):
        width = edges[band + 1] - edges[band]
        key = (hashes >> np.uint64(64 - edges[band + 1])) & np.uint64((1 << width) - 1)
        found[:, band] = key.astype(np.uint32) | np.uint32((slot * BANDS + band) << 11)
    return found


def entries_of(ids: Hashes, hashes: Hashes, buckets: npt.NDArray[np.uint32], role: int) -> Entries:
    """One entry for each of a hash's buckets [n, k]."""
    count, width = buckets.shape
    found = np.empty(count * width, dtype=ENTRY)
    found["bucket"] = buckets.ravel()
    found["id"], found["hash"] = np.repeat(ids, width), np.repeat(hashes, width)
    found["role"] = role
    return found


def picture_entries(
    ids: Hashes, phashes: Sequence[str | None], windows: Sequence[str], mirrored: bool = True
) -> Entries:
    """The entries of pictures [n] by the signals `phash` and `window_phashes`.

    A picture asks with its own hash and its mirror image's, and is held with its own and those of the cuts from it: a
    cut picture finds its original. Halves ask for the same halves. A hash that is not there takes no part, nor do
    mirror images but where `mirrored`.
    """
    given = "".join((whole or "-" * 16) + rest for whole, rest in zip(phashes, windows, strict=True))
    width = 2 + len(WINDOWS) + len(HALVES)
    texts = np.array([given[at : at + 16] for at in range(0, len(given), 16)]).reshape(-1, width)
    there = texts != "-" * 16
    parsed = np.frombuffer(bytes.fromhex(given.replace("-", "0")), dtype=">u8").astype(np.uint64).reshape(-1, width)
    cuts, halves = 1 + len(WINDOWS), len(HALVES)
    roles = [(0, 0, ASKS | HELD), *([(width - 1, 0, ASKS | MIRRORED)] if mirrored else [])]
    roles += [(place, 0, HELD) for place in range(1, cuts)]
    roles += [(cuts + half, 1 + half, ASKS | HELD) for half in range(halves)]
    found = []
    for column, slot, role in roles:
        mine = parsed[there[:, column], column]
        found.append(entries_of(ids[there[:, column]], mine, band_buckets(mine, slot), role))
    return np.concatenate(found)


def near(entries: Entries, most_bits: int) -> Near:
    """The pairs of an asker and another that is held in the same bucket, whose hashes differ in `most_bits` or fewer.

    Each bucket must be here as a whole; what is found depends on neither the order of entries nor on other buckets. A
    pair of ids is given once for each direction, with its fewest bits.
    """
    order = np.lexsort((entries["role"], entries["id"], entries["hash"], entries["bucket"]))
    entries = entries[order]
    held = _each_once(entries[(entries["role"] & HELD) > 0])
    askers = entries[(entries["role"] & ASKS) > 0]
    stands = _rank_in_runs(held) < STAND_FOR
    held = held[stands]
    buckets = np.intersect1d(askers["bucket"], held["bucket"])
    asker_at, held_at = (_spans(each["bucket"], buckets) for each in (askers, held))
    small = np.prod([np.diff(asker_at)[:, 0], np.diff(held_at)[:, 0]], axis=0) <= _FEW
    found = [*_compared(askers, held, asker_at[small], held_at[small], most_bits)]
    crowded = 0
    for asks, holds in zip(asker_at[~small], held_at[~small], strict=True):
        pairs, full = _searched(askers[slice(*asks)], held[slice(*holds)], most_bits)
        found.append(pairs)
        crowded += full
    return Near(_once(np.concatenate(found) if found else np.empty(0, PAIR)), int((~stands).sum()), crowded)


def _each_once(held: Entries) -> Entries:
    """Sorted entries without those of an id that stands in the bucket with this hash already: a picture and a cut from
    it may have one hash."""
    new = np.ones(len(held), dtype=bool)
    new[1:] = np.logical_or.reduce([held[name][1:] != held[name][:-1] for name in ("bucket", "hash", "id")])
    return held[new]


def _once(pairs: Entries) -> Entries:
    """Each pair of ids once, with its fewest bits."""
    order = np.lexsort((pairs["mirrored"], pairs["bits"], pairs["held"], pairs["asker"]))
    pairs = pairs[order]
    first = np.ones(len(pairs), dtype=bool)
    first[1:] = (np.diff(pairs["asker"]) != 0) | (np.diff(pairs["held"]) != 0)
    return pairs[first]


def _rank_in_runs(entries: Entries) -> Places:
    """The place of each entry among those of its bucket and hash, which follow each other."""
    new = np.ones(len(entries), dtype=bool)
    new[1:] = (entries["bucket"][1:] != entries["bucket"][:-1]) | (entries["hash"][1:] != entries["hash"][:-1])
    starts = np.flatnonzero(new)
    return np.arange(len(entries)) - np.repeat(starts, np.diff(np.append(starts, len(entries))))


def _spans(sorted_buckets: npt.NDArray[np.uint32], buckets: npt.NDArray[np.uint32]) -> Places:
    """[n, 2]: where each bucket's entries begin and end."""
    return np.stack([np.searchsorted(sorted_buckets, buckets, side) for side in ("left", "right")], axis=1)


def _compared(askers: Entries, held: Entries, asker_at: Places, held_at: Places, most_bits: int) -> Iterator[Entries]:
    """All pairs of small buckets, some buckets at a time."""
    sizes = np.prod([np.diff(asker_at)[:, 0], np.diff(held_at)[:, 0]], axis=0)
    turns = np.cumsum(sizes) // _AT_ONCE
    for turn in np.unique(turns):
        mine = turns == turn  # a slice, as they ascend
        first, second = _products(asker_at[mine], held_at[mine])
        bits = np.bitwise_count(askers["hash"][first] ^ held["hash"][second])
        yield _pairs(askers, held, first, second, bits, most_bits)


def _products(asker_at: Places, held_at: Places) -> tuple[Places, Places]:
    """The places of every asker and every held one of each bucket."""
    widths = np.diff(held_at)[:, 0]
    counts = np.diff(asker_at)[:, 0]
    askers = _ranges(asker_at[:, 0], counts)
    repeats = np.repeat(widths, counts)
    return np.repeat(askers, repeats), _ranges(np.repeat(held_at[:, 0], counts), repeats)


def _ranges(starts: Places, counts: Places) -> Places:
    """start, start + 1, ... for each start, `counts` of them, one after the other."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) - np.repeat(ends - counts, counts) + np.repeat(starts, counts)


def _searched(askers: Entries, held: Entries, most_bits: int) -> tuple[Entries, int]:
    """The nearest few of a large bucket for each of its askers, and how many askers have more than those."""
    index = faiss_library().IndexBinaryFlat(64)
    index.add(_as_bytes(held["hash"]))
    found, crowded = [], 0
    some = max(1, _AT_ONCE // len(held))  # askers at a time, as all of them may be near to all
    for start in range(0, len(askers), some):
        limits, bits, second = index.range_search(_as_bytes(askers["hash"][start : start + some]), most_bits + 1)
        counts = np.diff(limits.astype(np.int64))
        first = start + np.repeat(np.arange(len(counts)), counts)
        order = np.lexsort((second, bits, first))
        ranks = np.arange(len(first)) - np.repeat(limits[:-1].astype(np.int64), counts)
        nearest = order[ranks < NEAREST]
        found.append(_pairs(askers, held, first[nearest], second[nearest], bits[nearest], most_bits))
        crowded += int((counts > NEAREST).sum())
    return np.concatenate(found), crowded


def _pairs(
    askers: Entries, held: Entries, first: Places, second: Places, bits: npt.NDArray[Any], most_bits: int
) -> Entries:
    near = bits <= most_bits
    first, second, bits = first[near], second[near], bits[near]
    others = askers["id"][first] != held["id"][second]
    found = np.empty(int(others.sum()), dtype=PAIR)
    found["asker"], found["held"] = askers["id"][first[others]], held["id"][second[others]]
    found["bits"] = bits[others]
    found["mirrored"] = (askers["role"][first[others]] & MIRRORED) > 0
    return _once(found)


def _as_bytes(hashes: Hashes) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(hashes).view(np.uint8).reshape(-1, 8)


def joined(parts: Sequence[bytes]) -> Entries:
    """Entries out of the bytes of several arrays of them."""
    return np.concatenate([np.frombuffer(part, dtype=ENTRY) for part in parts]) if parts else np.empty(0, ENTRY)
