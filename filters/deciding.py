"""Deciding without Spark: the same compiled rules over a polars frame, for notebooks, what-if and tests."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from curation.contract.rule import Rule
from filters.catalogue import catalogue
from filters.rules import compile_rule

_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)


def verdicts(measured: pl.DataFrame, rules: Mapping[str, Rule]) -> pl.DataFrame:
    """For each row and rule `keep`, `drop`, `unknown` or `na`, one string column per rule, rows in the given order.

    `measured` has columns named after the signals that the rules read, `task` and `source`. Raises ValueError as
    `compile_rule` does. `unknown` is left as it is; what it means for the row is the rule's `unknown`.
    """
    return _selected(measured, rules, "verdict_sql")


def reasons(measured: pl.DataFrame, rules: Mapping[str, Rule]) -> pl.DataFrame:
    """Why, for people, where the verdict is `drop` or `unknown`; else null. As `verdicts`."""
    return _selected(measured, rules, "reason_sql")


def dropped(measured: pl.DataFrame, rules: Mapping[str, Rule]) -> pl.Series:
    """Whether any rule drops the row, as bool."""
    table = verdicts(measured, rules)
    said = [
        (pl.col(name) == "drop") | ((pl.col(name) == "unknown") & (rule.unknown == "drop"))
        for name, rule in rules.items()
    ]
    return (
        table.select(pl.any_horizontal(pl.lit(False), *said).alias("dropped"))["dropped"]
        if said
        else pl.repeat(False, len(measured), eager=True)
    )


def _selected(measured: pl.DataFrame, rules: Mapping[str, Rule], column: str) -> pl.DataFrame:
    signals = catalogue()
    compiled = [compile_rule(name, rule, signals) for name, rule in rules.items()]
    if not compiled:
        return measured.select()
    said = ", ".join(f"{_polars(getattr(each, column))} AS `{each.name}`" for each in compiled)
    return pl.SQLContext(measured=measured).execute(f"SELECT {said} FROM measured", eager=True)


def _polars(sql: str) -> str:
    """Spark's string literals as standard SQL writes them; the rest of the compiled rules is the same in both."""

    def standard(literal: re.Match[str]) -> str:
        text = re.sub(r"\\(.)", r"\1", literal.group()[1:-1], flags=re.DOTALL)
        return "'" + text.replace("'", "''") + "'"

    return _LITERAL.sub(standard, sql)
