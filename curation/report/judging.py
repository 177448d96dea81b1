"""Judging, sampling, preferences and review: what models and people said of the rows, where those stages ran."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import polars as pl

from curation.ledger import Ledger
from curation.report import plots
from curation.report.bins import make_bins
from curation.report.cards import clip, make_card
from curation.report.choose import spread
from curation.report.palette import MODELS
from curation.report.picture import Thumbnails
from curation.report.tables import read_columns, read_rows

PAIRS, EDITS = 8, 6  # examples shown (platform defaults)
_PASSED = ("kept", "made")


def scores(ledger: Ledger) -> list[dict[str, Any]]:
    """How the judge's scores lie, one figure for each criterion."""
    found: dict[str, list[float]] = {}
    for row in read_rows(ledger, "score", ["scores"]):
        for entry in row["scores"] or []:
            if entry["value"] is not None and math.isfinite(entry["value"]):
                found.setdefault(entry["name"], []).append(entry["value"])
    return [_criterion(name, values) for name, values in sorted(found.items())]


def _criterion(name: str, values: list[float]) -> dict[str, Any]:
    bins = make_bins(values, [], whole=False)
    return {
        "name": name,
        "rows": len(values),
        "mean": sum(values) / len(values),
        "plot": plots.distribution(bins, bins.count(values)),
    }


def samplings(ledger: Ledger) -> list[dict[str, Any]]:
    """For each model that was sampled: prompts, candidates and verified ones by source, and why others failed."""
    found = []
    for model in MODELS:
        table = read_columns(ledger, f"verify_{model}", ["source", "parent", "number", "fate", "reason"])
        candidates = table.filter(pl.col("number").is_not_null()) if table is not None else None
        if candidates is not None and candidates.height:
            found.append({"model": model, "sources": _verified(candidates), "failed": _failed(candidates)})
    return found


def _verified(candidates: pl.DataFrame) -> list[dict[str, Any]]:
    verified = pl.col("fate").is_in(_PASSED)
    groups = candidates.group_by("source").agg(
        pl.col("parent").n_unique().alias("prompts"),
        pl.col("parent").filter(verified).n_unique().alias("solved"),
        pl.len().alias("candidates"),
        verified.sum().alias("verified"),
    )
    rows = groups.sort("source", nulls_last=True).to_dicts()
    return [{**row, "share": row["verified"] / row["candidates"]} for row in rows]


def _failed(candidates: pl.DataFrame) -> list[tuple[str, int]]:
    lost = candidates.filter(~pl.col("fate").is_in(_PASSED)).group_by("reason").len()
    order = lost.sort(["len", "reason"], descending=[True, False])
    return [(row["reason"] or "", row["len"]) for row in order.to_dicts()]


def preferences(ledger: Ledger, thumbnails: Thumbnails) -> dict[str, Any] | None:
    """Pairs by source and origin, and some with the prompt, the chosen and the rejected answer."""
    wanted = ["row_id", "source", "task", "fate", "messages", "media", "regions", "steps", "preference"]
    rows = [row for row in read_rows(ledger, "pair", wanted) if row["fate"] in _PASSED and row["preference"]]
    if not rows:
        return None
    chosen = spread(rows, PAIRS, lambda row: str(row["row_id"]), lambda row: row["source"])
    return {
        "rows": len(rows),
        "counts": _pair_counts(rows),
        "examples": [_pair_card(row, thumbnails) for row in chosen],
    }


def _pair_counts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        preference = row["preference"]
        key = (row["source"] or "", preference.get("origin") or "")
        groups.setdefault(key, []).append(preference.get("margin") or 0.0)
    return [
        {"source": source, "origin": origin, "pairs": len(margins), "margin": sum(margins) / len(margins)}
        for (source, origin), margins in sorted(groups.items())
    ]


def _pair_card(row: dict[str, Any], thumbnails: Thumbnails) -> dict[str, Any]:
    preference = row["preference"]
    return {
        "card": make_card(row, thumbnails),
        "chosen": clip(preference.get("chosen") or ""),
        "rejected": clip(preference.get("rejected") or ""),
        "margin": preference.get("margin"),
        "origin": preference.get("origin") or "",
    }


def review(ledger: Ledger) -> dict[str, Any] | None:
    """What people said of the rows that they were asked about, and some of their edits."""
    rows = read_rows(ledger, "review", ["row_id", "source", "verdict", "edit", "fate"])
    rows = [row for row in rows if row["verdict"]]
    if not rows:
        return None
    counts = Counter((row["verdict"], row["fate"] or "") for row in rows)
    edits = [row for row in rows if row["edit"]]
    chosen = spread(edits, EDITS, lambda row: str(row["row_id"]), lambda row: row["source"])
    return {
        "rows": len(rows),
        "counts": sorted(((*pair, count) for pair, count in counts.items()), key=lambda entry: (-entry[2], entry)),
        "edits": [(row["row_id"], clip(row["edit"])) for row in chosen],
    }
