"""The arithmetic of text lines: their shape, how they lie on a page, and whether their texts suit their size."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import polars as pl

from filters.frames import Batch
from filters.reading.lines import Bools, Floats, Ints, Lines, lines, spans

MOST_PAIRED = 1000  # lines of one image that are held against each other: the time grows with the square
COVERED = 0.8  # a line lies in another where more than this share of it does
_STRAIGHT_PX = 0.5  # how far a corner may lie on the wrong side of an edge: annotations are rounded
_FEWEST_CHARACTERS, _FEWEST_LINES = 4, 5


def areas(found: Lines) -> Floats:
    """(n,): px^2 inside the corners; negative where they run anticlockwise, near 0 where edges cross."""
    x, y = found.corners[:, :, 0], found.corners[:, :, 1]
    first, second = (x[:, 2] - x[:, 0], y[:, 2] - y[:, 0]), (x[:, 3] - x[:, 1], y[:, 3] - y[:, 1])
    doubled: Floats = first[0] * second[1] - first[1] * second[0]
    return doubled / 2


def bent(found: Lines) -> Bools:
    """(n,): whether edges cross or a corner points inwards, by more than half a pixel."""
    edges = found.edges()
    following = np.roll(edges, -1, axis=1)
    lengths = np.hypot(edges[:, :, 0], edges[:, :, 1])
    cross = edges[:, :, 0] * following[:, :, 1] - edges[:, :, 1] * following[:, :, 0]
    # How far the corner after the next one lies from the edge's line, to its right.
    aside = np.divide(cross, lengths, out=np.zeros_like(cross), where=lengths > 0)
    crooked: Bools = (aside < -_STRAIGHT_PX).any(axis=1) & (aside > _STRAIGHT_PX).any(axis=1)
    return crooked


def outside_share(corners: Floats, size: Floats) -> float:
    """Share of a quad (4, 2) that lies outside an image of `size` (width, height), by area.

    Of a crossed or dented quad the convex hull is taken; where that has no area, the share of corners.
    """
    hull = _hull([(float(x), float(y)) for x, y in corners])
    whole = _area(hull)
    if whole <= 0:
        return float(((corners < 0) | (corners > size)).any(axis=1).mean())
    for axis, bound, sign in ((0, 0.0, 1.0), (1, 0.0, 1.0), (0, float(size[0]), -1.0), (1, float(size[1]), -1.0)):
        hull = _clip(hull, axis, bound, sign)
    return min(max(1 - _area(hull) / whole, 0.0), 1.0)


_Polygon = list[tuple[float, float]]


def _hull(points: _Polygon) -> _Polygon:
    """Andrew's monotone chain."""

    def chain(ordered: _Polygon) -> _Polygon:
        kept: _Polygon = []
        for x, y in ordered:
            while len(kept) > 1:
                (ax, ay), (bx, by) = kept[-2:]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                kept.pop()
            kept.append((x, y))
        return kept[:-1]

    ordered = sorted(set(points))
    return chain(ordered) + chain(ordered[::-1]) if len(ordered) > 2 else ordered


def _area(polygon: _Polygon) -> float:
    following = polygon[1:] + polygon[:1]
    return abs(sum(ax * by - ay * bx for (ax, ay), (bx, by) in zip(polygon, following, strict=True))) / 2


def _clip(polygon: _Polygon, axis: int, bound: float, sign: float) -> _Polygon:
    """The part of a convex polygon where (coordinate - bound) * sign >= 0 (Sutherland and Hodgman 1974, one edge)."""
    kept: _Polygon = []
    for before, here in zip(polygon[-1:] + polygon[:-1], polygon, strict=True):
        from_before, from_here = (before[axis] - bound) * sign, (here[axis] - bound) * sign
        if (from_before < 0) != (from_here < 0):
            part = from_before / (from_before - from_here)
            kept.append((before[0] + part * (here[0] - before[0]), before[1] + part * (here[1] - before[1])))
        if from_here >= 0:
            kept.append(here)
    return kept


def misfits(found: Lines) -> Floats:
    """(m,) for each sample with lines: the share of lines whose text is over twice as long or as short as fits.

    NaN with fewer than five lines of four characters and more.
    """
    edges = found.edges()
    lengths = np.hypot(edges[:, :, 0], edges[:, :, 1])
    area = np.abs(areas(found))
    height = (lengths[:, 1] + lengths[:, 3]) / 2
    usable = (found.units >= _FEWEST_CHARACTERS) & (area > 0) & (height > 0)
    step = np.divide(area, height * height * found.units, out=np.ones_like(area), where=usable)
    room = np.divide(area, found.units, out=np.ones_like(area), where=usable)
    shares = np.full(len(found.rows), np.nan)
    for place, (start, end) in enumerate(found.spans()):
        mine = usable[start:end]
        if np.count_nonzero(mine) < _FEWEST_LINES:
            continue
        by_step, by_room = (_against_median(values[start:end][mine]) for values in (step, room))
        ill = (np.maximum(by_step, by_room) < 0.5) | (np.minimum(by_step, by_room) > 2)
        shares[place] = np.count_nonzero(ill) / len(ill)
    return shares


def _against_median(values: Floats) -> Floats:
    """Each value by the median of all; of an even number, the higher of the two in the middle."""
    return values / np.sort(values)[len(values) // 2]


def reading_direction(found: Lines) -> Floats:
    """(n, 2): the sum of the upper edges of all lines of the line's image."""
    along = found.edges()[:, 0]
    # bincount adds in the order of the rows: nothing depends on where a sample lies in memory.
    sums = [np.bincount(found.image, weights=along[:, axis]).astype(np.float64)[found.image] for axis in (0, 1)]
    return np.stack(sums, axis=1)


def reading_boxes(found: Lines) -> Floats:
    """(n, 4): the upright boxes around the lines once each image is turned so that its text runs to the right.

    The direction of an image is that of all its lines' upper edges together, so long lines say more.
    """
    dx, dy = reading_direction(found).T
    length = np.hypot(dx, dy)
    cosine = np.divide(dx, length, out=np.ones_like(dx), where=length > 0)
    sine = np.divide(dy, length, out=np.zeros_like(dy), where=length > 0)
    x, y = found.corners[:, :, 0], found.corners[:, :, 1]
    turned_x = x * cosine[:, None] + y * sine[:, None]
    turned_y = y * cosine[:, None] - x * sine[:, None]
    return np.stack([turned_x.min(1), turned_y.min(1), turned_x.max(1), turned_y.max(1)], axis=1)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the lines of one image lie together: the largest intersection over union of two of them, how many lie for
    the most part (`COVERED`) in another, and of `ordered` pairs how many are `backward`: a reader meets the later one
    first."""

    iou: float
    covered: int
    backward: int
    ordered: int


def layouts(batch: Batch) -> pl.DataFrame:
    """For each sample `iou`, `covered`, `compared` (lines), `backward`, `ordered`, as in Layout, over all its images;
    null where it has no lines. Worked out once for a batch."""
    return batch.once("layouts", lambda: _layouts(lines(batch), batch))


def _layouts(found: Lines, batch: Batch) -> pl.DataFrame:
    schema = {
        "sample": pl.UInt32,
        "iou": pl.Float64,
        **dict.fromkeys(("covered", "compared", "backward", "ordered"), pl.Int64),
    }
    if not len(found):
        return pl.DataFrame(schema=schema).clear(len(batch))
    boxes = reading_boxes(found)
    upright = found.wide & (found.units > 2) & (boxes[:, 3] - boxes[:, 1] > boxes[:, 2] - boxes[:, 0])
    by_image = np.argsort(found.image, kind="stable")
    starts = np.unique(found.image[by_image], return_index=True)[1]
    rows = []
    for start, end in spans(starts, len(found)):
        mine = by_image[start:end]
        lie = layout(boxes[mine[:MOST_PAIRED]], _most(found.leftwards[mine]))
        known = 0 if _most(upright[mine]) else 1
        compared = min(len(mine), MOST_PAIRED)
        rows.append(
            (int(found.sample[mine[0]]), lie.iou, lie.covered, compared, lie.backward * known, lie.ordered * known)
        )
    table = (
        pl.DataFrame(rows, schema=schema, orient="row")
        .group_by("sample")
        .agg(pl.col("iou").max(), pl.col("covered", "compared", "backward", "ordered").sum())
    )
    return batch.sample.select("sample").join(table, on="sample", how="left", maintain_order="left")


def _most(flags: Bools) -> bool:
    return 2 * int(np.count_nonzero(flags)) > len(flags)


def layout(boxes: Floats, leftwards: bool) -> Layout:
    """Compare every two of the upright boxes (n, 4: x1, y1, x2, y2), which are in the order of the annotation.

    Two lines have an order where they share a row (more than half of the lower one's height) or a column (more than
    half of the narrower one's width), and not both: in a row a reader goes to the right (to the left if `leftwards`),
    in a column down. Lines of different rows and columns have none, so that columns of a page may follow each other.
    """
    first, second = _pairs(len(boxes))
    sides = np.ascontiguousarray(boxes.T)
    a, b = sides.take(first, axis=1), sides.take(second, axis=1)
    shared_x = np.minimum(a[2], b[2]) - np.maximum(a[0], b[0])
    shared_y = np.minimum(a[3], b[3]) - np.maximum(a[1], b[1])
    in_column = shared_x > 0.5 * np.minimum(a[2] - a[0], b[2] - b[0])
    in_row = shared_y > 0.5 * np.minimum(a[3] - a[1], b[3] - b[1])
    to_the_right = b[0] + b[2] - a[0] - a[2]
    onwards = np.where(in_row, -to_the_right if leftwards else to_the_right, b[1] + b[3] - a[1] - a[3])
    ordered = in_column ^ in_row
    backward = int(np.count_nonzero(ordered & (onwards < 0)))
    area_a, area_b = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
    touching = (shared_x > 0) & (shared_y > 0) & (area_a > 0) & (area_b > 0)
    shared = (shared_x * shared_y)[touching]
    area_a, area_b = area_a[touching], area_b[touching]
    iou = (shared / (area_a + area_b - shared)).max(initial=0.0)
    inner = np.where(area_a <= area_b, first[touching], second[touching])
    covered = np.unique(inner[shared > COVERED * np.minimum(area_a, area_b)])
    return Layout(float(iou), len(covered), backward, int(np.count_nonzero(ordered)))


def _pairs(count: int) -> tuple[Ints, Ints]:
    """Every two of `count` things, the earlier and the later; kept for the usual counts, as making them takes long."""
    return _kept_pairs(count) if count <= 160 else np.triu_indices(count, 1)


@functools.lru_cache(maxsize=160)
def _kept_pairs(count: int) -> tuple[Ints, Ints]:
    return np.triu_indices(count, 1)
