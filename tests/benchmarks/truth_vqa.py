"""Answers of the vqa generator, found again from the pixels (clocks, dice, thermometers) and from what boards show."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from curation.contract.sample import Sample
from filters.verify import exact_match
from synth.generator import Make
from synth.specimen import Specimen


def wrong(made: Sequence[Specimen], again: Make | None, rng_key: str) -> list[str]:
    """A message for each specimen whose answer or tag `seen` is not what its picture shows."""
    return [f"{each.sample.tags[0]}: {fault}" for each in made if (fault := _fault(each))]


def _fault(specimen: Specimen) -> str:
    sample = specimen.sample
    kind = sample.tags[0].removeprefix("build:vqa/")
    seen = next(tag for tag in sample.tags if tag.startswith("seen:")).removeprefix("seen:")
    picture = np.asarray(Image.open(io.BytesIO(specimen.images[sample.media[0].sha256])).convert("RGB")).astype(int)
    if kind in _READ and (read := _READ[kind](picture, seen)):
        return read
    turns = ["".join(part.text for part in turn.parts) for turn in sample.messages]
    for name, ask, answer in zip(_asked(sample), turns[0::2], turns[1::2], strict=True):
        if (found := _answer(kind, name, seen, ask)) != answer:
            return f"{ask!r} has the answer {found!r}, not {answer!r}"
    if sample.answer.text != turns[-1] or exact_match(turns[-1] + "1", sample.answer.text):
        return "the reference is not the last answer, or the verifier takes another"
    return ""


def _asked(sample: Sample) -> list[str]:
    return [tag.removeprefix("asks:") for tag in sample.tags if tag.startswith("asks:")]


def _red(picture: np.ndarray) -> np.ndarray:
    return (picture[..., 0] > 150) & (picture[..., 1] < 110) & (picture[..., 2] < 110)


def _read_clock(picture: np.ndarray, seen: str) -> str:
    """The red hand's angle gives the minutes; the dark hand's angle must lie where these minutes have it."""
    side = len(picture)
    hour, minute = map(int, seen.split(":"))
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    distance, red = np.hypot(x, y), _red(picture)
    ring = red & (abs(distance - side * 0.25) < side * 0.03)
    angle = math.degrees(math.atan2(x[ring].mean(), -y[ring].mean())) % 360
    if round(angle / 6) % 60 != minute:
        return f"the long hand is at {angle / 6:.1f} minutes, not at {minute}"
    dark = (picture.sum(axis=2) < 200) & (abs(distance - side * 0.14) < side * 0.03)
    apart = abs((hour * 30 + minute / 2 - minute * 6 + 180) % 360 - 180)
    if apart < 12:  # the red hand lies over the dark one
        return ""
    angle = math.degrees(math.atan2(x[dark].mean(), -y[dark].mean())) % 360
    off = (angle - hour * 30 - minute / 2 + 180) % 360 - 180
    return f"the short hand is {off:.0f} degrees off {seen}" if abs(off) > 8 else ""


def _read_dice(picture: np.ndarray, seen: str) -> str:
    dark = (picture.sum(axis=2) < 240).astype(np.uint8)
    areas = cv2.connectedComponentsWithStats(dark)[2][1:, cv2.CC_STAT_AREA]
    pips, said = int((areas > 30).sum()), sum(map(int, seen.split(",")))
    return "" if pips == said else f"{pips} pips in the picture, not {said}"


def _read_thermometer(picture: np.ndarray, seen: str) -> str:
    """The end of the red column between the scale's first and last lines, of which there are 60 degrees apart."""
    value, low = map(int, seen.split(","))
    x = picture.shape[1] // 2
    lines = np.flatnonzero(picture[:, x + 16 : x + 22].sum(axis=(1, 2)) < 6 * 330)
    column = np.flatnonzero(_red(picture[:, x - 2 : x + 3]).all(axis=1))
    lines = lines[lines < column.max() - 36]
    read = low + 60 * (lines.max() - column.min()) / (lines.max() - lines.min())
    return "" if abs(read - value) < 1 else f"the column ends at {read:.1f} degrees, not at {value}"


_READ = {"clock": _read_clock, "dice": _read_dice, "thermometer": _read_thermometer}


def _answer(kind: str, name: str, seen: str, ask: str) -> str:
    numbers = [int(each) for each in re.findall(r"\d+", re.sub(r"12-hour|12 小时制", "", ask))]
    if kind == "clock":
        hour, minute = map(int, seen.split(":"))
        if name == "until":
            return str(60 - minute)
        shift = {"now": 0, "later": 1, "earlier": -1}[name] * (numbers or [0])[0]
        hours, minutes = divmod((hour * 60 + minute + shift) % 720, 60)
        return f"{hours if hours else 12}:{minutes:02}"
    if kind == "tiles":
        return str(_of_tiles(name, np.array([row.split(",") for row in seen.split(";")], dtype=int), numbers))
    values = [int(each) for each in seen.split(",")]
    if kind == "dice":
        total = sum(values)
        even = sum(each for each in values if each in (2, 4, 6))
        spread = sorted(values)[-1] - sorted(values)[0]
        found = {"sum": total, "even": even, "spread": spread, "bottom": 7 * len(values) - total}
        return str(found[name] if name in found else total * numbers[0])
    if kind == "rectangle":
        a, b = values
        k = numbers[-1] if numbers else 1
        area = {"perimeter": a + a + b + b, "half": a * b / 2, "scaled": (a * k) * (b * k)}
        return f"{area.get(name, a * b):g}"
    value = values[0]
    if name == "fahrenheit":
        return f"{1.8 * value + 32:.1f}".removesuffix(".0")
    return str(value + {"now": 0, "fall": -1, "rise": 1}[name] * (numbers or [0])[0])


def _of_tiles(name: str, grid: np.ndarray, numbers: Sequence[int]) -> int:
    if name == "row":
        return int(grid[_which(numbers) - 1].sum())
    if name == "column":
        return int(grid[:, _which(numbers) - 1].sum())
    if name == "product":
        return int(grid[numbers[0] - 1, numbers[1] - 1] * grid[0, 0])
    return int(grid.max() - grid.min()) if name == "spread" else int((grid > 50).sum())


def _which(numbers: Sequence[int]) -> int:
    """The row or column that is asked for: a sentence that says which one is number 1 names it before or after."""
    return max(numbers)
