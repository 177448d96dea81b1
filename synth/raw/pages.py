"""Pages of print with headings, paragraphs and tables, and what stands on them as QwenVL HTML."""

from __future__ import annotations

import random
from dataclasses import dataclass
from html import escape

from PIL import Image, ImageDraw

from curation.contract.sample import Answer, Sample, Turn, media_part, text_part
from synth.drawing import Box, Colour, bbox, encode, paper, put_text, text_width
from synth.specimen import Specimen, medium

PROMPT = "QwenVL HTML "
_SIDE = 28  # pages are whole multiples, so that displayed pixels are those that Qwen2.5-VL sees
_INK: Colour = (28, 28, 34)
_SUBJECTS = (
    "Rainfall",
    "Grain prices",
    "Tram traffic",
    "Library loans",
    "Bee colonies",
    "Harbour fees",
    "School meals",
)
_PLACES = ("Netherby", "Westerford", "Old Saltley", "Port Elwick", "High Beckton", "Stonefold")
_SPANS = ("in spring", "since the flood", "over ten years", "by district", "in the last quarter")
_WHO = (
    "the wardens", "two clerks", "the harbour office", "a young surveyor", "nobody", "the council", "every school",
    "the night shift", "a travelling inspector", "the tram company", "three farmers", "the new librarian",
)  # fmt: skip
_DID = (
    "counted", "questioned", "published", "corrected", "forgot", "compared", "paid for", "looked into", "kept",
    "copied out", "refused", "measured",
)  # fmt: skip
_WHAT = (
    "the older ledgers", "last year's figures", "every second entry", "the winter tables", "a dozen letters",
    "what the mill had sold", "the size of each field", "all late arrivals", "its own books", "the dry wells",
    "bills from the quarry", "the first draft", "water levels at noon", "unsigned reports",
)  # fmt: skip
_LINKS = (", while ", ", and ", "; later ", ", although ", ", because ")
_HEADINGS = ("District", "Station", "Year", "Office", "Month")
_UNITS = ("Mean", "Low", "High", "Total", "Share", "Change")


@dataclass(slots=True)
class _Sheet:
    """A page that is being written from the top: `y` is where the next element begins."""

    draw: ImageDraw.ImageDraw
    left: int
    right: int
    bottom: int
    y: int


def draw_page(rng: random.Random) -> Specimen:
    """A page 448 to 840 pixels wide in one or two columns, and its answer with a data-bbox round each element's ink.

    Boxes are in displayed pixels; a page's sides are multiples of 28 pixels, so that Qwen2.5-VL sees the same ones
    unless its pixel budget is below the page's size.
    """
    width, height = _SIDE * rng.randint(16, 30), _SIDE * rng.randint(20, 36)
    image = paper(rng, (width, height), (252, 251, 247), grain=0.03)
    draw = ImageDraw.Draw(image)
    margin, gap = 36, 24
    title = _Sheet(draw, margin, width - margin, height - margin, margin)
    body = [_heading(rng, title, 1)]
    columns = 2 if width >= 640 and rng.random() < 0.5 else 1
    wide = (width - 2 * margin - (columns - 1) * gap) // columns
    for index in range(columns):
        left = margin + index * (wide + gap)
        body += _column(rng, _Sheet(draw, left, left + wide, height - margin, title.y), tables=index * 10)
    answer = "<html><body>\n" + "\n".join(body) + "\n</body></html>"
    return _specimen(image, f"```html\n{answer}\n```" if rng.random() < 0.3 else answer)


def _column(rng: random.Random, sheet: _Sheet, tables: int) -> list[str]:
    """Elements down to the bottom of a column, at least one of them a paragraph and, where there is room, a table."""
    found = [_paragraph(rng, sheet)]
    while sheet.bottom - sheet.y > 150:
        kind = rng.random()
        if kind < 0.45 or len(found) == 1:
            tables += 1
            found.append(_table(rng, sheet, tables))
        elif kind < 0.6:
            found.append(_heading(rng, sheet, 2))
        else:
            found.append(_paragraph(rng, sheet))
        if rng.random() < 0.08:
            break
    return found


def _heading(rng: random.Random, sheet: _Sheet, level: int) -> str:
    text = f"{rng.choice(_SUBJECTS)} {rng.choice(_SPANS)}"
    size = 22 if level == 1 else 16
    box = put_text(sheet.draw, sheet.left, sheet.y + size, text, size, _INK)
    sheet.y += size + 16
    return f'<h{level} data-bbox="{bbox(box)}">{escape(text)}</h{level}>'


def _paragraph(rng: random.Random, sheet: _Sheet) -> str:
    size = rng.choice((12, 13, 14))
    sentences = [_sentence(rng) for _ in range(rng.randint(2, 5))]
    lines, line = [], ""
    for word in " ".join(sentences).split():
        longer = f"{line} {word}".strip()
        if text_width(longer, size) > sheet.right - sheet.left:
            lines.append(line)
            longer = word
        line = longer
    lines = [*lines, line][: max(1, (sheet.bottom - sheet.y) // (size + 6))]
    boxes = []
    for text in lines:
        boxes.append(put_text(sheet.draw, sheet.left, sheet.y + size, text, size, _INK))
        sheet.y += size + 6
    sheet.y += 12
    return f'<p data-bbox="{bbox(_around(boxes))}">{escape(" ".join(lines))}</p>'


def _sentence(rng: random.Random) -> str:
    said = [
        " ".join(words) for words in zip(rng.sample(_WHO, 2), rng.sample(_DID, 2), rng.sample(_WHAT, 2), strict=True)
    ]
    when = rng.choice((f"In {rng.choice(_PLACES)}", f"In {rng.randint(1861, 2019)}", f"By day {rng.randint(2, 90)}"))
    return f"{when} {said[0]}{rng.choice(_LINKS)}{said[1]}."


def _table(rng: random.Random, sheet: _Sheet, number: int) -> str:
    """A ruled table: a heading that spans the values, a row of headings, and rows with a gap here and there."""
    size, row = 12, 22
    count = max(2, min(rng.randint(3, 5), (sheet.right - sheet.left) // 70))
    step = (sheet.right - sheet.left) // count
    bodies = max(1, min(rng.randint(2, 7), (sheet.bottom - sheet.y) // row - 2))
    top, left, right = sheet.y, sheet.left, sheet.left + step * count
    names, units = rng.sample(_PLACES, min(bodies, len(_PLACES))), rng.sample(_UNITS, count - 1)
    values = [[_value(rng) for _ in units] for _ in names]
    first, group = rng.choice(_HEADINGS), f"{rng.choice(_SUBJECTS).split()[0]} {rng.randint(1990, 2024)}"
    html = [f'<tr><th rowspan="2">{first}</th><th colspan="{len(units)}">{group}</th></tr>', _row("th", units)]
    html += [_row("td", [name, *mine]) for name, mine in zip(names, values, strict=True)]
    grid = [["", group], [first, *units], *([name, *mine] for name, mine in zip(names, values, strict=True))]
    for line, cells in enumerate(grid):
        for column, text in enumerate(cells):
            put_text(sheet.draw, left + column * step + 5, top + line * row + 16, text, size, _INK)
        start = left + step if line == 1 else left
        sheet.draw.line((start, top + line * row, right, top + line * row), fill=_INK)
    bottom = top + len(grid) * row
    sheet.draw.line((left, bottom, right, bottom), fill=_INK)
    for column in range(count + 1):
        start = top + row if column > 1 and column < count else top
        sheet.draw.line((left + column * step, start, left + column * step, bottom), fill=_INK)
    sheet.y = bottom + 18
    box = bbox((left, top, right + 1, bottom + 1))
    return f'<table data-bbox="{box}" class="table{number}">' + "".join(html) + "</table>"


def _row(cell: str, texts: list[str]) -> str:
    return "<tr>" + "".join(f"<{cell}>{escape(text)}</{cell}>" for text in texts) + "</tr>"


def _value(rng: random.Random) -> str:
    return "" if rng.random() < 0.08 else rng.choice((f"{rng.randint(1, 999)}", f"{rng.uniform(0, 99):.1f}"))


def _around(boxes: list[Box]) -> Box:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def _specimen(image: Image.Image, answer: str) -> Specimen:
    data = encode(image, "jpg", 90)
    media = medium(data)
    turns = (
        Turn(role="user", parts=(media_part(0), text_part(PROMPT))),
        Turn(role="assistant", parts=(text_part(answer),)),
    )
    sample = Sample(
        row_id=f"page:{media.sha256[:16]}",
        source="pages",
        task="document",
        messages=turns,
        media=(media,),
        answer=Answer(text=answer),
        tags=("build:page",),
    )
    return Specimen(sample, {media.sha256: data})
