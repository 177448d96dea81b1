"""Scenes of drawn things: what stands where, planned first, so that every box is known before a pixel is painted.

A thing's box encloses all pixels of which it covers half or more. Things stand apart, or in crowded scenes touch: of
none is more than a thirtieth covered, never its box's border nor the point that answers would point at, so that the
box of the whole thing and that of what is seen of it are the same.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from filters.reading.opencv import opencv
from synth.drawing import Box, Colour
from synth.grounding.grounds import Ground, add_grain, draw_ground, paint_ground, stands_out
from synth.grounding.kinds import alike, kinds
from synth.grounding.patches import PATTERNS, Look, Pixels, put, silhouette

COLOURS: dict[str, Colour] = {
    "red": (212, 32, 38),
    "green": (30, 140, 52),
    "blue": (32, 80, 210),
    "yellow": (250, 208, 20),
    "orange": (246, 124, 12),
    "purple": (124, 44, 170),
    "pink": (250, 128, 186),
    "brown": (118, 66, 28),
    "black": (18, 18, 22),
    "white": (252, 252, 252),
    "grey": (128, 132, 138),
    "turquoise": (32, 196, 196),
}
Crowd = Literal["few", "some", "crowded", "many"]
LEAST, MOST = 224, 672  # sides of a scene in pixels
MOST_COVERED = 1 / 30  # of a thing, by all others together
_GAP = 3  # pixels between the boxes of things that stand apart
_TRIES = 24  # places looked at for each thing
_PATTERNED = 40  # the least side, in pixels, on which a pattern is seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A thing of a scene; `at` is its patch's upper left corner, `box` around its ink, `point` the middle of the pixel
    that lies deepest in it, all in pixels of the scene."""

    kind: str
    colour: str
    pattern: str
    look: Look
    at: tuple[int, int]
    box: Box
    point: tuple[float, float]
    area: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`apart` is whether no two things touch; `kinds` are those that it was to hold."""

    size: tuple[int, int]
    ground: Ground
    crowd: Crowd
    apart: bool
    things: tuple[Thing, ...]


def plan_scene(rng: random.Random) -> Scene:
    """One to forty things on a ground."""
    size = (rng.randint(LEAST, MOST), rng.randint(LEAST, MOST))
    ground = draw_ground(rng)
    crowd: Crowd = rng.choices(("few", "some", "crowded", "many"), (4, 4, 2, 2))[0]
    apart = crowd != "crowded" or rng.random() < 0.5
    board = _Board(size, apart)
    for look, colour in _wanted(rng, crowd, ground, size):
        board.place(rng, look, colour)
    return Scene(size=size, ground=ground, crowd=crowd, apart=apart, things=tuple(board.things))


def paint(scene: Scene, without: int = -1) -> Pixels:
    """The scene's pixels, (height, width, 3); `without` leaves a thing out."""
    picture = paint_ground(scene.ground, scene.size)
    for index, thing in enumerate(scene.things):
        if index != without:
            put(picture, thing.look, *thing.at)
    return add_grain(picture, scene.ground)


def _wanted(rng: random.Random, crowd: Crowd, ground: Ground, size: tuple[int, int]) -> list[tuple[Look, str]]:
    """The things to find a place for, largest first, and their colours' names."""
    count, low, high = {
        "few": (rng.randint(1, 5), 0.16, 0.4),
        "some": (rng.randint(5, 14), 0.09, 0.22),
        "crowded": (rng.randint(16, 40), 0.06, 0.14),
        "many": (rng.randint(24, 40), 0.05, 0.10),
    }[crowd]
    found = _kinds(rng, 2 if crowd == "many" else rng.randint(2, 5))
    weights = [6, 1] if crowd == "many" else [rng.uniform(0.5, 2) for _ in found]
    seen = [name for name, colour in COLOURS.items() if stands_out(colour, ground)]
    palette = rng.sample(seen, min(len(seen), rng.randint(2, 5)))
    patterned = rng.choice((0.0, 0.3, 0.5))
    looks = []
    for kind in rng.choices(found, weights, k=count):
        colour = rng.choice(palette)
        pattern = rng.choice(PATTERNS[1:]) if rng.random() < patterned else "plain"
        side = max(18, round(rng.uniform(low, high) * min(size)))
        turn = kinds()[kind].turn
        angle = rng.randint(-turn, turn) if rng.random() < 0.7 else 0
        look = Look(
            kind,
            side,
            angle,
            pattern if side >= _PATTERNED else "plain",
            _tinted(rng, COLOURS[colour]),
            rng.choice((0, 45, 90, 135)),
        )
        looks.append((look, colour))
    return sorted(looks, key=lambda pair: -pair[0].side)


def _kinds(rng: random.Random, count: int) -> list[str]:
    found: list[str] = []
    for kind in rng.sample(list(kinds()), len(kinds())):
        if len(found) < count and not any(alike(kind, other) for other in found):
            found.append(kind)
    return found


def _tinted(rng: random.Random, colour: Colour) -> Colour:
    """A little brighter or darker, so that no colour is one number."""
    change = rng.randint(-8, 8)
    red, green, blue = (min(255, max(0, level + change)) for level in colour)
    return red, green, blue


@dataclass
class _Board:
    """A scene while places are found. `owner` holds for each pixel which thing is on top there, from 1."""

    size: tuple[int, int]
    apart: bool
    things: list[Thing] = field(default_factory=list)
    owner: npt.NDArray[np.int16] = field(init=False)
    covered: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.owner = np.zeros((self.size[1], self.size[0]), np.int16)

    def place(self, rng: random.Random, look: Look, colour: str) -> None:
        """Puts a thing where there is room, or nowhere."""
        shape = silhouette(look.kind, look.side, look.angle)
        height, width = shape.ink.shape
        if width >= self.size[0] or height >= self.size[1]:
            return
        for _ in range(_TRIES):
            x, y = int(rng.random() * (self.size[0] - width)), int(rng.random() * (self.size[1] - height))
            if self._fits(x, y, shape.ink):
                break
        else:
            return
        x1, y1, x2, y2 = shape.box
        self.things.append(
            Thing(
                kind=look.kind,
                colour=colour,
                pattern=look.pattern,
                look=look,
                at=(x, y),
                box=(x + x1, y + y1, x + x2, y + y2),
                point=(x + shape.point[0] + 0.5, y + shape.point[1] + 0.5),
                area=shape.area,
            )
        )
        self.covered.append(0)
        self.owner[y : y + height, x : x + width][shape.ink] = len(self.things)

    def _fits(self, x: int, y: int, ink: npt.NDArray[np.bool_]) -> bool:
        height, width = ink.shape
        if self.apart:
            around = self.owner[max(0, y - _GAP) : y + height + _GAP, max(0, x - _GAP) : x + width + _GAP]
            return not around.any()
        beneath = np.bincount(self.owner[y : y + height, x : x + width][ink], minlength=len(self.things) + 1)[1:]
        if any(
            self.covered[index] + beneath[index] > MOST_COVERED * self.things[index].area
            or not self._unharmed(index, x, y, ink)
            for index in np.flatnonzero(beneath)
        ):
            return False
        for index in np.flatnonzero(beneath):
            self.covered[index] += int(beneath[index])
        return True

    def _unharmed(self, index: int, x: int, y: int, ink: npt.NDArray[np.bool_]) -> bool:
        """Whether a thing still has its box and its point once `ink` lies at x, y."""
        x1, y1, x2, y2 = self.things[index].box
        after = self.owner == index + 1
        after[y : y + ink.shape[0], x : x + ink.shape[1]] &= ~ink
        column, row = (int(value) for value in self.things[index].point)
        found = opencv().boundingRect(after[y1:y2, x1:x2].view(np.uint8))
        return bool(after[row, column]) and found == (0, 0, x2 - x1, y2 - y1)
