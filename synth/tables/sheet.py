"""A table set by Chromium: the picture of its sheet, and the boxes of the table, its cells, its caption and note."""

from __future__ import annotations

import io
from dataclasses import dataclass
from html import escape
from math import ceil, floor
from typing import TYPE_CHECKING

from PIL import Image

from synth.drawing import Box
from synth.tables.content import Content
from synth.tables.looks import Look

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LARGEST = (1120, 1400)  # pixels of the page that a sheet must fit in
_BLANK = "<!doctype html><head><style id='look'></style></head><body><div id='sheet'></div></body>"
_SET = """async ([css, html, width, snug, direction]) => {
  document.getElementById('look').textContent = css;
  const sheet = document.getElementById('sheet');
  sheet.dir = direction;
  sheet.style.width = width + 'px';
  sheet.innerHTML = html;
  await document.fonts.ready;
  if (snug) {
    const wide = [...sheet.children].map(e => e.getBoundingClientRect().width);
    const around = 2 * parseFloat(getComputedStyle(sheet).paddingLeft);
    const needed = Math.max(280, Math.ceil((Math.max(...wide) + around + 1) / snug) * snug);
    sheet.style.width = Math.min(width, needed) + 'px';
  }
  const box = e => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
  const one = query => { const found = sheet.querySelector(query); return found && box(found); };
  return {sheet: box(sheet), table: one('table'), caption: one('p.caption'), note: one('p.note'),
    cells: [...sheet.querySelectorAll('th, td')].map(box)};
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """`cells` are the boxes of `content.cells`, in their order, in pixels; boxes of what is not there are None."""

    image: Image.Image
    table: Box
    cells: tuple[Box, ...]
    caption: Box | None
    note: Box | None
    html: str


def open_page(browser: Browser) -> Page:
    page = browser.new_context(offline=True, viewport={"width": LARGEST[0], "height": LARGEST[1]}).new_page()
    page.set_content(_BLANK)
    return page


def set_sheet(page: Page, content: Content, look: Look) -> Sheet | None:
    """The sheet, or None where the table is too large for it."""
    above = f'<p class="caption">{escape(content.caption)}</p>' if content.caption else ""
    below = f'<p class="note">{escape(content.note)}</p>' if content.note else ""
    html = f"{above}<table>{content.html(classes=True)}</table>{below}"
    direction = "rtl" if content.words.right_to_left else "ltr"
    found = page.evaluate(_SET, [look.css, html, look.width, look.multiple * look.snug, direction])
    (x1, _, x2, _), width = found["table"], round(found["sheet"][2])
    if x1 < 8 or x2 > width - 8 or found["sheet"][3] > LARGEST[1] - 28:
        return None
    step = look.multiple
    size = width, max(5 * 28, -(-ceil(found["sheet"][3]) // step) * step)
    clip = {"x": 0, "y": 0, "width": size[0], "height": size[1]}
    image = Image.open(io.BytesIO(page.screenshot(clip=clip, animations="disabled")))  # type: ignore[arg-type]
    return Sheet(
        image=image.convert("RGB"),
        table=_around(found["table"]),
        cells=tuple(_around(box) for box in found["cells"]),
        caption=_around(found["caption"]) if found["caption"] else None,
        note=_around(found["note"]) if found["note"] else None,
        html=html,
    )


def _around(box: list[float]) -> Box:
    x1, y1, x2, y2 = box
    return floor(x1), floor(y1), ceil(x2), ceil(y2)
