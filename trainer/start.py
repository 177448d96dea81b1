"""How a training starts: which checkpoint, what of it trains, what a sample may take."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from curation.contract.dataset import RenderedRow
from curation.contract.training import TuningSettings
from model.attention import Backend, default_backend
from model.inputs import DataError, fit_processor
from model.load import Checkpoint, CheckpointError, base_of, load_checkpoint, load_empty
from model.policy import apply_policy, check_trainable, expected_trainable, free_head, lora_targets
from trainer.data import RenderedDataset, check_sizes


def check_devices(count: int, environment: Mapping[str, str]) -> None:
    """Raise `DataError` where one process sees several GPUs: the trainer would cut each batch between them, and images
    are not laid out row by row, so that a row would get another row's patches."""
    if count > 1 and int(environment.get("LOCAL_RANK", -1)) < 0:
        raise DataError(
            f"{count} GPUs are visible to one process, between which images cannot be divided. Set "
            "CUDA_VISIBLE_DEVICES=0 to use one, or start a process for each with `accelerate launch`."
        )


def open_base(base: Path, settings: TuningSettings, data: RenderedDataset, empty: bool = False) -> Checkpoint:
    """The checkpoint to train, with the data's pixel budget; `empty`, without its weights. Raises `CheckpointError` for
    an adapter and `DataError` where the data was rendered for another family or would be resized otherwise."""
    if base_of(base):
        raise CheckpointError(f"{base} is an adapter. Merge it first, then train on the merged checkpoint.")
    loaded = load_empty(base) if empty else _load(base, settings)
    if loaded.family.name != data.preprocessing.family:
        raise DataError(f"{data.table} was rendered for {data.preprocessing.family}; {base} is a {loaded.family.name}.")
    fit_processor(loaded.processor, data.preprocessing.min_pixels, data.preprocessing.max_pixels)
    check_sizes(data, loaded.processor)
    return loaded


def _load(base: Path, settings: TuningSettings) -> Checkpoint:
    if torch.cuda.is_available():  # before anything is put on one: processes would all begin on the first
        torch.cuda.set_device(max(0, int(os.environ.get("LOCAL_RANK", -1))))
    return load_checkpoint(base, dtype=weights_type(settings), four_bit=settings.method == "qlora")


def weights_type(settings: TuningSettings) -> torch.dtype | None:
    """float32 for whole weights, or small steps would vanish in bfloat16; else the device's own, as an adapter is small
    and kept in float32 beside it."""
    return torch.float32 if settings.method == "full" else None


def longest(settings: TuningSettings) -> int:
    """Tokens that a sample may have: those of a pack, or fewer."""
    return min(settings.pack_tokens, settings.max_length or settings.pack_tokens)


# Settings that may change while a run goes on: they don't show in the weights. (`model` is told by its contents.)
_NO_PART = (
    "save_every", "workers", "cache_gb", "model", "log_to", "checkpointing", "evaluate_every", "evaluate_rows",
    "evaluate_tokens",
)  # fmt: skip
_PIECES, _PIECE = 64, 1 << 14  # of a file of weights, and bytes of each


def material_name(data: RenderedDataset, base: Path, settings: TuningSettings) -> str:
    """Names what a run must go on with: its data, its base, and all settings that show in the weights."""
    contents = [(path.name, _sampled(path)) for path in sorted(base.glob("*.safetensors"))]
    told = settings.model_dump(mode="json", exclude=set(_NO_PART))
    return json.dumps([data.fingerprint, contents, told], sort_keys=True)


def _sampled(path: Path) -> str:
    """Names a file by its size and pieces of it: enough to tell trained weights apart, without reading gigabytes."""
    size = path.stat().st_size
    told = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for piece in range(_PIECES):
            file.seek(size * piece // _PIECES)
            told.update(file.read(_PIECE))
    return told.hexdigest()


def patches_of(row: RenderedRow, patch_size: int) -> int:
    return sum(medium.resized_width * medium.resized_height for medium in row.media) // patch_size**2


def make_trainable(model: Any, settings: TuningSettings, dropout: float = 0.0) -> Any:
    """The model to train: with an adapter around it, or itself with what the policy freezes frozen. Raises
    `PolicyError` where other parameters would train than the policy says."""
    expected = expected_trainable(model, settings.policy, "full" if settings.method == "full" else "lora")
    if settings.method == "full":
        apply_policy(model, settings.policy)
    else:
        if settings.method == "qlora":
            from peft import prepare_model_for_kbit_training

            model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
        adapter = LoraConfig(
            r=settings.lora_rank,
            lora_alpha=settings.lora_alpha,
            lora_dropout=dropout,
            target_modules=lora_targets(model, settings.policy),
            task_type="CAUSAL_LM",
        )
        model = get_peft_model(model, adapter)
        free_head(model)
    check_trainable(model, expected)
    return model


def backend_of(settings: TuningSettings, model: Any) -> Backend:
    return default_backend(model.device.type) if settings.attention == "auto" else settings.attention
