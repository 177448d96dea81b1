"""The perceptual hash against `imagehash`, hashes of cuts against those of pictures that are really cut."""

from __future__ import annotations

import io
from pathlib import Path

import imagehash
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFont

from filters.phash import (
    HALVES,
    WINDOWS,
    has_structure,
    phash64,
    square_thumbnail,
    window_hashes,
)

Gray = npt.NDArray[np.uint8]
Window = tuple[float, float, float, float]
MIRROR = len(WINDOWS) + len(HALVES)  # the place of the mirror image's hash


def luma(image: Image.Image) -> Gray:
    return np.asarray(image.convert("L"))


def reference_hash(image: Image.Image) -> int:
    return int(str(imagehash.phash(image)), 16)


def pictures(real_data: Path, name: str, count: int) -> list[Image.Image]:
    images = []
    for path in sorted((real_data / name / "images").iterdir())[:count]:
        with Image.open(path) as image:
            images.append(image.convert("RGB"))
    return images


def cut(image: Image.Image, window: Window) -> Image.Image:
    left, top, right, bottom = window
    width, height = image.size
    return image.crop(
        (round(width * left), round(height * top), round(width * (1 - right)), round(height * (1 - bottom)))
    )


def text_page() -> Image.Image:
    page = Image.new("L", (600, 800), 255)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=22)
    for line in range(24):
        draw.text((40, 40 + 30 * line), "The quick brown fox jumps over " * (1 + line % 2), fill=0, font=font)
    return page


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
    images = pictures(real_data, "receipts", 40)
    distances = [(phash64(luma(image)) ^ reference_hash(image)).bit_count() for image in images]
    assert sum(distance <= 4 for distance in distances) >= 38
    assert max(distances) <= 8


def test_the_hash_survives_compression_and_resizing(real_data: Path) -> None:
    for image in [*pictures(real_data, "receipts", 10), *pictures(real_data, "cells", 10)]:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=50)
        half = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
        for edited in (Image.open(buffer), half):
            assert (phash64(luma(image)) ^ phash64(luma(edited))).bit_count() <= 4


def test_there_is_a_hash_for_each_window_and_half_and_the_mirror_image() -> None:
    found = window_hashes(square_thumbnail(luma(text_page())))
    assert len(found) == len(WINDOWS) + len(HALVES) + 1 == 13
    assert all(isinstance(each, int) and 0 <= each < 2**64 for each in found)


@pytest.mark.parametrize("name", ["receipts", "cells"])
def test_hashes_of_windows_are_those_of_pictures_really_cut(real_data: Path, name: str) -> None:
    distances = []
    for image in pictures(real_data, name, 12):
        found = window_hashes(square_thumbnail(luma(image)))
        for window, cut_hash in zip((*WINDOWS, *HALVES), found[:MIRROR], strict=True):
            assert cut_hash is not None
            distances.append((cut_hash ^ phash64(luma(cut(image, window)))).bit_count())
    # A bit near the median may fall to either side: the cut is taken from 64x64 pixels, each of whole levels.
    assert len(distances) == 144
    assert sum(distance <= 2 for distance in distances) >= 126
    assert max(distances) <= 6


def test_a_cut_is_nearer_to_its_window_than_to_the_whole(real_data: Path) -> None:
    for image in pictures(real_data, "cells", 12):
        edited = phash64(luma(cut(image, (0.045, 0.045, 0.045, 0.045))))
        square = square_thumbnail(luma(image))
        window = window_hashes(square)[1]
        assert window is not None
        assert (window ^ edited).bit_count() < (phash64(square) ^ edited).bit_count()


@pytest.mark.parametrize("name", ["receipts", "cells"])
def test_the_mirror_hash_is_that_of_the_mirrored_thumbnail(real_data: Path, name: str) -> None:
    squares = [square_thumbnail(luma(image)) for image in pictures(real_data, name, 20)]
    for square in squares:
        assert window_hashes(square)[MIRROR] == phash64(np.ascontiguousarray(square[:, ::-1])) != phash64(square)
    noise = np.random.default_rng(0).integers(0, 256, (20, 64, 64), dtype=np.uint8)
    for square in noise:
        assert window_hashes(square)[MIRROR] == phash64(np.ascontiguousarray(square[:, ::-1]))


def test_the_mirror_hash_of_what_is_its_own_mirror_image_is_its_hash() -> None:
    half = np.random.default_rng(1).integers(0, 256, (64, 32), dtype=np.uint8)
    square = np.concatenate([half, half[:, ::-1]], axis=1)
    assert window_hashes(square)[MIRROR] == phash64(square)


def test_one_half_keeps_its_hash_whatever_the_other_shows() -> None:
    rng = np.random.default_rng(2)
    first = rng.integers(0, 256, (64, 64), dtype=np.uint8)
    upper, lower = first.copy(), first.copy()
    upper[32:], lower[:32] = 255, 0
    wanted, kept, other = window_hashes(first), window_hashes(upper), window_hashes(lower)
    place = len(WINDOWS)
    assert kept[place] == wanted[place]
    assert other[place + 1] == wanted[place + 1]
    assert kept[place + 1] is None  # plain
    assert other[place] is None


def plain_pictures() -> dict[str, Gray]:
    ramp = np.linspace(0, 255, 64)
    line = np.full((64, 64), 255, dtype=np.uint8)
    line[40] = 0
    halves = np.full((64, 64), 20, dtype=np.uint8)
    halves[:, 32:] = 230
    return {
        "blank": np.full((64, 64), 200, dtype=np.uint8),
        "black": np.zeros((64, 64), dtype=np.uint8),
        "noise of a level": np.random.default_rng(0).integers(127, 130, (64, 64), dtype=np.uint8),
        "across": np.tile(ramp, (64, 1)).astype(np.uint8),
        "diagonal": ((ramp[:, None] + ramp[None, :]) / 2).astype(np.uint8),
        "two halves": halves,
        "one line": line,
    }


@pytest.mark.parametrize("name", list(plain_pictures()))
def test_plain_pictures_have_no_structure(name: str) -> None:
    square = plain_pictures()[name]
    assert not has_structure(square)
    assert window_hashes(square) == [None] * 13


def test_pages_noise_and_real_pictures_have_structure(real_data: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    squares = [square_thumbnail(luma(text_page())), noise]
    for name in ("receipts", "cells"):
        squares += [square_thumbnail(luma(image)) for image in pictures(real_data, name, 30)]
    assert [has_structure(square) for square in squares] == [True] * 62


def test_structure_is_seen_at_any_size() -> None:
    page = luma(text_page())
    assert has_structure(page)
    assert has_structure(square_thumbnail(page, 32))
    assert has_structure(square_thumbnail(page, 64))


def test_thumbnails_of_an_edited_picture_stay_near(real_data: Path) -> None:
    for image in pictures(real_data, "receipts", 8):
        width, height = image.size
        smaller = image.resize((round(width * 0.9), round(height * 0.9)), Image.Resampling.BICUBIC)
        first, second = (square_thumbnail(luma(each)).astype(int) for each in (image, smaller))
        assert np.abs(first - second).mean() < 2.5
