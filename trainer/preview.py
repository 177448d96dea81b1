"""What a training would do, without doing it: no weights are read and no image is decoded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from curation.contract.training import DpoSettings, TrainSettings, TuningSettings
from model.load import Checkpoint
from model.pack import pack
from model.shipped import checkpoint_path
from trainer.data import open_dataset, open_pairs
from trainer.loop import Material
from trainer.memory import Largest, estimate, parameters
from trainer.pairs import pair_material
from trainer.plan import Plan, make_plan
from trainer.sft import row_material
from trainer.start import backend_of, longest, open_base

_SHOWN = 24  # packs that are told one by one


def preview_sft(dataset: str, settings: TrainSettings) -> dict[str, Any]:
    """Of a supervised fine-tuning, what `preview` says. Raises what `train_sft` would before its first step."""
    data, base = open_dataset(dataset, "train"), checkpoint_path(settings.model)
    empty = open_base(base, settings, data, empty=True)
    return preview(empty, row_material(data, empty, settings, base), settings, base)


def preview_dpo(dataset: str, settings: DpoSettings, model: str | Path) -> dict[str, Any]:
    """Of a preference training, what `preview` says. Raises what `train_dpo` would before its first step."""
    pairs, base = open_pairs(dataset, "train"), Path(model).resolve()
    empty = open_base(base, settings, pairs.chosen, empty=True)
    return preview(empty, pair_material(pairs, empty, settings, base), settings, base)


def preview(empty: Checkpoint, material: Material, settings: TuningSettings, base: Path) -> dict[str, Any]:
    """What would be trained on and what it takes.

    `steps`, `packs`, `processes`; `samples` (rows or pairs) that are trained on; `tokens` and `image_tokens` of all
    packs together; `unfilled`, the share of the packs that no token fills; `images` that the samples show and how many
    of them are `distinct_images`; `left_out`, ids by reason; `parameters` of each part, all and trained; `memory` in
    bytes, see `estimate`; `shown`, the first packs with (tokens, image tokens) of each sample.
    """
    plan = make_plan(material.lengths, settings, material.name, int(os.environ.get("WORLD_SIZE", "1")))
    merge = empty.family.merge_size**2
    sizes = [(length.tokens, length.patches // merge) for length in plan.lengths]
    packed = [[sizes[place] for place in places] for places in plan.packs]
    media = [medium for row in material.data.rows for medium in row.media]
    distinct = {(each.sha256, each.orientation, each.resized_width, each.resized_height) for each in media}
    return {
        "base": base.name,
        "steps": plan.steps,
        "packs": len(plan.packs),
        "processes": plan.world,
        "samples": len(plan.lengths),
        "tokens": sum(tokens for each in packed for tokens, _ in each),
        "image_tokens": sum(seen for each in packed for _, seen in each),
        "pack_tokens": plan.budget.tokens,
        "unfilled": round(plan.unfilled, 4),
        "images": len(media),
        "distinct_images": len(distinct),
        "left_out": {f"longer than {longest(settings):,} tokens": list(material.left_out)},
        "parameters": parameters(empty.model, settings),
        "memory": estimate(empty.model, settings, _largest(empty, material, plan, settings)),
        "shown": packed[:_SHOWN],
    }


def _largest(empty: Checkpoint, material: Material, plan: Plan, settings: TuningSettings) -> Largest:
    """The most tokens and patches of any pack, and the targets of the one with the most tokens."""

    def held(places: tuple[int, ...]) -> tuple[int, int]:
        found = [plan.lengths[place] for place in places]
        return sum(each.tokens for each in found), sum(each.patches for each in found)

    longest_pack = max(plan.packs, key=held)
    samples = [each for place in longest_pack for each in material.samples(place)]
    backend = backend_of(settings, empty.model)
    made = pack(samples, empty.family, empty.model.config.image_token_id, backend)
    return Largest(
        tokens=held(longest_pack)[0],
        patches=max(held(places)[1] for places in plan.packs),
        targets=len(made["places"]),
    )
