"""Plans of packs, by hand and by what must hold of any."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import trainer  # noqa: F401  before any of the torch libraries
from curation.contract.training import TrainSettings
from model.inputs import DataError
from trainer.plan import Budget, Length, Plan, best_fit, check_plan, make_plan, write_plan


def _lengths(*tokens: int) -> list[Length]:
    return [Length(each) for each in tokens]


def _settings(**changes: Any) -> TrainSettings:
    return TrainSettings(**{"pack_tokens": 100, **changes})


def _plan(lengths: list[Length], world: int = 1, data: str = "d", **changes: Any) -> Plan:
    return make_plan(lengths, _settings(**changes), data, world)


def test_the_longest_first_each_where_it_leaves_the_least_room() -> None:
    budget = Budget(tokens=10, patches=40)
    # 7 opens the first pack, 6 the second; 3 fits both and fills the first; 2 and 2 fill the second.
    assert best_fit(_lengths(2, 7, 3, 6, 2), budget) == [[1, 2], [3, 0, 4]]
    # Of packs with as little room the first takes it: 6, 6 and then 4.
    assert best_fit(_lengths(6, 6, 4), budget) == [[0, 2], [1]]
    assert best_fit(_lengths(10, 10), budget) == [[0], [1]]
    assert best_fit([], budget) == []


def test_a_pack_keeps_both_budgets_and_the_cap_of_samples() -> None:
    # By tokens all three would share one pack; by patches the second must not join the first.
    images = [Length(4, 24), Length(3, 20), Length(2, 16)]
    assert best_fit(images, Budget(tokens=10, patches=40)) == [[0, 2], [1]]
    assert best_fit(images, Budget(tokens=10, patches=60)) == [[0, 1, 2]]
    assert best_fit(_lengths(1, 1, 1, 1, 1), Budget(tokens=10, patches=40, samples=2)) == [[0, 1], [2, 3], [4]]
    for long in (Length(11), Length(1, 41)):
        with pytest.raises(ValueError, match="sample 1 has .* more than a pack"):
            best_fit([Length(1), long], Budget(tokens=10, patches=40))


def test_the_budget_is_that_of_the_settings() -> None:
    assert Budget.of(_settings()) == Budget(tokens=100, patches=400, samples=None)
    assert Budget.of(_settings(pack_patches=64, batch_size=3)) == Budget(tokens=100, patches=64, samples=3)


def test_every_sample_stands_once_in_each_epoch_and_no_pack_is_too_full() -> None:
    rng = random.Random(3)
    lengths = [Length(rng.randint(1, 100), rng.randint(0, 200)) for _ in range(500)]
    plan = _plan(lengths, epochs=2, batch_size=7, accumulation=3)
    assert Counter(place for pack in plan.packs for place in pack) == dict.fromkeys(range(500), 2)
    for pack in plan.packs:
        assert len(pack) <= 7
        assert sum(lengths[place].tokens for place in pack) <= 100
        assert sum(lengths[place].patches for place in pack) <= 400
    half = next(at for at in range(len(plan.packs)) if sum(map(len, plan.packs[: at + 1])) == 500) + 1
    first, second = plan.packs[:half], plan.packs[half:]
    assert {place for pack in first for place in pack} == set(range(500))
    assert set(first) != {pack for pack in second if pack}  # packed anew
    assert first != tuple(sorted(first))  # and in no order of lengths


def test_a_plan_is_the_same_for_the_same_input_and_another_for_each_other() -> None:
    lengths = _lengths(*range(1, 61))
    plan = _plan(lengths)
    random.seed(99)  # the state of the process does not show
    assert _plan(lengths) == plan
    others = [
        _plan(lengths, seed=18),
        _plan(lengths, pack_tokens=90),
        _plan(lengths, batch_size=2),
        _plan(lengths, accumulation=2),
        _plan(lengths, world=2),
        _plan(lengths, data="e"),
        _plan(lengths[::-1]),
        _plan(lengths, epochs=2),
    ]
    assert len({each.fingerprint for each in (plan, *others)}) == len(others) + 1
    # What is no part of a pack does not show either.
    assert _plan(lengths, learning_rate=1.0, lora_rank=3, save_every=7).fingerprint == plan.fingerprint


def test_a_fraction_of_an_epoch_takes_so_many_samples() -> None:
    lengths = _lengths(*[60] * 9)  # one to a pack
    assert [len(_plan(lengths, epochs=share).packs) for share in (0.1, 0.5, 1, 1.5, 2)] == [1, 5, 9, 14, 18]
    half = [place for pack in _plan(lengths, epochs=0.5).packs for place in pack]
    assert len(set(half)) == 5


def test_as_many_epochs_as_the_steps_need() -> None:
    lengths = _lengths(*[60] * 4)
    plan = _plan(lengths, max_steps=3, accumulation=2, epochs=0.1)
    assert (plan.steps, len(plan.packs)) == (3, 6)
    counted = Counter(place for pack in plan.packs for place in pack)
    assert set(counted) == {0, 1, 2, 3} and sum(counted.values()) == 6
    assert _plan(lengths, max_steps=1).steps == 1


def test_the_last_step_is_filled_with_empty_packs() -> None:
    plan = _plan(_lengths(*[60] * 5), world=2, accumulation=2)
    assert (plan.per_step, plan.steps) == (4, 2)
    assert [len(pack) for pack in plan.packs] == [1, 1, 1, 1, 1, 0, 0, 0]


def test_what_is_unfilled_by_hand() -> None:
    # 60 + 40 fill one pack, 50 half of another: 150 of 200.
    assert _plan(_lengths(60, 40, 50)).unfilled == pytest.approx(0.25)
    # With the empty pack of a last step, 150 of 400.
    assert _plan(_lengths(60, 40, 50), accumulation=4).unfilled == pytest.approx(1 - 150 / 400)


def test_the_file_says_each_pack(tmp_path: Path) -> None:
    plan = _plan([Length(60, 8), Length(40, 4), Length(50)], accumulation=2)
    write_plan(plan, tmp_path / "plan.parquet")
    rows = pq.read_table(tmp_path / "plan.parquet").to_pylist()
    assert [row["step"] for row in rows] == [0, 0]
    by_size = {len(row["samples"]): row for row in rows}
    assert (by_size[2]["tokens"], by_size[2]["patches"]) == (100, 12)
    assert (by_size[1]["tokens"], by_size[1]["patches"]) == (50, 0)
    said = json.loads(pq.read_schema(tmp_path / "plan.parquet").metadata[b"winnow"])
    assert said == {"fingerprint": plan.fingerprint, "world": 1, "per_step": 2}


def test_a_run_goes_on_with_its_own_plan_only(tmp_path: Path) -> None:
    lengths, path = _lengths(60, 40, 50), tmp_path / "plan.parquet"
    write_plan(_plan(lengths), path)
    check_plan(_plan(lengths), path)
    for other in (_plan(lengths, data="e"), _plan(lengths, seed=1, batch_size=1), _plan(lengths[:2])):
        with pytest.raises(DataError, match="its data, its base or its settings were others"):
            check_plan(other, path)
    with pytest.raises(DataError, match="it ran in 1 processes, and this is one of 2.*delete that folder"):
        check_plan(_plan(lengths, world=2), path)
    with pytest.raises(DataError, match="were others"):
        check_plan(replace(_plan(lengths), fingerprint=""), path)


def test_a_mix_like_the_real_one_fills_its_packs() -> None:
    """Lengths drawn to look like a mix of chat, receipts, charts and screens: a long tail, half of it with an image of
    100 to 1,300 tokens."""
    rng = random.Random(17)
    lengths = []
    for _ in range(3000):
        seen = rng.choice((0, rng.randint(100, 1300)))
        words = min(2500, int(rng.lognormvariate(5.2, 0.9)))
        lengths.append(Length(seen + words, 4 * seen))
    plan = make_plan(lengths, TrainSettings(pack_tokens=4096), "d")
    assert plan.unfilled <= 0.03
