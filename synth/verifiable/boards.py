"""The boards that questions are asked about, drawn with Pillow, and what can be asked of each."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import cos, radians, sin

from PIL import Image, ImageDraw

from curation.contract.sample import Verifier
from synth.drawing import Colour, centred_text, paper, shade
from synth.verifiable.board_words import ASKS
from synth.verifiable.exchange import Kind, Language

INK: Colour = (24, 26, 32)
RED: Colour = (214, 40, 40)
_PAPERS: tuple[Colour, ...] = ((250, 249, 244), (236, 242, 250), (244, 238, 226), (232, 246, 236), (246, 234, 240))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, in many wordings, and its answer."""

    name: str
    asks: dict[Language, list[str]]
    answer: str
    kind: Kind = "number"
    verifier: Verifier = "exact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A picture, its kind, the values that it shows as text, and three or more questions."""

    name: str
    image: Image.Image
    seen: str
    questions: list[Question]


def _question(board: str, name: str, answer: object, kind: Kind = "number", **filled: object) -> Question:
    phrases = ASKS[board][name]
    asks: dict[Language, list[str]] = {
        "en": [phrase.format(**filled) for phrase in phrases["en"]],
        "zh": [phrase.format(**filled) for phrase in phrases["zh"]],
    }
    return Question(name=name, asks=asks, answer=str(answer), kind=kind)


def _sheet(rng: random.Random, width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = paper(rng, (width, height), rng.choice(_PAPERS), grain=0.03)
    return image, ImageDraw.Draw(image)


def clock(rng: random.Random) -> Board:
    """A dial with a short and a long hand, and a time some minutes on or back."""
    side = rng.randrange(224, 421)
    image, draw = _sheet(rng, side, side)
    hour, minute, k = rng.randrange(12), rng.randrange(60), rng.randint(5, 180)
    middle, radius = side / 2, side * rng.uniform(0.4, 0.46)
    face = rng.choice(((255, 255, 255), (250, 244, 228), (226, 236, 250)))
    draw.ellipse((middle - radius, middle - radius, middle + radius, middle + radius), face, INK, max(2, side // 70))
    for mark in range(60):
        inner = radius * (0.88 if mark % 5 == 0 else 0.94)
        draw.line(
            (*_polar(middle, inner, mark * 6), *_polar(middle, radius * 0.97, mark * 6)), INK, 3 if mark % 5 == 0 else 1
        )
    if rng.random() < 0.6:
        for number in range(1, 13):
            x, y = map(int, _polar(middle, radius * 0.76, number * 30))
            centred_text(draw, (x - 20, y - 20, x + 20, y + 20), str(number), max(12, side // 16), INK)
    thick = max(4, side // 45)
    draw.line((middle, middle, *_polar(middle, radius * 0.5, hour * 30 + minute / 2)), INK, thick + 2)
    draw.line((middle, middle, *_polar(middle, radius * 0.84, minute * 6)), RED, thick - 1)
    draw.ellipse((middle - thick, middle - thick, middle + thick, middle + thick), INK)
    total = (hour or 12) * 60 + minute
    questions = [
        _question("clock", "now", _twelve(total), ""),
        _question("clock", "later", _twelve(total + k), "", k=k),
        _question("clock", "earlier", _twelve(total - k), "", k=k),
        _question("clock", "until", 60 - minute if minute else 60),
    ]
    return Board(name="clock", image=image, seen=_twelve(total), questions=questions)


def _polar(middle: float, radius: float, degrees: float) -> tuple[float, float]:
    """The point at `radius` in the direction of `degrees`, clockwise from the top."""
    return middle + radius * sin(radians(degrees)), middle - radius * cos(radians(degrees))


def _twelve(minutes: int) -> str:
    return f"{minutes // 60 % 12 or 12}:{minutes % 60:02}"


_PIPS = {
    1: ((1, 1),), 2: ((0, 0), (2, 2)), 3: ((0, 0), (1, 1), (2, 2)), 4: ((0, 0), (0, 2), (2, 0), (2, 2)),
    5: ((0, 0), (0, 2), (1, 1), (2, 0), (2, 2)), 6: ((0, 0), (0, 1), (0, 2), (2, 0), (2, 1), (2, 2)),
}  # fmt: skip


def dice(rng: random.Random) -> Board:
    """Three to six dice in a row or two."""
    values = [rng.randint(1, 6) for _ in range(rng.randint(3, 6))]
    side, across = rng.randint(62, 88), 3 if len(values) > 4 else len(values)
    step = side + rng.randint(12, 24)
    rows = -(-len(values) // across)
    image, draw = _sheet(rng, max(224, across * step + 30), max(224, rows * step + 30))
    left, top = (image.width - across * step + step - side) // 2, (image.height - rows * step + step - side) // 2
    body = rng.choice(((255, 255, 255), (255, 246, 214), (218, 236, 255)))
    for index, value in enumerate(values):
        x, y = left + index % across * step, top + index // across * step
        draw.rounded_rectangle((x, y, x + side, y + side), side // 6, body, shade(body, -0.35), 2)
        for column, row in _PIPS[value]:
            cx, cy, r = x + side * (1 + column) / 4, y + side * (1 + row) / 4, side / 11
            draw.ellipse((cx - r, cy - r, cx + r, cy + r), INK)
    k = rng.randint(2, 9)
    questions = [
        _question("dice", "sum", sum(values)),
        _question("dice", "even", sum(value for value in values if value % 2 == 0)),
        _question("dice", "spread", max(values) - min(values)),
        _question("dice", "times", k * sum(values), k=k),
        _question("dice", "bottom", sum(7 - value for value in values)),
    ]
    return Board(name="dice", image=image, seen=",".join(map(str, values)), questions=questions)


def tiles(rng: random.Random) -> Board:
    """A grid of tiles with numbers."""
    columns, rows = rng.randint(3, 5), rng.randint(3, 4)
    grid = [[rng.randint(1, 99) for _ in range(columns)] for _ in range(rows)]
    side, gap = rng.randint(56, 80), rng.randint(4, 12)
    image, draw = _sheet(rng, max(224, columns * (side + gap) + 20), max(224, rows * (side + gap) + 20))
    tint = rng.choice(((255, 214, 165), (189, 224, 254), (202, 240, 200), (255, 200, 221), (253, 240, 160)))
    for y, row in enumerate(grid):
        for x, value in enumerate(row):
            left, top = 10 + x * (side + gap), 10 + y * (side + gap)
            box = (left, top, left + side, top + side)
            draw.rectangle(box, tint if (x + y) % 2 else shade(tint, 0.4), INK)
            centred_text(draw, box, str(value), side // 3, INK)
    r, c = rng.randrange(rows), rng.randrange(columns)
    flat = [value for row in grid for value in row]
    questions = [
        _question("tiles", "row", sum(grid[r]), r=r + 1),
        _question("tiles", "column", sum(row[c] for row in grid), c=c + 1),
        _question("tiles", "spread", max(flat) - min(flat)),
        _question("tiles", "product", grid[r][c] * grid[0][0], r=r + 1, c=c + 1),
        _question("tiles", "above", sum(value > 50 for value in flat)),
    ]
    return Board(name="tiles", image=image, seen=";".join(",".join(map(str, row)) for row in grid), questions=questions)


def rectangle(rng: random.Random) -> Board:
    """A rectangle, drawn to scale, with the lengths of two sides beside them."""
    a, k = rng.randint(4, 40), rng.randint(2, 5)
    b = rng.randint(max(3, a // 3), min(40, 3 * a))
    scale = rng.randint(220, 330) / max(a, b)
    width, height = round(a * scale), round(b * scale)
    image, draw = _sheet(rng, max(224, width + 114), max(224, height + 96))
    fill = rng.choice(((255, 214, 165), (189, 224, 254), (202, 240, 200), (255, 200, 221)))
    draw.rectangle((24, 24, 24 + width, 24 + height), fill, INK, 3)
    centred_text(draw, (24, 30 + height, 24 + width, 66 + height), str(a), 24, INK)
    centred_text(draw, (30 + width, 24, 94 + width, 24 + height), str(b), 24, INK)
    questions = [
        _question("rectangle", "area", a * b),
        _question("rectangle", "perimeter", 2 * (a + b)),
        _question("rectangle", "half", f"{a * b / 2:g}"),
        _question("rectangle", "scaled", a * b * k * k, k=k),
    ]
    return Board(name="rectangle", image=image, seen=f"{a},{b}", questions=questions)


def thermometer(rng: random.Random) -> Board:
    """A column of red over a scale of ten degrees a number and two degrees a line."""
    low = rng.choice((-30, -20, -10, 0))
    value = low + 2 * rng.randint(2, 28)
    height, k = rng.randint(300, 520), rng.randint(2, 30)
    image, draw = _sheet(rng, rng.randint(224, 320), height)
    top, bottom, x = 24, height - 64, image.width // 2
    for degrees in range(low, low + 61, 2):
        y = bottom - (bottom - top) * (degrees - low) / 60
        draw.line((x + 12, y, x + (34 if degrees % 10 == 0 else 24), y), INK, 2 if degrees % 10 == 0 else 1)
        if degrees % 10 == 0:
            centred_text(draw, (x + 38, int(y) - 12, x + 84, int(y) + 12), str(degrees), 18, INK)
    draw.rounded_rectangle((x - 9, top - 12, x + 9, bottom + 20), 9, (255, 255, 255), INK, 2)
    draw.ellipse((x - 20, bottom + 10, x + 20, bottom + 50), RED, INK, 2)
    draw.rectangle((x - 5, round(bottom - (bottom - top) * (value - low) / 60), x + 5, bottom + 20), RED)
    questions = [
        _question("thermometer", "now", value),
        _question("thermometer", "fall", value - k, k=k),
        _question("thermometer", "rise", value + k, k=k),
        _question("thermometer", "fahrenheit", f"{value * 9 / 5 + 32:g}"),
    ]
    return Board(name="thermometer", image=image, seen=f"{value},{low}", questions=questions)


BOARDS: tuple[Callable[[random.Random], Board], ...] = (clock, dice, tiles, rectangle, thermometer)
