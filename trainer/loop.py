"""The one loop under all trainings: a plan of packs, transformers' Trainer around an objective of ours, features of
frozen towers from disk, checkpoints that a killed run goes on from, and a folder that is complete or absent."""

from __future__ import annotations

import json
import logging
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import broadcast_object_list
from torch.utils.data import Dataset
from transformers import PrinterCallback, set_seed

from curation.contract.dataset import RenderedMedia
from curation.contract.table import store_of
from curation.contract.training import TuningSettings
from model.attention import Backend, use_attention
from model.complete import complete_or_absent
from model.inputs import image_patches
from model.load import Checkpoint
from model.pack import Packed, pack
from model.token_scores import add_token_scores
from trainer.checkpoint import preprocessing_contract, write_contract
from trainer.data import RenderedDataset
from trainer.features import FeatureCache, encoder_outputs, tower_fingerprint
from trainer.logs import BOARD, Board, keep_board, places
from trainer.plan import Length, Plan, check_plan, make_plan, write_plan
from trainer.start import backend_of, make_trainable
from trainer.steps import (
    Batch,
    Metrics,
    Objective,
    PackTrainer,
    Progress,
    arguments,
    drop_incomplete,
    last_complete,
    rates,
)

PLAN, METRICS = "plan.parquet", "metrics.jsonl"
_TOWER_PATCHES = 16_384  # at a time, where the features of all images are computed


@dataclass(frozen=True, kw_only=True)
class Material:
    """What is trained on, as the loop sees it. `samples(place)` are the packed samples of a row or pair; `count` says
    how much of a pack a step's loss is divided by; `name` tells this material from any other."""

    data: RenderedDataset
    lengths: Sequence[Length]
    samples: Callable[[int], Sequence[Packed]]
    count: Callable[[Batch, Sequence[int]], float]
    name: str
    left_out: Sequence[str]


class Run:
    """A training from its plan to its finished folder `out`; `trainer` is there from the start, so that scores can be
    taken before the first step. `folder` holds what a killed run needs to go on: by default beside `out`."""

    def __init__(
        self,
        loaded: Checkpoint,
        material: Material,
        settings: TuningSettings,
        objective: Objective,
        out: Path,
        progress: Progress | None = None,
        folder: Path | None = None,
        dropout: float = 0.0,
        kind: type[PackTrainer] = PackTrainer,
    ) -> None:
        if out.exists():
            raise FileExistsError(f"{out} exists. Delete it, or name another folder.")
        self.settings, self.material, self.loaded = settings, material, loaded
        self.backend = backend_of(settings, loaded.model)
        self.plan = make_plan(material.lengths, settings, material.name, int(os.environ.get("WORLD_SIZE", "1")))
        self.folder = folder or out.with_name(f"{out.name}.run")
        self._owners = {medium: row for row in material.data.rows for medium in row.media}
        self._read = material.data.image
        if (path := self.folder / PLAN).exists():
            check_plan(self.plan, path)
        set_seed(settings.seed)
        use_attention(loaded.model, self.backend)
        add_token_scores(loaded.model)
        model = make_trainable(loaded.model, settings, dropout)
        self.cache = self._open_cache()
        self.trainer = kind(
            vision=self._vision,
            objective=objective,
            rates=rates(settings),
            model=model,
            args=arguments(settings, self.folder),
            train_dataset=_Packs(self.plan),
            data_collator=lambda packs: self.batch(packs[0]),
            callbacks=[Metrics(self.folder / METRICS, progress), *self._boards()],
        )
        self.trainer.remove_callback(PrinterCallback)  # progress is the caller's to show
        self._look()
        self._keep_plan()

    def batch(self, places: Sequence[int]) -> Batch:
        """A pack of these samples; what an image shows goes in as pixels where its features are not kept. An empty pack
        is one token of which nothing is learnt."""
        samples = [each for place in places for each in self.material.samples(place)]
        made = _pack_of(samples, self.loaded, self.backend)
        made["count"] = torch.tensor(self.material.count(made, places))
        made["samples"] = torch.tensor(list(places), dtype=torch.long)
        made["media"] = tuple(medium for each in samples for medium in each.media)
        if made["media"] and not self.cache:
            made |= dict(zip(("pixel_values", "image_grid_thw"), self._patches(made["media"]), strict=True))
        return made

    def train(self) -> None:
        accelerator = self.trainer.accelerator
        if accelerator.is_main_process:
            drop_incomplete(self.folder)
        accelerator.wait_for_everyone()
        with _expected_warnings():
            self.trainer.train(resume_from_checkpoint=last_complete(self.folder))

    def summary(self, base: Path) -> dict[str, Any]:
        """What `winnow.json` says of any training."""
        return {
            **preprocessing_contract(self.material.data.preprocessing, self.loaded.processor),
            "base": base.name,
            "left_out": list(self.material.left_out),
            "trainable_parameters": sum(p.numel() for p in self.trainer.model.parameters() if p.requires_grad),
            "losses": self.curve("loss"),
            "plan": {
                "fingerprint": self.plan.fingerprint,
                "steps": self.plan.steps,
                "packs": len(self.plan.packs),
                "processes": self.plan.world,
                "unfilled": round(self.plan.unfilled, 4),
                "attention": self.backend,
            },
        }

    def curve(self, name: str) -> list[float]:
        """A logged value, one per optimizer step."""
        return [entry[name] for entry in self.trainer.state.log_history if "loss" in entry]

    def finish(self, out: Path, contract: dict[str, Any], beside: Mapping[str, Any] | None = None) -> None:
        """Write the checkpoint, complete or absent, with its plan, its metrics and what stands `beside` it, JSON by
        file name; what was kept to go on is removed. Of processes that train together, the first writes."""
        first = os.environ.get("RANK", "0") == "0"
        if self._sharded():  # whole weights, in a format that anything reads, however checkpoints were written
            self.trainer.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")
        with complete_or_absent(out, keep=first) as partial:
            self.trainer.accelerator.wait_for_everyone()  # who comes late must not find the first's checkpoint
            self.trainer.save_model(str(partial))
            self.loaded.processor.save_pretrained(partial)
            # A pickle and a card with this machine's paths: neither belongs to a checkpoint.
            for name in ("training_args.bin", "README.md"):
                (partial / name).unlink(missing_ok=True)
            for name in (PLAN, METRICS):
                shutil.copy2(self.folder / name, partial / name)
            keep_board(self.folder, partial)
            for name, told in (beside or {}).items():
                (partial / name).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
            write_contract(partial, contract)
        self.trainer.accelerator.wait_for_everyone()
        if first:
            shutil.rmtree(self.folder)

    def _boards(self) -> list[Board]:
        return [Board(self.folder / BOARD)] if BOARD in places(self.settings) else []

    def _keep_plan(self) -> None:
        """Once nothing is left that could be refused: a plan is what an interrupted run must go on with."""
        if self.trainer.accelerator.is_main_process:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_plan(self.plan, self.folder / PLAN)
        self.trainer.accelerator.wait_for_everyone()

    def _open_cache(self) -> FeatureCache | None:
        """None where the tower trains, or what follows it: what it says changes with every step."""
        if self.settings.policy != "llm" or not self.settings.cache_gb or not self._owners:
            return None
        model = self.loaded.model
        autocast = torch.bfloat16 if torch.cuda.is_available() else None
        name = tower_fingerprint(model, self.loaded.processor, autocast)
        folder = features_folder(self.material.data.table)
        return FeatureCache(folder, model, name, int(self.settings.cache_gb * 1e9))

    def _look(self) -> None:
        """Fill the cache before the first step; of processes that train together, each looks at its share."""
        accelerator = self.trainer.accelerator
        if self.cache:
            missing = [self.cache.missing(self._owners) if accelerator.is_main_process else []]
            broadcast_object_list(missing)
            mine = missing[0][accelerator.process_index :: accelerator.num_processes]
            with accelerator.autocast():
                self.cache.fill(mine, lambda medium: self._patches([medium]), _TOWER_PATCHES)
            self.cache.seen = 0
        accelerator.wait_for_everyone()
        if self.cache and self._sharded() and not self.cache.holds(self._owners):
            self.cache = None  # a tower that is spread over processes can only be asked within a step

    def _sharded(self) -> bool:
        return bool(self.trainer.is_fsdp_enabled)

    def _vision(self, media: Sequence[RenderedMedia]) -> dict[str, Any]:
        """What stands for pixels that are not in the batch."""
        if not self.cache or not media:
            return {}
        features = self.cache.of(media, lambda medium: self._patches([medium]))
        return {"mm_encoder_outputs": encoder_outputs(features, self.loaded.model.device)}

    def _patches(self, media: Sequence[RenderedMedia]) -> tuple[torch.Tensor, torch.Tensor]:
        parts = [image_patches(self._owners[each], [each], self._read, self.loaded.processor) for each in media]
        pixels, grids = zip(*parts, strict=True)
        return torch.cat(pixels), torch.cat(grids)


def features_folder(table: str) -> Path:
    """Where features are kept: in the dataset's own store, or in the user's cache where that is not on this machine."""
    store = store_of(table)
    if "://" not in store:
        return Path(store) / "features"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "winnow" / "features"


def _pack_of(samples: Sequence[Packed], loaded: Checkpoint, backend: Backend) -> Batch:
    image_id, family = loaded.model.config.image_token_id, loaded.family
    return pack(samples, family, image_id, backend, empty_id=loaded.processor.tokenizer.pad_token_id)


class _Packs(Dataset[tuple[int, ...]]):
    """The plan's packs, in its order."""

    def __init__(self, plan: Plan) -> None:
        self._packs = plan.packs

    def __len__(self) -> int:
        return len(self._packs)

    def __getitem__(self, place: int) -> tuple[int, ...]:
        return self._packs[place]


@contextmanager
def _expected_warnings() -> Iterator[None]:
    """Without what the user cannot mend."""
    log = logging.getLogger("transformers.trainer_utils")
    before = log.level
    log.setLevel(logging.ERROR)  # that two checkpoints are as old as each other, and that settings may change
    try:
        with warnings.catch_warnings():
            # peft asks the model by its old name, in each step.
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
            yield
    finally:
        log.setLevel(before)
