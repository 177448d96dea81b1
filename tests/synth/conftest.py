"""One folder of raw data for all tests, and a reader of it that uses nothing but the formats' own libraries."""

from __future__ import annotations

import gzip
import json
import tarfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synth.raw.folder import make_raw


@dataclass
class Row:
    """`image` is None where the row names no file, or one that isn't there; `name` is what the row calls it."""

    source: str
    record: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    image: bytes | None = None
    name: str = ""


def key_of(locator: dict[str, Any]) -> str:
    return json.dumps(locator, sort_keys=True)


def read_all(root: Path) -> dict[str, Row]:
    """Every row by its locator."""
    rows: dict[str, Row] = {}
    names = ("receipts/receipts", "scenes/annotations", "screens/episodes", "board_boxes/boxes")
    for name in (f"{name}.jsonl" for name in names):
        rows |= _jsonl(root, name, (root / name).read_text(encoding="utf-8"))
    name = "instructions/alpaca.jsonl.gz"
    rows |= _jsonl(root, name, gzip.decompress((root / name).read_bytes()).decode())
    for shard in sorted((root / "pairs").iterdir()):
        rows |= _shard(root, shard)
    for folder in ("questions", "referring", "boards"):
        for part in sorted((root / folder).iterdir()):
            rows |= _columns(folder, str(part.relative_to(root)), pq.read_table(part))
    name = "charts/data-00000-of-00001.arrow"
    rows |= _columns("charts", name, pa.ipc.open_stream((root / name).read_bytes()).read_all())
    return rows


def _jsonl(root: Path, name: str, text: str) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for number, line in enumerate(text.splitlines(), 1):
        row = Row(source=name.split("/")[0], text=line)
        with suppress(json.JSONDecodeError):
            row.record = json.loads(line)
        row.name = row.record.get("image", "")
        path = (root / name).parent / row.name
        if row.name and ".." not in row.name and path.exists():
            row.image = path.read_bytes()
        rows[key_of({"file": name, "line": number})] = row
    return rows


def _shard(root: Path, path: Path) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    shard = str(path.relative_to(root))
    with tarfile.open(path) as tar:
        for member in tar:
            stem, suffix = member.name.split(".")
            data = tar.extractfile(member).read()  # type: ignore[union-attr]
            row = rows.setdefault(key_of({"shard": shard, "key": stem}), Row(source="pairs"))
            if suffix == "json":
                row.record |= json.loads(data)
            elif suffix == "txt":
                row.record["caption"] = data.decode()
            else:
                row.image, row.name = data, member.name
    return rows


def _columns(source: str, name: str, table: pa.Table) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for index, record in enumerate(table.to_pylist()):
        image = record.pop("image")
        rows[key_of({"file": name, "row": index})] = Row(
            source=source, record=record, image=image["bytes"], name=image["path"]
        )
    return rows


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_raw(tmp_path_factory.mktemp("raw") / "data", rows=600, seed=0)


@pytest.fixture(scope="session")
def rows(raw: Path) -> dict[str, Row]:
    return read_all(raw)


@dataclass
class Spoiled:
    """A line of planted.jsonl with its row, and the row that it repeats if it repeats one."""

    defect: str
    expect: str
    detail: str
    row: Row
    of: Row | None


@pytest.fixture(scope="session")
def spoiled(raw: Path, rows: dict[str, Row]) -> list[Spoiled]:
    lines = [json.loads(line) for line in (raw / "planted.jsonl").read_text(encoding="utf-8").splitlines()]
    found = []
    for line in lines:
        row, of = rows[key_of(line["locator"])], rows[key_of(line["of"])] if "of" in line else None
        assert row.source == line["source"]
        found.append(
            Spoiled(defect=line["defect"], expect=line["expect"], detail=line.get("detail", ""), row=row, of=of)
        )
    return found
