"""TEDS, the similarity of two HTML tables by tree edit distance (Zhong, ShafieiBavani and Jimeno Yepes 2020,
"Image-based table recognition", section V). Values are those of the metric script that PubTabNet comes with, on tables
like its own.

Three things are laid down that the script leaves open: `th` counts as `td`, as PubTabNet has no `th`; the first table
of an answer counts, wherever it stands in it; and the score is never below 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from apted import APTED, Config
from lxml import etree, html

from filters.text_metrics import edit_distance

# Above these a table is not compared, as the time grows at least with the square of the nodes (platform limits).
MOST_NODES = 1_000
MOST_CHARACTERS = 200_000
_DEEPEST = 30
_CELLS = ("td", "th")


@dataclass(slots=True)
class Node:
    """A node of a table's tree: its tag, how many columns and rows a cell spans, what stands in it. A cell is a leaf;
    its content is characters and inline tags."""

    tag: str
    span: tuple[int, int] = (1, 1)
    content: tuple[str, ...] = ()
    children: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Table:
    """A table's tree, and how many elements lie within the table, those inside cells too."""

    root: Node
    size: int


def teds(prediction: str, reference: str) -> float:
    """Similarity of structure and content, 0 to 1: 1 - edit distance / size of the larger table. Renaming a cell costs
    the share of its content that changes, any other edit 1. A prediction that is no table, is malformed or too large
    scores 0. Raises ValueError for such a reference.
    """
    return _similarity(prediction, reference, with_content=True)


def teds_structure(prediction: str, reference: str) -> float:
    """TEDS of the structure alone, whatever stands in the cells. Treats bad tables as `teds` does."""
    return _similarity(prediction, reference, with_content=False)


def read_table(text: str) -> Table:
    """The first HTML table of a text. Raises ValueError, saying why, where there is none that can be compared."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"more than {MOST_CHARACTERS:,} characters")
    parser = html.HTMLParser(remove_comments=True, remove_pis=True, no_network=True)
    try:
        document = html.document_fromstring(text.replace("\0", ""), parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise ValueError(f"no HTML: {error}") from None
    table = next(document.iter("table"), None)
    if table is None:
        raise ValueError("no <table> in it")
    size = sum(1 for _ in table.iter()) - 1
    if size > MOST_NODES:
        raise ValueError(f"more than {MOST_NODES:,} elements")
    return Table(_node(table, 0), size)


def _node(element: Any, depth: int) -> Node:
    if depth > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} elements within each other")
    if element.tag in _CELLS:
        span = int(element.get("colspan", "1")), int(element.get("rowspan", "1"))
        return Node("td", span, tuple(_tokens(element, depth)))
    return Node(element.tag, children=[_node(child, depth + 1) for child in element])


def _tokens(element: Any, depth: int) -> Iterator[str]:
    """What stands between an element's tags: characters, and the tags of what is in it."""
    if depth > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} elements within each other")
    yield from element.text or ""
    for child in element:
        yield f"<{child.tag}>"
        yield from _tokens(child, depth + 1)
        yield f"</{child.tag}>"
        yield from child.tail or ""


class _Costs(Config):  # type: ignore[misc]
    """What edits cost. The same two cells are compared many times over, so that their cost is kept."""

    def __init__(self, with_content: bool) -> None:
        self.with_content = with_content
        self.known: dict[tuple[int, int], float] = {}

    def rename(self, a: Node, b: Node) -> float:
        if (a.tag, a.span) != (b.tag, b.span):
            return 1.0
        if not self.with_content:
            return 0.0
        key = id(a), id(b)
        if key not in self.known:
            longer = max(len(a.content), len(b.content))
            self.known[key] = edit_distance(a.content, b.content) / longer if longer else 0.0
        return self.known[key]


def _similarity(prediction: str, reference: str, with_content: bool) -> float:
    try:
        wanted = read_table(reference)
    except ValueError as error:
        raise ValueError(f"the reference is no table that can be compared: {error}") from None
    try:
        found = read_table(prediction)
    except ValueError:
        return 0.0
    larger = max(found.size, wanted.size)
    if not larger:
        return 1.0
    distance = APTED(found.root, wanted.root, _Costs(with_content)).compute_edit_distance()
    return float(max(0.0, 1 - distance / larger))
