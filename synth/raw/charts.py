"""Bar charts with their numbers, and questions that the picture answers."""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

from synth.drawing import Box, Colour, put_text, shade, text_width
from synth.raw.signs import Question

_INK: Colour = (50, 54, 62)
_GRID: Colour = (214, 218, 224)
_FILLS: tuple[Colour, ...] = (
    (66, 110, 190),
    (200, 96, 60),
    (70, 150, 110),
    (150, 100, 180),
    (220, 160, 40),
    (90, 100, 120),
)
# What is counted, where or when, and the bars' names.
_SUBJECTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Loaves sold", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat")),
    ("Visitors", ("Zoo", "Pool", "Fort", "Park", "Cave", "Pier")),
    ("Books lent", ("Ada", "Ben", "Cleo", "Dev", "Edie", "Finn")),
    ("Rainy days", ("Jan", "Mar", "May", "Jul", "Sep", "Nov")),
    ("Trees planted", ("Oak", "Ash", "Elm", "Fir", "Yew", "Lime")),
    ("Parcels", ("Bath", "York", "Ely", "Hull", "Ryde", "Leek")),
    ("Votes", ("Plum", "Pear", "Fig", "Kiwi", "Lemon", "Date")),
    ("Goals", ("Reds", "Blues", "Owls", "Foxes", "Stars", "Kites")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """`boxes` bound the bars, in pixels, in the order of `labels` and `values`. The values are all different."""

    image: Image.Image
    title: str
    labels: tuple[str, ...]
    values: tuple[int, ...]
    boxes: tuple[Box, ...]


def draw_bar_chart(rng: random.Random) -> Chart:
    """Three to six upright bars, 224 to 308 pixels wide. Values are multiples of five up to 50, on an axis by tens;
    half of the charts also print each value above its bar."""
    title, names = rng.choice(_SUBJECTS)
    number = rng.randint(3, 6)
    width, height = rng.choice((252, 308) if number == 6 else (224, 252, 308)), rng.choice((196, 224, 252))
    labels = tuple(sorted(rng.sample(names, number), key=names.index))
    values = tuple(rng.sample(range(5, 55, 5), number))
    image = Image.new("RGB", (width, height), rng.choice(((255, 255, 255), (252, 250, 244), (243, 246, 250))))
    draw = ImageDraw.Draw(image)
    put_text(draw, (width - text_width(title, 15)) // 2, 22, title, 15, _INK)
    plot = (34, 44, width - 10, height - 28)
    _axis(draw, plot)
    fills = rng.sample(_FILLS, number) if rng.random() < 0.5 else [rng.choice(_FILLS)] * number
    boxes = _bars(draw, plot, labels, values, fills)
    if rng.random() < 0.5:
        for box, value in zip(boxes, values, strict=True):
            _under(draw, box, box[1] - 4, str(value), 11)
    return Chart(image=image, title=title, labels=labels, values=values, boxes=boxes)


def height_of(value: int, plot: Box) -> int:
    """The first row of pixels of a bar of `value`, on an axis from 0 at the foot of `plot` to 50 at its top."""
    return plot[3] - round(value * (plot[3] - plot[1]) / 50)


def _axis(draw: ImageDraw.ImageDraw, plot: Box) -> None:
    for value in range(0, 60, 10):
        y = height_of(value, plot)
        draw.line([(plot[0], y), (plot[2], y)], fill=_GRID if value else _INK)
        put_text(draw, plot[0] - 6 - text_width(str(value), 11), y + 4, str(value), 11, _INK)


def _bars(
    draw: ImageDraw.ImageDraw, plot: Box, labels: tuple[str, ...], values: tuple[int, ...], fills: list[Colour]
) -> tuple[Box, ...]:
    pitch = (plot[2] - plot[0]) / len(values)
    boxes: list[Box] = []
    for index, (label, value, fill) in enumerate(zip(labels, values, fills, strict=True)):
        x1 = round(plot[0] + pitch * (index + 0.2))
        box = (x1, height_of(value, plot), round(plot[0] + pitch * (index + 0.8)), plot[3])
        draw.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=fill, outline=shade(fill, -0.25))
        _under(draw, box, plot[3] + 16, label, 12)
        boxes.append(box)
    return tuple(boxes)


def _under(draw: ImageDraw.ImageDraw, box: Box, baseline: int, text: str, size: int) -> None:
    put_text(draw, (box[0] + box[2] - text_width(text, size)) // 2, baseline, text, size, _INK)


def ask_about_chart(rng: random.Random, chart: Chart) -> Question:
    """A question with one right answer: a bar's name, a value, a difference or the number of bars."""
    values = dict(zip(chart.labels, chart.values, strict=True))
    first, second = rng.sample(chart.labels, 2)
    topic = chart.title.lower()
    return rng.choice(
        (
            Question(question="Which bar is the tallest?", answer=max(values, key=values.__getitem__)),
            Question(question=f"Which bar has the fewest {topic}?", answer=min(values, key=values.__getitem__)),
            Question(question=f"What is the value of {first}?", answer=str(values[first])),
            Question(question=f"How many {topic} does the chart show for {first}?", answer=str(values[first])),
            Question(question="How many bars are in the chart?", answer=str(len(values))),
            Question(
                question=f"What is the difference between {first} and {second}?",
                answer=str(abs(values[first] - values[second])),
            ),
            Question(
                question=f"Is {first} higher than {second}?", answer="yes" if values[first] > values[second] else "no"
            ),
        )
    )
