"""A row's story as text: what `winnow why` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from curation.visible import visible_line

_FATES = {"kept": "green", "made": "green", "dropped": "red", "quarantined": "magenta", "waiting": "yellow"}
_VERDICTS = {"keep": "green", "drop": "red", "unknown": "yellow", "wait": "yellow", "na": "dim"}
_IDENTITY = ("stage", "row_id", "sample_id", "source", "task", "fate", "reason", "detail", "verdicts", "letters")
_LONG = ("messages", "segments", "reference", "regions", "contaminated")  # shown elsewhere, or unreadable
_EDGE = ("a", "b", "kind", "bits", "similarity", "other", "held_by", "held_by_in_all", "stands_for")  # in words
_ELSEWHERE = {*_IDENTITY, *_LONG, *_EDGE}


def story_text(entries: list[dict[str, Any]]) -> Text:
    """One block per stage: the fate and its reason, the rules' verdicts, then whatever else the stage noted."""
    text, told = Text(), set()
    for entry in entries:
        fate = entry.get("fate", "")
        text.append(f"{entry['stage']:<24}", "bold")
        text.append(fate, _FATES.get(fate, ""))
        if entry.get("reason"):
            text.append(f"  {visible_line(entry['reason'])}")
        text.append("\n")
        if entry.get("detail"):
            text.append(f"    {visible_line(entry['detail'])}\n", "dim")
        for verdict in entry.get("verdicts") or []:
            text.append(f"    {verdict['verdict']:<8}", _VERDICTS.get(verdict["verdict"], ""))
            text.append(visible_line(f"{verdict['rule']:<24}{verdict['reason']}") + "\n")
        for line in _twins(entry):
            text.append(f"    {visible_line(line)}\n")
        for name, value in entry.items():
            if name in _ELSEWHERE or value in (None, "", []) or (name, str(value)) in told:
                continue  # the ledger repeats what was measured; once is enough to read
            told.add((name, str(value)))
            text.append(f"    {name:<24}{_short(value)}\n")
    return text


def _twins(entry: dict[str, Any]) -> Iterator[str]:
    """Who is at the far end of an edge, and which rows went in a kept row's stead."""
    if entry["stage"] == "match":
        held, more = entry["held_by"], entry["held_by_in_all"] - len(entry["held_by"])
        told = ", ".join(held) if held else "no row of the sources: an evaluation set's, or one that the rules dropped"
        yield f"{'the same as in':<24}{told}{f' and {more:,} more' if more else ''}"
    if gone := entry.get("stands_for"):
        yield f"{'rows that went for it':<24}{gone['rows']:,}"
        for row in gone["first"]:
            yield f"  {row['reason']:<22}{row['row_id']}"
        if more := gone["rows"] - len(gone["first"]):
            yield f"  and {more:,} more"


def _short(value: Any) -> str:
    shown = f"{value:.4g}" if isinstance(value, float) else visible_line(str(value))
    return shown if len(shown) <= 120 else shown[:117] + "..."
