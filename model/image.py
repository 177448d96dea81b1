"""Bytes to pixels: the one image decoder that every stage shares.

A filter and the trainer that decode differently disagree about what an image is, so all go through `decode`. JPEG is
read by libjpeg-turbo in strict mode, which raises where others quietly fill in grey; the rest by Pillow, held to the
one format that the first bytes announce.
"""

from __future__ import annotations

import io
import struct
import threading
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image, TiffImagePlugin

MAX_PIXELS = 50_000_000  # platform default: 150 MB of RGB, well under Pillow's own alarm
MAX_SIDE = 20_000  # platform default

Pixels = npt.NDArray[np.uint8]
ErrorKind = Literal["empty", "not_an_image", "unsupported_format", "too_large", "truncated", "damaged"]

_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
}
_MAGIC = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
    b"II+\x00": "image/tiff",
    b"MM\x00+": "image/tiff",
}
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_REFUSED_MAGIC = {
    b"%PDF": "pdf",
    b"%!PS": "postscript",
    b"8BPS": "psd",
    b"\x00\x00\x01\x00": "ico",
    b"\x00\x00\x00\x0cjP  ": "jpeg 2000",
    b"\xff\x4f\xff\x51": "jpeg 2000",
    b"\x00\x00\x00\x0cJXL ": "jpeg xl",
    b"\xff\x0a": "jpeg xl",
    b"qoif": "qoi",
    b"v/1\x01": "openexr",
    b"DDS ": "dds",
    b"BLP": "blp",
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip",
    b"\x1aE\xdf\xa3": "webm or matroska video",
}
_BRANDS = {b"avif": "avif", b"avis": "avif", b"heic": "heic", b"heix": "heic", b"hevc": "heic", b"mif1": "heif"}
_open_lock = threading.Lock()


class ImageError(ValueError):
    """Bytes that are no usable image. `kind` is for counting, the message for people."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(kind, message)  # both, so that the error survives pickling between processes
        self.kind = kind
        self.message = message

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


@dataclass(frozen=True, slots=True)
class Header:
    """What an image says of itself. `width` and `height` are as stored, before `orientation` (EXIF, 1 to 8)."""

    mime: str
    width: int
    height: int
    orientation: int


def read_header(data: bytes) -> Header:
    """Read format, stored size and EXIF orientation without decoding any pixel.

    An absent or invalid orientation is 1. XMP orientation is not heeded, as browsers do not heed it either; nor is a
    PNG's EXIF chunk that follows the pixels. Raises ImageError for what is not an allowed, sensible image.
    """
    mime = _mime(data)
    with _open(data, mime) as image:
        width, height = _stored_size(image)
        return Header(mime, width, height, _orientation(image))


def decode(data: bytes, orientation: int | None = None) -> Pixels:
    """Decode to uint8 RGB [H, W, 3] as displayed: turned by `orientation`, or by the file's own where None.

    Animations give their first frame; transparency is laid on white; 16-bit grey keeps its upper byte.
    Raises ImageError.
    """
    header = read_header(data)
    pixels = _decode_jpeg(data) if header.mime == "image/jpeg" else _decode_by_pillow(data, header.mime)
    return apply_orientation(pixels, header.orientation if orientation is None else orientation)


def apply_orientation(pixels: Pixels, orientation: int) -> Pixels:
    """Turn stored pixels [H, W, ...] into displayed ones; 5 to 8 swap height and width (EXIF 2.32, tag 0x0112).

    Raises ValueError for anything but 1 to 8.
    """
    if orientation not in range(1, 9):
        raise ValueError(f"an EXIF orientation is 1 to 8, not {orientation}")
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _mime(data: bytes) -> str:
    if not data:
        raise ImageError("empty", "the file holds no bytes")
    for magic, mime in _MAGIC.items():
        if data.startswith(magic):
            return mime
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "image/bmp"
    if name := _refused_format(data):
        raise ImageError("unsupported_format", f"{name} is not read; convert it to PNG or JPEG first")
    raise ImageError("not_an_image", f"the first bytes are those of no known image format: {data[:12]!r}")


def _refused_format(data: bytes) -> str | None:
    for magic, name in _REFUSED_MAGIC.items():
        if data.startswith(magic):
            return name
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "mp4 video or another ISO media file")
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start and start.startswith(b"<"):
        return "svg"
    return "html" if start.startswith((b"<!doctype html", b"<html")) else None


def _open(data: bytes, mime: str) -> Image.Image:
    """Pillow's lazy view of the image: header read, size allowed, pixels not yet decoded."""
    try:
        # The warning filters are global, so one thread at a time may change them.
        with _open_lock, warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=[_FORMATS[mime]])
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ImageError("too_large", str(error)) from error
    except Exception as error:  # Pillow's parsers raise nearly anything on hostile bytes
        raise _failure(error) from error
    width, height = _stored_size(image)
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        limit = f"{MAX_PIXELS / 1e6:g} megapixels or {MAX_SIDE} pixels a side"
        raise ImageError("too_large", f"{width}x{height} is more than {limit}")
    return image


def _stored_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    turned = isinstance(image, TiffImagePlugin.TiffImageFile) and _orientation(image) >= 5
    return (height, width) if turned else (width, height)  # Pillow reports a TIFF's size as displayed


def _orientation(image: Image.Image) -> int:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        value = image.tag_v2.get(0x0112, 1)
    else:
        value = _exif_orientation(image.info.get("exif", b""))
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _exif_orientation(exif: bytes) -> int:
    """The orientation tag of an EXIF block's first directory. Pillow's reader would parse every tag of every
    directory, which is work and risk for one number."""
    tiff = exif.removeprefix(b"Exif\x00\x00")
    endian = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if endian is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{endian}I", tiff, 4)
        (count,) = struct.unpack_from(f"{endian}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(f"{endian}HHIH", tiff, entry)
            if tag == 0x0112:
                return value if kind == 3 else 1
    except struct.error:
        pass  # a cut EXIF block says nothing about orientation
    return 1


def _decode_jpeg(data: bytes) -> Pixels:
    try:
        colorspace = str(simplejpeg.decode_jpeg_header(data)[2])
    except ValueError:
        colorspace = ""  # odd sampling factors, which only Pillow reads; it refuses truncated data as well
    if colorspace not in ("Gray", "YCbCr", "RGB"):
        return _decode_by_pillow(data, "image/jpeg")
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(data, colorspace="RGB", strict=True)
    except ValueError as error:
        raise _failure(error) from error
    return pixels


def _decode_by_pillow(data: bytes, mime: str) -> Pixels:
    with _open(data, mime) as image:
        orientation = _orientation(image)
        try:
            image.load()
            pixels = np.asarray(_to_rgb(image))
        except ImageError:
            raise
        except Exception as error:  # as in _open
            raise _failure(error) from error
        if isinstance(image, TiffImagePlugin.TiffImageFile):  # Pillow has turned a TIFF already: turn it back
            return apply_orientation(pixels, {6: 8, 8: 6}.get(orientation, orientation))
    return pixels


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
