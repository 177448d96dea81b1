"""Near hashes on Spark: every bucket of the search comes together in one task, as bytes.

A million pictures make ninety million entries; as rows of a frame they would cost more than the search. So each task
sorts its entries by part and hands a part on as one value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from curation.duplicates.edges import Checkpoint
from curation.writing import gathered
from filters.neighbours import Entries, joined, near

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_ROWS, _BYTES = 8192, 16_000_000  # contents that become entries at a time
_FOUND = "asker bigint, held bigint, bits int, mirrored boolean, stood_for bigint, crowded bigint"
_NAMES = [column.split()[0] for column in _FOUND.split(", ")]


@dataclass(frozen=True)
class Candidates:
    """`pairs` (a, b, bits, mirrored): ids a < b, each pair once, as near as it was found. `stood_for` and `crowded` say
    what was not compared with all: see `filters.neighbours.Near`."""

    pairs: DataFrame
    stood_for: int
    crowded: int


def id_of(name: str) -> Any:
    """The first 16 hex digits of a column as a bigint; base -10 is how `conv` says signed. Equal ids of different
    contents do no harm: both are looked at where either is near."""
    from pyspark.sql import functions as F

    return F.conv(F.substring(name, 1, 16), 16, -10).cast("bigint")


def candidates(
    contents: DataFrame,
    make: Callable[[pa.Table], Entries],
    most_bits: int,
    parts: int,
    checkpoint: Checkpoint,
    name: str,
) -> Candidates:
    """Pairs of `contents` whose hashes share a bucket and differ in `most_bits` or fewer.

    `make` gives the entries of a table of contents. `parts` is how many pieces the buckets are dealt to, one in memory
    at a time. `checkpoint(frame, name)` writes a frame and gives it back as read.
    """
    from pyspark.sql import functions as F

    def scatter(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in gathered(batches, _ROWS, _BYTES):
            entries = make(table)
            part = entries["bucket"] % parts
            order = np.argsort(part, kind="stable")
            numbers, starts = np.unique(part[order], return_index=True)
            pieces = np.split(entries[order], starts[1:])
            yield pa.RecordBatch.from_arrays(
                [pa.array(numbers.astype(np.int32)), pa.array([piece.tobytes() for piece in pieces], pa.binary())],
                ["part", "entries"],
            )

    def search(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = ((part, data) for batch in batches for part, data in zip(*_lists(batch), strict=True))
        for _, mine in groupby(rows, key=lambda row: row[0]):
            found = near(joined([data for _, data in mine]), most_bits)
            yield _batch(found.pairs, found.stood_for, found.crowded)

    tasks = min(parts, 4 * contents.sparkSession.sparkContext.defaultParallelism)
    dealt = contents.mapInArrow(scatter, "part int, entries binary").repartition(tasks, "part")
    found = checkpoint(dealt.sortWithinPartitions("part").mapInArrow(search, _FOUND), name)
    counts = found.agg(F.sum("stood_for").alias("stood_for"), F.sum("crowded").alias("crowded")).first()
    assert counts
    best = F.min(F.struct("bits", "mirrored")).alias("best")
    ends = [F.least("asker", "held").alias("a"), F.greatest("asker", "held").alias("b")]
    pairs = found.where("asker is not null").select(*ends, "bits", "mirrored").groupBy("a", "b").agg(best)
    return Candidates(pairs.select("a", "b", "best.*"), counts["stood_for"] or 0, counts["crowded"] or 0)


def parts_for(count: int, entries_each: int) -> int:
    """So many parts that one holds about a million entries, 21 MB."""
    return max(1, -(-count * entries_each // 1_000_000))


def _lists(batch: pa.RecordBatch) -> tuple[list[int], list[bytes]]:
    return batch.column("part").to_pylist(), batch.column("entries").to_pylist()


def _batch(pairs: Entries, stood_for: int, crowded: int) -> pa.RecordBatch:
    """The pairs, and a row with the counts."""
    ids = [
        pa.array([*np.ascontiguousarray(pairs[name]).view(np.int64), None], pa.int64()) for name in ("asker", "held")
    ]
    counts = [pa.array([0] * len(pairs) + [count], pa.int64()) for count in (stood_for, crowded)]
    bits = pa.array([*pairs["bits"].tolist(), None], pa.int32())
    mirrored = pa.array([*pairs["mirrored"].tolist(), None], pa.bool_())
    return pa.RecordBatch.from_arrays([*ids, bits, mirrored, *counts], _NAMES)
