"""How a chart looks: its size, colours, letters, lines; the same for every library."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from synth.plots.facts import Facts

Library = Literal["matplotlib", "seaborn", "plotly"]
# Six colours each, which differ from each other and from the paper.
_PALETTES = (
    ("#4169b0", "#d2691e", "#3c9a6b", "#8c5fb0", "#d9a520", "#5f6f82"),
    ("#1b6ca8", "#e4572e", "#17a398", "#f2b134", "#6a4c93", "#8d6a4f"),
    ("#3b5b92", "#c0504d", "#7fa650", "#8064a2", "#36a2b4", "#e08e3c"),
    ("#264653", "#2a9d8f", "#c9a227", "#e76f51", "#7b4b94", "#5a8f3c"),
    ("#5b8ff9", "#52b788", "#657798", "#e8a317", "#d1603d", "#9270ca"),
    ("#b5495b", "#4e7a51", "#376b8f", "#c58b2a", "#7a5c8e", "#3f8f8a"),
    ("#0f7173", "#d8572a", "#6c5b7b", "#e0a458", "#355070", "#a23b72"),
    ("#7a9e35", "#c2452d", "#2f6690", "#e3a018", "#75485e", "#3aa6a0"),
)
_DARK = ("#6ea8fe", "#ffb454", "#7fd1ae", "#e083a4", "#d8d36c", "#a99cf0")
# Paper, plot, ink, lines of the grid.
_PAPERS = (
    ("#ffffff", "#ffffff", "#222222", "#d4d7dc"),
    ("#ffffff", "#f2f4f8", "#2b2f38", "#ffffff"),
    ("#ffffff", "#ffffff", "#111111", "#c9c9c9"),
    ("#fbf8f1", "#fbf8f1", "#3a342c", "#ddd5c5"),
    ("#f4f7fb", "#ffffff", "#24303f", "#d9e1ec"),
    ("#eef1ee", "#fafbfa", "#22302a", "#d3dbd5"),
)
_DARK_PAPERS = (("#1f2430", "#1f2430", "#e6e6e6", "#3d4454"), ("#22272e", "#2b313a", "#eceff2", "#474f5a"))
_MAPS = ("Blues", "Greens", "Oranges", "Purples", "YlGnBu", "YlOrRd", "viridis", "cividis")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Sizes are in pixels. `palette` has a colour for each series, or for each row where `by_row`."""

    library: Library
    width: int
    height: int
    font: str
    size: int
    title_size: int
    title_side: Literal["left", "center"]
    bold: bool
    paper: str
    plot: str
    ink: str
    line: str
    palette: tuple[str, ...]
    by_row: bool
    grid: Literal["none", "values", "both"]
    frame: Literal["all", "corner", "foot"]
    edge: bool
    thick: float
    marker: int
    marker_size: int
    legend: Literal["right", "bottom"]
    map: str
    hole: float
    turn: int
    suffix: Literal["png", "jpg"]

    @property
    def dark(self) -> bool:
        return self.paper < "#8"


def draw_style(rng: random.Random, facts: Facts, library: Library) -> Style:
    """A look that has room for the chart: sides of 336 to 840 pixels, often multiples of 28."""
    dark = rng.random() < 0.12
    paper, plot, ink, line = rng.choice(_DARK_PAPERS if dark else _PAPERS)
    palette = list(_DARK if dark else rng.choice(_PALETTES))
    rng.shuffle(palette)
    width, height = _size(rng, facts)
    size = min(15, max(10, round(min(width, height * 1.4) / 48)))
    return Style(
        library=library,
        width=width,
        height=height,
        font=rng.choice(facts.words.fonts),
        size=size,
        title_size=size + rng.randint(1, 4),
        title_side=rng.choice(("left", "center")),
        bold=rng.random() < 0.4,
        paper=paper,
        plot=plot,
        ink=ink,
        line=line,
        palette=tuple(palette),
        by_row=facts.kind in ("bar", "barh") and len(facts.columns) == 1 and rng.random() < 0.35,
        grid=rng.choice(("none", "values", "both") if facts.printed else ("values", "values", "both")),
        frame=rng.choice(("all", "corner", "foot")),
        edge=rng.random() < 0.3,
        thick=rng.uniform(0.55, 0.85),
        marker=rng.randrange(4),
        marker_size=rng.randint(8, 12),
        legend=rng.choice(("right", "bottom")),
        map=rng.choice(_MAPS),
        hole=rng.uniform(0.4, 0.62),
        turn=rng.choice((0, 45, 90, 120)),
        suffix=rng.choice(("png", "png", "jpg")),
    )


def _size(rng: random.Random, facts: Facts) -> tuple[int, int]:
    wide = 336 + 40 * max(0, len(facts.rows) - 3) + 50 * (len(facts.columns) - 1)
    width = rng.randint(min(700, wide), 840)
    height = rng.randint(max(336, int(width * 0.55)), max(392, min(700, int(width * 0.95))))
    if rng.random() < 0.6:
        return width // 28 * 28, height // 28 * 28
    return width, height


def on(colour: str) -> str:
    """White or near-black, whichever reads better on a colour."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#ffffff" if 0.3 * red + 0.59 * green + 0.11 * blue < 150 else "#1a1a1a"


def pale(colour: str) -> str:
    """A colour a third of the way to white."""
    return "#" + "".join(f"{(2 * int(colour[i : i + 2], 16) + 255) // 3:02x}" for i in (1, 3, 5))
