"""A chart as drawn: its picture, the boxes of its marks and texts, and whether its texts are in each other's way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops

from synth.drawing import Box
from synth.plots.facts import Facts


@dataclass(frozen=True, slots=True)
class Mark:
    """A bar, slice, point, cell, box or node; `row` and `column` are those of its value, -1 where it has none."""

    name: str
    row: int
    column: int
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Boxes are in pixels. `words` are those of the upright texts; `title` and `note` are empty where there is none."""

    image: Image.Image
    marks: tuple[Mark, ...]
    title: Box
    note: Box
    words: tuple[Box, ...]


def outward(area: Sequence[float], of: tuple[int, int]) -> Box:
    """The pixels that hold most of an area, (x1, y1, x2, y2), kept to a picture `of` (width, height)."""
    x1, y1, x2, y2 = area
    left, top = max(0, round(x1)), max(0, round(y1))
    return left, top, min(of[0], max(round(x2), left + 1)), min(of[1], max(round(y2), top + 1))


def crowded(drawn: Drawn) -> bool:
    """Whether a text overlaps another one, or comes closer than two pixels to the picture's edge."""
    width, height = drawn.image.size
    boxes = drawn.words
    if any(b[0] < 2 or b[1] < 2 or b[2] > width - 2 or b[3] > height - 2 for b in boxes):
        return True
    return any(_overlap(a, b) for i, a in enumerate(boxes) for b in boxes[:i])


def _overlap(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) - max(a[0], b[0]) > 0 and min(a[3], b[3]) - max(a[1], b[1]) > 1


def tight(image: Image.Image, box: Box) -> Box:
    """The box around the ink in `box`; the box itself where there is none."""
    x1, y1, x2, y2 = box
    found = _ink(image).crop(box).getbbox()
    return (x1 + found[0], y1 + found[1], x1 + found[2], y1 + found[3]) if found else box


def _ink(image: Image.Image) -> Image.Image:
    """What differs from the paper, whose colour is that of the upper left corner."""
    paper = Image.new("RGB", image.size, image.getpixel((1, 1)))
    return ImageChops.difference(image, paper).convert("L").point(lambda value: 255 if value > 8 else 0)


def body(drawn: Drawn) -> Box:
    """The box around all ink but the title and the note. A legend may reach down beside the note."""
    image, (x1, y1, x2, y2) = drawn.image, drawn.note
    if any(drawn.note):
        image = image.copy()
        image.paste(image.getpixel((1, 1)) or 0, (x1 - 2, y1 - 2, x2 + 2, y2 + 2))
    top = drawn.title[3] if any(drawn.title) else 0
    return tight(image, (0, top, image.width, image.height))


def crossed(facts: Facts, drawn: Drawn) -> bool:
    """Whether points cover each other, so that one of them can't be seen, or a bar's value lies over its neighbour."""
    marks = drawn.marks
    if facts.kind in ("bar", "barh"):
        return any(_overlap(mark.box, word) for mark in marks for word in drawn.words)
    if facts.kind not in ("line", "area", "scatter", "radar"):
        return False
    return any(_overlap(a.box, b.box) for i, a in enumerate(marks) for b in marks[:i])
