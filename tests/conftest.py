"""What tests share: one Spark session, a browser, the real data beside the checkout."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny tensors on busy cores: threads cost more than they bring

QUIET_BROWSER = (
    "--no-sandbox",  # the sandbox does not start as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

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
    path = shutil.which("chromium")
    if not path:
        absent("no Chromium: `apt-get install chromium` brings it; pages were NOT looked at")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET_BROWSER))
        yield browser
        browser.close()


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
    from synth.raw import make_raw

    return make_raw(tmp_path_factory.mktemp("raw") / "raw", rows=300, seed=5)


@pytest.fixture(scope="session")
def rendered(raw: Path, spark: object, tmp_path_factory: pytest.TempPathFactory) -> object:
    """A workspace in which the demo's recipe has run up to the rendered dataset."""
    from curation.progress import console
    from curation.run import execute
    from curation.workspace import Workspace

    recipe = ROOT / "curation" / "recipes" / "demo.yaml"
    workspace = Workspace.open(recipe, tmp_path_factory.mktemp("work"), str(raw))
    execute(workspace, console(), "+render", spark)  # type: ignore[arg-type]
    return workspace
