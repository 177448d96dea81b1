"""Evaluation: which rows, how they are averaged, and answers that do not depend on their batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from trl.trainer import add_fused_lm_head

from curation.contract.dataset import RenderedRow
from curation.contract.sample import Region
from curation.contract.training import EvalSettings, TrainSettings
from model.collate import collate
from model.engine import Drawing, Prompt
from model.inputs import DataError, fit_processor, prompt_example, training_example
from model.load import Checkpoint, CheckpointError, load_checkpoint
from model.local import LocalEngine
from trainer.data import RenderedDataset, open_dataset
from trainer.evaluate import chosen, evaluate, row_losses, summarise
from trainer.sft import train_sft


def _mixed(made: Any, split: str) -> list[Any]:
    """Rows of very different lengths, with no image, one and two."""
    one = made.image("red", 84, 84, (10, 10, 60, 60))
    two = made.image("blue", 168, 112, (10, 10, 60, 60))
    return [
        made.row("text", "What is 2 + 2?", "It is 4.", split=split),
        made.row("one", "What colour is the box? Answer in a whole sentence.", "It is red.", [one], split=split),
        made.row("two", "And in both?", "Red and blue.", [one, two], split=split),
    ]


@pytest.fixture
def trained(made: Any, nano: Path, tmp_path: Path) -> tuple[str, Path]:
    """A table, and a checkpoint that has just begun to learn it, so that its answers differ from row to row."""
    table = made.table([*_mixed(made, "train"), *_mixed(made, "test")])
    settings = TrainSettings(model=str(nano), method="full", learning_rate=3e-3, max_steps=30)
    train_sft(table, settings, str(tmp_path / "trained"))
    return table, tmp_path / "trained"


def _open(table: str, folder: Path) -> tuple[Checkpoint, RenderedDataset]:
    loaded, data = load_checkpoint(folder, "cpu"), open_dataset(table, "test")
    fit_processor(loaded.processor, data.preprocessing.min_pixels, data.preprocessing.max_pixels)
    add_fused_lm_head(loaded.model)
    return loaded, data


def _answers(loaded: Checkpoint, data: RenderedDataset, rows: Sequence[RenderedRow], limit: int) -> list[str]:
    """Greedy answers, all rows in one batch."""
    prompts = [Prompt(row=row, images=tuple(data.image(medium) for medium in row.media)) for row in rows]
    replies = LocalEngine(loaded, len(rows)).generate(prompts, Drawing(max_new_tokens=limit))
    return [reply.text for (reply,) in replies]


def test_an_answer_does_not_depend_on_its_batch(trained: tuple[str, Path]) -> None:
    loaded, data = _open(*trained)
    together = _answers(loaded, data, data.rows, 12)
    alone = [_answers(loaded, data, [row], 12)[0] for row in data.rows]
    assert together == alone
    assert len(set(together)) == 3


def test_generation_follows_the_positions_of_training(trained: tuple[str, Path]) -> None:
    """Greedy answers with a cache are what one whole forward pass, as in training, finds likeliest at each token."""
    loaded, data = _open(*trained)
    image_id, tokenizer = loaded.model.config.image_token_id, loaded.processor.tokenizer
    for row in data.rows:
        prompt = prompt_example(row, data.image, loaded.processor, image_id)
        answer = tokenizer.encode(_answers(loaded, data, [row], 6)[0])
        example = type(prompt)(
            ids=[*prompt.ids, *answer],
            weights=[0.0] * (len(prompt.ids) + len(answer)),
            pixels=prompt.pixels,
            grid=prompt.grid,
        )
        batch = collate([example], tokenizer.pad_token_id, image_id)
        inputs = {name: value for name, value in batch.items() if name not in ("labels", "loss_weights")}
        with torch.inference_mode():
            likeliest = loaded.model(**inputs).logits[0].argmax(-1).tolist()
        assert likeliest[len(prompt.ids) - 1 : -1] == answer


def test_row_losses_are_the_models_own(trained: tuple[str, Path]) -> None:
    loaded, data = _open(*trained)
    together = row_losses(loaded, data, data.rows)
    image_id, tokenizer = loaded.model.config.image_token_id, loaded.processor.tokenizer
    for row, (nll, weight) in zip(data.rows, together, strict=True):
        batch = collate([training_example(row, data.image, loaded.processor)], tokenizer.pad_token_id, image_id)
        assert weight == float(batch.pop("loss_weights").sum())
        with torch.inference_mode():
            assert nll / weight == pytest.approx(float(loaded.model(**batch).loss), rel=1e-4, abs=1e-6)


def test_rows_are_chosen_by_the_hash_of_their_ids_for_each_task(made: Any) -> None:
    # SHA-256 of "a", "b", "c", "d" begins with ca, 3e, 2e, 18.
    rows = [made.row(name, "Q", "A") for name in "abcd"] + [made.row("e", "Q", "A", task="text")]
    assert [row.row_id for row in chosen(rows, 2)] == ["e", "d", "c"]
    assert [row.row_id for row in chosen(rows[::-1], 2)] == ["e", "d", "c"]
    assert len(chosen(rows, None)) == 5


def test_means_weigh_losses_by_tokens_and_scores_by_rows() -> None:
    records = [
        {"task": "vqa", "nll": 2.0, "weight": 1.0, "scores": {"exact_match": 1.0}},
        {"task": "vqa", "nll": 1.0, "weight": 9.0, "scores": {"exact_match": 0.0}},
        {"task": "text", "nll": 5.0, "weight": 10.0, "scores": {}},
    ]
    assert summarise(records) == {
        "rows": 3.0,
        "loss": 8 / 20,
        "vqa/rows": 2.0,
        "vqa/loss": 3 / 10,
        "vqa/exact_match": 0.5,
        "text/rows": 1.0,
        "text/loss": 0.5,
    }


def test_evaluation_writes_predictions_and_metrics(made: Any, nano: Path, tmp_path: Path) -> None:
    medium = made.image("red", 84, 84, (10, 10, 60, 60))
    box = Region(points=(10, 10, 61, 61), label="box")
    rows = [
        made.row("found", "Where is the box?", box, [medium], task="grounding", verifier="box"),
        made.row("said", "What colour is it?", "It is red.", [medium]),
        made.row("free", "Describe it.", "A red box.", [medium], task="caption", verifier=""),
    ]
    table = made.table([*rows, *[made.row(row.row_id + "2", "Q", "A", split="test") for row in rows[:1]]])
    settings = TrainSettings(model=str(nano), method="full", policy="all", learning_rate=3e-3, max_steps=90)
    train_sft(table, settings, str(tmp_path / "trained"))
    seen: list[tuple[int, int]] = []
    out = tmp_path / "eval"
    metrics = evaluate(
        table,
        str(tmp_path / "trained"),
        EvalSettings(batch_size=2, max_new_tokens=48),
        str(out),
        split="train",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert metrics["rows"] == 3.0
    assert metrics["grounding/acc_at_0.5"] == 1.0
    assert metrics["vqa/exact_match"] == 1.0
    assert metrics["loss"] < 0.1
    assert {name for name in metrics if name.startswith("caption")} == {"caption/rows", "caption/loss"}
    assert seen == [(2, 3), (3, 3)]
    assert json.loads((out / "metrics.json").read_text()) == metrics
    table_read = pq.read_table(out / "predictions.parquet").to_pylist()
    assert [record["row_id"] for record in table_read] == ["found", "free", "said"]
    assert table_read[2]["prediction"] == "It is red."
    assert dict(table_read[2]["scores"])["exact_match"] == 1.0
    assert {record["source"] for record in table_read} == {"made"}
    assert sum(record["loss"] * record["weight"] for record in table_read) == pytest.approx(
        metrics["loss"] * sum(record["weight"] for record in table_read)
    )
    assert json.loads((out / "by_source.json").read_text()) == {"made": metrics}
    low, high = json.loads((out / "intervals.json").read_text())["loss"]
    assert low <= metrics["loss"] <= high
    assert not (out / "preferences.parquet").exists()


def test_a_checkpoint_of_another_budget_is_refused(trained: tuple[str, Path], tmp_path: Path) -> None:
    table, folder = trained
    contract = json.loads((folder / "winnow.json").read_text())
    (folder / "winnow.json").write_text(json.dumps({**contract, "max_pixels": 999}))
    with pytest.raises(CheckpointError, match="max_pixels=999"):
        evaluate(table, str(folder), EvalSettings(), str(tmp_path / "eval"))
    with pytest.raises(DataError, match="'nothing'"):
        evaluate(table, str(folder), EvalSettings(), str(tmp_path / "eval"), split="nothing")
