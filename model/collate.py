"""Examples to one padded batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch

IGNORED = -100  # the label that torch's cross-entropy and TRL's fused head leave out


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A row as the model reads it. `ids` and `weights` have one entry per token; `pixels` is [patches, values per
    patch] over all images of the row and `grid` [images, 3] in patches (t, h, w); both are None without an image."""

    ids: Sequence[int]
    weights: Sequence[float]
    pixels: torch.Tensor | None = None
    grid: torch.Tensor | None = None


def collate(
    examples: Sequence[Example], pad_id: int, image_id: int, side: Literal["left", "right"] = "right"
) -> dict[str, torch.Tensor]:
    """A batch of [rows, longest row] tensors: `input_ids`, `attention_mask`, `mm_token_type_ids`, `labels` (-100 where
    the weight is 0) and `loss_weights`; and `pixel_values`, `image_grid_thw` where any row has an image.

    `mm_token_type_ids` (1 on image tokens) is not optional: without it the model silently falls back to positions in
    one dimension. Pad on the right to train, on the left to generate.
    """
    length = max(len(example.ids) for example in examples)
    ids = torch.full((len(examples), length), pad_id, dtype=torch.long)
    mask = torch.zeros((len(examples), length), dtype=torch.long)
    weights = torch.zeros((len(examples), length), dtype=torch.float32)
    for index, example in enumerate(examples):
        count = len(example.ids)
        span = slice(0, count) if side == "right" else slice(length - count, length)
        ids[index, span] = torch.tensor(example.ids, dtype=torch.long)
        mask[index, span] = 1
        weights[index, span] = torch.tensor(example.weights, dtype=torch.float32)
    batch = {
        "input_ids": ids,
        "attention_mask": mask,
        "mm_token_type_ids": ((ids == image_id) & (mask == 1)).int(),
        "labels": ids.masked_fill(weights == 0, IGNORED),
        "loss_weights": weights,
    }
    pixels = [example.pixels for example in examples if example.pixels is not None]
    if pixels:
        batch["pixel_values"] = torch.cat(pixels)
        batch["image_grid_thw"] = torch.cat([example.grid for example in examples if example.grid is not None])
    return batch
