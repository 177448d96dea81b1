"""What lost or changed bits leave in a JPEG that still decodes without complaint.

A block's mean level is coded as the difference to that of the block before (ITU-T T.81, F.1.1.5.1), so that one wrong
bit moves brightness or colour of every later block by one constant. Where that begins, at a block (r, c), there is a
seam: the upper edge of row r is a step of that constant right of column c, and the upper edge of row r + 1 is the same
step left of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from filters.reading.opencv import opencv
from filters.signals.pixels import Pixels, pixel
from model.image import decode, undo_orientation
from model.image_files import jpeg_block_height

_LEAST_STEP = 5  # levels: a smaller one can't be told from what is in the picture
_WITHIN = np.array([4, 2, 2])  # levels, or
_OF_STEP = 0.2  # of the step, by which a pixel may differ from it, in luma, Cr and Cb
_SURE = 0.5  # a seam that seems less clear than this in the reduced picture is not looked at in the whole one
_LEAST_WIDTH = 8  # pixels on either side of where the seam goes down a row

Levels = npt.NDArray[np.uint8]
Steps = npt.NDArray[np.int16]


@pixel(unit="share", reducer="max", source="ITU-T T.81 (JPEG), F.1.1.5.1: coding of the DC coefficients")
def broken_blocks(pixels: Pixels) -> float | None:
    """How much of a row of a JPEG's blocks is a seam such as lost bits leave, 0 to 1; None for other formats.

    Looked for in the reduced picture first; what seems clear there is looked at in full size, and the less clear of the
    two counts.
    """
    height = jpeg_block_height(pixels.file)
    if height is None or height < pixels.scale:
        return None
    steps = _steps(_ycc(undo_orientation(pixels.rgb, pixels.orientation)), height // pixels.scale, 0)
    clear = seams(steps, max(1, 2 * _LEAST_WIDTH // pixels.scale)).max(axis=0, initial=0)
    rows = np.flatnonzero(clear >= _SURE)
    if not len(rows):
        return 0.0
    whole = decode(pixels.file, 1)
    found = [_steps(_ycc(whole[row * height : (row + 2) * height + 2]), height, 1) for row in rows]
    again = [float(seams(each, _LEAST_WIDTH).max(initial=0)) for each in found]
    return max(min(first, second) for first, second in zip(clear[rows].tolist(), again, strict=True))


def seams(steps: Steps, least: int) -> npt.NDArray[np.float64]:
    """How clearly a seam begins in each row of blocks: [3, n - 1], 0 to 1, of the steps [3, n, W] at the upper edges
    of n rows of blocks, in luma, Cr and Cb.

    The smaller of two shares: of the pixels right of the best column, those with the step at this row's edge alone;
    of those left of it, with the step at the next row's edge alone. At least `least` pixels are on either side.
    """
    planes, count, width = steps.shape
    found = np.zeros((planes, max(0, count - 1)))
    third = width // 3
    if count < 2 or third == 0 or width < 2 * least:
        return found
    strong = np.abs(steps) >= _LEAST_STEP
    for part, shift in ((slice(-third, None), 0), (slice(0, third), 1)):
        many = 2 * np.count_nonzero(strong[:, shift : count - 1 + shift, part], axis=2) >= third
        plane, row = np.nonzero(many)
        if len(row):
            step = np.partition(steps[plane, row + shift, part], third // 2, axis=1)[:, third // 2]
            clear = _clear(steps[plane, row], steps[plane, row + 1], step, _WITHIN[plane], least)
            found[plane, row] = np.maximum(found[plane, row], np.where(np.abs(step) >= _LEAST_STEP, clear, 0))
    return found


def _clear(here: Steps, below: Steps, step: Steps, within: npt.NDArray[np.int64], least: int) -> npt.NDArray[Any]:
    """The smaller share, [k], at the best column of each of k rows [k, W] whose step is `step` [k]."""
    width = here.shape[1]
    off = np.maximum(within, _OF_STEP * np.abs(step)).astype(np.int16)[:, None]
    step = step[:, None]
    fits_below = (np.abs(below - step) <= off).astype(np.int16)
    so_far = np.cumsum(fits_below - (np.abs(here - step) <= off), axis=1, dtype=np.int16)
    columns = np.arange(least, width - least + 1)
    before = so_far[:, least - 1 : width - least]
    return np.minimum(before / columns, (before - so_far[:, -1:]) / (width - columns)).max(axis=1)


def _steps(ycc: Levels, height: int, apart: int) -> Steps:
    """[3, n, W]: by how many levels a picture [H, W, 3] changes at the upper edges of its rows of blocks, the first
    left out, from `apart` pixels above the edge to as many below it."""
    edges = np.arange(height, len(ycc) - apart, height)
    steps = ycc[edges + apart].astype(np.int16) - ycc[edges - 1 - apart]
    return np.ascontiguousarray(steps.transpose(2, 0, 1))  # which makes counting along a row five times as fast


def _ycc(rgb: Levels) -> Levels:
    cv2 = opencv()
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb))
