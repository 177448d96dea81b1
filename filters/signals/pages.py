"""What a page tells that an answer writes out as QwenVL HTML, with a `data-bbox` for each element.

Each function gets one row per sample and, from `reading.markup`, the answers that hold `data-bbox`; else it is null.
The format is that of Qwen2.5-VL's report (arXiv 2502.13923, section 2.2) and of its document parsing cookbook.

An answer's text is as it was found: unlike regions, which are data in displayed pixels, it may count the pixels that
some model saw, displayed ones, or thousandths. No answer says which, so its boxes are held against each of these.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import polars as pl

from filters.frames import Batch
from filters.reading.markup import Box, Page, box_of, pages, share_inside, spread
from filters.signal import signal
from model.family import family

page = functools.partial(signal, tier="text", grain="sample")

_ROUNDED_PX = 1.0  # how far a child may stick out of its parent: both were rounded
_KNOWN = frozenset(
    (
        *("html", "head", "body", "p", "h1", "h2", "h3", "h4", "h5", "h6", "div", "img", "style", "span", "a", "pre"),
        *("table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "td", "th", "ol", "ul", "li", "code"),
        *("br", "hr", "b", "i", "u", "em", "strong", "s", "del", "small", "sub", "sup"),
    )
)
_CLASSES = frozenset(
    (
        *("chart", "formula", "image", "image caption", "image ocr", "music sheet", "chemical formula"),
        *("formula machine_printed", "formula handwritten"),
    )
)


@page(unit="boxes", dtype="int64")
def page_box_count(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Number of elements of the answer with a data-bbox, well-formed or not."""
    return _measured(batch, lambda page, row: sum("data-bbox" in each.attributes for each in page.elements), pl.Int64)


@page(unit="boxes", dtype="int64")
def page_box_faults(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Elements whose data-bbox is not four numbers between spaces with x1 < x2 and y1 < y2."""
    return _measured(
        batch,
        lambda page, row: sum("data-bbox" in each.attributes and box_of(each) is None for each in page.elements),
        pl.Int64,
    )


@page(unit="share")
def page_outside_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the worst element's data-bbox that lies outside its image, in the pixels that suit the answer best.

    Those are the displayed image's, those that the family's model sees or, where it writes them, thousandths; of a
    sample with several images, those of any. Null where no image's size is known or no box is well-formed.
    """
    sizes = _sizes(batch)

    def outside(page: Page, row: int) -> float | None:
        boxes = _boxes(page)
        if not boxes or not sizes.get(row):
            return None
        return min(1 - min(share_inside(box, (0.0, 0.0, *size)) for box in boxes) for size in sizes[row])

    return _measured(batch, outside)


@page(unit="share")
def page_child_outside_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the worst element's data-bbox that sticks out of that of the element around it, by over a pixel.

    Null where no element with a box stands in another.
    """

    def outside(page: Page, row: int) -> float | None:
        around: list[Box | None] = []  # of each element, its own box or the nearest around it
        worst: float | None = None
        for each in page.elements:
            outer = around[each.parent] if each.parent >= 0 else None
            own = box_of(each) if "data-bbox" in each.attributes else None
            if own and outer:
                x1, y1, x2, y2 = outer
                room = (x1 - _ROUNDED_PX, y1 - _ROUNDED_PX, x2 + _ROUNDED_PX, y2 + _ROUNDED_PX)
                worst = max(worst or 0.0, 1 - share_inside(own, room))
            around.append(own or outer)
        return worst

    return _measured(batch, outside)


@page(unit="elements", dtype="int64")
def page_unknown_elements(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Tags, and classes of <div>, that QwenVL HTML does not have."""

    def unknown(page: Page, row: int) -> int:
        odd_tags = sum(each.name not in _KNOWN for each in page.elements)
        classes = (each.attributes.get("class") for each in page.elements if each.name == "div")
        odd_classes = sum(kind is not None and _plain(kind) not in _CLASSES for kind in classes)
        return page.unknown + odd_tags + odd_classes

    return _measured(batch, unknown, pl.Int64)


def _plain(kind: str) -> str:
    """`formula.handwritten` is `formula handwritten`, spaces as one."""
    return " ".join(re.split(r"[\s.]+", kind.strip().lower()))


def _boxes(page: Page) -> list[Box]:
    return [box for each in page.elements if "data-bbox" in each.attributes and (box := box_of(each))]


def _sizes(batch: Batch) -> dict[int, set[tuple[float, float]]]:
    """For each sample that has a page, the (width, height) that its boxes may be meant for."""
    if not pages(batch):
        return {}
    media = batch.media.filter(pl.col("sample").is_in(list(pages(batch)))).drop_nulls(["width", "height"])
    seen = batch.context.seen(media["width"], media["height"])
    scale = family(batch.context.family).grounding.grid.scale
    sizes: dict[int, set[tuple[float, float]]] = {}
    both = (media.select("width", "height"), seen.select("width", "height"))
    for sample, *each in zip(media["sample"], *(frame.iter_rows() for frame in both), strict=True):
        sizes.setdefault(sample, set()).update((float(w), float(h)) for w, h in each if w is not None)
        if scale is not None:
            sizes[sample].add((float(scale), float(scale)))
    return sizes


def _measured(
    batch: Batch, of: Callable[[Page, int], float | None], dtype: type[pl.DataType] = pl.Float64
) -> pl.Series:
    """One value for each sample: `of` its page and row, null where its answer has no data-bbox."""
    boxed = {row: page for row, page in pages(batch).items() if any("data-bbox" in e.attributes for e in page.elements)}
    values = {row: of(page, row) for row, page in boxed.items()}
    return spread(batch, values, dtype)
