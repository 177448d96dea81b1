"""Preference training on nano, for real."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file
from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl

from curation.contract.dataset import RenderedPair
from curation.contract.training import DpoSettings
from model.collate import collate
from model.inputs import DataError, fit_processor, training_example
from model.load import Checkpoint, CheckpointError, load_checkpoint
from trainer.checkpoint import write_contract
from trainer.data import PairDataset, open_pairs, pair_counts
from trainer.dpo import train_dpo

# peft and TRL ask the model by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


def _pairs(made: Any) -> list[RenderedPair]:
    """Two with an image, of different sizes, and one without."""
    red = made.image("red", 112, 84, (10, 10, 60, 60))
    blue = made.image("blue", 84, 84, (10, 10, 60, 60))
    return [
        made.pair("blue", "What colour is the box?", "The box is blue.", "It is some red box.", [blue]),
        made.pair("red", "What colour is the box?", "The box is red.", "It is blue.", [red]),
        made.pair("text", "What is 2 + 2?", "It is 4.", "It is five."),
    ]


def _settings(**changes: Any) -> DpoSettings:
    defaults = {"learning_rate": 2e-3, "max_steps": 2, "batch_size": 3, "warmup_ratio": 0.0}
    return DpoSettings(**{**defaults, **changes})


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(next(folder.glob("*model.safetensors")))


def _opened(folder: Path, data: PairDataset) -> Checkpoint:
    loaded = load_checkpoint(folder, "cpu")
    fit_processor(loaded.processor, data.chosen.preprocessing.min_pixels, data.chosen.preprocessing.max_pixels)
    return loaded


def test_full_training_prefers_the_chosen_and_leaves_the_vit_as_it_was(made: Any, nano: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int, float]] = []
    table, settings = made.pairs_table(_pairs(made)), _settings(method="full", max_steps=6)
    contract = train_dpo(table, settings, nano, str(tmp_path / "out"), lambda *progress: seen.append(progress))
    assert contract["losses"][0] == pytest.approx(math.log(2), abs=1e-6)  # policy and reference are the same
    assert (contract["margins"][0], contract["accuracies"][0]) == (0, 0)
    assert contract["losses"][-1] < 0.2
    assert contract["margins"][-1] > 1.5
    assert contract["accuracies"][-1] == 1
    assert seen == [(step, 6, loss) for step, loss in enumerate(contract["losses"], start=1)]
    assert contract["tower_images"] == 0  # the images were looked at before the first step
    before, after = _weights(nano), _weights(tmp_path / "out")
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {name for name in before if not name.startswith("visual.")}


def test_an_adapter_checkpoint_says_what_it_is_and_opens(made: Any, nano: Path, tmp_path: Path) -> None:
    table, out = made.pairs_table(_pairs(made)), tmp_path / "out"
    contract = train_dpo(table, _settings(lora_rank=4, max_steps=6), nano, str(out))
    assert json.loads((out / "winnow.json").read_text()) == contract
    assert contract["base"] == "nano"
    assert contract["dataset"] == {"stage": "render_dpo", "fingerprint": "f0", "pairs": 3, "image_pairs": 2}
    assert contract["losses"][0] == pytest.approx(math.log(2), abs=1e-6)
    assert contract["margins"][-1] > 0.1
    assert len(contract["losses"]) == len(contract["margins"]) == len(contract["accuracies"]) == 6
    assert str(tmp_path.parent) not in (out / "winnow.json").read_text()  # no path of this machine
    files = {path.suffix for path in out.iterdir() if path.is_file()}
    assert not files - {".json", ".jinja", ".jsonl", ".parquet", ".safetensors"}
    assert not any("visual" in name for name in _weights(out))
    # rank 4: A is 4 x in and B out x 4, for q, k, v, o, gate, up and down of four layers
    assert contract["trainable_parameters"] == 4 * 4 * ((192 + 192) * 2 + (192 + 64) * 2 + (192 + 512) * 3)
    assert load_checkpoint(out, "cpu").processor.image_processor.size["longest_edge"] == made.max_pixels
    assert list(tmp_path.glob(".*partial")) == []


def _by_hand(loaded: Checkpoint, data: PairDataset, place: int, without: str = "") -> tuple[float, float]:
    """Log-probabilities of the chosen and the rejected answer, each row alone, from all of the logits."""
    row, sums = data.chosen.rows[place], []
    for one in (row, data.rejected[row.row_id]):
        example = training_example(one, data.chosen.image, loaded.processor)
        batch = collate([example], loaded.processor.tokenizer.pad_token_id, loaded.model.config.image_token_id)
        weights, labels = batch.pop("loss_weights"), batch.pop("labels")
        batch.pop(without, None)
        with torch.inference_mode():
            scores = loaded.model(**batch).logits.log_softmax(dim=-1)
        places = torch.nonzero(weights[0]).flatten()
        sums.append(float(sum(scores[0, place - 1, labels[0, place]] for place in places)))
    return sums[0], sums[1]


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("method", ["lora", "full"])
def test_policy_and_reference_score_answers_to_the_image_that_they_see(
    made: Any, nano: Path, tmp_path: Path, method: str, attention: str
) -> None:
    images = [made.image(colour, 168, 112, (10, 10, 150, 100)) for colour in ("red", "blue")]
    pairs = [made.pair(str(place), "Which?", "A red box.", "Blue.", [image]) for place, image in enumerate(images)]
    table = made.pairs_table(pairs)
    data, settings = open_pairs(table, "train"), _settings(method=method, attention=attention, batch_size=1)
    train_dpo(table, settings, nano, str(tmp_path / "out"))
    base = _opened(nano, data)
    by_hand = [_by_hand(base, data, place) for place in (0, 1)]
    order = [place for (place,) in pq.read_table(tmp_path / "out" / "plan.parquet")["samples"].to_pylist()]
    lines = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    assert sorted(order) == [0, 1]
    for step, (place, line) in enumerate(zip(order, lines, strict=True)):
        for at, whose in enumerate(("chosen", "rejected")):
            policy = line[f"logps/{whose}"]
            assert policy - line[f"rewards/{whose}"] / settings.beta == pytest.approx(by_hand[place][at], abs=5e-4)
            # The first step is the reference's own; after it the policy has moved, and the reference has not.
            assert (abs(policy - by_hand[place][at]) > 0.01) == (step > 0)
    # The texts are the same, the images are not; and none fell back to positions in one dimension.
    assert abs(by_hand[0][0] - by_hand[1][0]) > 0.01
    assert abs(_by_hand(base, data, 0, without="mm_token_type_ids")[0] - by_hand[0][0]) > 0.01


def test_an_image_is_looked_at_once_for_both_answers_and_all_runs(
    made: Any, nano: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    tower = modeling_qwen2_5_vl.Qwen2_5_VisionTransformerPretrainedModel
    forward = tower.forward

    def counted(self: Any, hidden_states: torch.Tensor, grid_thw: torch.Tensor, **named: Any) -> Any:
        looks.append(len(grid_thw))
        return forward(self, hidden_states, grid_thw=grid_thw, **named)

    monkeypatch.setattr(tower, "forward", counted)
    table = made.pairs_table(_pairs(made))
    train_dpo(table, _settings(max_steps=4, batch_size=1), nano, str(tmp_path / "one"))
    assert sum(looks) == 2  # of the two images, in 4 steps with 2 answers each, for policy and reference
    train_dpo(table, _settings(max_steps=4, beta=0.5), nano, str(tmp_path / "other"))
    assert sum(looks) == 2
    train_dpo(table, _settings(cache_gb=0), nano, str(tmp_path / "uncached"))
    assert sum(looks) > 2


def test_text_alone_and_the_ipo_loss(made: Any, nano: Path, tmp_path: Path) -> None:
    pairs = [made.pair("a", "Q", "Yes.", "No."), made.pair("b", "Q", "Indeed.", "No.")]
    contract = train_dpo(made.pairs_table(pairs), _settings(loss="ipo", beta=0.2), nano, str(tmp_path / "out"))
    assert contract["losses"][0] == pytest.approx((1 / (2 * 0.2)) ** 2)
    assert contract["tower_images"] is None
    assert contract["dataset"]["image_pairs"] == 0


def test_the_same_seed_gives_the_same_weights(made: Any, nano: Path, tmp_path: Path) -> None:
    table = made.pairs_table(_pairs(made))
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        train_dpo(table, _settings(batch_size=2, seed=seed), nano, str(tmp_path / name))
    one, again, other = (_weights(tmp_path / name) for name in ("one", "again", "other"))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_a_pair_with_one_long_answer_is_left_out_and_named(made: Any, nano: Path, tmp_path: Path) -> None:
    pairs = [*_pairs(made), made.pair("long", "Q", "A", "7 " * 200)]
    contract = train_dpo(made.pairs_table(pairs), _settings(max_length=120, max_steps=1), nano, str(tmp_path / "out"))
    assert contract["left_out"] == ["long"]
    assert contract["dataset"]["pairs"] == 3


def test_each_pair_stands_once_and_holds_a_preference(made: Any, nano: Path) -> None:
    tokenizer = load_checkpoint(nano, "cpu").processor.tokenizer
    for pairs, words in (
        ([made.pair("a", "Q", "Yes", "No"), made.pair("b", "Q", "Yes", "No")], "1 pairs repeat one: b"),
        ([made.pair("a", "Q", "Yes", "Yes")], "1 pairs have equal answers: a"),
        # Its first newline becomes one token with that of the prompt.
        ([made.pair("a", "Q", "Yes", "\nNo")], "1 pairs differ in the tokens of their prompt: a"),
    ):
        data = open_pairs(made.pairs_table(pairs), "train")
        with pytest.raises(DataError, match=words):
            pair_counts(data, tokenizer, sharing=True)
        shutil.rmtree(Path(data.chosen.table))
    # Two images, two answers, two questions: no two of them are one pair.
    red, blue = (made.image(colour, 84, 84, (10, 10, 60, 60)) for colour in ("red", "blue"))
    different = [
        made.pair("a", "Q", "Yes", "No", [red]),
        made.pair("b", "Q", "Yes", "No", [blue]),
        made.pair("c", "Q", "Yes", "Never", [red]),
        made.pair("d", "R", "Yes", "No", [red]),
    ]
    assert len(pair_counts(open_pairs(made.pairs_table(different), "train"), tokenizer, sharing=True)) == 4


def test_a_pair_that_is_none_is_named(made: Any) -> None:
    good = made.pair("a", "Q", "Yes", "No")
    tail = made.row("a", "Q", "Yes").segments[:1]
    for pairs, words in (
        ([good, good], "1 row ids are given to several pairs: a"),
        ([replace(good, rejected=good.rejected[-1:])], "a: its rejected answer is empty"),
        ([replace(good, rejected=good.rejected[:-1])], "a: its rejected answer is empty"),
        ([replace(good, rejected=good.rejected[:1] * 2)], "a: its rejected answer does not end in"),
        ([replace(good, chosen=replace(good.chosen, segments=good.chosen.segments + tail))], "a: its chosen answer"),
    ):
        table = made.pairs_table(pairs)
        with pytest.raises(DataError, match=words):
            open_pairs(table, "train")
        shutil.rmtree(table)
    with pytest.raises(DataError, match="'render'; this training reads one of 'render_dpo'"):
        open_pairs(made.table([made.row("a", "Q", "A")]), "train")
    with pytest.raises(DataError, match="no rows in the split 'test'"):
        open_pairs(made.pairs_table([good]), "test")


def test_a_start_that_does_not_fit_is_refused(made: Any, nano: Path, tmp_path: Path) -> None:
    table = made.pairs_table(_pairs(made))
    train_dpo(table, _settings(max_steps=1), nano, str(tmp_path / "adapter"))
    with pytest.raises(CheckpointError, match="Merge it first"):
        train_dpo(table, _settings(), tmp_path / "adapter", str(tmp_path / "out"))
    with pytest.raises(FileExistsError, match="adapter"):
        train_dpo(table, _settings(), nano, str(tmp_path / "adapter"))
    shutil.copytree(nano, tmp_path / "other")
    write_contract(tmp_path / "other", {"family": "qwen2_5_vl", "min_pixels": 3136, "max_pixels": 99999})
    with pytest.raises(CheckpointError, match="was trained on .*max_pixels=99999"):
        train_dpo(table, _settings(), tmp_path / "other", str(tmp_path / "out"))
