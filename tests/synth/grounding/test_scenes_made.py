"""Drawn scenes: their truth holds, an error that is planted is seen, and each form is rendered and read back."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Answer, Region, Sample, Turn, text_part, to_row
from filters import decide, measure
from filters.presets import presets
from model.answer import answer_text
from model.chat import render
from model.family import FAMILIES, QWEN2_5_VL
from model.grounding import parse_regions
from synth.generator import specimens
from synth.grounding.generate import GENERATOR, make
from synth.specimen import Specimen
from tests.benchmarks.truth_scenes import wrong

LIMITS = (3136, 12_845_056)
KEYS = [f"scenes/11/{picture}" for picture in range(5)]


@pytest.fixture(scope="module")
def made() -> list[Specimen]:
    with GENERATOR.open() as opened:
        return list(specimens(GENERATOR, opened, seed=5, start=0, stop=40 * GENERATOR.views))


@pytest.mark.parametrize("key", KEYS)
def test_the_truth_is_true(key: str) -> None:
    assert wrong(make(random.Random(key)), make, key) == []


def _moved(sample: Sample) -> Sample:
    first = sample.regions[0]
    points = tuple(value + 9 for value in first.points)
    return replace(sample, regions=(replace(first, points=points), *sample.regions[1:]))


def _in_the_corner(sample: Sample) -> Sample:
    return replace(sample, regions=(replace(sample.regions[0], points=(1.5, 1.5)), *sample.regions[1:]))


def _beyond(sample: Sample) -> Sample:
    return replace(sample, regions=(replace(sample.regions[0], points=(1.5, 2000.0)), *sample.regions[1:]))


def _fewer(sample: Sample) -> Sample:
    return replace(sample, regions=sample.regions[1:])


def _misnamed(sample: Sample) -> Sample:
    return replace(sample, regions=(replace(sample.regions[0], label="violin"), *sample.regions[1:]))


def _elsewhere(sample: Sample) -> Sample:
    return replace(sample, answer=Answer(text="[[1, 1, 9, 9]]", verifier="points"))


def _miscounted(sample: Sample) -> Sample:
    text = "".join(part.text for part in sample.messages[1].parts if part.kind == "text")
    turn = Turn(role="assistant", parts=(text_part("7" if text != "7" else "8"),))
    return replace(sample, messages=(sample.messages[0], turn), regions=())


def _asked_for_something_else(sample: Sample) -> Sample:
    parts = tuple(
        replace(part, text="Locate the second umbrella from the left.") if part.kind == "text" else part
        for part in sample.messages[0].parts
    )
    return replace(sample, messages=(replace(sample.messages[0], parts=parts), *sample.messages[1:]))


@pytest.mark.parametrize(
    ("view", "spoil"),
    [
        (0, _moved),
        (0, _fewer),
        (0, _misnamed),
        (1, _moved),
        (1, _asked_for_something_else),
        (3, _in_the_corner),
        (3, _beyond),
        (3, _elsewhere),
        (4, _miscounted),
    ],
)
def test_a_planted_error_is_seen(view: int, spoil: Callable[[Sample], Sample]) -> None:
    made = list(make(random.Random(KEYS[0])))
    made[view] = Specimen(spoil(made[view].sample), made[view].images)
    found = wrong(made, None, KEYS[0])
    assert found and all(message.startswith(f"view {view}:") for message in found)


def test_a_picture_of_another_scene_is_seen() -> None:
    assert any("does not show" in each for each in wrong(make(random.Random(KEYS[0])), None, KEYS[1]))


def test_the_same_state_gives_the_same_bytes() -> None:
    first, second = make(random.Random("twice")), make(random.Random("twice"))
    assert [each.sample for each in first] == [each.sample for each in second]
    assert [each.images for each in first] == [each.images for each in second]


def test_every_form_of_answer_comes_up_and_no_two_samples_are_alike(made: list[Specimen]) -> None:
    views = {each.sample.tags[1].removeprefix("template:") for each in made}
    assert views >= {"find", "find_everything", "find_two", "point", "point_xml", "absent", "absent_count"}
    assert views >= {"count", "count_boxes", "count_points", "refer_by_attributes", "refer_by_size", "refer_by_order"}
    assert any(len(each.sample.regions) >= 20 for each in made)
    assert len({each.sample.sample_id for each in made}) == len(made)
    prompts = [(each.sample.media[0].sha256, each.sample.messages[0].parts[1].text) for each in made]
    assert len(set(prompts)) == len(made)


def test_no_preset_drops_any(made: list[Specimen]) -> None:
    table = pa.Table.from_pylist([to_row(each.sample) for each in made[:60]], schema=SAMPLE)
    images = {name: data for each in made[:60] for name, data in each.images.items()}
    fates = decide(measure(table, images=images), presets())
    assert [row for row in fates.to_pylist() if row["fate"] != "kept"] == []


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_regions_are_rendered_in_the_familys_form_and_read_back(family: object, made: list[Specimen]) -> None:
    read = 0
    for each in made:
        row = render(each.sample, family, *LIMITS, "train")  # type: ignore[arg-type]
        seen = row.media[0]
        sizes = (seen.width, seen.height), (seen.resized_width, seen.resized_height)
        found = parse_regions(answer_text(row), family, *sizes)  # type: ignore[arg-type]
        assert len(found) == len(each.sample.regions)
        for region, back in zip(each.sample.regions, found, strict=True):
            assert (region.shape, region.label) == (back.shape, back.label)
            unit = max(seen.width, seen.height) / 1000
            assert max(abs(a - b) for a, b in zip(region.points, back.points, strict=True)) <= max(1.0, unit) + 1e-6
        read += len(found)
    assert read > 500


def test_points_asked_for_in_xml_are_written_in_xml(made: list[Specimen]) -> None:
    each = next(each for each in made if "template:point_xml" in each.sample.tags)
    text = answer_text(render(each.sample, QWEN2_5_VL, *LIMITS, "train"))
    assert text.startswith('<points x1="') and text.endswith("</points>")


def test_an_absent_thing_is_said_to_be_absent(made: list[Specimen]) -> None:
    each = next(each for each in made if "template:absent" in each.sample.tags)
    said = each.sample.messages[1].parts[0].text
    assert each.sample.regions == () and said.startswith("There ") and " no " in said
    assert each.sample.answer == Answer(text=said, verifier="boxes")


def test_a_region_is_a_plain_box_or_point(made: list[Specimen]) -> None:
    for each in made:
        for region in each.sample.regions:
            assert isinstance(region, Region) and region.media == 0 and region.shape in ("box", "point")
