"""What stands in a table: its cells with their spans, and its values by row and column for those who ask."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from html import escape
from typing import Literal

from synth.tables.words import LANGUAGES, MONTHS, WEIGHTS, Sort, Words

Role = Literal["head", "band", "name", "number", "word", "total"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell at its upper left slot of the grid, `down` rows and `across` columns large."""

    text: str
    row: int
    column: int
    role: Role
    down: int = 1
    across: int = 1
    in_total: bool = False

    @property
    def tag(self) -> str:
        return "th" if self.role == "head" else "td"


@dataclass(frozen=True, slots=True)
class Value:
    """A value's text as it stands in its cell, "" where the cell is empty; `number` is None where it is no number."""

    text: str
    number: float | None


@dataclass(slots=True, kw_only=True)
class Content:
    """`values[row][column]` stands in `cells` at `where[row][column]`, between `rows` and `columns`, whose names are
    all different; a column under a group is named "group, name"."""

    words: Words
    caption: str
    note: str
    columns: list[str]
    sorts: list[Sort]
    rows: list[str]
    values: list[list[Value]]
    cells: list[Cell] = field(default_factory=list)
    where: list[list[int]] = field(default_factory=list)

    def html(self, classes: bool = False) -> str:
        """The rows of the table; with `classes` each cell says its role, for the style sheet."""
        lines: dict[int, str] = {}
        for cell in self.cells:
            spans = f' rowspan="{cell.down}"' * (cell.down > 1) + f' colspan="{cell.across}"' * (cell.across > 1)
            role = f' class="{cell.role}{" total" if cell.in_total else ""}"' if classes else ""
            made = f"<{cell.tag}{role}{spans}>{escape(cell.text)}</{cell.tag}>"
            lines[cell.row] = lines.get(cell.row, "") + made
        return "".join(f"<tr>{lines[row]}</tr>" for row in sorted(lines))


def draw_content(rng: random.Random) -> Content:
    """A table of 2 to 10 rows and 2 to 6 columns of values, at times with groups, bands and a total."""
    words = rng.choices(LANGUAGES, WEIGHTS)[0]
    grouped, banded, totalled = rng.random() < 0.35, rng.random() < 0.35, rng.random() < 0.35
    heads = _columns(rng, words, grouped)
    head, names = rng.choice([*zip(words.heads, words.rows, strict=True)])
    rows = rng.sample(names, rng.randint(3 if banded else 2, min(10, len(names))))
    amounts = {name: rng.choice(words.money) for _, name, sort in heads if sort == "money"}
    sizes = {name: rng.choice((1, 2, 3, 4, 5)) for _, name, _ in heads}
    values: list[list[Value]] = []
    while sum(bool(value.text) for row in values for value in row) < 2:  # as many cells are asked for
        values = [
            [_value(rng, words, sort, amounts.get(name, ""), sizes[name]) for _, name, sort in heads] for _ in rows
        ]
    content = Content(
        words=words,
        caption=_caption(rng, words, heads, head),
        note=rng.choice(words.notes) if rng.random() < 0.35 else "",
        columns=[f"{group}, {name}" if group else name for group, name, _ in heads],
        sorts=[sort for _, _, sort in heads],
        rows=rows,
        values=values,
    )
    _lay_out(rng, content, heads, head if rng.random() < 0.6 else "", banded, totalled, amounts)
    return content


_Heads = list[tuple[str, str, Sort]]  # group or "", name, sort of values


def _columns(rng: random.Random, words: Words, grouped: bool) -> _Heads:
    if not grouped:
        return [
            ("", name, sort) for name, sort in rng.sample(words.columns, rng.randint(2, min(6, len(words.columns))))
        ]
    below = rng.sample(words.columns, rng.randint(2, 3))
    alone = [each for each in words.columns if each not in below]
    first = [("", *rng.choice(alone))] if rng.random() < 0.4 else []
    groups = rng.sample(words.groups, 2 if len(below) == 3 else rng.randint(2, 3))
    return [*first, *((group, name, sort) for group in groups for name, sort in below)]


def _caption(rng: random.Random, words: Words, heads: _Heads, head: str) -> str:
    if rng.random() < 0.4:
        return ""
    a, b = rng.choice(heads)[1], head.lower() if words.language in ("en", "fr", "es") else head
    return rng.choice(words.captions).format(n=rng.randint(1, 40), a=a, b=b, y=rng.randint(1990, 2025))


def _value(rng: random.Random, words: Words, sort: Sort, money: str, size: int) -> Value:
    """Some value, or now and then none; numbers of a column are of one size."""
    if rng.random() < 0.06:
        return Value("", None)
    if sort == "word":
        return Value(rng.choice(words.choices), None)
    if sort == "date":
        y, m, d = rng.randint(1998, 2025), rng.randint(1, 12), rng.randint(1, 28)
        return Value(words.date.format(y=y, m=m, d=d, M=MONTHS[m - 1]), None)
    if sort == "time":
        return Value(f"{rng.randint(6, 21):02}:{rng.choice((0, 5, 10, 15, 20, 30, 40, 45, 50)):02}", None)
    whole = rng.randint(10 ** (size - 1), 10**size - 1)
    number = {
        "whole": float(whole),
        "decimal": round(rng.uniform(1, 10 ** min(size, 3)), 1),
        "percent": float(rng.randint(1, 99)),
        "money": whole if size > 3 else whole + rng.randint(1, 99) / 100,
    }[sort]
    return Value(say(words, sort, number, money, size), number)


def say(words: Words, sort: Sort, number: float, money: str, size: int) -> str:
    """A number as its column writes it."""
    places = {"decimal": 1, "money": 0 if size > 3 else 2}.get(sort, 0)
    plain = f"{number:,.{places}f}".replace(",", "T").replace(".", words.decimal).replace("T", words.thousands)
    if sort == "percent":
        return f"{plain} %" if words.language in ("de", "fr", "ru", "es") else f"{plain}%"
    return money.format(plain) if sort == "money" else plain


def _lay_out(
    rng: random.Random,
    content: Content,
    heads: _Heads,
    corner: str,
    banded: bool,
    totalled: bool,
    amounts: dict[str, str],
) -> None:
    """Fills the cells: headings, then rows with their bands, then the total."""
    words, cells = content.words, content.cells
    bands = _bands(rng, words, len(content.rows)) if banded else []
    across = bool(bands) and rng.random() < 0.4  # a band is a row of its own, or a cell beside its rows
    lead = 2 if bands and not across else 1
    _headings(cells, heads, lead, corner)
    line = 1 + max(cell.row + cell.down - 1 for cell in cells)
    for index, name in enumerate(content.rows):
        band = next((each for each in bands if each[1] == index), None)
        if band and across:
            cells.append(Cell(band[0], line, 0, "band", 1, 1 + len(heads)))
            line += 1
        elif band:
            cells.append(Cell(band[0], line, 0, "band", band[2]))
        cells.append(Cell(name, line, lead - 1, "name"))
        content.where.append(list(range(len(cells), len(cells) + len(heads))))
        for column, (value, sort) in enumerate(zip(content.values[index], content.sorts, strict=True)):
            cells.append(Cell(value.text, line, lead + column, "word" if sort == "word" else "number"))
        line += 1
    if totalled and any(sort in ("whole", "money") for sort in content.sorts):
        _total(content, heads, lead, line, amounts)


def _bands(rng: random.Random, words: Words, rows: int) -> list[tuple[str, int, int]]:
    """Name, first row and number of rows of each band."""
    names = rng.choice([names for names in words.bands if len(names) <= rows])
    cuts = [0, *sorted(rng.sample(range(1, rows), len(names) - 1)), rows]
    return [(name, a, b - a) for name, a, b in zip(names, cuts, cuts[1:], strict=False)]


def _headings(cells: list[Cell], heads: _Heads, lead: int, corner: str) -> None:
    deep = 2 if any(group for group, _, _ in heads) else 1
    cells.append(Cell(corner, 0, 0, "head", deep, lead))
    second: list[Cell] = []
    for column, (group, name, _) in enumerate(heads):
        if not group:
            cells.append(Cell(name, 0, lead + column, "head", deep))
            continue
        if not column or heads[column - 1][0] != group:
            cells.append(Cell(group, 0, lead + column, "head", 1, sum(each[0] == group for each in heads)))
        second.append(Cell(name, 1, lead + column, "head"))
    cells += second


def _total(content: Content, heads: _Heads, lead: int, line: int, amounts: dict[str, str]) -> None:
    """The sums of the columns that can be added up."""
    words = content.words
    content.cells.append(Cell(words.total, line, 0, "name", 1, lead, in_total=True))
    for column, (_, name, sort) in enumerate(heads):
        found = [row[column] for row in content.values if row[column].number is not None]
        text = ""
        if sort in ("whole", "money") and found:
            cents = any(each.number != int(each.number or 0) for each in found)
            total = sum(each.number or 0.0 for each in found)
            text = say(words, sort, total, amounts.get(name, ""), 1 if cents else 9)
        content.cells.append(Cell(text, line, lead + column, "number", in_total=True))
