"""Boxes by themselves and to each other. Images are 100 x 50 displayed pixels unless a test says otherwise."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Media, Region, Sample, Turn, media_part, region_part, text_part, to_row
from filters.context import Context
from filters.measuring import corpus_keys, measure_samples
from filters.signal import Signal
from filters.signals import labels, overlaps, regions

SIGNALS = [each for module in (regions, overlaps) for each in vars(module).values() if isinstance(each, Signal)]


def sample(*found: Region, width: int = 100, height: int = 50) -> Sample:
    parts = tuple(region_part(index) for index in range(len(found)))
    return Sample(
        row_id="r",
        source="s",
        task="grounding",
        messages=(Turn(role="user", parts=(media_part(0), text_part("?"))), Turn(role="assistant", parts=parts)),
        media=(Media(sha256="a", mime="image/png", width=width, height=height),),
        regions=found,
    )


def measured(of: Sample, context: Context | None = None) -> dict[str, Any]:
    table = pa.Table.from_pylist([to_row(of)], schema=SAMPLE)
    return measure_samples(table, SIGNALS, context).to_pylist()[0]


def box(*points: float, label: str = "cell", text: str = "") -> Region:
    return Region(points=points, label=label, text=text)


def point(*points: float, label: str = "cell") -> Region:
    return Region(points=points, shape="point", label=label)


def test_smallest_area_and_greatest_aspect() -> None:
    row = measured(sample(box(0, 0, 50, 50), box(10, 10, 30, 15), point(1, 1)))
    assert row["region_area_ratio"] == 0.5
    assert row["region_smallest_area_ratio"] == 100 / 5000
    assert row["region_aspect_ratio"] == 4.0


def test_a_box_without_area_has_no_aspect_and_repeats_nothing() -> None:
    row = measured(sample(box(5, 5, 5, 9), box(5, 5, 5, 9)))
    assert row["region_min_side_px"] == 0.0
    assert row["region_aspect_ratio"] is None and row["region_overlap_iou"] is None
    assert row["duplicate_region_ratio"] == 0.5


def test_a_box_that_ends_at_the_width_is_inside() -> None:
    assert measured(sample(box(90, 40, 100, 50)))["region_outside_ratio"] == 0.0
    assert measured(sample(box(90, 40, 110, 50)))["region_outside_ratio"] == 0.5


def test_the_shorter_side_as_the_model_sees_it() -> None:
    # 1120 x 560 pixels are 627,200; of at most 156,800 (a quarter) half of each side is left, 560 x 280.
    small = Context(max_pixels=156_800)
    found = sample(box(0, 0, 40, 10), point(1, 1), width=1120, height=560)
    assert measured(found, small)["region_min_side_model_px"] == 5.0
    assert measured(found)["region_min_side_model_px"] == 10.0
    assert measured(sample(box(0, 0, 4, 4), width=0, height=0))["region_min_side_model_px"] is None


def test_regions_of_a_label_are_counted_by_image() -> None:
    row = measured(sample(box(0, 0, 1, 1), box(1, 1, 2, 2), box(2, 2, 3, 3, label="other"), box(0, 0, 9, 9, label="")))
    assert row["regions_per_label"] == 2
    assert row["region_unlabelled_ratio"] == 0.25


def test_overlap_is_the_highest_between_boxes_of_one_label() -> None:
    # 10 x 10 and the same moved by 2: 80 of 120 shared. The third box equals the first but is something else.
    row = measured(sample(box(0, 0, 10, 10), box(2, 0, 12, 10), box(0, 0, 10, 10, label="other"), box(50, 0, 60, 10)))
    assert row["region_overlap_iou"] == pytest.approx(80 / 120)
    assert row["nested_region_ratio"] == 0.0


def test_overlap_needs_a_second_box_of_the_label() -> None:
    assert measured(sample(box(0, 0, 10, 10), box(0, 0, 10, 10, label="other")))["region_overlap_iou"] is None
    assert measured(sample(box(0, 0, 10, 10), box(20, 0, 30, 10)))["region_overlap_iou"] == 0.0


def test_nesting_counts_boxes_inside_a_larger_one_in_whatever_order() -> None:
    inner, outer, edge = box(2, 2, 4, 4), box(0, 0, 10, 10), box(0, 5, 3, 10)  # edge shares two borders with outer
    for order in ((inner, outer, edge), (outer, edge, inner), (edge, inner, outer)):
        assert measured(sample(*order))["nested_region_ratio"] == pytest.approx(2 / 3)
    assert measured(sample(outer, outer))["nested_region_ratio"] == 0.0
    assert measured(sample(outer, box(2, 2, 4, 4, label="other")))["nested_region_ratio"] == 0.0


def test_values_do_not_depend_on_the_order_of_regions_or_on_other_rows() -> None:
    many = [box(x, 0, x + 30, 30) for x in (0, 3, 9, 40)]
    alone = measured(sample(*many))
    assert measured(sample(*reversed(many))) | {"sample_id": 0} == alone | {"sample_id": 0}
    both = pa.Table.from_pylist([to_row(sample(box(0, 0, 9, 9))), to_row(sample(*many))], schema=SAMPLE)
    assert measure_samples(both, SIGNALS).to_pylist()[1] == alone


def test_thousands_of_boxes_are_compared_in_bounded_time() -> None:
    row = measured(sample(*(box(i % 7, i % 5, i % 7 + 20 + i, 30) for i in range(3000))))
    assert 0 < row["region_overlap_iou"] <= 1


def test_a_point_lies_in_a_box_of_its_label() -> None:
    row = measured(sample(box(0, 0, 10, 10), box(20, 0, 30, 10), point(10, 10), point(25, 5), point(15, 5)))
    assert row["point_outside_box_ratio"] == pytest.approx(1 / 3)
    assert measured(sample(box(0, 0, 10, 10), point(50, 5, label="dog")))["point_outside_box_ratio"] is None
    assert measured(sample(box(0, 0, 10, 10, label=""), point(50, 5, label="")))["point_outside_box_ratio"] is None


def test_labels_are_counted_without_case_and_spaces() -> None:
    table = pa.Table.from_pylist(
        [
            to_row(
                sample(
                    box(0, 0, 1, 1, label=" Red  Cell"), box(0, 0, 1, 1, label="red cell"), box(0, 0, 1, 1, label="")
                )
            )
        ],
        schema=SAMPLE,
    )
    keys = corpus_keys(table, [labels.label_share]).to_pylist()[0]["label"]
    assert len(keys) == 2 and len(set(keys)) == 1
