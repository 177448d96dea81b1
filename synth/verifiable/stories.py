"""Word problems of several sentences: a stock that changes, a bill, a journey."""

from __future__ import annotations

import random

from synth.verifiable.exchange import Exchange, Language, Talk, one_of
from synth.verifiable.words import NAMES, PLACES, THINGS, WEEKDAYS

_START: dict[Language, tuple[str, ...]] = {
    "en": (
        "{name} has {n} {things}.", "In the morning {name} counts {n} {things}.",
        "{name} starts with {n} {things}.",
        "There are {n} {things} in {name}'s drawer.", "{name} keeps {n} {things} in a tin.",
        "A box of {name}'s holds {n} {things}.",
        "At first {name} owns {n} {things}.", "{name} brings {n} {things} to {place}.",
    ),
    "zh": (
        "{name}有 {n} 个{things}。", "早上{name}数了数，有 {n} 个{things}。", "{name}一开始有 {n} 个{things}。",
        "{name}的抽屉里有 {n} 个{things}。",
        "{name}在盒子里放着 {n} 个{things}。", "起初{name}拥有 {n} 个{things}。",
        "{name}带着 {n} 个{things}来到{place}。", "{name}的箱子里装着 {n} 个{things}。",
    ),
}  # fmt: skip
_EVENTS: dict[str, dict[Language, tuple[str, ...]]] = {
    "+": {
        "en": (
            "{when} {other} gives {name} {k} more", "{when} {name} buys another {k} at {place}",
            "{when} {name} finds {k} more near {place}",
            "{when} {name} receives {k} from {other}", "{when} {name} wins {k} in a game against {other}",
            "{when} {name} picks up {k} at {place}",
            "{when} {k} more arrive by post from {other}", "{when} {name} earns {k} by helping {other}",
            "{when} {name} collects {k} from {place}",
        ),
        "zh": (
            "{when}{other}又给了{name} {k} 个", "{when}{name}在{place}又买了 {k} 个",
            "{when}{name}在{place}附近捡到 {k} 个", "{when}{name}从{other}那里得到 {k} 个",
            "{when}{name}和{other}比赛赢了 {k} 个", "{when}{name}从{place}领到 {k} 个", "{when}{other}寄来 {k} 个",
            "{when}{name}帮{other}做事，挣到 {k} 个",
        ),
    },
    "-": {
        "en": (
            "{when} {name} gives {k} of them to {other}", "{when} {name} loses {k} on the way to {place}",
            "{when} {name} sells {k} at {place}",
            "{when} {name} hands {k} of them over to {other}", "{when} {k} of them break",
            "{when} {name} leaves {k} at {place}",
            "{when} {other} borrows {k} of them", "{when} {name} throws {k} away",
            "{when} {name} donates {k} to {place}",
        ),
        "zh": (
            "{when}{name}送给{other} {k} 个", "{when}{name}在去{place}的路上丢了 {k} 个",
            "{when}{name}在{place}卖掉 {k} 个", "{when}{name}交给{other} {k} 个",
            "{when}坏了 {k} 个", "{when}{name}在{place}留下 {k} 个", "{when}{other}借走 {k} 个",
            "{when}{name}扔掉 {k} 个", "{when}{name}捐给{place} {k} 个",
        ),
    },
    "×": {
        "en": (
            "{when} {other} makes the number {k} times as large",
            "{when} the number grows to {k} times what it was",
            "{when} {name} manages to get {k} times as many as before",
            "{when} thanks to {other} there are suddenly {k} times as many",
            "{when} a gift from {place} makes it {k} times as many",
            "{when} {name} trades at {place} and ends up with {k} times as many",
            "{when} the collection becomes {k} times as big", "{when} it turns into {k} times as many",
        ),
        "zh": (
            "{when}数量变成原来的 {k} 倍", "{when}{other}让数量变为原来的 {k} 倍",
            "{when}{name}手里的增加到原来的 {k} 倍", "{when}在{place}的帮助下数量达到原来的 {k} 倍",
            "{when}总数增至原来的 {k} 倍", "{when}{name}在{place}交换之后，数量是原来的 {k} 倍",
            "{when}收藏扩大到原来的 {k} 倍", "{when}多亏{other}，数量成了原来的 {k} 倍",
        ),
    },
}  # fmt: skip
_END: dict[Language, tuple[str, ...]] = {
    "en": (
        "How many {things} does {name} have now?", "How many {things} are there in the end?",
        "How many {things} is that at last?",
        "With how many {things} does {name} end up?", "What is the number of {things} at the end?",
        "Count the {things}: how many are left with {name}?",
        "How many {things} does {name} have after all this?", "And how many {things} has {name} got then?",
    ),
    "zh": (
        "现在{name}有多少个{things}？", "最后有多少个{things}？", "{name}最终有几个{things}？",
        "到头来{name}手里有多少个{things}？", "请问最后{things}的个数是多少？",
        "这之后{name}还有多少个{things}？", "那么{name}一共有多少个{things}？", "结束时{things}有多少个？",
    ),
}  # fmt: skip
_GO_ON: dict[str, dict[Language, tuple[str, ...]]] = {
    "+": {
        "en": (
            "Then {other} brings {k} more. How many now?", "And after getting {k} more from {other}?",
            "Suppose {k} more arrive. How many are there?",
            "{other} adds {k} to them. And now?", "Now {name} buys {k} more. How many is that?",
            "What if {other} gives {name} {k} more?",
            "Later {name} finds {k} more. How many then?", "And with {k} more from {place}?",
        ),
        "zh": (
            "接着{other}又拿来 {k} 个，现在多少个？", "再从{other}那里得到 {k} 个呢？",
            "假如又来了 {k} 个，一共多少个？", "{other}再添 {k} 个，现在呢？",
            "{name}又买了 {k} 个，是多少个？", "如果{other}再给{name} {k} 个呢？",
            "后来{name}又捡到 {k} 个，有多少个？", "再加上{place}送来的 {k} 个呢？",
        ),
    },
    "-": {
        "en": (
            "Then {name} gives {k} to {other}. How many remain?", "And after losing {k}?",
            "Suppose {k} of them break. How many are left?",
            "{other} takes {k} away. And now?", "Now {name} sells {k}. How many is that?",
            "What if {name} hands {k} to {other}?",
            "Later {name} leaves {k} at {place}. How many then?", "And without {k} of them?",
        ),
        "zh": (
            "接着{name}给了{other} {k} 个，还剩多少个？", "再丢 {k} 个呢？", "假如坏了 {k} 个，还剩几个？",
            "{other}拿走 {k} 个，现在呢？",
            "{name}又卖掉 {k} 个，还有多少个？", "如果{name}交给{other} {k} 个呢？",
            "后来{name}在{place}留下 {k} 个，还有多少？", "去掉其中 {k} 个呢？",
        ),
    },
}  # fmt: skip
_BILL: dict[Language, tuple[str, ...]] = {
    "en": (
        "{name} goes to {place} with {cash} coins and buys {a} {x} at {p} coins each and {b} {y} "
            "at {q} coins each. How many coins are left?",
        "At {place}, {x} cost {p} coins each and {y} cost {q} coins each. {name} pays for {a} "
            "{x} and {b} {y} out of {cash} coins. How much change is due, in coins?",
        "{name} has {cash} coins. One after the other, {a} {x} for {p} coins each and {b} {y} "
            "for {q} coins each are bought. How many coins remain?",
        "For {place}, {name} orders {a} {x} (each {p} coins) and {b} {y} (each {q} coins), with "
            "{cash} coins to spend. What is left of the coins?",
        "A purse holds {cash} coins. {name} takes {a} {x} priced at {p} coins apiece, then {b} "
            "{y} priced at {q} coins apiece. How many coins stay in the purse?",
        "The budget of {name} is {cash} coins. It has to pay for {a} {x} at {p} coins and {b} "
            "{y} at {q} coins, prices for one piece. How many coins are not spent?",
        "{name} hands over {cash} coins at {place} for {a} {x} that cost {p} coins each, "
            "together with {b} {y} that cost {q} coins each. How many coins come back?",
        "Out of {cash} coins, {name} spends what {a} {x} at {p} coins each and {b} {y} at {q} "
            "coins each cost. How many coins does {name} keep?",
    ),
    "zh": (
        "{name}带 {cash} 元去{place}，买了 {a} 个{x}，每个 {p} 元，又买了 {b} 个{y}，每个 {q} 元。还剩多少元？",
        "{place}里{x}每个 {p} 元，{y}每个 {q} 元。{name}用 {cash} 元买了 {a} 个{x}和 {b} 个{y}。应找回多少元？",
        "{name}有 {cash} 元，先买 {a} 个单价 {p} 元的{x}，再买 {b} 个单价 {q} 元的{y}。剩下多少元？",
        "{name}为{place}订了 {a} 个{x}（每个 {p} 元）和 {b} 个{y}（每个 {q} 元），预算是 {cash} 元。还余多少元？",
        "钱包里有 {cash} 元，{name}拿了 {a} 个{x}，每个标价 {p} 元，还拿了 {b} 个{y}，每个标价 "
            "{q} 元。付账后钱包里还有多少元？",
        "{name}的预算为 {cash} 元，要支付 {a} 个{x}（单价 {p} 元）以及 {b} 个{y}（单价 {q} 元）。没花掉的有多少元？",
        "在{place}，{name}付了 {cash} 元，买下 {a} 个 {p} 元一个的{x}和 {b} 个 {q} 元一个的{y}。找零多少元？",
        "从 {cash} 元里花掉 {a} 个{x}（{p} 元一个）和 {b} 个{y}（{q} 元一个）的钱，{name}还留下多少元？",
    ),
}  # fmt: skip
_LEG: dict[Language, tuple[str, ...]] = {
    "en": (
        "{who} travels for {h} hours at {v} km/h", "{who} goes on for {h} hours at a speed of {v} km/h",
        "for {h} hours {who} keeps to {v} km/h",
        "{who} spends {h} hours at {v} km/h", "{who} drives {h} hours, covering {v} km/h",
        "{h} hours at {v} km/h follow for {who}",
        "{who} needs {h} hours for a stretch at {v} km/h", "during {h} hours {who} does {v} km/h",
    ),
    "zh": (
        "{who}以 {v} 千米/时行驶 {h} 小时", "{who}用 {v} 千米/时的速度走了 {h} 小时",
        "{who}保持 {v} 千米/时，开了 {h} 小时", "{who}以每小时 {v} 千米前进 {h} 小时",
        "{who}在这段路上以 {v} 千米/时骑了 {h} 小时", "{who}接着以 {v} 千米/时开 {h} 小时",
        "{who}按 {v} 千米/时的速度行进 {h} 小时", "{who}以 {v} 千米/时跑完 {h} 小时",
    ),
}  # fmt: skip
_FAR: dict[Language, tuple[str, ...]] = {
    "en": (
        "How many kilometres is that altogether?", "How far is that in all, in kilometres?",
        "How long is the whole way in kilometres?", "What is the total distance in kilometres?",
        "How many kilometres lie behind {who} then?", "Add up the way: how many kilometres?",
        "How many kilometres does {who} cover in total?", "Give the whole distance in kilometres.",
    ),
    "zh": (
        "一共是多少千米？", "全程多少千米？", "总路程是多少千米？", "{who}总共走了多少千米？", "合计多少千米？",
        "整段路长多少千米？", "加起来有多少千米？", "请给出总路程（千米）。",
    ),
}  # fmt: skip
_WHEN: dict[Language, tuple[str, ...]] = {
    "en": (
        "Then", "Later", "In the afternoon", "The next day", "A little later", "After that", "On {day}", "Soon",
        "In the evening", "A week later",
    ),
    "zh": (
        "然后，", "后来，", "下午，", "第二天，", "不久，", "此后，", "到了{day}，", "很快，", "晚上，",
        "过了一周，",
    ),
}  # fmt: skip


def write(rng: random.Random, language: Language) -> Talk:
    """A stock with two to five changes, a bill, or a journey."""
    return rng.choice((_stock, _stock, _bill, _journey))(rng, language)


def _stock(rng: random.Random, language: Language) -> Talk:
    name, other, place, things, amount = _scene(rng, language)
    filled = {"name": name, "place": place, "things": things}
    text, steps = one_of(rng, language, _START).format(n=amount, **filled), []
    stop = ". " if language == "en" else "。"
    said = text + (" " if language == "en" else "")
    for _ in range(rng.randint(2, 5)):
        sign = rng.choice("++--×") if 10 < amount < 120 else "+" if amount <= 10 else "-"
        k = (
            rng.randint(2, 4)
            if sign == "×"
            else rng.randint(2, 19)
            if sign == "+"
            else rng.randint(2, max(2, amount // 2))
        )
        when = one_of(rng, language, _WHEN).format(day=rng.choice(WEEKDAYS[language]))
        other = rng.choice([each for each in NAMES[language] if each != name])
        filled |= {"other": other, "place": rng.choice(PLACES[language])}
        said += one_of(rng, language, _EVENTS[sign]).format(when=when, k=k, **filled) + stop
        after = {"+": amount + k, "-": amount - k, "×": amount * k}[sign]
        steps.append(f"{amount} {sign} {k} = {after}")
        amount = after
    first = Exchange(ask=said + one_of(rng, language, _END).format(**filled), answer=str(amount), steps=tuple(steps))
    later = []
    for _ in range(rng.choice((0, 0, 0, 1, 2, 3))):
        sign = "+" if amount < 20 else rng.choice("+-")
        k = rng.randint(2, 15)
        amount = amount + k if sign == "+" else amount - k
        later.append(Exchange(ask=one_of(rng, language, _GO_ON[sign]).format(k=k, **filled), answer=str(amount)))
    return Talk(template="stories/stock", exchanges=(first, *later), introduced=False)


def _scene(rng: random.Random, language: Language) -> tuple[str, str, str, str, int]:
    name, other = rng.sample(NAMES[language], 2)
    return name, other, rng.choice(PLACES[language]), rng.choice(THINGS[language]), rng.randint(8, 90)


def _bill(rng: random.Random, language: Language) -> Talk:
    name, other, place, _, _ = _scene(rng, language)
    x, y = rng.sample(THINGS[language], 2)
    a, b, p, q = rng.randint(2, 15), rng.randint(2, 15), rng.randint(2, 30), rng.randint(2, 30)
    cost = a * p + b * q
    cash = cost + rng.randint(1, 99)
    ask = one_of(rng, language, _BILL).format(
        name=name, other=other, place=place, x=x, y=y, a=a, b=b, p=p, q=q, cash=cash
    )
    steps = (
        f"{a} × {p} = {a * p}",
        f"{b} × {q} = {b * q}",
        f"{a * p} + {b * q} = {cost}",
        f"{cash} - {cost} = {cash - cost}",
    )
    return Talk(
        template="stories/bill", exchanges=(Exchange(ask=ask, answer=str(cash - cost), steps=steps),), introduced=False
    )


def _journey(rng: random.Random, language: Language) -> Talk:
    who, parts, steps, total = rng.choice(NAMES[language]), [], [], 0
    legs = rng.randint(2, 4)
    for _ in range(legs):
        h, v = rng.randint(2, 9), rng.randint(4, 95)
        parts.append(one_of(rng, language, _LEG).format(who=who, h=h, v=v))
        steps.append(f"{h} × {v} = {h * v}")
        total += h * v
    steps.append(" + ".join(step.split(" = ")[1] for step in steps) + f" = {total}")
    if language == "en":
        said = " ".join(part[0].upper() + part[1:] + "." for part in parts) + " "
    else:
        said = "；".join(parts) + "。"
    ask = said + one_of(rng, language, _FAR).format(who=who)
    return Talk(
        template="stories/journey",
        exchanges=(Exchange(ask=ask, answer=str(total), steps=tuple(steps)),),
        introduced=False,
    )
