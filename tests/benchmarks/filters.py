"""How well the preset rules catch planted defects, and how often they drop clean rows.

python -m tests.benchmarks.filters --rows 250 --json
python -m tests.benchmarks.filters --task caption --defect blurred
python -m tests.benchmarks.filters --task document --generated --rows 100
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from curation.contract.sample import Task
from tests.benchmarks.clean import TASKS, real_sets
from tests.benchmarks.planted import CLEAN_TO_PLANTED, Found, defects, run_set

DATA = Path(__file__).parents[3] / "shared" / "data"
BAR, MOST_FALSE_DROPS = 0.95, 0.01


@dataclass
class Score:
    """A defect over several sets: planted rows, those caught by its rule and by any, and clean rows that the rule drops
    for every five times as many clean rows as planted ones."""

    n: int = 0
    caught: int = 0
    caught_any: int = 0
    false: float = 0.0
    by_task: dict[str, float] = field(default_factory=dict)

    def add(self, found: Found, name: str, rule: str) -> None:
        of = found.defects[name]
        self.n += of.n
        self.caught += of.caught
        self.caught_any += of.caught_any
        self.false += found.by_rule.get(rule, 0) / max(1, found.rows) * CLEAN_TO_PLANTED * of.n
        if of.n:
            self.by_task[found.task] = round(of.caught / of.n, 3)

    def told(self) -> dict[str, Any]:
        precision = self.caught / (self.caught + self.false) if self.caught else None
        return {
            "precision": None if precision is None else round(precision, 4),
            "recall": round(self.caught / self.n, 4) if self.n else None,
            "n": self.n,
            "recall_any": round(self.caught_any / self.n, 4) if self.n else None,
            "by_task": self.by_task,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=250, help="clean rows of each set; a fifth as many are planted")
    parser.add_argument("--task", choices=TASKS)
    parser.add_argument("--defect", default="", help="only this one")
    parser.add_argument("--data", type=Path, default=DATA, help="the real sets' folder; left out where there is none")
    parser.add_argument("--generated", action="store_true", help="clean rows by `winnow synth`, and no real ones")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="the last line is one object")
    asked = parser.parse_args()
    if asked.defect and asked.defect not in defects():
        parser.error(f"there is no defect {asked.defect}; there are {', '.join(defects())}")
    started = time.monotonic()
    sets: list[tuple[str, Task, Path | None]] = [(task, task, None) for task in TASKS]
    if asked.data.is_dir() and not asked.generated:
        sets += [(name, task, asked.data) for name, task in real_sets().items()]
    chosen = [each for each in sets if asked.task in (None, each[1])]
    context = multiprocessing.get_context("spawn")  # polars does not survive a fork
    with ProcessPoolExecutor(asked.jobs, mp_context=context) as pool:
        options = (asked.rows, asked.seed, asked.defect, asked.generated)
        waiting = [pool.submit(run_set, *each, *options) for each in chosen]
        found, broken = [], {}
        for (name, _, folder), future in zip(chosen, waiting, strict=True):
            if error := future.exception():  # a signal that fails costs its set, not the others
                broken[f"{type(error).__name__}: {error}"] = [name]
            else:
                found.append((folder is not None, future.result()))
            print(f"{name}: done after {time.monotonic() - started:.0f} s", file=sys.stderr)
    result = summarise([one for is_real, one in found if not is_real], [one for is_real, one in found if is_real])
    result["errors"] |= broken
    result["seconds"] = round(time.monotonic() - started, 1)
    show(result, Console() if sys.stdout.isatty() else Console(width=150))
    if asked.json:
        print(json.dumps(result))


def summarise(on_drawn: list[Found], on_real: list[Found]) -> dict[str, Any]:
    """Scores on drawn rows, and for each real set what is dropped of it and what is caught in it."""
    rules = {name: each.rule for name, each in defects().items()}
    scores: dict[str, Score] = {}
    for found in on_drawn:
        for name in found.defects:
            scores.setdefault(name, Score()).add(found, name, rules[name])
    told = {name: {"rule": rules[name], **score.told()} for name, score in scores.items()}
    everything = [*on_drawn, *on_real]
    errors: dict[str, list[str]] = {}
    for one in everything:
        for name, of in one.defects.items():
            if of.error:
                errors.setdefault(f"{name}: {of.error}", []).append(one.set)
    false_drops = {one.task: _share(one.dropped, one.rows) for one in on_drawn}
    result = {
        "defects": told,
        "false_drops": false_drops,
        "dropped_by": {one.task: {"by_rule": one.by_rule, "examples": one.examples} for one in on_drawn},
        "real": {one.set: _on_real(one, rules) for one in on_real},
        "errors": errors,
    }
    return {**result, "missed": _missed(told, false_drops)}


def _on_real(one: Found, rules: dict[str, str]) -> dict[str, Any]:
    caught = {
        name: {
            "recall": _share(of.caught, of.n),
            "recall_any": _share(of.caught_any, of.n),
            "n": of.n,
            "extra": _share(one.by_rule.get(rules[name], 0), one.rows),
        }
        for name, of in one.defects.items()
        if of.n
    }
    facts = {"task": one.task, "rows": one.rows, "dropped": _share(one.dropped, one.rows)}
    return {**facts, "by_rule": one.by_rule, "examples": one.examples, "defects": caught}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _missed(told: dict[str, dict[str, Any]], false_drops: dict[Task, float | None]) -> list[str]:
    """The bars that are missed, in words."""
    lines = []
    for name, score in told.items():
        if not score["n"]:
            lines.append(f"{name}: nothing could be planted")
        for what in ("recall", "precision"):
            if score["n"] and (score[what] or 0) < BAR:
                lines.append(f"{name}: {what} {score[what] or 0:.3f} < {BAR}")
    lines += [f"{t}: {s:.3f} of clean rows dropped" for t, s in false_drops.items() if s and s > MOST_FALSE_DROPS]
    return lines


def show(result: dict[str, Any], console: Console) -> None:
    """Tables, worst first; what is below its bar is red and marked."""
    table = Table("defect", "rule", "n", "recall", "any rule", "precision", "tasks below the bar", title="Drawn rows")
    for name, score in sorted(result["defects"].items(), key=lambda each: _worst(each[1])):
        low = ", ".join(f"{task} {share:.2f}" for task, share in score["by_task"].items() if share < BAR)
        cells = [_figure(score["recall"]), _figure(score["recall_any"], 0), _figure(score["precision"]), Text(low)]
        table.add_row(name, score["rule"] or "(quarantine)", str(score["n"]), *cells)
    console.print(table)
    table = Table("rows", "of", "dropped", "by", "for example", title="Clean rows that are dropped")
    for task, share in result["false_drops"].items():
        told = result["dropped_by"][task]
        table.add_row(f"drawn {task}", "", _figure(share, MOST_FALSE_DROPS, True), *_who(told))
    for name, one in result["real"].items():
        table.add_row(f"{name} ({one['task']})", str(one["rows"]), _figure(one["dropped"], 1, True), *_who(one))
    console.print(table)
    table = Table(
        "real set", "defect", "n", "recall", "any rule", "rule drops besides", title="Real rows, below the bar"
    )
    for name, one in result["real"].items():
        for defect, of in sorted(one["defects"].items(), key=lambda each: each[1]["recall"]):
            if of["recall"] < BAR:
                below = (_figure(of["recall"]), _figure(of["recall_any"], 0), _figure(of["extra"], 0))
                table.add_row(name, defect, str(of["n"]), *below)
    console.print(table)
    for error, where in result["errors"].items():
        console.print(f"FAILED {error} ({', '.join(where)})", style="red", markup=False)
    console.print(f"{len(result['missed'])} bars missed in {result['seconds']} s", markup=False)
    for line in result["missed"]:
        console.print(f"  {line}", markup=False)


def _worst(score: dict[str, Any]) -> float:
    return min(score["recall"] or 0.0, score["precision"] or 0.0)


def _who(told: dict[str, Any]) -> tuple[Text, Text]:
    """The rules that drop clean rows, with their counts, and the first row of each."""
    counts = sorted(told["by_rule"].items(), key=lambda each: -each[1])
    names = ", ".join(f"{rule or '(unreadable)'} {count}" for rule, count in counts)
    return Text(names), Text("\n".join(told["examples"][rule][0] for rule, _ in counts[:4]))


def _figure(share: float | None, bar: float = BAR, below: bool = False) -> Text:
    """A share, red and marked where it misses its bar: less than it, or more where it should be `below`."""
    if share is None:
        return Text("-")
    bad = share > bar if below else share < bar
    return Text(f"{share:.3f}{' !' if bad else ''}", style="bold red" if bad else "")


if __name__ == "__main__":
    main()
