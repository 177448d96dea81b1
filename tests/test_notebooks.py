from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from curation.workspace import Workspace

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.nb.py"))


@pytest.mark.spark
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_run(path: Path, rendered: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_STORE", rendered.store)
    names = runpy.run_path(str(path))
    assert names["funnel"].height == len(rendered.recipe.rules)
    assert names["nearest"].height == 10 and names["spread"].height > 5
