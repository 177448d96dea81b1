"""What samples are compared by: their pictures, for those without pictures their text, and where an answer points.

Rows come from this run and, where the recipe says `against`, from earlier runs, whose kept rows stand fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from curation.contract.table import read_manifest
from curation.measure import ingested
from curation.stage import Job

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

# Builders whose question comes from the recipe: it is drawn by image, and says nothing about the sample.
_ASKED_BY_RECIPE = ("caption", "spotting", "extraction", "detection", "referring")
_GRID = 16  # cells a side: the same question about another place is another sample


def described(job: Job, earlier: Sequence[dict[str, str]]) -> DataFrame:
    """Every measured row with what it is compared by, and those that `earlier` runs kept, by their tables.

    `row_id`, `sample_id`, `source`, `task`, `builder`; `settled`, whether an earlier run kept it, `elsewhere`, whether
    only such a run has it; `question` and `answer` as compared; lists `media_sha256` and `pixel_hash` by image; `text`,
    the id of what a row without images says, else null; `places`, a list of (media, what): what is done or pointed at
    on which image, and `stepwise`, whether by an agent; `area` of the largest image in pixels; `quality` if measured.
    """
    from pyspark.sql import functions as F

    mine = _described(job)
    if not earlier:
        return mine.withColumns({"settled": F.lit(False), "elsewhere": F.lit(False)})
    kept = reduce(lambda a, b: a.unionByName(b), [_kept(replace(job, tables=tables)) for tables in earlier])
    kept = kept.dropDuplicates(["row_id"])
    before = kept.select("row_id", "sample_id", F.lit(True).alias("before"))
    known = mine.join(before, ["row_id", "sample_id"], "left").withColumn("settled", F.coalesce("before", F.lit(False)))
    others = kept.join(mine.select("row_id"), "row_id", "left_anti").withColumn("settled", F.lit(True))
    return (
        known.drop("before")
        .withColumn("elsewhere", F.lit(False))
        .unionByName(others.withColumn("elsewhere", F.lit(True)))
    )


def _kept(job: Job) -> DataFrame:
    last = next(name for name in ("decontaminate", "deduplicate") if name in job.tables)
    return _described(job).join(job.survivors(last).select("row_id"), "row_id", "left_semi")


def _described(job: Job) -> DataFrame:
    from pyspark.sql import functions as F

    samples = ingested(job).select(
        "row_id",
        _builder(job),
        spoken("user").alias("question"),
        F.col("answer.text").alias("answer"),
        F.coalesce(F.array_max(F.transform("media", lambda m: m["width"] * m["height"])), F.lit(0)).alias("area"),
        _places().alias("places"),
        (F.size("steps") > 0).alias("stepwise"),
    )
    lists = [F.coalesce(name, F.array().cast("array<string>")).alias(name) for name in ("media_sha256", "pixel_hash")]
    measured = job.survivors("measure")
    quality = F.col("quality_probability") if "quality_probability" in measured.columns else F.lit(None).cast("double")
    rows = measured.select("row_id", "sample_id", "source", "task", *lists, quality.alias("quality"))
    rows = rows.join(samples, "row_id")
    asked = F.when(F.col("builder").isin(*_ASKED_BY_RECIPE), "").otherwise(F.col("question"))
    text = F.md5(F.concat_ws("\x1f", "question", _plain("answer")))
    return rows.withColumn("question", asked).withColumn("text", F.when(F.size("pixel_hash") == 0, text))


def _builder(job: Job) -> Column:
    """Which builder made a row's sample, by its source."""
    from pyspark.sql import functions as F

    names = sorted(name for name in job.tables if name.startswith("ingest_"))
    built = [(name.removeprefix("ingest_"), read_manifest(job.tables[name]).settings["build"]) for name in names]
    known = F.create_map(*[F.lit(word) for pair in built for word in pair])
    return known[F.col("source")].alias("builder")


def spoken(role: str) -> Column:
    """The text of all turns of a role, lower case, white space collapsed."""
    from pyspark.sql import functions as F

    turns = F.filter("messages", lambda turn: turn["role"] == role)
    parts = F.flatten(F.transform(turns, lambda turn: F.transform(turn["parts"], lambda part: part["text"])))
    return _plain(F.array_join(parts, " "))


def _plain(text: Column | str) -> Column:
    from pyspark.sql import functions as F

    return F.trim(F.regexp_replace(F.lower(text), r"\s+", " "))


def _places() -> Column:
    """Each step of an agent, or the one region that an answer points at."""
    from pyspark.sql import functions as F

    steps = F.transform(
        "steps",
        lambda step: F.struct(
            step["media"].alias("media"),
            F.concat_ws(
                " ", step["action"], step["arguments"], _cells(step["region"]), _cells(step["end_region"])
            ).alias("what"),
        ),
    )
    pointed = F.when(
        F.col("answer.verifier").isin("box", "click") & (F.size("regions") > 0),
        F.array(F.struct(F.get("regions", F.lit(0))["media"].alias("media"), _cells(F.lit(0)).alias("what"))),
    ).otherwise(F.array().cast("array<struct<media:int,what:string>>"))
    return F.when(F.size("steps") > 0, steps).otherwise(pointed)


def _cells(region: Column) -> Column:
    """Where a region lies, on a grid of _GRID by _GRID cells of its image; "" where there is none."""
    from pyspark.sql import functions as F

    here = F.get("regions", F.when(region >= 0, region))
    medium = F.get("media", here["media"])
    turned = medium["orientation"] >= 5
    width = F.when(turned, medium["height"]).otherwise(medium["width"])
    height = F.when(turned, medium["width"]).otherwise(medium["height"])
    cells = F.transform(
        here["points"], lambda value, at: F.floor(value * _GRID / F.when(at % 2 == 0, width).otherwise(height))
    )
    return F.coalesce(F.array_join(cells.cast("array<string>"), ","), F.lit(""))


def pictures_in(files: DataFrame, measured: DataFrame) -> DataFrame:
    """`pixels`, `sha256`, `phash`, `window_phashes`: each distinct picture among `files` (sha256), and the first of the
    files that show it. `measured` is `measured_images`."""
    from pyspark.sql import functions as F

    found = measured.join(files.distinct(), "sha256", "left_semi").where("pixel_hash is not null")
    names = ("sha256", "phash", "window_phashes")
    return found.groupBy(F.col("pixel_hash").alias("pixels")).agg(*[F.min(name).alias(name) for name in names])
