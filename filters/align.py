"""Laying one picture over another: which part of `a` does `b` show, and how much brighter?

A crop, a resize and a change of brightness are undone before two pictures are compared; four numbers for place and two
for light are found by least squares (Lucas and Kanade 1981; Baker and Matthews 2004), from coarse to fine. Pixels that
fit badly count little, so that a watermark does not pull the rest along.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from filters.reading.opencv import opencv

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

WHITE, BLACK = 251, 4  # levels from which what lies beyond may have been cut off
_GAIN = (0.7, 1.4)  # contrast that is undone
_ENOUGH = 0.01  # of the pixels, to go by them alone
_LOOKED_AT = 10_000
_STEP = 0.03  # of a side, at most, in one round
_STILL = 0.05  # pixels: a round that moves no corner further was the last
_CUTS, _CUT = 16, 0.004  # cuts from a side that are tried: up to so many times this share, either way


@dataclass(frozen=True, slots=True)
class Fit:
    """Where `b` lies in `a`, in shares of a side: the point x of `b` is `scale_x * x + shift_x` of `a`, y likewise."""

    scale_x: float = 1.0
    shift_x: float = 0.0
    scale_y: float = 1.0
    shift_y: float = 0.0

    @classmethod
    def of_window(cls, left: float, top: float, right: float, bottom: float) -> Fit:
        """The fit of a picture that is `a` without these shares of its sides."""
        return cls(1 - left - right, left, 1 - top - bottom, top)

    def inverse(self) -> Fit:
        """Where `a` lies in `b`."""
        x, y = 1 / self.scale_x, 1 / self.scale_y
        return Fit(x, -self.shift_x * x, y, -self.shift_y * y)


@dataclass(frozen=True, slots=True)
class Overlay:
    """`a` as it looks in the frame of `b`: `levels` [H, W] in the light of `b`, `inside` where `a` has anything, and
    `raw`, its own levels there."""

    levels: Floats
    inside: Mask
    raw: Floats

    def residual(self, b: Floats) -> Floats:
        """`levels` - `b`, but 0 where a cut-off white or black of `a` hides what `b` shows."""
        return hidden(self.levels - b, self.raw)


def hidden(difference: Floats, raw: Floats) -> Floats:
    """A difference `a` - `b`, without what `a` can't show: beyond white it is brighter than it says, beyond black
    darker."""
    unseen = ((raw >= WHITE) & (difference < 0)) | ((raw <= BLACK) & (difference > 0))
    return np.where(unseen, np.float32(0), difference)


def in_frame(a: Floats, shape: tuple[int, ...], fit: Fit) -> Floats:
    """What `a` [h, w] shows in the frame of `b`, whose `shape` is (H, W); beyond its edges they go on."""
    height, width = shape
    rows, columns = a.shape
    to_a = np.array(
        [
            [fit.scale_x * columns / width, 0, (fit.shift_x + fit.scale_x * 0.5 / width) * columns - 0.5],
            [0, fit.scale_y * rows / height, (fit.shift_y + fit.scale_y * 0.5 / height) * rows - 0.5],
        ]
    )
    cv2 = opencv()
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    whole = np.ascontiguousarray(a)
    return np.asarray(cv2.warpAffine(whole, to_a, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE))


def lay_over(a: Floats, b: Floats, fit: Fit, peaks: tuple[Floats, Floats] | None = None) -> Overlay:
    """`a` [h, w] in the frame and the light of `b` [H, W].

    `peaks` are both pictures' brightest channels, by which it is seen that light was cut off: yellow has a luma of 226.
    With them `levels` are those of `b` wherever more or less light explains the difference.
    """
    height, width = b.shape
    raw = in_frame(a, b.shape, fit)
    inside = _within(height, fit.scale_y, fit.shift_y)[:, None] & _within(width, fit.scale_x, fit.shift_x)[None, :]
    peak_a, peak_b = (in_frame(peaks[0], b.shape, fit), peaks[1]) if peaks else (raw, b)
    gain, offset = _light(raw, b, inside & (raw > BLACK) & (peak_a < WHITE) & (b > BLACK) & (peak_b < WHITE), inside)
    levels = (gain * raw + offset).clip(0, 255)
    if peaks:
        darker, brighter = levels < b, levels > b
        white = ((peak_a >= WHITE) & darker) | ((peak_b >= WHITE) & brighter)
        levels = np.where(white | ((raw <= BLACK) & brighter) | ((b <= BLACK) & darker), b, levels)
    return Overlay(levels, inside, raw)


def align(a: Floats, b: Floats, fit: Fit, rounds: int, ratio: float = 0) -> Fit:
    """A better fit of `a` [h, w] and `b` [H, W] than the one given, which must be good to some pixels.

    `ratio` is scale_x over scale_y where it is known, since a copy keeps its proportions: on a sparse screen, the scale
    of one side alone is a guess.
    """
    height, width = b.shape
    x = ((np.arange(width, dtype=np.float32) + 0.5) / width)[None, :]
    y = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]
    if ratio:
        starts = [_tied(fit, ratio, share) for share in (0.0, 0.5, 1.0)]
        errors = [_error(over.residual(b), over.inside) for over in (lay_over(a, b, each) for each in starts)]
        fit = starts[errors.index(min(errors))]
    best, least = fit, math.inf
    turn, last = 0, rounds
    while True:
        over = lay_over(a, b, fit)
        difference = over.residual(b)
        error = _error(difference, over.inside)
        if error >= least:  # it went too far, or nowhere
            break
        best, least = fit, error
        if turn == last:
            break
        turn += 1
        weights = over.inside / (1 + np.square(difference / (2.5 * _spread(difference, over.inside))))
        along_x, along_y = np.zeros_like(b), np.zeros_like(b)
        along_x[:, 1:-1] = (over.levels[:, 2:] - over.levels[:, :-2]) * (width / 2 / fit.scale_x)
        along_y[1:-1] = (over.levels[2:] - over.levels[:-2]) * (height / 2 / fit.scale_y)
        slopes: list[Any] = [along_x, along_y, along_x * x, along_y * y]
        if ratio:
            slopes[2:] = [ratio * slopes[2] + slopes[3]]
        found = _solve(np.stack(slopes), weights.astype(np.float32), difference)
        scales = [ratio * found[2], found[2]] if ratio else found[2:]
        step = [scales[0], found[0], scales[1], found[1]]
        fit = Fit(*(old + new for old, new in zip(_numbers(fit), step, strict=True)))
        if (abs(step[0]) + abs(step[1])) * width < _STILL and (abs(step[2]) + abs(step[3])) * height < _STILL:
            last = turn
    return best


def rough_fit(a: Floats, b: Floats) -> Fit:
    """Where `b` lies in `a`, thumbnails of one size [S, S], to a fraction of a pixel, if either is a cut of the other.

    Columns and rows are looked at one after the other: the mean levels of the columns of `b` are compared with those of
    `a` for every cut from the left and the right, and so are the rows. If no cut fits better, they lie edge to edge.
    """
    scale_x, shift_x = _along(a.mean(axis=0), b.mean(axis=0))
    scale_y, shift_y = _along(a.mean(axis=1), b.mean(axis=1))
    found, none = Fit(scale_x, shift_x, scale_y, shift_y), Fit()
    errors = [_error(over.residual(b), over.inside) for over in (lay_over(a, b, fit) for fit in (none, found))]
    return none if errors[0] <= errors[1] else found


def _along(a: Floats, b: Floats) -> tuple[float, float]:
    """Scale and shift along one side, by the highest correlation of two rows of mean levels."""
    before, fraction, scales, shifts, inside = _cuts(len(b))
    laid = a[before] * (1 - fraction) + a[before + 1] * fraction
    counts = inside.sum(axis=1, keepdims=True)
    first = np.where(inside, laid, 0)
    second = np.where(inside, b[None, :], 0)
    first = np.where(inside, first - first.sum(axis=1, keepdims=True) / counts, 0)
    second = np.where(inside, second - second.sum(axis=1, keepdims=True) / counts, 0)
    norms = np.sqrt(np.square(first).sum(axis=1) * np.square(second).sum(axis=1)) + 1.0
    best = int(np.argmax((first * second).sum(axis=1) / norms))
    return float(scales[best]), float(shifts[best])


@functools.lru_cache(maxsize=4)
def _cuts(count: int) -> tuple[Any, Any, Any, Any, Any]:
    """For each pair of cuts from both ends [n]: where each of `count` pixels of the cut comes from (the pixel before,
    the fraction to the next one, [n, count]), scale and shift [n], and which pixels have anything [n, count]."""
    cuts = np.arange(-_CUTS, _CUTS + 1) * _CUT
    low, high = (each.ravel() for each in np.meshgrid(cuts, cuts, indexing="ij"))
    scales, shifts = 1 - low - high, low
    places = ((np.arange(count) + 0.5) / count)[None, :] * scales[:, None] + shifts[:, None]
    pixels = (places * count - 0.5).clip(0, count - 1)
    before = np.minimum(pixels.astype(np.int64), count - 2)
    fraction = (pixels - before).astype(np.float32)
    return before, fraction, scales, shifts, (places >= 0) & (places <= 1)


def _tied(fit: Fit, ratio: float, share: float) -> Fit:
    """A fit about the same middle whose scales have this ratio: that of y kept, or to a `share` that of x."""
    scale_y = fit.scale_y * (1 - share) + fit.scale_x / ratio * share
    scale_x = scale_y * ratio
    return Fit(scale_x, fit.shift_x + (fit.scale_x - scale_x) / 2, scale_y, fit.shift_y + (fit.scale_y - scale_y) / 2)


def _solve(slopes: Floats, weights: Floats, difference: Floats) -> list[float]:
    """Weighted least squares; a direction in which nothing changes is left as it is."""
    count = len(slopes)
    slopes, difference = slopes.reshape(count, -1), difference.reshape(-1)
    weighted = slopes * weights.reshape(-1)
    squares = (weighted @ slopes.T).astype(np.float64)
    squares[np.arange(count), np.arange(count)] = squares.diagonal() * 1.0001 + 1e3
    found = np.linalg.solve(squares, -(weighted @ difference).astype(np.float64))
    return [float(value) for value in found.clip(-_STEP, _STEP)]


def _numbers(fit: Fit) -> tuple[float, float, float, float]:
    return fit.scale_x, fit.shift_x, fit.scale_y, fit.shift_y


def _within(count: int, scale: float, shift: float) -> Mask:
    places = (np.arange(count) + 0.5) / count * scale + shift
    return np.asarray((places >= 0) & (places <= 1))


def _error(difference: Floats, inside: Mask) -> float:
    """Mean absolute difference, with what fits badly cut to 40 levels: a watermark, or a word."""
    return float(np.minimum(np.abs(difference[inside]), 40).mean()) if inside.any() else math.inf


def _spread(difference: Floats, inside: Mask) -> float:
    """Levels by which pixels that fit differ: the median, scaled to a standard deviation, and the noise of a file."""
    chosen = np.abs(_some(difference)[_some(inside)])
    return float(np.median(chosen)) * 1.4826 + 2.0 if len(chosen) else 1.0


def _some(pixels: Any) -> Any:
    """About _LOOKED_AT pixels of a picture, on an even grid: for medians and means all would tell no more."""
    step = max(1, round(math.sqrt(pixels.size / _LOOKED_AT)))
    return pixels[::step, ::step]


def _light(raw: Floats, b: Floats, clear: Mask, inside: Mask) -> tuple[float, float]:
    """Gain and offset that give `raw` the mean and the spread of `b`, where neither has cut off anything (`clear`) and,
    of that, where they fit: neither a mark on one of them nor a paper gone white counts."""
    raw, b, clear, inside = (_some(each) for each in (raw, b, clear, inside))
    if not inside.any():
        return 1.0, 0.0
    enough = _ENOUGH * clear.size
    first = clear if clear.sum() >= enough else inside
    gain, offset = _matched(raw[first], b[first])
    for _ in range(2):
        difference = gain * raw + offset - b
        fitting = clear & (np.abs(difference) <= 3 * _spread(difference, first))
        if fitting.sum() < enough:
            break
        gain, offset = _matched(raw[fitting], b[fitting])
    return gain, offset


def _matched(first: Floats, second: Floats) -> tuple[float, float]:
    spread = float(first.var())
    gain = min(max(float(np.sqrt(second.var() / spread)), _GAIN[0]), _GAIN[1]) if spread >= 1 else 1.0
    return gain, float(second.mean() - gain * first.mean())
