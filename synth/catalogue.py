"""Every generator, and what versions of its libraries are here."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version

from synth.agents import episodes as agents
from synth.agents import miniwob, screens
from synth.browser import require_chromium
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
    screens.GENERATOR,
    agents.GENERATOR,
    miniwob.GENERATOR,
    video.GENERATOR,
    text.GENERATOR,
    vqa.GENERATOR,
)


def generators() -> dict[str, Generator]:
    """All generators by name."""
    return {generator.name: generator for generator in GENERATORS}


def libraries_of(generator: Generator) -> dict[str, str]:
    """The versions here of what a generator's bytes depend on besides its own, by library.

    Raises:
        RuntimeError: one is missing; the message says what brings it.
    """
    found: dict[str, str] = {}
    for library in generator.libraries:
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
    told = subprocess.run([require_chromium(), "--version"], capture_output=True, text=True, timeout=60).stdout
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
