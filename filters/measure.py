"""Running signals: on Arrow batches of samples, and on the pixels of one image. No Spark here; Spark calls it.

No value depends on the other rows of a batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl
import pyarrow as pa

from filters.signal import Grain, Signal, signal_schema
from filters.signals.pixels import Pixels
from model.image import decode

_REDUCE = {
    "min": lambda values: values.min(),
    "max": lambda values: values.max(),
    "mean": lambda values: values.drop_nulls().implode().map_elements(_exact_mean, return_dtype=pl.Float64),
    "first": lambda values: values.drop_nulls().first(),
}


def measure_samples(samples: pa.Table, signals: Sequence[Signal]) -> pa.Table:
    """Measure a table in the schema `SAMPLE` with signals of the header and text tiers.

    Row i of the result belongs to row i of `samples`: `sample_id` and one column for each signal, reduced to the
    sample; null where nothing could be measured. Raises ValueError for a signal of the pixels tier.
    """
    for each in signals:
        if each.tier == "pixels":
            raise ValueError(f"{each.name} needs pixels: measure it with measure_image")
    units = frames(samples)
    result = units["sample"].select("sample_id").with_columns(_column(each, units) for each in signals)
    return result.to_arrow().cast(signal_schema("sample_id", list(signals)))


def measure_image(data: bytes, orientation: int, signals: Sequence[Signal]) -> dict[str, float | int | str | None]:
    """Decode an image once (EXIF `orientation`, 1 to 8) and measure all `signals` of the pixels tier on it.

    Raises ImageError where the bytes are no usable image, ValueError for a signal of another tier.
    """
    for each in signals:
        if each.tier != "pixels":
            raise ValueError(f"{each.name} is of the {each.tier} tier: measure it with measure_samples")
    pixels = Pixels(decode(data, orientation))
    return {each.name: _finite(each, each.function(pixels)) for each in signals}


def frames(samples: pa.Table) -> dict[Grain, pl.DataFrame]:
    """One polars frame for each grain; `sample` is the row number of the sample in the batch.

    sample: sample_id, prompt, answer, text, turns, media_count, region_count, step_count
    turn:   sample, role, text (null where the turn holds regions or actions and no text)
    media:  sample, media, width, height (displayed pixels, null where unknown), size, mime
    region: sample, media, shape, label, text, points, x1, y1, x2, y2, media_width, media_height
    step:   sample, step, action, arguments, target, end_target (points)
    """
    columns = samples.select(["sample_id", "messages", "media", "regions", "steps"])
    rows = pl.DataFrame(pl.from_arrow(columns)).with_row_index("sample")
    turns, media = _turns(rows), _media(rows)
    return {
        "sample": _samples(rows, turns),
        "turn": turns,
        "media": media,
        "region": _regions(rows, media),
        "step": _steps(rows),
    }


def _column(each: Signal, units: dict[Grain, pl.DataFrame]) -> pl.Series:
    """A signal's values, one for each sample of the batch."""
    frame = units[each.grain]
    values: pl.Series = each.function(frame)
    if len(values) != len(frame):
        raise ValueError(f"signal {each.name} returned {len(values)} values for {len(frame)} {each.grain} rows")
    values = values.rename(each.name)
    if each.grain != "sample":
        column = _REDUCE[each.reducer](pl.col(each.name))
        reduced = frame.select("sample", values).group_by("sample").agg(column)
        everyone = pl.DataFrame({"sample": pl.int_range(len(units["sample"]), dtype=pl.UInt32, eager=True)})
        values = everyone.join(reduced, on="sample", how="left", maintain_order="left")[each.name]
    return values.cast(pl.Float64).fill_nan(None) if each.dtype == "float64" else values


def _exact_mean(values: pl.Series) -> float | None:
    """The mean by exact summation: a vectorised sum rounds by where the values happen to lie in memory, and with that
    by the row's neighbours."""
    return math.fsum(values) / len(values) if len(values) else None


def _finite(each: Signal, value: float | int | str | None) -> float | int | str | None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"signal {each.name} returned {value}: return None where it does not apply")
    return value


def _unpack(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """One row for each element of a list column, its fields as columns, with the sample's row number."""
    filled = rows.select("sample", column).filter(pl.col(column).list.len() > 0)
    return filled.explode(column).unnest(column)


def _turns(rows: pl.DataFrame) -> pl.DataFrame:
    kind, text = pl.element().struct.field("kind"), pl.element().struct.field("text")
    parts = pl.col("parts").list
    texts = parts.eval(pl.when(kind == "text").then(text)).list
    elsewhere = (texts.drop_nulls().list.len() == 0) & parts.eval(kind.is_in(["region", "action"])).list.any()
    return _unpack(rows, "messages").select("sample", "role", text=pl.when(~elsewhere).then(texts.join("")))


def _samples(rows: pl.DataFrame, turns: pl.DataFrame) -> pl.DataFrame:
    def joined(of: pl.Expr) -> pl.Expr:
        texts = pl.col("text").filter(of)
        return pl.when(texts.is_null().all() & (texts.len() > 0)).then(None).otherwise(texts.str.join("\n"))

    everyone = pl.lit(True)
    texts = turns.group_by("sample", maintain_order=True).agg(
        prompt=joined(pl.col("role") == "user").fill_null(""),
        answer=joined(pl.col("role") == "assistant"),
        text=joined(everyone).fill_null(""),
    )
    counts = {"turns": "messages", "media_count": "media", "region_count": "regions", "step_count": "steps"}
    return (
        rows.select("sample", "sample_id", *(pl.col(of).list.len().cast(pl.Int64).alias(n) for n, of in counts.items()))
        .join(texts, on="sample", how="left", maintain_order="left")
        .with_columns(
            pl.col("prompt").fill_null(""),
            pl.when(pl.col("turns") == 0).then(pl.lit("")).otherwise(pl.col("answer")).alias("answer"),
            pl.col("text").fill_null(""),
        )
    )


def _media(rows: pl.DataFrame) -> pl.DataFrame:
    turned = pl.col("orientation") >= 5
    width = pl.when(turned).then("height").otherwise("width")
    height = pl.when(turned).then("width").otherwise("height")
    return _unpack(rows, "media").select(
        "sample",
        pl.int_range(pl.len()).over("sample").cast(pl.Int32).alias("media"),
        pl.when(width > 0).then(width).cast(pl.Int64).alias("width"),
        pl.when(height > 0).then(height).cast(pl.Int64).alias("height"),
        pl.when(pl.col("size") > 0).then("size").alias("size"),
        "mime",
    )


def _regions(rows: pl.DataFrame, media: pl.DataFrame) -> pl.DataFrame:
    xs, ys = pl.col("points").list.gather_every(2, 0), pl.col("points").list.gather_every(2, 1)
    sizes = media.select("sample", "media", media_width="width", media_height="height")
    return (
        _unpack(rows, "regions")
        .with_columns(x1=xs.list.min(), y1=ys.list.min(), x2=xs.list.max(), y2=ys.list.max())
        .join(sizes, on=["sample", "media"], how="left", maintain_order="left")
    )


def _steps(rows: pl.DataFrame) -> pl.DataFrame:
    points = _unpack(rows, "regions").select(
        "sample", "points", region=pl.int_range(pl.len()).over("sample").cast(pl.Int32)
    )
    targets = points.rename({"points": "target"})
    end_targets = points.rename({"points": "end_target", "region": "end_region"})
    return (
        _unpack(rows, "steps")
        .with_columns(step=pl.int_range(pl.len()).over("sample"))
        .join(targets, on=["sample", "region"], how="left", maintain_order="left")
        .join(end_targets, on=["sample", "end_region"], how="left", maintain_order="left")
        .select("sample", "step", "action", "arguments", "target", "end_target")
    )
