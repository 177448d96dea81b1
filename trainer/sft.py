"""Supervised fine-tuning of a rendered dataset."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from trl.trainer import add_fused_lm_head

from curation.contract.training import TrainSettings, TuningSettings
from model.load import Checkpoint
from model.pack import sample
from model.shipped import checkpoint_path
from trainer.data import RenderedDataset, leave_out_long, open_dataset, token_counts
from trainer.loop import Material, Run
from trainer.objectives import token_loss
from trainer.plan import Length
from trainer.start import check_devices, longest, material_name, open_base, patches_of
from trainer.steps import Batch, Progress, Told, model_inputs
from trainer.watch import evaluations, watch


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
    material = row_material(data, loaded, settings, base)
    if settings.evaluate_every:
        add_fused_lm_head(loaded.model)  # by which `measured` takes its losses
    run = Run(loaded, material, settings, objective, target, progress, run_folder, settings.lora_dropout)
    if settings.evaluate_every:
        watch(run, dataset, settings)
    run.train()
    contract = {
        **run.summary(base),
        "dataset": {"stage": "render", "fingerprint": data.fingerprint, **_by_modality(material)},
        "settings": {**settings.model_dump(mode="json"), "model": base.name},
        "evaluations": evaluations(run),
    }
    run.finish(target, contract)
    return contract


def objective(model: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, Told]:
    """The sum of weighted token losses."""
    return token_loss(model(**model_inputs(batch)), batch["weights"]), {}


def row_material(data: RenderedDataset, loaded: Checkpoint, settings: TuningSettings, base: Path) -> Material:
    """Rows as the loop trains on them: a step's loss is divided by the weights of its tokens. Raises `DataError` as
    `token_counts` and `leave_out_long` do."""
    tokenizer, patch = loaded.processor.tokenizer, loaded.family.patch_size
    kept, counts, left_out = leave_out_long(data, token_counts(data, tokenizer), longest(settings))
    return Material(
        data=kept,
        lengths=[Length(count, patches_of(row, patch)) for row, count in zip(kept.rows, counts, strict=True)],
        samples=lambda place: [sample(kept.rows[place], tokenizer)],
        count=lambda batch, places: float(batch["weights"].sum()),
        name=material_name(kept, base, settings),
        left_out=left_out,
    )


def _by_modality(material: Material) -> dict[str, int]:
    """Rows and tokens, text-only and in all: a mix that is even by rows is far from even by tokens."""
    counts = [length.tokens for length in material.lengths]
    text = [count for row, count in zip(material.data.rows, counts, strict=True) if not row.media]
    return {"rows": len(counts), "tokens": sum(counts), "text_rows": len(text), "text_tokens": sum(text)}
