"""An adapter folded into its base: one ordinary checkpoint folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

from model.complete import complete_or_absent
from model.load import HEAD_FILE, CheckpointError, base_of, load_checkpoint
from trainer.checkpoint import read_contract, write_contract


class Merged(NamedTuple):
    """A model without its adapter, in its base's number type, on the CPU; its processor; its `winnow.json`."""

    model: Any
    processor: Any
    contract: dict[str, Any]


def merge(checkpoint: str, out: str, base: str | Path | None = None) -> dict[str, Any]:
    """Write the adapter in `checkpoint` merged into its base, with the processor, the head of a reward model, and
    `winnow.json`; return the latter.

    `base` overrides the base that the adapter records. Raises `CheckpointError` where `checkpoint` is no adapter of
    ours.
    """
    model, processor, contract = merged(Path(checkpoint), base)
    with complete_or_absent(Path(out).resolve()) as partial:
        model.save_pretrained(partial)
        processor.save_pretrained(partial)
        if (head := Path(checkpoint) / HEAD_FILE).exists():
            shutil.copy2(head, partial / HEAD_FILE)
        write_contract(partial, contract)
    return contract


def merged(source: Path, base: str | Path | None = None) -> Merged:
    """The adapter in the folder `source` merged into its base in float32, rounded once to the base's own type. Raises
    as `merge` does."""
    import torch

    under, contract = base_of(source, base), read_contract(source)
    if under is None or contract is None:
        raise CheckpointError(f"{source} is not an adapter that was trained here: there is nothing to merge.")
    model, processor, _ = load_checkpoint(source, device="cpu", dtype=torch.float32, base=under)
    model = model.merge_and_unload().to(saved_type(under))
    return Merged(model, processor, {**contract, "merged_from": source.resolve().name})


def saved_type(folder: Path) -> Any:
    """The number type in which a checkpoint's weights are stored."""
    import torch
    from transformers import AutoConfig

    stored = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False).dtype
    return stored if isinstance(stored, torch.dtype) else torch.float32
