"""The signals that rules name: how their values lie, among kept rows and dropped ones, and where the thresholds cut."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

from curation.contract.rule import Rule
from curation.decided import Decided, Flags, read_decided
from curation.ledger import Ledger, rules_of
from curation.report import plots
from curation.report.bins import make_bins
from curation.report.tables import column_names
from filters.catalogue import catalogue

_MOST_VALUES = 6  # bars of a signal that is no number
_NUMBERS = (pl.Float64, pl.Int64)


def condition(rule: Rule) -> str:
    """What a rule keeps, in a few words, and what instead of single sources' rows."""
    return "; ".join([rule.condition, *(f"{name}: {other.condition}" for name, other in rule.by_source.items())])


def histograms(ledger: Ledger) -> list[dict[str, Any]]:
    """One figure for each signal of a rule that dropped something, then, without a plot (`plot` is ""), one for each
    other signal that a rule names; in the order of the table's columns."""
    columns = column_names(ledger, "measure")
    named: dict[str, dict[str, Rule]] = {}
    for name, rule in rules_of(ledger).items():
        for signal in signals_in(rule, columns):
            named.setdefault(signal, {})[name] = rule
    if not named:
        return []
    decided = read_decided(ledger, named)
    drops = decided.drops()
    only = drops & (drops.sum(axis=1, keepdims=True) == 1)
    figures = [_figure(decided, drops, only, signal, named[signal]) for signal in columns if signal in named]
    return sorted(figures, key=lambda figure: not figure["dropped"])


def signals_in(rule: Rule, columns: Iterable[str]) -> list[str]:
    """The columns that a rule reads."""
    every = (rule, *rule.by_source.values())
    words = {word for each in every for word in [each.signal or "", *re.findall(r"\w+", each.predicate or "")]}
    return [column for column in columns if column in words]


def _figure(decided: Decided, drops: Flags, only: Flags, signal: str, rules: dict[str, Rule]) -> dict[str, Any]:
    tasks = sorted({task for rule in rules.values() for task in rule.tasks})
    everywhere = any(not rule.tasks for rule in rules.values())
    mine = [index for index, name in enumerate(decided.rules) if name in rules]
    rows = decided.rows.select("task", "fate", signal, here=pl.Series(np.asarray(drops[:, mine].any(axis=1))))
    rows = rows if everywhere else rows.filter(pl.col("task").is_in(tasks))
    measured = rows.filter(pl.col(signal).is_not_null())
    groups = [
        measured.filter(pl.col("fate") != "dropped").get_column(signal),
        measured.filter("here").get_column(signal),
        measured.filter((pl.col("fate") == "dropped") & ~pl.col("here")).get_column(signal),
    ]
    known = catalogue().get(signal)
    lost = {name: (int(drops[:, index].sum()), int(only[:, index].sum())) for index, name in enumerate(decided.rules)}
    return {
        "signal": signal,
        "unit": known.unit if known else "",
        "what": known.description if known else "",
        "rules": [(name, condition(rule), ", ".join(rule.tasks), *lost[name]) for name, rule in rules.items()],
        "tasks": "" if everywhere else ", ".join(tasks),
        "kept": len(groups[0]),
        "dropped": len(groups[1]),
        "elsewhere": len(groups[2]),
        "unmeasured": rows.height - measured.height,
        "plot": _plot(groups, signal, rules) if len(groups[1]) else "",
    }


def _plot(groups: list[pl.Series], signal: str, rules: dict[str, Rule]) -> str:
    if groups[0].dtype not in _NUMBERS:
        return _plot_values(groups)
    values = [np.asarray(group.cast(pl.Float64).to_numpy()) for group in groups]
    values = [group[np.isfinite(group)] for group in values]
    every = [each for rule in rules.values() for each in (rule, *rule.by_source.values()) if each.signal == signal]
    lows = sorted({rule.min for rule in every if rule.min is not None})
    highs = sorted({rule.max for rule in every if rule.max is not None})
    bounds = [bound for bound in (*lows, *highs) if math.isfinite(bound)]
    bins = make_bins(np.concatenate(values).tolist(), bounds, groups[0].dtype == pl.Int64)
    kept, here, elsewhere = (bins.count(group.tolist()) for group in values)
    return plots.histogram(bins, kept, here, elsewhere, lows, highs)


def _plot_values(groups: list[pl.Series]) -> str:
    """For flags and words: the most frequent values."""
    texts = [group.cast(pl.String).value_counts() for group in groups]
    counts = [dict(text.rows()) for text in texts]
    total: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            total[name] = total.get(name, 0) + count
    names = sorted(total, key=lambda name: (-total[name], name))[:_MOST_VALUES]
    kept, here, elsewhere = ([each.get(name, 0) for name in names] for each in counts)
    return plots.counts(names, kept, here, elsewhere)
