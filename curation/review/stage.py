"""The review stage: what people decided about an answer becomes its row's fate. No other row waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.mix import COLUMNS
from curation.review.state import ReviewState
from curation.stage import Job

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VERSION = 1
_VERDICTS = "sample_id string, verdict string, edit string, reviewer long"


def review(job: Job, parent: str, state: ReviewState) -> DataFrame:
    """Each row with its `verdict` ("" where nobody was asked), `edit` and `reviewer`: `waiting` while a batch is open
    on it, `dropped` where it was rejected, else kept."""
    from pyspark.sql import functions as F

    rows = job.survivors(parent).select(*COLUMNS)
    found: list[tuple[str, str, str, int | None]] = [
        (v.sample_id, v.verdict, v.text, v.reviewer) for v in state.answers.values()
    ]
    found += [(sample_id, "waiting", "", None) for sample_id in sorted(state.waiting)]
    verdicts = job.spark.createDataFrame(found, _VERDICTS)
    rows = rows.join(F.broadcast(verdicts), "sample_id", "left")
    verdict = F.coalesce("verdict", F.lit(""))
    return rows.select(
        *COLUMNS,
        verdict.alias("verdict"),
        F.coalesce("edit", F.lit("")).alias("edit"),
        "reviewer",
        F.when(verdict == "waiting", "waiting").when(verdict == "reject", "dropped").otherwise("kept").alias("fate"),
        F.when(verdict == "waiting", "in_review").when(verdict == "reject", "rejected").otherwise("").alias("reason"),
        F.lit("").alias("detail"),
    )
