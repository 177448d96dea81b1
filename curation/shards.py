"""Generated samples in files: a shard is a range of sample numbers, made anew or found complete.

OUT/samples/part-00000.parquet   rows of `SAMPLE`, and beside it the same rows as JSON lines
OUT/media/ab/abcd....png         their media by hash
OUT/shards/part-00000.tar        or, as WebDataset: a row and its media under one key
OUT/done/part-00000.json         written last: the shard is complete when it is there
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from curation.contract.sample import SAMPLE, Media, Sample, to_row
from curation.contract.table import join, read_bytes
from curation.stage import UsageError
from curation.store import exists, write_bytes
from synth.generator import Generator, specimens
from synth.specimen import Specimen

Form = Literal["parquet", "webdataset"]
DIGEST = 1 << 64  # row hashes are summed modulo this


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What every byte in a folder follows from, the number of samples apart."""

    generator: str
    version: int
    seed: int
    form: Form
    shard_size: int  # samples
    libraries: dict[str, str]
    data: str = ""  # a hash of what they are made of


@dataclass(frozen=True, slots=True)
class Shard:
    """Samples number `start` to `stop` (left out) of a seed."""

    number: int
    start: int
    stop: int

    @property
    def name(self) -> str:
        return f"part-{self.number:05d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of a complete shard. `digest` is the sum of the hashes of its rows."""

    number: int
    start: int
    stop: int
    digest: int
    tasks: dict[str, int]
    verifiers: dict[str, int]
    media: int  # over all samples: those that several share are counted for each
    bytes: int  # of these media


def cut(n: int, shard_size: int) -> list[Shard]:
    """Shards of `shard_size` samples that together have `n`; the last may have fewer."""
    starts = range(0, n, shard_size)
    return [Shard(number, start, min(n, start + shard_size)) for number, start in enumerate(starts)]


def finished(out: str, form: Form, shard: Shard) -> Record | None:
    """The record of a shard that is there and complete, else None."""
    url = join(out, "done", f"{shard.name}.json")
    if not exists(url) or not all(exists(join(out, name)) for name in files_of(form, shard)):
        return None
    record = Record(**read_json(url))
    return record if (record.start, record.stop) == (shard.start, shard.stop) else None


def files_of(form: Form, shard: Shard) -> list[str]:
    if form == "webdataset":
        return [f"shards/{shard.name}.tar"]
    return [f"samples/{shard.name}.jsonl", f"samples/{shard.name}.parquet"]


def make_shards(shards: Iterable[Shard], order: Order, generator: Generator, out: str) -> Iterator[Record]:
    """Makes those shards that are not there yet, one after the other, with a generator that is opened once."""
    with generator.open() as make:
        for shard in shards:
            record = finished(out, order.form, shard)  # by an earlier attempt at this task
            if record is None:
                made = specimens(generator, make, order.seed, shard.start, shard.stop)
                record = _write(shard, made, order.form, out)
            yield record


def _write(shard: Shard, made: Iterable[Specimen], form: Form, out: str) -> Record:
    placed = map(partial(_tarred if form == "webdataset" else _filed, out), made)
    if form == "webdataset":
        rows = _write_tar(shard, placed, out)
    else:
        rows = _write_table(shard, placed, out)
    record = Record(
        number=shard.number,
        start=shard.start,
        stop=shard.stop,
        digest=sum(_row_hash(row) for row in rows) % DIGEST,
        tasks=dict(sorted(Counter(row["task"] for row in rows).items())),
        verifiers=dict(sorted(Counter(row["answer"]["verifier"] for row in rows).items())),
        media=sum(len(row["media"]) for row in rows),
        bytes=sum(medium["size"] for row in rows for medium in row["media"]),
    )
    write_bytes(join(out, "done", f"{shard.name}.json"), json_bytes(asdict(record)))
    return record


_Placed = tuple[dict[str, Any], list[tuple[str, bytes]]]  # a row, and its media by the `uri` that the row gives them


def _filed(out: str, specimen: Specimen) -> _Placed:
    """Media under their hash; what lies there already is not written again."""
    row, media = _placed(specimen, lambda index, medium: f"media/{medium.sha256[:2]}/{medium.sha256}{_suffix(medium)}")
    for uri, data in media:
        if not exists(join(out, uri)):
            write_bytes(join(out, uri), data)
    return row, []


def _tarred(out: str, specimen: Specimen) -> _Placed:
    """Media as members of a tar: the `uri` is what follows the row's key."""
    return _placed(specimen, lambda index, medium: f"{index}{_suffix(medium)}")


def _placed(specimen: Specimen, name: Any) -> _Placed:
    media = [replace(medium, uri=name(index, medium)) for index, medium in enumerate(specimen.sample.media)]
    row = to_row(_in_floats(replace(specimen.sample, media=tuple(media))))
    return row, [(medium.uri, specimen.images[medium.sha256]) for medium in media]


def _in_floats(sample: Sample) -> Sample:
    """Points as they will be read back, so that the sample's id is the same in every format."""
    return replace(
        sample, regions=tuple(replace(each, points=tuple(map(float, each.points))) for each in sample.regions)
    )


def _suffix(medium: Media) -> str:
    kind = medium.mime.rpartition("/")[2]
    return "." + {"jpeg": "jpg", "tiff": "tif"}.get(kind, kind)


def _write_table(shard: Shard, placed: Iterable[_Placed], out: str) -> list[dict[str, Any]]:
    rows = [row for row, _ in placed]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=SAMPLE), buffer, compression="zstd")
    lines = "".join(_line(row) + "\n" for row in rows)
    write_bytes(join(out, "samples", f"{shard.name}.jsonl"), lines.encode())
    write_bytes(join(out, "samples", f"{shard.name}.parquet"), buffer.getvalue())
    return rows


def _write_tar(shard: Shard, placed: Iterable[_Placed], out: str) -> list[dict[str, Any]]:
    rows, buffer = [], io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for number, (row, media) in enumerate(placed, shard.start):
            for name, data in [("json", _line(row).encode()), *media]:
                member = tarfile.TarInfo(f"{number:09d}.{name}")  # no time, no owner
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
            rows.append(row)
    write_bytes(join(out, "shards", f"{shard.name}.tar"), buffer.getvalue())
    return rows


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _row_hash(row: dict[str, Any]) -> int:
    """64 bits of a row, wherever its media lie."""
    media = [{**medium, "uri": ""} for medium in row["media"]]
    return int.from_bytes(hashlib.blake2b(_line({**row, "media": media}).encode(), digest_size=8).digest())


def json_bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def read_json(url: str) -> dict[str, Any]:
    """What `json_bytes` wrote.

    Raises:
        UsageError: the file holds no JSON object: it was cut short, or somebody else wrote it.
    """
    try:
        found = json.loads(read_bytes(url))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError(f"{url} holds no JSON object: it was cut short or is another one; generate into a new folder")
    return found


def is_left_over(name: str) -> bool:
    """Whether a file is what a killed write left behind."""
    return re.search(r"\.[0-9a-f]{32}$", name) is not None
