"""The SFT dataset: samples rendered for one family and pixel budget, as rows of typed, weighted segments.

To the samples come the answers that people edited, in the place of the old ones, and the answers of a model that
verified, as further rows. The manifest records the family and the pixel budget; the trainer refuses a checkpoint of
another family. A sample that the family can't express is quarantined with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation.contract.dataset import RENDERED
from curation.contract.recipe import Render
from curation.contract.sample import SAMPLE, from_row
from curation.ingest import FATE
from curation.measure import ingested
from curation.stage import Job
from model.answer import answer_text, with_answer
from model.chat import RenderError, render
from model.family import Family, family

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VERSION = 2
TABLE = pa.schema([*RENDERED, *[pa.field(*entry) for entry in FATE]])


def render_sft(job: Job, settings: Render, verified: str = "") -> DataFrame:
    """The reviewed rows as `RENDERED` rows with their fate, and as `made` the answers that the stage `verified` kept,
    but for those that say what the sample's own answer says."""
    from pyspark.sql import functions as F
    from pyspark.sql.pandas.types import from_arrow_schema

    rows = job.survivors("review").select("row_id", "split", "edit", F.lit("").alias("made"))
    if verified:
        answers = job.survivors(verified).where("parent != ''")
        texts = F.col("parent").alias("row_id"), F.col("text").alias("edit"), F.col("row_id").alias("made")
        rows = rows.unionByName(answers.select(*texts, F.lit("train").alias("split")))
    rows = ingested(job).join(rows, "row_id").select(*SAMPLE.names, "split", "edit", "made")
    kind = family(settings.family)

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            made = [found for row in batch.to_pylist() if (found := _row(row, kind, settings))]
            yield pa.RecordBatch.from_pylist(made, schema=TABLE)

    return rows.mapInArrow(run, from_arrow_schema(TABLE))


def _row(row: dict[str, Any], kind: Family, settings: Render) -> dict[str, Any] | None:
    """A row of the table; None for a verified answer that is the sample's own."""
    split, edit, made = (row.pop(name) for name in ("split", "edit", "made"))
    sample = from_row(row)
    sizes = kind, settings.min_pixels, settings.max_pixels
    try:
        rendered = render(sample, *sizes, split)
        if made and edit == answer_text(rendered):
            return None
        if edit:
            rendered = replace(with_answer(sample, edit, *sizes), split=split, row_id=made or sample.row_id)
            if not made:  # what people wrote is the truth from now on
                rendered = replace(rendered, reference=replace(rendered.reference, text=edit))
    except RenderError as error:
        identity = {name: row[name] for name in ("row_id", "sample_id", "source", "task")}
        return {**identity, "split": split, "fate": "quarantined", "reason": error.reason, "detail": str(error)}
    return {**asdict(rendered), "fate": "made" if made else "kept", "reason": "", "detail": ""}
