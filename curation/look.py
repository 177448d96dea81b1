"""Showing people what the model sees: a rendered row in the terminal, on a page or as a picture.

The text is the row's own segments, trained and masked told apart; images appear at the size that the model gets, with
the reference's regions drawn where they lie. All functions are pure: they are given bytes or pixels.
"""

from __future__ import annotations

import base64
import functools
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

import jinja2
from PIL import Image, ImageDraw, ImageFont
from rich.text import Text

from curation.contract.dataset import RenderedMedia, RenderedRow, Segment
from curation.contract.sample import Region
from curation.visible import visible
from model.geometry import scale_points
from model.image import ImageError, Pixels, decode

Look = Literal["trained", "masked", "markup", "media"]

# Told apart with any colour vision: the palette of Okabe and Ito (2008), without its black and its yellow.
_PALETTE = ("#e69f00", "#56b4e9", "#009e73", "#d55e00", "#cc79a7", "#0072b2")
_TERMINAL: dict[Look, str] = {"trained": "bold green", "masked": "default", "markup": "dim", "media": "bold magenta"}
_INK: dict[Look, str] = {"trained": "#0b6e3b", "masked": "#33373d", "markup": "#9aa0a8", "media": "#8a2f7a"}
_MARGIN, _TEXT_WIDTH, _TEXT_SIZE = 16, 720, 15
_MOST_LINES = 200  # of text in a picture


def look_text(row: RenderedRow) -> Text:
    """A row for the terminal: its ids, its text with the trained part coloured, its reference."""
    text = Text(f"{visible(_title(row))}\n", style="bold")
    for look, piece in _pieces(row):
        text.append(piece, style=f"not bold {_TERMINAL[look]}" if look != "trained" else _TERMINAL[look])
    for number, region in enumerate(row.reference.regions, 1):
        text.append(f"{number}. {_caption(region)}\n", style="not bold cyan")
    if answer := _reference(row):
        text.append(f"{answer}\n", style="not bold cyan")
    return text


def look_html(rows: Iterable[RenderedRow], images: Callable[[RenderedMedia], bytes]) -> str:
    """One HTML page that needs no other file and loads none. `images` gives the original bytes of a medium.

    An image that cannot be decoded is replaced by the reason.
    """
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    cards = [_card(row, images) for row in rows]
    return environment.from_string(_PAGE).render(cards=cards)


def look_png(row: RenderedRow, pixels: Sequence[Pixels]) -> bytes:
    """A PNG: the images as the model sees them, regions drawn, the text beneath.

    `pixels` holds one displayed image [H, W, 3] uint8 for each of the row's media. Raises ValueError for another
    number of them. The built-in font has Latin letters; others show as boxes.
    """
    seen = [_seen(row, index, image) for index, image in zip(range(len(row.media)), pixels, strict=True)]
    width = max([_TEXT_WIDTH, *(image.width for image in seen)])
    lines = _lines(row, width)
    height = sum(image.height + _MARGIN for image in seen) + len(lines) * _line_height()
    sheet = Image.new("RGB", (width + 2 * _MARGIN, height + 2 * _MARGIN), "white")
    top = _MARGIN
    for image in seen:
        sheet.paste(image, (_MARGIN, top))
        top += image.height + _MARGIN
    draw = ImageDraw.Draw(sheet)
    for line in lines:
        for look, x, word in line:
            draw.text((_MARGIN + x, top), word, fill=_INK[look], font=_font())
        top += _line_height()
    return _png(sheet)


def _title(row: RenderedRow) -> str:
    return " · ".join(part for part in (row.row_id, row.source, row.task, row.split) if part)


def _pieces(row: RenderedRow) -> Iterator[tuple[Look, str]]:
    for segment in row.segments:
        if segment.kind == "media":
            yield "media", _placeholder(row.media[segment.media])
        else:
            yield _look(segment), visible(segment.text)


def _look(segment: Segment) -> Look:
    if segment.weight > 0:
        return "trained"
    return "markup" if segment.kind == "control" else "masked"


def _placeholder(medium: RenderedMedia) -> str:
    return f"[image {medium.resized_width}x{medium.resized_height}: {medium.vision_tokens} tokens]"


def _caption(region: Region) -> str:
    name = region.text or region.label
    numbers = ", ".join(f"{value:g}" for value in (round(value, 1) for value in region.points))
    return f"{visible(name)} ({region.shape} {numbers})".strip()


def _reference(row: RenderedRow) -> str:
    checked = f"checked by {row.reference.verifier}" if row.reference.verifier else ""
    return ": ".join(part for part in (checked, visible(row.reference.text)) if part)


def _seen(row: RenderedRow, index: int, pixels: Pixels) -> Image.Image:
    """One image at the model's size with the reference's regions on it."""
    medium = row.media[index]
    size = (medium.resized_width, medium.resized_height)
    image = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    here = [(number, region) for number, region in enumerate(row.reference.regions) if region.media == index]
    for paint in (_draw_outline, _draw_tag):  # tags last, so that no outline crosses one
        for number, region in here:
            points = region.box if region.shape == "box" else region.points  # Pillow wants the corners in order
            paint(draw, region, scale_points(points, (medium.width, medium.height), size), number)
    return image


def _draw_outline(draw: ImageDraw.ImageDraw, region: Region, points: tuple[float, ...], number: int) -> None:
    colour = _PALETTE[number % len(_PALETTE)]
    x, y = points[:2]
    if region.shape == "point":
        draw.circle((x, y), 9, outline="white", width=5)
        draw.circle((x, y), 9, outline=colour, width=3)
    elif region.shape == "quad":
        draw.polygon(points, outline=colour, width=2)
    else:
        draw.rectangle(points, outline=colour, width=2)


def _draw_tag(draw: ImageDraw.ImageDraw, region: Region, points: tuple[float, ...], number: int) -> None:
    colour = _PALETTE[number % len(_PALETTE)]
    x, y = points[:2]
    tag = f"{number + 1} {visible(region.text or region.label)}"[:40].strip()
    font = ImageFont.load_default(12)
    at = (max(0.0, x), y - 16 if y >= 16 else y + 2)
    left, top, right, bottom = draw.textbbox(at, tag, font=font)
    draw.rectangle((left - 2, top - 2, right + 2, bottom + 2), fill=colour)
    draw.text(at, tag, fill="black", font=font)


def _lines(row: RenderedRow, width: int) -> list[list[tuple[Look, float, str]]]:
    """The row's text broken into lines: words with their look and place."""
    lines: list[list[tuple[Look, float, str]]] = [[]]
    x = 0.0
    for look, piece in [("markup", _title(row) + "\n\n"), *_pieces(row), ("media", _reference(row))]:
        for word in re.findall(r"\n|[^\S\n]+|[^\s]{1,60}", piece.replace("\t", "    ")):
            length = 0.0 if word == "\n" else _font().getlength(word)
            if word == "\n" or (x and x + length > width):
                if len(lines) == _MOST_LINES:
                    return [*lines, [("markup", 0.0, "... and more; `winnow look ID` has all of it")]]
                lines.append([])
                x = 0.0
            if word != "\n":
                lines[-1].append((look, x, word))
                x += length
    return lines


@functools.cache
def _font() -> Any:
    return ImageFont.load_default(_TEXT_SIZE)


def _line_height() -> int:
    return _TEXT_SIZE + 6


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _card(row: RenderedRow, images: Callable[[RenderedMedia], bytes]) -> dict[str, Any]:
    return {
        "row": row,
        "figures": [_figure(row, index, images) for index in range(len(row.media))],
        "pieces": list(_pieces(row)),
        "regions": [
            (_PALETTE[number % len(_PALETTE)], _caption(region)) for number, region in enumerate(row.reference.regions)
        ],
        "reference": _reference(row),
    }


def _figure(row: RenderedRow, index: int, images: Callable[[RenderedMedia], bytes]) -> dict[str, Any]:
    medium = row.media[index]
    figure: dict[str, Any] = {"medium": medium}
    try:
        seen = _seen(row, index, decode(images(medium), medium.orientation))
    except ImageError as error:
        return figure | {"error": str(error)}
    return figure | {"uri": "data:image/png;base64," + base64.b64encode(_png(seen)).decode()}


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>What the model sees</title>
<style>
:root { color-scheme: light dark; --ink: #24292f; --paper: #f6f7f9; --card: #fff; --line: #dde1e6; --quiet: #8b929b;
  --good: #0b6e3b; --good-paper: #dff5e6; --media: #8a2f7a; --media-paper: #f7e6f4; }
@media (prefers-color-scheme: dark) { :root { --ink: #d8dde3; --paper: #14171b; --card: #1c2026; --line: #343a42;
  --quiet: #7d8590; --good: #7fe0a6; --good-paper: #12351f; --media: #f0a8e2; --media-paper: #3a1c34; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header { position: sticky; top: 0; padding: .7rem 1.5rem; background: var(--card); border-bottom: 1px solid var(--line);
  display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; align-items: baseline; }
h1 { font-size: 1.05rem; margin: 0 auto 0 0; }
article { margin: 1.2rem auto; max-width: 1400px; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; padding: 1rem 1.2rem; }
h2 { font-size: .95rem; margin: 0 0 .8rem; overflow-wrap: anywhere; }
h2 small { font-weight: 400; color: var(--quiet); margin-left: .6rem; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1.2rem; }
.columns.alone { grid-template-columns: minmax(0, 1fr); }
@media (max-width: 900px) { .columns { grid-template-columns: minmax(0, 1fr); } }
figure { margin: 0 0 .8rem; } figure img { max-width: 100%; border: 1px solid var(--line); border-radius: 4px; }
figcaption, .reference { color: var(--quiet); font-size: .85rem; }
figure p { border: 1px dashed var(--line); border-radius: 4px; padding: 1.5rem; margin: 0; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.6 ui-monospace, monospace; }
pre span { unicode-bidi: isolate; } span.markup { color: var(--quiet); }
span.trained { color: var(--good); background: var(--good-paper); border-radius: 3px; }
span.media { color: var(--media); background: var(--media-paper); border-radius: 3px; }
ol { margin: .8rem 0 0; padding-left: 1.6rem; font-size: .85rem; } ol b { display: inline-block; width: .8em;
  height: .8em; border-radius: 2px; margin-right: .4em; }
.reference { margin: .8rem 0 0; }
</style>
</head>
<body>
<header><h1>What the model sees</h1>
<span class="trained">trained</span><span>masked</span><span class="markup">markup</span>
<span class="media">image</span></header>
{% for card in cards %}
<article>
<h2>{{ card.row.row_id }}<small>{{ card.row.source }} · {{ card.row.task }} · {{ card.row.split }} ·
sample {{ card.row.sample_id }}</small></h2>
<div class="columns{{ '' if card.figures else ' alone' }}">
{% if card.figures %}
<div>
{% for figure in card.figures %}
<figure>
{% if figure.uri %}
<img src="{{ figure.uri }}" width="{{ figure.medium.resized_width }}" alt="image {{ loop.index }}">
{% else %}
<p>{{ figure.error }}</p>
{% endif %}
<figcaption>{{ figure.medium.width }}x{{ figure.medium.height }} shown, {{ figure.medium.resized_width }}x{{
figure.medium.resized_height }} seen: {{ figure.medium.vision_tokens }} tokens</figcaption>
</figure>
{% endfor %}
</div>
{% endif %}
<div>
<pre>{% for look, text in card.pieces %}<span class="{{ look }}">{{ text }}</span>{% endfor %}</pre>
{% if card.regions %}
<ol>
{% for colour, caption in card.regions %}
<li><b style="background:{{ colour }}"></b>{{ caption }}</li>
{% endfor %}
</ol>
{% endif %}
{% if card.reference %}
<p class="reference">{{ card.reference }}</p>
{% endif %}
</div>
</div>
</article>
{% endfor %}
</body>
</html>
"""
