"""Clean samples with their images, drawn by `synth` or taken from the real sets, without Spark.

They are what defects are planted in, and what no rule should drop. The same n and seed give the same specimens.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from curation.build import Builder
from curation.contract.recipe import Recipe, load_recipe
from curation.contract.sample import Media, Sample, Task
from curation.contract.source import Source
from curation.ingest import store_image
from curation.inputs import media_root
from curation.media import HeldMedia
from curation.readers import Problem, plan_splits, read_split
from synth.catalogue import generators
from synth.generator import specimens
from synth.raw.pages import draw_page
from synth.raw.sources import SOURCES
from synth.specimen import Specimen
from tests.benchmarks.clean_agent import drawn_trajectory, screenagent_sessions

T = TypeVar("T")
RECIPES = Path(__file__).parents[2] / "curation" / "recipes"
TASKS: tuple[Task, ...] = ("caption", "vqa", "ocr", "document", "grounding", "agent", "text")
# Which of the demo's sources give a task's rows: the recipe's name, and whose rows `synth` draws.
_DRAWN: dict[Task, tuple[tuple[str, str], ...]] = {
    "caption": (("pairs", "pairs"),),
    "vqa": (("questions", "questions"), ("charts", "charts"), ("boards", "boards")),
    "ocr": (("receipts_text", "receipts"),),
    "document": (("receipts_fields", "receipts"),),
    "grounding": (("scenes", "scenes"), ("referring", "referring"), ("board_boxes", "board_boxes")),
    "agent": (("screens", "screens"),),
    "text": (("instructions", "instructions"),),
}
# Which generators give a task's rows.
_GENERATED: dict[Task, tuple[str, ...]] = {
    "vqa": ("charts", "tables", "vqa"),
    "ocr": ("documents",),
    "document": ("documents", "charts", "tables"),
    "grounding": ("scenes", "charts", "tables", "screens"),
    "agent": ("agents", "screens", "miniwob"),
    "text": ("text",),
}
_BOTH = ("receipts_fields", "receipts_text")
_REAL = ("receipts_text", "receipts_fields", "cells", "alttext", "screens", "instructions")


def drawn(task: Task, n: int, seed: int = 0) -> list[Specimen]:
    """`n` clean specimens of a task, its sources in turn; no two have the same content."""
    makers: list[Callable[[random.Random], Specimen]] = [_maker(*names) for names in _DRAWN[task]]
    if task == "agent":
        makers.append(drawn_trajectory)
    if task == "document":
        makers += [draw_page, _receipt_with_lines]
    found: list[Specimen] = []
    seen: set[str] = set()
    for index in range(20 * n):
        if len(found) == n:
            break
        made = makers[index % len(makers)](random.Random(f"clean/{seed}/{task}/{index}"))
        if made.sample.sample_id not in seen:
            seen.add(made.sample.sample_id)
            found.append(made)
    return found


def generated(task: Task, n: int, seed: int = 0) -> list[Specimen]:
    """As `drawn`, by the generators of `winnow synth` that have the task, each giving as many. A task that none has is
    drawn."""
    chosen = [each for name, each in generators().items() if name in _GENERATED.get(task, ())]
    if not chosen:
        return drawn(task, n, seed)
    found: dict[str, Specimen] = {}
    for number, generator in enumerate(chosen, 1):
        wanted, views = n * number // len(chosen), generator.views
        with generator.open() as make:
            made = specimens(generator, make, seed, 0, 20 * n * views)
            while len(found) < wanted and (each := next(made, None)):
                if each.sample.task == task:
                    found.setdefault(each.sample.sample_id, each)
    return list(found.values())


def real(name: str, folder: Path, n: int, seed: int = 0) -> list[Specimen]:
    """At most `n` specimens of a real set, drawn by hash: a source of recipes/real.yaml, `screenagent`, or
    `receipts_both`, fields with the lines known as well. Rows that ingest would quarantine are left out."""
    if name == "screenagent":
        return screenagent_sessions(folder / "vlm_samples" / "screenagent")[:n]
    if name == "receipts_both":
        fields, lines = ({_locator(each): each for each in real(part, folder, 10**6)} for part in _BOTH)
        both = [_joined(each, lines[locator]) for locator, each in fields.items() if locator in lines]
        return _by_hash(both, lambda each: each.sample.row_id, seed)[:n]
    source = _recipe("real.yaml").sources[name]
    root = str(folder)
    files = tuple(sorted(str(path.relative_to(folder)) for path in folder.glob(source.path)))
    rows = [
        (f"{name}:{raw.locator}", raw.value, media_root(source, split.file))
        for split in plan_splits(source, root, files)
        for raw in read_split(source, root, split)
        if not raw.problem
    ]
    return list(islice(built(name, source, _by_hash(rows, lambda row: row[0], seed), folder), n))


def real_sets() -> dict[str, Task]:
    """The real sets' names, each with its task."""
    task: dict[str, Task] = {
        "spotting": "ocr",
        "extraction": "document",
        "detection": "grounding",
        "caption": "caption",
    }
    task |= {"click": "agent", "instruction": "text"}
    sources = _recipe("real.yaml").sources
    further: dict[str, Task] = {"receipts_both": "document", "screenagent": "agent"}
    return {**{name: task[sources[name].build] for name in _REAL}, **further}


def _by_hash(rows: list[T], key: Callable[[T], str], seed: int) -> list[T]:
    return sorted(rows, key=lambda row: hashlib.sha256(f"{seed}/{key(row)}".encode()).digest())


def built(
    name: str, source: Source, rows: list[tuple[str, dict[str, Any], str]], folder: Path | None = None
) -> Iterator[Specimen]:
    """Raw rows (row id, row, the folder of its images under `folder`) as ingest would have them, without the store.
    Those that it would quarantine are left out."""
    builder = Builder(name, source)
    for row_id, value, at in rows:
        memory = HeldMedia()

        def fetch(image: Any, memory: HeldMedia = memory, at: str = at) -> Media:
            if folder is not None and isinstance(image, str):
                image = {"path": image, "bytes": (folder / at / image).read_bytes()}
            return store_image(image, "", memory)

        try:
            samples: list[Sample] = builder.build(row_id, value, fetch)
        except (Problem, FileNotFoundError):
            continue
        yield from (Specimen(sample, memory.held) for sample in samples)


def _maker(recipe_source: str, synth_source: str) -> Callable[[random.Random], Specimen]:
    source = _recipe("demo.yaml").sources[recipe_source]
    make = next(each.make for each in SOURCES if each.name == synth_source)

    def one(rng: random.Random) -> Specimen:
        row_id = f"{recipe_source}:{rng.getrandbits(64):016x}"
        row = make(rng)
        value = {**row.record, "txt": row.record.get("caption"), "image": row.image}
        return next(built(recipe_source, source, [(row_id, value, "")]))

    return one


def _receipt_with_lines(rng: random.Random) -> Specimen:
    """Key fields of a receipt whose lines are known as well."""
    return _joined(*(_maker(name, "receipts")(random.Random(seed)) for seed in [rng.random()] for name in _BOTH))


def _locator(specimen: Specimen) -> str:
    return specimen.sample.row_id.partition(":")[2]


def _joined(fields: Specimen, lines: Specimen) -> Specimen:
    return replace(fields, sample=replace(fields.sample, regions=lines.sample.regions))


@cache
def _recipe(name: str) -> Recipe:
    return load_recipe(RECIPES / name)
