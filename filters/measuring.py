"""Running signals: on Arrow batches of samples, on the pixels of one image, on a corpus. No Spark; Spark calls it.

Corpus signals aside, no value depends on the other rows of a batch.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import polars as pl
import pyarrow as pa

from filters.context import Context
from filters.frames import Batch
from filters.reducing import Value, exact_mean, reduce_units
from filters.signal import Grain, Signal, signal_schema
from filters.signals.pixels import Pixels
from model.image import ImageError, decode, decode_reduced

_IMAGES_AT_ONCE, _PIXEL_BYTES = 32, 16_000_000  # decoded, whichever comes first
_GRAINS: tuple[Grain, ...] = ("sample", "turn", "media", "region", "step")
_REDUCE = {
    "min": lambda values: values.min(),
    "max": lambda values: values.max(),
    "mean": lambda values: (
        values.drop_nulls().implode().map_elements(lambda listed: exact_mean(listed.to_list()), return_dtype=pl.Float64)
    ),
    "first": lambda values: values.drop_nulls().first(),
}


def measure_samples(samples: pa.Table, signals: Sequence[Signal], context: Context | None = None) -> pa.Table:
    """Measure a table in the schema `SAMPLE` with signals of the header and text tiers.

    Row i of the result belongs to row i of `samples`: `sample_id` and one column for each signal, reduced to the
    sample; null where nothing could be measured. Raises ValueError for a signal of another tier.
    """
    for each in signals:
        if each.tier not in ("header", "text"):
            raise ValueError(f"{each.name} is of the {each.tier} tier, not of those that a table of samples tells")
    batch = Batch(samples, context)
    columns = [batch.sample.select("sample_id"), *_on_samples(batch, signals)]
    names = ["sample_id", *(each.name for each in signals)]
    measured = pl.concat(columns, how="horizontal").select(names)
    return measured.to_arrow().cast(signal_schema("sample_id", list(signals)))


def corpus_keys(samples: pa.Table, signals: Sequence[Signal], context: Context | None = None) -> pa.Table:
    """What corpus signals count: `sample_id` and, for each name in their `counted`, the list of the units' keys.

    A key is the first 16 hex digits of its text's SHA-256; units without a key are left out. Row i belongs to row i of
    `samples`. Raises ValueError for a signal of another tier.
    """
    batch = Batch(samples, context)
    found = batch.sample.select("sample", "sample_id")
    for each in signals:
        if each.tier != "corpus":
            raise ValueError(f"{each.name} is of the {each.tier} tier: it has no keys to count")
    distinct = {each.counted: each for each in signals}
    for name, each in distinct.items():
        frame = batch.frame(each.grain)
        keys = _values(each, batch).cast(pl.String).map_elements(_key, return_dtype=pl.String, skip_nulls=True)
        lists = frame.select("sample", keys.alias(name)).drop_nulls().group_by("sample", maintain_order=True)
        found = found.join(lists.agg(name), on="sample", how="left", maintain_order="left")
        found = found.with_columns(pl.col(name).fill_null(pl.lit([], dtype=pl.List(pl.String))))
    schema = pa.schema([("sample_id", pa.string()), *((name, pa.list_(pa.string())) for name in distinct)])
    return found.drop("sample").to_arrow().cast(schema)


def measure_image(data: bytes, orientation: int, signals: Sequence[Signal]) -> dict[str, Value]:
    """Decode an image once (EXIF `orientation`, 1 to 8) and measure all `signals` of the pixels tier on it.

    Raises ImageError where the bytes are no usable image, ValueError for a signal of another tier.
    """
    (found,) = measure_images([(data, orientation)], signals)
    if isinstance(found, ImageError):
        raise found
    return found


def measure_images(
    images: Iterable[tuple[bytes, int]], signals: Sequence[Signal]
) -> Iterator[dict[str, Value] | ImageError]:
    """Measure as `measure_image` does, in order: for each image its values, or why it is no usable one.

    Some images are decoded before a signal looks at them all: the processor then runs one piece of code many times
    over, which measured a sixth faster than going through all signals for each image.
    """
    for each in signals:
        if each.tier != "pixels" or each.grain != "media":
            raise ValueError(f"{each.name} is of the {each.tier} tier: measure it with measure_samples")
    decoded: list[Pixels | ImageError] = []
    room = _PIXEL_BYTES
    for data, orientation in images:
        found = _decoded(data, orientation)
        decoded.append(found)
        room -= 0 if isinstance(found, ImageError) else found.rgb.nbytes
        if len(decoded) == _IMAGES_AT_ONCE or room <= 0:
            yield from _on_pixels(decoded, signals)
            decoded, room = [], _PIXEL_BYTES
    yield from _on_pixels(decoded, signals)


def measure_screens(
    media: Sequence[tuple[bytes, int]], places: Sequence[int], signals: Sequence[Signal]
) -> dict[str, Value | list[Value]]:
    """Compare the screens of a trajectory, in order, each with the one before, and reduce each signal to the sample.

    `media` are a sample's images, each with its EXIF orientation, and `places` says which of them each step shows;
    steps that follow each other on one medium have one screen, or they would count as steps without effect. Screens of
    equal bytes that follow each other are decoded once. A pair of which one is not there, or can't be decoded, is left
    out; None where no pair is left. Raises ValueError for a signal of another tier or grain.
    """
    for each in signals:
        if each.tier != "pixels" or each.grain != "step":
            raise ValueError(f"{each.name} is of the {each.tier} tier and {each.grain} grain: it compares no screens")
    values: dict[str, list[Value]] = {each.name: [] for each in signals}
    last: tuple[bytes, int] | None = None
    before, after = None, None
    for place, _ in groupby(places):
        screen = media[place] if 0 <= place < len(media) else (b"", 1)
        before = after
        if screen != last:
            after = _screen(*screen)
        last = screen
        if before is not None and after is not None:
            for each in signals:
                values[each.name].append(_finite(each, each.function(before, after)))
    return {each.name: reduce_units(each, values[each.name]) for each in signals}


def _decoded(data: bytes, orientation: int) -> Pixels | ImageError:
    try:
        reduced = decode_reduced(data, orientation)
    except ImageError as error:
        return error
    return Pixels(reduced.rgb, reduced.scale, reduced.size, data, orientation)


def _on_pixels(
    decoded: Sequence[Pixels | ImageError], signals: Sequence[Signal]
) -> Iterator[dict[str, Value] | ImageError]:
    usable = [each for each in decoded if isinstance(each, Pixels)]
    rows: list[dict[str, Value]] = [{} for _ in usable]
    for signal in signals:
        for row, pixels in zip(rows, usable, strict=True):
            row[signal.name] = _finite(signal, signal.function(pixels))
    measured = iter(rows)
    for each in decoded:
        yield each if isinstance(each, ImageError) else next(measured)


def _screen(data: bytes, orientation: int) -> Pixels | None:
    try:
        return Pixels(decode(data, orientation))
    except ImageError:
        return None


def _on_samples(batch: Batch, signals: Sequence[Signal]) -> list[pl.DataFrame]:
    """The signals' columns, one row for each sample of the batch, grouped by grain."""
    columns = []
    for grain in _GRAINS:
        mine = [each for each in signals if each.grain == grain]
        if not mine:
            continue
        if batch.frame(grain).is_empty():  # as that of regions in a batch of captions: nothing to call the signals for
            columns.append(pl.DataFrame({each.name: [None] * len(batch) for each in mine}))
            continue
        values = batch.frame(grain).select("sample", *(_values(each, batch) for each in mine))
        if grain != "sample":
            reduced = values.group_by("sample").agg(_REDUCE[each.reducer](pl.col(each.name)) for each in mine)
            values = batch.sample.select("sample").join(reduced, on="sample", how="left", maintain_order="left")
        columns.append(values.drop("sample"))
    return columns


def _values(each: Signal, batch: Batch) -> pl.Series:
    """A signal's values, one for each unit of its grain."""
    frame = batch.frame(each.grain)
    values: pl.Series = each.function(frame, batch) if each.reads_batch else each.function(frame)
    if len(values) != len(frame):
        raise ValueError(f"signal {each.name} returned {len(values)} values for {len(frame)} {each.grain} rows")
    values = values.rename(each.name)
    return values.cast(pl.Float64).fill_nan(None) if each.dtype == "float64" and each.tier != "corpus" else values


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _finite(each: Signal, value: Value) -> Value:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"signal {each.name} returned {value}: return None where it does not apply")
    return value
