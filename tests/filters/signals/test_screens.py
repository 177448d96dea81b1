"""Screens before and after a step: what counts as a change, and what is noise, a cursor or a clock."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
from PIL import Image, ImageDraw

from filters.measuring import measure_screens
from filters.signals.header import width_px
from filters.signals.pixels import Pixels
from filters.signals.screens import screen_changed_px, unchanged_screen_ratio
from synth.raw.screens import draw_screen

BOTH = [screen_changed_px, unchanged_screen_ratio]


def plain() -> Image.Image:
    return Image.new("RGB", (320, 240), (250, 250, 250))


def drawn(seed: int = 0) -> Image.Image:
    return draw_screen(random.Random(seed)).image


def changed(before: Image.Image, after: Image.Image) -> float:
    value: float = screen_changed_px.function(Pixels(np.asarray(before)), Pixels(np.asarray(after)))
    return value


def encoded(image: Image.Image, quality: int | None = None) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG") if quality is None else image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def saved(image: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(encoded(image, quality))).convert("RGB")


def with_box(image: Image.Image, *box: int, fill: tuple[int, int, int] = (0, 0, 0)) -> Image.Image:
    """`box` is x1, y1, x2, y2, the last pixel not included."""
    copy = image.copy()
    ImageDraw.Draw(copy).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=fill)
    return copy


def test_a_change_is_told_by_whole_blocks() -> None:
    # From (100, 100) to (110, 108) lie the blocks of columns 12 and 13, rows 12 and 13: 96 to 112 each way.
    assert changed(plain(), with_box(plain(), 100, 100, 110, 108)) == 4 * 64
    assert changed(plain(), plain()) == 0.0


@pytest.mark.parametrize("quality", [95, 80, 60, 50])
def test_compression_is_no_change(quality: int) -> None:
    for seed in range(6):
        assert changed(drawn(seed), saved(drawn(seed), quality)) == 0.0


@pytest.mark.parametrize("quality", [90, 60])
@pytest.mark.parametrize("at", [(100, 100), (101, 103), (104, 98), (107, 107)])
def test_a_ticked_box_twelve_pixels_wide_is_a_change(at: tuple[int, int], quality: int) -> None:
    x, y = at
    empty = plain()
    ImageDraw.Draw(empty).rectangle((x, y, x + 11, y + 11), outline=(120, 120, 120), fill=(255, 255, 255))
    ticked = empty.copy()
    ImageDraw.Draw(ticked).line([(x + 2, y + 6), (x + 5, y + 9), (x + 10, y + 2)], fill=(60, 60, 60), width=2)
    assert changed(empty, ticked) > 0
    assert changed(saved(empty, quality), saved(ticked, quality)) > 0


@pytest.mark.parametrize("quality", [95, 60])
def test_a_blinking_cursor_is_none(quality: int) -> None:
    for x in range(100, 108):
        blinking = with_box(plain(), x, 101, x + 2, 117)
        assert changed(plain(), blinking) == 0.0
        assert changed(saved(plain(), quality), saved(blinking, quality)) == 0.0
    assert changed(plain(), with_box(plain(), 100, 101, 106, 117)) > 0  # six pixels wide: no cursor


def test_a_clock_in_the_corner_is_none_but_a_menu_there_is_a_change() -> None:
    # A twentieth of 480 is 24 pixels, and the block that it cuts is counted in: rows 0 to 31 and 448 to 479.
    screen = Image.new("RGB", (640, 480), (30, 30, 30))
    assert changed(screen, with_box(screen, 600, 6, 632, 18, fill=(255, 255, 255))) == 0.0
    assert changed(screen, with_box(screen, 600, 462, 632, 474, fill=(255, 255, 255))) == 0.0
    assert changed(screen, with_box(screen, 300, 6, 632, 18, fill=(255, 255, 255))) > 0  # a bar
    assert changed(screen, with_box(screen, 600, 6, 632, 80, fill=(255, 255, 255))) > 0  # a menu that opens
    both = with_box(with_box(screen, 600, 6, 632, 18, fill=(255, 255, 255)), 300, 200, 312, 212, fill=(255, 255, 255))
    assert changed(screen, both) == 4 * 64  # the clock aside: 296 to 312 by 200 to 216


def test_another_size_is_another_screen() -> None:
    assert changed(plain(), Image.new("RGB", (320, 241))) == 320 * 241


def upright(*screens: bytes) -> list[tuple[bytes, int]]:
    return [(screen, 1) for screen in screens]


def test_a_trajectory_is_compared_in_order() -> None:
    first, second = encoded(drawn(1)), encoded(with_box(drawn(1), 100, 100, 140, 140))
    row = measure_screens(upright(first, encoded(drawn(1), 80), second, second), [0, 1, 2, 3], BOTH)
    assert row["screen_changed_px"] == 0.0
    assert row["unchanged_screen_ratio"] == pytest.approx(2 / 3)


def test_screens_are_turned_before_they_are_compared() -> None:
    picture = drawn(2)
    # Stored turned to the left; orientation 6 turns it back to the right.
    stored = encoded(picture.transpose(Image.Transpose.ROTATE_90))
    assert measure_screens([(encoded(picture), 1), (stored, 6)], [0, 1], BOTH)["unchanged_screen_ratio"] == 1.0


def test_steps_on_one_medium_have_one_screen() -> None:
    first, second = encoded(drawn(1)), encoded(drawn(2))
    row = measure_screens(upright(first, second, second), [0, 0, 0, 1, 2], BOTH)
    assert row["unchanged_screen_ratio"] == 0.5  # media 1 and 2 are equal; that the steps on medium 0 are, says nothing


def test_a_place_without_a_medium_leaves_its_pairs_out() -> None:
    first, second = encoded(drawn(1)), encoded(drawn(2))
    assert measure_screens(upright(first, second), [0, 5, 1], BOTH)["unchanged_screen_ratio"] is None
    assert measure_screens(upright(first, second), [-1, 0, 1], BOTH)["unchanged_screen_ratio"] == 0.0


def test_a_screen_that_cannot_be_read_leaves_its_pairs_out() -> None:
    first, second = encoded(drawn(1)), encoded(drawn(2))
    assert measure_screens(upright(first, b"junk", second), [0, 1, 2], BOTH) == {
        "screen_changed_px": None,
        "unchanged_screen_ratio": None,
    }
    assert measure_screens(upright(b"", first, second), [0, 1, 2], BOTH)["unchanged_screen_ratio"] == 0.0
    assert measure_screens(upright(first), [0], BOTH)["unchanged_screen_ratio"] is None
    assert measure_screens([], [], BOTH)["screen_changed_px"] is None


def test_only_signals_of_screens_are_taken() -> None:
    with pytest.raises(ValueError, match="width_px"):
        measure_screens([], [], [width_px])
