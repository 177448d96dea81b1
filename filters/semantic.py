"""Semantic duplicates: near pairs of embeddings, searched inside clusters (SemDeDup, arXiv 2303.09540).

Comparing all pairs of n points takes n * n products. Points are therefore put into clusters of about a thousand, and
only those of one cluster are compared, so that the work grows with n. A point at the border of its cluster has
neighbours beyond it: as a member of its two nearest clusters it meets nearly all of them.

Points are rows of float32 [n, d] and need not be of length 1: similarity is the cosine of the angle between two. A row
of zeros is similar to nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from filters.reading.faiss import faiss_library

CLUSTER_SIZE = 1000  # platform default: a cluster's pairs take milliseconds
DIGITS = 4  # of a similarity: what float32 products give alike in any order

_ROUNDS = 20  # of k-means; its centroids need only be good enough to cut along
_BLOCK = 2048  # rows or pairs at a time, to bound memory

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def clusters_for(count: int) -> int:
    """How many clusters for so many points: of about CLUSTER_SIZE each, at least one. Below 2 * CLUSTER_SIZE points
    there is one, in which nothing is missed."""
    return max(1, count // CLUSTER_SIZE)


def train_centroids(sample: Floats, clusters: int, seed: int = 0) -> Floats:
    """Spherical k-means: float32 [m, d] to centroids of length 1, [min(clusters, m), d].

    The same rows in the same order give the same centroids, so the caller puts them in an order that is the data's own.
    At most 256 rows a cluster are used (faiss draws them by `seed`); below about 40 a cluster, borders are arbitrary.
    Raises ValueError without points.
    """
    if not len(sample) or clusters < 1:
        raise ValueError(f"{clusters} clusters of {len(sample)} points: give at least one of each")
    kmeans = faiss_library().Kmeans(
        sample.shape[1],
        min(clusters, len(sample)),
        niter=_ROUNDS,
        spherical=True,
        seed=seed,
        min_points_per_centroid=1,  # below 39 it would only print a warning
    )
    kmeans.train(_units(sample))
    return np.asarray(kmeans.centroids, dtype=np.float32)


def assign(points: Floats, centroids: Floats, nearest: int = 1) -> Ints:
    """The clusters of each point: int64 [n], or [n, min(nearest, k)] from the nearest on where `nearest` is above 1.

    In double precision, so that a point's clusters do not depend on what is assigned with it.

    Measured on 100,000 points of d = 64 in 100 clusters, half of them copies of the others at cosine 0.96 and about
    0.995: `nearest` 1 finds 72 and 91 % of the copies, 2 finds 96 and 99.8 %, at 2.4 times the work. Those points have
    no grouping of their own; of points around 500 themes it is 98 and 99.5 %, then 99.9 % and all.
    """
    wanted = min(nearest, len(centroids))
    found = np.empty((len(points), wanted), dtype=np.int64)
    columns = centroids.T.astype(np.float64)
    for start in range(0, len(points), _BLOCK):
        closeness = points[start : start + _BLOCK].astype(np.float64) @ columns
        rows = np.arange(len(closeness))
        for place in range(wanted):
            best = closeness.argmax(axis=1)
            found[start : start + _BLOCK, place] = best
            closeness[rows, best] = -np.inf
    return found[:, 0] if nearest == 1 else found


def near_pairs(points: Floats, least: float, most: int = 32) -> tuple[Ints, Ints, Floats]:
    """Pairs of one cluster's points, float32 [n, d], whose cosine similarity is at least `least`: their places i < j,
    and similarities, sorted by i and j.

    Each point is compared with all others, in time n * n * d; its `most` nearest can become pairs. So a million equal
    points give at most `most` pairs each, not all, but they hang together: who joins pairs into groups gets one group.
    A point that is near to many can be in more than `most` pairs, as others find it.

    Similarities are rounded to DIGITS before they are compared. The order of the points changes nothing but which of
    equally near ones the limit keeps.
    """
    count = len(points)
    if count < 2:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    units = _units(points)
    index = faiss_library().IndexFlatIP(units.shape[1])
    index.add(units)
    # One more than `most`, as a point finds itself, unless more of its equals stand before it.
    scores, found = index.search(units, min(most + 1, count))
    others = found != np.arange(count)[:, None]
    # What float noise hides from a threshold is decided below, where a pair has one similarity whatever its order.
    kept = others & (others.cumsum(axis=1) <= most) & (scores >= least - 2 * 10.0**-DIGITS)
    first, place = np.nonzero(kept)
    second = found[first, place]
    key = np.unique(np.minimum(first, second) * count + np.maximum(first, second))
    i, j = key // count, key % count
    similarity = np.round(_products(units, i, j), DIGITS)
    near = similarity >= least
    return i[near], j[near], similarity[near].astype(np.float32)


def _products(units: Floats, i: Ints, j: Ints) -> Doubles:
    """The cosine of each pair, summed in an order that depends on neither its place nor which point is first."""
    found = np.empty(len(i), dtype=np.float64)
    for start in range(0, len(i), _BLOCK):
        part = slice(start, start + _BLOCK)
        found[part] = (units[i[part]].astype(np.float64) * units[j[part]]).sum(axis=1)
    return found


def _units(points: Floats) -> Floats:
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.ascontiguousarray(points / np.where(lengths > 0, lengths, 1), dtype=np.float32)
