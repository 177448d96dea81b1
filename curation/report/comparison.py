"""Evaluations beside each other: one table of metrics by checkpoint, as data, in the terminal and as a page.

The first evaluation is what the others are compared with, row by row: both have answered the same questions, so that
a difference can be certain where two intervals overlap.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.table import Table
from rich.text import Text

from curation.report import plots
from curation.report.evaluation import LOWER, best, order
from curation.report.page import environment
from curation.report.palette import ELSEWHERE, FATES, INK
from curation.stage import StageError
from curation.visible import visible

if TYPE_CHECKING:
    from trainer.metrics import Difference

_COLUMNS = ["row_id", "source", "task", "loss", "weight", "scores", "errors"]
_MARKS = {"better": "▲", "worse": "▼", "": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What `winnow eval` wrote. `records` are as `trainer.metrics` reads them."""

    name: str
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    records: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A metric of one checkpoint. `difference` is that to the first: None for the first itself, and where fewer than
    two rows are shared."""

    value: float | None
    interval: tuple[float, float] | None = None
    difference: Difference | None = None
    verdict: str = ""  # `better` or `worse` where the difference is certain

    @property
    def mark(self) -> str:
        return _MARKS[self.verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    task: str
    metric: str
    cells: tuple[Cell, ...]

    @property
    def best(self) -> set[int]:
        return best(self.metric, [cell.value for cell in self.cells])


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    names: tuple[str, ...]
    rows: tuple[int, ...]
    lines: tuple[Line, ...]

    @property
    def tasks(self) -> list[tuple[str, list[Line]]]:
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.task, []).append(line)
        return list(found.items())


def read_evaluations(folders: Sequence[Path]) -> list[Evaluation]:
    """Evaluations by the names of their folders, or by their whole paths where two names are the same.

    Raises `StageError` for a folder that holds no evaluation, or one of an earlier version.
    """
    names = [folder.resolve().name for folder in folders]
    unique = len(set(names)) == len(names)
    return [_read(folder, name if unique else str(folder)) for folder, name in zip(folders, names, strict=True)]


def _read(folder: Path, name: str) -> Evaluation:
    files = ("metrics.json", "intervals.json", "predictions.parquet")
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        raise StageError(f"{folder} holds no evaluation: {missing[0]} is not there. Run `winnow eval` again.")
    metrics, intervals = (json.loads((folder / file).read_text(encoding="utf-8")) for file in files[:2])
    records = _records(folder / files[2], _COLUMNS)
    if (pairs := folder / "preferences.parquet").is_file():
        records += [{**pair, "task": "preference"} for pair in _records(pairs, ["row_id", "source", "scores"])]
    ends = {metric: (float(low), float(high)) for metric, (low, high) in intervals.items()}
    return Evaluation(name=name, metrics=metrics, intervals=ends, records=records)


def _records(path: Path, columns: list[str]) -> list[dict[str, Any]]:
    try:
        rows = pq.read_table(path, columns=columns).to_pylist(maps_as_pydicts="lossy")
    except (pa.ArrowInvalid, KeyError) as error:
        raise StageError(f"{path} is not what `winnow eval` writes: {str(error).splitlines()[0]}") from None
    found = []
    for row in rows:
        record = {name: row[name] for name in ("row_id", "source", "task", "scores") if name in row}
        if "loss" in row:
            record |= {"nll": row["loss"] * row["weight"], "weight": row["weight"]}
            record["errors"] = {name: (each["edits"], each["length"]) for name, each in row["errors"].items()}
        found.append(record)
    return found


def compare(evaluations: Sequence[Evaluation]) -> Comparison:
    """Every metric that some evaluation has, by task, the whole first. Needs at least one evaluation."""
    from trainer.metrics import differences

    first = evaluations[0]
    found: list[dict[str, Difference]] = [{}, *(differences(first.records, each.records) for each in evaluations[1:])]
    names = {name for each in evaluations for name in each.metrics if name.rpartition("/")[2] != "rows"}
    return Comparison(
        names=tuple(each.name for each in evaluations),
        rows=tuple(int(each.metrics.get("rows", 0)) for each in evaluations),
        lines=tuple(_line(name, evaluations, found) for name in sorted(names, key=order)),
    )


def _line(name: str, evaluations: Sequence[Evaluation], found: Sequence[dict[str, Difference]]) -> Line:
    task, _, metric = name.rpartition("/")
    cells = []
    for each, differences in zip(evaluations, found, strict=True):
        difference = differences.get(name)
        cells.append(
            Cell(
                value=each.metrics.get(name),
                interval=each.intervals.get(name),
                difference=difference,
                verdict=_verdict(metric, difference),
            )
        )
    return Line(task=task or "all tasks", metric=metric, cells=tuple(cells))


def _verdict(metric: str, difference: Difference | None) -> str:
    if difference is None or not difference.certain:
        return ""
    return "better" if (difference.value < 0) == (metric in LOWER) else "worse"


def as_data(comparison: Comparison) -> dict[str, Any]:
    """For a program: each line with a value, an interval and the difference to the first by checkpoint."""
    lines = [
        {
            "task": line.task,
            "metric": line.metric,
            "values": {
                name: {
                    "value": cell.value,
                    "interval": cell.interval,
                    "difference": asdict(cell.difference) if cell.difference else None,
                    "verdict": cell.verdict,
                }
                for name, cell in zip(comparison.names, line.cells, strict=True)
            },
        }
        for line in comparison.lines
    ]
    return {"evaluations": list(comparison.names), "rows": list(comparison.rows), "metrics": lines}


def as_table(comparison: Comparison) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column("metric")
    for name in comparison.names:
        table.add_column(Text(visible(name)), justify="right")
    for task, lines in comparison.tasks:
        table.add_row(Text(visible(task), style="bold"))
        for line in lines:
            best = line.best
            table.add_row(
                Text(visible(line.metric)),
                *(_cell(cell, place in best) for place, cell in enumerate(line.cells)),
            )
    return table


def _cell(cell: Cell, best: bool) -> Text:
    if cell.value is None:
        return Text("")
    text = Text(f"{cell.value:.3f}", style="bold" if best else "")
    if cell.interval:
        text.append(f" [{cell.interval[0]:.3f}, {cell.interval[1]:.3f}]", style="not bold dim")
    style = {"better": "not bold green", "worse": "not bold red", "": ""}[cell.verdict]
    return text.append(f" {cell.mark or ' '}", style=style)


def render_comparison(comparison: Comparison) -> str:
    """A page that is one file and loads nothing: the table, and a plot of each metric."""
    charts = [(task, [(line.metric, _plot(comparison.names, line)) for line in lines])
              for task, lines in comparison.tasks]  # fmt: skip
    return environment().get_template("comparison.html.j2").render(comparison=comparison, charts=charts)


def _plot(names: Sequence[str], line: Line) -> str:
    colours = {"better": FATES["kept"], "worse": FATES["dropped"], "": ELSEWHERE}
    there = [(name, cell) for name, cell in zip(names, line.cells, strict=True) if cell.value is not None]
    return plots.intervals(
        [name for name, _ in there],
        [cell.value for _, cell in there if cell.value is not None],
        [cell.interval for _, cell in there],
        [INK if cell is line.cells[0] else colours[cell.verdict] for _, cell in there],
    )
