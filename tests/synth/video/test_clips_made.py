"""Drawn clips: their truth holds, an error that is planted is seen, and the frames are rendered as images."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from curation.contract.sample import SAMPLE, Sample, Turn, text_part, to_row
from filters import decide, measure
from filters.presets import presets
from filters.verify import interval_iou
from model.answer import answer_text
from model.chat import render
from model.family import FAMILIES
from model.frames import Sampling, read_frames
from synth.generator import specimens
from synth.specimen import Specimen
from synth.video.clip import Clip, clip_bytes, clip_name, draw_frame
from synth.video.events import events
from synth.video.generate import GENERATOR, make, planned
from synth.video.questions import MOST_FRAMES, Shown
from tests.benchmarks.truth_video import decoded, wrong


@pytest.fixture(scope="module")
def made() -> list[Specimen]:
    with GENERATOR.open() as opened:
        return list(specimens(GENERATOR, opened, seed=2, start=0, stop=8 * GENERATOR.views))


def short_clip() -> tuple[str, Clip]:
    """The first of few frames in which a thing is not seen all the time, and its key."""
    for seed in range(500):
        clip = planned(random.Random(f"short {seed}"))
        if clip.frames < 150 and any(event.doing == "still" for event in events(clip)):
            return f"short {seed}", clip
    raise AssertionError("no clip is short")


KEY, CLIP = short_clip()


@pytest.mark.parametrize("key", [KEY, "video/3/1", "video/3/2"])
def test_the_truth_is_true(key: str) -> None:
    assert wrong(make(random.Random(key)), make, key) == []


def _later(sample: Sample) -> Sample:
    said = json.dumps({"start_time": 0.01, "end_time": 0.3})
    return replace(sample, messages=(sample.messages[0], Turn(role="assistant", parts=(text_part(said),))))


def _another_number(sample: Sample) -> Sample:
    return replace(sample, messages=(sample.messages[0], Turn(role="assistant", parts=(text_part("17"),))))


def _other_times(sample: Sample) -> Sample:
    parts = list(sample.messages[0].parts)
    parts[0], parts[2] = parts[2], parts[0]
    return replace(sample, messages=(replace(sample.messages[0], parts=tuple(parts)), *sample.messages[1:]))


def _another_clip(sample: Sample) -> Sample:
    return replace(sample, media=tuple(replace(each, uri="clip-0" + each.uri[6:]) for each in sample.media))


@pytest.mark.parametrize(("view", "spoil"), [(0, _later), (2, _another_number), (1, _other_times), (1, _another_clip)])
def test_a_planted_error_is_seen(view: int, spoil: Callable[[Sample], Sample]) -> None:
    made = list(make(random.Random(KEY)))
    made[view] = Specimen(spoil(made[view].sample), made[view].images)
    found = wrong(made, None, KEY)
    assert found and all(message.startswith(f"view {view}:") for message in found)


def test_the_file_holds_every_frame_exactly(tmp_path: Path) -> None:
    """Also where a thing rests, and equal frames are stored once; `read_frames` finds them by their times."""
    data = clip_bytes(CLIP)
    frames = decoded(data, CLIP.rate)
    assert len(frames) == CLIP.frames
    assert all(np.array_equal(frame, draw_frame(CLIP, index)) for index, frame in enumerate(frames))
    (tmp_path / clip_name(data)).write_bytes(data)
    found = read_frames(tmp_path / clip_name(data), Sampling(fps=CLIP.rate, max_frames=768))
    assert len(found.pictures) == CLIP.frames // 2 * 2
    for time, picture in zip(found.times, found.pictures, strict=True):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(picture))), frames[round(time * CLIP.rate)])


def test_the_same_state_gives_the_same_bytes() -> None:
    first, second = make(random.Random(KEY)), make(random.Random(KEY))
    assert [(each.sample, each.images) for each in first] == [(each.sample, each.images) for each in second]


def test_times_as_seconds_and_as_hmsf() -> None:
    clip = replace(CLIP, rate=12)
    assert (
        Shown(clip, (0, 2), True).stamp(75) == "[0:00:06:03] " and Shown(clip, (0, 2), False).stamp(75) == "[6.25 s] "
    )
    assert Shown(clip, (0, 2), True).time(12 * 3725 + 11) == "1:02:05:11"


def test_samples_are_frames_with_times_at_many_rates(made: list[Specimen]) -> None:
    rates = set()
    for each in made:
        sample = each.sample
        kinds = [part.kind for part in sample.messages[0].parts]
        assert sample.task == "video" and kinds == ["text", "media"] * len(sample.media) + ["text"]
        assert 4 <= len(sample.media) <= MOST_FRAMES and len(sample.media) % 2 == 0
        assert {media.sha256 for media in sample.media} == set(each.images)
        times = [float(media.uri.split("#t=")[1]) for media in sample.media]
        assert times == sorted(times) and times[0] == 0
        rates.add(round(len(times) / times[-1], 1))
    assert len(rates) > 12
    assert len({each.sample.sample_id for each in made}) == len(made)


def test_an_answer_in_time_passes_its_own_verifier(made: list[Specimen]) -> None:
    first = [each.sample for each in made if each.sample.answer.verifier == "interval"]
    assert len(first) == 8 and {tag for sample in first for tag in sample.tags} >= {"time:hmsf", "time:seconds"}
    for sample in first:
        assert interval_iou(sample.messages[1].parts[0].text, sample.answer.text) > 0.97


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_clip_is_rendered_as_images(family: object, made: list[Specimen]) -> None:
    sample = made[0].sample
    row = render(sample, family, 3136, 12_845_056, "train")  # type: ignore[arg-type]
    assert sum(segment.kind == "media" for segment in row.segments) == len(sample.media)
    assert answer_text(row) == sample.messages[1].parts[0].text and row.reference.verifier == "interval"


def test_no_preset_drops_any(made: list[Specimen]) -> None:
    table = pa.Table.from_pylist([to_row(each.sample) for each in made], schema=SAMPLE)
    images = {name: data for each in made for name, data in each.images.items()}
    fates = decide(measure(table, images=images), presets())
    assert [row for row in fates.to_pylist() if row["fate"] != "kept"] == []
