"""What an evaluation's records say together: values by hand, intervals beside scipy's, differences row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import bootstrap

from trainer.metrics import by_source, differences, intervals, summarise


def _record(row_id: str, score: float, source: str = "a", **more: Any) -> dict[str, Any]:
    return {"row_id": row_id, "source": source, "task": "vqa", "scores": {"anls": score}, **more}


def _scored(scores: list[float]) -> list[dict[str, Any]]:
    return [_record(f"{place:04}", score) for place, score in enumerate(scores)]


def test_a_mean_of_boxes_is_miou_and_error_rates_are_edits_over_length() -> None:
    records = [
        {"row_id": "1", "source": "a", "task": "grounding", "scores": {"acc_at_0.5": 1.0, "iou": 0.75}},
        {"row_id": "2", "source": "a", "task": "grounding", "scores": {"acc_at_0.5": 0.0, "iou": 0.0}},  # no box
        {"row_id": "3", "source": "b", "task": "ocr", "scores": {}, "errors": {"cer": (1, 10)}},
        {"row_id": "4", "source": "b", "task": "ocr", "scores": {}, "errors": {"cer": (30, 20)}},
    ]
    assert summarise(records) == {
        "rows": 4.0,
        "grounding/rows": 2.0,
        "grounding/acc_at_0.5": 0.5,
        "grounding/iou": 0.375,
        "ocr/rows": 2.0,
        "ocr/cer": 31 / 30,
    }
    assert by_source(records)["b"] == {"rows": 2.0, "ocr/rows": 2.0, "ocr/cer": 31 / 30}
    assert "ocr/cer" not in summarise([{**records[2], "errors": {"cer": (3, 0)}}])  # nothing to be counted against


def test_sources_are_measured_apart() -> None:
    records = [_record("1", 1.0), _record("2", 0.0), _record("3", 0.25, "b", nll=4.0, weight=2.0)]
    assert by_source(records) == {
        "a": {"rows": 2.0, "vqa/rows": 2.0, "vqa/anls": 0.5},
        "b": {"rows": 1.0, "loss": 2.0, "vqa/rows": 1.0, "vqa/anls": 0.25, "vqa/loss": 2.0},
    }


def test_intervals_that_are_plain() -> None:
    assert intervals(_scored([0.0, 1.0])) == {"vqa/anls": [0.0, 1.0]}  # a quarter of the draws has one row twice
    assert intervals(_scored([0.5, 0.5, 0.5])) == {"vqa/anls": [0.5, 0.5]}
    assert intervals(_scored([1.0])) == {}  # one row says nothing about others
    # Drawn twice, the first row gives 1 / 2 and the second 9 / 3; both together 10 / 5.
    losses = [_record("1", 1.0, nll=1.0, weight=2.0), _record("2", 1.0, nll=9.0, weight=3.0)]
    assert intervals(losses)["loss"] == intervals(losses)["vqa/loss"] == [0.5, 3.0]
    rates = [_record("1", 1.0, errors={"cer": (3, 2)}), _record("2", 1.0, errors={"cer": (0, 0)})]
    assert intervals(rates)["vqa/cer"] == [1.5, 1.5]  # the second row, drawn twice, has no rate


def test_intervals_are_those_of_scipy() -> None:
    scores = np.random.default_rng(5).beta(2, 1, 3_000)  # more rows than are drawn at once
    theirs = bootstrap((scores,), np.mean, method="percentile", n_resamples=4_000, batch=200, rng=1).confidence_interval
    low, high = intervals(_scored(scores.tolist()))["vqa/anls"]
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.001)
    assert high - low == pytest.approx(2 * 1.96 * scores.std() / 3_000**0.5, rel=0.1)


def test_an_interval_does_not_depend_on_the_order_or_on_other_tasks() -> None:
    records = _scored([0.0, 0.25, 1.0, 1.0, 0.5])
    other = {"row_id": "9", "source": "a", "task": "text", "scores": {}, "nll": 1.0, "weight": 1.0}
    assert intervals(records)["vqa/anls"] == intervals([other, *records[::-1]])["vqa/anls"]


def test_a_paired_difference_sees_what_two_intervals_hide() -> None:
    """Of 100 rows half are hard. The other checkpoint is right on 6 of the hard ones too, and wrong on no other."""
    first = _scored([1.0] * 50 + [0.0] * 50)
    other = _scored([1.0] * 56 + [0.0] * 44)
    (low, high), (other_low, _) = intervals(first)["vqa/anls"], intervals(other)["vqa/anls"]
    assert low < other_low < high  # each alone can't tell
    found = differences(first, other)["vqa/anls"]
    assert found.value == pytest.approx(0.06) and 0 < found.low < 0.06 < found.high and found.certain
    assert found.rows == 100
    back = differences(other, first)["vqa/anls"]
    assert back.value == pytest.approx(-0.06) and back.certain


def test_no_difference_is_none() -> None:
    records = _scored([1.0, 0.0, 1.0, 0.5])
    same = differences(records, records)["vqa/anls"]
    assert (same.value, same.low, same.high, same.certain) == (0.0, 0.0, 0.0, False)


def test_only_shared_rows_are_compared() -> None:
    first, other = _scored([1.0, 0.0, 0.0]), _scored([1.0, 1.0, 0.0, 0.0, 0.0])
    assert differences(first, other)["vqa/anls"].rows == 3
    assert differences(first, other)["vqa/anls"].value == pytest.approx(1 / 3)
    assert differences(first, other[2:]) == {}  # a single row
    assert differences(first, []) == {}
