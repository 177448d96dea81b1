"""Decide: the recipe's rules over measured signals, file by file, so that a new threshold costs seconds.

Of each file of `measure` the columns that the rules name are read, and the compiled rules run on them in polars: no
Spark is started for it on one machine, and no signal is written again. The ledger is this table beside `measure`'s.
"""

from __future__ import annotations

from collections.abc import Iterator

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from curation.contract.recipe import Recipe
from curation.contract.rule import Rule
from curation.contract.table import table_files
from curation.stage import Files, Job
from filters import deciding
from filters.resolving import resolve
from filters.rules import CompiledRule

VERSION = 2
_AT_ONCE = 65_536  # rows
_ROW = ("row_id", "sample_id", "source", "task")
_VERDICT = pa.struct([("rule", pa.string()), ("verdict", pa.string()), ("reason", pa.string())])
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in _ROW),
        ("letters", pa.string()),
        ("verdicts", pa.list_(_VERDICT)),
        *((name, pa.string()) for name in ("fate", "reason", "detail")),
    ]
)


def check_rules(recipe: Recipe) -> dict[str, Rule]:
    """The rules of a recipe, resolved. Raises RecipeError, with the line, for one that can't be used."""
    rules = resolve(recipe)
    for name, rule in rules.items():
        try:
            deciding.compiled({name: rule})
        except ValueError as error:
            place = ("rules", name) if name in recipe.rules else ("presets",)
            raise recipe.error(place, str(error)) from None
    return rules


def settings(rules: dict[str, Rule]) -> list[dict[str, object]]:
    """The rules as the stage's fingerprint covers them and its manifest holds them, in their order."""
    return [{"name": name, **rule.settings()} for name, rule in rules.items()]


def decide(job: Job, rules: dict[str, Rule]) -> Files:
    """Every measured row with the fate that follows from its verdicts; see `filters.deciding.decide`."""
    compiled = deciding.compiled(rules)
    columns = [*_ROW, *dict.fromkeys(each for rule in compiled for each in rule.signals)]

    def make(url: str) -> Iterator[pa.Table]:
        return (_decided(measured, compiled) for measured in _read(url, columns))

    return Files(table_files(job.tables["measure"]), make, SCHEMA)


def _read(url: str, columns: list[str]) -> Iterator[pl.DataFrame]:
    """The rows of a file that were measured, some columns of them, in portions."""
    with fsspec.open(url, "rb") as file:
        for batch in pq.ParquetFile(file).iter_batches(_AT_ONCE, columns=[*columns, "fate"]):
            frame = pl.DataFrame(pl.from_arrow(batch)).rechunk()
            yield frame.filter(pl.col("fate").is_in(["kept", "made"])).drop("fate")


def _decided(measured: pl.DataFrame, rules: list[CompiledRule]) -> pa.Table:
    found = pl.concat([measured.select(_ROW), deciding.decide_by(measured, rules)], how="horizontal")
    return found.select(SCHEMA.names).to_arrow().cast(SCHEMA)
