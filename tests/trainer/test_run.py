"""Runs that are killed and go on, what they log, and what they refuse."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file, save_file

import trainer  # noqa: F401  before any of the torch libraries
from curation.contract.training import DpoSettings, TrainSettings
from model.inputs import DataError
from trainer import logs
from trainer.dpo import train_dpo
from trainer.logs import LogError
from trainer.loop import Run
from trainer.sft import train_sft
from trainer.steps import last_complete

# peft asks the model by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

ROOT = Path(__file__).parents[2]
KINDS = {"sft": (TrainSettings, train_sft), "dpo": (DpoSettings, train_dpo)}

# Kills itself behind a step, as a machine that goes away would: without a word to anything that could tidy up.
_KILLED = """
import os, signal, sys
import trainer
from tests.trainer.test_run import KINDS, train

def progress(step, steps, loss):
    if step == int(sys.argv[5]):
        os.kill(os.getpid(), signal.SIGKILL)

train(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], progress)
"""


def train(kind: str, table: str, settings: str, out: str, progress: Any = None) -> dict[str, Any]:
    """One training of either kind with settings as JSON; what DPO starts from is `base`, behind the settings."""
    settings_class, run = KINDS[kind]
    told = json.loads(settings)
    base = [told.pop("base")] if kind == "dpo" else []
    found: dict[str, Any] = run(table, settings_class(**told), *base, out, progress)
    return found


def _table(made: Any, kind: str, rows: int = 12) -> str:
    """Unlike rows, two of three with an image of their own."""
    colours = ("red", "green", "blue", "black")
    media = [made.image(colours[at % 4], 84 + 28 * (at % 3), 84, (at, 10, 60, 60)) for at in range(rows)]
    told = [(f"r{at}", f"Which is box {at}?", [media[at]] if at % 3 else []) for at in range(rows)]
    if kind == "sft":
        return made.table([made.row(name, question, f"It is {name}.", seen) for name, question, seen in told])
    return made.pairs_table(
        [made.pair(name, question, f"It is {name}.", "No idea at all.", seen) for name, question, seen in told]
    )


def _settings(kind: str, nano: Path, **changes: Any) -> str:
    told = {"learning_rate": 2e-3, "batch_size": 2, "save_every": 2, "lora_rank": 4, "log_to": []}
    # Dropout draws numbers in each step: a run that goes on must go on drawing where it was.
    own = {"model": str(nano), "lora_dropout": 0.2} if kind == "sft" else {"base": str(nano)}
    return json.dumps({**told, **own, **changes})


def _killed(kind: str, table: str, settings: str, out: Path, step: int) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", _KILLED, kind, table, settings, str(out), str(step)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(next(folder.glob("*model.safetensors")))


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture
def packs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The packs that are made for steps from here on."""
    seen: list[tuple[int, ...]] = []
    own = Run.batch

    def noted(self: Run, places: Any) -> Any:
        if isinstance(places, tuple):  # as the plan has them; the reference's scores take lists
            seen.append(places)
        return own(self, places)

    monkeypatch.setattr(Run, "batch", noted)
    return seen


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    made: Any, nano: Path, tmp_path: Path, kind: str, packs: list[tuple[int, ...]]
) -> None:
    table, settings = _table(made, kind), _settings(kind, nano)
    whole = train(kind, table, settings, str(tmp_path / "whole"))
    assert whole["plan"]["steps"] == 6
    assert sorted(place for pack in packs for place in pack) == list(range(12))
    packs.clear()

    out, run = tmp_path / "out", tmp_path / "out.run"
    _killed(kind, table, settings, out, step=5)
    assert not out.exists()
    assert len(_lines(run)) == 5  # one more than the last checkpoint holds
    assert last_complete(run) == str(run / "checkpoint-4")
    again = train(kind, table, settings, str(out))

    planned = [tuple(row["samples"]) for row in pq.read_table(out / "plan.parquet").to_pylist()]
    assert packs == planned[4:]  # each sample once, in both lives together
    assert again["losses"] == whole["losses"]
    assert _lines(out) == _lines(tmp_path / "whole")
    one, other = _weights(tmp_path / "whole"), _weights(out)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert {**again, "tower_images": 0} == {**whole, "tower_images": 0}
    assert not run.exists()


def test_a_run_that_was_killed_behind_its_last_step_has_only_to_finish(
    made: Any, nano: Path, tmp_path: Path, packs: list[tuple[int, ...]]
) -> None:
    table, settings = _table(made, "sft", rows=4), _settings("sft", nano)
    whole = train("sft", table, settings, str(tmp_path / "whole"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "finish", _stop)
        with pytest.raises(KeyboardInterrupt):
            train("sft", table, settings, str(tmp_path / "out"))
    packs.clear()
    again = train("sft", table, settings, str(tmp_path / "out"))
    assert packs == []
    assert again == whole
    one, other = _weights(tmp_path / "whole"), _weights(tmp_path / "out")
    assert all(torch.equal(one[name], other[name]) for name in one)


def _stop(*_: Any) -> None:
    raise KeyboardInterrupt


def _interrupted(made: Any, nano: Path, out: Path) -> tuple[str, str]:
    """A run that ended in its fifth step, and its table and settings."""
    table, settings = _table(made, "sft"), _settings("sft", nano)

    def progress(step: int, *_: Any) -> None:
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train("sft", table, settings, str(out), progress)
    return table, settings


def test_a_checkpoint_counts_once_it_is_complete(
    made: Any, nano: Path, tmp_path: Path, packs: list[tuple[int, ...]]
) -> None:
    out, run = tmp_path / "out", tmp_path / "out.run"
    table, settings = _interrupted(made, nano, out)
    assert sorted(path.name for path in run.glob("checkpoint-*")) == ["checkpoint-2", "checkpoint-4"]
    # As a run leaves it that was killed while it wrote: no marker, and half of a file.
    (run / "checkpoint-4" / "complete.json").unlink()
    weights = run / "checkpoint-4" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    assert last_complete(run) == str(run / "checkpoint-2")
    # It is gone before the first step, or it would count among those that are kept.
    two, four = "checkpoint-2", "checkpoint-4"
    assert _kept_while_training(run, table, settings, out) == [[two], [two], [two, four]]
    (run / "checkpoint-4" / "complete.json").unlink()
    packs.clear()
    found = train("sft", table, settings, str(out))
    assert len(packs) == 4  # from the third step on
    assert found["losses"] == train("sft", table, settings, str(tmp_path / "whole"))["losses"]


def _kept_while_training(run: Path, table: str, settings: str, out: Path) -> list[list[str]]:
    """The checkpoints after the steps three to five, in the last of which the run ends once more."""
    seen = []

    def progress(step: int, *_: Any) -> None:
        seen.append(sorted(path.name for path in run.glob("checkpoint-*")))
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train("sft", table, settings, str(out), progress)
    return seen


def test_packs_that_other_processes_prepare_are_the_same(made: Any, nano: Path, tmp_path: Path) -> None:
    table = _table(made, "sft")
    for cache_gb in (0, 20):
        names = [f"{cache_gb}-{workers}" for workers in (0, 2)]
        for name, workers in zip(names, (0, 2), strict=True):
            train("sft", table, _settings("sft", nano, workers=workers, cache_gb=cache_gb), str(tmp_path / name))
        assert _lines(tmp_path / names[0]) == _lines(tmp_path / names[1])


def test_a_run_goes_on_only_as_it_was_started(
    made: Any, nano: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, base = tmp_path / "out", tmp_path / "base"
    shutil.copytree(nano, base)
    nano = base
    table, settings = _interrupted(made, nano, out)
    changed = "out.run holds an interrupted run that can't be gone on with: its data, its base or its settings"
    for other in ({"learning_rate": 1e-3}, {"batch_size": 3}, {"seed": 1}, {"lora_rank": 8}):
        with pytest.raises(DataError, match=changed):
            train("sft", table, _settings("sft", nano, **other), str(out))
    with monkeypatch.context() as patch:
        patch.setenv("WORLD_SIZE", "2")
        with pytest.raises(DataError, match="it ran in 1 processes, and this is one of 2"):
            train("sft", table, settings, str(out))
    manifest = Path(table, "manifest.json")
    before = manifest.read_text()
    manifest.write_text(before.replace('"f0"', '"f1"'))
    with pytest.raises(DataError, match=changed):
        train("sft", table, settings, str(out))
    manifest.write_text(before)
    weights = load_file(base / "model.safetensors")
    name = "model.layers.0.mlp.up_proj.weight"
    save_file({**weights, name: weights[name] * 2}, base / "model.safetensors", {"format": "pt"})  # of the same size
    with pytest.raises(DataError, match=changed):
        train("sft", table, settings, str(out))
    save_file(weights, base / "model.safetensors", {"format": "pt"})
    # How often it is saved, where it logs and what memory it takes may change.
    free = {"save_every": 3, "cache_gb": 1.0, "checkpointing": True, "log_to": ["tensorboard"]}
    train("sft", table, _settings("sft", nano, **free), str(out))


def test_activations_that_are_computed_once_more_change_nothing(made: Any, nano: Path, tmp_path: Path) -> None:
    for kind in KINDS:
        table = _table(made, kind, rows=4)
        for method in ("lora", "full"):
            names = [f"{kind}-{method}-{again}" for again in (False, True)]
            for name, again in zip(names, (False, True), strict=True):
                train(kind, table, _settings(kind, nano, method=method, checkpointing=again), str(tmp_path / name))
            without, with_ = (_lines(tmp_path / name) for name in names)
            assert [line["loss"] for line in with_] == pytest.approx([line["loss"] for line in without], abs=1e-6)
            # Norms of the gradients of all steps.
            assert [line["grad_norm"] for line in with_] == pytest.approx([x["grad_norm"] for x in without], rel=1e-4)


def test_tensorboard_holds_each_value_once_though_the_run_was_killed(made: Any, nano: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    out = tmp_path / "out"
    table, settings = _table(made, "sft"), _settings("sft", nano, log_to=["tensorboard"])
    _killed("sft", table, settings, out, step=5)
    found = train("sft", table, settings, str(out))
    files = sorted((out / "tensorboard").iterdir())
    assert [path.name for path in files] == [f"events.out.tfevents.{at:03d}" for at in (0, 1)]
    board = EventAccumulator(str(out / "tensorboard"))
    board.Reload()
    values = {event.step: event.value for event in board.Scalars("train/loss")}
    assert [values[step] for step in range(1, 7)] == pytest.approx(found["losses"])
    assert {"train/grad_norm", "train/learning_rate"} <= set(board.Tags()["scalars"])
    assert all(str(tmp_path).encode() not in path.read_bytes() for path in files)


def test_what_is_named_to_log_to_is_there(
    made: Any, nano: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "find_spec", lambda name: None)
    for name in ("trackio", "wandb", "tensorboard"):
        with pytest.raises(LogError, match=f"`log_to` names {name}, which is not installed: `pip install {name}`"):
            logs.places(TrainSettings(log_to=(name,)))
    assert logs.places(TrainSettings()) == ()
    monkeypatch.setattr(logs, "find_spec", lambda name: object())
    assert logs.places(TrainSettings()) == ("tensorboard",)
    assert logs.places(TrainSettings(log_to=("trackio", "wandb"))) == ("trackio", "wandb")
    train("sft", _table(made, "sft", rows=2), _settings("sft", nano, log_to=[]), str(tmp_path / "out"))
    assert not (tmp_path / "out" / "tensorboard").exists()
