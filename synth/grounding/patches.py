"""One thing as pixels: where it covers its ground and in which colours, antialiased, at any size and angle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Literal

import numpy as np
import numpy.typing as npt

from filters.reading.opencv import opencv
from synth.drawing import Box, Colour, shade
from synth.grounding.kinds import Contour, kinds

Pixels = npt.NDArray[np.uint8]
Pattern = Literal["plain", "striped", "dotted", "outlined"]
PATTERNS: tuple[Pattern, ...] = ("plain", "striped", "dotted", "outlined")
COVERED = 128  # of 255: a pixel belongs to a thing that covers at least half of it
_SHIFT = 4  # OpenCV reads corners in sixteenths of a pixel
_MARGIN = 2  # pixels around a thing in its patch, for the antialiasing


@dataclass(frozen=True, slots=True)
class Look:
    """All that a patch depends on. `side` is the unit square's in pixels, `angle` in degrees clockwise, `stripe` the
    direction in which stripes run, in degrees."""

    kind: str
    side: int
    angle: int
    pattern: Pattern
    colour: Colour
    stripe: int


@dataclass(frozen=True, slots=True)
class Silhouette:
    """How much of each pixel a thing covers, (height, width) in parts of 256; which pixels it covers by half or more,
    the box around them, their number, and the one of them that lies deepest inside."""

    cover: npt.NDArray[np.uint16]
    ink: npt.NDArray[np.bool_]
    box: Box
    point: tuple[int, int]
    area: int


@lru_cache(maxsize=4096)
def silhouette(kind: str, side: int, angle: int) -> Silhouette:
    """The same for things of all colours and patterns."""
    cv2 = opencv()
    parts, (width, height) = _outlines(kind, side, angle)
    cover: Pixels = np.zeros((height, width), np.uint8)
    for contours in parts:
        cv2.fillPoly(cover, list(contours), 255, cv2.LINE_AA, _SHIFT)
    ink = cover >= COVERED
    x, y, w, h = cv2.boundingRect(ink.view(np.uint8))
    depth = cv2.distanceTransform(ink.view(np.uint8), cv2.DIST_L2, 3)
    row, column = divmod(int(depth.argmax()), width)
    parts_of_256 = cover.astype(np.uint16)
    parts_of_256 += parts_of_256 >> np.uint16(7)
    return Silhouette(parts_of_256, ink, (x, y, x + w, y + h), (column, row), int(np.count_nonzero(ink)))


@lru_cache(maxsize=4096)
def _outlines(kind: str, side: int, angle: int) -> tuple[Sequence[Sequence[npt.NDArray[np.int32]]], tuple[int, int]]:
    """Each part's contours in sixteenths of a pixel of the patch, and the patch's (width, height)."""
    turn = np.deg2rad(angle)
    matrix = side * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned = [[_turned(contour, matrix) for contour in part.contours] for part in kinds()[kind].parts]
    corners = np.concatenate([contour for part in turned for contour in part])
    low, high = corners.min(axis=0) - _MARGIN, corners.max(axis=0) + _MARGIN
    fixed = [[np.round((contour - low) * 2**_SHIFT).astype(np.int32) for contour in part] for part in turned]
    return fixed, (ceil(high[0] - low[0]) + 1, ceil(high[1] - low[1]) + 1)


def _turned(contour: Contour, matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    corners: npt.NDArray[np.float64] = (np.array(contour) - 0.5) @ matrix.T
    return corners


def put(picture: Pixels, look: Look, x: int, y: int) -> None:
    """Draws a thing whose patch has its upper left corner at x, y of `picture` (height, width, 3); all of the patch
    must lie in it."""
    shape = silhouette(look.kind, look.side, look.angle)
    height, width = shape.ink.shape
    ground = picture[y : y + height, x : x + width]
    cover = opencv().merge([shape.cover] * 3)  # with one channel for three, NumPy takes several times as long
    mixed = _paint(look) * cover
    mixed += ground * (256 - cover)
    mixed >>= 8
    ground[:] = mixed


def other_tone(colour: Colour) -> Colour:
    """The second tone of a pattern: lighter than the colour, or darker where that is bright already."""
    return shade(colour, -0.4) if _bright(colour) else shade(colour, 0.6)


def light_tone(colour: Colour) -> Colour:
    return shade(colour, -0.22) if _bright(colour) else shade(colour, 0.4)


def dark_tone(colour: Colour) -> Colour:
    return shade(colour, -0.5)


def _bright(colour: Colour) -> bool:
    red, green, blue = colour
    return 0.3 * red + 0.59 * green + 0.11 * blue > 185


def _paint(look: Look) -> Pixels:
    """The colours of a whole patch, also where the thing does not cover it."""
    cv2 = opencv()
    parts, (width, height) = _outlines(look.kind, look.side, look.angle)
    other = other_tone(look.colour)
    paint: Pixels = np.empty((height, width, 3), np.uint8)
    paint[:] = other if look.pattern == "outlined" else look.colour
    if look.pattern == "striped":
        _stripe(paint, other, look.side, look.stripe)
    elif look.pattern == "dotted":
        _dot(paint, other, look.side)
    for part, contours in zip(kinds()[look.kind].parts, parts, strict=True):
        if part.role != "main":
            tone = dark_tone(look.colour) if part.role == "dark" else light_tone(look.colour)
            cv2.fillPoly(paint, list(contours), tone, cv2.LINE_AA, _SHIFT)
        elif look.pattern == "outlined":
            cv2.polylines(paint, list(contours), True, look.colour, _rim(look.side), cv2.LINE_AA, _SHIFT)
    return paint


def _rim(side: int) -> int:
    """Width of an outline in pixels; its outer half falls outside the thing."""
    return max(5, side // 6)


def _stripe(paint: Pixels, colour: Colour, side: int, angle: int) -> None:
    cv2 = opencv()
    height, width = paint.shape[:2]
    step = max(6, side / 4.5)
    turn = np.deg2rad(angle)
    across, along = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    reach = float(np.hypot(width, height))
    for offset in np.arange(-reach / 2, reach / 2, step):
        middle = np.array([width / 2, height / 2]) + across * offset
        ends = [np.round((middle + sign * along * reach) * 2**_SHIFT).astype(int).tolist() for sign in (-1, 1)]
        cv2.line(paint, *ends, colour, max(2, round(step * 0.42)), cv2.LINE_AA, _SHIFT)


def _dot(paint: Pixels, colour: Colour, side: int) -> None:
    cv2 = opencv()
    height, width = paint.shape[:2]
    step = max(6.0, side / 4.6)
    radius = round(step * 0.27 * 2**_SHIFT)
    for row in range(ceil(height / step) + 1):
        for column in range(ceil(width / step) + 1):
            centre = ((column + row % 2 / 2) * step, row * step)
            fixed = [round(value * 2**_SHIFT) for value in centre]
            cv2.circle(paint, fixed, radius, colour, -1, cv2.LINE_AA, _SHIFT)
