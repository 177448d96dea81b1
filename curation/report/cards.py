"""Samples as cards: their pictures, what is asked, what is answered, and whatever is said of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from curation.contract.sample import region_from_row
from curation.ledger import Ledger
from curation.report.palette import REFERENCE
from curation.report.picture import Outline, Picture, Thumbnails
from curation.report.tables import INGEST, read_rows

LONGEST = 420  # characters of a text
_PICTURES = 2  # of a sample
_FEW = 12  # regions whose outlines hide nothing of the picture
_COLUMNS = ["row_id", "source", "task", "messages", "media", "regions", "steps"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is shown of a row. `badge` is the reason for its fate, `note` the words that belong to it."""

    row_id: str
    source: str = ""
    task: str = ""
    prompt: str = ""
    answer: str = ""
    pictures: tuple[Picture, ...] = ()
    more: int = 0  # pictures that are not shown
    badge: str = ""
    fate: str = ""
    note: str = ""


def find_samples(ledger: Ledger, row_ids: Iterable[str], stages: str = INGEST) -> dict[str, dict[str, Any]]:
    """The ingested rows of some ids, by id; a quarantined row has its id and little else. `stages` is how the names
    of the stages start that may have them: sources or, as they may share a name, evaluation sets."""
    wanted = sorted(set(row_ids))
    found: dict[str, dict[str, Any]] = {}
    for stage in ledger.tables:
        mine = [row_id for row_id in wanted if row_id.startswith(stage.removeprefix(stages) + ":")]
        if stage.startswith(stages) and mine:
            rows = read_rows(ledger, stage, _COLUMNS, [("row_id", "in", mine)])
            found |= {row["row_id"]: row for row in rows}
    return found


def make_card(
    row: dict[str, Any],
    thumbnails: Thumbnails,
    fate: str = "",
    badge: str = "",
    note: str = "",
    longest: int = LONGEST,
    most: int = _PICTURES,
    marked: bool = False,
) -> Card:
    """A card of a row of `SAMPLE`, of which only the id must be there, with texts of at most `longest` characters and
    `most` pictures, `marked` where its regions lie."""
    media = row.get("media") or []
    return Card(
        row_id=row["row_id"],
        source=row.get("source") or "",
        task=row.get("task") or "",
        prompt=clip(said(row, "user"), longest),
        answer=clip(said(row, "assistant"), longest),
        pictures=tuple(_picture(row, index, thumbnails, marked) for index in range(len(media[:most]))),
        more=max(0, len(media) - most),
        fate=fate,
        badge=badge,
        note=clip(note, longest),
    )


def _picture(row: dict[str, Any], index: int, thumbnails: Thumbnails, marked: bool) -> Picture:
    medium = row["media"][index]
    if not marked:
        return thumbnails.of(medium["sha256"], medium["orientation"])
    regions = [region_from_row(region) for region in row["regions"] if region["media"] == index]
    width = 2 if len(regions) <= _FEW else 1
    outlines: list[Outline] = [(REFERENCE, width, region) for region in regions]
    return thumbnails.drawn(medium["sha256"], medium["orientation"], thumbnails.side, outlines)


def said(row: dict[str, Any], role: str) -> str:
    """All that a role says in a sample; regions and actions in words, pictures left out."""
    turns = [turn for turn in row.get("messages") or [] if turn["role"] == role]
    told = ("".join(_part(row, part) for part in turn["parts"]).strip() for turn in turns)
    return "\n".join(filter(None, told))


def _part(row: dict[str, Any], part: dict[str, Any]) -> str:
    if part["kind"] == "region":
        return _region(row["regions"][part["index"]])
    if part["kind"] == "action":
        step = row["steps"][part["index"]]
        arguments = "" if step["arguments"] == "{}" else step["arguments"]
        places = [_region(row["regions"][step[end]]).strip() for end in ("region", "end_region") if step[end] >= 0]
        return f"{step['thought']}\n{' '.join(filter(None, [step['action'], arguments, *places]))}\n".lstrip()
    return part["text"] or "" if part["kind"] == "text" else ""


def _region(region: dict[str, Any]) -> str:
    numbers = ", ".join(f"{round(value, 1):g}" for value in region["points"])
    return f"{region['text'] or region['label']} [{numbers}]\n".lstrip()


def clip(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else text[:most].rstrip() + " …"
