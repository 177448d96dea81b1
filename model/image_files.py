"""What the bytes of an image file say of themselves, read without a decoder: format, orientation, frames, wholeness."""

from __future__ import annotations

import functools
import struct
import zlib
from collections.abc import Iterator
from typing import Literal

ErrorKind = Literal["empty", "not_an_image", "unsupported_format", "too_large", "truncated", "damaged"]

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

# ITU-T T.81, table K.1, in the zigzag order of the file: what encoders scale by their quality.
_LUMINANCE = (
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61,
    60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113,
    121, 112, 100, 120, 92, 101, 103, 99,
)  # fmt: skip


class ImageError(ValueError):
    """Bytes that are no usable image. `kind` is for counting, the message for people."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(kind, message)  # both, so that the error survives pickling between processes
        self.kind = kind
        self.message = message

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


def mime_of(data: bytes) -> str:
    """The format by its first bytes, whatever the file is called. Raises ImageError for what is not read."""
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


def jpeg_orientation(data: bytes) -> int:
    """The EXIF orientation of a JPEG, 1 where it has none that is valid."""
    for marker, start, end in _jpeg_segments(data):
        if marker == 0xE1 and data.startswith(b"Exif\x00\x00", start):
            return exif_orientation(data[start:end])
    return 1


def jpeg_quality(data: bytes) -> int | None:
    """The quality, 1 to 100, at which the IJG's encoder (libjpeg, and with it most programs) would have chosen a
    JPEG's luminance table, the last decoder setting that is known of it; None where there is no 8-bit table.

    By the sum of the table's 64 entries, as libjpeg's `jpeg_quality_scaling` inverted; other encoders' tables have
    other shapes, so that the number compares strengths and does not recover anybody's setting.
    """
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    for marker, start, end in _jpeg_segments(data):
        if marker == 0xDB and data[start : start + 1] == b"\x00" and end - start >= 65:
            return _quality(data[start + 1 : start + 65])
    return None


def jpeg_block_height(data: bytes) -> int | None:
    """How many rows of stored pixels a JPEG's interleaved blocks have (its MCU: ITU-T T.81, A.2.3), 8 to 32; None where
    it has no frame header of 8-bit samples in 1 or 3 components."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    for marker, start, end in _jpeg_segments(data):
        if marker in (0xC0, 0xC1, 0xC2) and end - start in (9, 15) and end <= len(data) and data[start] == 8:
            factors = [data[at] & 15 for at in range(start + 7, end, 3)]
            return 8 * max(factors) if len(factors) > 1 else 8
    return None


@functools.lru_cache(maxsize=1024)  # few tables are in use
def _quality(table: bytes) -> int:
    # Entries end at 255, so that those tell nothing of how strong a strong compression is.
    known = [(mine, base) for mine, base in zip(table, _LUMINANCE, strict=True) if mine < 255]
    if not known:
        return 1
    scale = 100 * sum(mine for mine, _ in known) / sum(base for _, base in known)
    return min(100, max(1, round((200 - scale) / 2 if scale <= 100 else 5000 / scale)))


def exif_orientation(exif: bytes) -> int:
    """The orientation tag of an EXIF block's first directory, 1 where there is none that is valid. Pillow's reader
    would parse every tag of every directory, which is work and risk for one number."""
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
                return value if kind == 3 and 1 <= value <= 8 else 1
    except struct.error:
        pass  # a cut EXIF block says nothing about orientation
    return 1


def gif_frames(data: bytes) -> int:
    """How many pictures a GIF holds. Raises ImageError where it ends within a block; a missing end mark is harmless."""
    if len(data) < 13:
        raise ImageError("truncated", "the GIF ends in its header")
    at, frames = 13 + _colours(data[10]), 0
    while at < len(data) and data[at] != 0x3B:
        if data[at] == 0x2C:  # a picture: its place, its colours, the size of its codes
            if at + 10 > len(data):
                raise ImageError("truncated", f"the GIF ends within picture {frames + 1}")
            at, frames = at + 11 + _colours(data[at + 9]), frames + 1
        elif data[at] == 0x21:  # an extension
            at += 2
        else:
            if frames:
                break  # trailing bytes, which every reader ignores
            raise ImageError("damaged", f"a GIF has no block {data[at]:#04x}")
        while at < len(data) and data[at]:
            at += 1 + data[at]
        if at >= len(data):
            raise ImageError("truncated", f"the GIF ends within a block, {frames} pictures in")
        at += 1
    return max(1, frames)


def check_png(data: bytes) -> None:
    """Raises ImageError where a PNG is cut or a chunk that every reader needs fails its check sum. Decoders stop
    looking when they have enough pixels."""
    at = 8
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        if name[:1].isupper() and zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise ImageError("damaged", f"the check sum of the PNG's chunk {name.decode('latin-1')} is wrong")
        if name == b"IEND":
            return
        at = end
    raise ImageError("truncated", "the PNG ends before its last chunk")


def check_webp(data: bytes) -> None:
    """Raises ImageError where a WebP has fewer bytes than its header announces."""
    announced = 8 + int.from_bytes(data[4:8], "little")
    if len(data) < announced:
        raise ImageError("truncated", f"the WebP announces {announced:,} bytes and has {len(data):,}")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment's content before the pixels."""
    at, size = 2, len(data)
    while at + 4 <= size and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xDA:  # the pixels
            return
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:  # no content
            at += 2
        else:
            length = (data[at + 2] << 8) | data[at + 3]
            yield marker, at + 4, at + 2 + length
            at += 2 + length


def _colours(flags: int) -> int:
    """Bytes of a GIF's colour table."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


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
