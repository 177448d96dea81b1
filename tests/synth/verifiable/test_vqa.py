from __future__ import annotations

from dataclasses import replace

import pytest

from curation.contract.sample import Answer, Turn, text_part
from filters.presets import presets
from synth.generator import specimens
from synth.specimen import Specimen
from synth.verifiable.vqa import GENERATOR
from tests.benchmarks.planted import decide_groups
from tests.benchmarks.truth_vqa import wrong

KINDS = {"clock", "dice", "tiles", "rectangle", "thermometer"}


@pytest.fixture(scope="module")
def made() -> list[Specimen]:
    with GENERATOR.open() as make:
        return list(specimens(GENERATOR, make, 2, 0, 150))


def kind(specimen: Specimen) -> str:
    return specimen.sample.tags[0].removeprefix("build:vqa/")


def test_the_same_seed_gives_the_same_bytes(made: list[Specimen]) -> None:
    with GENERATOR.open() as make:
        assert list(specimens(GENERATOR, make, 2, 30, 36)) == made[30:36]


def test_every_kind_and_its_size(made: list[Specimen]) -> None:
    assert {kind(each) for each in made} == KINDS
    for each in made:
        assert 224 <= min(each.sample.media[0].displayed) <= max(each.sample.media[0].displayed) <= 560


def test_answers_follow_from_the_pictures(made: list[Specimen]) -> None:
    assert wrong(made, None, "") == []


def test_a_wrong_answer_is_reported_in_every_kind(made: list[Specimen]) -> None:
    for name in sorted(KINDS):
        sample = next(each for each in made if kind(each) == name)
        turn = Turn(role="assistant", parts=(text_part("7"),))
        other = replace(sample.sample, messages=(*sample.sample.messages[:-1], turn), answer=Answer(text="7"))
        assert len(wrong([Specimen(other, sample.images)], None, "")) == 1


@pytest.mark.parametrize("name", ["clock", "dice", "thermometer"])
def test_another_picture_is_reported(made: list[Specimen], name: str) -> None:
    """The pixels are read: samples of one board with the picture of another are wrong."""
    first, second = [each for each in made[::3] if kind(each) == name][:2]
    swapped = replace(first.sample, media=second.sample.media)
    assert len(wrong([Specimen(swapped, second.images)], None, "")) == 1


def test_no_preset_drops_any(made: list[Specimen]) -> None:
    rules = {name: rule for name, rule in presets().items() if not rule.tasks or "vqa" in rule.tasks}
    decided = decide_groups([made[::2]], rules)[0]
    assert {name: int(decided[name].sum()) for name in decided.columns if decided[name].any()} == {}
