"""nano is a real checkpoint of its family."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from model.load import CheckpointError, load_checkpoint
from model.nano import PLAIN_TOKENS, SPECIAL_TOKENS, build_nano, sentences


@pytest.fixture(scope="module")
def nano(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nano") / "nano"
    parameters = build_nano(folder)
    assert 2_000_000 <= parameters <= 3_000_000
    return folder


def _processor(folder: Path) -> Any:
    from transformers import AutoProcessor  # after `build_nano`, which has set the torch libraries up

    return AutoProcessor.from_pretrained(folder)


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes(nano: Path, tmp_path: Path) -> None:
    build_nano(tmp_path / "again")
    build_nano(tmp_path / "other", seed=18)
    assert _hashes(tmp_path / "again") == _hashes(nano)
    other = _hashes(tmp_path / "other")
    assert {name for name, value in other.items() if value != _hashes(nano)[name]} == {"model.safetensors"}


def test_it_opens_by_the_auto_classes(nano: Path) -> None:
    from transformers import AutoModelForImageTextToText

    model = AutoModelForImageTextToText.from_pretrained(nano)
    processor = _processor(nano)
    assert type(model).__name__ == "Qwen2_5_VLForConditionalGeneration"
    assert type(processor).__name__ == "Qwen2_5_VLProcessor"
    assert model.config.image_token_id == processor.tokenizer.convert_tokens_to_ids("<|image_pad|>")
    assert model.generation_config.eos_token_id == processor.tokenizer.convert_tokens_to_ids("<|im_end|>")


def test_markup_is_one_token_each_and_only_special_tokens_are_skipped(nano: Path) -> None:
    tokenizer = _processor(nano).tokenizer
    for token in SPECIAL_TOKENS + PLAIN_TOKENS:
        assert len(tokenizer.encode(token, add_special_tokens=False)) == 1
    text = "".join(SPECIAL_TOKENS) + "<tool_call>x</tool_call>"
    assert tokenizer.decode(tokenizer.encode(text), skip_special_tokens=True) == "<tool_call>x</tool_call>"


def test_any_text_survives_the_tokenizer(nano: Path) -> None:
    tokenizer = _processor(nano).tokenizer
    text = 'Rent 42.50€ / 收据 / {"bbox_2d": [12, 345, 6, 789]}\n\n  naïve\t🧾'
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.tokenize("1234") == ["1", "2", "3", "4"]


def test_template_prints_chatml(nano: Path) -> None:
    processor = _processor(nano)
    turn = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What?"}]}
    assert processor.apply_chat_template([turn], add_generation_prompt=True) == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
        "<|vision_start|><|image_pad|><|vision_end|>What?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_sentences_are_generated_alike_each_time() -> None:
    assert list(sentences(20)) == list(sentences(20))
    assert all("{thing}" not in text for text in sentences(50))
    parsed = next(text for text in sentences(10) if "bbox_2d" in text).split("```")[1].removeprefix("json")
    assert len(json.loads(parsed)[0]["bbox_2d"]) == 4


def test_an_existing_folder_is_not_overwritten(nano: Path) -> None:
    with pytest.raises(FileExistsError):
        build_nano(nano)


def test_load_refuses_what_is_no_checkpoint_of_a_family(nano: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a folder"):
        load_checkpoint(tmp_path / "missing")
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        load_checkpoint(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "llava"}')
    with pytest.raises(CheckpointError, match="'llava'; the families that can be run are qwen2_vl"):
        load_checkpoint(tmp_path)


def _copy(source: Path, target: Path, leave_out: str = "") -> Path:
    target.mkdir()
    for path in source.iterdir():
        if path.name != leave_out:
            (target / path.name).symlink_to(path)
    return target


def test_load_refuses_a_processor_that_cuts_otherwise(nano: Path, tmp_path: Path) -> None:
    folder = _copy(nano, tmp_path / "copy", leave_out="processor_config.json")
    config = json.loads((nano / "processor_config.json").read_text())
    config["image_processor"]["patch_size"] = 16
    (folder / "processor_config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"sizes \(16, 2\); qwen2_5_vl has \(14, 2\)"):
        load_checkpoint(folder)


def test_load_refuses_a_folder_without_an_image_processor(nano: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"processor_config\.json"):
        load_checkpoint(_copy(nano, tmp_path / "copy", leave_out="processor_config.json"))


def test_load_names_a_base_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "/nowhere/base"}')
    with pytest.raises(CheckpointError, match="/nowhere/base.*`--base`"):
        load_checkpoint(tmp_path)
    with pytest.raises(CheckpointError, match="an adapter on /nowhere/else"):
        load_checkpoint(tmp_path, base="/nowhere/else")


def test_load_reads_no_pickle(nano: Path, tmp_path: Path) -> None:
    import torch

    folder = _copy(nano, tmp_path / "copy", leave_out="model.safetensors")
    torch.save({"weight": torch.zeros(1)}, folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"no model\.safetensors in safetensors format"):
        load_checkpoint(folder)
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"weight": "pytorch_model.bin"}}')
    with pytest.raises(CheckpointError, match=r"no pytorch_model\.bin in safetensors format"):
        load_checkpoint(folder)
    adapter = _copy(nano, tmp_path / "adapter", leave_out="model.safetensors")
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(nano)}))
    torch.save({"weight": torch.zeros(1)}, adapter / "adapter_model.bin")
    with pytest.raises(CheckpointError, match=r"no adapter_model\.safetensors"):
        load_checkpoint(adapter)
