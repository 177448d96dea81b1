"""Direct preference optimisation of rendered pairs, on TRL's trainer with our data and collation."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import PrinterCallback
from trl import DPOConfig, DPOTrainer

from curation.contract.training import DpoSettings
from model.collate import collate
from model.encode import encode
from model.inputs import training_example
from model.load import load_checkpoint
from model.policy import check_trainable
from trainer.checkpoint import check_contract
from trainer.data import PairDataset, leave_out_long, open_pairs, pair_counts
from trainer.loop import (
    Progress,
    Report,
    arguments,
    check_devices,
    curve,
    make_trainable,
    open_base,
    open_output,
    save,
    summary,
    weights_type,
)


def train_dpo(
    dataset: str, settings: DpoSettings, model: str | Path, out: str, progress: Progress | None = None
) -> dict[str, Any]:
    """Train the checkpoint `model` on the `train` pairs of a `render_dpo` table; write a checkpoint folder; return its
    `winnow.json`.

    The reference is `model` itself: the same weights with the adapter off (`lora`), or a frozen copy (`full`). `out` is
    as `train_sft` writes it. Beside `losses` the summary has `margins`, of the rewards beta * log(policy / reference)
    between chosen and rejected, and `accuracies`, the share of pairs with the chosen one ahead: each one per step; and
    `images_seen` by the two models, twice per pair and image. Pairs with an answer longer than `max_length` are left
    out and named. The same data, settings and seed give the same weights on a CPU. Raises before any training as
    `train_sft` does, and `UnseenImagesError` in the step in which a model was not given every image.
    """
    check_devices(torch.cuda.device_count(), os.environ)
    target, base = Path(out).resolve(), Path(model).resolve()
    pairs = open_pairs(dataset, "train")
    policy, processor, _ = open_base(base, settings, pairs.chosen)
    check_contract(base, pairs.chosen.preprocessing)
    counts = pair_counts(pairs, processor.tokenizer)
    kept, _, left_out = leave_out_long(pairs.chosen, counts, settings.max_length)
    pairs = replace(pairs, chosen=kept)
    with open_output(target) as partial:
        reference = load_checkpoint(base, dtype=weights_type(settings)).model if settings.method == "full" else None
        trainer = _trainer(policy, reference, processor, pairs, settings, partial, progress)
        trainer.train()
        contract = {
            **summary(trainer, base, kept.preprocessing, left_out),
            "dataset": {"stage": "render_dpo", "fingerprint": kept.fingerprint, **_by_modality(pairs)},
            "settings": settings.model_dump(),
            "margins": curve(trainer, "rewards/margins"),
            "accuracies": curve(trainer, "rewards/accuracies"),
            "images_seen": trainer.images_seen(),
        }
        save(trainer, partial, contract)
    return contract


def pair_batch(pairs: PairDataset, places: Sequence[int], processor: Any, image_id: int) -> dict[str, torch.Tensor]:
    """A batch as TRL's trainer reads it: the rows with the chosen answers, then those with the rejected ones in the
    same order, images for each; `completion_mask` [rows, longest row] is 1 on the answers."""
    rows = [pairs.chosen.rows[place] for place in places]
    chosen = [training_example(row, pairs.chosen.image, processor) for row in rows]
    answers = [encode(pairs.rejected[row.row_id], processor.tokenizer) for row in rows]
    rejected = [
        replace(example, ids=answer.ids, weights=answer.weights)  # with the images of the same prompt
        for example, answer in zip(chosen, answers, strict=True)
    ]
    batch = collate([*chosen, *rejected], processor.tokenizer.pad_token_id, image_id)
    batch["completion_mask"] = (batch.pop("loss_weights") > 0).long()
    del batch["labels"]  # which the trainer makes from the mask; what it does not know goes to the models
    return batch


class UnseenImagesError(RuntimeError):
    """Policy or reference computed log-probabilities without the images."""


class ImagesSeen:
    """Counts what the vision towers are given: by the policy where gradients are recorded, else by the reference. With
    an adapter both are one model, run twice."""

    def __init__(self, models: Sequence[Any]) -> None:
        self.image_id = models[0].config.image_token_id
        self.patches_per_token = models[0].config.vision_config.spatial_merge_size ** 2
        self.images: Counter[str] = Counter()  # in all steps
        self.patches: Counter[str] = Counter()  # in this pass
        for model in models:
            model.get_submodule("model.visual").register_forward_hook(self._count, with_kwargs=True)

    def _count(self, tower: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        whose = "policy" if torch.is_grad_enabled() else "reference"
        self.patches[whose] += len(args[0])
        self.images[whose] += len(kwargs["grid_thw"])

    def check(self, ids: torch.Tensor) -> None:
        """Raise `UnseenImagesError` unless both were given the patches of every image token in `ids` since the last
        check."""
        held = int((ids == self.image_id).sum()) * self.patches_per_token
        seen = {whose: self.patches[whose] for whose in ("policy", "reference")}
        self.patches.clear()
        if any(count != held for count in seen.values()):
            raise UnseenImagesError(
                f"The batch shows {held} image patches, of which the policy was given {seen['policy']} and the "
                f"reference {seen['reference']}: without them both would judge answers to images that they do not see. "
                "Check that the installed TRL and transformers are those of constraints.txt."
            )


class PairTrainer(DPOTrainer):  # type: ignore[misc]
    """TRL's, on pairs that are rendered already, with every pass checked for the images."""

    def __init__(self, seen: ImagesSeen, **options: Any) -> None:
        self._seen = seen
        super().__init__(**options)

    def _prepare_dataset(self, dataset: Dataset, *options: Any) -> Dataset:
        return dataset  # the collator reads the pairs

    def compute_loss(
        self, model: torch.nn.Module, inputs: dict[str, torch.Tensor], *options: Any, **named: Any
    ) -> torch.Tensor:
        loss = super().compute_loss(model, inputs, *options, **named)
        self._seen.check(inputs["input_ids"])
        return loss

    def images_seen(self) -> dict[str, int]:
        """Images that each model was given in all steps, by all processes."""
        whose = ("policy", "reference")
        counts = torch.tensor([self._seen.images[name] for name in whose], device=self.accelerator.device)
        return dict(zip(whose, self.accelerator.reduce(counts).tolist(), strict=True))


def _trainer(
    policy: Any,
    reference: Any | None,
    processor: Any,
    pairs: PairDataset,
    settings: DpoSettings,
    folder: Path,
    progress: Progress | None,
) -> PairTrainer:
    adapter, expected = make_trainable(policy, settings)
    if reference is not None:
        reference.requires_grad_(False)
    image_id = policy.config.image_token_id
    trainer = PairTrainer(
        seen=ImagesSeen([policy] if reference is None else [policy, reference]),
        model=policy,
        ref_model=reference,
        args=DPOConfig(**arguments(settings, folder), beta=settings.beta, loss_type=[settings.loss]),
        data_collator=lambda places: pair_batch(pairs, [place["row"] for place in places], processor, image_id),
        train_dataset=Dataset.from_dict({"row": list(range(len(pairs.chosen.rows)))}),
        processing_class=processor,
        peft_config=adapter,
        callbacks=[Report(progress)] if progress else None,
    )
    trainer.remove_callback(PrinterCallback)  # progress is the caller's to show
    check_trainable(trainer.model, expected)
    return trainer


def _by_modality(pairs: PairDataset) -> dict[str, int]:
    rows = pairs.chosen.rows
    return {"pairs": len(rows), "image_pairs": sum(bool(row.media) for row in rows)}
