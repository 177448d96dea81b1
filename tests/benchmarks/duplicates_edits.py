"""What is done to real pictures to make copies of them, each edit as the bytes of a file."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

_QUALITY = 90  # of JPEGs, where an edit is about something else

Edit = Callable[[Image.Image], bytes]


def resize_50(image: Image.Image) -> bytes:
    """Half as wide and high (Lanczos), as a JPEG of quality 90, as all edits but those of the format."""
    return _jpeg(_resized(image, 0.5))


def resize_75(image: Image.Image) -> bytes:
    """Three quarters as wide and high."""
    return _jpeg(_resized(image, 0.75))


def recompress_50(image: Image.Image) -> bytes:
    """A JPEG of quality 50."""
    return _jpeg(image, 50)


def format_webp(image: Image.Image) -> bytes:
    """A lossy WebP of quality 80."""
    return _written(image, "WEBP", quality=80)


def format_png(image: Image.Image) -> bytes:
    """A PNG of the very pixels."""
    return _written(image, "PNG")


def brightness_85(image: Image.Image) -> bytes:
    """All levels times 0.85."""
    return _jpeg(ImageEnhance.Brightness(image).enhance(0.85))


def brightness_115(image: Image.Image) -> bytes:
    """All levels times 1.15, cut off at white."""
    return _jpeg(ImageEnhance.Brightness(image).enhance(1.15))


def watermark(image: Image.Image) -> bytes:
    """A name in half transparent white with a dark edge in the lower right corner, about 15 % as wide as the picture
    and 2 % away from its sides."""
    text, width, height = "© example.com", *image.size
    font = ImageFont.load_default(100)
    size = max(4.0, 100 * 0.15 * width / font.getlength(text))
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    place = (width - 0.02 * width, height - 0.02 * height)
    colours: dict[str, Any] = {"fill": (255, 255, 255, 150), "stroke_fill": (0, 0, 0, 110)}
    edge = max(1, round(size / 20))
    ImageDraw.Draw(layer).text(
        place, text, font=font.font_variant(size=size), anchor="rd", stroke_width=edge, **colours
    )
    return _jpeg(Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB"))


def crop_2_centred(image: Image.Image) -> bytes:
    """Without 2 % of its width and height: 1 % on each of its four sides."""
    return _jpeg(_cropped(image, 0.01, 0.01, 0.01, 0.01))


def crop_5_centred(image: Image.Image) -> bytes:
    """Without 5 % of its width and height: 2.5 % on each of its four sides."""
    return _jpeg(_cropped(image, 0.025, 0.025, 0.025, 0.025))


def crop_2_one_sided(image: Image.Image) -> bytes:
    """Without 2 % of its width, all on the left, and 2 % of its height, all at the top."""
    return _jpeg(_cropped(image, 0.02, 0.02, 0, 0))


def crop_5_one_sided(image: Image.Image) -> bytes:
    """Without 5 % of its width, all on the left, and 5 % of its height, all at the top."""
    return _jpeg(_cropped(image, 0.05, 0.05, 0, 0))


def crop_5_left(image: Image.Image) -> bytes:
    """Without 5 % of its width, all on the left; as high as before."""
    return _jpeg(_cropped(image, 0.05, 0, 0, 0))


def mirror(image: Image.Image) -> bytes:
    """Left and right exchanged."""
    return _jpeg(ImageOps.mirror(image))


EDITS: dict[str, Edit] = {
    each.__name__: each
    for each in (
        resize_50, resize_75, recompress_50, format_webp, format_png, brightness_85, brightness_115, watermark,
        crop_2_centred, crop_5_centred, crop_2_one_sided, crop_5_one_sided, crop_5_left, mirror,
    )
}  # fmt: skip


def _jpeg(image: Image.Image, quality: int = _QUALITY) -> bytes:
    return _written(image, "JPEG", quality=quality)


def _written(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _resized(image: Image.Image, factor: float) -> Image.Image:
    width, height = (max(1, round(side * factor)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _cropped(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = image.size
    edges = round(width * left), round(height * top), width - round(width * right), height - round(height * bottom)
    return image.crop(edges)
