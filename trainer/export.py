"""A checkpoint for others to load: weights in safetensors under the names of the family's released checkpoints, the
processor with the pixel budget, `winnow.json` and a card.

Those names are what transformers saves: `visual.*` and `model.*` for Qwen2-VL and Qwen2.5-VL, `model.visual.*` and
`model.language_model.*` for Qwen3-VL. vLLM's `hf_to_vllm_mapper` (vllm/model_executor/models/qwen2_vl.py,
qwen2_5_vl.py and qwen3_vl.py) reads both layouts for the first two and the second one alone for Qwen3-VL.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoProcessor

from model.complete import complete_or_absent
from model.inputs import fit_processor
from model.load import CheckpointError, base_of, load_checkpoint
from trainer.checkpoint import preprocessing_contract, read_contract, write_contract
from trainer.data import Preprocessing
from trainer.merge import merged, saved_type

NumberType = Literal["bfloat16", "float32", "float16"]
MakeCard = Callable[[dict[str, Any]], str]  # the text of README.md, from what winnow.json will say

_ADAPTER, _ADAPTER_CONFIG = "adapter_model.safetensors", "adapter_config.json"


def export(
    checkpoint: str | Path,
    out: str | Path,
    card: MakeCard,
    *,
    adapter: bool = False,
    dtype: NumberType | None = None,
    max_shard: str = "5GB",
    base: str | Path | None = None,
) -> dict[str, Any]:
    """Write `checkpoint` to the folder `out`, whole or with `adapter` the adapter alone; return its `winnow.json`.

    An adapter is merged into its base, which `base` overrides. `dtype` is the weights' number type, by default the one
    that they (or the base's) are stored in; no file of weights is larger than `max_shard`. A whole checkpoint that was
    not trained here gets the contract that its own processor states. An exported adapter names its base and not where
    it is on this machine. The folder is complete or absent. Raises `CheckpointError` where there is nothing such to
    export, the chat template is not the one of the training, or a weight does not fit `dtype`.
    """
    source = Path(checkpoint)
    with complete_or_absent(Path(out).resolve()) as partial:
        if adapter:
            contract = _write_adapter(source, partial, dtype)
        else:
            contract = _write_whole(source, partial, dtype, max_shard, base)
        write_contract(partial, contract)
        (partial / "README.md").write_text(card(contract), encoding="utf-8")
    return contract


def _write_whole(
    source: Path, folder: Path, dtype: NumberType | None, max_shard: str, base: str | Path | None
) -> dict[str, Any]:
    if base_of(source, base):
        model, processor, contract = merged(source, base)
        kind = "merged"
    else:
        model, processor, family = load_checkpoint(source, device="cpu", dtype=saved_type(source))
        contract = read_contract(source) or _stated(processor, family.name)
        kind = "full"
    if dtype:
        model = model.to(getattr(torch, dtype))
    _check_finite(dict(model.named_parameters()), source)
    for config in (model.config, model.config.text_config, model.config.vision_config):
        config.dtype = model.dtype
    model.save_pretrained(folder, max_shard_size=max_shard)
    return _with_processor(processor, contract, folder, source, kind, model.dtype)


def _write_adapter(source: Path, folder: Path, dtype: NumberType | None) -> dict[str, Any]:
    contract = read_contract(source)
    if not (source / _ADAPTER_CONFIG).exists() or contract is None:
        raise CheckpointError(f"{source} is not an adapter that was trained here. Export it without `--adapter`.")
    weights = load_file(source / _ADAPTER)
    if dtype:
        weights = {name: weight.to(getattr(torch, dtype)) for name, weight in weights.items()}
    _check_finite(weights, source)
    save_file(weights, folder / _ADAPTER, metadata={"format": "pt"})
    config = json.loads((source / _ADAPTER_CONFIG).read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = contract["base"]
    (folder / _ADAPTER_CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    processor = AutoProcessor.from_pretrained(source, local_files_only=True, trust_remote_code=False)
    return _with_processor(processor, contract, folder, source, "adapter", next(iter(weights.values())).dtype)


def _with_processor(
    processor: Any, contract: dict[str, Any], folder: Path, source: Path, kind: str, dtype: torch.dtype
) -> dict[str, Any]:
    """Saves the processor with the contract's pixel budget, and gives the contract of what is exported."""
    budget = Preprocessing(**{name: contract[name] for name in ("family", "min_pixels", "max_pixels")})
    template = hashlib.sha256(processor.chat_template.encode()).hexdigest()
    if template != contract["template_sha256"]:
        raise CheckpointError(
            f"The chat template of {source} is not the one that it was trained with, by its winnow.json. Put "
            "chat_template.jinja back as it was."
        )
    fit_processor(processor, budget.min_pixels, budget.max_pixels)
    processor.save_pretrained(folder)
    told = {"kind": kind, "dtype": _name(dtype), "of": source.resolve().name}
    return {**preprocessing_contract(budget, processor), **contract, "export": told}


def _stated(processor: Any, family: str) -> dict[str, Any]:
    """The contract of a checkpoint that was not trained here: what its processor does by itself."""
    size = processor.image_processor.size
    budget = Preprocessing(family=family, min_pixels=size["shortest_edge"], max_pixels=size["longest_edge"])
    return preprocessing_contract(budget, processor)


def _check_finite(weights: dict[str, torch.Tensor], source: Path) -> None:
    """Raises `CheckpointError` for a weight that is no number, as one beyond 65504 is not in float16."""
    for name, weight in weights.items():
        if not torch.isfinite(weight).all():
            raise CheckpointError(
                f"{name} of {source} holds a value that {_name(weight.dtype)} cannot. Export it in bfloat16 or "
                "float32; if it is so there too, the training went wrong."
            )


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
