"""Where a training's values are written, step by step: always `metrics.jsonl`, and what the settings name."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from transformers import TrainerControl, TrainerState, TrainingArguments
from transformers.integrations import TensorBoardCallback

from curation.contract.training import TuningSettings

BOARD = "tensorboard"


class LogError(RuntimeError):
    """A place to log to that is not installed."""


def places(settings: TuningSettings) -> tuple[str, ...]:
    """Where to log; by default to TensorBoard where it is installed, as it needs no network. Raises `LogError` for one
    that was named and is not installed."""
    if settings.log_to is None:
        return (BOARD,) if find_spec(BOARD) else ()
    for name in settings.log_to:
        if not find_spec(name):
            raise LogError(f"`log_to` names {name}, which is not installed: `pip install {name}`, or leave it out.")
    return settings.log_to


class Board(TensorBoardCallback):  # type: ignore[misc]
    """TensorBoard in `folder`. A run that goes on tells it to forget what was written behind its checkpoint. The stock
    callback also writes all arguments, which hold paths of this machine."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.logging_dir = str(folder)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if state.is_world_process_zero:
            number = f".{len(_files(Path(self.logging_dir))):03d}"
            step = state.global_step + 1
            self.tb_writer = self._SummaryWriter(self.logging_dir, purge_step=step, filename_suffix=number)


def keep_board(run_folder: Path, out: Path) -> None:
    """TensorBoard's files, numbered as they were begun, without this machine's name and clock in theirs."""
    for path in _files(run_folder / BOARD):
        (out / BOARD).mkdir(exist_ok=True)
        shutil.copyfile(path, out / BOARD / f"events.out.tfevents{path.suffix}")


def _files(folder: Path) -> list[Path]:
    return list(folder.glob("events.*"))
