"""Screens of made-up programs: widgets with their boxes, an instruction, and the widgets that fulfil it in order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from synth.drawing import Box, Colour, centred_text, put_text, shade, text_width

_THEMES: tuple[tuple[Colour, Colour], ...] = (  # accent, window
    ((37, 99, 235), (248, 250, 252)),
    ((13, 130, 96), (246, 250, 246)),
    ((150, 60, 140), (252, 248, 252)),
    ((190, 84, 20), (253, 250, 244)),
    ((64, 72, 90), (228, 231, 236)),
)
_TITLES = ("Account settings", "New booking", "Stock list", "Print job", "Team rota", "Mail options", "Trip planner")
_TABS = ("General", "Billing", "Privacy", "History", "Devices", "Team", "Notes", "Alerts")
_INPUTS = {  # what a field is called, and what may stand in it
    "Full name": "Ada Brook",
    "Email": "ada@post.test",
    "City": "Leeds",
    "Phone": "0555 0147",
    "Order number": "B-2043",
    "Room": "17",
    "Start date": "2 June",
    "Quantity": "12",
    "Reference": "spring trip",
}
_CHECKS = ("Weekly report", "Dark mode", "Keep a copy", "Notify me", "Use my location", "Print in colour", "Both sides")
_BUTTONS = ("Save", "Cancel", "Apply", "Next", "Delete", "Export", "Preview", "Reset", "Help", "Send")
_SIZES = ((336, 280), (308, 336), (392, 308), (280, 364))
_MARGIN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """Something on a screen; `box` in pixels. `tag`, `type` and `text` are what the same thing would have in HTML."""

    tag: str
    type: str
    text: str
    box: Box
    checked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """`steps` are the widgets to click, in order, to do what `instruction` says."""

    image: Image.Image
    widgets: tuple[Widget, ...]
    instruction: str
    steps: tuple[Widget, ...]


@dataclass
class _Canvas:
    """A window while it is being filled from top to bottom; `y` is the first free row of pixels."""

    image: Image.Image
    accent: Colour
    y: int = 0
    widgets: list[Widget] = field(default_factory=list)

    @property
    def draw(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def add(self, tag: str, kind: str, text: str, box: Box, checked: bool = False) -> None:
        self.widgets.append(Widget(tag=tag, type=kind, text=text, box=box, checked=checked))


_INK: Colour = (32, 36, 44)
_LINE: Colour = (160, 166, 176)


def draw_screen(rng: random.Random, label: str = "") -> Screen:
    """A window with a title, perhaps tabs, inputs, check boxes and buttons; `label` is put on one of its buttons.

    No two widgets of a screen have the same text, so that the instruction means one widget for each step.
    """
    width, height = rng.choice(_SIZES)
    accent, window = rng.choice(_THEMES)
    canvas = _Canvas(image=Image.new("RGB", (width, height), window), accent=accent)
    _title(canvas, rng.choice(_TITLES))
    if rng.random() < 0.5:
        _tabs(canvas, rng.sample(_TABS, 3), rng.randrange(3))
    for text in rng.sample(list(_INPUTS), 2 if height > 300 else 1):
        _input(canvas, text, _INPUTS[text] if rng.random() < 0.3 else "")
    room = (height - canvas.y - 56) // 28
    for text in rng.sample(_CHECKS, max(1, min(4, room))):
        _checkbox(canvas, text, rng.random() < 0.3)
    names = rng.sample(_BUTTONS, 2 if label else 3)
    _buttons(canvas, [*names, label] if label else names)
    instruction, steps = _task(rng, canvas.widgets)
    return Screen(image=canvas.image, widgets=tuple(canvas.widgets), instruction=instruction, steps=steps)


def _title(canvas: _Canvas, text: str) -> None:
    canvas.draw.rectangle((0, 0, canvas.image.width - 1, 31), fill=canvas.accent)
    canvas.add("h1", "", text, put_text(canvas.draw, _MARGIN, 21, text, 14, (255, 255, 255)))
    canvas.y = 44


def _tabs(canvas: _Canvas, names: list[str], chosen: int) -> None:
    width = (canvas.image.width - 2 * _MARGIN) // len(names)
    for index, name in enumerate(names):
        x = _MARGIN + index * width
        box = (x, canvas.y, x + width - 4, canvas.y + 26)
        fill = (255, 255, 255) if index == chosen else shade(_LINE, 0.5)
        _panel(canvas, box, fill, _LINE, radius=4)
        centred_text(canvas.draw, box, name, 12, canvas.accent if index == chosen else _INK)
        canvas.add("a", "tab", name, box, checked=index == chosen)
    canvas.y += 40


def _panel(canvas: _Canvas, box: Box, fill: Colour, outline: Colour, radius: int) -> None:
    inclusive = (box[0], box[1], box[2] - 1, box[3] - 1)
    canvas.draw.rounded_rectangle(inclusive, radius=radius, fill=fill, outline=outline)


def _input(canvas: _Canvas, label: str, value: str) -> None:
    put_text(canvas.draw, _MARGIN, canvas.y + 18, label, 12, _INK)
    box = (_MARGIN + 104, canvas.y, canvas.image.width - _MARGIN, canvas.y + 26)
    _panel(canvas, box, (255, 255, 255), _LINE, radius=3)
    if value:
        put_text(canvas.draw, box[0] + 8, canvas.y + 18, value, 12, shade(_INK, 0.2))
    canvas.add("input", "text", label, box)
    canvas.y += 36


def _checkbox(canvas: _Canvas, label: str, checked: bool) -> None:
    box = (_MARGIN, canvas.y + 2, _MARGIN + 18, canvas.y + 20)
    _panel(canvas, box, canvas.accent if checked else (255, 255, 255), _LINE, radius=3)
    if checked:
        x, y = box[0], box[1]
        canvas.draw.line([(x + 4, y + 9), (x + 8, y + 13), (x + 14, y + 4)], fill=(255, 255, 255), width=2)
    put_text(canvas.draw, box[2] + 8, canvas.y + 16, label, 12, _INK)
    canvas.add("input", "checkbox", label, box, checked=checked)
    canvas.y += 28


def _buttons(canvas: _Canvas, names: list[str]) -> None:
    """A row of buttons along the lower edge, as wide as their names need."""
    x, y = _MARGIN, canvas.image.height - 42
    for index, name in enumerate(names):
        box = (x, y, x + text_width(name, 13) + 24, y + 28)
        fill = canvas.accent if index == 0 else (255, 255, 255)
        _panel(canvas, box, fill, shade(canvas.accent, -0.2), radius=5)
        centred_text(canvas.draw, box, name, 13, (255, 255, 255) if index == 0 else _INK)
        canvas.add("button", "submit" if index == 0 else "button", name, box)
        x = box[2] + 8


def _task(rng: random.Random, widgets: list[Widget]) -> tuple[str, tuple[Widget, ...]]:
    """What to do on the screen, and the widgets that do it. A ticked box or an open tab is never asked for."""
    targets = [widget for widget in widgets if widget.tag != "h1" and not widget.checked]
    first = rng.choice(targets)
    if first.type == "checkbox" and rng.random() < 0.6:
        button = rng.choice([widget for widget in widgets if widget.tag == "button"])
        return f'{_order(rng, first)}, then press "{button.text}".', (first, button)
    return f"{_order(rng, first)}.", (first,)


def _order(rng: random.Random, widget: Widget) -> str:
    forms = {
        "tab": ("Open the {} tab", "Go to the {} tab"),
        "text": ("Click into the {} field", "Put the cursor in the field for {}"),
        "checkbox": ("Tick {}", "Switch on {}", "Select the box next to {}"),
        "button": ("Press {}", "Click the {} button"),
        "submit": ("Press {}", "Click the {} button"),
    }
    return rng.choice(forms[widget.type]).format(f'"{widget.text}"')
