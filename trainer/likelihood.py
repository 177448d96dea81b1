"""How likely a checkpoint finds given answers: the loss of rows, and which of a pair's two answers it prefers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from trl.trainer import add_fused_lm_head

from curation.contract.dataset import RenderedRow
from curation.contract.training import EvalSettings
from model.collate import collate
from model.inputs import DataError, fit_processor, training_example
from model.load import Checkpoint, load_checkpoint, unwrapped
from trainer.checkpoint import check_contract
from trainer.data import PairDataset, RenderedDataset, check_sizes, open_pairs, token_counts
from trainer.metrics import intervals, summarise

PREFERENCE = "preference"  # the task that pairs count as
Progress = Callable[[int, int], None]


def open_checkpoint(data: RenderedDataset, checkpoint: str, base: str | Path | None = None) -> Checkpoint:
    """A checkpoint that fits its data, ready for `row_losses`. Raises `CheckpointError` where it was trained for
    another family or pixel budget, `DataError` where it is of another family than the data."""
    check_contract(checkpoint, data.preprocessing)
    loaded = load_checkpoint(checkpoint, base=base)
    if loaded.family.name != data.preprocessing.family:
        raise DataError(
            f"{data.table} was rendered for {data.preprocessing.family}; {checkpoint} is {loaded.family.name}."
        )
    fit_processor(loaded.processor, data.preprocessing.min_pixels, data.preprocessing.max_pixels)
    check_sizes(data, loaded.processor)
    add_fused_lm_head(unwrapped(loaded.model))
    return loaded


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


def preference_accuracy(
    dataset: str,
    checkpoint: str,
    settings: EvalSettings,
    split: str = "test",
    base: str | Path | None = None,
) -> dict[str, Any]:
    """Which answers of a `render_dpo` table's pairs a checkpoint prefers.

    `accuracy` is the share of pairs whose chosen answer has the higher log-probability, `accuracy_per_token` the share
    by mean log-probability of a token, which does not favour the shorter answer; `pairs` their number, `intervals` the
    95 % intervals by name. Equal answers count as not preferred. Raises as `open_checkpoint` and `open_pairs` do.
    """
    pairs = open_pairs(dataset, split)
    records = prefer(open_checkpoint(pairs.chosen, checkpoint, base), pairs, settings.batch_size)
    values, ends = summarise(records), intervals(records)
    names = ("accuracy", "accuracy_per_token")
    return {
        "pairs": len(records),
        **{name: values[f"{PREFERENCE}/{name}"] for name in names},
        "intervals": {name: ends[f"{PREFERENCE}/{name}"] for name in names if f"{PREFERENCE}/{name}" in ends},
    }


def prefer(
    loaded: Checkpoint, pairs: PairDataset, batch_size: int, progress: Progress | None = None
) -> list[dict[str, Any]]:
    """A record for each pair, in the order of their ids: its scores, and the log-probabilities of its answers with the
    weight of their tokens. A batch holds half as many pairs as rows."""
    counts = token_counts(pairs.chosen, loaded.processor.tokenizer)
    rows = [row for _, row in sorted(zip(counts, pairs.chosen.rows, strict=True), key=lambda one: one[0])]
    size, records = max(1, batch_size // 2), []
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        found = row_losses(loaded, pairs.chosen, [*some, *(pairs.rejected[row.row_id] for row in some)])
        both = zip(some, found[: len(some)], found[len(some) :], strict=True)
        records += [_preferred(row, chosen, rejected) for row, chosen, rejected in both]
        if progress:
            progress(len(records), len(rows))
    return sorted(records, key=lambda record: str(record["row_id"]))


def _preferred(row: RenderedRow, chosen: tuple[float, float], rejected: tuple[float, float]) -> dict[str, Any]:
    scores = {
        "accuracy": float(chosen[0] < rejected[0]),
        "accuracy_per_token": float(chosen[0] / chosen[1] < rejected[0] / rejected[1]),
    }
    return {
        "row_id": row.row_id,
        "source": row.source,
        "task": PREFERENCE,
        "chosen": -chosen[0],
        "chosen_tokens": chosen[1],
        "rejected": -rejected[0],
        "rejected_tokens": rejected[1],
        "scores": scores,
    }


def _to(batch: dict[str, torch.Tensor], device: torch.device) -> dict[str, torch.Tensor]:
    return {name: value.to(device) for name, value in batch.items()}
