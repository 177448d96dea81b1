"""Evaluation sets: how many rows hold an item of each, how they were found, and some of them beside the item."""

from __future__ import annotations

from typing import Any

import polars as pl

from curation.contract.table import read_manifest
from curation.duplicates.decontaminate import PREFIX as BENCHMARK
from curation.ledger import Ledger
from curation.report.cards import Card, find_samples, make_card
from curation.report.choose import spread
from curation.report.picture import Thumbnails
from curation.report.tables import beside, read_columns

HELD = 8  # rows shown (platform default)
WAYS = {  # how a row holds an item
    "picture": "same picture",
    "near_picture": "near copy of its picture",
    "ngram": "words in a row",
    "short_answer": "short question and answer",
}


def held(ledger: Ledger, thumbnails: Thumbnails | None = None) -> dict[str, Any] | None:
    """What the decontaminate stage found, by evaluation set, with the rules that it found it by; with `thumbnails` also
    `cards`, pairs of a row and the item that it holds. None where there are no evaluation sets."""
    if "decontaminate" not in ledger.tables:
        return None
    manifest = read_manifest(ledger.tables["decontaminate"])
    found = _found(ledger)
    return {
        "ways": list(WAYS.items()),
        "sets": _sets(ledger, found),
        "rows": found.get_column("row_id").n_unique(),
        "checked": manifest.counts["in"],
        "dropped": manifest.settings.get("on_match", "drop") == "drop",
        "ngram": manifest.settings.get("ngram"),
        "most_items": manifest.settings.get("most_items"),
        "cards": _cards(ledger, found, thumbnails) if thumbnails else [],
    }


def _found(ledger: Ledger) -> pl.DataFrame:
    """A line for each way in which a row holds an item of a set: row_id, fate, benchmark, item, how, shared."""
    wanted = ["row_id", "fate", "contaminated"]
    table = read_columns(ledger, "decontaminate", wanted, [("reason", "==", "contaminated")])
    names = ("row_id", "fate", "benchmark", "item", "how", "shared")
    if table is None or not table.height:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return table.explode("contaminated").unnest("contaminated").select(names)


def _sets(ledger: Ledger, found: pl.DataFrame) -> list[dict[str, Any]]:
    told = beside(ledger, "decontaminate", "benchmarks")
    counts = ledger.counts()
    lines = []
    for name in sorted({*told, *(stage.removeprefix(BENCHMARK) for stage in counts if stage.startswith(BENCHMARK))}):
        mine = found.filter(pl.col("benchmark") == name)
        by = dict(mine.group_by("how").agg(pl.col("row_id").n_unique()).rows())
        lines.append(
            {
                "name": name,
                "items": counts.get(BENCHMARK + name, {}).get("kept", 0),
                "rows": mine.get_column("row_id").n_unique(),
                "by": {way: by.get(way, 0) for way in WAYS},
                "blind": told.get(name, {}).get("blind", 0),
                "ignored": told.get(name, {}).get("ignored", 0),
            }
        )
    return lines


def _cards(ledger: Ledger, found: pl.DataFrame, thumbnails: Thumbnails) -> list[tuple[Card, Card]]:
    rows = found.to_dicts()
    chosen = spread(rows, HELD, lambda row: f"{row['row_id']} {row['how']}", lambda row: (row["benchmark"], row["how"]))
    samples = find_samples(ledger, [row["row_id"] for row in chosen])
    items = find_samples(ledger, [row["item"] for row in chosen], BENCHMARK)
    pairs = []
    for row in chosen:
        mine, item = (some.get(row[key], {"row_id": row[key]}) for some, key in ((samples, "row_id"), (items, "item")))
        how = f"{row['benchmark']}: {WAYS.get(row['how'], row['how'])}"
        pairs.append(
            (
                make_card(mine, thumbnails, row["fate"], how, row["shared"]),
                make_card(item, thumbnails, badge=f"item of {row['benchmark']}"),
            )
        )
    return pairs
