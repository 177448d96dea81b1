from __future__ import annotations

from PIL import Image, ImageDraw

from synth.plots.drawn import Drawn, body, crowded, outward, tight


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


def test_ink() -> None:
    drawn = _drawn()
    assert body(drawn) == tight(drawn.image, (10, 10, 90, 75)) == (20, 30, 60, 70)
    assert tight(drawn.image, (0, 0, 9, 9)) == (0, 0, 9, 9)
