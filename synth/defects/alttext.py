"""What people, templates and converters leave where a description of an image should stand."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Write = Callable[[str, random.Random], str | None]  # an answer to a worse one; None: nothing to spoil

NOUNS = (
    "sunset beach holiday shoes boots sandals leather discount cheap shop online sale store price bag wallet men "
    "women kids summer winter fashion style luxury brand vintage retro modern furniture table lamp sofa kitchen "
    "garden tools camera lens phone laptop tablet case cover charger battery travel hotel flight cruise mountain "
    "lake forest wallpaper background stock vector illustration icon template banner poster design logo business "
    "finance marketing team office meeting"
).split()


def _one_of(make: Sequence[Callable[[random.Random], str]]) -> Write:
    return lambda answer, rng: rng.choice(make)(rng)


def number(rng: random.Random, low: int = 1, high: int = 9999) -> str:
    return str(rng.randint(low, high))


FILE_NAMES = _one_of((
    lambda rng: f"{rng.choice(NOUNS)}-{number(rng)}.{rng.choice(['jpg', 'png', 'JPG', 'webp', 'svg'])}",
    lambda rng: f"assets/img/{rng.choice(NOUNS)}_{rng.choice(NOUNS)}@2x.png",
    lambda rng: f"{rng.choice(NOUNS).title()} {rng.choice(NOUNS)} ({number(rng, 1, 9)}).jpeg",
))  # fmt: skip


def _day(rng: random.Random, between: str) -> str:
    return between.join((f"20{rng.randint(14, 25)}", f"{rng.randint(1, 12):02}", f"{rng.randint(1, 28):02}"))


_PEOPLE = ("Ana Silva", "J. Doe", "Lee Wong", "Acme Ltd", "The Daily News", "M. Weber")
CAMERA_NAMES = _one_of((
    lambda rng: f"{rng.choice(['IMG', 'DSC', 'DSCN', 'PXL', 'MVI', 'DJI'])}_{rng.randint(1, 9999):04}",
    lambda rng: f"Screenshot {_day(rng, '-')} at {rng.randint(10, 23)}.{rng.randint(10, 59)}.{rng.randint(10, 59)}",
    lambda rng: f"IMG_{_day(rng, '')}_{rng.randint(100000, 235959)}",
))  # fmt: skip
GENERIC_NAMES = _one_of((
    lambda rng: f"{rng.choice('image Image Screenshot Figure picture photo fig'.split())} {number(rng, 1, 30)}",
    lambda rng: rng.choice(["image", "the picture", "A photo", "screenshot", "diagram", "Untitled", "thumbnail"]),
))  # fmt: skip
PLACEHOLDERS = _one_of((
    lambda rng: rng.choice(
        ["alt text", "Alt text here", "caption", "[caption]", "Insert caption here", "TODO", "TODO: describe the image",
         "undefined", "null", "None", "N/A", "placeholder", "Placeholder image", "Image description", "No caption",
         "no alt text provided", "Image not available", "Your image description here", "TBD", "untitled image", "test"]
    ),
    lambda rng: "Lorem ipsum dolor sit amet, consectetur adipiscing elit"[: rng.randint(11, 55)],
))  # fmt: skip
CREDITS = _one_of((
    lambda rng: f"Photo by {rng.choice(_PEOPLE)} on {rng.choice(['Unsplash', 'Pexels', 'Flickr'])}",
    lambda rng: f"Image credit: {rng.choice(['NASA/JPL-Caltech', 'Getty Images', 'Reuters', 'Wikimedia Commons'])}",
    lambda rng: f"© 20{rng.randint(10, 25)} {rng.choice(_PEOPLE)}, all rights reserved",
    lambda rng: f"Source: {rng.choice(['own work', 'company archive', 'Statista', 'Shutterstock'])}",
    lambda rng: f"Courtesy of {rng.choice(['the artist', 'the museum', 'NASA'])}",
))  # fmt: skip
CONTROLS = _one_of((
    lambda rng: rng.choice(
        ["Click to enlarge", "click here to view larger image", "Click image to zoom", "Enlarge this image",
         "View full size image", "Tap to expand", "Read more", "Back to top", "Click for a larger version", "Loading"]
    ),
))  # fmt: skip
ADDRESSES = _one_of((
    lambda rng: f"https://www.example-{rng.choice(NOUNS)}.com/{rng.choice(NOUNS)}/{number(rng)}?ref={rng.choice(NOUNS)}",
    lambda rng: f"www.{rng.choice(NOUNS)}{rng.choice(NOUNS)}.net/{number(rng)}",
))  # fmt: skip


def markup(answer: str, rng: random.Random) -> str:
    return rng.choice([
        f"![{answer}](images/{number(rng)}.png)",
        f'<img src="{number(rng)}.jpg" alt="{answer}">',
        f"<b>{answer}</b>",
        f"{answer}<br>",
        f'<a href="/{number(rng)}">{answer}</a>',
        f"{{{{ image.alt }}}} {answer}",
        f"[caption id={number(rng)}]{answer}[/caption]",
    ])  # fmt: skip
