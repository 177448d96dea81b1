"""Supervised fine-tuning of a rendered dataset, on TRL's trainer with our data, collation and loss."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import PrinterCallback
from trl import SFTConfig, SFTTrainer

from curation.contract.training import TrainSettings
from model.collate import collate
from model.inputs import training_example
from model.policy import check_trainable
from model.shipped import checkpoint_path
from trainer.data import RenderedDataset, leave_out_long, open_dataset, token_counts
from trainer.loop import (
    Progress,
    Report,
    arguments,
    check_devices,
    make_trainable,
    open_base,
    open_output,
    save,
    summary,
)


def train_sft(dataset: str, settings: TrainSettings, out: str, progress: Progress | None = None) -> dict[str, Any]:
    """Fine-tune on the `train` rows of a rendered table; write a checkpoint folder; return its `winnow.json`.

    `out` holds an adapter (`lora`) or whole weights (`full`), the processor with the data's pixel budget, and
    `winnow.json`; it is complete or absent. `progress` is called with (step, steps, loss) after each optimizer step.
    Rows longer than `max_length` are left out and named. The same data, settings and seed give the same weights on a
    CPU. Processes that are launched together divide each step's rows, and the first writes. Raises before any
    training: `DataError` for rows that cannot be trained on, `CheckpointError` for
    the base, `PolicyError` where other parameters would train than the policy says.
    """
    check_devices(torch.cuda.device_count(), os.environ)
    target = Path(out).resolve()
    data = open_dataset(dataset, "train")
    base = checkpoint_path(settings.model)
    model, processor, _ = open_base(base, settings, data)
    counts = token_counts(data, processor.tokenizer)
    data, counts, left_out = leave_out_long(data, counts, settings.max_length)
    with open_output(target) as partial:
        trainer = _trainer(model, processor, data, settings, partial, progress)
        trainer.train()
        contract = {
            **summary(trainer, base, data.preprocessing, left_out),
            "dataset": {"stage": "render", "fingerprint": data.fingerprint, **_by_modality(data, counts)},
            "settings": {**settings.model_dump(), "model": base.name},
        }
        save(trainer, partial, contract)
    return contract


def _by_modality(data: RenderedDataset, counts: list[int]) -> dict[str, int]:
    """Rows and tokens, text-only and in all: a mix that is even by rows is far from even by tokens."""
    text = [count for row, count in zip(data.rows, counts, strict=True) if not row.media]
    return {"rows": len(counts), "tokens": sum(counts), "text_rows": len(text), "text_tokens": sum(text)}


class TokenWeightedTrainer(SFTTrainer):  # type: ignore[misc]
    """An optimizer step's loss is the weighted sum of token losses over all its passes, divided by the sum of weights.

    The families' classes say `accepts_loss_kwargs = False`, for which the stock trainer averages each pass by itself
    and then the averages, so that a token in a short row counts more than one in a long row.
    """

    loss_is_scaled_for_ga = True  # or the trainer would divide by the number of passes once more

    def _get_num_items_in_batch(self, batch_samples: list[dict[str, torch.Tensor]], device: torch.device) -> Any:
        # The first token of a row is never predicted.
        total = torch.stack([batch["loss_weights"][:, 1:].sum() for batch in batch_samples]).sum().to(device)
        return self.accelerator.gather(total).sum()

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> torch.Tensor:
        weights = inputs.pop("loss_weights")[:, 1:]
        outputs = model(**inputs, fused_lm_head=True)
        total = weights.sum() if num_items_in_batch is None else num_items_in_batch
        loss = -(outputs.log_probs * weights).sum() / total
        return loss * self.accelerator.num_processes  # which data parallelism will divide by


def _trainer(
    model: Any, processor: Any, data: RenderedDataset, settings: TrainSettings, folder: Path, progress: Progress | None
) -> TokenWeightedTrainer:
    adapter, expected = make_trainable(model, settings, settings.lora_dropout)
    pad, image = processor.tokenizer.pad_token_id, model.config.image_token_id

    def batch(features: list[dict[str, int]]) -> dict[str, torch.Tensor]:
        rows = [data.rows[feature["row"]] for feature in features]
        return collate([training_example(row, data.image, processor) for row in rows], pad, image)

    trainer = TokenWeightedTrainer(
        model=model,
        args=SFTConfig(**arguments(settings, folder), dataset_kwargs={"skip_prepare_dataset": True}),
        data_collator=batch,
        # TRL takes only a `datasets` one: this holds the places of the rows, and the collator reads them.
        train_dataset=Dataset.from_dict({"row": list(range(len(data.rows)))}),
        processing_class=processor,
        peft_config=adapter,
        callbacks=[Report(progress)] if progress else None,
    )
    trainer.remove_callback(PrinterCallback)  # progress is the caller's to show
    check_trainable(trainer.model, expected)
    return trainer
