"""Defects of HTML tables and of pages in QwenVL HTML, each an edit of the answer's text."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import partial

from synth.defects.planting import Defect, answer_of, with_answer
from synth.specimen import Specimen

Edit = Callable[[str, random.Random], str | None]

_BOX = re.compile(r'data-bbox="([^"]*)"')
_TABLE = re.compile(r"<table[^>]*>.*?</table>", re.DOTALL)
_ROW = re.compile(r"<tr[^>]*>.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<(t[dh])([^>]*)>(.*?)</\1>", re.DOTALL)
_CLOSING = re.compile(r"</(?:td|tr|th|table|p|div|h[1-6])>")


def edited(edit: Edit, specimen: Specimen, rng: random.Random) -> Specimen | None:
    """The specimen whose answer is edited; None where the edit finds nothing to do."""
    answer = answer_of(specimen.sample)
    text = edit(answer, rng) if "<table" in answer or "data-bbox" in answer else None
    return None if text is None or text == answer else with_answer(specimen, text)


# ---- tags ----


def unclosed(answer: str, rng: random.Random) -> str | None:
    """One closing tag or a few left out."""
    tags = list(_CLOSING.finditer(answer))
    for tag in sorted(rng.sample(tags, min(len(tags), rng.choice((1, 1, 2, 5)))), key=lambda each: -each.start()):
        answer = answer[: tag.start()] + answer[tag.end() :]
    return answer


def cut_off(answer: str, rng: random.Random) -> str | None:
    """The end is missing, as where the longest answer was reached; somewhere after the first tags."""
    return answer[: rng.randint(len(answer) // 3, len(answer) - 9)] if answer.count(">") > 6 else None


def crossed(answer: str, rng: random.Random) -> str | None:
    """Two closing tags that stand one after the other change places."""
    places = list(re.finditer(r"(</(\w+)>)(\s*)(</(?!\2>)(?!html)\w+>)", answer))
    if not places:
        return None
    place = rng.choice(places)
    return answer[: place.start()] + place[4] + place[3] + place[1] + answer[place.end() :]


# ---- tables ----


def _in_table(answer: str, rng: random.Random, change: Callable[[str], str | None]) -> str | None:
    """One of the answer's tables changed."""
    found = list(_TABLE.finditer(answer))
    if not found:
        return None
    place = rng.choice(found)
    table = change(place[0])
    return None if table is None else answer[: place.start()] + table + answer[place.end() :]


def cell_lost(answer: str, rng: random.Random) -> str | None:
    """A cell that is missing from its row."""

    def change(table: str) -> str | None:
        rows = [row for row in _ROW.finditer(table) if len(_CELL.findall(row[0])) > 1]
        if len(list(_ROW.finditer(table))) < 3 or not rows:
            return None
        row = rng.choice(rows)
        cell = rng.choice(list(_CELL.finditer(row[0])))
        shorter = row[0][: cell.start()] + row[0][cell.end() :]
        return table[: row.start()] + shorter + table[row.end() :]

    return _in_table(answer, rng, change)


def cell_split(answer: str, rng: random.Random) -> str | None:
    """A cell broken in two, as where a recogniser takes a space for a column."""

    def change(table: str) -> str | None:
        cells = [cell for cell in _CELL.finditer(table) if cell[3].strip()]
        if len(_ROW.findall(table)) < 3 or not cells:
            return None
        cell = rng.choice(cells)
        half = len(cell[3]) // 2
        parts = f"<{cell[1]}{cell[2]}>{cell[3][:half]}</{cell[1]}><{cell[1]}>{cell[3][half:]}</{cell[1]}>"
        return table[: cell.start()] + parts + table[cell.end() :]

    return _in_table(answer, rng, change)


def span_wrong(answer: str, rng: random.Random) -> str | None:
    """A colspan that is one or a few too many or, of a heading, gone."""

    def change(table: str) -> str | None:
        if len(_ROW.findall(table)) < 3:
            return None
        spans = list(re.finditer(r' colspan="(\d+)"', table))
        if spans and rng.random() < 0.5:
            span = rng.choice(spans)
            return table[: span.start()] + table[span.end() :] if int(span[1]) > 1 else None
        cells = [cell for cell in _CELL.finditer(table) if "span" not in cell[2]]
        if not cells:
            return None
        at = rng.choice(cells).start() + 3
        return table[:at] + f' colspan="{rng.randint(2, 5)}"' + table[at:]

    return _in_table(answer, rng, change)


def overhang(answer: str, rng: random.Random) -> str | None:
    """A rowspan in the last row or the first, that reaches below the table; or one that is no number."""

    def change(table: str) -> str | None:
        rows = [row for row in _ROW.finditer(table) if _CELL.search(row[0])]
        if not rows:
            return None
        row = rng.choice((rows[0], rows[-1]))
        cells = [cell for cell in _CELL.finditer(row[0]) if "rowspan" not in cell[2]]
        if not cells:
            return None
        at = row.start() + rng.choice(cells).start() + 3
        said = rng.choice((str(len(rows) + rng.randint(1, 9)), str(len(rows) + 1), "0", "two", "-1"))
        return table[:at] + f' rowspan="{said}"' + table[at:]

    return _in_table(answer, rng, change)


def gutted(answer: str, rng: random.Random) -> str | None:
    """A table of which nothing is left, or one cell."""
    rest = rng.choice(("", "<tr></tr>", "<tr><td></td></tr>", "<tr><td>1</td></tr>", "<tbody></tbody>"))
    return _in_table(answer, rng, lambda table: table[: table.index(">") + 1] + rest + "</table>")


def emptied(answer: str, rng: random.Random) -> str | None:
    """The words of all cells lost, or of nearly all: the grid was seen, and not read."""
    left = rng.choice((0.0, 0.0, 0.05))

    def blank(cell: re.Match[str]) -> str:
        return cell[0] if rng.random() < left else f"<{cell[1]}{cell[2]}></{cell[1]}>"

    def change(table: str) -> str | None:
        return _CELL.sub(blank, table) if len(_CELL.findall(table)) >= 6 else None

    return _in_table(answer, rng, change)


def found_twice(answer: str, rng: random.Random) -> str | None:
    """A table once more, on nearly the same place or with a part of itself: two detections of one."""
    found = [place for place in _TABLE.finditer(answer) if _numbers(place[0])]
    if not found:
        return None
    place = rng.choice(found)
    x1, y1, x2, y2 = _numbers(place[0]) or (0, 0, 1, 1)
    most = rng.choice((4.0, 0.4 * (y2 - y1)))
    second = (x1, y1 + round(rng.uniform(0, most)), x2, y2 + round(rng.uniform(0, 4)))
    again = _BOX.sub(lambda _: _said(second), place[0], count=1)
    return answer[: place.end()] + "\n" + again + answer[place.end() :]


# ---- boxes ----


def _numbers(text: str) -> tuple[int, int, int, int] | None:
    """The first data-bbox in a text, as whole numbers."""
    found = _BOX.search(text)
    values = [int(word) for word in found[1].split()] if found and re.fullmatch(r"[\d ]+", found[1]) else []
    return (values[0], values[1], values[2], values[3]) if len(values) == 4 else None


def _said(box: tuple[int, int, int, int]) -> str:
    return f'data-bbox="{box[0]} {box[1]} {box[2]} {box[3]}"'


def _each_box(
    answer: str, change: Callable[[tuple[int, int, int, int]], tuple[int, int, int, int]], chosen: set[int] | None
) -> str:
    """All boxes changed, or those whose number is among `chosen`."""
    count = -1

    def write(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        box = _numbers(found[0])
        return found[0] if box is None or (chosen is not None and count not in chosen) else _said(change(box))

    return _BOX.sub(write, answer)


def _some(answer: str, rng: random.Random) -> set[int] | None:
    """One box or a few, or None for all."""
    count = len(_BOX.findall(answer))
    return rng.choice((None, set(rng.sample(range(count), min(count, rng.randint(1, 3))))))


def inverted(answer: str, rng: random.Random) -> str | None:
    """The far corner first, on one axis or both; or x and y exchanged within a corner's pair."""
    x, y = rng.choice(((True, False), (False, True), (True, True)))

    def turn(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        x1, y1, x2, y2 = box
        return (x2 if x else x1), (y2 if y else y1), (x1 if x else x2), (y1 if y else y2)

    return _each_box(answer, turn, _some(answer, rng))


def misspelt(answer: str, rng: random.Random) -> str | None:
    """Boxes with commas, in brackets, with a number too few or too many, or with none."""
    form = rng.choice(("{0}, {1}, {2}, {3}", "[{0} {1} {2} {3}]", "{0} {1} {2}", "{0} {1} {2} {3} 0", "", "None"))
    chosen, count = _some(answer, rng), -1

    def write(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        box = _numbers(found[0])
        return found[0] if box is None or (chosen and count not in chosen) else f'data-bbox="{form.format(*box)}"'

    return _BOX.sub(write, answer)


def out_of_page(answer: str, rng: random.Random) -> str | None:
    """Boxes of a larger picture of the page, or one that lies beyond it."""
    if rng.random() < 0.5:
        scale = rng.uniform(1.3, 3.0)
        return _each_box(answer, lambda box: _scaled(box, scale), None)
    x, y = rng.choice(((2000, 0), (0, 2000), (2000, 2000)))
    one = {rng.randrange(max(1, len(_BOX.findall(answer))))}
    return _each_box(answer, lambda box: (box[0] + x, box[1] + y, box[2] + x, box[3] + y), one)


def _scaled(box: tuple[int, int, int, int], scale: float) -> tuple[int, int, int, int]:
    return round(box[0] * scale), round(box[1] * scale), round(box[2] * scale), round(box[3] * scale)


def beside_parent(answer: str, rng: random.Random) -> str | None:
    """A picture with its caption whose inner box lies elsewhere on the page than the outer one."""
    found = list(_BOX.finditer(answer))
    boxes = [box for place in found if (box := _numbers(place[0]))]
    if len(boxes) < 2 or "</p>" not in answer:
        return None
    outer, inner = rng.sample(boxes, 2)
    apart = outer[3] <= inner[1] or inner[3] <= outer[1] or outer[2] <= inner[0] or inner[2] <= outer[0]
    kind = rng.choice(("image", "chart", "image caption"))
    block = f'<div class="{kind}" {_said(outer)}><img {_said(inner)} /></div>'
    return answer.replace("</p>", f"</p>\n{block}", 1) if apart else None


def of_another_format(answer: str, rng: random.Random) -> str | None:
    """An element that other parsers write: a class or a tag of their own."""
    kind = rng.choice(("page-number", "abandon", "text_block", "Picture", "sidebar"))
    tag = rng.choice(("figure", "section", "table-cell", "formula", "bbox", "page"))
    block = rng.choice((f'<div class="{kind}">1</div>', f"<{tag}>1</{tag}>"))
    return answer.replace("</p>", f"</p>\n{block}", 1) if "data-bbox" in answer else None


def _page(name: str, rule: str, edit: Edit) -> Defect:
    return Defect(name=name, rule=rule, tasks=("document",), plant=partial(edited, edit))


DEFECTS: tuple[Defect, ...] = (
    _page("tag_unclosed", "html_tags_closed", unclosed),
    _page("html_cut_off", "html_tags_closed", cut_off),
    _page("tags_crossed", "html_tags_closed", crossed),
    _page("cell_lost", "html_tables_rectangular", cell_lost),
    _page("cell_split", "html_tables_rectangular", cell_split),
    _page("colspan_wrong", "html_tables_rectangular", span_wrong),
    _page("rowspan_wrong", "table_spans_fit", overhang),
    _page("table_gutted", "tables_have_cells", gutted),
    _page("table_emptied", "tables_filled", emptied),
    _page("table_found_twice", "tables_apart", found_twice),
    _page("boxes_inverted", "page_boxes_well_formed", inverted),
    _page("boxes_misspelt", "page_boxes_well_formed", misspelt),
    _page("boxes_out_of_page", "page_boxes_inside", out_of_page),
    _page("box_beside_parent", "page_boxes_nested", beside_parent),
    _page("element_of_another_format", "page_elements_known", of_another_format),
)
