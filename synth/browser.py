"""Debian's Chromium under Playwright, for everything that is rendered rather than drawn."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LIBRARIES = ("chromium", "playwright", "pillow")  # what the bytes of anything rendered here depend on
# No sandbox, as it does not start as root; nothing that opens an address by itself; and the same pixels everywhere:
# grey antialiasing without hinting, one colour profile, no scroll bars that fade.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--disable-partial-raster",  # what is drawn again in parts is smoothed otherwise than what is drawn at once
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)


def chromium_path() -> str | None:
    """Where this machine's browser is, by the names that distributions give it; None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def require_chromium() -> str:
    """Where it is. Raises RuntimeError where there is none; the message says what brings it."""
    path = chromium_path()
    if not path:
        raise RuntimeError("no Chromium on this machine; `apt-get install chromium` brings it")
    return path


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser; its pages should be opened in contexts with `offline=True`.

    Raises:
        RuntimeError: Playwright or Chromium is missing; the message says what brings it.
    """
    with chromiums() as start:
        yield start(1)


@contextmanager
def chromiums() -> Iterator[Callable[[float], Browser]]:
    """What starts a headless browser, given how many pixels its screen has for each CSS pixel; all end together.

    Each scale needs a browser of its own: one that plays another scale than its own for a page, as contexts can ask
    for, draws the same page a little otherwise from one time to the next.

    Raises:
        RuntimeError: Playwright or Chromium is missing; the message says what brings it.
    """
    path = require_chromium()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise RuntimeError("Playwright is not installed; `pip install 'winnow[synth]'` brings it") from error
    with sync_playwright() as playwright, ExitStack() as started:

        def start(scale: float) -> Browser:
            flags = [*FLAGS, f"--force-device-scale-factor={scale:g}"]
            browser = playwright.chromium.launch(executable_path=path, args=flags)
            started.callback(browser.close)
            return browser

        yield start
