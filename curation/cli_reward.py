"""The command that trains reward models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from curation.cli import DEFAULT_OUT, AsJson, Out, Store, train_app
from curation.cli_preview import logs_of
from curation.cli_train import (
    Attention,
    BatchSize,
    Checkpointing,
    LogTo,
    MaxSteps,
    Method,
    PackTokens,
    Pairs,
    Policy,
    SaveEvery,
    Workers,
    dataset_of,
    mendable,
    need_training,
    tell,
)
from curation.contract.training import RewardSettings
from curation.progress import bar
from curation.progress import console as make_console


@train_app.command()
def reward(
    to: Annotated[Path, typer.Option(help="folder of the new reward model")],
    model: Annotated[Path, typer.Option(help="the checkpoint to start from: full or merged")],
    data: Pairs = "",
    out: Out = DEFAULT_OUT,
    store: Store = "",
    dimensions: Annotated[
        str, typer.Option(help="what is scored, names with commas between; `overall` is what a pair prefers")
    ] = "overall",
    held_out: Annotated[
        float, typer.Option(help="share of prompts kept to judge by, where the dataset has no test pairs")
    ] = 0.1,
    method: Method = "lora",
    policy: Policy = "llm",
    learning_rate: float = 1e-5,
    epochs: float = 1.0,
    max_steps: MaxSteps = -1,
    pack_tokens: PackTokens = 4096,
    batch_size: BatchSize = None,
    accumulation: int = 1,
    lora_rank: int = 16,
    lora_alpha: int = 32,
    max_length: int | None = None,
    attention: Attention = "auto",
    save_every: SaveEvery = 200,
    workers: Workers = 0,
    checkpointing: Checkpointing = None,
    log_to: LogTo = "tensorboard",
    seed: int = 17,
    as_json: AsJson = False,
) -> None:
    """A reward model: scores of answers, images included, learnt from pairs; how often and how surely it is right.

    TO holds the weights with a head of one score per dimension, calibration.json, made of pairs that were not trained
    on, and calibration.svg: what the model predicted beside what was judged.

    Example: `winnow train reward --out ./work --model ./checkpoints/receipts-merged --to ./checkpoints/reward`
    """
    need_training()
    from curation.report.calibration import draw_calibration
    from trainer.reward import train_reward

    settings = RewardSettings(
            dimensions=tuple(name.strip() for name in dimensions.split(",")), held_out=held_out, method=method,
            policy=policy, learning_rate=learning_rate, epochs=epochs, max_steps=max_steps, pack_tokens=pack_tokens,
            batch_size=batch_size, accumulation=accumulation, lora_rank=lora_rank, lora_alpha=lora_alpha,
            max_length=max_length, attention=attention, save_every=save_every, workers=workers,
            checkpointing=checkpointing, log_to=logs_of(log_to), seed=seed,
        )  # fmt: skip
    with mendable(), bar(make_console(), "training", unit="steps") as progress:
        summary = train_reward(
            dataset_of("render_dpo", data, out, store),
            settings,
            model,
            str(to),
            lambda step, total, loss: progress.update(step, total, f"loss {loss:.3f}"),
        )
    draw_calibration(to)
    tell(summary, as_json)
