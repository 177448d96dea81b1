"""Every generator, and the libraries whose versions its bytes depend on."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version

from synth.documents import generator as documents
from synth.generator import Generator
from synth.grounding import generate as scenes
from synth.plots import generator as charts
from synth.tables import generator as tables
from synth.verifiable import text, vqa
from synth.video import generate as video

GENERATORS: tuple[Generator, ...] = (
    documents.GENERATOR,
    charts.GENERATOR,
    tables.GENERATOR,
    scenes.GENERATOR,
    video.GENERATOR,
    text.GENERATOR,
    vqa.GENERATOR,
)
# By the names of their packages; Chromium stands for the fonts that it finds as well.
_BROWSER = ("chromium", "playwright", "pillow")
LIBRARIES: dict[str, tuple[str, ...]] = {
    "documents": (*_BROWSER, "opencv-python-headless", "numpy"),
    "charts": (*_BROWSER, "matplotlib", "seaborn", "plotly", "numpy"),
    "tables": _BROWSER,
    "scenes": ("pillow", "opencv-python-headless", "numpy"),
    "video": ("pillow", "opencv-python-headless", "numpy"),
    "text": (),
    "vqa": ("pillow", "numpy"),
}


def generators() -> dict[str, Generator]:
    """All generators by name."""
    return {generator.name: generator for generator in GENERATORS}


def libraries_of(name: str) -> dict[str, str]:
    """The versions here of what a generator's bytes depend on besides its own, by library.

    Raises:
        RuntimeError: one is missing; the message says what brings it.
    """
    found: dict[str, str] = {}
    for library in LIBRARIES.get(name, ()):
        if library == "chromium":
            found |= {"chromium": _chromium(), "fonts": _fonts()}
        else:
            found[library] = _installed(library)
    return found


def _installed(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        raise RuntimeError(f"{library} is not installed; `pip install 'winnow[synth]'` brings it") from None


def _chromium() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        raise RuntimeError("no Chromium on this machine; `apt-get install chromium` brings it")
    told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60).stdout
    number = re.search(r"\d+(\.\d+)+", told)
    return number.group() if number else told.strip()


def _fonts() -> str:
    """A hash of the fonts that a browser finds here, 16 hex digits; "" where nothing lists them."""
    path = shutil.which("fc-list")
    if not path:
        return ""
    listing = ["--format", "%{family}|%{style}|%{fontversion}\n"]
    told = subprocess.run([path, *listing], capture_output=True, text=True, timeout=60).stdout
    return hashlib.sha256("\n".join(sorted(set(told.splitlines()))).encode()).hexdigest()[:16]
