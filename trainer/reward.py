"""A reward model out of rendered pairs: a head on the model that scores an answer, given its prompt and images."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from curation.contract.dataset import RenderedRow, split_sizes
from curation.contract.training import RewardSettings
from model.inputs import DataError
from model.load import unwrapped
from model.reward import KIND, RewardHead, RewardModel, add_reward_head, answer_ends, read_head, write_head
from trainer.calibration import Judged, calibration
from trainer.checkpoint import check_contract
from trainer.data import PairDataset, check_sizes, open_pairs
from trainer.loop import Run
from trainer.objectives import ranking_loss
from trainer.pairs import by_modality, pair_material
from trainer.start import check_devices, open_base
from trainer.steps import Batch, PackTrainer, Progress, Told, model_inputs

OVERALL = "overall"  # the dimension in which every pair prefers its chosen answer
CALIBRATION = "calibration.json"


def train_reward(
    dataset: str,
    settings: RewardSettings,
    model: str | Path,
    out: str,
    progress: Progress | None = None,
    run_folder: Path | None = None,
) -> dict[str, Any]:
    """Train the checkpoint `model`, with a head for `settings.dimensions`, on the `train` pairs of a `render_dpo` table
    to score answers (Bradley and Terry); write a checkpoint folder; return its `winnow.json`.

    `out` is as `train_sft` writes it, with `reward_head.safetensors` and `calibration.json`: what the finished model
    makes of the pairs that were held out, by dimension (see `calibration`). Those are the `test` pairs; where there are
    none, the pairs of a share of the prompts, which are not trained on. Beside `losses`, the mean over a step's
    judgements, the summary has `margins` and `accuracies` by step; `held_out` in short; `left_out`, pairs that are too
    long; `silent`, pairs that say nothing about any of the dimensions. Raises as `train_sft` does, and `DataError`
    for a dimension that no pair says anything about.
    """
    check_devices(torch.cuda.device_count(), os.environ)
    target, base = Path(out).resolve(), Path(model).resolve()
    pairs, held_out = divided(dataset, settings.held_out)
    pairs, silent = telling(pairs, settings.dimensions)
    loaded = open_base(base, settings, pairs.chosen)
    check_contract(base, pairs.chosen.preprocessing)
    check_sizes(held_out.chosen, loaded.processor)
    add_reward_head(loaded.model, RewardHead(_width(loaded.model), settings.dimensions, settings.seed))
    material = pair_material(pairs, loaded, settings, base)
    kept = material.data.rows
    signs = signs_of(pairs, kept, settings.dimensions)
    material = replace(material, count=lambda batch, places: float(signs[list(places)].abs().sum()))
    run = Run(loaded, material, settings, Ranking(signs), target, progress, run_folder, kind=RewardTrainer)
    run.train()
    judged = judge(RewardModel(loaded, settings.pack_tokens), held_out, settings.seed)
    contract = {
        **run.summary(base),
        "kind": KIND,
        "dimensions": list(settings.dimensions),
        "dataset": {"stage": "render_dpo", "fingerprint": material.data.fingerprint, **by_modality(kept)},
        "settings": settings.model_dump(mode="json"),
        "margins": run.curve("rewards/margins"),
        "accuracies": run.curve("rewards/accuracies"),
        "tower_images": run.cache.seen if run.cache else None,
        "silent": silent,
        "held_out": {name: {key: each[key] for key in each if key != "bins"} for name, each in judged.items()},
    }
    run.finish(target, contract, {CALIBRATION: judged})
    return contract


class RewardTrainer(PackTrainer):
    """Keeps the head beside the weights, in checkpoints to go on from as in the finished one."""

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        super()._save(output_dir, state_dict)
        if self.args.should_save:
            write_head(unwrapped(self.model).reward_head, Path(output_dir or self.args.output_dir))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        head = read_head(Path(resume_from_checkpoint))
        unwrapped(model or self.model).reward_head.load_state_dict(head.state_dict())


class Ranking:
    """The objective: the sum of the pairs' losses over all dimensions that something is known about. `signs` [pairs,
    dimensions] are as `ranking_loss` takes them."""

    def __init__(self, signs: torch.Tensor) -> None:
        self._signs = signs

    def __call__(self, model: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, Told]:
        scores = answer_scores(model, batch)
        chosen, rejected = scores[0::2], scores[1::2]
        signs = self._signs.to(scores.device)[batch["samples"]]
        margins = signs * (chosen - rejected).detach()
        known = signs.abs().sum(dim=-1)
        told = {
            "rewards/margins": (margins.sum(dim=-1) / known).sum(),
            "rewards/accuracies": ((margins > 0).sum(dim=-1) / known).sum(),
        }
        return ranking_loss(chosen, rejected, signs).sum(), told


def answer_scores(model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    """Scores [2 * pairs, dimensions] of a pack's answers, chosen and rejected ones by turns."""
    inputs = {name: value for name, value in model_inputs(batch).items() if name not in ("places", "targets")}
    ends = answer_ends(batch["places"], batch["answers"], 2 * len(batch["samples"]))
    scores: torch.Tensor = model(**inputs, ends=ends)
    return scores


def divided(dataset: str, share: float) -> tuple[PairDataset, PairDataset]:
    """The pairs to train on and those to judge by: the table's `test` pairs, else a `share` of its prompts. Prompts
    that show the same images are one, and which they are depends on nothing but their content."""
    pairs = open_pairs(dataset, "train")
    if split_sizes(dataset)["test"]:
        return pairs, open_pairs(dataset, "test")
    names = sorted({_prompt(row) for row in pairs.chosen.rows})
    held_out = set(names[: min(round(share * len(names)), len(names) - 1)])
    trained = [row for row in pairs.chosen.rows if _prompt(row) not in held_out]
    judged = [row for row in pairs.chosen.rows if _prompt(row) in held_out]
    return _of(pairs, trained), _of(pairs, judged)


def telling(pairs: PairDataset, dimensions: Sequence[str]) -> tuple[PairDataset, list[str]]:
    """The pairs that say which answer is better in any of the dimensions, and the ids of the others."""
    known = signs_of(pairs, pairs.chosen.rows, dimensions).abs()
    if unknown := [name for name, some in zip(dimensions, known.sum(dim=0).tolist(), strict=True) if not some]:
        heard = sorted({OVERALL, *(each.name for told in pairs.better.values() for each in told)})
        raise DataError(
            f"no pair says which answer is better in {', '.join(unknown)}; the dimensions of {pairs.chosen.table} are "
            f"{', '.join(heard)}."
        )
    speaks = known.sum(dim=-1).tolist()
    rows = [row for row, some in zip(pairs.chosen.rows, speaks, strict=True) if some]
    return _of(pairs, rows), [row.row_id for row, some in zip(pairs.chosen.rows, speaks, strict=True) if not some]


def signs_of(pairs: PairDataset, rows: Sequence[RenderedRow], dimensions: Sequence[str]) -> torch.Tensor:
    """[rows, dimensions]: 1 where the chosen answer is the better one, -1 where the rejected one is, 0 where nobody
    said."""
    told = [{**{each.name: each.value for each in pairs.better[row.row_id]}, OVERALL: 1.0} for row in rows]
    values = [[one.get(name, 0.0) for name in dimensions] for one in told]
    return torch.tensor(values, dtype=torch.float32).reshape(len(rows), len(dimensions)).sign()


def judge(model: RewardModel, pairs: PairDataset, seed: int) -> dict[str, dict[str, Any]]:
    """By dimension, what a reward model makes of pairs: see `calibration`."""
    rows = pairs.chosen.rows
    scores = model.score([*rows, *(pairs.rejected[row.row_id] for row in rows)], pairs.chosen.image)
    signs = signs_of(pairs, rows, model.dimensions).tolist()
    return {
        name: calibration(
            [
                Judged(row_id=row.row_id, chosen=chosen[at], rejected=rejected[at], sign=sign[at])
                for row, chosen, rejected, sign in zip(
                    rows, scores[: len(rows)], scores[len(rows) :], signs, strict=True
                )
                if sign[at]
            ],
            seed,
        )
        for at, name in enumerate(model.dimensions)
    }


def _of(pairs: PairDataset, rows: Sequence[RenderedRow]) -> PairDataset:
    return replace(pairs, chosen=replace(pairs.chosen, rows=rows))


def _prompt(row: RenderedRow) -> str:
    """Names what a pair is about: its images, or without any its prompt."""
    images = sorted(medium.sha256 for medium in row.media)
    told = images or [segment.text for segment in row.segments[: row.answer_at]]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _width(model: Any) -> int:
    width: int = model.config.text_config.hidden_size
    return width
