"""Seams of lost bits, on steps that are worked out by hand and on JPEGs with a bit turned."""

from __future__ import annotations

import io
import random
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from filters.measuring import measure_image
from filters.presets import presets
from filters.signals.pixels_blocks import broken_blocks, seams
from model.image import ImageError, decode
from model.image_files import jpeg_block_height

LIMIT = presets()["no_broken_blocks"].max or 0.0


def board(seed: int, size: tuple[int, int] = (320, 256)) -> Image.Image:
    """Plain shapes and letters on a light ground."""
    rng, image = random.Random(seed), Image.new("RGB", size, (236, 240, 228))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = rng.randrange(size[0]), rng.randrange(size[1])
        draw.rectangle((x, y, x + 40, y + 25), fill=tuple(rng.randrange(256) for _ in range(3)))
        draw.text((x, y + 30), "lost and found", fill=(20, 20, 20))
    return image


def jpeg(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85, **options)
    return out.getvalue()


def measured(data: bytes, orientation: int = 1) -> Any:
    return measure_image(data, orientation, [broken_blocks])["broken_blocks"]


def with_a_seam(image: Image.Image, side: int) -> Image.Image:
    """As a wrong bit leaves it: each block of `side` pixels from the tenth of the eighth row on is darker."""
    moved = np.asarray(image).astype(int)
    moved[7 * side : 8 * side, 9 * side :] -= 20
    moved[8 * side :] -= 20
    return Image.fromarray(moved.clip(0, 255).astype(np.uint8))


def test_a_seam_is_one_step_right_of_a_column_and_in_the_next_row_left_of_it() -> None:
    steps = np.zeros((3, 4, 24), np.int16)
    steps[1, 1, 9:] = 7  # Cr, second edge: from pixel 9 on
    steps[1, 2, :9] = 7
    assert seams(steps, 4).tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    steps[1, 2, :3] = 0  # of the nine pixels on the left three are not shifted
    assert seams(steps, 4)[1, 1] == pytest.approx(6 / 9)
    steps[1, 1, 9:] = 4  # a step that may be anything
    steps[1, 2, 3:9] = 4
    assert not seams(steps, 4).any()


def test_an_edge_of_the_picture_is_no_seam() -> None:
    steps = np.zeros((3, 4, 24), np.int16)
    steps[0, 1] = 40  # a line from side to side
    steps[0, 2, 12:] = 40  # and one that starts in the middle
    assert not seams(steps, 4).any()


@pytest.mark.parametrize("shape", [(3, 1, 24), (3, 0, 24), (3, 4, 7), (3, 4, 2)])
def test_what_is_too_small_has_no_seam(shape: tuple[int, int, int]) -> None:
    assert not seams(np.full(shape, 9, np.int16), 4).any()


@pytest.mark.parametrize("seed", range(3))
def test_shifted_blocks_are_found_at_any_orientation(seed: int) -> None:
    assert measured(jpeg(board(seed))) < LIMIT
    broken = jpeg(with_a_seam(board(seed), 16))
    assert measured(broken) > LIMIT
    assert measured(broken, 6) == measured(broken)
    assert measured(jpeg(with_a_seam(board(seed), 8), subsampling=0)) > LIMIT


def test_only_a_jpeg_has_blocks() -> None:
    out = io.BytesIO()
    board(0).save(out, "PNG")
    assert measured(out.getvalue()) is None
    assert measured(jpeg(Image.new("RGB", (9, 9)))) == 0


def test_the_height_of_the_blocks_follows_the_sampling() -> None:
    image = board(0)
    heights = [jpeg_block_height(jpeg(image, subsampling=name)) for name in ("4:4:4", "4:2:2", "4:2:0")]
    assert heights == [8, 8, 16]
    assert jpeg_block_height(jpeg(image.convert("L"))) == 8
    assert jpeg_block_height(jpeg(image.convert("CMYK"))) is None
    for cut in (b"", b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xc0\x00\x0b\x08\x00"):
        assert jpeg_block_height(cut) is None


def test_bits_that_are_turned_are_seen_where_the_decoder_sees_nothing() -> None:
    rng, silent, seen = random.Random(4), 0, 0
    data = jpeg(board(5))
    start, whole = data.index(b"\xff\xda") + 14, decode(data).astype(int)
    for _ in range(200):
        broken = bytearray(data)
        broken[rng.randrange(start, start + (len(data) - start) // 2)] ^= 1 << rng.randrange(8)
        try:
            off = (abs(decode(bytes(broken)) - whole).max(axis=2) > 25).mean()
        except ImageError:
            continue
        if off > 0.01:
            silent += 1
            seen += measured(bytes(broken)) > LIMIT
    assert seen > 0.5 * silent > 0
