"""What the decoded pixels of one image tell: light, contrast and colour.

Each function gets `Pixels` and returns one number or string, or None where it does not apply. An image is decoded once,
reduced while it is decoded (`model.image.decode_reduced`) and, where that is not enough, halved until its longer side
has 112 to 223 pixels; a smaller one is left as it is. That is cheap and compares across sizes. The price: a blur of two
pixels in a large scan is not seen.
"""

from __future__ import annotations

import bisect
import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from filters.phash import halved, square_thumbnail
from filters.reading.opencv import opencv
from filters.signal import signal

LONG_SIDE = 224  # pixels: halved until the longer side is below this
ENOUGH = 4096  # pixels on evenly spaced lines, of which statistics are taken where an image has more
_SAMPLES = 32  # colour is looked at on a grid of at most 32 x 32 points
_DARK, _BRIGHT = 32, 250  # levels: below, above
_GREY = 12  # levels between the channels of a pixel that looks grey; JPEG's chroma noise is less

Gray = npt.NDArray[np.uint8]
pixel = functools.partial(signal, tier="pixels", grain="media")


class Pixels:
    """One decoded image and what several signals need of it, each computed once.

    `rgb` is uint8 [H, W, 3] as displayed, `scale` by how much its decoder reduced it, `size` the (width, height) of the
    whole image before that, `file` its bytes and `orientation` how they were turned.
    """

    def __init__(
        self, rgb: Gray, scale: int = 1, size: tuple[int, int] | None = None, file: bytes = b"", orientation: int = 1
    ) -> None:
        self.rgb = rgb
        self.scale = scale
        self.size = size or (rgb.shape[1] * scale, rgb.shape[0] * scale)
        self.file = file
        self.orientation = orientation
        self.kept: dict[str, Any] = {}  # what signals of another file share

    @functools.cached_property
    def luma(self) -> Gray:
        """[H, W], ITU-R 601."""
        cv2 = opencv()
        return np.asarray(cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY))

    @functools.cached_property
    def thumb(self) -> Gray:
        """Luma halved until its longer side is below 224 pixels: on it statistics are taken."""
        luma = self.luma
        while max(luma.shape) >= LONG_SIDE:
            luma = halved(luma)
        return luma

    @functools.cached_property
    def square(self) -> Gray:
        """Luma as 64x64 pixels by area, for near duplicates."""
        reduction = self.scale
        while -(-max(self.size) // reduction) > max(self.thumb.shape):
            reduction *= 2
        width, height = self.size
        return square_thumbnail(self.thumb, extent=(height / reduction, width / reduction))

    @property
    def step(self) -> int:
        """Every how many lines of `thumb` are looked at: those are enough for shares and means."""
        return max(1, self.thumb.size // ENOUGH)

    @functools.cached_property
    def histogram(self) -> npt.NDArray[np.int64]:
        """How many pixels of those lines have each of the 256 levels."""
        return np.bincount(self.thumb[:: self.step].ravel(), minlength=256)

    @functools.cached_property
    def below(self) -> list[int]:
        """How many pixels of the histogram have each level or a darker one."""
        found: list[int] = self.histogram.cumsum().tolist()
        return found

    @functools.cached_property
    def moments(self) -> tuple[float, float]:
        """Mean and mean square of luma, from exact integer sums: the same on every machine."""
        first, second = (int(self.histogram @ powers) for powers in _powers())
        return first / self.below[-1], second / self.below[-1]

    @functools.cached_property
    def colours(self) -> Gray:
        """[3, n]: the red, green and blue levels of at most 32 x 32 pixels on an even grid."""
        cv2 = opencv()
        height, width = self.rgb.shape[:2]
        size = (min(width, _SAMPLES), min(height, _SAMPLES))
        points = cv2.resize(self.rgb, size, interpolation=cv2.INTER_NEAREST).reshape(-1, 3)
        return np.ascontiguousarray(points.T)


@pixel(unit="levels", reducer="mean", version=2, source="after DataFlow-MM brightness: 30 to 230")
def luma_mean(pixels: Pixels) -> float:
    """Mean luma, 0 (black) to 255 (white)."""
    return pixels.moments[0]


@pixel(unit="levels", reducer="min", version=2, source="after DataFlow-MM contrast: at least 40")
def luma_std(pixels: Pixels) -> float:
    """Standard deviation of luma, in levels."""
    mean, square = pixels.moments
    return math.sqrt(max(0.0, square - mean * mean))


@pixel(unit="levels", reducer="min", dtype="int64")
def luma_range(pixels: Pixels) -> int:
    """Levels between the darkest and the brightest thousandth of the pixels: 0 is one plain tone."""
    low, high = 0.001 * pixels.below[-1], 0.999 * pixels.below[-1]
    return bisect.bisect_left(pixels.below, high) - bisect.bisect_right(pixels.below, low)


@pixel(unit="levels", reducer="max", dtype="int64")
def luma_darkest(pixels: Pixels) -> int:
    """Luma that the darkest thousandth of the pixels reaches: high where there is no ink, no shadow, no line."""
    return bisect.bisect_right(pixels.below, pixels.below[-1] * 0.001)


@pixel(unit="levels", reducer="min", dtype="int64")
def luma_brightest(pixels: Pixels) -> int:
    """Luma that the brightest thousandth of the pixels reaches: low where nothing is lit; dark screens have letters."""
    return bisect.bisect_left(pixels.below, pixels.below[-1] * 0.999)


@pixel(unit="bits", reducer="min", version=2)
def entropy_bits(pixels: Pixels) -> float:
    """Shannon entropy of the 256 luma levels, 0 (one level) to 8 bits; clean pages and screens are low by nature."""
    counts = pixels.histogram[pixels.histogram > 0]
    total = pixels.below[-1]
    return max(0.0, math.log2(total) - float(counts @ np.log2(counts)) / total)


@pixel(unit="share", reducer="max", version=2)
def flat_ratio(pixels: Pixels) -> float:
    """Share of pixels within two levels of the most frequent luma: 1 is a blank image, a page of text about 0.8."""
    mode, below = int(pixels.histogram.argmax()), pixels.below
    return (below[min(255, mode + 2)] - (below[mode - 3] if mode > 2 else 0)) / below[-1]


@pixel(unit="share", reducer="max")
def dark_share(pixels: Pixels) -> float:
    """Share of nearly black pixels, with luma below 32: night, a lens cap, or a screen in dark colours."""
    return pixels.below[_DARK - 1] / pixels.below[-1]


@pixel(unit="share", reducer="max")
def bright_share(pixels: Pixels) -> float:
    """Share of white pixels, with luma above 250: overexposure, or the paper of a page."""
    return 1 - pixels.below[_BRIGHT] / pixels.below[-1]


@pixel(unit="levels", reducer="max", source="Hasler & Suesstrunk 2003, measure M(3): 0 none, 33 moderate, 109 extreme")
def colourfulness(pixels: Pixels) -> float:
    """Spread and strength of the colours along red-green and yellow-blue, 0 for a grey image."""
    red, green, blue = pixels.colours.astype(np.int32)
    count, spread, centre = len(red), 0.0, 0.0
    for axis, length in ((red - green, 1), (red + green - 2 * blue, 2)):  # the paper's second axis is half of this one
        mean = int(axis.sum()) / count
        spread += max(0.0, int(axis @ axis) / count - mean * mean) / length**2
        centre += (mean / length) ** 2
    return math.sqrt(spread) + 0.3 * math.sqrt(centre)


@pixel(unit="share", reducer="min")
def grey_share(pixels: Pixels) -> float:
    """Share of pixels without colour, their channels within 12 levels: 1 is a grey image, a page, a line drawing."""
    red, green, blue = pixels.colours
    apart = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return int(np.count_nonzero(apart <= _GREY)) / len(red)


@functools.cache
def _powers() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    levels = np.arange(256, dtype=np.int64)
    return levels, levels * levels
