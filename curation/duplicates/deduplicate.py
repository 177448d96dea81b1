"""The deduplicate stage: which rows say the same of the same pictures, and which of them is kept.

Pictures and texts that edges of the match stage connect, over rows that the rules kept, count as one. A duplicate is a
row with the same builder, question, answer, places and pictures as a better one. Captions are the exception: one image
needs one caption, whatever the captions say. A trajectory is its steps, one repeated in vain counted once. The same
picture with another question stays.

Every row also gets its `group`, the pictures (or the question) that it shares with others; splits follow groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from curation.contract.recipe import Deduplicate
from curation.duplicates.components import components, forget, stored
from curation.duplicates.contents import described
from curation.stage import Finished, Job
from curation.store import new_attempt

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

VERSION = 2
_UNMEASURED = "u"  # the letter of a rule that could not tell


def deduplicate(job: Job, settings: Deduplicate, sources: Sequence[str], earlier: Sequence[dict[str, str]]) -> Finished:
    """Each decided row with its `group`, its `contents` (pictures and text by their ids), and for a duplicate the row
    that is kept in its stead, how they are the same, and by which edge. `sources` are the recipe's, in its order."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    table, attempt = job.tables[job.stage.name], new_attempt()
    rows = _kept_rows(job, earlier).persist()
    edges = _edges_among(job.frame("match"), rows).persist()
    clusters = components(edges.select("a", "b"), stored(table, f"{attempt}-clusters"))
    rows = _with_signatures(rows, clusters.persist())
    rows = _with_groups(rows, stored(table, f"{attempt}-groups"))
    best = Window.partitionBy("signature").orderBy(*_preference(settings, sources))
    kept = F.struct("row_id", "sample_id", "media_sha256", "pixel_hash", "text")
    ranked = rows.withColumn("first", F.first(kept).over(best)).withColumn("rank", F.row_number().over(best))
    mine = ranked.where(~F.col("elsewhere")).withColumn("duplicate", F.col("rank") > 1)
    told = _with_edges(mine, edges)
    frame = told.select(
        "row_id",
        "sample_id",
        "source",
        "task",
        "group",
        _contents().alias("contents"),
        F.when(F.col("duplicate"), F.col("first.row_id")).alias("duplicate_of"),
        F.when(F.col("duplicate"), "dropped").otherwise("kept").alias("fate"),
        F.when(F.col("duplicate"), _kind()).otherwise("").alias("reason"),
        F.when(F.col("duplicate"), _told()).otherwise("").alias("detail"),
    )

    def close() -> dict[str, Any]:
        forget(table, attempt)
        return {}

    return Finished(frame, close=close)


def _kept_rows(job: Job, earlier: Sequence[dict[str, str]]) -> DataFrame:
    """The rows that the rules kept and, of earlier runs, those that were kept in the end, with the number of rules that
    could not tell."""
    from pyspark.sql import functions as F

    untold = F.length(F.regexp_replace("letters", f"[^{_UNMEASURED}]", "")).alias("untold")
    decided = job.survivors("decide").select("row_id", untold)
    rows = described(job, earlier).join(decided, "row_id", "left")
    return rows.where(F.col("elsewhere") | F.col("untold").isNotNull())


def _preference(settings: Deduplicate, sources: Sequence[str]) -> list[Column]:
    """The order in which rows of one signature are preferred, the best first: what was kept before, then as the recipe
    says, then by id."""
    from pyspark.sql import functions as F

    place = F.coalesce(F.array_position(F.array(*[F.lit(name) for name in sources]), F.col("source")), F.lit(0))
    by = {
        "verdicts": [F.asc("untold")],
        "resolution": [F.desc("area")],
        "text": [F.desc_nulls_last("quality"), F.desc(F.length("answer"))],
        "source": [place.asc()],
    }
    chosen = [column for name in settings.prefer for column in by[name]]
    return [F.desc("settled"), *chosen, F.asc("sample_id"), F.asc("row_id")]


def _contents() -> Column:
    from pyspark.sql import functions as F

    return F.array_distinct(F.filter(F.concat("pixel_hash", F.array("text")), lambda each: each.isNotNull()))


def _edges_among(edges: DataFrame, rows: DataFrame) -> DataFrame:
    """The edges both of whose contents belong to rows."""
    from pyspark.sql import functions as F

    there = rows.select(F.explode(_contents()).alias("content")).distinct()
    for end in ("a", "b"):
        edges = edges.join(there.withColumnRenamed("content", end), end, "left_semi")
    return edges.select("a", "b", "kind", "detail")


def _with_signatures(rows: DataFrame, clusters: DataFrame) -> DataFrame:
    """Adds `seen`, what each picture, or the text, counts as, and `signature`, equal for duplicates."""
    from pyspark.sql import functions as F

    each = rows.select("row_id", F.posexplode(F.coalesce(_listed(), F.array())).alias("position", "node"))
    named = each.join(clusters, "node", "left").select(
        "row_id", "position", F.coalesce("component", "node").alias("as")
    )
    seen = F.transform(F.array_sort(F.collect_list(F.struct("position", "as"))), lambda one: one["as"])
    rows = rows.join(named.groupBy("row_id").agg(seen.alias("seen")), "row_id", "left")
    rows = rows.withColumn("seen", F.coalesce("seen", F.array().cast("array<string>")))
    spoken = F.when(F.col("text").isNull(), F.col("question")).otherwise("")  # a text's cluster stands for all it says
    answer = F.when(F.col("text").isNotNull() | (F.col("builder") == "caption"), "").otherwise(F.col("answer"))
    shown = F.when(F.col("stepwise"), F.array().cast("array<string>")).otherwise(F.col("seen"))
    signature = F.concat_ws("\x1f", "builder", spoken, answer, F.array_join(_done(), "\x1e"), F.array_join(shown, ","))
    return rows.withColumn("signature", F.sha2(signature, 256))


def _listed() -> Column:
    """A row's contents in the order of its images, or its text."""
    from pyspark.sql import functions as F

    return F.when(F.col("text").isNotNull(), F.array("text")).otherwise(F.col("pixel_hash"))


def _done() -> Column:
    """What is done or pointed at, on which picture; what an agent repeats without anything changing counts once."""
    from pyspark.sql import functions as F

    done = F.transform(
        "places", lambda one: F.concat_ws(" ", F.coalesce(F.get("seen", one["media"]), F.lit("")), one["what"])
    )
    return F.filter(done, lambda one, at: (at == 0) | (one != F.coalesce(F.get(done, at - 1), F.lit(""))))


def _with_groups(rows: DataFrame, checkpoint: Any) -> DataFrame:
    """Adds `group`, equal for rows that share a picture or a question, directly or by way of others."""
    from pyspark.sql import functions as F

    asked = F.sha2(F.concat(F.lit("text:"), "question"), 256)
    rows = rows.withColumn(
        "key", F.when(F.col("text").isNull() & (F.size("seen") > 0), F.col("seen")[0]).otherwise(asked)
    )
    # Pictures of one sample belong together, and so do the questions of texts that count as one.
    pictures = rows.where(F.col("text").isNull() & (F.size("seen") > 1))
    links = pictures.select(F.col("seen")[0].alias("a"), F.explode(F.slice("seen", 2, F.size("seen"))).alias("b"))
    merged = rows.where(F.col("text").isNotNull() & (F.col("seen")[0] != F.col("text")))
    ends = merged.select(F.col("seen")[0].alias("cluster")).distinct()
    members = rows.where(F.col("text").isNotNull()).select(F.col("seen")[0].alias("cluster"), F.col("key"))
    asks = members.join(ends, "cluster", "left_semi").select(F.col("cluster").alias("a"), F.col("key").alias("b"))
    linked = components(links.unionByName(asks).distinct(), checkpoint)
    rows = rows.join(linked.withColumnRenamed("node", "key"), "key", "left")
    return rows.withColumn("group", F.coalesce("component", "key")).drop("component", "key")


def _with_edges(rows: DataFrame, edges: DataFrame) -> DataFrame:
    """Adds the edge, if there is one, between a duplicate's first content that differs from the kept row's, and that
    one's."""
    from pyspark.sql import functions as F

    theirs = F.when(F.col("text").isNotNull(), F.array("first.text")).otherwise(F.col("first.pixel_hash"))
    both = F.arrays_zip(_listed().alias("mine"), theirs.alias("theirs"))
    differs = F.get(F.filter(both, lambda pair: pair["mine"] != pair["theirs"]), F.lit(0))
    rows = rows.withColumn("pair", F.when(F.col("duplicate"), differs))
    ends = {"a": F.least("pair.mine", "pair.theirs"), "b": F.greatest("pair.mine", "pair.theirs")}
    one = edges.groupBy("a", "b").agg(F.min(F.struct("kind", "detail")).alias("edge"))
    return rows.withColumns(ends).join(one, ["a", "b"], "left")


def _kind() -> Column:
    from pyspark.sql import functions as F

    pictured = F.col("text").isNull()
    return (
        F.when(F.col("sample_id") == F.col("first.sample_id"), "exact_sample")
        .when(~pictured & (F.col("text") == F.col("first.text")), "exact_text")
        .when(pictured & (F.size("places") > 1), "same_trajectory")
        .when(pictured & (F.col("media_sha256") == F.col("first.media_sha256")), "exact_image")
        .when(pictured & (F.col("pixel_hash") == F.col("first.pixel_hash")), "exact_pixels")
        .otherwise(F.coalesce("edge.kind", F.when(pictured, "near_image").otherwise("near_text")))
    )


def _told() -> Column:
    from pyspark.sql import functions as F

    how = F.when(F.col("pair").isNull(), "").otherwise(F.coalesce("edge.detail", F.lit("by way of other copies")))
    return F.concat_ws(": ", F.concat(F.lit("the same as "), F.col("first.row_id")), F.when(how != "", how))
