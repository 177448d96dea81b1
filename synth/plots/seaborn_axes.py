"""The kinds of charts that seaborn draws in its own way, on a figure of matplotlib's."""

from __future__ import annotations

import warnings
from typing import Any

from synth.plots.axes import Artists, Painter, cells, colour, draw, label_bars, name_points, name_rows, spots, stroke
from synth.plots.drawn import Drawn
from synth.plots.facts import Facts, Kind
from synth.plots.figure import MARKERS, points
from synth.plots.style import Style


def draw_seaborn(facts: Facts, style: Style) -> Drawn:
    """A chart of one of the kinds in `KINDS`."""
    return draw(facts, style, KINDS)


def _long(facts: Facts) -> Any:
    """One row for each value, as seaborn likes it."""
    import pandas as pd  # type: ignore[import-untyped]

    found = [
        {"row": name, "at": row, "series": column, "value": value}
        for row, (name, values) in enumerate(zip(facts.rows, facts.values, strict=True))
        for column, value in zip(facts.columns, values, strict=True)
    ]
    return pd.DataFrame(found)


def _bars(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    import seaborn as sns

    flat = facts.kind == "barh"
    by_row = style.by_row and len(facts.columns) == 1
    hue = "row" if by_row else "series"
    fills = [colour(facts, style, i, i) for i in range(len(facts.rows if by_row else facts.columns))]
    where = {"x": "value", "y": "row"} if flat else {"x": "row", "y": "value"}
    sns.barplot(data=_long(facts), **where, hue=hue, palette=fills, ax=axes, legend=False, width=style.thick,
                saturation=0.85, errorbar=None, dodge=not by_row)  # fmt: skip
    artists: Artists = []
    for index, made in enumerate(axes.containers):
        if facts.printed and not by_row:
            label_bars(axes, facts, style, made, index)
        for row, bar in enumerate(made):
            row, column = (index, 0) if by_row else (row, index)
            artists.append((facts.rows[row], row, column, bar))
            if facts.printed and by_row:
                text = facts.say(facts.values[row][0])
                axes.bar_label(made, labels=[text], padding=2, fontsize=points(max(9, style.size - 1)))
    name_rows(axes, facts)
    return artists, [made[0] for made in axes.containers]


def _lines(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    import seaborn as sns

    table = _long(facts)
    artists: Artists = []
    for column, name in enumerate(facts.columns):
        own = table[table["series"] == name]
        sns.lineplot(data=own, x="at", y="value", ax=axes, color=colour(facts, style, 0, column), errorbar=None,
                     **stroke(style, column))  # fmt: skip
        artists += spots(axes, facts, style, column, [*zip(range(len(facts.rows)), facts.column(column), strict=True)])
    name_rows(axes, facts)
    return artists, list(axes.lines)


def _scatter(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    """Points with the line of their regression."""
    import seaborn as sns

    fill = colour(facts, style, 0, 0)
    sns.regplot(x=facts.column(0), y=facts.column(1), ax=axes, color=fill, ci=None, marker=MARKERS[style.marker],
                scatter_kws={"s": points(style.marker_size) ** 2, "linewidths": 0, "alpha": 1.0},
                line_kws={"linewidth": 1.4, "alpha": 0.7})  # fmt: skip
    return name_points(axes, facts, style), []


def _heat(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    import pandas as pd  # type: ignore[import-untyped]
    import seaborn as sns

    texts = [[facts.say(value) for value in row] for row in facts.values]
    table = pd.DataFrame(facts.values, index=list(facts.rows), columns=list(facts.columns))
    sns.heatmap(table, ax=axes, annot=texts, fmt="", cmap=style.map, vmin=facts.scale.low, vmax=facts.scale.high,
                linewidths=1.0 if style.edge else 0.0, linecolor=style.paper,
                cbar_kws={"label": facts.label})  # fmt: skip
    axes.set_ylabel(facts.header)
    axes.tick_params(axis="y", rotation=0)
    return cells(axes, facts, 0.5), []


def _boxes(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    """The five numbers are five values, so that seaborn finds them again as their quartiles."""
    import seaborn as sns

    with warnings.catch_warnings():
        # seaborn 0.13 passes an argument that matplotlib 3.11 is going to drop
        warnings.filterwarnings("ignore", message="vert: bool was deprecated")
        sns.boxplot(data=_long(facts), x="row", y="value", ax=axes, color=colour(facts, style, 0, 0), whis=(0, 100),
                    width=style.thick * 0.8, linecolor=style.ink, saturation=0.9)  # fmt: skip
    name_rows(axes, facts)
    return [(name, row, -1, axes.patches[row]) for row, name in enumerate(facts.rows)], []


def _histogram(axes: Any, facts: Facts, style: Style) -> tuple[Artists, list[Any]]:
    import seaborn as sns

    across = facts.across
    middles = [tick + across.step / 2 for tick in across.ticks[:-1]]
    sns.histplot(x=middles, weights=facts.column(0), bins=across.ticks, ax=axes, color=colour(facts, style, 0, 0),
                 edgecolor=style.plot, alpha=0.9)  # fmt: skip
    made = axes.containers[0]
    if facts.printed:
        label_bars(axes, facts, style, made, 0)
    axes.set_xticks(across.ticks, [f"{tick:.0f}" for tick in across.ticks])
    return [(name, row, 0, bar) for row, (name, bar) in enumerate(zip(facts.rows, made, strict=True))], []


KINDS: dict[Kind, Painter] = {
    "bar": _bars, "barh": _bars, "line": _lines, "scatter": _scatter, "heatmap": _heat, "box": _boxes,
    "histogram": _histogram,
}  # fmt: skip
