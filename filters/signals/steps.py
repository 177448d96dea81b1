"""What an agent's steps tell.

Each function gets one row per step, in order: sample, step (0 for a sample's first), action, arguments, target and
end_target (the points of the step's regions, in displayed pixels).
"""

from __future__ import annotations

import polars as pl

from filters.signal import signal


@signal(tier="text", grain="sample", unit="steps", dtype="int64")
def step_count(samples: pl.DataFrame) -> pl.Series:
    """Number of agent steps in the sample."""
    return samples["step_count"]


@signal(tier="text", grain="step", unit="share", reducer="mean")
def repeated_step_ratio(steps: pl.DataFrame) -> pl.Series:
    """Share of steps, after the first, that do just what the step before did: an agent that is stuck."""
    columns = ("action", "arguments", "target", "end_target")
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in columns)
    return steps.select(pl.when(pl.col("step") > 0).then(same.cast(pl.Float64))).to_series()
