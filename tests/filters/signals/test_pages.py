"""Signals of pages in QwenVL HTML."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Media, Sample, Turn, media_part, text_part, to_row
from filters.catalogue import collect
from filters.context import Context
from filters.measuring import measure_samples
from filters.signals import pages

SIGNALS = list(collect([pages]).values())
IMAGE = Media(sha256="a", mime="image/png", width=280, height=560)


def measured(answer: str, context: Context | None = None, media: tuple[Media, ...] = (IMAGE,)) -> dict[str, Any]:
    turns = (
        Turn(role="user", parts=(*(media_part(index) for index in range(len(media))), text_part("QwenVL HTML "))),
        Turn(role="assistant", parts=(text_part(answer),)),
    )
    sample = Sample(row_id="r", source="s", task="document", messages=turns, media=media)
    table = pa.Table.from_pylist([to_row(sample)], schema=SAMPLE)
    row: dict[str, Any] = measure_samples(table, SIGNALS, context).to_pylist()[0]
    return row


def element(box: str, inner: str = "text", tag: str = "p", kind: str = "") -> str:
    said = f' class="{kind}"' if kind else ""
    return f'<{tag}{said} data-bbox="{box}">{inner}</{tag}>'


def test_an_answer_without_boxes_has_none_of_the_signals() -> None:
    row = measured("<table><tr><td>a</td></tr></table>")
    assert {value for name, value in row.items() if name != "sample_id"} == {None}


@pytest.mark.parametrize(
    ("box", "faults"),
    [
        ("10 20 30 40", 0),
        ("10.5 20 30.25 40", 0),
        ("10, 20, 30, 40", 1),
        ("10 20 30", 1),
        ("10 20 30 40 50", 1),
        ("30 20 10 40", 1),
        ("10 20 10 40", 1),
        ("a b c d", 1),
        ("nan 1 2 3", 1),
        ("1e999 1 2 3", 1),
        ("", 1),
    ],
)
def test_a_box_is_four_numbers_in_order(box: str, faults: int) -> None:
    row = measured(element(box) + element("1 1 2 2"))
    assert (row["page_box_count"], row["page_box_faults"]) == (2, faults)


def test_boxes_lie_in_the_image() -> None:
    assert measured(element("0 0 280 560"))["page_outside_ratio"] == 0.0
    assert measured(element("240 0 320 10") + element("0 0 9 9"))["page_outside_ratio"] == pytest.approx(0.5)
    assert measured(element("10 20 30"))["page_outside_ratio"] is None
    assert measured(element("0 0 9 9"), media=())["page_outside_ratio"] is None


def test_the_frame_that_suits_all_boxes_best_is_taken() -> None:
    """With a quarter of its pixels, the model sees 140 x 280."""
    small = Context(max_pixels=39_200)
    assert measured(element("0 0 280 560"), small)["page_outside_ratio"] == 0.0  # displayed pixels
    large = Context(min_pixels=627_200)  # 560 x 1120
    assert measured(element("0 0 560 1120"), large)["page_outside_ratio"] == 0.0
    assert measured(element("0 0 560 1120"))["page_outside_ratio"] == pytest.approx(0.75)
    assert measured(element("0 0 1000 1000"), Context(family="qwen3_vl"))["page_outside_ratio"] == 0.0
    # One box that only fits the displayed image, and one that is a tenth outside of it: no other frame is better.
    both = element("0 0 280 560") + element("190 0 290 10")
    assert measured(both, small)["page_outside_ratio"] == pytest.approx(0.1)


def test_a_child_lies_in_the_nearest_box_around_it() -> None:
    child = element("20 20 60 60", "", "img")
    assert measured(element("10 10 100 100", child, "div"))["page_child_outside_ratio"] == 0.0
    assert measured(element("10 10 100 100", f"<p>{child}</p>", "div"))["page_child_outside_ratio"] == 0.0
    # 40 wide, of which 19 + 1 for rounding lie in the parent.
    assert measured(element("10 10 39 100", child, "div"))["page_child_outside_ratio"] == pytest.approx(0.5)
    assert measured(element("10 10 60 59", child, "div"))["page_child_outside_ratio"] == 0.0
    assert measured(element("10 10 40 40") + element("20 20 60 60"))["page_child_outside_ratio"] is None


@pytest.mark.parametrize(
    ("answer", "unknown"),
    [
        (element("1 1 9 9", kind="any", tag="p"), 0),
        (element("1 1 9 9", kind="image caption", tag="div"), 0),
        (element("1 1 9 9", kind="formula.handwritten", tag="div"), 0),
        (element("1 1 9 9", "<div>E = mc<sup>2</sup></div>", tag="div", kind="formula"), 0),
        (element("1 1 9 9", kind="page-number", tag="div"), 1),
        (element("1 1 9 9", tag="figure"), 1),
        (element("1 1 9 9", "<table-cell>1</table-cell>"), 1),
        (element("1 1 9 9") + "<page>2</page>", 1),
        ("```html\n<html><body>" + element("1 1 9 9", tag="h2") + "</body></html>\n```", 0),
    ],
)
def test_tags_and_classes_are_those_of_the_format(answer: str, unknown: int) -> None:
    assert measured(answer)["page_unknown_elements"] == unknown
