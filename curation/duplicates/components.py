"""Connected components on Spark, of any number of edges: nothing grows in memory with their number.

Large-star and small-star take turns until nothing changes, each linking nodes to smaller ones (Kiveris, Lattanzi,
Mirrokni, Rastogi, Vassilvitskii 2014, "Connected Components in MapReduce and Beyond"). A chain of n nodes takes about
log2(n) rounds. Before that each task replaces its own edges by the stars that they amount to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import fsspec
import pyarrow as pa

from curation.contract.table import join
from curation.duplicates.edges import Checkpoint
from curation.store import names_in, read_files
from curation.writing import gathered, write_frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_EDGES = "a string, b string"
_CHUNK = 100_000  # edges that a task holds at a time, in some 50 MB of Python


class _Seen(NamedTuple):
    """Edges without those from a node to itself: equal where the edges are equal, whatever their order."""

    links: int
    hashes: Decimal | None


def components(edges: DataFrame, checkpoint: Checkpoint, most_rounds: int = 50, few: int = _CHUNK) -> DataFrame:
    """`node` and `component`, the smallest node that edges lead to from it, for each node of `edges`.

    `edges` has string columns `a` and `b`, not null, in any order; repeats do no harm, and an edge from a node to
    itself makes it a node. `checkpoint(frame, name)` writes a frame at once and gives it back as read from where it
    lies, so that the plan does not grow with the rounds; the result reads its files. Where each task's contraction
    leaves no more than `few` edges, and no more than 100,000, one task does the rest and there are no rounds.

    Raises:
        RuntimeError: something still changed in the last of `most_rounds`.
    """
    start, before = _written(edges.select("a", "b").mapInArrow(_contract, _EDGES), checkpoint, "start")
    links = start.where("a <> b")
    if before.links <= min(few, _CHUNK):
        return _named(start, links.coalesce(1).mapInArrow(_contract, _EDGES))
    for number in range(1, most_rounds + 1):
        links, after = _written(_small_star(_large_star(links)).distinct(), checkpoint, f"round-{number}")
        if after == before:
            return _named(start, links)
        before = after
    raise RuntimeError(f"the components of a graph still changed in round {most_rounds}")


def _large_star(edges: DataFrame) -> DataFrame:
    """Links the larger neighbours of each node to the smallest one, or to itself where no neighbour is smaller."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    both = edges.selectExpr("stack(2, a, b, b, a) as (a, b)")
    # A window's rows may spill to disk, so that a node may have more neighbours than a list could hold.
    low = F.least("a", F.min("b").over(Window.partitionBy("a")))
    return both.withColumn("low", low).where("b > a").select(F.col("b").alias("a"), F.col("low").alias("b"))


def _small_star(edges: DataFrame) -> DataFrame:
    """Links each node and its smaller neighbours to the smallest of those; in `edges` each `a` is larger than its
    `b`."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    low = edges.withColumn("low", F.min("b").over(Window.partitionBy("a")))
    return low.selectExpr("if(b = low, a, b) as a", "low as b")


def _written(edges: DataFrame, checkpoint: Checkpoint, name: str) -> tuple[DataFrame, _Seen]:
    """Edges read back, and what was seen of them while they were written: no job of its own looks for changes."""
    from pyspark.sql import Observation
    from pyspark.sql import functions as F

    link = F.when(F.col("a") != F.col("b"), F.xxhash64("a", "b")).cast("decimal(38,0)")
    seen = Observation()
    read = checkpoint(edges.observe(seen, F.count(link).alias("links"), F.sum(link).alias("hashes")), name)
    return read, _Seen(**seen.get)


def _named(start: DataFrame, links: DataFrame) -> DataFrame:
    """The component of each node: what it is linked to, or itself where nothing smaller is. The smallest node of a
    component is linked to itself at the start, as it is in every task that has it."""
    from pyspark.sql import functions as F

    found = links.union(start.where("a = b"))
    return found.groupBy(F.col("a").alias("node")).agg(F.min("b").alias("component"))


def _contract(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Replaces the edges that a task has by each node's link to the smallest node that they lead to."""
    for chunk in gathered(batches, _CHUNK, sys.maxsize):
        found = local_components(zip(chunk.column("a").to_pylist(), chunk.column("b").to_pylist(), strict=True))
        yield pa.RecordBatch.from_arrays(
            [pa.array(found.keys(), pa.string()), pa.array(found.values(), pa.string())], names=["a", "b"]
        )


def local_components(edges: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each node of some edges, and the smallest node that edges lead to from it: union-find with path halving."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in edges:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return {node: root(node) for node in parent}


def stored(table: str, attempt: str) -> Checkpoint:
    """A `checkpoint` for `components` that keeps its files under `<table>/<attempt>-<name>/`, until they are
    forgotten."""

    def checkpoint(frame: DataFrame, name: str) -> DataFrame:
        files = write_frame(frame, table, f"{attempt}-{name}")
        return read_files(frame.sparkSession, [join(table, file.name) for file in files])

    return checkpoint


def forget(table: str, attempt: str) -> None:
    """Removes what `stored` keeps for an attempt; no frame that reads it may be in use."""
    filesystem, path = fsspec.url_to_fs(table)
    filesystem.invalidate_cache()  # tasks wrote files that this process may not know of
    for name in names_in(table):
        if name.startswith(f"{attempt}-"):
            filesystem.rm(join(path, name), recursive=True)
