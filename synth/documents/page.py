"""A page before it is rendered: its blocks, its size, its theme, and the HTML that Chromium is given."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from synth.documents.blocks import Block, BoxOf, answers, shown
from synth.documents.language import Language

SIDE = 28  # pages are whole multiples, so that displayed pixels are those that Qwen2.5-VL sees
MOST_PATCHES = 1280  # a page's largest area in squares of 28 pixels: a usual pixel budget leaves it as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Colours as CSS has them, font families as a CSS list, the size of the text in pixels."""

    paper: str
    ink: str
    accent: str
    band: str  # behind headings of tables
    body: str
    display: str
    size: float
    spacing: float  # of lines, in sizes
    justified: bool
    decoration: str  # CSS of the title or the sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`flow` is set in `columns`, and what does not fit is left out from its end; `head` and `foot` take their room.
    With a `height` of 0 the page is as high as its content asks. `fields` are what stands on it under which key."""

    kind: str
    language: Language
    theme: Theme
    width: int
    height: int
    flow: tuple[Block, ...]
    head: tuple[Block, ...] = ()
    foot: tuple[Block, ...] = ()
    columns: int = 1
    margin: int = 36
    fields: Mapping[str, str | list[str]] = field(default_factory=dict)


# (paper, ink, accent, band)
_LIGHT = (
    ("#ffffff", "#1c1c22", "#1f4e79", "#e8eef5"),
    ("#fdfbf5", "#24211c", "#7a2e2e", "#f1e9da"),
    ("#fbfcfd", "#20262e", "#2d6a4f", "#e3f0e9"),
    ("#ffffff", "#111111", "#111111", "#eeeeee"),
    ("#f8f6fb", "#2a2433", "#5b3a8c", "#ebe4f5"),
    ("#f4f8fb", "#1b2a38", "#b4441a", "#dfe9f1"),
)
_DARK = (
    ("#16213e", "#f1f3f8", "#f2c14e", "#24345f"),
    ("#202225", "#f2f2f0", "#7fd1ae", "#33363b"),
    ("#3b1f2b", "#fbf1ee", "#f4a261", "#54303f"),
)

_DECORATIONS = (
    "",
    "",
    "h1{{background:{accent};color:{paper};padding:.2em .6em}}",
    "h1{{border-bottom:2px solid {accent};padding-bottom:.15em}}",
    "h1,h2{{background:{band};padding:.1em .5em}}",
    "#sheet{{border-top:12px solid {accent}}}",
    "#sheet{{border-inline-start:10px solid {band}}}h2{{font-style:normal;border-bottom:1px solid {accent}}}",
)


def drawn_theme(rng: random.Random, language: Language, sizes: tuple[float, float], dark: bool = False) -> Theme:
    """A theme with text between the two `sizes`, in pixels of a Latin face."""
    paper, ink, accent, band = rng.choice(_DARK if dark else _LIGHT)
    body, display = rng.choice(language.families[:-1] or language.families), rng.choice(language.families)
    size = rng.uniform(*sizes) * language.larger
    return Theme(
        paper=paper,
        ink=ink,
        accent=accent,
        band=band,
        body=f'"{body}", "Noto Sans"',
        display=f'"{display}", "Noto Sans"',
        size=round(2 * size) / 2,
        spacing=rng.choice((1.4, 1.5, 1.6)) + 0.2 * language.leftwards,
        justified=rng.random() < 0.3 and not language.leftwards,
        decoration=rng.choice(_DECORATIONS).format(paper=paper, accent=accent, band=band),
    )


def in_squares(pixels: float) -> int:
    """The next multiple of 28 pixels."""
    return SIDE * -(-int(pixels) // SIDE)


def highest(width: int) -> int:
    """The greatest height of a page of `width` pixels."""
    return SIDE * (MOST_PATCHES // (width // SIDE))


def page_html(page: Page, css: str = "") -> str:
    """The whole document; `css` is added to it."""
    theme, language = page.theme, page.language
    sheet = f"width:{page.width}px;" + (f"height:{page.height}px" if page.height else "min-height:448px")
    columns = f' style="columns:{page.columns};column-gap:28px"' if page.columns > 1 else ""
    direction = "rtl" if language.leftwards else "ltr"
    return (
        f'<!DOCTYPE html><html lang="{language.code}"><head><meta charset="utf-8"><style>'
        f"{_STYLE}{_theme_css(theme, page.margin)}{css}</style></head><body>"
        f'<div id="sheet" dir="{direction}" style="{sheet}"><div id="head">{shown(page.head, "h")}</div>'
        f'<div id="flow"{columns}>{shown(page.flow, "m")}</div><div id="foot">{shown(page.foot, "f")}</div>'
        "</div></body></html>"
    )


def page_answer(page: Page, box_of: BoxOf) -> str:
    """The page as QwenVL HTML."""
    parts = [answers(blocks, name, box_of) for blocks, name in sections(page)]
    return "<html><body>\n" + "\n".join(part for part in parts if part) + "\n</body></html>"


def sections(page: Page) -> tuple[tuple[tuple[Block, ...], str], ...]:
    """The parts of a page in reading order, with what their blocks' names begin with."""
    return (page.head, "h"), (page.flow, "m"), (page.foot, "f")


def _theme_css(theme: Theme, margin: int) -> str:
    small = max(12.5, theme.size * 0.88)
    return (
        f"#sheet{{background:{theme.paper};color:{theme.ink};font:{theme.size}px/{theme.spacing} {theme.body};"
        f"padding:{margin}px}}"
        f"h1,h2,h3{{font-family:{theme.display};color:{theme.accent}}}"
        f"h1{{font-size:{theme.size * 1.75:.1f}px}}h2{{font-size:{theme.size * 1.3:.1f}px}}"
        f"h3{{font-size:{theme.size * 1.12:.1f}px}}"
        f"p{{{'text-align:justify' if theme.justified else ''}}}"
        f"th{{background:{theme.band}}}.grid td,.grid th{{border-color:{theme.ink}}}"
        f".rows td,.rows th{{border-color:{theme.accent}}}.frame{{border-color:{theme.ink}}}"
        f".bullet{{background:{theme.accent}}}.check{{border-color:{theme.ink}}}.tick{{stroke:{theme.accent}}}"
        f".caption{{font-size:{small:.1f}px}}{theme.decoration}"
    )


# Separate borders, so that a table's own box is what is seen of it. Nothing is hyphenated, and no block is parted.
_STYLE = """
*{margin:0;box-sizing:border-box;hyphens:manual}
html,body{background:#fff}
#sheet{position:relative;display:flex;flex-direction:column;overflow:hidden}
#flow{flex:1 1 0;min-height:0;column-fill:auto}
#sheet[style*="min-height"] #flow{flex:1 0 auto}
#flow>*,#head>*,#foot>*,.side>div>*{break-inside:avoid;margin-bottom:.75em}
h1,h2,h3{line-height:1.35}
[data-keep]{break-after:avoid}
.side{display:flex;gap:28px}
table{border-collapse:separate;border-spacing:0}
td,th{padding:.3em .6em;text-align:start;vertical-align:top}
.number{text-align:end;white-space:nowrap}
.grid{border-top:1px solid;border-left:1px solid}
.grid td,.grid th{border-right:1px solid;border-bottom:1px solid}
.rows td,.rows th{border-bottom:1px solid}
.frame{border:2px solid}
.wide{width:100%}
.none th{background:none}
.items{padding-inline-start:.4em}
.item{display:flex;margin-bottom:.3em}
.bullet{flex:none;width:6px;height:6px;border-radius:3px;margin:.6em 0;margin-inline-end:.7em}
.line{display:flex;align-items:center;gap:.6em}
.check{flex:none;display:inline-block;width:16px;height:16px;border:1px solid;line-height:0}
.tick{fill:none;stroke-width:2}
.figure{display:table;margin-inline:auto}
.drawn{line-height:0;border:1px solid #777;width:fit-content}
.caption{margin-top:.4em;display:table-caption;caption-side:bottom;text-align:start!important}
.formula{padding:8px 0;text-align:center}
.formula>div{display:inline-block;padding:6px 14px}
math{font-family:"Noto Sans Math"}
.chart{position:relative;border:1px solid #999;overflow:hidden;line-height:1.3;color:#222;font-size:13px;direction:ltr}
.chart svg{position:absolute;left:0;top:0}
.chart span{position:absolute;white-space:nowrap}
.chart .chart-title{left:12px;right:12px;top:8px;font-weight:bold;text-align:center}
.stamps{padding:18px 26px}
.stamp{display:inline-block;padding:.2em .7em;font-weight:bold;font-size:1.3em;line-height:1.4;white-space:nowrap}
"""
