"""Which rows count as one with a row, and by what: read back without Spark, a few rows at a time.

Edges belong to contents, pictures by the hash of their pixels and texts by theirs; rows hold contents.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.contract.table import read_parquet, table_files

FIRST = 10  # rows that are named of many (platform default)
_HOLDERS = {"measure": "pixel_hash", "deduplicate": "contents"}  # where rows name their pictures, and their texts too


def edges_of(tables: Mapping[str, str], rows: Collection[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every edge of the match stage that touches the `contents` of some rows of the deduplicate stage.

    Each with `other`, the content at its far end, and of the other rows that hold that `held_by`, the first ten ids,
    and `held_by_in_all`. None hold it where it is an evaluation set's, or a text of which the rules kept no row.
    """
    mine = {content for row in rows for content in row.get("contents") or []}
    if not mine or not _files(tables, "match"):
        return []
    touches = pc.field("a").isin(sorted(mine)) | pc.field("b").isin(sorted(mine))
    edges = [edge for url in _files(tables, "match") for edge in read_parquet(url, filters=touches).to_pylist()]
    edges = [{**edge, "other": edge["b"] if edge["a"] in mine else edge["a"]} for edge in edges]
    own = {row["row_id"] for row in rows}
    holders = _holders(tables, {edge["other"] for edge in edges})
    for edge in edges:
        held = holders.get(edge["other"], set()) - own
        edge |= {"held_by": heapq.nsmallest(FIRST, held), "held_by_in_all": len(held)}
    return sorted(edges, key=lambda edge: str(edge["row_id"]))


def went_for(table: str, row_id: str) -> dict[str, Any]:
    """The rows that the deduplicate stage dropped because this one is kept: how many, and the `first` ten of them."""
    wanted = ["row_id", "reason", "detail"]
    gone = [
        row
        for url in table_files(table)
        for row in read_parquet(url, wanted, pc.field("duplicate_of") == row_id).to_pylist()
    ]
    return {"rows": len(gone), "first": heapq.nsmallest(FIRST, gone, key=lambda row: str(row["row_id"]))}


def _holders(tables: Mapping[str, str], contents: set[str]) -> dict[str, set[str]]:
    """The ids of the rows that hold some contents, whatever became of them."""
    found: dict[str, set[str]] = {}
    wanted = pa.array(sorted(contents), pa.string())
    for stage, column in _HOLDERS.items():
        for batch in _batches(tables, stage, ["row_id", column]):
            lists = batch.column(column)
            values, places = lists.flatten(), pc.list_parent_indices(lists)
            hits = pc.is_in(values, wanted)
            row_ids = batch.column("row_id").take(places.filter(hits)).to_pylist()
            for content, row_id in zip(values.filter(hits).to_pylist(), row_ids, strict=True):
                found.setdefault(content, set()).add(row_id)
    return found


def _batches(tables: Mapping[str, str], stage: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    for url in _files(tables, stage):
        with fsspec.open(url, "rb") as file:
            parquet = pq.ParquetFile(file)
            if set(columns) <= set(parquet.schema_arrow.names):  # a run without pictures measures none
                yield from parquet.iter_batches(columns=columns)


def _files(tables: Mapping[str, str], stage: str) -> list[str]:
    return [url for url in table_files(tables[stage]) if url.endswith(".parquet")] if stage in tables else []
