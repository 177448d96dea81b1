"""Drawing helpers that the generators share: text with its ink box, backgrounds, encoding. Pillow only."""

from __future__ import annotations

import io
import random
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
# x1, y1, x2, y2 in pixels; x2 and y2 are one past the last pixel, so that width = x2 - x1.
Box = tuple[int, int, int, int]


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own scalable font at `size` pixels per em. Raises `RuntimeError` where Pillow lacks FreeType."""
    loaded = ImageFont.load_default(size=size)
    if isinstance(loaded, ImageFont.FreeTypeFont):
        return loaded
    raise RuntimeError("this Pillow was built without FreeType: install the `pillow` wheel from your package index")


def text_width(text: str, size: int) -> int:
    """Pixels that `text` advances at font size `size`, rounded up."""
    return int(font(size).getlength(text)) + 1


@lru_cache(maxsize=4096)
def ink_box(text: str, size: int) -> Box:
    """The pixels that `text` colours, from its start on its baseline. The font's own box adds the bearings at both
    sides, several pixels in a large size. (0, 0, 0, 0) where there is nothing to see."""
    mask, (left, top) = font(size).getmask2(text, mode="L", anchor="ls")
    x1, y1, x2, y2 = mask.getbbox() or (0, 0, 0, 0)
    return left + x1, top + y1, left + x2, top + y2


def put_text(draw: ImageDraw.ImageDraw, x: int, baseline: int, text: str, size: int, fill: Colour) -> Box:
    """Writes `text` from `x` on the line `baseline`; gives the box around its ink, in pixels."""
    draw.text((x, baseline), text, fill=fill, font=font(size), anchor="ls")
    left, top, right, bottom = ink_box(text, size)
    return x + left, baseline + top, x + right, baseline + bottom


def centred_text(draw: ImageDraw.ImageDraw, box: Box, text: str, size: int, fill: Colour) -> Box:
    """Writes `text` in the middle of `box`; gives the box around its ink, in pixels. Too long a text sticks out."""
    left, top, right, bottom = ink_box(text, size)
    x = (box[0] + box[2] - right - left) // 2
    baseline = (box[1] + box[3] - bottom - top) // 2
    return put_text(draw, x, baseline, text, size, fill)


def shade(colour: Colour, amount: float) -> Colour:
    """`colour` moved towards white (`amount` up to 1) or black (down to -1)."""
    target = 255 if amount > 0 else 0
    red, green, blue = (round(c + (target - c) * abs(amount)) for c in colour)
    return red, green, blue


def bbox(box: Box) -> str:
    """A box as the `data-bbox` of QwenVL HTML."""
    return " ".join(map(str, box))


def framed(size: tuple[int, int], colour: Colour) -> Image.Image:
    """A plain sheet of `colour` (width, height in pixels) with a frame of one pixel."""
    sheet = Image.new("RGB", size, colour)
    ImageDraw.Draw(sheet).rectangle((0, 0, size[0] - 1, size[1] - 1), outline=shade(colour, -0.5))
    return sheet


def paper(rng: random.Random, size: tuple[int, int], colour: Colour, grain: float = 0.05) -> Image.Image:
    """A sheet of `colour` (width, height in pixels), a little darker at one side, with a fine grain as a camera has.

    The grain comes from `rng`: Pillow's own noise is drawn from the C library and differs from run to run.
    """
    slope = Image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270))).resize(size)
    sheet = Image.composite(Image.new("RGB", size, colour), Image.new("RGB", size, shade(colour, -0.12)), slope)
    noise = Image.frombytes("L", size, rng.randbytes(size[0] * size[1]))
    return Image.blend(sheet, Image.merge("RGB", (noise, noise, noise)), grain)


def encode(image: Image.Image, suffix: str, quality: int = 88, orientation: int = 0) -> bytes:
    """`image` as the bytes of a `jpg` or `png` file; `orientation` 1 to 8 is written as a JPEG's EXIF tag, 0 is not."""
    buffer = io.BytesIO()
    if suffix == "png":
        image.save(buffer, "PNG", compress_level=6)
    else:
        exif = Image.Exif()
        if orientation:
            exif[0x0112] = orientation
        image.convert("RGB").save(buffer, "JPEG", quality=quality, exif=exif)
    return buffer.getvalue()
