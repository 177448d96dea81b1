"""Direct preference optimisation of rendered pairs: each prompt and image once, the reference before the first step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from curation.contract.training import DpoSettings
from model.complete import complete_file
from trainer.checkpoint import check_contract
from trainer.data import open_pairs
from trainer.loop import Run
from trainer.objectives import Answers, preference_loss, rewards
from trainer.pairs import by_modality, pair_material
from trainer.plan import best_fit
from trainer.start import check_devices, open_base
from trainer.steps import Batch, Progress, Told, model_inputs

REFERENCE = "reference.safetensors"


def train_dpo(
    dataset: str,
    settings: DpoSettings,
    model: str | Path,
    out: str,
    progress: Progress | None = None,
    run_folder: Path | None = None,
) -> dict[str, Any]:
    """Train the checkpoint `model` on the `train` pairs of a `render_dpo` table; write a checkpoint folder; return its
    `winnow.json`.

    The reference is `model` itself: its log-probabilities of all answers are taken before the first step. `out` is as
    `train_sft` writes it. Beside `losses` the summary has `margins`, of the rewards beta * log(policy / reference)
    between chosen and rejected, and `accuracies`, the share of pairs with the chosen one ahead: each one per step; and
    `tower_images`, how many images the vision tower was given in steps. Pairs that are longer than `max_length` or a
    pack are left out and named. Raises as `train_sft` does.
    """
    check_devices(torch.cuda.device_count(), os.environ)
    target, base = Path(out).resolve(), Path(model).resolve()
    pairs = open_pairs(dataset, "train")
    loaded = open_base(base, settings, pairs.chosen)
    check_contract(base, pairs.chosen.preprocessing)
    material = pair_material(pairs, loaded, settings, base)
    kept = material.data
    preferences = Preferences(settings)
    run = Run(loaded, material, settings, preferences, target, progress, run_folder)
    preferences.reference = reference_scores(run)
    run.train()
    contract = {
        **run.summary(base),
        "dataset": {"stage": "render_dpo", "fingerprint": kept.fingerprint, **by_modality(kept.rows)},
        "settings": settings.model_dump(mode="json"),
        "margins": run.curve("rewards/margins"),
        "accuracies": run.curve("rewards/accuracies"),
        "tower_images": run.cache.seen if run.cache else None,
    }
    run.finish(target, contract)
    return contract


class Preferences:
    """The objective: the sum of the pairs' losses, given the reference's log-probabilities of both answers of each pair
    [pairs, 2]."""

    def __init__(self, settings: DpoSettings) -> None:
        self._settings = settings
        self.reference: torch.Tensor | None = None

    def __call__(self, model: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, Told]:
        assert self.reference is not None
        policy = answers_of(model, batch)
        known = self.reference.to(policy.chosen.device)[batch["samples"]]
        reference = Answers(known[:, 0], known[:, 1], policy.chosen_tokens, policy.rejected_tokens)
        losses = preference_loss(policy, reference, self._settings)
        chosen, rejected = (each.detach() for each in rewards(policy, reference, self._settings.beta))
        told = {
            "rewards/chosen": chosen.sum(),
            "rewards/rejected": rejected.sum(),
            "rewards/margins": (chosen - rejected).sum(),
            "rewards/accuracies": (chosen > rejected).float().sum(),
            "logps/chosen": policy.chosen.detach().sum(),
            "logps/rejected": policy.rejected.detach().sum(),
        }
        return losses.sum(), told


def answers_of(model: torch.nn.Module, batch: Batch) -> Answers:
    """The policy's log-probabilities of a pack's answers."""
    return Answers.of(model(**model_inputs(batch)), batch["answers"], 2 * len(batch["samples"]))


def reference_scores(run: Run) -> torch.Tensor:
    """Log-probabilities [pairs, 2] of all answers by the model as it starts, chosen ones first; kept in the run's
    folder for when it goes on. Of processes that train together, each takes its share."""
    path = run.folder / REFERENCE
    accelerator = run.trainer.accelerator
    if not path.exists():
        scores = torch.zeros(len(run.material.lengths), 2, dtype=torch.float64)
        packs = best_fit(run.material.lengths, run.plan.budget)
        model = run.trainer.model.eval()
        for places in packs[accelerator.process_index :: accelerator.num_processes]:
            batch = run.trainer.seen(run.trainer._prepare_inputs(run.batch(places)))
            with torch.no_grad(), accelerator.autocast():
                found = answers_of(model, batch)
            scores[places] = torch.stack([found.chosen, found.rejected], dim=1).double().cpu()
        scores = accelerator.reduce(scores.to(accelerator.device)).cpu()
        if accelerator.is_main_process:
            with complete_file(path) as partial:
                save_file({"scores": scores}, partial, {"plan": run.plan.fingerprint})
        accelerator.wait_for_everyone()
    with safe_open(path, "pt") as file:
        return file.get_tensor("scores").float()
