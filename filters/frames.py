"""A batch of samples as polars frames, one for each grain: what the signals of the header and text tiers look at."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import polars as pl
import pyarrow as pa

from filters.context import Context
from filters.signal import Grain

T = TypeVar("T")

COLUMNS = (
    "sample_id", "source", "task", "messages", "media", "regions", "steps", "answer", "tags",
)  # fmt: skip


class Batch:
    """Samples in the schema SAMPLE (the columns of `COLUMNS` are enough), as frames that are built when asked for.

    In every frame `sample` is the row number of the sample in the batch, and rows are in the samples' order.

    sample: sample_id, source, task, prompt (all user text), answer (all assistant text; null where the answer holds
            regions or actions and no text), text (every role's), turns, media_count, media_parts (places for media in
            the turns), media_hashes (list), region_count, step_count, reference (the text that a verifier compares
            with), verifier, tags (list)
    turn:   turn (0 for the first), role, text (null where the turn holds regions or actions and no text), media_parts,
            pointing (whether it holds regions or actions)
    media:  media (0 for the first), sha256, uri, mime, mode, frames, size (bytes), orientation, width, height
            (displayed pixels); null where unknown
    region: region (0 for the first), media, shape, label, text, points, x1, y1, x2, y2 (the upright box around it),
            media_width, media_height (displayed; null where unknown)
    step:   step (0 for the first), media, action, tool, arguments, thought, region, end_region, target, end_target
            (points), target_shape, target_label, target_text, media_width, media_height

    Texts of one turn are joined without a separator, turns by a line break.
    """

    def __init__(self, samples: pa.Table, context: Context | None = None) -> None:
        self.context = context or Context()
        self._once: dict[str, Any] = {}
        self._rows = pl.DataFrame(pl.from_arrow(samples.select(list(COLUMNS)))).with_row_index("sample")

    def __len__(self) -> int:
        return len(self._rows)

    def once(self, name: str, compute: Callable[[], T]) -> T:
        """What several signals need: what `compute` returns, computed for the first of them that asks for `name`."""
        if name not in self._once:
            self._once[name] = compute()
        found: T = self._once[name]
        return found

    def frame(self, grain: Grain) -> pl.DataFrame:
        found: pl.DataFrame = getattr(self, grain)
        return found

    @functools.cached_property
    def sample(self) -> pl.DataFrame:
        def joined(of: pl.Expr) -> pl.Expr:
            texts = pl.col("text").filter(of)
            return pl.when(texts.is_null().all() & (texts.len() > 0)).then(None).otherwise(texts.str.join("\n"))

        texts = self.turn.group_by("sample", maintain_order=True).agg(
            prompt=joined(pl.col("role") == "user").fill_null(""),
            answer=joined(pl.col("role") == "assistant"),
            text=joined(pl.lit(True)).fill_null(""),
            media_parts=pl.col("media_parts").sum(),
        )
        counts = {"turns": "messages", "media_count": "media", "region_count": "regions", "step_count": "steps"}
        return (
            self._rows.select(
                "sample",
                "sample_id",
                "source",
                "task",
                *(pl.col(of).list.len().cast(pl.Int64).alias(name) for name, of in counts.items()),
                media_hashes=pl.col("media").list.eval(pl.element().struct.field("sha256")),
                reference=pl.col("answer").struct.field("text"),
                verifier=pl.col("answer").struct.field("verifier"),
                tags="tags",
            )
            .join(texts, on="sample", how="left", maintain_order="left")
            .with_columns(
                pl.col("prompt").fill_null(""),
                pl.when(pl.col("turns") == 0).then(pl.lit("")).otherwise(pl.col("answer")).alias("answer"),
                pl.col("text").fill_null(""),
                pl.col("media_parts").fill_null(0),
            )
        )

    @functools.cached_property
    def turn(self) -> pl.DataFrame:
        kind, text = pl.element().struct.field("kind"), pl.element().struct.field("text")
        parts = pl.col("parts").list
        texts = parts.eval(pl.when(kind == "text").then(text)).list
        pointing = parts.eval(kind.is_in(["region", "action"])).list.any()
        elsewhere = (texts.drop_nulls().list.len() == 0) & pointing
        return self._unpacked("messages").select(
            "sample",
            _number("turn"),
            "role",
            text=pl.when(~elsewhere).then(texts.join("")),
            media_parts=parts.eval(kind == "media").list.sum().cast(pl.Int64),
            pointing=pointing,
        )

    @functools.cached_property
    def media(self) -> pl.DataFrame:
        turned = pl.col("orientation") >= 5
        width = pl.when(turned).then("height").otherwise("width")
        height = pl.when(turned).then("width").otherwise("height")
        return self._unpacked("media").select(
            "sample",
            _number("media"),
            "sha256",
            "uri",
            "mime",
            pl.when(pl.col("mode") != "").then("mode").alias("mode"),
            "frames",
            pl.when(pl.col("size") > 0).then("size").alias("size"),
            "orientation",
            pl.when(width > 0).then(width).cast(pl.Int64).alias("width"),
            pl.when(height > 0).then(height).cast(pl.Int64).alias("height"),
        )

    @functools.cached_property
    def region(self) -> pl.DataFrame:
        xs, ys = pl.col("points").list.gather_every(2, 0), pl.col("points").list.gather_every(2, 1)
        return (
            self._unpacked("regions")
            .with_columns(_number("region"), x1=xs.list.min(), y1=ys.list.min(), x2=xs.list.max(), y2=ys.list.max())
            .join(self._sizes, on=["sample", "media"], how="left", maintain_order="left")
        )

    @functools.cached_property
    def step(self) -> pl.DataFrame:
        regions = self._unpacked("regions").with_columns(_number("region"))
        targets = regions.select(
            "sample", "region", target="points", target_shape="shape", target_label="label", target_text="text"
        )
        ends = regions.select("sample", end_region="region", end_target="points")
        return (
            self._unpacked("steps")
            .with_columns(_number("step"))
            .join(targets, on=["sample", "region"], how="left", maintain_order="left")
            .join(ends, on=["sample", "end_region"], how="left", maintain_order="left")
            .join(self._sizes, on=["sample", "media"], how="left", maintain_order="left")
        )

    @property
    def _sizes(self) -> pl.DataFrame:
        return self.media.select("sample", "media", media_width="width", media_height="height")

    def _unpacked(self, column: str) -> pl.DataFrame:
        """One row for each element of a list column, its fields as columns, with the sample's row number."""
        filled = self._rows.select("sample", column).filter(pl.col(column).list.len() > 0)
        return filled.explode(column).unnest(column)


def _number(name: str) -> pl.Expr:
    """Which of its sample's units a row is, from 0."""
    return pl.int_range(pl.len()).over("sample").cast(pl.Int32).alias(name)
