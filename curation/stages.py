"""The stages of a recipe, in an order in which each comes after what it reads.

    ingest_* > measure > match > decide > deduplicate > mix > score > review > sample_base > verify_base > render
    render > train_sft > merge > sample_sft > verify_sft > pair > render_dpo > train_dpo > merge_dpo

`score`, the sampling stages, and training are there if the recipe has their block. With `evaluation_sets`,
`benchmark_*` ingest those, and `decontaminate` stands before `mix`.
"""

from __future__ import annotations

from collections.abc import Sequence

from curation import decide, ingest, measure, mix
from curation.contract.recipe import Recipe
from curation.contract.source import Source
from curation.duplicates import deduplicate, match
from curation.duplicates.decontaminate import PREFIX as BENCHMARK
from curation.duplicates.decontaminate import VERSION as DECONTAMINATE_VERSION
from curation.duplicates.decontaminate import decontaminate
from curation.formats import sft
from curation.inputs import HashCache, Inputs
from curation.model_stages import (
    checkpoint_hash,
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
from curation.stage import Stage
from curation.store import fingerprint
from filters.resolving import resolve


def stages_of(
    recipe: Recipe,
    inputs: dict[str, Inputs],
    limit: int | None,
    hashes: HashCache,
    state: ReviewState,
    earlier: Sequence[dict[str, str]] = (),
) -> list[Stage]:
    """`earlier` are the tables of the runs that `deduplicate.against` names.

    Raises:
        RecipeError: a checkpoint that is not there or can't be used.
    """
    asked = who_is_asked(recipe, hashes) if recipe.score or recipe.sample else None
    stages = [
        *_ingest_stages(recipe, inputs, limit),
        *_table_stages(recipe),
        *_duplicate_stages(recipe, hashes, earlier),
    ]
    stages.append(_mix_stage(recipe, stages[-1].name))
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
    sources = [
        _ingest_stage(f"ingest_{name}", name, each, inputs[name], limit) for name, each in recipe.sources.items()
    ]
    benchmarks = recipe.evaluation_sets.items()  # whole, whatever `limit` says: what is not read can't be found
    return sources + [
        _ingest_stage(BENCHMARK + name, name, each, inputs[BENCHMARK + name], None) for name, each in benchmarks
    ]


def _ingest_stage(stage: str, name: str, source: Source, inputs: Inputs, limit: int | None) -> Stage:
    return Stage(
        name=stage,
        version=ingest.VERSION,
        settings={**source.model_dump(mode="json", exclude={"error_budget", "rules"}), "limit": limit},
        parents=(),
        work=lambda job: ingest.ingest(job.spark, name, source, inputs, job.runtime.media, limit),
        inputs=inputs.fingerprint,
        budgets={name: source.error_budget},
        help=f"{source.reader} {source.path} to samples ({source.build})",
    )


def _table_stages(recipe: Recipe) -> list[Stage]:
    rules = resolve(recipe)
    sources = ingested(recipe)
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
    ]


def _duplicate_stages(recipe: Recipe, hashes: HashCache, earlier: Sequence[dict[str, str]]) -> list[Stage]:
    settings = recipe.deduplicate
    sources, benchmarks = ingested(recipe), tuple(BENCHMARK + name for name in recipe.evaluation_sets)
    weights = checkpoint_hash(settings.semantic.model, hashes) if settings.semantic else ""
    before = fingerprint(list(earlier)) if earlier else ""
    compared = settings.model_dump(mode="json", exclude={"prefer", "against"})
    stages = [
        Stage(
            "match",
            match.VERSION,
            compared,
            (),
            lambda job: match.match(job, settings, earlier, weights),
            lookups=("measure", *sources, *benchmarks),
            inputs=weights + before,
            unit="pairs",
            help="pictures and texts that are nearly the same",
        ),
        Stage(
            "deduplicate",
            deduplicate.VERSION,
            {"prefer": settings.prefer, "sources": list(recipe.sources)},
            ("decide",),
            lambda job: deduplicate.deduplicate(job, settings, list(recipe.sources), earlier),
            lookups=("match", "measure", *sources),
            inputs=before,
            help="one row of each group of duplicates",
        ),
    ]
    if benchmarks:
        stages.append(
            Stage(
                "decontaminate",
                DECONTAMINATE_VERSION,
                recipe.decontaminate.model_dump(mode="json"),
                ("deduplicate",),
                lambda job: decontaminate(job, recipe.decontaminate),
                lookups=("match", *sources, *benchmarks),
                help="rows that an evaluation set holds too",
            )
        )
    return stages


def _mix_stage(recipe: Recipe, parent: str) -> Stage:
    return Stage(
        "mix",
        mix.VERSION,
        recipe.mix.model_dump(mode="json"),
        (parent,),
        lambda job: mix.mix(job, recipe.mix, parent),
        help="splits, caps, text share",
    )


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
