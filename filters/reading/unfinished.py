"""Where a text stops before it has ended, judged by its last words and by how its other sentences end.

Only what a careful reader could tell from the text alone is called cut: a single word, a name, a number, a title or a
line of code says nothing about where it was meant to stop.
"""

from __future__ import annotations

import re

# After one of these a text may stop: marks that end a sentence, whatever closes, and signs such as emoji.
_STOPS = r".!?…。！？．｡।॥؟۔։"
_CLOSERS = r"\"'”’»)\]}】」』）》〉*_`~>"
_GOES_ON = r",，、;；:：\-–—/\\(\[{<（【「『“‘«„$&+=|@#"
# The same for polars (Rust regex), whose classes need their own escapes.
ENDED = rf"(?:[{_STOPS}{_CLOSERS}]|[^\w\s{_GOES_ON}])\s*$"

_ENDED = re.compile(ENDED)
_SENTENCE_END = re.compile(rf"[{_STOPS}]\W*$")
_HAN = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
# A mark that ends a sentence, before another one that begins with no small letter; not in "J. Smith", "3. Do", "Dr. X".
_BOUNDARY = re.compile(
    r"(?:(?<=[^\W\d_]{2})|(?<=[)\"'”’\]*_`%])|(?<=\w\d))(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bvs)(?<!\bNo)"
    r"(?<!\bMrs)(?<!\bFig)(?<!\bProf)[.!?…][\"'”’»)\]*_`]*\s+(?=[\"'“‘«(*_\[]*[^\W\da-z_])|[。！？।؟۔][\"'”’」』）)]*\s*"
)
_ITEM = re.compile(
    r"\s*(?:[-*•+·–—>●]|(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.):]|\(\w{1,3}\)\.?|[①-⑳]|(?:step|day) \d+:?)\s+",
    re.IGNORECASE,
)
_NOT_PROSE = re.compile(
    r"(?:https?://|www\.)\S*$|[#@]\w+$|^\s*#|[|\t]|[{};=<>\\]|^\s*(?:dear|hi|hello)\b", re.IGNORECASE
)
_HANGS = re.compile(rf"(?:[,，、(（\[【「『“‘«„]|[^\W\d_][-–—]|[^\W\d_]\s[-–—&/])$|[{_HAN}][：:]$")
_LAST_WORD = re.compile(r"\s([^\W\d_]+)$")
_YEAR_CUT = re.compile(r"\b(?:in|by|since|until|to|early|late|of|around|from) (?:19|20)$|\s\$$")
# Words after which no sentence ends: articles, conjunctions, possessives and the like, in six languages; none that is
# also a noun or verb of another one (die, den). "a" may be a label, so that it must follow a word that wants it.
_FUNCTION_WORDS = frozenset(
    "the an of and or but nor because although whose than into onto their our your unless which whereas every "
    "del las los una pero porque que et ou des du aux mais dont avec und oder der dem ein eine weil dass os das gli "
    "della dei".split()
)
_ARTICLE = re.compile(r"\b(?:in|of|with|within|is|to|for|on|by|as|at|from|and|into|has|have|like|was|through) a$")
# For polars: what a text that `is_cut` has at its end, or else somewhere in it.
MAY_HANG = rf"(?:[,，、(（\[【「『“‘«„:：$–—-]|[-–—&/]|\s(?:19|20|a|{'|'.join(sorted(_FUNCTION_WORDS))}))\s*$"
MAY_BE_OPEN = r"^\s*\p{Lu}[^\n:—/#]+$"  # what `open_words` takes for prose, at the least
HAS_SENTENCES = r"[.!?…][^\w\s]*\s+\S|[。！？।؟۔।॥]"
# Fewer words before the cut, and a title or a label looks the same.
_MIN_WORDS = 5
_LONGEST = 4000  # characters before the end that are looked at


def is_cut(text: str) -> bool:
    """Whether a text (already known not to end in a closing mark) stops in mid-sentence.

    It does where it ends in a comma, an opening mark, a hyphen or a word that needs another; and where its last
    sentence has no full stop although the one before it in the line, or every comparable line before it, has one.
    """
    text = text.rstrip()[-_LONGEST:]
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or _ENDED.search(text[-9:]):
        return False
    last = lines[-1]
    item = _ITEM.match(last)
    body = last[item.end() :] if item else last
    fragment = _after_last_sentence(body)
    if _NOT_PROSE.search(fragment):
        return bool(_YEAR_CUT.search(last)) and _words(last) >= _MIN_WORDS
    if _hangs(last):
        return True
    if fragment != body:
        return _could_go_on(fragment) and _words(body) >= _MIN_WORDS - 1
    return _could_go_on(body) and _words(body) >= 3 and _others_end(lines[:-1], item is not None)


def open_words(text: str) -> int:
    """Words of a text that is one line and one sentence of prose without an end; 0 for any other text.

    Prose begins with a capital letter, holds small words, and is no list, title, hashtag, quotation or code.
    """
    text = text.strip()
    if len(text) > _LONGEST or "\n" in text or _ENDED.search(text[-9:]) or _NOT_PROSE.search(text):
        return 0
    if _after_last_sentence(text) != text:
        return 0
    words = text.split()
    enumerates = text.count(",") * 4 > len(words) or re.search(r"^[\"“]|[:—/#]|\s[-–]\s", text)
    if not words or not words[0][:1].isupper() or enumerates or not _could_go_on(text):
        return 0
    small = sum(word.islower() for word in words)
    return len(words) if small * 2 > len(words) else 0


def _hangs(line: str) -> bool:
    if _words(line) < _MIN_WORDS:
        return False
    if _HANGS.search(line) or _YEAR_CUT.search(line):
        return True
    word = _LAST_WORD.search(line)
    return word is not None and (word[1] in _FUNCTION_WORDS or _ARTICLE.search(line) is not None)


def _after_last_sentence(line: str) -> str:
    end = 0
    for boundary in _BOUNDARY.finditer(line):
        end = boundary.end()
    return line[end:]


def _could_go_on(fragment: str) -> bool:
    """Whether a fragment is no number, title, name or signature, each of which may stand without a full stop."""
    words = fragment.split()
    if not words or fragment[0] in "-–—#~(" or re.search(r"\d\S*$", fragment) and len(fragment.split()) < 6:
        return False
    named = [word for word in words if word[0].isalpha()]
    titled = len(named) > 1 and named[-1][0].isupper() and all(word[0].isupper() or len(word) <= 3 for word in named)
    return bool(named) and not titled


def _others_end(lines: list[str], items: bool) -> bool:
    """Whether the lines of the same kind (items of a list, or none) all end their sentences, and there are enough."""
    same = [line.rstrip() for line in lines if (_ITEM.match(line) is not None) == items and _words(line) >= 4]
    same = [line for line in same if not line.endswith((":", "："))]
    return len(same) >= (2 if items else 1) and all(_SENTENCE_END.search(line) for line in same)


def _words(line: str) -> int:
    """Words, two Chinese characters counting as one."""
    return len(line.split()) + len(re.findall(rf"[{_HAN}]", line)) // 2
