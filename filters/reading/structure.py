"""Whether what is opened in a text is closed again: brackets, quotes, tags, LaTeX, JSON, Markdown tables.

Every function takes one text and runs in time linear in it.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from typing import Any

_FENCED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_PAIRS = {")": "(", "]": "[", "}": "{", "）": "（", "】": "【", "」": "「", "』": "『", "》": "《", "”": "“"}
_BRACKETS = re.compile(r"(?<![\w#^&*:;=<>|\\/@!%$-])[(\[{（【「『《“]|[（【「『《“]|[)\]}）】」』》”]")
_INTERVAL = re.compile(r"\[[^\[\]()\n]{1,30}\)|\([^\[\]()\n]{1,30}\]")  # half-open, as in mathematics
_EMOTICON = re.compile(r"[:;=8][-'^]?[()\[\]{}]|(?<!\w)[(\[{][:;=8]")
_LINE_QUOTES = re.compile(r'(?<![\d\\])"')
_TAG = re.compile(
    r"<(/?)(table|thead|tbody|div|span|ul|ol|html|body|head|a|b|i|u|em|strong|sub|sup|pre|code|script|style|form"
    r"|section|article|nav|header|footer|main|h[1-6]|svg|select|button|title|textarea|figure|blockquote)"
    r"(\s+[\w:-]+\s*=[^<>]*|\s*/?)>",
    re.IGNORECASE,
)
_LATEX = (
    r"\\(?:begin|end|frac|dfrac|sqrt|sum|prod|int|left|right|text|textbf|textit|mathrm|mathbf|mathbb|cdot|times|div|pm"
    r"|leq?|geq?|neq|approx|infty|alpha|beta|gamma|theta|lambda|pi|sigma|partial|lim|log|sin|cos|tan|vec|hat|bar"
    r"|overline|item|section|hline|quad|Delta|Omega)(?![a-zA-Z])"
)
HAS_LATEX = _LATEX.replace("(?![a-zA-Z])", r"(?:[^a-zA-Z]|$)")  # for polars, which has no look-ahead
_MATH_MARKS = re.compile(r"\\\\|\\([()\[\]])|(?<!\\)(\$\$?)|(?<!\\)([{}])|\\(begin|end)\s*\{([^{}\s]{1,40})\}")
_LEFT_RIGHT = re.compile(r"\\(left|right)(?![a-zA-Z])")
_JSON_BLOCK = re.compile(r"```json\b[^\n]*\n(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
# Begins as an object or a list of objects or strings; "[1, 2]" may as well be a reference, "{name}" a template.
STARTS_AS_JSON = (
    r'^\s*(?:\{\s*(?:"[^"\n]*"\s*[:"\[{]|"[^"\n]*$|\}|$)'
    r'|\[\s*(?:\{\s*"|\{\s*$|"[^"\n]*"\s*(?:,\s*["\[{\d]|\]\s*$)|\{\s*\}))'
)
_STARTS_AS_JSON = re.compile(STARTS_AS_JSON)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+\\?("?)', re.DOTALL)
_SEPARATOR = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")


def unclosed_brackets(text: str) -> int:
    """Brackets and curly quotes that are opened and never closed, outside of code; emoticons are none."""
    prose = _INTERVAL.sub("", _EMOTICON.sub("", _FENCED.sub("", text)))
    open_: Counter[str] = Counter()
    for mark in _BRACKETS.findall(prose):
        if mark not in _PAIRS:
            open_[mark] += 1
        elif open_[_PAIRS[mark]]:
            open_[_PAIRS[mark]] -= 1
    return open_.total()


def has_unclosed_quote(text: str) -> bool:
    """Whether a straight quotation mark is left open in the last line, inches ("5'10\\"") and code aside."""
    last = _FENCED.sub("", text).rstrip().rsplit("\n", 1)[-1]
    return len(_LINE_QUOTES.findall(last)) % 2 == 1 and not last.endswith('"')


def unclosed_tags(text: str) -> int | None:
    """HTML elements that are opened and not closed; None where the text has none outside of inline code.

    Elements that may be left open in HTML (p, li, td, ...) do not count.
    """
    open_: Counter[str] = Counter()
    found = False
    for slash, name, rest in _TAG.findall(re.sub(r"(?<!`)`[^`\n]+`(?!`)", "", text)):
        found = True
        if slash:
            open_[name.lower()] -= 1
        elif not rest.endswith("/"):
            open_[name.lower()] += 1
    return sum(count for count in open_.values() if count > 0) if found else None


def latex_faults(text: str) -> int:
    """What is out of balance in LaTeX: environments, \\( \\[ $ $$, braces, and \\left with \\right.

    A dollar sign before a digit may be a price: single ones are not counted where one stands so.
    """
    depth: Counter[str] = Counter()
    environments: list[str] = []
    faults = 0
    for bracket, dollars, brace, edge, name in _MATH_MARKS.findall(text):
        if bracket:
            depth[{")": "(", "]": "["}.get(bracket, bracket)] += 1 if bracket in "([" else -1
        elif brace:
            depth["{"] += 1 if brace == "{" else -1
        elif dollars:
            depth[dollars] ^= 1
        elif edge == "begin":
            environments.append(name)
        elif edge == "end":
            if environments and environments[-1] == name:
                environments.pop()
            else:
                faults += 1
    if re.search(r"(?<!\\)\$\s?\d", text):
        depth["$"] = 0
    sides = Counter(_LEFT_RIGHT.findall(text))
    return faults + len(environments) + sum(map(abs, depth.values())) + abs(sides["left"] - sides["right"])


def json_texts(text: str) -> list[str]:
    """What claims to be JSON in a text: its ```json blocks, or the whole of it where it begins so."""
    blocks = _JSON_BLOCK.findall(text)
    return blocks if blocks or not _STARTS_AS_JSON.match(text) else [text]


def json_faults(text: str) -> tuple[bool, int, bool]:
    """Of one JSON text: whether it can be read, how many keys occur again in their object, whether it stops too early.

    What follows the first value (more lines of JSON, words) is not looked at; NaN and Infinity are refused.
    """
    repeated = 0

    def keys(pairs: list[tuple[str, Any]]) -> None:
        nonlocal repeated
        repeated += len(pairs) - len({name for name, _ in pairs})

    # `len`, because numbers need not be converted, and those of many digits would be slow or refused
    decoder = json.JSONDecoder(object_pairs_hook=keys, parse_int=len, parse_float=len, parse_constant=_refuse)
    body = text.strip()
    try:
        decoder.raw_decode(body)
    except (ValueError, RecursionError):
        return False, repeated, _stays_open(body)
    return True, repeated, False


def table_faults(text: str) -> int | None:
    """Faults of the Markdown tables outside of code: rows with another number of cells than their header, and tables
    of three lines and more without the line of dashes below the header. None where there is no table."""
    lines = re.sub(r"```.*?(?:```|\Z)", "", text, flags=re.DOTALL).split("\n")
    faults, tables = 0, 0
    for piped, group in itertools.groupby(lines, key=_is_row):
        rows = list(group)
        ruled = piped and len(rows) > 1 and "|" in rows[1] and _SEPARATOR.match(rows[1]) is not None
        bordered = piped and len(rows) > 2 and all(row.strip()[0] == "|" and row.strip()[-1] == "|" for row in rows)
        if not ruled and not bordered:
            continue
        tables += 1
        wanted = _cells(rows[0])
        faults += sum(_cells(row) != wanted for row in rows[1:]) + (not ruled)
    return faults if tables else None


def _is_row(line: str) -> bool:
    return "|" in line and line.strip() != "|"


def _cells(row: str) -> int:
    inner = re.sub(r"`[^`]*`|\\\||\$[^$]*\$", "", row).strip().removeprefix("|").removesuffix("|")
    return inner.count("|") + 1


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _stays_open(body: str) -> bool:
    """Whether brackets or a string are open at the end."""
    bare, last = [], 0
    for string in _STRING.finditer(body):
        if not string[1]:
            return True
        bare.append(body[last : string.start()])
        last = string.end()
    rest = "".join((*bare, body[last:]))
    return rest.count("{") > rest.count("}") or rest.count("[") > rest.count("]")
