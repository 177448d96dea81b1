"""Bytes to pixels: the one image decoder that every stage shares.

A filter and the trainer that decode differently disagree about what an image is, so all go through `decode`, or through
`decode_reduced`, which accepts the same files and gives fewer pixels. JPEG is read by libjpeg-turbo in strict mode,
which raises where others quietly fill in grey; the rest by Pillow, held to the one format that the first bytes
announce.
"""

from __future__ import annotations

import io
import threading
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image, TiffImagePlugin

from model.image_files import (
    ImageError,
    check_png,
    check_webp,
    exif_orientation,
    gif_frames,
    jpeg_orientation,
    mime_of,
)

__all__ = [
    "MAX_PIXELS", "MAX_SIDE", "Header", "ImageError", "Pixels", "Reduced", "apply_orientation", "decode",
    "decode_reduced", "read_header", "undo_orientation",
]  # fmt: skip

MAX_PIXELS = 50_000_000  # platform default: 150 MB of RGB, well under Pillow's own alarm
MAX_SIDE = 20_000  # platform default
MAX_WEBP_PIXELS = 16_000_000  # its reader holds up to four pictures of 4 bytes a pixel, the others one
REDUCED_LONG_SIDE = 112  # `decode_reduced` leaves a JPEG's longer side at least this long
REDUCED_PIXELS = 4_000_000  # and any other image about this many pixels: it is decoded in strips of no more

Pixels = npt.NDArray[np.uint8]

_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
}
_JPEG_MODES = {"Gray": "L", "YCbCr": "RGB", "RGB": "RGB", "CMYK": "CMYK", "YCCK": "CMYK"}
_open_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Header:
    """What an image says of itself. `width` and `height` are as stored, before `orientation` (EXIF, 1 to 8); `mode` is
    Pillow's name for its channels, `frames` counts the pictures of an animation or of a file with pages."""

    mime: str
    width: int
    height: int
    orientation: int
    mode: str = "RGB"
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Reduced:
    """A picture in fewer pixels: uint8 RGB [ceil(H / scale), ceil(W / scale), 3], as displayed; `scale` is 1 to 8 for a
    JPEG (its decoder's own reduction), else a power of two of which each pixel is the mean of a square; `size` is the
    whole picture's (W, H)."""

    rgb: Pixels
    scale: int
    size: tuple[int, int]


def read_header(data: bytes) -> Header:
    """Read format, stored size, channels, frames and EXIF orientation without decoding any pixel.

    An absent or invalid orientation is 1. XMP orientation is not heeded, as browsers do not heed it either; nor is a
    PNG's EXIF chunk that follows the pixels. Raises ImageError for what is not an allowed, sensible image.
    """
    return _read_header(data)[0]


def _read_header(data: bytes) -> tuple[Header, bool]:
    """The header, and whether the image is a JPEG that libjpeg-turbo's own interface can decode to RGB."""
    mime = mime_of(data)
    if mime == "image/jpeg" and (quick := _jpeg_header(data)):
        return quick, quick.mode != "CMYK"
    with _open(data, mime) as image:
        width, height = _stored_size(image)
        frames = gif_frames(data) if mime == "image/gif" else _frames(image)
        return Header(mime, width, height, _orientation(image), image.mode, frames), False


def decode(data: bytes, orientation: int | None = None) -> Pixels:
    """Decode to uint8 RGB [H, W, 3] as displayed: turned by `orientation`, or by the file's own where None.

    Animations give their first frame; transparency is laid on white; 16-bit grey keeps its upper byte.
    Raises ImageError.
    """
    header, turbo = _read_header(data)
    pixels = _decode_jpeg(data, header, 1) if turbo else _decode_by_pillow(data, header, 1)
    return apply_orientation(pixels, header.orientation if orientation is None else orientation)


def decode_reduced(data: bytes, orientation: int | None = None, long_side: int = REDUCED_LONG_SIDE) -> Reduced:
    """Decode as `decode`, into no more pixels than are needed, statistics by default: the same files raise the same
    errors.

    A JPEG is reduced by 2, 4 or 8 inside its decoder as far as its longer side stays `long_side` or more, which saves
    inverse transforms; all its bits are read all the same. Other formats are reduced where they have more than
    REDUCED_PIXELS, which saves memory.
    """
    header, turbo = _read_header(data)
    scale = 1
    if header.mime == "image/jpeg":
        while scale < 8 and -(-max(header.width, header.height) // (2 * scale)) >= long_side:
            scale *= 2
    else:
        while header.width * header.height > REDUCED_PIXELS * scale * scale:
            scale *= 2
    pixels = _decode_jpeg(data, header, scale) if turbo else _decode_by_pillow(data, header, scale)
    turn = header.orientation if orientation is None else orientation
    size = (header.height, header.width) if turn >= 5 else (header.width, header.height)
    return Reduced(apply_orientation(pixels, turn), scale, size)


def apply_orientation(pixels: Pixels, orientation: int) -> Pixels:
    """Turn stored pixels [H, W, ...] into displayed ones; 5 to 8 swap height and width (EXIF 2.32, tag 0x0112).

    Raises ValueError for anything but 1 to 8.
    """
    if orientation not in range(1, 9):
        raise ValueError(f"an EXIF orientation is 1 to 8, not {orientation}")
    if orientation == 1:
        return np.ascontiguousarray(pixels)
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def undo_orientation(pixels: Pixels, orientation: int) -> Pixels:
    """Turn displayed pixels back into stored ones: a quarter turn by its opposite, all else by itself."""
    return apply_orientation(pixels, {6: 8, 8: 6}.get(orientation, orientation))


def _jpeg_header(data: bytes) -> Header | None:
    """The header by libjpeg-turbo, much faster than by Pillow; None for what only Pillow reads, or refuses in words."""
    try:
        height, width, colorspace, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:  # among them odd sampling factors
        return None
    if colorspace not in _JPEG_MODES:
        return None
    _check_size("image/jpeg", width, height)
    return Header("image/jpeg", width, height, jpeg_orientation(data), _JPEG_MODES[colorspace])


def _open(data: bytes, mime: str) -> Image.Image:
    """Pillow's lazy view of the image: header read, size allowed, pixels not yet decoded."""
    try:
        # The warning filters are global, so one thread at a time may change them.
        with _open_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # Pillow's remarks on a TIFF's tags
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=[_FORMATS[mime]])
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ImageError("too_large", str(error)) from error
    except Exception as error:  # Pillow's parsers raise nearly anything on hostile bytes
        raise _failure(error) from error
    _check_size(mime, *_stored_size(image))
    return image


def _check_size(mime: str, width: int, height: int) -> None:
    """Raises ImageError for what a worker of 512 MB could not decode."""
    most = MAX_WEBP_PIXELS if mime == "image/webp" else MAX_PIXELS
    if width * height > most or max(width, height) > MAX_SIDE:
        limit = f"{most / 1e6:g} megapixels or {MAX_SIDE} pixels a side"
        raise ImageError("too_large", f"{width}x{height} is more than {limit}")


def _frames(image: Image.Image) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception as error:  # a TIFF's directories may lead anywhere
        raise _failure(error) from error


def _stored_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    turned = isinstance(image, TiffImagePlugin.TiffImageFile) and _orientation(image) >= 5
    return (height, width) if turned else (width, height)  # Pillow reports a TIFF's size as displayed


def _orientation(image: Image.Image) -> int:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return exif_orientation(image.info.get("exif", b""))
    value = image.tag_v2.get(0x0112, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _decode_jpeg(data: bytes, header: Header, scale: int) -> Pixels:
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(
            data,
            colorspace="RGB",
            min_height=-(-header.height // scale) if scale > 1 else 0,
            min_width=-(-header.width // scale) if scale > 1 else 0,
            min_factor=scale,
            strict=True,
        )
    except ValueError as error:
        raise _failure(error) from error
    return pixels


def _decode_by_pillow(data: bytes, header: Header, scale: int) -> Pixels:
    if header.mime == "image/png":
        check_png(data)
    elif header.mime == "image/webp":
        check_webp(data)
    with _open(data, header.mime) as image:
        orientation = _orientation(image)
        try:
            image.load()
            pixels = _rgb(image, scale)
        except ImageError:
            raise
        except Exception as error:  # as in _open
            raise _failure(error) from error
        if isinstance(image, TiffImagePlugin.TiffImageFile):  # Pillow has turned a TIFF already: turn it back
            return undo_orientation(pixels, orientation)
    return pixels


def _rgb(image: Image.Image, scale: int) -> Pixels:
    """A loaded picture as uint8 RGB [ceil(H / scale), ceil(W / scale), 3], converted strip by strip: whole copies of a
    large picture, which conversion and transparency need, would take several times its memory."""
    width, height = image.size
    found = np.empty((-(-height // scale), -(-width // scale), 3), np.uint8)
    rows = max(1, REDUCED_PIXELS // (width * scale)) * scale
    for top in range(0, height, rows):
        whole = rows >= height
        strip = _to_rgb(image if whole else image.crop((0, top, width, min(top + rows, height))))
        part = np.asarray(strip.reduce(scale) if scale > 1 else strip)
        found[top // scale : top // scale + len(part)] = part
    return found


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        upper = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return Image.fromarray(upper).convert("RGB")
    if image.mode in ("I", "F"):
        raise ImageError("unsupported_format", f"mode {image.mode} (32 bits a pixel) has no defined white")
    if not image.has_transparency_data:
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def _failure(error: Exception) -> ImageError:
    message = f"{type(error).__name__}: {error}"
    cut = any(word in message.lower() for word in ("truncated", "premature", "eof", "unexpected end"))
    return ImageError("truncated" if cut else "damaged", message)
