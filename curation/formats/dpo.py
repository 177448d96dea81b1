"""The DPO dataset: pairs rendered for one family and pixel budget. Both answers stand behind the prompt of the sample
itself, so that they share it token for token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation.contract.dataset import PAIRS
from curation.contract.recipe import Render
from curation.contract.sample import SAMPLE, from_row
from curation.ingest import FATE
from curation.stage import Job
from model.answer import unusable, with_answer
from model.chat import RenderError
from model.family import family

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VERSION = 2
TABLE = pa.schema([*PAIRS, *[pa.field(*entry) for entry in FATE]])


def render_dpo(job: Job, settings: Render) -> DataFrame:
    """The pairs as `PAIRS` rows with their fate. All are training rows: the prompts that are held out are not asked.
    Rows that two sources share, or people and the verifier, can make a pair twice: the first stays."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F
    from pyspark.sql.pandas.types import from_arrow_schema

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_pylist([_row(row, settings) for row in batch.to_pylist()], schema=TABLE)

    rows = job.survivors("pair").select(*SAMPLE.names).mapInArrow(run, from_arrow_schema(TABLE))
    alike = Window.partitionBy(F.xxhash64("segments", "rejected", "media"), "fate").orderBy("row_id")
    repeated = (F.row_number().over(alike) > 1) & (F.col("fate") == "kept")
    return rows.withColumn("reason", F.when(repeated, "repeated").otherwise(F.col("reason"))).withColumn(
        "fate", F.when(F.col("reason") == "repeated", "dropped").otherwise(F.col("fate"))
    )


def _row(row: dict[str, Any], settings: Render) -> dict[str, Any]:
    sample = from_row(row)
    assert sample.preference is not None
    sizes = family(settings.family), settings.min_pixels, settings.max_pixels
    identity = {**{name: row[name] for name in ("row_id", "sample_id", "source", "task")}, "split": "train"}
    for text in (sample.preference.chosen, sample.preference.rejected):
        if unusable(text):
            detail = f"an answer that is empty or begins with a newline: {text[:40]!r}"
            return {**identity, "fate": "dropped", "reason": "unusable_answer", "detail": detail}
    try:
        chosen = with_answer(sample, sample.preference.chosen, *sizes)
        rejected = with_answer(sample, sample.preference.rejected, *sizes)
    except RenderError as error:
        return {**identity, "fate": "quarantined", "reason": error.reason, "detail": str(error)}
    return {
        **asdict(chosen),
        "rejected": [asdict(segment) for segment in rejected.segments[rejected.answer_at :]],
        "margin": sample.preference.margin,
        "origin": sample.preference.origin,
        "better": [],  # whoever judges a pair today says only which answer is better overall
        "fate": "kept",
        "reason": "",
        "detail": "",
    }
