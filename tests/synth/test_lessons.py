"""What nano is taught must be true of what it is shown."""

from __future__ import annotations

import hashlib
import io
import random
import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from PIL import Image

from curation.contract.sample import Sample
from filters.score import score, verifies
from model.answer import answer_text
from model.chat import render
from model.family import QWEN2_5_VL
from synth.judge import RUBRICS
from synth.lessons import (
    CELL,
    CELL_NAMES,
    LESSON_COLOURS,
    LESSON_KINDS,
    SIDE,
    SKILLS,
    Board,
    Lesson,
    Question,
    Thing,
    ask,
    ask_colour,
    curriculum,
    draw_board,
    examination,
    make_lesson,
)

BOARDS = [draw_board(random.Random(f"board {seed}"), 1 + seed % 4) for seed in range(60)]
ASKED = tuple(skill for skill in SKILLS if skill != "judge")
NAMES = {f"{colour} {kind}" for colour in LESSON_COLOURS for kind in LESSON_KINDS}


def questions(skill: Any, boards: list[Board] = BOARDS) -> list[tuple[Board, Question]]:
    """Several questions of a skill about each board, as far as it gives occasion for them."""
    asked = [
        (board, ask(random.Random(f"{place} {n}"), board, skill))
        for place, board in enumerate(boards)
        for n in range(4)
    ]
    found = [(board, question) for board, question in asked if question]
    assert len(found) > len(boards)
    return found


def named(board: Board, name: str) -> Thing:
    (thing,) = [thing for thing in board.things if thing.name == name]
    return thing


def ink(board: Board, cell: int) -> tuple[int, int, int, int] | None:
    """The box around what is clearly not the ground in a cell, in pixels of the board."""
    pixels = np.asarray(board.image).astype(int)
    x, y = cell % 3 * CELL, cell // 3 * CELL
    far = np.abs(pixels - pixels[0, 0]).max(axis=2)[y : y + CELL, x : x + CELL] > 40
    ys, xs = np.nonzero(far)
    if not len(xs):
        return None
    return x + int(xs.min()), y + int(ys.min()), x + int(xs.max()) + 1, y + int(ys.max()) + 1


def test_boxes_bound_the_drawn_pixels_inside_their_cell() -> None:
    for board in BOARDS:
        assert board.image.size == (SIDE, SIDE)
        taken = {thing.cell: thing for thing in board.things}
        assert len(taken) == len(board.things)
        for cell in range(9):
            found = ink(board, cell)
            assert (found is None) == (cell not in taken)
            if found:
                box, x, y = taken[cell].box, cell % 3 * CELL, cell // 3 * CELL
                assert x <= box[0] < box[2] <= x + CELL and y <= box[1] < box[3] <= y + CELL
                assert np.abs(np.subtract(found, box)).max() <= 1, taken[cell]


def test_things_stand_in_reading_order_and_no_name_twice() -> None:
    for place, board in enumerate(BOARDS):
        cells = [thing.cell for thing in board.things]
        assert cells == sorted(cells)
        names = [thing.name for thing in board.shapes]
        assert len(set(names)) == len(names) and set(names) <= NAMES
        assert 1 <= len(names) <= 1 + place % 4
        numbers = [thing.name for thing in board.things if thing.kind == "number"]
        assert numbers == ([board.number] if board.number else [])
    written = [board.number for board in BOARDS if board.number]
    assert {len(number) for number in written} == {1, 2}
    assert 0.3 < len(written) / len(BOARDS) < 0.7


def test_all_shapes_are_named_in_reading_order() -> None:
    for board, question in questions("name"):
        there = sorted(board.shapes, key=lambda thing: (thing.box[1] // CELL, thing.box[0] // CELL))
        assert question.answer.split(", ") == [thing.name for thing in there]
        for wrong in question.wrong:
            assert wrong.split(", ") != question.answer.split(", ")
            assert set(wrong.split(", ")) != {thing.name for thing in there}


def test_counts_are_right_and_wrong_ones_are_not() -> None:
    kinds = Counter[str]()
    for board, question in questions("count"):
        (what,) = re.fullmatch(r"How many (.+) are there\?", question.text).groups()  # type: ignore[union-attr]
        of = what.removesuffix(" shapes").removesuffix("s")
        count = sum(what == "shapes" or of in (thing.colour, thing.kind) for thing in board.shapes)
        kinds["all" if what == "shapes" else "colour" if of in LESSON_COLOURS else "kind"] += 1
        assert what == "shapes" or of in LESSON_COLOURS + LESSON_KINDS
        assert question.answer == str(count)
        assert question.answer not in question.wrong and all(int(wrong) >= 0 for wrong in question.wrong)
    assert set(kinds) == {"all", "colour", "kind"}


def test_places_are_where_the_pixels_are() -> None:
    for board, question in questions("place"):
        (name,) = re.fullmatch(r"Where is the (.+)\?", question.text).groups()  # type: ignore[union-attr]
        x1, y1, x2, y2 = named(board, name).box
        row, column = int((y1 + y2) / 2 / CELL), int((x1 + x2) / 2 / CELL)
        words = [("upper", "middle", "lower")[row], ("left", "middle", "right")[column]]
        assert question.answer == ("centre" if (row, column) == (1, 1) else " ".join(words))
        assert set(question.wrong) <= set(CELL_NAMES) - {question.answer} and question.wrong


def test_a_look_says_what_is_there_or_nothing() -> None:
    answers = set()
    for board, question in questions("look"):
        (place,) = re.fullmatch(r"What is in the (.+)\?", question.text).groups()  # type: ignore[union-attr]
        there = {thing.cell: thing.name for thing in board.things}.get(CELL_NAMES.index(place), "nothing")
        assert question.answer == there
        assert question.wrong and there not in question.wrong
        answers.add("nothing" if there == "nothing" else "number" if there.isdigit() else "shape")
    assert answers == {"nothing", "number", "shape"}


def test_numbers_are_read_as_written() -> None:
    for board, question in questions("read", [board for board in BOARDS if board.number]):
        assert question.answer == board.number
        assert board.number not in question.wrong and all(wrong.isdigit() for wrong in question.wrong)
    assert all(ask(random.Random(0), board, "read") is None for board in BOARDS if not board.number)


def test_boxes_are_those_of_what_is_asked_for() -> None:
    for board, question in questions("locate"):
        thing = named(board, question.label)
        assert question.text == f"Locate the {thing.name} in the image."
        assert question.box == thing.box
        for wrong in question.wrong:
            assert not isinstance(wrong, str)
            assert apart(wrong, thing.box) and max(wrong) <= SIDE


def test_colours_are_asked_of_shapes_that_are_alone_of_their_kind() -> None:
    asked = 0
    for place, board in enumerate(BOARDS):
        question = ask_colour(random.Random(place), board)
        kinds = Counter(thing.kind for thing in board.shapes)
        assert (question is None) == (1 not in kinds.values())
        if question:
            (kind,) = re.fullmatch(r"What colour is the (.+)\?", question.text).groups()  # type: ignore[union-attr]
            assert [question.answer] == [thing.colour for thing in board.shapes if thing.kind == kind]
            asked += 1
    assert asked > 30


def apart(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


LESSONS = [curriculum(7, index, 0.9) for index in range(40)]


def rendered(sample: Sample) -> Any:
    return render(sample, QWEN2_5_VL, 3136, 100352, "train")


def test_every_lessons_own_answer_verifies() -> None:
    for lesson in LESSONS[:15]:
        for sample in lesson.samples:
            row = rendered(sample)
            (medium,) = row.media
            assert (medium.resized_width, medium.resized_height, medium.vision_tokens) == (SIDE, SIDE, 9)
            assert medium.sha256 == hashlib.sha256(lesson.image).hexdigest()
            assert verifies(score(answer_text(row), row, QWEN2_5_VL), sample.answer.verifier)[0], sample


def test_judging_shows_a_right_answer_half_the_time_and_says_so() -> None:
    rng = random.Random("judging")
    lessons = [make_lesson(rng, f"j#{n}", 4, ("judge",)) for n in range(300)]
    judged = [sample for lesson in lessons for sample in lesson.samples]
    assert len(judged) > 250  # not every board has a number to read
    said = Counter(sample.answer.text for sample in judged)
    assert set(said) == {"yes", "no"} and 0.42 < said["yes"] / len(judged) < 0.58
    ending = f"\n\n{RUBRICS['correct']} Answer yes or no."
    for sample in judged:
        user, reply = sample.messages
        assert user.parts[-1].text == ending
        assert [part.text for part in reply.parts] == [sample.answer.text]


def test_judged_answers_are_right_and_wrong_as_said() -> None:
    """Where both say what stands in a named place, the judged answer and the true one can be compared."""
    compared = Counter[str]()
    for seed in range(300):
        skills = ("look",) * 30
        lesson = make_lesson(random.Random(f"both {seed}"), "b", 4, (*skills, "judge"))
        truth = {sample.messages[0].parts[1].text: sample.answer.text for sample in lesson.samples[:30]}
        _, question, *judged = lesson.samples[-1].messages[0].parts
        if len(judged) == 3 and question.text in truth:
            shown = judged[1].text
            assert (shown == truth[question.text]) == (lesson.samples[-1].answer.text == "yes")
            compared[lesson.samples[-1].answer.text] += 1
    assert min(compared["yes"], compared["no"]) > 5


def content(lesson: Lesson) -> tuple[bytes, tuple[Sample, ...]]:
    return lesson.image, lesson.samples


def test_the_same_seed_gives_the_same_lesson_whoever_draws_it() -> None:
    backwards = [curriculum(7, index, 0.9) for index in reversed(range(40))][::-1]
    assert [content(lesson) for lesson in backwards] == [content(lesson) for lesson in LESSONS]
    digest = hashlib.sha256(b"".join(lesson.image for lesson in LESSONS)).hexdigest()
    other = hashlib.sha256(b"".join(curriculum(8, index, 0.9).image for index in range(40))).hexdigest()
    assert digest != other
    assert content(examination(7, "read", 3)) == content(examination(7, "read", 3))


def test_the_curriculum_grows() -> None:
    def most(progress: float) -> int:
        return max(len(names(curriculum(3, index, progress))) for index in range(60))

    def names(lesson: Lesson) -> list[str]:
        return next(s.answer.text for s in lesson.samples if s.messages[0].parts[1].text == "Name all shapes.").split(
            ", "
        )

    assert (most(0.0), most(0.3), most(0.9)) == (2, 3, 4)
    assert not any("Answer yes or no" in part.text for lesson in (curriculum(3, i, 0.2) for i in range(20))
                   for sample in lesson.samples for part in sample.messages[0].parts)  # fmt: skip
    assert all(len({sample.row_id for sample in lesson.samples}) == len(lesson.samples) for lesson in LESSONS)


def test_examinations_are_of_one_skill_and_on_other_boards() -> None:
    trained = {lesson.image for lesson in LESSONS}
    for skill in SKILLS:
        lessons = [examination(7, skill, index) for index in range(12)]
        assert all(len(lesson.samples) == 1 for lesson in lessons)
        assert not trained & {lesson.image for lesson in lessons}
        assert len({lesson.image for lesson in lessons}) == 12
    assert {examination(7, "locate", n).samples[0].answer.verifier for n in range(3)} == {"box"}


def test_images_are_what_the_media_say() -> None:
    for lesson in LESSONS[:10]:
        image = Image.open(io.BytesIO(lesson.image))
        medium = lesson.samples[0].media[0]
        assert (image.format, image.size, medium.size) == ("PNG", (medium.width, medium.height), len(lesson.image))


@pytest.mark.parametrize("skill", ASKED)
def test_a_question_depends_on_its_luck_alone(skill: Any) -> None:
    board = next(board for board in BOARDS if board.number)
    assert ask(random.Random("q"), board, skill) == ask(random.Random("q"), board, skill)
