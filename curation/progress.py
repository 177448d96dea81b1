"""Progress of long work: bars where a person watches, lines where a log does."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

LOG_EVERY = 30.0  # seconds between two lines of the same stage in a log


class Bar(Protocol):
    """What a stage reports to: how much is done, of how much, and a few words."""

    def update(self, done: int, total: int | None = None, note: str = "") -> None: ...


@dataclass
class _RichBar:
    progress: Progress
    task: TaskID
    unit: str
    started: float = field(default_factory=time.monotonic)

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        rate = done / max(time.monotonic() - self.started, 1e-6)
        self.progress.update(
            self.task, completed=done, total=total, rate=f"{rate:,.1f} {self.unit}/s" if done else "", note=note
        )


@dataclass
class _LogBar:
    console: Console
    name: str
    unit: str
    started: float = field(default_factory=time.monotonic)
    logged: float = field(default_factory=time.monotonic)

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        now = time.monotonic()
        if now - self.logged >= LOG_EVERY:
            self.logged = now
            of = f" of {total:,}" if total else ""
            rate = done / max(now - self.started, 1e-6)
            self.console.print(f"  {self.name}: {done:,}{of} {self.unit}, {rate:,.1f}/s {note}".rstrip())


@contextmanager
def bar(console: Console, name: str, total: int | None = None, unit: str = "rows") -> Iterator[Bar]:
    """A bar for one stage on a terminal; a line every half minute elsewhere."""
    if not console.is_terminal:
        yield _LogBar(console, name, unit)
        return
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:>14}"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[note]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _RichBar(progress, progress.add_task(name, total=total, rate="", note=""), unit)


def console() -> Console:
    """Messages go to standard error, so that standard output is free for what a program reads."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())
