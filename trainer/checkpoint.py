"""What a checkpoint says about itself."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from model.family import Agent, Family, Grounding, family
from model.load import CONTRACT, CheckpointError
from trainer.data import Preprocessing


def preprocessing_contract(preprocessing: Preprocessing, processor: Any) -> dict[str, Any]:
    """What whoever serves the checkpoint must do to images and messages, and how to read its boxes, as `winnow.json`
    states it."""
    kind = family(preprocessing.family)
    return {
        "family": preprocessing.family,
        "min_pixels": preprocessing.min_pixels,
        "max_pixels": preprocessing.max_pixels,
        "template_sha256": hashlib.sha256(processor.chat_template.encode()).hexdigest(),
        "patch_size": kind.patch_size,
        "merge_size": kind.merge_size,
        "coordinates": _coordinates(kind),
    }


def _coordinates(kind: Family) -> dict[str, Any]:
    """How regions and, where the family can act, clicks are written: `scale` and `top` are null for pixels."""
    conventions = {"grounding": kind.grounding, "agent": kind.agent}
    return {name: _convention(one) for name, one in conventions.items() if one}


def _convention(one: Grounding | Agent) -> dict[str, Any]:
    return {"style": one.style, "scale": one.grid.scale, "top": one.grid.top, "words": f"x and y are {one.grid.words}"}


def write_contract(folder: Path, contract: dict[str, Any]) -> None:
    (folder / CONTRACT).write_text(json.dumps(contract, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read_contract(folder: str | Path) -> dict[str, Any] | None:
    """What a checkpoint says about itself; None where it is not one of ours."""
    path = Path(folder) / CONTRACT
    if not path.exists():
        return None
    contract: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return contract


def check_contract(folder: str | Path, preprocessing: Preprocessing) -> None:
    """Raise `CheckpointError` where a checkpoint of ours was trained for another family or pixel budget."""
    contract = read_contract(folder)
    if contract is None:
        return
    trained = Preprocessing(**{name: contract[name] for name in ("family", "min_pixels", "max_pixels")})
    if trained != preprocessing:
        raise CheckpointError(
            f"{folder} was trained on {trained} and the dataset was rendered for {preprocessing}. "
            "Render the dataset for the checkpoint's."
        )
