"""What fine-tuning on rows and on pairs have in common: how the base opens, what trains, the loop's arguments, and what
is written when it is over."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from curation.contract.training import TuningSettings
from model.complete import complete_or_absent
from model.inputs import DataError, fit_processor
from model.load import Checkpoint, CheckpointError, base_of, load_checkpoint
from model.policy import apply_policy, expected_trainable, lora_targets
from trainer.checkpoint import preprocessing_contract, write_contract
from trainer.data import Preprocessing, RenderedDataset, check_sizes

Progress = Callable[[int, int, float], None]


def check_devices(count: int, environment: Mapping[str, str]) -> None:
    """Raise `DataError` where one process sees several GPUs: the trainer would cut each batch between them, and images
    are not laid out row by row, so that a row would get another row's patches."""
    if count > 1 and int(environment.get("LOCAL_RANK", -1)) < 0:
        raise DataError(
            f"{count} GPUs are visible to one process, between which images cannot be divided. Set "
            "CUDA_VISIBLE_DEVICES=0 to use one, or start a process for each with `accelerate launch`."
        )


def open_base(base: Path, settings: TuningSettings, data: RenderedDataset) -> Checkpoint:
    """The checkpoint to train, with the data's pixel budget. Raises `CheckpointError` for an adapter and `DataError`
    where the data was rendered for another family or would be resized otherwise."""
    if base_of(base):
        raise CheckpointError(f"{base} is an adapter. Merge it first, then train on the merged checkpoint.")
    loaded = load_checkpoint(base, dtype=weights_type(settings))
    if loaded.family.name != data.preprocessing.family:
        raise DataError(f"{data.table} was rendered for {data.preprocessing.family}; {base} is a {loaded.family.name}.")
    fit_processor(loaded.processor, data.preprocessing.min_pixels, data.preprocessing.max_pixels)
    check_sizes(data, loaded.processor)
    return loaded


def weights_type(settings: TuningSettings) -> torch.dtype | None:
    """float32 for whole weights, or small steps would vanish in bfloat16; else the device's own, as an adapter is small
    and kept in float32 beside it."""
    return torch.float32 if settings.method == "full" else None


@contextmanager
def open_output(out: Path) -> Iterator[Path]:
    """The scratch folder that becomes `out`. Of processes that train together, the first one's is kept."""
    with complete_or_absent(out, keep=os.environ.get("RANK", "0") == "0") as partial, warnings.catch_warnings():
        # peft and TRL ask the model by its old name, in each step, and the user cannot mend it.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield partial


def make_trainable(model: Any, settings: TuningSettings, dropout: float = 0.0) -> tuple[LoraConfig | None, set[str]]:
    """The adapter to train, None for whole weights, which are frozen by the policy here; and the names of the
    parameters that will train."""
    expected = expected_trainable(model, settings.policy, settings.method)
    if settings.method == "full":
        apply_policy(model, settings.policy)
        return None, expected
    adapter = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=dropout,
        target_modules=lora_targets(model, settings.policy),
        task_type="CAUSAL_LM",
    )
    return adapter, expected


def arguments(settings: TuningSettings, folder: Path) -> dict[str, Any]:
    """What every TRL configuration takes."""
    cuda = torch.cuda.is_available()
    return {
        "output_dir": str(folder),
        "per_device_train_batch_size": settings.batch_size,
        "gradient_accumulation_steps": settings.accumulation,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": settings.warmup_ratio,
        "weight_decay": settings.weight_decay,
        "num_train_epochs": settings.epochs,
        "max_steps": settings.max_steps,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "use_cpu": not cuda,
        "bf16": cuda,
        "activation_checkpointing": cuda,  # memory is short on a GPU, time on a CPU
        "dataloader_pin_memory": cuda,
        "max_length": None,  # the default cuts rows at 1024 tokens, images too; long ones are left out before
        "remove_unused_columns": False,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "push_to_hub": False,
        "disable_tqdm": True,
    }


class Report(TrainerCallback):  # type: ignore[misc]
    """Calls `progress` after each optimizer step."""

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


def curve(trainer: Any, name: str) -> list[float]:
    """A logged value, one per optimizer step."""
    return [entry[name] for entry in trainer.state.log_history if "loss" in entry]


def summary(trainer: Any, base: Path, preprocessing: Preprocessing, left_out: list[str]) -> dict[str, Any]:
    """What `winnow.json` says of any training."""
    return {
        **preprocessing_contract(preprocessing, trainer.processing_class),
        "base": base.name,
        "left_out": left_out,
        "trainable_parameters": sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
        "losses": curve(trainer, "loss"),
    }


def save(trainer: Any, folder: Path, contract: dict[str, Any]) -> None:
    trainer.save_model(str(folder))
    # A pickle and a card with this machine's paths: neither belongs to a checkpoint.
    for name in ("training_args.bin", "README.md"):
        (folder / name).unlink(missing_ok=True)
    write_contract(folder, contract)
