"""Reward models: the loss by hand, scores in packs, and training on nano for real."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from curation.contract.dataset import Better, RenderedPair, read_pairs
from curation.contract.training import RewardSettings
from curation.report.calibration import draw_calibration
from model.attention import use_attention
from model.encode import Encoded
from model.family import Family, family
from model.inputs import DataError
from model.load import CheckpointError
from model.pack import Packed, pack
from model.policy import expected_trainable
from model.reward import RewardHead, RewardModel, add_reward_head, answer_ends, load_reward
from model.token_scores import add_token_scores
from tests.model.families import HIDDEN, IMAGE, NAMES, pixels_of, sample_of, tiny
from trainer.calibration import Judged, calibration
from trainer.data import open_pairs
from trainer.merge import merge
from trainer.objectives import ranking_loss
from trainer.reward import divided, judge, signs_of, train_reward

ROOT = Path(__file__).parents[2]

# peft asks the model by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


def _pairs(made: Any) -> list[RenderedPair]:
    """Six, four of them with an image. The longer answer is the chosen one, and `brief` says so or otherwise."""
    colours = ("red", "blue", "green", "black")
    images = [made.image(colour, 84 + 28 * at, 84, (10, 10, 60, 60)) for at, colour in enumerate(colours)]
    return [
        *(
            made.pair(colour, "What colour is the box?", f"The box that I see is {colour}.", "Pink.", [image])
            for colour, image in zip(colours, images, strict=True)
        ),
        made.pair("sum", "What is 2 + 2?", "The sum of these is 4.", "Five."),
        made.pair("hello", "Say hello.", "Hello to you, and a good day.", "No."),
    ]


def _settings(**changes: Any) -> RewardSettings:
    defaults = {"learning_rate": 3e-3, "max_steps": 8, "warmup_ratio": 0.0, "held_out": 0.0}
    return RewardSettings(**{**defaults, **changes})


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(next(folder.glob("*model.safetensors")))


def _scores(model: RewardModel, table: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the chosen and of the rejected answers [pairs, dimensions]."""
    data = open_pairs(table, "train")
    rows = data.chosen.rows
    chosen = model.score(rows, data.chosen.image)
    rejected = model.score([data.rejected[row.row_id] for row in rows], data.chosen.image)
    return torch.tensor(chosen), torch.tensor(rejected)


def test_the_loss_by_hand() -> None:
    chosen = torch.tensor([[1.0, 0.0], [2.0, 3.0], [0.0, 0.0]])
    rejected = torch.tensor([[0.0, 2.0], [4.0, 3.0], [0.0, 5.0]])
    signs = torch.tensor([[1.0, -1.0], [1.0, 0.0], [-1.0, 0.0]])
    expected = [
        math.log(1 + math.exp(-1)) + math.log(1 + math.exp(-2)),  # right by 1, and by 2 the other way round
        math.log(1 + math.exp(2)),  # wrong by 2; nobody spoke of the other dimension
        math.log(2),
    ]
    assert ranking_loss(chosen, rejected, signs).tolist() == pytest.approx(expected)


def test_a_head_scores_by_a_scalar_product_and_starts_small() -> None:
    head = RewardHead(3, ("overall", "clear"))
    head.weight.data = torch.tensor([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]])
    assert head(torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.bfloat16)).tolist() == [[-2.0, 4.5]]
    wide = RewardHead(4000, ("a", "b"), seed=3)
    assert float(wide.weight.detach().std()) == pytest.approx(1 / math.sqrt(4001), rel=0.05)
    assert torch.equal(wide.weight, RewardHead(4000, ("a", "b"), seed=3).weight)


def _inputs(kind: Family, several: list[Packed], count: int) -> dict[str, Any]:
    batch = pack(several, kind, IMAGE, "sdpa")
    told = {name: batch[name] for name in ("input_ids", "position_ids", "layout")}
    media = [medium for each in several for medium in each.media]
    if media:
        pixels, grids = zip(*(pixels_of(medium, kind) for medium in media), strict=True)
        told |= {"pixel_values": torch.cat(pixels), "image_grid_thw": torch.cat(grids)}
    return {**told, "ends": answer_ends(batch["places"], batch["answers"], count)}


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_has_the_score_in_a_pack_that_it_has_alone(name: str) -> None:
    kind, model, own = family(name), tiny(name), tiny(name)
    add_reward_head(model, RewardHead(HIDDEN, ("overall", "clear")))
    add_token_scores(model)
    use_attention(model, "sdpa")
    prompt, other = sample_of(kind, [(3, 2), (2, 2)], seed=7), sample_of(kind, [(2, 4)], seed=2)
    start = len(prompt.shared.ids) - 1
    answers = [Encoded([5, 6, 7, 8], [1.0] * 4), Encoded([9, 5], [1.0] * 2)]
    last = Encoded(prompt.shared.ids[start:], [0.0])
    pair = Packed(
        shared=Encoded(prompt.shared.ids[:start], [0.0] * start),
        branches=tuple(Encoded(last.ids + each.ids, last.weights + each.weights) for each in answers),
        media=prompt.media,
    )
    rows = [
        other,
        *(Packed(shared=Encoded(prompt.shared.ids + each.ids, [0.0] * (start + 1) + each.weights), media=prompt.media)
          for each in answers),
    ]  # fmt: skip
    with torch.no_grad():
        shared = model(**_inputs(kind, [other, pair], 3))
        packed = model(**_inputs(kind, rows, 3))
        for number, row in enumerate(rows):
            ids = torch.tensor([row.shared.ids])
            pixels, grids = zip(*(pixels_of(medium, kind) for medium in row.media), strict=True)
            told = {"pixel_values": torch.cat(pixels), "image_grid_thw": torch.cat(grids)}
            # transformers' own forward, of the untouched model
            hidden = own.model(input_ids=ids, mm_token_type_ids=(ids == IMAGE).int(), **told).last_hidden_state
            alone = hidden[0, -1] @ model.reward_head.weight.T
            for found in (shared[number], packed[number]):
                assert float((found - alone).abs().max()) <= 1e-5
    assert float((shared[1] - shared[2]).abs().min()) > 1e-2  # so that 1e-5 says something


@pytest.mark.parametrize("method", ["lora", "full"])
def test_training_tells_the_answers_apart_and_the_rest_is_as_it_was(
    made: Any, nano: Path, tmp_path: Path, method: str
) -> None:
    before, table = _weights(nano), made.pairs_table(_pairs(made))
    seen: list[tuple[int, int, float]] = []
    settings = _settings(method=method, lora_rank=4)
    contract = train_reward(table, settings, nano, str(tmp_path / "out"), lambda *told: seen.append(told))
    assert contract["losses"][-1] < 0.1 < contract["losses"][0]
    assert contract["accuracies"][-1] == 1
    assert [step for step, _, _ in seen] == list(range(1, 9))
    assert contract["tower_images"] == 0
    assert (contract["kind"], contract["dimensions"], contract["silent"]) == ("reward", ["overall"], [])
    assert contract["dataset"] == {"stage": "render_dpo", "fingerprint": "f0", "pairs": 6, "image_pairs": 4}
    assert json.loads((tmp_path / "out" / "winnow.json").read_text()) == contract
    assert all(torch.equal(before[name], each) for name, each in _weights(nano).items())
    after = _weights(tmp_path / "out")
    if method == "full":
        changed = {name for name in before if not torch.equal(before[name], after[name])}
        assert before.keys() == after.keys()
        assert not any(name.startswith("visual.") for name in changed)
        assert len(changed) > 30
    else:
        assert all(".lora_" in name for name in after) and not any("visual" in name for name in after)
        per_layer = (192 + 192) * 2 + (192 + 64) * 2 + (192 + 512) * 3
        assert contract["trainable_parameters"] == 4 * 4 * per_layer + 192  # and the head
    model = load_reward(tmp_path / "out", "cpu")
    chosen, rejected = _scores(model, table)
    assert bool((chosen > rejected).all())
    assert contract["margins"][-1] == pytest.approx(float((chosen - rejected).mean()), rel=0.5)


def test_a_head_trains_beside_what_the_policy_says() -> None:
    model = tiny("qwen3_vl")
    plain = {method: expected_trainable(model, "merger", method) for method in ("lora", "full")}
    whole = expected_trainable(model, "llm", "full")
    add_reward_head(model, RewardHead(HIDDEN, ("overall",)))
    assert expected_trainable(model, "merger", "full") == plain["full"] | {"reward_head.weight"}
    assert expected_trainable(model, "merger", "lora") == plain["lora"] | {"base_model.model.reward_head.weight"}
    # Scores don't go through the output head.
    assert expected_trainable(model, "llm", "full") == whole - {"lm_head.weight"} | {"reward_head.weight"}


def test_dimensions_that_disagree_are_learnt_as_such(made: Any, nano: Path, tmp_path: Path) -> None:
    brief = {"red": -1.0, "blue": -0.5, "green": 0.0, "black": -3.0, "sum": -1.0}
    pairs = [
        replace(pair, better=(Better(name="brief", value=brief[pair.chosen.row_id]), Better(name="odd", value=1.0)))
        if pair.chosen.row_id in brief
        else pair
        for pair in _pairs(made)
    ]
    table = made.pairs_table(pairs)
    data = open_pairs(table, "train")
    rows = data.chosen.rows
    assert [row.row_id for row in rows] == ["black", "blue", "green", "hello", "red", "sum"]
    assert signs_of(data, rows, ("brief", "overall")).tolist() == [[-1, 1], [-1, 1], [0, 1], [0, 1], [-1, 1], [-1, 1]]
    settings = _settings(dimensions=("overall", "brief"), max_steps=12)
    contract = train_reward(table, settings, nano, str(tmp_path / "out"))
    assert contract["losses"][-1] < 0.1
    model = load_reward(tmp_path / "out", "cpu")
    assert model.dimensions == ("overall", "brief")
    chosen, rejected = _scores(model, table)
    assert bool((chosen[:, 0] > rejected[:, 0]).all())
    assert bool((chosen[:, 1] < rejected[:, 1])[[0, 1, 4, 5]].all())
    # Of pairs that say nothing of the only dimension nothing is learnt, and they are named.
    alone = train_reward(table, _settings(dimensions=("brief",), max_steps=1), nano, str(tmp_path / "alone"))
    assert alone["silent"] == ["green", "hello"]
    assert alone["dataset"]["pairs"] == 4
    with pytest.raises(DataError, match="better in kind; the dimensions of .* are brief, odd, overall"):
        train_reward(table, _settings(dimensions=("overall", "kind")), nano, str(tmp_path / "unheard"))


def test_a_table_from_before_there_were_dimensions_is_read(made: Any) -> None:
    table = made.pairs_table([replace(pair, better=(Better(name="brief", value=1.0),)) for pair in _pairs(made)])
    assert all(pair.better == (Better(name="brief", value=1.0),) for pair in read_pairs(table, "train"))
    path = Path(table) / "part.parquet"
    pq.write_table(pq.read_table(path).drop_columns("better"), path)
    assert [pair.better for pair in read_pairs(table, "train")] == [()] * 6


def test_what_is_saved_scores_as_what_was_trained(made: Any, nano: Path, tmp_path: Path) -> None:
    pairs = _pairs(made)
    tested = [replace(pair, chosen=replace(pair.chosen, row_id=f"{at}", split="test")) for at, pair in enumerate(pairs)]
    table = made.pairs_table([*pairs, *tested])
    found = {}
    for method in ("lora", "full"):
        contract = train_reward(table, _settings(method=method, max_steps=2), nano, str(tmp_path / method))
        # What the model in memory made of the test pairs, and what the saved one does.
        saved = judge(load_reward(tmp_path / method, "cpu", base=nano), open_pairs(table, "test"), seed=17)["overall"]
        found[method] = contract["held_out"]["overall"]["loss"]
        assert contract["held_out"]["overall"] == {name: saved[name] for name in saved if name != "bins"}
        assert saved["pairs"] == 6
    assert found["lora"] != found["full"]
    merge(str(tmp_path / "lora"), str(tmp_path / "merged"))
    one, other = (_scores(load_reward(tmp_path / name, "cpu"), table)[0] for name in ("lora", "merged"))
    assert float((one - other).abs().max()) <= 1e-4
    with pytest.raises(CheckpointError, match="no reward model"):
        load_reward(nano, "cpu")


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_killed_run_goes_on_to_the_same_scores(made: Any, nano: Path, tmp_path: Path, method: str) -> None:
    table, settings = made.pairs_table(_pairs(made)), _settings(method=method, max_steps=4, save_every=2, batch_size=3)
    whole = train_reward(table, settings, nano, str(tmp_path / "whole"))

    def killed(step: int, steps: int, loss: float) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_reward(table, settings, nano, str(tmp_path / "out"), killed)
    steps: list[int] = []
    gone_on = train_reward(table, settings, nano, str(tmp_path / "out"), lambda step, *_: steps.append(step))
    assert steps == [3, 4]
    assert gone_on["losses"][-2:] == whole["losses"][-2:]
    one, other = (_scores(load_reward(tmp_path / name, "cpu"), table) for name in ("whole", "out"))
    assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])


def test_pairs_are_held_out_by_what_they_show(made: Any, nano: Path, tmp_path: Path) -> None:
    shown = {colour: made.image(colour, 84, 84, (10, 10, 60, 60)) for colour in ("red", "blue", "green")}
    pairs = [
        made.pair(f"{colour}{at}", f"Question {at}?", f"It is {colour}.", "No.", [image])
        for colour, image in shown.items()
        for at in range(3)
    ]
    table = made.pairs_table(pairs)
    trained, judged = divided(table, 0.3)
    names = {row.row_id[:-1] for row in judged.chosen.rows}
    assert len(judged.chosen.rows) == 3 and len(names) == 1  # all the pairs of one of the images
    assert {row.row_id[:-1] for row in trained.chosen.rows} == shown.keys() - names
    assert divided(table, 0.0)[1].chosen.rows == []
    contract = train_reward(table, _settings(held_out=0.3), nano, str(tmp_path / "out"))
    told = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert contract["dataset"]["pairs"] == 6
    assert contract["held_out"]["overall"]["pairs"] == told["overall"]["pairs"] == 3
    assert contract["held_out"]["overall"]["accuracy"] == 1  # "No." is worse here too
    assert draw_calibration(tmp_path / "out") == tmp_path / "out" / "calibration.svg"
    assert (tmp_path / "out" / "calibration.svg").read_text().count("overall") == 1
    shutil.rmtree(table)
    made.pairs_table([*pairs, made.pair("held", "Q", "A", "B", split="test")])
    trained, judged = divided(table, 0.3)
    assert len(trained.chosen.rows) == 9 and [row.row_id for row in judged.chosen.rows] == ["held"]


def test_calibration_by_hand() -> None:
    # log-odds 2, 2, -1: the model is right, right, wrong.
    pairs = [
        Judged(row_id="a", chosen=2.0, rejected=0.0, sign=1.0),
        Judged(row_id="b", chosen=0.0, rejected=2.0, sign=-1.0),
        Judged(row_id="c", chosen=0.0, rejected=1.0, sign=1.0),
    ]
    found = calibration(pairs, seed=0)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["loss"] == pytest.approx((2 * math.log(1 + math.exp(-2)) + math.log(1 + math.e)) / 3)
    bins = [
        (each["least"], each["pairs"], each["predicted"], each["observed"]) for each in found["bins"] if each["pairs"]
    ]
    high, low = 1 / (1 + math.exp(-2)), 1 / (1 + math.e)  # 0.88 and 0.27; turned round 0.12 and 0.73
    # Whichever way round a pair is shown, it is as far from what was observed.
    assert sum(each[1] for each in bins) == 3
    for least, _, predicted, observed in bins:
        assert predicted == pytest.approx({0.1: 1 - high, 0.2: low, 0.7: 1 - low, 0.8: high}[least])
        assert observed == {0.1: 0.0, 0.2: 1.0, 0.7: 0.0, 0.8: 1.0}[least]
    assert found["expected_calibration_error"] == pytest.approx((2 * (1 - high) + (1 - low)) / 3)
    # Both classes occur, and no scores at all are as good as they claim: one half.
    level = calibration([Judged(row_id=str(at), chosen=0, rejected=0, sign=1.0) for at in range(400)], seed=1)
    (middle,) = [each for each in level["bins"] if each["pairs"]]
    assert (middle["least"], middle["predicted"], level["accuracy"]) == (0.5, 0.5, 0)
    assert 0.4 < middle["observed"] < 0.6
    assert level["loss"] == pytest.approx(math.log(2))
    nothing = calibration([], seed=0)
    assert (nothing["pairs"], nothing["accuracy"], nothing["expected_calibration_error"]) == (0, None, None)


def test_attention_without_branches_gives_the_same_losses(made: Any, nano: Path, tmp_path: Path) -> None:
    table = made.pairs_table(_pairs(made))
    found = [
        train_reward(table, _settings(attention=attention, max_steps=2), nano, str(tmp_path / attention))["losses"]
        for attention in ("sdpa", "eager")
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-4)


def test_the_command_writes_a_reward_model_and_a_picture(made: Any, nano: Path, tmp_path: Path) -> None:
    table, out = made.pairs_table(_pairs(made)), tmp_path / "reward"
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "curation",
        "train",
        "reward",
        "--model",
        str(nano),
        "--data",
        table,
    ]
    command += ["--to", str(out), "--max-steps", "2", "--held-out", "0.3", "--dimensions", "overall"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert "of 2 held-out pairs" in done.stdout
    assert {"winnow.json", "reward_head.safetensors", "calibration.json", "calibration.svg"} <= {
        path.name for path in out.iterdir()
    }
    assert load_reward(out, "cpu").dimensions == ("overall",)
    command[command.index(str(out))] = str(tmp_path / "other")
    done = subprocess.run([*command[:-1], "overall,"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, "each dimension needs a name of its own" in done.stderr) == (2, True), done.stderr


def test_a_row_without_an_answer_has_no_score(made: Any, nano: Path, tmp_path: Path) -> None:
    table = made.pairs_table(_pairs(made))
    train_reward(table, _settings(max_steps=1), nano, str(tmp_path / "out"))
    row = made.row("bare", "Q", "A")
    bare = replace(row, segments=tuple(replace(segment, weight=0.0) for segment in row.segments))
    with pytest.raises(DataError, match="1 rows have no answer to score: bare"):
        load_reward(tmp_path / "out", "cpu").score([bare], lambda medium: b"")
    (tmp_path / "out" / "reward_head.safetensors").unlink()
    with pytest.raises(CheckpointError, match="no whole reward_head.safetensors"):
        load_reward(tmp_path / "out", "cpu")
    with pytest.raises(ValueError, match="a name of its own"):
        RewardSettings(dimensions=("overall", "overall"))
