"""What tells whether two images are the same: hashes of the decoded pixels."""

from __future__ import annotations

import xxhash

from filters.phash import has_structure, phash64, window_hashes
from filters.signals.pixels import Pixels, pixel


@pixel(unit="16 hex digits", dtype="string", version=3, source="Zauner 2010, bit for bit as imagehash.phash at 32x32")
def phash(pixels: Pixels) -> str | None:
    """64-bit DCT hash for finding near duplicates; None for a picture too plain for one: it would match any other."""
    return f"{phash64(pixels.square):016x}" if has_structure(pixels.square) else None


@pixel(unit="13 x 16 hex digits", dtype="string", reducer="none", source="as phash; windows are the platform's")
def window_phashes(pixels: Pixels) -> str:
    """Hashes of cuts from the picture, of its halves and of its mirror image; 16 dashes where one is too plain."""
    return "".join("-" * 16 if each is None else f"{each:016x}" for each in window_hashes(pixels.square))


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
