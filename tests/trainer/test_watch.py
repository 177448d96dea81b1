"""A training that measures itself on the way, on nano, for real."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curation.contract.training import EvalSettings, TrainSettings
from model.inputs import DataError
from trainer.evaluate import evaluate
from trainer.sft import train_sft

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


def _rows(made: Any) -> list[Any]:
    rows = []
    for colour in ("red", "blue"):
        medium = made.image(colour, 112, 84, (10, 10, 60, 60))
        for split in ("train", "test"):
            rows.append(made.row(f"{colour}-{split}", "What colour?", f"{colour}.", [medium], split=split))
    return rows


def test_a_training_measures_itself_as_an_evaluation_would(made: Any, nano: Path, tmp_path: Path) -> None:
    table = made.table(_rows(made))
    settings = TrainSettings(
        model=str(nano), method="full", learning_rate=3e-3, max_steps=5, evaluate_every=2, evaluate_tokens=8
    )
    told = train_sft(table, settings, str(tmp_path / "out"))
    assert [each["step"] for each in told["evaluations"]] == [2, 4, 5]  # and at the end
    losses = [each["loss"] for each in told["evaluations"]]
    assert losses[2] < losses[0]
    # What was measured last is what the finished checkpoint gives.
    after = evaluate(table, str(tmp_path / "out"), EvalSettings(max_new_tokens=8), str(tmp_path / "evaluation"))
    last = {name: value for name, value in told["evaluations"][-1].items() if name != "step"}
    assert last == pytest.approx(after, abs=1e-5)
    assert {"vqa/exact_match", "vqa/anls", "rows"} <= set(last)
    lines = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "eval/loss" in line] == [2, 4, 5]


def test_measuring_does_not_change_what_is_learnt(made: Any, nano: Path, tmp_path: Path) -> None:
    table = made.table(_rows(made))
    common = {"model": str(nano), "learning_rate": 3e-3, "max_steps": 4, "batch_size": 1}
    alone = train_sft(table, TrainSettings(**common), str(tmp_path / "alone"))
    watched = train_sft(table, TrainSettings(**common, evaluate_every=1, evaluate_tokens=4), str(tmp_path / "watched"))
    assert alone["losses"] == watched["losses"]
    assert alone["evaluations"] == []


def test_without_test_rows_there_is_nothing_to_measure(made: Any, nano: Path, tmp_path: Path) -> None:
    table = made.table([made.row("a", "Q", "A")])
    with pytest.raises(DataError, match="no rows in the split 'test'"):
        train_sft(table, TrainSettings(model=str(nano), evaluate_every=1), str(tmp_path / "out"))
