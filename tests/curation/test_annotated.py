"""One's own annotated images for `winnow synth paste`: read back from what was generated and from what was ingested."""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyspark import cloudpickle

from curation import synthesis
from curation.annotated import annotated
from curation.cli_synth import PASTE, _chosen, _order
from curation.contract.sample import Answer, Region, Sample, Turn, Verifier, media_part, region_part, text_part
from curation.progress import console
from curation.run import execute
from curation.shards import cut, make_shards
from curation.stage import UsageError
from curation.workspace import Workspace
from synth.generator import Generator, Make, specimens
from synth.grounding.generate import drawn, make
from synth.grounding.paste import paste_generator
from synth.specimen import Specimen, medium
from tests.benchmarks.truth_paste import wrong_of


def _views(rng: random.Random) -> Sequence[Specimen]:
    """A scene of few things with some of its boxes, then all of them; one picture in three has only the first."""
    while True:
        state = rng.getstate()
        scene, _ = drawn(rng)
        if scene.crowd == "few" and len(scene.things) >= 2 and scene.apart:
            break
    after = rng.getstate()
    rng.setstate(state)
    images = make(rng)[0].images
    rng.setstate(after)
    boxes = tuple(Region(points=tuple(map(float, thing.box)), label=thing.kind) for thing in scene.things)
    verifier: Verifier = "boxes" if rng.random() < 0.6 else ""
    return [Specimen(_found(images, boxes[:1], "boxes"), images), Specimen(_found(images, boxes, verifier), images)]


def _found(images: dict[str, bytes], boxes: tuple[Region, ...], verifier: Verifier) -> Sample:
    turns = (
        Turn(role="user", parts=(media_part(0), text_part(f"Find {len(boxes)} things."))),
        Turn(role="assistant", parts=tuple(region_part(index) for index in range(len(boxes)))),
    )
    (data,) = images.values()
    return Sample(
        row_id="",
        source="",
        task="grounding",
        messages=turns,
        media=(medium(data),),
        regions=boxes,
        answer=Answer(text="\n".join(box.label for box in boxes), verifier=verifier),
        licence="CC-BY-4.0",
    )


@contextmanager
def _open() -> Iterator[Make]:
    yield _views


OWN = Generator(name="own", about="few things", version=1, views=2, cannot=("none",), open=_open)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight pictures in the files of `winnow synth`, without Spark."""
    folder = tmp_path_factory.mktemp("annotated") / "own"
    list(make_shards(cut(16, 8), _order(OWN, 0, "parquet", 8), OWN, str(folder)))
    (folder / "manifest.json").write_text(json.dumps({"form": "parquet", "tasks": ["grounding"]}))
    return folder


def wanted() -> dict[str, Specimen]:
    """By image, the samples that name all boxes."""
    every = specimens(OWN, _views, 0, 0, 16)
    return {each.sample.media[0].sha256: each for each in every if each.sample.row_id.endswith(".1")}


def test_an_image_is_taken_with_the_sample_that_names_all_its_boxes(made: Path) -> None:
    found = {each.sample.media[0].sha256: each for each in annotated(str(made))}
    whole = {sha256: each for sha256, each in wanted().items() if each.sample.answer.verifier == "boxes"}
    assert 2 <= len(found) < 8 and found.keys() == whole.keys()
    for sha256, each in found.items():
        assert each.sample.regions == whole[sha256].sample.regions and each.images == whole[sha256].images
        assert each.sample.licence == "CC-BY-4.0"
    assert [each.sample.row_id for each in annotated(str(made), 2)] == [
        each.sample.row_id for each in annotated(str(made))[:2]
    ]


def test_what_a_run_ingested_is_read_as_well(made: Path, spark: Any, tmp_path: Path) -> None:
    recipe = made / "recipe.yaml"
    manifest = {"form": "parquet", "tasks": ["grounding"]}
    recipe.write_text(synthesis.recipe_text({"own": ("", manifest)}))
    execute(Workspace.open(recipe, tmp_path / "out"), console(), "ingest_own", spark)
    found, generated = annotated(str(tmp_path / "out")), annotated(str(made))
    assert [each.images for each in found] == [each.images for each in generated]
    assert [each.sample.regions for each in found] == [each.sample.regions for each in generated]
    assert all(each.sample.row_id.startswith("own:") for each in found)


def test_pasted_samples_are_true_and_name_what_they_are_made_of(made: Path) -> None:
    (generator,) = pickle.loads(cloudpickle.dumps(_chosen(PASTE, str(made))))  # as Spark sends it
    own = annotated(str(made))
    wrong = wrong_of(own)
    with generator.open() as opened:
        for picture in range(3):
            key = f"paste/0/{picture}"
            assert wrong(opened(random.Random(key)), opened, key) == []
        (first, *_) = specimens(generator, opened, 0, 0, 3)
    assert first.sample.licence == "CC-BY-4.0" and first.sample.row_id == "paste/0/0.0"
    order = _order(generator, 0, "parquet", 8)
    assert order.shard_size == 9 and len(order.data) == 16
    assert order.data != paste_generator(own[1:]).data


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("paste", "", "with --data"),
        ("text", "{made}", "`--data` is for `paste`"),
        ("text,paste", "", "generate it on its own"),
        ("paste", "{empty}", "is neither a folder of `winnow synth`"),
        ("paste", "{bare}", "no image with labelled boxes"),
        ("paste", "{tars}", "holds webdataset"),
        ("paste", "{cut}", "manifest.json holds no JSON object"),
    ],
)
def test_what_cannot_be_pasted_is_said(made: Path, tmp_path: Path, name: str, data: str, told: str) -> None:
    folders = {"made": made, **{each: tmp_path / each for each in ("empty", "bare", "tars", "cut")}}
    for each, form in (("bare", "parquet"), ("tars", "webdataset")):
        (tmp_path / each).mkdir()
        (tmp_path / each / "manifest.json").write_text(json.dumps({"form": form}))
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "manifest.json").touch()
    with pytest.raises(UsageError, match=told):
        _chosen(name, data.format(**folders))
