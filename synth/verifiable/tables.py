"""Questions about a table in the prompt, in Markdown or CSV, of one hop or two."""

from __future__ import annotations

import random
from dataclasses import dataclass

from synth.verifiable.exchange import Exchange, Language, Talk, one_of
from synth.verifiable.words import CITIES, NAMES, THINGS

_COLUMNS: dict[Language, tuple[str, ...]] = {
    "en": (
        "Price", "Stock", "Weight", "Orders", "Returns", "Visits", "Rating", "Shelf", "Rooms", "Staff", "Profit",
        "Distance",
    ),
    "zh": ("价格", "库存", "重量", "订单", "退货", "访问", "评分", "货架", "房间", "员工", "利润", "距离"),
}  # fmt: skip
_FIRST: dict[Language, tuple[tuple[str, str], ...]] = {
    "en": (("Name", "people"), ("Item", "items"), ("City", "cities")),
    "zh": (("姓名", "人"), ("物品", "物品"), ("城市", "城市")),
}
_ASKS: dict[str, dict[Language, tuple[str, ...]]] = {
    "value": {
        "en": (
            "What is the {c} of {r}?", "Look up the {c} of {r}.", "Which value does {r} have under {c}?",
            "Read off {c} for {r}.", "Find the entry in column {c} for {r}.",
            "In the row of {r}, what stands under {c}?", "How large is {c} for {r}?", "Give the {c} of {r}.",
        ),
        "zh": (
            "{r}的{c}是多少？", "请查出{r}的{c}。", "{r}在“{c}”一列的值是多少？", "读出{r}的{c}。",
            "找到{r}对应的{c}。", "{r}那一行的{c}是多少？", "表中{r}的{c}为多少？", "请给出{r}的{c}。",
        ),
    },
    "highest": {
        "en": (
            "Which row has the highest {c}? Give its {f}.", "Name the {f} with the largest {c}.",
            "Who or what has the greatest {c}? Answer with the {f}.", "Find the {f} whose {c} is highest.",
            "At which {f} does {c} reach its maximum?", "The top value of {c} belongs to which {f}?",
            "Which {f} comes first when ranked by {c} from the top?",
            "Give the {f} that has the most in column {c}.",
        ),
        "zh": (
            "哪一行的{c}最高？写出{f}。", "{c}最大的{f}是哪个？", "谁的{c}最高？用{f}回答。", "找出{c}最高的{f}。",
            "{c}在哪个{f}处达到最大？", "{c}的最大值属于哪个{f}？", "按{c}从高到低，第一个{f}是？",
            "请写出“{c}”一列最大的{f}。",
        ),
    },
    "sum": {
        "en": (
            "Add up the column {c}.", "What is the total of {c}?", "Sum all values of {c}.",
            "How much is {c} over all rows?", "What do the values under {c} come to together?",
            "Give the sum of the column {c}.", "Total up {c} for the whole table.", "What is {c} in total?",
        ),
        "zh": (
            "把“{c}”一列加起来是多少？", "{c}的总和是多少？", "求所有{c}之和。", "全表的{c}合计多少？",
            "“{c}”一列的数值加在一起是多少？", "请给出{c}一列的和。", "整张表的{c}总计多少？", "{c}一共是多少？",
        ),
    },
    "above": {
        "en": (
            "How many rows have a {c} above {k}?", "Count the rows whose {c} is greater than {k}.",
            "In how many rows is {c} more than {k}?", "For how many of them does {c} exceed {k}?",
            "How often is {c} over {k}?", "How many values under {c} are larger than {k}?",
            "Number of rows with {c} > {k}?", "Tell me how many have a {c} beyond {k}.",
        ),
        "zh": (
            "有几行的{c}大于 {k}？", "数一数{c}高于 {k} 的行数。", "{c}超过 {k} 的有几行？",
            "多少行的{c}比 {k} 大？", "{c} > {k} 的行有几行？", "“{c}”一列中大于 {k} 的值有几个？",
            "请统计{c}大于 {k} 的行数。", "{c}在 {k} 以上（不含）的有几个？",
        ),
    },
    "difference": {
        "en": (
            "How much larger is the {c} of {r} than that of {s}?",
            "What is the difference in {c} between {r} and {s}?", "Subtract the {c} of {s} from that of {r}.",
            "By how much does {r} exceed {s} in {c}?", "How far apart are {r} and {s} in {c}?",
            "{r} and {s}: what is the gap in {c}?", "Compare {r} with {s}: how much more {c} is there?",
            "Take {c} for {r} less {c} for {s}.",
        ),
        "zh": (
            "{r}的{c}比{s}的大多少？", "{r}与{s}的{c}相差多少？", "用{r}的{c}减去{s}的{c}。",
            "{c}方面，{r}超出{s}多少？", "{r}和{s}的{c}差距是多少？", "{r}的{c}比{s}的多多少？",
            "比较{r}和{s}，{c}多出多少？", "{r}的{c}减{s}的{c}等于几？",
        ),
    },
    "hop": {
        "en": (
            "What is the {c} of the {f} with the highest {o}?",
            "Take the {f} with the largest {o}: what is its {c}?",
            "Find the row where {o} is highest and read off {c}.", "Which {c} belongs to the maximum of {o}?",
            "Look for the greatest {o}. What is {c} in that row?", "In the row with the most {o}, how much is {c}?",
            "Rank by {o}, take the top row, and give its {c}.", "Where {o} peaks, what is {c}?",
        ),
        "zh": (
            "{o}最高的{f}，{c}是多少？", "先找{o}最大的一行，它的{c}是多少？", "找到{o}最高的行并读出{c}。",
            "{o}最大值对应的{c}是多少？", "看{o}最大的那行，{c}为多少？", "在{o}最多的一行里，{c}是几？",
            "按{o}排第一的行，{c}是多少？", "{o}达到最高处的{c}是多少？",
        ),
    },
}  # fmt: skip
_SHOWN: dict[Language, tuple[str, ...]] = {
    "en": (
        "Here is a table.", "Look at this table:", "The table below lists some {f}.", "Read the table first.",
        "Given these data:", "From a notebook about {f}:", "The following was exported from a ledger of {f}.",
        "Data:",
    ),
    "zh": (
        "请看下表。", "有这样一张表：", "下表列出了一些{f}。", "先读表。", "已知数据如下：", "来自关于{f}的记录：",
        "以下内容导出自{f}的账本。", "数据：",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Table:
    """`rows` have a name and as many whole numbers as there are `columns`; no two of a column are equal."""

    first: str
    plural: str
    columns: list[str]
    rows: list[tuple[str, list[int]]]

    def column(self, name: str) -> list[int]:
        at = self.columns.index(name)
        return [values[at] for _, values in self.rows]

    def top(self, name: str) -> int:
        values = self.column(name)
        return values.index(max(values))


def write(rng: random.Random, language: Language) -> Talk:
    """A table and one to four questions about it."""
    table = _filled(rng, language)
    shape = rng.choice((_markdown, _csv))
    plural = table.plural if language == "en" else table.first
    block = f"{one_of(rng, language, _SHOWN).format(f=plural)}\n\n{shape(table)}\n\n"
    ways = [rng.choice(list(_ASKS)) for _ in range(rng.choice((1, 1, 2, 3, 4)))]
    asked = [_question(rng, language, table, way) for way in ways]
    first = Exchange(ask=block + asked[0].ask, answer=asked[0].answer, kind=asked[0].kind)
    later, seen = [], {asked[0].ask}
    for exchange in asked[1:]:
        if exchange.ask not in seen:
            later.append(exchange)
            seen.add(exchange.ask)
    return Talk(template=f"tables/{ways[0]}", exchanges=(first, *later))


def _filled(rng: random.Random, language: Language) -> _Table:
    at = rng.randrange(3)
    first, plural = _FIRST[language][at]
    names = rng.sample((NAMES, THINGS, CITIES)[at][language], rng.randint(4, 9))
    columns = rng.sample(_COLUMNS[language], rng.randint(2, 4))
    values = [rng.sample(range(2, 999), len(names)) for _ in columns]
    rows = [(name.capitalize(), [column[index] for column in values]) for index, name in enumerate(names)]
    return _Table(first, plural, columns, rows)


def _markdown(table: _Table) -> str:
    head = "| " + " | ".join([table.first, *table.columns]) + " |"
    dashes = "|" + " --- |" * (len(table.columns) + 1)
    return "\n".join([head, dashes, *(f"| {' | '.join([name, *map(str, values)])} |" for name, values in table.rows)])


def _csv(table: _Table) -> str:
    lines = [",".join([table.first, *table.columns])]
    return "\n".join(lines + [",".join([name, *map(str, values)]) for name, values in table.rows])


def _question(rng: random.Random, language: Language, table: _Table, way: str) -> Exchange:
    c, o = rng.sample(table.columns, 2)
    values = table.column(c)
    r, s = sorted(rng.sample(range(len(table.rows)), 2), key=lambda index: -values[index])
    k = rng.choice(values)
    name = table.rows[table.top(c)][0]
    answer = {
        "value": str(values[r]),
        "highest": name,
        "sum": str(sum(values)),
        "above": str(sum(value > k for value in values)),
        "difference": str(values[r] - values[s]),
        "hop": str(values[table.top(o)]),
    }[way]
    said = {"c": c, "o": o, "k": k, "f": table.first, "r": table.rows[r][0], "s": table.rows[s][0]}
    ask = one_of(rng, language, _ASKS[way]).format(**said)
    return Exchange(ask=ask, answer=answer, kind="word" if way == "highest" else "number")
