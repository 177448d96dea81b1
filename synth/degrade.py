"""What a scanner or a telephone does to a page: pure functions on RGB pictures (height, width, 3), uint8.

Those that move pixels give a homography: a (3, 3) matrix from the old picture's coordinates to the new one's, in pixels
counted at their edges, so that a box's x2 is one past its last pixel. The size of the picture stays.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Degraded:
    """`names` says what was done, in order; `quality` is the JPEG quality to store the picture with."""

    image: Image
    matrix: Matrix
    names: tuple[str, ...]
    quality: int


def degrade(image: Image, rng: random.Random) -> Degraded:
    """None, one or two things that leave a page legible; at most one of them moves pixels."""
    names = rng.sample(list(_ALL), rng.choice((0, 0, 1, 1, 1, 2, 2)))
    if len(set(names) & set(_MOVING)) > 1:
        names = names[:1]
    names.sort(key=list(_ALL).index)
    matrix = np.eye(3)
    quality = rng.randint(84, 95)
    for name in names:
        if name in _MOVING:
            matrix = _MOVING[name](image.shape[1], image.shape[0], rng)
            image = warped(image, matrix, _desk(image, rng))
        elif name == "jpeg":
            quality = rng.randint(35, 60)
        else:
            image = _PLAIN[name](image, rng)
    return Degraded(image, matrix, tuple(names), quality)


def moved(matrix: Matrix, points: Sequence[float]) -> tuple[float, ...]:
    """x, y pairs through a homography."""
    corners = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    found = np.column_stack([corners, np.ones(len(corners))]) @ matrix.T
    return tuple(float(value) for value in (found[:, :2] / found[:, 2:]).ravel())


def warped(image: Image, matrix: Matrix, outside: Sequence[int]) -> Image:
    """The picture through a homography; what comes from outside of it has the colour `outside`."""
    import cv2

    # OpenCV counts pixels at their centres.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    centres = np.linalg.inv(half) @ matrix @ half
    height, width = image.shape[:2]
    colour = tuple(map(float, outside))
    found = cv2.warpPerspective(
        image, centres, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=colour
    )
    return np.asarray(found, dtype=np.uint8)


def through(old: Sequence[float], new: Sequence[float]) -> Matrix:
    """The homography that moves four corners (8 numbers each); by least arithmetic, the eight linear equations."""
    rows, values = [], []
    for (x, y), (u, v) in zip(
        zip(old[0::2], old[1::2], strict=True), zip(new[0::2], new[1::2], strict=True), strict=True
    ):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved = np.linalg.solve(np.array(rows, dtype=np.float64), np.array(values, dtype=np.float64))
    return np.append(solved, 1.0).reshape(3, 3)


def skew(width: int, height: int, rng: random.Random) -> Matrix:
    """A turn about the middle by up to two degrees, made so much smaller that the whole sheet stays in the picture."""
    angle = math.radians(rng.choice((-1, 1)) * rng.uniform(0.4, 2.0))
    sine, cosine = abs(math.sin(angle)), math.cos(angle)
    scale = min(width / (width * cosine + height * sine), height / (height * cosine + width * sine))
    a, b = scale * math.cos(angle), scale * math.sin(angle)
    x, y = width / 2, height / 2
    return np.array([[a, -b, x - a * x + b * y], [b, a, y - b * x - a * y], [0, 0, 1.0]])


def perspective(width: int, height: int, rng: random.Random) -> Matrix:
    """Each corner of the sheet moves inwards by up to 2.5 % of the sides."""
    moves = [(rng.uniform(0, 0.025) * width, rng.uniform(0, 0.025) * height) for _ in range(4)]
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = moves
    old = (0, 0, width, 0, width, height, 0, height)
    return through(old, (x1, y1, width - x2, y2, width - x3, height - y3, x4, height - y4))


def blurred(image: Image, sigma: float) -> Image:
    """Out of focus: a Gaussian of `sigma` pixels."""
    import cv2

    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), dtype=np.uint8)


def noisy(image: Image, sigma: float, seed: int) -> Image:
    """Normal noise of `sigma` levels, the same for all channels."""
    height, width = image.shape[:2]
    noise = np.random.default_rng(seed).standard_normal((height, width, 1), dtype=np.float32)
    return _clipped(image + np.float32(sigma) * noise)


def shadowed(image: Image, strength: float, angle: float, place: float) -> Image:
    """A soft shadow over one side: `strength` is the share of light it takes, `angle` its direction in radians, `place`
    from -1 to 1 where its edge lies."""
    y, x = _grid(image)
    along = x * math.cos(angle) + y * math.sin(angle)
    shade = 1 / (1 + np.exp(-8 * (along - place)))
    return _clipped(image * (1 - strength * shade)[:, :, None])


def folded(image: Image, strength: float, place: float, upright: bool) -> Image:
    """A crease across the sheet at `place` (0 to 1): darker at it and, less and less, on one side of it."""
    across = image.shape[1] if upright else image.shape[0]
    distance = (np.arange(across, dtype=np.float32) + 0.5) / across - place
    side = np.where(distance > 0, np.exp(-np.abs(distance) * 9) * 0.5, 0)
    light = 1 - strength * np.maximum(np.exp(-((distance * across / 2.5) ** 2)), side)
    return _clipped(image * (light[None, :, None] if upright else light[:, None, None]))


def darkened(image: Image, gain: float, warmth: float) -> Image:
    """Low light: all levels times `gain`, blue less by the share `warmth`."""
    gains = np.array([gain, gain * (1 - warmth / 2), gain * (1 - warmth)], dtype=np.float32)
    return _clipped(image * gains)


def _grid(image: Image) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """y (height, 1) and x (1, width), from -1 to 1."""
    height, width = image.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    return y, np.linspace(-1, 1, width, dtype=np.float32)[None, :]


def _clipped(image: npt.NDArray[np.floating]) -> Image:
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _desk(image: Image, rng: random.Random) -> tuple[int, int, int]:
    """What lies under the sheet: the sheet's own colour, as in a scanner, or a table's."""
    own = tuple(int(value) for value in image[2, 2])
    dark, wood, grey = (62, 54, 48), (150, 116, 84), (196, 198, 202)
    red, green, blue = rng.choice((own, own, dark, wood, grey))
    return red, green, blue


_MOVING: dict[str, Callable[[int, int, random.Random], Matrix]] = {"skew": skew, "perspective": perspective}
_PLAIN: dict[str, Callable[[Image, random.Random], Image]] = {
    "fold": lambda image, rng: folded(image, rng.uniform(0.15, 0.3), rng.uniform(0.25, 0.75), rng.random() < 0.5),
    "shadow": lambda image, rng: shadowed(
        image, rng.uniform(0.15, 0.4), rng.uniform(0, 2 * math.pi), rng.uniform(-0.3, 0.6)
    ),
    "low light": lambda image, rng: darkened(image, rng.uniform(0.45, 0.75), rng.uniform(0, 0.2)),
    "blur": lambda image, rng: blurred(image, rng.uniform(0.5, 0.9)),
    "noise": lambda image, rng: noisy(image, rng.uniform(3, 9), rng.getrandbits(64)),
}
_ALL = (*_MOVING, *_PLAIN, "jpeg")
