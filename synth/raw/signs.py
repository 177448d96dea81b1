"""Questions about pictures: scenes to look at, phrases that point at one shape, and signs with a number to read."""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

from synth.drawing import Box, Colour, centred_text, paper, shade
from synth.raw.scenes import NUMBERS, Scene, Shape, related, unique


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A number on a plate: `box` bounds the plate, `text_box` the digits, both in pixels."""

    image: Image.Image
    kind: str
    text: str
    box: Box
    text_box: Box


# What the sign is, and the colours of its plate and digits.
_SIGNS: tuple[tuple[str, Colour, Colour], ...] = (
    ("house number", (32, 58, 120), (250, 250, 250)),
    ("bus number", (250, 196, 20), (20, 20, 20)),
    ("ticket number", (246, 240, 226), (150, 30, 30)),
    ("platform number", (245, 245, 245), (20, 30, 60)),
    ("locker number", (70, 76, 84), (240, 236, 220)),
    ("score", (16, 20, 18), (90, 240, 120)),
)
_WALLS: tuple[Colour, ...] = ((168, 132, 108), (140, 156, 140), (190, 186, 176), (110, 124, 150), (205, 190, 160))


def draw_sign(rng: random.Random) -> Sign:
    """A plate with a number of two to four digits on a wall, 168 to 252 pixels each way."""
    width, height = rng.choice((168, 196, 224, 252)), rng.choice((168, 196, 224))
    image = paper(rng, (width, height), rng.choice(_WALLS), grain=0.12)
    kind, plate, ink = rng.choice(_SIGNS)
    text = str(rng.randint(*rng.choice(((10, 99), (100, 999), (1000, 9999)))))
    plate_width, plate_height = rng.randint(width // 2, width - 28), rng.randint(height // 3, height // 2)
    x, y = rng.randint(10, width - plate_width - 10), rng.randint(10, height - plate_height - 10)
    box = (x, y, x + plate_width, y + plate_height)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((x, y, box[2] - 1, box[3] - 1), radius=8, fill=plate, outline=shade(plate, -0.4), width=3)
    font_size = min(plate_height - 18, (plate_width - 20) * 10 // (6 * len(text)))
    text_box = centred_text(draw, box, text, font_size, ink)
    return Sign(image=image, kind=kind, text=text, box=box, text_box=text_box)


def ask_about_sign(rng: random.Random, sign: Sign) -> Question:
    question = rng.choice(("What is the {kind}?", "Read the {kind} in this picture.", "Which {kind} is shown?"))
    return Question(question=question.format(kind=sign.kind), answer=sign.text)


def ask_about_scene(rng: random.Random, scene: Scene) -> Question:
    """A question with one right answer: a number of shapes, a colour, a place, or yes or no about two shapes."""
    makers = [_how_many]
    if _lone_kinds(scene):
        makers.append(_which_colour)
    if unique(scene.objects):
        makers.append(_where)
    if related(scene.objects):
        makers.append(_yes_or_no)
    return rng.choice(makers)(rng, scene)


def _how_many(rng: random.Random, scene: Scene) -> Question:
    kind = rng.choice(scene.objects).kind
    number = sum(shape.kind == kind for shape in scene.objects)
    forms = ("How many {kind}s are there?", "Count the {kind}s.", "What is the number of {kind}s in the image?")
    return Question(question=rng.choice(forms).format(kind=kind), answer=NUMBERS[number])


def _lone_kinds(scene: Scene) -> list[Shape]:
    kinds = [shape.kind for shape in scene.objects]
    return [shape for shape in scene.objects if kinds.count(shape.kind) == 1]


def _which_colour(rng: random.Random, scene: Scene) -> Question:
    shape = rng.choice(_lone_kinds(scene))
    form = rng.choice(("What colour is the {kind}?", "Name the colour of the {kind}.", "Which colour has the {kind}?"))
    return Question(question=form.format(kind=shape.kind), answer=shape.colour)


def _where(rng: random.Random, scene: Scene) -> Question:
    shape = rng.choice(unique(scene.objects))
    form = rng.choice(("Where is the {name}?", "In which part of the image is the {name}?"))
    return Question(question=form.format(name=shape.name), answer=shape.place)


def _yes_or_no(rng: random.Random, scene: Scene) -> Question:
    first, where, second = rng.choice(related(scene.objects))
    first, second, answer = rng.choice(((first, second, "yes"), (second, first, "no")))
    return Question(question=f"Is the {first.name} {where} the {second.name}?", answer=answer)


def refer(rng: random.Random, scene: Scene) -> tuple[str, Box]:
    """A phrase that only one shape of the scene answers to, and that shape's box in pixels."""
    shape = rng.choice(scene.objects)
    triples = [triple for triple in related(scene.objects) if triple[0] is shape]
    phrases = [f"the {shape.name} in the {shape.place}"]
    if shape in unique(scene.objects):
        phrases.append(f"the {shape.name}")
    if triples:
        _, where, second = rng.choice(triples)
        phrases.append(f"the {shape.name} {where} the {second.name}")
    return rng.choice(phrases), shape.box
