"""Charts by plotly's own script in Chromium: one page, drawn anew for each chart; boxes come from its elements."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from PIL import Image

from synth.plots.axes import colour
from synth.plots.drawn import Drawn, Mark, outward
from synth.plots.facts import Facts, Kind
from synth.plots.style import Style, on, pale

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

KINDS: tuple[Kind, ...] = (
    "bar", "barh", "stacked", "line", "area", "pie", "donut", "scatter", "heatmap", "box", "histogram", "radar",
)  # fmt: skip
_MARKERS = ("circle", "square", "diamond", "triangle-up")
# Draws the figure and gives the boxes of the texts and, by their selectors, of the marks of each trace.
_DRAW = """async ([figure, marks, note]) => {
  const chart = document.getElementById('chart');
  chart.style.width = figure.layout.width + 'px';
  chart.style.height = figure.layout.height + 'px';
  document.body.style.background = figure.layout.paper_bgcolor;
  const foot = document.getElementById('note');
  foot.textContent = note.text;
  foot.style.cssText = note.style;
  Plotly.purge(chart);
  await Plotly.newPlot(chart, figure.data, figure.layout, {staticPlot: true});
  await document.fonts.ready;
  const box = e => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
  const boxes = selector => [...chart.querySelectorAll(selector)].map(box);
  const turn = e => /rotate\\((-?[\\d.]+)/.exec(e.getAttribute('transform') || '')?.[1] || 0;
  const lean = e => {  // without the room above and below the letters
    const [x1, y1, x2, y2] = box(e);
    const [dx, dy] = Math.abs(turn(e)) == 90 ? [(x2 - x1) / 5, 0] : [0, (y2 - y1) / 5];
    return [x1 + dx, y1 + dy, x2 - dx, y2 - dy];
  };
  const shown = [...chart.querySelectorAll('text')].filter(e => e.textContent.trim() && turn(e) % 90 == 0);
  const heat = chart.querySelector('.heatmaplayer image');
  return {marks: marks ? boxes(marks) : [], words: shown.map(lean), title: boxes('.gtitle')[0],
    note: box(foot), heat: heat && box(heat)};
}"""
# The elements of marks, in the order of traces and then of rows.
_SELECTORS: dict[Kind, str] = {
    "bar": ".barlayer .point > path", "barh": ".barlayer .point > path", "stacked": ".barlayer .point > path",
    "histogram": ".barlayer .point > path", "line": ".scatterlayer path.point", "area": ".scatterlayer path.point",
    "scatter": ".scatterlayer path.point", "pie": ".pielayer path.surface", "donut": ".pielayer path.surface",
    "radar": ".scatterpolar path.point, .scatterlayer path.point",
}  # fmt: skip


def open_page(browser: Browser) -> Page:
    """A page with plotly's script in it, which comes with plotly's package."""
    from importlib.resources import files

    page = browser.new_context(offline=True, viewport={"width": 840, "height": 840}).new_page()
    page.set_content("<!doctype html><body style='margin:0'><div id='chart'></div><div id='note'></div></body>")
    page.add_script_tag(content=(files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8"))
    return page


def draw_plotly(page: Page, facts: Facts, style: Style) -> Drawn:
    """A chart of one of the kinds in `KINDS`."""
    figure = {"data": _traces(facts, style), "layout": _layout(facts, style)}
    found = page.evaluate(_DRAW, [figure, _SELECTORS.get(facts.kind, ""), _note(facts, style)])
    clip = {"x": 0, "y": 0, "width": style.width, "height": style.height}
    image = Image.open(io.BytesIO(page.screenshot(clip=clip, animations="disabled"))).convert("RGB")  # type: ignore[arg-type]
    size = image.size
    return Drawn(
        image=image,
        marks=tuple(_marks(facts, found, size)),
        title=outward(found["title"], size),
        note=outward(found["note"], size) if facts.note else (0, 0, 0, 0),
        words=tuple(outward(box, size) for box in found["words"]),
    )


def _marks(facts: Facts, found: dict[str, Any], size: tuple[int, int]) -> list[Mark]:
    if facts.kind == "heatmap":
        return _cells(facts, found["heat"], size)
    if facts.kind == "box":
        return []  # its boxes and whiskers are one outline
    many, rows = (1, len(facts.rows)) if facts.kind == "scatter" else (len(facts.columns), len(facts.rows))
    boxes = found["marks"]
    if facts.kind == "radar":  # whose first point is also its last one
        boxes = [box for index, box in enumerate(boxes) if (index + 1) % (rows + 1)]
    if len(boxes) != many * rows:
        raise RuntimeError(f"plotly drew {len(boxes)} marks for {many} x {rows} values of a {facts.kind} chart")
    first = 1 if facts.kind == "scatter" else 0
    return [
        Mark(facts.rows[index % rows], index % rows, index // rows + first, outward(box, size))
        for index, box in enumerate(boxes)
    ]


def _cells(facts: Facts, heat: list[float], size: tuple[int, int]) -> list[Mark]:
    """The picture of a heat map cut into its cells."""
    wide, high = (heat[2] - heat[0]) / len(facts.columns), (heat[3] - heat[1]) / len(facts.rows)
    x, y = heat[0], heat[1]
    return [
        Mark(name, r, c, outward((x + c * wide, y + r * high, x + (c + 1) * wide, y + (r + 1) * high), size))
        for r, name in enumerate(facts.rows)
        for c in range(len(facts.columns))
    ]


def _traces(facts: Facts, style: Style) -> list[dict[str, Any]]:
    kind = facts.kind
    if kind in ("pie", "donut"):
        return [_pie(facts, style)]
    if kind == "heatmap":
        return [_heat(facts, style)]
    if kind == "box":
        return [_box(facts, style)]
    if kind == "scatter":
        return [_scatter(facts, style)]
    return [_series(facts, style, column) for column in range(len(facts.columns))]


def _series(facts: Facts, style: Style, column: int) -> dict[str, Any]:
    """One series of bars, of a line, or of a radar chart."""
    values, fill = facts.column(column), colour(facts, style, 0, column)
    fills = [colour(facts, style, row, column) for row in range(len(values))]
    texts = [facts.say(value) for value in values]
    line: dict[str, Any] = {"color": fill, "width": 2.2}
    marker = {"symbol": _MARKERS[(style.marker + column) % 4], "size": style.marker_size, "color": fill, "opacity": 1}
    points = {"mode": "lines+markers", "line": line, "marker": marker, "cliponaxis": False, "opacity": 1}
    named = {"name": facts.columns[column]}
    if facts.kind == "radar":
        ring = {"theta": [*facts.rows, facts.rows[0]], "r": [*values, values[0]]}
        lines = {**named, "type": "scatterpolar", **ring, "mode": "lines", "fill": "toself", "line": line}
        return {**lines, "mode": "lines+markers", "marker": marker, "cliponaxis": False}
    if facts.kind in ("line", "area"):
        filled = {"fill": "tozeroy"} if facts.kind == "area" else {}
        printed = {"mode": "lines+markers+text", "text": texts, "textposition": "top center"} if facts.printed else {}
        return {**named, "type": "scatter", "x": list(facts.rows), "y": values, **points, **filled, **printed}
    outline = {"color": style.ink if style.edge else style.plot, "width": 1 if style.edge else 0}
    bars = {**named, "type": "bar", "marker": {"color": fills, "line": outline}, "cliponaxis": False}
    if facts.printed:
        inside = facts.kind == "stacked"
        bars |= {"text": texts, "textposition": "inside" if inside else "outside", "textangle": 0}
        bars |= {"insidetextanchor": "middle", "textfont": {"color": on(fill) if inside else style.ink}}
    if facts.kind == "histogram":
        across = facts.across
        return {**bars, "x": [tick + across.step / 2 for tick in across.ticks[:-1]], "y": values, "width": across.step}
    places = {"y": list(facts.rows), "x": values, "orientation": "h"}
    return {**bars, **(places if facts.kind == "barh" else {"x": list(facts.rows), "y": values})}


def _pie(facts: Facts, style: Style) -> dict[str, Any]:
    values = facts.column(0)
    fills = [colour(facts, style, row, 0) for row in range(len(values))]
    return {
        "type": "pie", "labels": list(facts.rows), "values": values, "text": [facts.say(value) for value in values],
        "textinfo": "text", "textposition": "inside", "insidetextorientation": "horizontal", "sort": False,
        "direction": "clockwise", "rotation": style.turn, "hole": style.hole if facts.kind == "donut" else 0,
        "marker": {"colors": fills, "line": {"color": style.paper, "width": 1.2}},
        "textfont": {"color": [on(fill) for fill in fills]},
    }  # fmt: skip


def _heat(facts: Facts, style: Style) -> dict[str, Any]:
    texts = [[facts.say(value) for value in row] for row in facts.values]
    scale = [[0, "#f7f7f4"], [1, pale(style.palette[0])]]  # light enough for dark letters
    return {
        "type": "heatmap", "x": list(facts.columns), "y": list(facts.rows), "z": facts.values, "text": texts,
        "texttemplate": "%{text}", "textfont": {"color": "#1a1a1a"}, "colorscale": scale, "zmin": facts.scale.low,
        "zmax": facts.scale.high, "colorbar": {"title": {"text": facts.label, "side": "right"}, "outlinewidth": 0},
    }  # fmt: skip


def _box(facts: Facts, style: Style) -> dict[str, Any]:
    keys = ("lowerfence", "q1", "median", "q3", "upperfence")
    numbers = {key: facts.column(index) for index, key in enumerate(keys)}
    fill = colour(facts, style, 0, 0)
    return {"type": "box", "x": list(facts.rows), **numbers, "fillcolor": fill, "line": {"color": style.ink,
            "width": 1.4}, "name": "", "showlegend": False}  # fmt: skip


def _scatter(facts: Facts, style: Style) -> dict[str, Any]:
    marker = {"symbol": _MARKERS[style.marker], "size": style.marker_size, "color": style.palette[0], "opacity": 1}
    return {"type": "scatter", "x": facts.column(0), "y": facts.column(1), "mode": "markers+text", "marker": marker,
            "text": list(facts.rows), "textposition": "top center", "cliponaxis": False}  # fmt: skip


def _layout(facts: Facts, style: Style) -> dict[str, Any]:
    lined = {"color": style.ink, "gridcolor": style.line, "linecolor": style.ink, "zeroline": False, "automargin": True,
             "tickfont": {"size": style.size}, "showline": style.frame != "foot",
             "mirror": style.frame == "all"}  # fmt: skip
    values = {**lined, "range": [facts.scale.low, facts.scale.high], "tickvals": facts.scale.ticks,
              "ticktext": [facts.say_tick(tick) for tick in facts.scale.ticks], "showgrid": style.grid != "none",
              "title": {"text": facts.label, "standoff": 10}}  # fmt: skip
    names = {**lined, "showline": True, "showgrid": style.grid == "both" and facts.kind in ("line", "area", "scatter"),
             "type": "category", "title": {"text": facts.header, "standoff": 10}}  # fmt: skip
    under = style.legend == "bottom"
    side = {"x": 0.02, "xanchor": "left"} if style.title_side == "left" else {"x": 0.5, "xanchor": "center"}
    side_room = 4 * style.size if facts.kind == "radar" else 20
    layout: dict[str, Any] = {
        "width": style.width, "height": style.height - (style.size + 6 if facts.note else 0),
        "paper_bgcolor": style.paper, "plot_bgcolor": style.plot,
        "font": {"family": f"'{style.font}', 'Noto Sans CJK SC'", "size": style.size, "color": style.ink},
        "title": {"text": f"<b>{facts.title}</b>" if style.bold else facts.title, "font": {"size": style.title_size},
                  "y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 12}, **side},
        "margin": {"l": side_room, "r": side_room + 4, "t": style.title_size + 14 + side_room, "b": side_room},
        "barmode": "stack" if facts.kind == "stacked" else "group", "bargap": 1 - style.thick,
        "showlegend": len(facts.columns) > 1 and facts.kind not in ("heatmap", "box", "scatter")
                      or facts.kind in ("pie", "donut"),
        "legend": {"orientation": "h", "y": -0.2, "x": 0.5, "xanchor": "center"} if under else {"x": 1.02, "y": 0.5},
        "xaxis": names, "yaxis": values, "template": {}, "uniformtext": {"minsize": 9,
        "mode": "show"},
    }  # fmt: skip
    return layout | _own_axes(facts, style, names, values, lined)


def _note(facts: Facts, style: Style) -> dict[str, str]:
    """The line at the lower right corner, outside of plotly's picture."""
    size = max(9, style.size - 2)
    return {
        "text": facts.note,
        "style": f"position: absolute; right: {840 - style.width + 8}px; top: {style.height - size - 10}px; "
        f"font: {size}px/1.2 '{style.font}', 'Noto Sans CJK SC'; color: {style.ink}; white-space: nowrap",
    }


def _own_axes(facts: Facts, style: Style, names: Any, values: Any, lined: Any) -> dict[str, Any]:
    """What the axes of a kind have instead of names along the foot and values at the side."""
    across = {**lined, "showline": True, "range": [facts.across.low, facts.across.high], "tickvals": facts.across.ticks,
              "showgrid": style.grid == "both"}  # fmt: skip
    if facts.kind == "barh":
        return {"xaxis": values, "yaxis": {**names, "autorange": "reversed"}}
    if facts.kind == "scatter":
        ticks = [facts.say_tick(tick) for tick in facts.across.ticks]
        return {"xaxis": {**across, "ticktext": ticks, "title": {"text": facts.columns[0], "standoff": 10}}}
    if facts.kind == "histogram":
        ticks = [f"{tick:.0f}" for tick in facts.across.ticks]
        title = {"text": facts.header, "standoff": 8}
        return {"xaxis": {**across, "showgrid": False, "ticktext": ticks, "title": title}, "bargap": 0}
    if facts.kind == "heatmap":
        plain = {**names, "showgrid": False, "showline": False}
        return {"xaxis": {**plain, "title": {}}, "yaxis": {**plain, "autorange": "reversed"}}
    if facts.kind == "radar":
        ring = {**lined, "range": [0, facts.scale.high], "tickvals": facts.scale.ticks[1:], "showline": False,
                "ticktext": [facts.say_tick(tick) for tick in facts.scale.ticks[1:]], "tickangle": 0,
                "angle": 90 + 180 / len(facts.rows)}  # fmt: skip
        around = {"direction": "clockwise", "rotation": 90, "gridcolor": style.line, "linecolor": style.ink}
        for key in ("zeroline", "automargin", "mirror"):
            ring.pop(key)
        return {"polar": {"radialaxis": ring, "angularaxis": around, "bgcolor": style.plot}}
    return {}
