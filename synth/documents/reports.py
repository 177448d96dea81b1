"""Reports and slides."""

from __future__ import annotations

import random

from synth.documents.blocks import Block, Items, Rule, Side, Stamp, Text
from synth.documents.figures import drawn_chart, drawn_picture
from synth.documents.formula import drawn_formula
from synth.documents.language import Language
from synth.documents.page import SIDE, Page, drawn_theme, highest, in_squares
from synth.documents.table import drawn_table

_GAP = 28  # between columns, in pixels
_STAMPS = ("phrase_copy", "phrase_received", "phrase_urgent", "phrase_paid")
_STAMP_COLOURS = ("#b3261e", "#1a4fa0", "#2e7d32", "#7b1fa2")


def draw_report(rng: random.Random, language: Language) -> Page:
    """A page of a report: a title, perhaps authors, then sections in one to three columns with all kinds of blocks."""
    columns = rng.choice((1, 1, 2, 2, 3))
    width = SIDE * rng.randint(*{1: (20, 28), 2: (26, 34), 3: (34, 40)}[columns])
    height = min(highest(width), in_squares(width * rng.uniform(1.1, 1.45)))
    theme = drawn_theme(rng, language, (13, 16) if columns == 1 else (13, 14.5))
    margin = rng.choice((32, 40, 48))
    room = (width - 2 * margin - _GAP * (columns - 1)) // columns
    title, author, date = language.heading(rng), language.person(rng), language.day(rng)
    head: list[Block] = []
    if rng.random() < 0.5:
        head.append(_running_head(rng, language))
    align = rng.choice(("center", "start"))
    head.append(Text(tag="h1", lines=(title,), style=f"text-align:{align}"))
    fields: dict[str, str | list[str]] = {"title": title}
    if rng.random() < 0.7:
        head.append(Text(lines=(author, date), style=f"text-align:{align}", keep=True))
        fields |= {"author": author, "date": date}
    return Page(
        kind="report",
        language=language,
        theme=theme,
        width=width,
        height=height,
        margin=margin,
        columns=columns,
        head=tuple(head),
        flow=tuple(_sections(rng, language, room, columns * height)),
        foot=_foot(rng, language),
        fields=fields,
    )


def _running_head(rng: random.Random, language: Language) -> Text:
    text = f"{language.company(rng)} · {language.label('page')} {rng.randint(1, 400)}"
    return Text(lines=(text,), style=f"font-size:12.5px;text-align:{rng.choice(('start', 'end'))};opacity:.8")


def _foot(rng: random.Random, language: Language) -> tuple[Block, ...]:
    """Perhaps a footnote under a line, perhaps the number of the page."""
    found: list[Block] = []
    if rng.random() < 0.35:
        found.append(Rule("border-top:1px solid currentColor;width:30%;height:1px;margin-top:8px"))
        found.append(Text(lines=(f"{rng.randint(1, 9)} {language.written(rng)}",), style="font-size:12.5px"))
    if rng.random() < 0.5:
        found.append(Text(lines=(f"– {rng.randint(2, 980)} –",), style="text-align:center;font-size:13px"))
    return tuple(found)


def _sections(rng: random.Random, language: Language, room: int, pixels: int) -> list[Block]:
    """More blocks than fit below each other in `pixels`, with headings between them."""
    found: list[Block] = [_paragraph(rng, language)]
    numbers = {"table": rng.randint(1, 9), "figure": rng.randint(1, 9)}
    numbered = rng.random() < 0.4
    for section in range(1, 3 + pixels // 300):
        mark = f"{section}. " if numbered else ""
        found.append(Text(tag=rng.choice(("h2", "h2", "h3")), lines=(mark + language.heading(rng),)))
        for _ in range(rng.randint(1, 3)):
            found += _block(rng, language, room, numbers)
    return found


def _paragraph(rng: random.Random, language: Language) -> Text:
    return Text(lines=(language.prose(rng, rng.randint(2, 5)),))


def _block(rng: random.Random, language: Language, room: int, numbers: dict[str, int]) -> list[Block]:
    """A paragraph mostly; else a table, a picture, a chart, a formula, a list or a stamp, with what belongs to it."""
    kind = rng.random()
    if kind < 0.42:
        return [_paragraph(rng, language)]
    if kind < 0.56:
        numbers["table"] += 1
        name = f"{language.label('table')} {numbers['table']}{language.colon}"
        title = Text(lines=(language.heading(rng),), lead=name, style="font-size:13px", keep=True)
        return [title, drawn_table(rng, language, min(4, max(1, room // 110 - 1)), numbers["table"])]
    if kind < 0.66:
        numbers["figure"] += 1
        caption = f"{language.label('figure')} {numbers['figure']}{language.colon}{language.heading(rng)}"
        return [drawn_picture(rng, caption, min(room, rng.randint(200, 380)))]
    if kind < 0.77:
        return [drawn_chart(rng, language, min(room, rng.randint(240, 420)))]
    if kind < 0.85:
        return [drawn_formula(rng)]
    if kind < 0.96:
        return [Items(tuple(language.written(rng) for _ in range(rng.randint(2, 4))), rng.random() < 0.5)]
    return [drawn_stamp(rng, language)]


def drawn_stamp(rng: random.Random, language: Language) -> Stamp:
    return Stamp(
        text=language.label(rng.choice(_STAMPS)),
        colour=rng.choice(_STAMP_COLOURS),
        degrees=round(rng.choice((-1, 1)) * rng.uniform(2, 14), 1),
        align=rng.choice(("center", "left", "right")),
    )


def draw_slide(rng: random.Random, language: Language) -> Page:
    """A slide: a title, points, and often a chart, a table or a picture beside them."""
    width = SIDE * rng.randint(30, 40)
    height = min(highest(width), in_squares(width * rng.choice((0.5625, 0.625, 0.75))))
    theme = drawn_theme(rng, language, (17, 22), dark=rng.random() < 0.5)
    title, speaker, date = language.heading(rng), language.person(rng), language.day(rng)
    beside = _beside(rng, language, (width - 2 * 48 - _GAP) // 2 - 8)
    count = rng.randint(2, 3) if beside else rng.randint(3, 5)
    points = Items(tuple(language.written(rng) for _ in range(count)), rng.random() < 0.2)
    body: Block = points
    if beside:
        body = Side(((points,), beside), (1, 1)) if rng.random() < 0.6 else Side((beside, (points,)), (1, 1))
    foot = Text(lines=(f"{speaker} · {date}",), style="font-size:14px;opacity:.85")
    return Page(
        kind="slide",
        language=language,
        theme=theme,
        width=width,
        height=height,
        margin=48,
        head=(Text(tag="h1", lines=(title,), style=f"text-align:{rng.choice(('start', 'center'))}"),),
        flow=(body,),
        foot=(foot,),
        fields={"title": title, "speaker": speaker, "date": date},
    )


def _beside(rng: random.Random, language: Language, room: int) -> tuple[Block, ...]:
    kind = rng.random()
    if kind < 0.35:
        return (drawn_chart(rng, language, room),)
    if kind < 0.5:
        return (drawn_table(rng, language, 3, 1),)
    if kind < 0.7:
        return (drawn_picture(rng, language.heading(rng), min(room, 360)),)
    return ()
