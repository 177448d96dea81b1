"""The match stage: which pictures and which texts are nearly the same, whatever the rules say of their rows.

Its table holds the edges, each confirmed, with its kind and what was measured. Which rows go for them is for the
deduplicate stage to say, so that a changed rule compares nothing again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from curation.contract.recipe import Deduplicate
from curation.duplicates.components import forget, stored
from curation.duplicates.contents import described, pictures_in
from curation.duplicates.edges import EDGE, EDGES, Checkpoint
from curation.duplicates.pictures import confirmed_pictures, picture_candidates
from curation.duplicates.semantic import semantic_edges
from curation.duplicates.texts import confirmed_texts, text_candidates, texts_in
from curation.measure import ingested, measure_images_of, measured_images
from curation.stage import Finished, Job
from curation.store import new_attempt

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VERSION = 1


def match(job: Job, settings: Deduplicate, earlier: Sequence[dict[str, str]], weights: str) -> Finished:
    """One row per edge: `row_id` (kind and both contents), `a` < `b`, `kind`, `bits`, `similarity`, and the words for a
    person in `detail`. Beside the manifest: what was compared, and what was too crowded to compare all with all.
    `weights` is a hash of the semantic model."""
    from pyspark.sql import functions as F

    table, attempt = job.tables[job.stage.name], new_attempt()
    checkpoint = stored(table, attempt)
    notes: dict[str, Any] = {}
    rows = described(job, earlier).persist()
    pictures = pictures_in(_files(job, rows, earlier), measured_images(job)).persist()
    edges = [job.spark.createDataFrame([], EDGES)]
    if settings.near:
        edges.append(_near_pictures(job, pictures, settings, checkpoint, notes))
    if settings.near_text:
        edges.append(_near_texts(job, texts_in(rows), settings, checkpoint, notes))
    if settings.semantic:
        of_pictures = settings.semantic.of == "images"
        named = pictures.select(F.col("pixels").alias("id"), F.col("sha256").alias("key"))
        said = texts_in(rows).select(F.col("text").alias("id"), F.col("text").alias("key"), "question", "answer")
        edges.append(semantic_edges(job, named if of_pictures else said, settings.semantic, weights))
    found = reduce(lambda a, b: a.unionByName(b), edges)

    def close() -> dict[str, Any]:
        forget(table, attempt)
        return {"search": notes}

    return Finished(_as_rows(found), close=close)


def _files(job: Job, rows: DataFrame, earlier: Sequence[dict[str, str]]) -> DataFrame:
    """The files of all pictures that are compared, `sha256`: of the rows, of earlier runs and of benchmarks. What the
    store has not measured of these is measured now."""
    from pyspark.sql import functions as F

    for tables in earlier:
        measure_images_of(job, ingested(replace(job, tables=tables)))
    files = [rows.select(F.explode("media_sha256").alias("sha256"))]
    if benchmarks := [job.survivors(name) for name in job.tables if name.startswith("benchmark_")]:
        samples = reduce(lambda a, b: a.unionByName(b), benchmarks)
        measure_images_of(job, samples)
        files.append(samples.select(F.explode("media").alias("m")).select("m.sha256"))
    return reduce(lambda a, b: a.unionByName(b), files)


def _near_pictures(
    job: Job, pictures: DataFrame, settings: Deduplicate, checkpoint: Checkpoint, notes: dict[str, Any]
) -> DataFrame:
    found = picture_candidates(pictures, settings.hamming, settings.mirrored, checkpoint)
    pairs = checkpoint(found.pairs, "picture-pairs")
    plain = pictures.where("phash is null").count()
    notes["pictures"] = {
        "compared": pictures.count(),
        "too_plain_for_a_hash": plain,
        "candidates": pairs.count(),
        "stood_for": found.stood_for,
        "crowded": found.crowded,
    }
    return checkpoint(confirmed_pictures(pairs, job.runtime.media), "picture-edges")


def _near_texts(
    job: Job, texts: DataFrame, settings: Deduplicate, checkpoint: Checkpoint, notes: dict[str, Any]
) -> DataFrame:
    texts = texts.persist()
    found = text_candidates(job, texts, settings.jaccard, checkpoint)
    pairs = checkpoint(found.pairs, "text-pairs")
    notes["texts"] = {
        "compared": texts.count(),
        "candidates": pairs.count(),
        "stood_for": found.stood_for,
        "crowded": found.crowded,
    }
    return confirmed_texts(pairs, settings.jaccard)


def _as_rows(edges: DataFrame) -> DataFrame:
    """Edges as rows of a table: they belong to contents, not to rows, and are made here."""
    from pyspark.sql import functions as F

    return edges.select(
        F.concat_ws("~", "kind", "a", "b").alias("row_id"),
        F.lit("").alias("sample_id"),
        F.lit("").alias("source"),
        F.lit("").alias("task"),
        *EDGE.names[:-1],
        F.lit("made").alias("fate"),
        F.col("kind").alias("reason"),
        "detail",
    )
