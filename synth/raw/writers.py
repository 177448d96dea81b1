"""Writes rows as people bring them: JSON Lines with image files, WebDataset shards, Parquet, a saved Hugging Face
data set. The same rows give the same bytes: no clock, no user name and no hash order reaches a file.

Each writer gives back one locator for each row: `file` and `line` (from 1), `file` and `row` (from 0), or `shard` and
`key`; paths are relative to the output folder.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from synth.defects.raw import RawRow

Locator = dict[str, str | int]

_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def write_jsonl(rows: Sequence[RawRow], out: Path, name: str) -> list[Locator]:
    """One record a line in `name`, pictures in `images/` beside it; gzipped where the name ends in `.gz`."""
    file = out / name
    file.parent.mkdir(parents=True)
    source = file.parent.name
    lines = [_line(row, _place_image(row, file.parent, f"{source}-{index:05}")) for index, row in enumerate(rows)]
    text = "".join(line + "\n" for line in lines).encode()
    file.write_bytes(gzip.compress(text, mtime=0) if name.endswith(".gz") else text)
    return [{"file": name, "line": index + 1} for index in range(len(rows))]


def _place_image(row: RawRow, folder: Path, key: str) -> dict[str, Any]:
    """Writes the row's picture and gives what the record says first: its id, and its picture if it is to have one."""
    if not row.suffix:
        return {"id": key}
    path = folder / "images" / f"{key}.{row.suffix}"
    path.parent.mkdir(exist_ok=True)
    if row.image is not None:
        path.write_bytes(row.image)
    return {"id": key, "image": row.reference or f"images/{path.name}"}


def _line(row: RawRow, head: dict[str, Any]) -> str:
    text = json.dumps({**head, **row.record}, ensure_ascii=False)
    return text[: len(text) * 2 // 3] if row.torn else text


def write_webdataset(rows: Sequence[RawRow], out: Path, folder: str, text: str, per_shard: int = 64) -> list[Locator]:
    """Tar shards `folder/folder-00000.tar`, ... with KEY.jpg (or another suffix), KEY.txt (the record's field `text`)
    and KEY.json (the rest of the record)."""
    (out / folder).mkdir(parents=True)
    locators: list[Locator] = []
    for number, start in enumerate(range(0, len(rows), per_shard)):
        shard = f"{folder}/{folder}-{number:05}.tar"
        with tarfile.open(out / shard, "w", format=tarfile.USTAR_FORMAT) as tar:
            for index, row in enumerate(rows[start : start + per_shard], start):
                key = f"{index:06}"
                _add_sample(tar, key, row, text)
                locators.append({"shard": shard, "key": key})
    return locators


def _add_sample(tar: tarfile.TarFile, key: str, row: RawRow, text: str) -> None:
    rest = {"key": key, **{name: value for name, value in row.record.items() if name != text}}
    if row.image is not None:
        _add_member(tar, f"{key}.{row.suffix}", row.image)
    _add_member(tar, f"{key}.txt", str(row.record[text]).encode())
    _add_member(tar, f"{key}.json", json.dumps(rest, ensure_ascii=False).encode())


def _add_member(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # its time is 0 and its owner empty unless told otherwise
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def write_parquet(rows: Sequence[RawRow], out: Path, folder: str, per_part: int = 32) -> list[Locator]:
    """`folder/part-00000.parquet`, ...: the record's fields as columns, and `image` as struct<bytes, path>."""
    (out / folder).mkdir(parents=True)
    locators: list[Locator] = []
    for number, start in enumerate(range(0, len(rows), per_part)):
        part = f"{folder}/part-{number:05}.parquet"
        pq.write_table(_table(rows[start : start + per_part], folder, start), out / part, compression="zstd")
        locators += [{"file": part, "row": row} for row in range(len(rows[start : start + per_part]))]
    return locators


def _table(rows: Sequence[RawRow], source: str, start: int = 0) -> pa.Table:
    images = [
        {"bytes": row.image, "path": f"{source}-{index:05}.{row.suffix}"} for index, row in enumerate(rows, start)
    ]
    columns: dict[str, Any] = {"image": pa.array(images, _IMAGE)}
    for name in rows[0].record:
        columns[name] = pa.array([row.record[name] for row in rows])
    return pa.table(columns)


def write_saved_dataset(rows: Sequence[RawRow], out: Path, folder: str) -> list[Locator]:
    """What `datasets.Dataset.save_to_disk` leaves: one Arrow IPC stream, `state.json` and `dataset_info.json`, with
    the record's fields as strings and `image` as the library's `Image` feature (struct<bytes, path>)."""
    (out / folder).mkdir(parents=True)
    name = "data-00000-of-00001.arrow"
    features = {"image": {"_type": "Image"}}
    features |= {field: {"dtype": "string", "_type": "Value"} for field in rows[0].record}
    table = _table(rows, folder)
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    with pa.OSFile(str(out / folder / name), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    info = {"citation": "", "description": "", "features": features, "homepage": "", "license": "CC0-1.0"}
    state: dict[str, Any] = {
        "_data_files": [{"filename": name}],
        "_fingerprint": hashlib.sha256((out / folder / name).read_bytes()).hexdigest()[:16],
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    (out / folder / "dataset_info.json").write_text(json.dumps(info, indent=2), encoding="utf-8")
    (out / folder / "state.json").write_text(json.dumps(state, indent=2), encoding="utf-8")
    return [{"file": f"{folder}/{name}", "row": row} for row in range(len(rows))]
