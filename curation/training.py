"""The stages that make and judge checkpoints. Torch is loaded inside them only, after Spark has given its memory back.

Weights are an artifact's files; its manifest names the dataset and the settings that they were made from, and what it
cost is beside it. Floats of a training run may differ between machines, so they are no part of the manifest.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from curation.contract.dataset import split_sizes
from curation.contract.training import DpoSettings, EvalSettings, TrainSettings
from curation.stage import COUNTS, Artifact, Job, StageError

MERGE_VERSION = 1
TRAIN_VERSION = DPO_VERSION = EVALUATE_VERSION = 2


def train_sft(job: Job, settings: TrainSettings) -> Artifact:
    """A checkpoint (adapter or full weights) fine-tuned on the training split."""
    from trainer.sft import train_sft as train

    job.runtime.stop_spark()
    folder = job.scratch / "checkpoint"
    summary = train(job.tables["render"], settings, str(folder), _progress(job), job.unfinished)
    return Artifact(folder, _left_out("render", job, summary["left_out"]), timings={"summary": summary})


def train_dpo(job: Job, settings: DpoSettings) -> Artifact:
    """A checkpoint that prefers what was chosen, from the merged SFT checkpoint, which is its reference as well."""
    from trainer.dpo import train_dpo as train

    job.runtime.stop_spark()
    if not split_sizes(job.tables["render_dpo"])["train"]:
        raise StageError(
            "`train_dpo`: there are no pairs, as no prompt has a verified answer beside a failed one. Raise "
            "`sample.candidates`, ask other `sample.sources`, set `sample.reference_chosen`, or leave `dpo` out."
        )
    folder = job.scratch / "checkpoint"
    start, unfinished = job.folder("merge"), job.unfinished
    summary = train(job.tables["render_dpo"], settings, start, str(folder), _progress(job), unfinished)
    return Artifact(folder, _left_out("render_dpo", job, summary["left_out"]), timings={"summary": summary})


def evaluate(job: Job, settings: EvalSettings, checkpoint: Path, base: Path) -> Artifact:
    """Metrics of a checkpoint (if it is an adapter, on `base`) on the test split, with every prediction."""
    from trainer.evaluate import evaluate as judge

    job.runtime.stop_spark()
    folder = job.scratch / "evaluation"
    table = job.tables["render"]
    result = judge(table, str(checkpoint), settings, str(folder), progress=job.bar.update, base=base)
    rows, judged = split_sizes(table)["test"], int(result["rows"])
    counts = {**_counts(rows), "kept": judged, "dropped": rows - judged}  # `max_rows` leaves the others out
    return Artifact(folder, counts, timings={"metrics": result})


def merge(job: Job, stage: str, base: Path) -> Artifact:
    """The adapter of a stage and its base as one checkpoint, with the preprocessing contract beside the weights."""
    from trainer.merge import merge as merge_adapter

    job.runtime.stop_spark()
    trained, folder = job.folder(stage), job.scratch / "merged"
    if (trained / "adapter_config.json").exists():
        merge_adapter(str(trained), str(folder), base)
    else:  # full weights are merged already
        shutil.copytree(trained, folder)
    return Artifact(folder, _counts())


def _progress(job: Job) -> Callable[[int, int, float], None]:
    return lambda step, total, loss: job.bar.update(step, total, f"loss {loss:.3f}")


def _left_out(parent: str, job: Job, left_out: list[str]) -> dict[str, int]:
    rows = split_sizes(job.tables[parent])["train"]
    return {**_counts(rows), "kept": rows - len(left_out), "dropped": len(left_out)}


def _counts(rows: int = 0) -> dict[str, int]:
    return {**dict.fromkeys(COUNTS, 0), "in": rows, "kept": rows}
