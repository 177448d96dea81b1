"""Log-probabilities of chosen tokens, without logits for all the others."""

from __future__ import annotations

import functools
import types
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

_LOGITS = 1 << 26  # at a time: 256 MB in float32


def add_token_scores(model: Any) -> None:
    """Let a model of the families be called with `places` [T] and `targets` [T]: it then returns the log-probabilities
    [T] of the targets, each by the position of the row (one row, flattened) that predicts it.

    A patched `forward`, so that adapters, data parallelism and checkpointing wrap it as they do any other. Called
    without, the model is what it was. TRL's fused head projects all positions on a CPU, these alone everywhere.
    """
    original = model.forward

    @functools.wraps(type(model).forward)
    def forward(
        self: Any,
        *args: Any,
        places: torch.Tensor | None = None,
        targets: torch.Tensor | None = None,
        **named: Any,
    ) -> Any:
        if places is None:
            return original(*args, **named)
        assert targets is not None
        hidden = self.model(*args, **named, use_cache=False).last_hidden_state
        return token_log_probs(hidden[0, places], self.lm_head, targets)

    model.forward = types.MethodType(forward, model)


def token_log_probs(hidden: torch.Tensor, head: torch.nn.Module, targets: torch.Tensor) -> torch.Tensor:
    """Log-probabilities [T] of `targets` [T] by `hidden` [T, width], in float32. Where logits for all of them would
    take too much memory, some are made at a time, and once more on the way back."""
    size = logits_at_a_time(int(head.weight.shape[0]))
    if len(targets) <= size:
        return _log_probs(hidden, head, targets)
    parts = zip(hidden.split(size), targets.split(size), strict=True)
    return torch.cat([checkpoint(_log_probs, part, head, wanted, use_reentrant=False) for part, wanted in parts])


def logits_at_a_time(vocabulary: int) -> int:
    """For how many targets logits are made together."""
    return max(1, _LOGITS // vocabulary)


def _log_probs(hidden: torch.Tensor, head: torch.nn.Module, targets: torch.Tensor) -> torch.Tensor:
    return -torch.nn.functional.cross_entropy(head(hidden).float(), targets, reduction="none")
