"""Cards of generated samples: what an agent does in words, and regions drawn where they lie."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from curation.contract.sample import Part, Region, Sample, Step, Turn, action_part, media_part, to_row
from curation.media import MediaStore
from curation.report.cards import make_card, said
from curation.report.palette import REFERENCE
from curation.report.picture import Picture, Thumbnails
from synth.drawing import encode
from synth.specimen import medium

GREEN = tuple(int(REFERENCE[at : at + 2], 16) for at in (1, 3, 5))


@pytest.fixture
def two_pictures(tmp_path: Path) -> tuple[Sample, Thumbnails]:
    """A box on the second of two white pictures."""
    store = MediaStore(str(tmp_path))
    files = [encode(Image.new("RGB", size, "white"), "png") for size in ((60, 40), (80, 40))]
    assert [store.put(data) for data in files]
    sample = Sample(
        row_id="r",
        source="s",
        task="grounding",
        messages=(Turn(role="user", parts=(media_part(0), media_part(1))),),
        media=tuple(medium(data) for data in files),
        regions=(Region(points=(10.0, 10.0, 50.0, 30.0), media=1),),
    )
    return sample, Thumbnails(store)


def pixels(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(picture.uri.partition(",")[2]))).convert("RGB")


def is_green(image: Image.Image, x: int, y: int) -> bool:
    found = image.getpixel((x, y))
    assert isinstance(found, tuple)
    return max(abs(a - b) for a, b in zip(found, GREEN, strict=True)) < 60


def test_regions_are_drawn_on_their_own_picture(two_pictures: tuple[Sample, Thumbnails]) -> None:
    sample, thumbnails = two_pictures
    first, second = map(pixels, make_card(to_row(sample), thumbnails, marked=True).pictures)
    assert second.size == (80, 40)
    assert is_green(second, 10, 20) and is_green(second, 50, 20) and is_green(second, 30, 10)
    assert not is_green(second, 30, 20) and not is_green(second, 5, 5) and not is_green(first, 10, 20)
    plain = pixels(make_card(to_row(sample), thumbnails).pictures[1])
    assert not is_green(plain, 10, 20)
    alone = make_card(to_row(sample), thumbnails, most=1)
    assert len(alone.pictures) == 1 and alone.more == 1


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (Step(media=0, action="type", arguments='{"text": "hi"}', thought="Greet."), 'Greet.\ntype {"text": "hi"}'),
        (Step(media=0, action="left_click", region=0), "left_click OK [1, 2, 3, 4]"),
        (
            Step(media=0, action="swipe", tool="mobile_use", region=0, end_region=1),
            "swipe OK [1, 2, 3, 4] bin [5, 6, 7, 8]",
        ),
    ],
)
def test_a_step_is_told_with_its_arguments_and_places(step: Step, told: str) -> None:
    regions = (
        Region(points=(1.0, 2.0, 3.0, 4.0), label="OK"),
        Region(points=(5.0, 6.0, 7.0, 8.0), label="bin"),
    )
    parts: tuple[Part, ...] = (action_part(0),)
    turns = (Turn(role="assistant", parts=parts),) * 2
    sample = Sample(row_id="r", source="s", task="agent", messages=turns, regions=regions, steps=(step,))
    assert said(to_row(sample), "assistant") == f"{told}\n{told}"
