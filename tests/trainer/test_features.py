"""What a frozen tower said, kept on disk: whose it is, how much of it there may be, and when there is none."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import trainer  # noqa: F401  before any of the torch libraries
from curation.contract.dataset import RenderedMedia
from curation.contract.training import TrainSettings
from model.family import family
from model.load import load_checkpoint
from tests.model.families import HIDDEN, NAMES, pixels_of, sample_of, tiny
from trainer.features import FeatureCache, Features, tower_fingerprint
from trainer.loop import Run
from trainer.sft import train_sft

KIND = family("qwen2_5_vl")
LARGE = 10**9


def _media(*sizes: tuple[int, int], seed: int = 1) -> list[RenderedMedia]:
    return list(sample_of(KIND, list(sizes), seed).media)


def _patches(medium: RenderedMedia) -> tuple[torch.Tensor, torch.Tensor]:
    return pixels_of(medium, KIND)


def _cache(folder: Path, most_bytes: int = LARGE, fingerprint: str = "a" * 64, model: Any = None) -> FeatureCache:
    return FeatureCache(folder, model or tiny("qwen2_5_vl"), fingerprint, most_bytes)


def _filled(cache: FeatureCache, media: Sequence[RenderedMedia]) -> None:
    cache.fill(cache.missing(media), _patches, 1 << 20)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.safetensors"))


def _equal(one: Sequence[Features], other: Sequence[Features]) -> bool:
    return all(
        torch.equal(a, b)
        for x, y in zip(one, other, strict=True)
        for a, b in zip((x.merged, *x.deep), (y.merged, *y.deep), strict=True)
    )


@pytest.mark.parametrize("name", NAMES)
def test_what_was_kept_is_what_the_tower_says(name: str, tmp_path: Path) -> None:
    kind, model = family(name), tiny(name)
    media = list(sample_of(kind, [(2, 3), (4, 2), (2, 3)], 1).media)
    cache = FeatureCache(tmp_path, model, "a" * 64, LARGE)
    cache.fill(cache.missing(media), lambda medium: pixels_of(medium, kind), 24)  # in several passes
    assert cache.seen == 3
    found = cache.of(media, lambda medium: pytest.fail("was looked at again"))
    alone = [cache.compute([pixels_of(medium, kind)])[0] for medium in media]
    for kept, fresh in zip(found, alone, strict=True):
        assert kept.merged.shape[0] in (6, 8)
        assert len(kept.deep) == len(fresh.deep) == (2 if name == "qwen3_vl" else 0)
        for one, other in zip((kept.merged, *kept.deep), (fresh.merged, *fresh.deep), strict=True):
            assert torch.allclose(one, other, atol=1e-5)
    assert cache.missing(media) == []


def test_a_tower_is_named_after_all_that_its_features_depend_on(nano: Path) -> None:
    loaded = load_checkpoint(nano, "cpu")
    model, processor = loaded.model, loaded.processor
    name = tower_fingerprint(model, processor)
    assert name == tower_fingerprint(load_checkpoint(nano, "cpu").model, processor)
    with torch.no_grad():
        model.lm_head.weight[0, 0] += 1  # no part of the tower
    assert tower_fingerprint(model, processor) == name
    others = [tower_fingerprint(model, processor, torch.bfloat16)]
    for setting, value in (("image_mean", [0.5, 0.5, 0.5]), ("resample", 2), ("do_normalize", False)):
        changed = copy.deepcopy(processor)
        setattr(changed.image_processor, setting, value)
        others.append(tower_fingerprint(model, changed))
    with torch.no_grad():
        weight = next(model.model.visual.parameters())
        weight.view(-1)[0] += 1e-3
        others.append(tower_fingerprint(model, processor))
        weight.view(-1)[0] -= 1e-3
    others.append(tower_fingerprint(model.to(torch.bfloat16), processor))
    assert len({name, *others}) == len(others) + 1


def test_a_file_of_another_tower_or_a_broken_one_is_not_used(tmp_path: Path) -> None:
    media = _media((2, 3))
    _filled(_cache(tmp_path), media)
    (path,) = _files(tmp_path)
    whole = path.read_bytes()
    other = _cache(tmp_path, fingerprint="a" * 32 + "b" * 32, model=tiny("qwen2_5_vl", seed=1))  # the same folder
    assert other.missing(media) == media
    assert not _equal(other.of(media, _patches), _cache(tmp_path).of(media, _patches))
    assert other.seen == 1
    for broken in (b"", whole[:40], whole[:-4], whole + b"....", b"\xff" * len(whole)):
        path.write_bytes(broken)
        cache = _cache(tmp_path)
        assert cache.missing(media) == media
        found = cache.of(media, _patches)
        assert (cache.seen, len(found)) == (1, 1)
    _filled(_cache(tmp_path), media)
    assert path.read_bytes() == whole  # mended
    assert not list(tmp_path.rglob("*.partial"))


def test_images_are_told_apart_by_bytes_turn_and_size(tmp_path: Path) -> None:
    (medium,) = _media((2, 3))
    larger = replace(medium, resized_height=4 * KIND.factor, vision_tokens=12)
    turned, same = replace(medium, orientation=6), replace(medium, mime="image/webp")
    cache = _cache(tmp_path)
    _filled(cache, [medium, larger, turned, same])
    assert (len(_files(tmp_path)), cache.seen) == (3, 3)
    found = cache.of([larger, medium, same], lambda _: pytest.fail("was looked at again"))
    assert [each.merged.shape[0] for each in found] == [12, 6, 6]


def test_what_other_runs_left_goes_first_the_longest_unused_first(tmp_path: Path) -> None:
    old, new, mine = (_media((2, 3), (2, 3), seed=seed) for seed in (1, 2, 3))
    _filled(_cache(tmp_path, fingerprint="b" * 64), old)
    _filled(_cache(tmp_path), new)
    for age, path in enumerate(_files(tmp_path)):
        os.utime(path, (1000 + age, 1000 + age))
    used = _cache(tmp_path, fingerprint="b" * 64)
    used.of(old[:1], _patches)  # so that the other of `old` is the longest unused
    others = [path for path in _files(tmp_path) if path.stat().st_mtime > 2000]
    size = _files(tmp_path)[0].stat().st_size
    each = 6 * HIDDEN * 4 + 512  # what is reckoned for an image: tokens, width, bytes of a number, header
    assert 6 * HIDDEN * 4 < size <= each
    cache = _cache(tmp_path, most_bytes=size + 2 * each)
    _filled(cache, mine)
    assert cache.seen == 2
    assert len(_files(tmp_path)) == 3  # one of the four has stayed: the one that was used last
    assert others[0] in _files(tmp_path)
    assert sum(path.stat().st_size for path in _files(tmp_path)) <= size + 2 * each


def test_what_does_not_fit_is_computed_when_it_is_asked_for(tmp_path: Path) -> None:
    media = _media((2, 3), (3, 2), (1, 6))
    each = 6 * HIDDEN * 4 + 512
    cache = _cache(tmp_path / "small", most_bytes=2 * each)
    _filled(cache, media)
    kept = _files(tmp_path / "small")
    assert (len(kept), cache.seen) == (2, 2)
    _filled(cache, media)  # its own is not thrown away for what would not fit either
    assert (_files(tmp_path / "small"), cache.seen) == (kept, 2)
    whole = _cache(tmp_path / "large")
    _filled(whole, media)
    found = cache.of(media, _patches)
    assert cache.seen == 3
    for one, other in zip(found, whole.of(media, _patches), strict=True):
        assert torch.allclose(one.merged, other.merged, atol=1e-5)
    assert _cache(tmp_path / "none", most_bytes=1).missing(media) == []


def _trained(made: Any, nano: Path, out: Path, **changes: Any) -> dict[str, Any]:
    settings = {"model": str(nano), "method": "full", "learning_rate": 2e-3, "max_steps": 2, "batch_size": 2}
    return train_sft(made, TrainSettings(**{**settings, **changes}), str(out))


def test_a_training_loses_the_same_with_features_kept_some_kept_or_none(made: Any, nano: Path, tmp_path: Path) -> None:
    media = [made.image(colour, 112, 84, (10, 10, 60, 60)) for colour in ("red", "blue", "green")]
    table = made.table([made.row(str(at), "What is it?", f"Box {at}.", [each]) for at, each in enumerate(media)])
    features = Path(made.store) / "features"
    none = _trained(table, nano, tmp_path / "none", cache_gb=0)
    assert not features.exists()
    some = _trained(table, nano, tmp_path / "some", cache_gb=2 * (12 * 192 * 4 + 512) / 1e9)
    assert len(_files(features)) == 2
    kept = _trained(table, nano, tmp_path / "all")
    assert len(_files(features)) == 3
    assert some["losses"] == pytest.approx(none["losses"], abs=1e-5)
    assert kept["losses"] == pytest.approx(none["losses"], abs=1e-5)


@pytest.mark.parametrize("bytes_", [1, LARGE])
def test_a_tower_in_pieces_is_asked_within_steps_unless_all_is_kept(
    made: Any, nano: Path, tmp_path: Path, bytes_: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    medium = made.image("red", 112, 84, (10, 10, 60, 60))
    table = made.table([made.row("a", "What is it?", "A box.", [medium])])
    asked: list[int] = []
    own, train = FeatureCache.of, Run.train
    monkeypatch.setattr(FeatureCache, "of", lambda self, *rest: asked.append(1) or own(self, *rest))
    plain = _trained(table, nano, tmp_path / "plain", cache_gb=0)
    monkeypatch.setattr(Run, "_sharded", lambda self: not hasattr(self, "trained"))
    monkeypatch.setattr(Run, "train", lambda self: (train(self), setattr(self, "trained", True)))
    found = _trained(table, nano, tmp_path / "out", cache_gb=bytes_ / 1e9)
    assert len(asked) == (2 if bytes_ == LARGE else 0)
    assert found["losses"] == pytest.approx(plain["losses"], abs=1e-5)


@pytest.mark.parametrize("policy", ["llm+merger", "merger", "all"])
def test_nothing_is_kept_of_a_tower_that_trains(made: Any, nano: Path, tmp_path: Path, policy: str) -> None:
    medium = made.image("red", 112, 84, (10, 10, 60, 60))
    _trained(made.table([made.row("a", "What is it?", "A box.", [medium])]), nano, tmp_path / "out", policy=policy)
    assert not (Path(made.store) / "features").exists()
