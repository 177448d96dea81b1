"""What the header of an image tells, without decoding it.

Each function gets one row per medium: width, height (displayed pixels, null where unknown), size (bytes), mime.
"""

from __future__ import annotations

import functools

import polars as pl

from filters.signal import divide, signal

header = functools.partial(signal, tier="header", grain="media")


@header(unit="px", reducer="min", dtype="int64")
def width_px(media: pl.DataFrame) -> pl.Series:
    """Width of the narrowest image, as displayed."""
    return media["width"]


@header(unit="px", reducer="min", dtype="int64")
def height_px(media: pl.DataFrame) -> pl.Series:
    """Height of the lowest image, as displayed."""
    return media["height"]


@header(unit="px", reducer="min", dtype="int64", source="DataComp (Gadre et al. 2023), basic filter: at least 200")
def min_side_px(media: pl.DataFrame) -> pl.Series:
    """Shorter side of the smallest image."""
    return media.select(pl.min_horizontal("width", "height")).to_series()


@header(unit="Mpx", reducer="max")
def megapixels(media: pl.DataFrame) -> pl.Series:
    """Area of the largest image, in millions of pixels."""
    return media["width"].cast(pl.Float64) * media["height"] / 1e6


@header(unit="ratio", reducer="max", source="DataComp (Gadre et al. 2023), basic filter: at most 3")
def aspect_ratio(media: pl.DataFrame) -> pl.Series:
    """Longer side over shorter side of the most elongated image; 1 is a square."""
    sides = media.select(longer=pl.max_horizontal("width", "height"), shorter=pl.min_horizontal("width", "height"))
    return divide(sides["longer"], sides["shorter"])


@header(unit="bytes", reducer="min", dtype="int64")
def file_bytes(media: pl.DataFrame) -> pl.Series:
    """Size of the smallest file; null where it is not known."""
    return media["size"]


@header(unit="bits/px", reducer="min")
def bits_per_pixel(media: pl.DataFrame) -> pl.Series:
    """File bits per pixel of the most compressed image: little for blank pages and heavy compression alike."""
    return divide(media["size"] * 8.0, media["width"].cast(pl.Float64) * media["height"])


@signal(tier="header", grain="sample", unit="images", dtype="int64")
def media_count(samples: pl.DataFrame) -> pl.Series:
    """Number of images in the sample."""
    return samples["media_count"]
