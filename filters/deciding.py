"""Deciding over polars frames: what the decide stage runs on each file, and notebooks, what-if and tests on theirs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from curation.contract.rule import Rule
from filters.rules import VERDICTS, CompiledRule, compile_rule

VERDICT = pl.Struct({"rule": pl.String, "verdict": pl.String, "reason": pl.String})
LETTERS = "-kdu"  # of `VERDICTS`, in its order
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_DROP, _UNKNOWN = VERDICTS.index("drop"), VERDICTS.index("unknown")


def decide(measured: pl.DataFrame, rules: Mapping[str, Rule]) -> pl.DataFrame:
    """What rules make of rows, in the given order: `fate`, `reason`, `detail`, `verdicts` and `letters`.

    `measured` has columns named after the signals that the rules read, `task` and `source`. `fate` is dropped where any
    rule drops, else waiting where any wants to wait, else kept; `reason` names those rules, `detail` says why.
    `verdicts` lists, in the rules' order, what counted against the row: rule, verdict (drop or wait) and reason.
    `letters` has a letter for each rule, in order: k keep, d drop, u unknown, - does not apply. Raises ValueError as
    `compile_rule` does.
    """
    return decide_by(measured, compiled(rules))


def decide_by(measured: pl.DataFrame, rules: list[CompiledRule]) -> pl.DataFrame:
    """As `decide`, by rules that are compiled already: no catalogue is asked."""
    measured = _read_by(measured, rules)
    said = codes(measured, rules)
    told = _against(measured, rules, said)
    drops = told.filter(pl.col("verdict") == "drop")
    waits = told.filter(pl.col("verdict") == "wait").join(drops, on="row", how="anti", maintain_order="left")
    fates = [
        rows.group_by("row", maintain_order=True).agg(
            pl.lit(fate).alias("fate"),
            pl.col("rule").str.join(", ").alias("reason"),
            pl.col("reason").str.join("; ").alias("detail"),
        )
        for rows, fate in ((drops, "dropped"), (waits, "waiting"))
    ]
    lists = told.group_by("row", maintain_order=True).agg(pl.struct("rule", "verdict", "reason").alias("verdicts"))
    every = pl.DataFrame(
        {"row": pl.int_range(len(measured), dtype=pl.UInt32, eager=True), "letters": _letters(said, len(measured))}
    )
    for part in (pl.concat(fates), lists):
        every = every.join(part, on="row", how="left", maintain_order="left")
    return every.select(
        pl.col("fate").fill_null("kept"),
        pl.col("reason", "detail").fill_null(""),
        pl.col("verdicts").fill_null(pl.lit([], pl.List(VERDICT))),
        "letters",
    )


def verdicts(measured: pl.DataFrame, rules: Mapping[str, Rule]) -> pl.DataFrame:
    """For each row and rule `keep`, `drop`, `unknown` or `na`, one string column per rule, rows in the given order.

    As `decide`, but `unknown` is left as it is; what it means for the row is the rule's `unknown`.
    """
    return spelled(_letters(codes(measured, compiled(rules)), len(measured)), list(rules))


def spelled(letters: pl.Series, rules: Sequence[str]) -> pl.DataFrame:
    """The letters of `decide` in words: one string column for each of its `rules`, in order."""
    names = dict(zip(LETTERS, VERDICTS, strict=True))
    frame = pl.DataFrame({"letters": letters})
    return frame.select(
        pl.col("letters").str.slice(index, 1).replace_strict(names, return_dtype=pl.String).alias(rule)
        for index, rule in enumerate(rules)
    )


def reasons(measured: pl.DataFrame, rules: Mapping[str, Rule]) -> pl.DataFrame:
    """Why, for people, where the verdict is `drop` or `unknown`; else null. As `verdicts`."""
    return _selected(measured, {each.name: each.reason_sql for each in compiled(rules)})


def dropped(measured: pl.DataFrame, rules: Mapping[str, Rule]) -> pl.Series:
    """Whether any rule drops the row, as bool."""
    drops = [drops_of(codes(measured, [rule]), rule) for rule in compiled(rules)]
    found = pl.repeat(False, len(measured), dtype=pl.Boolean, eager=True)
    for each in drops:
        found = found | each
    return found.rename("dropped")


def compiled(rules: Mapping[str, Rule]) -> list[CompiledRule]:
    """The rules against the signals that exist. Raises ValueError as `compile_rule` does."""
    from filters.catalogue import brought  # not at the top: Spark's workers decide, and need no signal's code

    signals = brought()
    return [compile_rule(name, rule, signals) for name, rule in rules.items()]


def codes(measured: pl.DataFrame, rules: list[CompiledRule]) -> pl.DataFrame:
    """Each verdict as its place in `VERDICTS`, one column per rule."""
    return _selected(measured, {rule.name: rule.code_sql for rule in rules})


def drops_of(said: pl.DataFrame, rule: CompiledRule) -> pl.Series:
    """Whether a rule drops each row, of what `codes` says."""
    code = said.get_column(rule.name)
    return code.is_in([_DROP, _UNKNOWN]) if rule.unknown == "drop" else code == _DROP


def _read_by(measured: pl.DataFrame, rules: list[CompiledRule]) -> pl.DataFrame:
    """The columns that rules read. Of one chunk: many small ones, as a Parquet file has them, cost far more."""
    return measured.select("task", "source", *dict.fromkeys(each for rule in rules for each in rule.signals)).rechunk()


def _against(measured: pl.DataFrame, rules: list[CompiledRule], said: pl.DataFrame) -> pl.DataFrame:
    """`row`, `rule`, `verdict` and `reason` of what counts against a row, in the rules' order. This is little, so that
    words are made for it alone."""
    found = [pl.DataFrame(schema={"row": pl.UInt32, "rule": pl.String, "verdict": pl.String, "reason": pl.String})]
    for rule in rules:
        code = said.get_column(rule.name)
        rows = (code == _DROP if rule.unknown == "keep" else code.is_in([_DROP, _UNKNOWN])).arg_true()
        if not len(rows):
            continue
        verdict = pl.lit("wait" if rule.unknown == "wait" else "drop")
        words = _selected(measured.select("task", "source", *rule.signals)[rows], {"reason": rule.reason_sql})
        found.append(
            words.select(
                rows.cast(pl.UInt32).alias("row"),
                pl.lit(rule.name).alias("rule"),
                pl.when(code.gather(rows) == _DROP).then(pl.lit("drop")).otherwise(verdict).alias("verdict"),
                "reason",
            )
        )
    return pl.concat(found)


def _letters(said: pl.DataFrame, rows: int) -> pl.Series:
    """A row's verdicts as one string."""
    if not said.width or not rows:
        return pl.Series([""] * rows, dtype=pl.String)
    codes = np.column_stack([said[name].to_numpy() for name in said.columns])
    letters = np.frombuffer(LETTERS.encode(), np.uint8)[codes]
    ends = np.arange(rows + 1, dtype=np.int64) * said.width
    text = pa.LargeStringArray.from_buffers(rows, pa.py_buffer(ends), pa.py_buffer(letters.tobytes()))
    return pl.Series(pl.from_arrow(text))


def _selected(measured: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    if not columns:
        return measured.select()
    said = ", ".join(f"{_polars(sql)} AS `{name}`" for name, sql in columns.items())
    return pl.SQLContext(measured=measured).execute(f"SELECT {said} FROM measured", eager=True)


def _polars(sql: str) -> str:
    """Spark's string literals as standard SQL writes them; the rest of the compiled rules is the same in both."""

    def standard(literal: re.Match[str]) -> str:
        text = re.sub(r"\\(.)", r"\1", literal.group()[1:-1], flags=re.DOTALL)
        return "'" + text.replace("'", "''") + "'"

    return _LITERAL.sub(standard, sql)
