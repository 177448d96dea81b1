"""A row's story as text: what `winnow why` prints."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from curation.visible import visible_line

_FATES = {"kept": "green", "made": "green", "dropped": "red", "quarantined": "magenta", "waiting": "yellow"}
_VERDICTS = {"keep": "green", "drop": "red", "unknown": "yellow", "wait": "yellow", "na": "dim"}
_IDENTITY = ("stage", "row_id", "sample_id", "source", "task", "fate", "reason", "detail", "verdicts", "letters")
_LONG = ("messages", "segments", "reference", "regions")  # shown elsewhere, or unreadable


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
        for name, value in entry.items():
            if name in _IDENTITY or name in _LONG or value in (None, "", []) or (name, str(value)) in told:
                continue  # the ledger repeats what was measured; once is enough to read
            told.add((name, str(value)))
            text.append(f"    {name:<24}{_short(value)}\n")
    return text


def _short(value: Any) -> str:
    shown = f"{value:.4g}" if isinstance(value, float) else visible_line(str(value))
    return shown if len(shown) <= 120 else shown[:117] + "..."
