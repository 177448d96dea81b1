"""Packs: several samples in one row without padding, exactly as if each were computed by itself.

A sample is a document: the shared part, and for a preference two branches behind it. What is learnt is a list of
targets: which position predicts which token, with which weight, for which answer. The first token of a sample is
nobody's target, so that no loss leaks from one sample into the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from curation.contract.dataset import RenderedMedia, RenderedRow
from model.attention import BRANCHING, Backend, Document, Layout
from model.encode import Encoded, encode
from model.family import Family
from model.inputs import shown
from model.positions import mrope_positions


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A sample as it stands in a pack. `shared` and each of `branches` are ids with weights; `media` are the images
    that the shared part shows, in order."""

    shared: Encoded
    branches: tuple[Encoded, ...] = ()
    media: tuple[RenderedMedia, ...] = ()

    @property
    def tokens(self) -> int:
        return sum(len(part.ids) for part in (self.shared, *self.branches))


def sample(row: RenderedRow, tokenizer: Any) -> Packed:
    """A row to learn from as a whole."""
    return Packed(shared=encode(row, tokenizer), media=tuple(shown(row)))


def preference(chosen: RenderedRow, rejected: RenderedRow, tokenizer: Any, sharing: bool = True) -> tuple[Packed, ...]:
    """A pair as one document with two branches, chosen first; without `sharing` as two documents.

    A branch begins with the prompt's last token, once more: what it predicts differs, and targets are always the next
    token of the row. Both rows have one prompt (`pair_counts` has checked it).
    """
    both, media = [encode(row, tokenizer) for row in (chosen, rejected)], tuple(shown(chosen))
    if not sharing:
        return tuple(Packed(shared=answer, media=media) for answer in both)
    start = next(at for at, weight in enumerate(both[0].weights) if weight > 0) - 1
    branches = tuple(Encoded(answer.ids[start:], answer.weights[start:]) for answer in both)
    return (Packed(shared=Encoded(both[0].ids[:start], both[0].weights[:start]), branches=branches, media=media),)


def pack(
    samples: Sequence[Packed], family: Family, image_id: int, backend: Backend, empty_id: int = 0
) -> dict[str, Any]:
    """A row of samples as the model and the loss read it.

    `input_ids` [1, L]; `position_ids` [3, 1, L] with `layout` for our own attention, else [4, 1, L], whose first row
    counts from 0 in each sample, with the bounds that flash-attn reads; `places` [T], the positions that predict;
    `targets` [T], the tokens that they should; `weights` [T]; `answers` [T], the number of the answer in the pack that
    each belongs to: one for a sample, one for each branch. Without samples it is two tokens `empty_id` of which nothing
    is learnt. Raises ValueError for branches under a back-end that knows none.
    """
    if not samples:
        return pack([Packed(shared=Encoded([empty_id] * 2, [0.0, 0.0]))], family, image_id, backend)
    ids: list[int] = []
    positions, layout, places, weights, answers = [], [], [], [], []
    answer = 0
    for each in samples:
        grids = [_grid(medium, family) for medium in each.media]
        shared, following = mrope_positions(each.shared.ids, grids, image_id, family.merge_size)
        positions.append(shared)
        document: Document = (len(ids), len(ids) + len(each.shared.ids))
        for part in (each.shared, *each.branches):
            at = [i for i, weight in enumerate(part.weights) if weight != 0 and i > 0]
            places += [len(ids) + i - 1 for i in at]
            weights += [part.weights[i] for i in at]
            answers += [answer] * len(at)
            ids += part.ids
            answer += part is not each.shared or not each.branches
            if part is not each.shared:
                document += (len(ids),)
                positions.append(np.broadcast_to(following + np.arange(len(part.ids)), (3, len(part.ids))))
        layout.append(document)
    predicting = torch.tensor(places, dtype=torch.long)
    tokens = torch.tensor(ids, dtype=torch.long)
    return {
        "input_ids": tokens[None],
        **_seen(np.concatenate(positions, axis=1), tuple(layout), backend),
        "places": predicting,
        "targets": tokens[predicting + 1],
        "weights": torch.tensor(weights, dtype=torch.float32),
        "answers": torch.tensor(answers, dtype=torch.long),
    }


def _grid(medium: RenderedMedia, family: Family) -> tuple[int, int, int]:
    return 1, medium.resized_height // family.patch_size, medium.resized_width // family.patch_size


def _seen(positions: np.ndarray[Any, Any], layout: Layout, backend: Backend) -> dict[str, Any]:
    """How a back-end is told which tokens see each other."""
    three = torch.from_numpy(positions)[:, None]
    if backend in BRANCHING:
        return {"position_ids": three, "layout": layout}
    if any(len(document) > 2 for document in layout):
        raise ValueError(f"{backend} attention can't share a prompt between answers")
    bounds = [0, *(end for _, end in layout)]
    lengths = np.diff(bounds)
    restarting = torch.cat([torch.arange(int(length)) for length in lengths])[None, None]
    told: dict[str, Any] = {"position_ids": torch.cat([restarting, three])}
    if backend == "flash_attention_2":
        total = torch.tensor(bounds, dtype=torch.int32)
        longest = int(lengths.max())
        told |= {"cu_seq_lens_q": total, "cu_seq_lens_k": total, "max_length_q": longest, "max_length_k": longest}
    return told
