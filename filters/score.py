"""One answer against its row's reference, by the verifier that the row names. Boxes and clicks are compared in
displayed pixels, whatever the family wrote them in."""

from __future__ import annotations

from collections.abc import Sequence

from curation.contract.dataset import RenderedRow
from curation.contract.sample import Region
from filters.action_match import match_action
from filters.table_metrics import teds, teds_structure
from filters.text_metrics import Errors, character_errors, relaxed_accuracy, word_errors
from filters.verify import (
    anls,
    box_accuracy,
    boxes_f1,
    click_in_box,
    exact_match,
    fields_score,
    final_answer,
    interval_iou,
    iou,
    points_f1,
    read_places,
)
from model.actions import parse_step
from model.family import Family
from model.geometry import Size
from model.grounding import parse_regions

# What each verifier asks of an answer's scores, the first of them being what answers are ranked by. Platform defaults;
# IoU 0.5 is RefCOCO's. A place under a wrong name is no right answer, though RefCOCO's metric would count it.
ACCEPTED: dict[str, dict[str, float]] = {
    "exact": {"exact_match": 1.0},
    "anls": {"anls": 0.8},
    "relaxed": {"relaxed_accuracy": 1.0},
    "fields": {"field_accuracy": 1.0},
    "table": {"teds": 0.9},
    "box": {"acc_at_0.5": 1.0, "label_match": 1.0},
    "boxes": {"labelled_f1_at_0.5": 0.8},
    "spotting": {"f1_at_0.5": 0.8},
    "click": {"click_accuracy": 1.0},
    "action": {"action_match": 1.0},
    "points": {"points_f1": 0.8},
    "interval": {"temporal_iou": 0.5},
    "final": {"final_match": 1.0},
}
# Tasks and verifiers whose answer is a reading of text, where single characters and words can be wrong.
_READING_TASKS, _READING = ("ocr", "document"), ("exact", "anls", "spotting")


def verifies(scores: dict[str, float], verifier: str) -> tuple[bool, str]:
    """Whether an answer's scores pass, and in words what was asked of them. Raises KeyError for the verifier ""."""
    asked = ACCEPTED[verifier].items()
    words = ", ".join(f"{name} {scores[name]:.2f} of at least {least:g}" for name, least in asked)
    return all(scores[name] >= least for name, least in asked), words


def rank(scores: dict[str, float], verifier: str) -> float:
    """The score that answers of a verifier are ranked by."""
    return scores[next(iter(ACCEPTED[verifier]))]


def score(answer: str, row: RenderedRow, family: Family) -> dict[str, float]:
    """Scores by name, each from 0 to 1; empty where the row's verifier is "", as nothing can check such an answer.

    `exact_match` and `anls` for exact, `final_match` for a final answer, `anls` for anls, `relaxed_accuracy` and
    `exact_match` for relaxed, `field_accuracy` and `anls` for fields, `teds` and `teds_structure` for a table,
    `acc_at_0.5`, `iou` (its mean over rows is mIoU) and `label_match` for a box, `f1_at_0.5` for boxes and spotting,
    `labelled_f1_at_0.5` for boxes, `points_f1` for points, `click_accuracy` for a click, `action_match`, `action_type`
    and, where there is a target, `click_accuracy` for an action, `temporal_iou` for an interval. Text that is read from
    a picture also has `character_accuracy` and `word_accuracy`: 1 less the row's CER and WER, at least 0. Raises
    ValueError, naming the row, for a reference that its verifier cannot use.
    """
    if row.reference.verifier == "":
        return {}
    try:
        scores = _scores(answer, row, family)
    except ValueError as error:
        raise ValueError(f"{row.row_id}: {error}") from None
    rates = {name: found.rate for name, found in errors(answer, row, family).items()}
    names = {"cer": "character_accuracy", "wer": "word_accuracy"}
    return scores | {names[name]: max(0.0, 1 - rate) for name, rate in rates.items()}


def errors(answer: str, row: RenderedRow, family: Family) -> dict[str, Errors]:
    """Wrong characters (`cer`) and words (`wer`) of an answer that reads text from a picture; empty for any other. Of
    spotted text it is the lines in the order in which they were written."""
    reference = row.reference
    if row.task not in _READING_TASKS or reference.verifier not in _READING:
        return {}
    if reference.verifier == "spotting":
        answer = "\n".join(region.text for region in parse_regions(answer, family, *_sizes(row)))
    return {"cer": character_errors(answer, reference.text), "wer": word_errors(answer, reference.text)}


def _scores(answer: str, row: RenderedRow, family: Family) -> dict[str, float]:
    text, verifier = row.reference.text, row.reference.verifier
    if verifier == "exact":
        return {"exact_match": exact_match(answer, text), "anls": anls(answer, [text])}
    if verifier == "final":
        return {"final_match": exact_match(final_answer(answer), final_answer(text))}
    if verifier == "anls":
        return {"anls": anls(answer, [text])}
    if verifier == "relaxed":
        return {"relaxed_accuracy": relaxed_accuracy(answer, text), "exact_match": exact_match(answer, text)}
    if verifier == "fields":
        fields = fields_score(answer, text)
        return {"field_accuracy": fields.exact, "anls": fields.anls}
    if verifier == "table":
        return {"teds": teds(answer, text), "teds_structure": teds_structure(answer, text)}
    if verifier == "interval":
        return {"temporal_iou": interval_iou(answer, text)}
    if verifier in ("box", "boxes", "spotting"):
        return _score_boxes(parse_regions(answer, family, *_sizes(row)), row)
    if verifier == "points":
        found = parse_regions(answer, family, *_sizes(row))
        return {"points_f1": points_f1([each.points for each in found if each.shape == "point"], read_places(text))}
    if verifier == "click":
        return {"click_accuracy": _score_click(answer, row, family)}
    if verifier == "action":
        return _score_action(answer, row, family)
    raise ValueError(f"no verifier {verifier!r}")


def _score_boxes(found: Sequence[Region], row: RenderedRow) -> dict[str, float]:
    boxes = [region for region in found if region.shape != "point"]
    predicted = [region.box for region in boxes]
    if row.reference.verifier == "box":
        expected = _one_region(row)
        overlap = iou(predicted[0], expected.box) if len(predicted) == 1 else 0.0
        named = len(boxes) == 1 and exact_match(boxes[0].label, expected.label) == 1
        return {"acc_at_0.5": box_accuracy(predicted, expected.box), "iou": overlap, "label_match": float(named)}
    wanted = row.reference.regions
    places = [region.box for region in wanted]
    if row.reference.verifier == "spotting":
        texts = [region.text for region in boxes], [region.text for region in wanted]
        return {"f1_at_0.5": boxes_f1(predicted, places, *texts)}
    labels = [region.label for region in boxes], [region.label for region in wanted]
    return {"f1_at_0.5": boxes_f1(predicted, places), "labelled_f1_at_0.5": boxes_f1(predicted, places, *labels)}


def _score_click(answer: str, row: RenderedRow, family: Family) -> float:
    """An agent's call, or a point or box that stands by itself; a box is clicked in its middle."""
    expected, sizes = _one_region(row).box, _sizes(row)
    step = parse_step(answer, family, *sizes) if family.agent else None
    if step is not None:
        return click_in_box(step.point.centre, expected) if step.point else 0.0
    found = parse_regions(answer, family, *sizes)
    return click_in_box(found[0].centre, expected) if len(found) == 1 else 0.0


def _score_action(answer: str, row: RenderedRow, family: Family) -> dict[str, float]:
    step = parse_step(answer, family, *_sizes(row)) if family.agent else None
    match = match_action(step, row.reference.text, row.reference.regions)
    place = {} if match.place is None else {"click_accuracy": float(match.place)}
    return {"action_match": float(match.whole), "action_type": float(match.action), **place}


def _one_region(row: RenderedRow) -> Region:
    if len(row.reference.regions) != 1:
        count = len(row.reference.regions)
        raise ValueError(f"the verifier {row.reference.verifier!r} needs one region, not {count}")
    return row.reference.regions[0]


def _sizes(row: RenderedRow) -> tuple[Size, Size]:
    """(width, height) as displayed and as the model sees it, of the image that the reference is on."""
    if not row.media:
        raise ValueError(f"the verifier {row.reference.verifier!r} needs an image")
    medium = row.media[row.reference.regions[0].media if row.reference.regions else 0]
    return (medium.width, medium.height), (medium.resized_width, medium.resized_height)
