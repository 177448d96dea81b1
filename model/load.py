"""Opening a checkpoint folder: a model, its processor and its family, from local files only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from model.family import FAMILIES, Family
from model.offline import prepare

if TYPE_CHECKING:
    import torch

CONTRACT = "winnow.json"  # what a checkpoint of ours says about itself, beside its weights
HEAD_FILE = "reward_head.safetensors"  # what scores answers, in a reward model


class CheckpointError(RuntimeError):
    """A folder that is no checkpoint, or one that this platform must not use."""


class Checkpoint(NamedTuple):
    """`model` is a transformers model, or a peft model around one; `processor` the family's processor. Both are typed
    loosely because transformers gives every family its own classes."""

    model: Any
    processor: Any
    family: Family


def load_checkpoint(
    path: str | Path,
    device: str | None = None,
    dtype: torch.dtype | None = None,
    *,
    base: str | Path | None = None,
    four_bit: bool = False,
) -> Checkpoint:
    """A full checkpoint, or an adapter on its base, ready for inference.

    The base of an adapter is `base`, else what its `adapter_config.json` names; a full checkpoint needs none. The
    device is the first GPU if there is one, else the CPU; the type bfloat16 on a GPU and float32 on a CPU, unless
    given. `four_bit` keeps the language model's linear layers in NF4 (QLoRA, arXiv 2305.14314): on a GPU, with
    bitsandbytes. Never reaches the network, never runs code from the folder, reads weights from safetensors files only.
    Raises `CheckpointError` for a folder that is missing, of no known family, without such weights, or whose processor
    cuts images otherwise than its family does.
    """
    folder = Path(path)
    under = base_of(folder, base)
    kind = family_of(under or folder)
    _check_weights(under or folder, "model.safetensors", "model.safetensors.index.json")
    if under:
        _check_weights(folder, "adapter_model.safetensors")
    prepare()
    import torch
    from transformers import AutoModelForImageTextToText

    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = dtype or (torch.bfloat16 if device.startswith("cuda") else torch.float32)
    processor = _processor(folder, kind)
    model = AutoModelForImageTextToText.from_pretrained(
        under or folder,
        dtype=dtype,
        attn_implementation="sdpa",
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        **(_four_bit(device, dtype) if four_bit else {}),
    )
    if under:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(folder), local_files_only=True)
    return Checkpoint((model if four_bit else model.to(device)).eval(), processor, kind)


def load_empty(path: str | Path) -> Checkpoint:
    """A full checkpoint without its weights: a model that has shapes and no numbers, on the device `meta`. Raises as
    `load_checkpoint` does."""
    folder = Path(path)
    kind = family_of(folder)
    _check_weights(folder, "model.safetensors", "model.safetensors.index.json")
    prepare()
    import torch
    from transformers import AutoConfig, AutoModelForImageTextToText

    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(config, trust_remote_code=False)
    return Checkpoint(model.eval(), _processor(folder, kind), kind)


def _processor(folder: Path, kind: Family) -> Any:
    from transformers import AutoProcessor

    try:
        processor = AutoProcessor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except OSError as error:
        raise CheckpointError(
            f"{folder} has no whole processor (processor_config.json, tokenizer.json): {error}"
        ) from None
    _check_processor(processor, kind, folder)
    return processor


def _four_bit(device: str, dtype: torch.dtype) -> dict[str, Any]:
    import importlib.util

    if not device.startswith("cuda") or importlib.util.find_spec("bitsandbytes") is None:
        raise CheckpointError("4-bit weights need a CUDA GPU and `pip install bitsandbytes`; use the method `lora`.")
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=["visual", "lm_head"],
    )
    return {"quantization_config": config, "device_map": {"": device}}


def unwrapped(model: Any) -> Any:
    """The transformers model inside a peft model, whose adapters are in its layers; any other model itself."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def base_of(folder: Path, instead: str | Path | None = None) -> Path | None:
    """The base checkpoint of an adapter folder, None for a full checkpoint. `instead` overrides the base that the
    adapter records, which is where it was when the adapter was trained."""
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is not a folder. Give the folder of a checkpoint that is on this machine.")
    config = folder / "adapter_config.json"
    if not config.exists():
        return None
    base = Path(instead or json.loads(config.read_text(encoding="utf-8"))["base_model_name_or_path"])
    if not base.is_dir():
        raise CheckpointError(
            f"{folder} is an adapter on {base}, which is not on this machine. Name the folder of its base with "
            f"`--base`, or correct `base_model_name_or_path` in {config}."
        )
    return base


def check_whole(folder: Path) -> Family:
    """The family of a folder that holds a whole checkpoint, told without loading it. Raises `CheckpointError` for one
    that is missing, of no known family, an adapter, or without weights in safetensors, tokenizer or processor."""
    if base_of(folder):
        raise CheckpointError(f"{folder} is an adapter and no whole checkpoint.")
    kind = family_of(folder)
    _check_weights(folder, "model.safetensors", "model.safetensors.index.json")
    processors = ("processor_config.json", "preprocessor_config.json")
    if not (folder / "tokenizer.json").exists() or not any((folder / name).exists() for name in processors):
        raise CheckpointError(f"{folder} has no whole processor (processor_config.json, tokenizer.json).")
    return kind


def family_of(folder: Path) -> Family:
    """The family by the `model_type` of the folder's config.json."""
    config = folder / "config.json"
    if not config.exists():
        raise CheckpointError(f"{folder} holds no config.json: it is not a checkpoint, or not a complete one.")
    model_type = json.loads(config.read_text(encoding="utf-8")).get("model_type")
    known = {family.model_type: family for family in FAMILIES if family.model_type}
    if model_type not in known:
        raise CheckpointError(f"{folder} is a {model_type!r}; the families that can be run are {', '.join(known)}.")
    return known[model_type]


def _check_weights(folder: Path, whole: str, index: str = "") -> None:
    """Weights are in the file `whole` or in those that `index` lists, in safetensors format: the others are pickles,
    and to read one is to run what it says."""
    files = [whole]
    if index and not (folder / whole).exists() and (folder / index).exists():
        files = sorted(set(json.loads((folder / index).read_text(encoding="utf-8"))["weight_map"].values()))
    for name in files:
        if not name.endswith(".safetensors") or not (folder / name).exists():
            raise CheckpointError(
                f"{folder} holds no {name} in safetensors format, and no other is read. Convert the weights, or fetch "
                "what is missing."
            )


def _check_processor(processor: Any, kind: Family, folder: Path) -> None:
    images = getattr(processor, "image_processor", None)
    if images is None:  # transformers falls back to the bare tokenizer without a word
        raise CheckpointError(f"{folder} has a tokenizer but no image processor: see its processor_config.json.")
    found, wanted = (images.patch_size, images.merge_size), (kind.patch_size, kind.merge_size)
    if found != wanted:
        raise CheckpointError(
            f"The processor of {folder} has patch and merge sizes {found}; {kind.name} has {wanted}. "
            "Boxes rendered for the family would be wrong for it."
        )
