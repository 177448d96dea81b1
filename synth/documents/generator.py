"""Pages of print as Chromium lays them out: each as QwenVL HTML, Markdown or text, as its lines and as key fields."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from synth import browser
from synth.browser import chromium
from synth.degrade import Degraded, Image, degrade
from synth.documents.fonts import check_fonts
from synth.documents.kinds import LANGUAGES, drawn_page
from synth.documents.layout import MEASURE, Laid, read_layout
from synth.documents.page import Page, page_html
from synth.documents.views import views
from synth.generator import Generator, Make
from synth.specimen import Specimen

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession
    from playwright.sync_api import Page as Tab

_WIDEST, _HIGHEST = 1120, 2240


class Press:
    """Makes the samples of a page; calling it is the generator's `make`. One browser tab renders all pages."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._devtools: CDPSession = tab.context.new_cdp_session(tab)

    def __call__(self, rng: random.Random) -> Sequence[Specimen]:
        page = drawn_page(rng)
        image, laid = self.render(page)
        return views(rng, page, laid, degrade(image, rng))

    def picture(self, rng: random.Random) -> tuple[Page, Image, Laid, Degraded]:
        """The page of the same `rng`, before and after it is degraded."""
        page = drawn_page(rng)
        image, laid = self.render(page)
        return page, image, laid, degrade(image, rng)

    def render(self, page: Page, css: str = "") -> tuple[Image, Laid]:
        """The picture of a page and where everything stands on it."""
        self._tab.set_content(page_html(page, css), wait_until="commit")
        found: dict[str, Any] = self._tab.evaluate(MEASURE)
        image = self._shot(found["width"], found["height"])
        return image, read_layout(found, image)

    def _shot(self, width: int, height: int) -> Image:
        import base64

        import cv2
        import numpy as np

        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        options = {"format": "png", "optimizeForSpeed": True, "clip": clip, "captureBeyondViewport": False}
        data = base64.b64decode(self._devtools.send("Page.captureScreenshot", options)["data"])
        decoded = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR_RGB)
        return np.ascontiguousarray(decoded, dtype=np.uint8)


@contextmanager
def opened() -> Iterator[Press]:
    """A browser, with the fonts that the pages need.

    Raises:
        RuntimeError: Chromium, Playwright or a font is missing; the message says what brings it.
    """
    with chromium() as browser:
        context = browser.new_context(
            offline=True, viewport={"width": _WIDEST, "height": _HIGHEST}, device_scale_factor=1, locale="en-GB"
        )
        tab = context.new_page()
        check_fonts(tab, [family for language in LANGUAGES for family in language.families])
        yield Press(tab)


@contextmanager
def _open() -> Iterator[Make]:
    with opened() as press:
        yield press


GENERATOR = Generator(
    name="documents",
    about="printed pages in nine languages: QwenVL HTML, Markdown or text, text spotting, key fields",
    version=3,
    views=4,
    libraries=(*browser.LIBRARIES, "opencv-python-headless", "numpy", "simplejpeg"),
    cannot=(
        "Handwriting, music sheets and chemical formulae are not made.",
        "Chinese and Japanese run in lines, never in columns; Arabic has no vowel signs and the digits 0 to 9.",
        "Formulae stand on lines of their own, not inside a sentence.",
        "A page has no neighbour: no text runs on from one page to the next.",
        "Papers curl and crumple in no picture: sheets are flat, seen straight or from a little aside.",
        "Texts are put together from word lists, so that they are grammatical and say little.",
        "Pictures inside pages are simple drawings; no photograph is among them.",
    ),
    open=_open,
)
