"""The plan: a recipe and its inputs become stages with fingerprints, each with its reason to run or to be skipped."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from curation import decide
from curation.contract.nearest import nearest
from curation.contract.recipe import Recipe, RecipeError
from curation.contract.table import join, read_bytes, read_manifest
from curation.duplicates.decontaminate import PREFIX as BENCHMARK
from curation.inputs import HashCache, find_inputs
from curation.review.state import read_state
from curation.stage import Stage, tables_of
from curation.stages import stages_of
from curation.store import exists, is_complete, names_in, write_bytes
from model.family import family


@dataclass(frozen=True)
class Plan:
    """Stages in an order in which each comes after what it reads."""

    recipe: Recipe
    store: str
    stages: tuple[Stage, ...]
    fingerprints: dict[str, str]

    @property
    def tables(self) -> dict[str, str]:
        return tables_of(self.store, self.fingerprints)

    def reasons(self) -> dict[str, str]:
        """Why each stage will run; "" for a stage whose table is complete."""
        why: dict[str, str] = {}
        for stage in self.stages:
            stale = [parent for parent in stage.reads if why.get(parent)]
            if is_complete(self.tables[stage.name]):
                why[stage.name] = ""
            elif stale:
                why[stage.name] = f"{', '.join(stale)} will run"
            elif exists(join(self.store, "tables", stage.name)):
                why[stage.name] = self._difference(stage)
            else:
                why[stage.name] = "never ran"
        return why

    def _difference(self, stage: Stage) -> str:
        """What changed since the table of this stage that a run last pointed at."""
        before = last_run(self.store).get("stages", {}).get(stage.name)
        if not before:
            return "no complete table with these settings and inputs"
        if before == self.fingerprints[stage.name]:
            return "its last run did not finish"
        table = join(self.store, "tables", stage.name, before)
        if not is_complete(table):
            return "no complete table with these settings and inputs"
        old = read_manifest(table)
        if old.version != stage.version:
            return f"version {old.version} became {stage.version}"
        if old.settings != json.loads(json.dumps(stage.settings)):
            return "its settings changed"
        return "its inputs changed"


def make_plan(recipe: Recipe, store: str, data: str, out: Path, limit: int | None = None) -> Plan:
    """All stages of a recipe. Reads and hashes the inputs, runs nothing.

    Raises:
        RecipeError: a source that is not there, a signal, rule or family that does not exist.
    """
    try:
        side = family(recipe.render.family).factor
    except ValueError as error:
        raise RecipeError(f"recipe `{recipe.name}`: {error}") from None
    decide.check_rules(recipe)
    if recipe.render.max_pixels < side * side:
        raise RecipeError(f"recipe `{recipe.name}`: render.max_pixels is less than one merged patch, {side} x {side}")
    hashes = HashCache(out / "inputs-cache.json")
    ours = (store, str(out / "dagster"), str(out / "inputs-cache.json"))
    inputs = {name: find_inputs(name, source, data, hashes, ours) for name, source in recipe.sources.items()}
    inputs |= {
        BENCHMARK + name: find_inputs(name, source, data, hashes, ours)
        for name, source in recipe.evaluation_sets.items()
    }
    earlier = [_tables_of_run(recipe, store, name) for name in recipe.deduplicate.against]
    stages = stages_of(recipe, inputs, limit, hashes, read_state(store), earlier)
    fingerprints: dict[str, str] = {}
    for stage in stages:
        fingerprints[stage.name] = stage.fingerprint(fingerprints)
    return Plan(recipe, store, tuple(stages), fingerprints)


def new_run_id() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")


def note_run(plan: Plan, run_id: str) -> None:
    """Writes the small file that says which tables a run points at; the newest is what questions are asked of."""
    run = {"run": run_id, "recipe": plan.recipe.name, "stages": plan.fingerprints}
    write_bytes(join(plan.store, "runs", f"{run_id}.json"), json.dumps(run, indent=2).encode())


def _tables_of_run(recipe: Recipe, store: str, name: str) -> dict[str, str]:
    """The tables of an earlier run of this store, by its id, or the newest one of a recipe by its name.

    Raises:
        RecipeError: there is none, or it has not got as far as removing duplicates.
    """
    place = ("deduplicate", "against")
    if name == recipe.name:
        raise recipe.error(place, f"`{name}` is this recipe itself; name one of its runs by its id")
    runs = [dict(json.loads(read_bytes(join(store, "runs", each)))) for each in names_in(join(store, "runs"))]
    known = [run for run in runs if name in (run["run"], run["recipe"])]
    if not known:
        names = sorted({run["recipe"] for run in runs})
        raise recipe.error(
            place, f"no run `{name}` in {store}{nearest(name, names)}; there are {', '.join(names) or 'none'}"
        )
    for run in reversed(known):
        tables = tables_of(store, run["stages"])
        needed = [each for each in tables if each.startswith(("ingest_", "measure", "deduplicate", "decontaminate"))]
        if all(is_complete(tables[each]) for each in needed) and "deduplicate" in needed:
            return {each: tables[each] for each in needed}
    raise recipe.error(place, f"no run of `{name}` has removed its duplicates yet; run it first")


def last_run(store: str) -> dict[str, dict[str, str]]:
    """The newest run of a store; {} where there is none."""
    names = names_in(join(store, "runs"))
    return dict(json.loads(read_bytes(join(store, "runs", names[-1])))) if names else {}
