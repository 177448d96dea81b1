"""Teaching nano: the course does not depend on who draws it, and the card says what came of it."""

from __future__ import annotations

import copy
import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from curation.cli_train import app
from curation.nano import drawn
from model.load import Checkpoint, load_checkpoint
from model.nano import build_nano
from synth.lessons.course import SKILLS, curriculum, judging, seen
from trainer.nano import NanoSettings, learn_to_judge, learning_rate, see, train_nano

DRAW, JUDGE = partial(drawn, curriculum, 3), partial(drawn, judging, 3)


def _small(workers: int) -> NanoSettings:
    return NanoSettings(seeing_steps=2, seeing_batch_size=2, steps=3, judging_steps=2, batch_size=2, workers=workers)


def test_a_worker_that_draws_changes_no_weight(tmp_path: Path) -> None:
    taught = [train_nano(tmp_path / str(n), partial(seen, 3), DRAW, JUDGE, _small(workers=n)) for n in (0, 1)]
    assert taught[0]["patches_named"] == taught[1]["patches_named"]
    assert taught[0]["loss"] == taught[1]["loss"] and taught[0]["questions"] == taught[1]["questions"]
    weights = [hashlib.sha256((tmp_path / str(n) / "model.safetensors").read_bytes()).hexdigest() for n in (0, 1)]
    assert weights[0] == weights[1]
    assert taught[0]["judging"]["loss"] == taught[1]["judging"]["loss"]
    assert (taught[0]["lessons"], taught[0]["judging"]["lessons"]) == (6, 4)
    assert taught[0]["questions"] == sum(len(curriculum(3, n, n // 2 / 3).samples) for n in range(6))
    assert taught[0]["judging"]["questions"] == sum(len(judging(3, n, n // 2 / 2).samples) for n in range(4))


def test_judging_is_taught_again_from_a_checkpoint_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep_then_judge(loaded: Checkpoint, *others: Any) -> dict[str, Any]:
        copy.deepcopy(loaded.model).to(torch.bfloat16).save_pretrained(tmp_path / "before")
        loaded.processor.save_pretrained(tmp_path / "before")
        return learn_to_judge(loaded, *others)

    monkeypatch.setattr("trainer.nano.learn_to_judge", keep_then_judge)
    train_nano(tmp_path / "nano", partial(seen, 3), DRAW, JUDGE, _small(workers=0))
    before = load_checkpoint(tmp_path / "before", dtype=torch.float32)
    learn_to_judge(before, JUDGE, _small(workers=0))
    again = before.model.to(torch.bfloat16).state_dict()
    made = load_checkpoint(tmp_path / "nano", dtype=torch.bfloat16).model.state_dict()
    assert made.keys() == again.keys() and all(torch.equal(made[name], again[name]) for name in made)


def test_it_learns_what_it_is_shown_again_and_again(tmp_path: Path) -> None:
    def draw(number: int, done: float) -> tuple[Any, bytes]:
        return drawn(curriculum, 5, number % 2, 0.0)

    settings = NanoSettings(
        seeing_steps=1, seeing_batch_size=1, steps=30, judging_steps=1, batch_size=2, warmup_steps=5, workers=0
    )
    told: list[tuple[str, int, int, float]] = []
    train_nano(tmp_path / "nano", partial(seen, 5), draw, draw, settings, lambda *each: told.append(each))
    assert [each[:3] for each in (told[0], told[1], told[30], told[31])] == [
        ("seeing", 1, 1),
        ("teaching", 1, 30),
        ("teaching", 30, 30),
        ("judging", 1, 1),
    ]
    assert told[1][3] > 5 and told[30][3] < told[1][3] / 3


def test_it_learns_to_see(tmp_path: Path) -> None:
    """Numbers in nine cells, one picture again and again: half of the patches' names are known after 25 steps."""
    build_nano(tmp_path / "nano")
    loaded = load_checkpoint(tmp_path / "nano", dtype=torch.float32)
    picture = next(
        made
        for number in range(100)
        for made in [seen(3, number)]
        if not any(name.endswith("nothing") for name in made[1][:4])
    )
    settings = NanoSettings(seeing_steps=30, seeing_batch_size=1)
    before = see(loaded, lambda _: picture, NanoSettings(seeing_steps=1, seeing_batch_size=1))
    assert before < 0.2 and see(loaded, lambda _: picture, settings) > 0.5


def test_the_learning_rate_rises_and_falls() -> None:
    settings = NanoSettings(steps=1200, warmup_steps=200)
    shares = [learning_rate(step, settings) for step in (0, 99, 199, 200, 700, 1200)]
    # 1/200, 100/200, the top, the top, half of the way from 1 to 0.05, and 0.05
    assert shares == pytest.approx([0.005, 0.5, 1.0, 1.0, 0.525, 0.05])


def test_the_command_writes_a_checkpoint_and_its_card(tmp_path: Path) -> None:
    to = tmp_path / "nano"
    short = ["--steps", "2", "--seeing-steps", "3", "--judging-steps", "1", "--questions", "2"]
    done = CliRunner().invoke(app, ["train", "nano", "--to", str(to), *short, "--json"])
    assert done.exit_code == 0, done.output
    card = json.loads((to / "card.json").read_text())
    assert json.loads(done.stdout) == card
    assert set(card["accuracy"]) == set(SKILLS) and card["lessons"] == 16 and card["parameters"] < 4_000_000
    told = (to / "README.md").read_text()
    assert "lessons 0 to 15, and 0 to 7 about judging, each seen once" in told
    assert "--steps 2 --seeing-steps 3 --judging-steps 1 --seed 17" in told
    assert (to / "model.safetensors").stat().st_size < 8_000_000
