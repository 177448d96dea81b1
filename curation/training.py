"""The stages that make and judge checkpoints. Torch is loaded inside them only, after Spark has given its memory back.

Weights are an artifact's files; its manifest names the dataset and the settings that they were made from, and what it
cost is beside it. Floats of a training run may differ between machines, so they are no part of the manifest.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from curation.contract.dataset import split_sizes
from curation.contract.training import EvalSettings, TrainSettings
from curation.stage import COUNTS, Artifact, Job

BASE_VERSION = TRAIN_VERSION = EVALUATE_VERSION = MERGE_VERSION = 1


def make_base(job: Job, settings: TrainSettings) -> Artifact:
    """The checkpoint that training starts from where the recipe says `nano`: random weights, an own tokenizer."""
    from trainer.checkpoint import base_checkpoint

    job.runtime.stop_spark()
    made = base_checkpoint(settings, job.scratch)
    return Artifact(Path(made), _counts())


def train_sft(job: Job, settings: TrainSettings) -> Artifact:
    """A checkpoint (adapter or full weights) fine-tuned on the training split."""
    from trainer.sft import train_sft as train

    job.runtime.stop_spark()
    settings = settings.model_copy(update={"model": str(base_folder(job, settings))})
    folder = job.scratch / "checkpoint"
    summary = train(
        job.tables["render"],
        settings,
        str(folder),
        lambda step, total, loss: job.bar.update(step, total, f"loss {loss:.3f}"),
    )
    rows, long = split_sizes(job.tables["render"])["train"], len(summary["left_out"])
    counts = {**_counts(rows), "kept": rows - long, "dropped": long}
    return Artifact(folder, counts, timings={"summary": summary})


def evaluate(job: Job, settings: EvalSettings, checkpoint: Path, trained: TrainSettings) -> Artifact:
    """Metrics of a checkpoint on the test split, with every prediction."""
    from trainer.evaluate import evaluate as judge

    job.runtime.stop_spark()
    folder = job.scratch / "evaluation"
    result = judge(
        job.tables["render"],
        str(checkpoint),
        settings,
        str(folder),
        progress=lambda done, total: job.bar.update(done, total),
        base=base_folder(job, trained),
    )
    rows, judged = split_sizes(job.tables["render"])["test"], int(result["rows"])
    counts = {**_counts(rows), "kept": judged, "dropped": rows - judged}  # `max_rows` leaves the others out
    return Artifact(folder, counts, timings={"metrics": result})


def merge(job: Job, trained: TrainSettings) -> Artifact:
    """Adapter and base as one checkpoint, with the preprocessing contract beside the weights."""
    from trainer.merge import merge as merge_adapter

    job.runtime.stop_spark()
    adapter = job.folder("train_sft")
    folder = job.scratch / "merged"
    if (adapter / "adapter_config.json").exists():
        merge_adapter(str(adapter), str(folder), base_folder(job, trained))
    else:  # full weights are merged already
        shutil.copytree(adapter, folder)
    return Artifact(folder, _counts())


def base_folder(job: Job, settings: TrainSettings) -> Path:
    return job.folder("base") if settings.model == "nano" else Path(settings.model)


def _counts(rows: int = 0) -> dict[str, int]:
    return {**dict.fromkeys(COUNTS, 0), "in": rows, "kept": rows}
