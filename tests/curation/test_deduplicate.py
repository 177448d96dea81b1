from __future__ import annotations

from curation.deduplicate import components


def test_components_are_named_by_their_smallest_node() -> None:
    edges = [("d", "c"), ("b", "a"), ("c", "b"), ("y", "x")]
    assert components(edges) == {"a": "a", "b": "a", "c": "a", "d": "a", "x": "x", "y": "x"}
    assert components([]) == {}


def test_components_do_not_depend_on_the_order_of_edges() -> None:
    edges = [(f"{n:03}", f"{n + 1:03}") for n in range(200)]
    assert components(edges) == components(edges[::-1])
    assert set(components(edges[::2] + edges[1::2]).values()) == {"000"}
