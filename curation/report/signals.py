"""The signals that rules name: how their values lie, among kept rows and dropped ones, and where the thresholds cut."""

from __future__ import annotations

import math
import re
from typing import Any

import polars as pl

from curation.contract.rule import Rule
from curation.contract.table import read_manifest
from curation.ledger import Ledger
from curation.report import plots
from curation.report.bins import make_bins
from curation.report.tables import column_names, read_columns
from filters.catalogue import catalogue

_MOST_VALUES = 6  # bars of a signal that is no number
_NUMBERS = (pl.Float64, pl.Int64)


def rules_of(ledger: Ledger) -> dict[str, Rule]:
    """The rules that the run decided by; {} where it has not decided."""
    if "decide" not in ledger.tables:
        return {}
    settings = read_manifest(ledger.tables["decide"]).settings["rules"]
    return {name: Rule.model_validate(rule) for name, rule in settings.items()}


def condition(rule: Rule) -> str:
    """What a rule keeps, in a few words: `min_side_px ≥ 28`."""
    if rule.predicate is not None:
        return rule.predicate
    if rule.equals is not None:
        return f"{rule.signal} is {rule.equals}"
    if rule.in_ is not None:
        return f"{rule.signal} is one of {', '.join(map(str, rule.in_))}"
    low = f"{rule.min:g} ≤ " if rule.min is not None and rule.max is not None else ""
    high = f" ≤ {rule.max:g}" if rule.max is not None else f" ≥ {rule.min:g}"
    return f"{low}{rule.signal}{high}"


def histograms(ledger: Ledger) -> list[dict[str, Any]]:
    """One figure for each signal that a rule names, in the order of the table's columns."""
    rules = rules_of(ledger)
    columns = column_names(ledger, "decide")
    named: dict[str, dict[str, Rule]] = {}
    for name, rule in rules.items():
        for signal in signals_in(rule, columns):
            named.setdefault(signal, {})[name] = rule
    wanted = [column for column in columns if column in named]
    table = read_columns(ledger, "decide", ["row_id", "task", "fate", "verdicts", *wanted]) if wanted else None
    if table is None:
        return []
    drops = (
        table.select("row_id", "verdicts").explode("verdicts").unnest("verdicts").filter(pl.col("verdict") == "drop")
    )
    return [_figure(table, drops, signal, named[signal]) for signal in wanted]


def signals_in(rule: Rule, columns: list[str]) -> list[str]:
    """The columns that a rule reads."""
    words = [rule.signal] if rule.signal else re.findall(r"\w+", rule.predicate or "")
    return [column for column in columns if column in words]


def _figure(table: pl.DataFrame, drops: pl.DataFrame, signal: str, rules: dict[str, Rule]) -> dict[str, Any]:
    tasks = sorted({task for rule in rules.values() for task in rule.tasks})
    everywhere = any(not rule.tasks for rule in rules.values())
    rows = table if everywhere else table.filter(pl.col("task").is_in(tasks))
    measured = rows.filter(pl.col(signal).is_not_null())
    by_these = drops.filter(pl.col("rule").is_in(list(rules))).get_column("row_id")
    here = pl.col("row_id").is_in(by_these.implode())
    groups = [
        measured.filter(pl.col("fate") != "dropped").get_column(signal),
        measured.filter(here).get_column(signal),
        measured.filter((pl.col("fate") == "dropped") & ~here).get_column(signal),
    ]
    known = catalogue().get(signal)
    return {
        "signal": signal,
        "unit": known.unit if known else "",
        "what": known.description if known else "",
        "rules": [(name, condition(rule), ", ".join(rule.tasks)) for name, rule in rules.items()],
        "tasks": "" if everywhere else ", ".join(tasks),
        "kept": len(groups[0]),
        "dropped": len(groups[1]),
        "elsewhere": len(groups[2]),
        "unmeasured": rows.height - measured.height,
        "plot": _plot(groups, rules),
    }


def _plot(groups: list[pl.Series], rules: dict[str, Rule]) -> str:
    if groups[0].dtype not in _NUMBERS:
        return _plot_values(groups)
    values = [[float(value) for value in group.to_list() if math.isfinite(value)] for group in groups]
    lows = [rule.min for rule in rules.values() if rule.min is not None]
    highs = [rule.max for rule in rules.values() if rule.max is not None]
    bins = make_bins([value for group in values for value in group], [*lows, *highs], groups[0].dtype == pl.Int64)
    kept, here, elsewhere = (bins.count(group) for group in values)
    return plots.histogram(bins, kept, here, elsewhere, max(lows, default=None), min(highs, default=None))


def _plot_values(groups: list[pl.Series]) -> str:
    """For flags and words: the most frequent values."""
    texts = [group.cast(pl.String).to_list() for group in groups]
    everything = [text for group in texts for text in group]
    names = sorted(set(everything), key=lambda name: (-everything.count(name), name))[:_MOST_VALUES]
    kept, here, elsewhere = ([group.count(name) for name in names] for group in texts)
    return plots.counts(names, kept, here, elsewhere)
