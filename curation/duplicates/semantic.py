"""Semantic duplicates: pictures or texts whose embeddings, by a model that the user names, are nearly the same.

After SemDeDup (Abbas et al. 2023): embeddings are clustered, and compared inside their clusters.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curation.ask import device
from curation.contract.recipe import Semantic
from curation.contract.table import join
from curation.duplicates.edges import EDGE, EDGES, Task
from curation.media import MediaStore
from curation.remember import remembered
from curation.stage import Job
from curation.store import fingerprint
from filters.semantic import assign, clusters_for, near_pairs, train_centroids
from model.image import ImageError, decode_reduced
from model.shipped import checkpoint_path

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from model.embed import Embedder

VERSION = 1  # of embeddings
_SHARD = 20_000
_SIDE = 512  # pixels of a picture's longer side that a model gets, at least
_AT_ONCE = 16
_NEAREST = 2  # clusters that a point is compared in: at the border of one it has neighbours in the other
_MOST = 20_000  # points compared at a time: a larger cluster is cut (platform default)
_EMBEDDED = pa.schema([("key", pa.string()), ("vector", pa.binary())])


def semantic_edges(job: Job, contents: DataFrame, settings: Semantic, weights: str) -> DataFrame:
    """The edges among `contents` (id, key, and `question` and `answer` of texts) that mean nearly the same. What `key`
    names is embedded once: a picture's file or a text. `weights` is a hash of the model."""
    folder = join("embeddings", fingerprint([VERSION, weights, settings.of]))
    compute = _embed_task(job.runtime.media, settings)
    found = remembered(job, folder, contents.drop("id"), "key", compute, _EMBEDDED, _SHARD, tasks=settings.workers)
    points = (
        contents.select("id", "key").join(found.where("vector is not null"), "key").select("id", "vector").persist()
    )
    count = points.count()
    if count < 2:
        return job.spark.createDataFrame([], EDGES)
    sample = points.orderBy("id").limit(256 * clusters_for(count)).toArrow()
    centroids = train_centroids(_vectors(sample.column("vector").to_pylist()), clusters_for(count))
    member = points.mapInArrow(_assign_task(centroids), "cluster int, id string, vector binary")
    tasks = min(len(centroids), 4 * job.spark.sparkContext.defaultParallelism)
    dealt = member.repartition(tasks, "cluster").sortWithinPartitions("cluster", "id")
    return dealt.mapInArrow(_pairs_task(settings), EDGES).dropDuplicates(["a", "b"])


def _vectors(rows: list[bytes]) -> npt.NDArray[np.float32]:
    return np.frombuffer(b"".join(rows), dtype=np.float32).reshape(len(rows), -1)


@functools.lru_cache(maxsize=1)
def _opened(folder: str) -> Embedder:
    """The model, loaded once in each worker process."""
    from model.embed import Embedder

    return Embedder.load(folder, device())


def _embed_task(
    media: MediaStore, settings: Semantic
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    url, access = media.url, media.access

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        store, model = MediaStore(url, access), _opened(str(checkpoint_path(settings.model)))
        for batch in batches:
            for start in range(0, batch.num_rows, _AT_ONCE):
                rows = batch.slice(start, _AT_ONCE).to_pylist()
                usable = _usable_pictures(rows, store) if settings.of == "images" else _said(rows)
                embed: Any = model.embed_images if settings.of == "images" else model.embed_texts
                vectors = dict(zip(usable, embed(list(usable.values())), strict=True)) if usable else {}
                found = [vectors[row["key"]].tobytes() if row["key"] in vectors else None for row in rows]
                keys = [row["key"] for row in rows]
                yield pa.RecordBatch.from_arrays(
                    [pa.array(keys, pa.string()), pa.array(found, pa.binary())], ["key", "vector"]
                )

    return run


def _usable_pictures(rows: list[dict[str, Any]], store: MediaStore) -> dict[str, Any]:
    """Decoded pictures by their file's hash, without those that no model takes: 200 times as long as wide."""
    found = {}
    for row in rows:
        try:
            pixels = decode_reduced(store.get(row["key"]), None, _SIDE).rgb
        except ImageError:
            continue
        if max(pixels.shape[:2]) < 200 * min(pixels.shape[:2]):
            found[row["key"]] = pixels
    return found


def _said(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {row["key"]: f"{row['question']}\n{row['answer']}".strip() for row in rows}


def _assign_task(centroids: npt.NDArray[np.float32]) -> Task:
    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                vectors = batch.column("vector").to_pylist()
                nearest = assign(_vectors(vectors), centroids, _NEAREST)
                for place in range(nearest.shape[1]):
                    clusters = pa.array(nearest[:, place].astype(np.int32))
                    yield pa.RecordBatch.from_arrays(
                        [clusters, batch.column("id"), batch.column("vector")], ["cluster", "id", "vector"]
                    )

    return run


def _pairs_task(settings: Semantic) -> Task:
    kind = f"semantic_{settings.of.removesuffix('s')}"

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = (row for batch in batches for row in zip(*(column.to_pylist() for column in batch.columns), strict=True))
        for _, cluster in groupby(rows, key=lambda row: row[0]):
            members = list(cluster)
            for start in range(0, len(members), _MOST):
                some = members[start : start + _MOST]
                first, second, similarity = near_pairs(_vectors([row[2] for row in some]), settings.similarity)
                edges = [
                    {"a": some[i][1], "b": some[j][1], "kind": kind, "bits": None, "similarity": round(float(value), 4),
                     "detail": f"cosine similarity {value:.4f} of their embeddings"}
                    for i, j, value in zip(first, second, similarity, strict=True)
                ]  # fmt: skip
                yield pa.RecordBatch.from_pylist(edges, schema=EDGE)

    return run
