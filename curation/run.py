"""Running a workspace: what is stale runs, with a line per stage; and the web UI on the same graph."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from curation import dag
from curation.contract.table import Manifest, read_beside, read_manifest
from curation.plan import Plan, new_run_id, note_run
from curation.stage import COUNTS
from curation.store import is_complete
from curation.workspace import Workspace

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def execute(
    workspace: Workspace, console: Console, selection: str | None = None, session: SparkSession | None = None
) -> list[dict[str, Any]]:
    """Runs the stale stages of a selection (default: all) and gives the counts of every selected stage. A Spark
    session that is passed in is used and left running.

    Raises:
        UsageError: a selected stage reads one that has not run and is not selected.
        StageError: with the words of the stage that failed. What is complete stays complete.
    """
    plan = workspace.plan()
    chosen = dag.select(plan, selection)
    why = plan.reasons()
    stale = [name for name in chosen if why[name]]
    dag.check_parents(plan, stale)
    note_run(plan, new_run_id())
    if done := len(chosen) - len(stale):
        console.print(f"[dim]{done} of {len(chosen)} stages are complete already and are skipped[/]")
    runtime = workspace.runtime(console, session)
    try:
        dag.run(plan, runtime, stale, workspace.dagster_home, lambda manifest: _report(console, plan, manifest))
    finally:
        runtime.stop_spark()
    return [stage_counts(plan, name) for name in chosen if is_complete(plan.tables[name])]


def stage_counts(plan: Plan, name: str) -> dict[str, Any]:
    """{"name", "in", "kept", "dropped", "quarantined", "waiting", "made", "seconds"} of a complete stage."""
    table = plan.tables[name]
    counts = read_manifest(table).counts
    return {"name": name, **{key: counts.get(key, 0) for key in COUNTS}, "seconds": read_beside(table)["seconds"]}


def _report(console: Console, plan: Plan, manifest: Manifest) -> None:
    seconds = read_beside(plan.tables[manifest.stage])["seconds"]
    told = [f"{manifest.counts[key]:,} {key}" for key in COUNTS if manifest.counts.get(key)]
    rate = f", {manifest.counts['in'] / seconds:,.0f} rows/s" if manifest.counts["in"] and seconds else ""
    console.print(f"[green]done[/] {manifest.stage:<24} {', '.join(told) or 'no rows'} [dim]{seconds:.1f} s{rate}[/]")


def serve_ui(workspace: Workspace, recipe: Path, port: int) -> int:
    """Runs Dagster's web server on the workspace until it is stopped. Listens on the loopback address only."""
    home = dag.prepare(workspace.dagster_home)
    given = {
        "recipe": str(recipe.resolve()),
        "out": str(workspace.out),
        "data": workspace.data,
        "store": workspace.store,
    }
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        **{dag.ENVIRONMENT[name]: value for name, value in given.items()},
    }
    command = [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port)]
    command += ["-m", "curation.dag", "-a", "definitions"]
    process = subprocess.Popen(command, env=environment)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        return process.wait()
