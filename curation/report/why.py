"""One row on a page of its own: beside the rows that count as one with it, and its whole story below."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.text import Text

from curation.duplicates.decontaminate import PREFIX as BENCHMARK
from curation.ledger import Ledger
from curation.media import MediaStore
from curation.report.benchmarks import WAYS
from curation.report.cards import Card, find_samples, make_card
from curation.report.page import environment
from curation.report.picture import Thumbnails
from curation.report.tables import INGEST
from curation.tell import story_text

SIDE, LONGEST = 460, 4000  # pixels of a picture, characters of a text (platform defaults)
Wanted = tuple[str, str, str, str, str]  # the other row: its id, who read it, its fate, its badge; a note on this one
_READ = (INGEST, BENCHMARK)


def write_why(ledger: Ledger, store: str, identity: str, entries: list[dict[str, Any]], page: Path) -> None:
    """Writes a page that opens offline about a row or a sample id, whose `entries` are its `story`."""
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(render_why(ledger, Thumbnails(MediaStore(store), SIDE), identity, entries), encoding="utf-8")


def render_why(ledger: Ledger, thumbnails: Thumbnails, identity: str, entries: list[dict[str, Any]]) -> str:
    rows = _rows(entries)
    row_ids = list(dict.fromkeys(row_id for row_id, _ in rows))
    twins = [(row_id, twin) for row_id in row_ids for twin in _twins(row_id, entries)]
    wanted = [*rows, *(twin[:2] for _, twin in twins)]
    samples = {of: find_samples(ledger, [row_id for row_id, each in wanted if each == of], of) for of in _READ}

    def card(row_id: str, fate: str, badge: str, note: str, of: str = INGEST) -> Card:
        found = samples[of].get(row_id, {"row_id": row_id})
        return make_card(found, thumbnails, fate, badge, note, LONGEST)

    pairs = [
        (card(row_id, *_fate(row_id, entries), note), card(other, fate, badge, "", of))
        for row_id, (other, of, fate, badge, note) in twins
    ]
    return (
        environment()
        .get_template("why.html.j2")
        .render(
            identity=identity,
            ended=_ended(row_ids, entries),
            about=_about(entries),
            twins=pairs,
            alone=[card(row_id, *_fate(row_id, entries), "", of) for row_id, of in rows],
            pieces=pieces(story_text(entries)),
        )
    )


def _rows(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The rows that a story is about, each with the kind of stage that read it: a source's, or an evaluation set's."""
    return [(entry["row_id"], of) for entry in entries for of in _READ if entry["stage"].startswith(of)]


def _twins(row_id: str, entries: list[dict[str, Any]]) -> list[Wanted]:
    """Who is shown beside a row: the one that is kept in its stead, those that went for it, the items that it holds."""
    found: list[Wanted] = []
    for entry in entries:
        if entry["row_id"] != row_id:
            continue
        if entry["stage"] == "deduplicate" and entry.get("duplicate_of"):
            found.append((entry["duplicate_of"], INGEST, "kept", "kept in its stead", entry["detail"]))
        for gone in entry.get("stands_for", {}).get("first", []):
            found.append((gone["row_id"], INGEST, "dropped", f"went for it: {gone['reason']}", ""))
        for held in entry.get("contaminated") or []:
            how = WAYS.get(held["how"], held["how"])
            note = ": ".join(filter(None, [how, held["shared"]]))
            found.append((held["item"], BENCHMARK, "", f"item of {held['benchmark']}", note))
    return found


def _fate(row_id: str, entries: list[dict[str, Any]]) -> tuple[str, str]:
    """What became of a row at the last stage that tells, and the reason."""
    last = next(entry for entry in reversed(entries) if entry["row_id"] == row_id)
    return last["fate"], last["reason"] or last["fate"]


def _ended(row_ids: list[str], entries: list[dict[str, Any]]) -> str:
    told = []
    for row_id in row_ids:
        last = next(entry for entry in reversed(entries) if entry["row_id"] == row_id)
        reason = f" ({last['reason']})" if last["reason"] else ""
        told.append(f"{last['fate']} at {last['stage']}{reason}")
    return "; ".join(dict.fromkeys(told))


def _about(entries: list[dict[str, Any]]) -> str:
    gone = [entry["stands_for"] for entry in entries if entry.get("stands_for")]
    if any(entry.get("duplicate_of") for entry in entries):
        return "The row that went, and the row that is kept in its stead."
    if gone:
        rows, shown = sum(each["rows"] for each in gone), sum(len(each["first"]) for each in gone)
        return f"The row that is kept, and rows that went in its stead: {shown:,} of {rows:,}."
    if any(entry.get("contaminated") for entry in entries):
        return "The row, and what it holds of evaluation sets."
    return "No other row counts as one with it."


def pieces(text: Text) -> list[tuple[str, str]]:
    """A text in pieces of one style each: (style, piece)."""
    found, end = [], 0
    for span in sorted(text.spans, key=lambda span: span.start):
        found += [("", text.plain[end : span.start]), (str(span.style), text.plain[span.start : span.end])]
        end = span.end
    return [piece for piece in [*found, ("", text.plain[end:])] if piece[1]]
