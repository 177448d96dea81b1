"""Verifiers, by hand-worked numbers."""

from __future__ import annotations

import pytest

from filters.verify import (
    FieldsScore,
    anls,
    box_accuracy,
    boxes_f1,
    click_in_box,
    exact_match,
    fields_score,
    interval_iou,
    iou,
    points_f1,
    read_places,
)


@pytest.mark.parametrize(
    ("prediction", "reference", "score"),
    [("a  b\n", " a b", 1.0), ("A b", "a b", 0.0), ("", "", 1.0), ("ab", "a b", 0.0)],
)
def test_exact_match_forgives_white_space_only(prediction: str, reference: str, score: float) -> None:
    assert exact_match(prediction, reference) == score


@pytest.mark.parametrize(
    ("prediction", "references", "score"),
    [
        ("Hello  World", ["hello world"], 1.0),
        ("abcx", ["abcd"], 0.75),
        ("abxy", ["abcd"], 0.5),  # exactly one half is kept
        ("axyz", ["abcd"], 0.0),  # 0.25
        ("abxyz", ["abcde"], 0.0),  # 0.4
        ("kitten", ["sitting"], 1 - 3 / 7),
        ("abc", ["zzz", "abd"], 2 / 3),
        ("", ["a"], 0.0),
        ("", [""], 1.0),
    ],
)
def test_anls(prediction: str, references: list[str], score: float) -> None:
    assert anls(prediction, references) == pytest.approx(score)


def test_anls_needs_a_reference() -> None:
    with pytest.raises(ValueError, match="at least one reference"):
        anls("a", [])


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),
        ((0, 0, 2, 2), (1, 1, 3, 3), 1 / 7),
        ((0, 0, 2, 2), (2, 0, 4, 2), 0.0),  # they touch
        ((0, 0, 2, 2), (5, 5, 6, 6), 0.0),
        ((2, 2, 0, 0), (0, 0, 2, 2), 0.0),  # turned inside out
        ((1, 1, 1, 1), (1, 1, 1, 1), 0.0),  # no area
        ((0, 0, 4, 4), (1, 1, 3, 3), 0.25),
    ],
)
def test_iou(a: tuple[float, ...], b: tuple[float, ...], value: float) -> None:
    assert iou(a, b) == pytest.approx(value)
    assert iou(b, a) == pytest.approx(value)


def test_box_accuracy_wants_one_box_at_or_above_the_threshold() -> None:
    reference = (0, 0, 4, 2)
    assert box_accuracy([(0, 0, 2, 2)], reference) == 1.0  # IoU exactly 0.5
    assert box_accuracy([(0, 0, 1.9, 2)], reference) == 0.0
    assert box_accuracy([], reference) == 0.0
    assert box_accuracy([reference, reference], reference) == 0.0


def test_boxes_f1_matches_one_to_one() -> None:
    reference = [(0, 0, 2, 2), (10, 10, 12, 12)]
    assert boxes_f1([], []) == 1.0
    assert boxes_f1([], reference) == 0.0
    assert boxes_f1(reference, reference[::-1]) == 1.0
    assert boxes_f1([(0, 0, 2, 2), (0, 0, 2, 2)], reference) == 0.5  # the second copy matches nothing
    assert boxes_f1([(0, 0, 2, 2), (50, 50, 52, 52), (90, 90, 91, 91)], reference) == pytest.approx(2 / 5)


def test_boxes_f1_takes_the_best_pair_first() -> None:
    # The wide prediction overlaps both references (IoU 0.5 and 0.625); taken in list order with the first
    # reference it would leave the exact prediction of the first without a partner.
    predicted = [(0, 0, 8, 1), (0, 0, 4, 1)]
    reference = [(0, 0, 4, 1), (3, 0, 8, 1)]
    assert boxes_f1(predicted, reference) == 1.0


def test_boxes_f1_heeds_labels() -> None:
    boxes = [(0, 0, 2, 2), (5, 5, 7, 7)]
    assert boxes_f1(boxes, boxes, ["a", "b"], ["a", "b"]) == 1.0
    assert boxes_f1(boxes, boxes, ["a", "b"], ["a", "c"]) == 0.5
    with pytest.raises(ValueError, match="both sides"):
        boxes_f1(boxes, boxes, ["a", "b"])
    with pytest.raises(ValueError, match="one label"):
        boxes_f1(boxes, boxes, ["a"], ["a", "b"])


@pytest.mark.parametrize(("point", "hit"), [((5, 5), 1.0), ((0, 10), 1.0), ((10.01, 5), 0.0), ((-1, 5), 0.0)])
def test_click_in_box_includes_the_border(point: tuple[float, float], hit: float) -> None:
    assert click_in_box(point, (0, 0, 10, 10)) == hit


PLACES = [(0, 0, 10, 10), (5, 5, 20, 20), (40, 40, 50, 50)]


@pytest.mark.parametrize(
    ("points", "score"),
    [
        ([(2, 2), (7, 7), (45, 45)], 1.0),
        ([(7, 7), (2, 2), (45, 45)], 1.0),  # the first lies in two boxes: it is paired so that the second has one, too
        ([(7, 7), (2, 2)], 2 * 2 / 5),
        ([(45, 45), (44, 44), (43, 43)], 2 * 1 / 6),  # one place is pointed at once
        ([(30, 30)], 0.0),
        ([], 0.0),
    ],
)
def test_points_are_paired_with_the_boxes_that_they_lie_in(points: list[tuple[float, float]], score: float) -> None:
    assert points_f1(points, PLACES) == pytest.approx(score)


def test_no_place_is_right_for_no_point_only() -> None:
    assert points_f1([], []) == 1.0
    assert points_f1([(1, 1)], []) == 0.0


def test_places_are_read_from_the_reference() -> None:
    assert read_places("[[1, 2, 3, 4.5]]") == [[1, 2, 3, 4.5]]
    assert read_places("[]") == []
    for wrong in ("", "a shop", "{}", "[1, 2, 3, 4]", "[[1, 2, 3]]", "[[1, 2, 3, null]]", "[[5, 2, 3, 4]]"):
        with pytest.raises(ValueError, match="not a JSON list of boxes"):
            read_places(wrong)


def test_fields_are_compared_one_by_one() -> None:
    reference = '{"company": "ACME", "total": "9.00", "date": null}'
    score = fields_score('{"company": "ACME", "total": "9.10", "date": null}', reference)
    assert score.matches == {"company": True, "total": False, "date": True}
    assert score.exact == pytest.approx(2 / 3)
    assert score.anls == pytest.approx((1 + 0.75 + 1) / 3)


def test_missing_and_invented_fields_score_nothing() -> None:
    score = fields_score('{"a": "1", "c": "3"}', '{"a": "1", "b": ""}')
    assert score == FieldsScore(1 / 3, 1 / 3, {"a": True, "b": False, "c": False})


def test_fields_may_stand_in_a_fence_and_hold_other_types() -> None:
    score = fields_score('```json\n{"n": 3, "list": {"b": 1, "a": [2]}}\n```', '{"n": "3", "list": {"a": [2], "b": 1}}')
    assert (score.exact, score.anls) == (1.0, 1.0)
    assert fields_score("{}", "{}").exact == 1.0


@pytest.mark.parametrize("prediction", ["", "no json", '{"a": "1"', "[1]", '"a"', "[" * 100_000, "1" * 5000])
def test_a_prediction_that_is_no_object_scores_zero(prediction: str) -> None:
    assert fields_score(prediction, '{"a": "1"}') == FieldsScore(0.0, 0.0, {"a": False})


def test_a_reference_that_is_no_object_is_an_error() -> None:
    with pytest.raises(ValueError, match="reference is not a JSON object"):
        fields_score("{}", "[]")


REFERENCE = '{"start_time": 2.0, "end_time": 6.0, "fps": 10}'


@pytest.mark.parametrize(
    ("prediction", "score"),
    [
        ('{"start_time": 2, "end_time": 6}', 1.0),
        ('{"start_time": 4, "end_time": 8}', 1 / 3),  # 2 shared seconds of 6
        ('{"start_time": 2, "end_time": 4, "description": "it rests"}', 0.5),
        ('```json\n[{"start_time": 2.5, "end_time": 6.0}]\n```', 3.5 / 4),
        ('{"start_time": "00:02.00", "end_time": "00:06.00"}', 1.0),
        ('{"start_time": "0:00:02", "end_time": "0:00:06"}', 1.0),
        ('{"start_time": "0:00:02:05", "end_time": "0:00:06:00"}', 3.5 / 4),
        ('{"start_time": 7, "end_time": 9}', 0.0),
        ('{"start_time": 6, "end_time": 2}', 0.0),
        ('{"start_time": 2}', 0.0),
        ('{"start_time": true, "end_time": 6}', 0.0),
        ('{"start_time": -1, "end_time": 6}', 0.0),
        ('{"start_time": 2, "end_time": Infinity}', 0.0),
        ('{"start_time": "two", "end_time": "six"}', 0.0),
        ("from 2 to 6", 0.0),
        ("", 0.0),
    ],
)
def test_an_interval_is_scored_by_what_it_shares(prediction: str, score: float) -> None:
    assert interval_iou(prediction, REFERENCE) == pytest.approx(score)


def test_frames_need_a_rate_to_be_a_time() -> None:
    frames = '{"start_time": "0:00:02:05", "end_time": "0:00:06:00"}'
    assert interval_iou(frames, '{"start_time": 2.0, "end_time": 6.0}') == 0.0


@pytest.mark.parametrize("reference", ["", "[]", '{"start_time": 2}', '{"start_time": 3, "end_time": 3}'])
def test_a_reference_that_is_no_interval_is_an_error(reference: str) -> None:
    with pytest.raises(ValueError, match="not an interval of time"):
        interval_iou('{"start_time": 2, "end_time": 6}', reference)
