"""Work that is done once per content: what lies in the store is not computed again, whoever asks.

A folder holds batches, each a complete table by itself, so that a killed run loses one batch at most, and another
recipe, a new delivery or a changed threshold computes only what nobody has computed before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial, reduce
from typing import TYPE_CHECKING

import pyarrow as pa

from curation.contract.table import Manifest, join
from curation.spark import gpu_profile
from curation.stage import Job
from curation.store import commit, is_complete, names_in, new_attempt, read_frame
from curation.writing import total_digest, write_computed

if TYPE_CHECKING:
    from pyspark.resource import ResourceProfile
    from pyspark.sql import DataFrame

VERSION = 1
_TO_A_TASK = 64  # contents, at least: a task has its own cost

Compute = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def remembered(
    job: Job,
    folder: str,
    contents: DataFrame,
    key: str,
    compute: Compute,
    schema: pa.Schema,
    shard: int,
    tasks: int = 0,
    gpus: float = 0,
) -> DataFrame:
    """The results for all `contents` by `key`: what `folder` of the store has, and new batches of about `shard`
    contents each with what it has not. Of contents with equal keys one is computed. `compute` must give a row of
    `schema`, which has the key, for each. With `tasks`, so many of Spark's tasks do a batch; on a cluster each gets
    `gpus`."""
    from pyspark.sql import functions as F

    batches = _complete_batches(join(job.runtime.store, folder))
    if batches:
        contents = contents.join(_union(job, batches).select(key), key, "left_anti")
    new = contents.select(key).distinct().count()
    # Equal keys meet in one task, which computes the first: Spark's own way would sort whole rows, twice.
    # The number of tasks is given, or Spark would put rows that are small, and dear to compute, into one.
    most = job.spark.sparkContext.defaultParallelism * 4
    contents = contents.repartition(min(most, -(-new // _TO_A_TASK) or 1), key)
    shards = max(-(-new // shard), 0 if batches else 1)  # the first batch may be empty: it has the columns
    if shards > 1:
        contents = contents.persist()
    profile = gpu_profile(job.spark, gpus)
    mine = job.tables[job.stage.name].rsplit("/", 1)[-1]
    for number in range(shards):
        part = contents.where(F.pmod(F.xxhash64(key), F.lit(shards)) == number)
        if tasks:  # in the order of keys, so that the same contents stand in the same batches
            part = part.repartition(tasks, key).sortWithinPartitions(key)
        batch = join(job.runtime.store, folder, f"{mine}-{new_attempt()}")
        made = partial(_computed, key, compute)
        _add_batch(batch, part, key, made, schema, partial(_advance, job, number * shard, new), profile)
    return recalled(job, folder, key)


def recalled(job: Job, folder: str, key: str) -> DataFrame:
    """All that a folder of the store has, once something is in it, by `key`."""
    batches = _complete_batches(join(job.runtime.store, folder))
    found = _union(job, batches)
    # Two runs at once may both have computed a content. That is rare, and to look for it cheaper than to sort for it.
    if len(batches) > 1 and found.groupBy(key).count().where("count > 1").limit(1).count():
        return found.dropDuplicates([key])
    return found


def _computed(key: str, compute: Compute, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return compute(_first_of_each(key, batches))


def _first_of_each(key: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    seen: set[str] = set()
    for batch in batches:
        new = []
        for name in batch.column(key).to_pylist():
            new.append(name not in seen)
            seen.add(name)
        if any(new):
            yield batch if all(new) else batch.filter(pa.array(new))


def _advance(job: Job, before: int, total: int, done: int) -> None:
    job.bar.update(before + done, total)


def _complete_batches(folder: str) -> list[str]:
    return [join(folder, name) for name in names_in(folder) if is_complete(join(folder, name))]


def _union(job: Job, batches: list[str]) -> DataFrame:
    return reduce(lambda a, b: a.unionByName(b), [read_frame(job.spark, batch) for batch in batches])


def _add_batch(
    batch: str,
    contents: DataFrame,
    key: str,
    compute: Compute,
    schema: pa.Schema,
    on_rows: Callable[[int], None],
    profile: ResourceProfile | None,
) -> None:
    written = write_computed(contents, compute, schema, key, batch, new_attempt(), on_rows, profile)
    rows = sum(file.rows for file in written)
    manifest = Manifest(
        stage="batch",
        version=VERSION,
        fingerprint=batch.rsplit("/", 1)[-1],
        parents={},
        settings={"columns": schema.names},
        counts={"in": rows, "kept": rows},
        rows=rows,
        digest=total_digest(written),
    )
    commit(batch, manifest, [file.name for file in written], {})
