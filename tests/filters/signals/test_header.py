"""Header signals: what the model sees, frames, names, and how images are placed in their sample."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Media, Sample, Turn, media_part, text_part, to_row
from filters.catalogue import catalogue
from filters.context import Context
from filters.measuring import measure_samples

SIGNALS = [each for each in catalogue().values() if each.tier == "header"]


def medium(width: int = 56, height: int = 84, **facts: Any) -> Media:
    return Media(sha256=f"{width}x{height}", mime=facts.pop("mime", "image/png"), width=width, height=height, **facts)


def measured(*media: Media, places: tuple[int, ...] = (), context: Context | None = None) -> dict[str, Any]:
    parts = (*(media_part(index) for index in places), text_part("What?"))
    sample = Sample(row_id="r", source="s", task="vqa", messages=(Turn(role="user", parts=parts),), media=media)
    return measure_samples(pa.Table.from_pylist([to_row(sample)], schema=SAMPLE), SIGNALS, context).to_pylist()[0]


def test_what_the_model_sees() -> None:
    # 56x84 is 2x3 patches of 28; 560x840 is 20x30, too many for 56x84 pixels: a tenth of each side.
    row = measured(medium(), medium(560, 840), context=Context(min_pixels=3136, max_pixels=56 * 84))
    assert row["vision_tokens"] == 6
    assert row["sample_vision_tokens"] == 12
    assert row["seen_scale"] == pytest.approx(0.1)


def test_turned_images_are_seen_as_displayed() -> None:
    row = measured(medium(84, 28, orientation=6), context=Context())
    assert (row["width_px"], row["height_px"], row["exif_orientation"]) == (28, 84, 6)


def test_unknown_and_refused_sizes_have_no_tokens() -> None:
    row = measured(medium(), medium(0, 0))
    assert (row["vision_tokens"], row["sample_vision_tokens"]) == (6, None)
    refused = measured(medium(28, 28 * 300))
    assert (refused["vision_tokens"], refused["seen_scale"], refused["sample_vision_tokens"]) == (None, None, None)
    assert measured()["sample_vision_tokens"] == 0


def test_frames_formats_and_modes() -> None:
    row = measured(medium(mode="P", frames=7, mime="image/gif"), medium())
    assert (row["frame_count"], row["image_format"], row["image_mode"]) == (7, "gif", "P")
    assert measured(medium())["image_mode"] is None


@pytest.mark.parametrize(
    ("uri", "wrong"),
    [
        ("a/b.PNG", False),
        ("a/b.jpg", True),
        ("photo.jpeg.png", False),
        ("http://x/y.webp", True),
        ("no-ending", None),
        ("", None),
        ("data.tar", None),
    ],
)
def test_an_extension_that_contradicts_the_bytes(uri: str, wrong: bool | None) -> None:
    assert measured(medium(uri=uri))["wrong_extension"] is wrong


def test_places_and_repetition() -> None:
    row = measured(medium(), medium(100, 100), medium(), places=(0, 1))
    assert (row["media_count"], row["media_places"], row["repeated_media"]) == (3, 2, 1)
    none = measured()
    assert (none["media_count"], none["media_places"], none["repeated_media"]) == (0, 0, 0)
