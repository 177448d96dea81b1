"""Stores with hand-made tables, so that each section can be asked about rows that a test knows by heart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.contract.table import Manifest, table_url
from curation.ledger import Ledger
from curation.stage import COUNTS
from curation.store import write_bytes


class Shelf:
    """A store that takes complete tables, whatever is in them."""

    def __init__(self, store: Path, tables: dict[str, str] | None = None) -> None:
        self.store = str(store)
        self.tables = dict(tables or {})

    def put(
        self,
        stage: str,
        rows: pa.Table | None = None,
        counts: dict[str, int] | None = None,
        settings: dict[str, Any] | None = None,
        **beside: Any,
    ) -> None:
        """A table of a stage; without rows it is one of those that hold files of their own."""
        url = table_url(self.store, stage, "made-by-hand")
        files = []
        if rows is not None:
            Path(url).mkdir(parents=True)
            pq.write_table(rows, f"{url}/part.parquet")
            files = ["part.parquet"]
        manifest = Manifest(
            stage=stage,
            version=1,
            fingerprint="made-by-hand",
            parents={},
            settings=settings or {},
            counts={**dict.fromkeys(COUNTS, 0), **(counts or {})},
            rows=rows.num_rows if rows is not None else 0,
            digest="0" if rows is not None and "fate" in rows.column_names else "",
        )
        write_bytes(f"{url}/files.json", json.dumps({"files": files, **beside}).encode())
        write_bytes(f"{url}/manifest.json", manifest.to_json().encode())
        self.tables[stage] = url

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.tables)

    def note_run(self) -> None:
        """Makes these tables the store's last run."""
        stages = {name: url.rsplit("/", 1)[-1] for name, url in self.tables.items()}
        run = {"run": "9-by-hand", "recipe": "demo", "stages": stages}
        write_bytes(f"{self.store}/runs/9-by-hand.json", json.dumps(run).encode())


@pytest.fixture(scope="session")
def new_shelf() -> type[Shelf]:
    return Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "store")
