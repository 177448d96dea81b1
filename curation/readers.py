"""Raw rows out of files, whatever the container: JSON lines, WebDataset tars, Parquet, saved Hugging Face datasets.

A file is cut into splits that tasks read side by side. A row is a plain dict and a locator that names it within its
source for good: file and line, shard and key, file and row number. What can't be read becomes a row with a problem,
and its neighbours are read all the same.
"""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from curation.contract.recipe import Source
from curation.contract.table import join

SPLIT_BYTES = 256 * 1024
IMAGE_SUFFIXES = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "svg", "avif", "heic")


class Problem(ValueError):
    """Why a row is quarantined: a kind that can be counted, words for a person, and the bytes at fault if any."""

    def __init__(self, kind: str, message: str, evidence: bytes = b"") -> None:
        super().__init__(message)
        self.kind = kind
        self.evidence = evidence


@dataclass(frozen=True)
class Split:
    """Part of a row file: bytes `start` to `stop` of JSON lines that begin with line `first`, or units (row groups,
    record batches) `start` to `stop`. `stop` -1 means to the end."""

    file: str
    start: int = 0
    stop: int = -1
    first: int = 0


@dataclass(frozen=True)
class RawRow:
    locator: str
    value: dict[str, Any]
    problem: Problem | None = None


def plan_splits(source: Source, root: str, files: tuple[str, ...]) -> list[Split]:
    if source.reader == "jsonl":
        return [split for file in files for split in _line_splits(root, file)]
    if source.reader == "parquet" or any(file.endswith(".parquet") for file in files):
        return [split for file in files for split in _row_group_splits(root, file)]
    return [Split(file) for file in files]


def read_split(source: Source, root: str, split: Split) -> Iterator[RawRow]:
    """The rows of a split. Damage to a container costs the rows behind it, and is a row of its own."""
    read = {"jsonl": _read_lines, "webdataset": _read_tar, "parquet": _read_parquet, "datasets": _read_saved}
    reader = _read_parquet if split.file.endswith(".parquet") else read[source.reader]
    try:
        yield from reader(join(root, split.file), split)
    except (OSError, EOFError, tarfile.TarError, pa.ArrowException, ValueError) as error:
        problem = Problem("damaged_file", f"{split.file}: {type(error).__name__}: {error}")
        yield RawRow(f"{split.file}#damaged-{split.start}", {}, problem)


def _line_splits(root: str, file: str) -> Iterator[Split]:
    if file.endswith(".gz"):
        yield Split(file, first=1)
        return
    with fsspec.open(join(root, file), "rb") as stream:
        start, line = 0, 1
        while block := stream.read(SPLIT_BYTES):
            block += stream.readline()  # to the end of the line that the block cut
            yield Split(file, start, start + len(block), line)
            start += len(block)
            line += block.count(b"\n")


def _read_lines(url: str, split: Split) -> Iterator[RawRow]:
    with fsspec.open(url, "rb") as raw:
        stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if url.endswith(".gz") else raw  # type: ignore[assignment]
        raw.seek(split.start)
        number, position = split.first, split.start
        while line := stream.readline():
            if 0 <= split.stop <= position:
                break
            position += len(line)
            if line.strip():
                yield _json_row(f"{split.file}#{number}", line)
            number += 1


def _json_row(locator: str, line: bytes) -> RawRow:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:  # also text that is not UTF-8
        return RawRow(locator, {}, Problem("bad_json", f"{locator}: {error}", line))
    if not isinstance(value, dict):
        return RawRow(locator, {}, Problem("bad_json", f"{locator}: expected an object, found {type(value).__name__}"))
    return RawRow(locator, value)


def _read_tar(url: str, split: Split) -> Iterator[RawRow]:
    """Members with one key (the name up to the first dot of its last part) that follow one another are a row."""
    with fsspec.open(url, "rb") as raw, tarfile.open(fileobj=raw, mode="r|*") as archive:
        key, members, seen = None, {}, set()  # type: ignore[var-annotated]
        for member in archive:
            if not member.isfile():  # links and devices lead out of the archive; folders hold nothing
                if not member.isdir():
                    message = f"{member.name}: a {member.type!r} member, not a file"
                    yield RawRow(f"{split.file}#{member.name}", {}, Problem("bad_member", message))
                continue
            folder, _, name = member.name.rpartition("/")
            base, _, suffix = name.partition(".")
            this = f"{folder}/{base}" if folder else base
            if this != key:
                if key is not None:
                    yield _tar_row(split.file, key, members, seen)
                key, members = this, {}
            data = archive.extractfile(member)
            members[suffix.lower()] = data.read() if data else b""
        if key is not None:
            yield _tar_row(split.file, key, members, seen)
        # `tarfile` takes a cut between two members for the end; only the archive's own end mark tells the two apart.
        raw.seek(0, 2)
        raw.seek(-min(raw.tell(), tarfile.BLOCKSIZE), 1)
        if raw.read().strip(b"\0"):
            raise tarfile.ReadError("the archive has no end mark, so members may be missing")


def _tar_row(file: str, key: str, members: dict[str, bytes], seen: set[str]) -> RawRow:
    locator = f"{file}#{key}"
    if key in seen:
        message = f"{locator}: the key came before in this shard"
        return RawRow(f"{locator}~{len(seen)}-again", {}, Problem("duplicate_key", message))
    seen.add(key)
    value: dict[str, Any] = {"__key__": key}
    for suffix, data in members.items():
        last = suffix.rpartition(".")[2]
        try:
            if last == "json":
                value[suffix] = json.loads(data)
            elif last in ("txt", "text", "caption"):
                value[suffix] = data.decode("utf-8")
            else:
                value[suffix] = data
        except ValueError as error:
            return RawRow(locator, {}, Problem("bad_member", f"{locator}.{suffix}: {error}", data))
        if last in IMAGE_SUFFIXES:
            value.setdefault("image", data)
    return RawRow(locator, value)


def _row_group_splits(root: str, file: str) -> Iterator[Split]:
    try:
        with fsspec.open(join(root, file), "rb") as stream:
            metadata = pq.ParquetFile(stream).metadata
            first = 0
            for group in range(metadata.num_row_groups):
                yield Split(file, group, group + 1, first)
                first += metadata.row_group(group).num_rows
    except (OSError, pa.ArrowException):
        yield Split(file)  # damaged: reading it says so


def _read_parquet(url: str, split: Split) -> Iterator[RawRow]:
    with fsspec.open(url, "rb") as stream:
        parquet = pq.ParquetFile(stream)
        groups = list(range(split.start, split.stop)) if split.stop >= 0 else None
        yield from _batch_rows(parquet.iter_batches(batch_size=64, row_groups=groups), split)


def _read_saved(url: str, split: Split) -> Iterator[RawRow]:
    with fsspec.open(url, "rb") as stream:
        yield from _batch_rows(iter(pa.ipc.open_stream(stream)), split)


def _batch_rows(batches: Iterator[pa.RecordBatch], split: Split) -> Iterator[RawRow]:
    number = split.first
    for batch in batches:
        for value in batch.to_pylist():
            yield RawRow(f"{split.file}#{number}", value)
            number += 1
