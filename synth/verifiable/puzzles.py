"""Small puzzles with one solution, which is found by trying everything: a row of people, two numbers, sets."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

from synth.verifiable.exchange import Exchange, Language, Talk, one_of
from synth.verifiable.words import NAMES, PLACES

_Row = Sequence[str]
_CLUES: dict[str, dict[Language, tuple[str, ...]]] = {
    "left": {
        "en": (
            "{a} stands somewhere to the left of {b}.", "{a} is further left than {b}.",
            "{b} is somewhere to the right of {a}.",
        ),
        "zh": ("{a}在{b}左边的某处。", "{a}比{b}更靠左。", "{b}在{a}右边的某处。"),
    },
    "next": {
        "en": (
            "{a} and {b} stand next to each other.", "{a} is a neighbour of {b}.",
            "Nobody stands between {a} and {b}.",
        ),
        "zh": ("{a}和{b}相邻。", "{a}是{b}的邻居。", "{a}与{b}之间没有人。"),
    },
    "apart": {
        "en": (
            "{a} and {b} do not stand next to each other.", "{a} is no neighbour of {b}.",
            "At least one person stands between {a} and {b}.",
        ),
        "zh": ("{a}和{b}不相邻。", "{a}不是{b}的邻居。", "{a}与{b}之间至少有一人。"),
    },
    "end": {
        "en": ("{a} stands at one end.", "{a} is at an end of the row.", "{a} has only one neighbour."),
        "zh": ("{a}站在一端。", "{a}在队伍的一头。", "{a}只有一个邻居。"),
    },
    "inside": {
        "en": ("{a} stands at neither end.", "{a} is not at an end of the row.", "{a} has two neighbours."),
        "zh": ("{a}不在两端。", "{a}不站在队伍的两头。", "{a}有两个邻居。"),
    },
    "at": {
        "en": (
            "{a} is number {k} from the left.", "{a} takes place {k} from the left.",
            "Counted from the left, {a} is number {k}.",
        ),
        "zh": ("{a}从左数是第 {k} 个。", "从左起第 {k} 个是{a}。", "{a}位于左起第 {k} 位。"),
    },
}  # fmt: skip
_HOLDS: dict[str, Callable[[_Row, str, str, int], bool]] = {
    "left": lambda row, a, b, k: row.index(a) < row.index(b),
    "next": lambda row, a, b, k: abs(row.index(a) - row.index(b)) == 1,
    "apart": lambda row, a, b, k: abs(row.index(a) - row.index(b)) > 1,
    "end": lambda row, a, b, k: row.index(a) in (0, len(row) - 1),
    "inside": lambda row, a, b, k: 0 < row.index(a) < len(row) - 1,
    "at": lambda row, a, b, k: row[k - 1] == a,
}
_QUEUE: dict[Language, tuple[str, ...]] = {
    "en": (
        "{who} stand in a row at {place}.", "At {place}, {who} are waiting in a line from left to right.",
        "{who} sit side by side on a bench at {place}.", "A photograph from {place} shows {who} side by side.",
        "In front of {place}, {who} form a row.", "{who} line up at {place}.",
        "The people in the row at {place} are {who}.", "Consider {who}, side by side at {place}.",
    ),
    "zh": (
        "{who}在{place}站成一排。", "在{place}，{who}从左到右排队。", "{who}并排坐在{place}的长椅上。",
        "一张{place}的照片里，{who}并排站着。", "{place}门前，{who}排成一行。", "{who}在{place}列队。",
        "在{place}站成一行的人是{who}。", "{who}在{place}肩并肩站着。",
    ),
}  # fmt: skip
_WHO: dict[Language, tuple[str, ...]] = {
    "en": (
        "Who is number {k} from the left?", "Who stands at place {k}, counted from the left?",
        "Name the person at place {k} from the left.", "Which of them is number {k} from the left?",
        "Tell me who has place {k} from the left.", "Counting from the left, who is number {k}?",
        "Place {k} from the left: who is it?", "Find out who is number {k} from the left.",
    ),
    "zh": (
        "左起第 {k} 个是谁？", "从左数第 {k} 位是谁？", "请说出左起第 {k} 个人。", "谁站在左起第 {k} 位？",
        "从左边数，第 {k} 个人是哪位？", "左数第 {k} 个是哪一位？", "排在左起第 {k} 位的人是谁？",
        "请找出从左起第 {k} 个人。",
    ),
}  # fmt: skip
_AND: dict[Language, tuple[str, ...]] = {
    "en": (
        "And number {k}?", "Who has place {k}, then?", "And who is at place {k}?", "Then who is number {k}?",
        "What about place {k}?", "And place {k}, from the left again?", "Name number {k} as well.",
        "Who is number {k} in that row?",
    ),
    "zh": (
        "那么第 {k} 个呢？", "第 {k} 位是谁呢？", "第 {k} 个又是谁？", "那第 {k} 位呢？", "再说说第 {k} 个。",
        "同样从左数，第 {k} 个是谁？", "也请说出第 {k} 个。", "这一排第 {k} 个是谁？",
    ),
}  # fmt: skip
_PAIR: dict[Language, tuple[str, ...]] = {
    "en": (
        "Two whole numbers add up to {s}, and their difference is {d}. What is the larger one?",
        "The sum of two numbers is {s} and their difference {d}. Find the larger of them.",
        "{a} and {b} have {s} coins together; {a} has {d} more than {b}. How many coins has {a}?",
        "Together {a} and {b} are {s} years old. {a} is {d} years older than {b}. How old is {a}?",
        "A rope of {s} metres is cut into two parts, one {d} metres longer than the other. How "
            "long is the longer part in metres?",
        "{s} pages are split between {a} and {b} so that {a} reads {d} pages more. How many pages does {a} read?",
        "Of {s} votes in a race of two, {a} got {d} more than {b}. How many votes did {a} get?",
        "Two shelves hold {s} books, the upper one {d} more than the lower one. How many stand on the upper shelf?",
    ),
    "zh": (
        "两个整数之和是 {s}，差是 {d}。较大的数是多少？", "两数的和为 {s}、差为 {d}，求较大的数。",
        "{a}和{b}共有 {s} 枚硬币，{a}比{b}多 {d} 枚。{a}有多少枚？",
        "{a}和{b}的年龄之和是 {s} 岁，{a}比{b}大 {d} 岁。{a}几岁？",
        "一根 {s} 米的绳子剪成两段，一段比另一段长 {d} 米。长的一段是多少米？",
        "{a}和{b}分读 {s} 页书，{a}多读 {d} 页。{a}读多少页？",
        "两人竞选共 {s} 票，{a}比{b}多 {d} 票。{a}得了多少票？",
        "两层书架共有 {s} 本书，上层比下层多 {d} 本。上层有多少本？",
    ),
}  # fmt: skip
_SETS: dict[str, dict[Language, tuple[str, ...]]] = {
    "both": {
        "en": (
            "Which numbers are in both A = {a} and B = {b}?", "Give the intersection of A = {a} and B = {b}.",
            "List what A = {a} and B = {b} have in common.", "A = {a}, B = {b}. Which elements do they share?",
            "Find A ∩ B for A = {a} and B = {b}.",
            "Take A = {a} and B = {b}. What belongs to the two of them at once?",
            "Write the common elements of A = {a} and B = {b}.",
            "What is the intersection, if A = {a} and B = {b}?",
        ),
        "zh": (
            "哪些数同时属于 A = {a} 和 B = {b}？", "求 A = {a} 与 B = {b} 的交集。",
            "列出 A = {a} 和 B = {b} 的公共元素。", "A = {a}，B = {b}，它们共有哪些元素？",
            "已知 A = {a}、B = {b}，求 A ∩ B。", "设 A = {a}，B = {b}，两者都有的元素是哪些？",
            "写出 A = {a} 和 B = {b} 的共同元素。", "若 A = {a}，B = {b}，交集是什么？",
        ),
    },
    "only": {
        "en": (
            "Which numbers are in A = {a} but not in B = {b}?",
            "Give the difference A \\ B of A = {a} and B = {b}.",
            "List what belongs to A = {a} and not to B = {b}.", "A = {a}, B = {b}. Which elements has only A?",
            "Find A minus B for A = {a} and B = {b}.", "Take A = {a} and remove what is in B = {b}. What remains?",
            "Write the elements of A = {a} that B = {b} lacks.",
            "What is left of A = {a} without the elements of B = {b}?",
        ),
        "zh": (
            "哪些数属于 A = {a} 而不属于 B = {b}？", "求 A = {a} 与 B = {b} 的差集 A \\ B。",
            "列出在 A = {a} 中但不在 B = {b} 中的数。", "A = {a}，B = {b}，只有 A 才有的元素是哪些？",
            "已知 A = {a}、B = {b}，求 A 减 B 的差集。", "从 A = {a} 中去掉 B = {b} 的元素，还剩什么？",
            "写出 A = {a} 有而 B = {b} 没有的元素。", "若 A = {a}，B = {b}，A 去掉 B 后剩下哪些？",
        ),
    },
}  # fmt: skip
_RISING: dict[Language, tuple[str, ...]] = {
    "en": (
        "Write the numbers in ascending order.", "Ascending order, please.", "Smallest first.",
        "Put the smallest at the front.",
    ),
    "zh": ("请按升序写出。", "从小到大排列。", "小的写在前面。", "按从小到大的顺序。"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Clue:
    kind: str
    a: str
    b: str
    k: int

    def holds(self, row: _Row) -> bool:
        return _HOLDS[self.kind](row, self.a, self.b, self.k)


def write(rng: random.Random, language: Language) -> Talk:
    """A row of people, two numbers, or two sets."""
    return rng.choice((_row, _row, _pair, _sets))(rng, language)


def _row(rng: random.Random, language: Language) -> Talk:
    people = rng.sample(NAMES[language], rng.choice((4, 4, 5)))
    clues = _clues(rng, people)
    told = [one_of(rng, language, _CLUES[clue.kind]).format(a=clue.a, b=clue.b, k=clue.k) for clue in clues]
    shown = rng.sample(people, len(people))
    named = (
        ", ".join(shown[:-1]) + f" and {shown[-1]}" if language == "en" else "、".join(shown[:-1]) + f"和{shown[-1]}"
    )
    intro = one_of(rng, language, _QUEUE).format(who=named, place=rng.choice(PLACES[language]))
    places = rng.sample(range(1, len(people) + 1), len(people))[: rng.choice((1, 1, 2, 3))]
    glue = " " if language == "en" else ""
    exchanges = []
    for index, k in enumerate(places):
        ask = one_of(rng, language, _AND if index else _WHO).format(k=k)
        ask = ask if index else glue.join([intro, *told, ask])
        exchanges.append(Exchange(ask=ask, answer=people[k - 1], kind="word"))
    return Talk(template="puzzles/row", exchanges=tuple(exchanges), introduced=False)


def _clues(rng: random.Random, row: _Row) -> list[_Clue]:
    """True clues about `row` that leave no other row, none of them without use when it was added."""
    left = list(permutations(row))
    clues: list[_Clue] = []
    while len(left) > 1:
        a, b = rng.sample(row, 2)
        kind = rng.choice(("left", "next", "apart", "end", "inside", "left", "at" if len(clues) > 2 else "next"))
        clue = _Clue(kind, a, b, row.index(a) + 1)
        if clue.holds(row) and len(fewer := [each for each in left if clue.holds(each)]) < len(left):
            clues.append(clue)
            left = fewer
    return clues


def _pair(rng: random.Random, language: Language) -> Talk:
    small, gap = rng.randint(4, 400), rng.randint(2, 99)
    a, b = rng.sample(NAMES[language], 2)
    total, large = 2 * small + gap, small + gap
    ask = one_of(rng, language, _PAIR).format(s=total, d=gap, a=a, b=b)
    steps = (f"{total} + {gap} = {total + gap}", f"{total + gap} ÷ 2 = {large}")
    return Talk(template="puzzles/pair", exchanges=(Exchange(ask=ask, answer=str(large), steps=steps),))


def _sets(rng: random.Random, language: Language) -> Talk:
    way = rng.choice(list(_SETS))
    shared, first, second = rng.randint(2, 4), rng.randint(2, 4), rng.randint(2, 4)
    numbers = rng.sample(range(1, 60), shared + first + second)
    a, b = numbers[: shared + first], numbers[:shared] + numbers[shared + first :]
    found = sorted(numbers[:shared] if way == "both" else numbers[shared : shared + first])
    rng.shuffle(a)
    rng.shuffle(b)
    ask = one_of(rng, language, _SETS[way]).format(a=_braced(a), b=_braced(b))
    ask += (" " if language == "en" else "") + one_of(rng, language, _RISING)
    answer = ", ".join(map(str, found))
    return Talk(template=f"puzzles/sets-{way}", exchanges=(Exchange(ask=ask, answer=answer, kind="list"),))


def _braced(numbers: Sequence[int]) -> str:
    return "{" + ", ".join(map(str, numbers)) + "}"
