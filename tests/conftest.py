"""What tests share: one Spark session, a browser, the real data beside the checkout."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
import yaml

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny tensors on busy cores: threads cost more than they bring

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def spark() -> Iterator[object]:
    from curation.spark import build_session

    session = build_session("local[2,2]", memory="2g")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium under Playwright. Its absence fails the build and skips elsewhere.

    For one module at a time: while Playwright runs, its event loop counts as running in this thread, and whatever else
    calls `asyncio.run` there would fail.
    """
    from synth import browser

    if not browser.chromium_path():
        absent("no Chromium: `apt-get install chromium` brings it; pages were NOT looked at")
    with browser.chromium() as opened:
        yield opened


def absent(what: str) -> NoReturn:
    """Ends a test for want of something on this machine: a failure where the build runs, a skip elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets beside the checkout. Its absence fails the build and skips elsewhere."""
    if not DATA.is_dir():
        absent(f"no real data at {DATA}")
    return DATA


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn raw data in all containers, with planted defects; `planted.jsonl` says what should become of them."""
    from synth.raw.folder import make_raw

    return make_raw(tmp_path_factory.mktemp("raw") / "raw", rows=300, seed=5)


Vary = Callable[[Path, dict[str, Any]], Path]


@pytest.fixture(scope="session")
def vary(tmp_path_factory: pytest.TempPathFactory) -> Vary:
    """Writes another recipe: one with some values changed, by dotted key, or gone where the value is None."""

    def write(recipe: Path, changes: dict[str, Any]) -> Path:
        blocks = yaml.safe_load(recipe.read_text())
        for key, value in changes.items():
            *path, last = key.split(".")
            block = reduce(lambda outer, name: outer[name], path, blocks)
            if value is None:
                del block[last]
            else:
                block[last] = value
        target = tmp_path_factory.mktemp("recipe") / "recipe.yaml"
        target.write_text(yaml.safe_dump(blocks, sort_keys=False))
        return target

    return write


@pytest.fixture(scope="session")
def demo_recipe(vary: Vary) -> Path:
    """The demo's recipe, which asks the model less."""
    few = {"score.per_source": 5, "sample.per_source": 5, "sample.candidates": 2, "sample.max_new_tokens": 24}
    return vary(ROOT / "curation" / "recipes" / "demo.yaml", few)


@pytest.fixture(scope="session")
def rendered(raw: Path, spark: object, demo_recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> object:
    """A workspace in which `demo_recipe` has run up to the rendered dataset."""
    from curation.progress import console
    from curation.run import execute
    from curation.workspace import Workspace

    workspace = Workspace.open(demo_recipe, tmp_path_factory.mktemp("work"), str(raw))
    execute(workspace, console(), "+render", spark)  # type: ignore[arg-type]
    return workspace
