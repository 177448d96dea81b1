"""What boxes, quads and points tell by themselves; `naming` holds them against the words of the sample.

Each function gets one row per region: sample, media (index), shape, label, text, points (list of x, y), x1, y1, x2, y2
(the upright box around it, displayed pixels), media_width, media_height (null where the image's size is unknown).
"""

from __future__ import annotations

import functools

import polars as pl

from filters.frames import Batch
from filters.signal import divide, signal

region = functools.partial(signal, tier="text", grain="region")

_WIDTH, _HEIGHT = pl.col("x2") - pl.col("x1"), pl.col("y2") - pl.col("y1")
_LABELLED = pl.col("label").str.strip_chars() != ""


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
    return _area_ratio(regions)


@region(unit="share", reducer="min")
def region_smallest_area_ratio(regions: pl.DataFrame) -> pl.Series:
    """Area of the smallest box or quad (its upright box) as a share of its image."""
    return _area_ratio(regions)


@region(unit="ratio", reducer="max")
def region_aspect_ratio(regions: pl.DataFrame) -> pl.Series:
    """Longer side over shorter side of the most elongated box or quad (its upright box); null without area."""
    sides = regions.select(longer=pl.max_horizontal(_WIDTH, _HEIGHT), shorter=pl.min_horizontal(_WIDTH, _HEIGHT))
    ratio = divide(sides["longer"], sides["shorter"])
    return regions.select(pl.when((pl.col("shape") != "point") & (_WIDTH > 0) & (_HEIGHT > 0)).then(ratio)).to_series()


@region(unit="model px", reducer="min")
def region_min_side_model_px(regions: pl.DataFrame, batch: Batch) -> pl.Series:
    """Shorter side of the smallest box or quad (its upright box) as the model sees it, after its resize."""
    sizes = regions.select("media_width", "media_height").unique(maintain_order=True)
    seen = batch.context.seen(sizes["media_width"], sizes["media_height"])
    sizes = sizes.with_columns(seen_width=seen["width"], seen_height=seen["height"])
    at = regions.join(sizes, on=["media_width", "media_height"], how="left", nulls_equal=True, maintain_order="left")
    width = divide(at.select(_WIDTH * pl.col("seen_width")).to_series(), at["media_width"])
    height = divide(at.select(_HEIGHT * pl.col("seen_height")).to_series(), at["media_height"])
    shorter = pl.when(width.is_not_null() & height.is_not_null()).then(pl.min_horizontal(width, height))
    return at.select(pl.when(pl.col("shape") != "point").then(shorter)).to_series()


@region(unit="regions", reducer="max", dtype="int64")
def regions_per_label(regions: pl.DataFrame) -> pl.Series:
    """Regions of the most frequent label on one image; regions without a label are left out."""
    count = pl.len().over("sample", "media", "label").cast(pl.Int64)
    return regions.select(pl.when(_LABELLED).then(count)).to_series()


@region(unit="share", reducer="mean")
def region_unlabelled_ratio(regions: pl.DataFrame) -> pl.Series:
    """Share of regions that have neither a label nor a text."""
    return regions.select((~_LABELLED & (pl.col("text").str.strip_chars() == "")).cast(pl.Float64)).to_series()


@region(unit="share", reducer="mean")
def duplicate_region_ratio(regions: pl.DataFrame) -> pl.Series:
    """Share of regions that repeat an earlier one of the sample: same image, shape, label, text and whole pixels."""
    rounded = pl.col("points").list.eval(pl.element().round(0).cast(pl.String)).list.join(",")
    key = pl.struct("sample", "media", "shape", "label", "text", rounded)
    return regions.select((~key.is_first_distinct()).cast(pl.Float64)).to_series()


def _area_ratio(regions: pl.DataFrame) -> pl.Series:
    areas = regions.select(
        region=pl.when(pl.col("shape") != "point").then(_WIDTH * _HEIGHT),
        image=pl.col("media_width").cast(pl.Float64) * pl.col("media_height"),
    )
    return divide(areas["region"], areas["image"])
