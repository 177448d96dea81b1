"""Every generator is listed once, and says which libraries its bytes depend on."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from synth import catalogue
from synth.generator import Generator
from tests.conftest import ROOT

# How a library is called in Python, and in the catalogue.
NAMES = {
    "cv2": "opencv-python-headless",
    "matplotlib": "matplotlib",
    "miniwob": "miniwob",
    "playwright": "playwright",
    "plotly": "plotly",
    "seaborn": "seaborn",
}
MAKE = """
import random, sys
from synth.catalogue import generators
generator = generators()[sys.argv[1]]
with generator.open() as make:
    made = [make(random.Random(index)) for index in range(2)]
assert all(len(views) == generator.views for views in made)
print(*(name for name in sys.argv[2:] if name in sys.modules))
"""


def test_names_are_distinct_and_each_says_what_it_depends_on() -> None:
    names = [generator.name for generator in catalogue.GENERATORS]
    assert len(set(names)) == len(names)
    assert "raw" not in names and "all" not in names
    for generator in catalogue.GENERATORS:
        assert generator.about and generator.cannot and generator.views > 0


@pytest.mark.parametrize("generator", catalogue.GENERATORS, ids=lambda each: each.name)
def test_no_library_is_loaded_that_is_not_named(generator: Generator) -> None:
    command = [sys.executable, "-W", "ignore", "-c", MAKE, generator.name, *NAMES]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    assert {NAMES[name] for name in done.stdout.split()} <= set(generator.libraries)


def test_a_library_that_is_missing_says_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = catalogue.generators()["text"]
    with pytest.raises(RuntimeError, match=r"no-such-package is not installed; `pip install 'winnow\[synth\]'`"):
        catalogue.libraries_of(replace(text, libraries=("no-such-package",)))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="no Chromium on this machine"):
        catalogue.libraries_of(replace(text, libraries=("chromium",)))
