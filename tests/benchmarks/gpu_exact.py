"""Whether each attention back-end computes what ours does in float32: packs of texts, images and branches, and the
vision tower's windows, on random models of all families.

Every model has the same weights, numbers that bfloat16 can say, so that what differs is what a back-end computed. In
bfloat16 nothing is exact: a back-end is as good as `sdpa` where it is at most twice as far from float32. Distances are
relative ones, of all scores and of all gradients: those of a single loss may be small by luck.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from curation.contract.dataset import RenderedMedia
from model.attention import BRANCHING, AttentionError, Backend, use_attention
from model.encode import Encoded
from model.family import family
from model.pack import Packed, pack
from model.token_scores import add_token_scores
from tests.benchmarks.gpu_shapes import with_wide_heads
from tests.model.families import IMAGE, pixels_of, sample_of
from trainer.objectives import token_loss
from trainer.steps import model_inputs

HALF: tuple[Backend, ...] = ("sdpa", "varlen", "flash_attention_2")
# By the weights' type: adapters are trained on bfloat16 ones, whole weights are kept in float32 under autocast.
MODES = {"bf16": torch.bfloat16, "autocast": torch.float32}
_IMAGES: tuple[tuple[tuple[int, int], ...], ...] = (
    ((2, 3),),
    (),
    ((4, 2), (1, 5), (3, 3)),
    ((5, 6),),
    ((2, 2), (2, 2)),
)
_AS_GOOD = 2.0
_EPSILON = 1e-12
Named = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Computed:
    """What one back-end made of a pack, in float32 on the CPU."""

    loss: float
    scores: torch.Tensor
    gradients: Named


@dataclass(frozen=True)
class Expected:
    """What `sdpa` makes of everything in float32."""

    packed: Computed
    branching: Computed
    windows: Named


def check(name: str, device: str) -> dict[str, Any]:
    """All comparisons of one family. `control` is what a pack that is told nothing of its rows is off by: were it
    small, the others would say nothing."""
    rows, branching = _rows(name), _branching(name)
    with _whole_floats():
        whole = _model(name, torch.float32, device, "sdpa")
        expected = Expected(
            _packed(name, whole, rows, "sdpa"), _packed(name, whole, branching, "sdpa"), _windows(name, whole)
        )
        told: dict[str, Any] = {
            "packed_sdpa_fp32_against_each_row_alone": _apart(expected.packed, _alone(name, rows, device)),
            "windows_sdpa_fp32_against_one_by_one": _distance(expected.windows, _windows(name, _plain(name, device))),
            "control": _apart(_packed(name, whole, rows, "sdpa", leaking=True), expected.packed),
        }
    for mode, dtype in MODES.items():
        found = {backend: _compared(name, backend, dtype, device, expected) for backend in HALF}
        for backend, result in found.items():
            good = {} if "skipped" in result else {"as_good_as_sdpa": _as_good(result, found["sdpa"])}
            told[f"{backend}_{mode}"] = {**result, **good}
    return told


def _compared(name: str, backend: Backend, dtype: torch.dtype, device: str, expected: Expected) -> dict[str, Any]:
    try:
        model = _model(name, dtype, device, backend)
    except AttentionError as error:
        return {"skipped": str(error)}
    rows, branching = _rows(name), _branching(name)
    with torch.autocast(device, torch.bfloat16, enabled=dtype == torch.float32):
        found = {
            "packed": _tried(lambda: _apart(_packed(name, model, rows, backend), expected.packed)),
            "windows": _tried(lambda: _distance(_windows(name, model), expected.windows)),
        }
        if backend in BRANCHING:
            found["branches"] = _tried(lambda: _apart(_packed(name, model, branching, backend), expected.branching))
    return found


def _tried(compare: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return compare()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:500]}


@contextlib.contextmanager
def _whole_floats() -> Iterator[None]:
    """Without TF32, which cuDNN takes for convolutions unless it is told not to."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def _model(name: str, dtype: torch.dtype, device: str, backend: Backend) -> Any:
    model = with_wide_heads(name, dtype, device)
    add_token_scores(model)
    use_attention(model, backend)
    return model


def _plain(name: str, device: str) -> Any:
    """With transformers' own attention, one window after the other."""
    model = with_wide_heads(name, torch.float32, device)
    model.config.text_config._attn_implementation = model.config.vision_config._attn_implementation = "sdpa"
    return model


def _rows(name: str) -> list[Packed]:
    kind = family(name)
    return [sample_of(kind, list(sizes), seed, words=8 + 9 * seed) for seed, sizes in enumerate(_IMAGES)]


def _branching(name: str) -> list[Packed]:
    """A prompt with three answers of unlike lengths, between rows that have one."""
    prompt, rows = sample_of(family(name), [(3, 2), (2, 2)], seed=7), _rows(name)
    start = len(prompt.shared.ids) - 1
    last = prompt.shared.ids[start:]
    answers = [[5, 6, 7, 8, 9], [9, 5], [11] * 70]
    branches = tuple(Encoded(last + said, [0.0] + [1.0] * len(said)) for said in answers)
    shared = Encoded(prompt.shared.ids[:start], [0.0] * start)
    return [rows[1], Packed(shared=shared, branches=branches, media=prompt.media), rows[0]]


def _pixels(media: Sequence[RenderedMedia], name: str, device: str) -> Named:
    if not media:
        return {}
    pixels, grids = zip(*(pixels_of(medium, family(name)) for medium in media), strict=True)
    told = torch.cat(pixels).bfloat16().float()
    return {"pixel_values": told.to(device), "image_grid_thw": torch.cat(grids).to(device)}


def _packed(name: str, model: Any, rows: Sequence[Packed], backend: Backend, leaking: bool = False) -> Computed:
    device = model.device
    batch = pack(rows, family(name), IMAGE, backend)
    if leaking:
        batch["layout"] = ((0, batch["layout"][-1][-1]),)
    batch = {key: each.to(device) if isinstance(each, torch.Tensor) else each for key, each in batch.items()}
    media = [medium for each in rows for medium in each.media]
    scores = model(**model_inputs(batch), **_pixels(media, name, device))
    return _computed(model, scores, token_loss(scores, batch["weights"]) / batch["weights"].sum())


def _alone(name: str, rows: Sequence[Packed], device: str) -> Computed:
    """Each row by itself, through transformers' own forward and from all logits."""
    model = _plain(name, device)
    scores, weights = [], []
    for each in rows:
        ids = torch.tensor([each.shared.ids], device=device)
        told = _pixels(each.media, name, device) | {"mm_token_type_ids": (ids == IMAGE).int()}
        found = model(input_ids=ids, **told, use_cache=False).logits.log_softmax(-1)[0, :-1]
        carried = torch.tensor(each.shared.weights, device=device)[1:]
        scores.append(found.gather(1, ids[0, 1:, None])[carried != 0, 0])
        weights.append(carried[carried != 0])
    every, weight = torch.cat(scores), torch.cat(weights)
    return _computed(model, every, token_loss(every, weight) / weight.sum())


def _computed(model: Any, scores: torch.Tensor, loss: torch.Tensor) -> Computed:
    model.zero_grad(set_to_none=True)
    loss.backward()
    gradients = {name: p.grad.float().cpu() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    return Computed(loss.item(), scores.detach().float().cpu(), gradients)


@torch.no_grad()
def _windows(name: str, model: Any) -> Named:
    """What the tower says of images that windows don't divide evenly."""
    kind = family(name)
    media = sample_of(kind, [(5, 7), (3, 4), (9, 2), (1, 1)], seed=3).media
    told = model.model.get_image_features(*_pixels(media, name, model.device).values(), return_dict=True)
    return {f"{at}": merged.float().cpu() for at, merged in enumerate(told.pooler_output)}


def _apart(found: Computed, expected: Computed) -> dict[str, Any]:
    return {
        "loss": found.loss,
        "loss_difference": abs(found.loss - expected.loss),
        "scores": _distance({"": found.scores}, {"": expected.scores}),
        "gradients": _distance(found.gradients, expected.gradients),
    }


def _distance(found: Named, expected: Named) -> dict[str, float]:
    """The largest difference, and the length of all differences over that of all numbers."""
    if found.keys() != expected.keys():
        raise ValueError(f"not the same names: {sorted(found.keys() ^ expected.keys())[:5]}")
    differences = {name: found[name] - expected[name] for name in found}
    return {
        "max_abs": max(float(each.abs().max()) for each in differences.values()),
        "relative": _length(differences) / max(_length(expected), _EPSILON),
        "largest": max(float(each.abs().max()) for each in expected.values()),
    }


def _length(named: Named) -> float:
    return float(torch.stack([each.norm().double() for each in named.values()]).norm())


def _as_good(result: dict[str, Any], sdpa: dict[str, Any]) -> bool:
    """Whether nothing failed, and all relative differences are at most twice those of `sdpa` in bfloat16."""
    ours, theirs = _relative(result), _relative(sdpa)
    failed = any("error" in each for each in (*result.values(), *sdpa.values()))
    return not failed and all(value <= _AS_GOOD * max(theirs[key], _EPSILON) for key, value in ours.items())


def _relative(result: dict[str, Any]) -> dict[str, float]:
    found = {}
    for what, told in result.items():
        for part in ("scores", "gradients"):
            if part in told:
                found[f"{what}.{part}"] = told[part]["relative"]
        if "relative" in told:
            found[what] = told["relative"]
    return found
