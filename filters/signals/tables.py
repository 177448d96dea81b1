"""What the HTML tables of an answer tell.

Each function gets one row per sample and, from `reading.markup`, the answers that hold `<table`. Null for all others.
Qwen2.5-VL's report (section 2.2) drops tables with low confidence, that overlap, or with too few cells for their size,
and gives no threshold.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable

import polars as pl

from filters.frames import Batch
from filters.reading.grid import Table, tables
from filters.reading.markup import Box, Page, box_of, pages, share_inside, spread
from filters.signal import signal

table = functools.partial(signal, tier="text", grain="sample")

_MOST_COMPARED = 100  # tables of one answer that are held against each other


@table(unit="tables", dtype="int64")
def table_count(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Number of HTML tables in the answer, tables in tables too."""
    return _measured(batch, lambda page, found: len(found), pl.Int64)


@table(unit="tags", dtype="int64")
def html_tag_faults(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """HTML tags of an answer with tables or boxes (data-bbox) that are not closed in order; an open code fence too.

    A closing tag without an opening one and a tag that the answer ends in count as well. <br>, <img> and their kind
    need no end, and <html> and <body> may be closed in either order, as Qwen2.5-VL's report has them.
    """
    return spread(batch, {row: page.faults for row, page in pages(batch).items()}, pl.Int64)


@table(unit="rows", dtype="int64", source="HTML standard: table model")
def table_ragged_rows(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Rows of the worst table with another number of columns than most of its rows, rowspan and colspan counted."""
    return _measured(batch, lambda page, found: max(each.ragged for each in found), pl.Int64)


@table(unit="cells", dtype="int64", source="HTML standard: table model errors")
def table_span_faults(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Cells of the worst table that overlap others, lie outside a row, or have a rowspan or colspan that cannot be.

    No number of 1 to 1000 (colspan) or 65534 (rowspan), or one that reaches below the last row.
    """
    return _measured(batch, lambda page, found: max(each.misfits for each in found), pl.Int64)


@table(unit="cells", dtype="int64")
def table_cells(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Cells of the smallest table."""
    return _measured(batch, lambda page, found: min(each.cells for each in found), pl.Int64)


@table(
    unit="share", source="Qwen2.5-VL report, section 2.2, drops insufficient cell density; no definition is published"
)
def table_cell_density(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the emptiest table's grid that lies under a cell with something in it; 0 for a table without cells.

    The grid is as wide as its widest row. A cell that spans several slots counts for all of them.
    """
    return _measured(batch, lambda page, found: min(each.covered / max(each.slots, 1) for each in found))


@table(unit="cells/Mpx", source="Qwen2.5-VL report, section 2.2, drops insufficient cell density; none is published")
def table_cells_per_megapixel(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Cells per million pixels of its data-bbox, in the answer's own pixels, of the table with the fewest."""

    def density(page: Page, found: list[Table]) -> float | None:
        boxes = ((each.cells, box_of(page.elements[each.at])) for each in found)
        return min((1e6 * cells / _area(box) for cells, box in boxes if box), default=None)

    return _measured(batch, density)


@table(unit="share")
def table_empty_cell_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the cells of all tables that hold neither text nor picture; null where there is no cell."""

    def empty(page: Page, found: list[Table]) -> float | None:
        cells = sum(each.cells for each in found)
        return (cells - sum(each.filled for each in found)) / cells if cells else None

    return _measured(batch, empty)


@table(unit="share", source="Qwen2.5-VL report, section 2.2, drops overlapping tables; no threshold is published")
def table_overlap(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Largest share of a table's data-bbox that lies in another's; tables in tables and those without a box aside.

    Null with fewer than two tables that have a box. Of more than 100 tables the first 100 are compared.
    """

    def overlap(page: Page, found: list[Table]) -> float | None:
        placed = [(each.at, box) for each in found if (box := box_of(page.elements[each.at]))][:_MOST_COMPARED]
        pairs = itertools.combinations(placed, 2)
        apart = [(a, b) for (one, a), (other, b) in pairs if not _within(page, other, one)]
        return max((max(share_inside(a, b), share_inside(b, a)) for a, b in apart), default=None)

    return _measured(batch, overlap)


def _within(page: Page, inner: int, outer: int) -> bool:
    """Whether the table at `inner` stands in the one at `outer`."""
    at = page.elements[inner].table
    while at > outer:
        at = page.elements[at].table
    return at == outer


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _measured(
    batch: Batch,
    of: Callable[[Page, list[Table]], float | None],
    dtype: type[pl.DataType] = pl.Float64,
) -> pl.Series:
    """One value for each sample: `of` its page and tables, null where it has no table."""

    def compute() -> dict[int, list[Table]]:
        return {row: found for row, page in pages(batch).items() if (found := tables(page))}

    grids = batch.once("tables", compute)
    values = {row: of(pages(batch)[row], found) for row, found in grids.items()}
    return spread(batch, values, dtype)
