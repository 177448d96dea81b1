"""`winnow eval` as people run it: what lies in its folder afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from curation.contract.sample import Region

ROOT = Path(__file__).parents[2]


def test_the_folder_of_an_evaluation(made: Any, nano: Path, tmp_path: Path) -> None:
    medium = made.image("red", 84, 84, (10, 10, 60, 60))
    box = Region(points=(10, 10, 61, 61), label="box")
    grounding = {"task": "grounding", "verifier": "box", "split": "test"}
    rows = [made.row(f"found{number}", "Where is the box?", box, [medium], **grounding) for number in range(3)]
    rows.append(made.row("said", "What colour is it?", "It is red.", [medium], split="test"))
    pairs = [made.pair("better", "What is 2 + 2?", "It is 4.", "It is 5.", split="test")]
    out = tmp_path / "evaluation"
    command = [sys.executable, "-W", "ignore", "-m", "curation", "eval", str(nano), "--to", str(out), "--json"]
    command += ["--data", made.table(rows), "--pairs", made.pairs_table(pairs), "--boxes", "2", "--max-new-tokens", "4"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout)
    assert metrics == json.loads((out / "metrics.json").read_text())
    assert metrics["rows"] == 4.0 and metrics["preference/rows"] == 1.0 and metrics["grounding/iou"] == 0.0
    assert set(json.loads((out / "intervals.json").read_text())) == {
        "loss", "grounding/loss", "grounding/acc_at_0.5", "grounding/iou", "grounding/label_match"
    }  # fmt: skip
    assert set(json.loads((out / "by_source.json").read_text())) == {"made"}
    assert len(list((out / "boxes").glob("*.png"))) == 2
    assert {path.name for path in out.iterdir()} == {
        "predictions.parquet", "preferences.parquet", "metrics.json", "intervals.json", "by_source.json", "boxes"
    }  # fmt: skip
