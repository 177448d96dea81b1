"""Deduplicate: samples that ask and answer the same about the same image, and texts that repeat.

Images are the same when their displayed pixels are (bytes equal, or decoded pixels equal), or when their perceptual
hashes differ in few bits *and* a second check, the largest difference of their luma thumbnails, confirms it.
Candidates for the second kind are found by bands of the hash, so no image is compared with all others.

A duplicate is a sample with the same builder, question, answer and images as a better one. Captions are the
exception: one image needs one caption, whatever the captions say. Which of a group is kept: the one with the most
displayed pixels, then the longest answer, then the smallest row id.

Every row also gets its `group`, the images (or the question) that it shares with others; splits follow groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from curation.contract.recipe import Deduplicate
from curation.measure import ingested, measured_images
from curation.stage import Job
from filters.phash import bands, decode_thumbnail, thumbnail_distance

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

VERSION = 1

# Candidates share this many bands of their hash: 2 gives 66 keys of 10 bits at distance 10 (see `filters.phash.bands`).
_SHARED = 2

# Builders whose question comes from the recipe: it is drawn by image, and says nothing about the sample.
_ASKED_BY_RECIPE = ("caption", "spotting", "extraction", "detection", "referring")


def deduplicate(job: Job, settings: Deduplicate, builders: Mapping[str, str]) -> DataFrame:
    """Each decided row with its `group`, and for a duplicate the row that is kept in its stead. `builders` says for
    each source which builder made its samples."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    rows = _described(job, builders).persist()
    clusters = _clusters(rows, measured_images(job), settings)
    rows = _with_clusters(rows, clusters)
    best = Window.partitionBy("signature").orderBy(
        F.desc("area"), F.desc(F.length("answer_text")), F.asc("sample_id"), F.asc("row_id")
    )
    kept = F.struct("row_id", "sample_id", "media_sha256", "pixel_hash")
    ranked = rows.withColumn("first", F.first(kept).over(best)).withColumn("rank", F.row_number().over(best))
    duplicate = F.col("rank") > 1
    return ranked.select(
        "row_id",
        "sample_id",
        "source",
        "task",
        "group",
        F.when(duplicate, F.col("first.row_id")).alias("duplicate_of"),
        F.when(duplicate, "dropped").otherwise("kept").alias("fate"),
        F.when(duplicate, _kind()).otherwise("").alias("reason"),
        F.when(duplicate, F.concat(F.lit("the same as "), F.col("first.row_id"))).otherwise("").alias("detail"),
    )


def _kind() -> Column:
    from pyspark.sql import functions as F

    return (
        F.when(F.col("sample_id") == F.col("first.sample_id"), "exact_sample")
        .when(F.size("media_sha256") == 0, "exact_text")
        .when(F.col("media_sha256") == F.col("first.media_sha256"), "exact_image")
        .when(F.col("pixel_hash") == F.col("first.pixel_hash"), "exact_pixels")
        .otherwise("near_image")
    )


def _described(job: Job, builders: Mapping[str, str]) -> DataFrame:
    """The rows that the rules kept, with what duplicates are told by."""
    from pyspark.sql import functions as F

    samples = ingested(job).select(
        "row_id",
        F.create_map(*[F.lit(word) for pair in builders.items() for word in pair])[F.col("source")].alias("builder"),
        _text("user").alias("question"),
        F.col("answer.text").alias("answer_text"),
        F.when(F.col("answer.verifier").isin("box", "click"), _target()).otherwise("").alias("target"),
        F.coalesce(F.array_max(F.transform("media", lambda m: m["width"] * m["height"])), F.lit(0)).alias("area"),
    )
    kept = job.survivors("decide").select("row_id")
    rows = job.frame("measure").select(
        "row_id",
        "sample_id",
        "source",
        "task",
        *[
            F.coalesce(name, F.array().cast("array<string>")).alias(name)
            for name in ("media_sha256", "pixel_hash", "phash")
        ],
    )
    return rows.join(kept, "row_id", "left_semi").join(samples, "row_id")


def _text(role: str) -> Column:
    """The text of all turns of a role, lower case, white space collapsed."""
    from pyspark.sql import functions as F

    turns = F.filter("messages", lambda turn: turn["role"] == role)
    parts = F.flatten(F.transform(turns, lambda turn: F.transform(turn["parts"], lambda part: part["text"])))
    return F.trim(F.regexp_replace(F.lower(F.array_join(parts, " ")), r"\s+", " "))


def _target() -> Column:
    """Where the one region lies, on a grid of 16 by 16: the same question about another place is another sample."""
    from pyspark.sql import functions as F

    points, medium = F.element_at("regions", 1)["points"], F.element_at("media", 1)
    turned = medium["orientation"] >= 5
    width = F.when(turned, medium["height"]).otherwise(medium["width"])
    height = F.when(turned, medium["width"]).otherwise(medium["height"])
    cells = F.transform(points, lambda value, at: F.floor(value * 16 / F.when(at % 2 == 0, width).otherwise(height)))
    return F.array_join(cells.cast("array<string>"), ",")


def _clusters(rows: DataFrame, images: DataFrame, settings: Deduplicate) -> DataFrame:
    """(pixels, cluster): which distinct pictures count as one. `cluster` is the smallest pixel hash among them.
    `images` has the thumbnails."""
    from pyspark.sql import functions as F

    pictures = (
        rows.select(F.explode(F.arrays_zip("pixel_hash", "phash")).alias("p"))
        .select(F.col("p.pixel_hash").alias("pixels"), "p.phash")
        .dropDuplicates(["pixels"])
    )
    if not settings.near:
        return pictures.select("pixels", F.col("pixels").alias("cluster"))
    pictures = pictures.persist()
    return _named_by_component(pictures.select("pixels"), _near_pairs(pictures, images, settings), "cluster")


def _near_pairs(pictures: DataFrame, images: DataFrame, settings: Deduplicate) -> DataFrame:
    """(a, b): pairs of pictures within the hash distance that the thumbnail check confirms."""
    from pyspark.sql import functions as F

    count = settings.hamming + _SHARED
    keys = F.udf(lambda phash: bands(phash, count, _SHARED), "array<string>")
    hashed = pictures.where(F.col("phash").isNotNull())  # a flat picture has no hash, and no near duplicates
    banded = hashed.withColumn("band", F.explode(keys("phash")))
    left = banded.select(F.col("pixels").alias("a"), F.col("phash").alias("hash_a"), "band")
    right = banded.select(F.col("pixels").alias("b"), F.col("phash").alias("hash_b"), "band")
    bits = F.bit_count(_signed("hash_a").bitwiseXOR(_signed("hash_b")))
    pairs = left.join(right, "band").where(F.col("a") < F.col("b")).where(bits <= settings.hamming)
    pairs = pairs.select("a", "b").distinct().persist()
    paired = pairs.select(F.explode(F.array("a", "b")).alias("pixel_hash")).distinct()  # few: only their thumbnails
    thumbs = images.select("pixel_hash", "thumb_base64").join(paired, "pixel_hash", "left_semi")
    thumbs = thumbs.dropDuplicates(["pixel_hash"])
    pairs = pairs.join(thumbs.toDF("a", "thumb_a"), "a").join(thumbs.toDF("b", "thumb_b"), "b")
    limit = settings.thumbnail

    def confirm(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            thumbs_a, thumbs_b = batch.column("thumb_a").to_pylist(), batch.column("thumb_b").to_pylist()
            near = [
                thumbnail_distance(decode_thumbnail(a), decode_thumbnail(b)) <= limit
                for a, b in zip(thumbs_a, thumbs_b, strict=True)
            ]
            yield batch.filter(pa.array(near, pa.bool_())).select(["a", "b"])

    return pairs.select("a", "b", "thumb_a", "thumb_b").mapInArrow(confirm, "a string, b string")


def _signed(name: str) -> Column:
    """A 64-bit hash in hexadecimal as a bigint; base -10 is how `conv` says signed."""
    from pyspark.sql import functions as F

    return F.conv(name, 16, -10).cast("bigint")


def _named_by_component(nodes: DataFrame, edges: DataFrame, name: str) -> DataFrame:
    """The nodes (one column) with the smallest name in each one's connected component, itself where it has no edge.

    Edges are confirmed near duplicates, few beside the nodes, so that the driver joins them.
    """
    from pyspark.sql import functions as F

    (node,) = nodes.columns
    found = components([(row["a"], row["b"]) for row in edges.collect()])
    named = nodes.sparkSession.createDataFrame(sorted(found.items()), f"`{node}` string, `{name}` string")
    return nodes.join(F.broadcast(named), node, "left").select(node, F.coalesce(name, node).alias(name))


def components(edges: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each node of some edges, and the smallest node that edges lead to from it: union-find with path halving."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in edges:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return {node: root(node) for node in parent}


def _with_clusters(rows: DataFrame, clusters: DataFrame) -> DataFrame:
    """Adds `signature`, equal for duplicates, and `group`, equal for rows that share a picture or a question."""
    from pyspark.sql import functions as F

    seen = rows.select("row_id", F.posexplode("pixel_hash").alias("position", "pixels")).join(clusters, "pixels")
    seen = seen.groupBy("row_id").agg(
        F.transform(F.array_sort(F.collect_list(F.struct("position", "cluster"))), lambda c: c["cluster"]).alias("seen")
    )
    question = F.when(F.col("builder").isin(*_ASKED_BY_RECIPE), "").otherwise(F.col("question"))
    answer = F.when(F.col("builder") == "caption", "").otherwise(F.col("answer_text"))
    rows = rows.join(seen, "row_id", "left").withColumn("seen", F.coalesce("seen", F.array().cast("array<string>")))
    rows = rows.withColumn(
        "signature",
        F.sha2(F.concat_ws("\x1f", "builder", question, answer, "target", F.array_join("seen", ",")), 256),
    )
    # Pictures that stand in one sample belong to one group, and with them all samples that show any of them.
    links = rows.where(F.size("seen") > 1).select(
        F.col("seen")[0].alias("a"), F.explode(F.slice("seen", 2, F.size("seen"))).alias("b")
    )
    linked = _named_by_component(clusters.select("cluster").distinct(), links.distinct(), "component")
    rows = rows.withColumn("cluster", F.when(F.size("seen") > 0, F.col("seen")[0])).join(linked, "cluster", "left")
    return rows.withColumn("group", F.coalesce("component", F.sha2(F.concat(F.lit("text:"), "question"), 256)))
