"""A reward model: a checkpoint with a head that scores answers, one score for each named dimension."""

from __future__ import annotations

import functools
import json
import math
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from curation.contract.dataset import RenderedRow
from model.attention import default_backend, use_attention
from model.inputs import DataError, ReadImage, fit_processor, image_patches, shown
from model.load import CONTRACT, HEAD_FILE, Checkpoint, CheckpointError, load_checkpoint, unwrapped
from model.pack import Packed, pack, sample

KIND = "reward"  # as a checkpoint says in its contract
_PACK_TOKENS = 4096


class RewardHead(torch.nn.Module):
    """Scores [answers, dimensions] of hidden states [answers, width], in float32 whatever surrounds it.

    Without a bias, which would be in both scores of a pair alike. It starts from N(0, 1 / (width + 1)) as in Stiennon
    et al. 2020 (arXiv 2009.01325, appendix B.1). Not a `Linear`, which an adapter would wrap.
    """

    def __init__(self, width: int, dimensions: Sequence[str], seed: int = 0) -> None:
        super().__init__()
        self.dimensions = tuple(dimensions)
        start = torch.randn(len(dimensions), width, generator=torch.Generator().manual_seed(seed))
        self.weight = torch.nn.Parameter(start / math.sqrt(width + 1))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        with torch.autocast(hidden.device.type, enabled=False):
            return torch.nn.functional.linear(hidden.float(), self.weight.float())


def add_reward_head(model: Any, head: RewardHead) -> None:
    """Let a model of the families be called with `ends` [answers]: it then returns the head's scores [answers,
    dimensions] of what stands at those places of the row (one row, flattened). Called without, the model is what it
    was, and so are the weights that it saves: the head is saved beside them."""
    original = model.forward
    model.reward_head = head.to(model.device)
    model._keys_to_ignore_on_save = {*(model._keys_to_ignore_on_save or ()), "reward_head.weight"}

    @functools.wraps(type(model).forward)
    def forward(self: Any, *args: Any, ends: torch.Tensor | None = None, **named: Any) -> Any:
        if ends is None:
            return original(*args, **named)
        hidden = self.model(*args, **named, use_cache=False).last_hidden_state
        return self.reward_head(hidden[0, ends])

    model.forward = types.MethodType(forward, model)


def answer_ends(places: torch.Tensor, answers: torch.Tensor, count: int) -> torch.Tensor:
    """Where each of `count` answers of a pack ends [count]: at the last token that is learnt of it, from the `places`
    [T] that predict and the `answers` [T] that they belong to."""
    ends = torch.zeros(count, dtype=places.dtype, device=places.device)
    return ends.scatter_reduce(0, answers, places + 1, "amax")


def write_head(head: RewardHead, folder: Path) -> None:
    weight = head.weight.detach().float().cpu().contiguous()
    save_file({"weight": weight}, folder / HEAD_FILE, {"dimensions": json.dumps(head.dimensions)})


def read_head(folder: Path) -> RewardHead:
    """Raises `CheckpointError` where there is none, or not a whole one."""
    try:
        with safe_open(folder / HEAD_FILE, "pt") as file:
            dimensions, weight = json.loads(file.metadata()["dimensions"]), file.get_tensor("weight")
    except (FileNotFoundError, SafetensorError) as error:
        raise CheckpointError(f"{folder} has no whole {HEAD_FILE}: it is no reward model. {error}") from None
    head = RewardHead(weight.shape[1], dimensions)
    head.load_state_dict({"weight": weight})
    return head


class RewardModel:
    """Scores answers with a loaded model that has a head; the processor must have the data's pixel budget.
    `pack_tokens` are computed at a time, or one longer row. What shares a pack with a row does not show in its scores.
    """

    def __init__(self, loaded: Checkpoint, pack_tokens: int = _PACK_TOKENS) -> None:
        self._model = unwrapped(loaded.model).eval()
        self._processor, self._family = loaded.processor, loaded.family
        self._pack_tokens = pack_tokens
        half = self._model.dtype in (torch.bfloat16, torch.float16)
        self._backend = default_backend(self._model.device.type) if half else "sdpa"
        use_attention(self._model, self._backend)

    @property
    def dimensions(self) -> tuple[str, ...]:
        head: RewardHead = self._model.reward_head
        return head.dimensions

    def score(self, rows: Sequence[RenderedRow], read: ReadImage) -> list[list[float]]:
        """The scores of each row's last answer, one for each of `dimensions`. Only differences between answers to one
        prompt mean anything: the log-odds that one is better. `model.answer.with_answer` puts another answer in a row.

        Raises `DataError` for a row without an answer, or whose image is missing, cannot be decoded or is not of the
        size that the row states.
        """
        if silent := [row.row_id for row in rows if row.answer_at == len(row.segments)]:
            raise DataError(f"{len(silent)} rows have no answer to score: {', '.join(silent[:10])}.")
        packed = [sample(row, self._processor.tokenizer) for row in rows]
        found: dict[int, list[float]] = {}
        for places in self._packs(packed):
            scores = self._scores([rows[at] for at in places], [packed[at] for at in places], read)
            found |= dict(zip(places, scores.tolist(), strict=True))
        return [found[at] for at in range(len(rows))]

    def _packs(self, packed: Sequence[Packed]) -> Iterator[list[int]]:
        """Rows by their places, those of like length together."""
        places: list[int] = []
        tokens = 0
        for at in sorted(range(len(packed)), key=lambda at: packed[at].tokens):
            if places and tokens + packed[at].tokens > self._pack_tokens:
                yield places
                places, tokens = [], 0
            places.append(at)
            tokens += packed[at].tokens
        if places:
            yield places

    def _scores(self, rows: Sequence[RenderedRow], packed: Sequence[Packed], read: ReadImage) -> torch.Tensor:
        model = self._model
        batch = pack(packed, self._family, model.config.image_token_id, self._backend)
        inputs: dict[str, Any] = {
            name: batch[name] for name in ("input_ids", "position_ids", "layout") if name in batch
        }
        inputs["ends"] = answer_ends(batch["places"], batch["answers"], len(rows))
        parts = [image_patches(row, shown(row), read, self._processor) for row in rows if shown(row)]
        if parts:
            inputs["pixel_values"] = torch.cat([pixels for pixels, _ in parts if pixels is not None])
            inputs["image_grid_thw"] = torch.cat([grid for _, grid in parts if grid is not None])
        inputs = {name: each if name == "layout" else each.to(model.device) for name, each in inputs.items()}
        with torch.inference_mode():
            scores: torch.Tensor = model(**inputs)
        return scores.cpu()


def load_reward(folder: str | Path, device: str | None = None, base: str | Path | None = None) -> RewardModel:
    """The reward model in `folder`, whole or an adapter on `base`, seeing images within the pixel budget that it was
    trained on. Raises `CheckpointError` for any other folder, and as `load_checkpoint` does."""
    path = Path(folder)
    contract = path / CONTRACT
    told = json.loads(contract.read_text(encoding="utf-8")) if contract.exists() else {}
    if told.get("kind") != KIND:
        raise CheckpointError(f"{folder} is no reward model: train one with `winnow train reward`.")
    head = read_head(path)
    loaded = load_checkpoint(path, device, base=base)
    fit_processor(loaded.processor, told["min_pixels"], told["max_pixels"])
    add_reward_head(unwrapped(loaded.model), head)
    return RewardModel(loaded)
