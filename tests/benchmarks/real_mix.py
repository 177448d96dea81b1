"""The real sets as a training sees them: rendered rows of the recipe `real`, without what a model would add, and pairs
of each row's own answer beside another row's."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from curation.contract.dataset import PAIRS, RENDERED, RenderedPair, RenderedRow, read_rendered
from curation.contract.table import Manifest, read_manifest, store_of, table_url

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
_SOME = "some-"
_ASKS_A_MODEL = ("score", "sample", "train", "dpo", "evaluate", "review", "engine")


def rendered(folder: Path, data: Path = DATA) -> str:
    """The table of rendered rows of all real sets, made in `folder` unless it is there."""
    recipe = yaml.safe_load((ROOT / "curation" / "recipes" / "real.yaml").read_text(encoding="utf-8"))
    kept = {name: block for name, block in recipe.items() if name not in _ASKS_A_MODEL}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(kept, sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-W", "ignore", "-m", "curation", "run", str(path), "--data", str(data)]
    subprocess.run([*command, "--out", str(folder / "work")], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    tables = (folder / "work" / "store" / "tables" / "render").glob("*/manifest.json")
    (made,) = (path.parent for path in tables if not path.parent.name.startswith(_SOME))  # not what was taken from it
    return str(made)


def some_rows(table: str, count: int) -> list[RenderedRow]:
    """So many rows of the training split, by the hash of their ids: the mix stays as it is."""
    rows = read_rendered(table, "train")
    return sorted(rows, key=lambda row: hashlib.sha256(row.row_id.encode()).hexdigest())[:count]


def repeated(rows: Sequence[RenderedRow], count: int) -> list[RenderedRow]:
    """So many rows, the given ones again and again under other names."""
    return [replace(rows[at % len(rows)], row_id=f"{at}-{rows[at % len(rows)].row_id}") for at in range(count)]


def write_rows(like: str, name: str, rows: Sequence[RenderedRow]) -> str:
    """A table of these rows in the store of the table that they come from."""
    return _write(like, "render", _SOME + name, RENDERED, [dataclasses.asdict(row) for row in rows])


def write_pairs(like: str, name: str, rows: Sequence[RenderedRow]) -> str:
    """A table of pairs: each row's own answer, and that of the next row of its source that says something else."""
    pairs = [
        RenderedPair(chosen=row, rejected=other, margin=1.0, origin="benchmark")
        for row in rows
        if (other := _other_answer(row, rows))
    ]
    flat = [dataclasses.asdict(pair) for pair in pairs]
    return _write(like, "render_dpo", _SOME + name, PAIRS, [{**row.pop("chosen"), **row} for row in flat])


def _other_answer(row: RenderedRow, rows: Sequence[RenderedRow]) -> Any:
    own = row.segments[row.answer_at :]
    at = rows.index(row)
    for other in [*rows[at + 1 :], *rows[:at]]:
        said = other.segments[other.answer_at :]
        if other.source == row.source and said != own and said[-1] == own[-1]:
            return said
    return None


def _write(like: str, stage: str, name: str, schema: pa.Schema, rows: list[dict[str, Any]]) -> str:
    table, settings = table_url(store_of(like), stage, name), read_manifest(like).settings
    folder = Path(table)
    folder.mkdir(parents=True, exist_ok=True)
    kept = [{**row, "fate": "kept"} for row in rows]
    pq.write_table(
        pa.Table.from_pylist(kept, schema=schema.append(pa.field("fate", pa.string()))), folder / "part.parquet"
    )
    manifest = Manifest(
        stage=stage, version=1, fingerprint=name, parents={}, settings=settings, counts={}, rows=len(rows), digest=""
    )
    (folder / "files.json").write_text(json.dumps({"files": ["part.parquet"]}), encoding="utf-8")
    (folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    return table
