"""What a query asks to find, and whether a label is that: small readings of English and Chinese.

Nothing here understands language. Each reading knows a few forms that are common in grounding data and says None
for all others, so that a verdict rests only on what was read. Of other languages only a name behind a colon is read.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from filters.reading.wording import ARTICLES, HAN, MOST_CHARS, WORD, stem

_VERB = (
    r"(?:locate|find|detect|localize|localise|spot|box|ground|identify|highlight|mark|outline|segment|count"
    r"|point(?:ing)?\s+(?:at|to|out)|show\s+me|where\s+(?:is|are)|bounding\s+box(?:es)?\s+(?:of|for|around)"
    r"|coordinates\s+(?:of|for)|draw\s+(?:a\s+)?box(?:es)?\s+(?:around|on))"
)
# What is asked for ends at a stop, a line break, at a further order, or where the place begins.
_ASKED = re.compile(
    rf"\b{_VERB}\s+(?P<what>[^.?!;\n]{{1,300}}?)"
    r"(?=\s+(?:in|on|within|from|of)\s+(?:the|this|that|an?)\s+(?:image|picture|photo|photograph|scene|screen(?:shot)?)\b"
    r"|\s+(?:and\s+)?(?:then\s+)?(?:output|give|return|report|with|count)\b|\s+by\s+pointing\b|[.?!;\n]|$)",
    re.IGNORECASE,
)
_ASKED_ZH = re.compile(
    r"(?:框出|找出|找到|定位|检测|标出|指出|圈出|标注)(?:出)?(?:图中|图片中|图像中|画面中|照片中)?(?:的)?"
    r"(?:所有|全部)?(?:的)?(?P<what>[^\s，。？！,.?!;；:：]{1,40})"
)
_WHERE = re.compile(
    r"\b(?:where|wo|où|d[oó]nde|onde|dove|waar|gdzie|где)\b|哪里|哪儿|どこ|어디|أين|कहाँ|कहां", re.IGNORECASE
)
_LISTED = re.compile(r"[:：](?P<what>[^\n:：]+)$", re.MULTILINE)
_BETWEEN = re.compile(r"[,，、;；]|\band\b")
# Signs and words that tell how an answer is written: what is made of them is no list of things to find.
_NO_LIST = re.compile(r"[{}\[\]<>\"=]|\b(?:json|formats?|outputs?|coordinates?|xml|csv|answers?)\b", re.IGNORECASE)
_FORMAT = frozenset(
    """bounding box boxes bbox bboxes label labels score scores confidence point points corner corners x y width height
    one per line with in as its their""".split()
)
# The names are left to whoever answers: "each by its name", "and say what kind each is".
_TO_NAME = re.compile(
    r"\b(?:by|with|and|give|say|tell|write|state)\s+(?:\w+\s+){0,3}?(?:names?|kinds?|types?|class(?:es)?|labels?|titles?)\b"
    r"|\bname\s+(?:it|them|each|every)\b|[标注说写给](?:出|明|上|下)?(?:其|它们的?|各自的?)?(?:名称|名字|类别|种类|标签)",
    re.IGNORECASE,
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
_ANY = frozenset(
    """object objects thing things item items element elements instance instances entity entities target targets
    everything anything""".split()
)
_EVERYTHING = re.compile(
    rf"\b(?:everything|anything|(?:all|every|each)\s+(?:\w+\s+){{0,2}}?(?:{'|'.join(sorted(_ANY))}))\b", re.I
)
_AGAIN = ("it", "them", "each", "all", "each of them", "all of them")  # what was named before
_SPACES = re.compile(r"[^\S\n]+")
# Where the name of a thing ends and what tells it from others begins.
_FURTHER = re.compile(r"\s(?:that|which|who|whose|of|in|on|at|with|without|for|from|to|by|here|there|and)\b|[,:(]")
# What tells one thing from another and names none.
_WHICH = frozenset(
    """left right top bottom upper lower middle center centre front back rear far near nearest closest behind first
    second third fourth last one ones other number side corner end row biggest largest smallest big large small tall
    short red green blue yellow orange purple pink brown black white grey gray dark light here there""".split()
)
# Scripts that are told apart. Chinese and Japanese are one, as they share signs.
_SCRIPTS = tuple(
    re.compile(f"[{ranges}]")
    for ranges in (
        r"A-Za-z\u00c0-\u024f\u1e00-\u1eff",
        r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff",
        r"\u1100-\u11ff\uac00-\ud7af",
        r"\u0370-\u03ff",
        r"\u0400-\u052f",
        r"\u0590-\u05ff",
        r"\u0600-\u06ff",
        r"\u0900-\u097f",
        r"\u0e00-\u0e7f",
    )
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query names: each thing by its words, all of it without spaces, and whether it may mean what other words
    name as well: a kind of things, a description of more than three words."""

    things: tuple[frozenset[str], ...]
    compact: str
    vague: bool


@functools.lru_cache(maxsize=4_096)
def asked_for(prompt: str) -> Asked | None:
    """What a query names, or None where it names nothing that is understood ("detect all objects")."""
    prompt = _SPACES.sub(" ", prompt[:MOST_CHARS])
    found = [match["what"] for match in _ASKED.finditer(prompt)] or [m["what"] for m in _ASKED_ZH.finditer(prompt)]
    found = [what for what in found if what.strip().lower() not in _AGAIN]
    open_ended = any(_is_generic(what) for what in found) or (not found and _EVERYTHING.search(prompt))
    listed = _listed(prompt)
    if open_ended or _TO_NAME.search(prompt):
        return _asked(listed, vague=False) if open_ended else None  # a closed list, kinds among it or not
    listed = listed if found or _WHERE.search(prompt) else []
    return _asked([*found, *listed], vague=any(_is_vague(what) for what in listed or found))


def _asked(found: list[str], vague: bool) -> Asked | None:
    things = tuple(words for words in map(_words, found) if words)
    return Asked(things, _compact(" ".join(found)), vague) if things else None


def _is_vague(what: str) -> bool:
    words = _words(what)
    return _length(what) > 3 or bool(words & (_KINDS | _QUESTION)) or words <= _WHICH


def _listed(prompt: str) -> list[str]:
    """The things behind a colon; none where that is a sentence, an example, or the form of the answer."""
    lists = list(_LISTED.finditer(prompt))
    items = [item for match in lists for item in _BETWEEN.split(match["what"])]
    told = any(_NO_LIST.search(match["what"]) or _NO_LIST.search(_line_before(prompt, match)) for match in lists)
    form = any(set(WORD.findall(item.lower())) <= _FORMAT for item in items if item.strip())
    return [] if told or form or _EXAMPLE.search(prompt) or any(_length(item) > 4 for item in items) else items


def _line_before(prompt: str, match: re.Match[str]) -> str:
    """The sentence that ends in the colon of a list."""
    return re.split(r"[.\n。]", prompt[: match.start()])[-1]


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
    if _foreign(asked.compact, label) or any(character.isdigit() for character in label):
        return None  # asked in one language and labelled in another, or labelled with what is written there
    return None if asked.vague else 0.0


def _foreign(query: str, label: str) -> bool:
    """Whether both have letters, and none of one script."""
    of_query, of_label = ({n for n, script in enumerate(_SCRIPTS) if script.search(text)} for text in (query, label))
    return bool(of_query and of_label) and not of_query & of_label


def _is_generic(what: str) -> bool:
    """Whether it names no kind of thing: "every object", "all of the elements", "things that move", 所有物体."""
    words = [word for word in WORD.findall(what.lower()) if word not in ARTICLES]
    head = [word for word in WORD.findall(_FURTHER.split(what.lower())[0]) if word not in ARTICLES]
    placeless = not words or words[0] in _GENERIC or (bool(head) and head[-1] in _ANY)
    return placeless or any(generic in what for generic in _GENERIC_ZH)


def _length(what: str) -> int:
    return len([word for word in WORD.findall(what.lower()) if word not in ("a", "an", "the")])


@functools.lru_cache(maxsize=4_096)
def _words(text: str) -> frozenset[str]:
    """The words that carry meaning, as stems; Chinese by the character."""
    words = {stem(word) for word in WORD.findall(text.lower()) if word not in ARTICLES}
    chinese = {character for word in words for character in HAN.findall(word)}
    return frozenset({word for word in words if not HAN.search(word)} | chinese)


def _compact(text: str) -> str:
    """In small letters without spaces and signs: "Fire truck" and "firetruck" are the same."""
    return "".join(WORD.findall(text.lower()))
