"""What the decoded pixels of one image tell.

Each function gets `Pixels` and returns one number or string, or None where it does not apply. Statistics are taken on
a thumbnail whose longer side is 256 pixels, so that they are cheap and compare across sizes; the price is that fine
detail, such as blur of a few pixels in a large scan, is not seen.
"""

from __future__ import annotations

import functools
import hashlib
import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from filters.phash import encode_thumbnail, phash64, square_thumbnail
from filters.signal import signal

THUMB_LONG_SIDE = 256
_FLAT_STD = 1.0  # luma levels; below this a perceptual hash is noise

pixel = functools.partial(signal, tier="pixels", grain="media")


class Pixels:
    """One decoded image and what several signals need of it, each computed once."""

    def __init__(self, rgb: npt.NDArray[np.uint8]) -> None:
        self.rgb = rgb  # [H, W, 3], as displayed

    @functools.cached_property
    def luma(self) -> npt.NDArray[np.uint8]:
        """[H, W], ITU-R 601."""
        return np.asarray(Image.fromarray(self.rgb).convert("L"))

    @functools.cached_property
    def thumb(self) -> npt.NDArray[np.uint8]:
        """Luma with its longer side brought down to 256 pixels; a smaller image is left as it is."""
        height, width = self.luma.shape
        scale = THUMB_LONG_SIDE / max(height, width)
        if scale >= 1:
            return self.luma
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return np.asarray(Image.fromarray(self.luma).resize(size, Image.Resampling.HAMMING, reducing_gap=1.0))

    @functools.cached_property
    def square(self) -> npt.NDArray[np.uint8]:
        """Luma as 64x64 pixels by area, for near duplicates."""
        return square_thumbnail(self.luma)

    @functools.cached_property
    def histogram(self) -> list[int]:
        """How many pixels of `thumb` have each of the 256 levels."""
        return np.bincount(self.thumb.ravel(), minlength=256).tolist()  # type: ignore[no-any-return]


@pixel(unit="levels", reducer="mean", source="after DataFlow-MM brightness: 30 to 230")
def luma_mean(pixels: Pixels) -> float:
    """Mean luma, 0 (black) to 255 (white)."""
    return _moment(pixels, 1)


@pixel(unit="levels", reducer="min", source="after DataFlow-MM contrast: at least 40")
def luma_std(pixels: Pixels) -> float:
    """Standard deviation of luma, in levels."""
    return math.sqrt(max(0.0, _moment(pixels, 2) - _moment(pixels, 1) ** 2))


@pixel(unit="bits", reducer="min")
def entropy_bits(pixels: Pixels) -> float:
    """Shannon entropy of the 256 luma levels, 0 (one level) to 8 bits; clean pages and screens are low by nature."""
    total = sum(pixels.histogram)
    shares = [count / total for count in pixels.histogram if count]
    return -sum(share * math.log2(share) for share in shares) + 0.0


@pixel(unit="share", reducer="max")
def flat_ratio(pixels: Pixels) -> float:
    """Share of pixels within two levels of the most frequent luma: 1 is a blank image, a page of text about 0.8."""
    levels = pixels.histogram
    mode = levels.index(max(levels))
    return sum(levels[max(0, mode - 2) : mode + 3]) / sum(levels)


@pixel(unit="levels^2", reducer="min", source="Pech-Pacheco et al. 2000; NeMo Curator drops below 100 at full size")
def blur_laplacian_var(pixels: Pixels) -> float | None:
    """Variance of the 4-neighbour Laplacian on the 256-pixel thumbnail: low is blurred; None under 3 pixels a side.

    Thresholds published for full-size images do not carry over.
    """
    luma = pixels.thumb.astype(np.int32)
    if min(luma.shape) < 3:
        return None
    neighbours = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    laplacian = (neighbours - 4 * luma[1:-1, 1:-1]).astype(np.int64)
    count, total = laplacian.size, int(laplacian.sum())
    return (count * int((laplacian * laplacian).sum()) - total * total) / (count * count)


@pixel(unit="16 hex digits", dtype="string", source="Zauner 2010, as in imagehash.phash; resized by area")
def phash(pixels: Pixels) -> str | None:
    """64-bit DCT hash for finding near duplicates; None for a flat image, whose hash would match any other's."""
    return None if float(pixels.square.std()) < _FLAT_STD else f"{phash64(pixels.square):016x}"


@pixel(unit="base64", dtype="string")
def thumb_base64(pixels: Pixels) -> str:
    """64x64 luma thumbnail, to confirm near duplicates with filters.phash.thumbnail_distance."""
    return encode_thumbnail(pixels.square)


@pixel(unit="64 hex digits", dtype="string")
def pixel_sha256(pixels: Pixels) -> str:
    """Hash of the displayed pixels and their size: equal for the same picture in another lossless file."""
    height, width = pixels.rgb.shape[:2]
    digest = hashlib.sha256(f"{width}x{height}:".encode())
    digest.update(np.ascontiguousarray(pixels.rgb).data)
    return digest.hexdigest()


def _moment(pixels: Pixels, power: int) -> float:
    """Mean of luma to the `power`, from exact integer sums: the same on every machine."""
    total: int = sum(count * level**power for level, count in enumerate(pixels.histogram))
    return total / sum(pixels.histogram)
