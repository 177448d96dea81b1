"""A pack computes what its samples compute alone, on all families and back-ends; so does a shared prompt."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from model.attention import Backend, use_attention
from model.encode import Encoded
from model.family import Family, family
from model.pack import Packed, pack
from model.positions import mrope_positions
from model.token_scores import add_token_scores
from tests.model.families import IMAGE, NAMES, pixels_of, sample_of, tiny
from trainer.features import Features, encoder_outputs
from trainer.objectives import token_loss
from trainer.steps import model_inputs


def samples(kind: Family) -> list[Packed]:
    """One to three images and none, of several sizes."""
    shown: list[list[tuple[int, int]]] = [[(2, 3)], [], [(4, 2), (1, 5), (3, 3)], [(5, 6)], [], [(2, 2), (2, 2)]]
    return [sample_of(kind, sizes, seed, words=8 + 3 * seed) for seed, sizes in enumerate(shown)]


def alone(model: Any, kind: Family, each: Packed) -> torch.Tensor:
    """Its weighted loss by transformers' own forward, from all logits."""
    ids = torch.tensor([each.shared.ids])
    told: dict[str, Any] = {"input_ids": ids, "mm_token_type_ids": (ids == IMAGE).int()}
    if each.media:
        pixels, grids = zip(*(pixels_of(medium, kind) for medium in each.media), strict=True)
        told |= {"pixel_values": torch.cat(pixels), "image_grid_thw": torch.cat(grids)}
    scores = model(**told, use_cache=False).logits.log_softmax(-1)[0, :-1]
    found = scores.gather(1, ids[0, 1:, None])[:, 0]
    return -(found * torch.tensor(each.shared.weights)[1:]).sum()


def packed(model: Any, kind: Family, several: Sequence[Packed], backend: Backend) -> torch.Tensor:
    return token_loss(model(**inputs(kind, several, backend)), pack(several, kind, IMAGE, backend)["weights"])


def inputs(kind: Family, several: Sequence[Packed], backend: Backend) -> dict[str, Any]:
    told = model_inputs(pack(several, kind, IMAGE, backend))
    media = [medium for each in several for medium in each.media]
    if media:
        pixels, grids = zip(*(pixels_of(medium, kind) for medium in media), strict=True)
        told |= {"pixel_values": torch.cat(pixels), "image_grid_thw": torch.cat(grids)}
    return told


def gradients(model: Any, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    model.zero_grad(set_to_none=True)
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def furthest(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    assert one.keys() == other.keys()
    return max(float((one[name] - other[name]).abs().max()) for name in one)


@functools.cache
def reference(name: str) -> tuple[float, dict[str, torch.Tensor]]:
    """The samples' mean loss and gradients, each by itself."""
    kind, model = family(name), tiny(name)
    several = samples(kind)
    total = sum(sum(each.shared.weights[1:]) for each in several)
    loss = sum((alone(model, kind, each) for each in several), torch.tensor(0.0)) / total
    return loss.item(), gradients(model, loss)


@pytest.mark.parametrize("backend", ["sdpa", "eager"])
@pytest.mark.parametrize("name", NAMES)
def test_a_pack_has_the_loss_and_the_gradients_of_its_samples(name: str, backend: Backend) -> None:
    kind, model = family(name), tiny(name)
    add_token_scores(model)
    use_attention(model, backend)
    several = samples(kind)
    total = sum(sum(each.shared.weights[1:]) for each in several)
    loss = packed(model, kind, several, backend) / total
    expected, slopes = reference(name)
    assert loss.item() == pytest.approx(expected, abs=1e-5)
    found = gradients(model, loss)
    assert len(slopes) > 30
    assert furthest(found, slopes) <= 1e-5
    assert max(float(each.abs().max()) for each in slopes.values()) > 1e-2  # so that 1e-5 says something


@pytest.mark.parametrize("name", NAMES)
def test_several_passes_have_the_gradients_of_one(name: str) -> None:
    kind, model = family(name), tiny(name)
    add_token_scores(model)
    use_attention(model, "sdpa")
    several = samples(kind)
    total = sum(sum(each.shared.weights[1:]) for each in several)
    parts = [several[4:], several[:1], several[1:4]]
    loss = sum((packed(model, kind, part, "sdpa") for part in parts), torch.tensor(0.0)) / total
    assert furthest(gradients(model, loss), reference(name)[1]) <= 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_beside_a_sample_does_not_show(name: str) -> None:
    kind, model = family(name), tiny(name)
    add_token_scores(model)
    use_attention(model, "sdpa")
    first, second, third = samples(kind)[0], samples(kind)[3], samples(kind)[5]
    with torch.no_grad():
        own = model(**inputs(kind, [first], "sdpa"))
        before = model(**inputs(kind, [first, second], "sdpa"))[: len(own)]
        behind = model(**inputs(kind, [second, third, first], "sdpa"))[-len(own) :]
        # A pack that is told nothing of its samples leaks: the check can fail.
        leaking = inputs(kind, [second, third, first], "sdpa")
        whole = (0, leaking["layout"][-1][-1])
        leaked = model(**{**leaking, "layout": (whole,)})[-len(own) :]
    for found in (before, behind):
        assert float((found - own).abs().max()) <= 1e-5
    assert float((leaked - own).abs().max()) > 1e-2


@pytest.mark.parametrize("name", NAMES)
def test_features_from_a_cache_are_the_pixels(name: str) -> None:
    kind, model = family(name), tiny(name)
    add_token_scores(model)
    use_attention(model, "sdpa")
    several = samples(kind)
    by_pixels = packed(model, kind, several, "sdpa")
    kept = []
    for medium in (medium for each in several for medium in each.media):
        pixels, grid = pixels_of(medium, kind)
        told = model.model.get_image_features(pixels, grid, return_dict=True)
        deep = getattr(told, "deepstack_features", None) or []
        kept.append(Features(told.pooler_output[0].detach(), tuple(layer[0].detach() for layer in deep)))
    calls: list[int] = []
    model.model.visual.register_forward_hook(lambda *_: calls.append(1))
    batch = pack(several, kind, IMAGE, "sdpa")
    found = model(**model_inputs(batch), mm_encoder_outputs=encoder_outputs(kept, torch.device("cpu")))
    assert token_loss(found, batch["weights"]).item() == pytest.approx(by_pixels.item(), rel=1e-6)
    assert not calls


@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_that_two_answers_share_scores_both_as_by_itself(name: str) -> None:
    kind, model = family(name), tiny(name)
    add_token_scores(model)
    use_attention(model, "sdpa")
    prompt, others = sample_of(kind, [(3, 2), (2, 2)], seed=7), samples(kind)
    start = len(prompt.shared.ids) - 1
    answers = [Encoded([5, 6, 7, 8], [1.0] * 4), Encoded([9, 5], [1.0] * 2)]
    last = Encoded(prompt.shared.ids[start:], [0.0])
    shared = Packed(
        shared=Encoded(prompt.shared.ids[:start], [0.0] * start),
        branches=tuple(Encoded(last.ids + each.ids, last.weights + each.weights) for each in answers),
        media=prompt.media,
    )
    whole = [
        replace(prompt, shared=Encoded(prompt.shared.ids + each.ids, [0.0] * (start + 1) + each.weights))
        for each in answers
    ]
    batch = pack([others[1], shared, others[0]], kind, IMAGE, "sdpa")
    assert batch["answers"].unique().tolist() == [0, 1, 2, 3]
    for number, each in enumerate(whole, start=1):
        expected = alone(model, kind, each)
        slopes = gradients(model, expected)
        loss = -model(**inputs(kind, [others[1], shared, others[0]], "sdpa"))[batch["answers"] == number].sum()
        assert loss.item() == pytest.approx(expected.item(), abs=1e-5)
        assert furthest(gradients(model, loss), slopes) <= 2e-5  # of a sum, not a mean
    with pytest.raises(ValueError, match="eager attention can't share"):
        pack([shared], kind, IMAGE, "eager")


@pytest.mark.parametrize("name", NAMES)
def test_positions_are_those_of_the_family(name: str) -> None:
    kind, model = family(name), tiny(name)
    for each in samples(kind):
        ids = torch.tensor([each.shared.ids])
        grids = [pixels_of(medium, kind)[1][0].tolist() for medium in each.media]
        found, following = mrope_positions(each.shared.ids, grids, IMAGE, kind.merge_size)
        expected, delta = model.model.get_rope_index(
            ids,
            mm_token_type_ids=(ids == IMAGE).int(),
            image_grid_thw=torch.tensor(grids) if grids else None,
        )
        assert found.tolist() == expected[:, 0].tolist()
        assert following == len(each.shared.ids) + int(delta)


def test_positions_by_hand() -> None:
    # Two words, an image of 2 x 3 merged patches, one word.
    found, following = mrope_positions([1, 2, 9, 9, 9, 9, 9, 9, 3], [(1, 4, 6)], 9, 2)
    assert found.tolist() == [
        [0, 1, 2, 2, 2, 2, 2, 2, 5],
        [0, 1, 2, 2, 2, 3, 3, 3, 5],
        [0, 1, 2, 3, 4, 2, 3, 4, 5],
    ]
    assert following == 6
    for ids, grids, words in (
        ([1, 9], [(1, 2, 4)], "does not fill its place"),
        ([1, 9, 9], [(1, 2, 2)], "more image tokens"),
        ([1, 2], [(1, 2, 2)], "more images"),
    ):
        with pytest.raises(ValueError, match=words):
            mrope_positions(ids, grids, 9, 2)


def test_a_pack_by_hand() -> None:
    kind = family("qwen2_5_vl")
    one = Packed(shared=Encoded([4, 5, 6], [1.0, 0.0, 0.5]))  # its first token is nobody's to predict
    pair = Packed(shared=Encoded([1, 2], [0.0, 0.0]), branches=(Encoded([3, 7], [0, 1]), Encoded([3, 8, 9], [0, 1, 1])))
    found = pack([one, pair], kind, 99, "sdpa")
    assert found["input_ids"].tolist() == [[4, 5, 6, 1, 2, 3, 7, 3, 8, 9]]
    assert found["layout"] == ((0, 3), (3, 5, 7, 10))
    assert found["position_ids"][0, 0].tolist() == [0, 1, 2, 0, 1, 2, 3, 2, 3, 4]
    assert found["places"].tolist() == [1, 5, 7, 8]
    assert found["targets"].tolist() == [6, 7, 8, 9]
    assert found["weights"].tolist() == [0.5, 1, 1, 1]
    assert found["answers"].tolist() == [0, 1, 2, 2]
    flat = pack([one, one], kind, 99, "flash_attention_2")
    assert flat["position_ids"].shape == (4, 1, 6)
    assert flat["position_ids"][0].tolist() == [[0, 1, 2, 0, 1, 2]]
    assert flat["cu_seq_lens_q"].tolist() == [0, 3, 6]
    empty = pack([], kind, 99, "sdpa", empty_id=1)
    assert empty["input_ids"].tolist() == [[1, 1]]
    assert empty["places"].tolist() == []
