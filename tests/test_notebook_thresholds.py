"""The notebook on thresholds, run cell by cell in a kernel of its own. There, warnings are errors and nothing may
connect anywhere."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "02_choose_thresholds.ipynb"
STARTUP = """
import socket, warnings
def refuse(*_):
    raise AssertionError("a notebook reaches no network")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
warnings.simplefilter("error")
warnings.filterwarnings("ignore", module="ipykernel")
"""


@pytest.fixture
def cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What each code cell shows, by the cell's id: the kind of a picture, else the richest text."""
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "strict.py").write_text(STARTUP)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    for kind in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{kind}_DIR", str(tmp_path / "jupyter"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    local = Config({"AsyncKernelManager": {"transport": "ipc", "connection_file": str(tmp_path / "k.json")}})
    NotebookClient(notebook, timeout=60, config=local).execute(cwd=str(tmp_path))
    kinds = ("image/png", "text/html", "text/plain")
    shown = {}
    for cell in [cell for cell in notebook.cells if cell.cell_type == "code"]:
        assert all(output.output_type in ("display_data", "execute_result") for output in cell.outputs), cell.outputs
        best = [next((kind, output.data[kind]) for kind in kinds if kind in output.data) for output in cell.outputs]
        shown[cell.id] = "\n".join(kind if kind == "image/png" else text for kind, text in best)
    return shown


def test_no_outputs_are_stored() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) > 10
    assert not any(cell.outputs or cell.execution_count for cell in code)


def test_thresholds_are_looked_at_moved_and_counted(cells: dict[str, str]) -> None:
    assert cells["histograms"] == cells["trade"] == "image/png"
    for name in ("nearest", "all-gallery"):
        assert cells[name].count("<img") >= 8, name
    assert "contrast 0." in cells["nearest"]
    assert "dropped" in cells["nearest"] and "kept" in cells["nearest"]  # pictures on both sides of the line
    assert "presets: 1" in cells["recipe"] and "enough_contrast" in cells["recipe"]
    assert "dropped" in cells["all"]
