"""What may be called one picture: edits of real ones, and no receipts, pages and screens that differ in a word."""

from __future__ import annotations

import functools
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFont

from filters.phash import phash64
from filters.same_picture import compare
from filters.signals.pixels import Pixels
from model.image import decode, decode_reduced

RGB = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
COUNTS = {"receipts": 4, "cells": 3, "alttext": 12}  # cells and receipts are large


def files(real_data: Path, name: str, count: int) -> list[bytes]:
    """So many of a set, evenly spread over it."""
    if name == "alttext":
        with tarfile.open(real_data / "alttext" / "alttext-0000.tar") as shard:
            members = [member for member in shard if member.name.endswith(".jpg")]
            found = [shard.extractfile(member) for member in members[:: len(members) // count][:count]]
            return [member.read() for member in found if member]
    paths = sorted((real_data / name / "images").iterdir())
    return [path.read_bytes() for path in paths[:: len(paths) // count][:count]]


def pictures(real_data: Path, name: str, count: int) -> list[RGB]:
    return [decode(data) for data in files(real_data, name, count)]


@functools.cache
def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def saved(image: Image.Image, form: str = "JPEG", quality: int = 90) -> RGB:
    """As it comes back from a file."""
    buffer = io.BytesIO()
    image.save(buffer, form, quality=quality)
    return decode(buffer.getvalue())


def cut(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = image.size
    return image.crop(
        (round(width * left), round(height * top), round(width * (1 - right)), round(height * (1 - bottom)))
    )


def written(
    rgb: RGB, box: tuple[float, float, float, float], text: str, paper: tuple[int, int, int] | None = None
) -> RGB:
    """Another text over what is in the box, on paper of the given colour or of the box's own."""
    image = Image.fromarray(rgb)
    left, top, right, bottom = (round(value) for value in box)
    inside = rgb[top:bottom, left:right].reshape(-1, 3)
    red, green, blue = (int(level) for level in paper or np.percentile(inside, 90, axis=0))
    draw = ImageDraw.Draw(image)
    draw.rectangle((left, top, right, bottom), fill=(red, green, blue))
    draw.text(
        (left, top), text, fill=(20, 20, 20), font=ImageFont.load_default(size=max(8, round((bottom - top) * 0.8)))
    )
    return np.asarray(image)


def lettered(rgb: RGB, x: float, y: float, text: str) -> RGB:
    """A small red text on top, its left upper corner at these shares of the sides."""
    image = Image.fromarray(rgb)
    size = max(10, image.height // 40)
    place = (round(image.width * x), round(image.height * y))
    ImageDraw.Draw(image).text(place, text, fill=(255, 60, 60), font=ImageFont.load_default(size=size))
    return saved(image)


def page(lines: list[str], size: int = 20, width: int = 600) -> RGB:
    image = Image.new("RGB", (width, round(width * 1.3)), (255, 255, 255))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=size)
    for number, line in enumerate(lines):
        draw.text((40, 40 + number * size * 2), line, fill=(0, 0, 0), font=font)
    return np.asarray(image)


LINES = [f"total of item {number * 37} is 12.50" for number in range(18)]

EDITS: dict[str, Callable[[Image.Image], RGB]] = {
    "half size": lambda image: saved(image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)),
    "quality 50": lambda image: saved(image, quality=50),
    "webp": lambda image: saved(image, "WEBP", 80),
    "darker": lambda image: saved(image.point(lambda level: round(level * 0.85))),
    "without 2 %": lambda image: saved(cut(image, 0.01, 0.01, 0.01, 0.01)),
    "without 5 %": lambda image: saved(cut(image, 0.025, 0.025, 0.025, 0.025)),
    "without a corner": lambda image: saved(cut(image, 0.05, 0.05, 0, 0)),
}


def same_both_ways(a: RGB, b: RGB) -> tuple[bool, bool]:
    return compare(a, b).same, compare(b, a).same


@pytest.mark.parametrize("name", list(COUNTS))
@pytest.mark.parametrize("edit", list(EDITS))
def test_an_edited_picture_is_the_same(real_data: Path, name: str, edit: str) -> None:
    found = [compare(rgb, EDITS[edit](Image.fromarray(rgb))) for rgb in pictures(real_data, name, COUNTS[name])]
    # All are, but for a block or two of a receipt without a corner.
    missed = [each.why for each in found if not each.same]
    assert len(missed) <= (1 if edit == "without a corner" else 0), missed
    assert all(each.blocks >= 12 for each in found)


@pytest.mark.parametrize("name", list(COUNTS))
def test_what_is_the_same_is_so_both_ways(real_data: Path, name: str) -> None:
    for rgb in pictures(real_data, name, 2):
        assert compare(rgb, rgb).same
        for edit in ("half size", "darker", "without 5 %"):
            edited = EDITS[edit](Image.fromarray(rgb))
            assert same_both_ways(rgb, edited) == (True, True), edit


@pytest.mark.parametrize(
    "name", ["receipts/images/235.jpg", "gui/images/count-shape-00.png", "gui/images/find-greatest-08.png"]
)
def test_a_picture_without_a_corner_is_the_same_both_ways_or_neither(real_data: Path, name: str) -> None:
    rgb = decode((real_data / name).read_bytes())
    first, second = same_both_ways(rgb, EDITS["without a corner"](Image.fromarray(rgb)))
    assert first == second


def test_receipts_with_similar_hashes_are_different_ones(real_data: Path) -> None:
    paths = sorted((real_data / "receipts" / "images").iterdir())
    hashes = []
    for path in paths:
        reduced = decode_reduced(path.read_bytes())
        hashes.append(phash64(Pixels(reduced.rgb, reduced.scale, reduced.size).square))
    near = [
        (first, second)
        for first in range(len(paths))
        for second in range(first)
        if (hashes[first] ^ hashes[second]).bit_count() <= 6
    ]
    assert len(near) >= 10
    kept: dict[int, RGB] = {place: decode(paths[place].read_bytes()) for pair in near for place in pair}
    for first, second in near:
        if not np.array_equal(kept[first], kept[second]):
            why = compare(kept[first], kept[second])
            assert not why.same, (paths[first].name, paths[second].name, why)


def receipt_lines(real_data: Path, step: int) -> list[tuple[str, RGB, tuple[float, float, float, float]]]:
    """Receipts, each with the box of a line in its middle that has five letters or more."""
    found = []
    for record in records(real_data / "receipts" / "receipts.jsonl")[::step]:
        lines = [line for line in record["lines"] if len(line["text"]) >= 5]
        quad = lines[len(lines) // 2]["quad"]
        box = (min(quad[::2]), min(quad[1::2]), max(quad[::2]), max(quad[1::2]))
        found.append((record["image"], decode((real_data / "receipts" / record["image"]).read_bytes()), box))
    return found


def test_a_receipt_with_another_line_is_another_receipt(real_data: Path) -> None:
    for name, rgb, box in receipt_lines(real_data, 31):
        changed = written(rgb, box, "8 X 47.30 KG")
        assert same_both_ways(rgb, changed) == (False, False), name


def test_a_receipt_with_another_line_is_another_receipt_on_white_paper(real_data: Path) -> None:
    rgb = decode((real_data / "receipts" / "images" / "299.jpg").read_bytes())
    changed = written(rgb, (364, 528, 449, 541), "8 X 47.30 KG", paper=(250, 250, 250))
    assert same_both_ways(rgb, saved(Image.fromarray(changed))) == (False, False)


@pytest.mark.parametrize(
    ("name", "box"),
    [("543.jpg", (480, 564, 547, 576)), ("610.jpg", (473, 658, 571, 682)), ("282.jpg", (574, 571, 600, 582))],
)
def test_a_receipt_without_an_amount_is_another_receipt(real_data: Path, name: str, box: Box) -> None:
    rgb = decode((real_data / "receipts" / "images" / name).read_bytes())
    assert same_both_ways(rgb, written(rgb, box, "", paper=(255, 255, 255))) == (False, False)


@pytest.mark.parametrize("size", [16, 20, 28])
def test_a_page_with_another_number_or_without_a_line_is_another_page(size: int) -> None:
    whole = page(LINES, size)
    other = page([*LINES[:9], LINES[9].replace("12.50", "71.38"), *LINES[10:]], size)
    without = page([*LINES[:9], "", *LINES[10:]], size)
    assert compare(whole, whole).same
    assert same_both_ways(whole, other) == (False, False)
    assert same_both_ways(whole, without) == (False, False)


def test_a_page_in_small_print_without_a_line_is_another_page() -> None:
    whole = page(LINES, 12, 900)
    assert same_both_ways(whole, page([*LINES[:9], "", *LINES[10:]], 12, 900)) == (False, False)
    other = page([*LINES[:9], LINES[9].replace("12.50", "71.38"), *LINES[10:]], 12, 900)
    assert same_both_ways(whole, other) == (False, False)


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("click-dialog-2-08", (290, 485, 360, 520)),
        ("click-tab-04", (190, 116, 270, 162)),
        ("click-collapsible-2-nodelay-06", (16, 368, 624, 436)),
        ("click-dialog-2-06", (398, 580, 544, 664)),
    ],
)
def test_a_screen_with_another_word_is_another_screen(real_data: Path, name: str, box: Box) -> None:
    rgb = decode((real_data / "gui" / "images" / f"{name}.png").read_bytes())
    assert compare(rgb, rgb.copy()).same
    assert same_both_ways(rgb, written(rgb, box, "Qxw")) == (False, False)


@pytest.mark.parametrize("place", [0, 17])
def test_another_first_or_last_line_is_no_watermark(place: int) -> None:
    lines = [line + " euro and seven" for line in LINES]
    changed = [*lines[:place], "Invoice 2024/1187 of the ninth of May", *lines[place + 1 :]]
    assert same_both_ways(page(lines), page(changed)) == (False, False)


@pytest.mark.parametrize(
    ("name", "box"),
    [("116", (61, 129, 519, 154)), ("345", (31, 67, 587, 89)), ("453", (56, 1156, 562, 1188))],
)
def test_a_receipt_with_another_shop_or_last_line_is_another_receipt(real_data: Path, name: str, box: Box) -> None:
    rgb = decode((real_data / "receipts" / "images" / f"{name}.jpg").read_bytes())
    assert same_both_ways(rgb, written(rgb, box, "8 X 47.30 KG ABC")) == (False, False)


def test_another_answer_near_a_corner_of_a_screen_is_another_screen(real_data: Path) -> None:
    rgb = decode((real_data / "gui" / "images" / "count-sides-01.png").read_bytes())
    assert same_both_ways(rgb, written(rgb, (347, 501, 407, 588), "Qxw")) == (False, False)


@pytest.mark.parametrize("name", ["gui", "strong"])
def test_a_grey_copy_of_a_colour_picture_is_another(real_data: Path, name: str) -> None:
    if name == "gui":
        found = pictures(real_data, "gui", 5)
    else:
        found = [rgb for rgb in pictures(real_data, "alttext", 24) if chroma(rgb) >= 13]
    assert len(found) >= 4
    for rgb in found:
        grey = saved(Image.fromarray(rgb).convert("L"))
        for result in (compare(rgb, grey), compare(grey, rgb)):
            assert not result.same
            assert "colours" in result.why


def chroma(rgb: RGB) -> float:
    """Mean distance of Cb and Cr from grey, in levels."""
    return float(np.abs(np.asarray(Image.fromarray(rgb).convert("YCbCr"))[..., 1:].astype(int) - 128).mean())


def test_colours_differ_both_ways_or_not_at_all(real_data: Path) -> None:
    found = [rgb for rgb in pictures(real_data, "alttext", 24) if 8 <= chroma(rgb) < 13]
    assert len(found) >= 4
    for rgb in found:
        first, second = same_both_ways(rgb, saved(Image.fromarray(rgb).convert("L")))
        assert first == second


def test_a_grey_copy_of_a_stained_slide_is_another(real_data: Path) -> None:
    for rgb in pictures(real_data, "cells", 3):
        assert not compare(rgb, saved(Image.fromarray(rgb).convert("L"))).same


@pytest.mark.parametrize("name", list(COUNTS))
def test_a_stretched_picture_is_another(real_data: Path, name: str) -> None:
    for rgb in pictures(real_data, name, 4):
        image = Image.fromarray(rgb)
        stretched = saved(image.resize((round(image.width * 1.1), image.height)))
        for result in (compare(rgb, stretched), compare(stretched, rgb)):
            assert not result.same
            assert "proportions" in result.why


@pytest.mark.parametrize("corner", [(0.87, 0.94), (0.02, 0.02), (0.87, 0.02), (0.02, 0.94)])
def test_a_watermark_in_a_corner_is_a_spot(real_data: Path, corner: tuple[float, float]) -> None:
    for rgb in pictures(real_data, "cells", 2):
        marked = lettered(rgb, *corner, "(c) WX")
        for result in (compare(rgb, marked), compare(marked, rgb)):
            assert result.same, result
            assert "spot" in result.why
            assert 0 < result.differing <= 0.05 * result.blocks


def test_a_watermark_on_a_strip_may_be_high(real_data: Path) -> None:
    strip = pictures(real_data, "cells", 1)[0][200:270]
    assert same_both_ways(strip, lettered(strip, 0.86, 0.7, "(c) WX")) == (True, True)


def test_a_word_more_near_a_corner_is_no_watermark(real_data: Path) -> None:
    """It only adds, and is as far up and across as a watermark may be; but it keeps away from the side."""
    names = ("click-collapsible-2-nodelay-07", "click-collapsible-2-nodelay-04")  # the task names "Amet," and "A,"
    one, two = (decode((real_data / "gui" / "images" / f"{name}.png").read_bytes()) for name in names)
    assert same_both_ways(one, two) == (False, False)


@pytest.mark.parametrize("name", ["002", "116", "345", "453"])
def test_a_word_in_the_middle_is_no_spot(real_data: Path, name: str) -> None:
    rgb = decode((real_data / "receipts" / "images" / f"{name}.jpg").read_bytes())
    marked = lettered(rgb, 0.5, 0.5, "word")
    for result in (compare(rgb, marked), compare(marked, rgb)):
        assert not result.same
        assert "spot" not in result.why
        assert 0 < result.differing < 60


def test_a_word_in_the_middle_of_white_paper_is_seen(real_data: Path) -> None:
    rgb = decode((real_data / "receipts" / "images" / "235.jpg").read_bytes())
    assert same_both_ways(rgb, lettered(rgb, 0.5, 0.5, "word")) == (False, False)


def test_a_large_mark_and_marks_in_two_corners_are_no_spots(real_data: Path) -> None:
    (rgb,) = pictures(real_data, "cells", 1)
    large = rgb.copy()
    large[-160:, -200:] = 255  # a tenth of the picture
    assert not compare(rgb, large).same
    both = lettered(lettered(rgb, 0.02, 0.02, "(c) WX"), 0.8, 0.94, "(c) WX")
    assert not compare(rgb, both).same


def test_nearly_blank_pages_are_too_plain() -> None:
    rng = np.random.default_rng(0)
    white = np.full((800, 600, 3), 255, dtype=np.uint8)
    noisy = rng.integers(244, 247, (800, 600, 3), dtype=np.uint8)
    for rgb in (white, noisy, np.zeros_like(white)):
        result = compare(rgb, rgb.copy())
        assert not result.same
        assert "too plain" in result.why
    dotted = page(["", "."])
    result = compare(dotted, dotted.copy())
    assert not result.same
    assert 0 < result.blocks < 12


def test_nearly_blank_pages_with_different_numbers_are_not_the_same() -> None:
    assert same_both_ways(page(["", "7"]), page(["", "8"])) == (False, False)


def test_a_page_with_a_number_is_not_the_blank_page() -> None:
    assert same_both_ways(page([]), page(["", "7"])) == (False, False)


def test_another_page_number_is_no_watermark() -> None:
    assert same_both_ways(page(["", "page 7 of 12"]), page(["", "page 8 of 12"])) == (False, False)


@pytest.mark.parametrize(("size", "other"), [(20, "12.30"), (20, "12.58"), (28, "12.30"), (28, "19.50"), (28, "12.58")])
def test_one_digit_makes_another_page(size: int, other: str) -> None:
    changed = page([*LINES[:9], LINES[9].replace("12.50", other), *LINES[10:]], size)
    assert same_both_ways(page(LINES, size), changed) == (False, False)


@pytest.mark.parametrize(("size", "other"), [(14, "12.30"), (14, "19.50"), (16, "12.30")])
def test_one_digit_in_small_print_makes_another_page(size: int, other: str) -> None:
    changed = page([*LINES[:9], LINES[9].replace("12.50", other), *LINES[10:]], size)
    assert same_both_ways(page(LINES, size), changed) == (False, False)


@pytest.mark.parametrize("other", ["12.30", "19.50"])
def test_one_digit_in_tiny_print_makes_another_page_even_as_a_jpeg(other: str) -> None:
    lines = [f"{line} at a price of {number}9.99 a piece" for number, line in enumerate(LINES)]
    changed = [*lines[:9], lines[9].replace("12.50", other), *lines[10:]]
    one, two = (saved(Image.fromarray(page(each, 10)), quality=60) for each in (lines, changed))
    assert same_both_ways(one, two) == (False, False)
    assert same_both_ways(one, saved(Image.fromarray(one), quality=50)) == (True, True)


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (10, 10), (400, 6)])
def test_tiny_pictures_are_never_the_same(shape: tuple[int, int]) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert not compare(rgb, rgb.copy()).same


def test_pictures_of_different_things_are_different(real_data: Path) -> None:
    cells = pictures(real_data, "cells", 6)
    for first in range(6):
        for second in range(first):
            assert same_both_ways(cells[first], cells[second]) == (False, False)
    (receipt,) = pictures(real_data, "receipts", 1)
    assert same_both_ways(receipt, cells[0]) == (False, False)
    assert not compare(cells[0], np.ascontiguousarray(cells[0][:, ::-1])).same
    assert not compare(cells[0], 255 - cells[0]).same
