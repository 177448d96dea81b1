"""Where things lie in a store, and how to read a finished table without Spark.

    <store>/media/<first two hex digits>/<sha256>          original bytes, untouched
    <store>/tables/<stage>/<fingerprint>/manifest.json     written last: the table is complete when it is there
    <store>/tables/<stage>/<fingerprint>/files.json        the Parquet files of the attempt that won, and timings
    <store>/tables/<stage>/<fingerprint>/<attempt>/part-00000.parquet

The manifest holds only what a rerun must reproduce; file names and times, which may differ, lie beside it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq


class TableError(RuntimeError):
    """A table that is missing, incomplete or not what its manifest says."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a table is. `digest` is an order-independent hash of all rows; equal manifests mean equal contents."""

    stage: str
    version: int
    fingerprint: str
    parents: dict[str, str]
    settings: dict[str, Any]
    counts: dict[str, int]
    rows: int
    digest: str

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        return cls(**json.loads(text))


def join(root: str, *names: str) -> str:
    return "/".join([root.rstrip("/"), *names])


def table_url(store: str, stage: str, fingerprint: str) -> str:
    return join(store, "tables", stage, fingerprint)


def media_url(store: str, sha256: str) -> str:
    return join(store, "media", sha256[:2], sha256)


def store_of(table: str) -> str:
    """The store that holds a table: `<store>/tables/<stage>/<fingerprint>`."""
    return table.rstrip("/").rsplit("/", 3)[0]


def read_bytes(url: str) -> bytes:
    if "://" not in url:  # many small files: fsspec's own local files cost several times the read
        with open(url, "rb") as file:
            return file.read()
    with fsspec.open(url, "rb") as file:
        return bytes(file.read())


def read_manifest(table: str) -> Manifest:
    """The manifest of a complete table, or `TableError` where there is none."""
    try:
        return Manifest.from_json(read_bytes(join(table, "manifest.json")).decode())
    except FileNotFoundError:
        raise TableError(f"{table} is not a complete table: it has no manifest.json. Run the stage again.") from None


def table_files(table: str) -> list[str]:
    """URLs of a complete table's Parquet files."""
    read_manifest(table)
    return [join(table, name) for name in read_beside(table)["files"]]


def read_beside(table: str) -> dict[str, Any]:
    """What lies beside a table's manifest: `files`, `seconds`, and for training and evaluation the `summary` and the
    `metrics`."""
    return dict(json.loads(read_bytes(join(table, "files.json"))))


def read_table(table: str, columns: list[str] | None = None, filters: Any = None) -> pa.Table:
    """A complete table as Arrow, for one process: reports, `why`, the trainer. Spark reads the same files itself."""
    return pa.concat_tables([read_parquet(url, columns, filters) for url in table_files(table)])


def read_parquet(url: str, columns: list[str] | None = None, filters: Any = None) -> pa.Table:
    """One Parquet file, wherever it lies."""
    filesystem, path = fsspec.url_to_fs(url)
    return pq.read_table(path, columns=columns, filters=filters, filesystem=filesystem)
