"""What to ask people: answers that a judge is least sure of, and candidates that no verifier tells apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from curation.contract.dataset import RenderedRow, Segment, read_rendered
from curation.contract.sample import Region
from curation.contract.table import TableError, read_manifest, read_table
from curation.ledger import Ledger
from curation.review.state import Batch, Item
from curation.store import fingerprint
from model.actions import parse_step
from model.answer import answer_text
from model.chat import END
from model.family import Family, family
from model.grounding import parse_regions

_START = "<|im_start|>"  # of a turn, as `model.chat` writes it for every family
_CANDIDATES = ("verify_base", "verify_sft")


def turns(segments: Sequence[Segment]) -> list[tuple[str, str]]:
    """(role, text) of each turn of a rendered row. Images and their markup are left out, grounding markup stays."""
    found: list[tuple[str, list[str]]] = []
    for place, segment in enumerate(segments):
        beside = segments[max(0, place - 1) : place + 2]
        if segment.kind == "control" and segment.text.startswith(_START):
            found.append((segment.text.removeprefix(_START).strip(), []))
        elif segment.kind == "control" and (segment.text == END or any(one.kind == "media" for one in beside)):
            continue
        elif segment.kind != "media" and found:
            found[-1][1].append(segment.text)
    return [(role, "".join(texts)) for role, texts in found]


def question_of(row: RenderedRow) -> str:
    """What the last answer answers. Of several turns the whole talk, with its roles."""
    prompt = row.segments[: row.answer_at - 1]  # what opens the assistant's turn stands last
    said = [(role, text) for role, text in turns(prompt) if role != "system"]
    return said[0][1] if len(said) == 1 else "\n\n".join(f"{role}: {text}" for role, text in said)


def choose_answers(ledger: Ledger, taken: Iterable[Batch], most: int, task: str = "", source: str = "") -> list[Item]:
    """Answers of the training rows that no batch has asked about yet, the least certain first."""
    asked = {item[key] for batch in taken if batch.kind == "answer" for item in batch.items
             for key in ("sample_id", "row_id")}  # fmt: skip
    rows = [row for row in _rows(ledger, task, source) if not asked & {row.sample_id, row.row_id}]
    certainty = _certainty(ledger)
    rows.sort(key=lambda row: (certainty.get(row.row_id, 1.0), fingerprint(row.sample_id)))
    first = {row.sample_id: row for row in reversed(rows)}  # a sample that two rows share is asked about once
    return [_answer_item(row) for row in rows if first[row.sample_id] is row][:most]


def _rows(ledger: Ledger, task: str, source: str) -> list[RenderedRow]:
    """The samples' own training rows; not those that the render stage made of a model's answers."""
    table = ledger.need("render")
    made = set(read_table(table, ["row_id"], [("fate", "==", "made")]).column("row_id").to_pylist())
    rows = [row for row in read_rendered(table, "train") if row.row_id not in made]
    return [row for row in rows if (not task or row.task == task) and (not source or row.source == source)]


def _certainty(ledger: Ledger) -> dict[str, float]:
    """How far the judge's lowest rubric is from not knowing, 0 to 0.5, by row; {} where no judge ran."""
    if "score" not in ledger.tables:
        return {}
    table = read_table(ledger.tables["score"], columns=["row_id", "scores"]).to_pylist()
    found = {}
    for row in table:
        scores = [score["value"] for score in row["scores"] or [] if score["value"] is not None]
        if scores:
            found[row["row_id"]] = abs(min(scores) - 0.5)
    return found


def _answer_item(row: RenderedRow) -> Item:
    return {
        **_item(row),
        "item": row.sample_id,
        "answer": answer_text(row),
        "boxes": bool(row.reference.regions) or row.task == "agent",
        "regions": [_shown(region, str(number)) for number, region in enumerate(row.reference.regions, 1)],
        "model": "data",
    }


def _item(row: RenderedRow) -> Item:
    media = [{"sha256": medium.sha256, "orientation": medium.orientation, "width": medium.width,
              "height": medium.height} for medium in row.media]  # fmt: skip
    return {"sample_id": row.sample_id, "row_id": row.row_id, "question": question_of(row), "media": media}


def _shown(region: Region, name: str) -> dict[str, Any]:
    caption = " ".join(part for part in (name, region.text or region.label) if part)
    return {"media": region.media, "shape": region.shape, "points": list(region.points), "name": caption}


def choose_preferences(
    ledger: Ledger, taken: Iterable[Batch], most: int, task: str = "", source: str = ""
) -> list[Item]:
    """Two different candidates of a prompt, one item a prompt: first those that the verifier can't tell apart, both
    right or both wrong, then one of each.

    Raises:
        TableError: no candidates have been drawn and verified.
    """
    asked = {item["row_id"] for batch in taken if batch.kind == "preference" for item in batch.items}
    candidates, family_ = _candidates(ledger), _family(ledger)
    rows = [row for row in _rows(ledger, task, source) if row.row_id in candidates and row.row_id not in asked]
    pairs = [(row, *pair) for row in rows if (pair := _two(candidates[row.row_id]))]
    pairs.sort(key=lambda pair: (pair[3], fingerprint(pair[0].sample_id)))
    return [_preference_item(row, a, b, family_) for row, a, b, _ in pairs[:most]]


def _candidates(ledger: Ledger) -> dict[str, dict[str, bool]]:
    """By prompt, the different texts of its finished candidates and whether each verifies."""
    tables = [ledger.tables[name] for name in _CANDIDATES if name in ledger.tables]
    if not tables:
        raise TableError("no candidates to compare: the last run has neither `verify_base` nor `verify_sft`")
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for table in tables:
        rows = read_table(table, columns=["parent", "number", "text", "fate", "reason"]).to_pylist()
        drawn = [row for row in rows if row["number"] is not None and row["reason"] in ("", "failed")]
        for row in sorted(drawn, key=lambda row: (row["parent"], row["number"])):
            if row["text"].strip():
                found[row["parent"]].setdefault(row["text"], row["fate"] == "kept")
    return found


def _family(ledger: Ledger) -> Family:
    return family(read_manifest(ledger.need("render")).settings["family"])


def _two(texts: dict[str, bool]) -> tuple[str, str, bool] | None:
    """Two texts and whether the verifier tells them apart; those that it does not, if there are any."""
    pairs = [(a, b, texts[a] != texts[b]) for a, b in combinations(texts, 2) if a.strip() != b.strip()]
    return min(pairs, key=lambda pair: pair[2], default=None)


def _preference_item(row: RenderedRow, a: str, b: str, family_: Family) -> Item:
    item = fingerprint([row.sample_id, sorted([a, b])])
    flipped = int(item[-1], 16) % 2 == 1
    named = ((a, "right"), (b, "left")) if flipped else ((a, "left"), (b, "right"))
    regions = [_shown(region, side) for text, side in named for region in _pointed_at(text, row, family_)]
    return {**_item(row), "item": item, "a": a, "b": b, "flipped": flipped, "regions": regions}


def _pointed_at(text: str, row: RenderedRow, family_: Family) -> list[Region]:
    """The places that a candidate names, on the image that the reference is on."""
    if not row.reference.regions:
        return []
    index = row.reference.regions[0].media
    medium = row.media[index]
    sizes = (medium.width, medium.height), (medium.resized_width, medium.resized_height)
    step = parse_step(text, family_, *sizes) if family_.agent else None
    found = [step.point] if step and step.point else parse_regions(text, family_, *sizes)
    return [Region(points=region.points, shape=region.shape, media=index, label=region.label, text=region.text)
            for region in found]  # fmt: skip
