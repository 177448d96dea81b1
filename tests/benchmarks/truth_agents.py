"""Checks of episodes, of our own programs and of MiniWoB++, by another way than the one that made them.

The steps are written as a model would write them, read back, and carried out on a fresh page, which must then be in the
state that the task asks for, and must not be when one press goes elsewhere.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from curation.contract.sample import Step
from model.actions import ParsedStep
from synth.agents.episodes import Episodes
from synth.agents.miniwob import Puzzles
from synth.generator import Make
from synth.specimen import Specimen
from tests.benchmarks.truth_screens import rgb, written, wrong_step

if TYPE_CHECKING:
    from playwright.sync_api import Page


def wrong(made: Sequence[Specimen], again: Make | None, rng_key: str) -> list[str]:
    """What is wrong with the samples of one episode, which `again`, the opened generator's `make`, plays once more.
    Raises TypeError where it is that of another generator."""
    if not isinstance(again, Episodes | Puzzles):
        raise TypeError(f"these checks need the make of agents or miniwob, not {type(again).__name__}")
    return [*_wrong_trajectory(made[0], again, rng_key), *wrong_step(made[1].sample)]


def _wrong_trajectory(made: Specimen, again: Episodes | Puzzles, rng_key: str) -> list[str]:
    sample = made.sample
    screens, fresh = _again(again, rng_key)
    page, scale = next(fresh)
    if _done(page):
        return ["the task is done before anything is done"]
    found = [] if screens == [made.images[each.sha256] for each in sample.media] else ["the same key gave other bytes"]
    for index, step in enumerate(sample.steps):
        text, parsed = written(sample, index)
        if parsed is None:
            return [f"step {index} can't be read back: {text}"]
        if not _alike(page.screenshot(), made.images[sample.media[step.media].sha256]):
            found.append(f"step {index}: the screen is not the one before {step.action}")
        carry_out(page, parsed, scale)
    if not _done(page):
        found.append("the steps as written do not do the task")
    presses = [
        index
        for index, step in enumerate(sample.steps)
        if step.action in ("click", "left_click", "long_press", "right_click")
    ]
    page, scale = next(fresh)
    for index in range(len(sample.steps)):
        if not presses or index != presses[-1]:
            carry_out(page, written(sample, index)[1], scale)
        else:
            page.mouse.click(1, page.viewport_size["height"] - 1)  # type: ignore[index]
    if presses and _done(page):
        found.append("the task is done although the last press went elsewhere")
    return found


def _again(again: Episodes | Puzzles, rng_key: str) -> tuple[list[bytes], Iterator[tuple[Page, float]]]:
    """The episode's screens when it is played once more, and its page as it was before anything was done, with its
    pixels for each CSS pixel, as often as it is asked for."""
    if isinstance(again, Episodes):
        plan, recorder = again.played(random.Random(rng_key))
        starts = (again.recorder(plan, random.Random(0)) for _ in count())
        return recorder.screens, ((each.page, each.scale) for each in starts)
    puzzle, _, recorder = again.played(random.Random(rng_key))
    return recorder.screens, ((again.start(puzzle), puzzle.scale) for _ in count())


def _done(page: Page) -> bool:
    return bool(page.evaluate("() => typeof done === 'function' ? done() : WOB_RAW_REWARD_GLOBAL >= 0.99"))


def _alike(one: bytes, other: bytes) -> bool:
    """Whether less than a thousandth of either screen's pixels are new: places are rounded when written, so that a view
    may be scrolled by a pixel or two more."""
    first, second = rgb(one), rgb(other)
    return first.shape == second.shape and max(_new(first, second), _new(second, first)) < 1e-3


def _new(screen: npt.NDArray[np.int16], other: npt.NDArray[np.int16]) -> float:
    """The share of a screen's pixels that the other has neither there nor up to two pixels above or below."""
    rows = np.arange(len(screen))
    near = [other[np.clip(rows + by, 0, len(rows) - 1)] for by in range(-2, 3)]
    return float(np.min([np.abs(screen - each).max(axis=2) > 24 for each in near], axis=0).mean())


def carry_out(page: Page, parsed: ParsedStep | None, scale: float) -> None:
    """Does what a call of either tool says, by mouse and keyboard; `scale` is pixels of the screen per CSS pixel."""
    assert parsed is not None
    step: Step = parsed.step
    given = json.loads(step.arguments)
    at = tuple(value / scale for value in parsed.point.centre) if parsed.point else None
    to = tuple(value / scale for value in parsed.end.centre) if parsed.end else None
    mouse, keyboard = page.mouse, page.keyboard
    if step.action in ("click", "left_click") and at:
        mouse.click(*at)
    elif step.action == "right_click" and at:
        mouse.click(*at, button="right")
    elif step.action == "mouse_move" and at:
        mouse.move(*at)
    elif step.action == "long_press" and at:
        mouse.move(*at)
        mouse.down()
        page.evaluate("ms => advance(ms)", 1000 * given["time"])
        mouse.up()
    elif step.action in ("swipe", "left_click_drag"):
        if step.action == "swipe" and at:
            mouse.move(*at)
        mouse.down()
        mouse.move(*(to or at), steps=5)  # type: ignore[misc]
        mouse.up()
    elif step.action == "scroll":
        mouse.wheel(0, -given["pixels"] / scale)
        page.wait_for_timeout(150)
    elif step.action == "type":
        keyboard.type(given["text"])
    elif step.action in ("key", "system_button"):
        names = {"enter": "Enter", "esc": "Escape", "Enter": "Enter", "Back": "Escape"}
        keyboard.press(names[given.get("button") or given["keys"][0]])
    elif step.action == "wait":
        page.evaluate("ms => advance(ms)", 1000 * given["time"])
    elif step.action != "terminate":
        raise AssertionError(f"nothing carries out {step}")
