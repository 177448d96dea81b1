"""The stages of a recipe, in an order in which each comes after what it reads.

    ingest_* > measure > decide > deduplicate > mix > score > review > sample_base > verify_base > render
    render > train_sft > merge > sample_sft > verify_sft > pair > render_dpo > train_dpo > merge_dpo

`score`, the sampling stages, and training are there if the recipe has their block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from curation import decide, deduplicate, ingest, measure, mix
from curation.contract.recipe import Recipe
from curation.formats import sft
from curation.inputs import HashCache, Inputs
from curation.model_stages import (
    dpo_stages,
    ingested,
    preference_stages,
    sampling_stages,
    score_stage,
    training_stages,
    who_is_asked,
)
from curation.review import stage as review
from curation.review.state import ReviewState
from curation.stage import Job, Stage
from filters.resolving import resolve

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def stages_of(
    recipe: Recipe, inputs: dict[str, Inputs], limit: int | None, hashes: HashCache, state: ReviewState
) -> list[Stage]:
    """Raises RecipeError for a checkpoint that is not there or can't be used."""
    asked = who_is_asked(recipe, hashes) if recipe.score or recipe.sample else None
    stages = [*_ingest_stages(recipe, inputs, limit), *_table_stages(recipe)]
    if recipe.score:
        assert asked
        stages.append(score_stage(recipe, asked))
    stages.append(_review_stage(stages[-1].name, state))
    if recipe.sample:
        assert asked
        stages += sampling_stages(recipe, asked, "base")
    stages.append(_render_stage(recipe))
    if recipe.train:
        stages += training_stages(recipe, hashes)
    if recipe.sample:
        stages += preference_stages(recipe, state)
    if recipe.dpo:
        stages += dpo_stages(recipe)
    return stages


def _ingest_stages(recipe: Recipe, inputs: dict[str, Inputs], limit: int | None) -> list[Stage]:
    def work(name: str) -> Callable[[Job], DataFrame]:
        return lambda job: ingest.ingest(job.spark, name, recipe.sources[name], inputs[name], job.runtime.media, limit)

    return [
        Stage(
            name=f"ingest_{name}",
            version=ingest.VERSION,
            settings={**source.model_dump(mode="json", exclude={"error_budget", "rules"}), "limit": limit},
            parents=(),
            work=work(name),
            inputs=inputs[name].fingerprint,
            budgets={name: source.error_budget},
            help=f"{source.reader} {source.path} to samples ({source.build})",
        )
        for name, source in recipe.sources.items()
    ]


def _table_stages(recipe: Recipe) -> list[Stage]:
    rules = resolve(recipe)
    sources = ingested(recipe)
    builders = {name: source.build for name, source in recipe.sources.items()}
    context = measure.context_of(recipe)
    return [
        Stage(
            "measure",
            measure.VERSION,
            measure.settings(context),
            sources,
            lambda job: measure.measure(job, context),
            budgets={name: source.error_budget for name, source in recipe.sources.items()},
            help="every signal",
        ),
        Stage(
            "decide",
            decide.VERSION,
            {"rules": decide.settings(rules)},
            ("measure",),
            lambda job: decide.decide(job, rules),
            help=f"{len(rules)} rules to verdicts: the ledger",
        ),
        Stage(
            "deduplicate",
            deduplicate.VERSION,
            recipe.deduplicate.model_dump(mode="json"),
            ("decide",),
            lambda job: deduplicate.deduplicate(job, recipe.deduplicate, builders),
            lookups=("measure", *sources),
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
    ]


def _review_stage(parent: str, state: ReviewState) -> Stage:
    return Stage(
        "review",
        review.VERSION,
        {},
        (parent,),
        lambda job: review.review(job, parent, state),
        inputs=state.fingerprint,
        help="what people decided about answers",
    )


def _render_stage(recipe: Recipe) -> Stage:
    verified = "verify_base" if recipe.sample else ""
    return Stage(
        "render",
        sft.VERSION,
        recipe.render.model_dump(mode="json"),
        ("review",),
        lambda job: sft.render_sft(job, recipe.render, verified),
        lookups=(*([verified] if verified else []), *ingested(recipe)),
        help=f"the SFT dataset for {recipe.render.family}",
    )
