"""Measure: every signal of every sample, once per content.

Text and header signals belong to a sample's content, pixel signals to an image's bytes. What was measured lies in
`<store>/signals/<tier>-<which signals>/` in batches, so that another recipe, a new delivery or a changed threshold
measures only what nobody has measured before. A new or changed signal measures its tier anew, with one decode.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa

from curation.contract.table import join
from curation.media import MediaStore
from curation.remember import Compute, remembered
from curation.stage import Job
from curation.store import fingerprint
from filters.catalogue import catalogue
from filters.measuring import measure_image, measure_samples
from filters.signal import Signal, signal_schema
from model.image import ImageError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

VERSION = 1
SHARD = 50_000  # contents to a batch (platform default)
_PAYLOAD = ["sample_id", "task", "messages", "media", "regions", "steps", "answer"]


def signals_of(pixels: bool) -> list[Signal]:
    return [signal for signal in catalogue().values() if (signal.tier == "pixels") is pixels]


def settings() -> dict[str, list[str]]:
    """What the measure stage's fingerprint covers: each signal with its version."""
    return {"signals": sorted(signal.key for signal in catalogue().values())}


def measure(job: Job) -> DataFrame:
    """One row per sample: `sample_id`, every signal, and the fate: quarantined where an image can't be decoded."""
    from pyspark.sql import functions as F

    samples = ingested(job)
    of_sample = _measured(
        job, "samples", samples.select(*_PAYLOAD).dropDuplicates(["sample_id"]), "sample_id", signals_of(pixels=False)
    )
    images = samples.select(F.explode("media").alias("m")).select("m.sha256", "m.orientation")
    images = images.dropDuplicates(["sha256"]).repartition(job.spark.sparkContext.defaultParallelism * 4)
    of_image = _measured(job, "pixels", images, "sha256", signals_of(pixels=True))
    on_sample = _reduce_to_sample(samples, of_image)
    rows = samples.select("row_id", "sample_id", "source", "task").join(of_sample, "sample_id", "left")
    rows = rows.join(on_sample, "row_id", "left")
    return rows.select(
        "*",
        F.when(F.col("error").isNull(), "kept").otherwise("quarantined").alias("fate"),
        F.coalesce("error", F.lit("")).alias("reason"),
        F.coalesce("message", F.lit("")).alias("detail"),
    ).drop("error", "message")


def ingested(job: Job) -> DataFrame:
    """The samples of all sources."""
    names = [name for name in job.tables if name.startswith("ingest_")]
    return reduce(lambda a, b: a.unionByName(b), [job.survivors(name) for name in names])


def _measured(job: Job, tier: str, contents: DataFrame, key: str, signals: list[Signal]) -> DataFrame:
    """The measurements of all contents of a tier."""
    if tier == "samples":
        compute, schema = _sample_task(signals), _sample_schema(signals)
    else:
        compute, schema = _image_task(job.runtime.media, signals), _image_schema(signals)
    folder = join("signals", f"{tier}-{fingerprint(sorted(signal.key for signal in signals))}")
    return remembered(job, folder, contents, key, compute, schema, SHARD)


def _sample_schema(signals: list[Signal]) -> pa.Schema:
    return signal_schema("sample_id", signals)


def _image_schema(signals: list[Signal]) -> pa.Schema:
    ends = [pa.field("error", pa.string()), pa.field("message", pa.string())]
    return pa.schema([*signal_schema("sha256", signals), *ends])


def _sample_task(signals: list[Signal]) -> Compute:
    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        schema = _sample_schema(signals)
        for batch in batches:
            table = measure_samples(pa.Table.from_batches([batch]), signals)
            yield from table.select(schema.names).cast(schema).to_batches()

    return run


def _image_task(media: MediaStore, signals: list[Signal]) -> Compute:
    url, access = media.url, media.access  # a store holds a lock, which does not travel

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        media, schema = MediaStore(url, access), _image_schema(signals)
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


def _reduce_to_sample(samples: DataFrame, of_image: DataFrame) -> DataFrame:
    """Image measurements brought to the rows: numbers by their signal's reducer, strings as a list in media order."""
    from pyspark.sql import functions as F

    media = samples.select("row_id", F.posexplode("media").alias("position", "m"))
    joined = media.select("row_id", "position", F.col("m.sha256").alias("sha256")).join(of_image, "sha256", "left")
    columns = [_reducer(signal).alias(signal.name) for signal in signals_of(pixels=True)]
    return joined.groupBy("row_id").agg(
        *columns,
        _in_order("sha256").alias("media_sha256"),
        F.min("error").alias("error"),
        F.min("message").alias("message"),
    )


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
