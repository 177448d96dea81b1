"""Whether what is said of a generated table is true: its HTML read with lxml and spread over a grid, the page asked
what stands at the middle of each cell, the pixels asked where there is ink, and the answers worked out anew."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from lxml import html
from PIL import Image

from curation.contract.sample import Sample
from filters.table_metrics import teds
from filters.text_metrics import relaxed_accuracy
from filters.verify import exact_match
from synth.generator import Make
from synth.specimen import Specimen
from synth.tables.generator import Tables

_QUOTED = re.compile(r"“(.+?)”|„(.+?)“|« (.+?) »|«(.+?)»|「(.+?)」|‘(.+?)’")
# Words of each language that tell what is asked for: the highest, the lowest, a sum, a difference.
_ASKS = {
    "en": ("highest", "lowest", "together", "differ"), "de": ("höchsten", "niedrigsten", "zusammen", "unterscheiden"),
    "fr": ("élevée", "basse", "ensemble", "diffèrent"), "es": ("alto", "bajo", "suman", "difieren"),
    "ru": ("большое", "маленькое", "вместе", "различаются"), "zh": ("最高", "最低", "合计", "相差"),
    "ja": ("大きい", "小さい", "合わせて", "差"), "ko": ("큰", "작은", "더하면", "차이"),
    "ar": ("أعلى", "أدنى", "مجموع", "الفرق"), "hi": ("अधिक", "कम", "योग", "अंतर"),
}  # fmt: skip
_COMMA = ("de", "fr", "es", "ru")  # languages that write 1,5
_AT = """boxes => boxes.map(([x1, y1, x2, y2]) => {
  const cell = document.elementFromPoint((x1 + x2) / 2, (y1 + y2) / 2)?.closest('td, th');
  return cell ? [cell.innerText.trim(), cell.rowSpan, cell.colSpan] : null;
})"""
_MOST_SLOTS = 25  # of tables that are compared by TEDS, whose time grows with the square of the cells
_INK = 45  # grey levels between ink and the cell's own colour


def wrong(made: Sequence[Specimen], again: Make | None, rng_key: str) -> list[str]:
    """A message for each sample of a table that does not hold; with `again` the sheet is set once more and asked."""
    samples = {_kind(specimen.sample): specimen.sample for specimen in made}
    page = samples["page"]
    found = html.fromstring(page.answer.text)
    grid, heads, lead = spread(found.find(".//table"))
    messages = _page(page, grid)
    for kind in ("cell", "numbers"):
        if message := _asked(samples[kind], grid, heads, lead):
            messages.append(f"{kind}: {message}")
    image = Image.open(io.BytesIO(next(iter(made[0].images.values())))).convert("RGB")
    messages += _outside(found, image)
    if isinstance(again, Tables):
        messages += _set_again(made, samples, found, (grid, heads, lead), again, rng_key, image)
    return messages


def _kind(sample: Sample) -> str:
    return next((tag.partition(":")[2] for tag in sample.tags if tag.startswith("ask:")), "page")


def spread(table: Any) -> tuple[list[list[str]], list[str], int]:
    """The text at each slot of the grid, the columns' names ("group, name" under a group), and the leading columns."""
    slots: dict[tuple[int, int], str] = {}
    rows = table.findall(".//tr")
    for y, row in enumerate(rows):
        x = 0
        for cell in row:
            while (y, x) in slots:
                x += 1
            for dy in range(int(cell.get("rowspan", 1))):
                for dx in range(int(cell.get("colspan", 1))):
                    assert (y + dy, x + dx) not in slots, "two cells on one slot"
                    slots[y + dy, x + dx] = cell.text_content()
            x += int(cell.get("colspan", 1))
    width = 1 + max(x for _, x in slots)
    grid = [[slots[y, x] for x in range(width)] for y in range(len(rows))]
    deep = sum(1 for row in rows if row[0].tag == "th")
    heads = [", ".join(dict.fromkeys(grid[y][x] for y in range(deep))) for x in range(width)]
    return grid, heads, int(rows[0][0].get("colspan", 1))


def _page(sample: Sample, grid: list[list[str]]) -> list[str]:
    truth = sample.answer.text
    said = "".join(part.text for part in sample.messages[-1].parts)
    cell = next(text for row in reversed(grid) for text in reversed(row) if text)
    spoiled = f">{cell}x<".join(truth.rsplit(f">{cell}<", 1))
    if len({len(row) for row in grid}) != 1:
        return ["page: the grid is ragged"]
    small = len(grid) * len(grid[0]) <= _MOST_SLOTS
    if said != truth or (small and (teds(said, truth) != 1.0 or not teds(spoiled, truth) < 1)):
        return ["page: TEDS does not tell the truth from a changed cell"]
    return []


def _asked(sample: Sample, grid: list[list[str]], heads: list[str], lead: int) -> str:
    """What is wrong with an answer, or ""."""
    language = next(tag.partition(":")[2] for tag in sample.tags if tag.startswith("language:"))
    question = sample.messages[0].parts[-1].text
    names = ["".join(match) for match in _QUOTED.findall(question)]
    columns = [name for name in names if name in heads[lead:]]
    rows = {row[lead - 1]: row for row in grid}
    if len(columns) != 1 or sum(row[lead - 1] in names for row in grid) != len(names) - 1:
        return f"the names in {question!r} are not in the table, or stand there twice"
    at, others = heads.index(columns[0]), [name for name in names if name != columns[0]]
    answer, verifier = sample.answer.text, sample.answer.verifier
    expected = _expected(question, rows, others, at, language)
    good, bad = (exact_match, answer + "7") if verifier == "exact" else (relaxed_accuracy, _off(answer))
    if good(expected, answer) != 1 or good(answer, expected) != 1:
        return f"{question!r} is {expected!r} by the table, not {answer!r}"
    return "" if good(bad, answer) < 1 else f"the verifier takes {bad!r} for {answer!r}"


def _expected(question: str, rows: dict[str, list[str]], names: list[str], at: int, language: str) -> str:
    if len(names) == 1:
        return rows[names[0]][at]
    high, low, total, difference = (word in question for word in _ASKS[language])
    if names:
        a, b = (number(rows[name][at], language) for name in names)
        assert total != difference and a is not None and b is not None
        return f"{a + b if total else abs(a - b):.4f}" + ("%" if "%" in rows[names[0]][at] else "")
    found = {name: number(row[at], language) for name, row in rows.items() if len(set(row)) > 1}
    values = {name: value for name, value in found.items() if value is not None and not _is_total(name)}
    assert high != low
    return (max if high else min)(values, key=lambda name: values[name])


def _is_total(name: str) -> bool:
    return name in ("Total", "Summe", "Итого", "合计", "合計", "합계", "المجموع", "कुल")


def number(text: str, language: str) -> float | None:
    """The number in a cell, with its separators, currency and percent sign; None for words, dates and times."""
    if re.search(r"\d[:/年-]\d|\d\.\d+\.\d|[A-Za-z]{3} \d", text):
        return None
    plain = re.sub(r"[^\d.,]", "", text).strip(".,")
    if language in _COMMA:
        plain = plain.replace(".", "").replace(",", ".")
    return float(plain.replace(",", "")) if plain else None


def _off(text: str) -> str:
    percent = text.endswith("%")
    return f"{float(text.rstrip('%')) * 1.2:.4f}" + "%" * percent


def _outside(found: Any, image: Image.Image) -> list[str]:
    """Ink on the sheet that lies in no box."""
    pixels = np.asarray(image).astype(int)
    away = np.abs(pixels - pixels[1, 1]).max(axis=2) > 60
    for element in found.iter():
        if element.get("data-bbox"):
            x1, y1, x2, y2 = map(int, element.get("data-bbox").split())
            if not away[y1:y2, x1:x2].any():
                return [f"page: nothing in the box of <{element.tag}>"]
            away[max(0, y1 - 3) : y2 + 3, max(0, x1 - 3) : x2 + 3] = False
    return ["page: ink outside of all boxes"] if away.any() else []


def _set_again(
    made: Sequence[Specimen],
    samples: dict[str, Sample],
    found: Any,
    spread_out: tuple[list[list[str]], list[str], int],
    again: Tables,
    rng_key: str,
    image: Image.Image,
) -> list[str]:
    """The same bytes from the same key; each cell's text at the middle of its box; ink where there is text."""
    twin, sheet = again.laid_out(random.Random(rng_key))
    if [each.images for each in twin] != [each.images for each in made]:
        return ["the same key gave other bytes"]
    cells = found.iter("th", "td")
    wanted = [[cell.text_content(), int(cell.get("rowspan", 1)), int(cell.get("colspan", 1))] for cell in cells]
    messages = []
    shown = again.page.evaluate(_AT, [list(box) for box in sheet.cells])
    for box, truth, there in zip(sheet.cells, wanted, shown, strict=True):
        if there is None or [_squeezed(there[0]), *there[1:]] != [_squeezed(truth[0]), *truth[1:]]:
            messages.append(f"page: {truth} in the answer is {there} on the page")
        if inked(image, box) != bool(truth[0]):
            messages.append(f"page: {truth[0]!r} at {box}, but the pixels say otherwise")
    region = samples["place"].regions[0]
    here = again.page.evaluate(_AT, [list(region.box)])[0]
    grid, heads, lead = spread_out
    row, _, column = region.label.partition(", ")
    text = next(line for line in grid if line[lead - 1] == row)[heads.index(column)]
    if here is None or _squeezed(here[0]) != _squeezed(text):
        messages.append(f"place: {region.label} is {text!r}, but {here} is at its box")
    return messages


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def inked(image: Image.Image, box: Sequence[float]) -> bool:
    """Whether anything in a cell differs from the cell's commonest colour, its lines left out."""
    x1, y1, x2, y2 = (int(value) for value in box)
    part = np.asarray(image)[y1 + 3 : y2 - 3, x1 + 3 : x2 - 3].reshape(-1, 3)
    coarse = (part // 4).astype(int) @ np.array([1 << 16, 1 << 8, 1])
    kinds, counts = np.unique(coarse, return_counts=True)
    commonest = part[coarse == kinds[counts.argmax()]][0].astype(int)
    return bool((np.abs(part.astype(int) - commonest).max(axis=1) > _INK).sum() > 2)
