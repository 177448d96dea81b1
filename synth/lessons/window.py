"""Windows: two to four named buttons on a grid of two by three, each two vision tokens wide and one high, in a frame
as boards have one."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw

from synth.drawing import Box, Colour, centred_text, framed, shade
from synth.lessons.question import Question, ask_each

SLOT_WIDTH, SLOT_HEIGHT = 56, 28
WINDOW = (2 * SLOT_WIDTH, 3 * SLOT_HEIGHT)  # width, height in pixels
SLOT_NAMES = ("upper left", "upper right", "middle left", "middle right", "lower left", "lower right")
BUTTON_NAMES = ("Save", "Cancel", "Open", "Send", "Help", "Next", "Back", "Delete", "Edit", "Print")
_THEMES: tuple[tuple[Colour, Colour], ...] = (  # button, window
    ((37, 99, 235), (246, 248, 252)),
    ((13, 130, 96), (244, 250, 246)),
    ((150, 60, 140), (252, 246, 252)),
    ((64, 72, 90), (226, 229, 235)),
    ((252, 252, 252), (208, 214, 224)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """`slot` counts from 0 in reading order; `box` is in pixels."""

    slot: int
    name: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    image: Image.Image
    buttons: tuple[Button, ...]


def draw_window(rng: random.Random, most: int = 4) -> Window:
    """One to `most` buttons, at least two where `most` allows, with different names, in reading order."""
    fill, ground = rng.choice(_THEMES)
    image = framed(WINDOW, ground)
    slots = sorted(rng.sample(range(6), rng.randint(min(2, most), most)))
    names = rng.sample(BUTTON_NAMES, len(slots))
    return Window(image=image, buttons=tuple(_put(rng, image, *each, fill) for each in zip(slots, names, strict=True)))


def _put(rng: random.Random, image: Image.Image, slot: int, name: str, fill: Colour) -> Button:
    width, height = rng.randint(48, 54), rng.randint(21, 25)
    x = slot % 2 * SLOT_WIDTH + rng.randint(1, SLOT_WIDTH - width - 1)
    y = slot // 2 * SLOT_HEIGHT + rng.randint(1, SLOT_HEIGHT - height - 1)
    box = (x, y, x + width, y + height)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((x, y, x + width - 1, y + height - 1), radius=4, fill=fill, outline=shade(fill, -0.25))
    centred_text(draw, box, name, 13, (28, 32, 40) if sum(fill) > 600 else (255, 255, 255))
    return Button(slot=slot, name=name, box=box)


def _ask_tap(rng: random.Random, window: Window) -> Question:
    button = rng.choice(window.buttons)
    return Question(text=f"Tap the {button.name} button.", label=button.name, box=button.box, tap=True)


def _ask_say(rng: random.Random, window: Window) -> Question:
    button = rng.choice(window.buttons)
    wrong = rng.sample([name for name in BUTTON_NAMES if name != button.name], 2)
    text = f"What does the {SLOT_NAMES[button.slot]} button say?"
    return Question(text=text, answer=button.name, wrong=tuple(wrong))


def _ask_list(rng: random.Random, window: Window) -> Question:
    names = [button.name for button in window.buttons]
    place = rng.randrange(len(names))
    other = rng.choice([name for name in BUTTON_NAMES if name not in names])
    wrong = (", ".join([*names[:place], other, *names[place + 1 :]]),)
    return Question(text="Name all buttons.", answer=", ".join(names), wrong=wrong)


def _ask_find(rng: random.Random, window: Window) -> Question:
    button = rng.choice(window.buttons)
    wrong = rng.sample([name for name in SLOT_NAMES if name != SLOT_NAMES[button.slot]], 2)
    text = f"Where is the {button.name} button?"
    return Question(text=text, answer=SLOT_NAMES[button.slot], wrong=tuple(wrong))


def _ask_slots(rng: random.Random, window: Window) -> Question | None:
    if len(window.buttons) < 2:
        return None
    buttons = rng.sample(window.buttons, len(window.buttons))
    places = [SLOT_NAMES[button.slot] for button in buttons]
    return ask_each([button.name for button in buttons], places, [*places[1:], places[0]])


# What can be asked of a window, by skill; a question is None where the window gives no occasion for it.
WINDOW_SKILLS: dict[str, Callable[[random.Random, Window], Question | None]] = {
    "tap": _ask_tap,
    "say": _ask_say,
    "list": _ask_list,
    "find": _ask_find,
    "slots": _ask_slots,
}
