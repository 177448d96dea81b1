"""What people are shown of a rendered row."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from curation.contract.sample import Answer, Media, Region, Sample, Turn, media_part, region_part, text_part
from curation.look import look_html, look_png, look_text
from curation.tell import story_text
from model.chat import render
from model.family import QWEN2_5_VL

HOSTILE = "</pre><script>alert(1)</script> {{ 7 * 7 }} \x1b[31m \u202eevil"
SAMPLE = Sample(
    row_id="cells-1<b>",
    source="cells",
    task="grounding",
    messages=(
        Turn(role="user", parts=(media_part(0), text_part("Find the cells. " + HOSTILE))),
        Turn(role="assistant", parts=(region_part(0), region_part(1))),
    ),
    media=(Media(sha256="a" * 64, mime="image/png", width=336, height=448, orientation=6),),
    regions=(
        Region(points=(112, 56, 224, 168), label="cell <i>"),
        Region(points=(300, 200), shape="point", label="spot"),
    ),
    answer=Answer(text="two", verifier="boxes"),
)
ROW = render(SAMPLE, QWEN2_5_VL, 3136, 12_845_056, "train")  # displayed and seen at 448x336


def stored_png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (336, 448), "black").save(buffer, "PNG")
    return buffer.getvalue()


class Page(HTMLParser):
    """Collects the tags, and the text of each span by its class."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.spans: dict[str, str] = {}
        self.open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open = dict(attrs).get("class") or "" if tag == "span" else ""

    def handle_endtag(self, tag: str) -> None:
        self.open = ""

    def handle_data(self, data: str) -> None:
        self.spans[self.open] = self.spans.get(self.open, "") + data


def test_the_terminal_shows_trained_text_in_its_own_style() -> None:
    text = look_text(ROW)
    styles = {str(span.style) for span in text.spans}
    assert "[image 448x336: 192 tokens]" in text.plain
    assert "\x1b" not in text.plain and "\u202e" not in text.plain and "\u241b[31m" in text.plain
    trained = "".join(text.plain[span.start : span.end] for span in text.spans if span.style == "bold green")
    assert trained == "".join(segment.text for segment in ROW.segments if segment.weight)
    assert len(styles) >= 4
    assert "1. cell <i> (box 112, 56, 224, 168)" in text.plain
    assert "checked by boxes: two" in text.plain


def test_the_page_shows_data_as_data() -> None:
    html = look_html([ROW], lambda medium: stored_png())
    page = Page(html)
    assert not {tag for tag, _ in page.tags} & {"script", "i", "iframe", "link"}
    assert "{{ 7 * 7 }}" in page.spans["masked"] and "</pre><script>" in page.spans["masked"]
    assert page.spans["trained"].removeprefix("trained") == "".join(s.text for s in ROW.segments if s.weight)
    sources = [attributes["src"] for tag, attributes in page.tags if "src" in attributes]
    assert len(sources) == 1 and str(sources[0]).startswith("data:image/png;base64,")
    assert not re.search(r"https?://|url\(|@import", html)


def test_the_page_draws_regions_at_the_size_the_model_sees() -> None:
    page = Page(look_html([ROW], lambda medium: stored_png()))
    source = next(str(attributes["src"]) for tag, attributes in page.tags if tag == "img")
    image = Image.open(io.BytesIO(base64.b64decode(source.split(",")[1])))
    assert image.size == (448, 336)
    assert image.getpixel((112, 120)) == image.getpixel((200, 168)) == (0xE6, 0x9F, 0x00)
    assert image.getpixel((170, 110)) == (0, 0, 0)
    assert image.getpixel((300 + 8, 200)) == (0x56, 0xB4, 0xE9)


def test_a_box_whose_corners_are_in_the_wrong_order_is_drawn_upright() -> None:
    turned = replace(SAMPLE, regions=(replace(SAMPLE.regions[0], points=(224, 168, 112, 56)), SAMPLE.regions[1]))
    upright, swapped = (render(sample, QWEN2_5_VL, 3136, 12_845_056, "train") for sample in (SAMPLE, turned))
    pixels = np.zeros((336, 448, 3), np.uint8)
    sheets = [Image.open(io.BytesIO(look_png(row, [pixels]))).crop((16, 16, 464, 352)) for row in (upright, swapped)]
    assert sheets[0].tobytes() == sheets[1].tobytes()


def test_a_story_moves_no_cursor_and_adds_no_line() -> None:
    entry = {
        "stage": "decide",
        "row_id": "a",
        "fate": "dropped",
        "reason": "bad\x1b[2J",
        "detail": "[red]x[/red]\nrender  kept",
        "verdicts": [{"verdict": "drop", "rule": "r\x07", "reason": "\u202etxet\r"}],
        "answer": "\x1b]0;owned\x07\u061c\ud800",
    }
    plain = story_text([entry]).plain
    assert plain == (
        "decide                  dropped  bad\u241b[2J\n"
        "    [red]x[/red]\u240arender  kept\n"
        "    drop    r\u2407                      \u2421txet\u240d\n"
        "    answer                  \u241b]0;owned\u2407\u2421\u2421\n"
    )


def test_a_broken_image_is_replaced_by_its_reason() -> None:
    html = look_html([ROW], lambda medium: b"not an image")
    assert "<img" not in html and "not_an_image" in html


def test_the_picture_holds_image_and_text() -> None:
    pixels = np.zeros((336, 448, 3), np.uint8)
    image = Image.open(io.BytesIO(look_png(ROW, [pixels])))
    assert image.mode == "RGB" and image.width == 720 + 32 and image.height > 336 + 100
    assert image.getpixel((16 + 112, 16 + 120)) == (0xE6, 0x9F, 0x00)
    colours = {colour for _, colour in image.crop((0, 360, image.width, image.height)).getcolors(1 << 20) or []}
    assert {(0x0B, 0x6E, 0x3B), (255, 255, 255)} <= colours
    with pytest.raises(ValueError):
        look_png(ROW, [])


def test_a_row_without_images() -> None:
    messages = (Turn(role="user", parts=(text_part("hi"),)), Turn(role="assistant", parts=(text_part("ok"),)))
    row = render(replace(SAMPLE, messages=messages, media=(), regions=()), QWEN2_5_VL, 3136, 10**6, "train")
    assert look_png(row, []).startswith(b"\x89PNG")
    assert "<img" not in look_html([row], lambda medium: b"")
