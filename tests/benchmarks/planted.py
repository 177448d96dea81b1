"""One set of clean rows, spoiled by every defect that suits it, measured and decided: what each rule catches of it."""

from __future__ import annotations

import importlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa

from curation.contract.rule import Rule
from curation.contract.sample import SAMPLE, Task
from filters.api import measure
from filters.catalogue import catalogue
from filters.deciding import verdicts
from filters.predicate import parse_predicate
from filters.presets import presets
from synth.defects.planting import Defect
from synth.specimen import Specimen
from tests.benchmarks.clean import drawn, generated, real

AREAS = ("image", "text", "form", "document", "grounding", "agent")
CLEAN_TO_PLANTED = 5  # the rate at which precision is stated
QUARANTINE = ""  # what a defect names instead of a rule where its image can't be read
_TRIES = 8  # specimens tried for each row to plant: many have nothing that this very defect could spoil


@dataclass
class Caught:
    """Of `n` rows planted with a defect, how many its rule drops (or can't be read), and how many anything drops."""

    n: int = 0
    caught: int = 0
    caught_any: int = 0
    missed: list[str] = field(default_factory=list)  # row ids
    error: str = ""


@dataclass
class Found:
    """What came of one set: its clean rows by what drops them, and its planted ones by the defect's name."""

    set: str
    task: Task
    rows: int
    dropped: int
    by_rule: dict[str, int]  # clean rows that each rule drops, QUARANTINE for those whose image can't be read
    examples: dict[str, list[str]]
    defects: dict[str, Caught]


def defects() -> dict[str, Defect]:
    """Every planted defect by name, in the order of the areas. Raises ValueError where two share a name."""
    found: dict[str, Defect] = {}
    for area in AREAS:
        try:
            module = importlib.import_module(f"synth.defects.{area}")
        except ModuleNotFoundError as error:
            if error.name != f"synth.defects.{area}":
                raise
            continue
        for each in module.DEFECTS:
            if each.name in found:
                raise ValueError(f"two defects are named {each.name}; the second is in synth/defects/{area}.py")
            found[each.name] = each
    return found


def run_set(
    name: str, task: Task, folder: Path | None, rows: int, seed: int, only: str = "", by_synth: bool = False
) -> Found:
    """Clean rows of a set (where `folder` is None drawn ones of `task`, or `by_synth` such as `winnow synth` makes),
    planted with its defects. `only` names one."""
    if folder is not None:
        clean = real(name, folder, rows, seed)
    else:
        clean = (generated if by_synth else drawn)(task, rows, seed)
    rules = {key: rule for key, rule in presets().items() if not rule.tasks or task in rule.tasks}
    whole = {key for key, rule in rules.items() if reads_corpus(rule)}
    suited = {key: each for key, each in defects().items() if task in each.tasks and only in ("", key)}
    before = decide_groups([clean], rules)[0]
    taken = before.select(pl.any_horizontal(pl.lit(False), pl.all())).to_series()
    counts = {key: int(before[key].sum()) for key in before.columns}
    ids = [specimen.sample.row_id for specimen in clean]
    found = Found(
        set=name,
        task=task,
        rows=len(clean),
        dropped=int(taken.sum()),
        by_rule={key: count for key, count in counts.items() if count},
        examples={key: pl.Series(ids).filter(before[key]).head(3).to_list() for key, count in counts.items() if count},
        defects={},
    )
    planted: dict[str, list[Specimen]] = {}
    for key, each in suited.items():
        kept = before[each.rule] if each.rule in before.columns else pl.Series([False] * len(clean))
        whom = [specimen for specimen, gone in zip(clean, kept, strict=True) if not gone]
        planted[key], error = _plant(each, whom, max(10, rows // CLEAN_TO_PLANTED), f"{seed}/{name}")
        found.defects[key] = Caught(n=len(planted[key]), error=error or _unknown_rule(each))
    plain = [key for key in planted if suited[key].rule not in whole]
    decided = dict(zip(plain, decide_groups([planted[key] for key in plain], rules), strict=True))
    for key in planted:
        if key not in decided:  # its rule counts over a corpus, so that clean and planted rows are counted together
            spoiled = planted[key]
            some = clean[: max(1, len(spoiled) * CLEAN_TO_PLANTED)]
            decided[key] = decide_groups([some + spoiled], rules, corpus=True)[0][len(some) :]
        _count(found.defects[key], suited[key].rule, planted[key], decided[key])
    return found


def _unknown_rule(each: Defect) -> str:
    return "" if each.rule in (QUARANTINE, *presets()) else f"there is no preset {each.rule}"


def reads_corpus(rule: Rule) -> bool:
    return any(catalogue()[name].tier == "corpus" for name in _reads(rule))


def _reads(rule: Rule) -> Sequence[str]:
    return [rule.signal] if rule.signal else parse_predicate(rule.predicate or "", catalogue()).signals


def _plant(each: Defect, whom: Sequence[Specimen], count: int, seed: str) -> tuple[list[Specimen], str]:
    """`count` spoiled specimens, or fewer where few have something to spoil, and what went wrong, or ""."""
    spoiled: list[Specimen] = []
    order = random.Random(f"{seed}/{each.name}")
    for index in range(count * _TRIES if whom else 0):
        if len(spoiled) == count:
            break
        try:
            made = each.plant(order.choice(whom), random.Random(f"{seed}/{each.name}/{index}"))
        except Exception as error:  # a defect that fails is a line in the table, not the end of the run
            return spoiled, f"{type(error).__name__}: {error}"
        if made is not None:
            spoiled.append(made)
    return spoiled, ""


def decide_groups(
    groups: Sequence[Sequence[Specimen]], rules: Mapping[str, Rule], corpus: bool = False
) -> list[pl.DataFrame]:
    """For each group a bool column per rule, whether it drops the row, and QUARANTINE for images that can't be read.

    All groups are measured together, so that an image which many of them share is decoded once. Signals of the corpus
    tier would count one group's rows in another, so they are only read of a single group.
    """
    everything = [specimen for group in groups for specimen in group]
    alone = corpus or len(groups) == 1
    read = {key: rule for key, rule in rules.items() if alone or not reads_corpus(rule)}
    signals = {name for rule in read.values() for name in _reads(rule)} | {"luma_mean"}  # to decode every image
    rows = [{"sample_id": str(index), **asdict(specimen.sample)} for index, specimen in enumerate(everything)]
    table = pa.Table.from_pylist(rows, schema=SAMPLE)
    images = {sha256: data for specimen in everything for sha256, data in specimen.images.items()}
    measured = pl.DataFrame(pl.from_arrow(measure(table, images=images, signals=sorted(signals))))
    said = verdicts(measured, read) if read else pl.DataFrame()
    drops = {key: (said[key] == "drop") | ((said[key] == "unknown") & (read[key].unknown == "drop")) for key in read}
    unread = pl.Series([False] * len(everything), dtype=pl.Boolean)
    columns = {key: drops.get(key, unread) for key in rules}
    found = pl.DataFrame({QUARANTINE: measured["error"].is_not_null(), **columns})
    bounds = [sum(map(len, groups[:index])) for index in range(len(groups) + 1)]
    return [found[start:stop] for start, stop in zip(bounds, bounds[1:], strict=False)]


def _count(of: Caught, rule: str, spoiled: Sequence[Specimen], decided: pl.DataFrame) -> None:
    if not spoiled:
        return
    caught = decided[QUARANTINE]  # what can't be read meets no rule
    if rule in decided.columns:
        caught |= decided[rule]
    of.caught = int(caught.sum())
    of.caught_any = int(decided.select(pl.any_horizontal(pl.all())).to_series().sum())
    of.missed = [each.sample.row_id for each, hit in zip(spoiled, caught, strict=True) if not hit][:3]
