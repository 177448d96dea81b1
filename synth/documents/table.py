"""Tables with spans, empty cells and several kinds of rules."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

from synth.documents.blocks import BoxOf
from synth.documents.language import Language


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    columns: int = 1
    rows: int = 1
    heading: bool = False
    number: bool = False  # set at the end of its column


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` hold each cell once, in its first row, as HTML does. `rules` is grid, rows, frame or none."""

    rows: tuple[tuple[Cell, ...], ...]
    rules: str
    number: int = 1
    wide: bool = False  # as its column

    def shown(self, name: str) -> str:
        seen = "" if self.rules == "none" else f' data-r="box" data-name="{name}"'
        rows = [
            "<tr>" + "".join(_shown(cell, f"{name}.{place}.{at}") for at, cell in enumerate(row)) + "</tr>"
            for place, row in enumerate(self.rows)
        ]
        return f'<table class="{self.rules}{" wide" if self.wide else ""}"{seen}>{"".join(rows)}</table>'

    def answer(self, name: str, box: BoxOf) -> str:
        rows = "".join("<tr>" + "".join(map(_answer, row)) + "</tr>" for row in self.rows)
        return f'<table data-bbox="{box(name)}" class="table{self.number}">{rows}</table>'

    def markdown(self) -> str:
        """A table whose spans are a text and empty cells, as Markdown has none."""
        head, *body = (" | ".join(text.replace("|", "\\|") for text in row) for row in self.grid())
        dashes = " | ".join("---" for _ in self.grid()[0])
        return "\n".join(f"| {row} |" for row in (head, dashes, *body))

    def plain(self) -> str:
        rows = (" ".join(cell.text for cell in row if cell.text) for row in self.rows)
        return "\n".join(row for row in rows if row)

    def grid(self) -> list[list[str]]:
        """The text of each slot; of a span, in its first one."""
        taken: dict[tuple[int, int], str] = {}
        for y, row in enumerate(self.rows):
            x = 0
            for cell in row:
                while (y, x) in taken:
                    x += 1
                slots = [(y + down, x + right) for down in range(cell.rows) for right in range(cell.columns)]
                taken.update(dict.fromkeys(slots, ""))
                taken[y, x] = cell.text
        width = 1 + max(x for _, x in taken)
        return [[taken.get((y, x), "") for x in range(width)] for y in range(len(self.rows))]


def _spans(cell: Cell) -> str:
    rows = f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    return rows + (f' colspan="{cell.columns}"' if cell.columns > 1 else "")


def _shown(cell: Cell, name: str) -> str:
    tag = "th" if cell.heading else "td"
    text = f'<span data-k="{name}">{escape(cell.text)}</span>' if cell.text else ""
    return f"<{tag}{_spans(cell)}{' class=number' if cell.number else ''}>{text}</{tag}>"


def _answer(cell: Cell) -> str:
    tag = "th" if cell.heading else "td"
    return f"<{tag}{_spans(cell)}>{escape(cell.text)}</{tag}>"


def plain_table(header: Sequence[str], body: Sequence[Sequence[str]], rules: str, wide: bool) -> Table:
    """A table with a row of headings, whose columns but the first are numbers."""
    head = tuple(Cell(text, heading=True, number=at > 0) for at, text in enumerate(header))
    rows = [tuple(Cell(text, number=at > 0) for at, text in enumerate(row)) for row in body]
    return Table((head, *rows), rules, wide=wide)


def drawn_table(rng: random.Random, language: Language, widest: int, number: int) -> Table:
    """A table of measurements: perhaps with a heading over several columns, groups of rows, and gaps."""
    columns = rng.randint(min(2, widest), widest)
    names = rng.sample(["mean", "low", "high", "share"], min(columns, 4))
    units = [language.label(name) for name in names]
    first = language.label("place")
    head: list[tuple[Cell, ...]] = []
    if len(units) > 1 and rng.random() < 0.5:
        years = f"{(since := rng.randint(1950, 2015))}–{since + rng.randint(2, 9)}"
        head.append((Cell(first, rows=2, heading=True), Cell(years, columns=len(units), heading=True)))
        head.append(tuple(Cell(unit, heading=True, number=True) for unit in units))
    else:
        head.append((Cell(first, heading=True), *(Cell(unit, heading=True, number=True) for unit in units)))
    places = rng.sample(language.cities, rng.randint(2, min(6, len(language.cities))))
    body = [(Cell(place), *(_value(rng, language) for _ in units)) for place in places]
    if len(units) > 1 and rng.random() < 0.35:
        body[-1] = (Cell(places[-1]), Cell(_value(rng, language, 0).text, columns=len(units), number=True))
    if len(body) > 2 and rng.random() < 0.3:
        body[0] = (replace(body[0][0], rows=2), *body[0][1:])
        body[1] = body[1][1:]
    return Table((*head, *body), rng.choice(("grid", "grid", "rows", "frame", "none")), number, rng.random() < 0.3)


def _value(rng: random.Random, language: Language, gaps: float = 0.1) -> Cell:
    if rng.random() < gaps:
        return Cell("", number=True)
    return Cell(language.number(rng.uniform(1, 2000), rng.choice((0, 1, 2))), number=True)
