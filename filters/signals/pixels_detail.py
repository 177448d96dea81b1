"""What the decoded pixels of one image tell: sharpness, strokes, borders and compression.

On the working luma of `filters.signals.pixels`, whose longer side has 112 to 223 pixels where the image has as many.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from filters.reading.opencv import opencv
from filters.signals.pixels import ENOUGH, Pixels, pixel
from model import image_files

_EDGE = 40  # levels of the Laplacian
_STROKE = 32  # levels by which a stroke differs from both its sides
_PLAIN = 12  # levels within which a line of pixels is one tone; JPEG's ripples are less
_LEAST_SIDE = 112  # pixels
_WIDEST = 50.0  # thousandths: no bend of an edge is left that could be measured
_BLACK = 24  # levels: what counts as black in a letterbox

Gray = npt.NDArray[np.uint8]


@pixel(
    unit="levels^2",
    reducer="min",
    version=2,
    source="Pech-Pacheco et al. 2000; NeMo Curator drops below 100 at full size",
)
def blur_laplacian_var(pixels: Pixels) -> float | None:
    """Variance of the Laplacian at 112 to 223 pixels: low where blurred or faint; None under 3 pixels a side.

    Of the 4 neighbours, on evenly spaced lines. Thresholds published for full-size images do not carry over.
    """
    if (found := _differences(pixels)) is None:
        return None
    levels = found.laplacian.ravel().astype(np.float64)  # whole numbers: their sums are exact
    count, total, squares = len(levels), int(levels.sum()), int(levels @ levels)
    return (count * squares - total * total) / (count * count)


@pixel(unit="thousandths", reducer="max")
def blur_width(pixels: Pixels) -> float | None:
    """Width of the edges (sigma of a Gaussian blur) in thousandths of the longer side; None where there is no edge.

    An edge blurred by a Gaussian has a squared second derivative that is 1 / (2 sigma^2) of its squared first one,
    both integrated across it, whatever its height: faint and busy images compare, and strong edges weigh most. Looked
    at along and across evenly spaced lines, the wider of the two, so that motion shows. Sharp images are at 2.5 to 5,
    which is half a pixel; at most 50. The longer side counts as 112 pixels at least, or every icon would be blurred.
    """
    if (found := _differences(pixels)) is None:
        return None
    energies = [(_energy(slope), _energy(bend)) for slope, bend in (found.along, found.down)]
    widths = [math.sqrt(slope / (2 * bend)) if bend else math.inf for slope, bend in energies if slope]
    return min(_WIDEST, 1000 * max(widths) / max(_LEAST_SIDE, *pixels.thumb.shape)) if widths else None


@pixel(unit="share", reducer="max")
def edge_density(pixels: Pixels) -> float | None:
    """Share of pixels on an edge: Laplacian beyond 40 levels at 112 to 223 pixels; None under 3 pixels a side."""
    if (found := _differences(pixels)) is None:
        return None
    return int(np.count_nonzero(np.abs(found.laplacian) > _EDGE)) / found.laplacian.size


@pixel(unit="share", reducer="max")
def stroke_share(pixels: Pixels) -> float | None:
    """Share of pixels on thin upright strokes, as writing has: 32 levels off what lies 2 pixels left and right.

    The larger of the shares of dark and of bright strokes, at 112 to 223 pixels, where the letters of a full page are
    a texture. None under 5 pixels of width.
    """
    luma = pixels.thumb[:: pixels.step].astype(np.int16)
    if luma.shape[1] < 5:
        return None
    left, middle, right = luma[:, :-4], luma[:, 2:-2], luma[:, 4:]
    dark = np.minimum(left, right) - middle
    bright = middle - np.maximum(left, right)
    return max(int(np.count_nonzero(each >= _STROKE)) for each in (dark, bright)) / int(middle.size)


@pixel(unit="share", reducer="max")
def border_share(pixels: Pixels) -> float:
    """Share of the area in plain margins of any tone: lines of pixels within 12 levels, from each side inwards."""
    height, width = pixels.thumb.shape
    top, bottom, left, right = _margins(pixels.thumb)
    return 1 - max(0, height - top - bottom) * max(0, width - left - right) / (height * width)


@pixel(unit="share", reducer="max")
def letterbox_share(pixels: Pixels) -> float:
    """Share of the area in black bars along two opposite sides, or all four, twice the narrower bar of each pair."""
    luma = pixels.thumb
    if luma[0, 0] > _BLACK:  # a bar along any side would begin or end here
        return 0.0
    height, width = luma.shape
    rows = cols = 0
    if max(luma[0].max(), luma[-1].max()) <= _BLACK:
        rows = _pair(luma.max(axis=1) <= _BLACK)
    if max(luma[:, 0].max(), luma[:, -1].max()) <= _BLACK:
        cols = _pair(luma.max(axis=0) <= _BLACK)
    return 1 - (height - rows) * (width - cols) / (height * width)


@pixel(unit="ratio", reducer="max", source="after Wang, Sheikh & Bovik 2002: differences across block borders")
def blockiness(pixels: Pixels) -> float | None:
    """How much more luma jumps across an 8-pixel grid of columns than between: 1 is no grid; None where unseen.

    The grid may lie anywhere, so that cropped and saved again counts. A JPEG decoded at a half shows it every 4
    pixels; one decoded smaller, or an image under 64 columns, does not show it.
    """
    period = 8 // pixels.scale
    luma = pixels.luma[:: max(1, pixels.luma.size // ENOUGH)]
    if period < 4 or luma.shape[1] < 8 * period:
        return None
    cv2 = opencv()
    jumps = cv2.reduce(cv2.absdiff(luma[:, 1:], luma[:, :-1]), 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0]
    phases = jumps[: len(jumps) // period * period].reshape(-1, period).astype(np.float64)
    # The median over the grid's columns: an edge of the picture itself that happens to lie on it does not count.
    typical = np.sort(phases, axis=0)[len(phases) // 2] + 0.25 * len(luma)
    return float(typical.max() * (period - 1) / (typical.sum() - typical.max()))


@pixel(unit="1 to 100", reducer="min", dtype="int64", source="libjpeg's quality scale, inverted")
def jpeg_quality(pixels: Pixels) -> int | None:
    """Quality that a JPEG's quantisation table stands for, as libjpeg counts; None for other formats."""
    return image_files.jpeg_quality(pixels.file)


class _Differences:
    """First and second differences on evenly spaced lines of the working luma: along them, across them, and of both."""

    def __init__(self, luma: Gray, step: int) -> None:
        above, lines, under = (part[::step].astype(np.int16) for part in (luma[:-2], luma[1:-1], luma[2:]))
        slope = lines[:, 1:] - lines[:, :-1]
        self.along = slope, slope[:, 1:] - slope[:, :-1]
        slope = under - lines
        self.down = slope, slope + above - lines
        self.laplacian = self.along[1] + self.down[1][:, 1:-1]


def _differences(pixels: Pixels) -> _Differences | None:
    """Computed once for each image; None under 3 pixels a side."""
    if min(pixels.thumb.shape) < 3:
        return None
    if "differences" not in pixels.kept:
        pixels.kept["differences"] = _Differences(pixels.thumb, pixels.step)
    found: _Differences = pixels.kept["differences"]
    return found


def _energy(values: npt.NDArray[np.int16]) -> int:
    """The sum of squares, of sizes in steps of 4 levels: ripples of compression and rounding are 0."""
    coarse = opencv().convertScaleAbs(values, alpha=0.25).ravel().astype(np.float64)
    return int(coarse @ coarse)


def _margins(luma: Gray) -> tuple[int, int, int, int]:
    """How many plain lines there are from the top, bottom, left and right; all of them where the image is plain."""
    if not any(_plain(line) for line in (luma[0], luma[-1], luma[:, 0], luma[:, -1])):
        return 0, 0, 0, 0
    rows = np.ptp(luma, axis=1) <= _PLAIN
    cols = np.ptp(luma, axis=0) <= _PLAIN
    return _run(rows), _run(rows[::-1]), _run(cols), _run(cols[::-1])


def _plain(line: Gray) -> bool:
    first, middle = int(line[0]), int(line[len(line) // 2])
    return abs(first - middle) <= _PLAIN and bool(line.max() - line.min() <= _PLAIN)  # most differ in two pixels


def _run(flags: npt.NDArray[np.bool_]) -> int:
    """How many flags are set before the first that is not."""
    return len(flags) if flags.all() else int(flags.argmin())


def _pair(dark: npt.NDArray[np.bool_]) -> int:
    """Twice the narrower of the bars at both ends; all where everything is dark."""
    return min(len(dark), 2 * min(_run(dark), _run(dark[::-1])))
