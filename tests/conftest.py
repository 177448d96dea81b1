"""What tests share: one Spark session, the real data beside the checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny tensors on busy cores: threads cost more than they bring

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def spark() -> Iterator[object]:
    from curation.spark import build_session

    session = build_session("local[2,2]", memory="2g")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets beside the checkout. Its absence fails the build and skips elsewhere."""
    if not DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"no real data at {DATA}")
        pytest.skip(f"no real data at {DATA}")
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
