"""Drawn pictures and charts inside a page, as SVG; a chart's text is HTML over it, read like any other."""

from __future__ import annotations

import random
from dataclasses import dataclass
from html import escape

from synth.documents.blocks import BoxOf
from synth.documents.language import Language

_PALETTES = (
    ("#2f6690", "#d9a441", "#7a9e7e", "#c8553d", "#f4efe6"),
    ("#3d405b", "#e07a5f", "#81b29a", "#f2cc8f", "#eef1f4"),
    ("#264653", "#2a9d8f", "#e9c46a", "#e76f51", "#f7f3ee"),
    ("#5f4b8b", "#e69a8d", "#4a7c59", "#8fb8de", "#f3f0f8"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with a caption below."""

    svg: str
    caption: str

    def shown(self, name: str) -> str:
        image = f'<div class="drawn" data-r="box" data-name="{name}.0">{self.svg}</div>'
        return f'<div class="figure">{image}<p class="caption" data-k="{name}.1">{escape(self.caption)}</p></div>'

    def answer(self, name: str, box: BoxOf) -> str:
        inner = f'<img data-bbox="{box(f"{name}.0")}"/><p data-bbox="{box(f"{name}.1")}">{escape(self.caption)}</p>'
        return f'<div class="image caption" data-bbox="{box(name)}">{inner}</div>'

    def markdown(self) -> str:
        return f"![]()\n\n{self.caption}"

    def plain(self) -> str:
        return self.caption


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars, rows or a line over `names`, each with its value written at it."""

    kind: str
    title: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    written: tuple[str, ...]
    width: int
    height: int
    colours: tuple[str, ...]

    def shown(self, name: str) -> str:
        shapes, places = _lying(self) if self.kind == "rows" else _upright(self)
        drawn = f'<svg width="{self.width}" height="{self.height}">{shapes}</svg>'
        texts = [f'<span class="chart-title" data-k="{name}.t">{escape(self.title)}</span>']
        for at, (label, value) in enumerate(zip(self.names, self.written, strict=True)):
            pair = [
                f'<span style="{places[at][0]}" data-k="{name}.{at}n">{escape(label)}</span>',
                f'<span style="{places[at][1]}" data-k="{name}.{at}v">{escape(value)}</span>',
            ]
            texts += pair if self.kind == "rows" else reversed(pair)  # as they are read: over a column stands its value
        style = f"width:{self.width}px;height:{self.height}px;background:{self.colours[-1]}"
        return f'<div class="chart" style="{style}" data-r="box" data-name="{name}">{drawn}{"".join(texts)}</div>'

    def answer(self, name: str, box: BoxOf) -> str:
        where = box(name)
        rows = "".join(f"<tr><td>{escape(label)}</td><td>{escape(value)}</td></tr>" for label, value in self._pairs())
        table = f"<table><caption>{escape(self.title)}</caption>{rows}</table>"
        return f'<div class="chart" data-bbox="{where}"><img data-bbox="{where}"/>{table}</div>'

    def markdown(self) -> str:
        first, *rest = (f"| {label} | {value} |" for label, value in self._pairs())
        return "\n".join((self.title, "", first, "| --- | --- |", *rest))

    def plain(self) -> str:
        return "\n".join((self.title, *(f"{label} {value}" for label, value in self._pairs())))

    def _pairs(self) -> list[tuple[str, str]]:
        return list(zip(self.names, self.written, strict=True))


def drawn_picture(rng: random.Random, caption: str, width: int) -> Picture:
    """A landscape of a sky, hills, houses and a sun, `width` pixels wide."""
    height = round(width * rng.uniform(0.4, 0.7))
    palette = rng.choice(_PALETTES)
    sky, sun, hill, house = rng.sample(palette, 4)
    parts = [f'<rect width="{width}" height="{height}" fill="{sky}"/>']
    parts.append(
        f'<circle cx="{rng.randint(20, width - 20)}" cy="{rng.randint(15, height // 2)}"'
        f' r="{rng.randint(8, 24)}" fill="{sun}"/>'
    )
    for layer in range(rng.randint(1, 3)):
        base = height * (0.5 + 0.15 * layer)
        points = [f"{x},{base + rng.uniform(-0.15, 0.15) * height:.0f}" for x in range(0, width + 41, 40)]
        shade = 0.55 + 0.2 * layer
        parts.append(
            f'<polygon points="0,{height} {" ".join(points)} {width},{height}" fill="{hill}" opacity="{shade:.2f}"/>'
        )
    for _ in range(rng.randint(0, 5)):
        x, wide = rng.randint(0, width - 30), rng.randint(14, 34)
        tall = rng.randint(14, 40)
        top = height - tall - rng.randint(0, height // 6)
        parts.append(f'<rect x="{x}" y="{top}" width="{wide}" height="{tall}" fill="{house}"/>')
        parts.append(f'<polygon points="{x - 3},{top} {x + wide / 2},{top - 12} {x + wide + 3},{top}" fill="#553"/>')
    return Picture(f'<svg width="{width}" height="{height}">{"".join(parts)}</svg>', caption)


def drawn_chart(rng: random.Random, language: Language, width: int) -> Chart:
    """A chart `width` pixels wide, of years or places."""
    kind = rng.choice(("columns", "rows", "line"))
    count = rng.randint(3, max(3, min(6, width // 75)))
    if kind == "rows":
        names = tuple(rng.sample(language.cities, min(count, len(language.cities))))
    else:
        first = rng.randint(1960, 2019)
        names = tuple(str(first + at) for at in range(count))
    decimals = rng.choice((0, 0, 1))
    values = tuple(round(rng.uniform(8, 100), decimals) for _ in names)
    palette = rng.choice(_PALETTES)
    return Chart(
        kind=kind,
        title=language.heading(rng),
        names=names,
        values=values,
        written=tuple(language.number(value, decimals) for value in values),
        width=width,
        height=64 + 34 * len(names) if kind == "rows" else rng.randint(170, 240),
        colours=(rng.choice(palette[:4]), "#333", palette[4]),
    )


def _upright(chart: Chart) -> tuple[str, list[tuple[str, str]]]:
    """SVG shapes, and for each value the styles of its name and its number."""
    bottom, top = chart.height - 30, 64
    step = (chart.width - 24) / len(chart.names)
    shapes = [f'<path d="M10 {bottom}.5 H{chart.width - 10}" stroke="#555"/>']
    places, points = [], []
    for at, value in enumerate(chart.values):
        left, y = 12 + at * step, bottom - (bottom - top) * value / max(chart.values)
        points.append(f"{left + step / 2:.1f},{y:.1f}")
        if chart.kind == "columns":
            size = f'width="{step * 0.56:.1f}" height="{bottom - y:.1f}"'
            shapes.append(f'<rect x="{left + step * 0.22:.1f}" y="{y:.1f}" {size} fill="{chart.colours[0]}"/>')
        else:
            shapes.append(f'<circle cx="{left + step / 2:.1f}" cy="{y:.1f}" r="4" fill="{chart.colours[0]}"/>')
        room = f"left:{left:.1f}px;width:{step:.1f}px;text-align:center"
        places.append((f"{room};top:{bottom + 4}px", f"{room};top:{y - 24:.1f}px"))
    if chart.kind == "line":
        shapes.append(
            f'<polyline points="{" ".join(points)}" fill="none" stroke="{chart.colours[0]}" stroke-width="2"/>'
        )
    return "".join(shapes), places


def _lying(chart: Chart) -> tuple[str, list[tuple[str, str]]]:
    """As `_upright`, for bars that lie."""
    left, room = 0.38 * chart.width, 0.42 * chart.width
    shapes, places = [], []
    for at, value in enumerate(chart.values):
        y, long = 50 + 34 * at, room * value / max(chart.values)
        shapes.append(f'<rect x="{left:.1f}" y="{y}" width="{long:.1f}" height="20" fill="{chart.colours[0]}"/>')
        name = f"left:10px;width:{left - 18:.1f}px;text-align:right;top:{y - 1}px"
        places.append((name, f"left:{left + long + 8:.1f}px;top:{y - 1}px"))
    return "".join(shapes), places
