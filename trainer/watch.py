"""Answers during a training: every so many steps the model is asked what it will be measured by."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from curation.contract.training import EvalSettings, TrainSettings
from model.inputs import DataError
from model.load import Checkpoint
from trainer.data import RenderedDataset, open_dataset
from trainer.evaluate import chosen, measured
from trainer.loop import Run
from trainer.metrics import summarise
from trainer.steps import EVALUATION


def watch(run: Run, table: str, settings: TrainSettings) -> None:
    """Have the run measure itself on the `test` rows of its table, every `evaluate_every` steps and at the end: greedy
    answers to `evaluate_rows` rows of each task, as `trainer.evaluate` measures them. The values stand among the
    metrics as `eval/...`. Raises `DataError` where the model is spread over processes, or there are no such rows."""
    if run.trainer.is_fsdp_enabled:
        raise DataError("`evaluate_every` can't ask a model that FSDP spreads over processes; evaluate it afterwards.")
    run.trainer.add_callback(_Watch(run, open_dataset(table, "test"), settings))


def evaluations(run: Run) -> list[dict[str, float]]:
    """What was measured during a run, with the step of each."""
    return [
        {name.removeprefix(EVALUATION): value for name, value in entry.items() if name != "epoch"}
        for entry in run.trainer.state.log_history
        if any(name.startswith(EVALUATION) for name in entry)
    ]


class _Watch(TrainerCallback):  # type: ignore[misc]
    def __init__(self, run: Run, data: RenderedDataset, settings: TrainSettings) -> None:
        self._run, self._data, self._every = run, data, settings.evaluate_every
        self._settings = EvalSettings(max_rows=settings.evaluate_rows, max_new_tokens=settings.evaluate_tokens)
        self._rows = chosen(data.rows, settings.evaluate_rows)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if state.global_step % self._every and state.global_step != state.max_steps:
            return
        trainer, due = self._run.trainer, control.should_log
        if trainer.accelerator.is_main_process:  # the others wait
            trainer.log({EVALUATION + name: value for name, value in self._measure().items()})
        control.should_log = due  # to log is to have logged, and the step's loss is not yet
        trainer.accelerator.wait_for_everyone()

    def _measure(self) -> dict[str, float]:
        loaded, model = self._run.loaded, self._run.trainer.model
        training = model.training
        model.eval()
        try:
            asked = Checkpoint(model, loaded.processor, loaded.family)
            return summarise(measured(asked, self._data, self._rows, self._settings))
        finally:
            model.train(training)
