"""An adapter folded into its base answers as it did beside it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from curation.contract.training import EvalSettings, TrainSettings
from model.collate import collate
from model.inputs import fit_processor, training_example
from model.load import CheckpointError, load_checkpoint
from trainer.checkpoint import read_contract
from trainer.data import open_dataset
from trainer.evaluate import evaluate
from trainer.merge import merge
from trainer.sft import train_sft

# peft asks the model by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


def _logits(folder: Path, table: str) -> torch.Tensor:
    loaded, data = load_checkpoint(folder, "cpu"), open_dataset(table, "train")
    fit_processor(loaded.processor, data.preprocessing.min_pixels, data.preprocessing.max_pixels)
    example = training_example(data.rows[0], data.image, loaded.processor)
    batch = collate([example], loaded.processor.tokenizer.pad_token_id, loaded.model.config.image_token_id)
    inputs = {name: value for name, value in batch.items() if name not in ("labels", "loss_weights")}
    with torch.inference_mode():
        logits: torch.Tensor = loaded.model(**inputs).logits
    return logits


def _keys(folder: Path) -> set[str]:
    with safe_open(folder / "model.safetensors", "pt") as file:
        return set(file.keys())


def test_merged_weights_answer_like_the_adapter(made: Any, nano: Path, tmp_path: Path) -> None:
    medium = made.image("red", 112, 84, (10, 10, 60, 60))
    table = made.table([made.row("a", "What colour is it?", "It is red.", [medium])])
    settings = TrainSettings(model=str(nano), policy="all", learning_rate=5e-3, max_steps=4)
    train_sft(table, settings, str(tmp_path / "adapter"))
    contract = merge(str(tmp_path / "adapter"), str(tmp_path / "merged"))
    adapter, merged = _logits(tmp_path / "adapter", table), _logits(tmp_path / "merged", table)
    assert float((adapter - merged).abs().max()) < 1e-4
    assert float((_logits(nano, table) - merged).abs().max()) > 0.1  # the adapter had learned something
    assert _keys(tmp_path / "merged") == _keys(nano)
    assert contract == read_contract(tmp_path / "merged")
    assert contract["min_pixels"] == made.min_pixels
    assert contract["merged_from"] == "adapter"

    from transformers import AutoModelForImageTextToText

    assert AutoModelForImageTextToText.from_pretrained(tmp_path / "merged").config.model_type == "qwen2_5_vl"


def test_an_adapter_whose_base_has_moved(made: Any, nano: Path, tmp_path: Path) -> None:
    table = made.table([made.row("a", "Q", "A"), made.row("b", "Q", "A", split="test")])
    shutil.copytree(nano, tmp_path / "base")
    train_sft(table, TrainSettings(model=str(tmp_path / "base"), max_steps=1), str(tmp_path / "adapter"))
    (tmp_path / "base").rename(tmp_path / "moved")
    with pytest.raises(CheckpointError, match="`--base`"):
        merge(str(tmp_path / "adapter"), str(tmp_path / "merged"))
    merge(str(tmp_path / "adapter"), str(tmp_path / "merged"), base=tmp_path / "moved")
    settings = EvalSettings(max_new_tokens=1)
    losses = [
        evaluate(table, str(tmp_path / name), settings, str(tmp_path / f"of-{name}"), base=base)["loss"]
        for name, base in (("adapter", tmp_path / "moved"), ("merged", None))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_only_an_adapter_can_be_merged(nano: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nothing to merge"):
        merge(str(nano), str(tmp_path / "out"))
