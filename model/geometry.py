"""Sizes and coordinates: what the model sees of an image, and where things are in it.

Sizes are (width, height) in pixels, except in `smart_resize` and `vision_tokens`, which keep the order of the code
that they follow. Points are flat tuples x, y, x, y, ... in pixels whose column i spans [i, i + 1].
"""

from __future__ import annotations

import math
from typing import Literal

from model.family import Family, Grid

Size = tuple[int, int]
Points = tuple[float, ...]
Layout = Literal["xyxy", "xywh", "cxcywh", "points"]
Units = Literal["pixels", "unit", "percent", "thousandths"]

MAX_RATIO = 200


def smart_resize(height: int, width: int, factor: int, min_pixels: int, max_pixels: int) -> tuple[int, int]:
    """The (height, width) that a Qwen image processor resizes to: multiples of `factor`, area between the limits.

    As in transformers 5 (`models/qwen2_vl/image_processing_qwen2_vl.py`), rounding half to even. Implementations
    differ where a side is shorter than `factor`: qwen-vl-utils first rounds it up to `factor`, transformers 5 rounds
    it to zero and then enlarges the whole image, so 10x2000 becomes 28x1988 there and 28x812 here; transformers 4
    refuses. They differ again where max_pixels leaves less than one factor of a side: the older ones return 0.

    Raises ValueError for empty images, a ratio of sides above 200, or limits that leave nothing of a side.
    """
    if min(height, width) < 1:
        raise ValueError(f"an image of {width}x{height} pixels has nothing to resize")
    ratio = max(height, width) / min(height, width)
    if ratio > MAX_RATIO:
        raise ValueError(f"the sides of {width}x{height} are 1 to {ratio:.1f}; models take at most 1 to {MAX_RATIO}")
    new_height, new_width = round(height / factor) * factor, round(width / factor) * factor
    if new_height * new_width > max_pixels:
        shrink = math.sqrt(height * width / max_pixels)
        new_height = max(factor, math.floor(height / shrink / factor) * factor)
        new_width = max(factor, math.floor(width / shrink / factor) * factor)
    elif new_height * new_width < min_pixels:
        grow = math.sqrt(min_pixels / (height * width))
        new_height, new_width = math.ceil(height * grow / factor) * factor, math.ceil(width * grow / factor) * factor
    if min(new_height, new_width) == 0:
        raise ValueError(f"min_pixels {min_pixels} leaves nothing of {width}x{height}; give at least {factor * factor}")
    return new_height, new_width


def vision_tokens(height: int, width: int, factor: int) -> int:
    """Vision tokens of an image of that resized size: one for each `factor` x `factor` square."""
    return (height // factor) * (width // factor)


def seen_size(displayed: Size, family: Family, min_pixels: int, max_pixels: int) -> tuple[Size, int]:
    """The (width, height) at which the family's model sees a displayed image, and its vision tokens.

    Raises ValueError as `smart_resize` does.
    """
    if family.fixed is not None:
        side, tokens = family.fixed
        return (side, side), tokens
    width, height = displayed
    new_height, new_width = smart_resize(height, width, family.factor, min_pixels, max_pixels)
    return (new_width, new_height), vision_tokens(new_height, new_width, family.factor)


def orient_points(points: Points, width: int, height: int, orientation: int) -> Points:
    """Carry points from stored to displayed pixels. `width` and `height` are the stored size.

    Four numbers are a box and come back as the upright box (x1, y1, x2, y2); others keep their order, so a quad still
    begins at its reading start. Raises ValueError for an orientation outside 1 to 8.
    """
    if orientation not in range(1, 9):
        raise ValueError(f"an EXIF orientation is 1 to 8, not {orientation}")
    turned = _pairs(points)
    if orientation >= 5:
        turned, width, height = [(y, x) for x, y in turned], height, width
    if orientation in (3, 4, 7, 8):
        turned = [(x, height - y) for x, y in turned]
    if orientation in (2, 3, 6, 7):
        turned = [(width - x, y) for x, y in turned]
    flat = tuple(value for pair in turned for value in pair)
    return _upright(flat) if len(flat) == 4 else flat


def scale_points(points: Points, old: Size, new: Size) -> Points:
    """Carry points from an image of one size to the same image at another; no rounding."""
    fx, fy = new[0] / old[0], new[1] / old[1]
    return tuple(value * scale for x, y in _pairs(points) for value, scale in ((x, fx), (y, fy)))


def to_grid(points: Points, grid: Grid, displayed: Size, resized: Size) -> tuple[int, ...]:
    """Displayed pixels to the integers that a family writes: scaled, rounded half to even, clamped into the grid.

    Pixels of the resized image are clamped to size - 1 as in Qwen2.5-VL's `process_bbox.ipynb`, relative grids to
    their `top`. `from_grid` brings each number back within half a unit, or one whole unit at the clamped far edge;
    a unit is displayed / resized pixels, or displayed / scale. So the error of a 0-1000 grid passes a pixel only
    on a side above 2000 pixels (1000 at the far edge where `top` is 999).
    """
    width, height = _span(grid, resized)
    scaled = _pairs(scale_points(points, displayed, (width, height)))
    top_x, top_y = (width - 1, height - 1) if grid.top is None else (grid.top, grid.top)
    return tuple(min(max(round(value), 0), top) for x, y in scaled for value, top in ((x, top_x), (y, top_y)))


def from_grid(values: Points, grid: Grid, displayed: Size, resized: Size) -> Points:
    """A family's numbers back to displayed pixels. Numbers outside the grid land outside the image."""
    return scale_points(values, _span(grid, resized), displayed)


def to_displayed_pixels(points: Points, layout: Layout, units: Units, size: Size) -> Points:
    """Bring a foreign annotation to x, y pairs in pixels of an image of `size` (width, height).

    Boxes come as two corners, as corner and size or as centre and size, and go out as (x1, y1, x2, y2); `points` are
    pairs already (a point, a quad). `unit` is 0-1, `percent` 0-100, `thousandths` 0-1000 of each side. Raises
    ValueError for a wrong count of numbers or one that is not finite.
    """
    wanted = "an even count of" if layout == "points" else "4"
    if not points or len(points) % 2 or (layout != "points" and len(points) != 4):
        raise ValueError(f"{layout} takes {wanted} numbers, not {len(points)}: {points}")
    if not all(math.isfinite(value) for value in points):
        raise ValueError(f"coordinates must be finite: {points}")
    whole = {"pixels": size, "unit": (1, 1), "percent": (100, 100), "thousandths": (1000, 1000)}[units]
    return scale_points(_corners(points, layout), whole, size)


def _corners(points: Points, layout: Layout) -> Points:
    if layout == "points":
        return points
    a, b, c, d = points
    if layout == "xywh":
        return a, b, a + c, b + d
    return (a - c / 2, b - d / 2, a + c / 2, b + d / 2) if layout == "cxcywh" else points


def _span(grid: Grid, resized: Size) -> Size:
    return resized if grid.scale is None else (grid.scale, grid.scale)


def _upright(box: Points) -> Points:
    x1, y1, x2, y2 = box
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _pairs(points: Points) -> list[tuple[float, float]]:
    return list(zip(points[0::2], points[1::2], strict=True))
