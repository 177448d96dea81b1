"""What became of the rows: tiles, stage by stage, rule by rule, and what went into the dataset."""

from __future__ import annotations

from typing import Any

import polars as pl

from curation.contract.table import read_manifest
from curation.decided import rule_funnel
from curation.duplicates.decontaminate import PREFIX as BENCHMARK
from curation.ledger import Ledger, reasons, rules_of
from curation.report.signals import condition
from curation.report.tables import INGEST, beside, count_values, parquet_files, read_columns
from curation.stage import COUNTS, FATES

_NO_ROWS = ("match",)  # its table holds pairs, not rows
Counts = dict[str, dict[str, int]]  # by stage, source or evaluation set
Tile = tuple[str, str, str]  # the number, what it counts, and more about it


def funnel(ledger: Ledger) -> dict[str, Any]:
    """Rows by stage, with each source and each evaluation set by itself beside it."""
    stages, sources, benchmarks = by_stage(ledger)
    return {
        "stages": _bars(stages),
        "sources": _bars(sources),
        "benchmarks": _bars(benchmarks),
        "balanced": all(each["in"] == sum(each[fate] for fate in FATES) for each in ledger.counts().values()),
        "reasons": reasons(ledger),
    }


def by_stage(ledger: Ledger) -> tuple[Counts, Counts, Counts]:
    """The counts of stages that have rows, the sources' summed into one, `ingest`; of each source; and of each
    evaluation set, which is no part of the rows."""
    counts = {name: each for name, each in ledger.counts().items() if name not in _NO_ROWS}
    sources, benchmarks = (
        {name.removeprefix(prefix): each for name, each in counts.items() if name.startswith(prefix)}
        for prefix in (INGEST, BENCHMARK)
    )
    ingest = {key: sum(each[key] for each in sources.values()) for key in COUNTS}
    stages = {"ingest": ingest} if sources else {}
    stages |= {name: each for name, each in counts.items() if not name.startswith((INGEST, BENCHMARK))}
    return {name: each for name, each in stages.items() if any(each.values())}, sources, benchmarks


def _bars(counts: Counts) -> list[dict[str, Any]]:
    """Each stage's counts with its bar: (fate, share in percent of the longest bar)."""
    fates = (*FATES, "made")
    longest = max((sum(each[fate] for fate in fates) for each in counts.values()), default=0) or 1
    return [
        {"name": name, **each, "bar": [(fate, 100 * each[fate] / longest) for fate in fates if each[fate]]}
        for name, each in counts.items()
    ]


def rules(ledger: Ledger) -> list[dict[str, Any]]:
    """The rule funnel with what each rule keeps and its bar: what it leaves and what it is the first to drop."""
    if "decide" not in ledger.tables:
        return []
    entries, known = rule_funnel(ledger), rules_of(ledger)
    before = entries[0]["left"] + entries[0]["first"] if entries else 1
    return [
        {
            **entry,
            "condition": condition(known[entry["rule"]]),
            "tasks": ", ".join(known[entry["rule"]].tasks),
            "bar": [("kept", 100 * entry["left"] / before), ("dropped", 100 * entry["first"] / before)],
        }
        for entry in entries
    ]


def tiles(ledger: Ledger) -> list[Tile]:
    """The run in a handful of numbers."""
    counts = ledger.counts()
    ingest = [each for name, each in counts.items() if name.startswith(INGEST)]
    raw = sum(each["in"] for each in ingest)
    lost = sum(each["quarantined"] for name, each in counts.items() if not name.startswith(BENCHMARK))
    found: list[Tile] = [
        (f"{raw:,}", "raw rows", _plural(len(ingest), "source")),
        (f"{lost:,}", "quarantined", f"{lost / max(raw, 1):.1%} of the raw rows"),
    ]
    if "decide" in counts:
        found.append((f"{counts['decide']['dropped']:,}", "dropped by rules", _plural(len(rules_of(ledger)), "rule")))
    if "deduplicate" in counts:
        found.append((f"{counts['deduplicate']['dropped']:,}", "duplicates", "of a better row"))
    if "decontaminate" in counts:
        found.append(_contaminated_tile(ledger))
    splits = read_columns(ledger, "render", ["split"], [("fate", "in", ["kept", "made"])])
    if splits is not None:
        names = splits.get_column("split").to_list()
        found.append((f"{names.count('train'):,}", "training rows", f"{names.count('test'):,} held out for the test"))
    if "pair" in counts:
        pairs = counts["pair"]["kept"] + counts["pair"]["made"]
        found.append((f"{pairs:,}", "preference pairs", "a better and a worse answer"))
    return found + _loss_tile(ledger)


def _contaminated_tile(ledger: Ledger) -> Tile:
    held = sum(count for reason, count in count_values(ledger, "decontaminate", "reason").items() if reason)
    drops = read_manifest(ledger.tables["decontaminate"]).settings.get("on_match", "drop") == "drop"
    return (f"{held:,}", "in an evaluation set", "dropped" if drops else "flagged, and kept")


def _loss_tile(ledger: Ledger) -> list[Tile]:
    losses = {name: beside(ledger, f"evaluate_{name}", "metrics").get("loss") for name in ("base", "sft")}
    if None in losses.values():
        return []
    return [(f"{losses['sft']:.3f}", "test loss after SFT", f"{losses['base']:.3f} before")]


def mix(ledger: Ledger) -> dict[str, Any] | None:
    """The rendered dataset by source and by task: rows of both splits, images, vision tokens."""
    if not parquet_files(ledger, "render"):
        return None
    table = read_columns(ledger, "render", ["source", "task", "split", "media"], [("fate", "in", ["kept", "made"])])
    assert table is not None
    tokens = pl.col("media").list.eval(pl.element().struct.field("vision_tokens")).list.sum()
    table = table.with_columns(pl.col("media").list.len().alias("images"), tokens.fill_null(0).alias("tokens"))
    trained = beside(ledger, "train_sft", "summary").get("dataset", {})
    return {
        "rows": table.height,
        "by": [(name, _groups(table, name)) for name in ("source", "task")],
        "thinned": _thinned(ledger),
        "trained": trained if {"rows", "tokens", "text_rows", "text_tokens"} <= set(trained) else None,
    }


def _groups(table: pl.DataFrame, by: str) -> list[dict[str, Any]]:
    groups = table.group_by(by).agg(
        (pl.col("split") == "train").sum().alias("train"),
        (pl.col("split") == "test").sum().alias("test"),
        pl.col("images").sum(),
        pl.col("tokens").sum(),
    )
    rows = groups.sort([pl.col("train") + pl.col("test"), by], descending=[True, False]).to_dicts()
    longest = max((row["train"] + row["test"] for row in rows), default=0) or 1
    bars = [[("train", 100 * row["train"] / longest), ("test", 100 * row["test"] / longest)] for row in rows]
    return [{"name": row[by], **row, "bar": bar} for row, bar in zip(rows, bars, strict=True)]


def _thinned(ledger: Ledger) -> list[tuple[str, int]]:
    """(reason, rows) of what the mix left out."""
    table = read_columns(ledger, "mix", ["reason"], [("fate", "==", "dropped")])
    if table is None:
        return []
    return sorted((str(row["reason"]), int(row["len"])) for row in table.group_by("reason").len().to_dicts())


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
