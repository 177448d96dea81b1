"""Sample: several answers of a model to each training prompt whose answer can be checked.

Drawing answers and checking them are two stages, since one is dear and the other may change its mind for nothing.
Candidates are remembered by prompt, model and way of drawing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation.ask import Asked, Desk, memory_of
from curation.contract.recipe import Sample as SampleSettings
from curation.measure import ingested
from curation.mix import hash_rank
from curation.remember import Compute, remembered
from curation.stage import Job
from model.engine import Drawing

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

VERSION = 1
SHARD = 500  # prompts to a batch (platform default)
_REPLIES = pa.list_(pa.struct([("text", pa.string()), ("finished", pa.bool_())]))
_ANSWERED = pa.schema([("sample_id", pa.string()), ("replies", _REPLIES), ("error", pa.string())])


def sample(job: Job, settings: SampleSettings, asked: Asked, origin: str) -> DataFrame:
    """Each row with its fate: `kept` where it was asked, `dropped` with the reason where not, `quarantined` where it
    could not be; and, as `made`, its candidates: `parent`, `number` (from 0), `text`, `finished`."""
    from pyspark.sql import functions as F

    samples = ingested(job)
    verifier = samples.select("row_id", F.col("answer.verifier").alias("verifier"))
    rows = job.survivors("review").select("row_id", "sample_id", "source", "task", "split", "edit")
    rows = rows.join(verifier, "row_id")
    rows = rows.withColumn("left_out", _left_out(settings))
    rows = rows.withColumn("rank", hash_rank("source", "left_out"))
    over = (F.col("left_out") == "") & (F.col("rank") > (settings.per_source or 2**31 - 1))
    rows = rows.withColumn("left_out", F.when(over, "per_source").otherwise(F.col("left_out"))).persist()
    prompts = samples.join(rows.where("left_out = ''").select("row_id"), "row_id", "left_semi")
    drawing = drawing_of(settings)
    desk = Desk(asked, job.runtime.store, job.runtime.access)
    folder = memory_of("candidates", VERSION, asked, asdict(drawing))
    contents = prompts.dropDuplicates(["sample_id"])
    answered = remembered(
        job,
        folder,
        contents,
        "sample_id",
        _answer_task(desk, drawing),
        _ANSWERED,
        SHARD,
        asked.engine.workers,
        asked.engine.gpus,
    )
    rows = rows.join(answered, "sample_id", "left")
    asked_rows = rows.select(
        *_identity(F.col("row_id")),
        F.lit("").alias("parent"),
        F.lit(None).cast("int").alias("number"),
        F.lit("").alias("text"),
        F.lit(None).cast("boolean").alias("finished"),
        F.when(F.col("left_out") != "", "dropped")
        .when(F.col("error").isNotNull(), "quarantined")
        .otherwise("kept")
        .alias("fate"),
        F.when((F.col("left_out") == "") & F.col("error").isNotNull(), "cannot_ask")
        .otherwise(F.col("left_out"))
        .alias("reason"),
        F.coalesce(F.when(F.col("left_out") == "", F.col("error")), F.lit("")).alias("detail"),
    )
    replies = rows.where("left_out = ''").select("*", F.posexplode("replies").alias("number", "reply"))
    made = replies.select(
        *_identity(F.concat("row_id", F.lit(f"~{origin}"), F.col("number").cast("string"))),
        F.col("row_id").alias("parent"),
        "number",
        F.col("reply.text").alias("text"),
        F.col("reply.finished").alias("finished"),
        F.lit("made").alias("fate"),
        F.lit("").alias("reason"),
        F.lit("").alias("detail"),
    )
    return asked_rows.unionByName(made)


def drawing_of(settings: SampleSettings) -> Drawing:
    return Drawing(
        candidates=settings.candidates,
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_new_tokens=settings.max_new_tokens,
    )


def _identity(row_id: Column) -> list[Any]:
    return [row_id.alias("row_id"), "sample_id", "source", "task"]


def _left_out(settings: SampleSettings) -> Column:
    """Why a row is not asked, "" where it is. The answer that people edited away is no truth to verify by."""
    from pyspark.sql import functions as F

    other = ~F.col("source").isin(settings.sources) if settings.sources else F.lit(False)
    return (
        F.when(F.col("split") != "train", "held_out")
        .when(F.col("verifier") == "", "no_verifier")
        .when(F.col("edit") != "", "edited")
        .when(other, "other_source")
        .otherwise("")
    )


def _answer_task(desk: Desk, drawing: Drawing) -> Compute:
    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = batch.to_pylist()
            answered: list[dict[str, Any]] = [{"sample_id": row["sample_id"]} for row in rows]
            prompts, errors = desk.prompts(rows, lambda sample: sample)
            found, refused = desk.generate(prompts, drawing)
            for place, replies in found.items():
                answered[place]["replies"] = [asdict(reply) for reply in replies]
            for place, error in (errors | refused).items():
                answered[place]["error"] = error
            yield pa.RecordBatch.from_pylist(answered, schema=_ANSWERED)

    return run
