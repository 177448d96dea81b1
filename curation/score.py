"""Score: a judge's opinion of each answer, by rubric, read off its own token probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from curation.ask import Asked, Desk, memory_of
from curation.contract.recipe import Score
from curation.measure import ingested
from curation.mix import COLUMNS, hash_rank
from curation.remember import Compute, remembered
from curation.stage import Job
from synth.judge import NO, RUBRICS, YES, to_judge, verdict

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VERSION = 1
SHARD = 2_000  # samples to a batch (platform default)
# (rubric, score) pairs; a score is null where the judge has no opinion.
SCORES = pa.list_(pa.struct([("name", pa.string()), ("value", pa.float64())]))
_JUDGED = pa.schema([("sample_id", pa.string()), ("scores", SCORES), ("error", pa.string())])


def score(job: Job, settings: Score, asked: Asked) -> DataFrame:
    """Each mixed row with its `scores`; a row is dropped where its lowest score is under `min`. Rows that the judge
    could not be asked about, or has no opinion of, stay, with the reason in `detail`."""
    from pyspark.sql import functions as F

    rows = job.survivors("mix").select(*COLUMNS)
    rank = hash_rank("source")
    chosen = rows.withColumn("rank", rank).where(F.col("rank") <= (settings.per_source or 2**31 - 1))
    samples = ingested(job).join(chosen.select("row_id"), "row_id", "left_semi").dropDuplicates(["sample_id"])
    folder = memory_of("scores", VERSION, asked, [RUBRICS[rubric] for rubric in settings.rubrics])
    desk = Desk(asked, job.runtime.store, job.runtime.access)
    judged = remembered(
        job,
        folder,
        samples,
        "sample_id",
        _judge_task(desk, settings),
        _JUDGED,
        SHARD,
        asked.engine.workers,
        asked.engine.gpus,
    )
    judged = judged.join(chosen.select("row_id", "sample_id"), "sample_id").drop("sample_id")
    lowest = F.array_min(F.transform("scores", lambda entry: entry["value"]))
    silent = F.exists("scores", lambda entry: entry["value"].isNull())
    low = lowest < settings.min if settings.min is not None else F.lit(False)
    return rows.join(judged, "row_id", "left").select(
        *COLUMNS,
        "scores",
        F.when(low, "dropped").otherwise("kept").alias("fate"),
        F.when(low, "score").otherwise("").alias("reason"),
        F.coalesce(
            "error",
            F.when(low, F.format_string("lowest score %.3f", lowest)),
            F.when(silent, "the judge says neither yes nor no"),
            F.lit(""),
        ).alias("detail"),
    )


def _judge_task(desk: Desk, settings: Score) -> Compute:
    rubrics = settings.rubrics

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = batch.to_pylist()
            judged = [{"sample_id": row["sample_id"], "scores": [], "error": None} for row in rows]
            for rubric in rubrics:
                prompts, errors = desk.prompts(rows, lambda sample, rubric=rubric: to_judge(sample, rubric))  # type: ignore[misc]
                found, refused = desk.probabilities(prompts, (YES, NO))
                for place, (yes, no) in found.items():
                    judged[place]["scores"].append({"name": rubric, "value": verdict(yes, no)})
                for place, error in (errors | refused).items():
                    judged[place]["error"] = error
            yield pa.RecordBatch.from_pylist(judged, schema=_JUDGED)

    return run
