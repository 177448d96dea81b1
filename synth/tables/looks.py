"""How a table looks: a style sheet for its lines, fills, letters and the sheet that it stands on."""

from __future__ import annotations

import random
from dataclasses import dataclass

from synth.tables.content import Content

# Paper, ink, lines, fill of the heading, ink of the heading, fill of every second row.
_COLOURS = (
    ("#ffffff", "#1f2328", "#c8ccd2", "#eef1f5", "#1f2328", "#f7f8fa"),
    ("#ffffff", "#222222", "#444444", "#ffffff", "#222222", "#f2f2f2"),
    ("#ffffff", "#1d2b3a", "#9fb3c8", "#2f5d8a", "#ffffff", "#eaf1f8"),
    ("#ffffff", "#24331f", "#a9bfa0", "#3f7d4e", "#ffffff", "#edf5ec"),
    ("#fbf7ef", "#3b3127", "#c9b79c", "#e8dcc6", "#3b3127", "#f5eedf"),
    ("#f6f8fb", "#253040", "#b9c4d3", "#dbe4f0", "#253040", "#ffffff"),
    ("#ffffff", "#2d1f2f", "#c4afc6", "#6b4a74", "#ffffff", "#f6f0f7"),
    ("#fffdfa", "#3a1f17", "#d9b3a4", "#b5533c", "#ffffff", "#fbf0ec"),
)
_DARK = (("#1e232b", "#e8eaed", "#4a5260", "#2f3846", "#ffffff", "#262c36"),)
_RULES = ("full", "rows", "booktabs", "none", "frame", "dotted", "spaced")


@dataclass(frozen=True, slots=True)
class Look:
    """A style sheet; the sheet's width in pixels, or no more than the table needs where it is `snug`; what the sides
    are multiples of."""

    css: str
    width: int
    snug: bool
    multiple: int
    suffix: str


def draw_look(rng: random.Random, content: Content) -> Look:
    dark = rng.random() < 0.08
    paper, ink, line, fill, head_ink, second = rng.choice(_DARK if dark else _COLOURS)
    words = content.words
    fonts = f"'{rng.choice(words.fonts)}', 'Noto Sans', 'Noto Sans CJK SC'"
    size, rules = rng.randint(12, 16), rng.choice(_RULES)
    up, side = rng.randint(3, 9), rng.randint(6, 14)
    numbers = rng.choice(("right", "right", "center", "left"))
    start = "right" if words.right_to_left else "left"
    heads, weight = rng.choice((start, "center")), rng.choice(("bold", "bold", "normal", "600"))
    css = [
        f"html, body {{ margin: 0; background: {paper}; }}",
        f"#sheet {{ position: absolute; box-sizing: border-box; padding: {rng.randint(14, 34)}px; color: {ink};"
        f" font: {size}px/1.35 {fonts}; background: {paper}; }}",
        f"#sheet p {{ margin: 10px 0; width: fit-content; font-size: {size}px; }}",
        f"#sheet p.caption {{ font-weight: {rng.choice(('bold', 'normal'))};"
        f" font-size: {size + rng.randint(0, 3)}px; }}",
        f"#sheet p.note {{ font-size: {size - 1}px; }}",
        f"table {{ border-collapse: collapse; width: {rng.choice(('auto', 'auto', '100%'))}; }}",
        f"th, td {{ padding: {up}px {side}px; text-align: {start}; vertical-align: {rng.choice(('middle', 'top'))}; }}",
        f"th {{ text-align: {heads}; font-weight: {weight}; }}",
        f"td.number {{ text-align: {numbers}; white-space: nowrap; }}",
        f"td.total {{ font-weight: bold; border-top: 1.5px solid {ink}; }}",
        f"td.band {{ font-weight: {rng.choice(('bold', 'normal'))}; }}",
        *_lines(rules, line, ink),
    ]
    if rng.random() < 0.7:
        css.append(f"th {{ background: {fill}; color: {head_ink}; }}")
    if rng.random() < 0.4:
        css.append(f"tr:nth-child({rng.choice(('even', 'odd'))}) td:not(.band) {{ background: {second}; }}")
    if rng.random() < 0.3:
        css.append(f"td.name {{ font-weight: {rng.choice(('bold', '600'))}; }}")
    return Look(
        "\n".join(css),
        rng.randint(12, 30) * 28,
        rng.random() < 0.7,
        rng.choice((1, 28, 28)),
        rng.choice(("png", "png", "jpg")),
    )


def _lines(rules: str, line: str, ink: str) -> list[str]:
    """The style of the lines between cells."""
    return {
        "full": [f"th, td {{ border: 1px solid {line}; }}"],
        "rows": [f"th, td {{ border-bottom: 1px solid {line}; }}"],
        "booktabs": [
            f"table {{ border-top: 2px solid {ink}; border-bottom: 2px solid {ink}; }}",
            f"th {{ border-bottom: 1px solid {ink}; }}",
        ],
        "none": [],
        "frame": [f"table {{ border: 2px solid {line}; }}", f"th {{ border-bottom: 2px solid {line}; }}"],
        "dotted": [f"th, td {{ border: 1px dotted {line}; }}"],
        "spaced": [
            "table { border-collapse: separate; border-spacing: 3px; }",
            f"th, td {{ border: 1px solid {line}; }}",
        ],
    }[rules]
