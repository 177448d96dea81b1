"""Attention over packs: several samples in one row that do not see each other, without a mask of the row's square.

A pack is a row of documents. A document is a shared part and, for preferences, branches behind it: each branch sees the
shared part and itself, so that a prompt with two answers is computed once. The layout travels through the model as a
keyword (`layout`), as transformers hands what it does not know on to the attention function.

`sdpa` runs torch's attention document by document, those of one shape together: exact, on any device. `varlen` runs all
documents in one or two calls of `torch.nn.attention.varlen` (CUDA, half precision). `flash_attention_2` and `eager` are
transformers' own: they tell documents apart by positions that restart, and know no branches. The vision tower's windows
are grouped by length, instead of one call for each.
"""

from __future__ import annotations

import functools
import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch.nn import functional as F

Backend = Literal["sdpa", "varlen", "flash_attention_2", "eager"]
BACKENDS: tuple[Backend, ...] = ("sdpa", "varlen", "flash_attention_2", "eager")
BRANCHING: tuple[Backend, ...] = ("sdpa", "varlen")  # those that can share a prompt between answers

# A name with `flash` in it makes the vision tower hand over all windows at once, with their bounds.
_TEXT, _VISION = "winnow_{}", "winnow_flash_{}"

Document = tuple[int, ...]  # where it starts, where its shared part ends, where each of its branches ends
Layout = tuple[Document, ...]


class AttentionError(RuntimeError):
    """An attention back-end that can't run here."""


def default_backend(device: str) -> Backend:
    """The fastest that is exact and needs no package beyond torch."""
    return "varlen" if device.startswith("cuda") and _has_varlen() else "sdpa"


def use_attention(model: Any, backend: Backend) -> None:
    """Make a model of any family use a back-end, its language model and its vision tower. Raises `AttentionError` where
    the back-end can't run."""
    if backend == "varlen" and not _has_varlen():
        raise AttentionError("`varlen` needs torch 2.11 or newer on a CUDA GPU of compute capability 8; use `sdpa`.")
    if backend in BRANCHING:
        _register(backend)
        names = _TEXT.format(backend), _VISION.format(backend)
    else:
        names = backend, backend
        if backend == "flash_attention_2":
            _check_flash()
    # On the configurations, as `set_attn_implementation` looks a name with `flash` up on the hub.
    model.config.text_config._attn_implementation, model.config.vision_config._attn_implementation = names


def _has_varlen() -> bool:
    if not torch.cuda.is_available() or torch.cuda.get_device_capability() < (8, 0):
        return False
    try:
        from torch.nn.attention.varlen import varlen_attn
    except ImportError:
        return False
    return "window_size" in inspect.signature(varlen_attn).parameters


def _check_flash() -> None:
    from transformers.utils import is_flash_attn_2_available

    if not is_flash_attn_2_available():
        raise AttentionError(
            "`flash_attention_2` needs the package flash-attn on a CUDA GPU: `pip install flash-attn "
            "--no-build-isolation`. `varlen` is as fast and needs none."
        )


@functools.cache
def _register(backend: Backend) -> None:
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    attend: Attend = _sdpa if backend == "sdpa" else _varlen
    AttentionInterface.register(_TEXT.format(backend), functools.partial(text_attention, attend=attend))
    AttentionInterface.register(_VISION.format(backend), functools.partial(vision_attention, backend=backend))
    for name in (_TEXT, _VISION):
        AttentionMaskInterface.register(name.format(backend), sdpa_mask)


@dataclass(frozen=True)
class Spans:
    """A layout as calls: `first` are (start, end) of each shared part with its first branch, which is causal by itself;
    `others` are (branch start, branch end, shared start, shared end)."""

    first: tuple[tuple[int, int], ...]
    others: tuple[tuple[int, int, int, int], ...]


@functools.lru_cache(maxsize=16)
def spans(layout: Layout) -> Spans:
    """Raises ValueError for a layout whose documents leave gaps, overlap or are empty."""
    first, others, at = [], [], 0
    for start, shared, *ends in layout:
        bounds = [start, shared, *ends]
        if start != at or any(b <= a for a, b in zip(bounds, bounds[1:], strict=False)):
            raise ValueError(f"the layout {layout} does not lie end to end")
        first.append((start, ends[0] if ends else shared))
        others += [(a, b, start, shared) for a, b in zip(ends, ends[1:], strict=False)]
        at = bounds[-1]
    return Spans(tuple(first), tuple(others))


Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, Layout, float, float], torch.Tensor]


def text_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    layout: Layout | None = None,
    attend: Attend | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Query [1, heads, length, width], key and value with as many heads or fewer; returns [1, length, heads, width].

    Without a layout, as in generation, it is transformers' own sdpa. Raises ValueError for a layout that is not the
    length of the row.
    """
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    if layout is None:
        found: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **others
        )
        return found
    if attention_mask is not None or len(query) != 1 or layout[-1][-1] != query.shape[2]:
        raise ValueError(f"a pack of {layout[-1][-1]} tokens came with a mask, or as a batch of {tuple(query.shape)}")
    assert attend
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return attend(query, key, value, layout, scale, dropout), None


def _sdpa(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, layout: Layout, scale: float, dropout: float
) -> torch.Tensor:
    repeats = query.shape[1] // key.shape[1]
    if repeats > 1:
        key, value = (each.repeat_interleave(repeats, dim=1) for each in (key, value))
    q, k, v = (each[0].transpose(0, 1) for each in (query, key, value))  # [length, heads, width]
    parts = []
    groups, order = _sdpa_calls(layout, query.device)
    for places, keys, mask in groups:
        args = (q[places], k[keys], v[keys])  # [calls, length, heads, width]
        qs, ks, vs = (each.transpose(1, 2) for each in args)
        found = F.scaled_dot_product_attention(
            qs, ks, vs, attn_mask=mask, dropout_p=dropout, is_causal=mask is None, scale=scale
        )
        parts.append(found.transpose(1, 2).flatten(0, 1))
    return torch.cat(parts)[order][None]


@functools.lru_cache(maxsize=4)
def _sdpa_calls(
    layout: Layout, device: torch.device
) -> tuple[tuple[tuple[torch.Tensor, torch.Tensor, torch.Tensor | None], ...], torch.Tensor]:
    """Calls of one shape as one: the places of their queries and keys, [calls, length] each, and the mask where
    a branch has more keys than queries; then, for each place of the row, where its result stands in those of all."""
    calls = spans(layout)
    shapes: dict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
    for a, b in calls.first:
        shapes[b - a, 0].append((a, b, a))
    for a, b, c, d in calls.others:
        shapes[b - a, d - c].append((a, b, c))
    groups = []
    for (length, before), some in shapes.items():
        places = torch.stack([torch.arange(a, b) for a, b, _ in some])
        keys = torch.stack([torch.cat([torch.arange(c, c + before), torch.arange(a, b)]) for a, b, c in some])
        mask = torch.ones(length, before + length, dtype=torch.bool).tril(before) if before else None
        groups.append((places.to(device), keys.to(device), None if mask is None else mask.to(device)))
    order = torch.cat([places.flatten() for places, _, _ in groups]).argsort()
    return tuple(groups), order.to(device)


def _varlen(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, layout: Layout, scale: float, dropout: float
) -> torch.Tensor:
    if dropout:
        raise AttentionError("`varlen` has no dropout on attention; use `sdpa`.")
    # [length, heads, width], all in one type: with weights in float32, autocast leaves turned queries and keys in it.
    q, k, v = (each[0].transpose(0, 1).to(value.dtype) for each in (query, key, value))
    out = torch.empty_like(q)
    for places, keys, bounds, key_bounds in _varlen_calls(layout, query.device):
        found = varlen_call(q[places], k[keys], v[keys], bounds, key_bounds, scale, causal=True)
        out = out.index_copy(0, places, found)
    return out[None]


def varlen_call(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bounds: tuple[torch.Tensor, int],
    key_bounds: tuple[torch.Tensor, int],
    scale: float,
    causal: bool,
) -> torch.Tensor:
    """torch's variable-length attention; tokens [length, heads, width]; bounds are (cumulated lengths, the longest).
    The last query of a sequence sees its last key, whichever of them are more."""
    from torch.nn.attention.varlen import varlen_attn

    window = (-1, 0) if causal else (-1, -1)
    repeats = query.shape[1] // key.shape[1]
    options: dict[str, Any] = {}
    if repeats > 1 and "enable_gqa" in inspect.signature(varlen_attn).parameters:
        options["enable_gqa"] = True
    elif repeats > 1:
        key, value = (each.repeat_interleave(repeats, dim=1) for each in (key, value))
    (cu_q, max_q), (cu_k, max_k) = bounds, key_bounds
    found: torch.Tensor = varlen_attn(
        query, key, value, cu_q, cu_k, max_q, max_k, scale=scale, window_size=window, **options
    )
    return found


Bounds = tuple[torch.Tensor, int]


@functools.lru_cache(maxsize=4)
def _varlen_calls(
    layout: Layout, device: torch.device
) -> tuple[tuple[torch.Tensor, torch.Tensor, Bounds, Bounds], ...]:
    """Each call's queries and keys by their places, and their bounds: all first branches, then all others."""
    calls = spans(layout)
    places = torch.cat([torch.arange(a, b) for a, b in calls.first]).to(device)
    bounds = _bounds([b - a for a, b in calls.first], device)
    found = [(places, places, bounds, bounds)]
    if calls.others:
        queries = torch.cat([torch.arange(a, b) for a, b, _, _ in calls.others]).to(device)
        keys = torch.cat([torch.cat([torch.arange(c, d), torch.arange(a, b)]) for a, b, c, d in calls.others])
        own = [b - a for a, b, _, _ in calls.others]
        seen = [d - c + b - a for a, b, c, d in calls.others]
        found.append((queries, keys.to(device), _bounds(own, device), _bounds(seen, device)))
    return tuple(found)


def _bounds(lengths: list[int], device: torch.device) -> Bounds:
    total = torch.tensor([0, *lengths]).cumsum(0).to(device, torch.int32)
    return total, max(lengths)


def vision_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    cu_seq_lens_q: torch.Tensor | None = None,
    max_length_q: int | None = None,
    backend: Backend = "sdpa",
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Windows or images that see all of themselves and nothing else; [1, heads, length, width] as in a text.

    `cu_seq_lens_q` [windows + 1] are their bounds. `sdpa` puts windows of one length into one call.
    """
    assert cu_seq_lens_q is not None
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if backend == "varlen":
        q, k, v = (each[0].transpose(0, 1) for each in (query, key, value))
        longest = int(max_length_q or cu_seq_lens_q.diff().max())
        bounds = cu_seq_lens_q.to(torch.int32), longest
        return varlen_call(q, k, v, bounds, bounds, scale, causal=False)[None], None
    out = torch.empty_like(query)
    for places in _grouped(cu_seq_lens_q):
        q, k, v = (each[0][:, places].transpose(0, 1) for each in (query, key, value))  # [windows, heads, n, width]
        found = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scale)
        out = out.index_copy(2, places.flatten(), found.transpose(0, 1).flatten(1, 2)[None])
    return out.transpose(1, 2), None


def _grouped(bounds: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Places [windows, length] of the windows of each length. Kept on the tensor that all layers share: to read it is
    to wait for the GPU."""
    kept: tuple[torch.Tensor, ...] | None = getattr(bounds, "_winnow_groups", None)
    if kept is None:
        kept = tuple(places.to(bounds.device) for places in _places(bounds.tolist()))
        bounds._winnow_groups = kept  # type: ignore[attr-defined]
    return kept


def _places(bounds: list[int]) -> Iterator[torch.Tensor]:
    starts: dict[int, list[int]] = defaultdict(list)
    for start, end in zip(bounds, bounds[1:], strict=False):
        if end > start:
            starts[end - start].append(start)
    for length, found in sorted(starts.items()):
        yield torch.tensor(found)[:, None] + torch.arange(length)
