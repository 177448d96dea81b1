"""A sentence with facts, to be answered as a JSON object with given keys."""

from __future__ import annotations

import json
import random

from synth.verifiable.exchange import Exchange, Language, Talk, one_of
from synth.verifiable.words import CITIES, NAMES, THINGS, WEEKDAYS

# The order in which facts are named differs from the order of the keys, and not every fact is asked for.
_FACTS: dict[Language, tuple[str, ...]] = {
    "en": (
        "{name}, aged {age}, from {city}, ordered {n} {things} at {p} coins each on {day}.",
        "On {day} an order for {n} {things} came in from {name} ({age} years old, {city}); one costs {p} coins.",
        "{n} {things} at a price of {p} coins each were sold on {day} to {name}, who is {age} and lives in {city}.",
        "From {city}, {name} ({age}) wrote on {day} to buy {n} {things}, {p} coins apiece.",
        "The customer is {name}, {age} years of age, of {city}. The order of {day} is {n} "
            "{things}, unit price {p} coins.",
        "{day}: {name} of {city}, {age} years old, takes {n} {things}, each for {p} coins.",
        "A {age}-year-old from {city} called {name} paid {p} coins each for {n} {things} on {day}.",
        "It was {day} when {name} (home: {city}, age: {age}) asked for {n} {things} priced at {p} coins each.",
    ),
    "zh": (
        "{name}，{age} 岁，来自{city}，{day}订购了 {n} 个{things}，每个 {p} 元。",
        "{day}收到{city}的{name}（{age} 岁）的订单：{n} 个{things}，单价 {p} 元。",
        "{day}，{city}的{name}以每个 {p} 元买了 {n} 个{things}，此人 {age} 岁。",
        "顾客{name}今年 {age} 岁，住在{city}，{day}下单 {n} 个{things}，每个售价 {p} 元。",
        "家在{city}、{age} 岁的{name}在{day}买下 {n} 个{things}，每个花了 {p} 元。",
        "{day}的记录：{name}，{city}人，{age} 岁，购 {n} 个{things}，单价 {p} 元。",
        "{things}每个 {p} 元，{day}卖出 {n} 个，买家是{city}的{name}，{age} 岁。",
        "住在{city}的{name}（{age} 岁）于{day}要了 {n} 个{things}，一个 {p} 元。",
    ),
}  # fmt: skip
_ASK: dict[Language, tuple[str, ...]] = {
    "en": (
        "Write this as a JSON object with the keys {keys}.", "Extract the keys {keys} as JSON.",
        "Answer with a JSON object that has exactly the keys {keys}.",
        "Turn the sentence into JSON with the keys {keys}.", "Return JSON only, with {keys} as its keys.",
        "Give a JSON object with the fields {keys}.",
        "Fill a JSON object with the keys {keys} from this.", "As JSON, please: keys {keys}, nothing else.",
    ),
    "zh": (
        "请写成一个 JSON 对象，键为 {keys}。", "提取 {keys}，以 JSON 输出。",
        "用恰好包含键 {keys} 的 JSON 对象回答。", "把这句话转成 JSON，键是 {keys}。",
        "只返回 JSON，键为 {keys}。", "给出一个 JSON 对象，字段为 {keys}。", "请据此填写 JSON 对象，键为 {keys}。",
        "以 JSON 作答：键 {keys}，不要其他内容。",
    ),
}  # fmt: skip
_TOTAL: dict[Language, tuple[str, ...]] = {
    "en": (
        "The key total is what all of it costs in coins.", "For total, multiply price and quantity.",
        "total stands for the cost of the whole order.", "Put the cost of all pieces together under total.",
    ),
    "zh": (
        "total 为全部花费（元）。", "total 等于单价乘数量。", "total 表示整个订单的金额。",
        "total 填所有物品的总价。",
    ),
}  # fmt: skip
_FEWER: dict[Language, tuple[str, ...]] = {
    "en": (
        "Now without the key {key}.", "Leave out {key}.", "The same object without {key}, please.",
        "Drop the key {key} from it.", "And if {key} is removed?", "Remove {key} and send it again.",
        "Once more, but no {key}.", "Take {key} out of the object.",
    ),
    "zh": (
        "现在去掉键 {key}。", "不要 {key}。", "同一个对象，去掉 {key}。", "删掉键 {key}。", "如果移除 {key} 呢？",
        "把 {key} 去掉再发一次。", "再写一遍，但没有 {key}。", "从对象里拿掉 {key}。",
    ),
}  # fmt: skip


def write(rng: random.Random, language: Language) -> Talk:
    """A JSON object with three to seven keys, then perhaps without one of them."""
    facts: dict[str, str | int] = {
        "name": rng.choice(NAMES[language]),
        "age": rng.randint(18, 90),
        "city": rng.choice(CITIES[language]),
        "item": rng.choice(THINGS[language]),
        "quantity": rng.randint(2, 60),
        "price": rng.randint(2, 95),
        "day": rng.choice(WEEKDAYS[language]),
    }
    n, p = int(facts["quantity"]), int(facts["price"])
    said = one_of(rng, language, _FACTS).format(
        name=facts["name"], age=facts["age"], city=facts["city"], things=facts["item"], n=n, p=p, day=facts["day"]
    )
    keys = rng.sample(list(facts), rng.randint(3, 6))
    if rng.random() < 0.5:
        keys.insert(rng.randint(0, len(keys)), "total")
    ask = one_of(rng, language, _ASK).format(keys=", ".join(keys))
    glue = " " if language == "en" else ""
    parts = [said, ask] + ([one_of(rng, language, _TOTAL)] if "total" in keys else [])
    found = {key: facts.get(key, n * p) for key in keys}
    exchanges = [Exchange(ask=glue.join(parts), answer=_json(found), kind="", verifier="fields")]
    while len(found) > 2 and rng.random() < 0.3:
        gone = rng.choice(list(found))
        found = {key: value for key, value in found.items() if key != gone}
        asked = one_of(rng, language, _FEWER).format(key=gone)
        exchanges.append(Exchange(ask=asked, answer=_json(found), kind="", verifier="fields"))
    return Talk(template="formats/json", exchanges=tuple(exchanges[:4]), introduced=False)


def _json(found: dict[str, str | int]) -> str:
    return json.dumps(found, ensure_ascii=False)
