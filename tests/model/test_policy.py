"""Freezing policies, on literal names and on a real model."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from model.load import load_checkpoint
from model.nano import build_nano
from model.policy import (
    Policy,
    PolicyError,
    apply_policy,
    check_trainable,
    expected_trainable,
    in_policy,
    lora_targets,
    part,
)
from tests.model.families import NAMES as NAMES_OF_FAMILIES
from tests.model.families import tiny

# peft asks the model by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

VIT = "model.visual.blocks.0.attn.qkv.weight"
PATCHES = "model.visual.patch_embed.proj.weight"
MERGER = "model.visual.merger.mlp.0.weight"
DEEPSTACK = "model.visual.deepstack_merger_list.1.linear_fc1.weight"  # Qwen3-VL
LAYER = "model.language_model.layers.0.self_attn.q_proj.weight"
HEAD = "lm_head.weight"
NAMES = [VIT, PATCHES, MERGER, DEEPSTACK, LAYER, HEAD]


def test_each_policy_takes_its_parts() -> None:
    assert in_policy(NAMES, "llm") == {LAYER, HEAD}
    assert in_policy(NAMES, "llm+merger") == {LAYER, HEAD, MERGER, DEEPSTACK}
    assert in_policy(NAMES, "merger") == {MERGER, DEEPSTACK}
    assert in_policy(NAMES, "all") == set(NAMES)


def test_a_name_of_no_known_part_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"audio_tower\.conv"):
        part("model.audio_tower.conv.weight")


@pytest.fixture(scope="module")
def nano(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policy") / "nano"
    build_nano(folder)
    return folder


LLM_LINEAR = {
    f"model.language_model.layers.{layer}.{name}"
    for layer in range(4)
    for name in (
        "self_attn.q_proj",
        "self_attn.k_proj",
        "self_attn.v_proj",
        "self_attn.o_proj",
        "mlp.gate_proj",
        "mlp.up_proj",
        "mlp.down_proj",
    )
}
MERGER_LINEAR = {"model.visual.merger.mlp.0", "model.visual.merger.mlp.2"}
VIT_LINEAR = {
    f"model.visual.blocks.{block}.{name}"
    for block in range(3)
    for name in ("attn.qkv", "attn.proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
}
LINEAR = {
    "llm": LLM_LINEAR,
    "llm+merger": LLM_LINEAR | MERGER_LINEAR,
    "merger": MERGER_LINEAR,
    "all": LLM_LINEAR | MERGER_LINEAR | VIT_LINEAR,
}


@pytest.mark.parametrize("policy", ["llm", "llm+merger", "merger", "all"])
def test_lora_wraps_exactly_the_policys_linear_layers(nano: Path, policy: Policy) -> None:
    from peft import LoraConfig, get_peft_model

    model = load_checkpoint(nano, device="cpu").model
    targets = lora_targets(model, policy)
    assert set(targets) == LINEAR[policy]
    expected = expected_trainable(model, policy, "lora")
    wrapped = get_peft_model(model, LoraConfig(r=2, target_modules=targets))
    check_trainable(wrapped, expected)
    assert len(expected) == 2 * len(LINEAR[policy])


def _owner(name: str) -> str:
    return ".".join(name.split(".")[:3])


@pytest.mark.parametrize(
    ("policy", "owners"),
    [
        ("llm", {"model.language_model.embed_tokens", "model.language_model.layers", "model.language_model.norm"}),
        ("merger", {"model.visual.merger"}),
        (
            "llm+merger",
            {
                "model.language_model.embed_tokens",
                "model.language_model.layers",
                "model.language_model.norm",
                "model.visual.merger",
            },
        ),
        (
            "all",
            {
                "model.language_model.embed_tokens",
                "model.language_model.layers",
                "model.language_model.norm",
                "model.visual.merger",
                "model.visual.blocks",
                "model.visual.patch_embed",
            },
        ),
    ],
)
def test_full_fine_tuning_trains_exactly_the_policys_parameters(nano: Path, policy: Policy, owners: set[str]) -> None:
    model = load_checkpoint(nano, device="cpu").model
    apply_policy(model, policy)
    check_trainable(model, expected_trainable(model, policy, "full"))
    # The head is the embedding itself (tied), and is named once.
    names = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert {_owner(name) for name in names} == owners
    assert names == {name for name, _ in model.named_parameters() if _owner(name) in owners}


def test_the_difference_is_named() -> None:
    model = nn.Sequential(nn.Linear(1, 1))
    model[0].bias.requires_grad_(False)
    with pytest.raises(PolicyError, match=r"should train \(1\): 0\.bias; trains but should be frozen \(1\): 0\.weight"):
        check_trainable(model, {"0.bias"})


_LAYERS = 3  # of the tiny models' language model; their vision towers have two blocks
_ATTENTION = {f"self_attn.{name}_proj" for name in "qkvo"}
_MLP = {f"mlp.{name}_proj" for name in ("gate", "up", "down")}
_TOWERS = {  # linear layers of a vision block and of a merger, as the family's class names them
    "qwen2_vl": ({"attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"}, {"merger.mlp.0", "merger.mlp.2"}),
    "qwen2_5_vl": (
        {"attn.qkv", "attn.proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"},
        {"merger.mlp.0", "merger.mlp.2"},
    ),
    "qwen3_vl": (
        {"attn.qkv", "attn.proj", "mlp.linear_fc1", "mlp.linear_fc2"},
        {"merger.linear_fc1", "merger.linear_fc2"}
        | {f"deepstack_merger_list.{at}.linear_fc{number}" for at in (0, 1) for number in (1, 2)},
    ),
}


@pytest.mark.parametrize("name", NAMES_OF_FAMILIES)
@pytest.mark.parametrize("policy", ["llm", "llm+merger", "merger", "all"])
def test_what_trains_under_each_policy_in_each_family(name: str, policy: Policy) -> None:
    block, merger = _TOWERS[name]
    parts = {
        "llm": {f"model.language_model.layers.{at}.{each}" for at in range(_LAYERS) for each in _ATTENTION | _MLP},
        "merger": {f"model.visual.{each}" for each in merger},
        "vit": {f"model.visual.blocks.{at}.{each}" for at in range(2) for each in block},
    }
    taken = {"llm": ("llm",), "llm+merger": ("llm", "merger"), "merger": ("merger",), "all": ("llm", "merger", "vit")}
    expected = set().union(*(parts[each] for each in taken[policy]))
    model = tiny(name)  # which prepares the torch libraries
    from peft import LoraConfig, get_peft_model

    assert set(lora_targets(model, policy)) == expected
    adapted = get_peft_model(model, LoraConfig(r=2, target_modules=lora_targets(model, policy)))
    trained = {each for each, parameter in adapted.named_parameters() if parameter.requires_grad}
    assert trained == {f"base_model.model.{each}.lora_{side}.default.weight" for each in expected for side in "AB"}
    # Whole weights: everything of the same parts, norms, biases and embeddings too.
    whole = tiny(name)
    apply_policy(whole, policy)
    for each, parameter in whole.named_parameters():
        of_tower, of_merger = each.startswith("model.visual."), "merger" in each
        own = "merger" if of_merger else "vit" if of_tower else "llm"
        assert parameter.requires_grad == (own in taken[policy]), each
