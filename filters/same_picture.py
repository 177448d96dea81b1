"""Whether two pictures are one: candidates with similar hashes are looked at again, first small, then large.

Receipts of one shop, pages of one form and screens of one program share their hashes and their thumbnails, and differ
in a word. So the pictures are laid over each other at up to 768 pixels and compared block by block: every block with
ink must show the same strokes. A copy that was resized, recompressed, cropped or made brighter differs in no block;
receipts of one template differ in many, all over the page.

Allowed is one small spot in a corner, as a watermark leaves it. Copies in other colours or proportions are others.
Measured on the real sets: see `tests/benchmarks/duplicates.py`.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from filters.align import Fit, Floats, Mask, Overlay, align, in_frame, lay_over, rough_fit
from filters.reading.opencv import opencv

SIDE = 768  # pixels of the longer side at which pictures are compared: letters of a page can be told apart
_SMALL, _MIDDLE = 64, 256  # sides of the squares on which they are first aligned
_FAR = 64  # of 256 cells of a thumbnail that may differ by more than _LEVELS: more is another picture
_LEVELS = 10.0
_BLOCK, _STRIDE = 11, 6  # pixels
_INK = 8.0  # levels: a block with a smaller standard deviation is plain
_ALIKE = 0.8  # correlation from which two blocks show the same
_TONE = 20.0  # levels by which plain blocks may differ
_EVIDENCE = 12  # blocks with ink that there must be, or nothing can be told
_CROPPED = 0.12  # of a side, at most
_STRETCHED = 0.04  # of the proportions, as thumbnails tell them
# A watermark: how much of the blocks with ink it may change; how far it may reach from its corner, down in shares of
# height or, on a strip, of width, and across in shares of width; and how near it must come to the side.
_OF_INK, _DOWN, _OF_STRIP, _ACROSS, _MARGIN = 0.25, 0.11, 0.045, 0.4, 0.08
_CHANGED, _TAKEN, _GROUND = 25.0, 0.28, 25  # levels of a changed pixel, the share that may be taken away, pixels around
# Copies of one size, edge to edge: 3 x 3 pixels differ by up to 28 levels after JPEG of quality 30, by 40 in a digit.
_STROKE, _EDGE_TO_EDGE = 32.0, 0.002
_STRENGTH = 1.5  # of colours, by which light may change them
_CHROMA, _OF_CHROMA = 2.0, 0.25  # levels of Cb and Cr on average, and as a share of the stronger's, that may differ
_TINT, _TINTED = 25.0, 0.005  # levels of Cb or Cr in a pixel, and the share of pixels that may differ by more
_DOUBTFUL = 0.02  # of the blocks: so few may differ for want of a better fit

Gray = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`same`, why or why not in words, `blocks` with ink that were compared and `differing` ones."""

    same: bool
    why: str
    blocks: int = 0
    differing: int = 0


def compare(a: Gray, b: Gray) -> Comparison:
    """Compare two pictures, uint8 RGB [H, W, 3], of about SIDE pixels or more where they have them."""
    found = _compare(a, b)
    if not found.same and found.differing <= _DOUBTFUL * found.blocks:  # laid the other way round it may fit better
        return max(found, _compare(b, a), key=lambda each: each.same)
    return found


def _compare(a: Gray, b: Gray) -> Comparison:
    cv2 = opencv()
    luma_a, luma_b = (np.asarray(cv2.cvtColor(each, cv2.COLOR_RGB2GRAY)) for each in (a, b))
    fit = _fits_small(luma_a, luma_b)
    if fit is None:
        return Comparison(False, "they look different")
    if not _same_colours(a, b, fit):
        return Comparison(False, "their colours differ")
    ratio = (b.shape[1] / a.shape[1]) / (b.shape[0] / a.shape[0])
    if abs(math.log(fit.scale_x / fit.scale_y / ratio)) > _STRETCHED + 1.5 / min(*a.shape[:2], *b.shape[:2]):
        return Comparison(False, "their proportions differ")
    small_a, small_b = (_resized(each, _MIDDLE, _MIDDLE) for each in (luma_a, luma_b))
    fit = align(small_a, small_b, fit, rounds=8, ratio=ratio)
    if not _plausible(fit):
        return Comparison(False, "neither is a cut of the other")
    first, second = _same_scale(luma_a, luma_b, fit)
    if min(second.shape) < _BLOCK + 2:
        return Comparison(False, "too small to tell")
    peak_a, peak_b = (
        _resized(each.max(axis=2), like.shape[1], like.shape[0]) for each, like in ((a, first), (b, second))
    )
    fit = align(first, second, fit, rounds=8, ratio=ratio)
    over = lay_over(first, second, fit, (peak_a, peak_b))
    if not _same_tints(a, b, fit, (_size(first), _size(second)), over.inside):
        return Comparison(False, "their colours differ")
    shown, inked, differs = _blocks(over, second)
    if a.shape == b.shape and _is_edge_to_edge(fit):
        differs |= shown & _other_strokes(over.levels, second)
    return _judge(over.levels, second, shown, inked, differs)


def _fits_small(a: Gray, b: Gray) -> Fit | None:
    """Where `b` lies in `a`, as thumbnails, or None where they are far from alike: the cheap look."""
    first, second = (_resized(each, _SMALL, _SMALL) for each in (a, b))
    fit = align(first, second, rough_fit(first, second), rounds=6)
    if not _plausible(fit):
        return None
    cells = np.abs(_cells(lay_over(first, second, fit).residual(second)))
    return fit if int((cells > _LEVELS).sum()) <= _FAR else None


def _plausible(fit: Fit) -> bool:
    """Whether no side of either is cut by more than _CROPPED."""
    starts, scales = (fit.shift_x, fit.shift_y), (fit.scale_x, fit.scale_y)
    ends = [start + scale for start, scale in zip(starts, scales, strict=True)]
    return all(abs(start) <= _CROPPED for start in starts) and all(abs(end - 1) <= _CROPPED for end in ends)


def _is_edge_to_edge(fit: Fit) -> bool:
    starts, scales = (fit.shift_x, fit.shift_y), (fit.scale_x, fit.scale_y)
    return all(abs(off) <= _EDGE_TO_EDGE for off in (*starts, *(scale - 1 for scale in scales)))


def _same_colours(a: Gray, b: Gray, fit: Fit) -> bool:
    """Whether Cb and Cr agree on the whole, on a grid of 64 x 64, but for the strength that brightness gives and takes:
    the cheap look."""
    first, second = _chroma(a, b, fit, (_SMALL, _SMALL), (_SMALL, _SMALL))
    stronger = max(float(np.abs(each).mean()) for each in (first, second))
    return float(np.abs(first - second).mean()) <= _CHROMA + _OF_CHROMA * stronger


def _same_tints(a: Gray, b: Gray, fit: Fit, sizes: tuple[tuple[int, int], tuple[int, int]], inside: Mask) -> bool:
    """Whether Cb and Cr agree everywhere, once the pictures lie on each other: a red line may be as dark as what it is
    drawn on. `sizes` are theirs at one scale."""
    cv2 = opencv()
    first, second = (cv2.boxFilter(each, -1, (3, 3)) for each in _chroma(a, b, fit, *sizes))
    beyond = np.maximum(_beyond(first, second), _beyond(second, first)).max(axis=-1)
    return float(((beyond > _TINT) & inside).mean()) <= _TINTED


def _chroma(a: Gray, b: Gray, fit: Fit, of_a: tuple[int, int], of_b: tuple[int, int]) -> tuple[Floats, Floats]:
    """Cb and Cr [H, W, 2] of `a` in the frame of `b`, and those of `b`, each resized to (height, width) first."""
    cv2 = opencv()
    levels = []
    for each, (height, width) in ((a, of_a), (b, of_b)):
        small = cv2.resize(each, (width, height), interpolation=cv2.INTER_AREA)
        levels.append(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb))[..., 1:].astype(np.float32) - 128)
    first, second = np.stack([in_frame(levels[0][..., channel], of_b, fit) for channel in (0, 1)], -1), levels[1]
    # Brightness gives and takes colour; what it changes is shared out between both, so that either may come first.
    ratio = math.sqrt((float(np.square(second).sum()) + 1) / (float(np.square(first).sum()) + 1))
    strength = math.sqrt(min(max(ratio, 1 / _STRENGTH), _STRENGTH))
    return strength * first, second / strength


def _beyond(a: Floats, b: Floats) -> Floats:
    """By how much each pixel of `b` lies outside of what `a` has there or beside it: an edge between two colours may
    lie half a pixel from where it should."""
    cv2 = opencv()
    around = np.ones((3, 3), np.uint8)
    beyond: Floats = np.maximum(b - cv2.dilate(a, around), cv2.erode(a, around) - b)
    return beyond


def _same_scale(a: Gray, b: Gray, fit: Fit) -> tuple[Floats, Floats]:
    """Both in so many pixels that what they share has one size, at most SIDE long and never enlarged."""
    longest = max(b.shape)
    of_a = a.shape[0] * fit.scale_y if b.shape[0] >= b.shape[1] else a.shape[1] * fit.scale_x
    scale = min(1.0, SIDE / longest, of_a / longest)
    height, width = (max(1, round(side * scale)) for side in b.shape)
    return (
        _resized(a, max(1, round(width / fit.scale_x)), max(1, round(height / fit.scale_y))),
        _resized(b, width, height),
    )


def _resized(luma: Gray, width: int, height: int) -> Floats:
    cv2 = opencv()
    return np.asarray(cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA)).astype(np.float32)


def _size(levels: Floats) -> tuple[int, int]:
    height, width = levels.shape
    return height, width


def _cells(levels: Floats) -> Floats:
    cells: Floats = levels.reshape(16, _SMALL // 16, 16, _SMALL // 16).mean(axis=(1, 3))
    return cells


def _blocks(over: Overlay, b: Floats) -> tuple[Mask, Mask, Mask]:
    """For each block of a grid [rows, columns]: whether both pictures show it, it has ink in either, it differs."""
    cv2 = opencv()
    first, second = (cv2.GaussianBlur(each, (0, 0), 0.7) for each in (over.levels, b))
    half = _BLOCK // 2
    grid = np.ix_(*(np.arange(half, side - half, _STRIDE) for side in b.shape))
    inner = cv2.erode(over.inside.astype(np.uint8), np.ones((_BLOCK, _BLOCK), np.uint8))
    shown = np.asarray(inner[grid]).astype(bool)
    mean_b, variance_b = _moments(second)
    mean_a, variance_a = _moments(first)
    spread_a, spread_b = np.sqrt(variance_a[grid]), np.sqrt(variance_b[grid])
    inked_a, inked_b = spread_a > _INK, spread_b > _INK
    both = shown & inked_a & inked_b
    alike = _correlation(first, second, mean_a, variance_a, mean_b, variance_b)[grid]
    if bool((both & (alike < _ALIKE)).any()):
        alike = np.maximum(alike, _shifted(first, second, mean_a, variance_a, mean_b, variance_b)[grid])
    one = inked_a != inked_b
    # A stroke may lie a pixel outside of a block in one of them.
    around_a, around_b = (
        np.sqrt(cv2.dilate(each, np.ones((3, 3), np.uint8)))[grid] for each in (variance_a, variance_b)
    )
    faint, strong = np.where(spread_a < spread_b, around_a, around_b), np.maximum(spread_a, spread_b)
    plain = ~inked_a & ~inked_b
    changed = (one & (strong > 2 * faint + 4)) | (plain & (np.abs(mean_a[grid] - mean_b[grid]) > _TONE))
    differs = (both & (alike < _ALIKE)) | changed
    return shown, shown & (inked_a | inked_b), shown & differs


def _other_strokes(a: Floats, b: Floats) -> Mask:
    """The blocks in which a stroke is another one, for pictures that nothing has scaled: of tiny letters, a block shows
    so many that one of them hardly counts in its correlation."""
    cv2 = opencv()
    moved = (np.roll(a, (down, across), (0, 1)) for down in (-1, 0, 1) for across in (-1, 0, 1))
    least = functools.reduce(np.minimum, (np.abs(cv2.boxFilter(each - b, -1, (3, 3))) for each in moved))
    half = _BLOCK // 2
    grid = np.ix_(*(np.arange(half, side - half, _STRIDE) for side in b.shape))
    return np.asarray(cv2.dilate(least, np.ones((_BLOCK, _BLOCK), np.uint8))[grid] > _STROKE)


def _moments(levels: Floats) -> tuple[Floats, Floats]:
    mean = _boxed(levels)
    return mean, np.maximum(_boxed(levels * levels) - mean * mean, 0)


def _boxed(levels: Floats) -> Floats:
    cv2 = opencv()
    return np.asarray(cv2.boxFilter(levels, -1, (_BLOCK, _BLOCK), borderType=cv2.BORDER_REFLECT))


def _correlation(
    a: Floats, b: Floats, mean_a: Floats, variance_a: Floats, mean_b: Floats, variance_b: Floats
) -> Floats:
    """Correlation of the blocks around each pixel; 4 levels of noise keep plain blocks from looking like noise."""
    found: Floats = (_boxed(a * b) - mean_a * mean_b) / np.sqrt((variance_a + 4) * (variance_b + 4))
    return found


def _shifted(a: Floats, b: Floats, mean_a: Floats, variance_a: Floats, mean_b: Floats, variance_b: Floats) -> Floats:
    """The best correlation with `a` moved by one pixel: alignment is good to about half of one."""
    best = np.full(b.shape, -1, np.float32)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            moved = (np.roll(each, (down, across), (0, 1)) for each in (a, mean_a, variance_a))
            shifted, mean, variance = moved
            best = np.maximum(best, _correlation(shifted, b, mean, variance, mean_b, variance_b))
    return best


def _judge(a: Floats, b: Floats, shown: Mask, inked: Mask, differs: Mask) -> Comparison:
    blocks, differing = int(inked.sum()), int(differs.sum())
    if blocks < _EVIDENCE:
        return Comparison(False, f"too plain to tell: {blocks} blocks with something in them", blocks, differing)
    if not differing:
        return Comparison(True, f"{blocks} blocks agree", blocks)
    if differing <= _OF_INK * blocks and _is_corner(shown, differs) and _is_laid_on_top(a, b, differs):
        return Comparison(True, f"{blocks} blocks agree but for a spot of {differing} in a corner", blocks, differing)
    return Comparison(False, f"{differing} of {blocks} blocks differ", blocks, differing)


def _is_laid_on_top(a: Floats, b: Floats, differs: Mask) -> bool:
    """Whether what differs was added to one picture and took nothing from it: another word takes the old one's strokes
    away, so that the ground shows where they were."""
    rows, columns = np.nonzero(differs)
    box = tuple(slice(at.min() * _STRIDE, at.max() * _STRIDE + _BLOCK) for at in (rows, columns))
    first, second = a[box], b[box]
    changed = np.abs(first - second) > _CHANGED
    return min(_taken(first, second, changed), _taken(second, first, changed)) <= _TAKEN


def _taken(before: Floats, after: Floats, changed: Mask) -> float:
    """The share of changed pixels that stood out from the ground before, and less so after."""
    cv2 = opencv()
    ground = cv2.medianBlur(before.clip(0, 255).astype(np.uint8), _GROUND).astype(np.float32)
    lost = np.abs(after - ground) + _CHANGED / 2 < np.abs(before - ground)
    return float((lost & changed).sum()) / max(1, int(changed.sum()))


def _is_corner(shown: Mask, differs: Mask) -> bool:
    """Whether all that differs lies in one corner of the picture, near its side."""
    rows, columns = shown.shape
    reaches = math.ceil(max(_DOWN * rows, _OF_STRIP * columns)), math.ceil(_ACROSS * columns)
    margins = reaches[0], math.ceil(_MARGIN * columns)
    return all(
        _is_at_an_end(np.flatnonzero(differs.any(axis=1 - axis)), shown.shape[axis], reaches[axis], margins[axis])
        for axis in (0, 1)
    )


def _is_at_an_end(span: npt.NDArray[np.intp], side: int, reach: int, margin: int) -> bool:
    """Whether blocks `span` of `side` go no further than `reach` from the start or the end and come within `margin`."""
    first, last = span[0], side - 1 - span[-1]
    return (first <= margin and span[-1] < reach) or (last <= margin and span[0] >= side - reach)
