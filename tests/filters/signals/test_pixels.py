"""Light, colour, sharpness and borders on images whose values can be worked out by hand."""

from __future__ import annotations

import io
import math
from typing import Any

import imagehash
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageFilter

from filters.catalogue import catalogue
from filters.measuring import measure_image
from filters.phash import halved, phash64
from filters.signals.pixels import Pixels
from model.image import decode_reduced

SIGNALS = {each.name: each for each in catalogue().values() if each.tier == "pixels" and each.grain == "media"}
Array = npt.NDArray[np.uint8]


def rgb(levels: npt.ArrayLike) -> Array:
    return np.repeat(np.asarray(levels, dtype=np.uint8)[:, :, None], 3, axis=2)


def value(name: str, pixels: Array, **facts: Any) -> Any:
    return SIGNALS[name].function(Pixels(pixels, **facts))


def jpeg(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def of_file(data: bytes) -> dict[str, Any]:
    return measure_image(data, 1, list(SIGNALS.values()))


def test_darkest_brightest_and_range_leave_out_a_thousandth() -> None:
    levels = np.full((40, 50), 100)  # 2,000 pixels
    levels[0, 0], levels[0, 1] = 0, 255  # half a thousandth each
    assert value("luma_darkest", rgb(levels)) == 100 == value("luma_brightest", rgb(levels))
    assert value("luma_range", rgb(levels)) == 0
    levels[1, :10], levels[2, :10] = 20, 230
    assert value("luma_darkest", rgb(levels)) == 20
    assert value("luma_brightest", rgb(levels)) == 230
    assert value("luma_range", rgb(levels)) == 210


def test_dark_and_bright_shares_have_open_ends() -> None:
    levels = [[31, 32, 250, 251]]
    assert value("dark_share", rgb(levels)) == 0.25
    assert value("bright_share", rgb(levels)) == 0.25


def test_colourfulness_is_that_of_the_paper() -> None:
    assert value("colourfulness", rgb(np.full((4, 4), 90))) == 0.0
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 200  # rg = 200, yb = 100 everywhere: no spread, so 0.3 * sqrt(200^2 + 100^2)
    assert value("colourfulness", red) == pytest.approx(0.3 * math.sqrt(50_000))
    half = red.copy()
    half[:2] = 0  # means 100 and 50, deviations 100 and 50
    assert value("colourfulness", half) == pytest.approx(1.3 * math.sqrt(12_500))


def test_grey_share_counts_pixels_within_twelve_levels() -> None:
    pixels = np.zeros((1, 4, 3), np.uint8)
    pixels[0, :, 0] = [0, 12, 13, 200]
    assert value("grey_share", pixels) == 0.5


def test_blur_width_of_a_gaussian_edge_is_its_sigma() -> None:
    """A column edge from 40 to 240, blurred with sigma 3: 3 of 200 pixels are 15 thousandths."""
    position = np.arange(200) - 99.5
    edge = 140 + 100 * np.vectorize(math.erf)(position / (3 * math.sqrt(2)))
    levels = np.tile(np.rint(edge), (100, 1))
    assert value("blur_width", rgb(levels)) == pytest.approx(15, rel=0.1)
    step = np.tile(np.where(position < 0, 40, 240), (100, 1))
    # A step of 200: slopes 200, bends 200 and -200, so sqrt(1 / 4) of a pixel.
    assert value("blur_width", rgb(step)) == pytest.approx(2.5)


def test_blur_width_tells_motion_along_either_axis_and_nothing_of_a_plain_image() -> None:
    step = np.tile(np.where(np.arange(200) < 100, 40, 240), (200, 1))
    smeared = np.asarray(Image.fromarray(step.astype(np.uint8)).filter(ImageFilter.BoxBlur(6)))
    for picture in (smeared, smeared.T):
        assert value("blur_width", rgb(picture)) > 2 * 2.5
    assert value("blur_width", rgb(np.full((50, 50), 9))) is None
    assert value("blur_width", rgb([[1, 2], [3, 4]])) is None
    ramp = np.tile(np.arange(0, 250, 5), (50, 1))  # bends nowhere
    assert value("blur_width", rgb(ramp)) == 50.0


def test_edge_density_counts_laplacians_beyond_forty() -> None:
    levels = np.full((5, 5), 100)
    levels[2, 2] = 120  # itself -80; its four neighbours 20
    assert value("edge_density", rgb(levels)) == pytest.approx(1 / 9)


def test_stroke_share_is_for_thin_upright_lines() -> None:
    levels = np.full((4, 14), 200)
    levels[:, 5] = 100  # one dark column: 10 inner columns, one of them a stroke
    assert value("stroke_share", rgb(levels)) == pytest.approx(0.1)
    assert value("stroke_share", rgb(255 - levels)) == pytest.approx(0.1)
    levels[:, 5:10] = 100  # a bar five wide has no pixel that differs from both sides 2 px away
    assert value("stroke_share", rgb(levels)) == 0.0
    assert value("stroke_share", rgb([[1, 2, 3]])) is None


def test_border_and_letterbox_by_hand() -> None:
    picture = np.random.default_rng(0).integers(60, 250, (20, 40))
    framed = np.full((40, 40), 10)
    framed[10:30] = picture
    assert value("letterbox_share", rgb(framed)) == 0.5
    assert value("border_share", rgb(framed)) == 0.5
    framed[:10] = 240  # white above, black under: a margin, and no letterbox
    assert value("letterbox_share", rgb(framed)) == 0.0
    assert value("border_share", rgb(framed)) == 0.5
    uneven = np.full((40, 40), 0)
    uneven[4:24] = picture  # bars of 4 and 16: twice the narrower
    assert value("letterbox_share", rgb(uneven)) == pytest.approx(0.2)
    assert value("border_share", rgb(np.full((9, 9), 70))) == 1.0
    assert value("letterbox_share", rgb(np.zeros((9, 9)))) == 1.0


def test_blockiness_finds_a_grid_wherever_it_lies() -> None:
    rng = np.random.default_rng(1)
    blocks = np.kron(rng.integers(60, 200, (12, 20)), np.ones((8, 8), np.uint8))
    assert value("blockiness", rgb(blocks)) > 20
    assert value("blockiness", rgb(blocks[3:, 5:])) > 20
    smooth = rng.integers(60, 200, (96, 160))
    assert value("blockiness", rgb(smooth)) < 1.5
    assert value("blockiness", rgb(blocks), scale=4) is None
    assert value("blockiness", rgb(blocks[:, :60])) is None


def test_the_strength_of_compression_is_read_from_the_file() -> None:
    image = Image.fromarray(np.random.default_rng(2).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    for quality in (3, 10, 30, 50, 75, 95):
        assert abs(of_file(jpeg(image, quality=quality))["jpeg_quality"] - quality) <= 1
    out = io.BytesIO()
    image.save(out, "PNG")
    assert of_file(out.getvalue())["jpeg_quality"] is None


def test_the_hash_is_that_of_imagehash_on_the_same_thumbnail(real_data: Any) -> None:
    folders = [sorted((real_data / name / "images").iterdir())[:40] for name in ("receipts", "cells", "gui")]
    for path in (path for folder in folders for path in folder):
        reduced = decode_reduced(path.read_bytes())
        square = Pixels(reduced.rgb, reduced.scale, reduced.size).square
        assert str(imagehash.phash(Image.fromarray(halved(square)))) == f"{phash64(square):016x}"


def test_a_reduced_jpeg_has_the_thumbnail_of_the_whole() -> None:
    """601 x 419: the last of the reduced pixels are only partly filled."""
    noise = np.random.default_rng(5).integers(0, 256, (419, 601, 3), dtype=np.uint8)
    data = jpeg(Image.fromarray(noise).filter(ImageFilter.GaussianBlur(12)), quality=95)
    reduced = decode_reduced(data)
    assert (reduced.scale, reduced.rgb.shape, reduced.size) == (4, (105, 151, 3), (601, 419))
    small = Pixels(reduced.rgb, reduced.scale, reduced.size).square
    whole = Pixels(np.asarray(Image.open(io.BytesIO(data)))).square
    assert np.abs(small.astype(int) - whole).max() <= 2


def test_the_pixel_hash_of_a_jpeg_survives_metadata_and_differs_after_recompression() -> None:
    image = Image.fromarray(np.random.default_rng(6).integers(0, 256, (300, 500, 3), dtype=np.uint8))
    plain = jpeg(image, quality=80)
    commented = plain[:2] + b"\xff\xfe\x00\x07hello" + plain[2:]
    assert of_file(plain)["pixel_hash"] == of_file(commented)["pixel_hash"]
    again = jpeg(Image.open(io.BytesIO(plain)), quality=79)
    assert of_file(plain)["pixel_hash"] != of_file(again)["pixel_hash"]


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 900), (3000, 2), (64, 64), (5, 4)])
def test_every_signal_takes_every_shape(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    for each in SIGNALS.values():
        found = each.function(Pixels(pixels))
        assert found is None or isinstance(found, int | float | str)
        assert not isinstance(found, float) or math.isfinite(found)
