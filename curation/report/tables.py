"""Reading a run's tables as the page needs them: some columns, whether or not the stage ran or has them all."""

from __future__ import annotations

from collections import Counter
from typing import Any

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from curation.contract.table import read_parquet, table_files
from curation.ledger import Ledger

INGEST = "ingest_"  # how the names of stages that read sources start


def read_columns(ledger: Ledger, stage: str, columns: list[str], filters: Any = None) -> pl.DataFrame | None:
    """Some columns of a stage's table, or None where the run has no such table. A column that the table does not have
    is null throughout, so that a page of an older run still opens."""
    table = _read(ledger, stage, columns, filters)
    if table is None:
        return None
    frame = pl.DataFrame(pl.from_arrow(table))
    missing = [pl.lit(None, pl.String).alias(name) for name in columns if name not in frame.columns]
    return frame.with_columns(missing).select(columns)


def read_rows(ledger: Ledger, stage: str, columns: list[str], filters: Any = None) -> list[dict[str, Any]]:
    """The same as plain values, maps as dicts; [] where the run has no such table."""
    table = _read(ledger, stage, columns, filters)
    rows = table.to_pylist(maps_as_pydicts="lossy") if table is not None else []
    return [{name: row.get(name) for name in columns} for row in rows]


def _read(ledger: Ledger, stage: str, columns: list[str], filters: Any) -> pa.Table | None:
    files = parquet_files(ledger, stage)
    if not files:
        return None
    there = [name for name in columns if name in _names(files[0])]
    return pa.concat_tables([read_parquet(url, there, filters) for url in files])


def count_values(ledger: Ledger, stage: str, column: str) -> Counter[str]:
    """How many rows of a stage have which value, read batch by batch: of tables that may be long. Null is ""."""
    found: Counter[str] = Counter()
    for url in parquet_files(ledger, stage):
        with fsspec.open(url, "rb") as file:
            for batch in pq.ParquetFile(file).iter_batches(columns=[column]):
                for entry in batch.column(0).value_counts().to_pylist():
                    found[entry["values"] or ""] += entry["counts"]
    return found


def parquet_files(ledger: Ledger, stage: str) -> list[str]:
    """URLs of the Parquet files of a stage; none where it has not run."""
    if stage not in ledger.tables:
        return []
    return [url for url in table_files(ledger.tables[stage]) if url.endswith(".parquet")]


def column_names(ledger: Ledger, stage: str) -> list[str]:
    files = parquet_files(ledger, stage)
    return _names(files[0]) if files else []


def with_fates(ledger: Ledger) -> list[str]:
    """The stages whose tables say what became of each row, in the order of the run."""
    return [stage for stage in ledger.tables if "fate" in column_names(ledger, stage)]


def beside(ledger: Ledger, stage: str, key: str) -> dict[str, Any]:
    """What a model stage left beside its manifest under a key; {} where it has not run."""
    found = ledger.beside(stage).get(key) if stage in ledger.tables else None
    return found if isinstance(found, dict) else {}


def _names(url: str) -> list[str]:
    with fsspec.open(url, "rb") as file:
        return list(pq.read_schema(file).names)
