"""What an instruction tells to type, and whether a typed text comes from somewhere."""

from __future__ import annotations

import functools
import re

MOST_WORDS = 12  # platform default: more is composed, not copied

_QUOTED = r"[\"“「『](?P<a>[^\"”」』\n]{1,200})[\"”」』]|(?<!\w)['‘](?P<b>[^'’\n]{1,200})['’](?!\w)"
_TOLD = re.compile(
    rf"(?:\b(?:type|enter|write|input|fill\s+in|search(?:\s+for)?)|输入|键入|填写|填入|搜索)"
    rf"(?:\s+(?:in|the|a|text|word|words|string|value|phrase|following|username|name|password|query|[:：]))*[\s:：]*"
    rf"(?:{_QUOTED})",
    re.IGNORECASE,
)
_WORD = re.compile(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+")
_ADDRESS = re.compile(r"://|\bwww\.|^\S+@\S+$|^[\w-]+(?:\.[\w-]+)+(?:/\S*)?$", re.IGNORECASE)


@functools.lru_cache(maxsize=2_048)
def asked_to_type(instruction: str) -> tuple[str, ...]:
    """The texts in quotes that an instruction tells to type, in small letters."""
    found = ((match["a"] or match["b"]).strip().lower() for match in _TOLD.finditer(instruction))
    return tuple(text for text in found if text)


def is_written_out(typed: str) -> bool:
    """Whether its words can be expected in the instruction: no address, no secret, nothing composed, some letters."""
    text = typed.strip()
    words = _WORD.findall(text[:2_000])
    if not words or len(words) > MOST_WORDS or len(text) > 400 or _ADDRESS.search(text):
        return False
    kinds = [any(map(test, text)) for test in (str.isdigit, str.islower, str.isupper)]
    kinds.append(any(not character.isalnum() for character in text))
    secret = " " not in text and len(text) >= 8 and sum(kinds) >= 3
    return not secret and any(character.isalpha() for character in text)


def supported(typed: str, known: str) -> float | None:
    """Share of a text's words that stand among the known ones; words of four letters may stand inside others, so that
    "plugin" is found in "plug-in". None where it has no words."""
    words = _WORD.findall(typed.lower())
    there = _WORD.findall(known.lower())
    alone, together = set(there), "".join(there)
    held = [word in alone or (len(word) >= 4 and word in together) for word in words]
    return sum(held) / len(held) if held else None
