"""Two processes that train together, as `accelerate launch` starts them, against one with the same packs per step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

import trainer  # noqa: F401  before any of the torch libraries
from model.inputs import DataError
from tests.trainer.test_run import KINDS, ROOT, _lines, _settings, _table, _weights, train

# peft asks the model by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

# Counts the images that each process gives to the vision tower, may kill one of them, and has the second come late to
# the end.
_SCRIPT = """
import os, signal, sys, time
from pathlib import Path
from tests.trainer.test_run import train
from trainer.features import FeatureCache
from trainer.loop import Run

rank, out, step = os.environ["RANK"], Path(sys.argv[4]), int(sys.argv[5])
looked = []
compute, finish = FeatureCache.compute, Run.finish

def counted(self, images):
    looked.extend(images)
    return compute(self, images)

def progress(at, steps, loss):
    if at == step and rank == "1":
        os.kill(os.getpid(), signal.SIGKILL)

def late(self, *rest):
    time.sleep(2 * int(rank))
    finish(self, *rest)

FeatureCache.compute, Run.finish = counted, late
train(*sys.argv[1:5], progress)
out.with_name(f"{out.name}.looked{rank}").write_text(str(len(looked)))
"""

# accelerate spreads weights over GPUs only (`AcceleratorState` has a list), though torch does so on CPUs as well.
_SHARDING = """
import accelerate.state
from accelerate.utils import DistributedType
from trainer.loop import Run

State = accelerate.state.AcceleratorState
start, run = State.__init__, Run.train

def started(self, *rest, fsdp_plugin=None, **named):
    start(self, *rest, fsdp_plugin=fsdp_plugin, **named)
    if fsdp_plugin is not None:
        self.distributed_type, self.fsdp_plugin = DistributedType.FSDP, fsdp_plugin
        accelerate.state.PartialState._shared_state["distributed_type"] = DistributedType.FSDP

def checked(self):
    run(self)
    assert {type(each.data).__name__ for each in self.trainer.model_wrapped.parameters()} == {"DTensor"}

State.__init__, Run.train = started, checked
"""
_FSDP = ["--use_fsdp", "--fsdp_version", "2", "--fsdp_auto_wrap_policy", "TRANSFORMER_BASED_WRAP"]


def _together(
    tmp_path: Path, *arguments: str, step: int = 0, sharding: bool = False
) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "train.py"
    script.write_text("import trainer\n" + _SHARDING * sharding + _SCRIPT)
    # `--cpu` would start a single process without MPI; the processes find no GPU and meet over gloo.
    launch = ["-m", "accelerate.commands.accelerate_cli", "launch", "--num_processes", "2", "--num_machines", "1"]
    launch += _FSDP if sharding else ["--multi_gpu"]
    launch += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, *launch, str(script), *arguments, str(step)]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def _apart(one: Path, other: Path) -> float:
    first, second = _weights(one), _weights(other)
    if (tied := second.pop("lm_head.weight", None)) is not None:  # pieces are put together one by one
        assert "lm_head.weight" not in first and torch.equal(tied, second["model.embed_tokens.weight"])
    assert first.keys() == second.keys()
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def _packs(folder: Path) -> list[list[int]]:
    rows: list[list[int]] = pq.read_table(folder / "plan.parquet")["samples"].to_pylist()
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_two_processes_train_as_one_does_and_go_on_where_one_was_killed(
    made: Any, nano: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine packs, so that the last step has an empty one; no dropout, as each process draws its own."""
    table = _table(made, kind, rows=9)
    changes: dict[str, Any] = {"batch_size": 1, "method": "full"} | ({"lora_dropout": 0.0} if kind == "sft" else {})
    train(kind, table, _settings(kind, nano, accumulation=2, cache_gb=0, **changes), str(tmp_path / "one"))

    settings, out = _settings(kind, nano, **changes), tmp_path / "two"
    killed = _together(tmp_path, kind, table, settings, str(out), step=3)
    assert killed.returncode != 0 and not out.exists()
    assert sorted(path.name for path in (tmp_path / "two.run").glob("checkpoint-*")) == ["checkpoint-2"]
    with monkeypatch.context() as patch:
        patch.setenv("WORLD_SIZE", "1")
        with pytest.raises(DataError, match="it ran in 2 processes, and this is one of 1"):
            train(kind, table, settings, str(out))
    for name in ("two", "whole"):
        done = _together(tmp_path, kind, table, settings, str(tmp_path / name))
        assert done.returncode == 0, done.stderr[-6000:]

    assert _packs(tmp_path / "one") == _packs(tmp_path / "two") and _packs(out)[-1] == []
    one, two, whole = (_lines(tmp_path / name) for name in ("one", "two", "whole"))
    assert two == whole and _apart(out, tmp_path / "whole") == 0
    for ours, theirs in zip(two, one, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-5)
    assert _apart(tmp_path / "one", out) < 1e-4
    # The features were computed before the first step of the first run, by both.
    features = list((Path(made.store) / "features").rglob("*.safetensors"))
    assert len(features) == 6
    assert [(tmp_path / f"{name}.looked{rank}").read_text() for name in ("two", "whole") for rank in (0, 1)] == [
        "0"
    ] * 4
    assert list(tmp_path.glob(".*partial")) == [] == list(tmp_path.glob("*.run"))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "method"), [("sft", "full"), ("dpo", "lora")])
def test_weights_in_pieces_become_those_of_one_process(
    made: Any, nano: Path, tmp_path: Path, kind: str, method: str
) -> None:
    """FSDP2, killed and gone on with."""
    table = _table(made, kind, rows=9)
    changes: dict[str, Any] = {"batch_size": 1, "method": method} | ({"lora_dropout": 0.0} if kind == "sft" else {})
    train(kind, table, _settings(kind, nano, accumulation=2, **changes), str(tmp_path / "one"))
    settings, out = _settings(kind, nano, **changes), tmp_path / "two"
    killed = _together(tmp_path, kind, table, settings, str(out), step=3, sharding=True)
    assert killed.returncode != 0 and [path.name for path in (tmp_path / "two.run").glob("check*")] == ["checkpoint-2"]
    done = _together(tmp_path, kind, table, settings, str(out), sharding=True)
    assert done.returncode == 0, done.stderr[-6000:]
    for ours, theirs in zip(_lines(out), _lines(tmp_path / "one"), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-5)
    assert _apart(tmp_path / "one", out) < 1e-4


@pytest.mark.slow
def test_each_process_looks_at_its_share_of_the_images(made: Any, nano: Path, tmp_path: Path) -> None:
    table, settings = _table(made, "sft", rows=9), _settings("sft", nano, max_steps=1)
    done = _together(tmp_path, "sft", table, settings, str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr[-6000:]
    assert [(tmp_path / f"out.looked{rank}").read_text() for rank in (0, 1)] == ["3", "3"]
    assert json.loads((tmp_path / "out" / "winnow.json").read_text())["plan"]["processes"] == 2
