"""Scoring an answer against a reference: pure functions, 0 (wrong) to 1 (right), no model needed.

Boxes are (x1, y1, x2, y2) and points (x, y), both sides in the same frame; coordinates are edges, not pixel indices,
so that a box's width is x2 - x1. A box whose x2 <= x1 or y2 <= y1 has no area and matches nothing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from filters.text_metrics import edit_distance

Box = Sequence[float]
_BOXED = re.compile(r"\\boxed\{([^{}]*)\}")
_FINAL = re.compile(r"^(?:\W*(?:(?:final )?answer|答案)\W*?[:：]|####)(.+)$", re.IGNORECASE | re.MULTILINE)
_CLOCK = re.compile(r"(?:\d{1,4}:){0,3}\d{1,6}(?:\.\d{1,6})?")


def exact_match(prediction: str, reference: str) -> float:
    """1 where the texts are equal but for white space (ends stripped, runs as one space); case counts."""
    return float(prediction.split() == reference.split())


def final_answer(text: str) -> str:
    """What a text with its working says in the end: the last `\\boxed{...}`, else what the last line with such a mark
    has behind `Answer:`, `答案：` or `####`; a text without a mark is its own answer. Stars around it and a full stop
    behind it don't count."""
    boxed = _BOXED.findall(text)
    said = boxed or _FINAL.findall(text) or [text]
    return str(said[-1]).strip().strip("*").strip().removesuffix(".").removesuffix("。").rstrip()


def anls(prediction: str, references: Sequence[str]) -> float:
    """ANLS of one question: the best 1 - edit distance / longer length over the references, 0 if below 0.5.

    Case and runs of white space do not count. Exactly 0.5 is kept, as in the official DocVQA evaluation; some copies
    drop it. Two empty texts score 1. Raises ValueError where there is no reference.
    """
    if not references:
        raise ValueError("anls needs at least one reference")
    best = max(_similarity(_folded(prediction), _folded(reference)) for reference in references)
    return best if best >= 0.5 else 0.0


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if min(width, height, _area(a), _area(b)) <= 0:
        return 0.0
    shared = width * height
    return shared / (_area(a) + _area(b) - shared)


def box_accuracy(predicted: Sequence[Box], reference: Box, threshold: float = 0.5) -> float:
    """RefCOCO's Acc@0.5: 1 where the single predicted box has IoU of at least `threshold`.

    The task asks for one box, so that no box and several boxes score 0, even if one of them fits.
    """
    return float(len(predicted) == 1 and iou(predicted[0], reference) >= threshold)


def boxes_f1(
    predicted: Sequence[Box],
    reference: Sequence[Box],
    predicted_labels: Sequence[str] | None = None,
    reference_labels: Sequence[str] | None = None,
    threshold: float = 0.5,
) -> float:
    """F1 of matching boxes one to one at IoU of at least `threshold`; with labels, only equal labels match.

    Greedy: the pair with the highest IoU first, ties by the predicted and then the reference box's place in its list.
    No box on either side is right (1); boxes on one side alone are wrong (0). For spotting, pass the texts as labels.
    Raises ValueError where labels are given for one side only or do not fit the number of boxes.
    """
    labels = _paired_labels(predicted, reference, predicted_labels, reference_labels)
    if not predicted and not reference:
        return 1.0
    pairs = [
        (-iou(a, b), i, j)
        for i, a in enumerate(predicted)
        for j, b in enumerate(reference)
        if labels is None or labels[0][i] == labels[1][j]
    ]
    matched_predicted: set[int] = set()
    matched_reference: set[int] = set()
    for negative_iou, i, j in sorted(pairs):
        if -negative_iou >= threshold and i not in matched_predicted and j not in matched_reference:
            matched_predicted.add(i)
            matched_reference.add(j)
    return 2 * len(matched_predicted) / (len(predicted) + len(reference))


def click_in_box(point: Sequence[float], box: Box) -> float:
    """1 where the point lies in the box, its border included (ScreenSpot's click accuracy)."""
    return float(box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3])


def points_f1(points: Sequence[Sequence[float]], places: Sequence[Box]) -> float:
    """F1 of pointing at each of several places, given by their boxes, once: points and places are paired one to one, as
    many as can be, a point with a box that it lies in (as PixMo-Points is scored, Deitke et al. 2024, by masks there).

    Nothing on either side is right (1); points or places on one side alone are wrong (0).
    """
    if not points and not places:
        return 1.0
    if not points or not places:
        return 0.0
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    inside = csr_array([[click_in_box(point, place) for place in places] for point in points])
    pairs = int((maximum_bipartite_matching(inside, perm_type="column") >= 0).sum())
    return 2 * pairs / (len(points) + len(places))


def read_places(reference: str) -> list[Box]:
    """The boxes, in displayed pixels, that points should lie in: a JSON list of [x1, y1, x2, y2]. Raises ValueError."""
    try:
        places = json.loads(reference)
    except ValueError:
        places = None
    if not isinstance(places, list) or not all(_is_box(each) for each in places):
        raise ValueError(f"the reference is not a JSON list of boxes: {reference[:80]!r}")
    return places


@dataclass(frozen=True, slots=True)
class FieldsScore:
    """`exact`: share of fields that match exactly; `anls`: mean ANLS over fields; `matches`: exact match by field."""

    exact: float
    anls: float
    matches: dict[str, bool] = field(default_factory=dict)


def fields_score(prediction: str, reference: str) -> FieldsScore:
    """Compare two JSON objects field by field, over the fields of either: a missing or invented field scores 0.

    A prediction may stand in a ```json fence. One that is no JSON object scores 0 in every field of the reference.
    Values are compared as text (`exact_match` and `anls`), nested ones as JSON with sorted keys; null is an empty text.
    Raises ValueError where the reference is not a JSON object.
    """
    expected = _object(reference)
    if expected is None:
        raise ValueError(f"the reference is not a JSON object: {reference[:80]!r}")
    found = _object(_unfenced(prediction))
    if found is None:
        return FieldsScore(0.0, 0.0, dict.fromkeys(expected, False))
    names = list(dict.fromkeys([*expected, *found]))
    if not names:
        return FieldsScore(1.0, 1.0)
    matches, similarities = {}, []
    for name in names:
        both = name in expected and name in found
        got, wanted = _as_text(found.get(name)), _as_text(expected.get(name))
        matches[name] = both and exact_match(got, wanted) == 1
        similarities.append(anls(got, [wanted]) if both else 0.0)
    return FieldsScore(sum(matches.values()) / len(names), sum(similarities) / len(names), matches)


def interval_iou(prediction: str, reference: str) -> float:
    """Intersection over union of two intervals of time, each a JSON object with `start_time` and `end_time`.

    Times are seconds, or texts: `m:ss.s` and `h:mm:ss` as clocks show them, or `h:mm:ss:ff` with a number of frames, at
    the rate `fps` that the reference names. A prediction may stand in a fence or in a list of one; one that is no
    interval, or ends before it begins, scores 0. Raises ValueError where the reference is no interval.
    """
    expected = _object(reference) or {}
    fps = expected.get("fps", 0)
    wanted = _interval(expected, fps)
    if wanted is None:
        raise ValueError(f"the reference is not an interval of time: {reference[:80]!r}")
    found = _interval(_object(_unfenced(prediction).strip().removeprefix("[").removesuffix("]")) or {}, fps)
    if found is None:
        return 0.0
    shared = min(found[1], wanted[1]) - max(found[0], wanted[0])
    return max(0.0, shared) / (max(found[1], wanted[1]) - min(found[0], wanted[0]))


def _interval(value: dict[str, Any], fps: Any) -> tuple[float, float] | None:
    start, end = (_seconds(value.get(name), fps) for name in ("start_time", "end_time"))
    return (start, end) if start is not None and end is not None and start < end else None


def _seconds(time: Any, fps: Any) -> float | None:
    """A time as JSON holds it in seconds; None where it is none."""
    if isinstance(time, str) and (match := _CLOCK.fullmatch(time.strip())):
        parts = [float(part) for part in match[0].split(":")]
        frames = parts.pop() if len(parts) == 4 else 0.0
        if frames and not (_is_number(fps) and fps > 0):
            return None
        seconds = sum(part * 60**power for power, part in enumerate(reversed(parts)))
        return seconds + (frames / fps if frames else 0.0)
    return float(time) if _is_number(time) and 0 <= time < math.inf else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_box(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(_is_number(each) for each in value) and _area(value) > 0


def _area(box: Box) -> float:
    """Area in square pixels, 0 for a box that is turned inside out."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _folded(text: str) -> str:
    return " ".join(text.lower().split())


def _similarity(a: str, b: str) -> float:
    longer = max(len(a), len(b))
    return 1 - edit_distance(a, b) / longer if longer else 1.0


def _paired_labels(
    predicted: Sequence[Box],
    reference: Sequence[Box],
    predicted_labels: Sequence[str] | None,
    reference_labels: Sequence[str] | None,
) -> tuple[Sequence[str], Sequence[str]] | None:
    if predicted_labels is None and reference_labels is None:
        return None
    if predicted_labels is None or reference_labels is None:
        raise ValueError("give labels for both sides or for none")
    if len(predicted_labels) != len(predicted) or len(reference_labels) != len(reference):
        raise ValueError("each box needs one label")
    return predicted_labels, reference_labels


def _unfenced(text: str) -> str:
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```") and "\n" in stripped:
        return stripped[stripped.index("\n") : -3]
    return stripped


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
