"""Boards: small scenes on a grid of nine cells, with what can be asked of them.

A cell is one merged patch of the family (28 pixels), so that a shape or a number lies within one vision token: a model
of three million parameters then needs an hour to learn to see, not weeks. A thin frame tells where in the picture a
patch lies: the vision tower knows how far patches are from each other, never where they are, so that on a plain ground
what is found could not be placed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw

from synth.drawing import Box, Colour, centred_text, framed, shade
from synth.lessons.question import Question, ask_each
from synth.raw.scenes import COLOURS, GROUNDS, PLACES, shape_mask

CELL, SIDE = 28, 84
INK: Colour = (30, 32, 38)
NOTHING = "nothing"  # what an empty cell is said to hold
CELL_NAMES = tuple(name for row in PLACES for name in row)
LESSON_COLOURS = ("red", "green", "blue", "yellow", "purple")
LESSON_KINDS = ("circle", "square", "triangle", "star")
_NUMBER_SIZE = {1: 20, 2: 20, 3: 15}  # pixels per em, by digits: three of them fill a cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What a cell (0 to 8, in reading order) holds: a coloured shape, or a number in dark ink. `box` is in pixels."""

    cell: int
    name: str
    kind: str
    colour: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A scene of `SIDE` x `SIDE` pixels; `things` are in reading order, `number` is "" where none is written."""

    image: Image.Image
    things: tuple[Thing, ...]
    number: str

    @property
    def shapes(self) -> tuple[Thing, ...]:
        return tuple(thing for thing in self.things if thing.kind != "number")


def draw_board(rng: random.Random, most: int) -> Board:
    """One to `most` shapes of different names, and in half of the cases a number of one to three digits."""
    image = _ground(rng)
    names = [(colour, kind) for colour in LESSON_COLOURS for kind in LESSON_KINDS]
    chosen = rng.sample(names, rng.randint(1, most))
    cells = rng.sample(range(9), len(chosen) + 1)
    things = [_put_shape(rng, image, cell, *name) for cell, name in zip(cells, chosen, strict=False)]
    number = ""
    if rng.random() < 0.5:
        number = _number(rng)
        things.append(_put_number(image, cells[-1], number))
    return Board(image=image, things=tuple(sorted(things, key=lambda thing: thing.cell)), number=number)


def draw_numbers(rng: random.Random, most: int) -> Board:
    """A board with one to `most` numbers, all different, and no shape; `number` is "" unless it is the only one."""
    image, chosen = _ground(rng), list(dict.fromkeys(_number(rng) for _ in range(rng.randint(1, most))))
    cells = sorted(rng.sample(range(9), len(chosen)))
    things = [_put_number(image, cell, number) for cell, number in zip(cells, chosen, strict=True)]
    return Board(image=image, things=tuple(things), number=chosen[0] if len(chosen) == 1 else "")


def _ground(rng: random.Random) -> Image.Image:
    return framed((SIDE, SIDE), GROUNDS[rng.choice(("white", "grey", "cream", "pale blue", "mint"))])


def _number(rng: random.Random) -> str:
    """Half of them have three digits."""
    return str(rng.choice((rng.randrange(10), rng.randrange(10, 100), *(rng.randrange(100, 1000) for _ in range(2)))))


def _put_shape(rng: random.Random, image: Image.Image, cell: int, colour: str, kind: str) -> Thing:
    side = rng.randint(20, 26)
    x = cell % 3 * CELL + rng.randint(1, CELL - side - 1)
    y = cell // 3 * CELL + rng.randint(1, CELL - side - 1)
    mask = shape_mask(kind, side)
    fill: Colour = shade(COLOURS[colour], rng.uniform(-0.15, 0.1))
    image.paste(fill, (x, y), mask)
    left, top, right, bottom = mask.point(lambda level: 255 if level >= 128 else 0).getbbox() or (0, 0, side, side)
    box = (x + left, y + top, x + right, y + bottom)
    return Thing(cell=cell, name=f"{colour} {kind}", kind=kind, colour=colour, box=box)


def _put_number(image: Image.Image, cell: int, number: str) -> Thing:
    x, y = cell % 3 * CELL, cell // 3 * CELL
    size = _NUMBER_SIZE[len(number)]
    box = centred_text(ImageDraw.Draw(image), (x, y, x + CELL, y + CELL), number, size, INK)
    return Thing(cell=cell, name=number, kind="number", colour="", box=box)


def _ask_name(rng: random.Random, board: Board) -> Question:
    names = [thing.name for thing in board.shapes]
    other = _other_name(rng, board)
    place = rng.randrange(len(names))
    swapped = [*names[:place], other, *names[place + 1 :]]
    fewer = [*names[:place], *names[place + 1 :]] or [other]
    wrong = (", ".join(swapped), ", ".join(fewer))
    return Question(text="Name all shapes.", answer=", ".join(names), wrong=wrong)


def _ask_count(rng: random.Random, board: Board) -> Question:
    shapes = board.shapes
    what, count = rng.choice(
        [
            ("shapes", len(shapes)),
            (f"{(colour := rng.choice(LESSON_COLOURS))} shapes", sum(thing.colour == colour for thing in shapes)),
            (f"{(kind := rng.choice([thing.kind for thing in shapes]))}s", sum(thing.kind == kind for thing in shapes)),
        ]
    )
    wrong = tuple(str(other) for other in (count - 1, count + 1) if other >= 0)
    return Question(text=f"How many {what} are there?", answer=str(count), wrong=wrong)


def _ask_locate(rng: random.Random, board: Board) -> Question:
    thing = rng.choice(board.shapes)
    cells = rng.sample([cell for cell in range(9) if cell != thing.cell], 2)
    wrong = tuple((c % 3 * CELL + 3, c // 3 * CELL + 3, c % 3 * CELL + 25, c // 3 * CELL + 25) for c in cells)
    text = f"Locate the {thing.name} in the image."
    return Question(text=text, label=thing.name, box=thing.box, wrong=wrong)


def _ask_read(rng: random.Random, board: Board) -> Question | None:
    if not board.number:
        return None
    wrong = tuple(other for other in (_misread(rng, board.number) for _ in range(2)) if other != board.number)
    return Question(text="What number is written?", answer=board.number, wrong=wrong)


def _ask_place(rng: random.Random, board: Board) -> Question:
    thing = rng.choice(board.shapes)
    wrong = tuple(rng.sample([name for name in CELL_NAMES if name != CELL_NAMES[thing.cell]], 2))
    return Question(text=f"Where is the {thing.name}?", answer=CELL_NAMES[thing.cell], wrong=wrong)


def _ask_places(rng: random.Random, board: Board) -> Question | None:
    """Where several shapes are, in the order in which they are asked for. Each name of the answer is followed by what
    has to be found by it, which teaches finding: where a question's end must first know what to find and then find it,
    neither is learnt, as neither helps alone."""
    if len(board.shapes) < 2:
        return None
    things = rng.sample(board.shapes, len(board.shapes))
    places = [CELL_NAMES[thing.cell] for thing in things]
    names = [thing.name for thing in things]
    return ask_each(names, places, [*places[1:], places[0]])


def ask_colour(rng: random.Random, board: Board) -> Question | None:
    """A question about what nano can see, but that no lesson asks: fine-tuning has to teach it to answer."""
    kinds = [thing.kind for thing in board.shapes]
    alone = [thing for thing in board.shapes if kinds.count(thing.kind) == 1]
    if not alone:
        return None
    thing = rng.choice(alone)
    return Question(text=f"What colour is the {thing.kind}?", answer=thing.colour)


def _ask_look(rng: random.Random, board: Board) -> Question:
    taken = {thing.cell: thing.name for thing in board.things}
    cell = rng.choice(list(taken)) if rng.random() < 0.75 else rng.randrange(9)
    answer = taken.get(cell, NOTHING)
    others = [*taken.values(), NOTHING, _misread(rng, answer) if answer.isdigit() else _other_name(rng, board)]
    wrong = tuple(rng.sample([name for name in others if name != answer], 2 if len(set(others)) > 2 else 1))
    return Question(text=f"What is in the {CELL_NAMES[cell]}?", answer=answer, wrong=wrong)


# What can be asked of a board, by skill; a question is None where the board gives no occasion for it.
BOARD_SKILLS: dict[str, Callable[[random.Random, Board], Question | None]] = {
    "name": _ask_name,
    "count": _ask_count,
    "locate": _ask_locate,
    "read": _ask_read,
    "place": _ask_place,
    "places": _ask_places,
    "look": _ask_look,
}


def _other_name(rng: random.Random, board: Board) -> str:
    """The name of a shape that is not there."""
    there = {thing.name for thing in board.things}
    names = [f"{colour} {kind}" for colour in LESSON_COLOURS for kind in LESSON_KINDS]
    return rng.choice([name for name in names if name not in there])


def _misread(rng: random.Random, number: str) -> str:
    place = rng.randrange(len(number))
    return number[:place] + rng.choice("123456789") + number[place + 1 :]
