"""The decoder: every allowed format, every orientation, and what it says of bytes that are no image."""

from __future__ import annotations

import io
import pickle
import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageOps

from model.image import Header, ImageError, apply_orientation, decode, decode_reduced, read_header
from model.image_files import gif_frames, jpeg_quality

SCENE = np.kron(np.arange(24, dtype=np.uint8).reshape(4, 6, 1) * 10, np.ones((8, 8, 3), np.uint8))  # 32 high, 48 wide


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = "a maker"
    return block


def kind_of(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        decode(data)
    return caught.value.kind


@pytest.mark.parametrize(
    ("orientation", "shown"),
    [
        (1, [[1, 2, 3], [4, 5, 6]]),
        (2, [[3, 2, 1], [6, 5, 4]]),
        (3, [[6, 5, 4], [3, 2, 1]]),
        (4, [[4, 5, 6], [1, 2, 3]]),
        (5, [[1, 4], [2, 5], [3, 6]]),
        (6, [[4, 1], [5, 2], [6, 3]]),
        (7, [[6, 3], [5, 2], [4, 1]]),
        (8, [[3, 6], [2, 5], [1, 4]]),
    ],
)
def test_the_eight_orientations_by_hand(orientation: int, shown: list[list[int]]) -> None:
    stored = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8)
    assert apply_orientation(stored, orientation).tolist() == shown


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_displayed_pixels_are_those_of_exif_transpose(format: str, orientation: int) -> None:
    options = {"lossless": True} if format == "WEBP" else {"quality": 95} if format == "JPEG" else {}
    data = encoded(Image.fromarray(SCENE), format, exif=exif(orientation), **options)
    reference = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    header = read_header(data)
    assert header == Header(f"image/{format.lower()}", 48, 32, orientation)
    assert decode(data).shape == reference.shape
    assert np.abs(decode(data).astype(int) - reference).max() <= (3 if format == "JPEG" else 0)
    assert decode(data, orientation=1).shape == (32, 48, 3)  # the stored frame on request


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_invalid_orientation_counts_as_none(value: int) -> None:
    data = encoded(Image.fromarray(SCENE), "JPEG", exif=exif(value))
    assert read_header(data).orientation == 1


@pytest.mark.parametrize("block", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"])
def test_a_broken_exif_block_does_not_cost_the_image(block: bytes) -> None:
    data = encoded(Image.fromarray(SCENE), "PNG", exif=block)
    assert read_header(data).orientation == 1
    assert np.array_equal(decode(data), SCENE)


def test_motorola_byte_order_is_read() -> None:
    block = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIHH", 1, 0x0112, 3, 1, 6, 0) + b"\0\0\0\0"
    assert read_header(encoded(Image.fromarray(SCENE), "JPEG", exif=block)).orientation == 6


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_white_image_is_white_in_every_mode(format: str, mode: str) -> None:
    if (format, mode) == ("BMP", "LA"):
        pytest.skip("BMP has no grey with alpha")
    white = Image.new("RGB", (16, 12), "white").convert(mode)
    assert decode(encoded(white, format)).tolist() == np.full((12, 16, 3), 255).tolist()


def test_transparency_is_laid_on_white() -> None:
    half = Image.new("RGBA", (2, 1))
    half.putdata([(255, 0, 0, 128), (0, 0, 0, 0)])
    assert decode(encoded(half, "PNG")).tolist() == [[[255, 127, 127], [255, 255, 255]]]


def test_a_transparent_palette_colour_is_white() -> None:
    image = Image.new("P", (1, 1), 0)
    image.putpalette([10, 20, 30])
    assert decode(encoded(image, "PNG", transparency=0)).tolist() == [[[255, 255, 255]]]
    assert decode(encoded(image, "PNG")).tolist() == [[[10, 20, 30]]]


def test_sixteen_bits_keep_the_upper_byte() -> None:
    grey = Image.fromarray(np.array([[0, 0x1234, 0xFFFF]], dtype=np.uint16))
    assert decode(encoded(grey, "PNG"))[:, :, 0].tolist() == [[0, 0x12, 255]]


def test_float_pixels_are_refused_with_the_reason() -> None:
    data = encoded(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF")
    assert read_header(data).mime == "image/tiff"
    assert kind_of(data) == "unsupported_format"


def test_cmyk_jpeg_goes_through_pillow() -> None:
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    assert decode(data)[0, 0].tolist() == np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))[0, 0].tolist()
    assert decode(data)[0, 0, 0] > 200 > 60 > decode(data)[0, 0, 1]


def test_the_first_frame_of_an_animation() -> None:
    red, blue = Image.new("RGB", (4, 4), "red"), Image.new("RGB", (4, 4), "blue")
    for format in ("GIF", "WEBP", "PNG"):
        data = encoded(red, format, save_all=True, append_images=[blue])
        assert np.abs(decode(data)[0, 0].astype(int) - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_cut_files_are_refused_in_every_format(format: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    data = encoded(noise, format)
    for keep in (0.1, 0.5, 0.9):
        assert kind_of(data[: int(len(data) * keep)]) in ("truncated", "damaged")
    assert decode(data).shape == (64, 64, 3)


def test_a_jpeg_that_lacks_its_last_two_bytes_is_truncated() -> None:
    data = encoded(Image.fromarray(SCENE), "JPEG")
    assert kind_of(data[:-2]) == "truncated"
    assert decode(data + b"trailing bytes are common and harmless").shape == (32, 48, 3)


@pytest.mark.parametrize(
    ("data", "kind", "word"),
    [
        (b"", "empty", "no bytes"),
        (b"hello, I am a caption", "not_an_image", "hello"),
        (b"BMW is a maker of cars", "not_an_image", "BMW"),
        (b"\xff", "not_an_image", "first bytes"),
        (b'<?xml version="1.0"?><svg onload="x()"/>', "unsupported_format", "svg"),
        (b"<!DOCTYPE html><p>404", "unsupported_format", "html"),
        (b"%PDF-1.7", "unsupported_format", "pdf"),
        (b"\0\0\0\x1cftypavif", "unsupported_format", "avif"),
        (b"\0\0\0\x1cftypheic", "unsupported_format", "heic"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "unsupported_format", "postscript"),
    ],
)
def test_other_bytes_get_a_kind_and_a_reason(data: bytes, kind: str, word: str) -> None:
    with pytest.raises(ImageError) as caught:
        read_header(data)
    assert caught.value.kind == kind
    assert word in str(caught.value)


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b""))
    )


@pytest.mark.parametrize("size", [(8000, 7000), (20001, 10), (10000, 10000), (60000, 60000)])
def test_bombs_are_refused_by_their_header(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError) as caught:
        read_header(png_header(*size))
    assert caught.value.kind == "too_large"


def test_a_lying_name_does_not_matter_but_lying_bytes_do() -> None:
    assert kind_of(b"\xff\xd8\xff" + encoded(Image.fromarray(SCENE), "PNG")) in ("truncated", "damaged")


def test_an_error_crosses_processes() -> None:
    error = pickle.loads(pickle.dumps(ImageError("damaged", "a marker is missing")))
    assert (error.kind, str(error)) == ("damaged", "damaged: a marker is missing")


def test_threads_decode_alike_and_leave_the_warning_filters_alone() -> None:
    before = list(warnings.filters)
    data = encoded(Image.fromarray(SCENE), "PNG")
    barrier = threading.Barrier(4)

    def work(_: int) -> bool:
        barrier.wait()
        return all(np.array_equal(decode(data), SCENE) for _ in range(20))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
    assert list(warnings.filters) == before


def test_random_bytes_after_a_magic_only_ever_raise_image_errors() -> None:
    rng = np.random.default_rng(3)
    bmp = b"BM" + b"\0" * 12 + b"\x28\0\0\0"
    magics = [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"MM\0*", b"RIFF\0\0\0\0WEBP", bmp]
    for magic in magics * 30:
        with pytest.raises(ImageError):
            decode(magic + rng.bytes(int(rng.integers(0, 400))))


def test_flipped_bits_give_pixels_or_an_image_error() -> None:
    rng = np.random.default_rng(5)
    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
        data = encoded(Image.fromarray(SCENE), format)
        for _ in range(40):
            broken = bytearray(data)
            broken[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
            try:
                assert decode(bytes(broken)).ndim == 3
            except ImageError as error:
                assert error.message


def noise(width: int, height: int, channels: int = 3) -> Image.Image:
    return Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, channels), dtype=np.uint8))


@pytest.mark.parametrize(
    ("format", "mode"), [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("GIF", "P")]
)
def test_the_header_tells_the_channels(format: str, mode: str) -> None:
    assert read_header(encoded(noise(16, 8).convert(mode), format)).mode == mode


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_header_counts_frames(format: str) -> None:
    images = [noise(20 + 0 * step, 16).rotate(90 * step) for step in range(3)]
    assert read_header(encoded(images[0], format, save_all=True, append_images=images[1:])).frames == 3
    assert read_header(encoded(images[0], format)).frames == 1


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize(("width", "scale"), [(222, 1), (223, 2), (444, 2), (445, 4), (889, 8), (4000, 8)])
def test_a_jpeg_is_reduced_as_far_as_its_longer_side_keeps_112_pixels(width: int, scale: int, orientation: int) -> None:
    data = encoded(noise(width, 50), "JPEG", exif=exif(orientation))
    found = decode_reduced(data)
    shape = (-(-50 // scale), -(-width // scale), 3)
    assert found.scale == scale
    assert found.rgb.shape == (shape if orientation == 1 else (shape[1], shape[0], 3))
    assert found.size == ((width, 50) if orientation == 1 else (50, width))


def test_other_formats_are_reduced_beyond_four_megapixels_by_means_of_squares() -> None:
    columns = np.zeros((2100, 2001, 3), np.uint8)
    columns[:, 1::2] = 100
    found = decode_reduced(encoded(Image.fromarray(columns), "PNG", compress_level=1))
    assert (found.scale, found.rgb.shape, found.size) == (2, (1050, 1001, 3), (2001, 2100))
    assert found.rgb[:, :1000].min() == 50 == found.rgb[:, :1000].max()
    assert found.rgb[:, 1000].max() == 0  # the last column has only itself
    assert decode_reduced(encoded(noise(500, 300), "PNG")).scale == 1


def test_large_pictures_are_converted_in_strips_to_the_same_pixels() -> None:
    half = noise(2100, 2000, 4)
    data = encoded(half, "PNG", compress_level=1)
    white = Image.alpha_composite(Image.new("RGBA", half.size, "white"), half).convert("RGB")
    assert np.array_equal(decode(data), np.asarray(white))


def test_reduced_and_whole_decoding_refuse_the_same_files() -> None:
    rng = np.random.default_rng(11)
    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
        data = encoded(noise(300, 240), format)
        for _ in range(20):
            broken = bytearray(data)
            for _ in range(int(rng.integers(1, 30))):
                broken[int(rng.integers(20, len(data)))] ^= 1 << int(rng.integers(8))
            kinds = []
            for read in (decode, decode_reduced):
                try:
                    read(bytes(broken))
                    kinds.append("")
                except ImageError as error:
                    kinds.append(error.kind)
            assert kinds[0] == kinds[1]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("keep", [1 / 3, 0.7, 0.95])
def test_flat_pictures_that_are_cut_are_refused_too(format: str, keep: float) -> None:
    data = encoded(Image.fromarray(SCENE).resize((480, 320)), format)
    assert kind_of(data[: int(len(data) * keep)]) in ("truncated", "damaged")


def test_a_flipped_bit_in_the_pixels_of_a_png_is_found_by_its_check_sum() -> None:
    data = encoded(Image.fromarray(SCENE), "PNG")
    start = data.index(b"IDAT") + 10
    for at in range(start, start + 20):
        assert kind_of(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]) == "damaged"
    assert decode(data + b"bytes after the end").shape == (32, 48, 3)
    assert kind_of(data[:-12]) == "truncated"  # without its last chunk


def test_a_gif_is_walked_block_by_block() -> None:
    images = [noise(30, 20).rotate(90 * step) for step in range(3)]
    data = encoded(images[0], "GIF", save_all=True, append_images=images[1:])
    assert gif_frames(data) == gif_frames(data[:-1]) == gif_frames(data + b"tail") == 3  # the end mark may lack
    assert kind_of(data[: len(data) - 20]) == "truncated"  # though the first frame is whole


def test_a_large_webp_is_too_large_sooner_than_other_formats() -> None:
    data = encoded(Image.new("RGB", (4100, 4000)), "WEBP", method=0)
    with pytest.raises(ImageError) as caught:
        read_header(data)
    assert caught.value.kind == "too_large" and "16 megapixels" in str(caught.value)


def test_the_quality_of_a_jpeg_is_that_of_its_encoder() -> None:
    for quality in (1, 5, 20, 50, 75, 90, 100):
        found = jpeg_quality(encoded(noise(16, 16), "JPEG", quality=quality))
        assert found is not None and abs(found - quality) <= 1
    assert jpeg_quality(b"\xff\xd8\xff\xdb") is None


def test_fill_bytes_before_a_marker_do_not_hide_the_orientation() -> None:
    data = encoded(Image.fromarray(SCENE), "JPEG", exif=exif(6))
    at = data.index(b"\xff\xe1")
    assert read_header(data[:at] + b"\xff\xff" + data[at:]).orientation == 6
