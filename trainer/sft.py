"""Supervised fine-tuning of a rendered dataset, on TRL's trainer with our data, collation and loss."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import PrinterCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl import SFTConfig, SFTTrainer

from curation.contract.training import TrainSettings
from model.collate import collate
from model.complete import complete_or_absent
from model.inputs import DataError, fit_processor, training_example
from model.load import CheckpointError, base_of, load_checkpoint
from model.policy import apply_policy, check_trainable, expected_trainable, lora_targets
from trainer.checkpoint import base_checkpoint, preprocessing_contract, write_contract
from trainer.data import RenderedDataset, check_sizes, leave_out_long, open_dataset, token_counts

Progress = Callable[[int, int, float], None]


def train_sft(dataset: str, settings: TrainSettings, out: str, progress: Progress | None = None) -> dict[str, Any]:
    """Fine-tune on the `train` rows of a rendered table; write a checkpoint folder; return its `winnow.json`.

    `out` holds an adapter (`lora`) or whole weights (`full`), the processor with the data's pixel budget, and
    `winnow.json`; it is complete or absent. `nano` as base is built in `base` beside `out`. `progress` is called with
    (step, steps, loss) after each optimizer step. Rows longer than `max_length` are left out and named. The same data,
    settings and seed give the same weights on a CPU. Processes that are launched together divide each step's rows, and
    the first writes. Raises before any training: `DataError` for rows that cannot be trained on, `CheckpointError` for
    the base, `PolicyError` where other parameters would train than the policy says.
    """
    check_devices(torch.cuda.device_count(), os.environ)
    target = Path(out).resolve()
    data = open_dataset(dataset, "train")
    base = base_checkpoint(settings, target.parent / "base")
    if base_of(base):
        raise CheckpointError(f"{base} is an adapter. Merge it first, then train on the merged checkpoint.")
    # An adapter is small and kept in float32; whole weights are too, or small steps would vanish in bfloat16.
    model, processor, family = load_checkpoint(base, dtype=torch.float32 if settings.method == "full" else None)
    if family.name != data.preprocessing.family:
        raise DataError(f"{dataset} was rendered for {data.preprocessing.family}; {base} is a {family.name}.")
    fit_processor(processor, data.preprocessing.min_pixels, data.preprocessing.max_pixels)
    check_sizes(data, processor)
    counts = token_counts(data, processor.tokenizer)
    data, counts, left_out = leave_out_long(data, counts, settings.max_length)
    writes = os.environ.get("RANK", "0") == "0"  # of processes that train together, the first
    with complete_or_absent(target, keep=writes) as partial:
        trainer = _trainer(model, processor, data, settings, partial, progress)
        trainer.train()
        contract = {
            **preprocessing_contract(data.preprocessing, processor),
            "base": base.name,
            "dataset": {"stage": "render", "fingerprint": data.fingerprint, **_by_modality(data, counts)},
            "left_out": left_out,
            "settings": {**settings.model_dump(), "model": Path(settings.model).resolve().name},
            "trainable_parameters": sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
            "losses": [entry["loss"] for entry in trainer.state.log_history if "loss" in entry],
        }
        _save(trainer, partial, contract)
    return contract


def check_devices(count: int, environment: Mapping[str, str]) -> None:
    """Raise `DataError` where one process sees several GPUs: the trainer would cut each batch between them, and images
    are not laid out row by row, so that a row would get another row's patches."""
    if count > 1 and int(environment.get("LOCAL_RANK", -1)) < 0:
        raise DataError(
            f"{count} GPUs are visible to one process, between which images cannot be divided. Set "
            "CUDA_VISIBLE_DEVICES=0 to use one, or start a process for each with `accelerate launch`."
        )


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


class _Report(TrainerCallback):  # type: ignore[misc]
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if logs and "loss" in logs:
            self._progress(state.global_step, state.max_steps, logs["loss"])


def _trainer(
    model: Any, processor: Any, data: RenderedDataset, settings: TrainSettings, folder: Path, progress: Progress | None
) -> TokenWeightedTrainer:
    expected = expected_trainable(model, settings.policy, settings.method)
    adapter = _adapter(model, settings) if settings.method == "lora" else None
    if adapter is None:
        apply_policy(model, settings.policy)
    pad, image = processor.tokenizer.pad_token_id, model.config.image_token_id

    def batch(features: list[dict[str, int]]) -> dict[str, torch.Tensor]:
        rows = [data.rows[feature["row"]] for feature in features]
        return collate([training_example(row, data.image, processor) for row in rows], pad, image)

    trainer = TokenWeightedTrainer(
        model=model,
        args=_arguments(settings, folder),
        data_collator=batch,
        # TRL takes only a `datasets` one: this holds the places of the rows, and the collator reads them.
        train_dataset=Dataset.from_dict({"row": list(range(len(data.rows)))}),
        processing_class=processor,
        peft_config=adapter,
        callbacks=[_Report(progress)] if progress else None,
    )
    trainer.remove_callback(PrinterCallback)  # progress is the caller's to show
    check_trainable(trainer.model, expected)
    return trainer


def _adapter(model: Any, settings: TrainSettings) -> LoraConfig:
    return LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=lora_targets(model, settings.policy),
        task_type="CAUSAL_LM",
    )


def _arguments(settings: TrainSettings, folder: Path) -> SFTConfig:
    cuda = torch.cuda.is_available()
    return SFTConfig(
        output_dir=str(folder),
        per_device_train_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup_ratio,
        weight_decay=settings.weight_decay,
        num_train_epochs=settings.epochs,
        max_steps=settings.max_steps,
        seed=settings.seed,
        data_seed=settings.seed,
        use_cpu=not cuda,
        bf16=cuda,
        activation_checkpointing=cuda,  # memory is short on a GPU, time on a CPU
        dataloader_pin_memory=cuda,
        max_length=None,  # the default cuts rows at 1024 tokens, images too; long ones are left out before
        remove_unused_columns=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        push_to_hub=False,
        disable_tqdm=True,
    )


def _save(trainer: TokenWeightedTrainer, folder: Path, contract: dict[str, Any]) -> None:
    trainer.save_model(str(folder))
    # A pickle and a card with this machine's paths: neither belongs to a checkpoint.
    for name in ("training_args.bin", "README.md"):
        (folder / name).unlink(missing_ok=True)
    write_contract(folder, contract)
