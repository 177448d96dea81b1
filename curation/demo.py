"""The main job: a shipped recipe from raw data to evaluated checkpoints, and a summary of what came of it."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from curation.contract.dataset import split_sizes
from curation.contract.table import read_manifest, read_table
from curation.ledger import Ledger
from curation.progress import bar
from curation.report.page import write_report
from curation.run import execute
from curation.stage import artifact_folder
from curation.workspace import Workspace


def run_demo(out: Path, data: str, console: Console, rows: int = 600, master: str | None = None) -> dict[str, Any]:
    """Runs the demo in `out` and writes `summary.json` there. Without `data` the raw data is drawn first."""
    started = time.monotonic()
    with peak_memory() as peak:
        if not data:
            data = str(_draw(out / "raw", rows, console))
            name = "demo.yaml"
        else:
            name = "real.yaml"
        with as_file(files("curation.recipes") / name) as recipe:
            workspace = Workspace.open(recipe, out, data, master=master)
            stages = execute(workspace, console)
    summary = summarise(workspace, stages)
    summary["report"] = str(write_report(workspace.store, out))
    summary["checkpoint"] = str(artifact_folder(workspace.plan().tables["merge_dpo"], out / "checkpoint"))
    summary["seconds"] = round(time.monotonic() - started, 1)
    summary["peak_memory_gb"] = round(peak[0] / 1e9, 2)
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    return summary


def summarise(workspace: Workspace, stages: list[dict[str, Any]]) -> dict[str, Any]:
    """What came of a run: counts by stage, sizes of the datasets, the training mix by rows and tokens, how many
    candidates verified, the metrics."""
    ledger = Ledger.of(workspace.store)
    sizes = {"sft": split_sizes(ledger.need("render")), "dpo": split_sizes(ledger.need("render_dpo"))}
    judged = {name: ledger.beside(f"evaluate_{name}")["metrics"] for name in ("base", "sft", "dpo")}
    mix = ledger.beside("train_sft")["summary"]["dataset"]
    mix = {name: mix[name] for name in ("rows", "tokens", "text_rows", "text_tokens")}
    return {
        "stages": stages,
        "datasets": sizes,
        "mix": mix,
        "sampling": sampled(ledger),
        "evaluation": judged,
    }


def sampled(ledger: Ledger) -> dict[str, int]:
    """Prompts asked, answers drawn, and answers that verified, over all models that were asked."""
    counts = {"prompts": 0, "candidates": 0, "verified": 0}
    for name in [name for name in ledger.tables if name.startswith("sample_")]:
        asked = read_manifest(ledger.need(name)).counts
        counts["prompts"] += asked["kept"]
        counts["candidates"] += asked["made"]
        verified = read_table(
            ledger.need(name.replace("sample", "verify")),
            columns=["row_id"],
            filters=[("fate", "==", "kept"), ("number", ">=", 0)],
        )
        counts["verified"] += verified.num_rows
    return counts


def _draw(folder: Path, rows: int, console: Console) -> Path:
    """The synthetic raw data, drawn once: a second demo in the same folder finds its inputs unchanged."""
    from synth.raw.folder import make_raw

    if not folder.exists():
        partial = folder.with_name(folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)  # of a demo that was killed while it drew
        with bar(console, "drawing raw data", rows) as progress:
            make_raw(partial, rows=rows, progress=lambda source, done, total: progress.update(done, total, source))
        partial.rename(folder)
    return folder


@contextmanager
def peak_memory() -> Iterator[list[int]]:
    """The most resident memory of this process and all its children together, in bytes, sampled twice a second.
    Pages that processes share are counted for each of them, so the truth is a little below."""
    peak, stop = [0], threading.Event()
    me = psutil.Process()

    def watch() -> None:
        while not stop.wait(0.5):
            total = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    continue  # it ended meanwhile
            peak[0] = max(peak[0], total)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def recipe_text(name: str) -> str:
    return (files("curation.recipes") / name).read_text(encoding="utf-8")
