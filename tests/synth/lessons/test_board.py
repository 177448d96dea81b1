"""What is asked of a board must be true of its pixels."""

from __future__ import annotations

import random
import re
from collections import Counter

import numpy as np
import pytest

from synth.lessons.board import (
    BOARD_SKILLS,
    CELL,
    CELL_NAMES,
    LESSON_COLOURS,
    LESSON_KINDS,
    SIDE,
    Board,
    Thing,
    ask_colour,
    draw_board,
    draw_numbers,
)
from synth.lessons.course import ask
from synth.lessons.question import Question

BOARDS = [draw_board(random.Random(f"board {seed}"), 1 + seed % 4) for seed in range(60)]
NUMBERS = [draw_numbers(random.Random(f"numbers {seed}"), 1 + seed % 8) for seed in range(40)]
NAMES = {f"{colour} {kind}" for colour in LESSON_COLOURS for kind in LESSON_KINDS}


def questions(skill: str, boards: list[Board] = BOARDS) -> list[tuple[Board, Question]]:
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
    far = np.abs(pixels - 2 * pixels[0, 0]).max(axis=2) > 40  # the frame is half as light as the ground
    far[[0, -1]], far[:, [0, -1]] = False, False
    ys, xs = np.nonzero(far[y : y + CELL, x : x + CELL])
    if not len(xs):
        return None
    return x + int(xs.min()), y + int(ys.min()), x + int(xs.max()) + 1, y + int(ys.max()) + 1


def test_boxes_bound_the_drawn_pixels_inside_their_cell() -> None:
    for board in BOARDS + NUMBERS:
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
    assert {len(number) for number in written} == {1, 2, 3}
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


def test_several_places_are_told_in_the_order_asked_for() -> None:
    orders = Counter[bool]()
    for board, question in questions("places", [board for board in BOARDS if len(board.shapes) > 1]):
        names = question.text.removeprefix("Where are the ").removesuffix("?").split(", the ")
        assert sorted(names) == sorted(thing.name for thing in board.shapes)
        assert question.answer == ", ".join(f"{name} {CELL_NAMES[named(board, name).cell]}" for name in names)
        assert question.wrong and question.answer not in question.wrong
        orders[names == [thing.name for thing in board.shapes]] += 1
    assert len(orders) == 2
    assert all(ask(random.Random(0), board, "places") is None for board in BOARDS if len(board.shapes) == 1)


def test_a_look_says_what_is_there_or_nothing() -> None:
    answers = set()
    for board, question in questions("look", BOARDS + NUMBERS):
        (place,) = re.fullmatch(r"What is in the (.+)\?", question.text).groups()  # type: ignore[union-attr]
        there = {thing.cell: thing.name for thing in board.things}.get(CELL_NAMES.index(place), "nothing")
        assert question.answer == there
        assert question.wrong and there not in question.wrong
        answers.add("nothing" if there == "nothing" else "number" if there.isdigit() else "shape")
    assert answers == {"nothing", "number", "shape"}


def test_numbers_are_read_as_written() -> None:
    for board, question in questions("read", [board for board in BOARDS + NUMBERS if board.number]):
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


def test_a_board_of_numbers_holds_different_ones_and_has_one_to_read_only_if_it_is_alone() -> None:
    for place, board in enumerate(NUMBERS):
        names = [thing.name for thing in board.things]
        assert len(set(names)) == len(names) <= 1 + place % 8 and all(name.isdigit() for name in names)
        assert board.number == (names[0] if len(names) == 1 else "")
        assert not board.shapes and ask(random.Random(0), board, "count") is None


@pytest.mark.parametrize("skill", BOARD_SKILLS)
def test_a_question_depends_on_its_luck_alone(skill: str) -> None:
    board = next(board for board in BOARDS if board.number)
    assert ask(random.Random("q"), board, skill) == ask(random.Random("q"), board, skill)
