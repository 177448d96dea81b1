"""Lists to put in order: words, numbers, dates, and records by one of their values."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

from synth.verifiable.arithmetic import plain
from synth.verifiable.dates import any_day
from synth.verifiable.exchange import Exchange, Kind, Language, Talk, one_of
from synth.verifiable.words import NAMES, WORDS

_ASK: dict[str, dict[bool, dict[Language, tuple[str, ...]]]] = {
    "words": {
        False: {
            "en": (
                "Sort these words alphabetically:", "Put the following words in alphabetical order:",
                "Arrange the words from A to Z:", "Order this list from A to Z:",
                "Which order would a dictionary give these words?", "Alphabetise:",
                "Bring these words into alphabetical order:", "List the words as they stand in a dictionary:",
            ),
            "zh": (
                "请按字母顺序排列这些单词：", "把下列单词按 A 到 Z 排序：", "按字典顺序排列：",
                "请把这些英文单词从 A 到 Z 排好：", "将单词按字母表顺序排列：", "这些单词按字母顺序应怎样排？",
                "请为下列单词按 A 到 Z 排队：", "按字母先后排列下面的单词：",
            ),
        },
        True: {
            "en": (
                "Sort these words from Z to A:", "Put the following words in reverse alphabetical order:",
                "Arrange the words backwards through the alphabet, Z to A:", "Order this list from Z to A:",
                "Begin with the word nearest to Z and sort down to A:", "Reverse alphabetical order, please:",
                "List the words from the end of the alphabet to its start, Z to A:",
                "Sort in descending alphabetical order (Z to A):",
            ),
            "zh": (
                "请按字母逆序（Z 到 A）排列这些单词：", "把下列单词从 Z 到 A 排序：",
                "按字典倒序（从 Z 到 A）排列：", "请把这些英文单词从 Z 到 A 排好：", "将单词按 Z 到 A 的顺序排列：",
                "这些单词从 Z 到 A 应怎样排？", "请为下列单词按 Z 到 A 排队：", "从 Z 到 A 排列下面的单词：",
            ),
        },
    },
    "numbers": {
        False: {
            "en": (
                "Sort these numbers from smallest to largest:", "Put the numbers in ascending order:",
                "Arrange in ascending order:", "Order the following from the lowest to the highest:",
                "List these numbers, smallest first:", "Smallest first, please sort:",
                "Bring the numbers into ascending order:", "Sort ascending:",
            ),
            "zh": (
                "请把这些数从小到大排列：", "按升序排列：", "将下列数由小到大排序：", "从最小到最大排列这些数：",
                "请按从小到大的顺序写出：", "把下面的数按升序排好：", "由小到大排一排：", "这些数从小到大怎样排？",
            ),
        },
        True: {
            "en": (
                "Sort these numbers from largest to smallest:", "Put the numbers in descending order:",
                "Arrange in descending order:", "Order the following from the highest to the lowest:",
                "List these numbers, largest first:", "Largest first, please sort:",
                "Bring the numbers into descending order:", "Sort descending:",
            ),
            "zh": (
                "请把这些数从大到小排列：", "按降序排列：", "将下列数由大到小排序：", "从最大到最小排列这些数：",
                "请按从大到小的顺序写出：", "把下面的数按降序排好：", "由大到小排一排：", "这些数从大到小怎样排？",
            ),
        },
    },
    "dates": {
        False: {
            "en": (
                "Sort these dates, earliest first:", "Put the dates in order from earliest to latest:",
                "Arrange the dates from the earliest on:", "Earliest first:",
                "Order these days, the earliest at the front:", "List the dates, beginning with the earliest:",
                "Bring these dates into order, earliest first:", "Which order do these dates have, earliest first?",
            ),
            "zh": (
                "请把这些日期从早到晚排列：", "按由早到晚的顺序排列日期：", "将下列日期从早到晚排序：",
                "从早到晚排一排：", "把这些日子由早到晚排好：", "请从早到晚列出日期：", "这些日期从早到晚怎样排？",
                "由早到晚写出下列日期：",
            ),
        },
        True: {
            "en": (
                "Sort these dates, latest first:", "Put the dates in order from latest to earliest:",
                "Arrange the dates from the latest back:", "Latest first:",
                "Order these days, the latest at the front:", "List the dates, beginning with the latest:",
                "Bring these dates into order, latest first:", "Which order do these dates have, latest first?",
            ),
            "zh": (
                "请把这些日期从晚到早排列：", "按由晚到早的顺序排列日期：", "将下列日期从晚到早排序：",
                "从晚到早排一排：", "把这些日子由晚到早排好：", "请从晚到早列出日期：", "这些日期从晚到早怎样排？",
                "由晚到早写出下列日期：",
            ),
        },
    },
    "records": {
        False: {
            "en": (
                "Name the people from the lowest to the highest {key}:",
                "Sort the people by {key}, lowest first, and give their names:",
                "Order by ascending {key} and give only the names:",
                "Who comes first if you sort by {key} from low to high? List all names:",
                "List the names by rising {key}:", "Give the names in ascending order of {key}:",
                "By {key}, from low to high, the names are?",
                "Arrange these people by {key}, lowest at the front, names only:",
            ),
            "zh": (
                "按{key}从低到高写出姓名：", "请按{key}由低到高排列，只写名字：", "根据{key}升序列出名字：",
                "将这些人按{key}从低到高排序，写名字：", "{key}从低到高依次是谁？", "请按{key}升序给出姓名：",
                "以{key}由低到高为序，列出名字：", "按{key}从低到高排队，写出名字：",
            ),
        },
        True: {
            "en": (
                "Name the people from the highest to the lowest {key}:",
                "Sort the people by {key}, highest first, and give their names:",
                "Order by descending {key} and give only the names:",
                "Who comes first if you sort by {key} from high to low? List all names:",
                "List the names by falling {key}:", "Give the names in descending order of {key}:",
                "By {key}, from high to low, the names are?",
                "Arrange these people by {key}, highest at the front, names only:",
            ),
            "zh": (
                "按{key}从高到低写出姓名：", "请按{key}由高到低排列，只写名字：", "根据{key}降序列出名字：",
                "将这些人按{key}从高到低排序，写名字：", "{key}从高到低依次是谁？", "请按{key}降序给出姓名：",
                "以{key}由高到低为序，列出名字：", "按{key}从高到低排队，写出名字：",
            ),
        },
    },
}  # fmt: skip
_KEYS: dict[Language, tuple[str, ...]] = {
    "en": ("age", "score", "height", "salary", "weight", "rank", "distance", "speed", "wage", "savings"),
    "zh": ("年龄", "得分", "身高", "工资", "体重", "排名", "距离", "速度", "积分", "存款"),
}
_OTHER_WAY: dict[Language, tuple[str, ...]] = {
    "en": (
        "And the other way round?", "Now in the opposite order.", "Reverse that list.",
        "The same backwards, please.", "And sorted the other way?", "Turn the order round.",
        "Now from the last to the first.", "And in reverse?",
    ),
    "zh": (
        "反过来呢？", "现在按相反的顺序。", "把列表倒过来。", "倒着写一遍。", "如果反向排序呢？", "请把顺序颠倒。",
        "从最后一个写到第一个。", "逆序呢？",
    ),
}  # fmt: skip
_PLACE: dict[Language, tuple[str, ...]] = {
    "en": (
        "Which one stands at place {k} now?", "What is number {k} of that list?", "And item {k} of it?",
        "Which is entry {k} in this order?", "Name number {k}.", "Only number {k} of those, please.",
        "What comes at position {k}?", "Pick out item {k}.",
    ),
    "zh": (
        "现在第 {k} 个是什么？", "其中第 {k} 项是哪个？", "排在第 {k} 位的呢？", "请写出第 {k} 个。",
        "只要第 {k} 个。", "列表里第 {k} 项是什么？", "位置 {k} 上是哪个？", "取出第 {k} 项。",
    ),
}  # fmt: skip
_WITHOUT: dict[Language, tuple[str, ...]] = {
    "en": (
        "Now leave out the first one.", "Drop the first entry.", "Without the first one, what remains?",
        "Remove the first item from that.", "And without its first entry?", "Take the first one away.",
        "Strike the first one.", "Leave the first item off.",
    ),
    "zh": (
        "现在去掉第一个。", "删掉第一项。", "不要第一个，还剩哪些？", "把第一项去掉。", "去掉开头那个呢？",
        "拿走第一个。", "划掉第一项。", "略去第一个。",
    ),
}  # fmt: skip


def write(rng: random.Random, language: Language) -> Talk:
    """A list of five to nine items to be sorted; half of the talks go on with the sorted list."""
    kind = rng.choice(list(_ASK))
    down = rng.random() < 0.5
    shown, ordered, key = _list(rng, language, kind, down)
    ask = one_of(rng, language, _ASK[kind][down]).format(key=key) + (" " if language == "en" else "") + shown
    ask += ("." if language == "en" else "。") if kind != "records" else ""
    exchanges = [Exchange(ask=ask, answer=", ".join(ordered), kind="list")]
    for _ in range(rng.choice((0, 0, 0, 1, 2, 3))):
        exchange, ordered = _then(rng, language, ordered)
        exchanges.append(exchange)
        if exchange.kind == "word":
            break
    return Talk(template=f"sorting/{kind}", exchanges=tuple(exchanges))


def _list(rng: random.Random, language: Language, kind: str, down: bool) -> tuple[str, list[str], str]:
    """The list as it is shown, its items in order, and the name of the value that it is sorted by."""
    count = rng.randint(5, 9)
    if kind == "words":
        words = rng.sample(WORDS, count)
        return ", ".join(words), sorted(words, reverse=down), ""
    if kind == "numbers":
        scale, least = rng.choice((1, 1, 10, 100)), rng.choice((1, -500))
        numbers = [Fraction(n, scale) for n in rng.sample(range(least, 999), count)]
        return ", ".join(map(plain, numbers)), [plain(n) for n in sorted(numbers, reverse=down)], ""
    if kind == "dates":
        days = list({any_day(rng).isoformat(): None for _ in range(count)})
        return ", ".join(days), sorted(days, reverse=down), ""
    key = rng.choice(_KEYS[language])
    names, values = rng.sample(NAMES[language], count), rng.sample(range(10, 999), count)
    pairs = sorted(zip(values, names, strict=True), reverse=down)
    lines = [f"- {name}: {value}" for name, value in zip(names, values, strict=True)]
    return "\n" + "\n".join(lines) + "\n", [name for _, name in pairs], key


def _then(rng: random.Random, language: Language, items: Sequence[str]) -> tuple[Exchange, list[str]]:
    way = rng.choice(("other", "place", "without"))
    if way == "place" or len(items) < 3:
        k = rng.randint(1, len(items))
        ask = one_of(rng, language, _PLACE).format(k=k)
        return Exchange(ask=ask, answer=items[k - 1], kind="word"), list(items)
    found = list(items[::-1] if way == "other" else items[1:])
    kind: Kind = "list"
    return Exchange(
        ask=one_of(rng, language, _OTHER_WAY if way == "other" else _WITHOUT), answer=", ".join(found), kind=kind
    ), found
