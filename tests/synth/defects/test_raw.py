"""Each planted row, read back from its file, is spoiled as the record says."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
import simplejpeg
from PIL import Image, ImageOps

from synth.defects.raw import CONTROL_TEXTS, RawRow, decode

Items = list[Any]  # of conftest.Spoiled


def of(spoiled: Items, *names: str) -> Items:
    found = [item for item in spoiled if item.defect in names]
    assert found
    return found


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def grey(data: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(opened(data).convert("L")).astype(float)


def sharpness(data: bytes) -> float:
    """The variance of the second differences."""
    levels = grey(data)
    return float((levels[1:-1, 2:] + levels[1:-1, :-2] - 2 * levels[1:-1, 1:-1]).var())


def boxes(record: dict[str, Any]) -> list[list[float]]:
    quads = [line["quad"] for line in record.get("lines", [])]
    plain = [item["bbox"] for item in record.get("objects", []) + record.get("steps", [])]
    return quads + plain + ([record["box"]] if "box" in record else [])


def test_every_defect_of_every_source_is_there(spoiled: Items) -> None:
    found = {(item.row.source, item.defect) for item in spoiled}
    assert Counter(source for source, _ in found) == {
        "pairs": 18, "receipts": 14, "scenes": 14, "screens": 13, "questions": 14, "referring": 8, "charts": 9,
        "boards": 4, "board_boxes": 3, "instructions": 5,
    }  # fmt: skip


def test_junk_and_empty_files_are_no_pictures(spoiled: Items) -> None:
    for item in of(spoiled, "junk_image", "empty_image"):
        assert (item.row.image == b"") == (item.defect == "empty_image")
        with pytest.raises(OSError, match="cannot identify"):
            opened(item.row.image)


def test_a_truncated_picture_has_a_size_and_no_pixels(spoiled: Items) -> None:
    seen = set()
    for item in of(spoiled, "truncated_image"):
        image = opened(item.row.image)
        seen.add(image.format)
        assert image.width >= 84
        if image.format == "JPEG":
            with pytest.raises(ValueError, match="[Pp]remature"):
                simplejpeg.decode_jpeg(item.row.image, strict=True)
        else:
            with pytest.raises((OSError, SyntaxError)):
                image.load()
    assert seen == {"JPEG", "PNG"}


def test_missing_svg_and_escaping_references(spoiled: Items) -> None:
    assert all(item.row.image is None for item in of(spoiled, "missing_image"))
    for item in of(spoiled, "svg_image"):
        assert item.row.name.endswith(".svg") and item.row.image.startswith(b"<svg")
    assert {item.row.name for item in of(spoiled, "escaping_path")} == {"../../etc/passwd"}


def test_broken_lines_are_no_json(spoiled: Items) -> None:
    for item in of(spoiled, "broken_json"):
        with pytest.raises(json.JSONDecodeError):
            json.loads(item.row.text)


def test_clean_rows_decode_strictly_and_keep_their_boxes_inside(rows: dict[str, Any], spoiled: Items) -> None:
    dirty = {id(item.row) for item in spoiled}
    clean = [row for row in rows.values() if id(row) not in dirty]
    assert len(clean) > 450
    for row in clean:
        if row.source == "instructions":
            assert row.record["output"]
            continue
        size = opened(row.image).size
        if row.image.startswith(b"\xff\xd8"):
            simplejpeg.decode_jpeg(row.image, strict=True)
        assert row.record.get("width", size[0]) == size[0] and row.record.get("height", size[1]) == size[1]
        assert min(size) >= (84 if row.source.startswith("board") else 112) and max(size) <= 448
        for box in boxes(row.record):
            assert min(box) >= 0 and max(box[0::2]) <= size[0] and max(box[1::2]) <= size[1]


def test_poor_pictures(rows: dict[str, Any], spoiled: Items) -> None:
    dirty = {id(item.row) for item in spoiled}
    clean = [row.image for row in rows.values() if id(row) not in dirty and row.image]
    assert all(grey(item.row.image).std() < 1 for item in of(spoiled, "blank_image"))
    darkest = max(grey(item.row.image).mean() for item in of(spoiled, "dark_image"))
    assert darkest < 0.2 * min(grey(data).mean() for data in clean)
    least_blurred = max(sharpness(item.row.image) for item in of(spoiled, "blurred_image"))
    assert least_blurred < 0.1 * min(sharpness(data) for data in clean)


def test_odd_sizes(spoiled: Items) -> None:
    assert all(max(opened(item.row.image).size) <= 12 for item in of(spoiled, "tiny_image"))
    assert {opened(item.row.image).size for item in of(spoiled, "extreme_aspect")} == {(448, 28)}


def test_poor_texts(spoiled: Items) -> None:
    for item in of(spoiled, "empty_caption", "empty_answer", "empty_instruction", "empty_output"):
        assert item.row.record[item.defect.removeprefix("empty_")].strip() == ""
    assert all(len(item.row.record["caption"]) <= 6 for item in of(spoiled, "short_caption"))
    for item in of(spoiled, "repetitive_caption", "repetitive_output"):
        words = item.row.record[item.defect.removeprefix("repetitive_")].split()
        assert len(words) >= 40 and len(set(words)) <= 3
    assert all("." in item.row.record["caption"][-5:] for item in of(spoiled, "file_name_caption"))


def said(row: Any) -> dict[str, Any]:
    """The record without what names the row or states the picture's size."""
    return {key: value for key, value in row.record.items() if key not in ("id", "key", "image", "width", "height")}


def test_duplicates_repeat_a_clean_row(spoiled: Items) -> None:
    dirty = {id(item.row) for item in spoiled}
    for item in of(spoiled, "exact_duplicate", "recompressed_duplicate", "resized_duplicate"):
        assert said(item.row) == said(item.of) and item.row.source == item.of.source
        assert id(item.of) not in dirty and item.row is not item.of
        assert (item.row.image == item.of.image) == (item.defect == "exact_duplicate")
        if item.defect != "exact_duplicate":
            size = opened(item.of.image).size
            assert (opened(item.row.image).size == size) == (item.defect == "recompressed_duplicate")
            again = np.asarray(opened(item.row.image).resize(size).convert("L")).astype(float)
            assert np.abs(again - grey(item.of.image)).mean() < 8


def test_all_eight_orientations_show_the_shapes_inside_their_boxes(spoiled: Items) -> None:
    items = of(spoiled, "exif_orientation")
    assert sorted(item.detail for item in items) == [f"orientation {n}" for n in range(1, 9)]
    for item in items:
        stored, record = opened(item.row.image), item.row.record
        assert stored.getexif()[0x0112] == int(item.detail[-1])
        shown = ImageOps.exif_transpose(stored)
        assert shown is not None and shown.size == (record["width"], record["height"])
        hue = np.asarray(shown.convert("HSV"))[:, :, 1].astype(int)  # shapes are far more saturated than any ground
        strong = hue > 110
        for found in record["objects"]:
            x1, y1, x2, y2 = found["bbox"]
            assert strong[y1:y2, x1:x2].mean() > 0.25
            strong[max(0, y1 - 3) : y2 + 3, max(0, x1 - 3) : x2 + 3] = False
        assert strong.mean() < 0.002


def test_a_box_lies_outside(spoiled: Items) -> None:
    for item in of(spoiled, "box_outside"):
        width = opened(item.row.image).width
        assert sum(min(box[0::2]) >= width for box in boxes(item.row.record)) == 1


def test_control_texts_are_content(spoiled: Items) -> None:
    items = of(spoiled, "control_text")
    assert len({item.row.source for item in items}) == 7
    for item in items:
        assert item.expect == "kept"
        assert any(text in json.dumps(item.row.record, ensure_ascii=False) for text in CONTROL_TEXTS)


def test_expectations(spoiled: Items) -> None:
    expected = {item.defect: item.expect for item in spoiled}
    assert expected["truncated_image"] == expected["escaping_path"] == expected["broken_json"] == "quarantined"
    assert expected["blurred_image"] == expected["box_outside"] == expected["empty_caption"] == "dropped"
    assert expected["exact_duplicate"] == expected["resized_duplicate"] == "deduplicated"
    assert {name for name, expect in expected.items() if expect == "kept"} == {"control_text", "exif_orientation"}


def test_a_row_without_a_picture_has_nothing_to_spoil() -> None:
    with pytest.raises(ValueError, match="no picture"):
        decode(RawRow(record={}))
