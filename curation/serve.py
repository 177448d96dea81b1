"""Serving a checkpoint with the preprocessing that it was trained with: checks of the folder, and the server's command.

Read from the folder's files alone, so that a folder that must not be served is refused before anything is loaded.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from curation.stage import StageError


def check_servable(folder: Path) -> dict[str, Any]:
    """What the checkpoint's winnow.json says.

    Raises:
        StageError: the folder is no whole checkpoint, an adapter, without a contract, or its processor or template are
            not those of its contract.
    """
    from model.load import CheckpointError, check_whole

    if (folder / "adapter_config.json").exists():
        raise StageError(f"{folder} is an adapter. Merge it first: winnow export {folder} --to {folder}-merged")
    try:
        check_whole(folder)
    except CheckpointError as error:
        raise StageError(str(error)) from None
    contract = _json(folder / "winnow.json")
    if contract is None:
        raise StageError(
            f"{folder} has no winnow.json, which says how it sees images. `winnow export {folder} --to DIR` writes it "
            "anew with one."
        )
    _check_budget(folder, contract)
    _check_template(folder, contract)
    return contract


def transformers_command(folder: Path, host: str, port: int) -> list[str]:
    """`transformers serve` of this environment, offline, with our image decoder. -P, so that no folder where it is
    started stands in for our packages."""
    command = [sys.executable, "-P", "-m", "model.serve", "serve", str(folder)]
    return [*command, "--host", host, "--port", str(port)]


def vllm_command(folder: Path, contract: dict[str, Any], host: str, port: int) -> list[str]:
    """`vllm serve` with the contract's pixel budget: `size` among `mm_processor_kwargs` overrides the processor's own
    (vllm/model_executor/models/qwen2_vl.py). Videos, which were not trained on, are refused."""
    size = {"shortest_edge": contract["min_pixels"], "longest_edge": contract["max_pixels"]}
    command = ["vllm", "serve", str(folder), "--host", host, "--port", str(port)]
    command += ["--limit-mm-per-prompt", json.dumps({"video": 0})]
    return [*command, "--mm-processor-kwargs", json.dumps({"size": size})]


def _check_budget(folder: Path, contract: dict[str, Any]) -> None:
    wanted = (contract["min_pixels"], contract["max_pixels"])
    found = _budget(folder)
    if found != wanted:
        raise StageError(
            f"The processor of {folder} resizes images to {found[0]} to {found[1]} pixels; the checkpoint was trained "
            f"with {wanted[0]} to {wanted[1]}, and its boxes would be off. `winnow export {folder} --to DIR` mends it."
        )


def _budget(folder: Path) -> tuple[Any, Any]:
    """Smallest and largest image in pixels, from processor_config.json (transformers 5) or preprocessor_config.json,
    whose older form has names of its own; None where it is not stated."""
    told = (_json(folder / "processor_config.json") or {}).get("image_processor")
    told = told or _json(folder / "preprocessor_config.json") or {}
    size = told.get("size") or {}
    return (
        told.get("min_pixels") or size.get("shortest_edge"),
        told.get("max_pixels") or size.get("longest_edge"),
    )


def _check_template(folder: Path, contract: dict[str, Any]) -> None:
    path = folder / "chat_template.jinja"
    template = path.read_text(encoding="utf-8") if path.exists() else None
    if template is None or hashlib.sha256(template.encode()).hexdigest() != contract["template_sha256"]:
        raise StageError(
            f"{path} is not the chat template that the checkpoint was trained with, by its winnow.json. Put it back as "
            "it was."
        )


def _json(path: Path) -> dict[str, Any] | None:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None
