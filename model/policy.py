"""What may train. A policy names parts of the model: the vision tower, the merger between the two, the language model.
A head that scores answers (`model.reward`) is in every policy, as without training it says nothing.

The names are those of `named_parameters()` on the families' classes in transformers 5: `model.visual.merger.*` (and
Qwen3-VL's `deepstack_merger_list`), the rest of `model.visual.*`, `model.language_model.*` and `lm_head.*`. The
official fine-tuning script has the same three switches; freezing the ViT is what the Qwen2-VL and Qwen2.5-VL reports
do in post-training.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import nn

Policy = Literal["llm", "llm+merger", "merger", "all"]
Method = Literal["lora", "full"]
Part = Literal["vit", "merger", "llm", "head"]

_PARTS: dict[Policy, tuple[Part, ...]] = {
    "llm": ("llm", "head"),
    "llm+merger": ("llm", "merger", "head"),
    "merger": ("merger", "head"),
    "all": ("llm", "merger", "vit", "head"),
}
_MERGERS = ("model.visual.merger.", "model.visual.deepstack_merger_list.")
_LLM = ("model.language_model.", "lm_head.")
_HEAD = "reward_head."
_INSIDE = "base_model.model."  # where peft puts the model


class PolicyError(RuntimeError):
    """What would train is not what the policy says."""


def part(name: str) -> Part:
    """The part that a parameter or module belongs to; raises `PolicyError` for a name of no known part."""
    if name.startswith(_MERGERS):
        return "merger"
    if name.startswith("model.visual."):
        return "vit"
    if name.startswith(_LLM):
        return "llm"
    if name.startswith(_HEAD):
        return "head"
    raise PolicyError(f"{name} is in neither the vision tower nor the language model: which policy is it under?")


def in_policy(names: Iterable[str], policy: Policy) -> set[str]:
    """The names that train under the policy."""
    return {name for name in names if part(name) in _PARTS[policy]}


def linear_names(model: nn.Module) -> list[str]:
    """Linear layers that an adapter may wrap. Not the output head: where it is tied, an adapter there would change it
    and leave the input embedding as it was."""
    from torch import nn

    head = "lm_head"
    return [name for name, module in model.named_modules() if isinstance(module, nn.Linear) and name != head]


def lora_targets(model: nn.Module, policy: Policy) -> list[str]:
    """Full names of the linear layers that get an adapter; those of the ViT only under `all`."""
    return sorted(in_policy(linear_names(model), policy))


def apply_policy(model: nn.Module, policy: Policy) -> None:
    """Set `requires_grad` of every parameter for full fine-tuning."""
    trained = _trained(model, policy)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in trained)


def _trained(model: nn.Module, policy: Policy) -> set[str]:
    """Without the output head where another one scores answers: it has no part in the loss, and processes that train
    together would wait for its gradient."""
    names = {name for name, _ in model.named_parameters()}
    scored = any(part(name) == "head" for name in names)
    return {name for name in in_policy(names, policy) if not (scored and name.startswith("lm_head."))}


def free_head(model: nn.Module) -> None:
    """Let the head train that peft froze with all that is not the adapter."""
    for name, parameter in model.named_parameters():
        if name.startswith(_INSIDE + _HEAD):
            parameter.requires_grad_()


def expected_trainable(model: nn.Module, policy: Policy, method: Method) -> set[str]:
    """Names of the parameters that must train, worked out from the unwrapped model's names alone.

    For LoRA they are the names inside the wrapped model: an A and a B for each target, the head where there is one, and
    nothing of the base.
    """
    if method == "full":
        return _trained(model, policy)
    heads = {f"{_INSIDE}{name}" for name, _ in model.named_parameters() if part(name) == "head"}
    return heads | {
        f"{_INSIDE}{target}.lora_{matrix}.default.weight" for target in lora_targets(model, policy) for matrix in "AB"
    }


def check_trainable(model: nn.Module, expected: set[str]) -> None:
    """Raise `PolicyError` with the differences unless exactly the expected parameters require a gradient."""
    actual = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    if actual == expected:
        return
    wrong = [("frozen but should train", expected - actual), ("trains but should be frozen", actual - expected)]
    lines = [f"{what} ({len(names)}): {', '.join(sorted(names)[:5])}" for what, names in wrong if names]
    raise PolicyError("The trainable parameters are not those of the policy. " + "; ".join(lines))
