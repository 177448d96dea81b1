"""What was decided, read back without Spark: each row's verdicts, and beside them what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from curation.contract.rule import Rule
from curation.contract.table import read_table
from curation.ledger import Ledger, rules_of

Flags = np.ndarray[Any, np.dtype[np.bool_]]
_COLUMNS = ["row_id", "sample_id", "source", "task", "fate", "reason", "detail", "letters", "verdicts"]


@dataclass(frozen=True)
class Decided:
    """The decided rows: `row_id`, `sample_id`, `source`, `task`, `fate`, `reason`, `detail`, `letters`, `verdicts`
    (rule, verdict, reason) and the signals that were asked for; and the rules, in the order of the letters."""

    rows: pl.DataFrame
    rules: dict[str, Rule]

    def letters(self, rule: str) -> pl.Series:
        """A rule's verdict on each row: k keep, d drop, u unknown, - does not apply."""
        return self.rows.get_column("letters").str.slice(list(self.rules).index(rule), 1)

    def drops(self) -> Flags:
        """Rows by rules: which rule drops which row."""
        letters = np.frombuffer("".join(self.rows["letters"]).encode(), "S1").reshape(len(self.rows), len(self.rules))
        by_unknown = np.array([rule.unknown == "drop" for rule in self.rules.values()], bool)
        return np.asarray((letters == b"d") | ((letters == b"u") & by_unknown))

    def reasons(self, rule: str) -> dict[str, str]:
        """Why the rule counted against rows, by row id."""
        told = self.rows.select("row_id", "verdicts").explode("verdicts").drop_nulls("verdicts").unnest("verdicts")
        return dict(told.filter(pl.col("rule") == rule).select("row_id", "reason").rows())


def read_decided(ledger: Ledger, signals: Iterable[str] = ()) -> Decided:
    """The run's decided rows with some signals of `measure`. Raises TableError where the run has not decided."""
    rows = pl.DataFrame(pl.from_arrow(read_table(ledger.need("decide"), columns=_COLUMNS)))
    if wanted := list(dict.fromkeys(signals)):
        measured = read_table(ledger.need("measure"), columns=["row_id", *wanted])
        rows = rows.join(pl.DataFrame(pl.from_arrow(measured)), on="row_id", how="left", maintain_order="left")
    return Decided(rows, rules_of(ledger))


def rule_funnel(ledger: Ledger) -> list[dict[str, Any]]:
    """One entry per rule: how many rows it applies to, does not know, drops, drops first, and leaves.

    `alone` counts every row that the rule drops whatever the others say; `only` those that no other rule drops: what
    comes back if the rule is switched off. `first` are those that no earlier rule drops, so that the sum of `first` is
    what the decision dropped; `left` is what remains after this rule.
    """
    decided = read_decided(ledger)
    drops, left = decided.drops(), len(decided.rows)
    firsts = drops & (drops.cumsum(axis=1) == 1)
    only = drops & (drops.sum(axis=1, keepdims=True) == 1)
    entries = []
    for index, (name, rule) in enumerate(decided.rules.items()):
        letters = decided.letters(name)
        left -= int(firsts[:, index].sum())
        entries.append(
            {
                "rule": name,
                "applies": int((letters != "-").sum()),
                "unknown": int((letters == "u").sum()) if rule.unknown != "drop" else 0,
                "alone": int(drops[:, index].sum()),
                "only": int(only[:, index].sum()),
                "first": int(firsts[:, index].sum()),
                "left": left,
            }
        )
    return entries
