"""Boxes under all eight EXIF orientations: the pixels inside a box are the pixels that were annotated."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from curation.build import Builder
from curation.contract.recipe import Boxes, Source
from curation.ingest import store_image
from curation.media import MediaStore
from model.chat import render
from model.family import family
from model.geometry import scale_points
from model.grounding import parse_regions
from model.image import decode

STORED = (200, 120)  # width, height
BOX = (20, 30, 80, 60)  # in the stored frame


def jpeg(orientation: int) -> bytes:
    image = Image.new("RGB", STORED, (40, 60, 200))
    image.paste((230, 30, 30), BOX)
    exif = Image.Exif()
    exif[274] = orientation
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, subsampling=0, exif=exif)
    return out.getvalue()


def displayed_box(orientation: int) -> tuple[float, ...]:
    """Where the red is in the image as every viewer shows it, found from the pixels alone."""
    shown = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(jpeg(orientation)))))
    rows, columns = np.nonzero(shown[..., 0] > 130)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("frame", ["stored", "displayed"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_fit_the_displayed_pixels(orientation: int, frame: str, tmp_path: Path) -> None:
    data, media = jpeg(orientation), MediaStore(str(tmp_path))
    given = BOX if frame == "stored" else displayed_box(orientation)
    fields = {"image": "image", "phrase": "phrase", "region": "box"}
    source = Source(path="x", reader="jsonl", build="referring", fields=fields, boxes=Boxes(frame=frame))  # type: ignore[arg-type]
    row = {"image": data, "phrase": "the red box", "box": [int(value) for value in given]}
    (sample,) = Builder("s", source).build("s:x#1", row, lambda value: store_image(value, "", media))
    assert sample.media[0].displayed == (STORED if orientation < 5 else STORED[::-1])
    assert sample.regions[0].points == pytest.approx(displayed_box(orientation), abs=1)

    # And so it stays through what the model sees and what it would answer.
    rendered = render(sample, family("qwen2_5_vl"), 3136, 20000, "train")
    medium = rendered.media[0]
    shown, seen = (medium.width, medium.height), (medium.resized_width, medium.resized_height)
    answer = "".join(segment.text for segment in rendered.segments if segment.weight)
    (region,) = parse_regions(answer, family("qwen2_5_vl"), shown, seen)
    grain = max(shown[0] / seen[0], shown[1] / seen[1], 1)
    assert region.points == pytest.approx(displayed_box(orientation), abs=grain + 1)
    pixels = np.asarray(Image.fromarray(decode(data, medium.orientation)).resize(seen))
    x1, y1, x2, y2 = (round(value) for value in scale_points(region.points, shown, seen))
    assert pixels[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2, 0].min() > 180
