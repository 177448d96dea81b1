"""How often a text says that something is there, or that nothing is: small readings of English and Chinese.

Nothing here understands language; `queries` reads what is asked for with the same words.
"""

from __future__ import annotations

import functools
import re

import polars as pl

MOST_CHARS = 4_000  # platform default: no query is longer, and hostile texts cost no more

ARTICLES = frozenset("a an the all every each any both some of this that these those its their and or".split())
# Words that referring expressions use for the classes of COCO, the clothes for who wears them included.
_SAME = {
    word: words[0]
    for words in (
        """person people man men woman women boy girl guy lady gentleman child children kid player human rider skier
        surfer batter catcher umpire pedestrian shirt jacket coat hat dress suit jersey pants jeans shorts""".split(),
        "car van suv truck vehicle bus taxi jeep".split(),
        "couch sofa loveseat".split(),
        "tv television monitor screen".split(),
        "bicycle bike motorcycle motorbike scooter".split(),
        "airplane plane aeroplane jet aircraft".split(),
        "plant flower pot vase".split(),
        "mouse mice".split(),
        "goose geese".split(),
        "snowman snowmen".split(),
        "leaf leaves".split(),
        "knife knives".split(),
    )
    for word in words
}
WORD = re.compile(r"[^\W_]+")
HAN = re.compile(r"[\u4e00-\u9fff]")

_NUMBERS = {
    word: number
    for number, word in enumerate(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
        " eighteen nineteen twenty".split(),
        start=2,
    )
}
_NUMBERS_ZH = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_ABOUT = re.compile(
    r"\b(?:least|most|than|over|about|around|nearly|almost|to|of|of\s+(?:the|these|those|all))\s*$", re.IGNORECASE
)
_ABOUT_ZH = re.compile(r"(?:至少|最多|超过|大约|多于|少于|约|第)$")
_MEASURE = "只个個条辆张本匹头位名棵朵架艘台部把件块颗粒根面座"


def count_gap(text: str, label: str, number: int) -> int | None:
    """How far the number that `text` gives for `label` is from `number`, None where it gives none; of several numbers
    all together, or the largest, of which the others are parts."""
    said = [*_said_in_english(text, label), *_said_in_chinese(text, label)]
    return min(abs(number - value) for value in (max(said), sum(said))) if said else None


def says_none(texts: pl.Series) -> pl.Series:
    """Whether each text says that something is not there: a negation, or an empty JSON list."""
    return texts.str.contains(_NONE)


_NONE = (
    r"(?i)\b(?:no|not|none|nothing|never|cannot|absent|missing|without|zero|unable)\b|n[’']t\b|^\s*(?:```json)?\s*\[\s*\]"
    r"|没有|沒有|不存在|未[发發检檢找见見]|[看找]不[到见見]|无法|無法|^\s*[无無]"
)


def _said_in_english(text: str, label: str) -> list[int]:
    words = [stem(word) for word in WORD.findall(label.lower()) if word not in ARTICLES]
    if not words or HAN.search(label):
        return []
    said = []
    for match in _counted().finditer(text):
        following = [stem(word) for word in WORD.findall(match["what"].lower())[: len(words)]]
        if following == words and not _ABOUT.search(text[max(0, match.start() - 24) : match.start()]):
            word = match["number"].lower()
            said.append(_NUMBERS[word] if word in _NUMBERS else int(word))
    return said


@functools.cache
def _counted() -> re.Pattern[str]:
    """A number and the up to 80 characters after it, which are looked at again by the next match."""
    words = "|".join(sorted(_NUMBERS, key=len, reverse=True))
    return re.compile(rf"(?<![\w.,#:/-])(?P<number>{words}|[0-9]{{1,3}})(?=\s+(?P<what>[^\d.,;:!?\n]{{1,80}}))", re.I)


def _said_in_chinese(text: str, label: str) -> list[int]:
    if not HAN.search(label):
        return []
    found = re.finditer(rf"(\d{{1,3}}|[一二两三四五六七八九十])[{_MEASURE}]?{re.escape(label.strip())}", text)
    return [
        _NUMBERS_ZH[match[1]] if match[1] in _NUMBERS_ZH else int(match[1])
        for match in found
        if not _ABOUT_ZH.search(text[max(0, match.start() - 3) : match.start()])
        and not re.search(r"[\d一二两三四五六七八九十]$", text[max(0, match.start() - 1) : match.start()])
    ]


def stem(word: str) -> str:
    """A word without its plural ending, or the first of those that are used for the same."""
    if word in _SAME:
        return _SAME[word]
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    single = word[:-1] if len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us")) else word
    return _SAME.get(single, single)
