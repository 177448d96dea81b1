"""The numbers of a chart: its kind, its table, its axis, and whether the values are printed on it."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Literal

from synth.plots.words import LANGUAGES, Group, Measure, Words

Kind = Literal[
    "bar", "barh", "stacked", "line", "area", "pie", "donut", "scatter", "heatmap", "box", "histogram", "network",
    "radar",
]  # fmt: skip
_TRIES = 500
_WITH_HEADER = ("bar", "barh", "stacked", "line", "area", "heatmap", "box")  # along the axis of the rows


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `low` to `high` with a tick at every `step`."""

    low: float
    high: float
    step: float

    @property
    def ticks(self) -> list[float]:
        return [self.low + index * self.step for index in range(round((self.high - self.low) / self.step) + 1)]

    @property
    def span(self) -> float:
        return self.high - self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A chart's table and words. `values[row][column]` belongs to `rows[row]` and `columns[column]`.

    Where values are not printed, they are whole parts of a tick's step, so that they can be read off. `scale` is the
    axis of the values, `across` that of a scatter plot's first column; `label` is what stands along the axis or beside
    the colours. `suffix` follows every printed value.
    """

    kind: Kind
    words: Words
    title: str
    note: str
    header: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    label: str
    scale: Scale
    across: Scale
    printed: bool
    decimals: int
    thousands: str
    suffix: str = ""

    def say(self, value: float) -> str:
        """A value as the chart prints it."""
        return say(value, self.decimals, self.thousands, self.words.decimal) + self.suffix

    def say_tick(self, value: float) -> str:
        whole = self.scale.step == int(self.scale.step)
        return say(value, 0 if whole else 1, self.thousands, self.words.decimal) + self.suffix

    def column(self, index: int) -> list[float]:
        return [row[index] for row in self.values]


def say(value: float, decimals: int, thousands: str, decimal: str) -> str:
    """A number with its separators, such as 1.250,5."""
    return f"{value:,.{decimals}f}".replace(",", "T").replace(".", decimal).replace("T", thousands)


@dataclass(slots=True)
class _Draft:
    """What all kinds of charts need, drawn before the kind's own numbers."""

    rng: random.Random
    words: Words
    measure: Measure
    group: Group
    step: float
    printed: bool

    @property
    def quantum(self) -> float:
        """Values are its multiples."""
        if not self.printed:
            return self.step / 5
        return 1.0 if self.step >= 20 else 0.1

    def scale(self, ticks: int) -> Scale:
        return Scale(0.0, self.step * ticks, self.step)

    def names(self, count: int) -> tuple[str, ...]:
        names = self.group.names
        count = min(count, len(names))
        if self.group.ordered:
            start = self.rng.randint(0, len(names) - count)
            return names[start : start + count]
        return tuple(self.rng.sample(names, count))

    def series(self, least: int, most: int) -> tuple[str, ...]:
        found = [names for names in self.words.series if len(names) >= least]
        names = self.rng.choice(found)
        return names[: self.rng.randint(least, min(most, len(names)))]

    def grid(self, rows: int, columns: int, low: float, high: float, apart: float) -> tuple[tuple[float, ...], ...]:
        """Values between `low` and `high`, those of a row `apart`, no two of a column the same."""
        least, most = -int(-low // self.quantum), int(high / self.quantum + 1e-9)
        found: list[list[int]] = []
        for _ in range(_TRIES * rows):
            row = [self.rng.randint(least, most) for _ in range(columns)]
            fresh = all(row[c] != other[c] for other in found for c in range(columns))
            near = any(abs(a - b) * self.quantum < apart - 1e-9 for i, a in enumerate(row) for b in row[:i])
            if fresh and not near:
                found.append(row)
            if len(found) == rows:
                return tuple(tuple(round(value * self.quantum, 6) for value in each) for each in found)
        raise RuntimeError(f"no {rows} x {columns} values between {low} and {high} that are {apart} apart")


def draw_facts(rng: random.Random, kind: Kind) -> Facts:
    """The table of a chart of `kind`."""
    words = rng.choices(LANGUAGES, (6, 2, 3))[0]
    measure = rng.choice(words.measures)
    groups = [group for group in words.groups if group.ordered or kind not in ("line", "area")]
    draft = _Draft(rng, words, measure, rng.choice(groups), rng.choice(measure.steps), _prints(rng, kind))
    if kind in ("pie", "donut"):
        return _pie(draft, kind)
    if kind == "scatter":
        return _scatter(draft)
    if kind == "box":
        return _box(draft)
    if kind == "histogram":
        return _histogram(draft)
    if kind == "network":
        return _network(draft)
    return _grid(draft, kind)


def _prints(rng: random.Random, kind: Kind) -> bool:
    if kind in ("stacked", "pie", "donut", "heatmap", "network"):
        return True
    return kind in ("bar", "barh", "histogram", "line") and rng.random() < 0.5


# Fewest and most rows and columns.
_SIZES: dict[Kind, tuple[int, int, int, int]] = {
    "bar": (3, 8, 1, 3), "barh": (3, 8, 1, 2), "stacked": (3, 6, 2, 4), "line": (5, 10, 1, 3), "area": (5, 9, 1, 2),
    "heatmap": (3, 6, 3, 4), "radar": (5, 7, 1, 2),
}  # fmt: skip


def _grid(draft: _Draft, kind: Kind) -> Facts:
    """Rows by series: bars, lines, areas, heat maps and radar charts."""
    rng = draft.rng
    fewest, most, least_series, most_series = _SIZES[kind]
    rows = draft.names(rng.randint(fewest, most))
    many = rng.randint(least_series, most_series)
    draft.printed = draft.printed and not (kind == "line" and many > 1)
    columns = draft.series(max(many, 2), max(many, 2)) if many > 1 else (draft.measure.label,)
    scale = draft.scale(5 if kind == "radar" else rng.randint(4, 8))
    low, high = 0.15, 0.97
    if kind == "stacked":
        low, high = 0.1, 0.94 / len(columns)
    elif kind == "radar":
        low, high = 0.3, 1.0
    apart = 0.09 * scale.high if kind in ("line", "area", "radar") else 0.0
    values = draft.grid(len(rows), len(columns), low * scale.high, high * scale.high, apart)
    return _facts(draft, kind, rows, columns, values, scale, label=draft.measure.label)


def _pie(draft: _Draft, kind: Kind) -> Facts:
    """Shares of a hundred, the smallest of them 6."""
    rng = draft.rng
    rows = draft.names(rng.randint(3, 6))
    values = [0]
    while min(values) < 6 or len(set(values)) < len(values):
        cuts = sorted(rng.sample(range(1, 100), len(rows) - 1))
        values = [b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]
    percent = rng.random() < 0.6
    times = 1 if percent else rng.choice((1, 2, 3, 5, 12, 20))
    draft.step = 20.0
    cells = tuple((float(value * times),) for value in values)
    scale = Scale(0, max(values) * times, max(values) * times)
    return _facts(draft, kind, rows, (draft.measure.name,), cells, scale, suffix="%" if percent else "")


def _scatter(draft: _Draft) -> Facts:
    """Named points; both columns can be read off."""
    rng = draft.rng
    other = rng.choice([each for each in draft.words.measures if each != draft.measure])
    step = rng.choice(other.steps)
    across, scale = Scale(0.0, step * rng.randint(4, 7), step), draft.scale(rng.randint(4, 7))
    names = rng.sample(draft.words.people, rng.randint(5, 8))
    spots = _spots(draft, len(names), across, scale)
    values = tuple((round(x * step / 5, 6), round(y * draft.quantum, 6)) for x, y in spots)
    columns = (other.label, draft.measure.label)
    facts = _facts(draft, "scatter", tuple(names), columns, values, scale, across=across, label=draft.measure.label)
    return replace(facts, title=f"{draft.measure.name} / {other.name}, {rng.choice(draft.words.where)}")


def _spots(draft: _Draft, count: int, across: Scale, scale: Scale) -> list[tuple[int, int]]:
    """Places of points in parts of a step, along a rising line, a falling one or none."""
    rng, slope = draft.rng, draft.rng.choice((1.0, 0.0, -1.0))
    spots: list[tuple[int, int]] = []
    for tries in range(1, _TRIES * 20):
        x, y = rng.uniform(0.15, 0.9), rng.uniform(0.2, 0.92)
        y = y if not slope else min(0.92, max(0.2, (x if slope > 0 else 1 - x) + rng.uniform(-0.2, 0.2)))
        spot = round(x * across.high / across.step * 5), round(y * scale.high / draft.quantum)
        far = all(_far(spot, each, across, scale, across.step / 5, draft.quantum) for each in spots)
        if far and all(spot[0] != each[0] and spot[1] != each[1] for each in spots):
            spots.append(spot)
        if len(spots) == count:
            return spots
        if tries % _TRIES == 0:  # no place is free: anew
            spots = []
    raise RuntimeError(f"no {count} points that are apart")


def _far(a: tuple[int, int], b: tuple[int, int], across: Scale, up: Scale, quantum_x: float, quantum_y: float) -> bool:
    x, y = abs(a[0] - b[0]) * quantum_x / across.high, abs(a[1] - b[1]) * quantum_y / up.high
    return x > 0.16 or y > 0.1


def _box(draft: _Draft) -> Facts:
    """Five numbers for each row, at least two parts of a step apart."""
    rng, scale = draft.rng, draft.scale(draft.rng.randint(5, 8))
    rows = draft.names(rng.randint(2, 5))
    most = round(scale.high / draft.quantum)
    cells: list[tuple[int, ...]] = []
    while len(cells) < len(rows):
        five = tuple(sorted(rng.sample(range(round(most * 0.15), most), 5)))
        apart = all(b - a >= 2 for a, b in zip(five, five[1:], strict=False))
        if apart and all(a != b for each in cells for a, b in zip(five, each, strict=True)):
            cells.append(five)
    values = tuple(tuple(round(value * draft.quantum, 6) for value in five) for five in cells)
    return _facts(draft, "box", rows, draft.words.five, values, scale, label=draft.measure.label)


def _histogram(draft: _Draft) -> Facts:
    """How many values fall into each bin; a bin is as wide as a step of the measure."""
    rng, width = draft.rng, int(max(1, draft.step))
    start, bins = width * rng.randint(0, 4), rng.randint(5, 8)
    edges = [start + width * index for index in range(bins + 1)]
    rows = tuple(f"{a}–{b}" for a, b in zip(edges, edges[1:], strict=False))
    draft.step = float(rng.choice((5, 10, 20)))
    scale = draft.scale(rng.randint(4, 6))
    values = draft.grid(bins, 1, 0.1 * scale.high, 0.95 * scale.high, 0.0)
    values = tuple((float(round(value)),) for (value,) in values) if draft.printed else values
    if len(set(values)) < len(values):
        return _histogram(draft)
    across = Scale(float(edges[0]), float(edges[-1]), float(width))
    columns = (draft.words.count,)
    header = draft.measure.label
    facts = _facts(draft, "histogram", rows, columns, values, scale, across=across, label=columns[0], header=header)
    return replace(facts, title=f"{draft.measure.name}, {rng.choice(draft.words.where)}")


def _network(draft: _Draft) -> Facts:
    """A diagram of nodes; each link has a number and, as the row's name, its two ends."""
    rng = draft.rng
    nodes = draft.names(rng.randint(4, 6))
    pairs = [(a, b) for i, a in enumerate(nodes) for b in nodes[i + 1 :]]
    links: list[tuple[str, str]] = []
    while not links or {name for pair in links for name in pair} != set(nodes):
        links = rng.sample(pairs, min(len(pairs), rng.randint(len(nodes) - 1, len(nodes) + 1)))
    turned = [pair if rng.random() < 0.6 else (pair[1], pair[0]) for pair in links]
    rows = tuple(f"{a} → {b}" for a, b in turned)
    values = draft.grid(len(rows), 1, draft.step, draft.step * 9, 0.0)
    return _facts(draft, "network", rows, (draft.measure.label,), values, draft.scale(9))


def _facts(
    draft: _Draft,
    kind: Kind,
    rows: tuple[str, ...],
    columns: tuple[str, ...],
    values: tuple[tuple[float, ...], ...],
    scale: Scale,
    *,
    across: Scale | None = None,
    label: str = "",
    header: str = "",
    suffix: str = "",
) -> Facts:
    rng, words = draft.rng, draft.words
    name = draft.measure.name if kind not in ("radar", "network", "heatmap") else draft.measure.label
    lower = draft.group.header.lower() if words.language == "en" else draft.group.header
    title = rng.choice(words.title).format(measure=name, group=lower, where=rng.choice(words.where))
    whole = all(value == int(value) for row in values for value in row)
    return Facts(
        kind=kind,
        words=words,
        title=title[:1].upper() + title[1:],
        note=rng.choice(words.notes) if rng.random() < 0.4 else "",
        header=header or (draft.group.header if kind in _WITH_HEADER and rng.random() < 0.6 else ""),
        rows=rows,
        columns=columns,
        values=values,
        label=label,
        scale=scale,
        across=across or scale,
        printed=draft.printed,
        decimals=0 if whole else 1,
        thousands=rng.choice(words.thousands),
        suffix=suffix,
    )
