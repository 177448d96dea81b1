"""Lists of terms, matched in texts: the packaged one of unsafe terms, or the user's file."""

from __future__ import annotations

import functools
import re
from importlib import resources
from pathlib import Path

import polars as pl

_MOST_IN_A_PATTERN = 500  # more make a pattern too large; up to there it is three times as fast
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@functools.lru_cache(maxsize=8)
def terms(path: str) -> tuple[str, ...]:
    """The terms of a UTF-8 file, one a line, in lower case; "" is the packaged list. Lines from a # on are comments.

    Raises FileNotFoundError, and ValueError that names the file where it holds no term or is no UTF-8.
    """
    file = Path(path) if path else resources.files(__package__).joinpath("words/unsafe.txt")
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8: {error}") from None
    found = (" ".join(line.split("#", 1)[0].lower().split()) for line in lines)
    if not (listed := tuple(dict.fromkeys(term for term in found if term))):
        raise ValueError(f"{path} has no terms: write one a line")
    return listed


def may_hold_terms(texts: pl.Series, path: str) -> pl.Series:
    """Whether a term stands in each text of lower case, be it within a word: a fast first look."""
    listed = terms(path)
    if len(listed) > _MOST_IN_A_PATTERN:
        return texts.str.contains_any(list(listed))
    return texts.str.contains("|".join(map(pl.escape_regex, listed)))


def count_terms(text: str, path: str) -> int:
    """How often terms of the file stand in a text of lower case, longest first, as whole words."""
    return len(_pattern(path).findall(text))


@functools.lru_cache(maxsize=8)
def _pattern(path: str) -> re.Pattern[str]:
    """All terms as one pattern. Scripts without spaces have no word boundaries."""
    listed = sorted(terms(path), key=len, reverse=True)
    unspaced = [re.escape(term) for term in listed if _UNSPACED.search(term)]
    spaced = [re.escape(term) for term in listed if not _UNSPACED.search(term)]
    words = [rf"(?<!\w)(?:{'|'.join(spaced)})(?!\w)"] if spaced else []
    return re.compile("|".join([*unspaced, *words]))
