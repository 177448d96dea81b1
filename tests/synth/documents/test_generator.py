"""Real pages out of a real browser: the same from the same seed, right by other routes, and kept by every preset."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Answer, Region, Sample
from filters.api import decide, measure
from filters.presets import presets
from synth.defects.document import DEFECTS
from synth.documents import GENERATOR
from synth.documents.fonts import check_fonts
from synth.documents.generator import Press, opened
from synth.documents.kinds import KINDS, LANGUAGES
from synth.specimen import Specimen
from tests.benchmarks.truth_documents import wrong

KEYS = [f"documents/7/{picture}" for picture in range(6)]


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    with opened() as found:
        yield found


@pytest.fixture(scope="module")
def made(press: Press) -> dict[str, Sequence[Specimen]]:
    return {key: press(random.Random(key)) for key in KEYS}


def test_the_same_seed_gives_the_same_bytes(press: Press, made: dict[str, Sequence[Specimen]]) -> None:
    for key in KEYS[2:0:-1]:
        assert list(press(random.Random(key))) == list(made[key])


def test_each_page_has_its_four_views(made: dict[str, Sequence[Specimen]]) -> None:
    for views in made.values():
        assert len(views) == GENERATOR.views == 4
        verifiers = [each.sample.answer.verifier for each in views]
        assert verifiers == ["", "anls", "spotting", "fields"]
    images = {each.sample.media[0].sha256 for views in made.values() for each in views}
    answers = {each.sample.answer.text for views in made.values() for each in views}
    assert len(images) == len(KEYS) and len(answers) == 4 * len(KEYS)


def test_nothing_is_wrong_by_other_routes(press: Press, made: dict[str, Sequence[Specimen]]) -> None:
    assert {key: found for key in KEYS[:4] if (found := wrong(made[key], press, key))} == {}


def test_every_preset_keeps_them(made: dict[str, Sequence[Specimen]]) -> None:
    named = {f"{key}.{view}": each for key, views in made.items() for view, each in enumerate(views)}
    table = pa.Table.from_pylist([{"sample_id": name, **asdict(each.sample)} for name, each in named.items()], SAMPLE)
    images = {sha256: data for each in named.values() for sha256, data in each.images.items()}
    decided = decide(measure(table, images=images), presets())
    assert decided["reason"].to_pylist() == [""] * 24 and set(decided["fate"].to_pylist()) == {"kept"}


def test_the_lines_tell_key_fields_of_another_paper(made: dict[str, Sequence[Specimen]]) -> None:
    (defect,) = (each for each in DEFECTS if each.name == "fields_of_another")
    rules = {defect.rule: presets()[defect.rule]}
    planted = {key: defect.plant(views[3], random.Random(key)) for key, views in made.items()}
    rows = [{"sample_id": key, **asdict(each.sample)} for key, each in planted.items() if each]
    assert len(rows) >= 3
    images = {sha256: data for each in planted.values() if each for sha256, data in each.images.items()}
    decided = decide(measure(pa.Table.from_pylist(rows, SAMPLE), images=images), rules)
    assert set(decided["reason"].to_pylist()) == {defect.rule}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_stands_out_of_its_sheet(press: Press, kind: str) -> None:
    for language in LANGUAGES[:: 1 if kind == "report" else 4]:
        page = KINDS[kind](random.Random(f"{language.code}"), language)
        image, laid = press.render(page)
        assert image.shape == (laid.height, laid.width, 3) and laid.width == page.width
        for line in laid.lines:
            xs, ys = line.quad[0::2], line.quad[1::2]
            assert min(xs) >= 10 and max(xs) <= laid.width - 10, line
            assert min(ys) >= 10 and max(ys) <= laid.height - 10, line


def test_a_missing_font_is_named_with_what_brings_it(press: Press) -> None:
    with pytest.raises(RuntimeError, match="no font Noto Sans CJK XX; `apt-get install fonts-noto-cjk`"):
        check_fonts(press._tab, ["Noto Sans", "Noto Sans CJK XX"])


def _spoiled(views: Sequence[Specimen], place: int, sample: Sample) -> list[Specimen]:
    return [replace(each, sample=sample) if at == place else each for at, each in enumerate(views)]


def _moved(region: Region, by: float) -> Region:
    return replace(region, points=tuple(value + by for value in region.points))


def test_a_shifted_line_is_found(press: Press, made: dict[str, Sequence[Specimen]]) -> None:
    sample = made[KEYS[0]][2].sample
    regions = (_moved(sample.regions[0], 6), *sample.regions[1:])
    found = wrong(_spoiled(made[KEYS[0]], 2, replace(sample, regions=regions)), press, KEYS[0])
    assert any(each.startswith("lines: ") for each in found)


def test_a_shifted_box_is_found(press: Press, made: dict[str, Sequence[Specimen]]) -> None:
    sample = made[KEYS[0]][0].sample
    widened = re.sub(r'data-bbox="(\d+)', lambda left: f'data-bbox="{max(0, int(left[1]) - 12)}', sample.answer.text)
    spoiled = replace(sample, answer=Answer(text=widened))
    found = wrong(_spoiled(made[KEYS[0]], 0, spoiled), press, KEYS[0])
    assert any(each.startswith("boxes: ") for each in found)


def test_changed_words_and_fields_are_found(made: dict[str, Sequence[Specimen]]) -> None:
    views = made[KEYS[0]]
    said = views[1].sample
    changed = replace(said, answer=replace(said.answer, text=said.answer.text + " Zq9"))
    assert any(each.startswith("texts: ") for each in wrong(_spoiled(views, 1, changed), None, KEYS[0]))
    fields = views[3].sample
    record = {**json.loads(fields.answer.text), "author": "Nobody At All"}
    changed = replace(fields, answer=replace(fields.answer, text=json.dumps(record)))
    assert any(each.startswith("fields: ") for each in wrong(_spoiled(views, 3, changed), None, KEYS[0]))
