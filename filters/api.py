"""The same signals and rules on any table, without Spark: for notebooks, and for engines that bring Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import polars as pl
import pyarrow as pa

from curation.contract.nearest import nearest
from curation.contract.rule import Rule
from curation.contract.sample import SAMPLE, to_row
from filters import deciding
from filters.catalogue import catalogue
from filters.context import Context
from filters.frames import COLUMNS
from filters.images import Images, measure_pixels
from filters.measuring import corpus_keys, measure_samples
from filters.reducing import count_corpus
from filters.signal import Signal
from filters.simple import simple_samples

Table = TypeVar("Table")  # pyarrow.Table, polars.DataFrame or pandas.DataFrame; what goes in comes out
_NAMED = ("sample_id", "source", "task")
_FATE = ("fate", "reason", "detail")


def measure(
    batch: Table,
    *,
    images: Mapping[str, bytes] | Callable[[str], bytes | None] | None = None,
    signals: Iterable[str] | None = None,
    context: Context | None = None,
) -> Table:
    """Measure the rows of an Arrow table, a polars or a pandas frame, and give a table of the same kind.

    `batch` is a table in the schema `curation.contract.sample.SAMPLE`, whose image bytes `images` gives by their
    SHA-256, or a plain frame with any of the columns image or images (bytes, or a list of bytes), prompt, answer (or
    text, or caption), task, source and sample_id, as `filters.simple` reads it. `signals` are names out of
    `filters.catalogue`; all by default.

    Row i of the result belongs to row i of `batch` (a pandas index is kept): sample_id, source, task, one column for
    each signal, reduced to the sample as the pipeline does it, and `error`: why an image or a text of the row can't be
    used, else null. A value that does not apply or could not be measured is null. Signals of the corpus tier count the
    rows of one source in this batch: what is not in it is not seen.

    Raises ValueError for an unknown signal (with the nearest name), for a frame that can't be read, and where signals
    of pixels are asked of rows whose bytes nobody gives; TypeError for another kind of table.
    """
    if not isinstance(batch, pa.Table) and not hasattr(batch, "columns"):
        raise TypeError(f"measure reads a pyarrow.Table, a polars or a pandas DataFrame, not a {type(batch).__name__}")
    chosen = _chosen(signals)
    samples, given, errors = _samples(batch, images)
    columns: dict[str, Any] = {name: samples.column(name).cast(pa.string()) for name in _NAMED}
    columns |= _of_content(samples, chosen, context)
    if pixels := [each for each in chosen if each.tier == "pixels"]:
        measured, unusable = measure_pixels(samples, pixels, given)
        columns |= _arrays(measured, pixels)
        errors = [first or second for first, second in zip(errors, unusable, strict=True)]
    order = [*_NAMED, *(each.name for each in chosen)]
    found = pa.table({name: columns[name] for name in order}).append_column(
        "error", pa.array([error or None for error in errors], pa.string())
    )
    return _same_kind(found, batch)


def decide(measured: Table, rules: Mapping[str, Rule | Mapping[str, Any]]) -> Table:
    """What rules make of measured rows, as a table of the same kind and in the same order.

    `measured` is what `measure` returns; `rules` are those of a recipe (`Rule`, or what a recipe's YAML would say) or
    `filters.presets.presets()`. Columns: sample_id, source, task; `fate` (kept, dropped, waiting, or quarantined where
    the row has an `error`), `reason` (the rules that decided it, or the kind of the error) and `detail` (why, in
    words); then each rule's verdict: keep, drop, unknown or na. Raises ValueError for a rule that does not compile, or
    that reads a signal which is not in `measured`.
    """
    stated = {name: rule if isinstance(rule, Rule) else Rule.model_validate(rule) for name, rule in rules.items()}
    frame = _polars(measured)
    try:
        found = deciding.decide(frame, stated)
    except pl.exceptions.ColumnNotFoundError as error:
        raise ValueError(f"{str(error).splitlines()[0]}: a rule reads it, so measure it too") from None
    said = deciding.spelled(found["letters"], list(stated))
    if "error" in frame.columns:
        bad = found.with_columns(
            pl.lit("quarantined").alias("fate"),
            frame["error"].str.splitn(":", 2).struct.field("field_0").alias("reason"),
            frame["error"].alias("detail"),
        )
        found = found.select(
            pl.when(frame["error"].is_null()).then(name).otherwise(bad[name]).alias(name) for name in _FATE
        )
    named = frame.select(name for name in _NAMED if name in frame.columns)
    return _same_kind(named.hstack(found.select(_FATE)).hstack(said).to_arrow(), measured)


def _chosen(names: Iterable[str] | None) -> list[Signal]:
    known = catalogue()
    if names is None:
        return list(known.values())
    if isinstance(names, str):
        raise ValueError(f"signals are a list of names: [{names!r}]")
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in known:
            raise ValueError(f"there is no signal {name!r}{nearest(name, known)}")
    return [known[name] for name in wanted]


def _of_content(samples: pa.Table, chosen: Sequence[Signal], context: Context | None) -> dict[str, Any]:
    """The columns of the header, text and corpus tiers."""
    columns: dict[str, Any] = {}
    if plain := [each for each in chosen if each.tier in ("header", "text")]:
        measured = measure_samples(samples, plain, context)
        columns |= {each.name: measured.column(each.name) for each in plain}
    if counted := [each for each in chosen if each.tier == "corpus"]:
        keys = corpus_keys(samples, counted, context)
        columns |= _arrays(count_corpus(keys, samples.column("source").to_pylist(), counted), counted)
    return columns


def _arrays(rows: list[dict[str, Any]], signals: Sequence[Signal]) -> dict[str, pa.Array]:
    return {each.name: pa.array([row.get(each.name) for row in rows], each.sample_type) for each in signals}


def _samples(batch: Any, images: Any) -> tuple[pa.Table, Images | None, list[str]]:
    """The batch in the columns of SAMPLE that measuring reads, its images, and each row's error or ""."""
    names = [str(name) for name in (batch.column_names if isinstance(batch, pa.Table) else batch.columns)]
    if "messages" in names and "media" in names:
        if missing := [name for name in COLUMNS if name not in names]:
            raise ValueError(f"a table of samples needs the columns {', '.join(missing)} too")
        schema = pa.schema([SAMPLE.field(name) for name in COLUMNS])
        table = _arrow(batch, schema).select(list(COLUMNS)).cast(schema)
        return table, Images.of(images), [""] * len(table)
    found = simple_samples(names, _records(batch))
    rows = [{**to_row(each.sample), "sample_id": each.sample_id} for each in found]
    held = {sha256: data for each in found for sha256, data in each.images.items()}
    return pa.Table.from_pylist(rows, schema=SAMPLE), Images.of(held), [each.error for each in found]


def _arrow(batch: Any, schema: pa.Schema) -> pa.Table:
    if isinstance(batch, pa.Table):
        return batch
    if isinstance(batch, pl.DataFrame):
        return batch.select(list(COLUMNS)).to_arrow()
    return pa.Table.from_pandas(batch[list(COLUMNS)], schema=schema, preserve_index=False)


def _records(batch: Any) -> list[dict[str, Any]]:
    if isinstance(batch, pa.Table):
        return batch.to_pylist()  # type: ignore[no-any-return]
    return batch.to_dicts() if isinstance(batch, pl.DataFrame) else batch.to_dict("records")  # type: ignore[no-any-return]


def _polars(table: Any) -> pl.DataFrame:
    if isinstance(table, pl.DataFrame):
        return table
    if not isinstance(table, pa.Table):
        table = pa.Table.from_pandas(table, preserve_index=False)
    return pl.DataFrame(pl.from_arrow(table))


def _same_kind(found: pa.Table, like: Any) -> Any:
    if isinstance(like, pa.Table):
        return found
    if isinstance(like, pl.DataFrame):
        return pl.DataFrame(pl.from_arrow(found))
    frame = found.to_pandas()
    frame.index = like.index
    return frame
