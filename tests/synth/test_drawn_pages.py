"""Drawn pages and what is said of them."""

from __future__ import annotations

import io
import random
import re

from PIL import Image

from synth.raw.pages import draw_page


def test_the_same_seed_draws_the_same_page() -> None:
    first, second = (draw_page(random.Random(3)) for _ in range(2))
    assert first == second
    assert first.sample.sample_id != draw_page(random.Random(4)).sample.sample_id


def test_sides_are_whole_multiples_of_28_and_the_facts_are_the_files() -> None:
    for seed in range(5):
        made = draw_page(random.Random(seed))
        (media,) = made.sample.media
        with Image.open(io.BytesIO(made.images[media.sha256])) as image:
            assert image.size == (media.width, media.height)
        assert (media.width % 28, media.height % 28) == (0, 0)
        assert media.size == len(made.images[media.sha256])


def test_each_box_holds_ink_and_no_ink_is_left_outside() -> None:
    """Text is drawn in dark ink on light paper: in the boxes there is some, and beside them none."""
    for seed in range(5):
        made = draw_page(random.Random(seed))
        (media,) = made.sample.media
        ink = Image.open(io.BytesIO(made.images[media.sha256])).convert("L").point(lambda level: 255 * (level < 90))
        boxes = re.findall(r'data-bbox="(\d+) (\d+) (\d+) (\d+)"', made.sample.answer.text)
        assert len(boxes) == made.sample.answer.text.count("data-bbox") > 1
        for box in (tuple(map(int, each)) for each in boxes):
            assert ink.crop(box).getbbox() is not None  # type: ignore[arg-type]
            ink.paste(0, box)  # type: ignore[arg-type]
        assert ink.getbbox() is None
