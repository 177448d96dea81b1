"""Measure: every signal of every sample, once per content.

Text and header signals belong to a sample's content, pixel signals to an image's bytes, those that compare screens to
a trajectory. What was measured lies in `<store>/signals/<tier>-<what measured>/` in batches, so that another recipe, a
new delivery or a changed threshold measures only what nobody has measured before. A new or changed signal measures its
tier anew, with one decode. Corpus signals are the exception: they count over the rows of this very run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.contract.recipe import Recipe, RecipeError
from curation.contract.table import join
from curation.corpus import corpus_signals, corpus_values, key_columns
from curation.media import MediaStore
from curation.packing import pack, packed_type, place, unpack
from curation.remember import Compute, recalled, remembered
from curation.stage import Finished, Job
from curation.store import fingerprint
from curation.writing import gathered
from filters.catalogue import catalogue
from filters.context import Context
from filters.frames import COLUMNS
from filters.measuring import corpus_keys, measure_images, measure_samples, measure_screens
from filters.reducing import reduce_units
from filters.signal import Signal, signal_schema
from model.image import ImageError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

VERSION = 5
SHARD = 50_000  # contents to a batch (platform default)
_ROWS_AT_ONCE, _BYTES_AT_ONCE = 16_384, 8_000_000  # that text signals get: each time costs as much as 2,000 rows
_ERROR = [pa.field("error", pa.string()), pa.field("message", pa.string())]
_OF_SAMPLE, _OF_IMAGES = "of_sample", "of_images"  # packed signals
_UNITS = pa.schema([("position", pa.int32()), ("sha256", pa.string()), ("packed", packed_type()), *_ERROR])


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


def measure(job: Job, context: Context) -> Finished:
    """One row per sample: `sample_id`, every signal, and the fate: quarantined where an image can't be decoded."""
    from pyspark.sql import functions as F

    samples = ingested(job).withColumn("content", _content()).withColumn("pictures", _pictures())
    rows = samples.select("row_id", "sample_id", "source", "task", "content", "pictures")
    of_samples = _of_samples(job, samples, context)
    of_images = _of_images(job, samples)
    of_screens = _of_screens(job, samples)
    counted = key_columns(corpus_signals())
    keys = rows.select("row_id", "source", "content").join(of_samples.select("content", *counted), "content")
    # What is wide comes last, so that it is shuffled once.
    rows = rows.join(corpus_values(keys, corpus_signals()), "row_id", "left").join(of_screens, "row_id", "left")
    rows = rows.join(of_samples.drop(*counted), "content", "left").join(of_images, "pictures", "left")
    rows = rows.select(
        "*",
        F.when(F.col("error").isNull(), "kept").otherwise("quarantined").alias("fate"),
        F.coalesce("error", F.lit("")).alias("reason"),
        F.coalesce("message", F.lit("")).alias("detail"),
    )
    return Finished(rows.drop("error", "message", "content", "pictures"), _named)


def _named(rows: pa.Table) -> pa.Table:
    """The rows with a column for each signal, in the catalogue's order."""
    found = unpack(rows.column(_OF_SAMPLE), _signals("header", "text"))
    found |= unpack(rows.column(_OF_IMAGES), brought_signals())
    found |= {name: rows.column(name) for name in rows.column_names}
    first = ["row_id", "sample_id", "source", "task"]
    signals = [name for name in catalogue() if name in found]
    return pa.table({name: found[name] for name in [*first, *signals, "media_sha256", "fate", "reason", "detail"]})


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
    """The signals of the header and text tiers, packed, and the keys of the corpus tier, by `content`."""
    from pyspark.sql import functions as F

    signals, counted = _signals("header", "text"), corpus_signals()
    keys = [pa.field(name, pa.list_(pa.string())) for name in key_columns(counted)]
    schema = pa.schema([("content", pa.string()), (_OF_SAMPLE, packed_type()), *keys])

    def compute(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in gathered(batches, _ROWS_AT_ONCE, _BYTES_AT_ONCE):
            measured = pack(measure_samples(table, signals, context), signals)
            keys = corpus_keys(table, counted, context)
            columns = [table.column("content"), measured, *keys.columns[1:]]
            yield from pa.table(columns, schema=schema).combine_chunks().to_batches()

    # Without the source, which is not part of the content: equal contents of two sources are measured once.
    payload = samples.select("content", *COLUMNS).withColumn("source", F.lit(""))
    folder = _folder("samples", [*signals, *counted], context.settings())
    return remembered(job, folder, payload, "content", compute, schema, SHARD)


def _of_images(job: Job, samples: DataFrame) -> DataFrame:
    """What the images of each list of images tell, packed, by `pictures`; `error` and `message` where one can't be
    decoded."""
    from pyspark.sql import functions as F

    of_image = measure_images_of(job, samples).select("sha256", "packed", "error", "message")
    # Most samples have one image or none: they are joined with the image itself, and only lists are gathered.
    lists = [F.transform("packed.texts", lambda text: F.array(text)).alias("texts")]
    alone = of_image.select(
        F.col("sha256").alias("pictures"),
        F.when(F.col("packed").isNotNull(), F.struct("packed.floats", "packed.ints", "packed.flags", *lists)).alias(
            _OF_IMAGES
        ),
        F.array("sha256").alias("media_sha256"),
        "error",
        "message",
    )
    several = samples.where(F.size("media") > 1).select("pictures", "media").dropDuplicates(["pictures"])
    units = several.select("pictures", F.posexplode("media.sha256").alias("position", "sha256"))
    unit = F.struct("position", "sha256", "packed", "error", "message")
    gathered = units.join(of_image, "sha256", "left").groupBy("pictures")
    gathered = gathered.agg(F.array_sort(F.collect_list(unit)).alias("units"))
    return alone.unionByName(gathered.mapInArrow(_reduce_lists, alone.schema))


def image_signals() -> list[Signal]:
    return [signal for signal in _signals("pixels") if signal.grain == "media"]


def brought_signals() -> list[Signal]:
    """The image signals that are brought to samples; the others stay with their images."""
    return [signal for signal in image_signals() if signal.reducer != "none"]


def measured_images(job: Job) -> DataFrame:
    """(sha256, pixel_hash, phash, window_phashes) of every image that the store has measured with today's signals."""
    from pyspark.sql import functions as F

    brought = brought_signals()
    found = []
    for name in ("pixel_hash", "phash"):
        where, index = place(catalogue()[name], brought)
        found.append(F.get(f"packed.{where}", F.lit(index)).alias(name))
    return recalled(job, _images_folder(), "sha256").select("sha256", *found, "window_phashes")


def measure_images_of(job: Job, samples: DataFrame) -> DataFrame:
    """The measured images of samples, by `sha256`, with whatever else the store knows."""
    from pyspark.sql import functions as F

    images = samples.select(F.explode("media").alias("m")).select("m.sha256", "m.orientation")
    return remembered(job, _images_folder(), images, "sha256", _image_task(job.runtime.media), _image_schema(), SHARD)


def _images_folder() -> str:
    return _folder("pixels", image_signals())


def _image_schema() -> pa.Schema:
    stays = [pa.field(signal.name, signal.arrow_type) for signal in image_signals() if signal.reducer == "none"]
    return pa.schema([("sha256", pa.string()), ("packed", packed_type()), *stays, *_ERROR])


def _reduce_lists(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Lists of measured images to one packed row each."""
    signals = brought_signals()
    schema = pa.schema([(each.name, each.sample_type) for each in signals])
    for batch in batches:
        lists = [pa.Table.from_pylist(units, schema=_UNITS) for units in batch.column("units").to_pylist()]
        rows = []
        for units in lists:
            values = {name: column.to_pylist() for name, column in unpack(units.column("packed"), signals).items()}
            rows.append({signal.name: reduce_units(signal, values[signal.name]) for signal in signals})
        yield pa.RecordBatch.from_arrays(
            [
                batch.column("pictures"),
                pack(pa.Table.from_pylist(rows, schema=schema), signals, lists=True),
                pa.array([units.column("sha256").to_pylist() for units in lists], pa.list_(pa.string())),
                *(pa.array([pc.min(units.column(name)).as_py() for units in lists]) for name in ("error", "message")),
            ],
            ["pictures", _OF_IMAGES, "media_sha256", "error", "message"],
        )


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
    )
    measured = remembered(job, _folder("screens", signals), contents, "sample_id", compute, schema, SHARD)
    return several.select("row_id", "sample_id").join(measured, "sample_id").drop("sample_id")


def _signals(*tiers: str) -> list[Signal]:
    return [signal for signal in catalogue().values() if signal.tier in tiers]


def _folder(tier: str, signals: Sequence[Signal], context: dict[str, Any] | None = None) -> str:
    measured = sorted(signal.key for signal in signals)
    return join("signals", f"{tier}-{fingerprint([VERSION, measured, context])}")


def _image_task(media: MediaStore) -> Compute:
    url, access = media.url, media.access  # a store holds a lock, which does not travel

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        media, signals, brought, schema = MediaStore(url, access), image_signals(), brought_signals(), _image_schema()
        columns = pa.schema([*signal_schema("sha256", signals), *_ERROR])
        for batch in batches:
            hashes, orientations = batch.column("sha256").to_pylist(), batch.column("orientation").to_pylist()
            rows = [
                {"error": found.kind, "message": str(found)} if isinstance(found, ImageError) else found
                for found in measure_images(zip(media.get_many(hashes), orientations, strict=True), signals)
            ]
            values = {each.name: pa.array([row.get(each.name) for row in rows], each.type) for each in columns}
            named = pa.table({**values, "sha256": batch.column("sha256")})
            packed = named.append_column("packed", pack(named, brought))
            yield from packed.select(schema.names).cast(schema).combine_chunks().to_batches()

    return run


def _screens_task(media: MediaStore, signals: list[Signal], schema: pa.Schema) -> Compute:
    url, access = media.url, media.access

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        media = MediaStore(url, access)
        for batch in batches:
            rows = []
            for row in batch.to_pylist():
                screens = [*zip(media.get_many(row["hashes"]), row["orientations"], strict=True)]
                rows.append({"sample_id": row["sample_id"], **measure_screens(screens, row["places"], signals)})
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    return run
