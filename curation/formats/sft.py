"""The SFT dataset: samples rendered for one family and pixel budget, as rows of typed, weighted segments.

The manifest records the family, the pixel budget and the file that the rows are rendered by; the trainer refuses a
checkpoint of another family. A sample that the family can't express is quarantined with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation.contract.dataset import RENDERED
from curation.contract.recipe import Render
from curation.contract.sample import SAMPLE, from_row
from curation.ingest import FATE
from curation.measure import ingested
from curation.stage import Job
from model.chat import RenderError, render
from model.family import family

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VERSION = 1
TABLE = pa.schema([*RENDERED, *[pa.field(*entry) for entry in FATE]])


def render_sft(job: Job, settings: Render) -> DataFrame:
    """The mixed rows as `RENDERED` rows with their fate."""
    from pyspark.sql import functions as F
    from pyspark.sql.pandas.types import from_arrow_schema

    chosen = job.survivors("mix").select("row_id", "split")
    rows = ingested(job).join(chosen, "row_id").select(*SAMPLE.names, F.col("split"))
    kind = family(settings.family)

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            made = [_row(row, kind, settings) for row in batch.to_pylist()]
            yield pa.RecordBatch.from_pylist(made, schema=TABLE)

    return rows.mapInArrow(run, from_arrow_schema(TABLE))


def _row(row: dict[str, Any], kind: Any, settings: Render) -> dict[str, Any]:
    split = row.pop("split")
    try:
        rendered = render(from_row(row), kind, settings.min_pixels, settings.max_pixels, split)
    except RenderError as error:
        identity = {name: row[name] for name in ("row_id", "sample_id", "source", "task")}
        return {**identity, "split": split, "fate": "quarantined", "reason": error.reason, "detail": str(error)}
    return {**asdict(rendered), "fate": "kept", "reason": "", "detail": ""}
