"""HTML tables as grids: where each cell lies under its rowspan and colspan, and what does not fit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from filters.reading.markup import Element, Page

_CELLS = ("td", "th")
_WIDEST = 1000  # columns of a colspan, as in the HTML standard
_TALLEST = 65_534
_MOST_SLOTS = 200_000  # of one answer: bounds the work on spans that are made up


@dataclass(frozen=True, slots=True)
class Table:
    """What a table comes to.

    at:      its element's place in the page
    cells:   its cells, of which `filled` hold a text or picture
    rows, columns: of the grid; columns are those of most rows
    covered: slots of the grid under a cell that is filled
    slots:   rows times the columns of the widest row
    ragged:  rows of another width than most
    misfits: cells that lie over others, spans that are no number or reach below the last row
    """

    at: int
    cells: int
    filled: int
    rows: int
    columns: int
    covered: int
    slots: int
    ragged: int
    misfits: int


def tables(page: Page) -> list[Table]:
    """The tables of a page in the order in which they begin, inner ones too."""
    rows: dict[int, dict[int, list[Element]]] = {
        at: {} for at, element in enumerate(page.elements) if element.name == "table"
    }
    loose: Counter[int] = Counter()
    for at, element in enumerate(page.elements):
        if element.name == "tr" and element.table in rows:
            rows[element.table].setdefault(at, [])
        elif element.name in _CELLS and element.row >= 0 and element.table in rows:
            rows[element.table].setdefault(element.row, []).append(element)
        elif element.name in _CELLS:
            loose[element.table] += 1
    left = _MOST_SLOTS
    found = []
    for at, of_table in rows.items():
        table, used = _expand(at, list(of_table.values()), loose[at], left)
        left -= used
        found.append(table)
    return found


def _expand(at: int, rows: list[list[Element]], loose: int, most: int) -> tuple[Table, int]:
    """Place each row's cells in the first free slots, as browsers do; the table, and how many slots were looked at."""
    held: list[int] = []  # for each column, how many more rows the cell above reaches down
    held_filled: list[bool] = []
    widths: list[int] = []
    covered, misfits, used = 0, loose, 0
    for row in rows:
        column = 0
        fresh: dict[int, tuple[int, bool]] = {}
        for cell in row:
            while column < len(held) and held[column]:
                column += 1
            across, down, odd = _spans(cell)
            misfits += odd
            used += across
            if used > most:
                break
            span = range(column, column + across)
            misfits += any(slot < len(held) and held[slot] for slot in span)
            fresh.update(dict.fromkeys(span, (down, cell.filled)))
            column += across
        width = max((column, *(index + 1 for index, more in enumerate(held) if more)))
        used += width
        if used > most:
            misfits += 1
            break
        grown = width - len(held)
        held += [0] * grown
        held_filled += [False] * grown
        for slot, (down, filled) in fresh.items():
            held[slot], held_filled[slot] = down, filled
        taken = [index for index, more in enumerate(held) if more]
        widths.append(len(taken))
        covered += sum(held_filled[index] for index in taken)
        held = [max(more - 1, 0) for more in held]
    misfits += any(held)
    counts = Counter(widths)
    columns = max(counts, key=lambda width: (counts[width], width), default=0)
    cells = [cell for row in rows for cell in row]
    table = Table(
        at=at,
        cells=len(cells),
        filled=sum(cell.filled for cell in cells),
        rows=len(widths),
        columns=columns,
        covered=covered,
        slots=len(widths) * max(widths, default=0),
        ragged=sum(width != columns for width in widths),
        misfits=misfits,
    )
    return table, used


def _spans(cell: Element) -> tuple[int, int, bool]:
    """(columns, rows, whether either is odd) of a cell; what is odd counts as 1."""
    across, odd_across = _span(cell.attributes.get("colspan"), _WIDEST)
    down, odd_down = _span(cell.attributes.get("rowspan"), _TALLEST)
    return across, down, odd_across or odd_down


def _span(text: str | None, most: int) -> tuple[int, bool]:
    if text is None:
        return 1, False
    number = text.strip()
    usable = number.isascii() and number.isdigit() and len(number) <= 5 and 1 <= int(number) <= most
    return (int(number), False) if usable else (1, True)
