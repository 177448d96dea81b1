"""Lessons and examinations: a picture with many questions about it, and the order in which they come."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

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
from synth.lessons.board import BOARD_SKILLS, CELL_NAMES, NOTHING, Board, draw_board, draw_numbers
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


def make_lesson(rng: random.Random, row_id: str, picture: Picture, skills: Sequence[str]) -> Lesson:
    """A question for each of `skills` that the picture gives occasion for. Judging takes its question from another
    skill and shows a wrong answer half the time."""
    data = encode(picture.image, "png")
    media = medium(data)
    samples = []
    for number, skill in enumerate(skills):
        question = _to_judge(rng, picture) if skill == JUDGE else ask(rng, picture, skill)
        if question:
            make = _judge if skill == JUDGE else _answered
            samples.append(make(rng, f"{row_id}.{number}", media, question))
    return Lesson(samples=tuple(samples), image=data)


def _to_judge(rng: random.Random, picture: Picture) -> Question | None:
    """A question with a wrong answer to show: not where to tap, which is an act and no statement."""
    skills = BOARD_SKILLS if isinstance(picture, Board) else WINDOW_SKILLS
    question = ask(rng, picture, rng.choice([skill for skill in skills if skill != "tap"]))
    return question if question and question.wrong else None


def _answered(rng: random.Random, row_id: str, media: Media, question: Question) -> Sample:
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


def _judge(rng: random.Random, row_id: str, media: Media, question: Question) -> Sample:
    right = rng.random() < 0.5
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
    if kind == "board":
        skills = ["look", "look", "place", "places", "name", "locate", "locate", "read", "count", "count"]
        if progress < 0.08:
            skills = ["look", "place", "place", "places", "places", "places", "name", "locate", "count"]
        return make_lesson(rng, row_id, draw_board(rng, most), (*skills, *judged))
    if kind == "numbers":
        return make_lesson(rng, row_id, draw_numbers(rng, 2 * most), ("read", *("look",) * (most + 1), *judged[:1]))
    if kind == "window":
        return make_lesson(rng, row_id, draw_window(rng, most), ("say", "list", "find", "find", "slots", *judged))
    return make_lesson(rng, row_id, draw_window(rng, most), ("tap",) * 3)


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
