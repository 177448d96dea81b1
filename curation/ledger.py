"""Questions to the ledger: what became of the rows, rule by rule, and of one row from beginning to end.

Answers come from the tables of the store's last run and need no Spark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow.compute as pc

from curation.contract.dataset import RenderedRow, read_rendered
from curation.contract.rule import Rule
from curation.contract.table import TableError, read_beside, read_manifest, read_table, table_files
from curation.duplicates.twins import edges_of, went_for
from curation.plan import Plan, last_run
from curation.stage import COUNTS, tables_of
from curation.store import is_complete
from filters.deciding import LETTERS
from filters.rules import VERDICTS


@dataclass(frozen=True)
class Ledger:
    """The complete tables of one run, by stage, in the order of the run."""

    tables: dict[str, str]

    @classmethod
    def of(cls, store: str) -> Ledger:
        """The last run of a store.

        Raises:
            TableError: no run has been made there.
        """
        run = last_run(store)
        if not run:
            raise TableError(f"no run in {store}; `winnow run RECIPE --out DIR` makes one")
        return cls(_complete(tables_of(store, run["stages"])))

    @classmethod
    def of_plan(cls, plan: Plan) -> Ledger:
        """The tables of a plan, whichever run made them."""
        return cls(_complete(plan.tables))

    def counts(self) -> dict[str, dict[str, int]]:
        """Rows in, kept, dropped, quarantined, waiting and made, by stage."""
        return {
            name: {key: read_manifest(url).counts.get(key, 0) for key in COUNTS} for name, url in self.tables.items()
        }

    def need(self, stage: str) -> str:
        if stage not in self.tables:
            raise TableError(f"stage `{stage}` has no complete table yet; `winnow run --select +{stage}` makes it")
        return self.tables[stage]

    def beside(self, stage: str) -> dict[str, Any]:
        """What lies beside the manifest of a stage, which must be complete."""
        return read_beside(self.need(stage))


def rules_of(ledger: Ledger) -> dict[str, Rule]:
    """The rules that the run decided by, in their order; {} where it has not decided."""
    if "decide" not in ledger.tables:
        return {}
    entries = read_manifest(ledger.tables["decide"]).settings["rules"]
    return {
        entry["name"]: Rule.model_validate({key: entry[key] for key in entry if key != "name"}) for entry in entries
    }


def _complete(tables: dict[str, str]) -> dict[str, str]:
    return {name: url for name, url in tables.items() if is_complete(url)}


def reasons(ledger: Ledger) -> list[dict[str, Any]]:
    """Rows that did not go on, by stage, fate and reason, with an example of each."""
    entries = []
    for stage, url in ledger.tables.items():
        if not _has_fates(url):
            continue
        lost = ~pc.field("fate").isin(["kept", "made"])
        table = pl.from_arrow(read_table(url, columns=["row_id", "fate", "reason"], filters=lost))
        assert isinstance(table, pl.DataFrame)
        groups = table.group_by("fate", "reason")
        counted = groups.agg(pl.len().alias("rows"), pl.col("row_id").min().alias("example"))
        order = counted.sort(["rows", "reason"], descending=[True, False])
        entries += [{"stage": stage, **row} for row in order.to_dicts()]
    return entries


def story(ledger: Ledger, identity: str) -> list[dict[str, Any]]:
    """Everything that the tables hold about a row, by its row id, or about all rows of a sample id; with a row,
    the answers that models gave to it, and its pairs, the edges of the match stage that touch its contents, and where
    it stands for duplicates `stands_for`, those that went.

    One entry per stage and row, or edge: {"stage": name, **columns}. Empty where nobody knows the id.
    """
    entries: list[dict[str, Any]] = []
    for stage, url in ledger.tables.items():
        if stage == "match":
            deduplicated = _about(ledger, "deduplicate", identity)
            entries += [{"stage": stage, **edge} for edge in edges_of(ledger.tables, deduplicated)]
        elif _has_fates(url):
            entries += [{"stage": stage, **row} for row in _about(ledger, stage, identity)]
    return [_TOLD[entry["stage"]](ledger, entry) if entry["stage"] in _TOLD else entry for entry in entries]


def _about(ledger: Ledger, stage: str, identity: str) -> list[dict[str, Any]]:
    """The rows of a stage with a row id, or made of that row; where there are none, those with that sample id."""
    if stage not in ledger.tables:
        return []
    row_id = pc.field("row_id")
    mine = (row_id == identity) | pc.starts_with(row_id, f"{identity}~")  # what was made of it, by its name
    for wanted in (mine, pc.field("sample_id") == identity):
        if found := read_table(ledger.tables[stage], filters=wanted).to_pylist():
            return list(found)
    return []


def _spelled_out(ledger: Ledger, entry: dict[str, Any]) -> dict[str, Any]:
    """A decided row with the verdict of every rule, not only of those that counted against it."""
    counted = {each["rule"]: each for each in entry["verdicts"] or []}
    names = dict(zip(LETTERS, VERDICTS, strict=True))
    verdicts = [
        counted.get(rule, {"rule": rule, "verdict": names[letter], "reason": ""})
        for rule, letter in zip(rules_of(ledger), entry["letters"], strict=True)
    ]
    return {name: value for name, value in entry.items() if name != "letters"} | {"verdicts": verdicts}


def _with_those_that_went(ledger: Ledger, entry: dict[str, Any]) -> dict[str, Any]:
    """A deduplicated row that is kept, with the duplicates that are not."""
    gone = went_for(ledger.tables["deduplicate"], entry["row_id"]) if entry["fate"] == "kept" else {"rows": 0}
    return {**entry, "stands_for": gone} if gone["rows"] else entry


_TOLD = {"decide": _spelled_out, "deduplicate": _with_those_that_went}  # stages of which more is told than their rows


def similar_ids(ledger: Ledger, text: str, most: int = 5) -> list[str]:
    """Row ids that contain a text, to help who mistypes one."""
    found: list[str] = []
    for stage, url in ledger.tables.items():
        if stage.startswith("ingest_"):
            ids = read_table(url, columns=["row_id"]).column("row_id").to_pylist()
            found += [row_id for row_id in ids if text in row_id]
    return sorted(found)[:most]


def _has_fates(url: str) -> bool:
    return any(name.endswith(".parquet") for name in table_files(url)) and read_manifest(url).digest != ""


def rendered_rows(ledger: Ledger, identity: str, each: int) -> list[RenderedRow]:
    """The rendered rows of a row or sample id; without one, the first `each` of every task."""
    table = ledger.need("render")
    rows = [row for split in ("train", "test") for row in read_rendered(table, split)]
    if identity:
        return [row for row in rows if identity in (row.row_id, row.sample_id)]
    chosen: dict[str, list[RenderedRow]] = {}
    for row in rows:
        chosen.setdefault(f"{row.task}/{row.source}", []).append(row)
    return [row for some in chosen.values() for row in some[:each]]
