"""The DAG on Dagster: one asset per stage, run in process, its history and web UI on the same graph."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import dagster as dg

from curation.contract.table import Manifest
from curation.plan import Plan, note_run
from curation.stage import Runtime, Stage, StageError, UsageError, run_stage
from curation.store import is_complete

_OURS = ("curation", "model", "trainer")  # whose errors are words for users
# Without its own log capture a stage's progress bar sees the terminal that it is drawn on.
_INSTANCE = """telemetry:
  enabled: false
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""


def assets(plan: Plan, runtime: Runtime, done: Callable[[Manifest], None] | None = None) -> list[dg.AssetsDefinition]:
    """The stages as assets. Each passes tables on through the store, so an asset's value is its metadata alone."""
    return [_asset(stage, plan, runtime, done) for stage in plan.stages]


def _asset(stage: Stage, plan: Plan, runtime: Runtime, done: Callable[[Manifest], None] | None) -> dg.AssetsDefinition:
    @dg.asset(
        name=stage.name,
        deps=list(stage.reads),
        description=stage.help,
        group_name="ingest" if stage.name.startswith("ingest_") else "curation",
        code_version=str(stage.version),
    )
    def body() -> dg.MaterializeResult[Any]:
        manifest = run_stage(stage, plan.tables, plan.fingerprints, runtime)
        if done:
            done(manifest)
        metadata: dict[str, Any] = {
            **manifest.counts,
            "fingerprint": manifest.fingerprint,
            "table": plan.tables[stage.name],
        }
        return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(manifest.fingerprint))

    return body


def prepare(home: Path) -> Path:
    """The folder of Dagster's run history with our settings in it."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(_INSTANCE)
    return home


def run(plan: Plan, runtime: Runtime, names: Iterable[str], home: Path, done: Callable[[Manifest], None]) -> None:
    """Runs stages in the order of the graph; the first that fails ends the run.

    Raises:
        StageError: with the words of the stage that failed.
    """
    chosen = list(names)
    if not chosen:
        return
    with dg.DagsterInstance.from_config(str(prepare(home))) as instance:
        result = dg.materialize(
            assets(plan, runtime, done),
            selection=dg.AssetSelection.assets(*chosen),
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},  # we report in our own words
            raise_on_error=False,
        )
    if not result.success:
        failure = next(event for event in result.all_events if event.is_step_failure)
        raise StageError(_explain(failure.step_key or "", failure.step_failure_data.error, home))


def _explain(stage: str, error: Any, home: Path) -> str:
    """A failed stage in words. Errors of our own say what to do; of others the trace is kept for whoever mends them."""
    cause = error.cause or error
    name, _, words = _own_words(cause.message).partition(": ")
    if name.rpartition(".")[0].split(".")[0] in _OURS:
        return words if words.startswith(f"`{stage}`") else f"`{stage}`: {words}"
    trace = home / "last-error.txt"
    trace.write_text("".join([*cause.stack, cause.message]))
    return f"`{stage}` failed: {name}: {words.splitlines()[0] if words else ''}\nThe whole trace is in {trace}"


def _own_words(message: str) -> str:
    """An error's name and words; of one of ours that was raised in a Spark worker, those in the worker's trace."""
    raised = re.findall(rf"^(?:{'|'.join(_OURS)})\.[\w.]+: .*", message, re.MULTILINE)
    return raised[-1] if raised and message.startswith("pyspark.") else message.strip()


def select(plan: Plan, selection: str | None) -> list[str]:
    """The stages that a selection names: `stage`, `stage+` (and all that reads it), `+stage` (and all it reads),
    several with commas; everything without one.

    Raises:
        UsageError: a stage that the plan does not have.
    """
    order = [stage.name for stage in plan.stages]
    if not selection:
        return order
    parents = {stage.name: set(stage.reads) for stage in plan.stages}
    children = {name: {other for other in order if name in parents[other]} for name in order}
    chosen: set[str] = set()
    for item in selection.split(","):
        name = item.strip().strip("+")
        if name not in parents:
            raise UsageError(f"no stage `{name}`; the stages are {', '.join(order)}")
        chosen.add(name)
        chosen |= _reach(name, children) if item.strip().endswith("+") else set()
        chosen |= _reach(name, parents) if item.strip().startswith("+") else set()
    return [name for name in order if name in chosen]


def check_parents(plan: Plan, stale: list[str]) -> None:
    """Whether each stage to run finds what it reads, complete or to be run before it.

    Raises:
        UsageError: names the selection that would.
    """
    for stage in plan.stages:
        if stage.name in stale:
            for parent in stage.reads:
                if parent not in stale and not is_complete(plan.tables[parent]):
                    raise UsageError(
                        f"`{stage.name}` reads `{parent}`, which is stale or never ran: select `+{stage.name}`"
                    )


def _reach(name: str, edges: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    new = edges[name]
    while new:
        found |= new
        new = set().union(*(edges[other] for other in new)) - found
    return found


# The web UI runs in processes of its own, which learn from the environment what to show.
ENVIRONMENT = {"recipe": "WINNOW_RECIPE", "out": "WINNOW_OUT", "data": "WINNOW_DATA", "store": "WINNOW_STORE"}


def definitions() -> dg.Definitions:
    """What `dagster-webserver` loads: the graph of the recipe that `winnow ui` was given. A run that is started there
    runs its stages one after the other in one process, as `winnow run` does, and is noted as one."""
    from curation.plan import new_run_id
    from curation.progress import console
    from curation.workspace import Workspace

    given = {name: os.environ[variable] for name, variable in ENVIRONMENT.items()}
    workspace = Workspace.open(given["recipe"], given["out"], given["data"], given["store"])
    plan, run_id = workspace.plan(), new_run_id()
    made = assets(plan, workspace.runtime(console()), lambda manifest: note_run(plan, run_id))
    return dg.Definitions(assets=made, executor=dg.in_process_executor)
