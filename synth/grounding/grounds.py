"""What scenes stand on: plain, sloped, textured and noisy grounds, in tones that no thing is lost on."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from filters.reading.opencv import opencv
from synth.drawing import Colour, shade
from synth.grounding.patches import Pixels, dark_tone, light_tone, other_tone

Levels = npt.NDArray[np.int64]
Style = Literal["plain", "slope", "stripes", "checks", "clouds", "noise"]
_TONES: tuple[Colour, ...] = (
    (250, 250, 248), (226, 229, 234), (245, 234, 210), (205, 224, 243), (206, 238, 220), (232, 220, 240),
    (196, 188, 172), (44, 50, 60), (30, 38, 66), (58, 46, 42), (24, 60, 54), (168, 176, 186),
)  # fmt: skip
_TILE = 1024
_SEED = 20250219  # of the one grain that all pictures take their own piece of
# Levels that a thing's colour, and its darker and lighter parts, keep from the ground in at least one channel.
_APART, _PARTS_APART = 90, 40


@dataclass(frozen=True, slots=True)
class Ground:
    """`grain` is the largest change of a level by the noise over all, `offset` where in the common grain it begins,
    `tones` the four corners of a slope or two tones of a texture, `step` a texture's pitch in pixels."""

    style: Style
    tones: tuple[Colour, ...]
    step: int
    grain: int
    offset: tuple[int, int]


def draw_ground(rng: random.Random) -> Ground:
    style: Style = rng.choice(("plain", "plain", "slope", "slope", "stripes", "checks", "clouds", "noise"))
    base = rng.choice(_TONES)
    amount = 0.14 if style == "slope" else 0.07
    tones = (base, *(shade(base, rng.uniform(-amount, amount)) for _ in range(3)))
    grain = rng.randint(12, 22) if style == "noise" else rng.choice((0, 2, 3, 5, 7))
    offset = (rng.randrange(_TILE // 3), rng.randrange(_TILE // 3))
    return Ground(style, tones, rng.randint(12, 60), grain, offset)


def stands_out(colour: Colour, ground: Ground) -> bool:
    """Whether a thing of that colour can be told from the ground everywhere."""
    tones, parts = np.array(ground.tones), _parts(colour)
    least: Levels = np.abs(tones[:, None] - parts).max(axis=2).min(axis=0)
    return bool(least[0] >= _APART and least.min() >= _PARTS_APART)


@cache
def _parts(colour: Colour) -> Levels:
    return np.array([colour, other_tone(colour), light_tone(colour), dark_tone(colour)])


def paint_ground(ground: Ground, size: tuple[int, int]) -> Pixels:
    """A picture of (width, height) `size`, without the grain."""
    cv2 = opencv()
    width, height = size
    tones = np.array(ground.tones, np.uint8)
    picture: Pixels
    if ground.style == "slope":
        picture = cv2.resize(tones.reshape(2, 2, 3), size, interpolation=cv2.INTER_LINEAR)
    elif ground.style == "clouds":
        coarse = _grain()[: height // 48 + 2, : width // 48 + 2, None] % 4
        picture = cv2.resize(tones[coarse[:, :, 0]], size, interpolation=cv2.INTER_CUBIC)
    else:
        across = np.arange(width) // ground.step % 2 if ground.style in ("stripes", "checks") else np.zeros(width, int)
        down = np.arange(height) // ground.step % 2 if ground.style == "checks" else np.zeros(height, int)
        rows = tones[np.stack([across, 2 + across])]  # the other rows of a checked ground have two tones of their own
        picture = rows[down]
    return picture


def add_grain(picture: Pixels, ground: Ground) -> Pixels:
    """The picture with its noise, on things as well, as a camera's."""
    if not ground.grain:
        return picture
    cv2 = opencv()
    height, width = picture.shape[:2]
    x, y = ground.offset
    tile = _scaled(ground.grain)[y : y + height, x : x + width]
    brighter: Pixels = cv2.subtract(cv2.add(picture, tile), np.full_like(tile, ground.grain))
    return brighter


@cache
def _grain() -> Pixels:
    """A square of random levels, the same in every process."""
    return np.random.default_rng(_SEED).integers(0, 256, (_TILE, _TILE), np.uint8)


@cache
def _scaled(grain: int) -> Pixels:
    """The common grain as 0 to twice `grain`, on three channels alike."""
    levels = (_grain().astype(np.uint16) * (2 * grain + 1) // 256).astype(np.uint8)
    return np.repeat(levels[:, :, None], 3, axis=2)
