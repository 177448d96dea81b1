"""What a step costs: its seconds, its memory, its FLOPs.

FLOPs of a pass are `a` N for each token that is no padding, `a` V h for each token that is learnt or scored, and
`b` L h for each pair of a token and one that it sees: itself and those before it, which is the causal half. N are the
parameters of the language model's layers, V the vocabulary, h the width, L the layers. `a` is 2 forward and 2 more back
to activations, so 4 for LoRA, and another 2 to weights, so 6 for full fine-tuning; `b` is 4 forward and 8 back:
attention has no weights, so that all of its way back goes to activations, with LoRA as without. What is computed once
more, the adapters and the vision tower are not counted: a variant with the tower in its steps shows lower. `mfu` is the
share of the card's dense bfloat16 peak.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from model.attention import Backend, Layout, varlen_call

Batch = dict[str, Any]
WARM = 2  # steps

_PEAKS = {"H100 80GB HBM3": 989e12, "H100 SXM": 989e12, "H200": 989e12, "A100": 312e12}  # dense, of the SXM cards
_SLOWER = ("PCIE", "NVL")  # cards of the same name with a lower peak


@dataclass(frozen=True)
class Work:
    """Of a batch: tokens that are no padding, those that are learnt or scored, pairs of one and one that it sees."""

    tokens: int
    scored: int
    seen: int


@dataclass(frozen=True)
class Cost:
    """FLOPs of steps of one kind; `forwards` are passes without a way back that a step has beside its own."""

    parameters: int
    text: Any
    full: bool = False
    forwards: int = 0

    def flops(self, work: Work) -> float:
        linear = (6 if self.full else 4) + 2 * self.forwards
        head = self.text.vocab_size * self.text.hidden_size * work.scored
        seen = (12 + 4 * self.forwards) * self.text.num_hidden_layers * self.text.hidden_size * work.seen
        return float(linear * (self.parameters * work.tokens + head) + seen)


def causal(length: int) -> int:
    return length * (length + 1) // 2


def seen_pairs(layout: Layout) -> int:
    """Of a pack: a branch sees itself and the part that it shares."""
    total = 0
    for start, shared, *ends in layout:
        total += causal(shared - start)
        for begin, end in zip([shared, *ends], ends, strict=False):
            total += (end - begin) * (shared - start) + causal(end - begin)
    return total


def peak_flops(card: str) -> float | None:
    """Dense bfloat16 FLOPs a second by the card's name; None for one that is not known."""
    if "A100" not in card and any(word in card.upper() for word in _SLOWER):
        return None
    return next((value for name, value in _PEAKS.items() if name in card), None)


def now(device: str) -> float:
    """Seconds on a clock, once all that was asked of the device is done."""
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter()


class _Mark:
    """A moment in what the device does, without waiting for it."""

    def __init__(self, device: str) -> None:
        self._event = torch.cuda.Event(enable_timing=True) if device != "cpu" else None
        self._moment = time.perf_counter()
        if self._event:
            self._event.record()

    def until(self, later: _Mark) -> float:
        """Seconds; both must have passed."""
        if self._event and later._event:
            return float(self._event.elapsed_time(later._event)) / 1000
        return later._moment - self._moment


def measure(
    step: Callable[[Batch], torch.Tensor], batches: Sequence[Batch], steps: int, device: str, cost: Cost
) -> dict[str, Any]:
    """Steps over so many batches, one after the other, after some to warm up. Each batch says how many `useful` tokens
    it has and what `work` it is."""
    if device != "cpu":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    losses = [step(batches[at % len(batches)]).item() for at in range(WARM)]
    chosen = [batches[at % len(batches)] for at in range(steps)]
    started, marks = now(device), [_Mark(device)]
    for batch in chosen:
        step(batch)
        marks.append(_Mark(device))
    seconds = now(device) - started
    each = [before.until(after) for before, after in zip(marks, marks[1:], strict=False)]
    work: list[Work] = [batch["work"] for batch in chosen]
    flops = sum(map(cost.flops, work)) / seconds
    peak = peak_flops(torch.cuda.get_device_name()) if device != "cpu" else None
    useful, places = sum(batch["useful"] for batch in chosen), sum(batch["input_ids"].numel() for batch in chosen)
    return {
        "steps": steps,
        "step_s": round(statistics.median(each), 4),
        "step_s_worst": round(max(each), 4),
        "tokens_per_s": round(useful / seconds, 1),
        "useful_tokens_a_step": round(useful / steps, 1),
        "padding": round(1 - sum(one.tokens for one in work) / places, 4),
        "tflops_per_s": round(flops / 1e12, 4),
        "mfu": round(flops / peak, 4) if peak else None,
        "peak_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2) if device != "cpu" else None,
        "first_loss": round(losses[0], 4),
    }


def best_backend(device: str) -> Backend:
    """`varlen` where it runs forward and back with fewer heads of keys than of queries, else `sdpa`: to have the kernel
    is not to have it with the arguments that we give."""
    bounds = torch.tensor([0, 3, 8], dtype=torch.int32, device=device), 5
    query, key, value = (
        torch.randn(8, heads, 64, dtype=torch.bfloat16, device=device, requires_grad=True) for heads in (4, 2, 2)
    )
    try:
        varlen_call(query, key, value, bounds, bounds, scale=0.1, causal=True).sum().backward()
    except Exception:
        return "sdpa"
    return "varlen"


def free(device: str) -> None:
    """Give back what nothing refers to any more. After an error that the device does not survive, this raises it."""
    gc.collect()
    if device != "cpu":
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
