"""What a training takes of a GPU's memory, reckoned from shapes alone. It leaves out what CUDA itself and fragments of
its heap take: about 1 GB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from curation.contract.training import TuningSettings
from model.policy import Part, in_policy, linear_names, lora_targets, part
from model.token_scores import logits_at_a_time

_FULL, _HALF = 4, 2  # bytes of a number
_NF4 = 4.127 / 8  # with its constants, themselves in 8 bits: QLoRA, arXiv 2305.14314, section 3
_MOMENTS = 2  # of Adam

Counts = Mapping[Part, Mapping[str, int]]


@dataclass(frozen=True, kw_only=True)
class Largest:
    """What the largest pack of a plan holds."""

    tokens: int
    patches: int
    targets: int


def parameters(model: Any, settings: TuningSettings) -> Counts:
    """Of each part of a model (without numbers, too), how many parameters it has and how many train: its own, or those
    of its adapter."""
    found: dict[Part, dict[str, int]] = {}
    for name, parameter in model.named_parameters():
        told = found.setdefault(part(name), {"all": 0, "trained": 0})
        told["all"] += parameter.numel()
        if settings.method == "full" and in_policy([name], settings.policy):
            told["trained"] += parameter.numel()
    if settings.method != "full":
        for name in lora_targets(model, settings.policy):
            layer = model.get_submodule(name)
            found[part(name)]["trained"] += settings.lora_rank * (layer.in_features + layer.out_features)
    return found


def estimate(model: Any, settings: TuningSettings, largest: Largest) -> dict[str, int]:
    """Bytes by purpose, of each process, on a CUDA GPU in bfloat16 without sharding.

    `weights` hold the adapter in float32 and the rest as `weights_type` says; `casts` are their bfloat16 copies while a
    step computes, where they are float32; gradients and Adam's two moments are float32. `activations` are those of the
    largest pack with each layer's kept, `activations_checkpointed` with only its input kept and one layer's at a time.
    `vision` is the tower's share: nothing where its features are kept. `logits` are those that are made at a time.
    """
    counts = parameters(model, settings)
    trained = sum(each["trained"] for each in counts.values())
    full = settings.method == "full"
    every = sum(each["all"] for each in counts.values())
    told = {
        "weights": every * _FULL if full else round(_frozen(model, settings)) + trained * _FULL,
        "casts": every * _HALF if full else trained * _HALF,
        "gradients": trained * _FULL,
        "optimiser": trained * _FULL * _MOMENTS,
        **_activations(model, settings, largest.tokens),
        "vision": _vision(model, settings, largest.patches),
        "logits": _logits(model, largest.targets),
    }
    always = sum(value for name, value in told.items() if not name.startswith("activations"))
    both = ("activations", "activations_checkpointed")
    return {**told, **{name.replace("activations", "total"): always + told[name] for name in both}}


def _frozen(model: Any, settings: TuningSettings) -> float:
    """Bytes of the weights under an adapter."""
    every = sum(parameter.numel() for parameter in model.parameters())
    if settings.method != "qlora":
        return every * _HALF
    small = [model.get_submodule(name).weight.numel() for name in linear_names(model) if part(name) == "llm"]
    return sum(small) * _NF4 + (every - sum(small)) * _HALF


def layer_numbers(model: Any) -> tuple[int, int]:
    """What autograd keeps of a layer of the language model for each token: numbers in the type of the computation, and
    such in float32.

    Counted in the families' code: of each of two norms its input (in float32), what it normalised and what it says; of
    attention query, key, value and twice what it says; of the gated MLP its two halves, the activation and their
    product. Where queries and keys have norms of their own, those too.
    """
    layer = model.model.language_model.layers[0]
    hidden = layer.self_attn.q_proj.in_features
    query, key = layer.self_attn.q_proj.out_features, layer.self_attn.k_proj.out_features
    own = 2 * (query + key) if hasattr(layer.self_attn, "q_norm") else 0
    return 4 * hidden + 3 * query + 2 * key + 4 * layer.mlp.gate_proj.out_features + own, 2 * hidden


def _activations(model: Any, settings: TuningSettings, tokens: int) -> dict[str, int]:
    half, full = layer_numbers(model)
    one = tokens * (_HALF * half + _FULL * full)
    layers = len(model.model.language_model.layers)
    stream = _FULL if settings.method == "full" else _HALF  # of what goes from layer to layer
    kept = tokens * model.config.text_config.hidden_size * stream * layers
    return {"activations": layers * one, "activations_checkpointed": kept + one}


def _vision(model: Any, settings: TuningSettings, patches: int) -> int:
    """By the inputs and outputs of a block's linear layers: of all blocks where the tower trains, else of one."""
    if settings.policy == "llm" and settings.cache_gb:
        return 0
    blocks = model.model.visual.blocks
    linear = [each for each in blocks[0].modules() if isinstance(each, torch.nn.Linear)]
    numbers = sum(each.in_features + each.out_features for each in linear)
    return patches * numbers * _HALF * (len(blocks) if settings.policy == "all" else 1)


def _logits(model: Any, targets: int) -> int:
    """In the type of the computation, in float32, and the slopes of both."""
    vocabulary: int = model.lm_head.weight.shape[0]
    return min(targets, logits_at_a_time(vocabulary)) * vocabulary * 2 * (_HALF + _FULL)
