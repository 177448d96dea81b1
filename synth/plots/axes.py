"""Charts by matplotlib, on its own canvas and without pyplot, so that no picture leaves anything for the next one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from synth.plots.drawn import Drawn
from synth.plots.facts import Facts, Kind
from synth.plots.figure import MARKERS, add_legend, dress, finish, looks, name_rows, new_figure, points, spot
from synth.plots.style import Style, on

Artists = list[tuple[str, int, int, Any]]  # name, row, column, artist or a function that gives its extent
Painter = Callable[[Any, Facts, Style], tuple[Artists, list[Any]]]  # also what the legend shows


def draw(facts: Facts, style: Style, painters: dict[Kind, Painter] | None = None) -> Drawn:
    """A chart of any kind; other libraries give their own `painters` for some kinds."""
    with looks(style):
        figure, axes = new_figure(facts, style)
        artists, handles = ({**PAINTERS, **(painters or {})})[facts.kind](axes, facts, style)
        dress(axes, facts, style)
        add_legend(figure, facts, style, handles)
        return finish(figure, axes, facts, style, artists)


def colour(facts: Facts, style: Style, row: int, column: int) -> str:
    by_row = style.by_row or facts.kind in ("pie", "donut", "network")
    return style.palette[(row if by_row else column) % len(style.palette)]


def bars(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    """Upright or lying bars, in groups where there are several series."""
    flat, many = facts.kind == "barh", len(facts.columns)
    wide = style.thick / many
    artists: Artists = []
    handles = []
    for column in range(many):
        places = [row + (column - (many - 1) / 2) * wide for row in range(len(facts.rows))]
        colours = [colour(facts, style, row, column) for row in range(len(facts.rows))]
        edge = style.ink if style.edge else "none"
        draw_bars = axes.barh if flat else axes.bar
        size = {"height" if flat else "width": wide * (0.96 if many > 1 else 1)}
        made = draw_bars(places, facts.column(column), color=colours, edgecolor=edge, **size)
        handles.append(made)
        artists += [(name, row, column, bar) for row, (name, bar) in enumerate(zip(facts.rows, made, strict=True))]
        if facts.printed:
            label_bars(axes, facts, style, made, column)
    if flat:
        axes.invert_yaxis()
    name_rows(axes, facts)
    return artists, handles


def label_bars(axes: Any, facts: Facts, style: Style, made: Any, column: int) -> None:
    small = points(max(9, style.size - 1))
    labels = [facts.say(value) for value in facts.column(column)]
    axes.bar_label(made, labels=labels, padding=2, fontsize=small, color=style.ink)


def _stacked(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    floors = [0.0] * len(facts.rows)
    artists: Artists = []
    handles = []
    for column in range(len(facts.columns)):
        fill, values = colour(facts, style, 0, column), facts.column(column)
        edge = style.plot if style.edge else "none"
        made = axes.bar(range(len(values)), values, style.thick, bottom=floors, color=fill, edgecolor=edge)
        labels = [facts.say(value) for value in values]
        axes.bar_label(
            made, labels=labels, label_type="center", fontsize=points(max(9, style.size - 1)), color=on(fill)
        )
        handles.append(made)
        artists += [(name, row, column, bar) for row, (name, bar) in enumerate(zip(facts.rows, made, strict=True))]
        floors = [floor + value for floor, value in zip(floors, values, strict=True)]
    name_rows(axes, facts)
    return artists, handles


def _lines(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    at = range(len(facts.rows))
    artists: Artists = []
    handles = []
    for column in range(len(facts.columns)):
        fill, values = colour(facts, style, 0, column), facts.column(column)
        handles += axes.plot(at, values, color=fill, **stroke(style, column))
        if facts.kind == "area":
            axes.fill_between(at, values, color=fill, alpha=0.3, linewidth=0)
        artists += spots(axes, facts, style, column, [*zip(at, values, strict=True)])
        if facts.printed:
            label_line(axes, facts, style, values)
    name_rows(axes, facts)
    return artists, handles


def stroke(style: Style, column: int) -> dict[str, Any]:
    """A line's thickness and the shape of its points."""
    shape = MARKERS[(style.marker + column) % len(MARKERS)]
    return {"linewidth": points(2.2), "marker": shape, "markersize": points(style.marker_size), "clip_on": False}


def spots(axes: Any, facts: Facts, style: Style, column: int, places: list[tuple[float, float]]) -> Artists:
    size = style.marker_size
    return [
        (name, row, column, spot(axes, x, y, size))
        for row, (name, (x, y)) in enumerate(zip(facts.rows, places, strict=True))
    ]


def label_line(axes: Any, facts: Facts, style: Style, values: list[float]) -> None:
    """Values above the points, or below where the line bends up."""
    for row, value in enumerate(values):
        around = [values[i] for i in (row - 1, row + 1) if 0 <= i < len(values)]
        under = value < min(around)
        offset = (0, -(style.marker_size - 1) if under else style.marker_size - 3)
        axes.annotate(facts.say(value), (row, value), xytext=offset, textcoords="offset points", ha="center",
                      va="top" if under else "bottom", fontsize=points(max(9, style.size - 1)))  # fmt: skip


def _pie(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    values = facts.column(0)
    fills = [colour(facts, style, row, 0) for row in range(len(values))]
    hole = style.hole if facts.kind == "donut" else 0.0
    wedge = {"edgecolor": style.paper, "linewidth": 1.2, "width": 1 - hole}
    made = axes.pie(values, colors=fills, startangle=style.turn, counterclock=False, wedgeprops=wedge,
                    labels=list(facts.rows), labeldistance=1.08)  # fmt: skip
    wedges = made[0] if isinstance(made, tuple) else made.wedges
    for value, each, fill in zip(values, wedges, fills, strict=True):
        middle = math.radians((each.theta1 + each.theta2) / 2)
        out = (1 + hole) / 2 if hole else 0.68
        axes.text(out * math.cos(middle), out * math.sin(middle), facts.say(value), ha="center", va="center",
                  color=on(fill), fontsize=points(max(9, style.size - 1)))  # fmt: skip
    return [(name, row, 0, each) for row, (name, each) in enumerate(zip(facts.rows, wedges, strict=True))], []


def _scatter(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    fill = colour(facts, style, 0, 0)
    axes.scatter(facts.column(0), facts.column(1), s=points(style.marker_size) ** 2, color=fill,
                 marker=MARKERS[style.marker], linewidths=0, zorder=3)  # fmt: skip
    return name_points(axes, facts, style), []


def name_points(axes: Any, facts: Facts, style: Style) -> Artists:
    """Names beside the points, the axis of the first column, and the points' places."""
    across = facts.across
    axes.set_xlim(across.low, across.high)
    axes.set_xticks(across.ticks, [facts.say_tick(tick) for tick in across.ticks])
    places = [(row[0], row[1]) for row in facts.values]
    for name, place in zip(facts.rows, places, strict=True):
        axes.annotate(name, place, xytext=(0, style.marker_size - 3), textcoords="offset points", ha="center",
                      va="bottom", fontsize=points(max(9, style.size - 1)), zorder=4)  # fmt: skip
    return spots(axes, facts, style, 1, places)


def _heat(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    shown = axes.imshow(facts.values, cmap=style.map, aspect="auto", vmin=facts.scale.low, vmax=facts.scale.high)
    axes.figure.colorbar(shown, ax=axes, label=facts.label)
    axes.set_xticks(range(len(facts.columns)), facts.columns)
    axes.set_yticks(range(len(facts.rows)), facts.rows)
    axes.set_ylabel(facts.header)
    for row, values in enumerate(facts.values):
        for column, value in enumerate(values):
            red, green, blue, _ = shown.cmap(shown.norm(value))
            ink = on("#" + "".join(f"{round(part * 255):02x}" for part in (red, green, blue)))
            axes.text(column, row, facts.say(value), ha="center", va="center", color=ink)
    return cells(axes, facts, 0.0), []


def cells(axes: Any, facts: Facts, middle: float) -> Artists:
    """The cells of a heat map, whose middles are at 0, 1, 2, ... plus `middle`."""
    from matplotlib.transforms import Bbox

    def extent(row: int, column: int) -> Callable[[], Any]:
        x, y = column + middle, row + middle
        return lambda: Bbox(axes.transData.transform([(x - 0.5, y + 0.5), (x + 0.5, y - 0.5)]))

    return [(name, r, c, extent(r, c)) for r, name in enumerate(facts.rows) for c in range(len(facts.columns))]


def _boxes(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    keys = ("whislo", "q1", "med", "q3", "whishi")
    stats = [dict(zip(keys, row, strict=True)) for row in facts.values]
    made = axes.bxp(
        stats, positions=range(len(stats)), widths=style.thick * 0.7, showfliers=False, patch_artist=True,
        boxprops={"facecolor": colour(facts, style, 0, 0), "edgecolor": style.ink},
        medianprops={"color": style.ink, "linewidth": 1.6}, whiskerprops={"color": style.ink},
        capprops={"color": style.ink},
    )  # fmt: skip
    name_rows(axes, facts)
    return [(n, r, -1, each) for r, (n, each) in enumerate(zip(facts.rows, made["boxes"], strict=True))], []


def _histogram(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    across, fill = facts.across, colour(facts, style, 0, 0)
    starts = across.ticks[:-1]
    made = axes.bar(starts, facts.column(0), across.step, align="edge", color=fill, edgecolor=style.plot, linewidth=1)
    if facts.printed:
        label_bars(axes, facts, style, made, 0)
    axes.set_xticks(across.ticks, [f"{tick:.0f}" for tick in across.ticks])
    return [(name, row, 0, bar) for row, (name, bar) in enumerate(zip(facts.rows, made, strict=True))], []


def _radar(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    angles = [math.tau * row / len(facts.rows) for row in range(len(facts.rows))]
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    artists: Artists = []
    handles = []
    for column in range(len(facts.columns)):
        fill, values = colour(facts, style, 0, column), facts.column(column)
        handles += axes.plot([*angles, angles[0]], [*values, values[0]], color=fill, **stroke(style, column))
        axes.fill([*angles, angles[0]], [*values, values[0]], color=fill, alpha=0.18)
        artists += spots(axes, facts, style, column, [*zip(angles, values, strict=True)])
    axes.set_ylim(0, facts.scale.high)
    axes.set_xticks(angles, facts.rows)
    axes.set_yticks(facts.scale.ticks[1:], [facts.say_tick(tick) for tick in facts.scale.ticks[1:]])
    axes.set_rlabel_position(180 / len(facts.rows))
    axes.tick_params(axis="x", pad=6)
    return artists, handles


def _network(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    """Nodes on a ring, an arrow for each link, its number in the middle."""
    nodes = list(dict.fromkeys(end for row in facts.rows for end in row.split(" → ")))
    angles = [math.tau * i / len(nodes) + math.radians(style.turn) for i in range(len(nodes))]
    place = {name: (1.35 * math.cos(a), math.sin(a)) for name, a in zip(nodes, angles, strict=True)}
    axes.spines[:].set_visible(False)
    axes.set_facecolor(style.paper)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlim(-1.75, 1.75)
    axes.set_ylim(-1.3, 1.3)
    for row, value in zip(facts.rows, facts.column(0), strict=True):
        start, end = (place[name] for name in row.split(" → "))
        axes.annotate("", end, start, zorder=1, arrowprops={"arrowstyle": "-|>", "color": style.ink, "lw": 1.2,
                      "shrinkA": 24, "shrinkB": 24})  # fmt: skip
        x, y = (0.58 * a + 0.42 * b for a, b in zip(start, end, strict=True))
        axes.text(x, y, facts.say(value), ha="center", va="center", zorder=2, bbox={"facecolor": style.paper,
                  "edgecolor": "none", "pad": 1.5})  # fmt: skip
    artists: Artists = []
    for index, name in enumerate(nodes):
        fill = colour(facts, style, index, 0)
        made = axes.text(*place[name], name, ha="center", va="center", color=on(fill), zorder=3, bbox={
            "boxstyle": ("round,pad=0.5", "circle,pad=0.4", "square,pad=0.5")[style.marker % 3], "facecolor": fill,
            "edgecolor": style.ink if style.edge else "none"})  # fmt: skip
        artists.append((name, -1, -1, made.get_bbox_patch()))
    return artists, []


PAINTERS: dict[Kind, Painter] = {
    "bar": bars, "barh": bars, "stacked": _stacked, "line": _lines, "area": _lines, "pie": _pie, "donut": _pie,
    "scatter": _scatter, "heatmap": _heat, "box": _boxes, "histogram": _histogram, "radar": _radar,
    "network": _network,
}  # fmt: skip
