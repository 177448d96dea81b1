"""The figure round a chart of matplotlib's or seaborn's: letters, title, axes, legend; and its boxes in pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from synth.drawing import Box
from synth.plots.drawn import Drawn, Mark, outward
from synth.plots.facts import Facts
from synth.plots.style import Style

DPI = 100
# One face of each family is asked for; those of collections come with their whole file.
_FILES = (
    "NotoSans-Regular.ttf", "NotoSans-Bold.ttf", "NotoSerif-Regular.ttf", "NotoSerif-Bold.ttf",
    "NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc", "NotoSerifCJK-Regular.ttc", "NotoSerifCJK-Bold.ttc",
)  # fmt: skip
MARKERS = ("o", "s", "D", "^")


def load_fonts() -> None:
    """Makes the Noto fonts known to matplotlib, whose own list may be older than their installation.

    Raises:
        RuntimeError: a font is missing; the message says what brings it.
    """
    from pathlib import Path

    from matplotlib import font_manager

    found = {Path(path).name: path for path in sorted(font_manager.findSystemFonts())}
    known = {Path(entry.fname).name for entry in font_manager.fontManager.ttflist}
    for name in _FILES:
        if name not in found:
            raise RuntimeError(f"no font {name}; `apt-get install fonts-noto-core fonts-noto-cjk` brings it")
        if name not in known:
            font_manager.fontManager.addfont(found[name])


def points(pixels: float) -> float:
    return pixels * 72 / DPI


@contextmanager
def looks(style: Style) -> Iterator[None]:
    """matplotlib's settings while a chart is drawn, and as they were afterwards."""
    import matplotlib

    family = [style.font, "Noto Sans CJK SC", "DejaVu Sans"]
    changes: dict[str, Any] = {
        "font.family": family,
        "font.size": points(style.size),
        "text.color": style.ink,
        "axes.labelcolor": style.ink,
        "axes.edgecolor": style.ink,
        "axes.facecolor": style.plot,
        "axes.axisbelow": True,
        "axes.unicode_minus": False,
        "xtick.color": style.ink,
        "ytick.color": style.ink,
        "grid.color": style.line,
        "figure.facecolor": style.paper,
        "legend.frameon": style.edge,
        "legend.facecolor": style.plot,
        "patch.linewidth": 0.8,
        "text.parse_math": False,
        "hatch.linewidth": 1.0,
    }
    with matplotlib.rc_context(changes):
        yield


def new_figure(facts: Facts, style: Style) -> tuple[Any, Any]:
    """A figure of the chart's size with one axes; its layout finds room for all texts."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=(style.width / DPI, style.height / DPI), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    pad = points(8) / 72
    figure.get_layout_engine().set(w_pad=pad, h_pad=pad)
    axes = figure.add_subplot(projection="polar") if facts.kind == "radar" else figure.add_subplot()
    return figure, axes


def dress(axes: Any, facts: Facts, style: Style) -> None:
    """Title, frame, and the axis of the values with its lines."""
    weight = "bold" if style.bold else "normal"
    axes.set_title(facts.title, fontsize=points(style.title_size), fontweight=weight, loc=style.title_side, pad=9)
    if facts.kind in ("pie", "donut", "radar", "network"):
        return
    gone = {"all": (), "corner": ("top", "right"), "foot": ("top", "right", "left")}[style.frame]
    for side in gone:
        axes.spines[side].set_visible(False)
    if facts.kind == "heatmap":
        return
    flat = facts.kind == "barh"
    axis, other = (axes.xaxis, axes.yaxis) if flat else (axes.yaxis, axes.xaxis)
    (axes.set_xlim if flat else axes.set_ylim)(facts.scale.low, facts.scale.high)
    axis.set_ticks(facts.scale.ticks, [facts.say_tick(tick) for tick in facts.scale.ticks])
    (axes.set_xlabel if flat else axes.set_ylabel)(facts.label)
    (axes.set_ylabel if flat else axes.set_xlabel)(facts.columns[0] if facts.kind == "scatter" else facts.header)
    axis.grid(style.grid != "none")
    other.grid(style.grid == "both" and facts.kind in ("line", "area", "scatter"))


def name_rows(axes: Any, facts: Facts) -> None:
    """The rows' names along their axis, at 0, 1, 2, ..."""
    at = range(len(facts.rows))
    (axes.set_yticks if facts.kind == "barh" else axes.set_xticks)(at, facts.rows)


def add_legend(figure: Any, facts: Facts, style: Style, handles: list[Any]) -> None:
    """The series' names beside the plot, where there are several."""
    if len(facts.columns) > 1 and handles:
        where = {"right": "outside right center", "bottom": "outside lower center"}
        wide = len(facts.columns) if style.legend != "right" else 1
        figure.legend(handles, list(facts.columns), loc=where[style.legend], ncols=wide)


def finish(figure: Any, axes: Any, facts: Facts, style: Style, artists: list[tuple[str, int, int, Any]]) -> Drawn:
    """Draws the figure; `artists` are (name, row, column, artist or a function that
    gives its extent) of each mark."""
    import numpy as np
    from PIL import Image

    note = None
    if facts.note:
        note = figure.text(0.99, 0.0, facts.note, ha="right", va="bottom", fontsize=points(max(9, style.size - 2)))
        figure.get_layout_engine().set(
            rect=(0, (style.size + 6) / style.height, 1, 1 - (style.size + 6) / style.height)
        )
        note.set_y(5 / style.height)
    figure.canvas.draw()
    image = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    size = image.size
    marks = tuple(Mark(name, row, column, _box(artist, size)) for name, row, column, artist in artists)
    title = next(t for t in (axes.title, axes._left_title, axes._right_title) if t.get_text())
    return Drawn(
        image=image,
        marks=marks,
        title=_box(title, size),
        note=_box(note, size) if note else (0, 0, 0, 0),
        words=tuple(_box(text, size) for text in _texts(figure)),
    )


def spot(axes: Any, x: float, y: float, size: float) -> Callable[[], Any]:
    """The extent of a point's marker, `size` pixels wide, once the figure has been laid out."""
    from matplotlib.transforms import Bbox

    def extent() -> Any:
        at_x, at_y = axes.transData.transform((x, y))
        half = size / 2 + 0.5
        return Bbox.from_extents(at_x - half, at_y - half, at_x + half, at_y + half)

    return extent


def _texts(figure: Any) -> list[Any]:
    from matplotlib.text import Text

    found = figure.findobj(lambda each: isinstance(each, Text) and each.get_visible() and each.get_text().strip())
    return [text for text in found if text.get_rotation() % 90 == 0]


def _box(artist: Any, size: tuple[int, int]) -> Box:
    extent = artist() if callable(artist) else artist.get_window_extent()
    return outward((extent.x0, size[1] - extent.y1, extent.x1, size[1] - extent.y0), size)
