"""Which of two answers a checkpoint prefers, beside probabilities computed one answer at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from curation.contract.training import EvalSettings, TrainSettings
from model.collate import collate
from model.inputs import training_example
from trainer.data import open_pairs
from trainer.evaluate import evaluate
from trainer.likelihood import open_checkpoint, prefer, preference_accuracy
from trainer.sft import train_sft

QUESTIONS = {"colour": ("What colour is the box?", "It is red.", "It is a very bright shade of blue, I think."),
             "sum": ("What is 2 + 2?", "It is 4.", "5")}  # fmt: skip


def _pairs(made: Any, split: str = "test") -> list[Any]:
    image = made.image("red", 84, 84, (10, 10, 60, 60))
    media = {"colour": [image], "sum": []}
    return [made.pair(name, *texts, media[name], split=split) for name, texts in QUESTIONS.items()]


def _log_probability(loaded: Any, data: Any, row: Any) -> float:
    """Of the answer's tokens, from the logits of one plain forward pass."""
    example = training_example(row, data.image, loaded.processor)
    batch = collate([example], loaded.processor.tokenizer.pad_token_id, loaded.model.config.image_token_id)
    inputs = {name: value for name, value in batch.items() if name not in ("labels", "loss_weights")}
    with torch.inference_mode():
        chances = loaded.model(**inputs).logits[0].float().log_softmax(-1)
    return sum(float(chances[place - 1, example.ids[place]]) for place, weight in enumerate(example.weights) if weight)


def test_a_pair_is_judged_by_the_probabilities_of_its_answers(made: Any, nano: Path) -> None:
    pairs = open_pairs(made.pairs_table(_pairs(made)), "test")
    loaded = open_checkpoint(pairs.chosen, str(nano))
    records = prefer(loaded, pairs, batch_size=8)
    assert [record["row_id"] for record in records] == ["colour", "sum"]
    for record, row in zip(records, pairs.chosen.rows, strict=True):
        chosen = _log_probability(loaded, pairs.chosen, row)
        rejected = _log_probability(loaded, pairs.chosen, pairs.rejected[row.row_id])
        assert (record["chosen"], record["rejected"]) == pytest.approx((chosen, rejected), rel=1e-4)
        per_token = chosen / record["chosen_tokens"], rejected / record["rejected_tokens"]
        assert record["scores"] == {
            "accuracy": float(chosen > rejected),
            "accuracy_per_token": float(per_token[0] > per_token[1]),
        }
    # An untrained model finds every token about as likely as any other, so that the shorter answer wins the sum.
    assert [record["scores"]["accuracy"] for record in records] == [1.0, 0.0]
    assert [record["task"] for record in prefer(loaded, pairs, batch_size=1)] == ["preference"] * 2


def test_training_on_the_better_answers_makes_them_preferred(made: Any, nano: Path, tmp_path: Path) -> None:
    pairs = _pairs(made)
    image = made.image("red", 84, 84, (10, 10, 60, 60))
    rows = [
        made.row("colour", *QUESTIONS["colour"][:2], [image]),
        made.row("sum", *QUESTIONS["sum"][:2]),
        made.row("held", "What is 2 + 2?", "It is 4.", split="test"),
    ]
    table, preferences = made.table(rows), made.pairs_table(pairs)
    settings = TrainSettings(model=str(nano), method="full", learning_rate=3e-3, max_steps=40)
    train_sft(table, settings, str(tmp_path / "trained"))
    found = preference_accuracy(preferences, str(tmp_path / "trained"), EvalSettings())
    assert found["pairs"] == 2 and found["accuracy"] == found["accuracy_per_token"] == 1.0
    assert found["intervals"]["accuracy"] == [1.0, 1.0]
    out = tmp_path / "eval"
    metrics = evaluate(table, str(tmp_path / "trained"), EvalSettings(max_new_tokens=8), str(out), pairs=preferences)
    assert metrics["preference/accuracy"] == 1.0 and metrics["preference/rows"] == 2.0 and metrics["rows"] == 1.0
    assert json.loads((out / "by_source.json").read_text())["made"]["preference/accuracy"] == 1.0
    assert pq.read_table(out / "preferences.parquet").column("row_id").to_pylist() == ["colour", "sum"]
