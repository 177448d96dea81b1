"""Optimizer steps of a random model in the shape of a released one: ours, and the plain way.

A step is all that a training does once a batch is put together: its move to the GPU, features from files or the tower,
forward, backward, clipping, AdamW. Decoding images is left out of every way, and so is putting packs together.
Activations are computed once more on the way back unless a variant's name says otherwise. `tokens_per_s` counts the
tokens of the rows, images included, without padding; those of a pair are those of two rows, however it is computed.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from curation.contract.training import DpoSettings, TrainSettings
from model.attention import Backend, use_attention
from model.load import unwrapped
from model.pack import Packed, pack
from model.token_scores import add_token_scores
from tests.benchmarks.gpu_measure import Batch, Cost, Work, causal, measure, now, seen_pairs
from tests.benchmarks.gpu_shapes import (
    FULL,
    KIND,
    SMALL,
    Pictures,
    Row,
    Shape,
    as_pair,
    as_sample,
    build,
    config_of,
    rows_of,
)
from trainer.features import FeatureCache, encoder_outputs
from trainer.objectives import Answers, preference_loss, token_loss
from trainer.plan import Budget, Length, best_fit
from trainer.start import make_trainable

Vision = Callable[[Batch], Batch]

_PLAIN_ROWS = 4  # of a padded batch, or half as many pairs
_STEPS, _PLAIN_STEPS = 6, 12
_FILLED = 0.8  # of a pack: the last ones of a plan of few rows are not like those of a plan of many
_TOWER_PATCHES = 16_384  # at a time, as the trainer does
_RATE = 1e-5
_OURS = ("weights", "answers", "media", "pairs", "useful", "work", "labels", "reference")


class Bench:
    """A model of a shape and its rows; adapters around the model or, with `full`, all of its language model free. For
    whole weights the trainer takes float32 ones; bfloat16 ones, of which AdamW's state is bfloat16 too, are for cards
    without room for those, and only good to take the time."""

    def __init__(
        self,
        shape: Shape,
        device: str,
        small: bool = False,
        full: bool = False,
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        self.device, self.full = device, full
        self.sizes = SMALL if small else FULL
        self.config = config_of(shape, small)
        self.rows = rows_of(self.sizes, self.config)
        self.pictures = Pictures()
        base = build(shape, device, small, dtype)
        layers = base.model.language_model.named_parameters()
        self.parameters = sum(each.numel() for name, each in layers if "embed_tokens" not in name)
        add_token_scores(base)
        self.model = make_trainable(base, TrainSettings(method="full" if full else "lora", lora_rank=16))
        self.model.train()

    def packed(self, backend: Backend, cached: bool = True, checkpointing: bool = True) -> dict[str, Any]:
        """Rows in packs, as the trainer runs them."""
        use_attention(unwrapped(self.model), backend)
        self._begin(checkpointing)
        batches = [self._pack([self.rows[at] for at in places], backend) for places in self._plan(as_sample)]
        with self._features(cached) as (vision, told):

            def loss(batch: Batch) -> torch.Tensor:
                scores = self.model(**_called(batch), **vision(batch))
                return token_loss(scores, batch["weights"]) / batch["weights"].sum()

            return {**self._measured(loss, batches, _STEPS), **told, "attention": backend}

    def plain(self, checkpointing: bool = True) -> dict[str, Any]:
        """Batches of rows padded to the longest, through transformers' own forward with sdpa, the tower each time."""
        self._begin_plain(checkpointing)
        batches = [self._padded([(row, True) for row in rows]) for rows in _groups(self.rows, _PLAIN_ROWS)]

        def loss(batch: Batch) -> torch.Tensor:
            found: torch.Tensor = self.model(**_called(batch), labels=batch["labels"]).loss
            return found

        return self._measured(loss, batches, _PLAIN_STEPS)

    def pairs(self, backend: Backend, checkpointing: bool = True) -> dict[str, Any]:
        """DPO as the trainer runs it: both answers behind one prompt, features from files, the reference taken before
        the first step. Its time, over one epoch, is in `tokens_per_s` and not in `tokens_per_s_of_steps`."""
        use_attention(unwrapped(self.model), backend)
        self._begin(checkpointing)
        batches = [self._pack_pairs([self.rows[at] for at in places], backend) for places in self._plan(as_pair)]
        with self._features(cached=True) as (vision, told):
            seconds = self._take_reference(batches, vision)

            def loss(batch: Batch) -> torch.Tensor:
                ours = self._answers(batch, vision)
                chosen, rejected = batch["reference"]
                reference = Answers(chosen, rejected, ours.chosen_tokens, ours.rejected_tokens)
                return preference_loss(ours, reference, DpoSettings()).mean()

            found = self._measured(loss, batches, _STEPS)
        of_steps = found["tokens_per_s"]
        each = seconds / sum(batch["useful"] for batch in batches) + 1 / of_steps
        rates = {"tokens_per_s": round(1 / each, 1), "tokens_per_s_of_steps": of_steps}
        return {**found, **rates, **told, "reference_s": round(seconds, 3), "attention": backend}

    def plain_pairs(self, checkpointing: bool = True) -> dict[str, Any]:
        """DPO as TRL lays it out: chosen and rejected rows whole and padded, their images twice through the tower, and
        all of it once more for the reference, which is the model without its adapters."""
        self._begin_plain(checkpointing)
        sides = (True, False)
        groups = _groups(self.rows, _PLAIN_ROWS // 2)
        batches = [self._padded([(row, chosen) for chosen in sides for row in rows]) for rows in groups]

        def answers(batch: Batch) -> Answers:
            logits, labels = self.model(**_called(batch)).logits, F.pad(batch["labels"][:, 1:], (0, 1), value=-100)
            lost = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), reduction="none", ignore_index=-100)
            sums, counts = -lost.view_as(labels).sum(1), (labels != -100).sum(1)
            half = len(sums) // 2
            return Answers(sums[:half], sums[half:], counts[:half], counts[half:])

        def loss(batch: Batch) -> torch.Tensor:
            with torch.no_grad(), self.model.disable_adapter():
                reference = answers(batch)
            return preference_loss(answers(batch), reference, DpoSettings()).mean()

        return self._measured(loss, batches, _PLAIN_STEPS, forwards=1)

    def _answers(self, batch: Batch, vision: Vision) -> Answers:
        return Answers.of(self.model(**_called(batch), **vision(batch)), batch["answers"], 2 * batch["pairs"])

    def _take_reference(self, batches: Sequence[Batch], vision: Vision) -> float:
        """Put the reference's log-probabilities [2, pairs] into each batch; seconds, once it has warmed up."""
        self.model.eval()
        with torch.no_grad(), self._autocast():
            self._answers(self._moved(batches[0]), vision)
            started = now(self.device)
            for batch in batches:
                found = self._answers(self._moved(batch), vision)
                batch["reference"] = torch.stack([found.chosen, found.rejected]).cpu()
            seconds = now(self.device) - started
        self.model.train()
        return seconds

    def _begin_plain(self, checkpointing: bool) -> None:
        config = unwrapped(self.model).config
        config.text_config._attn_implementation = config.vision_config._attn_implementation = "sdpa"
        self._begin(checkpointing)

    def _begin(self, checkpointing: bool) -> None:
        """As if nothing had been trained: adapters add nothing, so that first losses can be compared."""
        _set_checkpointing(unwrapped(self.model), checkpointing)
        self.model.train()  # a variant that failed may have left it otherwise
        self.model.zero_grad(set_to_none=True)
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                if ".lora_B." in name:
                    parameter.zero_()
        self._trained = [each for each in self.model.parameters() if each.requires_grad]
        self._optimizer = torch.optim.AdamW(self._trained, lr=_RATE, weight_decay=0.0, fused=self.device != "cpu")

    def _plan(self, packed: Callable[[Row], Packed]) -> list[list[int]]:
        samples = [packed(row) for row in self.rows]
        patches = [sum(medium.vision_tokens for medium in each.media) * KIND.merge_size**2 for each in samples]
        lengths = [Length(each.tokens, count) for each, count in zip(samples, patches, strict=True)]
        budget = Budget(tokens=self.sizes.pack, patches=4 * self.sizes.pack)
        packs = best_fit(lengths, budget)
        full = [each for each in packs if sum(lengths[at].tokens for at in each) >= _FILLED * budget.tokens]
        random.Random(3).shuffle(full)
        return full or packs

    def _pack(self, rows: Sequence[Row], backend: Backend) -> Batch:
        return self._filled([as_sample(row) for row in rows], backend, sum(len(row.ids()) for row in rows))

    def _pack_pairs(self, rows: Sequence[Row], backend: Backend) -> Batch:
        useful = sum(len(row.ids(chosen)) for row in rows for chosen in (True, False))
        return {**self._filled([as_pair(row) for row in rows], backend, useful), "pairs": len(rows)}

    def _filled(self, samples: Sequence[Packed], backend: Backend, useful: int) -> Batch:
        batch = pack(samples, KIND, self.config.image_token_id, backend)
        media = tuple(medium for each in samples for medium in each.media)
        work = Work(batch["input_ids"].numel(), len(batch["places"]), seen_pairs(batch["layout"]))
        return {**batch, "media": media, "useful": useful, "work": work}

    def _padded(self, rows: Sequence[tuple[Row, bool]]) -> Batch:
        ids = [torch.tensor(row.ids(chosen)) for row, chosen in rows]
        length = max(map(len, ids))
        pad = self.config.text_config.pad_token_id
        tokens = torch.stack([F.pad(each, (0, length - len(each)), value=pad) for each in ids])
        mask = torch.stack([F.pad(torch.ones_like(each), (0, length - len(each))) for each in ids])
        starts = torch.tensor([len(row.prompt) for row, _ in rows])[:, None]
        learnt = (torch.arange(length) >= starts) & mask.bool()
        useful = int(mask.sum())
        return {
            "input_ids": tokens,
            "attention_mask": mask,
            "labels": tokens.masked_fill(~learnt, -100),
            "mm_token_type_ids": (tokens == self.config.image_token_id).int(),
            "use_cache": False,
            **self.pictures.all_of([medium for row, _ in rows for medium in row.media]),
            "useful": useful,
            "work": Work(useful, int(learnt.sum()), sum(causal(len(each)) for each in ids)),
        }

    @contextlib.contextmanager
    def _features(self, cached: bool) -> Iterator[tuple[Vision, dict[str, Any]]]:
        """What images become in a step, from files or by the tower, and how long the files took to make."""
        if not cached:
            yield lambda batch: self._moved(self.pictures.all_of(batch["media"])), {"features": "tower"}
            return
        with tempfile.TemporaryDirectory() as folder:
            cache = FeatureCache(Path(folder), self.model, "random", int(1e11))
            missing = cache.missing([medium for row in self.rows for medium in row.media])
            with self._autocast():
                cache.compute([self.pictures.of(missing[0])])  # warm
                started = now(self.device)
                cache.fill(missing, self.pictures.of, _TOWER_PATCHES)
            told = {"features": "files", "images": len(missing), "fill_s": round(now(self.device) - started, 3)}

            def vision(batch: Batch) -> Batch:
                if not batch["media"]:
                    return {}
                found = cache.of(batch["media"], self.pictures.of)
                return {"mm_encoder_outputs": encoder_outputs(found, torch.device(self.device))}

            yield vision, told

    def _measured(
        self, loss: Callable[[Batch], torch.Tensor], batches: Sequence[Batch], steps: int, forwards: int = 0
    ) -> dict[str, Any]:
        def step(batch: Batch) -> torch.Tensor:
            with self._autocast():
                found = loss(self._moved(batch))
            found.backward()
            torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
            return found.detach()

        cost = Cost(self.parameters, self.config.text_config, self.full, forwards)
        return measure(step, batches, steps, self.device, cost)

    def _moved(self, batch: Batch) -> Batch:
        return {key: each.to(self.device) if isinstance(each, torch.Tensor) else each for key, each in batch.items()}

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device, torch.bfloat16)


def _called(batch: Batch) -> Batch:
    """What of a batch the model is called with."""
    return {name: each for name, each in batch.items() if name not in _OURS}


def _groups(rows: Sequence[Row], size: int) -> list[Sequence[Row]]:
    """Whole batches, in the rows' order."""
    return [rows[at : at + size] for at in range(0, len(rows) - size + 1, size)]


def _set_checkpointing(model: Any, wanted: bool) -> None:
    """By the name of transformers 5.23, or by its older one."""
    new = hasattr(model, "activation_checkpointing_enable")
    name = "activation_checkpointing" if new else "gradient_checkpointing"
    if wanted:
        getattr(model, f"{name}_enable")(**{f"{name}_kwargs": {"use_reentrant": False}})
    else:
        getattr(model, f"{name}_disable")()
