"""Supervised fine-tuning of a rendered dataset."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from curation.contract.training import TrainSettings
from model.pack import sample
from model.shipped import checkpoint_path
from trainer.data import RenderedDataset, leave_out_long, open_dataset, token_counts
from trainer.loop import Material, Run
from trainer.objectives import token_loss
from trainer.plan import Length
from trainer.start import check_devices, longest, material_name, open_base, patches_of
from trainer.steps import Batch, Progress, Told, model_inputs


def train_sft(
    dataset: str, settings: TrainSettings, out: str, progress: Progress | None = None, run_folder: Path | None = None
) -> dict[str, Any]:
    """Fine-tune on the `train` rows of a rendered table; write a checkpoint folder; return its `winnow.json`.

    `out` holds an adapter (`lora`) or whole weights (`full`), the processor with the data's pixel budget, the plan, the
    metrics of each step and `winnow.json`; it is complete or absent. What a killed run needs to go on is in
    `run_folder`, by default `out`.run. `progress` is called with (step, steps, loss) after each optimizer step. Rows
    longer than `max_length` or a pack are left out and named. The same data, settings and seed give the same weights on
    a CPU. Processes that are launched together share each step's packs, and the first writes. Raises before any
    training: `DataError` for rows that cannot be trained on or an interrupted run with another plan, `CheckpointError`
    for the base, `PolicyError` where other parameters would train than the policy says.
    """
    check_devices(torch.cuda.device_count(), os.environ)
    target = Path(out).resolve()
    data = open_dataset(dataset, "train")
    base = checkpoint_path(settings.model)
    loaded = open_base(base, settings, data)
    tokenizer = loaded.processor.tokenizer
    data, counts, left_out = leave_out_long(data, token_counts(data, tokenizer), longest(settings))
    patch = loaded.family.patch_size
    material = Material(
        data=data,
        lengths=[Length(count, patches_of(row, patch)) for row, count in zip(data.rows, counts, strict=True)],
        samples=lambda place: [sample(data.rows[place], tokenizer)],
        count=lambda batch, places: float(batch["weights"].sum()),
        name=material_name(data, base, settings),
        left_out=left_out,
    )
    run = Run(loaded, material, settings, objective, target, progress, run_folder, settings.lora_dropout)
    run.train()
    contract = {
        **run.summary(base),
        "dataset": {"stage": "render", "fingerprint": data.fingerprint, **_by_modality(data, counts)},
        "settings": {**settings.model_dump(), "model": base.name},
    }
    run.finish(target, contract)
    return contract


def objective(model: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, Told]:
    """The sum of weighted token losses."""
    return token_loss(model(**model_inputs(batch)), batch["weights"]), {}


def _by_modality(data: RenderedDataset, counts: Sequence[int]) -> dict[str, int]:
    """Rows and tokens, text-only and in all: a mix that is even by rows is far from even by tokens."""
    text = [count for row, count in zip(data.rows, counts, strict=True) if not row.media]
    return {"rows": len(counts), "tokens": sum(counts), "text_rows": len(text), "text_tokens": sum(text)}
