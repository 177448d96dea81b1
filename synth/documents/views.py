"""The four samples about a page."""

from __future__ import annotations

import json
import random
from dataclasses import replace

from curation.contract.sample import (
    Answer,
    Part,
    Region,
    Sample,
    Task,
    Turn,
    Verifier,
    media_part,
    region_part,
    text_part,
)
from synth.degrade import Degraded
from synth.documents.blocks import Text
from synth.documents.figures import Chart
from synth.documents.formula import Formula
from synth.documents.layout import Laid, upright
from synth.documents.page import Page, page_answer, sections
from synth.raw.pages import PROMPT as HTML_PROMPT
from synth.specimen import Specimen, medium

_MARKDOWN = (
    "Convert this page to Markdown.",
    "Write this page as Markdown, in reading order.",
    "qwenvl markdown",
)
_TEXT = ("Read all the text on this page, in reading order.", "Transcribe this page as plain text.")
_SPOT = "Spot all the text in the image, line by line, with the box of each line."
_SPOT_NO_FORMULAE = "Spot all the text in the image but for formulae, line by line, with the box of each line."
_FIELDS = "Extract the key information of this document as a JSON object with these keys: {keys}."


def views(rng: random.Random, page: Page, laid: Laid, degraded: Degraded) -> tuple[Specimen, ...]:
    """QwenVL HTML, Markdown or text, the lines with their boxes, and key fields, about a page as it was degraded."""
    import simplejpeg

    data: bytes = simplejpeg.encode_jpeg(degraded.image, quality=degraded.quality, colorsubsampling="420")
    media = medium(data)
    kept = _without_gone(page, laid.gone)
    seen = laid.moved(degraded.matrix) if _moves(degraded) else laid
    about = (f"kind:{page.kind}", f"language:{page.language.code}", f"script:{page.language.script}")
    tags = (*about, *(f"degraded:{name}" for name in degraded.names))
    lines = _lines(seen, _moves(degraded))
    made = (_html(rng, kept, seen), _reading(rng, kept), _spotting(kept, lines), _fields(kept, lines))
    return tuple(
        Specimen(
            Sample(
                row_id="",
                source="",
                task=task,
                messages=(
                    Turn(role="user", parts=(media_part(0), text_part(prompt))),
                    Turn(role="assistant", parts=parts),
                ),
                media=(media,),
                regions=regions,
                answer=answer,
                tags=(f"build:{build}", *tags),
            ),
            {media.sha256: data},
        )
        for build, task, prompt, parts, regions, answer in made
    )


_Made = tuple[str, Task, str, tuple[Part, ...], tuple[Region, ...], Answer]


def _html(rng: random.Random, page: Page, laid: Laid) -> _Made:
    answer = page_answer(page, laid.written)
    if rng.random() < 0.3:
        answer = f"```html\n{answer}\n```"
    return _said("page_html", "document", HTML_PROMPT, answer, "")


def _reading(rng: random.Random, page: Page) -> _Made:
    blocks = [block for part, _ in sections(page) for block in part]
    if rng.random() < 0.5 or any(isinstance(block, Formula) for block in blocks):
        written = "\n\n".join(text for block in blocks if (text := block.markdown()))
        return _said("page_markdown", "document", rng.choice(_MARKDOWN), written, "anls")
    written = "\n".join(text for block in blocks if (text := block.plain()))
    return _said("page_text", "ocr", rng.choice(_TEXT), written, "anls")


def _lines(laid: Laid, quads: bool) -> tuple[Region, ...]:
    """A region for each line: quads where the page is turned, or a stamp on it."""
    quads = quads or any(line.quad[1] != line.quad[3] for line in laid.lines)
    return tuple(
        Region(points=line.quad, shape="quad", text=line.text)
        if quads
        else Region(points=tuple(map(float, upright([line.quad], laid.width, laid.height))), text=line.text)
        for line in laid.lines
    )


def _spotting(page: Page, lines: tuple[Region, ...]) -> _Made:
    answer = Answer(text="\n".join(line.text for line in lines), verifier="spotting")
    formulae = any(isinstance(block, Formula) for block in page.flow)
    parts = tuple(region_part(index) for index in range(len(lines)))
    return "spotting", "ocr", _SPOT_NO_FORMULAE if formulae else _SPOT, parts, lines, answer


def _fields(page: Page, lines: tuple[Region, ...]) -> _Made:
    """The page's fields; of a report, its headings and the titles of its charts too. The lines stay with them, though
    the answer does not show them: whether fields are this page's is told by what is written on it."""
    fields = dict(page.fields)
    if page.kind == "report":
        fields["headings"] = _headings(page)
    if charts := [block.title for block in page.flow if isinstance(block, Chart)]:
        fields["charts"] = charts
    prompt = _FIELDS.format(keys=", ".join(fields))
    answer = json.dumps(fields, ensure_ascii=False)
    return "page_fields", "document", prompt, (text_part(answer),), lines, Answer(text=answer, verifier="fields")


def _headings(page: Page) -> list[str]:
    return [block.lines[0] for block in page.flow if isinstance(block, Text) and block.tag in ("h2", "h3")]


def _said(build: str, task: Task, prompt: str, answer: str, verifier: Verifier) -> _Made:
    return build, task, prompt, (text_part(answer),), (), Answer(text=answer, verifier=verifier)


def _without_gone(page: Page, gone: int) -> Page:
    return replace(page, flow=page.flow[: len(page.flow) - gone]) if gone else page


def _moves(degraded: Degraded) -> bool:
    return bool({"skew", "perspective"} & set(degraded.names))
