"""Whether what is said of a generated chart is true: the answers worked out anew from its HTML table with pandas, the
boxes held against the picture's pixels, and the chart drawn again with another value."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from lxml import html
from PIL import Image

from curation.contract.sample import Region, Sample
from filters.table_metrics import teds
from filters.text_metrics import relaxed_accuracy
from filters.verify import exact_match
from synth.generator import Make
from synth.plots.facts import Facts
from synth.plots.generator import Charts
from synth.specimen import Specimen

_LOOK = re.compile(r"(?:Look at|Betrachte) (.+?)\. (?=[A-Z])|只看(.+?)。")
# (what is asked, how it is said); a and b are rows of the table.
_ASKED: tuple[tuple[str, str], ...] = (
    ("most", r"highest value\?|value highest|höchsten Wert\?|Wert am höchsten|数值最高"),
    ("least", r"lowest value\?|value lowest|niedrigsten Wert\?|Wert am niedrigsten|数值最低"),
    ("mean", r"average of all|mean of the values|Durchschnitt aller|Mittelwert der|平均"),
    ("more", r"Is the value for (?P<a>.+) higher than that for (?P<b>.+)\?"),
    ("more", r"Does (?P<a>.+) have a higher value than (?P<b>.+)\?"),
    ("more", r"Ist der Wert für (?P<a>.+) höher als der für (?P<b>.+)\?|"),
    ("more", r"Hat (?P<a>.+) einen höheren Wert als (?P<b>.+)\?"),
    ("more", r"(?P<a>.+)的数值比(?P<b>.+)高吗？"),
    ("more", r"(?P<a>.+)是否高于(?P<b>.+)？"),
    ("sum", r"sum of the values for (?P<a>.+) and (?P<b>.+)\?"),
    ("sum", r"How much do (?P<a>.+) and (?P<b>.+) make together"),
    ("sum", r"Summe der Werte für (?P<a>.+) und (?P<b>.+)\?"),
    ("sum", r"Wie viel ergeben (?P<a>.+) und (?P<b>.+) zusammen"),
    ("sum", r"(?P<a>.+)与(?P<b>.+)的数值之和"),
    ("sum", r"(?P<a>.+)和(?P<b>.+)加起来"),
    ("difference", r"difference between (?P<a>.+) and (?P<b>.+)\?"),
    ("difference", r"how much do the values for (?P<a>.+) and (?P<b>.+) differ"),
    ("difference", r"Differenz zwischen (?P<a>.+) und (?P<b>.+)\?"),
    ("difference", r"Um wie viel unterscheiden sich (?P<a>.+) und (?P<b>.+)\?"),
    ("difference", r"(?P<a>.+)与(?P<b>.+)相差"),
    ("difference", r"(?P<a>.+)和(?P<b>.+)的数值差"),
    ("ratio", r"How many times the value for (?P<b>.+) is the value for (?P<a>.+)\?"),
    ("ratio", r"ratio of (?P<a>.+) to (?P<b>.+)\?"),
    ("ratio", r"Das Wievielfache von (?P<b>.+) ist (?P<a>.+)\?"),
    ("ratio", r"Verhältnis von (?P<a>.+) zu (?P<b>.+)\?"),
    ("ratio", r"(?P<a>.+)的数值是(?P<b>.+)的多少倍"),
    ("ratio", r"(?P<a>.+)与(?P<b>.+)的数值之比"),
    ("read", r"(?:show|value) for (?P<a>.+)\?|(?:Diagramm|Wert) für (?P<a2>.+)\?|图中(?P<a3>.+)的数值|(?P<a4>.+)对应"),
)
_YES = {"Yes": True, "Ja": True, "是": True, "No": False, "Nein": False, "否": False}


def wrong(made: Sequence[Specimen], again: Make | None, rng_key: str) -> list[str]:
    """A message for each sample of a chart that does not hold; with `again` the chart is drawn anew as well."""
    page, *questions, place = [specimen.sample for specimen in made]
    found = html.fromstring(page.answer.text)
    table, texts = read(found.find(".//table"), _tag(page, "language"))
    messages = [] if _tells(page) else ["page: TEDS does not tell the truth from a changed cell"]
    for sample in questions:
        if message := _answered(sample, table, texts):
            messages.append(f"{_tag(sample, 'ask')}: {message}")
    image = Image.open(io.BytesIO(next(iter(made[0].images.values())))).convert("RGB")
    messages += outside(found, image)
    messages += [f"locate: {message}" for message in placed(place, table, image)]
    if isinstance(again, Charts):
        messages += _drawn_again(made, again, rng_key)
    return messages


def _tag(sample: Sample, name: str) -> str:
    return next(tag.partition(":")[2] for tag in sample.tags if tag.startswith(f"{name}:"))


def read(table: Any, language: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The numbers of a table and its texts, by the names of rows and columns."""
    rows = [[cell.text_content() for cell in row] for row in table.findall(".//tr")]
    texts = pd.DataFrame([row[1:] for row in rows[1:]], index=[row[0] for row in rows[1:]], columns=rows[0][1:])
    return texts.map(lambda text: number(text, language)), texts


def number(text: str, language: str) -> float:
    plain = text.rstrip("%")
    plain = plain.replace(".", "").replace(",", ".") if language == "de" else plain.replace(",", "")
    return float(plain)


def _tells(sample: Sample) -> bool:
    truth, said = sample.answer.text, sample.messages[-1].parts[0].text
    spoiled = re.sub(r"<td>([^<]+)</td></tr></table>", r"<td>\g<1>x</td></tr></table>", truth)
    if truth.count("<td>") > 25:  # the time of TEDS grows with the square of the cells
        return said == truth != spoiled
    return teds(said, truth) == 1.0 and teds(spoiled, truth) < 1


def _answered(sample: Sample, table: pd.DataFrame, texts: pd.DataFrame) -> str:
    """What is wrong with an answer, or ""."""
    question, answer = sample.messages[0].parts[-1].text, sample.answer.text
    look = _LOOK.match(question)
    name = next(filter(None, look.groups())) if look else table.columns[0]
    asked = question[look.end() :] if look else question
    if bool(look) != (table.shape[1] > 1) or name not in table.columns:
        return f"{question!r} names no column of {list(table.columns)}"
    operation, rows = _operation(asked)
    if any(row not in table.index for row in rows):
        return f"{question!r} names rows {rows} that are not in the table"
    expected = _expected(operation, rows, table[name])
    if operation == "read" and sample.answer.verifier == "exact":
        return "" if answer == texts.loc[rows[0], name] else f"{question!r} is {texts.loc[rows[0], name]}, not {answer}"
    if isinstance(expected, bool):
        return "" if _YES[answer] == expected else f"{question!r} is {expected}"
    if isinstance(expected, str):
        return "" if answer == expected and not exact_match(answer + "x", answer) else f"{question!r} is {expected}"
    return _near(question, answer, expected)


def _near(question: str, answer: str, expected: float) -> str:
    plain, percent = answer.rstrip("%"), "%" if answer.endswith("%") else ""
    if abs(float(plain) - expected) > 0.006 + 1e-6 * abs(expected):
        return f"{question!r} is {expected}, not {answer}"
    taken = relaxed_accuracy(f"{expected:.4f}{percent}", answer) and not relaxed_accuracy(
        f"{expected * 1.1:.4f}{percent}", answer
    )
    return "" if taken else f"the verifier does not tell {expected} from {expected * 1.1}"


def _operation(asked: str) -> tuple[str, list[str]]:
    for operation, form in _ASKED:
        match = re.search(form.rstrip("|"), asked)
        if match:
            named = {key[0]: value for key, value in match.groupdict().items() if value}
            return operation, [named[key] for key in sorted(named)]
    raise ValueError(f"no known question: {asked}")


def _expected(operation: str, rows: list[str], column: pd.Series) -> float | str | bool:
    picked = column.loc[rows].to_list()
    ways: dict[str, Callable[[], float | str | bool]] = {
        "most": lambda: str(column.idxmax()),
        "least": lambda: str(column.idxmin()),
        "mean": lambda: float(column.mean()),
        "more": lambda: bool(picked[0] > picked[1]),
        "sum": lambda: float(sum(picked)),
        "difference": lambda: float(abs(picked[0] - picked[1])),
        "ratio": lambda: float(picked[0] / picked[1]),
        "read": lambda: float(picked[0]),
    }
    return ways[operation]()


def outside(found: Any, image: Image.Image) -> list[str]:
    """Ink in no box of the page, or a box without ink at one of its sides."""
    pixels = np.asarray(image).astype(int)
    ink = np.abs(pixels - pixels[1, 1]).max(axis=2) > 60
    rest = ink.copy()
    for element in found.iter("h2", "div", "p"):
        x1, y1, x2, y2 = map(int, element.get("data-bbox").split())
        sides = (ink[y1 : y1 + 4, x1:x2], ink[y2 - 4 : y2, x1:x2], ink[y1:y2, x1 : x1 + 4], ink[y1:y2, x2 - 4 : x2])
        faint = np.abs(pixels - pixels[1, 1]).max(axis=2)[y1:y2, x1:x2].max() <= 60
        if element.tag != "div" and not faint and not all(side.any() for side in sides):
            return [f"page: the box of <{element.tag}> is larger than its ink"]
        rest[max(0, y1 - 3) : y2 + 3, max(0, x1 - 3) : x2 + 3] = False
    return ["page: ink outside of all boxes"] if rest.any() else []


def placed(sample: Sample, table: pd.DataFrame, image: Image.Image) -> list[str]:
    """Marks that are not where their boxes are; bars and points that do not go with their values."""
    kind, asked = _tag(sample, "chart"), _tag(sample, "ask")
    pixels, tolerance = np.asarray(image).astype(int), 30
    if asked == "title":
        return []
    regions = sample.regions
    if kind in ("bar", "barh", "stacked", "histogram"):
        messages = [message for each in regions if (message := _bar(pixels, each, kind, tolerance))]
        return messages or _proportional(sample, table, pixels, kind, tolerance)
    if kind in ("line", "area", "scatter"):
        return [f"nothing at the point {each.label}" for each in regions if _blank(pixels, each)] or _level(
            sample, table
        )
    if kind == "heatmap":  # whose lowest values may have the paper's colour, and are written
        return [f"nothing in the box of {each.label}" for each in regions if not _written_on(pixels, each)]
    return [f"nothing in the box of {each.label}" for each in regions if _blank(pixels, each)]


def _commonest(part: np.ndarray) -> np.ndarray:
    flat = part.reshape(-1, 3)
    kinds, counts = np.unique(flat // 4 @ np.array([1 << 16, 1 << 8, 1]), return_counts=True)
    return flat[(flat // 4 @ np.array([1 << 16, 1 << 8, 1])) == kinds[counts.argmax()]][0]


def _bar(pixels: np.ndarray, region: Region, kind: str, tolerance: int) -> str:
    """Whether the colour in a bar's middle ends at the box's sides: within three pixels of each, not before."""
    x1, y1, x2, y2 = map(int, region.points)
    fill = _commonest(pixels[y1:y2, x1:x2])
    across, along = x1 + (x2 - x1) // 4, y1 + (y2 - y1) // 4
    inside = [(along, x1 + 3), (along, x2 - 4), (y1 + 3, across), (y2 - 4, across)]
    beyond = [(along, x1 - 4), (along, x2 + 3), (y1 - 4, across), (y2 + 3, across)]
    if min(x2 - x1, y2 - y1) < 12:
        return ""
    if any(np.abs(pixels[y, x] - fill).max() > tolerance for y, x in inside):
        return f"the colour of {region.label} does not reach its box {region.points}"
    for index, (y, x) in enumerate(beyond):
        if kind == "histogram" and index < 2:
            continue  # its neighbours have the same colour
        shown = 0 <= y < pixels.shape[0] and 0 <= x < pixels.shape[1]
        if shown and np.abs(pixels[y, x] - fill).max() <= tolerance:
            return f"the colour of {region.label} goes on beyond its box {region.points}"
    return ""


def _proportional(sample: Sample, table: pd.DataFrame, pixels: np.ndarray, kind: str, tolerance: int) -> list[str]:
    """Bars as long as their values, measured from the colour in the picture."""
    if len(sample.regions) < 2:
        return []
    column = _column(sample, table)
    lengths = np.array([_length(pixels, each, kind, tolerance) for each in sample.regions])
    values = np.array([table.loc[each.label, column] for each in sample.regions])
    scale = float(lengths @ values / (values @ values))
    off = np.abs(lengths - scale * values)
    return [f"bars are {off.max():.1f} pixels from their values: {lengths} for {values}"] if off.max() > 3.5 else []


def _column(sample: Sample, table: pd.DataFrame) -> str:
    question = sample.messages[0].parts[-1].text
    return max((name for name in table.columns if name in question), key=len, default=table.columns[-1])


def _length(pixels: np.ndarray, region: Region, kind: str, tolerance: int) -> int:
    """How many pixels a bar's colour goes on from the middle of its box, both ways along the bar."""
    x1, y1, x2, y2 = map(int, region.points)
    fill = _commonest(pixels[y1:y2, x1:x2])
    line = pixels[y1 + (y2 - y1) // 8 + 1] if kind == "barh" else pixels[:, x1 + (x2 - x1) // 8 + 1]
    same = np.abs(line - fill).max(axis=1) <= tolerance
    middle = (x1 + x2) // 2 if kind == "barh" else (y1 + y2) // 2
    start = stop = middle
    while start > 0 and same[start - 1]:
        start -= 1
    while stop < len(same) and same[stop]:
        stop += 1
    return stop - start


def _blank(pixels: np.ndarray, region: Region) -> bool:
    """Whether the middle of a box has the colour that most of the picture has."""
    x1, y1, x2, y2 = map(int, region.points)
    ground = _commonest(pixels)
    part = pixels[y1:y2, x1:x2]
    return bool((np.abs(part - ground).max(axis=2) > 20).mean() < 0.15)


def _written_on(pixels: np.ndarray, region: Region) -> bool:
    """Whether something is written in the middle half of a box."""
    x1, y1, x2, y2 = map(int, region.points)
    middle = pixels[(3 * y1 + y2) // 4 : (y1 + 3 * y2) // 4, (3 * x1 + x2) // 4 : (x1 + 3 * x2) // 4]
    return bool(np.ptp(middle, axis=(0, 1)).max() > 60)


def _level(sample: Sample, table: pd.DataFrame) -> list[str]:
    """Points as high as their values: their middles lie on one scale."""
    if len(sample.regions) < 3:
        return []
    values = np.array([table.loc[each.label, _column(sample, table)] for each in sample.regions])
    heights = np.array([each.centre[1] for each in sample.regions])
    slope, start = np.polyfit(values, heights, 1)
    off = np.abs(heights - slope * values - start).max()
    return [f"points are {off:.1f} pixels from their values"] if off > 2 or slope >= 0 else []


def _drawn_again(made: Sequence[Specimen], again: Charts, rng_key: str) -> list[str]:
    """The same bytes from the same key; another value for one row changes the picture at that row's mark alone."""
    twin, facts, style, drawn = again.made(random.Random(rng_key))
    if [each.images for each in twin] != [each.images for each in made]:
        return ["the same key gave other bytes"]
    if facts.kind not in ("bar", "barh", "histogram") or not drawn.marks:
        return []
    row = min(range(len(facts.rows)), key=lambda each: facts.values[each][0])
    other = again.draw(raised(facts, row), style)
    changed = np.abs(np.asarray(drawn.image).astype(int) - np.asarray(other.image).astype(int)).max(axis=2) > 24
    marks = [mark.box for each in (drawn, other) for mark in each.marks if (mark.row, mark.column) == (row, 0)]
    room = 4 * style.size if facts.printed else 3
    x1, y1 = min(box[0] for box in marks) - room, min(box[1] for box in marks) - room
    x2, y2 = max(box[2] for box in marks) + room, max(box[3] for box in marks) + room
    if not changed.any():
        return ["another value changed nothing"]
    changed[max(0, y1) : y2, max(0, x1) : x2] = False
    return ["another value changed more than its mark"] if changed.any() else []


def raised(facts: Facts, row: int) -> Facts:
    """The chart with a higher value in a row's first column, still below the highest one."""
    highest = max(value for values in facts.values for value in values)
    value = round((facts.values[row][0] + highest) / 2, facts.decimals)
    values = [list(each) for each in facts.values]
    values[row][0] = value
    return replace(facts, values=tuple(tuple(each) for each in values))
