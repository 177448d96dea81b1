"""Verify: each candidate against its prompt's true answer. What verifies is kept, the rest has its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation.contract.dataset import RenderedRow
from curation.contract.recipe import Render
from curation.contract.sample import SAMPLE, from_row
from curation.measure import ingested
from curation.score import SCORES
from curation.stage import Job
from filters.score import score, verifies
from model.answer import unusable, with_answer
from model.family import family

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VERSION = 1
_VERIFIED = pa.schema(
    [
        *[(name, pa.string()) for name in ("row_id", "sample_id", "source", "task", "parent")],
        ("number", pa.int32()),
        ("text", pa.string()),
        ("scores", SCORES),
        *[(name, pa.string()) for name in ("fate", "reason", "detail")],
    ]
)
_TOKEN = re.compile(r"<\|\w+\|>")
_OURS = ["number", "text", "finished", "repeats"]


def verify(job: Job, stage: str, settings: Render) -> DataFrame:
    """Candidates of a `sample` stage: `kept` where they verify; `dropped` as `unfinished`, `empty`, `leading_newline`,
    `markup` (special tokens where the family writes none), `repeated` (an earlier candidate says the same) or `failed`.
    A prompt is kept if a candidate of it is."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F
    from pyspark.sql.pandas.types import from_arrow_schema

    asked = job.survivors(stage)
    candidates = asked.where("fate = 'made'")
    first = F.min("number").over(Window.partitionBy("parent", "text"))
    candidates = candidates.withColumn("repeats", F.col("number") > first)
    mine = candidates.select(F.col("row_id").alias("candidate"), F.col("parent").alias("row_id"), *_OURS)
    rows = ingested(job).join(mine, "row_id").select(*SAMPLE.names, "candidate", *_OURS)

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_pylist([_judged(row, settings) for row in batch.to_pylist()], schema=_VERIFIED)

    judged = rows.mapInArrow(run, from_arrow_schema(_VERIFIED)).persist()
    solved = judged.where("fate = 'kept'").select(F.col("parent").alias("row_id")).distinct()
    solved = solved.withColumn("solved", F.lit(True))
    prompts = asked.where("fate = 'kept'").join(solved, "row_id", "left")
    return judged.unionByName(
        prompts.select(
            *[name for name in _VERIFIED.names if name not in ("scores", "fate", "reason", "detail")],
            F.lit(None).cast(judged.schema["scores"].dataType).alias("scores"),
            F.when(F.col("solved"), "kept").otherwise("dropped").alias("fate"),
            F.when(F.col("solved"), "").otherwise("none_verified").alias("reason"),
            F.lit("").alias("detail"),
        )
    )


def _judged(row: dict[str, Any], settings: Render) -> dict[str, Any]:
    sample = from_row(row)
    kind = family(settings.family)
    answered = with_answer(sample, row["text"], kind, settings.min_pixels, settings.max_pixels)
    scores = score(row["text"], answered, kind)
    passed, words = verifies(scores, sample.answer.verifier)
    if not row["finished"]:
        fate, reason = "dropped", "unfinished"
    elif why := unusable(row["text"]):
        fate, reason = "dropped", why
    elif _spells_markup(answered):
        fate, reason = "dropped", "markup"
    elif row["repeats"]:
        fate, reason = "dropped", "repeated"
    else:
        fate, reason = ("kept", "") if passed else ("dropped", "failed")
    return {
        "row_id": row["candidate"],
        "sample_id": row["sample_id"],
        "source": sample.source,
        "task": sample.task,
        "parent": sample.row_id,
        "number": row["number"],
        "text": row["text"],
        "scores": [{"name": name, "value": value} for name, value in scores.items()],
        "fate": fate,
        "reason": reason,
        "detail": words,
    }


def _spells_markup(row: RenderedRow) -> bool:
    """Whether the answer has special tokens that are not the family's writing of a region or a step: trained on, they
    would teach the model to spell them."""
    return any(part.kind == "content" and _TOKEN.search(part.text) for part in row.segments[row.answer_at :])
