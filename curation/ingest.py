"""Ingest: raw rows become samples, media go to the store, what can't be read goes to quarantine with its reason.

One table per source. It holds every raw row: `kept` rows are samples, `made` rows are the further samples of a row,
`quarantined` rows carry the reason and the bytes' hash. Only headers are read here; pixels are decoded by `measure`.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import fsspec
import pyarrow as pa

from curation.build import Builder
from curation.contract.recipe import MediaAccess, Source
from curation.contract.sample import SAMPLE, Media, to_row
from curation.contract.table import join, read_bytes
from curation.inputs import Inputs, media_root
from curation.media import MediaStore
from curation.readers import MAX_BYTES, Problem, RawRow, Split, evidence, plan_splits, read_split
from curation.store import is_local
from model.image import ImageError, read_header

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

VERSION = 1
BATCH = 128
_NO_FILE = (errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL)

# Every stage's table has these: what became of the row, the reason to count by, and words for a person.
FATE = [("fate", pa.string()), ("reason", pa.string()), ("detail", pa.string())]
INGESTED = pa.schema([*SAMPLE, *[pa.field(*entry) for entry in FATE], pa.field("evidence", pa.string())])


def ingest(
    spark: SparkSession, name: str, source: Source, inputs: Inputs, media: MediaStore, limit: int | None = None
) -> DataFrame:
    """All rows of a source, one Spark task per few splits. `limit` takes the first rows, read by one task."""
    from pyspark.sql.pandas.types import from_arrow_schema

    splits = plan_splits(source, inputs.root, inputs.files)
    tasks = [splits] if limit else [[split] for split in splits]
    work = _Work(name, source, inputs.root, media.url, media.access, limit)

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for index in batch.column(0).to_pylist():
                yield from work.run(tasks[index])

    slices = max(1, min(len(tasks), spark.sparkContext.defaultParallelism * 4))
    indices = spark.createDataFrame(spark.sparkContext.parallelize([(i,) for i in range(len(tasks))], slices), "i int")
    return indices.mapInArrow(run, from_arrow_schema(INGESTED))


@dataclass
class _Work:
    """What a task needs to turn splits into rows of `INGESTED`."""

    name: str
    source: Source
    root: str
    store: str
    access: MediaAccess
    limit: int | None

    def run(self, splits: list[Split]) -> Iterator[pa.RecordBatch]:
        builder = Builder(self.name, self.source)
        media = MediaStore(self.store, self.access)
        every = ((split, row) for split in splits for row in read_split(self.source, self.root, split))
        rows = islice(every, self.limit)
        # Local files gain nothing from threads; an object store answers many requests at once.
        with ThreadPoolExecutor(1 if is_local(self.root) and is_local(self.store) else self.access.concurrency) as pool:
            while batch := list(islice(rows, BATCH)):
                made = pool.map(lambda pair: self._ingest_row(builder, media, *pair), batch)
                yield pa.RecordBatch.from_pylist([row for rows in made for row in rows], schema=INGESTED)

    def _ingest_row(self, builder: Builder, media: MediaStore, split: Split, raw: RawRow) -> list[dict[str, Any]]:
        row_id = f"{self.name}:{raw.locator}"

        def fetch(value: Any) -> Media:
            return store_image(value, join(self.root, media_root(self.source, split.file)), media)

        try:
            if raw.problem:
                raise raw.problem
            samples = builder.build(row_id, raw.value, fetch)
        except Problem as problem:
            return [_quarantined(self.name, row_id, problem, media, raw)]
        return [
            {**to_row(sample), "fate": "made" if index else "kept", "reason": "", "detail": "", "evidence": ""}
            for index, sample in enumerate(samples)
        ]


def _quarantined(name: str, row_id: str, problem: Problem, media: MediaStore, raw: RawRow) -> dict[str, Any]:
    """A row of `INGESTED` without a sample. The bytes at fault are kept under their hash, else the row itself."""
    return {
        "row_id": row_id,
        "source": name,
        "fate": "quarantined",
        "reason": problem.kind,
        "detail": str(problem)[:500].encode("utf-8", "replace").decode(),
        "evidence": media.put(problem.evidence or evidence(raw.value)),
    }


def store_image(value: Any, folder: str, media: MediaStore) -> Media:
    """Puts an image, given as bytes, as a path under `folder`, or as the `datasets` pair of both, into the store.

    Raises:
        Problem: no such file, a path that leaves the folder, or bytes whose header is not an image's.
    """
    uri = ""
    if isinstance(value, dict):
        uri = str(value.get("path") or "")
        value = value.get("bytes") if value.get("bytes") is not None else value.get("path")
    if isinstance(value, str):
        uri = value
        value = _read_file(value, folder, media)
    if not isinstance(value, bytes):
        raise Problem("bad_field", f"`image` should be bytes or a path, found {type(value).__name__}")
    if len(value) > MAX_BYTES:
        raise Problem("too_large", f"{uri or 'image'}: {len(value):,} bytes; at most {MAX_BYTES:,}")
    try:
        header = read_header(value)
    except ImageError as error:
        raise Problem(error.kind, f"{uri or 'image'}: {error}", value) from None
    return Media(
        sha256=media.put(value),
        mime=header.mime,
        width=header.width,
        height=header.height,
        orientation=header.orientation,
        size=len(value),
        mode=header.mode,
        frames=header.frames,
        uri=uri,
    )


def _read_file(path: str, folder: str, media: MediaStore) -> bytes:
    """A file that data names. Only plain relative paths: data must not reach outside its folder, nor the network."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    odd = not path.isprintable() or "://" in path or "::" in path or not parts
    if odd or parts[0] == "/" or ".." in parts or ":" in parts[0]:
        raise Problem("unsafe_path", f"{path[:200]!r} is not a plain path under the source's folder")
    url = join(folder, *parts)
    if is_local(url) and not Path(url).resolve().is_relative_to(Path(folder).resolve()):
        raise Problem("unsafe_path", f"{path!r} is a link that leads out of the source's folder")
    filesystem, inner = fsspec.url_to_fs(url)
    try:
        size = media.request(url, lambda: filesystem.size(inner))
        if size is not None and size > MAX_BYTES:
            raise Problem("too_large", f"{path}: {size:,} bytes; at most {MAX_BYTES:,}")
        return bytes(media.request(url, lambda: read_bytes(url)))
    except OSError as error:
        if isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError) or error.errno in _NO_FILE:
            raise Problem("missing_file", f"no file {path[:200]!r}; is `media_root` right?") from None
        raise  # trouble with the disk or the network says nothing about the row
