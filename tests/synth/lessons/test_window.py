"""What is asked of a window must be true of its pixels."""

from __future__ import annotations

import random
import re

import numpy as np

from filters.score import score, verifies
from filters.verify import click_in_box
from model.answer import answer_text
from model.chat import render
from model.family import QWEN2_5_VL
from synth.lessons.course import ask, make_lesson
from synth.lessons.question import Question
from synth.lessons.window import (
    BUTTON_NAMES,
    SLOT_HEIGHT,
    SLOT_NAMES,
    SLOT_WIDTH,
    WINDOW,
    WINDOW_SKILLS,
    Button,
    Window,
    draw_window,
)

WINDOWS = [draw_window(random.Random(f"window {seed}"), 1 + seed % 4) for seed in range(60)]


def questions(skill: str) -> list[tuple[Window, Question]]:
    found = []
    for place, window in enumerate(WINDOWS):
        question = ask(random.Random(f"{skill} {place}"), window, skill)
        assert question or len(window.buttons) < 2
        if question:
            found.append((window, question))
    return found


def button(window: Window, name: str) -> Button:
    (found,) = [each for each in window.buttons if each.name == name]
    return found


def test_a_button_is_what_differs_from_the_ground_in_its_slot() -> None:
    for number, window in enumerate(WINDOWS):
        assert window.image.size == WINDOW
        assert min(2, 1 + number % 4) <= len(window.buttons) <= 1 + number % 4
        pixels = np.asarray(window.image).astype(int)
        far = np.abs(pixels - 2 * pixels[0, 0]).max(axis=2) > 1  # the frame is half as light as the ground
        far[[0, -1]], far[:, [0, -1]] = False, False
        taken = {each.slot: each for each in window.buttons}
        assert list(taken) == sorted(taken) and len(taken) == len(window.buttons)
        for slot in range(6):
            x, y = slot % 2 * SLOT_WIDTH, slot // 2 * SLOT_HEIGHT
            ys, xs = np.nonzero(far[y : y + SLOT_HEIGHT, x : x + SLOT_WIDTH])
            assert bool(len(xs)) == (slot in taken)
            if slot in taken:
                box = (x + xs.min(), y + ys.min(), x + xs.max() + 1, y + ys.max() + 1)
                assert tuple(map(int, box)) == taken[slot].box


def test_names_fit_their_buttons_and_look_different() -> None:
    shots = {}
    for name in BUTTON_NAMES:
        window = next(window for seed in range(500) for window in [draw_window(random.Random(seed))]
                      if any(each.name == name for each in window.buttons))  # fmt: skip
        x1, y1, x2, y2 = button(window, name).box
        inside = np.asarray(window.image.convert("L")).astype(int)[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2]
        assert np.ptp(inside[:, 0]) < 12 and np.ptp(inside[:, -1]) < 12, name  # no letter reaches the sides
        shots[name] = (np.abs(inside - np.median(inside)) > 60).sum()
    assert min(shots.values()) > 40


def test_questions_are_right() -> None:
    for window, question in questions("say"):
        (place,) = re.fullmatch(r"What does the (.+) button say\?", question.text).groups()  # type: ignore[union-attr]
        assert [question.answer] == [each.name for each in window.buttons if SLOT_NAMES[each.slot] == place]
        assert question.answer not in question.wrong
    for window, question in questions("find"):
        (name,) = re.fullmatch(r"Where is the (.+) button\?", question.text).groups()  # type: ignore[union-attr]
        x1, y1, x2, y2 = button(window, name).box
        row, column = (y1 + y2) // 2 // SLOT_HEIGHT, (x1 + x2) // 2 // SLOT_WIDTH
        assert question.answer == f"{('upper', 'middle', 'lower')[row]} {('left', 'right')[column]}"
        assert question.answer not in question.wrong
    for window, question in questions("slots"):
        names = question.text.removeprefix("Where are the ").removesuffix("?").split(", the ")
        assert sorted(names) == sorted(each.name for each in window.buttons)
        assert question.answer == ", ".join(f"{name} {SLOT_NAMES[button(window, name).slot]}" for name in names)
        (wrong,) = question.wrong
        assert wrong != question.answer and [each.split()[0] for each in wrong.split(", ")] == names
    for window, question in questions("list"):
        ordered = sorted(window.buttons, key=lambda each: (each.slot // 2, each.slot % 2))
        assert question.answer.split(", ") == [each.name for each in ordered]
        assert question.answer not in question.wrong


def test_a_tap_is_a_click_inside_the_named_button() -> None:
    for window, question in questions("tap"):
        name = question.text.removeprefix("Tap the ").removesuffix(" button.")
        assert question.tap and question.box == button(window, name).box
    lesson = make_lesson(random.Random(1), "t", WINDOWS[3], ("tap",) * 4)
    for sample in lesson.samples:
        row = render(sample, QWEN2_5_VL, 3136, 100352, "train")
        said = answer_text(row)
        assert said.startswith("<tool_call>") and verifies(score(said, row, QWEN2_5_VL), "click")[0]
        ((x, y),) = [map(int, found) for found in re.findall(r"\[(\d+), (\d+)\]", said)]
        others = [each.box for each in WINDOWS[3].buttons if each.name != sample.answer.text]
        assert not any(click_in_box((x, y), box) for box in others)
    assert set(WINDOW_SKILLS) == {"tap", "say", "list", "find", "slots"}
