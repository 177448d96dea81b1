"""What a checkpoint says about itself."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from model.load import CONTRACT, CheckpointError
from trainer.data import Preprocessing


def preprocessing_contract(preprocessing: Preprocessing, processor: Any) -> dict[str, Any]:
    """What whoever serves the checkpoint must do to images and messages, as `winnow.json` states it."""
    return {
        "family": preprocessing.family,
        "min_pixels": preprocessing.min_pixels,
        "max_pixels": preprocessing.max_pixels,
        "template_sha256": hashlib.sha256(processor.chat_template.encode()).hexdigest(),
    }


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
