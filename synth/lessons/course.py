"""Lessons and examinations: a picture with many questions about it, and the order in which they come."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from curation.contract.sample import (
    Answer,
    Media,
    Part,
    Region,
    Sample,
    Step,
    Turn,
    action_part,
    media_part,
    region_part,
    text_part,
)
from synth.drawing import Box, encode
from synth.judge import NO, YES, judging_parts
from synth.lessons.board import BOARD_SKILLS, CELL, CELL_NAMES, NOTHING, Board, draw_board, draw_numbers
from synth.lessons.question import Question
from synth.lessons.window import SLOT_NAMES, WINDOW_SKILLS, Window, draw_window
from synth.specimen import medium

Picture = Board | Window
JUDGE = "judge"
SKILLS = (*BOARD_SKILLS, *WINDOW_SKILLS, JUDGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Samples of one question each about the same image, and its bytes."""

    samples: tuple[Sample, ...]
    image: bytes


def ask(rng: random.Random, picture: Picture, skill: str) -> Question | None:
    """One question that trains a skill other than judging, or None where this picture gives no occasion for it."""
    if isinstance(picture, Board):
        return BOARD_SKILLS[skill](rng, picture) if picture.shapes or skill in ("read", "look") else None
    return WINDOW_SKILLS[skill](rng, picture)


def make_lesson(
    rng: random.Random, row_id: str, picture: Picture, skills: Sequence[str], as_large: bool = True
) -> Lesson:
    """A question for each of `skills` that the picture gives occasion for. Judging takes its question from another
    skill and shows a wrong answer half the time, a wrong box `as_large` as the right one."""
    data = encode(picture.image, "png")
    media = medium(data)
    samples = []
    for number, skill in enumerate(skills):
        name = f"{row_id}.{number}"
        if skill == JUDGE:
            if question := _to_judge(rng, picture, _stated(picture)):
                question = _as_large(question) if as_large else question
                samples.append(_judge(rng, name, media, question, rng.random() < 0.5))
        elif question := ask(rng, picture, skill):
            samples.append(_answered(name, media, question))
    return Lesson(samples=tuple(samples), image=data)


def _stated(picture: Picture) -> list[str]:
    """The skills whose answers can be right or wrong: not where to tap, which is an act and no statement."""
    return [skill for skill in (BOARD_SKILLS if isinstance(picture, Board) else WINDOW_SKILLS) if skill != "tap"]


def _to_judge(rng: random.Random, picture: Picture, skills: Sequence[str]) -> Question | None:
    """A question of one of the skills, with a wrong answer to show."""
    question = ask(rng, picture, rng.choice(skills))
    return question if question and question.wrong else None


def _plain_to_judge(rng: random.Random, picture: Picture) -> Question | None:
    """A question whose wrong answers name what is nowhere in the picture, so that they are told without knowing where
    anything is: nano learns that in some hundred steps, and the rest only from there."""
    skills: tuple[str, ...]
    if isinstance(picture, Board):
        there, skills = {thing.name for thing in picture.things}, ("look", "look", "name", "read")
    else:
        there, skills = {button.name for button in picture.buttons}, ("say", "list")
    question = _to_judge(rng, picture, skills)
    if not question or question.answer == NOTHING:
        return None
    wrong = tuple(each for each in question.wrong if not {*str(each).split(", ")} <= {*there, NOTHING})
    return replace(question, wrong=wrong) if wrong else None


def _as_large(question: Question) -> Question:
    """Wrong boxes as large as the right one, in the same place of their cells: only where they are tells them."""
    if not question.box:
        return question
    x, y, right, bottom = question.box
    cells = [(box[0] // CELL, box[1] // CELL) for box in question.wrong if isinstance(box, tuple)]
    moves = [(column - x // CELL, row - y // CELL) for column, row in cells]
    wrong = tuple((x + CELL * a, y + CELL * b, right + CELL * a, bottom + CELL * b) for a, b in moves)
    return replace(question, wrong=wrong)


def _answered(row_id: str, media: Media, question: Question) -> Sample:
    if question.tap:
        assert question.box
        target, step = _region(question.box, question.label), Step(media=0, action="left_click", region=0)
        answer = Answer(text=question.label, verifier="click")
        return _sample(row_id, media, [text_part(question.text)], [action_part(0)], answer, (target,), (step,))
    regions, parts = _answer_parts(question.box or question.answer, question.label)
    answer = (
        Answer(text=question.label, verifier="box") if question.box else Answer(text=question.answer, verifier="exact")
    )
    return _sample(row_id, media, [text_part(question.text)], parts, answer, regions)


def _judge(rng: random.Random, row_id: str, media: Media, question: Question, right: bool) -> Sample:
    """Whether the question's answer is right, or one that is wrong."""
    shown = (question.box or question.answer) if right else rng.choice(question.wrong)
    regions, parts = _answer_parts(shown, question.label)
    answer = YES if right else NO
    asked = [text_part(question.text), *judging_parts(parts, "correct")]
    return _sample(row_id, media, asked, [text_part(answer)], Answer(text=answer, verifier="exact"), regions)


def _answer_parts(answer: str | Box, label: str) -> tuple[tuple[Region, ...], list[Part]]:
    if isinstance(answer, str):
        return (), [text_part(answer)]
    return (_region(answer, label),), [region_part(0)]


def _region(box: Box, label: str) -> Region:
    return Region(points=tuple(float(value) for value in box), label=label)


def _sample(
    row_id: str,
    media: Media,
    asked: list[Part],
    answered: list[Part],
    answer: Answer,
    regions: tuple[Region, ...],
    steps: tuple[Step, ...] = (),
) -> Sample:
    return Sample(
        row_id=row_id,
        source="lessons",
        task="agent" if steps else "vqa",
        messages=(
            Turn(role="user", parts=(media_part(0), *asked)),
            Turn(role="assistant", parts=tuple(answered)),
        ),
        media=(media,),
        regions=regions,
        steps=steps,
        answer=answer,
    )


def seen(seed: int, index: int) -> tuple[bytes, tuple[str, ...]]:
    """A full picture and what each of its merged patches shows, in reading order: where it lies, and the name of what
    lies there, of a button in both of its patches, else `nothing`. It is what the vision tower learns from before
    anything is asked."""
    rng = random.Random(f"seen {seed} {index}")
    kind = rng.choices(("board", "numbers", "window"), (4, 3, 4))[0]
    if kind == "window":
        window = draw_window(rng, 6)
        names = {button.slot: button.name for button in window.buttons}
        slots = [row * 2 + column // 2 for row in range(3) for column in range(4)]
        return encode(window.image, "png"), tuple(f"{SLOT_NAMES[slot]} {names.get(slot, NOTHING)}" for slot in slots)
    board = draw_board(rng, 8) if kind == "board" else draw_numbers(rng, 9)
    names = {thing.cell: thing.name for thing in board.things}
    return encode(board.image, "png"), tuple(f"{CELL_NAMES[cell]} {names.get(cell, NOTHING)}" for cell in range(9))


def curriculum(seed: int, index: int, progress: float) -> Lesson:
    """Training lesson number `index` at a `progress` from 0 to 1: first shapes and where they are, one at a time and
    soon as many as in the examination, then numbers, windows and taps, judging once there is something to judge by.
    What is learnt alone is learnt several times as fast. A lesson is the same whoever draws it, in whatever order."""
    rng = random.Random(f"lesson {seed} {index}")
    most = 1 if progress < 0.02 else 2 if progress < 0.04 else 3 if progress < 0.06 else 4
    judged = (JUDGE,) * 3 if progress > 0.33 else ()
    shares = (1, 0, 0, 0) if progress < 0.08 else (6, 2, 4, 0) if progress < 0.16 else (8, 3, 5, 4)
    kind = rng.choices(("board", "numbers", "window", "tap"), shares)[0]
    row_id = f"lessons#{index}"
    picture: Picture
    if kind == "board":
        picture = draw_board(rng, most)
        skills = ["look", "look", "place", "places", "name", "locate", "locate", "read", "count", "count", *judged]
        if progress < 0.08:
            skills = ["look", "place", "place", "places", "places", "places", "name", "locate", "count"]
    elif kind == "numbers":
        picture, skills = draw_numbers(rng, 2 * most), ["read", *("look",) * (most + 1), *judged[:1]]
    elif kind == "window":
        picture, skills = draw_window(rng, most), ["say", "list", "find", "find", "slots", *judged]
    else:
        picture, skills = draw_window(rng, most), ["tap"] * 3
    # The shipped nano was taught with wrong boxes of one size, and unlearns in the last part to tell them by it.
    return make_lesson(rng, row_id, picture, skills, as_large=False)


def judging(seed: int, index: int, progress: float) -> Lesson:
    """Lesson number `index` of the course's last part, about judging: a right and a wrong answer to each of five
    questions, and three questions of other skills, so that those are kept. Wrong answers first name what is nowhere in
    the picture, later fewer and fewer of them."""
    rng = random.Random(f"judging {seed} {index}")
    most = 1 if progress < 0.05 else 2 if progress < 0.1 else 3 if progress < 0.15 else 4
    kind = "board" if progress < 0.1 else rng.choices(("board", "numbers", "window", "tap"), (8, 2, 5, 1))[0]
    row_id = f"judging#{index}"
    picture: Picture
    if kind in ("window", "tap"):
        picture = draw_window(rng, most)
    else:
        picture = draw_board(rng, most) if kind == "board" else draw_numbers(rng, 2 * most)
    if kind == "tap":
        return make_lesson(rng, row_id, picture, ("tap",) * 3)
    skills = ["read", "look"] if kind == "numbers" else _stated(picture)
    kept = make_lesson(rng, row_id, picture, rng.sample(skills, min(3, len(skills))))
    media, samples = medium(kept.image), list(kept.samples)
    plain = 5 if progress < 0.1 else 3 if progress < 0.35 else 1
    for number in range(5):
        question = _plain_to_judge(rng, picture) if number < plain else _to_judge(rng, picture, skills)
        if question:
            fair = _as_large(question)
            samples += [_judge(rng, f"{row_id}.{number}.{said}", media, fair, said == YES) for said in (YES, NO)]
    return Lesson(samples=tuple(samples), image=kept.image)


def examination(seed: int, skill: str, index: int, crowded: bool = False) -> Lesson:
    """Held-out lesson number `index`: one picture, one question of the skill, drawn apart from training's. Numbers to
    read have three digits. A `crowded` board has five to eight shapes, more than any lesson's."""
    for attempt in range(1000):
        rng = random.Random(f"examination {seed} {skill} {index} {attempt}")
        on_window = skill in WINDOW_SKILLS or (skill == JUDGE and index % 3 == 0)
        picture = draw_window(rng) if on_window else draw_board(rng, 8 if crowded else 4)
        if isinstance(picture, Board) and skill == "read" and len(picture.number) < 3:
            continue
        if isinstance(picture, Board) and crowded and len(picture.shapes) < 5:
            continue
        lesson = make_lesson(rng, f"examination-{skill}#{index}", picture, (skill,))
        if lesson.samples:
            return lesson
    raise ValueError(f"no picture gives occasion for {skill!r}")
