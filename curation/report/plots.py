"""Plots as SVG in data URIs: the same values give the same bytes. Grounds are clear, so that a page may be dark."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.report.bins import Bins, short, ticks
from curation.report.palette import ELSEWHERE, FATES, INK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "winnow",  # ids of shapes are hashes of this and of what they are, not drawn anew each time
    "svg.fonttype": "none",  # the reader's own letters, a tenth of the bytes
    "text.parse_math": False,  # a name with dollar signs is no formula
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
}


def histogram(
    bins: Bins,
    kept: Sequence[int],
    here: Sequence[int],
    elsewhere: Sequence[int],
    lows: Sequence[float],
    highs: Sequence[float],
) -> str:
    """Kept rows above, dropped rows hanging below on a scale of their own, and the thresholds between keep and drop,
    each least and each greatest value that some rule keeps.

    `here` are rows that a rule on this signal drops, `elsewhere` those that only others drop; counts by bin.
    """
    with figure_of(3.9, 2.3) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        edges = np.asarray(bins.edges)
        above.stairs(kept, edges, fill=True, color=FATES["kept"])
        both = np.asarray(here) + np.asarray(elsewhere)
        below.stairs(both, edges, fill=True, color=ELSEWHERE)
        below.stairs(here, edges, fill=True, color=FATES["dropped"])
        below.set_ylim(max(1, both.max(initial=0)) * 1.1, 0)
        above.set_ylim(0, max(1, max(kept, default=0)) * 1.08)
        for axes in (above, below):
            _thresholds(axes, bins, lows, highs)
            _few_whole_numbers(axes.yaxis)
        above.tick_params(bottom=False)
        above.spines["bottom"].set_visible(False)
        if bins.skewed:
            below.set_xscale("function", functions=(np.log1p, np.expm1))
            below.set_xticks(ticks(bins.edges[0], bins.edges[-1]))
            below.minorticks_off()
        below.xaxis.set_major_formatter(lambda value, _: short(value))
        below.yaxis.set_major_formatter(lambda value, _: short(value) if value else "")  # the rows above have the 0
        below.set_xlim(edges[0], edges[-1])
        figure.subplots_adjust(0.1, 0.1, 0.96, 0.97, hspace=0.06)
        return _data_uri(figure)


def counts(names: Sequence[str], kept: Sequence[int], here: Sequence[int], elsewhere: Sequence[int]) -> str:
    """The same for a signal that is no number: a bar for each value."""
    with figure_of(3.9, 2.3) as figure:
        axes = figure.subplots()
        bottom = np.zeros(len(names))
        for values, colour in ((kept, FATES["kept"]), (here, FATES["dropped"]), (elsewhere, ELSEWHERE)):
            axes.bar(range(len(names)), values, 0.6, bottom=bottom, color=colour)
            bottom = bottom + np.asarray(values)
        axes.set_xticks(range(len(names)), [_plain(name) for name in names])
        axes.set_xlim(-0.5, len(names) - 0.5)
        _few_whole_numbers(axes.yaxis)
        figure.subplots_adjust(0.1, 0.12, 0.98, 0.97)
        return _data_uri(figure)


def distribution(bins: Bins, values: Sequence[int]) -> str:
    """Counts by bin, of rows that nothing is decided about."""
    with figure_of(3.9, 1.7) as figure:
        axes = figure.subplots()
        axes.stairs(values, np.asarray(bins.edges), fill=True, color=FATES["made"])
        axes.set_xlim(bins.edges[0], bins.edges[-1])
        axes.set_ylim(0, max(1, max(values, default=0)) * 1.08)
        _few_whole_numbers(axes.yaxis)
        figure.subplots_adjust(0.1, 0.14, 0.98, 0.96)
        return _data_uri(figure)


def curve(values: Sequence[float], smooth: Sequence[float], colour: str) -> str:
    """A value by step, from 1: each one pale, the smoothed course strong."""
    with figure_of(3.9, 2.0) as figure:
        axes = figure.subplots()
        steps = range(1, len(values) + 1)
        marker = "o" if len(values) == 1 else None
        axes.plot(steps, values, color=colour, linewidth=0.8, alpha=0.4, marker=marker)
        axes.plot(steps, smooth, color=colour, linewidth=1.8)
        axes.grid(axis="y", color=INK, alpha=0.2, linewidth=0.6)
        axes.margins(x=0.01)
        _few_whole_numbers(axes.xaxis, 8)
        figure.subplots_adjust(0.12, 0.12, 0.98, 0.96)
        return _data_uri(figure)


def intervals(
    names: Sequence[str], values: Sequence[float], ends: Sequence[tuple[float, float] | None], colours: Sequence[str]
) -> str:
    """A line for each name, from above: its value as a point, its interval as a bar. The first one's value is drawn
    through all of them."""
    with figure_of(3.9, 0.7 + 0.26 * len(names)) as figure:
        axes = figure.subplots()
        axes.axvline(values[0], color=INK, alpha=0.5, linewidth=0.8)
        for place, (value, bounds, colour) in enumerate(zip(values, ends, colours, strict=True)):
            if bounds:
                axes.plot(bounds, (place, place), color=colour, linewidth=2.2, alpha=0.55, solid_capstyle="butt")
            axes.plot((value,), (place,), color=colour, marker="o", markersize=5)
        axes.set_yticks(
            range(len(names)), [_plain(name[-24:]) for name in names], fontsize=8
        )  # paths differ at the end
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.margins(x=0.08)
        axes.grid(axis="x", color=INK, alpha=0.2, linewidth=0.6)
        axes.locator_params(axis="x", nbins=5)
        figure.subplots_adjust(0.42, 0.4 / (0.7 + 0.26 * len(names)), 0.97, 0.97)
        return _data_uri(figure)


def reliability(panels: Sequence[tuple[str, Sequence[tuple[float, float, int]]]]) -> str:
    """A panel for each name: predicted probabilities, left to right, and the shares that were observed, upwards; of
    (predicted, observed, count) the larger counts are the larger points. What can be believed lies on the diagonal."""
    with figure_of(2.5 * len(panels), 2.6) as figure:
        for axes, (name, points) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            axes.plot((0, 1), (0, 1), color=INK, alpha=0.5, linewidth=0.8)
            total = sum(count for _, _, count in points)
            for predicted, observed, count in points:
                size = 12 + 120 * count / total
                axes.scatter((predicted,), (observed,), s=size, color=FATES["kept"], alpha=0.8, clip_on=False)
            axes.set(title=_plain(name), xlim=(0, 1), ylim=(0, 1), aspect="equal")
        figure.tight_layout()
        return _data_uri(figure)


@contextmanager
def figure_of(width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches, in the page's style. The library is slow to load, and only plots need it."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        yield Figure(figsize=(width, height))


def _thresholds(axes: Axes, bins: Bins, lows: Sequence[float], highs: Sequence[float]) -> None:
    """Lines at the bounds, and the ground beyond them tinted, once for each bound that lies there."""
    for bounds, side, end in ((lows, -1, bins.edges[0]), (highs, 1, bins.edges[-1])):
        for bound in bounds:
            at = bins.cut(bound, side)
            axes.axvspan(min(at, end), max(at, end), color=FATES["dropped"], alpha=0.1 / len(bounds), linewidth=0)
            axes.axvline(at, color=FATES["dropped"], linewidth=1.3, linestyle=(0, (4, 2)))


def _few_whole_numbers(axis: Axis, most: int = 3) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(most, integer=True))


def _plain(name: str) -> str:
    """Letters that any font has."""
    return name.encode("ascii", "backslashreplace").decode()[:24]


def _data_uri(figure: Figure) -> str:
    buffer = io.BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, sans-serif", buffer.getvalue().decode())
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()
