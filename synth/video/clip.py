"""Clips of drawn things that go to and fro, stop, touch, change colour, come and go, planned before they are drawn."""

from __future__ import annotations

import hashlib
import io
import random
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from synth.drawing import Colour, centred_text, shade
from synth.grounding.patches import Look, Pixels, put, silhouette
from synth.grounding.scene import COLOURS

KINDS = ("circle", "square", "triangle", "star", "diamond", "heart", "cross", "hexagon", "cloud", "arrow")
TONES = ("red", "green", "blue", "orange", "purple", "pink", "turquoise")
RATES = (8, 10, 12, 15, 16, 20, 24)  # frames a second
SHORTEST, LONGEST = 4.0, 40.0  # seconds
MOST = 480  # frames: long clips have a low rate
_GROUNDS: tuple[Colour, ...] = ((250, 250, 248), (238, 240, 244), (250, 242, 222), (228, 240, 250))
_INK: Colour = (20, 20, 24)
_STRIP = 36  # pixels at the top, where a number may stand
_MARGIN = 3  # pixels between a thing that turns round and the border
_CROSSING = (3.0, 7.0)  # seconds from one side to the other
_PAUSE = (2.2, 4.0)  # seconds that a thing stands still
_HOLD = (1.6, 2.4)  # seconds that two touch
_SEEN = 3.0  # seconds that a thing, a number or a colour stays at least


@dataclass(frozen=True, slots=True)
class Actor:
    """Something that moves in a clip. `xs` is its patch's left edge in each frame, `y` the upper edge; it is seen in
    frames `first` up to `last` (left out), and from frame `turns` on it has its second colour (never: the last frame
    plus one)."""

    kind: str
    side: int
    colours: tuple[str, str]
    xs: tuple[int, ...]
    y: int
    first: int
    last: int
    turns: int
    still: bool = False  # it never moves

    @property
    def name(self) -> str:
        return f"{self.colours[0]} {self.kind}"

    def colour(self, frame: int) -> str:
        return self.colours[frame >= self.turns]


@dataclass(frozen=True, slots=True)
class Clip:
    """`number` is written at the top from frame `shown[0]` up to `shown[1]` (left out); "" where there is none."""

    size: tuple[int, int]
    rate: int
    frames: int
    ground: Colour
    actors: tuple[Actor, ...]
    number: str
    shown: tuple[int, int]

    def seconds(self, frame: int) -> float:
        return frame / self.rate


def plan_clip(rng: random.Random) -> Clip:
    """One to three things, each in a row of its own, or two in one row that touch."""
    seconds = rng.uniform(SHORTEST, LONGEST)
    rate = rng.choice([rate for rate in RATES if rate * seconds <= MOST])
    frames = round(seconds * rate)
    size = (28 * rng.randint(5, 8), 28 * rng.randint(4, 8))
    rows = (size[1] - _STRIP) // 44
    kinds, tones = rng.sample(KINDS, 4), rng.sample(TONES, len(TONES))
    actors: list[Actor] = []
    for row in range(min(rows, rng.randint(1, 3))):
        top = _STRIP + row * 44 + 2
        side = rng.randint(26, 36)
        blank = Actor(kinds.pop(), side, (tones.pop(), tones.pop()), (), top, 0, frames, frames + 1)
        if row == 0 and rng.random() < 0.5:
            actors += _touching(rng, blank, kinds.pop(), tones.pop(), size[0], frames, rate)
        else:
            actors.append(_alone(rng, blank, size[0], rate))
    number, shown = "", (0, 0)
    if frames > (_SEEN + 1) * rate and rng.random() < 0.6:
        number = str(rng.randrange(10, 100))
        shown = _window(rng, frames, rate)
    return Clip(size, rate, frames, rng.choice(_GROUNDS), tuple(actors), number, shown)


def _window(rng: random.Random, frames: int, rate: int) -> tuple[int, int]:
    """Some seconds of the clip, at least `_SEEN`, and at most half of it where it is long."""
    least = round(_SEEN * rate)
    length = rng.randint(least, max(least, frames // 2))
    first = rng.randint(0, frames - length)
    return first, first + length


def _alone(rng: random.Random, blank: Actor, width: int, rate: int) -> Actor:
    """To and fro between the borders, with a pause now and then; perhaps it comes late, goes early, changes colour."""
    room = width - silhouette(blank.kind, blank.side, 0).ink.shape[1] - 2 * _MARGIN
    xs = _path(rng, blank.last, rate, _MARGIN, _MARGIN + room, pauses=rng.choice((0, 1, 1, 2)), hold=0)
    actor = replace(blank, xs=xs)
    if blank.last > 2 * (_SEEN + 1) * rate and rng.random() < 0.5:
        first, last = _window(rng, blank.last, rate)
        actor = replace(actor, first=first, last=max(last, min(blank.last, first + round(2.1 * _SEEN * rate))))
    if actor.last - actor.first > 2 * _SEEN * rate and rng.random() < 0.4:
        least = round(_SEEN * rate)
        actor = replace(actor, turns=rng.randint(actor.first + least, actor.last - least))
    return actor


def _touching(
    rng: random.Random, blank: Actor, kind: str, tone: str, width: int, frames: int, rate: int
) -> list[Actor]:
    """One that stands at the right, and one that comes up to it, stays a moment and goes back."""
    box = silhouette(kind, blank.side, 0).box
    standing = width - silhouette(kind, blank.side, 0).ink.shape[1] - _MARGIN
    mover = silhouette(blank.kind, blank.side, 0).box
    meets = standing + box[0] - mover[2]
    xs = _path(rng, frames, rate, _MARGIN, meets, pauses=0, hold=round(rng.uniform(*_HOLD) * rate))
    other = Actor(kind, blank.side, (tone, tone), (standing,) * frames, blank.y, 0, frames, frames + 1, still=True)
    return [replace(blank, xs=xs), other]


def _path(rng: random.Random, frames: int, rate: int, low: int, high: int, pauses: int, hold: int) -> tuple[int, ...]:
    """Left edges between `low` and `high`, frame by frame, with `hold` frames of rest at `high` each time, and some
    pauses well away from both ends."""
    step = (high - low) / (rng.uniform(*_CROSSING) * rate)
    x, way = low + (high - low) * rng.uniform(0.15, 0.45), rng.choice((-1, 1))
    stops = sorted(rng.randint(rate, max(rate, frames - 4 * rate)) for _ in range(pauses))
    found: list[int] = []
    resting = 0
    while len(found) < frames:
        found.append(round(x))
        if resting:
            resting -= 1
            continue
        inner = low + 0.2 * (high - low) < x < high - 0.2 * (high - low)
        if stops and len(found) >= stops[0] and inner:
            stops.pop(0)
            resting = round(rng.uniform(*_PAUSE) * rate)
            stops = [stop for stop in stops if stop > len(found) + resting + 2 * rate]
            continue
        x += way * step
        if x >= high or x <= low:
            resting = hold if x >= high else 0
            x, way = float(high if x >= high else low), -way
    return tuple(found)


def draw_frame(clip: Clip, frame: int) -> Pixels:
    """One frame, (height, width, 3) RGB."""
    picture: Pixels = np.empty((clip.size[1], clip.size[0], 3), np.uint8)
    picture[:] = clip.ground
    middle = clip.size[0] // 2
    picture[_STRIP:, middle] = shade(clip.ground, -0.15)
    for actor in clip.actors:
        if actor.first <= frame < actor.last:
            tone = COLOURS[actor.colour(frame)]
            put(picture, Look(actor.kind, actor.side, 0, "plain", tone, 0), actor.xs[frame], actor.y)
    if clip.number and clip.shown[0] <= frame < clip.shown[1]:
        image = Image.fromarray(picture)
        centred_text(ImageDraw.Draw(image), (0, 0, clip.size[0], _STRIP), clip.number, 26, _INK)
        picture = np.array(image)
    return picture


def clip_bytes(clip: Clip) -> bytes:
    """The clip as a lossless animated WebP; a frame that does not change is stored once, and lasts longer."""
    frames = [Image.fromarray(draw_frame(clip, index)) for index in range(clip.frames)]
    starts = [round(index * 1000 / clip.rate) for index in range(clip.frames + 1)]
    lasts = [after - before for before, after in zip(starts, starts[1:], strict=False)]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "WEBP", save_all=True, append_images=frames[1:], duration=lasts, loop=0,
        lossless=True, quality=0, method=0, kmin=0, kmax=0,
    )  # fmt: skip
    return buffer.getvalue()


def clip_name(data: bytes) -> str:
    return f"clip-{hashlib.sha256(data).hexdigest()[:16]}.webp"
