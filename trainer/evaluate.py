"""A checkpoint on a rendered dataset: token loss, and each task's own metric on greedy answers."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from trl.trainer import add_fused_lm_head

from curation.contract.dataset import RenderedRow
from curation.contract.training import EvalSettings
from filters.score import score
from model.collate import collate
from model.complete import complete_or_absent
from model.engine import Drawing, Prompt
from model.inputs import DataError, fit_processor, training_example
from model.load import Checkpoint, load_checkpoint, unwrapped
from model.local import LocalEngine
from trainer.checkpoint import check_contract
from trainer.data import RenderedDataset, check_sizes, open_dataset, token_counts

Progress = Callable[[int, int], None]

PREDICTIONS = pa.schema(
    [
        ("row_id", pa.string()),
        ("task", pa.string()),
        ("verifier", pa.string()),
        ("prediction", pa.string()),
        ("reference", pa.string()),
        ("loss", pa.float64()),  # mean over the row's weighted tokens
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
) -> dict[str, float]:
    """Measure a checkpoint on one split; write `predictions.parquet` and `metrics.json` to the folder `out`.

    Returns `loss` (mean over weighted tokens) and `rows` over the split, and for each task `<task>/loss`,
    `<task>/rows` and the means of its rows' scores, such as `grounding/acc_at_0.5`. `progress` is called with (rows
    done, rows). `base` overrides the base that an adapter records. Raises `CheckpointError` where the checkpoint was
    trained for another family or pixel budget, `DataError` for rows that cannot be read.
    """
    data = open_dataset(dataset, split)
    check_contract(checkpoint, data.preprocessing)
    loaded = load_checkpoint(checkpoint, base=base)
    if loaded.family.name != data.preprocessing.family:
        raise DataError(
            f"{dataset} was rendered for {data.preprocessing.family}; {checkpoint} is {loaded.family.name}."
        )
    fit_processor(loaded.processor, data.preprocessing.min_pixels, data.preprocessing.max_pixels)
    check_sizes(data, loaded.processor)
    rows = chosen(data.rows, settings.max_rows)
    order = _by_length(data, rows, loaded.processor.tokenizer)
    records: list[dict[str, Any]] = []
    add_fused_lm_head(unwrapped(loaded.model))
    for start in range(0, len(order), settings.batch_size):
        batch = order[start : start + settings.batch_size]
        records += _measure(loaded, data, batch, settings)
        if progress:
            progress(len(records), len(order))
    metrics = summarise(records)
    with complete_or_absent(Path(out).resolve()) as folder:
        _write(folder, sorted(records, key=lambda record: str(record["row_id"])), metrics)
    return metrics


def chosen(rows: Sequence[RenderedRow], max_rows: int | None) -> list[RenderedRow]:
    """At most `max_rows` rows of each task: those with the smallest hash of their id, so that a row is in or out
    whatever stands beside it in the file."""
    by_task: dict[str, list[RenderedRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: hashlib.sha256(row.row_id.encode()).hexdigest()):
        by_task[row.task].append(row)
    return [row for task in sorted(by_task) for row in by_task[task][:max_rows]]


def summarise(records: Iterable[dict[str, Any]]) -> dict[str, float]:
    """Means per task and overall. A row's loss counts by the weight of its tokens, a score once per row."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        groups[""].append(record)
        groups[record["task"] + "/"].append(record)
    metrics: dict[str, float] = {}
    for prefix, group in sorted(groups.items()):
        metrics[prefix + "rows"] = float(len(group))
        metrics[prefix + "loss"] = sum(record["nll"] for record in group) / sum(record["weight"] for record in group)
        if prefix:
            metrics |= {prefix + name: value for name, value in _means(group).items()}
    return metrics


def _means(group: Sequence[dict[str, Any]]) -> dict[str, float]:
    values: dict[str, list[float]] = defaultdict(list)
    for record in group:
        for name, value in record["scores"].items():
            values[name].append(value)
    return {name: sum(scores) / len(scores) for name, scores in sorted(values.items())}


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
            "task": row.task,
            "verifier": row.reference.verifier,
            "prediction": answer,
            "reference": row.reference.text,
            "nll": nll,
            "weight": weight,
            "loss": nll / weight,
            "scores": score(answer, row, loaded.family),
        }
        for row, answer, (nll, weight) in zip(rows, answers, losses, strict=True)
    ]


def row_losses(loaded: Checkpoint, data: RenderedDataset, rows: Sequence[RenderedRow]) -> list[tuple[float, float]]:
    """(weighted negative log-likelihood, weight) of each row, given its own true answer. The model must have TRL's
    fused head, which projects only where a label is, so that a long batch needs no logits for all of its tokens."""
    tokenizer, config = loaded.processor.tokenizer, loaded.model.config
    examples = [training_example(row, data.image, loaded.processor) for row in rows]
    batch = _to(collate(examples, tokenizer.pad_token_id, config.image_token_id), loaded.model.device)
    weights = batch.pop("loss_weights")[:, 1:]
    with torch.inference_mode():
        outputs = loaded.model(**batch, fused_lm_head=True)
    nll = -(outputs.log_probs.float() * weights).sum(dim=1)
    return list(zip(nll.tolist(), weights.sum(dim=1).tolist(), strict=True))


def _by_length(data: RenderedDataset, rows: Sequence[RenderedRow], tokenizer: Any) -> list[RenderedRow]:
    """Rows of like length share a batch, for less padding."""
    counts = token_counts(data, tokenizer)
    length = {row.row_id: count for row, count in zip(data.rows, counts, strict=True)}
    return sorted(rows, key=lambda row: (length[row.row_id], row.row_id))


def _to(batch: dict[str, torch.Tensor], device: torch.device) -> dict[str, torch.Tensor]:
    return {name: value.to(device) for name, value in batch.items()}


def _write(folder: Path, records: Sequence[dict[str, Any]], metrics: dict[str, float]) -> None:
    rows = [
        {**{name: record[name] for name in PREDICTIONS.names}, "scores": list(record["scores"].items())}
        for record in records
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=PREDICTIONS), folder / "predictions.parquet")
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2, sort_keys=True) + "\n", encoding="utf-8")
