"""A checkpoint on a rendered dataset: token loss, and each task's own metric on greedy answers."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.contract.dataset import RenderedRow
from curation.contract.training import EvalSettings
from filters.score import errors, score
from model.complete import complete_or_absent
from model.engine import Drawing, Prompt
from model.inputs import DataError
from model.load import Checkpoint
from model.local import LocalEngine
from trainer.data import PairDataset, RenderedDataset, open_dataset, open_pairs, token_counts
from trainer.likelihood import PREFERENCE, Progress, open_checkpoint, prefer, row_losses
from trainer.metrics import by_source, intervals, summarise

_ERRORS = pa.struct([("edits", pa.int64()), ("length", pa.int64())])
PREDICTIONS = pa.schema(
    [
        ("row_id", pa.string()),
        ("source", pa.string()),
        ("task", pa.string()),
        ("verifier", pa.string()),
        ("prediction", pa.string()),
        ("reference", pa.string()),
        ("loss", pa.float64()),  # mean over the row's weighted tokens
        ("weight", pa.float64()),  # of the row's tokens
        ("scores", pa.map_(pa.string(), pa.float64())),
        ("errors", pa.map_(pa.string(), _ERRORS)),  # edits, and the reference's length
    ]
)
PREFERENCES = pa.schema(
    [
        ("row_id", pa.string()),
        ("source", pa.string()),
        ("chosen", pa.float64()),  # log-probability
        ("chosen_tokens", pa.float64()),  # their weight
        ("rejected", pa.float64()),
        ("rejected_tokens", pa.float64()),
        ("scores", pa.map_(pa.string(), pa.float64())),
    ]
)


def evaluate(
    dataset: str,
    checkpoint: str,
    settings: EvalSettings,
    out: str,
    split: str = "test",
    progress: Progress | None = None,
    base: str | Path | None = None,
    pairs: str | None = None,
) -> dict[str, float]:
    """Measure a checkpoint on one split, answers generated greedily in batches; write to the folder `out`:

    `predictions.parquet`, every row's answer and scores; `metrics.json`, which is returned; `intervals.json`, the 95 %
    interval of each metric; `by_source.json`, the metrics of each source alone. With `pairs`, a `render_dpo` table,
    also `preferences.parquet`.

    Returns `loss` (mean over weighted tokens) and `rows` over the split, and for each task `<task>/loss`,
    `<task>/rows` and its metrics, such as `grounding/acc_at_0.5`; with `pairs` also `preference/accuracy`. `progress`
    is called with (rows done, rows). `base` overrides the base that an adapter records. Raises `CheckpointError` where
    the checkpoint was trained for another family or pixel budget, `DataError` for rows that cannot be read.
    """
    data = open_dataset(dataset, split)
    both = _pairs_beside(data, pairs, split, settings.max_rows) if pairs else None
    loaded = open_checkpoint(data, checkpoint, base)
    records = measured(loaded, data, chosen(data.rows, settings.max_rows), settings, progress)
    preferred = prefer(loaded, both, settings.batch_size) if both else []
    metrics = _and_pairs(summarise(records), summarise(preferred))
    with complete_or_absent(Path(out).resolve()) as folder:
        _write_rows(folder / "predictions.parquet", records, PREDICTIONS)
        if both:
            _write_rows(folder / "preferences.parquet", preferred, PREFERENCES)
        _write_json(folder / "metrics.json", metrics)
        _write_json(folder / "intervals.json", {**intervals(records), **intervals(preferred)})
        _write_json(folder / "by_source.json", _sources(records, preferred))
    return metrics


def measured(
    loaded: Checkpoint,
    data: RenderedDataset,
    rows: Sequence[RenderedRow],
    settings: EvalSettings,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """What `predictions.parquet` holds of each row, in the order of their ids. The model must have TRL's fused head."""
    order = _by_length(data, rows, loaded.processor.tokenizer)
    records: list[dict[str, Any]] = []
    for start in range(0, len(order), settings.batch_size):
        records += _measure(loaded, data, order[start : start + settings.batch_size], settings)
        if progress:
            progress(len(records), len(order))
    return sorted(records, key=lambda record: str(record["row_id"]))


def chosen(rows: Sequence[RenderedRow], max_rows: int | None) -> list[RenderedRow]:
    """At most `max_rows` rows of each task: those with the smallest hash of their id, so that a row is in or out
    whatever stands beside it in the file."""
    by_task: dict[str, list[RenderedRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: hashlib.sha256(row.row_id.encode()).hexdigest()):
        by_task[row.task].append(row)
    return [row for task in sorted(by_task) for row in by_task[task][:max_rows]]


def _pairs_beside(data: RenderedDataset, table: str, split: str, max_rows: int | None) -> PairDataset:
    pairs = open_pairs(table, split)
    if pairs.chosen.preprocessing != data.preprocessing:
        raise DataError(f"{table} was rendered for {pairs.chosen.preprocessing}; the dataset for {data.preprocessing}.")
    return replace(pairs, chosen=replace(pairs.chosen, rows=chosen(pairs.chosen.rows, max_rows)))


def _and_pairs(metrics: dict[str, float], pairs: dict[str, float]) -> dict[str, float]:
    """Pairs are no rows of the dataset: they count for their own metrics alone."""
    return metrics | {name: value for name, value in pairs.items() if name.startswith(f"{PREFERENCE}/")}


def _sources(records: Sequence[dict[str, Any]], pairs: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    rows, preferred = by_source(records), by_source(pairs)
    names = sorted(rows.keys() | preferred.keys())
    return {name: _and_pairs(rows.get(name, {}), preferred.get(name, {})) for name in names}


def _measure(
    loaded: Checkpoint, data: RenderedDataset, rows: Sequence[RenderedRow], settings: EvalSettings
) -> list[dict[str, Any]]:
    losses = row_losses(loaded, data, rows)
    engine = LocalEngine(loaded, settings.batch_size)
    prompts = [Prompt(row=row, images=tuple(data.image(medium) for medium in row.media)) for row in rows]
    answers = [reply.text for (reply,) in engine.generate(prompts, Drawing(max_new_tokens=settings.max_new_tokens))]
    return [
        {
            "row_id": row.row_id,
            "source": row.source,
            "task": row.task,
            "verifier": row.reference.verifier,
            "prediction": answer,
            "reference": row.reference.text,
            "nll": nll,
            "weight": weight,
            "loss": nll / weight,
            "scores": score(answer, row, loaded.family),
            "errors": errors(answer, row, loaded.family),
        }
        for row, answer, (nll, weight) in zip(rows, answers, losses, strict=True)
    ]


def _by_length(data: RenderedDataset, rows: Sequence[RenderedRow], tokenizer: Any) -> list[RenderedRow]:
    """Rows of like length share a batch, for less padding."""
    counts = token_counts(data, tokenizer)
    length = {row.row_id: count for row, count in zip(data.rows, counts, strict=True)}
    return sorted(rows, key=lambda row: (length[row.row_id], row.row_id))


def _write_rows(path: Path, records: Sequence[dict[str, Any]], schema: pa.Schema) -> None:
    pq.write_table(pa.Table.from_pylist([_flat(record, schema) for record in records], schema=schema), path)


def _flat(record: dict[str, Any], schema: pa.Schema) -> dict[str, Any]:
    row = {name: record[name] for name in schema.names} | {"scores": list(record["scores"].items())}
    if "errors" in row:
        row["errors"] = [(name, found._asdict()) for name, found in record["errors"].items()]
    return row


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
