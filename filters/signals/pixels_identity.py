"""What tells whether two images are the same: hashes and a thumbnail of the decoded pixels."""

from __future__ import annotations

import xxhash

from filters.phash import encode_thumbnail, phash64
from filters.reading.opencv import opencv
from filters.signals.pixels import Pixels, pixel

_FLAT_STD = 1.0  # luma levels; below this a perceptual hash is noise


@pixel(unit="16 hex digits", dtype="string", version=2, source="Zauner 2010, bit for bit as imagehash.phash at 32x32")
def phash(pixels: Pixels) -> str | None:
    """64-bit DCT hash for finding near duplicates; None for a flat image, whose hash would match any other's."""
    spread = opencv().meanStdDev(pixels.square)[1]
    return None if float(spread[0, 0]) < _FLAT_STD else f"{phash64(pixels.square):016x}"


@pixel(unit="base64", dtype="string", reducer="none", version=2)
def thumb_base64(pixels: Pixels) -> str:
    """64x64 luma thumbnail, to confirm near duplicates with filters.phash.thumbnail_distance."""
    return encode_thumbnail(pixels.square)


@pixel(unit="32 hex digits", dtype="string", source="XXH3, 128 bits: fast, and no protection against forgery")
def pixel_hash(pixels: Pixels) -> str:
    """Hash of the pixels as decoded and displayed, and of their size: equal in another file of the same pixels.

    For PNG, GIF, BMP, TIFF and WebP up to 4 megapixels these are all pixels; beyond, means of squares of pixels. For a
    JPEG they are those of the reduced decode: files with the same coefficients (metadata removed, losslessly
    optimised) are equal, and so are two that differ only in detail which the reduction leaves out; the same picture as
    a JPEG and as a PNG is a near duplicate, not an equal one.
    """
    width, height = pixels.size
    return xxhash.xxh3_128(pixels.rgb.data, seed=(width << 24 | height << 8 | pixels.scale)).hexdigest()
