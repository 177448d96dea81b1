"""What a query asks to find, how often a text says that something is there: small readings of English and Chinese.

Nothing here understands language. Each reading knows a few forms that are common in grounding data and says None
for all others, so that a verdict rests only on what was read.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import polars as pl

MOST_CHARS = 4_000  # platform default: no query is longer, and hostile texts cost no more

_VERB = (
    r"(?:locate|find|detect|localize|localise|spot|box|ground|identify|highlight|mark|outline|segment"
    r"|point\s+(?:at|to|out)|show\s+me|where\s+(?:is|are)|bounding\s+box(?:es)?\s+(?:of|for|around)"
    r"|coordinates\s+(?:of|for)|draw\s+(?:a\s+)?box(?:es)?\s+(?:around|on))"
)
# What is asked for ends at a stop, a line break, or where the place begins.
_ASKED = re.compile(
    rf"\b{_VERB}\s+(?P<what>[^.?!;\n]{{1,300}}?)"
    r"(?=\s+(?:in|on|within|from|of)\s+(?:the|this|that|an?)\s+(?:image|picture|photo|photograph|scene|screen(?:shot)?)\b"
    r"|\s+(?:and\s+)?(?:output|give|return|report|with)\b|[.?!;\n]|$)",
    re.IGNORECASE,
)
_LISTED = re.compile(r"[:：](?P<what>[^\n:：]+)$", re.MULTILINE)
_NO_LIST = re.compile(
    r"[{}\[\]<>\"=]|\b(?:json|format|outputs?|coordinates?|box(?:es)?|xml|csv|answers?)\b", re.IGNORECASE
)
_ASKED_ZH = re.compile(
    r"(?:框出|找出|找到|定位|检测|标出|指出|圈出|标注)(?:出)?(?:图中|图片中|图像中|画面中|照片中)?(?:的)?"
    r"(?:所有|全部)?(?:的)?(?P<what>[^\s，。？！,.?!;；:：]{1,40})"
)
_GENERIC = frozenset(
    """object objects thing things everything anything item items element elements region regions target targets
    instance instances area areas entity entities box boxes category categories class classes it them all word words
    text texts line lines part parts""".split()
)
# Names of kinds that have many names of their own, and of properties: whether "animal" fits "dog" is not read here.
_KINDS = frozenset(
    """animal creature pet bird insect shape figure symbol sign icon logo brand mark vehicle food meal dish fruit
    vegetable drink furniture tool device appliance product toy building structure landmark garment
    clothing accessory weapon price number date name title word letter digit value total button link field menu widget
    color colour group pair row set problem defect damage error difference cell organ tumor tumour lesion""".split()
)
_QUESTION = frozenset("what where which who whom whose how why when it they i you me my".split())
_EXAMPLE = re.compile(r"\b(?:for example|such as|like|e\.?g\.?|including)\b|例如|比如", re.IGNORECASE)
_GENERIC_ZH = (
    "物体",
    "目标",
    "东西",
    "对象",
    "元素",
    "区域",
    "内容",
    "文字",
    "文本",
    "实例",
    "类别",
    "动物",
    "植物",
    "水果",
    "蔬菜",
    "食物",
    "家具",
    "车辆",
    "交通工具",
    "形状",
    "图形",
)
_ARTICLES = frozenset("a an the all every each any both some of this that these those its their and or".split())
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
# What tells one thing from another and names none.
_WHICH = frozenset(
    """left right top bottom upper lower middle center centre front back rear far near nearest closest behind first
    second third fourth last one ones other number side corner end row biggest largest smallest big large small tall
    short red green blue yellow orange purple pink brown black white grey gray dark light here there""".split()
)
_WORD = re.compile(r"[^\W_]+")
_HAN = re.compile(r"[\u4e00-\u9fff]")

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


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query names: each thing by its words, all of it without spaces, and whether it is a description of more
    than three words, which may do without the label's own."""

    things: tuple[frozenset[str], ...]
    compact: str
    long: bool


@functools.lru_cache(maxsize=4_096)
def asked_for(prompt: str) -> Asked | None:
    """What a query names, or None where it names nothing that is understood ("detect all objects")."""
    prompt = prompt[:MOST_CHARS]
    found = [match["what"] for match in _ASKED.finditer(prompt)]
    if any(_is_generic(what) for what in found):
        lists = [match["what"] for match in _LISTED.finditer(prompt)]
        found = [item for listed in lists for item in re.split(r"[,，、;；]|\band\b", listed)]
        if (
            _EXAMPLE.search(prompt)
            or any(_NO_LIST.search(listed) for listed in lists)
            or any(_length(item) > 4 for item in found)
        ):
            return None
    else:
        found += [match["what"] for match in _ASKED_ZH.finditer(prompt)]
        if any(_is_generic(what) for what in found):
            return None
    things = tuple(words for words in map(_words, found) if words)
    return Asked(things, _compact(" ".join(found)), any(_length(what) > 3 for what in found)) if things else None


def names(asked: Asked | None, label: str) -> float | None:
    """1.0 where the query names the label, 0.0 where it names something else, None where that can't be told."""
    words = _words(label)
    if asked is None or not words:
        return None
    own = _compact(label)
    if any(thing & words for thing in asked.things) or own in asked.compact:
        return 1.0
    named = {word for thing in asked.things for word in thing}
    if any(len(word) > 3 and word in own for word in named):
        return 1.0  # "cake" is read in "cupcake"
    chinese = any(_HAN.search(word) for word in named)
    if chinese != bool(_HAN.search(label)) or any(character.isdigit() for character in label):
        return None  # asked in one language and labelled in another, or labelled with what is written there
    unread = asked.long or named & (_KINDS | _QUESTION) or any(thing <= _WHICH for thing in asked.things)
    return None if unread else 0.0


def count_gap(text: str, label: str, number: int) -> int | None:
    """How far the number that `text` gives for `label` is from `number`; None where it gives none."""
    said = [*_said_in_english(text, label), *_said_in_chinese(text, label)]
    return min(abs(number - value) for value in {*said, sum(said)}) if said else None


def says_none(texts: pl.Series) -> pl.Series:
    """Whether each text says that something is not there: a negation, or an empty JSON list."""
    return texts.str.contains(_NONE)


_NONE = (
    r"(?i)\b(?:no|not|none|nothing|never|cannot|absent|missing|without|zero|unable)\b|n[’']t\b|^\s*(?:```json)?\s*\[\s*\]"
    r"|没有|沒有|不存在|未[发發检檢找见見]|[看找]不[到见見]|无法|無法|^\s*[无無]"
)


def _said_in_english(text: str, label: str) -> list[int]:
    words = [_stem(word) for word in _WORD.findall(label.lower()) if word not in _ARTICLES]
    if not words or _HAN.search(label):
        return []
    said = []
    for match in _counted().finditer(text):
        following = [_stem(word) for word in _WORD.findall(match["what"].lower())[: len(words)]]
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
    if not _HAN.search(label):
        return []
    found = re.finditer(rf"(\d{{1,3}}|[一二两三四五六七八九十])[{_MEASURE}]?{re.escape(label.strip())}", text)
    return [
        _NUMBERS_ZH[match[1]] if match[1] in _NUMBERS_ZH else int(match[1])
        for match in found
        if not _ABOUT_ZH.search(text[max(0, match.start() - 3) : match.start()])
        and not re.search(r"[\d一二两三四五六七八九十]$", text[max(0, match.start() - 1) : match.start()])
    ]


def _is_generic(what: str) -> bool:
    """Whether it names no kind of thing: "every object", "all of the elements", 所有物体."""
    words = [word for word in _WORD.findall(what.lower()) if word not in _ARTICLES]
    return not words or words[0] in _GENERIC or any(generic in what for generic in _GENERIC_ZH)


def _length(what: str) -> int:
    return len([word for word in _WORD.findall(what.lower()) if word not in ("a", "an", "the")])


@functools.lru_cache(maxsize=4_096)
def _words(text: str) -> frozenset[str]:
    """The words that carry meaning, as stems; Chinese by the character."""
    words = {_stem(word) for word in _WORD.findall(text.lower()) if word not in _ARTICLES}
    chinese = {character for word in words for character in _HAN.findall(word)}
    return frozenset({word for word in words if not _HAN.search(word)} | chinese)


def _stem(word: str) -> str:
    """A word without its plural ending, or the first of those that are used for the same."""
    if word in _SAME:
        return _SAME[word]
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    single = word[:-1] if len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us")) else word
    return _SAME.get(single, single)


def _compact(text: str) -> str:
    """In small letters without spaces and signs: "Fire truck" and "firetruck" are the same."""
    return "".join(_WORD.findall(text.lower()))
