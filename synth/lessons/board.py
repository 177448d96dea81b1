"""What nano is taught: small scenes on a grid of nine cells, with many questions about each, and judging.

A cell is one merged patch of the family (28 pixels), so that a shape lies within one vision token: a model of three
million parameters then needs minutes to learn to see, not days. Shapes and numbers are all that it will know.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageDraw

from curation.contract.sample import (
    Answer,
    Media,
    Part,
    Region,
    Sample,
    Turn,
    media_part,
    region_part,
    text_part,
)
from synth.drawing import Box, Colour, centred_text, encode, shade
from synth.judge import NO, YES, judging_parts
from synth.scenes import COLOURS, GROUNDS, PLACES, shape_mask

CELL, SIDE = 28, 84
INK: Colour = (30, 32, 38)
CELL_NAMES = tuple(name for row in PLACES for name in row)
LESSON_COLOURS = ("red", "green", "blue", "yellow", "purple")
LESSON_KINDS = ("circle", "square", "triangle", "star")
Skill = Literal["name", "count", "locate", "read", "place", "look", "judge"]
SKILLS: tuple[Skill, ...] = ("name", "count", "locate", "read", "place", "look", "judge")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with its answer in text, or in `box` (with `label`) where it asks for a place in pixels. `wrong` are
    answers that look as right as the right one."""

    text: str
    answer: str = ""
    label: str = ""
    box: Box | None = None
    wrong: tuple[str | Box, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Samples of one question each about the same image, and its bytes."""

    samples: tuple[Sample, ...]
    image: bytes


def draw_board(rng: random.Random, most: int) -> Board:
    """A board with one to `most` shapes of different names, and in half of the cases a number of one or two digits."""
    image = Image.new("RGB", (SIDE, SIDE), GROUNDS[rng.choice(("white", "grey", "cream", "pale blue", "mint"))])
    names = [(colour, kind) for colour in LESSON_COLOURS for kind in LESSON_KINDS]
    chosen = rng.sample(names, rng.randint(1, most))
    cells = rng.sample(range(9), len(chosen) + 1)
    things = [_put_shape(rng, image, cell, *name) for cell, name in zip(cells, chosen, strict=False)]
    number = ""
    if rng.random() < 0.5:
        number = str(rng.randrange(10) if rng.random() < 0.5 else rng.randrange(10, 100))
        things.append(_put_number(image, cells[-1], number))
    return Board(image=image, things=tuple(sorted(things, key=lambda thing: thing.cell)), number=number)


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
    box = centred_text(ImageDraw.Draw(image), (x, y, x + CELL, y + CELL), number, 20, INK)
    return Thing(cell=cell, name=number, kind="number", colour="", box=box)


def ask(rng: random.Random, board: Board, skill: Skill) -> Question | None:
    """One question that trains a skill, or None where this board gives no occasion for it."""
    return _ASK[skill](rng, board)


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
    others = [name for name in (*taken.values(), "nothing", _other_name(rng, board)) if name != taken.get(cell)]
    wrong = tuple(other for other in rng.sample(others, min(2, len(others))) if other != taken.get(cell, "nothing"))
    text = f"What is in the {CELL_NAMES[cell]}?"
    return Question(text=text, answer=taken.get(cell, "nothing"), wrong=wrong)


_ASK: dict[Skill, Callable[[random.Random, Board], Question | None]] = {
    "name": _ask_name,
    "count": _ask_count,
    "locate": _ask_locate,
    "read": _ask_read,
    "place": _ask_place,
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


def make_lesson(rng: random.Random, row_id: str, most: int, skills: Sequence[Skill]) -> Lesson:
    """One board with a question for each of `skills` that it gives occasion for. Judging takes its question from
    another skill and shows a wrong answer half the time."""
    board = draw_board(rng, most)
    data = encode(board.image, "png")
    media = Media(sha256=hashlib.sha256(data).hexdigest(), mime="image/png", width=SIDE, height=SIDE, size=len(data))
    samples = []
    for number, skill in enumerate(skills):
        asked = rng.choice(tuple(_ASK)) if skill == "judge" else skill
        question = ask(rng, board, asked)
        if question:
            name = f"{row_id}.{number}"
            sample = _judge(rng, name, media, question) if skill == "judge" else _ask_sample(name, media, question)
            samples.append(sample)
    return Lesson(samples=tuple(samples), image=data)


def _ask_sample(row_id: str, media: Media, question: Question) -> Sample:
    regions, parts = _answer_parts(question.box or question.answer, question.label)
    answer = (
        Answer(text=question.label, verifier="box") if question.box else Answer(text=question.answer, verifier="exact")
    )
    return _sample(row_id, media, [text_part(question.text)], parts, regions, answer)


def _judge(rng: random.Random, row_id: str, media: Media, question: Question) -> Sample:
    right = rng.random() < 0.5 or not question.wrong
    shown = (question.box or question.answer) if right else rng.choice(question.wrong)
    regions, parts = _answer_parts(shown, question.label)
    answer = YES if right else NO
    asked = [text_part(question.text), *judging_parts(parts, "correct")]
    return _sample(row_id, media, asked, [text_part(answer)], regions, Answer(text=answer, verifier="exact"))


def _answer_parts(answer: str | Box, label: str) -> tuple[tuple[Region, ...], list[Part]]:
    if isinstance(answer, str):
        return (), [text_part(answer)]
    return (Region(points=tuple(float(value) for value in answer), label=label),), [region_part(0)]


def _sample(
    row_id: str, media: Media, asked: list[Part], answered: list[Part], regions: tuple[Region, ...], answer: Answer
) -> Sample:
    return Sample(
        row_id=row_id,
        source="lessons",
        task="vqa",
        messages=(
            Turn(role="user", parts=(media_part(0), *asked)),
            Turn(role="assistant", parts=tuple(answered)),
        ),
        media=(media,),
        regions=regions,
        answer=answer,
    )


def curriculum(seed: int, index: int, progress: float) -> Lesson:
    """Training lesson number `index` at a `progress` from 0 to 1: from two shapes to four, judging once there is
    something to judge by. A lesson is the same whoever draws it, in whatever order."""
    rng = random.Random(f"lesson {seed} {index}")
    most = 2 if progress < 0.25 else 3 if progress < 0.5 else 4
    skills: list[Skill] = ["look", "look", "look", "place", "place", "name", "locate", "read", "count"]
    if progress > 0.3:
        skills += ["judge", "judge", "judge"]
    return make_lesson(rng, f"lessons#{index}", most, skills)


def examination(seed: int, skill: Skill, index: int) -> Lesson:
    """Held-out lesson number `index`: one board, one question of the skill, drawn apart from training's."""
    for attempt in range(100):
        rng = random.Random(f"examination {seed} {skill} {index} {attempt}")
        lesson = make_lesson(rng, f"examination-{skill}#{index}", 4, (skill,))
        if lesson.samples:
            return lesson
    raise ValueError(f"no board gives occasion for {skill!r}")
