"""Raw data for the demo: ten sources in four containers, with planted defects and a record of each of them."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth.defects.raw import Defect, RawRow
from synth.raw.sources import SOURCES, Source
from synth.raw.writers import Locator

# Each defect takes this part of its source's rows, and at least one row (platform default).
SHARE = 0.01
# In a small source the defects that come last in its list are left out, so that no more of it is unreadable, and no
# more of it is planted at all (platform defaults; a source with a fifth unreadable is taken for broken as a whole).
MOST_UNREADABLE = 0.15
MOST_PLANTED = 0.45

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A spoiled row of a source by its index; `of` is the row that it repeats, or -1."""

    index: int
    defect: Defect
    of: int = -1


def make_raw(out: Path, rows: int = 600, seed: int = 0, progress: Progress | None = None) -> Path:
    """Writes `rows` rows of raw data under `out` and gives `out` back. The same `rows` and `seed` give the same bytes.

    `out/planted.jsonl`, written last, has a line for each planted defect: source, locator (file and line from 1, file
    and row from 0, or shard and key), defect, expect (quarantined, dropped, deduplicated, kept), and where they apply
    detail and of (the locator of the row that this one repeats). `progress` is told the source, rows done and rows in
    all after each row. Raises `FileExistsError` where `out` has something in it, `ValueError` for fewer rows than
    three for each source.
    """
    if rows < 3 * len(SOURCES):
        raise ValueError(f"rows is {rows}: ask for at least {3 * len(SOURCES)}, three for each source")
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} isn't empty: name a new folder, or remove this one first")
    out.mkdir(parents=True, exist_ok=True)
    records: list[dict[str, Any]] = []
    done = 0
    for source, count in share_out(rows):
        plan = plan_defects(source, count, random.Random(f"{seed}/{source.name}/plan"))
        made: list[RawRow] = []
        for row in make_rows(source, count, plan, seed):
            made.append(row)
            done += 1
            if progress:
                progress(source.name, done, rows)
        records += _records(source.name, plan, source.write(made, out))
    (out / "planted.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return out


def share_out(rows: int) -> list[tuple[Source, int]]:
    """How many of `rows` each source gets: its share, rounded so that the numbers add up."""
    bounds, total = [0], 0.0
    for source in SOURCES:
        total += source.share
        bounds.append(round(rows * total))
    return [(source, bounds[i + 1] - bounds[i]) for i, source in enumerate(SOURCES)]


def make_rows(source: Source, count: int, plan: list[Planted], seed: int) -> Iterator[RawRow]:
    """The rows of one source, spoiled where `plan` says so."""
    planted = {item.index: item for item in plan}
    rows: list[RawRow] = []
    seen: set[bytes] = set()
    for index in range(count):
        rng = random.Random(f"{seed}/{source.name}/{index}")
        row = _fresh(source, rng, seen)
        item = planted.get(index)
        if item is not None:
            row = item.defect.spoil(rows[item.of] if item.of >= 0 else row, rng)
        rows.append(row)
        yield row


def _fresh(source: Source, rng: random.Random, seen: set[bytes]) -> RawRow:
    """A row unlike those before it, so that nothing repeats unless it was planted."""
    while True:
        row = source.make(rng)
        content = hashlib.sha256(json.dumps(row.record, sort_keys=True).encode() + (row.image or b"")).digest()
        if content not in seen:
            seen.add(content)
            return row


def plan_defects(source: Source, count: int, rng: random.Random) -> list[Planted]:
    """Which of `count` rows are spoiled, and how. The first row never is, so each repetition has a row to repeat."""
    defects = _within_limits(source.defects * max(1, round(SHARE * count)), count)
    indices = rng.sample(range(1, count), len(defects))
    clean = sorted(set(range(count)) - set(indices))
    plan = [
        Planted(index=index, defect=defect, of=_earlier(clean, index, rng) if defect.expect == "deduplicated" else -1)
        for index, defect in zip(indices, defects, strict=True)
    ]
    return sorted(plan, key=lambda item: item.index)


def _within_limits(defects: tuple[Defect, ...], count: int) -> list[Defect]:
    chosen: list[Defect] = []
    unreadable = 0
    for defect in defects:
        bad = defect.expect == "quarantined"
        if len(chosen) < int(MOST_PLANTED * count) and not (bad and unreadable >= int(MOST_UNREADABLE * count)):
            chosen.append(defect)
            unreadable += bad
    return chosen


def _earlier(clean: list[int], index: int, rng: random.Random) -> int:
    return rng.choice([candidate for candidate in clean if candidate < index])


def _records(source: str, planted: list[Planted], locators: list[Locator]) -> list[dict[str, Any]]:
    return [
        {"source": source, "locator": locators[item.index], "defect": item.defect.name, "expect": item.defect.expect}
        | ({"detail": item.defect.detail} if item.defect.detail else {})
        | ({"of": locators[item.of]} if item.of >= 0 else {})
        for item in planted
    ]
