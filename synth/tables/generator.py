"""Tables with four samples each: their HTML, what a cell says, something to work out, and where a cell is."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from curation.contract.sample import Answer, Media, Part, Region, Sample, Task, Turn, media_part, region_part, text_part
from synth import browser
from synth.browser import chromium
from synth.drawing import Box, bbox, encode
from synth.generator import Generator, Make
from synth.specimen import Specimen, medium
from synth.tables.ask import Question, ask_cell, ask_numbers, ask_place, filled
from synth.tables.content import Content, draw_content
from synth.tables.looks import Look, draw_look
from synth.tables.sheet import Sheet, open_page, set_sheet

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROMPT = "QwenVL HTML "
_TRIES = 60


@dataclass(frozen=True, slots=True)
class Tables:
    """Makes tables on `page`."""

    page: Page

    def __call__(self, rng: random.Random) -> Sequence[Specimen]:
        return self.laid_out(rng)[0]

    def laid_out(self, rng: random.Random) -> tuple[Sequence[Specimen], Sheet]:
        """The samples of a table, and the sheet that they are about, which is still on the page."""
        content, look, sheet = self.plan(rng)
        data = encode(sheet.image, look.suffix, rng.randint(85, 95))
        media = medium(data)
        return [Specimen(sample, {media.sha256: data}) for sample in _views(rng, content, sheet, media)], sheet

    def plan(self, rng: random.Random) -> tuple[Content, Look, Sheet]:
        """A table that fits its sheet.

        Raises:
            RuntimeError: sixty tables in a row were too large.
        """
        for _ in range(_TRIES):
            content = draw_content(rng)
            look = draw_look(rng, content)
            sheet = set_sheet(self.page, content, look)
            if sheet and any(value.text for row in content.values for value in row):
                return content, look, sheet
        raise RuntimeError("no table fitted its sheet")


def _views(rng: random.Random, content: Content, sheet: Sheet, media: Media) -> list[Sample]:
    tags = ("build:table", f"language:{content.words.language}")
    page = _page(content, sheet)
    row, column = filled(rng, content)
    label = f"{content.rows[row]}, {content.columns[column]}"
    box = sheet.cells[content.where[row][column]]
    region = Region(points=tuple(float(value) for value in box), label=label)
    cell = ask_cell(rng, content)
    return [
        _sample("document", media, PROMPT, text_part(page), Answer(text=page, verifier="table"), tags),
        _asked(media, cell, (*tags, "ask:cell")),
        _asked(media, ask_numbers(rng, content, cell.text), (*tags, "ask:numbers")),
        _sample("grounding", media, ask_place(content, row, column), region_part(0),
                Answer(text=label, verifier="box"), (*tags, "ask:place"), (region,)),
    ]  # fmt: skip


def _page(content: Content, sheet: Sheet) -> str:
    """The sheet as QwenVL HTML: caption, table, note."""
    lines = [_paragraph(content.caption, sheet.caption)] if sheet.caption else []
    lines.append(f'<table data-bbox="{bbox(sheet.table)}" class="table1">{content.html()}</table>')
    lines += [_paragraph(content.note, sheet.note)] if sheet.note else []
    return "<html><body>\n" + "\n".join(lines) + "\n</body></html>"


def _paragraph(text: str, box: Box) -> str:
    return f'<p data-bbox="{bbox(box)}">{escape(text)}</p>'


def _asked(media: Media, question: Question, tags: tuple[str, ...]) -> Sample:
    answer = Answer(text=question.answer, verifier=question.verifier)
    return _sample("vqa", media, question.text, text_part(question.answer), answer, tags)


def _sample(
    task: Task,
    media: Media,
    prompt: str,
    said: Part,
    answer: Answer,
    tags: tuple[str, ...],
    regions: tuple[Region, ...] = (),
) -> Sample:
    turns = (
        Turn(role="user", parts=(media_part(0), text_part(prompt))),
        Turn(role="assistant", parts=(said,)),
    )
    return Sample(
        row_id="", source="", task=task, messages=turns, media=(media,), regions=regions, answer=answer, tags=tags
    )


@contextmanager
def _open() -> Iterator[Make]:
    with chromium() as browser:
        yield Tables(open_page(browser))


GENERATOR = Generator(
    name="tables",
    about="tables in ten languages as a browser sets them: HTML, what cells say, where they are",
    version=2,
    views=4,
    libraries=browser.LIBRARIES,
    cannot=(
        "photographed, scanned, curved, turned or handwritten tables",
        "tables within tables, and more than one table on a sheet",
        "tables that go on over a page, and those with more than about twelve rows",
        "pictures, formulae, ticks, bars or links in cells, and cells whose text is set on its side",
        "headings of three rows and more, and headings of rows in three columns",
        "tables without a heading",
    ),
    open=_open,
)
