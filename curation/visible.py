"""Text of unknown origin, made safe for a terminal."""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f]")
# Delete and the second block of controls, marks that turn the reading order, line separators, lone surrogates.
_OTHERS = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """Control characters as their pictures, so that no data can move a terminal's cursor or turn the reading order.

    Newlines and tabs stay.
    """
    return _OTHERS.sub("\u2421", _CONTROLS.sub(lambda match: chr(0x2400 + ord(match[0])), text))


def visible_line(text: str) -> str:
    """The same for what must stay on its line: newlines become pictures too."""
    return visible(text).replace("\n", "\u240a")
