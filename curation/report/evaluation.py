"""Before and after: what each checkpoint scores on the test split, and its answers to the same rows side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curation.contract.dataset import RENDERED, RenderedRow, rendered_from_row
from curation.contract.sample import Region
from curation.contract.table import read_manifest
from curation.ledger import Ledger
from curation.report.cards import clip, find_samples, said
from curation.report.choose import spread
from curation.report.palette import ELSEWHERE, MODELS, REFERENCE
from curation.report.picture import Outline, Picture, Thumbnails
from curation.report.tables import beside, read_rows
from model.actions import parse_step
from model.family import Family, family
from model.grounding import parse_regions

SIDE = 240  # pixels of an example's picture
IMPROVED, WORSENED, EXAMPLES = 12, 4, 24  # rows shown (platform defaults)
RIGHT = 0.5  # a score of at least this counts as right
OUTLINES = 40  # of one answer
LOWER = ("loss", "cer", "wer")  # metrics of which less is better
PLACED = ("box", "boxes", "points", "spotting", "click", "action")  # verifiers whose answers can be drawn
_CHANGES = {
    "improved": "from wrong to right",
    "worsened": "from right to wrong",
    "right": "right before and after",
    "wrong": "wrong before and after",
    "unscored": "not scored",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One checkpoint's answer. `score` is the first that its verifier gives, None where there is none."""

    model: str
    text: str
    metric: str = ""
    score: float | None = None

    @property
    def right(self) -> bool:
        return self.score is not None and self.score >= RIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    row_id: str
    task: str
    reference: str
    answers: tuple[Answered, ...]

    @property
    def change(self) -> str:
        first, last = self.answers[0], self.answers[-1]
        if first.score is None or last.score is None:
            return "unscored"
        if first.right == last.right:
            return "right" if last.right else "wrong"
        return "improved" if last.right else "worsened"


def models_of(ledger: Ledger) -> list[str]:
    """The checkpoints that were evaluated, in the order in which they were made."""
    found = [stage.removeprefix("evaluate_") for stage in ledger.tables if stage.startswith("evaluate_")]
    return [name for name in MODELS if name in found] + sorted(name for name in found if name not in MODELS)


def metrics(ledger: Ledger) -> dict[str, Any] | None:
    """A line for each metric with every checkpoint's value and who is best, by task."""
    models = models_of(ledger)
    if not models:
        return None
    values = {model: beside(ledger, f"evaluate_{model}", "metrics") for model in models}
    names = {name for found in values.values() for name in found if name.rpartition("/")[2] != "rows"}
    tasks: dict[str, list[dict[str, Any]]] = {}
    for name in sorted(names, key=order):
        task, _, metric = name.rpartition("/")
        line = [values[model].get(name) for model in models]
        tasks.setdefault(task, []).append({"metric": metric, "values": line, "best": best(metric, line)})
    rows = {task: next(iter(values.values())).get(f"{task}/rows" if task else "rows", 0) for task in tasks}
    return {"models": models, "tasks": [(task or "all tasks", int(rows[task]), tasks[task]) for task in tasks]}


def best(metric: str, values: Sequence[float | None]) -> set[int]:
    """Which of some values are best: the lowest loss or error rate, the highest of anything else. None where all are
    equal."""
    given = [value for value in values if value is not None]
    if len(set(given)) < 2:
        return set()
    top = min(given) if metric in LOWER else max(given)
    return {index for index, value in enumerate(values) if value == top}


def order(name: str) -> tuple[str, int, str]:
    """By task, the whole first; scores, then the loss."""
    task, _, metric = name.rpartition("/")
    return task, int(metric == "loss"), metric


def examples(ledger: Ledger) -> list[Example]:
    """Every test row that all checkpoints answered."""
    models = models_of(ledger)
    answers = {model: _predictions(ledger, model) for model in models}
    shared = sorted(set.intersection(*(set(found) for found in answers.values()))) if models else []
    return [
        Example(
            row_id=row_id,
            task=answers[models[0]][row_id]["task"],
            reference=answers[models[0]][row_id]["reference"],
            answers=tuple(_answered(model, answers[model][row_id]) for model in models),
        )
        for row_id in shared
    ]


def _predictions(ledger: Ledger, model: str) -> dict[str, dict[str, Any]]:
    wanted = ["row_id", "task", "prediction", "reference", "scores"]
    return {row["row_id"]: row for row in read_rows(ledger, f"evaluate_{model}", wanted)}


def _answered(model: str, row: dict[str, Any]) -> Answered:
    metric, score = next(iter((row["scores"] or {}).items()), ("", None))
    return Answered(model=model, text=row["prediction"] or "", metric=metric, score=score)


def choose_examples(found: Sequence[Example], most: int = EXAMPLES) -> list[Example]:
    """Rows that training mended first, then those that it spoilt, then others; tasks in turn."""

    def some(kinds: tuple[str, ...], most: int) -> list[Example]:
        return spread([one for one in found if one.change in kinds], most, lambda one: one.row_id, lambda one: one.task)

    changed = some(("improved",), min(IMPROVED, most)) + some(("worsened",), min(WORSENED, most))
    return (changed + some(("right", "wrong", "unscored"), most))[:most]


def before_after(ledger: Ledger, thumbnails: Thumbnails) -> dict[str, Any] | None:
    """Examples with their picture, question, reference and every checkpoint's answer."""
    found = examples(ledger)
    if not found:
        return None
    chosen = choose_examples(found)
    ids = [one.row_id for one in chosen]
    table = read_rows(ledger, "render", RENDERED.names, [("row_id", "in", ids)])
    rows = {row["row_id"]: rendered_from_row(row) for row in table}
    samples = find_samples(ledger, ids)
    kind = family(read_manifest(ledger.need("render")).settings["family"]) if rows else None
    cards = [
        {
            "example": one,
            "change": _CHANGES[one.change],
            "prompt": clip(said(samples.get(one.row_id, {}), "user")),
            "reference": clip(one.reference),
            "answers": [(answer, clip(answer.text)) for answer in one.answers],
            "picture": _picture(one, rows[one.row_id], kind, thumbnails) if kind and one.row_id in rows else None,
            "drawn": one.row_id in rows and rows[one.row_id].reference.verifier in PLACED,
        }
        for one in chosen
    ]
    totals = [(words, sum(one.change == change for one in found)) for change, words in _CHANGES.items()]
    return {"cards": cards, "totals": [(words, count) for words, count in totals if count], "rows": len(found)}


def _picture(example: Example, row: RenderedRow, kind: Family, thumbnails: Thumbnails) -> Picture | None:
    """The row's picture with the reference and every answer outlined, where they are places."""
    if not row.media:
        return None
    regions = row.reference.regions
    medium = row.media[regions[0].media if regions else 0]
    outlines: list[Outline] = []
    if row.reference.verifier in PLACED:
        sizes = (medium.width, medium.height), (medium.resized_width, medium.resized_height)
        for width, answer in zip(range(len(example.answers) + 1, 1, -1), example.answers, strict=True):
            found = places(answer.text, row.reference.verifier, kind, *sizes)
            outlines += [(MODELS.get(answer.model, ELSEWHERE), width, place) for place in found[:OUTLINES]]
        outlines += [(REFERENCE, 1, region) for region in regions]
    return thumbnails.drawn(medium.sha256, medium.orientation, SIDE, outlines)


def places(
    text: str, verifier: str, kind: Family, displayed: tuple[int, int], resized: tuple[int, int]
) -> tuple[Region, ...]:
    """What an answer points at, read as the scores read it."""
    step = parse_step(text, kind, displayed, resized) if verifier in ("click", "action") and kind.agent else None
    if step is not None:
        return (step.point,) if step.point else ()
    return parse_regions(text, kind, displayed, resized)
