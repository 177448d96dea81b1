"""How a signal's values are laid out on an axis: bins, whether the axis is stretched, where its ticks stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 36
_SKEWED = 8  # times the median: from here on the far end would press the rest into the first bins


@dataclass(frozen=True, slots=True)
class Bins:
    """`edges` rise; `skewed` says that they are even in log(1 + x), `whole` that the values are whole numbers."""

    edges: tuple[float, ...]
    skewed: bool
    whole: bool

    def cut(self, bound: float, side: int) -> float:
        """Where a rule's bound stands on the axis; `side` is -1 for a least value and 1 for a greatest. Of whole
        numbers the bound itself is kept, so that the line stands half a step beyond it."""
        at = bound + side * 0.5 if self.whole else bound
        return min(max(at, self.edges[0]), self.edges[-1])

    def count(self, values: Sequence[float]) -> list[int]:
        """How many values lie in each bin; the last bin holds its upper edge too."""
        return [int(count) for count in np.histogram(np.asarray(values, float), self.edges)[0]]


def make_bins(values: Sequence[float], bounds: Sequence[float], whole: bool, most: int = BINS) -> Bins:
    """At most `most` bins that hold all values and show all of a rule's bounds. Values must be finite."""
    everything = [*values, *bounds] or [0.0]
    low, high = float(min(everything)), float(max(everything))
    middle = float(np.median(np.asarray(values, float))) if len(values) else 0.0
    if 0 <= low < high and high > _SKEWED * max(middle, 1.0):
        inner = np.expm1(np.linspace(math.log1p(low), math.log1p(high), most + 1)).tolist()[1:-1]
        return Bins((low, *inner, high), True, whole)  # the ends are exact, or rounding would lose the outermost
    if whole:
        step = max(1, math.ceil((high - low + 1) / most))
        count = math.ceil((high - low + 1) / step)
        return Bins(tuple(low - 0.5 + step * i for i in range(count + 1)), False, True)
    if low == high:
        low, high = low - 0.5, high + 0.5
    margin = (high - low) * 0.02
    return Bins(tuple(np.linspace(low - margin, high + margin, most + 1).tolist()), False, False)


def ticks(low: float, high: float) -> list[float]:
    """0, powers of ten, and where those are few also twice and five times them, for a stretched axis."""
    powers = [10.0**exponent for exponent in range(16)]
    inside = [value for value in [0.0, *powers] if low <= value <= high]
    if len(inside) > 3:
        return inside
    return sorted(
        value for value in [0.0, *(power * times for power in powers for times in (1, 2, 5))] if low <= value <= high
    )


def short(value: float) -> str:
    """A number for an axis: 1,500 is 1.5k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def smoothed(values: Sequence[float], width: int) -> list[float]:
    """The mean of each value and up to `width` - 1 before it."""
    return [float(np.mean(values[max(0, end - width) : end])) for end in range(1, len(values) + 1)]
