"""Measure: every signal of every sample, once per content.

Text and header signals belong to a sample's content, pixel signals to an image's bytes, those that compare screens to
a trajectory. What was measured lies in `<store>/signals/<tier>-<what measured>/` in batches, so that another recipe, a
new delivery or a changed threshold measures only what nobody has measured before. A new or changed signal measures its
tier anew, with one decode. Corpus signals are the exception: they count over the rows of this very run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation.contract.recipe import Recipe, RecipeError
from curation.contract.table import join
from curation.corpus import corpus_signals, on_rows
from curation.media import MediaStore
from curation.remember import Compute, recalled, remembered
from curation.stage import Job
from curation.store import fingerprint
from filters.catalogue import catalogue
from filters.context import Context
from filters.frames import COLUMNS
from filters.measuring import corpus_keys, measure_image, measure_samples, measure_screens
from filters.signal import Signal, signal_schema
from model.image import ImageError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

VERSION = 2
SHARD = 50_000  # contents to a batch (platform default)
_AT_ONCE = 4_096  # samples that the text signals get at a time: fewer cost overhead
_BYTES_AT_ONCE = 8_000_000  # and no more than this, where a sample is long


def context_of(recipe: Recipe) -> Context:
    """For which model, and with which files, a recipe measures. Raises RecipeError for a file that is not there."""
    context = Context(**recipe.measure.model_dump(), **recipe.render.model_dump())
    try:
        context.settings()
    except OSError as error:
        raise RecipeError(f"measure: {error.filename}: {error.strerror}") from None
    return context


def settings(context: Context) -> dict[str, Any]:
    """What the measure stage's fingerprint covers: each signal with its version, the model's view, the files."""
    return {"signals": sorted(signal.key for signal in catalogue().values()), "context": context.settings()}


def measure(job: Job, context: Context) -> DataFrame:
    """One row per sample: `sample_id`, every signal, and the fate: quarantined where an image can't be decoded."""
    from pyspark.sql import functions as F

    samples = ingested(job).withColumn("content", _content()).withColumn("pictures", _pictures())
    rows = samples.select("row_id", "sample_id", "source", "task", "content", "pictures")
    rows = on_rows(rows.join(_of_samples(job, samples, context), "content", "left"), corpus_signals())
    rows = rows.join(_of_images(job, samples), "pictures", "left").join(_of_screens(job, samples), "row_id", "left")
    return rows.select(
        "*",
        F.when(F.col("error").isNull(), "kept").otherwise("quarantined").alias("fate"),
        F.coalesce("error", F.lit("")).alias("reason"),
        F.coalesce("message", F.lit("")).alias("detail"),
    ).drop("error", "message", "content", "pictures")


def ingested(job: Job) -> DataFrame:
    """The samples of all sources."""
    names = [name for name in job.tables if name.startswith("ingest_")]
    return reduce(lambda a, b: a.unionByName(b), [job.survivors(name) for name in names])


def _content() -> Column:
    """What text and header signals depend on: the sample's content and its tags, which `sample_id` does not cover."""
    from pyspark.sql import functions as F

    tagged = F.concat_ws("#", "sample_id", F.hex(F.xxhash64(F.array_sort("tags"))))
    return F.when(F.size("tags") > 0, tagged).otherwise(F.col("sample_id"))


def _pictures() -> Column:
    """A row's images by their hashes; its own id where it has none, so that such rows do not meet in one task."""
    from pyspark.sql import functions as F

    return F.when(F.size("media") > 0, F.array_join("media.sha256", ",")).otherwise(F.col("row_id"))


def _of_samples(job: Job, samples: DataFrame, context: Context) -> DataFrame:
    """The signals of the header and text tiers and the keys of the corpus tier, by `content`."""
    from pyspark.sql import functions as F

    signals, counted = _signals("header", "text"), corpus_signals()
    schema = pa.schema(
        [
            *signal_schema("content", signals),
            *(pa.field(signal.name, pa.list_(pa.string())) for signal in counted),
        ]
    )

    def compute(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in _larger(batches):
            measured = measure_samples(table, signals, context)
            keys = corpus_keys(table, counted, context)
            columns = [table.column("content"), *measured.columns[1:], *keys.columns[1:]]
            yield from pa.table(columns, schema=schema).combine_chunks().to_batches()

    # Without the source, which is not part of the content: equal contents of two sources are measured once.
    payload = samples.select("content", *COLUMNS).withColumn("source", F.lit("")).dropDuplicates(["content"])
    folder = _folder("samples", [*signals, *counted], context.settings())
    return remembered(job, folder, payload, "content", compute, schema, SHARD)


def _of_images(job: Job, samples: DataFrame) -> DataFrame:
    """What the images of each list of images tell, reduced to the list, by `pictures`; `error` and `message` where one
    can't be decoded."""
    from pyspark.sql import functions as F

    images = samples.select(F.explode("media").alias("m")).select("m.sha256", "m.orientation")
    images = images.dropDuplicates(["sha256"]).repartition(job.spark.sparkContext.defaultParallelism * 4)
    signals = image_signals()
    compute = _image_task(job.runtime.media, signals, _image_schema())
    of_image = remembered(job, _folder("pixels", signals), images, "sha256", compute, _image_schema(), SHARD)
    brought = [signal for signal in signals if signal.reducer != "none"]
    # Most samples have one image or none: they are joined with the image itself, and only lists are gathered.
    alone = of_image.select(
        F.col("sha256").alias("pictures"),
        *(F.array(signal.name).alias(signal.name) if signal.dtype == "string" else signal.name for signal in brought),
        F.array("sha256").alias("media_sha256"),
        "error",
        "message",
    )
    lists = samples.where(F.size("media") > 1).select("pictures", "media").dropDuplicates(["pictures"])
    units = lists.select("pictures", F.posexplode("media.sha256").alias("position", "sha256"))
    gathered = (
        units.join(of_image, "sha256", "left")
        .groupBy("pictures")
        .agg(
            *(_reducer(signal).alias(signal.name) for signal in brought),
            _in_order("sha256").alias("media_sha256"),
            F.min("error").alias("error"),
            F.min("message").alias("message"),
        )
    )
    return alone.unionByName(gathered)


def image_signals() -> list[Signal]:
    return [signal for signal in _signals("pixels") if signal.grain == "media"]


def measured_images(job: Job) -> DataFrame:
    """Every image that the store has measured with today's signals, by `sha256`, all signals unreduced."""
    return recalled(job, _folder("pixels", image_signals()))


def _image_schema() -> pa.Schema:
    ends = [pa.field("error", pa.string()), pa.field("message", pa.string())]
    return pa.schema([*signal_schema("sha256", image_signals()), *ends])


def _of_screens(job: Job, samples: DataFrame) -> DataFrame:
    """What the screens of a trajectory tell when they are compared, by row."""
    from pyspark.sql import functions as F

    signals = [signal for signal in _signals("pixels") if signal.grain == "step"]
    several = samples.where((F.size("steps") > 1) & (F.size("media") > 1))
    schema = signal_schema("sample_id", signals)
    compute = _screens_task(job.runtime.media, signals, schema)
    contents = several.select(
        "sample_id",
        F.col("steps.media").alias("places"),
        F.col("media.sha256").alias("hashes"),
        F.col("media.orientation").alias("orientations"),
    ).dropDuplicates(["sample_id"])
    measured = remembered(job, _folder("screens", signals), contents, "sample_id", compute, schema, SHARD)
    return several.select("row_id", "sample_id").join(measured, "sample_id").drop("sample_id")


def _signals(*tiers: str) -> list[Signal]:
    return [signal for signal in catalogue().values() if signal.tier in tiers]


def _folder(tier: str, signals: Sequence[Signal], context: dict[str, Any] | None = None) -> str:
    measured = sorted(signal.key for signal in signals)
    return join("signals", f"{tier}-{fingerprint([measured, context] if context else measured)}")


def _larger(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Spark's batches, which are small for the sake of images, put together for signals that take no room."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        rows, size = sum(each.num_rows for each in waiting), sum(each.nbytes for each in waiting)
        if rows >= _AT_ONCE or size >= _BYTES_AT_ONCE:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def _image_task(media: MediaStore, signals: list[Signal], schema: pa.Schema) -> Compute:
    url, access = media.url, media.access  # a store holds a lock, which does not travel

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        media = MediaStore(url, access)
        for batch in batches:
            hashes, orientations = batch.column("sha256").to_pylist(), batch.column("orientation").to_pylist()
            rows = []
            for sha256, orientation, data in zip(hashes, orientations, media.get_many(hashes), strict=True):
                try:
                    rows.append({"sha256": sha256, **measure_image(data, orientation, signals)})
                except ImageError as error:
                    rows.append({"sha256": sha256, "error": error.kind, "message": str(error)})
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    return run


def _screens_task(media: MediaStore, signals: list[Signal], schema: pa.Schema) -> Compute:
    url, access = media.url, media.access

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        media = MediaStore(url, access)
        for batch in batches:
            rows = []
            for row in batch.to_pylist():
                # Steps that follow each other on one medium have one screen; a place that is not there has none.
                known = dict(enumerate(media.get_many(row["hashes"])))
                places = [place for place, _ in groupby(row["places"])]
                turns = [row["orientations"][place] if place in known else 1 for place in places]
                values = measure_screens([known.get(place, b"") for place in places], turns, signals)
                rows.append({"sample_id": row["sample_id"], **values})
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    return run


def _reducer(signal: Signal) -> Column:
    from pyspark.sql import functions as F

    if signal.dtype == "string":
        return _in_order(signal.name)
    if signal.reducer == "first":
        return F.min_by(signal.name, "position")
    if signal.reducer == "mean":  # summed in the order of the values: the order of rows must not show in a last digit
        values = F.array_sort(F.collect_list(signal.name))
        total = F.aggregate(values, F.lit(0.0), lambda total, value: total + value)
        return F.try_divide(total, F.count(signal.name))  # null where no image could be measured
    return {"min": F.min, "max": F.max}[signal.reducer](signal.name)


def _in_order(name: str) -> Column:
    from pyspark.sql import functions as F

    pairs = F.array_sort(F.collect_list(F.struct("position", F.col(name).alias("value"))))
    return F.transform(pairs, lambda pair: pair["value"])
