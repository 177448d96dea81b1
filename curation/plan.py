"""The plan: a recipe and its inputs become stages with fingerprints, each with its reason to run or to be skipped."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from curation import decide, deduplicate, ingest, measure, mix, training
from curation.contract.recipe import Recipe, RecipeError
from curation.contract.table import join, read_bytes, read_manifest
from curation.formats import sft
from curation.inputs import HashCache, Inputs, find_inputs
from curation.stage import Artifact, Job, Stage, tables_of
from curation.store import exists, is_complete, names_in, write_bytes
from model.family import family

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NANO_FAMILY = "qwen2_5_vl"


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
        decide.compile_rules(recipe.rules)
    except ValueError as error:
        raise RecipeError(f"recipe `{recipe.name}`: {error}") from None
    if recipe.render.max_pixels < side * side:
        raise RecipeError(f"recipe `{recipe.name}`: render.max_pixels is less than one merged patch, {side} x {side}")
    hashes = HashCache(out / "inputs-cache.json")
    ours = (store, str(out / "dagster"), str(out / "inputs-cache.json"))
    inputs = {name: find_inputs(name, source, data, hashes, ours) for name, source in recipe.sources.items()}
    stages = [*_ingest_stages(recipe, inputs, limit), *_table_stages(recipe)]
    if recipe.train:
        stages += _training_stages(recipe, hashes)
    fingerprints: dict[str, str] = {}
    for stage in stages:
        fingerprints[stage.name] = stage.fingerprint(fingerprints)
    return Plan(recipe, store, tuple(stages), fingerprints)


def _ingest_stages(recipe: Recipe, inputs: dict[str, Inputs], limit: int | None) -> list[Stage]:
    def work(name: str) -> Callable[[Job], DataFrame]:
        return lambda job: ingest.ingest(job.spark, name, recipe.sources[name], inputs[name], job.runtime.media, limit)

    return [
        Stage(
            name=f"ingest_{name}",
            version=ingest.VERSION,
            settings={**source.model_dump(mode="json", exclude={"error_budget"}), "limit": limit},
            parents=(),
            work=work(name),
            inputs=inputs[name].fingerprint,
            budgets={name: source.error_budget},
            help=f"{source.reader} {source.path} to samples ({source.build})",
        )
        for name, source in recipe.sources.items()
    ]


def _table_stages(recipe: Recipe) -> list[Stage]:
    rules = {name: rule.model_dump(mode="json", by_alias=True, exclude={"why"}) for name, rule in recipe.rules.items()}
    ingested = tuple(f"ingest_{name}" for name in recipe.sources)
    builders = {name: source.build for name, source in recipe.sources.items()}
    return [
        Stage(
            "measure",
            measure.VERSION,
            measure.settings(),
            ingested,
            measure.measure,
            budgets={name: source.error_budget for name, source in recipe.sources.items()},
            help="every signal",
        ),
        Stage(
            "decide",
            decide.VERSION,
            {"rules": rules},
            ("measure",),
            lambda job: decide.decide(job, recipe.rules),
            help=f"{len(rules)} rules to verdicts: the ledger",
        ),
        Stage(
            "deduplicate",
            deduplicate.VERSION,
            recipe.deduplicate.model_dump(mode="json"),
            ("decide",),
            lambda job: deduplicate.deduplicate(job, recipe.deduplicate, builders),
            lookups=("measure", *ingested),
            help="exact and near duplicates",
        ),
        Stage(
            "mix",
            mix.VERSION,
            recipe.mix.model_dump(mode="json"),
            ("deduplicate",),
            lambda job: mix.mix(job, recipe.mix),
            help="splits, caps, text share",
        ),
        Stage(
            "render",
            sft.VERSION,
            recipe.render.model_dump(mode="json"),
            ("mix",),
            lambda job: sft.render_sft(job, recipe.render),
            lookups=ingested,
            help=f"the SFT dataset for {recipe.render.family}",
        ),
    ]


def _training_stages(recipe: Recipe, hashes: HashCache) -> list[Stage]:
    assert recipe.train is not None
    if recipe.train.model == "nano" and recipe.render.family != NANO_FAMILY:
        raise RecipeError(
            f"recipe `{recipe.name}`: nano is a {NANO_FAMILY} and can't learn from rows rendered for "
            f"{recipe.render.family}; name a checkpoint of that family in `train.model`, or leave `train` out"
        )
    if not recipe.mix.test_fraction:
        raise RecipeError(f"recipe `{recipe.name}`: training is evaluated on a test split; `mix.test_fraction` is 0")
    train, judged = recipe.train, recipe.evaluate
    nano = train.model == "nano"
    weights = "" if nano else _checkpoint_hash(train.model, hashes)

    lookups = ("base",) if nano else ()

    def evaluation(name: str, checkpoint: Callable[[Job], Path], lookups: tuple[str, ...], inputs: str) -> Stage:
        def work(job: Job) -> Artifact:
            return training.evaluate(job, judged, checkpoint(job), train)

        settings = judged.model_dump(mode="json")
        return Stage(name, training.EVALUATE_VERSION, settings, ("render",), work, lookups, inputs, help="metrics")

    base = Stage(
        "base",
        training.BASE_VERSION,
        {"model": "nano", "seed": train.seed},
        (),
        lambda job: training.make_base(job, train),
        help="nano with random weights",
    )
    return [
        *([base] if nano else []),
        Stage(
            "train_sft",
            training.TRAIN_VERSION,
            train.model_dump(mode="json", exclude={} if nano else {"model"}),
            ("render",),
            lambda job: training.train_sft(job, train),
            lookups,
            weights,
            unit="steps",
            help=f"{train.method} fine-tuning, policy {train.policy}",
        ),
        evaluation("evaluate_base", lambda job: training.base_folder(job, train), lookups, weights),
        evaluation("evaluate_sft", lambda job: job.folder("train_sft"), ("train_sft", *lookups), weights),
        Stage(
            "merge",
            training.MERGE_VERSION,
            {},
            (),
            lambda job: training.merge(job, train),
            ("train_sft", *lookups),
            help="adapter and base as one checkpoint",
        ),
    ]


def _checkpoint_hash(model: str, hashes: HashCache) -> str:
    folder = Path(model)
    if not (folder / "config.json").exists():
        raise RecipeError(f"train.model: {model!r} is neither `nano` nor a folder with a checkpoint (no config.json)")
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    return json.dumps(hashes.hash_all(str(folder.resolve()), names))


def new_run_id() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")


def note_run(plan: Plan, run_id: str) -> None:
    """Writes the small file that says which tables a run points at; the newest is what questions are asked of."""
    run = {"run": run_id, "recipe": plan.recipe.name, "stages": plan.fingerprints}
    write_bytes(join(plan.store, "runs", f"{run_id}.json"), json.dumps(run, indent=2).encode())


def last_run(store: str) -> dict[str, dict[str, str]]:
    """The newest run of a store; {} where there is none."""
    names = names_in(join(store, "runs"))
    return dict(json.loads(read_bytes(join(store, "runs", names[-1])))) if names else {}
