"""Characters that a text should not have: those of a wrong decoding, those that nobody sees, left-over entities.

Each function gets one row per sample and counts in the text of any role, of regions and of steps. Of a text of plain
ASCII only control characters and entities are looked for.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import polars as pl

from filters.frames import Batch
from filters.reading.answers import all_text, on_some
from filters.signal import signal

count = functools.partial(signal, tier="text", grain="sample", unit="characters", dtype="int64")

# Bytes of UTF-8 shown as Windows-1252 or Latin-1: a lead byte's character, then those of trailing bytes.
_TRAIL = "\u0080-\u00bf" + "".join(bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xA0))
_MISREAD = rf"[\u00c2-\u00df][{_TRAIL}]|[\u00e0-\u00ef][{_TRAIL}]{{2}}|[\u00f0-\u00f4][{_TRAIL}]{{3}}"
_RUN = re.compile(rf"(?:{_MISREAD})+")
# What Chinese and Macintosh readers make of it.
_OTHER_MISREAD = r"锟斤拷|烫烫烫|屯屯屯|‚Ä[ôúùìî¶]"
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
# Zero-width space and joiner of words, byte order mark, bidirectional overrides and isolates, tags; not the joiners and
# marks (U+200C to U+200F) that Persian, Hindi, Hebrew and emoji are written with.
_INVISIBLE = r"[\u200b\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u206f\u00ad]"
_ENTITY = (
    r"&(?:amp|lt|gt|quot|apos|nbsp|copy|reg|trade|hellip|mdash|ndash|[lr][sd]quo|laquo|raquo|bull|middot|deg|euro"
    r"|[A-Za-z](?:acute|grave|circ|uml|tilde|cedil|ring)|#\d{2,6}|#[xX][0-9A-Fa-f]{2,5});"
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_HTML = re.compile(r"</?[A-Za-z][\w-]*(?:\s[^<>]*)?/?>")


@count()
def mojibake(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Characters that are UTF-8 read in a wrong encoding, such as "Ã©" for é; counted as they were meant."""
    return _in_others(samples, batch, rf"{_MISREAD}|{_OTHER_MISREAD}", _misread)


@count()
def replacement_characters(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Replacement characters (U+FFFD): bytes that no decoder could read."""
    return _in_others(samples, batch, "\ufffd", lambda text: text.count("\ufffd"))


@count()
def control_characters(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Control characters other than tab and line breaks, such as NUL, escape and form feed."""
    return all_text(samples, batch).str.count_matches(_CONTROL)


@count()
def invisible_characters(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Zero-width spaces, byte order marks, soft hyphens and bidirectional overrides."""
    pattern = re.compile(_INVISIBLE)
    return _in_others(samples, batch, _INVISIBLE, lambda text: len(pattern.findall(text)))


@count()
def private_use_characters(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Characters without a meaning of their own (private use), as icon fonts and broken PDF extraction leave them."""
    pattern = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
    return _in_others(samples, batch, r"\p{Co}", lambda text: len(pattern.findall(text)))


@count(unit="entities")
def html_entities(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """HTML entities left over in text that is not HTML, such as &amp; or &nbsp;, outside of code."""
    text = all_text(samples, batch)
    return on_some(text.str.contains(_ENTITY), _entities, 0, pl.Int64, text)


def _in_others(samples: pl.DataFrame, batch: Batch, pattern: str, function: Callable[[str], int]) -> pl.Series:
    """`function` of the texts that are not plain ASCII and match."""
    text = all_text(samples, batch)
    wide = batch.once("not_ascii", lambda: text.str.len_bytes() != text.str.len_chars())
    rows = wide.arg_true()
    found = text.gather(rows).str.contains(pattern)
    candidates = pl.repeat(False, len(text), eager=True).scatter(rows.filter(found), True)
    return on_some(candidates, function, 0, pl.Int64, text)


def _misread(text: str) -> int:
    """Characters that come out when runs of suspicious ones are read as UTF-8 after all.

    One alone ending in a typographic sign may be meant so ("CAFÉ™"); unless it begins with one of the two letters that
    nearly all of Latin-1's are misread as.
    """
    meant = 0
    for run in _RUN.finditer(text):
        try:
            decoded = b"".join(_byte(character) for character in run[0]).decode("utf-8")
        except UnicodeDecodeError:
            continue
        if len(decoded) > 1 or len(run[0]) > 2 or run[0][0] in "ÃÂ":
            meant += len(decoded)
    return meant + len(re.findall(_OTHER_MISREAD, text))


def _byte(character: str) -> bytes:
    """The byte that Windows-1252 shows as `character`; its five gaps are those of Latin-1."""
    return character.encode("latin-1") if ord(character) < 256 else character.encode("cp1252")


def _entities(text: str) -> int:
    prose = _CODE.sub("", text)
    return 0 if _HTML.search(prose) else len(re.findall(_ENTITY, prose))
