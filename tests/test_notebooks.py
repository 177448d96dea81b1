"""The notebook, run cell by cell in a kernel of its own, on copies of the shared runs. There, warnings are errors and
nothing may connect anywhere."""

from __future__ import annotations

import json
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

from curation.contract.dataset import read_rendered
from curation.contract.table import Manifest, read_table, table_files, table_url
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

Run = Callable[[Path], dict[str, str]]


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
    """Runs the notebook about a folder, and gives what each code cell shows by the cell's id."""
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "strict.py").write_text(STARTUP)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    for kind in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{kind}_DIR", str(tmp_path / "jupyter"))

    def execute(out: Path) -> dict[str, str]:
        monkeypatch.setenv("WINNOW_OUT", str(out))
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        local = Config({"AsyncKernelManager": {"transport": "ipc", "connection_file": str(tmp_path / "k.json")}})
        NotebookClient(notebook, timeout=60, config=local).execute(cwd=str(tmp_path))
        return {cell.id: shown(cell.outputs) for cell in notebook.cells if cell.cell_type == "code"}

    return execute


def shown(outputs: list[Any]) -> str:
    """What a cell shows, as text; pictures by their type. A cell that prints to a stream fails: nothing here does, so
    it would be a warning."""
    assert all(output.output_type in ("display_data", "execute_result") for output in outputs), outputs
    kinds = ("image/png", "text/html", "text/plain")
    best = [next((kind, output.data[kind]) for kind in kinds if kind in output.data) for output in outputs]
    return "\n".join(kind if kind == "image/png" else text for kind, text in best)


def change(table: str, column: str, to: Callable[[Any], Any]) -> None:
    for url in table_files(table):
        found = pq.read_table(url)
        rows = [{**row, column: to(row[column])} for row in found.to_pylist()]
        pq.write_table(pa.Table.from_pylist(rows, schema=found.schema), url)


def hostile_turns(messages: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    for part in [part for turn in messages or [] for part in turn["parts"] if part["kind"] == "text"]:
        part["text"] = HOSTILE
    return messages


def put(store: str, stage: str, rows: pa.Table | None = None, **beside: Any) -> None:
    """A table of a stage that has not run, added to the last run."""
    table = Path(table_url(store, stage, "by-hand"))
    table.mkdir(parents=True)
    if rows is not None:
        pq.write_table(rows, table / "part.parquet")
    files = ["part.parquet"] if rows is not None else []
    (table / "files.json").write_text(json.dumps({"files": files, **beside}))
    empty: dict[str, Any] = {"parents": {}, "settings": {}, "counts": {}, "rows": 0, "digest": ""}
    manifest = Manifest(stage=stage, version=1, fingerprint="by-hand", **empty)
    (table / "manifest.json").write_text(manifest.to_json())
    noted = max((Path(store) / "runs").iterdir())
    run = json.loads(noted.read_text())
    run["stages"][stage] = "by-hand"
    noted.write_text(json.dumps(run))


def put_trained(store: str, ledger: Ledger) -> None:
    """Pairs, both trainings and the evaluation of three checkpoints, the last two of which are right."""
    (ingested, *_) = read_table(ledger.need("ingest_boards"), filters=[("fate", "==", "kept")]).to_pylist()
    preference = {"chosen": HOSTILE, "rejected": "no " + HOSTILE, "margin": 1.0, "origin": "base>base"}
    put(store, "pair", pa.Table.from_pylist([{**ingested, "fate": "made", "preference": preference}]))
    put(store, "train_sft", summary={"losses": [3.0, 2.0, 1.5]})
    put(store, "train_dpo", summary={"losses": [0.69, 0.6], "margins": [0.0, 0.2], "accuracies": [0.5, 1.0]})
    rows = read_rendered(ledger.need("render"), "test")
    known = {"row_id": [row.row_id for row in rows], "task": [row.task for row in rows]}
    answers = {"prediction": [HOSTILE] * len(rows), "reference": [row.reference.text for row in rows]}
    for model, score in (("base", 0.0), ("sft", 1.0), ("dpo", 1.0)):
        scores = pa.array([[("exact_match", score)] for _ in rows], pa.map_(pa.string(), pa.float64()))
        metrics = {"rows": len(rows), "loss": 2.0 - score, "vqa/exact_match": score}
        put(store, f"evaluate_{model}", pa.table({**known, **answers, "scores": scores}), metrics=metrics)


def test_no_outputs_are_stored() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) > 15
    assert not any(cell.outputs or cell.execution_count for cell in code)


def test_a_run_with_everything_is_explored_and_its_words_stay_words(
    rendered: Workspace, run: Run, tmp_path: Path
) -> None:
    ledger = copied(rendered, tmp_path / "out", "render")
    for stage in ledger.tables:
        if stage.startswith("ingest_"):
            change(ledger.tables[stage], "messages", hostile_turns)
    change(ledger.tables["verify_base"], "text", lambda text: HOSTILE)
    put_trained(str(tmp_path / "out" / "store"), ledger)
    cells = run(tmp_path / "out")
    everything = "\n".join(cells.values())
    assert "not in this run" not in everything
    for name in ("nearest", "one-prompt", "one-prompt-picture", "pairs-gallery", "examples"):
        assert "&lt;script&gt;" in cells[name] and "\u2421" in cells[name], name
    assert "<script" not in everything and "alert(2)>" not in everything
    assert cells["training"] == cells["metrics-plot"] == "image/png"
    assert "exact_match" in cells["metrics"] and "from wrong to right" in cells["examples"]


def test_a_run_that_has_not_trained_is_explored(rendered: Workspace, run: Run, tmp_path: Path) -> None:
    copied(rendered, tmp_path / "out", "render")
    cells = run(tmp_path / "out")
    for name in ("funnel-plot", "threshold", "look", "judge-plot", "candidates"):
        assert cells[name] == "image/png", name
    assert "sharp_enough" in cells["rules"] and "blur_laplacian_var" in cells["medians"]
    assert cells["histograms"].count("<img") > 10 and cells["nearest"].count("<img") == 10
    assert "sharp_enough" in cells["story"] and "drop" in cells["story"]
    for name in ("pairs", "pairs-gallery", "training", "metrics", "examples"):
        assert "not in this run" in cells[name], name


def test_a_run_that_only_decided_is_explored(rendered: Workspace, run: Run, tmp_path: Path) -> None:
    copied(rendered, tmp_path / "out", "decide")
    cells = run(tmp_path / "out")
    assert cells["threshold"] == "image/png"
    for name in ("look", "judge", "sampling", "one-prompt", "metrics"):
        assert "not in this run" in cells[name], name
