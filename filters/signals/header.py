"""What the header of an image tells, without decoding it.

Each function gets one row per medium: width, height (displayed pixels, null where unknown), size (bytes), mime.
"""

from __future__ import annotations

import functools

import polars as pl

from filters.frames import Batch
from filters.signal import divide, signal

_FORMATS = {
    **dict.fromkeys(("jpg", "jpeg", "jpe", "jfif"), "jpeg"),
    **dict.fromkeys(("png", "apng"), "png"),
    **dict.fromkeys(("bmp", "dib"), "bmp"),
    **dict.fromkeys(("tif", "tiff"), "tiff"),
    "webp": "webp",
    "gif": "gif",
}
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


@header(unit="images", reducer="max", dtype="int64")
def frame_count(media: pl.DataFrame) -> pl.Series:
    """Pictures in the file with most of them: more than 1 is animated or has pages, of which the first is used."""
    return media["frames"].cast(pl.Int64)


@header(unit="1 to 8", reducer="max", dtype="int64", source="EXIF 2.32, tag 0x0112")
def exif_orientation(media: pl.DataFrame) -> pl.Series:
    """Largest EXIF orientation: from 2 on the stored pixels are turned or mirrored to be displayed."""
    return media["orientation"].cast(pl.Int64)


@header(unit="", dtype="string")
def image_format(media: pl.DataFrame) -> pl.Series:
    """Format of the first image by its first bytes: jpeg, png, webp, gif, bmp or tiff."""
    return media["mime"].str.strip_prefix("image/")


@header(unit="", dtype="string")
def image_mode(media: pl.DataFrame) -> pl.Series:
    """Channels of the first image as Pillow names them: L (grey), P (palette), RGB, RGBA, CMYK and others."""
    return media["mode"]


@header(unit="", reducer="max", dtype="bool")
def wrong_extension(media: pl.DataFrame) -> pl.Series:
    """Whether a file's name ends in another image format than its first bytes tell; viewers and we go by the bytes."""
    ending = media["uri"].str.to_lowercase().str.extract(r"\.(jpe?g|jpe|jfif|png|apng|webp|gif|bmp|dib|tiff?)$", 1)
    named = ending.replace_strict(_FORMATS, default=None, return_dtype=pl.String)
    return named != media["mime"].str.strip_prefix("image/")


@header(unit="tokens", reducer="max", dtype="int64", source="the model family's own image processor")
def vision_tokens(media: pl.DataFrame, batch: Batch) -> pl.Series:
    """Vision tokens of the image that takes most; null where the model refuses it, as one of sides 1 to 201."""
    return _seen(batch)["tokens"]


@header(unit="px per px", reducer="min", source="the model family's own image processor")
def seen_scale(media: pl.DataFrame, batch: Batch) -> pl.Series:
    """Pixels that the model sees for one displayed pixel, along the side shrunk most: below 1 detail is lost."""
    seen = _seen(batch)
    scales = [divide(seen[side], media[side]) for side in ("width", "height")]
    return pl.select(pl.min_horizontal(*scales)).to_series()


@signal(tier="header", grain="sample", unit="tokens", dtype="int64")
def sample_vision_tokens(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Vision tokens of all images of the sample together; null where one has no known size."""
    tokens = batch.media.select("sample", tokens=_seen(batch)["tokens"]).group_by("sample")
    sums = tokens.agg(pl.when(pl.col("tokens").is_not_null().all()).then(pl.col("tokens").sum()))
    found = samples.select("sample", "media_count").join(sums, on="sample", how="left", maintain_order="left")
    return found.select(pl.when(pl.col("media_count") == 0).then(0).otherwise("tokens").alias("tokens"))["tokens"]


@signal(tier="header", grain="sample", unit="images", dtype="int64")
def media_count(samples: pl.DataFrame) -> pl.Series:
    """Number of images in the sample."""
    return samples["media_count"]


@signal(tier="header", grain="sample", unit="places", dtype="int64")
def media_places(samples: pl.DataFrame) -> pl.Series:
    """Number of places for images in the turns: fewer than images leaves one unseen, more shows one twice."""
    return samples["media_parts"].cast(pl.Int64)


@signal(tier="header", grain="sample", unit="images", dtype="int64")
def repeated_media(samples: pl.DataFrame) -> pl.Series:
    """Number of images of the sample that are the same file as an earlier one."""
    hashes = samples["media_hashes"].list
    return (hashes.len().cast(pl.Int64) - hashes.n_unique().cast(pl.Int64)).fill_null(0)


def _seen(batch: Batch) -> pl.DataFrame:
    """What the model sees of each medium, computed once for a batch."""
    return batch.once("seen", lambda: batch.context.seen(batch.media["width"], batch.media["height"]))
