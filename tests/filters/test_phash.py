"""The perceptual hash against `imagehash`, the bands against all pairs, the thumbnails against real edits."""

from __future__ import annotations

import io
import itertools
import random
from pathlib import Path

import imagehash
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from filters.phash import (
    bands,
    decode_thumbnail,
    encode_thumbnail,
    phash64,
    square_thumbnail,
    thumbnail_distance,
)

Gray = npt.NDArray[np.uint8]


def luma(image: Image.Image) -> Gray:
    return np.asarray(image.convert("L"))


def reference_hash(image: Image.Image) -> int:
    return int(str(imagehash.phash(image)), 16)


def receipts(real_data: Path, count: int) -> list[Image.Image]:
    images = []
    for path in sorted((real_data / "receipts" / "images").iterdir())[:count]:
        with Image.open(path) as image:
            images.append(image.convert("RGB"))
    return images


def test_square_thumbnail_weighs_by_area() -> None:
    # Three columns onto two: each new column is one whole old one and half of the middle one.
    row = np.array([[0, 90, 240]], dtype=np.uint8)
    assert square_thumbnail(row, 2).tolist() == [[30, 190], [30, 190]]


def test_square_thumbnail_of_blocks_that_do_not_divide_keeps_the_mean() -> None:
    image = np.random.default_rng(0).integers(0, 256, (701, 533), dtype=np.uint8)
    small = square_thumbnail(image)
    assert small.shape == (64, 64)
    assert small.mean() == pytest.approx(image.mean(), abs=0.3)


def test_the_bits_are_those_of_imagehash_where_nothing_is_resized() -> None:
    for seed in range(20):
        pixels = np.random.default_rng(seed).integers(0, 256, (32, 32), dtype=np.uint8)
        assert phash64(pixels) == reference_hash(Image.fromarray(pixels))


def test_the_hash_stays_near_imagehash_on_real_images(real_data: Path) -> None:
    distances = [(phash64(luma(image)) ^ reference_hash(image)).bit_count() for image in receipts(real_data, 40)]
    assert sum(distance <= 4 for distance in distances) >= 38
    assert max(distances) <= 8


def test_bands_cover_all_bits() -> None:
    assert bands("00000000ffffffff", 2) == ["0:" + "0" * 32, "1:" + "1" * 32]
    assert sum(len(key.split(":")[1]) for key in bands("0123456789abcdef", 11)) == 64
    assert len(bands("0123456789abcdef", 13, shared=3)) == 286


@pytest.mark.parametrize(("count", "shared"), [(3, 1), (9, 1), (11, 1), (10, 2), (13, 3)])
def test_hashes_within_the_distance_share_a_band(count: int, shared: int) -> None:
    rng = random.Random(count)
    for _ in range(200):
        first = rng.getrandbits(64)
        flips = rng.sample(range(64), count - shared)
        second = first
        for bit in flips:
            second ^= 1 << bit
        assert set(bands(f"{first:016x}", count, shared)) & set(bands(f"{second:016x}", count, shared))


def test_one_bit_more_can_miss_all_bands() -> None:
    flipped = (1 << 0) | (1 << 20) | (1 << 40) | (1 << 63)  # one bit in each of four bands
    assert not set(bands(f"{0:016x}", 4)) & set(bands(f"{flipped:016x}", 4))


@pytest.mark.parametrize(
    ("text", "count", "shared"), [("abc", 4, 1), ("0" * 16, 0, 1), ("0" * 16, 3, 4), ("0" * 16, 65, 1)]
)
def test_bands_refuses_what_it_cannot_cut(text: str, count: int, shared: int) -> None:
    with pytest.raises(ValueError, match="16 hex digits"):
        bands(text, count, shared)


def test_a_thumbnail_survives_base64() -> None:
    thumbnail = np.arange(64 * 64, dtype=np.uint32).astype(np.uint8).reshape(64, 64)
    assert np.array_equal(decode_thumbnail(encode_thumbnail(thumbnail)), thumbnail)
    with pytest.raises(ValueError, match="4096 bytes"):
        decode_thumbnail("AAAA")


def test_thumbnail_distance_is_the_largest_local_difference() -> None:
    gradient = np.tile(np.arange(64, dtype=np.uint8) * 3, (64, 1))
    marked = gradient.copy()
    marked[8:12, 8:12] = 255
    assert thumbnail_distance(gradient, gradient) == 0.0
    # One cell of 256 changes by 225 levels: a mean would say 0.9. Undoing a cut may smear it over two cells.
    assert 225 / 2 < thumbnail_distance(gradient, marked) < 225


def test_thumbnails_of_different_flat_images_differ_by_what_no_exposure_explains() -> None:
    black, dark, white = (np.full((64, 64), level, dtype=np.uint8) for level in (0, 30, 255))
    assert thumbnail_distance(black, dark) == 0.0  # 30 levels may be exposure
    assert thumbnail_distance(black, white) == 215.0  # 255 - 40


def edits(image: Image.Image) -> list[Image.Image]:
    width, height = image.size
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=50)
    return [
        Image.open(buffer),
        image.resize((width // 2, height // 2), Image.Resampling.LANCZOS),
        image.resize((round(width * 0.9), round(height * 0.9)), Image.Resampling.BICUBIC),
        image.crop((width // 50, height // 50, width - width // 50, height - height // 50)),
        image.point(lambda level: round(level * 0.85)),
    ]


def test_receipts_are_told_apart_and_their_edits_are_not(real_data: Path) -> None:
    images = receipts(real_data, 30)
    thumbnails = [square_thumbnail(luma(image)) for image in images]
    for image, thumbnail in zip(images[:8], thumbnails[:8], strict=True):
        for edited in edits(image):
            assert thumbnail_distance(thumbnail, square_thumbnail(luma(edited))) <= 10.0
    for first, second in itertools.combinations(thumbnails, 2):
        assert thumbnail_distance(first, second) > 10.0
