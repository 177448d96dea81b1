"""What boxes, quads and points tell.

Each function gets one row per region: sample, media (index), shape, label, text, points (list of x, y), x1, y1, x2, y2
(the upright box around it, displayed pixels), media_width, media_height (null where the image's size is unknown).
"""

from __future__ import annotations

import functools

import polars as pl

from filters.signal import divide, signal

region = functools.partial(signal, tier="text", grain="region")

_WIDTH, _HEIGHT = pl.col("x2") - pl.col("x1"), pl.col("y2") - pl.col("y1")


@signal(tier="text", grain="sample", unit="regions", dtype="int64")
def region_count(samples: pl.DataFrame) -> pl.Series:
    """Number of regions (boxes, quads, points) in the sample."""
    return samples["region_count"]


@region(unit="share", reducer="max")
def region_outside_ratio(regions: pl.DataFrame) -> pl.Series:
    """Share of the worst region's upright box that lies outside its image; for a point, 0 inside and 1 outside.

    A box without area counts as a point at its centre. The image's border belongs to it.
    """
    inside_width = pl.min_horizontal("x2", "media_width") - pl.max_horizontal("x1", pl.lit(0.0))
    inside_height = pl.min_horizontal("y2", "media_height") - pl.max_horizontal("y1", pl.lit(0.0))
    inside_area = inside_width.clip(lower_bound=0) * inside_height.clip(lower_bound=0)
    x, y = (pl.col("x1") + pl.col("x2")) / 2, (pl.col("y1") + pl.col("y2")) / 2
    centre_inside = x.is_between(0, pl.col("media_width")) & y.is_between(0, pl.col("media_height"))
    areas = regions.select(inside=inside_area, whole=_WIDTH * _HEIGHT)
    inside = divide(areas["inside"], areas["whole"])
    outside = pl.when(_WIDTH * _HEIGHT > 0).then(1 - inside).otherwise(1 - centre_inside.cast(pl.Float64))
    known = pl.col("media_width").is_not_null() & pl.col("media_height").is_not_null()
    return regions.select(pl.when(known).then(outside.clip(0, 1))).to_series()


@region(unit="px", reducer="min")
def region_min_side_px(regions: pl.DataFrame) -> pl.Series:
    """Shorter side of the smallest box or quad (its upright box); points have none."""
    return regions.select(pl.when(pl.col("shape") != "point").then(pl.min_horizontal(_WIDTH, _HEIGHT))).to_series()


@region(unit="share", reducer="max")
def region_area_ratio(regions: pl.DataFrame) -> pl.Series:
    """Area of the largest box or quad (its upright box) as a share of its image; near 1 it points at nothing."""
    areas = regions.select(
        region=pl.when(pl.col("shape") != "point").then(_WIDTH * _HEIGHT),
        image=pl.col("media_width").cast(pl.Float64) * pl.col("media_height"),
    )
    return divide(areas["region"], areas["image"])


@region(unit="share", reducer="mean")
def duplicate_region_ratio(regions: pl.DataFrame) -> pl.Series:
    """Share of regions that repeat an earlier one of the sample: same image, shape, label, text and whole pixels."""
    rounded = pl.col("points").list.eval(pl.element().round(0).cast(pl.String)).list.join(",")
    key = pl.struct("sample", "media", "shape", "label", "text", rounded)
    return regions.select((~key.is_first_distinct()).cast(pl.Float64)).to_series()


@region(unit="px", reducer="min")
def text_height_px(regions: pl.DataFrame) -> pl.Series:
    """Height of the smallest region that carries text; of a quad, the mean of its left and right edges.

    In displayed pixels, not in those that a model sees: what is left after the resize depends on the family's pixel
    budget, which a signal of the content does not know. For columns of vertical text it is the column's length.
    """
    left = _distance(0, 3)
    right = _distance(1, 2)
    height = pl.when(pl.col("shape") == "quad").then((left + right) / 2).otherwise(_HEIGHT)
    carries_text = (pl.col("shape") != "point") & (pl.col("text").str.strip_chars() != "")
    return regions.select(pl.when(carries_text).then(height)).to_series()


def _distance(first: int, second: int) -> pl.Expr:
    """Pixels between two corners of `points` (clockwise from the reading start); null where there is no such corner."""
    points = pl.col("points").list
    x = points.get(2 * first, null_on_oob=True) - points.get(2 * second, null_on_oob=True)
    y = points.get(2 * first + 1, null_on_oob=True) - points.get(2 * second + 1, null_on_oob=True)
    return (x * x + y * y).sqrt()
