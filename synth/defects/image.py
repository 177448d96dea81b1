"""Faults of images: files that are cut or rotten, pictures that show too little, and images misplaced in a sample."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageFilter

from curation.contract.sample import Media, Sample, Task, Turn, media_part
from model.image import ImageError, decode
from synth.defects.planting import Defect, with_image
from synth.specimen import Specimen

IMAGE_TASKS: tuple[Task, ...] = ("caption", "vqa", "ocr", "document", "grounding", "agent")
_SHOWN: tuple[Task, ...] = ("caption", "vqa", "document", "grounding", "agent")
_ASKED: tuple[Task, ...] = ("caption", "vqa", "ocr", "document", "grounding")
_SCENES: tuple[Task, ...] = ("caption", "vqa", "grounding")

Paint = Callable[[Image.Image, random.Random], Image.Image]
Spoil = Callable[[bytes, random.Random], bytes]


def _one_image(specimen: Specimen, rng: random.Random, spoil: Spoil) -> Specimen | None:
    """Spoils one of the sample's images; several samples may hold the same file, so only this one changes."""
    media = specimen.sample.media
    if not media:
        return None
    index = rng.randrange(len(media))
    return with_image(specimen, index, spoil(specimen.images[media[index].sha256], rng))


def _picture(data: bytes, rng: random.Random, paint: Paint) -> bytes:
    return _saved(paint(Image.fromarray(decode(data)), rng), rng)


def _saved(image: Image.Image, rng: random.Random, quality: int | None = None) -> bytes:
    out = io.BytesIO()
    if quality is None and rng.random() < 0.3:
        image.save(out, "PNG")
    else:
        image.convert("RGB").save(out, "JPEG", quality=quality or rng.randint(70, 95))
    return out.getvalue()


# ---- files that can't be read ----


def _cut(data: bytes, rng: random.Random) -> bytes:
    """As an interrupted download leaves it: somewhere in the second and third thirds, or a few bytes short."""
    if data.startswith(b"\xff\xd8\xff") and rng.random() < 0.2:
        return data[: -rng.randint(2, 40)]
    return data[: int(len(data) * rng.uniform(1 / 3, 0.95))]


def _rot(data: bytes, rng: random.Random) -> bytes:
    """Bytes overwritten, bits flipped, or a run of bytes lost within the pixels of a JPEG, as by a failing disk.

    What can still be read shows it: rot that nobody could see is no defect.
    """
    if not data.startswith(b"\xff\xd8\xff"):
        data = _saved(Image.fromarray(decode(data)), rng, quality=85)
    clean = decode(data).astype(int)
    broken = _rotten(data, rng)
    while not _shows(clean, broken):
        broken = _rotten(data, rng)
    return broken


def _shows(clean: np.ndarray[Any, Any], broken: bytes) -> bool:
    """Whether a file can't be read, or half a hundredth of its pixels are off by a tenth of the levels."""
    try:
        pixels = decode(broken)
    except ImageError:
        return True
    return pixels.shape != clean.shape or bool((abs(pixels - clean).max(axis=2) > 25).mean() > 0.005)


def _rotten(data: bytes, rng: random.Random) -> bytes:
    start = data.index(b"\xff\xda") + 14
    broken, inside = bytearray(data), range(start, len(data) - 2)
    kind = rng.choice(["flip", "overwrite", "run"])
    if kind == "run":
        length = min(len(inside), rng.randint(16, 64))
        at = rng.choice(inside[: len(inside) - length + 1])
        broken[at : at + length] = rng.choice([rng.randbytes(length), bytes(length)])
        return bytes(broken)
    for at in rng.sample(inside, max(1, round(len(inside) * rng.uniform(0.001, 0.01)))):
        broken[at] = broken[at] ^ 1 << rng.randrange(8) if kind == "flip" else rng.randrange(256)
    return bytes(broken)


def _junk(data: bytes, rng: random.Random) -> bytes:
    """What stands where an image should: an error page, nothing, or noise, also behind a right beginning."""
    page = b"<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>"
    noise = rng.randbytes(rng.randint(200, 4000))
    return rng.choice([page, b"", noise, b"\xff\xd8\xff\xe0" + noise, b"\x89PNG\r\n\x1a\n" + noise])


# ---- pictures that show too little ----


def _shrink(image: Image.Image, rng: random.Random) -> Image.Image:
    return image.resize((rng.randint(4, 24), rng.randint(4, 40)))


def _squash(image: Image.Image, rng: random.Random) -> Image.Image:
    long, short = rng.randint(900, 1600), rng.randint(29, 42)
    return image.resize((long, short) if rng.random() < 0.6 else (short, long))


def _noise(size: tuple[int, int], rng: random.Random, sigma: float) -> Image.Image:
    """Grain around 128."""
    small = Image.frombytes("L", (64, 64), bytes(round(min(255, max(0, rng.gauss(128, sigma)))) for _ in range(4096)))
    grain = Image.new("L", size)
    for x in range(0, size[0], 64):
        for y in range(0, size[1], 64):
            grain.paste(small, (x, y))
    return grain


def _blank(image: Image.Image, rng: random.Random) -> Image.Image:
    """A plain colour, white and black most of all, sometimes with the grain of a scanner."""
    colour = rng.choice([(255, 255, 255), (0, 0, 0), tuple(rng.randrange(256) for _ in range(3))])
    plain = Image.new("RGB", image.size, colour)
    if rng.random() < 0.4:
        grain = _noise(image.size, rng, rng.uniform(0.5, 2.0))
        plain = ImageChops.add(plain, Image.merge("RGB", [grain] * 3), offset=-128)
    return plain


def _fade(image: Image.Image, rng: random.Random, towards: int, most: float) -> Image.Image:
    """Levels drawn together around `towards`, so that `most` of their range is left at most."""
    return Image.blend(Image.new("RGB", image.size, (towards,) * 3), image, rng.uniform(0.02, most))


def _greyed(image: Image.Image, rng: random.Random) -> Image.Image:
    return _fade(image, rng, rng.randint(60, 195), 0.07)


def _darken(image: Image.Image, rng: random.Random) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(rng.uniform(0.02, 0.13))


def _overexpose(image: Image.Image, rng: random.Random) -> Image.Image:
    return _fade(image, rng, 255, 0.11)


def _blur(image: Image.Image, rng: random.Random) -> Image.Image:
    """Out of focus: a Gaussian of 1.2 to 3 hundredths of the longer side."""
    return image.filter(ImageFilter.GaussianBlur(max(image.size) * rng.uniform(0.012, 0.03)))


def _enlarge(image: Image.Image, rng: random.Random) -> Image.Image:
    """A thumbnail of 24 to 36 pixels, blown up."""
    side = rng.randint(24, 36)
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.BICUBIC)
    return small.resize(image.size, Image.Resampling.BICUBIC)


def _letterbox(image: Image.Image, rng: random.Random) -> Image.Image:
    """Black bars left and right, above and under, or all around, that take 62 to 85 % of the frame."""
    share = rng.uniform(0.62, 0.85)
    width, height = image.size
    kind = rng.choice(["sides", "ends", "around"])
    across = 1 / (1 - share) if kind == "sides" else 1 / (1 - share) ** 0.5 if kind == "around" else 1
    along = 1 / (1 - share) if kind == "ends" else 1 / (1 - share) ** 0.5 if kind == "around" else 1
    frame = Image.new("RGB", (round(width * across), round(height * along)), (rng.randint(0, 16),) * 3)
    frame.paste(image, ((frame.width - width) // 2, (frame.height - height) // 2))
    return frame


def _crush(data: bytes, rng: random.Random) -> bytes:
    return _saved(Image.fromarray(decode(data)), rng, quality=rng.randint(1, 7))


def _animate(data: bytes, rng: random.Random) -> bytes:
    first = Image.fromarray(decode(data))
    frames = [ImageChops.offset(first, step * 8) for step in range(1, rng.randint(2, 5))]
    out = io.BytesIO()
    first.save(out, rng.choice(["GIF", "WEBP", "TIFF"]), save_all=True, append_images=frames)
    return out.getvalue()


# ---- images misplaced in their sample ----


def _with_turns(specimen: Specimen, turns: list[Turn], media: tuple[Media, ...] | None = None) -> Specimen:
    sample: Sample = replace(specimen.sample, messages=tuple(turns))
    return Specimen(sample if media is None else replace(sample, media=media), specimen.images)


def _unplace(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """One place for an image is lost from the turns, as when a template forgets its mark."""
    places = [
        (turn, part)
        for turn, each in enumerate(specimen.sample.messages)
        for part, piece in enumerate(each.parts)
        if piece.kind == "media"
    ]
    if not places:
        return None
    turn, part = rng.choice(places)
    turns = list(specimen.sample.messages)
    turns[turn] = replace(turns[turn], parts=turns[turn].parts[:part] + turns[turn].parts[part + 1 :])
    return _with_turns(specimen, turns)


def _place_twice(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """An image is placed once more, before or after a user's words, as when a mark stands in the data and the template
    adds its own."""
    users = [at for at, turn in enumerate(specimen.sample.messages) if turn.role == "user"]
    if not users or not specimen.sample.media:
        return None
    at, index = rng.choice(users), rng.randrange(len(specimen.sample.media))
    turns = list(specimen.sample.messages)
    parts = turns[at].parts
    again = (media_part(index),)
    turns[at] = replace(turns[at], parts=again + parts if rng.random() < 0.5 else parts + again)
    return _with_turns(specimen, turns)


def _repeat(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """The same file is listed and shown a second time."""
    media = specimen.sample.media
    users = [at for at, turn in enumerate(specimen.sample.messages) if turn.role == "user"]
    if not users or not media:
        return None
    turns = list(specimen.sample.messages)
    turns[users[0]] = replace(turns[users[0]], parts=(media_part(len(media)), *turns[users[0]].parts))
    return _with_turns(specimen, turns, (*media, rng.choice(media)))


def _file(name: str, spoil: Spoil, rule: str = "") -> Defect:
    return Defect(name=name, rule=rule, tasks=IMAGE_TASKS, plant=partial(_one_image, spoil=spoil))


def _painted(name: str, rule: str, tasks: tuple[Task, ...], paint: Paint) -> Defect:
    return Defect(name=name, rule=rule, tasks=tasks, plant=partial(_one_image, spoil=partial(_picture, paint=paint)))


DEFECTS: tuple[Defect, ...] = (
    _file("truncated_file", _cut),
    _file("rotten_file", _rot, "no_broken_blocks"),
    _file("junk_file", _junk),
    _painted("tiny_image", "not_tiny", _SHOWN, _shrink),
    _painted("sliver_image", "not_a_strip", _SHOWN, _squash),
    _painted("blank_image", "not_blank", IMAGE_TASKS, _blank),
    _painted("faint_image", "enough_contrast", IMAGE_TASKS, _greyed),
    _painted("dark_image", "not_dark", IMAGE_TASKS, _darken),
    _painted("overexposed_image", "not_overexposed", IMAGE_TASKS, _overexpose),
    _painted("blurred_image", "sharp_enough", IMAGE_TASKS, _blur),
    _painted("enlarged_thumbnail", "sharp_enough", _SCENES, _enlarge),
    _painted("letterboxed_image", "not_letterboxed", _SCENES, _letterbox),
    Defect(name="crushed_image", rule="not_crushed", tasks=IMAGE_TASKS, plant=partial(_one_image, spoil=_crush)),
    Defect(name="animated_image", rule="one_picture", tasks=_ASKED, plant=partial(_one_image, spoil=_animate)),
    Defect(name="unplaced_image", rule="every_image_placed", tasks=IMAGE_TASKS, plant=_unplace),
    Defect(name="twice_placed_image", rule="placed_once", tasks=IMAGE_TASKS, plant=_place_twice),
    Defect(name="repeated_image", rule="no_repeated_image", tasks=_ASKED, plant=_repeat),
)
