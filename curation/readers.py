"""Raw rows out of files, whatever the container: JSON lines, WebDataset tars, Parquet, saved Hugging Face datasets.

A file is cut into splits that tasks read side by side. A row is a plain dict and a locator that names it within its
source for good: file and line, shard and key, file and row number. What can't be read becomes a row with a problem,
and its neighbours are read all the same.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from curation.contract.recipe import Source
from curation.contract.table import join

SPLIT_BYTES = 256 * 1024
MAX_BYTES = 64 * 1024 * 1024  # of one image or one line; what is longer is quarantined unread (platform default)
IMAGE_SUFFIXES = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "svg", "avif", "heic")

_ONE_A_LINE = "JSON lines have one object on each line (`jq -c '.[]'` makes them of a list)"


class Problem(ValueError):
    """Why a row is quarantined: a kind that can be counted, words for a person, and the bytes at fault if any."""

    def __init__(self, kind: str, message: str, evidence: bytes = b"") -> None:
        super().__init__(message)
        self.kind = kind
        self.evidence = evidence


def evidence(value: Any) -> bytes:
    """A raw row as JSON for the quarantine, bytes shown by their length: whoever mends it sees what was there."""

    def other(thing: Any) -> str:
        return f"<{len(thing)} bytes>" if isinstance(thing, bytes) else str(thing)

    return json.dumps(value, default=other, ensure_ascii=True).encode()


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
    """The rows of a split. Damage to a container costs the rows behind it, and is a row of its own; a file that can't
    be read at all just now (an OSError) is the run's trouble, not the data's."""
    read = {"jsonl": _read_lines, "webdataset": _read_tar, "parquet": _read_parquet, "datasets": _read_saved}
    reader = _read_parquet if split.file.endswith(".parquet") else read[source.reader]
    try:
        yield from reader(join(root, split.file), split)
    except (gzip.BadGzipFile, zlib.error, EOFError, tarfile.TarError, pa.ArrowException, ValueError) as error:
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
        raw.seek(split.start)
        # An object store's files know no longest line.
        stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if url.endswith(".gz") else io.BufferedReader(raw)  # type: ignore[assignment]
        number, position = split.first, split.start
        while line := stream.readline(MAX_BYTES):
            if 0 <= split.stop <= position:
                break
            position += len(line)
            locator = f"{split.file}#{number}"
            if len(line) == MAX_BYTES and not line.endswith(b"\n"):
                position += _skip_line(stream)
                yield RawRow(locator, {}, Problem("too_large", f"{locator}: a line of over {MAX_BYTES:,} bytes"))
            elif line.strip():
                yield _json_row(locator, line)
            number += 1


def _skip_line(stream: IO[bytes]) -> int:
    """Reads to the end of a line in pieces; how many bytes that took."""
    skipped = 0
    while piece := stream.readline(MAX_BYTES):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


def _json_row(locator: str, line: bytes) -> RawRow:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:  # also text that is not UTF-8
        return RawRow(locator, {}, Problem("bad_json", f"{locator}: {error}; {_ONE_A_LINE}", line))
    if not isinstance(value, dict):
        what = f"{locator}: expected an object, found {type(value).__name__}; {_ONE_A_LINE}"
        return RawRow(locator, {}, Problem("bad_json", what, line))
    return RawRow(locator, value)


def _read_tar(url: str, split: Split) -> Iterator[RawRow]:
    """Members with one key (the name up to the first dot of its last part) that follow one another are a row."""
    with fsspec.open(url, "rb") as raw, tarfile.open(fileobj=raw, mode="r|*") as archive:
        row: _TarRow | None = None
        seen: set[str] = set()
        damage: Exception | None = None
        try:
            for member in archive:
                if member.isdir():
                    continue
                name = member.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                if not member.isfile() or member.size > MAX_BYTES:  # links and devices lead out of the archive
                    yield _refused_member(split.file, name, member)
                    continue
                folder, _, last = name.rpartition("/")
                base, _, suffix = last.partition(".")
                key = f"{folder}/{base}" if folder else base
                if row is None or key != row.key:
                    if row:
                        yield _tar_row(split.file, row, seen)
                    row = _TarRow(key, member.offset, {})
                data = archive.extractfile(member)
                row.add(suffix.lower(), data.read() if data else b"")
        except (tarfile.TarError, EOFError) as error:
            damage = error
        if row:
            yield _tar_row(split.file, row, seen)
        if damage:
            raise damage
        _check_end(raw, archive)


def _refused_member(file: str, name: str, member: tarfile.TarInfo) -> RawRow:
    what = f"{member.size:,} bytes" if member.isfile() else f"a member of type {member.type!r}"
    problem = Problem("bad_member", f"{name}: {what}; a row is made of files of at most {MAX_BYTES:,} bytes")
    return RawRow(f"{file}#{name}@{member.offset}", {}, problem)


def _check_end(raw: IO[bytes], archive: tarfile.TarFile) -> None:
    """`tarfile` takes a cut between two members, or a damaged header, for the end. The true end is blocks of zeros."""
    raw.seek(archive.offset)
    blocks = 0
    while block := raw.read(tarfile.RECORDSIZE):
        blocks += len(block) // tarfile.BLOCKSIZE
        if block.strip(b"\0"):
            raise tarfile.ReadError(f"damaged at byte {archive.offset:,}: members behind it are lost")
    if not blocks:
        raise tarfile.ReadError("the archive has no end mark, so members may be missing")


@dataclass(frozen=True)
class _TarRow:
    key: str
    offset: int  # of its first member, which tells a key's second coming apart
    members: dict[str, bytes]
    repeated: set[str] = field(default_factory=set)

    def add(self, suffix: str, data: bytes) -> None:
        if suffix in self.members:
            self.repeated.add(suffix)
        self.members[suffix] = data


def _tar_row(file: str, row: _TarRow, seen: set[str]) -> RawRow:
    locator = f"{file}#{row.key}"
    if row.key in seen:
        problem = Problem("duplicate_key", f"{locator}: the key came before in this shard", evidence(row.members))
        return RawRow(f"{locator}@{row.offset}", {}, problem)
    seen.add(row.key)
    if row.repeated:
        what = f"{locator}: the member .{min(row.repeated)} comes twice"
        return RawRow(locator, {}, Problem("bad_member", what, evidence(row.members)))
    value: dict[str, Any] = {"__key__": row.key}
    for suffix, data in row.members.items():
        last = suffix.rpartition(".")[2]
        try:
            if last == "json":
                value[suffix] = json.loads(data)
            elif last in ("txt", "text", "caption"):
                value[suffix] = data.decode("utf-8")
            else:
                value[suffix] = data
        except (ValueError, RecursionError) as error:
            return RawRow(locator, {}, Problem("bad_member", f"{locator}.{suffix}: {error}", data))
        if suffix in IMAGE_SUFFIXES:
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
