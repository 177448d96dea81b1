"""The notebook, run cell by cell in a kernel of its own, on copies of the shared runs. There, warnings are errors and
nothing may connect anywhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

from curation.contract.table import table_files
from curation.ledger import Ledger
from curation.plan import new_run_id, note_run
from curation.workspace import Workspace

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "01_first_run.ipynb"
HOSTILE = "\x1b\u202e</td></figcaption><script>alert(1)</script><img src=x onerror=alert(2)> $x_{"
STARTUP = """
import socket, warnings
def refuse(*_):
    raise AssertionError("a notebook reaches no network")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
warnings.simplefilter("error")
warnings.filterwarnings("ignore", module="ipykernel")
"""
pytestmark = pytest.mark.spark

Run = Callable[[Path], dict[str, list[Any]]]


def copied(workspace: Workspace, out: Path, last: str) -> Ledger:
    """A copy of a run's store, in which the last run is this one and ended with the stage `last`, whatever other tests
    made of the shared store."""
    store = str(out / "store")
    shutil.copytree(workspace.store, store)
    plan = workspace.plan()
    names = [stage.name for stage in plan.stages]
    done = names[: names.index(last) + 1]
    note_run(replace(plan, store=store, fingerprints={name: plan.fingerprints[name] for name in done}), new_run_id())
    return Ledger.of(store)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the notebook about a folder, and gives each code cell's outputs by the cell's id."""
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "strict.py").write_text(STARTUP)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    for kind in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{kind}_DIR", str(tmp_path / "jupyter"))

    def execute(out: Path) -> dict[str, list[Any]]:
        monkeypatch.setenv("WINNOW_OUT", str(out))
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        local = Config({"AsyncKernelManager": {"transport": "ipc", "connection_file": str(tmp_path / "k.json")}})
        NotebookClient(notebook, timeout=60, config=local).execute(cwd=str(tmp_path))
        return {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}

    return execute


def shown(outputs: list[Any]) -> str:
    """What a cell shows, as text; pictures by their type. A cell that prints to a stream fails: nothing here does, so
    it would be a warning."""
    assert all(output.output_type in ("display_data", "execute_result") for output in outputs), outputs
    kinds = ("image/png", "text/html", "text/plain")
    best = [next((kind, output.data[kind]) for kind in kinds if kind in output.data) for output in outputs]
    return "\n".join(kind if kind == "image/png" else text for kind, text in best)


def rewrite(table: str, column: str, change: Callable[[Any], Any]) -> None:
    for url in table_files(table):
        found = pq.read_table(url)
        rows = [{**row, column: change(row[column])} for row in found.to_pylist()]
        pq.write_table(pa.Table.from_pylist(rows, schema=found.schema), url)


def hostile_turns(messages: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    for part in [part for turn in messages or [] for part in turn["parts"] if part["kind"] == "text"]:
        part["text"] = HOSTILE
    return messages


def test_no_outputs_are_stored() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) > 15
    assert not any(cell.outputs or cell.execution_count for cell in code)


def test_a_run_without_training_is_explored_and_its_words_stay_words(
    rendered: Workspace, run: Run, tmp_path: Path
) -> None:
    ledger = copied(rendered, tmp_path / "out", "render")
    for stage in ledger.tables:
        if stage.startswith("ingest_"):
            rewrite(ledger.tables[stage], "messages", hostile_turns)
    rewrite(ledger.tables["verify_base"], "text", lambda text: HOSTILE)
    cells = {name: shown(outputs) for name, outputs in run(tmp_path / "out").items()}
    for name in ("funnel-plot", "threshold", "look", "judge-plot", "candidates"):
        assert cells[name] == "image/png", name
    assert "sharp_enough" in cells["rules"] and "blur_laplacian_var" in cells["medians"]
    assert cells["histograms"].count("<img") > 10 and cells["nearest"].count("<img") == 10
    assert "sharp_enough" in cells["story"] and "drop" in cells["story"]
    for name in ("pairs", "pairs-gallery", "training", "metrics", "examples"):
        assert "not in this run" in cells[name], name
    for name in ("nearest", "one-prompt", "one-prompt-picture"):
        assert "&lt;script&gt;" in cells[name] and "\u2421" in cells[name], name
    everything = "\n".join(cells.values())
    assert "<script" not in everything and "onerror=alert(2)>" not in everything


def test_a_run_that_only_decided_is_explored(rendered: Workspace, run: Run, tmp_path: Path) -> None:
    copied(rendered, tmp_path / "out", "decide")
    cells = {name: shown(outputs) for name, outputs in run(tmp_path / "out").items()}
    assert cells["threshold"] == "image/png"
    assert all("not in this run" in cells[name] for name in ("look", "judge", "sampling", "one-prompt", "metrics"))
