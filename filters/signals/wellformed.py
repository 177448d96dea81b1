"""Whether the formal languages in an answer keep their own rules: JSON, Markdown tables, HTML, LaTeX.

Each function gets one row per turn and, by the Batch, what the assistant says in it. None where an answer holds
nothing of the kind; a sample has the value of its worst turn.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import polars as pl

from filters.frames import Batch
from filters.reading import structure
from filters.reading.answers import answers, on_some
from filters.signal import signal

turn = functools.partial(signal, tier="text", grain="turn", reducer="max")


@signal(tier="text", grain="turn", reducer="min", unit="", dtype="bool", source="RFC 8259")
def json_valid(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether an answer that is JSON, or holds ```json blocks, can be read as such."""
    return _json(turns, batch, "valid", lambda faults: all(valid for valid, _, _ in faults), pl.Boolean)


@turn(unit="keys", dtype="int64", source="RFC 8259, section 4: names within an object should be unique")
def json_duplicate_keys(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Keys that occur again in the same object of an answer's JSON: readers keep only one of the values."""
    return _json(turns, batch, "repeated", lambda faults: sum(repeated for _, repeated, _ in faults), pl.Int64)


@turn(unit="", dtype="bool")
def unclosed_json(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether an answer's JSON stops before its brackets or its last string are closed."""
    return _json(turns, batch, "open", lambda faults: any(stops for _, _, stops in faults), pl.Boolean)


@turn(unit="rows", dtype="int64", source="GitHub Flavored Markdown, 4.10: the header matches the delimiter row")
def table_faults(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Rows of Markdown tables with more or fewer cells than the header, and tables without a line of dashes."""
    return _on(turns, batch, r"\|[^\n]*\n[^\n]*\|", structure.table_faults, pl.Int64)


@turn(unit="elements", dtype="int64")
def unclosed_tags(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """HTML elements that an answer opens and does not close; those that may stay open (p, li, td) do not count."""
    return batch.once("unclosed_tags", lambda: _on(turns, batch, r"</?[A-Za-z]", structure.unclosed_tags, pl.Int64))


@turn(unit="faults", dtype="int64")
def latex_faults(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """What is out of balance in an answer's LaTeX: environments, $ and \\( \\), braces, \\left and \\right."""
    return batch.once("latex", lambda: _on(turns, batch, structure.HAS_LATEX, structure.latex_faults, pl.Int64))


def _on(turns: pl.DataFrame, batch: Batch, pattern: str, function: Callable[[str], Any], dtype: Any) -> pl.Series:
    text = answers(turns, batch)
    return on_some(text.str.contains(pattern), function, None, dtype, text)


def _json(turns: pl.DataFrame, batch: Batch, what: str, judge: Callable[[list[Any]], Any], dtype: Any) -> pl.Series:
    """What `judge` says of the faults of an answer's JSON texts; they are read once for all signals."""
    text = answers(turns, batch)

    def read() -> tuple[pl.Series, list[list[tuple[bool, int, bool]]]]:
        claims = text.str.contains(structure.STARTS_AS_JSON) | text.str.contains(r"(?i)```json")
        rows = claims.fill_null(False).arg_true()
        return rows, [[structure.json_faults(each) for each in structure.json_texts(one)] for one in text.gather(rows)]

    rows, faults = batch.once("json", read)
    values = pl.Series([None] * len(text), dtype=dtype)
    return (
        values.scatter(rows, pl.Series([judge(each) if each else None for each in faults], dtype=dtype))
        if faults
        else values
    )
