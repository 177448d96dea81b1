"""What the lines of text on a page tell: boxes and quads that hold a text.

Each function gets one row per sample and, from `reading.lines`, all lines of the batch. Null where a sample has none.
Lines that hold a label and no text are detections, and not looked at here.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import polars as pl

from filters.frames import Batch
from filters.reading.fields import share_found
from filters.reading.layout import areas, bent, layouts, misfits, outside_share, reading_direction
from filters.reading.lines import Bools, Floats, Lines, lines, nothing
from filters.signal import divide, signal

line = functools.partial(signal, tier="text", grain="sample")

_FEWEST_ORDERED = 10  # pairs with an order; below that half of them may go back by chance
_BORDER_PX = 1.0
_ILLEGIBLE = r"^\s*#*\s*$"  # ICDAR writes ### for text that its annotators could not read


@line(unit="lines", dtype="int64")
def line_count(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Number of boxes and quads that hold text."""
    found = lines(batch)
    return _spread(batch, found.rows, np.diff(np.append(found.starts, len(found))), pl.Int64)


@line(unit="share")
def line_outside_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the worst text line's area that lies outside its image, by the quad itself and not its upright box.

    A line without area counts by its corners. The image's border belongs to it.
    """
    found = lines(batch)
    beyond = (found.corners < 0) | (found.corners > found.size[:, None, :])
    shares = np.where(np.isnan(found.size).any(axis=1), -np.inf, 0.0)
    for row in np.flatnonzero(beyond.any(axis=(1, 2)) & (shares == 0)):
        shares[row] = outside_share(found.corners[row], found.size[row])
    return _spread(batch, found.rows, _worst(found, shares, np.maximum))


@line(unit="share")
def bent_line_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of quads that cross themselves or have a dent of more than half a pixel; null where there is no quad."""
    found = lines(batch)
    if not len(found):
        return nothing(batch)
    return _share(batch, found, bent(found) & found.is_quad, found.is_quad)


@line(unit="share", version=2)
def turned_line_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of quads whose corners do not run clockwise from where one starts to read.

    They run anticlockwise, or the first edge goes against the direction of the image's lines together, or it is less
    than half as long as the next although it carries four characters or more (Chinese, Japanese and Korean, which are
    also written in columns: only where the next one lies along). Crossed quads have no direction and are left out.
    """
    found = lines(batch)
    if not len(found):
        return nothing(batch)
    edges = found.edges()
    lengths = np.hypot(edges[:, :, 0], edges[:, :, 1])
    along = reading_direction(found)
    against = (edges[:, 0] * along).sum(axis=1) < -0.7 * lengths[:, 0] * np.hypot(along[:, 0], along[:, 1])
    lies = np.abs(edges[:, 1, 0]) > np.abs(edges[:, 1, 1])
    upended = (lengths[:, 0] < 0.5 * lengths[:, 1]) & (found.units >= 4) & (~found.wide | lies)
    whole = found.is_quad & ~bent(found)
    return _share(batch, found, whole & ((areas(found) < 0) | against | upended), whole)


@line(unit="px^2")
def line_min_area_px(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Area of the smallest text line, in displayed pixels; of a crossed quad, what its halves do not cancel."""
    found = lines(batch)
    return _spread(batch, found.rows, _worst(found, np.abs(areas(found)), np.minimum))


@line(unit="share")
def line_overlap_iou(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Highest intersection over union of two text lines, with the page turned so that its lines are level.

    Of more than 1,000 lines of an image, the first 1,000 are compared; so too in the signals below.
    """
    return layouts(batch)["iou"]


@line(unit="share")
def covered_line_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of text lines of which more than 80 % lies in another: annotated twice, or words beside their lines."""
    found = layouts(batch)
    return divide(found["covered"], found["compared"])


@line(unit="share", source="after Kendall 1938: pairs in the wrong order, of those that have one")
def line_order_inversions(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of pairs of text lines in one column or row that stand in the wrong order; half for a shuffled page.

    Lines of different columns and rows are no pair, so that columns may follow each other. Hebrew and Arabic run to the
    left. Null with fewer than ten pairs, and where most lines are columns of East Asian writing.
    """
    found = layouts(batch)
    enough = found.select(pl.when(pl.col("ordered") >= _FEWEST_ORDERED).then("ordered")).to_series()
    return divide(found["backward"], enough)


@signal(tier="text", grain="region", unit="px", reducer="min")
def text_height_px(regions: pl.DataFrame) -> pl.Series:
    """Height of the smallest region that carries text; of a quad, the mean of its left and right edges.

    In displayed pixels; for what the model's resize leaves of it see `text_height_px_after_resize`. For columns of
    vertical text it is the column's length.
    """
    left = _distance(0, 3)
    right = _distance(1, 2)
    height = pl.when(pl.col("shape") == "quad").then((left + right) / 2).otherwise(pl.col("y2") - pl.col("y1"))
    carries_text = (pl.col("shape") != "point") & (pl.col("text").str.strip_chars() != "")
    return regions.select(pl.when(carries_text).then(height)).to_series()


@line(unit="px")
def text_height_px_after_resize(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Height of the smallest text line with letters or digits, in the pixels that the family's model sees.

    The mean of a line's left and right edges after the resize; of East Asian writing, which may run in columns, the
    mean of the shorter pair of edges.
    """
    found = lines(batch)
    scaled = found.edges() * (found.seen / found.size)[:, None, :]
    lengths = np.hypot(scaled[:, :, 0], scaled[:, :, 1])
    across, along = (lengths[:, 1] + lengths[:, 3]) / 2, (lengths[:, 0] + lengths[:, 2]) / 2
    heights = np.where(found.wide, np.minimum(across, along), across)
    heights = np.where(found.worded & np.isfinite(heights), heights, np.inf)
    return _spread(batch, found.rows, _worst(found, heights, np.minimum))


@line(unit="share")
def misfit_line_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of text lines that are over twice as long or as short as their size allows, by the sample's own measure.

    A line's measure is its length per character, in its own heights, and its area per character; it fits where either
    is within a factor of two of the sample's median, so that blocks of several lines fit as well. High where texts and
    quads belong to different lines. Lines of fewer than four characters are left out; null with fewer than five others.
    """
    found = lines(batch)
    return _spread(batch, found.rows, misfits(found))


@line(unit="share")
def cut_line_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of text lines that come within a pixel of their image's border, or beyond: cut off where it was cropped."""
    found = lines(batch)
    near = (found.corners <= _BORDER_PX) | (found.corners >= found.size[:, None, :] - _BORDER_PX)
    known = ~np.isnan(found.size[:, 0] + found.size[:, 1])
    return _share(batch, found, near.reshape(-1, 8).max(axis=1, initial=False), known)


@line(unit="share")
def text_density(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the most written image that its text lines cover, all their areas added up."""
    found = lines(batch)
    covered = np.bincount(found.image, weights=np.abs(areas(found)))[found.image]
    density = covered / (found.size[:, 0] * found.size[:, 1])
    return _spread(batch, found.rows, _worst(found, np.nan_to_num(density, nan=-np.inf), np.maximum))


@line(unit="share", source="### for what annotators could not read: ICDAR Robust Reading")
def empty_line_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of boxes and quads without a label whose text is empty or only ###; null where all have labels."""
    unlabelled = (pl.col("shape") != "point") & (pl.col("label").str.strip_chars() == "")
    found = batch.region.filter(unlabelled)
    if not len(found):
        return nothing(batch)
    counts = found.group_by("sample").agg(all=pl.len(), empty=pl.col("text").str.contains(_ILLEGIBLE).sum())
    joined = samples.select("sample").join(counts, on="sample", how="left", maintain_order="left")
    return divide(joined["empty"], joined["all"])


@line(unit="share")
def duplicate_line_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of text lines that repeat an earlier one of the sample: the same text on the same whole pixels."""
    found = lines(batch)
    if not len(found):
        return nothing(batch)
    corners = np.round(found.corners.reshape(-1, 8))
    table = pl.DataFrame({"image": found.image, "text": found.text}).hstack(
        pl.DataFrame(corners, schema=[f"c{i}" for i in range(8)])
    )
    repeats = ~table.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()
    return _share(batch, found, repeats, np.ones(len(found), dtype=np.bool_))


@line(unit="share")
def fields_found_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the values of an answer in JSON that stand in the sample's text lines, case and punctuation aside.

    A value of six letters and digits or more also counts where 70 % of its runs of three are there: a slip or a line
    between. Null where there are no lines, the answer is no JSON object, or it has no values with letters or digits.
    """
    found = lines(batch)
    if not len(found):
        return nothing(batch)
    written = samples["answer"].str.strip_chars().str.contains(r"^(?:```(?:json)?\s*)?\{").fill_null(False)
    shares = np.full(len(found.rows), np.nan)
    answers = samples["answer"]
    for place, (row, (start, end)) in enumerate(zip(found.rows.tolist(), found.spans(), strict=True)):
        if written[row]:
            share = share_found(answers[row], found.text[start:end].to_list())
            shares[place] = np.nan if share is None else share
    return _spread(batch, found.rows, shares)


def _spread(
    batch: Batch,
    rows: npt.NDArray[np.int64],
    values: npt.NDArray[np.generic],
    dtype: type[pl.DataType] = pl.Float64,
) -> pl.Series:
    """One value for each sample of the batch: that of `rows`, null elsewhere and where it is not finite."""
    if not len(rows):
        return nothing(batch, dtype)
    spread = np.full(len(batch), np.nan)
    spread[rows] = values
    spread[~np.isfinite(spread)] = np.nan
    return pl.Series(spread, nan_to_null=True).cast(dtype)


def _worst(found: Lines, values: Floats, of: np.ufunc) -> Floats:
    """(m,): the largest (`np.maximum`) or smallest value of each sample's lines."""
    if not len(found):
        return np.array([])
    worst: Floats = of.reduceat(values, found.starts)
    return worst


def _share(batch: Batch, found: Lines, flagged: Bools, counted: Bools) -> pl.Series:
    """For each sample the share of `counted` lines that are `flagged`; null where none is counted."""
    if not len(found):
        return nothing(batch)
    top, bottom = (
        np.bincount(found.sample, weights=each, minlength=len(batch)) for each in (flagged & counted, counted)
    )
    return divide(pl.Series(top), pl.Series(bottom))


def _distance(first: int, second: int) -> pl.Expr:
    """Pixels between two corners of `points` (clockwise from the reading start); null where there is no such corner."""
    points = pl.col("points").list
    x = points.get(2 * first, null_on_oob=True) - points.get(2 * second, null_on_oob=True)
    y = points.get(2 * first + 1, null_on_oob=True) - points.get(2 * second + 1, null_on_oob=True)
    return (x * x + y * y).sqrt()
