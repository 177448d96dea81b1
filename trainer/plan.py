"""The plan of a training: which samples share a pack, and which packs an optimizer step takes.

It is made from lengths alone, before anything is decoded, and is the same for the same lengths, settings and seed. It
is written to disk, and a run that goes on checks that it would make the same plan again.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curation.contract.training import TuningSettings
from model.complete import complete_file
from model.inputs import DataError

VERSION = 1
_WINDOW = 4096  # samples that are packed together: enough to fill packs, few enough that their order stays random
_PATCHES_PER_TOKEN = 4  # of an image: without a budget of its own for patches, a pack may be all image


@dataclass(frozen=True, slots=True)
class Length:
    """What a sample takes: tokens of the language model, and patches of the vision tower."""

    tokens: int
    patches: int = 0


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a pack holds at most."""

    tokens: int
    patches: int
    samples: int | None = None

    @classmethod
    def of(cls, settings: TuningSettings) -> Budget:
        tokens = settings.pack_tokens
        patches = settings.pack_patches or _PATCHES_PER_TOKEN * tokens
        return cls(tokens=tokens, patches=patches, samples=settings.batch_size)

    def holds(self, length: Length) -> bool:
        return length.tokens <= self.tokens and length.patches <= self.patches


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`packs` are samples by their numbers, in the order in which they are trained on; an optimizer step takes
    `per_step` of them, over all processes. The last packs may be empty, to fill the last step."""

    packs: tuple[tuple[int, ...], ...]
    per_step: int
    world: int
    fingerprint: str
    budget: Budget
    lengths: tuple[Length, ...]

    @property
    def steps(self) -> int:
        return len(self.packs) // self.per_step

    @property
    def unfilled(self) -> float:
        """The share of the packs' budget that no token fills; the last pack of each epoch and empty ones count."""
        held = sum(self.lengths[place].tokens for pack in self.packs for place in pack)
        return 1 - held / (self.budget.tokens * len(self.packs))


def best_fit(lengths: Sequence[Length], budget: Budget) -> list[list[int]]:
    """Samples by their numbers, in packs: the longest first, each into the pack that it fills best.

    Best-fit decreasing (Johnson 1973) with two budgets; of packs with as little room the first. Raises ValueError for a
    sample that no pack can hold.
    """
    packs: list[list[int]] = []
    tokens, patches, room = (np.empty(len(lengths), dtype=np.int64) for _ in range(3))  # what is left in each pack
    most = len(lengths) if budget.samples is None else budget.samples
    for place in sorted(range(len(lengths)), key=lambda place: (-lengths[place].tokens, place)):
        length = lengths[place]
        if not budget.holds(length):
            raise ValueError(f"sample {place} has {length}, more than a pack of {budget}")
        count = len(packs)
        fits = (tokens[:count] >= length.tokens) & (patches[:count] >= length.patches) & (room[:count] > 0)
        if fits.any():
            chosen = int(np.where(fits, tokens[:count], np.iinfo(np.int64).max).argmin())
        else:
            chosen = count
            packs.append([])
            tokens[chosen], patches[chosen], room[chosen] = budget.tokens, budget.patches, most
        packs[chosen].append(place)
        tokens[chosen] -= length.tokens
        patches[chosen] -= length.patches
        room[chosen] -= 1
    return packs


def make_plan(lengths: Sequence[Length], settings: TuningSettings, data: str, world: int = 1) -> Plan:
    """The plan for `world` processes of samples with these lengths, none of which is longer than a pack. `data` names
    the samples (a fingerprint). Every epoch packs anew, in another order; a fraction of one takes its first samples.
    With `max_steps` there are as many epochs as those need."""
    budget = Budget.of(settings)
    per_step = settings.accumulation * world
    packs: list[tuple[int, ...]] = []
    most = settings.max_steps * per_step
    for epoch in itertools.count():
        share = 1.0 if most > 0 else min(1.0, settings.epochs - epoch)
        if share <= 0 or len(packs) >= most > 0:
            break
        packs += _epoch(lengths, budget, f"{settings.seed}/{epoch}", share)
    packs = packs[:most] if most > 0 else packs
    packs += [()] * (-len(packs) % per_step)
    told = [VERSION, data, world, settings.accumulation, packs]
    fingerprint = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    return Plan(
        packs=tuple(packs),
        per_step=per_step,
        world=world,
        fingerprint=fingerprint,
        budget=budget,
        lengths=tuple(lengths),
    )


def _epoch(lengths: Sequence[Length], budget: Budget, seed: str, share: float) -> list[tuple[int, ...]]:
    rng = random.Random(seed)
    order = rng.sample(range(len(lengths)), len(lengths))[: math.ceil(share * len(lengths))]
    packs = []
    for start in range(0, len(order), _WINDOW):
        window = order[start : start + _WINDOW]
        packs += [tuple(window[at] for at in pack) for pack in best_fit([lengths[at] for at in window], budget)]
    rng.shuffle(packs)
    return packs


def write_plan(plan: Plan, path: Path) -> None:
    """One row per pack: its step, its samples, their tokens and patches; what it was made from in the schema."""
    rows = [
        {
            "step": place // plan.per_step,
            "samples": list(pack),
            "tokens": sum(plan.lengths[at].tokens for at in pack),
            "patches": sum(plan.lengths[at].patches for at in pack),
        }
        for place, pack in enumerate(plan.packs)
    ]
    schema = pa.schema(
        [("step", pa.int32()), ("samples", pa.list_(pa.int32())), ("tokens", pa.int32()), ("patches", pa.int32())],
        {"winnow": json.dumps(_header(plan))},
    )
    with complete_file(path) as partial:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), partial)


def check_plan(plan: Plan, path: Path) -> None:
    """Raise `DataError` where the plan of an interrupted run is not the one that would be made now."""
    written = json.loads(pq.read_schema(path).metadata[b"winnow"])
    now = _header(plan)
    if written == now:
        return
    if written["world"] != now["world"]:
        what = f"it ran in {written['world']} processes, and this is one of {now['world']}"
    else:
        what = "its data, its base or its settings were others"
    raise DataError(
        f"{path.parent} holds an interrupted run that can't be gone on with: {what}. Start it as it was started, or "
        "delete that folder to begin anew."
    )


def _header(plan: Plan) -> dict[str, Any]:
    return {"fingerprint": plan.fingerprint, "world": plan.world, "per_step": plan.per_step}
