from __future__ import annotations

import random
from dataclasses import replace

from PIL import Image, ImageDraw

from synth.plots.drawn import Drawn, Mark, body, crossed, crowded, outward, tight
from synth.plots.facts import draw_facts


def _drawn(*words: tuple[int, int, int, int]) -> Drawn:
    image = Image.new("RGB", (100, 80), "white")
    ImageDraw.Draw(image).rectangle((20, 30, 59, 69), fill="navy")
    return Drawn(image=image, marks=(), title=(10, 5, 40, 15), note=(0, 0, 0, 0), words=words)


def test_boxes_hold_most_of_an_area_and_stay_in_the_picture() -> None:
    assert outward((-3.2, 1.4, 9.6, 99.0), (50, 60)) == (0, 1, 10, 60)


def test_texts_in_each_others_way() -> None:
    assert not crowded(_drawn((10, 10, 30, 20), (30, 10, 50, 20)))
    assert crowded(_drawn((10, 10, 31, 20), (30, 10, 50, 20)))
    assert crowded(_drawn((1, 10, 30, 20)))
    assert crowded(_drawn((10, 10, 99, 20)))


def test_a_value_over_the_neighbouring_bar() -> None:
    """A bar from 20 to 60 and down from 30: its value stands above it."""
    bars, lines = (draw_facts(random.Random(3), kind) for kind in ("bar", "line"))
    drawn = replace(
        _drawn((30, 18, 50, 29)), marks=(Mark("a", 0, 0, (20, 30, 60, 70)), Mark("b", 1, 0, (60, 10, 99, 70)))
    )
    assert not crossed(bars, drawn)
    over = replace(drawn, words=((45, 18, 65, 29),))
    assert crossed(bars, over) and not crossed(lines, replace(over, marks=over.marks[:1]))


def test_ink() -> None:
    drawn = _drawn()
    assert body(drawn) == tight(drawn.image, (10, 10, 90, 75)) == (20, 30, 60, 70)
    assert tight(drawn.image, (0, 0, 9, 9)) == (0, 0, 9, 9)
