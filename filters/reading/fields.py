"""Whether the values of an answer in JSON stand in a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

MOST_FIELDS = 500
_NO_LETTER = re.compile(r"[\W_]+")
_FENCE = re.compile(r"^```(?:json)?|```$")
_RUN, _FEWEST_FOR_RUNS, _RUNS_FOUND = 3, 6, 0.7


def share_found(answer: str, texts: Sequence[str]) -> float | None:
    """Share of the values of a JSON object (inner ones too, the first 500) that the texts hold one after another.

    Case, spaces and punctuation do not count. A value of six letters and digits or more is also found where 70 % of its
    runs of three are anywhere in the texts. None where the answer is no JSON object, or has no value with a letter or
    digit.
    """
    try:
        record = json.loads(_FENCE.sub("", answer.strip()).strip())
    except (ValueError, RecursionError):
        return None
    values = [plain for value in _leaves(record) if (plain := _plain(value))] if isinstance(record, dict) else []
    if not values:
        return None
    written = _plain("".join(texts))
    runs: set[str] = set()
    found = 0
    for value in values[:MOST_FIELDS]:
        if value in written:
            found += 1
        elif len(value) >= _FEWEST_FOR_RUNS:
            runs = runs or _runs(written)
            mine = _runs(value)
            found += len(mine & runs) >= _RUNS_FOUND * len(mine)
    return found / len(values[:MOST_FIELDS])


def _plain(text: str) -> str:
    return _NO_LETTER.sub("", text).casefold()


def _runs(text: str) -> set[str]:
    return {text[start : start + _RUN] for start in range(len(text) - _RUN + 1)}


def _leaves(record: Any) -> Iterator[str]:
    """The texts and numbers in a JSON value, in order."""
    waiting = [record]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            waiting += reversed(list(value.values()) if isinstance(value, dict) else value)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield str(value)
