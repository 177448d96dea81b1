"""Answers of the text generator, found again from the words of the prompt alone and by other code."""

from __future__ import annotations

import calendar
import csv
import json
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

from curation.contract.sample import Sample
from filters.verify import exact_match, fields_score, final_answer
from synth.generator import Make
from synth.specimen import Specimen
from synth.verifiable.code import code_passes

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_MONTHS = {name: index for index, name in enumerate(calendar.month_name) if name}
_DAYS_ZH = "一二三四五六日"


def wrong(made: Sequence[Specimen], again: Make | None, rng_key: str) -> list[str]:
    """A message for each specimen whose answer does not follow from its prompt; `again` and `rng_key` are not used."""
    return [f"{each.sample.tags[0]}: {fault}" for each in made if (fault := _fault(each.sample))]


def _fault(sample: Sample) -> str:
    turns = ["".join(part.text for part in turn.parts) for turn in sample.messages]
    asks, answers = turns[0::2], turns[1::2]
    family, template = sample.tags[0].removeprefix("build:text/").split("/", 1)
    last = answers[-1].splitlines()[-1] if "worked" in sample.tags else answers[-1]
    if re.sub(r"^(Answer: |答案：)", "", last) != sample.answer.text:
        return f"the reference {sample.answer.text!r} is not the last answer {last!r}"
    if family == "code":
        return _code_fault(sample)
    said = [re.sub(r"^(Answer: |答案：)", "", answer.splitlines()[-1]) for answer in answers]
    expected = _ROUTES[family](template, asks, said)
    if len(expected) != len(said):
        return f"{len(expected)} answers found to {len(said)} questions: {asks!r}"
    for ask, found, given in zip(asks, expected, said, strict=True):
        if found != given:
            return f"{ask!r} has the answer {found!r}, not {given!r}"
    return _verifier_fault(sample, answers[-1]) or _steps_fault(answers[0])


def _verifier_fault(sample: Sample, said: str) -> str:
    """The verifier must take the truth and refuse something else."""
    truth, verifier = sample.answer.text, sample.answer.verifier
    if verifier == "fields":
        other = json.dumps({**json.loads(truth), next(iter(json.loads(truth))): "?"})
        right, spoiled = fields_score(truth, truth).exact, fields_score(other, truth).exact
    elif verifier == "final":
        right, spoiled = (exact_match(final_answer(text), truth) for text in (said, said + "1"))
    else:
        right, spoiled = exact_match(truth, truth), exact_match(truth + "1", truth)
    return (
        "" if right == 1 and spoiled < 1 else f"the verifier {verifier!r} gives {right} and {spoiled} for a wrong one"
    )


def _steps_fault(answer: str) -> str:
    """Every line `a × b = c` of a worked solution must be true."""
    for line in answer.splitlines()[:-1]:
        match = re.fullmatch(r"([-+×÷*/() \d.%]+) = ([\d./]+)", line)
        if match and "-" not in match[2] and not re.search(r"\d{4}-\d\d", line):
            left = match[1].replace("%", "/100")
            if _evaluated(left) != Fraction(match[2]):
                return f"the step {line!r} is wrong"
    return ""


def _code_fault(sample: Sample) -> str:
    if not code_passes(sample):
        return "the code does not pass its tests"
    code = sample.answer.text.removeprefix("```python\n").removesuffix("```")
    spoiled = re.sub(r"^    return (.*)$", r"    return [\1, 0]", code, flags=re.MULTILINE)
    return "code that returns something else passes the tests" if code_passes(sample, spoiled) else ""


def _evaluated(text: str) -> Fraction:
    """The value of an expression by Python's own rules of precedence."""
    plain = re.sub(r"(\d+(?:\.\d+)?)", r"Fraction('\1')", text.replace("×", "*").replace("÷", "/"))
    return Fraction(eval(plain, {"Fraction": Fraction, "__builtins__": {}}))


def _written(value: Fraction, fraction: bool = False) -> str:
    if value.denominator == 1 or fraction:
        return str(value)
    return f"{(Decimal(value.numerator) / Decimal(value.denominator)).normalize():f}"


def _numbers(text: str) -> list[Fraction]:
    return [Fraction(each) for each in _NUMBER.findall(text)]


def _arithmetic(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
    if template.startswith("percent"):
        share = Fraction(re.search(r"(\d+)%", asks[0])[1])  # type: ignore[index]
        number = _numbers(re.sub(r"\d+%", "", asks[0]))[0]
        value = number * {"of": share, "up": 100 + share, "down": 100 - share}[template[8:]] / 100
    else:
        found = max(re.findall(r"[(\d][-+×÷*/() \d]*\d\)?", asks[0]), key=len)
        value = _evaluated(found + ")" * (found.count("(") - found.count(")")))
    values = [value]
    for ask in asks[1:]:
        k = _numbers(ask)
        if not k:
            value *= 2
        elif re.search(r"times|multipl|乘|倍", ask.lower()):
            value *= k[0]
        elif re.search(r"subtract|minus|away|off|less|减", ask.lower()):
            value -= k[0]
        else:
            value += k[0]
        values.append(value)
    return [_written(each, template == "fractions") for each in values]


_LOSS = re.compile(
    r"gives \d+ of|loses|losing|sells|hands|break|leaves|borrows|throws|donates|gives \d+ to|takes \d+ away|without \d"
    r"|送给|丢|卖|交给|坏|留下|借走|扔|捐|给了\w+ \d+ 个，还|拿走|去掉"
)
_GAIN_ZH = re.compile(r"又给了|寄来|买了|捡到|得到|赢了|领到|挣到")


def _stories(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
    if template == "journey":
        legs = [ask for ask in re.split(r"[.；。]", asks[0]) if re.search(r"\d", ask)]
        return [str(sum(_leg(leg) for leg in legs))]
    if template == "bill":
        return [_bill(asks[0])]
    values = []
    amount = -1
    for ask in asks:
        for sentence in re.split(r"[.。?？]", ask):
            numbers = [int(each) for each in re.findall(r"\d+", sentence)]
            if not numbers:
                continue
            k = numbers[0]
            if amount < 0:
                amount = k
            elif re.search(r"times as|times what|倍", sentence):
                amount *= k
            elif _LOSS.search(sentence) and not _GAIN_ZH.search(sentence):
                amount -= k
            else:
                amount += k
        values.append(str(amount))
    return values


def _leg(text: str) -> int:
    speed = re.search(r"(\d+) (?:km/h|千米/时)|每小时 (\d+) 千米", text)
    hours = re.search(r"(\d+) (?:hours|小时)", text)
    assert speed and hours, text
    return int(speed[1] or speed[2]) * int(hours[1])


_PRICE = re.compile(
    r"(\d+) coins (?:each|apiece)|(\d+) coins (?=and \d)|(\d+) coins(?=, prices)|each (\d+) coins"
    r"|(?:标价|单价|每个) (\d+) 元|(\d+) 元一个"
)


def _bill(text: str) -> str:
    """Of five numbers the greatest is the cash; the prices are those next to a word for money."""
    prices = {match.start(match.lastindex or 0): int(match[match.lastindex or 0]) for match in _PRICE.finditer(text)}
    numbers = {match.start(): int(match[0]) for match in re.finditer(r"\d+", text)}
    cash = max(numbers, key=lambda at: numbers[at])
    rest = [number for at, number in numbers.items() if at not in prices and at != cash]
    assert len(prices) == 2 and len(rest) == 2, text
    return str(numbers[cash] - sum(p * n for p, n in zip(prices.values(), rest, strict=True)))


def _days(text: str) -> list[date]:
    found: list[date] = []
    for match in re.finditer(
        r"(\d{4})-(\d\d)-(\d\d)|(\d+) ([A-Z][a-z]+) (\d{4})|([A-Z][a-z]+) (\d+), (\d{4})|(\d{4}) ?"
        r"年 ?(\d+) ?月 ?(\d+) ?日",
        text,
    ):
        a = match.groups()
        if a[0]:
            found.append(date.fromisoformat(match[0]))
        elif a[3]:
            found.append(date(int(a[5]), _MONTHS[a[4]], int(a[3])))
        elif a[6]:
            found.append(date(int(a[8]), _MONTHS[a[6]], int(a[7])))
        else:
            found.append(date(int(a[9]), int(a[10]), int(a[11])))
    return found


def _weekday(day: date, chinese: bool) -> str:
    index = calendar.weekday(day.year, day.month, day.day)
    return f"星期{_DAYS_ZH[index]}" if chinese else calendar.day_name[index]


def _dates(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
    chinese = bool(re.search(r"[\u4e00-\u9fff]", asks[0]))
    if template == "clock":
        hour, minute = map(int, re.search(r"(\d\d):(\d\d)", asks[0]).groups())  # type: ignore[union-attr]
        total, found = hour * 60 + minute, []
        for ask in asks:
            text = re.sub(r"\d\d:\d\d|24", "", ask) if ask is asks[0] else ask
            total += int(re.search(r"(\d+) (?:minutes|more minutes|分钟)", ask)[1]) if text else 0  # type: ignore[index]
            found.append(f"{total // 60 % 24:02}:{total % 60:02}")
        return found
    days = _days(asks[0])
    if template == "weekday":
        return [_weekday(days[0], chinese)]
    if template == "between":
        return [str(abs(days[1].toordinal() - days[0].toordinal()))]
    found, day = [], days[0]
    for index, ask in enumerate(asks):
        if re.search(r"weekday|day of the week|星期几", ask):
            found.append(_weekday(day, chinese))
            continue
        k = int(re.search(r"(\d+) (?:more )?(?:days|天)", ask)[1])  # type: ignore[index]
        day += timedelta(days=-k if template == "earlier" and index == 0 else k)
        found.append(day.isoformat())
    return found


_UNITS = {
    "square metres": 1, "hectares": 10**4, "square kilometres": 10**6, "acres": "4046.8564224",
    "centimetres": ".01", "millimetres": ".001", "kilometres": 1000, "metres": 1, "inches": "0.0254", "feet": "0.3048",
    "yards": "0.9144", "miles": "1609.344", "kilograms": 1000, "grams": 1, "tonnes": 10**6, "pounds": "453.59237",
    "ounces": "28.349523125", "millilitres": ".001", "litres": 1, "imperial gallons": "4.54609",
    "imperial pints": "0.56826125", "seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800,
    "平方千米": 10**6, "平方米": 1, "公顷": 10**4, "英亩": "4046.8564224", "厘米": ".01", "毫米": ".001", "千米": 1000,
        "米": 1,
    "英寸": "0.0254", "英尺": "0.3048", "码": "0.9144", "英里": "1609.344", "千克": 1000, "克": 1, "吨": 10**6,
        "磅": "453.59237",
    "盎司": "28.349523125", "毫升": ".001", "英制加仑": "4.54609", "英制品脱": "0.56826125", "升": 1, "秒": 1,
        "分钟": 60,
    "小时": 3600, "天": 86400, "周": 604800,
}  # fmt: skip
_UNIT = re.compile("|".join(sorted(_UNITS, key=len, reverse=True)))
_SCALE = re.compile("Celsius|Fahrenheit|kelvins|摄氏度|华氏度|开尔文")
_ABSOLUTE = {  # slope and offset to kelvins
    "C": (Fraction(1), Fraction("273.15")),
    "F": (Fraction(5, 9), Fraction("459.67") * 5 / 9),
    "K": (Fraction(1), Fraction(0)),
}  # fmt: skip
_LETTER = {"Celsius": "C", "摄氏度": "C", "Fahrenheit": "F", "华氏度": "F", "kelvins": "K", "开尔文": "K"}


def _units(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
    pattern = _SCALE if template == "temperature" else _UNIT
    at = re.search(r"-?\d+(?:\.\d+)? (?:degrees )?(" + pattern.pattern + ")", asks[0])
    assert at, asks[0]
    a = at[1]
    rest = asks[0][: at.start()] + "#" + asks[0][at.end() :]
    rest = next(each for each in rest.split("。") if "#" in each)
    b = next(each for each in pattern.findall(rest) if each != a)
    places = len(said[0].partition(".")[2])
    rounded = re.search(r"(?:to|Give|Use|留|后|到) (\d) (?:dec|places|位)|小数点后 (\d) 位", asks[0])
    found = []
    for ask in asks:
        number = _numbers(ask)[0]
        if template == "temperature":
            (m, c), (n, d) = _ABSOLUTE[_LETTER[a]], _ABSOLUTE[_LETTER[b]]
            value = (number * m + c - d) / n
        else:
            value = number * Fraction(_UNITS[a]) / Fraction(_UNITS[b])
        found.append(f"{float(value):.{places}f}" if rounded else _written(value))
    return found


def _sorting(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
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


def _edits(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
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


def _tables(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
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


def _puzzles(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
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


def _formats(template: str, asks: Sequence[str], said: Sequence[str]) -> list[str]:
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


_ROUTES: dict[str, Callable[[str, Sequence[str], Sequence[str]], list[str]]] = {
    "arithmetic": _arithmetic,
    "stories": _stories,
    "dates": _dates,
    "units": _units,
    "sorting": _sorting,
    "edits": _edits,
    "tables": _tables,
    "puzzles": _puzzles,
    "formats": _formats,
}
