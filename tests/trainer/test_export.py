"""What is exported has the names of released checkpoints, opens anywhere, and says what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText, AutoProcessor

from curation.contract.training import TrainSettings
from curation.lineage import sources_of
from curation.model_card import model_card
from model.load import CheckpointError, load_checkpoint
from model.policy import lora_targets
from trainer.checkpoint import preprocessing_contract, write_contract
from trainer.data import Preprocessing
from trainer.export import export
from trainer.sft import train_sft

# peft asks the model by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

MIN_PIXELS, MAX_PIXELS = 4 * 32 * 32, 24 * 32 * 32
SIZES = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2}
ROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]}
SEES = {
    "qwen2_vl": {"depth": 2, "embed_dim": 32, "hidden_size": 64, "num_heads": 2, "mlp_ratio": 2, "patch_size": 14},
    "qwen2_5_vl": {
        "depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "patch_size": 14, "window_size": 112,
        "fullatt_block_indexes": [1], "out_hidden_size": 64,
    },
    "qwen3_vl": {
        "depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "patch_size": 16, "out_hidden_size": 64,
        "num_position_embeddings": 64, "deepstack_visual_indexes": [0],
    },
}  # fmt: skip
CLASSES = {"qwen2_vl": "Qwen2VL", "qwen2_5_vl": "Qwen2_5_VL", "qwen3_vl": "Qwen3VL"}


def _both(*names: str) -> set[str]:
    return {f"{name}.{kind}" for name in names for kind in ("weight", "bias")}


def _layer(prefix: str, bias: bool) -> set[str]:
    """One layer of the language model: Qwen2 has biases at q, k and v, Qwen3 norms of q and k in their place."""
    plain = "self_attn.o_proj mlp.gate_proj mlp.up_proj mlp.down_proj input_layernorm post_attention_layernorm".split()
    heads = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]
    names = {f"{prefix}{name}.weight" for name in [*plain, *heads]}
    extra = [f"{name}.bias" for name in heads] if bias else ["self_attn.q_norm.weight", "self_attn.k_norm.weight"]
    return names | {prefix + name for name in extra}


def released_names(kind: str, tied: bool) -> set[str]:
    """As the model.safetensors.index.json of Qwen2-VL-7B, Qwen2.5-VL-7B and Qwen3-VL-8B lists them, for two layers,
    two blocks and one deepstack merger."""
    sees, reads = ("model.visual.", "model.language_model.") if kind == "qwen3_vl" else ("visual.", "model.")
    names = {f"{reads}embed_tokens.weight", f"{reads}norm.weight"} | (set() if tied else {"lm_head.weight"})
    names |= {f"{sees}patch_embed.proj.weight"}
    for place in range(2):
        block = f"{sees}blocks.{place}."
        names |= _layer(f"{reads}layers.{place}.", bias=kind != "qwen3_vl")
        names |= _both(f"{block}attn.qkv", f"{block}attn.proj")
        if kind == "qwen2_5_vl":
            names |= {f"{block}norm1.weight", f"{block}norm2.weight"}
            names |= _both(*(f"{block}mlp.{name}_proj" for name in ("gate", "up", "down")))
        else:
            fully = ("fc1", "fc2") if kind == "qwen2_vl" else ("linear_fc1", "linear_fc2")
            names |= _both(f"{block}norm1", f"{block}norm2", *(f"{block}mlp.{name}" for name in fully))
    if kind != "qwen3_vl":
        norm = {f"{sees}merger.ln_q.weight"} | ({f"{sees}merger.ln_q.bias"} if kind == "qwen2_vl" else set())
        return names | norm | _both(f"{sees}merger.mlp.0", f"{sees}merger.mlp.2")
    names |= {f"{sees}patch_embed.proj.bias", f"{sees}pos_embed.weight"}
    mergers = (f"{sees}merger.", f"{sees}deepstack_merger_list.0.")
    return names | _both(*(f"{one}{name}" for one in mergers for name in ("norm", "linear_fc1", "linear_fc2")))


def _base(kind: str, tied: bool, nano: Path, folder: Path) -> Path:
    """A random whole checkpoint of the family, as small as it can be, with nano's tokenizer."""
    processor, name = AutoProcessor.from_pretrained(nano), CLASSES[kind]
    ids = {f"{part}_token_id": processor.tokenizer.convert_tokens_to_ids(f"<|{part}|>") for part in ("vision_start",)}
    ids |= {
        f"{part}_token_id": processor.tokenizer.convert_tokens_to_ids(f"<|{part}_pad|>") for part in ("image", "video")
    }
    text = {
        **SIZES,
        "vocab_size": len(processor.tokenizer),
        "num_key_value_heads": 1,
        "head_dim": 32,
        "rope_parameters": ROPE,
    }
    if kind != "qwen3_vl":
        del text["head_dim"]
    config = getattr(transformers, f"{name}Config")(
        text_config={**text, "tie_word_embeddings": tied}, vision_config=SEES[kind], tie_word_embeddings=tied, **ids
    )
    torch.manual_seed(3)
    getattr(transformers, f"{name}ForConditionalGeneration")(config).save_pretrained(folder)
    sizes = {"patch_size": SEES[kind]["patch_size"], "temporal_patch_size": 2, "merge_size": 2}
    videos = transformers.Qwen3VLVideoProcessor if kind == "qwen3_vl" else transformers.Qwen2VLVideoProcessor
    getattr(transformers, f"{name}Processor")(
        image_processor=transformers.Qwen2VLImageProcessor(**sizes),
        video_processor=videos(**sizes),
        tokenizer=processor.tokenizer,
        chat_template=processor.chat_template,
    ).save_pretrained(folder)
    return folder


def _adapter(base: Path, folder: Path) -> Path:
    """An adapter on the language model that changes its answers, with its contract."""
    loaded = load_checkpoint(base, "cpu", torch.float32)
    targets = lora_targets(loaded.model, "llm")
    model = get_peft_model(loaded.model, LoraConfig(r=4, target_modules=targets, init_lora_weights=False))
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    loaded.processor.save_pretrained(folder)
    budget = Preprocessing(family=loaded.family.name, min_pixels=MIN_PIXELS, max_pixels=MAX_PIXELS)
    write_contract(folder, {**preprocessing_contract(budget, loaded.processor), "base": base.name})
    return folder


def _logits(model: Any, processor: Any) -> torch.Tensor:
    image = torch.arange(3 * 96 * 128, dtype=torch.uint8).reshape(3, 96, 128)
    parts = [{"type": "image"}, {"type": "text", "text": "What is it?"}]
    text = processor.apply_chat_template([{"role": "user", "content": parts}], add_generation_prompt=True)
    batch = processor(text=[text], images=[image], return_tensors="pt")
    with torch.inference_mode():
        logits: torch.Tensor = model(**batch).logits
    return logits


def _names(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as file:
            found |= set(file.keys())
    return found


def _card(contract: dict[str, Any]) -> str:
    return f"card of {contract['export']['of']}"


@pytest.mark.parametrize(
    ("kind", "tied"),
    [("qwen2_vl", False), ("qwen2_5_vl", False), ("qwen2_5_vl", True), ("qwen3_vl", False), ("qwen3_vl", True)],
)
def test_a_merged_export_has_the_released_names_and_answers_like_the_adapter(
    kind: str, tied: bool, nano: Path, tmp_path: Path
) -> None:
    base = _base(kind, tied, nano, tmp_path / "base")
    adapter = _adapter(base, tmp_path / "adapter")
    contract = export(adapter, tmp_path / "out", _card)
    assert contract["export"] == {"kind": "merged", "dtype": "float32", "of": "adapter"}
    assert _names(tmp_path / "out") == released_names(kind, tied)
    model, loading = AutoModelForImageTextToText.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not any(loading[fault] for fault in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    processor = AutoProcessor.from_pretrained(tmp_path / "out")
    assert dict(processor.image_processor.size) == {"shortest_edge": MIN_PIXELS, "longest_edge": MAX_PIXELS}
    merged, beside = _logits(model.eval(), processor), _logits(load_checkpoint(adapter, "cpu").model, processor)
    assert float((merged - beside).abs().max()) < 1e-4
    assert float((merged - _logits(load_checkpoint(base, "cpu").model, processor)).abs().max()) > 0.01


def test_whole_weights_are_exported_bit_for_bit_and_nothing_else_with_them(nano: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    model, processor, _ = load_checkpoint(nano, "cpu")
    model.save_pretrained(source)
    processor.save_pretrained(source)
    (source / "training_args.bin").write_bytes(b"a pickle")
    contract = export(source, tmp_path / "out", _card)
    assert contract == json.loads((tmp_path / "out" / "winnow.json").read_text())
    assert contract["export"]["kind"] == "full" and contract["family"] == "qwen2_5_vl"
    size = processor.image_processor.size  # it was not trained here: what its processor does is its contract
    assert (contract["min_pixels"], contract["max_pixels"]) == (size["shortest_edge"], size["longest_edge"])
    before, after = load_file(source / "model.safetensors"), load_file(tmp_path / "out" / "model.safetensors")
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert (tmp_path / "out" / "README.md").read_text() == "card of source"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "README.md", "chat_template.jinja", "config.json", "generation_config.json", "model.safetensors",
        "processor_config.json", "tokenizer.json", "tokenizer_config.json", "winnow.json",
    }  # fmt: skip


def test_number_type_and_shards_are_as_asked(nano: Path, tmp_path: Path) -> None:
    contract = export(nano, tmp_path / "out", _card, dtype="bfloat16", max_shard="2MB")
    assert contract["export"]["dtype"] == "bfloat16"
    shards = sorted((tmp_path / "out").glob("model-*.safetensors"))
    assert len(shards) > 1 and max(path.stat().st_size for path in shards) < 2_100_000
    assert {weight.dtype for path in shards for weight in load_file(path).values()} == {torch.bfloat16}
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert {config["dtype"], config["text_config"]["dtype"], config["vision_config"]["dtype"]} == {"bfloat16"}
    assert _names(tmp_path / "out") == _names(nano)
    assert load_checkpoint(tmp_path / "out", "cpu").family.name == "qwen2_5_vl"


def test_an_adapter_alone_names_its_base_and_no_place_of_this_machine(nano: Path, tmp_path: Path) -> None:
    adapter = _adapter(nano, tmp_path / "adapter")
    contract = export(adapter, tmp_path / "out", _card, adapter=True, dtype="bfloat16")
    assert contract["export"] == {"kind": "adapter", "dtype": "bfloat16", "of": "adapter"}
    texts = [path.read_text() for path in (tmp_path / "out").iterdir() if path.suffix != ".safetensors"]
    assert not any(str(place) in text for text in texts for place in (tmp_path, nano.parent))
    assert json.loads((tmp_path / "out" / "adapter_config.json").read_text())["base_model_name_or_path"] == nano.name
    with pytest.raises(CheckpointError, match="`--base`"):
        load_checkpoint(tmp_path / "out", "cpu")
    alone, beside = load_checkpoint(tmp_path / "out", "cpu", base=nano), load_checkpoint(adapter, "cpu")
    processor = alone.processor
    assert float((_logits(alone.model, processor) - _logits(beside.model, processor)).abs().max()) < 0.1
    again = export(tmp_path / "out", tmp_path / "merged", _card, base=nano)
    assert again["export"]["kind"] == "merged"


def _changed_template(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{{ messages }}")


def _no_contract(folder: Path) -> None:
    (folder / "winnow.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "adapter", "message"),
    [
        (_changed_template, False, "chat template"),
        (_changed_template, True, "chat template"),
        (_no_contract, False, "nothing to merge"),
        (_no_contract, True, "without `--adapter`"),
    ],
)
def test_what_cannot_be_exported_leaves_nothing(
    spoil: Any, adapter: bool, message: str, nano: Path, tmp_path: Path
) -> None:
    source = _adapter(nano, tmp_path / "adapter")
    spoil(source)
    with pytest.raises(CheckpointError, match=message):
        export(source, tmp_path / "out", _card, adapter=adapter)
    assert {path.name for path in tmp_path.iterdir()} == {"adapter"}


def test_whole_weights_are_no_adapter_and_half_precision_is_checked(nano: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="without `--adapter`"):
        export(nano, tmp_path / "out", _card, adapter=True)
    source = tmp_path / "source"
    export(nano, source, _card)
    weights = load_file(source / "model.safetensors")
    weights["model.norm.weight"][0] = 1e5
    save_file(weights, source / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="norm.weight .* float16 cannot"):
        export(source, tmp_path / "out", _card, dtype="float16")
    assert not (tmp_path / "out").exists()


def test_a_trained_checkpoint_is_exported_with_its_card(made: Any, nano: Path, tmp_path: Path) -> None:
    medium = made.image("red", 112, 84, (10, 10, 60, 60))
    table = made.table([made.row("a", "What colour is it?", "It is red.", [medium])])
    trained = train_sft(table, TrainSettings(model=str(nano), max_steps=2), str(tmp_path / "trained"))
    dataset = trained["dataset"]
    sources = sources_of(made.store, dataset["stage"], dataset["fingerprint"])
    contract = export(tmp_path / "trained", tmp_path / "out", lambda told: model_card(told, sources))
    assert contract.items() >= {**trained, "merged_from": "trained"}.items()
    card = (tmp_path / "out" / "README.md").read_text()
    assert "base_model: nano" in card and "The dataset is the table render, f0: 1 rows" in card
    assert "Its manifests name no source" in card and "| policy | llm |" in card and "| loss |" in card
    assert str(tmp_path) not in card


@pytest.mark.parametrize(
    ("family", "style", "scale", "words"),
    [
        ("qwen2_vl", "tags", 1000, "integers from 0 to 1000"),
        ("qwen2_5_vl", "json", None, "whole pixels of the resized image"),
        ("qwen3_vl", "json", 1000, "integers from 0 to 1000"),
    ],
)
def test_the_contract_says_how_boxes_are_written(
    family: str, style: str, scale: int | None, words: str, nano: Path
) -> None:
    processor = AutoProcessor.from_pretrained(nano)
    contract = preprocessing_contract(Preprocessing(family=family, min_pixels=1, max_pixels=2), processor)
    said = contract["coordinates"]["grounding"]
    assert (said["style"], said["scale"]) == (style, scale) and words in said["words"]
    assert contract["coordinates"]["agent"]["scale"] == scale
    assert contract["patch_size"] == (16 if family == "qwen3_vl" else 14) and contract["merge_size"] == 2
