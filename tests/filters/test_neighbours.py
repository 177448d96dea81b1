"""Buckets against the formula, pairs against all pairs, and what keeps buckets that very many share from growing."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest

from filters import neighbours
from filters.neighbours import (
    ASKS,
    BANDS,
    ENTRY,
    HELD,
    MIRRORED,
    NEAREST,
    PAIR,
    STAND_FOR,
    Entries,
    band_buckets,
    entries_of,
    found_with_probability,
    joined,
    near,
    picture_entries,
)

Hashes = npt.NDArray[np.uint64]
BOTH = ASKS | HELD


def random_hashes(count: int, seed: int = 0) -> Hashes:
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64)


def flipped(hashes: Hashes, bits: int, seed: int = 0) -> Hashes:
    """Each with so many of its bits changed."""
    rng = np.random.default_rng(seed)
    places = rng.permuted(np.tile(np.arange(64, dtype=np.uint64), (len(hashes), 1)), axis=1)[:, :bits]
    return hashes ^ np.bitwise_xor.reduce(np.uint64(1) << places, axis=1) if bits else hashes.copy()


def numbered(hashes: Hashes, first: int = 0) -> Hashes:
    return np.arange(first, first + len(hashes), dtype=np.uint64)


def in_bands(hashes: Hashes, role: int = BOTH, first: int = 0) -> Entries:
    return entries_of(numbered(hashes, first), hashes, band_buckets(hashes), role)


def in_one_bucket(hashes: Hashes, role: int = BOTH, first: int = 0) -> Entries:
    return entries_of(numbered(hashes, first), hashes, np.full((len(hashes), 1), 7, np.uint32), role)


def listed(pairs: Entries) -> list[tuple[int, int, int, bool]]:
    assert pairs.dtype == PAIR
    found: list[tuple[int, int, int, bool]] = pairs.tolist()
    return found


def planted(seed: int = 0) -> Hashes:
    """150 random hashes and for each one with 0 to 12 bits changed."""
    first = random_hashes(150, seed)
    return np.concatenate([first, *(flipped(first[bits::13], bits, seed + bits) for bits in range(13))])


def by_brute_force(hashes: Hashes, most_bits: int) -> set[tuple[int, int, int, bool]]:
    """Pairs that share one of the six bands and are within the limit, by what the bands are: 10 or 11 of 64 bits."""
    texts = [f"{each:064b}" for each in hashes.tolist()]
    bands = [(0, 10), (10, 21), (21, 32), (32, 42), (42, 53), (53, 64)]
    found = set()
    for i, first in enumerate(texts):
        for j, second in enumerate(texts):
            bits = sum(a != b for a, b in zip(first, second, strict=True))
            if i != j and bits <= most_bits and any(first[slice(*band)] == second[slice(*band)] for band in bands):
                found.add((i, j, bits, False))
    return found


def test_found_with_probability_by_hand() -> None:
    assert [found_with_probability(bits) for bits in range(6)] == [1.0] * 6
    # Six bits miss all six bands only with one in each: the bands have 10 or 11 bits.
    assert found_with_probability(6) == pytest.approx(1 - 10 * 11 * 11 * 10 * 11 * 11 / math.comb(64, 6))
    assert found_with_probability(6) == pytest.approx(0.98047, abs=1e-5)
    assert found_with_probability(8) == pytest.approx(0.856, abs=0.0005)
    assert found_with_probability(2, bands=2) == pytest.approx(1 - 32 * 32 / math.comb(64, 2))
    assert found_with_probability(1, bands=1) == 0.0
    assert found_with_probability(64) == 0.0


def share_that_meets(bits: int, count: int = 20_000) -> float:
    """Of random hashes and the same with so many bits changed, how many share a bucket."""
    first = random_hashes(count, seed=bits)
    return float((band_buckets(first) == band_buckets(flipped(first, bits, seed=bits))).any(axis=1).mean())


@pytest.mark.parametrize("bits", range(12))
def test_hashes_meet_as_often_as_some_band_is_left_alone(bits: int) -> None:
    # By inclusion and exclusion of the bands in which none of `bits` of 64 places lies.
    widths, share = (10, 11, 11, 10, 11, 11), 0.0
    for count in range(1, 7):
        ways = sum(math.comb(64 - sum(chosen), bits) for chosen in itertools.combinations(widths, count))
        share -= (-1) ** count * ways / math.comb(64, bits)
    met = share_that_meets(bits)
    assert met == pytest.approx(share, abs=0.015)
    assert (met == 1.0) == (bits < BANDS)


@pytest.mark.parametrize("bits", [2, 5, 6, 7, 8, 9, 10])
def test_the_formula_says_how_often_hashes_meet(bits: int) -> None:
    assert found_with_probability(bits) == pytest.approx(share_that_meets(bits), abs=0.015)


def test_buckets_by_hand() -> None:
    # From the highest bits on: 10, 11, 11, 10, 11 and 11.
    bits = "1000000001000000000100000000001100000001000000000010111111111111"
    found = band_buckets(np.array([int(bits, 2)], dtype=np.uint64))
    assert found.dtype == np.uint32
    assert found.tolist() == [[513, 2048 + 2, 2 * 2048 + 3, 3 * 2048 + 4, 4 * 2048 + 5, 5 * 2048 + 2047]]


def test_each_bit_is_in_one_bucket() -> None:
    plain = band_buckets(np.zeros(1, dtype=np.uint64))
    changed = band_buckets(np.uint64(1) << np.arange(64, dtype=np.uint64)) != plain
    assert changed.sum(axis=1).tolist() == [1] * 64
    assert changed.sum(axis=0).tolist() == [10, 11, 11, 10, 11, 11]


def test_slots_share_no_bucket_and_neither_do_bands() -> None:
    hashes = np.append(random_hashes(3000), [np.uint64(0), np.uint64(2**64 - 1)])
    columns = [set(column.tolist()) for slot in range(14) for column in band_buckets(hashes, slot).T]
    assert len(columns) == 14 * BANDS
    assert len(set.union(*columns)) == sum(len(column) for column in columns)
    assert band_buckets(np.empty(0, dtype=np.uint64)).shape == (0, BANDS)


def test_entries_by_hand() -> None:
    found = entries_of(
        np.array([7, 8], np.uint64), np.array([70, 80], np.uint64), np.array([[1, 2], [3, 4]], np.uint32), ASKS
    )
    assert found.tolist() == [(1, 7, 70, 1), (2, 7, 70, 1), (3, 8, 80, 1), (4, 8, 80, 1)]


@pytest.mark.parametrize("most_bits", [0, 8, 12])
def test_pairs_are_those_of_all_pairs_that_share_a_band(most_bits: int) -> None:
    hashes = planted()
    wanted = by_brute_force(hashes, most_bits)
    assert len(wanted) >= 2 * 12 * (most_bits + 1) * 0.5
    found = near(in_bands(hashes), most_bits)
    assert set(listed(found.pairs)) == wanted
    assert len(found.pairs) == len(wanted)
    assert (found.stood_for, found.crowded) == (0, 0)


def test_neither_order_nor_other_buckets_change_what_is_found() -> None:
    entries = in_bands(planted())
    whole = listed(near(entries, 8).pairs)
    shuffled = np.random.default_rng(3).permutation(entries)
    assert listed(near(shuffled, 8).pairs) == whole
    parts = [near(entries[entries["bucket"] % 5 == part], 8) for part in range(5)]
    assert set().union(*(listed(part.pairs) for part in parts)) == set(whole)


def test_order_does_not_matter_in_a_crowded_bucket() -> None:
    hashes = flipped(np.full(300, 2**63, dtype=np.uint64), 3)
    entries = in_one_bucket(hashes)
    first, second = near(entries, 8), near(entries[::-1], 8)
    assert listed(first.pairs) == listed(second.pairs)
    assert (first.stood_for, first.crowded) == (second.stood_for, second.crowded)
    assert first.crowded == 300


@pytest.mark.parametrize("count", [50, 10_000])
def test_of_equal_hashes_the_first_two_stand_for_all(count: int) -> None:
    hashes = np.full(count, 12345, dtype=np.uint64)
    found = near(in_bands(hashes), 8)
    pairs = {(asker, held) for asker in range(count) for held in range(STAND_FOR) if asker != held}
    assert set(listed(found.pairs)) == {(asker, held, 0, False) for asker, held in pairs}
    assert len(found.pairs) == 2 * count - 2
    assert found.stood_for == (count - STAND_FOR) * BANDS
    assert found.crowded == 0


def test_one_picture_with_a_hash_twice_leaves_the_other_place_to_another() -> None:
    # Two cuts of picture 1 have the hash of the pictures 2 and 3: it is one picture that stands for them, not two.
    ids, hashes = np.array([1, 1, 2, 3], np.uint64), np.full(4, 99, dtype=np.uint64)
    held = entries_of(ids, hashes, np.full((4, 1), 7, np.uint32), HELD)
    asker = in_one_bucket(np.full(1, 99, dtype=np.uint64), ASKS, first=9)
    found = near(np.concatenate([held, asker]), 8)
    assert listed(found.pairs) == [(9, 1, 0, False), (9, 2, 0, False)]


def test_a_large_bucket_gives_the_pairs_of_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = in_one_bucket(np.concatenate([planted(), random_hashes(200, seed=9)]))
    assert len(entries) ** 2 > neighbours._FEW  # so that faiss looks
    large = near(entries, 12)
    monkeypatch.setattr(neighbours, "_FEW", 10**9)
    small = near(entries, 12)
    assert listed(large.pairs) == listed(small.pairs)
    assert len(large.pairs) >= 300
    assert (large.stood_for, large.crowded) == (small.stood_for, small.crowded) == (0, 0)
    monkeypatch.setattr(neighbours, "_AT_ONCE", 1000)  # several turns
    assert listed(near(in_bands(planted()), 12).pairs) == sorted(by_brute_force(planted(), 12))


def test_askers_with_more_neighbours_than_are_looked_at_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    # 100 hashes two bits from one centre, and 3 far from all: each of the 100 has 99 neighbours within four bits.
    crowd = np.unique(flipped(np.zeros(400, dtype=np.uint64), 2))[:100]
    far = np.uint64(2**64 - 1) ^ crowd[:3]
    entries = in_one_bucket(np.concatenate([crowd, far]))
    found = near(entries, 4)
    assert found.crowded == 100
    asked = np.bincount(found.pairs["asker"].astype(np.int64), minlength=103)
    assert set(asked[:100].tolist()) == {NEAREST - 1}  # it is its own nearest
    assert asked[100:].tolist() == [2, 2, 2]
    monkeypatch.setattr(neighbours, "_FEW", 10**9)
    everything = near(entries, 4)
    assert everything.crowded == 0
    assert len(everything.pairs) == 100 * 99 + 3 * 2
    assert set(listed(found.pairs)) < set(listed(everything.pairs))


def test_the_nearest_are_looked_at_first() -> None:
    close = np.uint64(1) << np.arange(20, dtype=np.uint64)
    distant = np.unique(flipped(np.zeros(6000, dtype=np.uint64), 6))[:5000]
    held = np.concatenate([in_one_bucket(distant, HELD), in_one_bucket(close, HELD, first=10_000)])
    found = near(np.concatenate([held, in_one_bucket(np.zeros(1, np.uint64), ASKS, first=20_000)]), 8)
    assert found.crowded == 1
    assert len(found.pairs) == NEAREST
    assert set(range(10_000, 10_020)) <= set(found.pairs["held"].tolist())
    assert sorted(found.pairs["bits"].tolist()) == [1] * 20 + [6] * 12


def test_roles() -> None:
    hashes = np.array([0b0, 0b1, 0b11], dtype=np.uint64)
    asks, held, both = (in_one_bucket(hashes[at : at + 1], role, at) for at, role in enumerate((ASKS, HELD, BOTH)))
    found = near(np.concatenate([asks, held, both]), 8)
    # 0 only asks, 1 is only found, 2 does both.
    assert listed(found.pairs) == [(0, 1, 1, False), (0, 2, 2, False), (2, 1, 1, False)]
    assert not len(near(np.concatenate([asks, asks]), 8).pairs)
    assert not len(near(np.concatenate([held, held]), 8).pairs)


def test_who_asks_with_a_mirror_image_is_told_unless_the_picture_itself_is_as_near() -> None:
    held = in_one_bucket(np.array([0b0000, 0b0111], dtype=np.uint64), HELD)
    plain = in_one_bucket(np.array([0b0001], dtype=np.uint64), ASKS, first=5)
    mirrored = in_one_bucket(np.array([0b0011], dtype=np.uint64), ASKS | MIRRORED, first=5)
    assert listed(near(np.concatenate([held, mirrored]), 8).pairs) == [(5, 0, 2, True), (5, 1, 1, True)]
    # 0 is nearer to the picture, 1 to its mirror image.
    assert listed(near(np.concatenate([held, plain, mirrored]), 8).pairs) == [(5, 0, 1, False), (5, 1, 1, True)]
    same = in_one_bucket(np.array([0b0001], dtype=np.uint64), ASKS | MIRRORED, first=5)
    assert listed(near(np.concatenate([held, same, plain]), 8).pairs)[0] == (5, 0, 1, False)


def windows_of(cuts: list[int], halves: list[int | None], mirror: int | None) -> str:
    """What the signal `window_phashes` says: ten cuts, two halves, the mirror image."""
    assert (len(cuts), len(halves)) == (10, 2)
    return "".join("-" * 16 if each is None else f"{each:016x}" for each in [*cuts, *halves, mirror])


def test_entries_of_pictures_by_hand() -> None:
    own, *rest = (int(each) for each in random_hashes(14, seed=4))
    text = windows_of(rest[:10], list(rest[10:12]), rest[12])
    found = picture_entries(np.array([5], np.uint64), [f"{own:016x}"], [text])
    assert len(found) == 14 * BANDS
    assert set(found["id"].tolist()) == {5}
    roles = {(each["hash"].item(), each["role"].item()) for each in found}
    assert roles == {
        (own, ASKS | HELD),
        (rest[12], ASKS | MIRRORED),
        *((each, HELD) for each in rest[:10]),
        *((each, ASKS | HELD) for each in rest[10:12]),
    }
    plain = picture_entries(np.array([5], np.uint64), [f"{own:016x}"], [text], mirrored=False)
    assert rest[12] not in plain["hash"]
    assert len(plain) == 13 * BANDS


def test_hashes_that_are_not_there_take_no_part() -> None:
    hashes = [int(each) for each in random_hashes(12, seed=6)]
    text = windows_of(hashes[:10], [None, hashes[10]], None)
    found = picture_entries(np.array([5], np.uint64), [None], [text])
    assert {each["hash"].item() for each in found} == set(hashes[:11])
    assert len(found) == 11 * BANDS
    nothing = picture_entries(np.array([5, 6], np.uint64), [None, None], ["-" * 208] * 2)
    assert len(nothing) == 0
    assert listed(near(nothing, 8).pairs) == []


def test_a_cut_finds_its_original_and_halves_find_the_same_halves() -> None:
    # Picture 2 is a cut of 1: its hash is that of the fourth window. Picture 3 has the upper half of 1. Picture 4 is
    # the mirror image of 1. The lower half of 5 is the upper one of 1, which counts for nothing.
    rng = iter(int(each) for each in random_hashes(100, seed=8))
    owns = [next(rng) for _ in range(5)]
    cuts = [[next(rng) for _ in range(10)] for _ in range(5)]
    halves: list[list[int | None]] = [[next(rng), next(rng)] for _ in range(5)]
    mirrors = [next(rng) for _ in range(5)]
    owns[1], halves[2][0], owns[3], halves[4][1] = cuts[0][3] ^ 1, halves[0][0], mirrors[0] ^ 3, halves[0][0]
    mirrors[3] = owns[0] ^ 5
    texts = [windows_of(*each) for each in zip(cuts, halves, mirrors, strict=True)]
    ids = np.arange(1, 6, dtype=np.uint64)
    whole = [f"{each:016x}" for each in owns]
    found = listed(near(picture_entries(ids, whole, texts), 8).pairs)
    assert found == [(1, 3, 0, False), (1, 4, 2, True), (2, 1, 1, False), (3, 1, 0, False), (4, 1, 2, True)]
    plain = listed(near(picture_entries(ids, whole, texts, mirrored=False), 8).pairs)
    assert plain == [(1, 3, 0, False), (2, 1, 1, False), (3, 1, 0, False)]


def test_two_pictures_stand_for_those_with_the_same_hash_though_their_windows_have_it_too() -> None:
    rng = iter(int(each) for each in random_hashes(100, seed=8))
    texts = [windows_of([77, *(next(rng) for _ in range(9))], [None, None], None) for _ in range(3)]
    found = near(picture_entries(np.array([1, 2, 3], np.uint64), [f"{77:016x}"] * 3, texts), 8)
    assert {(asker, held) for asker, held, _, _ in listed(found.pairs)} == {(1, 2), (2, 1), (3, 1), (3, 2)}


def test_nobody_is_its_own_neighbour() -> None:
    hashes = random_hashes(4)
    entries = np.concatenate([in_bands(hashes), in_bands(hashes, ASKS | MIRRORED), in_bands(hashes, HELD)])
    pairs = listed(near(entries, 64).pairs)
    assert not any(asker == held for asker, held, _, _ in pairs)
    assert not len(near(in_bands(hashes[:1]), 64).pairs)


def test_nothing_to_look_at() -> None:
    for empty in (np.empty(0, ENTRY), joined([])):
        found = near(empty, 8)
        assert listed(found.pairs) == []
        assert (found.stood_for, found.crowded) == (0, 0)


def test_joined_gives_back_what_was_written() -> None:
    entries = in_bands(random_hashes(10))
    assert joined([entries[:7].tobytes(), b"", entries[7:].tobytes()]).tolist() == entries.tolist()


def test_very_many_in_one_bucket_stay_few_pairs() -> None:
    # A still film: 50,000 pictures within a few bits of each other. 2,000 of them ask.
    hashes = flipped(np.full(50_000, 2**40, dtype=np.uint64), 4)
    found = near(np.concatenate([in_one_bucket(hashes[:2000]), in_one_bucket(hashes[2000:], HELD, first=2000)]), 8)
    assert 0 < len(found.pairs) <= NEAREST * 2000
    assert found.crowded == 2000


def test_the_same_pair_in_several_buckets_is_given_once() -> None:
    first, second = np.array([0], dtype=np.uint64), np.array([1], dtype=np.uint64)  # they agree in five bands
    found = near(np.concatenate([in_bands(first), in_bands(second, first=1)]), 8)
    assert listed(found.pairs) == [(0, 1, 1, False), (1, 0, 1, False)]
