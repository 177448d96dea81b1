from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from synth.raw.scenes import (
    GROUNDS,
    Scene,
    Shape,
    counted,
    describe,
    draw_scene,
    listing,
    outline,
    place_of,
    related,
    relation,
)
from synth.raw.signs import ask_about_scene, ask_about_sign, draw_sign, refer


def shape(kind: str, colour: str, box: tuple[int, int, int, int], place: str) -> Shape:
    return Shape(kind=kind, colour=colour, size="small", box=box, place=place)


# A red circle in the upper left, a blue star right of it, and a second blue star in the lower right.
RED = shape("circle", "red", (10, 10, 30, 30), "upper left")
BLUE = shape("star", "blue", (70, 12, 85, 28), "upper right")
BLUE_TOO = shape("star", "blue", (70, 70, 90, 88), "lower right")
GREEN = shape("square", "green", (12, 75, 28, 90), "lower left")


def far_from_ground(scene: Scene) -> np.ndarray[Any, Any]:
    """Which pixels are clearly not the ground (its own slope and grain stay within 45 levels)."""
    pixels = np.asarray(scene.image).astype(int)
    return np.asarray(np.abs(pixels - np.array(GROUNDS[scene.ground])).max(axis=2) > 55)


@pytest.mark.parametrize("seed", range(25))
def test_boxes_bound_the_drawn_pixels(seed: int) -> None:
    scene = draw_scene(random.Random(f"scene {seed}"))
    drawn = far_from_ground(scene)
    for item in scene.objects:
        x1, y1, x2, y2 = item.box
        assert 0 <= x1 < x2 <= scene.image.width and 0 <= y1 < y2 <= scene.image.height
        ys, xs = np.nonzero(drawn[y1:y2, x1:x2])
        found = (xs.min() + x1, ys.min() + y1, xs.max() + x1 + 1, ys.max() + y1 + 1)
        assert np.abs(np.subtract(found, item.box)).max() <= 2
        drawn[max(0, y1 - 1) : y2 + 1, max(0, x1 - 1) : x2 + 1] = False
    assert not drawn.any()


@pytest.mark.parametrize("seed", range(25))
def test_shapes_never_touch_and_sizes_are_as_said(seed: int) -> None:
    scene = draw_scene(random.Random(f"scene {seed}"), (240, 180))
    assert scene.image.size == (240, 180)
    for item in scene.objects:
        longest = max(item.box[2] - item.box[0], item.box[3] - item.box[1])
        assert (longest <= 30) == (item.size == "small")
        for other in scene.objects:
            assert item is other or relation(item.box, other.box) or apart(item.box, other.box)


def apart(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_relation() -> None:
    assert relation(RED.box, BLUE.box) == "to the left of"
    assert relation(BLUE.box, RED.box) == "to the right of"
    assert relation(BLUE.box, BLUE_TOO.box) == "above"
    assert relation(BLUE_TOO.box, BLUE.box) == "below"
    assert relation(RED.box, BLUE_TOO.box) == ""  # diagonal: no simple word
    assert relation((0, 0, 20, 20), (10, 10, 30, 30)) == ""  # overlapping


def test_relations_only_between_unique_names() -> None:
    assert related((RED, BLUE, BLUE_TOO)) == []
    assert [(a.name, where, b.name) for a, where, b in related((RED, BLUE))] == [
        ("red circle", "to the left of", "blue star"),
        ("blue star", "to the right of", "red circle"),
    ]


def test_place_of() -> None:
    assert place_of((0, 0, 20, 20), (90, 90)) == "upper left"
    assert place_of((40, 40, 50, 50), (90, 90)) == "centre"
    assert place_of((70, 31, 90, 59), (90, 90)) == "middle right"
    assert place_of((0, 40, 180, 90), (180, 90)) == "lower middle"


def test_counting_in_words() -> None:
    orange = shape("square", "orange", (40, 40, 50, 50), "centre")
    assert counted((BLUE, BLUE_TOO, orange)) == ["two blue stars", "an orange square"]
    assert listing(["a"]) == "a"
    assert listing(["a", "b"]) == "a and b"
    assert listing(["a", "b", "c"]) == "a, b and c"


def test_captions_name_what_is_there() -> None:
    captions = {describe(random.Random(seed), (RED, BLUE), "mint") for seed in range(40)}
    assert captions == {
        "A small red circle in the upper left and a small blue star in the upper right, on a mint background.",
        "A red circle and a blue star on a mint background.",
        "A drawing of a red circle and a blue star on a mint background.",
        "A small red circle to the left of a blue star on a mint background.",
        "A small blue star to the right of a red circle on a mint background.",
    }


@pytest.mark.parametrize("kind", ["square", "triangle", "star", "diamond", "hexagon"])
def test_outlines_stay_in_the_unit_square(kind: str) -> None:
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in outline(kind))


def test_every_answer_is_right() -> None:
    scene = Scene(
        image=Image.new("RGB", (90, 90)), objects=(RED, BLUE, BLUE_TOO, GREEN), ground="mint", caption="unused"
    )
    right = {
        "circle": "one", "star": "two", "square": "one",
        "red circle": "upper left", "green square": "lower left",
        "colour circle": "red", "colour square": "green",
    }  # fmt: skip
    seen = set()
    for seed in range(120):
        asked = ask_about_scene(random.Random(seed), scene)
        words = asked.question.rstrip("?.").lower()
        seen.add(asked.answer)
        if words.startswith("is the"):
            truth = words in ("is the red circle above the green square", "is the green square below the red circle")
            assert asked.answer == ("yes" if truth else "no")
        elif "colour" in words:
            assert asked.answer == right["colour circle" if "circle" in words else "colour square"]
        elif words.startswith(("where", "in which")):
            assert asked.answer == right["red circle" if "circle" in words else "green square"]
        else:
            assert asked.answer == next(right[kind] for kind in ("circle", "star", "square") if kind in words)
    assert seen == {"one", "two", "upper left", "lower left", "red", "green", "yes", "no"}


def test_a_phrase_points_at_one_shape() -> None:
    scene = Scene(image=Image.new("RGB", (90, 90)), objects=(RED, BLUE, BLUE_TOO), ground="mint", caption="unused")
    told = {refer(random.Random(seed), scene) for seed in range(60)}
    assert told == {
        ("the red circle", RED.box),
        ("the red circle in the upper left", RED.box),
        ("the blue star in the upper right", BLUE.box),
        ("the blue star in the lower right", BLUE_TOO.box),
    }


@pytest.mark.parametrize("seed", range(10))
def test_a_sign_shows_its_number_inside_its_box(seed: int) -> None:
    sign = draw_sign(random.Random(f"sign {seed}"))
    assert ask_about_sign(random.Random(0), sign).answer == sign.text
    x1, y1, x2, y2 = sign.text_box
    assert sign.box[0] < x1 < x2 < sign.box[2] and sign.box[1] < y1 < y2 < sign.box[3]
    pixels = np.asarray(sign.image.convert("L")).astype(int)
    plate = pixels[sign.box[1] + 6 : sign.box[3] - 6, sign.box[0] + 6 : sign.box[2] - 6]
    ys, xs = np.nonzero(np.abs(plate - plate[0, 0]) > 60)
    found = (
        xs.min() + sign.box[0] + 6,
        ys.min() + sign.box[1] + 6,
        xs.max() + sign.box[0] + 7,
        ys.max() + sign.box[1] + 7,
    )
    assert np.abs(np.subtract(found, sign.text_box)).max() <= 1
