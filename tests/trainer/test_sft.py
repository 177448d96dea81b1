"""Supervised fine-tuning on nano, for real."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from curation.contract.dataset import RenderedRow
from curation.contract.training import TrainSettings
from model.attention import AttentionError
from model.inputs import DataError
from model.load import CheckpointError, load_checkpoint
from model.shipped import NANO
from trainer.sft import train_sft
from trainer.start import check_devices

# peft asks the model by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


def _colours(made: Any) -> list[RenderedRow]:
    rows = [made.row("text", "What is 2 + 2?", "It is 4.")]
    for index, colour in enumerate(["red", "green", "blue", "yellow"]):
        medium = made.image(colour, 84 + 28 * index, 84, (10, 10, 60, 60))
        rows.append(made.row(f"row{index}", "What colour is the box?", f"The box is {colour}.", [medium]))
    return rows


def _settings(nano: Path, **changes: Any) -> TrainSettings:
    defaults = {"model": str(nano), "method": "full", "learning_rate": 2e-3, "max_steps": 2, "batch_size": 5}
    return TrainSettings(**{**defaults, **changes})


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(next(folder.glob("*model.safetensors")))


def test_full_training_learns_and_leaves_the_vit_as_it_was(made: Any, nano: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int, float]] = []
    settings = _settings(nano, max_steps=25, learning_rate=3e-3)
    contract = train_sft(
        made.table(_colours(made)), settings, str(tmp_path / "out"), lambda *progress: seen.append(progress)
    )
    assert contract["losses"][-1] < contract["losses"][0] / 4
    assert [(step, steps) for step, steps, _ in seen] == [(step, 25) for step in range(1, 26)]
    assert [loss for _, _, loss in seen] == contract["losses"]
    before, after = _weights(nano), _weights(tmp_path / "out")
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    # Saved names follow the layout of the released checkpoints: `visual.*` beside `model.*`.
    assert changed == {name for name in before if not name.startswith("visual.")}


def test_an_adapter_checkpoint_says_what_it_is_and_opens(made: Any, nano: Path, tmp_path: Path) -> None:
    table = made.table(_colours(made))
    out = tmp_path / "out"
    contract = train_sft(table, _settings(nano, method="lora", lora_rank=4), str(out))
    assert json.loads((out / "winnow.json").read_text()) == contract
    assert contract["base"] == contract["settings"]["model"] == "nano"
    assert contract["dataset"] == {
        "stage": "render", "fingerprint": "f0", "rows": 5, "text_rows": 1,
        "tokens": contract["dataset"]["tokens"], "text_tokens": contract["dataset"]["text_tokens"],
    }  # fmt: skip
    assert str(tmp_path.parent) not in (out / "winnow.json").read_text()  # no path of this machine
    assert {path.name for path in out.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "chat_template.jinja",
        "metrics.jsonl",
        "plan.parquet",
        "processor_config.json",
        "tensorboard",
        "tokenizer.json",
        "tokenizer_config.json",
        "winnow.json",
    }
    loaded = load_checkpoint(out, "cpu")
    # rank 4: A is 4 x in and B out x 4, for q, k, v, o, gate, up and down of four layers
    per_layer = (192 + 192) * 2 + (192 + 64) * 2 + (192 + 512) * 3
    assert contract["trainable_parameters"] == 4 * 4 * per_layer
    assert loaded.processor.image_processor.size["longest_edge"] == made.max_pixels
    assert list(tmp_path.glob(".*partial")) == []


def test_the_same_seed_gives_the_same_weights(made: Any, nano: Path, tmp_path: Path) -> None:
    table = made.table(_colours(made))
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        train_sft(table, _settings(nano, method="lora", batch_size=2, seed=seed), str(tmp_path / name))
    one, again, other = (_weights(tmp_path / name) for name in ("one", "again", "other"))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("policy", ["llm", "merger"])
def test_every_token_counts_alike_however_a_step_is_cut_into_passes(
    made: Any, nano: Path, tmp_path: Path, policy: str
) -> None:
    """Passes without an image too, where only the merger trains."""
    medium = made.image("red", 112, 84, (10, 10, 60, 60))
    rows = [
        made.row("short", "Q", "1"),
        made.row("longer", "Count.", "1 2 3 4 5 6 7 8 9"),
        made.row("longest", "Count on.", "10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28"),
        made.row("image", "What is it?", "A red box, to the left.", [medium]),
    ]
    table = made.table(rows)
    common = {"max_steps": 2, "warmup_ratio": 0.0, "policy": policy}
    whole = train_sft(table, _settings(nano, batch_size=4, **common), str(tmp_path / "whole"))
    parts = train_sft(table, _settings(nano, batch_size=1, accumulation=4, **common), str(tmp_path / "parts"))
    assert parts["losses"] == pytest.approx(whole["losses"], rel=1e-5)
    one, other = _weights(tmp_path / "whole"), _weights(tmp_path / "parts")
    assert max(float((one[name] - other[name]).abs().max()) for name in one) < 1e-4
    start = _weights(nano)
    assert max(float((one[name] - start[name]).abs().max()) for name in one) > 1e-3  # two real steps


def test_a_failed_run_leaves_no_folder(made: Any, nano: Path, tmp_path: Path) -> None:
    rows = [made.row("long", "Q", "7 " * 300)]
    with pytest.raises(DataError, match="all 1 rows are longer"):
        train_sft(made.table(rows), _settings(nano, max_length=64), str(tmp_path / "out"))

    def stop(step: int, steps: int, loss: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_sft(str(Path(made.store) / "tables" / "render" / "f0"), _settings(nano), str(tmp_path / "out"), stop)
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.glob(".*partial")) == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="`varlen` is refused where there is no GPU")
def test_what_is_refused_leaves_nothing_to_go_on_with(made: Any, nano: Path, tmp_path: Path) -> None:
    table = made.table(_colours(made))
    with pytest.raises(AttentionError, match="use `sdpa`"):
        train_sft(table, _settings(nano, max_steps=1, attention="varlen"), str(tmp_path / "out"))
    assert not (tmp_path / "out.run").exists()
    train_sft(table, _settings(nano, max_steps=1), str(tmp_path / "out"))


def test_an_adapter_is_no_base_and_a_finished_folder_is_not_overwritten(made: Any, nano: Path, tmp_path: Path) -> None:
    table = made.table(_colours(made))
    train_sft(table, _settings(nano, method="lora", max_steps=1), str(tmp_path / "adapter"))
    with pytest.raises(CheckpointError, match="Merge it first"):
        train_sft(table, _settings(tmp_path / "adapter"), str(tmp_path / "out"))
    with pytest.raises(FileExistsError, match="adapter"):
        train_sft(table, _settings(nano), str(tmp_path / "adapter"))


def test_one_process_with_several_gpus_is_refused() -> None:
    check_devices(0, {})
    check_devices(1, {})
    check_devices(4, {"LOCAL_RANK": "0"})
    for environment in ({}, {"LOCAL_RANK": "-1"}):
        with pytest.raises(DataError, match="4 GPUs .*CUDA_VISIBLE_DEVICES=0"):
            check_devices(4, environment)


def test_nano_is_the_checkpoint_that_is_shipped(made: Any, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in NANO.iterdir()}
    first = train_sft(made.table([made.row("a", "Q", "A")]), TrainSettings(max_steps=1), str(tmp_path / "one"))
    assert first["base"] == "nano"
    assert json.loads((tmp_path / "one" / "adapter_config.json").read_text())["base_model_name_or_path"] == str(NANO)
    assert {path.name: path.read_bytes() for path in NANO.iterdir()} == before
