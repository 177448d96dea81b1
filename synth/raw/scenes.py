"""Simple scenes: coloured shapes on a plain ground, none touching another, with captions that are true of them."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from math import cos, pi, sin

from PIL import Image, ImageDraw

from synth.drawing import Box, Colour, paper, shade

COLOURS: dict[str, Colour] = {
    "red": (214, 40, 40),
    "green": (34, 139, 62),
    "blue": (36, 84, 200),
    "yellow": (250, 204, 21),
    "orange": (243, 123, 15),
    "purple": (126, 50, 168),
    "pink": (244, 114, 182),
    "brown": (120, 72, 36),
}
GROUNDS: dict[str, Colour] = {
    "white": (250, 250, 250),
    "grey": (186, 190, 196),
    "cream": (245, 234, 210),
    "pale blue": (204, 224, 244),
    "mint": (206, 238, 220),
}
KINDS = ("circle", "square", "triangle", "star", "diamond", "hexagon")
SIZES = ((224, 224), (280, 224), (224, 280), (336, 224), (252, 252), (196, 196), (308, 252), (168, 224))
PLACES = (
    ("upper left", "upper middle", "upper right"),
    ("middle left", "centre", "middle right"),
    ("lower left", "lower middle", "lower right"),
)
NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A shape of a scene: `box` in pixels of the scene, `place` one of `PLACES`."""

    kind: str
    colour: str
    size: str
    box: Box
    place: str

    @property
    def name(self) -> str:
        return f"{self.colour} {self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    image: Image.Image
    objects: tuple[Shape, ...]
    ground: str
    caption: str


def draw_scene(rng: random.Random, size: tuple[int, int] | None = None) -> Scene:
    """One to five shapes, each in its own ninth of an image of `size` (width, height in pixels; drawn from `SIZES`
    by default; at least 84 each way, so that a small shape has 8 pixels)."""
    width, height = size or rng.choice(SIZES)
    ground = rng.choice(list(GROUNDS))
    image = paper(rng, (width, height), GROUNDS[ground])
    rim = rng.random() < 0.5
    palette, kinds = rng.sample(list(COLOURS), 3), rng.sample(KINDS, 3)
    cells = rng.sample(range(9), rng.choice((1, 2, 2, 3, 3, 4, 4, 5)))
    objects = tuple(_put_shape(rng, image, cell, rng.choice(kinds), rng.choice(palette), rim) for cell in cells)
    return Scene(image=image, objects=objects, ground=ground, caption=describe(rng, objects, ground))


def _put_shape(rng: random.Random, image: Image.Image, cell: int, kind: str, colour: str, rim: bool) -> Shape:
    row, column = divmod(cell, 3)
    cell_width, cell_height = image.width // 3, image.height // 3
    size = rng.choice(("small", "large"))
    share = rng.uniform(0.36, 0.46) if size == "small" else rng.uniform(0.72, 0.88)
    side = round(min(cell_width, cell_height) * share)
    x = column * cell_width + rng.randint(2, cell_width - side - 2)
    y = row * cell_height + rng.randint(2, cell_height - side - 2)
    mask = shape_mask(kind, side)
    fill = COLOURS[colour]
    image.paste(shade(fill, -0.45) if rim else fill, (x, y), mask)
    if rim:
        inset = max(2, side // 12)
        image.paste(fill, (x + inset, y + inset), shape_mask(kind, side - 2 * inset))
    left, top, right, bottom = mask.point(lambda level: 255 if level >= 128 else 0).getbbox() or (0, 0, side, side)
    box = (x + left, y + top, x + right, y + bottom)
    return Shape(kind=kind, colour=colour, size=size, box=box, place=place_of(box, image.size))


def shape_mask(kind: str, side: int) -> Image.Image:
    """How much of each pixel the shape covers (0 to 255), `side` x `side` pixels, smoothed by drawing it four times
    as large."""
    large = Image.new("L", (4 * side, 4 * side))
    draw, last = ImageDraw.Draw(large), 4 * side - 1
    if kind == "circle":
        draw.ellipse((0, 0, last, last), fill=255)
    else:
        draw.polygon([(x * last, y * last) for x, y in outline(kind)], fill=255)
    return large.reduce(4)


def outline(kind: str) -> list[tuple[float, float]]:
    """Corners of a shape in the unit square, y downwards. Raises `KeyError` for a kind without corners."""
    corners = {
        "square": [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)],
        "triangle": [(0.5, 0.0), (1.0, 1.0), (0.0, 1.0)],
        "diamond": [(0.5, 0.0), (0.9, 0.5), (0.5, 1.0), (0.1, 0.5)],
        "hexagon": [(0.25, 0.07), (0.75, 0.07), (1.0, 0.5), (0.75, 0.93), (0.25, 0.93), (0.0, 0.5)],
        "star": [_star_corner(index) for index in range(10)],
    }
    return corners[kind]


def _star_corner(index: int) -> tuple[float, float]:
    radius = 0.52 if index % 2 == 0 else 0.21
    angle = pi * index / 5
    return 0.5 + radius * sin(angle) * 0.96, 0.525 - radius * cos(angle)


def place_of(box: Box, size: tuple[int, int]) -> str:
    """The ninth of an image of `size` in which the middle of `box` lies, in words."""
    column = min(2, (box[0] + box[2]) * 3 // (2 * size[0]))
    row = min(2, (box[1] + box[3]) * 3 // (2 * size[1]))
    return PLACES[row][column]


def relation(first: Box, second: Box) -> str:
    """Where `first` lies as seen from `second`, or "" where no simple word is true.

    "to the left of" asks that the boxes share some height and don't overlap sideways; the others alike.
    """
    if min(first[3], second[3]) > max(first[1], second[1]):
        if first[2] <= second[0]:
            return "to the left of"
        if second[2] <= first[0]:
            return "to the right of"
    if min(first[2], second[2]) > max(first[0], second[0]):
        if first[3] <= second[1]:
            return "above"
        if second[3] <= first[1]:
            return "below"
    return ""


def unique(objects: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The shapes whose name (colour and kind) no other shape has."""
    counts = Counter(shape.name for shape in objects)
    return tuple(shape for shape in objects if counts[shape.name] == 1)


def related(objects: tuple[Shape, ...]) -> list[tuple[Shape, str, Shape]]:
    """Every (shape, relation, shape) that is true between shapes with unique names."""
    alone = unique(objects)
    triples = [(a, relation(a.box, b.box), b) for a in alone for b in alone if a is not b]
    return [triple for triple in triples if triple[1]]


def article(words: str) -> str:
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def listing(items: list[str]) -> str:
    """The items as in a sentence: `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def counted(objects: tuple[Shape, ...]) -> list[str]:
    """Each name with its number, as in `two red circles`."""
    counts = Counter(shape.name for shape in objects)
    return [article(name) if n == 1 else f"{NUMBERS[n]} {name}s" for name, n in counts.items()]


def describe(rng: random.Random, objects: tuple[Shape, ...], ground: str) -> str:
    """A caption that names every shape and is true of them all."""
    on = f"on {article(ground)} background"
    placed = listing([f"{article(f'{shape.size} {shape.name}')} in the {shape.place}" for shape in objects])
    styles = [
        f"{placed}, {on}.",
        f"{listing(counted(objects))} {on}.",
        f"a drawing of {listing(counted(objects))} {on}.",
    ]
    pairs = related(objects)
    if pairs and len(objects) == 2:
        first, where, second = rng.choice(pairs)
        styles.append(f"{article(f'{first.size} {first.name}')} {where} {article(second.name)} {on}.")
    text = rng.choice(styles)
    return text[0].upper() + text[1:]
