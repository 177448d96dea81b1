"""Sorting, edits, tables, puzzles and formats of the text generator, worked out again from the words of the prompt."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import permutations


def sorting(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
    first = asks[0]
    down = re.search(
        r"Z to A|from Z|nearest to Z|[Rr]evers|largest to|descend|highest to|argest first|atest "
            r"first|latest to|from the latest|latest at"
        r"|with the latest|highest first|falling|high to low|highest at|Z 到 A|大到小|降序|由大|最"
            r"大到|晚到早|高到低|由高", first
    )  # fmt: skip
    if template == "records":
        pairs = re.findall(r"^- (\S+): (\d+)$", first, re.MULTILINE)
        items = [name for name, value in sorted(pairs, key=lambda pair: int(pair[1]))]
    else:
        shown = max(re.findall(r"[a-z0-9.-]+(?:, [a-z0-9.-]+)+", first), key=len).rstrip(".").split(", ")
        items = sorted(shown, key=Decimal) if template == "numbers" else sorted(shown)
    items = items[::-1] if down else items
    found = [", ".join(items)]
    for ask in asks[1:]:
        if k := re.search(r"(?:place|number|item|entry|position|第|位置) (\d+)", ask):
            found.append(items[int(k[1]) - 1])
            continue
        items = (
            items[1:]
            if re.search(r"leave|drop|without|remove|away|strike|去掉|删|不要第|拿走|划|略", ask.lower())
            else items[::-1]
        )
        found.append(", ".join(items))
    return found


def _quoted(text: str) -> list[str]:
    return [a or b for a, b in re.findall(r'"([^"]*)"|“([^”]*)”', text)]


def edits(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
    found: list[str] = []
    for index, ask in enumerate(asks):
        quoted = _quoted(ask)
        text = max(quoted, key=len) if index == 0 else found[-1]
        letters = [each for each in quoted if len(each) == 1]
        numbers = re.findall(r"\d+", ask)
        k = int(numbers[0]) if numbers else 0
        way = template if index == 0 else _way(ask, letters, k)
        found.append(_edited(way, text, letters, k, ask))
    return found


def _way(ask: str, letters: Sequence[str], k: int) -> str:
    if k:
        return "nth" if "字" in ask or "位" in ask else "caesar"
    if len(letters) == 2:
        return "replace"
    if letters:
        return "count" if re.search(r"often|count|how many|number|times|几|多少|数|统计", ask.lower()) else "remove"
    return "upper" if re.search(r"capital|upper", ask.lower()) else "reverse"


def _edited(way: str, text: str, letters: Sequence[str], k: int, ask: str) -> str:
    if way == "replace":
        old, new = letters
        if re.search(r"Put|with .* in place|Substitute|代替", ask):
            old, new = new, old
        return new.join(text.split(old))
    if way == "caesar":
        alphabet = "abcdefghijklmnopqrstuvwxyz"
        return text.translate(str.maketrans(alphabet, alphabet[k:] + alphabet[:k]))
    if way == "nth":
        return [each for each in text if each != " "][k - 1]
    return {
        "reverse": lambda: "".join(reversed(text)),
        "upper": lambda: "".join(chr(ord(c) - 32) if "a" <= c <= "z" else c for c in text),
        "remove": lambda: "".join(c for c in text if c not in letters),
        "acronym": lambda: "".join(re.findall(r"\b\w", text)).upper(),
        "order": lambda: " ".join(reversed(text.split(" "))),
        "count": lambda: str(sum(c == letters[0] for c in text)),
    }[way]()


def tables(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
    block = next(each for each in asks[0].split("\n\n") if "\n" in each)
    if "|" in block:
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
        lines.pop(1)
    else:
        lines = list(csv.reader(block.splitlines()))
    head, *rows = lines
    table = {row[0]: dict(zip(head[1:], map(int, row[1:]), strict=True)) for row in rows}
    return [_looked_up(asks[0].split("\n\n")[-1] if ask is asks[0] else ask, head, table) for ask in asks]


def _looked_up(ask: str, head: Sequence[str], table: dict[str, dict[str, int]]) -> str:
    columns = sorted((each for each in head[1:] if each in ask), key=ask.index)
    names = sorted(
        (each for each in table if re.search(rf"\b{each}\b" if each.isascii() else each, ask)), key=ask.index
    )
    if len(columns) == 2:
        wanted, key = _hop(ask, columns)
        return str(table[max(table, key=lambda name: table[name][key])][wanted])
    column = {name: values[columns[0]] for name, values in table.items()}
    if len(names) == 2:
        return str(abs(column[names[0]] - column[names[1]]))
    if names:
        return str(column[names[0]])
    if numbers := re.findall(r"\d+", ask):
        return str(len([value for value in column.values() if value > int(numbers[0])]))
    if re.search(r"add up|total|sum|over all|together|加|和|合计|总计|一共", ask.lower()):
        return str(sum(column.values()))
    return max(column, key=lambda name: column[name])


def _hop(ask: str, columns: Sequence[str]) -> tuple[str, str]:
    """Which column is wanted and which one is ranked by: the latter stands beside a word for the maximum."""
    for one, other in (columns, columns[::-1]):
        near = rf"(highest|largest|greatest|most|maximum of|by|Where) {one}\b|where {one} is|{one} (is highest|peaks)"
        if re.search(near + rf"|{one}(最|达到|排第)|按{one}", ask):
            return other, one
    raise AssertionError(ask)


def puzzles(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
    if template == "row":
        return _in_row(asks, said)
    if template == "pair":
        s, d = sorted((int(each) for each in re.findall(r"\d+", asks[0])), reverse=True)
        return [str(next(x for x in range(s + 1) if x - (s - x) == d))]
    a, b = ([int(n) for n in each.split(", ")] for each in re.findall(r"\{(.*?)\}", asks[0]))
    return [", ".join(str(n) for n in range(100) if n in a and (n in b) == (template == "sets-both"))]


_CLUES: tuple[tuple[str, Callable[[dict[str, int], str, str, int], bool]], ...] = (
    (r"(?P<a>\w+) (?:stands somewhere to the left of|is further left than) "
        r"(?P<b>\w+)|(?P<a2>\S+?)(?:在|比)(?P<b2>\S+?)(?:左边|更靠左)", lambda at, a, b, n: at[a] < at[b]),
    (r"(?P<b>\w+) is somewhere to the right of (?P<a>\w+)|(?P<b2>\S+?)在(?P<a2>\S+?)右边",
     lambda at, a, b, n: at[a] < at[b]),
    (r"(?P<a>\w+) and (?P<b>\w+) do not stand|(?P<a2>\S+?)和(?P<b2>\S+?)不相邻|(?P<a3>\w+) is no "
        r"neighbour of (?P<b3>\w+)|(?P<a4>\S+?)不是(?P<b4>\S+?)的邻居|one person stands between "
        r"(?P<a5>\w+) and (?P<b5>\w+)|(?P<a6>\S+?)与(?P<b6>\S+?)之间至少", lambda at, a, b, n: abs(at[a] - at[b]) > 1),
    (r"(?P<a>\w+) and (?P<b>\w+) stand next|(?P<a2>\S+?)和(?P<b2>\S+?)相邻|(?P<a3>\w+) is a "
        r"neighbour of (?P<b3>\w+)|(?P<a4>\S+?)是(?P<b4>\S+?)的邻居|Nobody stands between (?P<a5>\w+) "
        r"and (?P<b5>\w+)|(?P<a6>\S+?)与(?P<b6>\S+?)之间没有", lambda at, a, b, n: abs(at[a] - at[b]) == 1),
    (r"(?P<a>\w+) (?:stands at neither end|is not at an end|has two neighbours)|(?P<a2>\S+?)(?:不在"
        r"两端|不站在|有两个邻居)", lambda at, a, b, n: 1 < at[a] < n),
    (r"(?P<a>\w+) (?:stands at one end|is at an end|has only one)|(?P<a2>\S+?)(?:站在一端|在队伍的"
        r"一头|只有一个邻居)", lambda at, a, b, n: at[a] in (1, n)),
)  # fmt: skip
_AT = re.compile(
    r"(?P<a>\w+) (?:is number|takes place) (?P<k>\d) from the left\.|left, (?P<a2>\w+) is number "
        r"(?P<k2>\d)\.|(?P<a3>\S+?)从左数是第 (?P<k3>\d) 个"
    r"|从左起第 (?P<k4>\d) 个是(?P<a4>[^\s。？]+)|(?P<a5>\S+?)位于左起第 (?P<k5>\d) 位"
)  # fmt: skip


def _in_row(asks: Sequence[str], said: Sequence[str]) -> list[str]:
    sentences = re.findall(r"[^.。?？]+[.。?？]", asks[0])
    people = _people(sentences[0])
    tests = [test for sentence in sentences[1:] if (test := _clue(sentence.strip(), people))]
    fits = [
        at
        for order in permutations(people)
        if all(test(at := {p: i + 1 for i, p in enumerate(order)}) for test in tests)
    ]
    assert len(fits) == 1, f"{len(fits)} rows fit {asks[0]!r}"
    places = [int(re.findall(r"\d", ask)[-1]) for ask in asks]
    return [next(p for p, i in fits[0].items() if i == k) for k in places]


def _people(sentence: str) -> list[str]:
    if found := re.search(r"((?:[A-Z]\w+, )+[A-Z]\w+ and [A-Z]\w+)", sentence):
        return re.split(r", | and ", found[1])
    listed = re.search(r"((?:[^，。、]{2}、)+[^，。、]{2}和[^，。、]{2})", sentence)
    assert listed, sentence
    return re.split(r"[、和]", listed[1])


def _clue(sentence: str, people: Sequence[str]) -> Callable[[dict[str, int]], bool] | None:
    if at := _AT.match(sentence) or _AT.search(sentence):
        got = {key[0]: value for key, value in at.groupdict().items() if value}
        return (lambda row, a=got["a"], k=int(got["k"]): row[a] == k) if got["a"] in people else None
    for pattern, test in _CLUES:
        if match := re.search(pattern, sentence):
            got = {key[0]: value for key, value in match.groupdict().items() if value}
            a, b = got["a"], got.get("b", "")
            return lambda row, test=test, a=a, b=b: test(row, a, b, len(row))
    return None


_KEYS = "name|age|city|item|quantity|price|day|total"


def formats(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
    """The keys are those that the prompt lists; every value is found in the sentence beside its word."""
    text = asks[0]
    keys = re.search(rf"((?:{_KEYS})(?:, (?:{_KEYS})){{2,}})", text)
    assert keys, text
    wanted = keys[1].split(", ")
    age = re.search(r"aged (\d+)|(\d+)[ -]years?|is (\d+) and|\((\d+)\) wrote|age: (\d+)|(\d+) 岁", text)
    price = re.search(r"(\d+) coins|(?:每个|单价|一个|售价|花了|以每个) (\d+) 元", text)
    assert age and price, text
    facts = {"age": int(next(filter(None, age.groups()))), "price": int(next(filter(None, price.groups())))}
    numbers = [int(each) for each in re.findall(r"\d+", text)]
    for value in facts.values():
        numbers.remove(value)
    facts |= {"quantity": numbers[0], "total": facts["price"] * numbers[0]}
    found = []
    for ask, answer in zip(asks, said, strict=True):
        if ask is not asks[0]:
            gone = next(
                key for key in wanted if re.search(rf"\b{key}\b", re.sub(r"the key|it from|send it", "", ask), re.ASCII)
            )
            wanted = [key for key in wanted if key != gone]
        given = json.loads(answer)
        value = {
            key: facts.get(key, given.get(key) if str(given.get(key)) in text else "not in the prompt")
            for key in wanted
        }
        found.append(json.dumps(value, ensure_ascii=False))
    return found
