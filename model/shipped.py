"""Checkpoints that come with Winnow."""

from __future__ import annotations

from pathlib import Path

NANO = Path(__file__).parent / "checkpoints" / "nano"


def checkpoint_path(name: str) -> Path:
    """The folder of a checkpoint by what recipes and commands call it: `nano`, which is shipped, or a folder."""
    return NANO if name == "nano" else Path(name).resolve()
