"""The stages in which models judge, answer and learn, and what is made of their answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from curation import pair, sample, score, training, verify
from curation.ask import Asked
from curation.contract.recipe import Recipe, RecipeError
from curation.formats import dpo
from curation.inputs import HashCache
from curation.review.state import ReviewState
from curation.stage import Artifact, Job, Stage
from curation.store import fingerprint
from model.shipped import checkpoint_path

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NANO_FAMILY = "qwen2_5_vl"


def who_is_asked(recipe: Recipe, hashes: HashCache) -> Asked:
    """Who judges, and answers first."""
    engine = recipe.engine
    if engine.url:
        return Asked(engine, recipe.render, weights=engine.model, model=engine.model)
    assert engine.model or recipe.train
    model = engine.model or (recipe.train.model if recipe.train else "")
    _check_family(recipe, "engine.model" if engine.model else "train.model", model)
    weights = checkpoint_hash(model, hashes)
    return Asked(engine, recipe.render, weights, model=str(checkpoint_path(model)))


def score_stage(recipe: Recipe, asked: Asked) -> Stage:
    settings = recipe.score
    assert settings
    return Stage(
        "score",
        score.VERSION,
        {**settings.model_dump(mode="json"), "asked": asked.settings},
        ("mix",),
        lambda job: score.score(job, settings, asked),
        lookups=ingested(recipe),
        help="a judge's opinion of each answer",
    )


def sampling_stages(recipe: Recipe, asked: Asked | None, origin: str) -> list[Stage]:
    """Candidates and their verification, by the engine or, without one, by the checkpoint of `merge`."""
    settings = recipe.sample
    assert settings

    def work(job: Job) -> DataFrame:
        if asked:
            return sample.sample(job, settings, asked, origin)
        table = job.tables["merge"]
        tuned = Asked(recipe.engine, recipe.render, weights=table.rsplit("/", 1)[-1], table=table)
        return sample.sample(job, settings, tuned, origin)

    drawing = settings.model_dump(mode="json", exclude={"pairs", "reference_chosen"})
    if asked:
        drawing["asked"] = asked.settings
    lookups = ingested(recipe) if asked else ("merge", *ingested(recipe))
    return [
        Stage(
            f"sample_{origin}",
            sample.VERSION,
            drawing,
            ("review",),
            work,
            lookups,
            help=f"{settings.candidates} answers to each prompt that can be checked",
        ),
        Stage(
            f"verify_{origin}",
            verify.VERSION,
            recipe.render.model_dump(mode="json"),
            (f"sample_{origin}",),
            lambda job: verify.verify(job, f"sample_{origin}", recipe.render),
            lookups=ingested(recipe),
            help="each answer against the true one",
        ),
    ]


def training_stages(recipe: Recipe, hashes: HashCache) -> list[Stage]:
    assert recipe.train
    _check_family(recipe, "train.model", recipe.train.model)
    if not recipe.mix.test_fraction:
        raise RecipeError(f"recipe `{recipe.name}`: training is evaluated on a test split; `mix.test_fraction` is 0")
    train, base = recipe.train, checkpoint_path(recipe.train.model)
    weights = checkpoint_hash(train.model, hashes)
    settings = train.model_dump(mode="json", exclude={"model"})
    tuned = f"{train.method} fine-tuning, policy {train.policy}"
    return [
        Stage(
            "train_sft",
            training.TRAIN_VERSION,
            settings,
            ("render",),
            lambda job: training.train_sft(job, train),
            inputs=weights,
            unit="steps",
            help=tuned,
        ),
        _evaluation(recipe, "base", lambda job: base, lambda job: base, (), weights),
        _evaluation(recipe, "sft", lambda job: job.folder("train_sft"), lambda job: base, ("train_sft",), weights),
        Stage(
            "merge",
            training.MERGE_VERSION,
            {},
            (),
            lambda job: training.merge(job, "train_sft", base),
            ("train_sft",),
            weights,
            help="adapter and base as one checkpoint",
        ),
    ]


def _evaluation(
    recipe: Recipe,
    name: str,
    checkpoint: Callable[[Job], Path],
    base: Callable[[Job], Path],
    lookups: tuple[str, ...],
    inputs: str = "",
) -> Stage:
    def work(job: Job) -> Artifact:
        return training.evaluate(job, recipe.evaluate, checkpoint(job), base(job))

    settings = recipe.evaluate.model_dump(mode="json")
    return Stage(
        f"evaluate_{name}", training.EVALUATE_VERSION, settings, ("render",), work, lookups, inputs, help="metrics"
    )


def preference_stages(recipe: Recipe, state: ReviewState) -> list[Stage]:
    """Pairs from the answers of the engine and, where it is our own checkpoint, of the tuned one too."""
    assert recipe.sample
    again = sampling_stages(recipe, None, "sft") if recipe.train and not recipe.engine.url else []
    verified = ("verify_base", *(stage.name for stage in again if stage.name.startswith("verify")))
    people = state.preferences
    return [
        *again,
        Stage(
            "pair",
            pair.VERSION,
            recipe.sample.model_dump(mode="json", include={"pairs", "reference_chosen"}),
            (),
            lambda job: pair.pair(job, verified, recipe, people),
            lookups=("review", *verified, *ingested(recipe)),
            inputs=fingerprint([vars(verdict) for verdict in people]),
            help="a verified answer beside a failed one, and what people preferred",
        ),
        Stage(
            "render_dpo",
            dpo.VERSION,
            recipe.render.model_dump(mode="json"),
            ("pair",),
            lambda job: dpo.render_dpo(job, recipe.render),
            help=f"the DPO dataset for {recipe.render.family}",
        ),
    ]


def dpo_stages(recipe: Recipe) -> list[Stage]:
    assert recipe.dpo
    settings = recipe.dpo
    return [
        Stage(
            "train_dpo",
            training.DPO_VERSION,
            settings.model_dump(mode="json"),
            ("render_dpo",),
            lambda job: training.train_dpo(job, settings),
            ("merge",),
            unit="steps",
            help=f"preferences: {settings.method}, policy {settings.policy}",
        ),
        _evaluation(
            recipe, "dpo", lambda job: job.folder("train_dpo"), lambda job: job.folder("merge"), ("train_dpo", "merge")
        ),
        Stage(
            "merge_dpo",
            training.MERGE_VERSION,
            {},
            (),
            lambda job: training.merge(job, "train_dpo", job.folder("merge")),
            ("train_dpo", "merge"),
            help="adapter and SFT checkpoint as one",
        ),
    ]


def ingested(recipe: Recipe) -> tuple[str, ...]:
    return tuple(f"ingest_{name}" for name in recipe.sources)


def _check_family(recipe: Recipe, key: str, model: str) -> None:
    if model == "nano" and recipe.render.family != NANO_FAMILY:
        raise RecipeError(
            f"recipe `{recipe.name}`: nano is a {NANO_FAMILY} and can't learn from rows rendered for "
            f"{recipe.render.family}; name a checkpoint of that family in `{key}`, or leave `train` out"
        )


def checkpoint_hash(model: str, hashes: HashCache) -> str:
    folder = checkpoint_path(model)
    if not (folder / "config.json").exists():
        raise RecipeError(f"{model!r} is neither `nano` nor a folder with a checkpoint (no config.json)")
    told = ("README.md", "card.json")  # which change no answer
    names = [path.name for path in folder.iterdir() if path.is_file() and path.name not in told]
    names += [str(path.relative_to(folder)) for path in folder.glob("*/config.json")]  # how a sentence encoder pools
    names.sort()
    return json.dumps(hashes.hash_all(str(folder.resolve()), names))
