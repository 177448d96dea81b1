"""Optimizer steps over packs: transformers' Trainer around an objective of ours."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from curation.contract.dataset import RenderedMedia
from curation.contract.training import TuningSettings
from model.complete import complete_file
from model.policy import part
from trainer.logs import BOARD, places

Progress = Callable[[int, int, float], None]
Batch = dict[str, Any]
Told = dict[str, torch.Tensor]  # sums over the samples of a pack, logged as means over those of a step
Objective = Callable[[torch.nn.Module, Batch], tuple[torch.Tensor, Told]]

COMPLETE = "complete.json"
EVALUATION = "eval/"  # what is measured on test rows during a training
_KEPT_CHECKPOINTS = 2  # the older one stays until the newer one is complete


class PackTrainer(Trainer):  # type: ignore[misc]
    """transformers' loop over packs in the order of the plan.

    A step's loss is the objective's sum over all its packs and processes, divided by their count (of token weights, or
    of pairs), however the step is cut into passes. The families' classes say `accepts_loss_kwargs = False`, for which
    the stock trainer averages each pass by itself and then the averages.
    """

    loss_is_scaled_for_ga = True  # or it would be divided by the number of passes once more

    def __init__(
        self,
        *,
        vision: Callable[[Sequence[RenderedMedia]], dict[str, Any]],
        objective: Objective,
        rates: Mapping[str, float],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._vision, self._objective, self._rates = vision, objective, rates
        self._told: list[Told] = []

    def _get_num_items_in_batch(self, batch_samples: list[Batch], device: torch.device) -> torch.Tensor:
        total = torch.stack([batch["count"].double() for batch in batch_samples]).sum().to(device)
        return self.accelerator.gather(total).sum()

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> torch.Tensor:
        assert num_items_in_batch is not None
        loss, told = self._objective(model, self.seen(inputs))
        if model.training and not loss.requires_grad:  # a pack without images, where only what follows the tower trains
            loss = loss + 0.0 * sum(each.sum() for each in model.parameters() if each.requires_grad)
        self._told.append({**told, "samples": torch.tensor(float(len(inputs["samples"])), device=loss.device)})
        # Data parallelism will divide by the number of processes.
        return loss / num_items_in_batch.to(loss.dtype) * self.accelerator.num_processes

    def seen(self, inputs: Batch) -> Batch:
        """A batch with what its images show."""
        return {**inputs, **self._vision(inputs["media"])}

    def log(self, logs: dict[str, float], *options: Any, **named: Any) -> None:
        if "loss" in logs and self._told:
            names = sorted(set().union(*self._told))
            sums = torch.stack([sum(told[name] for told in self._told if name in told) for name in names])
            totals = dict(zip(names, self.accelerator.reduce(sums.detach()).tolist(), strict=True))
            count = totals.pop("samples")
            logs = {**logs, **{name: total / count for name, total in totals.items()}}
            self._told.clear()
        super().log(logs, *options, **named)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """With a learning rate for each part of the model, as the settings say; norms and biases don't decay."""
        kind, options = self.get_optimizer_cls_and_kwargs(self.args, self.model)
        self.optimizer: torch.optim.Optimizer = kind(self._groups(), **options)
        return self.optimizer

    def _groups(self) -> list[dict[str, Any]]:
        decaying = set(self.get_decay_parameter_names(self.model))
        groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                rate = self._rates[part(name.removeprefix("base_model.model."))]
                decay = self.args.weight_decay if name in decaying else 0.0
                groups.setdefault((rate, decay), []).append(parameter)
        return [{"params": found, "lr": rate, "weight_decay": decay} for (rate, decay), found in groups.items()]

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Whole weights are read as their class reads them. They are saved under the family's released names; the stock
        trainer looks for its own, finds none, says so in the log, and would go on from the weights of the base."""
        model = model or self.model
        if hasattr(model, "peft_config") or self.is_fsdp_enabled:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            return
        saved = type(model).from_pretrained(
            resume_from_checkpoint, dtype=model.dtype, local_files_only=True, use_safetensors=True
        )
        beside = set(model._keys_to_ignore_on_save or ())
        found = model.load_state_dict(saved.state_dict(), strict=False)
        assert not found.unexpected_keys and set(found.missing_keys) <= beside, found

    def _save_checkpoint(self, *options: Any) -> None:
        """Complete once COMPLETE is there: a run that was killed while writing goes on from the one before."""
        super()._save_checkpoint(*options)
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
            with complete_file(folder / COMPLETE) as partial:
                partial.write_text(json.dumps({"step": self.state.global_step}), encoding="utf-8")


def last_complete(folder: Path) -> str | None:
    """The checkpoint to go on from; None where there is none."""
    found = {int(path.parent.name.rsplit("-", 1)[1]): path.parent for path in folder.glob(f"checkpoint-*/{COMPLETE}")}
    return str(found[max(found)]) if found else None


def drop_incomplete(folder: Path) -> None:
    """Remove what a killed run was writing: the stock trainer would count it among the checkpoints that it keeps, and
    throw a complete one away."""
    for path in folder.glob("checkpoint-*"):
        if not (path / COMPLETE).exists():
            shutil.rmtree(path)


def model_inputs(batch: Batch) -> Batch:
    """What of a batch the model is called with."""
    ours = ("weights", "answers", "count", "samples", "media")
    return {name: value for name, value in batch.items() if name not in ours}


def arguments(settings: TuningSettings, folder: Path) -> TrainingArguments:
    cuda = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=1,  # pack
        gradient_accumulation_steps=settings.accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup_ratio,
        weight_decay=settings.weight_decay,
        num_train_epochs=1,  # the plan holds all of them
        train_sampling_strategy="sequential",
        seed=settings.seed,
        data_seed=settings.seed,
        neftune_noise_alpha=getattr(settings, "neftune_alpha", None),
        use_cpu=not cuda,
        bf16=cuda,
        # By default: memory is short on a GPU, time on a CPU.
        activation_checkpointing=cuda if settings.checkpointing is None else settings.checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False},
        dataloader_pin_memory=False,  # the batch holds more than tensors
        dataloader_num_workers=settings.workers,
        ddp_find_unused_parameters=settings.policy != "llm",
        remove_unused_columns=False,
        logging_steps=1,
        save_strategy="steps" if settings.save_every else "no",
        save_steps=settings.save_every or 1,
        save_total_limit=_KEPT_CHECKPOINTS,
        report_to=[name for name in places(settings) if name != BOARD],
        project="winnow",
        run_name=folder.name.removesuffix(".run"),
        push_to_hub=False,
        disable_tqdm=True,
    )


def rates(settings: TuningSettings) -> dict[str, float]:
    """The learning rate of each part of the model."""
    return {
        "llm": settings.learning_rate,
        "merger": settings.merger_learning_rate or settings.learning_rate,
        "vit": settings.vit_learning_rate or settings.learning_rate,
        "head": settings.learning_rate,
    }


class Metrics(TrainerCallback):  # type: ignore[misc]
    """Writes each logged step as a line, and calls `progress` after it."""

    def __init__(self, path: Path, progress: Progress | None) -> None:
        self._path, self._progress = path, progress

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """What a killed run wrote behind its last checkpoint will be written again."""
        if state.is_world_process_zero:
            lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
            kept = [line for line in lines if json.loads(line)["step"] <= state.global_step]
            self._path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        told = [name for name in logs or () if name == "loss" or name.startswith(EVALUATION)]
        if not logs or not told:
            return
        if state.is_world_process_zero:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": state.global_step, **logs}) + "\n")
        if self._progress and "loss" in logs:
            self._progress(state.global_step, state.max_steps, logs["loss"])
