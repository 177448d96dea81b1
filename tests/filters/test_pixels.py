"""Pixel signals on images whose values can be worked out by hand, and through one decode."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageFilter

from filters.catalogue import catalogue
from filters.measuring import measure_image
from filters.signals.pixels import Pixels
from model.image import ImageError

PIXELS = [each for each in catalogue().values() if each.tier == "pixels" and each.grain == "media"]
Rgb = npt.NDArray[np.uint8]


def png(rgb: Rgb) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def grey(levels: npt.ArrayLike) -> Rgb:
    return np.repeat(np.asarray(levels, dtype=np.uint8)[:, :, None], 3, axis=2)


def measured(rgb: Rgb, orientation: int = 1) -> dict[str, float | int | str | None]:
    return measure_image(png(rgb), orientation, PIXELS)


def texture(height: int = 300, width: int = 400) -> Rgb:
    noise = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).filter(ImageFilter.GaussianBlur(2)))


def test_a_half_black_half_white_image() -> None:
    row = measured(grey([[0, 0, 255, 255]] * 4))
    assert row["luma_mean"] == 127.5
    assert row["luma_std"] == 127.5
    assert row["entropy_bits"] == 1.0
    assert row["flat_ratio"] == 0.5
    # Inside the border each row is (0, 255) with neighbours (0, 255) left and right: Laplacians 255 and -255.
    assert row["blur_laplacian_var"] == 255.0**2


def test_a_flat_image_has_no_perceptual_hash() -> None:
    row = measured(grey(np.full((40, 40), 200)))
    assert (row["luma_mean"], row["luma_std"], row["entropy_bits"], row["flat_ratio"]) == (200.0, 0.0, 0.0, 1.0)
    assert row["blur_laplacian_var"] == 0.0
    assert row["phash"] is None


def test_one_pixel_has_defined_values_too() -> None:
    row = measured(grey([[7]]))
    assert (row["luma_mean"], row["blur_laplacian_var"], row["phash"]) == (7.0, None, None)


def test_blur_lowers_the_laplacian_variance() -> None:
    sharp = texture()
    blurred = np.asarray(Image.fromarray(sharp).filter(ImageFilter.GaussianBlur(4)))
    values = [measured(image)["blur_laplacian_var"] for image in (sharp, blurred)]
    assert isinstance(values[0], float) and isinstance(values[1], float)
    assert values[1] < values[0] / 5


def test_statistics_are_taken_at_112_to_223_pixels_whatever_the_size() -> None:
    assert Pixels(texture(300, 400)).thumb.shape == (150, 200)
    assert Pixels(texture(301, 448)).thumb.shape == (76, 112)  # 301 -> 151 -> 76
    assert Pixels(texture(20, 30)).thumb.shape == (20, 30)
    assert Pixels(texture(2, 900)).thumb.shape == (1, 113)


def test_the_pixel_hash_knows_pixels_size_and_orientation_but_not_the_file() -> None:
    image = texture(30, 40)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "BMP")
    same = measure_image(buffer.getvalue(), 1, PIXELS)["pixel_hash"]
    assert measured(image)["pixel_hash"] == same
    assert measured(image, orientation=6)["pixel_hash"] == measured(np.rot90(image, -1))["pixel_hash"]
    assert measured(image, orientation=3)["pixel_hash"] != same
    flat = [measured(grey(np.zeros(shape)))["pixel_hash"] for shape in ((2, 8), (8, 2), (4, 4))]
    assert len(set(flat)) == 3


def test_hash_and_thumbnail_are_text_of_fixed_length() -> None:
    row = measured(texture())
    assert len(str(row["phash"])) == 16 and len(str(row["window_phashes"])) == 13 * 16
    assert len(str(row["pixel_hash"])) == 32
    assert list(row) == [each.name for each in PIXELS]


def test_an_unreadable_image_raises_with_its_kind() -> None:
    with pytest.raises(ImageError) as caught:
        measure_image(b"not an image", 1, PIXELS)
    assert caught.value.kind == "not_an_image"
