"""Each planted fault of an image is found by its rule, or can't be read; the clean sample passes."""

from __future__ import annotations

import hashlib
import io
import random
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image, ImageDraw, ImageFilter

from curation.contract.sample import SAMPLE, Media, Sample, Task, Turn, media_part, text_part, to_row
from filters.catalogue import catalogue
from filters.deciding import verdicts
from filters.measuring import measure_image, measure_samples
from filters.presets import presets
from filters.signal import Signal
from filters.signals import pixels, pixels_blocks, pixels_detail
from model.image import ImageError, decode, read_header
from synth.defects.image import DEFECTS, IMAGE_TASKS
from synth.defects.planting import Defect
from synth.specimen import Specimen

HEADER = [each for each in catalogue().values() if each.tier == "header"]
PIXELS = [
    each for file in (pixels, pixels_blocks, pixels_detail) for each in vars(file).values() if isinstance(each, Signal)
]
RULES = {name: presets()[name] for name in dict.fromkeys(defect.rule for defect in DEFECTS) if name}


def picture(seed: int) -> bytes:
    """A soft ground with sharp shapes, as a JPEG of 480 x 360."""
    rng = random.Random(seed)
    noise = np.random.default_rng(seed).integers(0, 256, (360, 480, 3), dtype=np.uint8)
    image = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(6))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = rng.randrange(400), rng.randrange(300)
        colour = tuple(rng.choice([0, 40, 220, 255]) for _ in range(3))
        draw.rectangle((x, y, x + rng.randint(20, 120), y + rng.randint(20, 90)), fill=colour)
    draw.rectangle((10, 10, 60, 60), fill="black")
    draw.rectangle((70, 10, 120, 60), fill="white")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()


def specimen(task: Task, seed: int) -> Specimen:
    data = picture(seed)
    header, sha256 = read_header(data), hashlib.sha256(data).hexdigest()
    medium = Media(
        sha256=sha256, mime=header.mime, width=header.width, height=header.height, size=len(data), mode=header.mode
    )
    turns = (
        Turn(role="user", parts=(media_part(0), text_part("What is this?"))),
        Turn(role="assistant", parts=(text_part("Rectangles on a soft ground."),)),
    )
    return Specimen(Sample(row_id="r", source="s", task=task, messages=turns, media=(medium,)), {sha256: data})


def judged(made: Specimen) -> dict[str, str] | None:
    """Each rule's verdict; None where an image can't be read."""
    row: dict[str, Any] = measure_samples(
        pa.Table.from_pylist([to_row(made.sample)], schema=SAMPLE), HEADER
    ).to_pylist()[0]
    try:
        found = [measure_image(made.images[each.sha256], each.orientation, PIXELS) for each in made.sample.media]
    except ImageError:
        return None
    row |= found[0]
    frame = pl.DataFrame([{**row, "task": made.sample.task, "source": "s"}])
    return verdicts(frame, RULES).row(0, named=True)


def planted(defect: Defect, task: Task, seed: int) -> Specimen:
    made = defect.plant(specimen(task, seed), random.Random(seed))
    assert made is not None
    return made


def test_every_rule_of_images_has_a_defect() -> None:
    names = {name for name, rule in presets().items() if (rule.signal or rule.predicate or "").split()[0] in
             {each.name for each in (*HEADER, *PIXELS)}}  # fmt: skip
    assert set(RULES) <= names
    assert len(RULES) >= 13


@pytest.mark.parametrize("task", IMAGE_TASKS)
def test_clean_samples_pass_every_rule(task: Task) -> None:
    for seed in range(3):
        verdict = judged(specimen(task, seed))
        assert verdict is not None and "drop" not in verdict.values()


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: each.name)
def test_each_defect_is_found_in_every_task(defect: Defect) -> None:
    if defect.name == "rotten_file":
        pytest.skip("not all bit rot leaves a trace: see the test of its share")
    for task in defect.tasks:
        for seed in range(2):
            verdict = judged(planted(defect, task, seed))
            assert verdict is None if not defect.rule else verdict is not None and verdict[defect.rule] == "drop"


def test_most_bit_rot_is_found() -> None:
    rot = next(each for each in DEFECTS if each.name == "rotten_file")
    verdicts = [judged(planted(rot, "caption", seed)) for seed in range(60)]
    unreadable = [each for each in verdicts if each is None]
    shifted = [each for each in verdicts if each is not None and each[rot.rule] == "drop"]
    assert len(unreadable) + len(shifted) >= 0.9 * len(verdicts)
    assert shifted


def test_bit_rot_that_leaves_a_picture_shows_in_it() -> None:
    rot = next(each for each in DEFECTS if each.name == "rotten_file")
    left = 0
    for seed in range(60):
        clean, spoilt = specimen("caption", seed), planted(rot, "caption", seed)
        (data,) = [data for name, data in spoilt.images.items() if name not in clean.images]
        try:
            pixels = decode(data).astype(int)
        except ImageError:
            continue
        left += 1
        (whole,) = [decode(clean.images[each.sha256]).astype(int) for each in clean.sample.media]
        assert (abs(pixels - whole).max(axis=2) > 25).mean() > 0.004
    assert left


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: each.name)
def test_the_same_random_state_plants_the_same(defect: Defect) -> None:
    first, second = (planted(defect, defect.tasks[0], 5) for _ in range(2))
    assert first == second
    assert first != specimen(defect.tasks[0], 5)


def test_a_sample_without_images_has_nothing_to_spoil() -> None:
    talk = Sample(row_id="r", source="s", task="text", messages=(Turn(role="user", parts=(text_part("Hello"),)),))
    assert all(defect.plant(Specimen(talk, {}), random.Random(0)) is None for defect in DEFECTS)
