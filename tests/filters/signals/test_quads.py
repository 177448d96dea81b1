"""Signals of text lines, on pages whose values can be worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from curation.contract.sample import (
    SAMPLE,
    Answer,
    Media,
    Region,
    Sample,
    Turn,
    media_part,
    region_part,
    text_part,
    to_row,
)
from filters.catalogue import collect
from filters.context import Context
from filters.measuring import measure_samples
from filters.signals import quads

SIGNALS = list(collect([quads]).values())
IMAGE = Media(sha256="a", mime="image/png", width=280, height=560)  # whole multiples of 28: seen as it is


def page(*regions: Region, answer: str = "", media: tuple[Media, ...] = (IMAGE,)) -> Sample:
    said = (text_part(answer),) if answer else tuple(region_part(index) for index in range(len(regions)))
    messages = (Turn(role="user", parts=(media_part(0),)), Turn(role="assistant", parts=said))
    return Sample(
        row_id="r", source="s", task="ocr", messages=messages, media=media, regions=regions, answer=Answer(text=answer)
    )


def box(x1: float, y1: float, x2: float, y2: float, text: str = "word") -> Region:
    return Region(points=(x1, y1, x2, y2), text=text)


def quad(*points: float, text: str = "word") -> Region:
    return Region(points=points, shape="quad", text=text)


def upright(x1: float, y1: float, x2: float, y2: float, text: str = "word") -> Region:
    return quad(x1, y1, x2, y1, x2, y2, x1, y2, text=text)


def turned(region: Region, degrees: float) -> Region:
    """Turned about (140, 280), clockwise as displayed."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    points: list[float] = []
    for x, y in zip(region.points[0::2], region.points[1::2], strict=True):
        points += [140 + c * (x - 140) - s * (y - 280), 280 + s * (x - 140) + c * (y - 280)]
    return replace(region, points=tuple(points))


def column(count: int, x: float = 20, top: float = 20, text: str = "some words") -> list[Region]:
    """Lines of 100 x 10 pixels, one below the other, 20 pixels apart."""
    return [upright(x, top + 20 * index, x + 100, top + 20 * index + 10, text) for index in range(count)]


def measured(sample: Sample, context: Context | None = None) -> dict[str, Any]:
    table = pa.Table.from_pylist([to_row(sample)], schema=SAMPLE)
    row: dict[str, Any] = measure_samples(table, SIGNALS, context).to_pylist()[0]
    return row


def test_a_sample_without_lines_of_text_has_none_of_the_signals() -> None:
    detection = Region(points=(1, 1, 9, 9), label="cell")
    for regions in ((), (detection,), (replace(detection, shape="point", points=(1, 1), label=""),)):
        row = measured(page(*regions, answer="a"))
        assert {
            value for name, value in row.items() if name not in ("sample_id", "line_count", "empty_line_ratio")
        } == {None}
        assert row["line_count"] is None


def test_an_upright_line_outside_counts_by_area_and_the_border_belongs_to_the_image() -> None:
    assert measured(page(upright(0, 0, 280, 560)))["line_outside_ratio"] == 0.0
    assert measured(page(upright(240, 0, 320, 10), upright(0, 0, 9, 9)))["line_outside_ratio"] == pytest.approx(0.5)
    assert measured(page(box(-30, 0, 10, 10)))["line_outside_ratio"] == pytest.approx(0.75)
    assert measured(page(upright(300, 0, 310, 9)))["line_outside_ratio"] == 1.0


def test_a_slanted_quad_counts_by_itself_and_not_by_its_upright_box() -> None:
    # A square on its corner, 800 in area: the left border cuts off a triangle of 10 x 20, 100 in area.
    diamond = quad(10, 100, 30, 80, 50, 100, 30, 120)
    assert measured(page(replace(diamond, points=(-10, 100, 10, 80, 30, 100, 10, 120))))[
        "line_outside_ratio"
    ] == pytest.approx(100 / 800)
    assert measured(page(diamond))["line_outside_ratio"] == 0.0


def test_a_line_without_area_counts_by_its_corners_and_an_unknown_size_is_not_guessed() -> None:
    assert measured(page(quad(270, 5, 290, 5, 290, 5, 270, 5)))["line_outside_ratio"] == 0.5
    nowhere = replace(IMAGE, width=0, height=0)
    row = measured(page(upright(-9, 0, 9, 9), media=(nowhere,)))
    names = ("line_outside_ratio", "cut_line_ratio", "text_density", "text_height_px_after_resize")
    assert [row[name] for name in names] == [None] * 4


def test_crossed_and_dented_quads_are_bent_and_a_rounded_corner_is_not() -> None:
    straight = upright(10, 10, 110, 30)
    crossed = quad(10, 50, 110, 50, 10, 70, 110, 70)
    dented = quad(10, 90, 110, 90, 30, 95, 10, 190)
    rounded = quad(10, 200, 110, 200.4, 110, 220, 10, 220)
    assert measured(page(straight, crossed, dented, rounded))["bent_line_ratio"] == 0.5
    assert measured(page(box(0, 0, 9, 9)))["bent_line_ratio"] is None


def test_corners_run_clockwise_from_the_reading_start() -> None:
    straight = column(3)
    anticlockwise = quad(10, 200, 10, 220, 110, 220, 110, 200)
    from_below = quad(110, 250, 10, 250, 10, 230, 110, 230)  # clockwise from the lower right: upside down
    from_the_right = quad(110, 270, 110, 290, 10, 290, 10, 270)  # a long text along the short side
    for wrong in (anticlockwise, from_below, from_the_right):
        assert measured(page(*straight, wrong))["turned_line_ratio"] == 0.25
    assert measured(page(*straight))["turned_line_ratio"] == 0.0
    # A whole page upside down is read from there, and a column of Chinese is high and narrow by nature.
    assert measured(page(*(turned(line, 180) for line in straight)))["turned_line_ratio"] == 0.0
    assert measured(page(*straight, upright(200, 20, 215, 90, "发票联一二三")))["turned_line_ratio"] == 0.0
    # One that lies along is a line as any other.
    lying = quad(200, 20, 200, 5, 290, 5, 290, 20, text="发票联一二三")
    assert measured(page(*straight, lying))["turned_line_ratio"] == 0.25


def test_the_smallest_area_is_that_of_the_quad() -> None:
    slanted = quad(10, 100, 30, 80, 50, 100, 30, 120)  # 800, in a box of 1600
    assert measured(page(slanted, upright(0, 0, 100, 9)))["line_min_area_px"] == 800
    assert measured(page(quad(1, 1, 9, 1, 9, 1, 1, 1)))["line_min_area_px"] == 0


def test_overlap_is_the_largest_of_any_two_lines() -> None:
    # 100 x 10 and the same 20 to the right: 80 x 10 shared of 1200.
    row = measured(page(upright(0, 0, 100, 10), upright(20, 0, 120, 10), upright(0, 40, 9, 49)))
    assert row["line_overlap_iou"] == pytest.approx(800 / 1200)
    assert row["covered_line_ratio"] == 0.0  # just 80 %, and not more
    assert measured(page(upright(0, 0, 9, 9)))["line_overlap_iou"] == 0.0


def test_of_two_lines_in_each_other_one_is_covered_and_words_in_a_line_are() -> None:
    line, twice = upright(0, 0, 100, 10), upright(1, 0, 100, 10)
    assert measured(page(line, twice))["covered_line_ratio"] == 0.5
    words = [upright(0, 0, 40, 10), upright(50, 1, 99, 9)]
    assert measured(page(line, *words, upright(0, 30, 100, 40)))["covered_line_ratio"] == 0.5
    elsewhere = (IMAGE, replace(IMAGE, sha256="b"))
    assert measured(page(line, replace(line, media=1), media=elsewhere))["covered_line_ratio"] == 0.0


def test_slanted_lines_do_not_overlap_where_their_upright_boxes_do() -> None:
    row = measured(page(*(turned(line, 30) for line in column(4))))
    assert row["line_overlap_iou"] == pytest.approx(0.0, abs=1e-9)


def test_reading_order_counts_pairs_of_one_column() -> None:
    lines = column(6)  # 15 pairs
    assert measured(page(*lines))["line_order_inversions"] == 0.0
    assert measured(page(*lines[::-1]))["line_order_inversions"] == 1.0
    swapped = [lines[1], lines[0], *lines[2:]]
    assert measured(page(*swapped))["line_order_inversions"] == pytest.approx(1 / 15)
    assert measured(page(*column(4)))["line_order_inversions"] is None  # 6 pairs are too few


def test_columns_may_follow_each_other_and_rows_are_read_to_the_right() -> None:
    left, right = column(6, x=20), column(6, x=150)
    assert measured(page(*left, *right))["line_order_inversions"] == 0.0
    by_row = [line for pair in zip(left, right, strict=True) for line in pair]
    assert measured(page(*by_row))["line_order_inversions"] == 0.0
    # Right column first: its 6 rows are read to the left, of 6 + 15 + 15 pairs.
    assert measured(page(*right, *left))["line_order_inversions"] == pytest.approx(6 / 36)


def test_order_holds_for_a_turned_page_and_for_writing_to_the_left() -> None:
    lines = [turned(line, 90) for line in column(6)]
    assert measured(page(*lines))["line_order_inversions"] == 0.0
    right, left = column(6, x=150, text="שלום עולם"), column(6, x=20, text="שלום עולם")
    by_row = [line for pair in zip(right, left, strict=True) for line in pair]
    assert measured(page(*by_row))["line_order_inversions"] == 0.0
    vertical = [upright(200 - 20 * index, 20, 212 - 20 * index, 120, "天地玄黄宇宙洪荒") for index in range(6)]
    assert measured(page(*vertical))["line_order_inversions"] is None


def test_height_after_the_resize_follows_the_pixel_budget() -> None:
    line = upright(20, 20, 120, 40)
    assert measured(page(line))["text_height_px_after_resize"] == 20.0
    # 280 x 560 = 156,800 px; a quarter of them is 140 x 280: half the height.
    assert measured(page(line), Context(max_pixels=39_200))["text_height_px_after_resize"] == 10.0
    assert measured(page(line), Context(family="qwen_vl"))["text_height_px_after_resize"] == pytest.approx(
        20 * 448 / 560
    )


def test_a_stroke_is_no_text_to_be_read_and_a_chinese_column_is_as_high_as_it_is_wide() -> None:
    stroke = upright(20, 20, 120, 22, "-----")
    assert measured(page(stroke, upright(20, 40, 120, 60)))["text_height_px_after_resize"] == 20.0
    assert measured(page(stroke))["text_height_px_after_resize"] is None
    assert measured(page(upright(20, 40, 34, 200, "天地玄黄宇宙洪荒")))["text_height_px_after_resize"] == 14.0


def test_texts_fit_lines_of_their_length_in_any_size() -> None:
    # 10 px high and 5 px a character; a heading of twice the size fits, and so does a block of three lines.
    fitting = [
        upright(0, 20 * n, 5 * length, 20 * n + 10, "x" * length) for n, length in enumerate((8, 12, 20, 30, 40))
    ]
    heading, block = upright(0, 200, 100, 220, "x" * 10), upright(0, 300, 200, 336, "x" * 110)
    assert measured(page(*fitting, heading, block))["misfit_line_ratio"] == 0.0
    short, long = upright(0, 400, 20, 410, "x" * 30), upright(0, 440, 270, 450, "x" * 6)
    assert measured(page(*fitting, heading, short, long))["misfit_line_ratio"] == pytest.approx(2 / 8)
    assert measured(page(*fitting[:4]))["misfit_line_ratio"] is None


def test_lines_at_the_border_are_cut() -> None:
    row = measured(
        page(upright(0.5, 20, 90, 30), upright(2, 40, 278, 50), upright(200, 60, 280, 70), box(9, 9, 99, 19))
    )
    assert row["cut_line_ratio"] == 0.5


def test_density_adds_up_areas() -> None:
    assert measured(page(upright(0, 0, 280, 140), upright(0, 200, 140, 340)))["text_density"] == pytest.approx(
        (280 * 140 + 140 * 140) / (280 * 560)
    )


def test_empty_lines_are_those_without_text_or_label() -> None:
    lines = [box(0, 0, 9, 9, text) for text in ("a", " ", "###", "#1")]
    assert measured(page(*lines))["empty_line_ratio"] == 0.5
    assert measured(page(Region(points=(0, 0, 9, 9), label="cell")))["empty_line_ratio"] is None


def test_a_line_repeats_with_its_text_and_whole_pixels() -> None:
    line = upright(10, 10, 90, 30)
    near = upright(10.2, 10, 90, 30)
    other = replace(line, text="words")
    assert measured(page(line, near, other))["duplicate_line_ratio"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("answer", "share"),
    [
        ('{"company": "Marlow & Finch", "total": "12.05"}', 1.0),
        ('{"company": "MARLOW AND FINCH LTD", "total": 12.05}', 0.5),  # 7 of its 15 runs of three are there
        ('{"company": "Marlow Finsh", "total": null}', 1.0),  # one slip: 7 of 9 runs
        ('```json\n{"lines": [{"name": "tea", "price": "3.20"}, {"name": "jam"}]}\n```', 2 / 3),
        ('{"a": "", "b": "-"}', None),
        ('{"a": 1', None),
        ("12.05", None),
    ],
)
def test_fields_are_looked_for_in_the_lines(answer: str, share: float | None) -> None:
    lines = [
        upright(0, 0, 99, 10, "MARLOW"),
        upright(0, 20, 99, 30, "& FINCH"),
        upright(0, 40, 9, 50, "TOTAL 12.05 TEA 3.20"),
    ]
    assert measured(page(*lines, answer=answer))["fields_found_ratio"] == (
        None if share is None else pytest.approx(share)
    )


def test_no_value_depends_on_the_other_rows() -> None:
    samples = [
        page(*column(6)),
        page(answer="a"),
        page(*(turned(line, 7) for line in column(12))),
        page(upright(-5, 0, 40, 10), media=(replace(IMAGE, width=0, height=0),)),
        page(*column(3), *column(5, x=150), answer='{"a": "some words"}'),
        page(*column(7, x=33.3), *(turned(line, 3) for line in column(7)), media=(IMAGE, IMAGE)),
    ]
    together = pa.Table.from_pylist([to_row(sample) for sample in samples], schema=SAMPLE)
    assert measure_samples(together, SIGNALS).to_pylist() == [measured(sample) for sample in samples]


def test_points_of_any_kind_are_survived() -> None:
    odd = [quad(*[math.nan] * 8), quad(1, 2), quad(*[1e300] * 8), quad(0, 0, math.inf, 0, math.inf, 9, 0, 9), quad()]
    row = measured(page(*odd, upright(0, 0, 9, 9)))
    assert (row["line_count"], row["line_outside_ratio"]) == (3, 1.0)
