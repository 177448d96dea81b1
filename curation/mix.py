"""Mix: who trains, who is held out, and how much of each.

Splits go by duplicate group, so that no test image or question was seen in training. A group's side is drawn from its
name, which is its smallest picture's hash: a later delivery that adds a smaller one to a group may move it as a whole.
Caps and ratios thin
rows in the order of a hash of their content: adding rows elsewhere changes no other row's place in the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.contract.recipe import Mix
from curation.stage import Job

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

VERSION = 1
COLUMNS = ["row_id", "sample_id", "source", "task", "group", "split"]  # of a row, from here to the dataset
_PARTS = 1_000_000  # resolution of the split's share


def mix(job: Job, settings: Mix, parent: str) -> DataFrame:
    """Each row that `parent` passes on with its `split` (train or test), thinned rows with the reason."""
    from pyspark.sql import functions as F

    rows = job.survivors(parent).select("row_id", "sample_id", "source", "task", "group")
    part = F.pmod(F.xxhash64("group", F.lit("split")), F.lit(_PARTS))
    rows = rows.withColumn("split", F.when(part < settings.test_fraction * _PARTS, "test").otherwise("train"))
    rows = rows.withColumn("is_text", F.col("task") == "text").withColumn("reason", F.lit(""))
    rows = _cap(rows, settings)
    if settings.text_share is not None:
        rows = _balance(rows, settings.text_share)
    return rows.select(
        *COLUMNS,
        F.when(F.col("reason") == "", "kept").otherwise("dropped").alias("fate"),
        "reason",
        F.lit("").alias("detail"),
    )


def _cap(rows: DataFrame, settings: Mix) -> DataFrame:
    """At most so many training rows of a source, and test rows of any."""
    from pyspark.sql import functions as F

    cap = F.lit(None).cast("int")
    for source, most in sorted(settings.caps.items()):
        cap = F.when((F.col("source") == source) & (F.col("split") == "train"), most).otherwise(cap)
    if settings.test_cap is not None:
        cap = F.when(F.col("split") == "test", settings.test_cap).otherwise(cap)
    rank = hash_rank("source", "split")
    name = F.when(F.col("split") == "test", "test_cap").otherwise("cap")
    return rows.withColumn("rank", rank).withColumn("reason", F.when(F.col("rank") > cap, name).otherwise(""))


def _balance(rows: DataFrame, text_share: float) -> DataFrame:
    """Thins the side in excess among the training rows that the caps left."""
    from pyspark.sql import functions as F

    train = (F.col("split") == "train") & (F.col("reason") == "")
    counts = {row["is_text"]: row["count"] for row in rows.where(train).groupBy("is_text").count().collect()}
    keep_text, keep_media = balance(counts.get(True, 0), counts.get(False, 0), text_share)
    rows = rows.withColumn("eligible", train).withColumn("rank", hash_rank("is_text", "eligible"))
    most = F.when(F.col("is_text"), keep_text).otherwise(keep_media)
    thinned = F.col("eligible") & (F.col("rank") > most)
    return rows.withColumn("reason", F.when(thinned, "text_share").otherwise(F.col("reason")))


def balance(text: int, media: int, text_share: float) -> tuple[int, int]:
    """How many text and multimodal rows to keep so that text is `text_share` of them, thinning one side only.

    Where one side is empty there is no ratio to reach, and both stay as they are.
    """
    if not text or not media or text == text_share * (text + media):
        return text, media
    if text > text_share * (text + media):
        return (min(text, round(media * text_share / (1 - text_share))) if text_share < 1 else text), media
    return text, (min(media, round(text * (1 - text_share) / text_share)) if text_share > 0 else media)


def hash_rank(*by: str) -> Column:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    order = Window.partitionBy(*by).orderBy(F.xxhash64("sample_id", F.lit("mix")), "row_id")
    return F.row_number().over(order)
