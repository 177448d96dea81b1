"""An adapter folded into its base: one ordinary checkpoint folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from model.complete import complete_or_absent
from model.load import CheckpointError, base_of, load_checkpoint
from trainer.checkpoint import read_contract, write_contract


def merge(checkpoint: str, out: str, base: str | Path | None = None) -> dict[str, Any]:
    """Write the adapter in `checkpoint` merged into its base, with the processor and `winnow.json`; return the latter.

    `base` overrides the base that the adapter records. Raises `CheckpointError` where `checkpoint` is no adapter of
    ours. Merges on the CPU in float32 and saves in the base's own type.
    """
    import torch

    source = Path(checkpoint)
    under, contract = base_of(source, base), read_contract(source)
    if under is None or contract is None:
        raise CheckpointError(f"{source} is not an adapter that was trained here: there is nothing to merge.")
    model, processor, _ = load_checkpoint(source, device="cpu", dtype=torch.float32, base=under)
    merged = model.merge_and_unload().to(_saved_type(under))
    contract = {**contract, "merged_from": source.resolve().name}
    with complete_or_absent(Path(out).resolve()) as partial:
        merged.save_pretrained(partial)
        processor.save_pretrained(partial)
        write_contract(partial, contract)
    return contract


def _saved_type(base: Path) -> Any:
    """The number type in which the base's weights are stored."""
    import torch
    from transformers import AutoConfig

    stored = AutoConfig.from_pretrained(base, local_files_only=True, trust_remote_code=False).dtype
    return stored if isinstance(stored, torch.dtype) else torch.float32
