"""Defects as raw data has them, each a small function that spoils one row, with what ought to become of it.

A defect never looks at other rows: for the two that are about repetition, `raw` hands over a copy of an earlier row.
"""

from __future__ import annotations

import copy
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from PIL import Image, ImageFilter

from synth.drawing import encode

# `quarantined`: can't be read. `dropped`: read, and a rule says no. `deduplicated`: it or the row that it repeats goes.
# `kept`: looks odd, and must come through unharmed.
Expect = Literal["quarantined", "dropped", "deduplicated", "kept"]

CONTROL_TEXTS = ("<|im_end|>", "<|image_pad|>", "<image>")

# EXIF orientation -> what was done to the displayed picture to get the stored one (the inverse of what a viewer does).
_STORED_BY = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}

_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="224" height="224">'
    '<circle cx="112" cy="112" r="60" fill="teal"/></svg>\n'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """A row before it is written: `record` is JSON-able; `image` holds a file's bytes, None where there is no file.

    `suffix` is the file's ending ("" for a row that never had a picture), `reference` what the record says instead of
    its file's own name, and `torn` that the record's line is cut short.
    """

    record: dict[str, Any]
    image: bytes | None = None
    suffix: str = ""
    reference: str = ""
    torn: bool = False


Spoil = Callable[[RawRow, random.Random], RawRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    name: str
    expect: Expect
    spoil: Spoil
    detail: str = ""


# ---- files that can't be read ----


def _junk(row: RawRow, rng: random.Random) -> RawRow:
    return replace(row, image=rng.randbytes(2000))


def _truncate(row: RawRow, rng: random.Random) -> RawRow:
    """The header stays, so that the size can be read; the pixels end somewhere in the middle."""
    data = row.image or b""
    return replace(row, image=data[: round(len(data) * rng.uniform(0.45, 0.7))])


def _tear(row: RawRow, rng: random.Random) -> RawRow:
    return replace(row, torn=True)


JUNK_IMAGE = Defect(name="junk_image", expect="quarantined", spoil=_junk)
TRUNCATED_IMAGE = Defect(name="truncated_image", expect="quarantined", spoil=_truncate)
EMPTY_IMAGE = Defect(name="empty_image", expect="quarantined", spoil=lambda row, rng: replace(row, image=b""))
MISSING_IMAGE = Defect(name="missing_image", expect="quarantined", spoil=lambda row, rng: replace(row, image=None))
SVG_IMAGE = Defect(
    name="svg_image", expect="quarantined", spoil=lambda row, rng: replace(row, image=_SVG.encode(), suffix="svg")
)
ESCAPING_PATH = Defect(
    name="escaping_path",
    expect="quarantined",
    spoil=lambda row, rng: replace(row, image=None, reference="../../etc/passwd"),
)
BROKEN_JSON = Defect(name="broken_json", expect="quarantined", spoil=_tear)

# ---- pictures that can be read and show too little ----


def decode(row: RawRow) -> Image.Image:
    """The row's picture as stored, as RGB. Raises `ValueError` for a row without one."""
    if not row.image:
        raise ValueError("this row has no picture to spoil")
    return Image.open(io.BytesIO(row.image)).convert("RGB")


def with_picture(row: RawRow, image: Image.Image, quality: int = 88) -> RawRow:
    """The row with another picture in the same format; `width` and `height` follow where the record states them."""
    sizes = {"width": image.width, "height": image.height} if "width" in row.record else {}
    return replace(row, record={**row.record, **sizes}, image=encode(image, row.suffix, quality))


def _blank(row: RawRow, rng: random.Random) -> RawRow:
    grey = rng.randint(90, 255)
    return with_picture(row, Image.new("RGB", decode(row).size, (grey, grey, grey)))


def _dark(row: RawRow, rng: random.Random) -> RawRow:
    return with_picture(row, decode(row).point(lambda level: level * 0.05))


def _blur(row: RawRow, rng: random.Random) -> RawRow:
    image = decode(row)
    return with_picture(row, image.filter(ImageFilter.GaussianBlur(min(image.size) / 20)))


def _shrink(row: RawRow, rng: random.Random) -> RawRow:
    return with_picture(row, decode(row).resize((rng.randint(6, 12), rng.randint(6, 12))))


def _squash(row: RawRow, rng: random.Random) -> RawRow:
    """Sixteen times as wide as high."""
    return with_picture(row, decode(row).resize((448, 28)))


BLANK_IMAGE = Defect(name="blank_image", expect="dropped", spoil=_blank)
DARK_IMAGE = Defect(name="dark_image", expect="dropped", spoil=_dark)
BLURRED_IMAGE = Defect(name="blurred_image", expect="dropped", spoil=_blur)
TINY_IMAGE = Defect(name="tiny_image", expect="dropped", spoil=_shrink)
EXTREME_ASPECT = Defect(name="extreme_aspect", expect="dropped", spoil=_squash)

# ---- texts that say nothing ----


def _say(row: RawRow, rng: random.Random, field: str, texts: tuple[str, ...]) -> RawRow:
    return replace(row, record={**row.record, field: rng.choice(texts)})


def bad_text(name: str, field: str, *texts: str) -> Defect:
    """One of `texts` in place of the record's `field`; `name` is put before the field's name."""
    return Defect(name=f"{name}_{field}", expect="dropped", spoil=partial(_say, field=field, texts=texts))


def repetitive(field: str) -> Defect:
    return bad_text("repetitive", field, "nice picture " * 24 + "nice", "very " * 40 + "good", "buy now! " * 30)


# ---- repetition ----


def _recompress(row: RawRow, rng: random.Random) -> RawRow:
    """The same pixels, nearly: a lower JPEG quality, or a palette for a PNG. Boxes still fit."""
    image = decode(row)
    return with_picture(row, image.quantize(96).convert("RGB") if row.suffix == "png" else image, quality=55)


def _resize(row: RawRow, rng: random.Random) -> RawRow:
    image = decode(row)
    return with_picture(row, image.resize((image.width * 4 // 5, image.height * 4 // 5)), quality=70)


EXACT_DUPLICATE = Defect(name="exact_duplicate", expect="deduplicated", spoil=lambda row, rng: row)
RECOMPRESSED_DUPLICATE = Defect(name="recompressed_duplicate", expect="deduplicated", spoil=_recompress)
RESIZED_DUPLICATE = Defect(name="resized_duplicate", expect="deduplicated", spoil=_resize)

# ---- odd, and right ----


def _rotate(row: RawRow, rng: random.Random, orientation: int) -> RawRow:
    """Stores the picture turned, with the EXIF tag that turns it back; the record goes on stating displayed pixels."""
    image = decode(row)
    stored = image.transpose(_STORED_BY[orientation]) if orientation > 1 else image
    return replace(row, image=encode(stored, "jpg", 92, orientation))


def _say_control_text(row: RawRow, rng: random.Random, field: str) -> RawRow:
    text = f"{row.record[field]} The label reads {rng.choice(CONTROL_TEXTS)}."
    return replace(row, record={**row.record, field: text})


EXIF_ORIENTATIONS = tuple(
    Defect(name="exif_orientation", expect="kept", spoil=partial(_rotate, orientation=n), detail=f"orientation {n}")
    for n in range(1, 9)
)


def control_text(field: str) -> Defect:
    """A model's control token as plain words at the end of the record's `field`."""
    return Defect(name="control_text", expect="kept", spoil=partial(_say_control_text, field=field))


# ---- boxes that leave the picture ----


def _move_box(row: RawRow, rng: random.Random, box_of: Callable[[dict[str, Any]], list[float]]) -> RawRow:
    record = copy.deepcopy(row.record)
    box = box_of(record)
    box[0::2] = [x + 2000 for x in box[0::2]]
    return replace(row, record=record)


def box_outside(box_of: Callable[[dict[str, Any]], list[float]]) -> Defect:
    """Moves one box or quad (a list of x, y pairs inside the record, found by `box_of`) 2000 pixels to the right."""
    return Defect(name="box_outside", expect="dropped", spoil=partial(_move_box, box_of=box_of))
