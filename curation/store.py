"""The store: content-addressed tables behind fsspec, complete or absent, never overwritten in place.

Tables are written under the name of an attempt (`writing.py`); here they become complete, by the list of files and
then, last, the manifest. A run that dies leaves files that no manifest names. See `contract/table.py` for the layout.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from curation.contract.table import Manifest, join, table_files

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def is_local(url: str) -> bool:
    return "://" not in url


def resolve(url: str) -> str:
    """A local path, also as a file:// URL, made absolute; any other URL without a slash at its end."""
    url = url.removeprefix("file://")
    return str(Path(url).resolve()) if is_local(url) else url.rstrip("/")


def store_url(out: Path, store: str = "") -> str:
    """The store that was named, else the one in `out`."""
    return resolve(store or str(out / "store"))


def names_in(url: str) -> list[str]:
    """The names in a folder, in order; none where it does not exist."""
    filesystem, path = fsspec.url_to_fs(url)
    if not filesystem.exists(path):
        return []
    return sorted(entry.rstrip("/").rsplit("/", 1)[-1] for entry in filesystem.ls(path, detail=False))


def exists(url: str) -> bool:
    if is_local(url):
        return Path(url).exists()
    filesystem, path = fsspec.url_to_fs(url)
    return bool(filesystem.exists(path))


def write_bytes(url: str, data: bytes) -> None:
    """Writes a whole object: a temporary file and a rename on a disk, one PUT on an object store."""
    if not is_local(url):
        filesystem, path = fsspec.url_to_fs(url)
        filesystem.pipe_file(path, data)
        return
    target = Path(url)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
    temporary.write_bytes(data)
    temporary.replace(target)


def fingerprint(value: Any) -> str:
    """The hash of a JSON value, whatever the order of its keys: 16 hex digits."""
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def new_attempt() -> str:
    return uuid.uuid4().hex[:12]


def commit(table: str, manifest: Manifest, files: list[str], timings: dict[str, Any]) -> None:
    """Makes a table complete: the list of this attempt's files, then the manifest. Where another run was faster its
    table stands, and equals this one. What attempts that died left behind goes after a day."""
    if not is_complete(table):
        write_bytes(join(table, "files.json"), json.dumps({"files": files, **timings}, indent=2).encode())
        write_bytes(join(table, "manifest.json"), manifest.to_json().encode())
    if is_local(table):
        _remove_dead_attempts(Path(table))


def _remove_dead_attempts(table: Path) -> None:
    alive = {name.split("/", 1)[0] for name in json.loads((table / "files.json").read_text())["files"]}
    for entry in table.iterdir():
        if entry.is_dir() and entry.name not in alive and entry.stat().st_mtime < time.time() - 24 * 3600:
            shutil.rmtree(entry, ignore_errors=True)


def is_complete(table: str) -> bool:
    return exists(join(table, "manifest.json"))


def read_frame(spark: SparkSession, table: str) -> DataFrame:
    """A complete table as a Spark frame."""
    return read_files(spark, table_files(table))


def read_files(spark: SparkSession, files: list[str]) -> DataFrame:
    """Parquet files of one schema as a Spark frame, by their URLs. Spark reads local files itself; files of an object
    store come through fsspec inside the tasks, so that no connector has to be installed."""
    if is_local(files[0]):
        return spark.read.parquet(*[re.sub(r"([\\[\]{}*?])", r"\\\1", file) for file in files])  # no globs
    with fsspec.open(files[0], "rb") as file:
        schema = pq.read_schema(file)

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for url in batch.column(0).to_pylist():
                with fsspec.open(url, "rb") as remote:
                    yield from pq.ParquetFile(remote).iter_batches(batch_size=256)

    from pyspark.sql.pandas.types import from_arrow_schema

    urls = spark.createDataFrame([(url,) for url in files], "url string").repartition(len(files))
    return urls.mapInArrow(read, from_arrow_schema(schema))
