"""How far a reward model's probabilities can be believed, as a picture beside its weights."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from curation.report import plots


def draw_calibration(folder: Path) -> Path | None:
    """Draw a reward model's `calibration.json` as `calibration.svg`; None where no pair was held out."""
    found = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
    panels = [
        (name, [(one["predicted"], one["observed"], one["pairs"]) for one in told["bins"] if one["pairs"]])
        for name, told in found.items()
        if told["pairs"]
    ]
    if not panels:
        return None
    path = folder / "calibration.svg"
    path.write_bytes(base64.b64decode(plots.reliability(panels).split(",", 1)[1]))
    return path
