"""Every defect of boxes is dropped by its rule; what it was made of is kept."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
import yaml

from curation.build import Builder
from curation.contract.recipe import Source
from curation.contract.sample import SAMPLE, Media, Region, Sample, to_row
from filters import presets as presets_package
from filters.catalogue import catalogue
from filters.deciding import verdicts
from filters.measuring import measure_samples
from filters.predicate import parse_predicate
from filters.presets import presets
from synth.defects.grounding import DEFECTS
from synth.defects.planting import Defect, prompt_of, with_prompt
from synth.raw.scenes import draw_scene
from synth.raw.screens import draw_screen
from synth.raw.signs import refer
from synth.specimen import Specimen

RULES = {name: presets()[name] for name in {defect.rule for defect in DEFECTS}}


def built(build: str, fields: dict[str, str], row: dict[str, object], size: tuple[int, int]) -> Sample:
    source = Source.model_validate({"path": "x", "reader": "jsonl", "build": build, "fields": {"image": "i", **fields}})
    sha256 = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
    media = Media(sha256=sha256, mime="image/png", width=size[0], height=size[1])
    (sample,) = Builder("s", source).build("r", {"i": 1, **row}, lambda value: media)
    return sample


def detection(objects: list[dict[str, object]], size: tuple[int, int]) -> Sample:
    return built("detection", {"regions": "o[].{points: bbox, label: label}"}, {"o": objects}, size)


def clean() -> list[Sample]:
    """Drawn scenes with all their shapes, with one of them, and screens with one click."""
    samples = []
    for seed in range(24):
        scene, screen = draw_scene(random.Random(seed)), draw_screen(random.Random(seed))
        objects: list[dict[str, object]] = [{"label": each.kind, "bbox": list(each.box)} for each in scene.objects]
        samples.append(detection(objects, scene.image.size))
        phrase, box = refer(random.Random(seed), scene)
        samples.append(
            built("referring", {"phrase": "p", "region": "b"}, {"p": phrase, "b": list(box)}, scene.image.size)
        )
        row: dict[str, object] = {"q": screen.instruction, "b": list(screen.steps[0].box), "t": screen.steps[0].text}
        samples.append(built("click", {"instruction": "q", "target": "b", "label": "t"}, row, screen.image.size))
    return samples


CLEAN = clean()


def judged(samples: Sequence[Sample]) -> pl.DataFrame:
    """What each rule makes of each sample."""
    signals = catalogue()
    names = {
        name
        for rule in RULES.values()
        for name in ([rule.signal] if rule.signal else parse_predicate(rule.predicate or "", signals).signals)
    }
    table = pa.Table.from_pylist([to_row(sample) for sample in samples], schema=SAMPLE)
    measured = pl.DataFrame(pl.from_arrow(measure_samples(table, [signals[name] for name in sorted(names)])))
    told = {"task": [each.task for each in samples], "source": [each.source for each in samples]}
    return verdicts(measured.with_columns(**{name: pl.Series(values) for name, values in told.items()}), RULES)


def planted(defect: Defect, samples: Sequence[Sample]) -> list[Sample]:
    found = []
    for seed, sample in enumerate(samples):
        if sample.task not in defect.tasks:
            continue
        spoilt = defect.plant(Specimen(sample, {}), random.Random(seed))
        assert spoilt == defect.plant(Specimen(sample, {}), random.Random(seed))
        if spoilt is not None:
            found.append(spoilt.sample)
    return found


def dropped(samples: Sequence[Sample]) -> dict[str, int]:
    table = judged(samples)
    counts = {name: (table[name] == "drop").sum() for name in table.columns}
    return {name: count for name, count in counts.items() if count}


def test_clean_samples_are_kept() -> None:
    assert dropped(CLEAN) == {}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_what_is_planted_is_dropped_by_its_rule(defect: Defect) -> None:
    spoilt = planted(defect, CLEAN)
    assert {sample.task for sample in spoilt} == set(defect.tasks)
    verdict = judged(spoilt)[defect.rule]
    assert (verdict == "drop").sum() >= 0.95 * len(spoilt), verdict.to_list()


def test_every_rule_on_grounding_has_a_defect() -> None:
    rules = yaml.safe_load((Path(str(presets_package.__file__)).parent / "v1" / "grounding.yaml").read_text("utf-8"))
    assert {defect.rule for defect in DEFECTS} == set(rules)


def test_strangers_are_named_in_the_language_of_the_set_and_only_where_they_contradict() -> None:
    plants = {defect.name: defect.plant for defect in DEFECTS}
    scene = next(sample for sample in CLEAN if sample.task == "grounding" and len(sample.regions) > 2)

    def spoilt(name: str, label: str, prompt: str) -> Specimen | None:
        regions = tuple(replace(each, label=label) for each in scene.regions[:1])
        return plants[name](with_prompt(Specimen(replace(scene, regions=regions), {}), prompt), random.Random(3))

    renamed = spoilt("label_not_asked_for", "周四", "找出这个数据点：周四。")
    assert renamed and re.fullmatch(r"[\u4e00-\u9fff]+", renamed.sample.regions[0].label)
    assert spoilt("label_not_asked_for", "smallest object", "Where is the smallest object?") is None
    asked = spoilt("query_of_another_image", "周四", "找出这个数据点：周四。")
    assert asked and re.search(r"[\u4e00-\u9fff]{4}", prompt_of(asked.sample))
    assert spoilt("query_of_another_image", "25-30", "Locate the bar: 25-30.") is None  # it may be written on a zebra
    assert spoilt("wrong_count", "Mon", "Locate the point: Mon.") is None
    assert spoilt("wrong_count", "Hexley, Price", "Locate the cell: Hexley, Price.") is None
    assert spoilt("wrong_count", "dog", "Locate the dog.") is not None


def test_points_and_counts_that_are_right_are_kept() -> None:
    scene = next(sample for sample in CLEAN if sample.task == "grounding" and len(sample.regions) > 2)
    points = tuple(Region(points=each.centre, shape="point", label=each.label) for each in scene.regions)
    assert dropped([replace(scene, regions=(*scene.regions, *points))]) == {}


def test_of_real_cells_only_those_boxed_twice_or_without_area_are_dropped(real_data: Path) -> None:
    rows = [json.loads(line) for line in (real_data / "cells" / "annotations.jsonl").read_text().splitlines()]
    cells = [detection(row["objects"], (row["width"], row["height"])) for row in rows]
    table = judged(cells)
    lost = {name: [rows[i]["id"] for i, said in enumerate(table[name]) if said == "drop"] for name in table.columns}
    twice = ["BloodImage_00100", "BloodImage_00251", "BloodImage_00284", "BloodImage_00331"]  # looked at, one by one
    assert sorted(lost.pop("no_object_boxed_twice")) == twice
    assert lost.pop("boxes_have_area") == lost.pop("boxes_large_enough_to_see") == ["BloodImage_00338"]
    assert not any(lost.values())
