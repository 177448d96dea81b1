"""Teaching nano from scratch: endless lessons, each seen once, under a schedule.

Everything trains here, the ViT too, as there is nothing yet to keep. What the lessons are is the caller's to say.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from trl.trainer import add_fused_lm_head

from curation.contract.sample import Sample
from model.chat import render
from model.collate import IGNORED
from model.complete import complete_or_absent
from model.encode import encode
from model.inputs import image_patches, shown
from model.load import Checkpoint, load_checkpoint
from model.nano import build_nano

Lesson = tuple[Sequence[Sample], bytes]  # questions about one image
Draw = Callable[[int, float], Lesson]  # lesson by number and progress from 0 to 1
Progress = Callable[[int, int, float], None]


@dataclass(frozen=True, kw_only=True)
class NanoSettings:
    """Platform defaults, found by trying on one CPU core."""

    steps: int = 9000
    batch_size: int = 4
    learning_rate: float = 1e-3
    warmup_steps: int = 200
    weight_decay: float = 0.05
    seed: int = 17
    pixels: tuple[int, int] = (3136, 100352)


def teach(loaded: Checkpoint, draw: Draw, settings: NanoSettings, progress: Progress | None = None) -> dict[str, Any]:
    """Train all of the model on `steps * batch_size` lessons, in float32. Returns what the card says: the
    settings, lessons, questions, seconds, and the loss over the last tenth of the steps."""
    model = loaded.model.train()
    add_fused_lm_head(model)  # projects to the vocabulary only where there is a label
    groups = _groups(model, settings.weight_decay)
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate(step, settings))
    started, questions, losses = time.monotonic(), 0, []
    for step in range(settings.steps):
        first = step * settings.batch_size
        lessons = [draw(first + i, step / settings.steps) for i in range(settings.batch_size)]
        questions += sum(len(samples) for samples, _ in lessons)
        loss = _loss(model, _batch(loaded, lessons, settings))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if progress:
            progress(step + 1, settings.steps, losses[-1])
    model.eval()
    last = losses[-max(1, len(losses) // 10) :]
    return {
        **asdict(settings),
        "lessons": settings.steps * settings.batch_size,
        "questions": questions,
        "seconds": round(time.monotonic() - started),
        "loss": sum(last) / len(last),
    }


def learning_rate(step: int, settings: NanoSettings) -> float:
    """The share of the full learning rate: a linear rise over the warm-up, then half a cosine down to a twentieth."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    done = (step - settings.warmup_steps) / max(1, settings.steps - settings.warmup_steps)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _groups(model: Any, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices decay, norms and biases don't."""
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _batch(loaded: Checkpoint, lessons: Sequence[Lesson], settings: NanoSettings) -> dict[str, torch.Tensor]:
    """Lessons as one batch; a lesson's questions share the image before them and do not see each other."""
    packs = [_pack(loaded, samples, image, settings) for samples, image in lessons]
    length = max(len(pack.ids) for pack in packs)
    ids = torch.full((len(packs), length), loaded.processor.tokenizer.pad_token_id)
    weights, parts = torch.zeros(len(packs), length), torch.full((len(packs), length), -1)
    positions = torch.zeros(3, len(packs), length, dtype=torch.long)
    for index, pack in enumerate(packs):
        span = slice(0, len(pack.ids))
        ids[index, span], weights[index, span] = torch.tensor(pack.ids), torch.tensor(pack.weights)
        parts[index, span], positions[:, index, span] = pack.parts, pack.positions
    batch = {
        "input_ids": ids,
        "attention_mask": sees(parts)[:, None],
        "position_ids": positions,
        "labels": ids.masked_fill(weights == 0, IGNORED),
        "loss_weights": weights,
        "pixel_values": torch.cat([pack.pixels for pack in packs]),
        "image_grid_thw": torch.cat([pack.grid for pack in packs]),
    }
    return {name: value.to(loaded.model.device) for name, value in batch.items()}


def sees(parts: torch.Tensor) -> torch.Tensor:
    """Which token sees which, [batch, length, length] of bool: what stands before it in its own part, and the shared
    part 0. Padding is part -1 and sees itself, as a row of all False has no softmax."""
    own = parts[:, :, None] == parts[:, None, :]
    shared = (parts[:, None, :] == 0) & (parts[:, :, None] >= 0)
    length = parts.shape[1]
    before = torch.ones(length, length, dtype=torch.bool).tril()
    return (own | shared) & before


@dataclass(frozen=True)
class _Pack:
    ids: list[int]
    weights: list[float]
    parts: torch.Tensor  # 0 for what all questions share, then 1, 2, ... by question
    positions: torch.Tensor  # [3, length]: each question's begin behind the shared part
    pixels: torch.Tensor
    grid: torch.Tensor


def _pack(loaded: Checkpoint, samples: Sequence[Sample], image: bytes, settings: NanoSettings) -> _Pack:
    rows = [render(sample, loaded.family, *settings.pixels, split="train") for sample in samples]
    encoded = [encode(row, loaded.processor.tokenizer) for row in rows]
    shared = encoded[0].ids.index(loaded.model.config.vision_end_token_id) + 1
    pixels, grid = image_patches(rows[0], shown(rows[0]), lambda _: image, loaded.processor)
    start = torch.tensor([encoded[0].ids[:shared]])
    kinds = (start == loaded.model.config.image_token_id).int()
    first, _ = loaded.model.model.get_rope_index(start, mm_token_type_ids=kinds, image_grid_thw=grid)
    ids, weights = list(encoded[0].ids[:shared]), list(encoded[0].weights[:shared])
    parts, positions = [torch.zeros(shared, dtype=torch.long)], [first[:, 0]]
    for number, tokens in enumerate(encoded, 1):
        own = len(tokens.ids) - shared
        ids += tokens.ids[shared:]
        # An answer counts by the root of its length: most tokens of a box are its brackets, and easy.
        length = sum(weight > 0 for weight in tokens.weights)
        weights += [weight / math.sqrt(length) for weight in tokens.weights[shared:]]
        parts.append(torch.full((own,), number))
        positions.append((first.max() + 1 + torch.arange(own)).expand(3, own))
    assert pixels is not None and grid is not None
    return _Pack(ids, weights, torch.cat(parts), torch.cat(positions, dim=1), pixels, grid)


def _loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The weighted mean over the answers' tokens. Matrices are multiplied in bfloat16, where that is faster."""
    weights = batch.pop("loss_weights")[:, 1:]
    with torch.autocast(model.device.type, torch.bfloat16):
        outputs = model(**batch, use_cache=False, fused_lm_head=True)
    loss: torch.Tensor = -(outputs.log_probs.float() * weights).sum() / weights.sum()
    return loss


def train_nano(out: Path, draw: Draw, settings: NanoSettings, progress: Progress | None = None) -> dict[str, Any]:
    """A new nano, taught and written to `out` in bfloat16, complete or absent; what `teach` returns. Raises
    FileExistsError where `out` exists."""
    with complete_or_absent(out) as partial:
        start = partial / "start"
        build_nano(start, seed=settings.seed)
        loaded = load_checkpoint(start, dtype=torch.float32)
        taught = teach(loaded, draw, settings, progress)
        loaded.model.to(torch.bfloat16).save_pretrained(partial)
        loaded.processor.save_pretrained(partial)
        shutil.rmtree(start)
    return taught
