from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curation.contract.sample import Region
from filters.verify import iou
from model.image import decode
from synth.grounding.cutouts import cutouts, scaled, whole_boxes
from synth.grounding.generate import jpeg
from synth.grounding.paste import paste, paste_generator
from synth.specimen import Specimen, medium
from tests.benchmarks.truth_paste import own_scenes, wrong_of

OWN = own_scenes(3)


def test_what_is_cut_off_or_shared_is_not_cut_out() -> None:
    one = OWN[0]
    width, height = one.sample.media[0].displayed
    boxes = [
        (0.0, 50.0, 40.0, 90.0),
        (60.0, 60.0, 100.0, 100.0),
        (70.0, 70.0, 110.0, 110.0),
        (150.0, 150.0, 158.0, 190.0),
    ]
    whole = (130.0, 20.0, 170.0, 60.0)
    assert width > 200 and height > 200
    regions = tuple(Region(points=box, label="x") for box in (*boxes, whole))
    spoilt = Specimen(replace(one.sample, regions=regions), one.images)
    assert [region.points for region in whole_boxes(spoilt)] == [whole]


def test_a_cut_out_keeps_its_label_its_parent_and_its_pixels() -> None:
    found = cutouts(OWN[:1])
    labels = [region.label for region in whole_boxes(OWN[0])]
    assert [cutout.label for cutout in found] == labels and {cutout.parent for cutout in found} == {
        OWN[0].sample.row_id
    }
    assert all(cutout.cover.max() == 255 and cutout.cover[0].max() < 255 for cutout in found)  # it fades at its border


def test_a_scaled_cut_out_fills_its_box() -> None:
    for factor in (0.6, 1.0, 1.4):
        pixels, cover = scaled(cutouts(OWN[:1])[0], factor)
        assert pixels.shape[:2] == cover.shape
        inside = cover >= 128
        assert inside.any(axis=0)[[0, -1]].all() and inside.any(axis=1)[[0, -1]].all()


def test_what_was_pasted_lies_in_its_box_and_nowhere_else() -> None:
    """On an image of one's own the pixels that differ from it are within the new boxes, and reach their borders."""
    found, seen = cutouts(OWN), 0
    for seed in range(30):
        pasted = paste(random.Random(seed), found, OWN)
        if pasted.ground != "own":
            continue
        below = next(own for own in OWN if pasted.regions[: len(own.sample.regions)] == own.sample.regions)
        (data,) = below.images.values()
        change = np.abs(pasted.picture.astype(int) - decode(data)).max(axis=2) > 12
        for region in pasted.regions[len(below.sample.regions) :]:
            x1, y1, x2, y2 = (int(value) for value in region.points)
            ys, xs = np.nonzero(change[y1 - 2 : y2 + 2, x1 - 2 : x2 + 2])
            around = (xs.min() + x1 - 2, ys.min() + y1 - 2, xs.max() + x1 - 1, ys.max() + y1 - 1)
            assert np.abs(np.subtract(around, (x1, y1, x2, y2))).max() <= 3  # the feather is faint at the border
            change[y1 - 2 : y2 + 2, x1 - 2 : x2 + 2] = False
            seen += 1
        assert not change.any() and below.sample.row_id in pasted.parents
    assert seen > 10


def test_a_picture_without_room_is_left_for_another_one() -> None:
    """One thing fills its image, and is larger than many a drawn ground."""
    image = np.full((900, 900, 3), 255, np.uint8)
    image[100:800, 100:800] = (200, 30, 30)
    data = jpeg(image, 90)
    boxes = (Region(points=(100.0, 100.0, 800.0, 800.0), label="door"),)
    sample = replace(OWN[0].sample, row_id="full#1", media=(medium(data),), regions=boxes)
    full = [Specimen(sample, {sample.media[0].sha256: data})]
    for seed in range(8):
        pasted = paste(random.Random(seed), cutouts(full), full)
        assert pasted.ground == "drawn" and len(pasted.regions) == 1
        (x1, y1, x2, y2), (height, width) = pasted.regions[0].box, pasted.picture.shape[:2]
        assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
        assert (pasted.picture[round(y1 + y2) // 2, round(x1 + x2) // 2] == (200, 30, 30)).all()


def test_a_generator_of_three_samples_a_picture() -> None:
    generator = paste_generator(OWN)
    with generator.open() as opened:
        first, second = opened(random.Random(3)), opened(random.Random(3))
    assert [each.sample for each in first] == [each.sample for each in second] and len(first) == generator.views
    for each in first:
        assert each.sample.parents and set(each.sample.parents) <= {own.sample.row_id for own in OWN}
    find, everything, count = (each.sample for each in first)
    assert len(everything.regions) >= len(find.regions) == len(count.regions)
    assert count.messages[1].parts[-1].text.strip() in (f"There are {len(find.regions)}.", "There is 1.")


def test_what_is_said_of_pasted_pictures_is_found_in_their_pixels() -> None:
    licences = ("CC-BY-4.0", "CC0-1.0", "")
    own = [Specimen(replace(o.sample, licence=each), o.images) for o, each in zip(OWN, licences, strict=True)]
    wrong, seen = wrong_of(own), set()
    with paste_generator(own).open() as make_pasted:
        for key in ("paste/0/0", "paste/0/1", "paste/0/2", "paste/0/3"):
            made = list(make_pasted(random.Random(key)))
            assert wrong(made, make_pasted, key) == []
            seen.add(made[1].sample.licence)
            faults = {
                "is not at": _with(made, 1, regions=_moved(made[1].sample.regions, *made[1].sample.media[0].displayed)),
                "boxes of": _with(made, 0, regions=made[1].sample.regions + made[0].sample.regions[:1]),
                "for": _with(made, 2, answer=replace(made[2].sample.answer, text="There are 99.")),
                "the licence": _with(made, 1, licence="MIT"),
            }
            for told, spoilt in faults.items():
                assert any(told in message for message in wrong(spoilt, None, key)), (key, told)
    assert "CC-BY-4.0, CC0-1.0" in seen


def _with(made: list[Specimen], view: int, **changes: Any) -> list[Specimen]:
    return [
        replace(each, sample=replace(each.sample, **changes)) if at == view else each for at, each in enumerate(made)
    ]


def _moved(regions: tuple[Region, ...], width: int, height: int) -> tuple[Region, ...]:
    """The first box where nothing is: at the first free place of its size in the picture."""
    first = regions[0]
    wide, high = (first.box[2] - first.box[0], first.box[3] - first.box[1])
    places = (
        (x, y, x + wide, y + high) for y in range(0, int(height - high), 8) for x in range(0, int(width - wide), 8)
    )
    away = next(place for place in places if all(iou(place, other.box) == 0 for other in regions))
    return (replace(first, points=away), *regions[1:])


def test_nothing_to_cut_is_said() -> None:
    bare = [Specimen(replace(OWN[0].sample, regions=()), OWN[0].images)]
    with pytest.raises(ValueError, match="no labelled box"), paste_generator(bare).open():
        pass


def test_real_cells_are_cut_out_and_pasted(real_data: Path) -> None:
    from tests.benchmarks.clean import real

    cells = real("cells", real_data, 4)
    found = cutouts(cells)
    assert {cutout.label for cutout in found} >= {"RBC"} and any((cutout.cover == 0).any() for cutout in found)
    pasted = paste(random.Random(1), found, cells)
    width, height = pasted.picture.shape[1], pasted.picture.shape[0]
    for region in pasted.regions:
        assert 0 <= region.box[0] < region.box[2] <= width and 0 <= region.box[1] < region.box[3] <= height
