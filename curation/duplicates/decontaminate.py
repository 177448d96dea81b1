"""The decontaminate stage: rows that hold an item of an evaluation set, by its picture or by its words.

A picture is held where it is the benchmark's own or one that the match stage calls the same; words are held where a row
shares thirteen in a row with an item's question or answer, or all of a short item (`filters.overlap`). Such rows are
dropped, or flagged, with the set's name and what they share.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation.contract.recipe import Decontaminate
from curation.duplicates.components import components, forget, stored
from curation.duplicates.contents import spoken
from curation.measure import ingested, measured_images
from curation.stage import Finished, Job
from curation.store import new_attempt
from curation.writing import gathered
from filters.overlap import Index, Item

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

VERSION = 1
PREFIX = "benchmark_"  # of the stages that ingest evaluation sets
_AT_ONCE, _BYTES = 4096, 8_000_000
_ROW = ("row_id", "sample_id", "source", "task", "group")
_FOUND = "row_id string, benchmark string, item string, how string, shared string"


def decontaminate(job: Job, settings: Decontaminate) -> Finished:
    """Each deduplicated row with `contaminated`, a list of (benchmark, item, how, shared), at most one of each kind and
    benchmark. Beside the manifest: what of each benchmark can't be found by words."""
    from pyspark.sql import functions as F

    table, attempt = job.tables[job.stage.name], new_attempt()
    rows = job.survivors("deduplicate").select(*_ROW, "contents").persist()
    said = ingested(job).select("row_id", _said().alias("said")).join(rows.select("row_id"), "row_id", "left_semi")
    indexes = _indexes(job, settings)
    found = _by_words(said, indexes).unionByName(_by_picture(job, rows, stored(table, attempt)))
    found = found.groupBy("row_id", "benchmark", "how").agg(F.min(F.struct("item", "shared")).alias("first"))
    each = F.struct("benchmark", "first.item", "how", "first.shared")
    lists = found.groupBy("row_id").agg(F.array_sort(F.collect_list(each)).alias("contaminated"))
    marked = rows.join(lists, "row_id", "left")
    held = F.col("contaminated").isNotNull()
    detail = F.array_join(F.transform("contaminated", _in_words), "; ")
    dropped = held if settings.on_match == "drop" else F.lit(False)
    frame = marked.select(
        *_ROW,
        F.coalesce("contaminated", F.array().cast(marked.schema["contaminated"].dataType)).alias("contaminated"),
        F.when(dropped, "dropped").otherwise("kept").alias("fate"),
        F.when(held, "contaminated").otherwise("").alias("reason"),
        F.when(held, detail).otherwise("").alias("detail"),
    )

    def close() -> dict[str, Any]:
        forget(table, attempt)
        told = {name: {"ignored": index.ignored, "blind": len(index.blind)} for name, index in indexes.items()}
        return {"benchmarks": told}

    return Finished(frame, close=close)


def _said() -> Column:
    """All that a sample says, in order, as it stands."""
    from pyspark.sql import functions as F

    texts = F.transform("messages", lambda turn: F.array_join(F.transform(turn["parts"], lambda p: p["text"]), " "))
    return F.concat_ws("\n", F.array_join(texts, "\n"), "answer.text")


def _in_words(one: Column) -> Column:
    from pyspark.sql import functions as F

    shared = F.when(one["shared"] != "", F.concat(F.lit(": "), one["shared"])).otherwise("")
    return F.concat(one["benchmark"], F.lit(" "), one["item"], F.lit(" by "), one["how"], shared)


def _indexes(job: Job, settings: Decontaminate) -> dict[str, Index]:
    """The words of each evaluation set. Those are small beside the data: they travel to every task."""
    from pyspark.sql import functions as F

    found = {}
    for name in sorted(name for name in job.tables if name.startswith(PREFIX)):
        asked = spoken("user").alias("question")
        rows = job.survivors(name).select("row_id", asked, F.col("answer.text").alias("answer"), F.size("media") > 0)
        items = [Item(*row) for row in zip(*(column.to_pylist() for column in rows.toArrow().columns), strict=True)]
        found[name.removeprefix(PREFIX)] = Index.of(items, settings.ngram, settings.most_items)
    return found


def _by_words(said: DataFrame, indexes: dict[str, Index]) -> DataFrame:
    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in gathered(batches, _AT_ONCE, _BYTES):
            ids, texts = table.column("row_id").to_pylist(), table.column("said").to_pylist()
            for name, index in indexes.items():
                hits = [(row_id, match) for row_id, match in zip(ids, index.find(texts), strict=True) if match]
                columns = [
                    [row_id for row_id, _ in hits],
                    [name] * len(hits),
                    [match.item for _, match in hits],
                    [match.rule for _, match in hits],
                    [match.words for _, match in hits],
                ]
                yield pa.RecordBatch.from_arrays(
                    [pa.array(column, pa.string()) for column in columns],
                    [column.split()[0] for column in _FOUND.split(", ")],
                )

    return said.mapInArrow(run, _FOUND)


def _by_picture(job: Job, rows: DataFrame, checkpoint: Any) -> DataFrame:
    """Rows that show a picture of an evaluation set, or one that counts as the same."""
    from pyspark.sql import functions as F

    edges = job.frame("match").where("kind in ('near_image', 'mirrored_image')").select("a", "b")
    same = components(edges, checkpoint).persist()

    def counting(frame: DataFrame) -> DataFrame:
        return frame.join(same, "node", "left").withColumn("as", F.coalesce("component", "node")).drop("component")

    shown = counting(rows.select("row_id", F.explode("contents").alias("node"))).withColumnRenamed("node", "mine")
    sets = [name for name in job.tables if name.startswith(PREFIX)]
    media = [
        job.survivors(name).select(
            F.lit(name.removeprefix(PREFIX)).alias("benchmark"),
            F.col("row_id").alias("item"),
            F.explode("media").alias("m"),
        )
        for name in sets
    ]
    held = reduce(lambda a, b: a.unionByName(b), media).select("benchmark", "item", F.col("m.sha256").alias("sha256"))
    held = held.join(measured_images(job), "sha256").select("benchmark", "item", F.col("pixel_hash").alias("node"))
    both = shown.join(counting(held.where("node is not null")), "as")
    how = F.when(F.col("mine") == F.col("node"), "picture").otherwise("near_picture")
    return both.select("row_id", "benchmark", "item", how.alias("how"), F.lit("").alias("shared"))
