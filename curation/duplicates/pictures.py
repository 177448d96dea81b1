"""Near-duplicate pictures: candidates by their hashes, confirmed on the pictures themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from curation.duplicates.edges import EDGE, EDGES, Checkpoint, Task
from curation.duplicates.search import Candidates, candidates, id_of, parts_for
from curation.media import MediaStore
from filters.neighbours import Entries, picture_entries
from filters.same_picture import SIDE, compare
from model.image import ImageError, Pixels, decode_reduced

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ENTRIES = 90  # that a picture has in the search, at most
_TO_A_TASK = 64  # pairs, at least
_HELD = 24  # decoded pictures that a worker keeps: a picture stands in several pairs, which follow each other


def picture_candidates(pictures: DataFrame, most_bits: int, mirrored: bool, checkpoint: Checkpoint) -> Candidates:
    """Pairs of `pictures` (pixels, sha256, phash, window_phashes) with near hashes, of the whole, of cuts or halves."""
    hashed = pictures.select(id_of("pixels").alias("id"), "phash", "window_phashes")
    parts = parts_for(pictures.count(), ENTRIES)
    found = candidates(hashed, functools.partial(_entries, mirrored=mirrored), most_bits, parts, checkpoint, "pictures")
    ends = [
        pictures.select(
            id_of("pixels").alias(end),
            pictures["pixels"].alias(f"pixels_{end}"),
            pictures["sha256"].alias(f"sha256_{end}"),
        )
        for end in ("a", "b")
    ]
    named = found.pairs.join(ends[0], "a").join(ends[1], "b").where("pixels_a <> pixels_b")
    return Candidates(named, found.stood_for, found.crowded)


def _entries(table: pa.Table, mirrored: bool) -> Entries:
    ids = table.column("id").to_numpy().view(np.uint64)
    return picture_entries(ids, table.column("phash").to_pylist(), table.column("window_phashes").to_pylist(), mirrored)


def confirmed_pictures(pairs: DataFrame, media: MediaStore) -> DataFrame:
    """The edges among candidate pairs that show one picture."""
    spark = pairs.sparkSession
    tasks = min(4 * spark.sparkContext.defaultParallelism, -(-pairs.count() // _TO_A_TASK) or 1)
    wanted = ["sha256_a", "sha256_b", "pixels_a", "pixels_b", "bits", "mirrored"]
    dealt = pairs.select(*wanted).repartition(tasks, "pixels_a").sortWithinPartitions("pixels_a", "pixels_b")
    return dealt.mapInArrow(_confirm_task(media), EDGES)


def _confirm_task(media: MediaStore) -> Task:
    url, access = media.url, media.access  # a store holds a lock, which does not travel

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        store = MediaStore(url, access)

        @functools.lru_cache(maxsize=_HELD)
        def picture(sha256: str) -> Pixels:
            return decode_reduced(store.get(sha256), None, SIDE).rgb

        for batch in batches:
            edges = [edge for row in batch.to_pylist() if (edge := _edge(row, picture))]
            yield pa.RecordBatch.from_pylist(edges, schema=EDGE)

    return run


def _edge(row: dict[str, Any], picture: Callable[[str], Pixels]) -> dict[str, Any] | None:
    """The edge of two pictures that are one; also as mirror images, where they were found so."""
    try:
        first, second = picture(row["sha256_a"]), picture(row["sha256_b"])
    except ImageError:  # it could be measured, at less than SIDE pixels
        return None
    if row["mirrored"]:
        second = np.ascontiguousarray(second[:, ::-1])
    found = compare(first, second)
    if not found.same:
        return None
    a, b = sorted((row["pixels_a"], row["pixels_b"]))
    how = "mirrored; " if row["mirrored"] else ""
    return {
        "a": a,
        "b": b,
        "kind": "mirrored_image" if row["mirrored"] else "near_image",
        "bits": row["bits"],
        "similarity": round(1 - found.differing / found.blocks, 4),
        "detail": f"{how}hashes of the pictures or of parts of them differ in {row['bits']} of 64 bits; {found.why}",
    }
