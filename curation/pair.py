"""Pair: what verified beside what failed, and what people preferred, as samples with a preference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation.contract.recipe import Recipe, Render
from curation.contract.sample import SAMPLE, Preference, Sample, from_row, to_row
from curation.ingest import FATE
from curation.measure import ingested
from curation.review.state import PreferenceVerdict
from curation.stage import Job
from filters.score import rank, score, verifies
from model.answer import answer_text, unusable
from model.chat import render
from model.family import family
from synth.pairs import Candidate, pair_up

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VERSION = 1
PAIRED = pa.schema([*SAMPLE, *[pa.field(*entry) for entry in FATE]])


def pair(job: Job, stages: Sequence[str], recipe: Recipe, people: Sequence[PreferenceVerdict]) -> DataFrame:
    """Samples with a `preference`, all `made`, one for each pair. A pair that people judged stands as they judged it,
    if its prompt is still a training row; where they found no better side there is none. Answers that are unfinished
    are in no pair: nobody said them."""
    from pyspark.sql import functions as F
    from pyspark.sql.pandas.types import from_arrow_schema

    fields = ["parent", "number", "text", "scores", "fate", "reason"]
    tables = [job.frame(stage).select(*fields, F.lit(stage).alias("stage")) for stage in stages]
    drawn = reduce(lambda a, b: a.unionByName(b), tables).where("number is not null and reason in ('', 'failed')")
    packed = F.sort_array(F.collect_list(F.struct("stage", "number", "text", "fate", "scores")))
    candidates = drawn.groupBy(F.col("parent").alias("row_id")).agg(packed.alias("candidates"))
    prompts = ingested(job)
    judged = F.col("sample_id").isin([verdict.sample_id for verdict in people]) & (F.col("split") == "train")
    wanted = candidates.select("row_id").unionByName(job.survivors("review").where(judged).select("row_id")).distinct()
    rows = prompts.join(wanted, "row_id").join(candidates, "row_id", "left").select(*SAMPLE.names, "candidates")

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            made = [made for row in batch.to_pylist() for made in _pairs(row, recipe, people)]
            yield pa.RecordBatch.from_pylist(made, schema=PAIRED)

    return rows.mapInArrow(run, from_arrow_schema(PAIRED))


def _pairs(row: dict[str, Any], recipe: Recipe, people: Sequence[PreferenceVerdict]) -> Iterator[dict[str, Any]]:
    assert recipe.sample is not None
    sample = from_row(row)
    mine = [verdict for verdict in people if verdict.sample_id == row["sample_id"]]
    judged = {frozenset((verdict.chosen, verdict.rejected)) for verdict in mine}
    preferences = [
        Preference(chosen=verdict.chosen, rejected=verdict.rejected, margin=1.0, origin="review")
        for verdict in mine
        if verdict.verdict in ("a", "b")
    ]
    if row["candidates"]:
        drawn = [_candidate(entry, sample.answer.verifier) for entry in row["candidates"]]
        reference = _reference(sample, recipe.render) if recipe.sample.reference_chosen else None
        made = pair_up(drawn, recipe.sample.pairs, reference)
        preferences += [p for p in made if frozenset((p.chosen, p.rejected)) not in judged]
    for number, preference in enumerate(preferences):
        name, parents = f"{sample.row_id}~pair{number}", (sample.row_id,)
        paired = replace(sample, row_id=name, preference=preference, parents=parents)
        yield {**to_row(paired), "fate": "made", "reason": "", "detail": ""}


def _reference(sample: Sample, settings: Render) -> str | None:
    """The sample's own answer, if it verifies and can stand in a pair as candidates can."""
    kind = family(settings.family)
    row = render(sample, kind, settings.min_pixels, settings.max_pixels, "train")
    text = answer_text(row)
    return text if not unusable(text) and verifies(score(text, row, kind), sample.answer.verifier)[0] else None


def _candidate(entry: dict[str, Any], verifier: str) -> Candidate:
    scores = {found["name"]: found["value"] for found in entry["scores"]}
    return Candidate(
        text=entry["text"],
        origin=entry["stage"].removeprefix("verify_"),
        verified=entry["fate"] == "kept",
        score=rank(scores, verifier),
    )
