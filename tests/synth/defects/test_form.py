"""Every defect of form and content is dropped by its rule; what it was made of is kept."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
import yaml

from curation.contract.rule import Rule
from curation.contract.sample import SAMPLE, Sample, Turn, text_part, to_row
from filters import presets as presets_package
from filters.catalogue import catalogue
from filters.deciding import verdicts
from filters.measuring import measure_samples
from filters.presets import presets
from synth.defects import content, form
from synth.defects.planting import Defect
from synth.specimen import Specimen
from tests.benchmarks.clean import TASKS, drawn

DEFECTS = (*form.DEFECTS, *content.DEFECTS)
_FILE = Path(presets_package.__file__).parent / "v1" / "form.yaml"
RULES: dict[str, Rule] = {name: presets()[name] for name in yaml.safe_load(_FILE.read_text(encoding="utf-8"))}
_SIGNALS = [catalogue()[name] for name in dict.fromkeys(rule.signal or "" for rule in RULES.values())]
_RECALL = 0.95
_EACH = 12


def decide(samples: Sequence[Sample]) -> pl.DataFrame:
    table = pa.Table.from_pylist([to_row(sample) for sample in samples], schema=SAMPLE)
    measured = pl.DataFrame(pl.from_arrow(measure_samples(table, _SIGNALS)))
    where = {name: [getattr(sample, name) for sample in samples] for name in ("task", "source")}
    return verdicts(measured.with_columns(pl.Series(name, values) for name, values in where.items()), RULES)


def dropped(samples: Sequence[Sample]) -> list[list[str]]:
    """The rules that drop each sample."""
    table = decide(samples)
    return [[name for name, verdict in row.items() if verdict == "drop"] for row in table.to_dicts()]


@cache
def clean(task: str) -> tuple[Specimen, ...]:
    return tuple(drawn(task, _EACH, seed=3))  # type: ignore[arg-type]


def dialogue(prompt: str, answer: str) -> Sample:
    turns = (Turn(role="user", parts=(text_part(prompt),)), Turn(role="assistant", parts=(text_part(answer),)))
    return Sample(row_id="r", source="s", task="text", messages=turns)


@pytest.mark.parametrize("task", TASKS)
def test_clean_samples_are_kept(task: str) -> None:
    assert dropped([specimen.sample for specimen in clean(task)]) == [[]] * _EACH


def test_every_rule_has_a_defect_in_each_of_its_tasks() -> None:
    planted = {name: {task for each in DEFECTS if each.rule == name for task in each.tasks} for name in RULES}
    assert planted == {name: set(rule.tasks) for name, rule in RULES.items()}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: each.name)
def test_a_defect_is_dropped_by_its_rule(defect: Defect) -> None:
    spoilt, hit = 0, 0
    for task in defect.tasks:
        planted = [
            found
            for index, specimen in enumerate(clean(task))
            if (found := defect.plant(specimen, random.Random(f"{defect.name}/{index}"))) is not None
        ]
        assert planted, task
        verdict = decide([specimen.sample for specimen in planted])[defect.rule]
        spoilt, hit = spoilt + len(planted), hit + int((verdict == "drop").sum())
    assert hit >= _RECALL * spoilt


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: each.name)
def test_the_same_state_plants_the_same(defect: Defect) -> None:
    specimen = clean(defect.tasks[-1])[0]
    assert defect.plant(specimen, random.Random(8)) == defect.plant(specimen, random.Random(8))


def test_real_answers_cut_anywhere_are_found_and_whole_ones_kept(real_data: Path) -> None:
    """On 1,500 cleaned Alpaca rows: cuts of the answers that can be told, and few drops of whole ones."""
    with gzip.open(real_data / "instructions" / "alpaca.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["cleaned_output"]]
    rows = random.Random(5).sample(rows, 1500)
    samples = [
        dialogue(f"{row['cleaned_instruction']}\n\n{row['cleaned_input'] or ''}", row["cleaned_output"]) for row in rows
    ]
    drops = dropped(samples)
    refusals = sum("no_refusals" in names for names in drops)  # this copy was cleaned with a model that refuses
    assert 1 <= refusals <= 20
    assert sum(bool(set(names) - {"no_refusals"}) for names in drops) <= 0.006 * len(rows)
    cuts = [each for each in form.DEFECTS if each.rule == "sentences_finished"]
    kept = [Specimen(sample, {}) for sample, names in zip(samples, drops, strict=True) if not names]
    planted = [
        found for each in cuts for index, one in enumerate(kept) if (found := each.plant(one, random.Random(index)))
    ]
    assert len(planted) > 1000
    assert (decide([specimen.sample for specimen in planted])["sentences_finished"] == "drop").mean() >= _RECALL
