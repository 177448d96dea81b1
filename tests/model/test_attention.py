"""Attention over packs: grouped windows, branches in variable-length calls, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from model import attention
from model.attention import AttentionError, Layout, default_backend, spans, text_attention, use_attention
from tests.model.families import NAMES, tiny

# A sample, a pair with branches of unlike lengths, three branches, a sample of one token.
LAYOUT: Layout = ((0, 5), (5, 9, 12, 17), (17, 18, 20, 21, 25), (25, 26))


def _tokens(length: int, heads: int = 4, kept: int = 2, width: int = 8) -> tuple[torch.Tensor, ...]:
    """Query, key and value [1, heads, length, width], with fewer heads of keys than of queries."""
    generator = torch.Generator().manual_seed(length)
    counts = (heads, kept, kept)
    return tuple(torch.randn(1, count, length, width, generator=generator).requires_grad_() for count in counts)


def _one_by_one(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bounds: tuple[torch.Tensor, int],
    key_bounds: tuple[torch.Tensor, int],
    scale: float,
    causal: bool,
) -> torch.Tensor:
    """What torch's variable-length call computes, a sequence at a time; the last query sees the last key."""
    parts = []
    (starts, longest), (key_starts, longest_keys) = bounds, key_bounds
    assert (int(starts.diff().max()), int(key_starts.diff().max())) == (longest, longest_keys)
    assert starts.dtype == key_starts.dtype == torch.int32
    for a, b, c, d in zip(starts, starts[1:], key_starts, key_starts[1:], strict=False):
        q, k, v = (each.transpose(0, 1)[None] for each in (query[a:b], key[c:d], value[c:d]))
        seen = torch.ones(int(b - a), int(d - c), dtype=torch.bool)
        mask = seen.tril(int(d - c) - int(b - a)) if causal else seen
        found = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale, enable_gqa=True)
        parts.append(found[0].transpose(0, 1))
    return torch.cat(parts)


def _slopes(found: torch.Tensor, tokens: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    weights = torch.arange(found.numel(), dtype=found.dtype).reshape(found.shape).sin()
    return torch.autograd.grad((found * weights).sum(), tokens)


def test_a_layout_as_calls() -> None:
    found = spans(LAYOUT)
    assert found.first == ((0, 5), (5, 12), (17, 20), (25, 26))
    assert found.others == ((12, 17, 5, 9), (20, 21, 17, 18), (21, 25, 17, 18))


@pytest.mark.parametrize(
    "layout",
    [
        ((1, 3),),  # begins late
        ((0, 3), (4, 6)),  # a gap
        ((0, 3), (2, 6)),  # an overlap
        ((0, 0),),  # empty
        ((0, 3, 3),),  # an empty branch
        ((0, 3, 5, 4),),  # a branch that ends before it begins
    ],
)
def test_a_layout_that_does_not_lie_end_to_end_is_refused(layout: Layout) -> None:
    with pytest.raises(ValueError, match="does not lie end to end"):
        spans(layout)


def test_sdpa_sees_what_the_layout_says() -> None:
    """Against one call with the whole square as a mask, written down from the layout by hand."""
    query, key, value = tokens = _tokens(26)
    mask = torch.zeros(26, 26, dtype=torch.bool)
    for start, shared, *ends in LAYOUT:
        branches = list(zip([shared, *ends], ends, strict=False))
        for place in range(start, shared):
            mask[place, start : place + 1] = True
        for begin, end in branches:
            for place in range(begin, end):
                mask[place, start:shared] = True
                mask[place, begin : place + 1] = True
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=0.3, enable_gqa=True)
    found = attention._sdpa(query, key, value, LAYOUT, 0.3, 0.0)
    assert torch.allclose(found, expected.transpose(1, 2), atol=1e-6)
    for ours, theirs in zip(_slopes(found, tokens), _slopes(expected.transpose(1, 2), tokens), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("layout", [LAYOUT, ((0, 9), (9, 26)), ((0, 26),)])
def test_variable_lengths_compute_what_sdpa_does(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "varlen_call", _one_by_one)
    tokens = _tokens(26)
    expected = attention._sdpa(*tokens, layout, 0.3, 0.0)
    found = attention._varlen(*tokens, layout, 0.3, 0.0)
    assert torch.allclose(found, expected, atol=1e-6)
    for ours, theirs in zip(_slopes(found, tokens), _slopes(expected, tokens), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)
    with pytest.raises(AttentionError, match="no dropout"):
        attention._varlen(*tokens, layout, 0.3, 0.1)


@pytest.mark.parametrize("backend", ["sdpa", "varlen"])
def test_windows_in_groups_are_windows_one_by_one(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "varlen_call", _one_by_one)
    tokens = _tokens(40, kept=4)
    bounds = torch.tensor([0, 4, 8, 8, 14, 15, 19, 34, 40])  # of 4, 4, 0, 6, 1, 4, 15 and 6 patches
    found, _ = attention.vision_attention(torch.nn.Identity(), *tokens, None, cu_seq_lens_q=bounds, backend=backend)
    parts = [
        F.scaled_dot_product_attention(*(each[:, :, a:b] for each in tokens))
        for a, b in zip(bounds.tolist(), bounds.tolist()[1:], strict=False)
        if b > a
    ]
    expected = torch.cat(parts, dim=2).transpose(1, 2)
    assert torch.allclose(found, expected, atol=1e-6)
    for ours, theirs in zip(_slopes(found, tokens), _slopes(expected, tokens), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_windows_of_one_length_take_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, ...]] = []
    own = F.scaled_dot_product_attention

    def counted(query: torch.Tensor, *others: Any, **named: Any) -> torch.Tensor:
        calls.append(tuple(query.shape))
        return own(query, *others, **named)

    monkeypatch.setattr(F, "scaled_dot_product_attention", counted)
    bounds = torch.tensor([0, 4, 8, 14, 18, 24])
    attention.vision_attention(torch.nn.Identity(), *_tokens(24, kept=4), None, cu_seq_lens_q=bounds)
    assert calls == [(3, 4, 4, 8), (2, 4, 6, 8)]  # windows, heads, patches, width


def test_a_layout_of_another_length_or_with_a_mask_is_refused() -> None:
    tokens = _tokens(26)
    for layout, mask in ((LAYOUT[:2], None), (LAYOUT, torch.ones(1, 1, 26, 26))):
        with pytest.raises(ValueError, match="came with a mask, or as a batch of"):
            text_attention(torch.nn.Identity(), *tokens, mask, layout=layout, attend=attention._sdpa)


@pytest.mark.parametrize("name", NAMES)
def test_what_needs_a_gpu_says_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    model = tiny(name)
    before = model.config.text_config._attn_implementation, model.config.vision_config._attn_implementation
    with pytest.raises(AttentionError, match="`varlen` needs torch 2.11 .* use `sdpa`"):
        use_attention(model, "varlen")
    with pytest.raises(AttentionError, match="`flash_attention_2` needs the package flash-attn"):
        use_attention(model, "flash_attention_2")
    assert (model.config.text_config._attn_implementation, model.config.vision_config._attn_implementation) == before
    assert default_backend("cuda") == default_backend("cpu") == "sdpa"
