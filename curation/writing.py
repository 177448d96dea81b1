"""Writing tables: from Spark's tasks with pyarrow, each file under the name of its attempt, counted and hashed.

A task that Spark runs twice writes two files, of which the driver hears of one; `store.commit` completes the table.
"""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import fsspec
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from curation.contract.table import join
from curation.store import is_local

if TYPE_CHECKING:
    from pyspark.resource import ResourceProfile
    from pyspark.sql import DataFrame, SparkSession

_DIGEST = 1 << 64  # row hashes are summed modulo this
_HASH = "__hash"
_GROUP_ROWS, _GROUP_BYTES = 16_384, 16_000_000  # of a Parquet row group, at least (platform defaults)


@dataclass(frozen=True)
class FileWritten:
    """One Parquet file of an attempt: its rows, the sum of their hashes, and how many rows met which fate."""

    name: str
    rows: int
    digest: int
    fates: dict[str, int]


def write_frame(
    frame: DataFrame,
    table: str,
    attempt: str,
    on_rows: Callable[[int], None] | None = None,
    finish: Callable[[pa.Table], pa.Table] = lambda rows: rows,
) -> list[FileWritten]:
    """Writes a frame as Parquet files under `<table>/<attempt>/` from the tasks that compute it.

    A `fate` column, where there is one, is counted in the same pass. `on_rows` is told now and then how many rows
    are written. What is written is what `finish` makes of the rows.
    """
    from pyspark.sql import functions as F
    from pyspark.sql.pandas.types import to_arrow_schema

    hashed = frame.withColumn(_HASH, F.xxhash64(*[F.col(name) for name in frame.columns]))
    files = _write_by_tasks(hashed, iter, table, attempt, on_rows, finish)
    schema = finish(to_arrow_schema(frame.schema).empty_table()).schema
    return files or [_write_empty(schema, table, join(attempt, "part-empty.parquet"))]


def write_computed(
    frame: DataFrame,
    compute: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]],
    schema: pa.Schema,
    key: str,
    table: str,
    attempt: str,
    on_rows: Callable[[int], None] | None = None,
    profile: ResourceProfile | None = None,
) -> list[FileWritten]:
    """As `write_frame`, what `compute` makes of a frame's batches, rows of `schema`, in the tasks that compute it: what
    is wide does not travel to Java and back. Such a table's digest covers the `key` column alone. The tasks have what
    the `profile` asks for."""

    def hashed(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in compute(batches):
            hashes = [xxhash.xxh3_64_intdigest(value.encode()) for value in batch.column(key).to_pylist()]
            yield batch.append_column(_HASH, pa.array(hashes, pa.uint64()))

    files = _write_by_tasks(frame, hashed, table, attempt, on_rows, profile=profile)
    return files or [_write_empty(schema, table, join(attempt, "part-empty.parquet"))]


def _write_by_tasks(
    frame: DataFrame,
    make: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]],
    table: str,
    attempt: str,
    on_rows: Callable[[int], None] | None,
    finish: Callable[[pa.Table], pa.Table] = lambda rows: rows,
    profile: ResourceProfile | None = None,
) -> list[FileWritten]:
    """A file for each of Spark's tasks that has rows, out of what `make` makes of its batches: rows and their hash."""
    rows_done = frame.sparkSession.sparkContext.accumulator(0)

    def write_partition(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        assert context is not None
        # Two attempts at one task, on a cluster even at once, write two files; the driver hears of one.
        name = f"part-{context.partitionId():05d}-{context.taskAttemptId()}.parquet"
        written = _write_batches(make(batches), join(table, attempt, name), rows_done.add, finish)
        if written:
            rows, digest, fates = written
            row = {"name": join(attempt, name), "rows": rows, "digest": str(digest), "fates": json.dumps(fates)}
            yield pa.RecordBatch.from_pylist([row])

    made = "name string, rows long, digest string, fates string"
    result = frame.mapInArrow(write_partition, made, profile=profile)
    with polled(lambda: rows_done.value, on_rows):
        files = [
            FileWritten(row["name"], row["rows"], int(row["digest"]), json.loads(row["fates"]))
            for row in result.collect()
        ]
    return sorted(files, key=lambda file: file.name)


def gathered(batches: Iterable[pa.RecordBatch], most_rows: int, most_bytes: int) -> Iterator[pa.Table]:
    """Spark's batches, which are small for the sake of images, put together until either number is reached: much work
    costs as much for a few rows as for thousands, and a table in small row groups is slow to write and to read."""
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        waiting.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= most_rows or size >= most_bytes:
            yield pa.Table.from_batches(waiting)
            waiting, rows, size = [], 0, 0
    if rows:
        yield pa.Table.from_batches(waiting)


def write_files(
    inputs: list[str],
    make: Callable[[str], Iterable[pa.Table]],
    schema: pa.Schema,
    table: str,
    attempt: str,
    on_rows: Callable[[int], None],
    spark: SparkSession | None = None,
) -> list[FileWritten]:
    """Writes a Parquet file for each of `inputs` out of the portions that `make` gives of it: here or, with a session,
    in Spark's tasks. For what is over sooner than Spark has a plan. `on_rows` as in `write_frame`, here only."""
    numbered = list(enumerate(inputs))
    if spark is None:
        done = [0]

        def count(rows: int) -> None:
            done[0] += rows
            on_rows(done[0])

        found = [_write_file(each, make, table, attempt, count) for each in numbered]
    else:
        write = partial(_write_file, make=make, table=table, attempt=attempt)  # nothing else travels to the tasks
        found = spark.sparkContext.parallelize(numbered, len(numbered)).map(write).collect()
    files = [file for file in found if file]
    return files or [_write_empty(schema, table, join(attempt, "part-empty.parquet"))]


def _write_file(
    numbered: tuple[int, str],
    make: Callable[[str], Iterable[pa.Table]],
    table: str,
    attempt: str,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> FileWritten | None:
    number, url = numbered
    name = join(attempt, f"part-{number:05d}-{uuid.uuid4().hex[:8]}.parquet")
    hashed = (portion.append_column(_HASH, _row_hashes(portion)) for portion in make(url) if portion.num_rows)
    batches = (batch for portion in hashed for batch in portion.combine_chunks().to_batches())
    written = _write_batches(batches, join(table, name), on_rows)
    return FileWritten(name, *written) if written else None


def _row_hashes(table: pa.Table) -> pa.Array:
    """64 bits of each row as JSON says it: the same wherever and in whichever company a row is written."""
    rows = pl.DataFrame(table).select(pl.struct(pl.all()).struct.json_encode()).to_series()
    hashes = [int.from_bytes(hashlib.blake2b(row.encode(), digest_size=8).digest()) for row in rows]
    return pa.array(hashes, pa.uint64())


def _write_batches(
    batches: Iterable[pa.RecordBatch],
    url: str,
    on_rows: Callable[[int], None],
    finish: Callable[[pa.Table], pa.Table] = lambda rows: rows,
) -> tuple[int, int, dict[str, int]] | None:
    """Writes one file; (rows, digest, fates), or None where there was no row and so no file."""
    rows, digest = 0, 0
    fates: dict[str, int] = {}
    with ExitStack() as stack:
        writer = None
        for table in gathered(_told(batches, on_rows), _GROUP_ROWS, _GROUP_BYTES):
            hashes = table.column(_HASH).to_numpy()
            table = finish(table.drop_columns([_HASH]))
            if writer is None:
                file = stack.enter_context(_open_new(url))
                writer = stack.enter_context(pq.ParquetWriter(file, table.schema, compression="zstd"))
            writer.write_table(table)
            rows += table.num_rows
            digest = (digest + int(hashes.astype(np.uint64).sum(dtype=np.uint64))) % _DIGEST
            _count_fates(table, fates)
    return (rows, digest, fates) if rows else None


def _told(batches: Iterable[pa.RecordBatch], on_rows: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        on_rows(batch.num_rows)
        yield batch


def _open_new(url: str) -> Any:
    filesystem, path = fsspec.url_to_fs(url)
    if is_local(url):
        filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
    return filesystem.open(path, "wb")


def _count_fates(table: pa.Table, fates: dict[str, int]) -> None:
    if "fate" in table.column_names:
        for entry in pc.value_counts(table.column("fate")).to_pylist():
            fates[entry["values"]] = fates.get(entry["values"], 0) + entry["counts"]


def _write_empty(schema: pa.Schema, table: str, name: str) -> FileWritten:
    """A table without rows still has a schema, and so one file."""
    with _open_new(join(table, name)) as file:
        pq.write_table(schema.empty_table(), file)
    return FileWritten(name, 0, 0, {})


def total_digest(files: Iterable[FileWritten]) -> str:
    return f"{sum(file.digest for file in files) % _DIGEST:016x}"


def total_fates(files: Iterable[FileWritten]) -> dict[str, int]:
    fates: dict[str, int] = {}
    for file in files:
        for fate, count in file.fates.items():
            fates[fate] = fates.get(fate, 0) + count
    return fates


@contextmanager
def polled(value: Callable[[], int], report: Callable[[int], None] | None) -> Iterator[None]:
    """Reports a value twice a second from a thread of its own while the block runs."""
    if report is None:
        yield
        return
    stop = threading.Event()

    def loop() -> None:
        while not stop.wait(0.5):
            report(value())

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        report(value())
