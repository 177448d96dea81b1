"""Every defect of text is dropped by its rule; what it was made of is kept."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
import yaml

from curation.contract.rule import Rule
from curation.contract.sample import (
    SAMPLE,
    Media,
    Region,
    Sample,
    Step,
    Task,
    Turn,
    action_part,
    media_part,
    region_part,
    text_part,
    to_row,
)
from filters import presets as presets_package
from filters.catalogue import catalogue
from filters.deciding import verdicts
from filters.measuring import corpus_keys, measure_samples
from filters.predicate import parse_predicate
from filters.presets import presets
from filters.reducing import count_corpus
from synth.defects.planting import Defect
from synth.defects.text import DEFECTS
from synth.specimen import Specimen

FILE = Path(presets_package.__file__).parent / "v1" / "text.yaml"
RULES: dict[str, Rule] = {name: presets()[name] for name in yaml.safe_load(FILE.read_text(encoding="utf-8"))}
MEDIA = Media(sha256="0" * 64, mime="image/png", width=300, height=200)
CAPTIONS = (
    "A brown dog runs over the green grass while a boy with a red hat throws a ball to his sister near the old house.",
    "Two cyclists wait at a crossing in the rain; behind them stands a yellow tram with its doors open for passengers.",
    "Three bowls of fruit on a wooden table, one of them filled with green apples and the others with plums and pears.",
)
RECEIPT = '{"company": "MILLER AND SONS", "date": "12/03/2024", "address": "4 MARKET STREET", "total": "31.90"}'
LINES = (
    "MILLER AND SONS",
    "4 MARKET STREET",
    "MILK 1L",
    "BREAD",
    "APPLES 2KG",
    "COFFEE",
    "TEA",
    "TOTAL 31.90",
    "THANK YOU",
)


def sample(
    task: Task, prompt: str, answer: str = "", regions: Sequence[Region] = (), steps: Sequence[Step] = ()
) -> Sample:
    said = (text_part(answer),) if answer else tuple(region_part(index) for index in range(len(regions)))
    said = tuple(action_part(index) for index in range(len(steps))) or said
    turns = (Turn(role="user", parts=(media_part(0), text_part(prompt))), Turn(role="assistant", parts=said))
    return Sample(
        row_id="r", source="s", task=task, messages=turns, media=(MEDIA,), regions=tuple(regions), steps=tuple(steps)
    )


def clean(task: Task) -> list[Sample]:
    box = (1.0, 1.0, 90.0, 20.0)
    if task == "ocr":
        return [sample(task, "Spot all the text.", regions=[Region(points=box, text=line) for line in LINES])]
    if task == "grounding":
        return [sample(task, "Locate the dogs.", regions=[Region(points=box, label="brown dog")] * 9)]
    if task == "agent":
        step = Step(media=0, action="left_click", thought="The form is filled in, so I press the button.", region=0)
        return [sample(task, "Press Send.", regions=[Region(points=box, label="Send")], steps=[step])]
    if task == "document":
        return [sample(task, "Extract the fields as a JSON object.", RECEIPT)]
    prompt = "Describe this image." if task == "caption" else "Tell me what you can see in the middle of the picture."
    return [sample(task, prompt, caption) for caption in CAPTIONS]


def decided(samples: Sequence[Sample], rules: dict[str, Rule]) -> pl.DataFrame:
    table = pa.Table.from_pylist([to_row(each) for each in samples], schema=SAMPLE)
    names = {name for rule in rules.values() for name in reads(rule)}
    signals = [catalogue()[name] for name in sorted(names)]
    measured = pl.DataFrame(pl.from_arrow(measure_samples(table, [each for each in signals if each.tier != "corpus"])))
    counted = [each for each in signals if each.tier == "corpus"]
    values = count_corpus(corpus_keys(table, counted), [""] * len(samples), counted)
    measured = measured.with_columns(pl.Series(each.name, [row[each.name] for row in values]) for each in counted)
    facts = {"task": [each.task for each in samples], "source": [each.source for each in samples]}
    return verdicts(measured.with_columns(**{name: pl.Series(values) for name, values in facts.items()}), rules)


def reads(rule: Rule) -> Sequence[str]:
    return [rule.signal] if rule.signal else parse_predicate(rule.predicate or "", catalogue()).signals


def planted(defect: Defect, task: Task, count: int) -> list[Sample]:
    specimens = [Specimen(each, {}) for each in clean(task)]
    made = [defect.plant(specimens[seed % len(specimens)], random.Random(seed)) for seed in range(count)]
    return [each.sample for each in made if each is not None]


def test_every_rule_has_a_defect_for_every_task_that_it_names() -> None:
    suited = {(defect.rule, task) for defect in DEFECTS for task in defect.tasks}
    assert {(name, task) for name, rule in RULES.items() for task in rule.tasks} == suited
    assert all(rule.why and rule.origin for rule in RULES.values())


@pytest.mark.parametrize("task", ["caption", "vqa", "ocr", "document", "grounding", "agent", "text"])
def test_what_is_clean_is_kept(task: Task) -> None:
    table = decided(clean(task), RULES)
    assert not (table == "drop").to_numpy().any()


PLANTED = [pytest.param(each, task, id=f"{each.name}-{task}") for each in DEFECTS for task in each.tasks]


@pytest.mark.parametrize(("defect", "task"), PLANTED)
def test_its_rule_drops_a_defect(defect: Defect, task: Task) -> None:
    samples = planted(defect, task, 4 if defect.name == "whole_file" else 24)
    assert len(samples) >= 3
    said = decided(samples, {defect.rule: RULES[defect.rule]})[defect.rule].to_list()
    assert said.count("drop") >= 0.95 * len(samples)
    again = planted(defect, task, 3)
    assert [each.sample_id for each in again] == [each.sample_id for each in samples[: len(again)]]


@pytest.mark.parametrize("answer", ["yes", "3", "B", "no", "Bäckerei Müller", "出口", "12:30", "x² + 1", "N/A", "😀"])
def test_short_answers_to_questions_are_kept(answer: str) -> None:
    for task in ("vqa", "text"):
        table = decided([sample(task, "Which of the four letters is right?", answer)], RULES)
        assert not (table == "drop").to_numpy().any(), task
