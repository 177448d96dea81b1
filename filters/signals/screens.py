"""What changed between the screens before and after a step.

Each function gets the `Pixels` of both and needs their full luma: a ticked check box is twelve pixels wide and gone on
any thumbnail. Screens are compared by the means of 8 x 8 pixels, the blocks of JPEG, which compression hardly moves:
between screens saved lossless and at quality 50 by no more than ten levels, while a tick moves one by 25 or more.
Only luma is looked at: a change between two colours of one brightness is not seen.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from filters.signal import signal
from filters.signals.pixels import Pixels

screens = functools.partial(signal, tier="pixels", grain="step")

BLOCK = 8  # pixels a side, as in JPEG
LEAST_CHANGE = 10.0  # levels of a block's mean; platform default, see above
CARET_PX = 3  # a text cursor is no wider
STRIP_SHARE = 0.05  # of the height at the top and at the bottom, where clocks are
CLOCK_BLOCKS = 24  # a changed clock is no larger (96 x 16 pixels)
_SMALL = 64  # blocks: a larger change is neither cursor nor clock

_Luma = npt.NDArray[np.uint8]
_Block = tuple[int, int]  # row, column


@screens(unit="px", reducer="min")
def screen_changed_px(before: Pixels, after: Pixels) -> float:
    """Area of the smallest change between two screens that follow each other; 0 where a step changed nothing.

    In pixels of the screen, by whole blocks of 8 x 8. A blinking text cursor does not count, nor a small change in
    the topmost and lowest twentieth, where clocks are. Another screen size counts as the whole screen.
    """
    return _changed(before, after)


@screens(unit="share", reducer="mean")
def unchanged_screen_ratio(before: Pixels, after: Pixels) -> float:
    """Share of steps after which the screen is as before, but for noise, a text cursor or a clock.

    Waiting, moving the mouse and copying leave the screen as it is: a few such steps are no fault.
    """
    return float(_changed(before, after) == 0)


@functools.lru_cache(maxsize=1)  # both signals ask for the same pair, one after the other
def _changed(before: Pixels, after: Pixels) -> float:
    if before.luma.shape != after.luma.shape:
        return float(after.luma.size)
    moved = np.abs(_means(after.luma) - _means(before.luma)) > LEAST_CHANGE
    count = int(moved.sum())
    if 0 < count <= _SMALL:
        places = [(int(row), int(column)) for row, column in zip(*np.nonzero(moved), strict=True)]
        spots = [spot for spot in _spots(places) if not _is_caret(before.luma, after.luma, spot)]
        count = sum(len(spot) for spot in _without_clock(spots, before.luma.shape[0]))
    return float(count * BLOCK * BLOCK)


def _means(luma: _Luma) -> npt.NDArray[np.float64]:
    """Means of the blocks; those at the right and lower edge are filled up with the last pixels."""
    height, width = luma.shape
    filled = np.pad(luma, ((0, -height % BLOCK), (0, -width % BLOCK)), mode="edge")
    blocks = filled.reshape(filled.shape[0] // BLOCK, BLOCK, filled.shape[1] // BLOCK, BLOCK)
    means: npt.NDArray[np.float64] = blocks.sum(axis=(1, 3), dtype=np.int64) / (BLOCK * BLOCK)
    return means


def _spots(places: list[_Block]) -> list[list[_Block]]:
    """Blocks that touch, by side or corner, put together."""
    left, spots = set(places), []
    for place in places:
        if place not in left:
            continue
        left.remove(place)
        spot, waiting = [], [place]
        while waiting:
            row, column = waiting.pop()
            spot.append((row, column))
            near = {(row + dy, column + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            waiting += sorted(near)
        spots.append(spot)
    return spots


def _is_caret(before: _Luma, after: _Luma, spot: list[_Block]) -> bool:
    """Whether all that clearly changed in a spot is an upright line, at most three pixels wide."""
    rows, columns = [row for row, _ in spot], [column for _, column in spot]
    area = (
        slice(min(rows) * BLOCK, (max(rows) + 1) * BLOCK),
        slice(min(columns) * BLOCK, (max(columns) + 1) * BLOCK),
    )
    clear = np.abs(after[area].astype(np.int16) - before[area].astype(np.int16))
    clear = clear > max(48, int(clear.max()) // 2)  # half of the line's contrast: ringing beside it is less
    if not clear.any():
        return False
    ys, xs = np.nonzero(clear)
    width, height = int(xs.max() - xs.min()) + 1, int(ys.max() - ys.min()) + 1
    return width <= CARET_PX and height >= 3 * width


def _without_clock(spots: list[list[_Block]], height: int) -> list[list[_Block]]:
    """The spots that are left when the small ones within the top and bottom strips are taken out."""
    strip = height * STRIP_SHARE
    inside = [
        spot
        for spot in spots
        if (max(row for row, _ in spot) + 1) * BLOCK <= strip + BLOCK
        or min(row for row, _ in spot) * BLOCK >= height - strip - BLOCK
    ]
    clock = sum(len(spot) for spot in inside) <= CLOCK_BLOCKS
    return [spot for spot in spots if not (clock and spot in inside)]
