"""Reading the HTML of an answer: tags, what stands in them, tables as grids. Never raises, and takes linear time.

Only what answers hold is known of HTML: a tag ends at the next `>`, so that an attribute cannot hold one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from filters.frames import Batch
from filters.reading.lines import nothing

Box = tuple[float, float, float, float]

# Whole pieces are matched or not at all (*+), so that no text makes the search go back.
_PIECE = re.compile(r"<(/?)([A-Za-z][^\s<>/]*+)([^<>]*+)>|(<[A-Za-z/][^<>]*+\Z)|([^<]++|<)")
_ATTRIBUTE = re.compile(r"""(?<![\w-])([\w-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++))""")
_MOST_ATTRIBUTE_CHARACTERS = 1000
_BLANK = re.compile(r"&(?:nbsp|ensp|emsp|thinsp|#160|#xa0);", re.IGNORECASE)
_FURTHEST = 1e7

VOID = frozenset(("br", "hr", "img", "col", "input", "link", "meta", "wbr", "source", "area", "embed"))
_SECTIONS = (
    "html head body div span p h1 h2 h3 h4 h5 h6 section article header footer main nav figure figcaption".split()
)
_TABLES = "table caption colgroup thead tbody tfoot tr td th".split()
_INLINE = "a b i u em strong s del small sub sup mark font center code pre blockquote ol ul li dl dt dd style".split()
# Names that count as tags; what else stands between < and > is text: <image>, x<y>z.
PAIRED = frozenset((*_SECTIONS, *_TABLES, *_INLINE))
# Closed in either order: Qwen2.5-VL's report prints </html></body>.
_SHELL = ("html", "body")


@dataclass(slots=True)
class Element:
    """A tag that was opened. `parent`, `table` and `row` are the places in the list of the nearest element around it,
    of any name, table and tr; -1 where there is none. `filled` says whether a text or picture stands in it."""

    name: str
    attributes: dict[str, str]
    parent: int = -1
    table: int = -1
    row: int = -1
    filled: bool = False


@dataclass(slots=True)
class Page:
    """An answer's HTML. `faults` counts tags that are not closed, or not in order, or not opened."""

    elements: list[Element] = field(default_factory=list)
    unknown: int = 0  # tags of names that are not in PAIRED or VOID
    faults: int = 0


def pages(batch: Batch) -> dict[int, Page]:
    """The answers of a batch that hold a table or a `data-bbox`, by row; read once."""

    def compute() -> dict[int, Page]:
        answers = batch.sample.select("sample", "answer")
        with_html = answers.filter(answers["answer"].str.contains(r"(?i)<table|data-bbox"))
        return {row: read_page(answer) for row, answer in with_html.iter_rows()}

    return batch.once("pages", compute)


def spread(batch: Batch, values: Mapping[int, float | None], dtype: type[pl.DataType]) -> pl.Series:
    """One value for each sample of the batch, null where `values` has none for its row."""
    if not values:
        return nothing(batch, dtype)
    return pl.Series([values.get(row) for row in range(len(batch))], dtype=dtype)


def read_page(text: str) -> Page:
    """Read an answer, in a code fence or not. Attributes' names are in lower case."""
    page = Page()
    text = without_comments(text)
    if text.lstrip().startswith("```"):
        page.faults += text.count("```") % 2
    reader = _Reader(page)
    for closing, name, attributes, torn, words in _PIECE.findall(text):
        if words:
            reader.write(words)
        elif torn:
            page.faults += 1
        else:
            reader.tag(bool(closing), name.lower(), attributes)
    reader.end()
    return page


def without_comments(text: str) -> str:
    kept, position = [], 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept.append(text[position:start])
        position = end + 3
    return "".join([*kept, text[position:]])


class _Reader:
    """Keeps the elements that are open, and closes what a closing tag leaves open inside its own."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.open: list[int] = []
        self.names: Counter[str] = Counter()
        self.shell: Counter[str] = Counter()

    def write(self, words: str) -> None:
        if self.open and not self.page.elements[self.open[-1]].filled and _BLANK.sub("", words).strip():
            self.page.elements[self.open[-1]].filled = True

    def tag(self, closing: bool, name: str, attributes: str) -> None:
        if name in _SHELL:
            self.shell[name] += -1 if closing else 1
            self.page.faults += closing and bool(self.open)
        elif name not in PAIRED and name not in VOID:
            self.page.unknown += not closing
        elif closing:
            self.close(name)
        else:
            self.begin(name, attributes)

    def begin(self, name: str, attributes: str) -> None:
        elements, parent = self.page.elements, self.open[-1] if self.open else -1
        around = elements[parent] if parent >= 0 else Element("", {})
        here = len(elements)
        elements.append(
            Element(
                name,
                read_attributes(attributes),
                parent,
                parent if around.name == "table" else around.table,
                -1 if around.name == "table" else parent if around.name == "tr" else around.row,
            )
        )
        if name == "img":
            around.filled = True
        if name not in VOID and not attributes.rstrip().endswith("/"):
            self.open.append(here)
            self.names[name] += 1

    def close(self, name: str) -> None:
        if not self.names[name]:
            self.page.faults += name not in VOID
            return
        while True:
            closed = self.page.elements[self.open.pop()]
            self.names[closed.name] -= 1
            if closed.filled and closed.parent >= 0:
                self.page.elements[closed.parent].filled = True
            if closed.name == name:
                return
            self.page.faults += 1

    def end(self) -> None:
        self.page.faults += len(self.open) + sum(abs(count) for count in self.shell.values())


def read_attributes(text: str) -> dict[str, str]:
    """`a="1" b='2' c=3` as a dict, names in lower case, the first of two equal ones; the first 1,000 characters."""
    found: dict[str, str] = {}
    if "=" not in text:
        return found
    for name, double, single, bare in _ATTRIBUTE.findall(text[:_MOST_ATTRIBUTE_CHARACTERS]):
        found.setdefault(name.lower(), double or single or bare)
    return found


def read_box(text: str) -> Box | None:
    """`data-bbox`: four finite numbers between spaces, x1 < x2 and y1 < y2, or None."""
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError:
        return None
    if len(numbers) != 4 or not all(math.isfinite(number) and abs(number) <= _FURTHEST for number in numbers):
        return None
    x1, y1, x2, y2 = numbers
    return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None


def box_of(element: Element) -> Box | None:
    return read_box(element.attributes.get("data-bbox", ""))


def share_inside(inner: Box, outer: Box) -> float:
    """How much of `inner`, which has an area, lies in `outer`."""
    width = min(inner[2], outer[2]) - max(inner[0], outer[0])
    height = min(inner[3], outer[3]) - max(inner[1], outer[1])
    return max(width, 0.0) * max(height, 0.0) / ((inner[2] - inner[0]) * (inner[3] - inner[1]))
