from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import fsspec
import pytest

from curation.duplicates.components import components, forget, local_components, stored

Edges = list[tuple[str, str]]


class Counted:
    """A checkpoint that knows what it was asked to write."""

    def __init__(self, folder: Path) -> None:
        self.names: list[str] = []
        self._stored = stored(str(folder), "attempt")

    def __call__(self, frame: Any, name: str) -> Any:
        self.names.append(name)
        return self._stored(frame, name)

    @property
    def rounds(self) -> int:
        return sum(name.startswith("round-") for name in self.names)


def found(
    spark: Any, edges: Edges, checkpoint: Any, partitions: int = 3, most_rounds: int = 50, few: int = 0
) -> dict[str, str]:
    frame = spark.createDataFrame(edges, "a string, b string").repartition(partitions)
    rows = components(frame, checkpoint, most_rounds, few).collect()
    assert len({row["node"] for row in rows}) == len(rows)
    return {row["node"]: row["component"] for row in rows}


def searched(edges: Edges) -> dict[str, str]:
    """The components by breadth-first search, smallest nodes first."""
    neighbours: dict[str, set[str]] = {}
    for a, b in edges:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    component: dict[str, str] = {}
    for first in sorted(neighbours):
        waiting = [] if first in component else [first]
        while waiting:
            node = waiting.pop()
            if node not in component:
                component[node] = first
                waiting.extend(neighbours[node])
    return component


def drawn(seed: int, nodes: int, edges: int) -> Edges:
    draw = random.Random(seed)
    return [(str(draw.randrange(nodes)), str(draw.randrange(nodes))) for _ in range(edges)]


HAND_WORKED: list[tuple[Edges, dict[str, str]]] = [
    ([("b", "a")], {"a": "a", "b": "a"}),
    ([("d", "c"), ("b", "a"), ("c", "b"), ("y", "x")], {"a": "a", "b": "a", "c": "a", "d": "a", "x": "x", "y": "x"}),
    ([("a", "b"), ("b", "a"), ("a", "b"), ("a", "a")], {"a": "a", "b": "a"}),
    ([("z", "z"), ("b", "c"), ("z", "z")], {"z": "z", "b": "b", "c": "b"}),
    ([("1", "9"), ("9", "10"), ("é", "z"), ("z", "Z")], {"1": "1", "10": "1", "9": "1", "Z": "Z", "z": "Z", "é": "Z"}),
]


@pytest.mark.parametrize(("edges", "expected"), HAND_WORKED)
def test_one_task_joins_its_own_edges(edges: Edges, expected: dict[str, str]) -> None:
    assert local_components(edges) == expected == local_components(edges[::-1]) == searched(edges)


@pytest.mark.spark
def test_hand_worked_graphs(spark: Any, tmp_path: Path) -> None:
    """All at once, which must not touch each other."""
    edges = [(f"{graph} {a}", f"{graph} {b}") for graph, (pairs, _) in enumerate(HAND_WORKED) for a, b in pairs]
    expected = {
        f"{graph} {node}": f"{graph} {component}"
        for graph, (_, components) in enumerate(HAND_WORKED)
        for node, component in components.items()
    }
    assert found(spark, edges, stored(str(tmp_path), "attempt")) == expected


@pytest.mark.spark
@pytest.mark.parametrize(("seed", "partitions"), [(1, 1), (1, 8), (2, 3), (3, 8)])
def test_random_graphs(spark: Any, tmp_path: Path, seed: int, partitions: int) -> None:
    """Sparse enough for many components of many shapes; equal however the edges are spread and ordered."""
    edges = drawn(seed, nodes=600, edges=300)
    expected = searched(edges)
    assert len(set(expected.values())) > 50
    random.Random(partitions).shuffle(edges)
    turned = [(b, a) if number % 2 else (a, b) for number, (a, b) in enumerate(edges)]
    assert found(spark, turned, stored(str(tmp_path), "attempt"), partitions) == expected


@pytest.mark.spark
def test_few_edges_need_no_rounds(spark: Any, tmp_path: Path) -> None:
    edges = drawn(4, nodes=600, edges=400)
    checkpoint = Counted(tmp_path)
    assert found(spark, edges, checkpoint, few=400) == searched(edges) and checkpoint.names == ["start"]


@pytest.mark.spark
def test_an_empty_graph(spark: Any, tmp_path: Path) -> None:
    checkpoint = Counted(tmp_path)
    result = components(spark.createDataFrame([], "a string, b string"), checkpoint)
    assert result.columns == ["node", "component"] and result.count() == 0
    assert stored(str(tmp_path), "empty")(result, "read").schema.simpleString() == (
        "struct<node:string,component:string>"
    )


@pytest.mark.spark
def test_a_long_chain_takes_few_rounds(spark: Any, tmp_path: Path) -> None:
    names = [f"{number:04}" for number in range(1000)]
    checkpoint = Counted(tmp_path)
    edges = list(zip(names, names[1:], strict=False))
    assert found(spark, edges, checkpoint, partitions=8) == dict.fromkeys(names, "0000")
    assert 2 < checkpoint.rounds <= 2 * math.log2(1000)
    with pytest.raises(RuntimeError, match="still changed in round 1"):
        found(spark, edges, stored(str(tmp_path), "short"), partitions=8, most_rounds=1)


@pytest.mark.spark
@pytest.mark.parametrize("hub", ["0", "z"])
def test_a_star(spark: Any, tmp_path: Path, hub: str) -> None:
    """Its middle is the smallest or the largest node."""
    leaves = [f"leaf {number:04}" for number in range(2000)]
    checkpoint = Counted(tmp_path)
    expected = dict.fromkeys([hub, *leaves], min(hub, "leaf 0000"))
    assert found(spark, [(hub, leaf) for leaf in leaves], checkpoint) == expected and checkpoint.rounds <= 3


@pytest.mark.spark
def test_checkpoints_lie_in_storage_until_forgotten(spark: Any, tmp_path: Path) -> None:
    frame = stored(str(tmp_path), "one")(spark.range(5), "start")
    assert sorted(row["id"] for row in frame.collect()) == [0, 1, 2, 3, 4]
    assert frame.inputFiles() and all("/one-start/part-" in file for file in frame.inputFiles())
    stored(str(tmp_path), "two")(spark.range(5), "start")
    forget(str(tmp_path), "one")
    assert [path.name for path in tmp_path.iterdir()] == ["two-start"]


def test_remote_checkpoints_are_forgotten() -> None:
    filesystem = fsspec.filesystem("memory")
    for name in ("one-start", "one-round-1", "two-start"):
        filesystem.pipe_file(f"/winnow/t/{name}/part.parquet", b"")
    forget("memory://winnow/t", "one")
    assert [name.rsplit("/", 1)[-1] for name in filesystem.ls("/winnow/t", detail=False)] == ["two-start"]
    forget("memory://winnow/t", "one")
    filesystem.rm("/winnow", recursive=True)
