"""Near pairs against all pairs by hand and by brute force; clusters, and what their borders cost."""

from __future__ import annotations

import numpy as np
import pytest

from filters.semantic import Floats, assign, clusters_for, near_pairs, train_centroids

# Cosines: 0 and 1: 0.8; 1 and 2: 0.6; 0 and 2: 0; 3 is opposite to 0.
CORNERS = np.array([[1, 0], [0.8, 0.6], [0, 1], [-1, 0]], dtype=np.float32)


def directions(count: int, width: int, seed: int) -> Floats:
    points = np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def twins(count: int, width: int, seed: int, noise: float) -> Floats:
    """So many directions, and behind them each once more with a little noise: point i is near to point i + count."""
    points = directions(count, width, seed)
    second = points + noise * directions(count, width, seed + 1)
    return np.concatenate([points, second / np.linalg.norm(second, axis=1, keepdims=True)])


def pair_set(points: Floats, least: float, most: int = 32) -> set[tuple[int, int]]:
    i, j, _ = near_pairs(points, least, most)
    return set(zip(i.tolist(), j.tolist(), strict=True))


def brute_force(points: Floats, least: float) -> set[tuple[int, int]]:
    similarity = np.round(points.astype(np.float64) @ points.T.astype(np.float64), 4)
    i, j = np.nonzero(np.triu(similarity >= least, k=1))
    return set(zip(i.tolist(), j.tolist(), strict=True))


def test_near_pairs_are_those_at_least_so_similar() -> None:
    i, j, similarity = near_pairs(CORNERS, least=0.6)
    assert (i.tolist(), j.tolist()) == ([0, 1], [1, 2])
    assert similarity == pytest.approx([0.8, 0.6])
    assert (i.dtype, j.dtype, similarity.dtype) == (np.int64, np.int64, np.float32)
    assert pair_set(CORNERS, least=0.8) == {(0, 1)}  # though the product of floats is a little off 0.8
    assert pair_set(CORNERS, least=0.8001) == set()
    assert pair_set(CORNERS, least=-1) == {(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)}


def test_length_does_not_count_and_nothing_is_near_to_zeros() -> None:
    stretched = CORNERS * np.array([[2], [0.5], [7], [1]], dtype=np.float32)
    assert pair_set(stretched, least=0.6) == {(0, 1), (1, 2)}
    assert pair_set(np.array([[1, 0], [0, 0], [0, 0], [3, 0]], dtype=np.float32), least=0.5) == {(0, 3)}


def test_few_points_give_few_pairs() -> None:
    for count in (0, 1):
        i, j, similarity = near_pairs(CORNERS[:count], least=0.5)
        assert len(i) == len(j) == len(similarity) == 0
    assert pair_set(CORNERS[:2], least=0.5) == {(0, 1)}


def test_near_pairs_are_those_of_brute_force_whatever_the_order() -> None:
    points = twins(300, 16, seed=1, noise=0.3)
    wanted = brute_force(points, 0.6)
    assert len(wanted) > 300
    assert pair_set(points, 0.6, most=600) == wanted
    order = np.random.default_rng(2).permutation(600)
    shuffled = pair_set(points[order], 0.6, most=600)
    assert {tuple(sorted((int(order[i]), int(order[j])))) for i, j in shuffled} == wanted
    first, again = near_pairs(points, 0.6), near_pairs(points, 0.6)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_equal_points_give_limited_pairs_that_hang_together() -> None:
    points = np.repeat(CORNERS[:1], 500, axis=0)
    i, j, similarity = near_pairs(points, least=0.99, most=8)
    assert 499 <= len(i) <= 500 * 8
    assert set(similarity.tolist()) == {1.0}
    group = list(range(500))  # the smallest point that each is joined to
    for _ in range(500):
        joined = [min(group[a], group[b]) for a, b in zip(i, j, strict=True)]
        before = group.copy()
        for a, b, least in zip(i, j, joined, strict=True):
            group[a], group[b] = min(group[a], least), min(group[b], least)
        if group == before:
            break
    assert set(group) == {0}


def test_the_limit_keeps_the_nearest() -> None:
    """Directions at 0, 10, 30 and 70 degrees: with one partner each, 0-10, 10-0, 30-10 and 70-30."""
    angles = np.radians([0, 10, 30, 70])
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert pair_set(points, least=0.1, most=1) == {(0, 1), (1, 2), (2, 3)}
    assert pair_set(points, least=0.1, most=2) == {(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)}


def test_clusters_are_of_about_a_thousand() -> None:
    assert [clusters_for(count) for count in (0, 999, 1999, 2000, 1_000_000)] == [1, 1, 1, 2, 1000]


def test_centroids_lie_in_the_middle_of_hand_made_clusters() -> None:
    around = np.array([[0.9, 0.1, 0], [0.9, -0.1, 0], [0, 0.1, 0.9], [0, -0.1, 0.9]], dtype=np.float32)
    centroids = train_centroids(around, clusters=2)
    assert sorted(np.round(centroids, 4).tolist()) == [[0, 0, 1], [1, 0, 0]]
    found = assign(around, centroids)
    assert found[0] == found[1] != found[2] == found[3]
    assert found.dtype == np.int64


def test_centroids_are_deterministic_and_no_more_than_points() -> None:
    points = directions(3000, 8, seed=3)
    first = train_centroids(points, 5, seed=4)
    assert first.shape == (5, 8) and first.dtype == np.float32
    assert np.linalg.norm(first, axis=1) == pytest.approx(1)
    assert np.array_equal(first, train_centroids(points, 5, seed=4))
    assert not np.array_equal(first, train_centroids(points, 5, seed=5))
    assert train_centroids(points[:3], 5).shape == (3, 8)
    for sample, clusters in ((points[:0], 5), (points, 0)):
        with pytest.raises(ValueError, match="at least one of each"):
            train_centroids(sample, clusters)


def test_assign_names_the_nearest_centroids_in_order() -> None:
    centroids = np.array([[1, 0], [0, 1], [-1, 0]], dtype=np.float32)
    points = np.array([[0.9, 0.4], [-0.6, 0.8], [0.7, 0.7]], dtype=np.float32)
    assert assign(points, centroids).tolist() == [0, 1, 0]  # of equally near ones the first
    assert assign(points, centroids, nearest=2).tolist() == [[0, 1], [1, 2], [0, 1]]
    assert assign(points, centroids, nearest=9).shape == (3, 3)
    assert assign(points[:0], centroids, nearest=2).shape == (0, 2)
    many = directions(5000, 8, seed=6)  # more than one block
    whole = assign(many, directions(7, 8, seed=7), nearest=2)
    apart = np.concatenate(
        [assign(many[start : start + 3], directions(7, 8, seed=7), 2) for start in range(0, 5000, 3)]
    )
    assert np.array_equal(whole, apart)


def recall(points: Floats, wanted: set[tuple[int, int]], least: float, nearest: int) -> float:
    clusters = assign(points, train_centroids(points, clusters_for(len(points))), nearest).reshape(len(points), nearest)
    found: set[tuple[int, int]] = set()
    for cluster in range(clusters.max() + 1):
        members = np.nonzero((clusters == cluster).any(axis=1))[0]
        found |= {(int(members[i]), int(members[j])) for i, j in pair_set(points[members], least)}
    assert found <= wanted
    return len(found) / len(wanted)


def test_a_second_cluster_finds_pairs_across_borders() -> None:
    """6,000 points in six clusters, without any grouping of their own: the hardest case."""
    points = twins(3000, 32, seed=8, noise=0.3)
    wanted = brute_force(points, 0.9)
    assert len(wanted) > 2000
    one, two = recall(points, wanted, 0.9, nearest=1), recall(points, wanted, 0.9, nearest=2)
    assert 0.7 < one < 0.95
    assert two > 0.97
