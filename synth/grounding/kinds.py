"""What scenes are made of: kinds of things as outlines in the unit square, y downwards, main colour first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import cos, pi, sin
from typing import Literal

# Whose colour a part has: the thing's own, or that one darkened or lightened.
Role = Literal["main", "dark", "light"]
Corner = tuple[float, float]
Contour = tuple[Corner, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A part of a kind. The second of two contours is a hole in the first."""

    role: Role
    contours: tuple[Contour, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """`turn` is how many degrees the thing may be turned either way without becoming another or looking wrong."""

    name: str
    turn: int
    parts: tuple[Drawn, ...]
    plural: str


def _disc(x: float, y: float, rx: float, ry: float = 0.0, start: float = 0.0, stop: float = 360.0) -> Contour:
    """An ellipse or, between two angles in degrees clockwise from the right, the sector's arc with its chord."""
    steps = 44
    angles = [(start + (stop - start) * index / (steps - 1)) * pi / 180 for index in range(steps)]
    return tuple((x + rx * cos(angle), y + (ry or rx) * sin(angle)) for angle in angles)


def _rect(x1: float, y1: float, x2: float, y2: float) -> Contour:
    return (x1, y1), (x2, y1), (x2, y2), (x1, y2)


def _ngon(corners: int, radius: float = 0.5, inner: float = 0.0) -> Contour:
    """A regular polygon on its side or, with an inner radius, a star, one corner at the top."""
    count = 2 * corners if inner else corners
    radii = [inner if inner and index % 2 else radius for index in range(count)]
    angles = [2 * pi * index / count for index in range(count)]
    return tuple((0.5 + r * sin(a), 0.5 - r * cos(a)) for r, a in zip(radii, angles, strict=True))


def _heart() -> Contour:
    found = []
    for index in range(60):
        t = 2 * pi * index / 60
        y = 13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)
        found.append((0.5 + 16 * sin(t) ** 3 / 34, 0.42 - y / 34))
    return tuple(found)


def _crescent() -> Contour:
    return (*_disc(0.5, 0.5, 0.5, 0.5, 50, 310), *reversed(_disc(0.68, 0.5, 0.38, 0.40, 70, 290)))


def _petals() -> list[Contour]:
    angles = [2 * pi * index / 6 for index in range(6)]
    return [_disc(0.5 + 0.29 * sin(angle), 0.5 - 0.29 * cos(angle), 0.2) for angle in angles]


def _main(*contours: Contour) -> list[Drawn]:
    return [Drawn("main", (contour,)) for contour in contours]


def _dark(*contours: Contour) -> list[Drawn]:
    return [Drawn("dark", (contour,)) for contour in contours]


def _light(*contours: Contour) -> list[Drawn]:
    return [Drawn("light", (contour,)) for contour in contours]


def _kind(name: str, turn: int, *parts: Sequence[Drawn], plural: str = "") -> Kind:
    ending = "es" if name.endswith(("s", "sh", "ch", "x")) else "s"
    return Kind(name, turn, tuple(part for group in parts for part in group), plural or name + ending)


_CROSS: Contour = (
    (0.34, 0), (0.66, 0), (0.66, 0.34), (1, 0.34), (1, 0.66), (0.66, 0.66),
    (0.66, 1), (0.34, 1), (0.34, 0.66), (0, 0.66), (0, 0.34), (0.34, 0.34),
)  # fmt: skip
_ARROW: Contour = ((0, 0.36), (0.55, 0.36), (0.55, 0.14), (1, 0.5), (0.55, 0.86), (0.55, 0.64), (0, 0.64))
_RING = [Drawn("main", (_disc(0.5, 0.5, 0.5), _disc(0.5, 0.5, 0.29)))]


@cache
def kinds() -> dict[str, Kind]:
    """Every kind by its name."""
    return {kind.name: kind for kind in (*_plain(), *_things(), *_more_things())}


def _plain() -> list[Kind]:
    return [
        _kind("circle", 0, _main(_disc(0.5, 0.5, 0.5))),
        _kind("square", 12, _main(_rect(0.04, 0.04, 0.96, 0.96))),
        _kind("triangle", 180, _main(((0.5, 0.02), (1, 0.94), (0, 0.94)))),
        _kind("star", 180, _main(_ngon(5, 0.52, 0.21))),
        _kind("diamond", 8, _main(((0.5, 0), (0.84, 0.5), (0.5, 1), (0.16, 0.5)))),
        _kind("pentagon", 180, _main(_ngon(5))),
        _kind("hexagon", 180, _main(_ngon(6))),
        _kind("heart", 25, _main(_heart())),
        _kind("crescent", 180, _main(_crescent())),
        _kind("cross", 12, _main(_CROSS), plural="crosses"),
        _kind("arrow", 180, _main(_ARROW)),
        _kind("ring", 0, _RING),
    ]


def _things() -> list[Kind]:
    return [
        _kind("house", 10, _main(_rect(0.1, 0.42, 0.9, 1)), _dark(((0, 0.44), (0.5, 0), (1, 0.44))),
              _light(_rect(0.2, 0.56, 0.4, 0.74)), _dark(_rect(0.56, 0.6, 0.78, 1))),
        _kind("tree", 10, _main(_disc(0.5, 0.3, 0.3), _disc(0.27, 0.45, 0.24), _disc(0.73, 0.45, 0.24)),
              _dark(_rect(0.43, 0.62, 0.57, 1))),
        _kind("car", 10, _main(((0, 0.46), (0.2, 0.42), (0.32, 0.2), (0.72, 0.2), (0.84, 0.43), (1, 0.48), (1, 0.72),
                                (0, 0.72))),
              _light(((0.28, 0.42), (0.37, 0.26), (0.5, 0.26), (0.5, 0.42))), _light(_rect(0.55, 0.26, 0.7, 0.42)),
              _dark(_disc(0.24, 0.72, 0.14), _disc(0.77, 0.72, 0.14))),
        _kind("cup", 12, [Drawn("main", (_disc(0.78, 0.46, 0.22, 0.22), _disc(0.78, 0.46, 0.12, 0.12)))],
              _main(((0.02, 0.14), (0.78, 0.14), (0.68, 0.92), (0.12, 0.92))), _dark(_disc(0.4, 0.15, 0.38, 0.09))),
        _kind("fish", 180, _main(_disc(0.42, 0.5, 0.42, 0.27), ((0.72, 0.5), (1, 0.2), (1, 0.8))),
              _dark(_disc(0.2, 0.43, 0.05), ((0.42, 0.5), (0.58, 0.42), (0.58, 0.6))), plural="fish"),
        _kind("flower", 180, _main(*_petals()), _dark(_disc(0.5, 0.5, 0.15))),
        _kind("lamp", 8, _main(((0.28, 0.04), (0.72, 0.04), (0.96, 0.5), (0.04, 0.5))),
              _dark(_rect(0.46, 0.5, 0.54, 0.92), _rect(0.24, 0.9, 0.76, 1))),
        _kind("boat", 10, _main(((0, 0.7), (1, 0.7), (0.82, 1), (0.18, 1)), ((0.5, 0.02), (0.9, 0.6), (0.5, 0.6))),
              _light(((0.42, 0.14), (0.42, 0.6), (0.12, 0.6))), _dark(_rect(0.44, 0, 0.49, 0.72))),
        _kind("mushroom", 15, _main(_disc(0.5, 0.5, 0.5, 0.5, 180, 360)), _light(
              ((0.36, 0.5), (0.64, 0.5), (0.7, 1), (0.3, 1)), _disc(0.3, 0.3, 0.07), _disc(0.62, 0.22, 0.08))),
        _kind("umbrella", 25, _main(_disc(0.5, 0.5, 0.5, 0.5, 180, 360)),
              _dark(_rect(0.475, 0.5, 0.525, 0.95), _rect(0.36, 0.92, 0.525, 1), _rect(0.36, 0.84, 0.41, 1))),
        _kind("key", 180, [Drawn("main", (_disc(0.22, 0.5, 0.22), _disc(0.22, 0.5, 0.1)))],
              _main(_rect(0.42, 0.44, 1, 0.56), _rect(0.78, 0.54, 0.86, 0.72), _rect(0.92, 0.54, 1, 0.68))),
        _kind("bottle", 25, _main(((0.4, 0.1), (0.6, 0.1), (0.6, 0.32), (0.74, 0.48), (0.74, 1), (0.26, 1),
                                   (0.26, 0.48), (0.4, 0.32))),
              _dark(_rect(0.39, 0, 0.61, 0.1)), _light(_rect(0.26, 0.6, 0.74, 0.82))),
        _kind("apple", 20, _main(_disc(0.32, 0.6, 0.32, 0.38), _disc(0.68, 0.6, 0.32, 0.38)),
              _dark(_rect(0.47, 0.04, 0.54, 0.32)), _dark(_disc(0.66, 0.14, 0.14, 0.07))),
    ]  # fmt: skip


def _more_things() -> list[Kind]:
    return [
        _kind("cloud", 8, _main(_disc(0.26, 0.58, 0.26, 0.22), _disc(0.52, 0.42, 0.26), _disc(0.76, 0.56, 0.24, 0.22),
                                _rect(0.24, 0.56, 0.78, 0.8))),
        _kind("butterfly", 50, _main(_disc(0.25, 0.3, 0.25, 0.26), _disc(0.75, 0.3, 0.25, 0.26),
                                     _disc(0.3, 0.7, 0.2, 0.22), _disc(0.7, 0.7, 0.2, 0.22)),
              _dark(_disc(0.5, 0.5, 0.06, 0.4))),
        _kind("rocket", 90, _main(((0.5, 0), (0.68, 0.26), (0.68, 0.8), (0.32, 0.8), (0.32, 0.26))),
              _dark(((0.32, 0.5), (0.32, 0.8), (0.08, 0.94)), ((0.68, 0.5), (0.68, 0.8), (0.92, 0.94)),
                    _rect(0.4, 0.8, 0.6, 0.9)), _light(_disc(0.5, 0.36, 0.1))),
        _kind("balloon", 12, _main(_disc(0.5, 0.33, 0.3, 0.33), ((0.5, 0.62), (0.58, 0.74), (0.42, 0.74))),
              _dark(_rect(0.485, 0.72, 0.515, 1))),
        _kind("bell", 18, _main(((0.38, 0.12), (0.62, 0.12), (0.8, 0.4), (0.84, 0.7), (1, 0.84), (0, 0.84),
                                 (0.16, 0.7), (0.2, 0.4))),
              _dark(_disc(0.5, 0.9, 0.1), _disc(0.5, 0.08, 0.08))),
        _kind("hat", 12, _main(_rect(0.25, 0.1, 0.75, 0.8), _disc(0.5, 0.82, 0.5, 0.12)),
              _dark(_rect(0.25, 0.6, 0.75, 0.72))),
        _kind("snowman", 8, _main(_disc(0.5, 0.74, 0.26), _disc(0.5, 0.42, 0.2)), _main(_disc(0.5, 0.2, 0.15)),
              _dark(_rect(0.32, 0.06, 0.68, 0.1), _rect(0.4, 0, 0.6, 0.1), _disc(0.5, 0.42, 0.03),
                    _disc(0.5, 0.7, 0.03)), plural="snowmen"),
        _kind("leaf", 180, _main((*_disc(0.56, 0.83, 0.55, 0.55, 216.87, 323.13),
                                  *_disc(0.56, 0.17, 0.55, 0.55, 36.87, 143.13))),
              _dark(_rect(0, 0.475, 0.86, 0.525)), plural="leaves"),
        _kind("bird", 15, _main(_disc(0.42, 0.56, 0.36, 0.24), _disc(0.74, 0.34, 0.17), ((0.14, 0.5), (0.16, 0.66),
              (0, 0.36))), _dark(((0.88, 0.3), (1, 0.36), (0.88, 0.42)), _disc(0.77, 0.31, 0.035),
              _rect(0.36, 0.78, 0.4, 0.98), _rect(0.5, 0.78, 0.54, 0.98)),
              _light(_disc(0.38, 0.54, 0.18, 0.1))),
        _kind("pencil", 180, _main(_rect(0, 0.4, 0.74, 0.6)), _light(((0.74, 0.4), (1, 0.5), (0.74, 0.6))),
              _dark(((0.91, 0.465), (1, 0.5), (0.91, 0.535)), _rect(0, 0.4, 0.1, 0.6))),
        _kind("hammer", 180, _main(_rect(0.2, 0, 0.8, 0.28)), _dark(_rect(0.44, 0.28, 0.56, 1))),
        _kind("chair", 8, _main(_rect(0.14, 0, 0.28, 0.66), _rect(0.14, 0.5, 0.88, 0.64)),
              _dark(_rect(0.14, 0.64, 0.24, 1), _rect(0.78, 0.64, 0.88, 1))),
        _kind("candle", 8, _main(_rect(0.34, 0.36, 0.66, 0.92)), _dark(_rect(0.16, 0.9, 0.84, 1)),
              _light(((0.5, 0), (0.62, 0.2), (0.5, 0.37), (0.38, 0.2)))),
    ]  # fmt: skip


# Kinds of which a stranger might take one for another: no scene holds or asks for two of a group.
_ALIKE = (
    {"circle", "ring", "balloon", "apple"},
    {"square", "diamond", "cross"},
    {"pentagon", "hexagon", "circle"},
    {"star", "flower"},
    {"tree", "cloud", "mushroom", "flower", "umbrella"},
    {"leaf", "crescent", "flower", "fish"},
    {"rocket", "arrow", "pencil", "triangle"},
    {"hat", "bell", "lamp"},
    {"bottle", "candle"},
    {"boat", "triangle"},
    {"hammer", "key"},
)


@cache
def alike(first: str, second: str) -> bool:
    return first != second and any({first, second} <= group for group in _ALIKE)
