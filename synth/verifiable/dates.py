"""Dates, weekdays and times of the day. All days are of the Gregorian calendar, 1905 to 2095."""

from __future__ import annotations

import random
from datetime import date, timedelta

from synth.verifiable.exchange import Exchange, Language, Talk, one_of
from synth.verifiable.words import MONTHS, WEEKDAYS

_WEEKDAY: dict[Language, tuple[str, ...]] = {
    "en": (
        "Which day of the week is {d}?", "What weekday is {d}?", "On what day of the week does {d} fall?",
        "Name the weekday of {d}.",
        "Tell me which weekday belongs to {d}.", "Is {d} a Monday, a Tuesday or which weekday?",
        "Find the day of the week for {d}.", "{d}: which weekday is that?",
    ),
    "zh": (
        "{d}是星期几？", "请问{d}是星期几？", "{d}落在星期几？", "请说出{d}是星期几。", "求{d}对应的星期。",
        "帮我查一下{d}是星期几。", "{d}那天是星期几？", "{d}，星期几？",
    ),
}  # fmt: skip
_SHIFT: dict[str, dict[Language, tuple[str, ...]]] = {
    "+": {
        "en": (
            "What date is {k} days after {d}?", "Which date do you reach {k} days after {d}?",
            "Add {k} days to {d}.", "A loan of {d} is due {k} days later. On which date?",
            "If you count {k} days on from {d}, where do you land?", "Which day is it {k} days later than {d}?",
            "A parcel left on {d} and took {k} days. When did it arrive?",
            "Something starts on {d} and ends {k} days later. On which date does it end?",
        ),
        "zh": (
            "{d}之后 {k} 天是哪一天？", "从{d}起再过 {k} 天是几号？", "{d}往后数 {k} 天是哪天？",
            "借款日为{d}，{k} 天后到期，到期日是哪天？", "{d}加上 {k} 天是哪一天？",
            "包裹于{d}寄出，{k} 天后送达，哪天到？", "活动{d}开始，{k} 天后结束，哪天结束？",
            "请算出{d}的 {k} 天后是哪天。",
        ),
    },
    "-": {
        "en": (
            "What date is {k} days before {d}?", "Which date was {k} days earlier than {d}?",
            "Go back {k} days from {d}.", "Subtract {k} days from {d}.",
            "A trip of {k} days back from {d}: on which date do you land?",
            "Something ended on {d}, {k} days before which it began. When did it begin?",
            "Count {k} days backwards from {d}.", "Notice must be given {k} days before {d}. On which date?",
        ),
        "zh": (
            "{d}之前 {k} 天是哪一天？", "{d}往前数 {k} 天是几号？", "从{d}倒推 {k} 天是哪天？",
            "{d}减去 {k} 天是哪一天？", "须在{d}的 {k} 天前通知，是哪天？",
            "某事于{d}结束，此前 {k} 天开始，哪天开始？", "请算出{d}的 {k} 天前是哪天。",
            "比{d}早 {k} 天的是哪一天？",
        ),
    },
}  # fmt: skip
_BETWEEN: dict[Language, tuple[str, ...]] = {
    "en": (
        "How many days are there from {a} to {b}, not counting the first day?", "How many days after {a} is {b}?",
        "How many days lie between {a} and {b}, if you count the last but not the first?",
        "From {a} until {b}, how many days pass?", "What is the difference in days between {a} and {b}?",
        "Count the days from {a} to {b}, leaving out the first.",
        "A journey began on {a} and ended on {b}. How many days later was that?",
        "How many nights are there from {a} to {b}?",
    ),
    "zh": (
        "从{a}到{b}相差多少天？", "{b}是{a}之后的第多少天？", "{a}与{b}之间隔了多少天（算尾不算头）？",
        "从{a}起，过多少天到{b}？", "{a}和{b}差几天？",
        "旅行从{a}开始，到{b}结束，历时多少天（不算第一天）？", "从{a}到{b}要过多少个夜晚？",
        "请数出从{a}到{b}的天数，不算第一天。",
    ),
}  # fmt: skip
_CLOCK: dict[Language, tuple[str, ...]] = {
    "en": (
        "A film starts at {t} and lasts {m} minutes. At what time does it end?",
        "It is {t}. What time is it in {m} minutes?",
        "A train leaves at {t} and travels for {m} minutes. When does it arrive?",
        "What time is {m} minutes after {t}?", "The oven goes on at {t} for {m} minutes. When does it go off?",
        "A meeting begins at {t} and takes {m} minutes. When is it over?",
        "Add {m} minutes to {t}.", "Someone walks off at {t} and is back {m} minutes later. At what time?",
    ),
    "zh": (
        "电影 {t} 开始，片长 {m} 分钟，几点结束？", "现在是 {t}，再过 {m} 分钟是几点？",
        "火车 {t} 出发，行驶 {m} 分钟，几点到达？", "{t} 之后 {m} 分钟是几点？",
        "烤箱 {t} 打开，定时 {m} 分钟，几点关闭？", "会议 {t} 开始，持续 {m} 分钟，几点结束？",
        "{t} 加上 {m} 分钟是几点？", "某人 {t} 出门，{m} 分钟后回来，那时几点？",
    ),
}  # fmt: skip
_HHMM: dict[Language, tuple[str, ...]] = {
    "en": (
        "Write HH:MM on the 24-hour clock.", "Answer as HH:MM, 24-hour clock.", "Use HH:MM (24 hours).",
        "Only the time, as HH:MM.",
    ),
    "zh": (
        "请用 24 小时制 HH:MM 作答。", "写成 HH:MM（24 小时制）。", "只写时间，格式 HH:MM。", "答案格式为 HH:MM。",
    ),
}  # fmt: skip
_MORE_DAYS: dict[Language, tuple[str, ...]] = {
    "en": (
        "And {k} days after that?", "What about {k} days later still?", "Now go {k} days further.",
        "Add {k} more days.", "And another {k} days on?", "And {k} days later than your answer?",
        "{k} days on from there?", "Move on by {k} days.",
    ),
    "zh": (
        "再过 {k} 天呢？", "在此之后 {k} 天是哪天？", "再往后推 {k} 天。", "再加 {k} 天呢？",
        "从那天起 {k} 天后呢？", "又过了 {k} 天是哪天？", "继续往后数 {k} 天。", "那么再晚 {k} 天呢？",
    ),
}  # fmt: skip
_MORE_MINUTES: dict[Language, tuple[str, ...]] = {
    "en": (
        "And {k} minutes after that?", "And if it takes {k} minutes longer?", "Now {k} minutes later still.",
        "Add another {k} minutes.", "With a delay of {k} minutes?", "And {k} minutes on from there?",
        "What if it runs {k} minutes over?", "Then {k} minutes more?",
    ),
    "zh": (
        "再过 {k} 分钟呢？", "如果晚 {k} 分钟呢？", "再加 {k} 分钟。", "延误 {k} 分钟的话呢？",
        "之后 {k} 分钟是几点？", "若再长 {k} 分钟呢？", "又过 {k} 分钟呢？", "往后推 {k} 分钟。",
    ),
}  # fmt: skip
_DAY_OF_THAT: dict[Language, tuple[str, ...]] = {
    "en": (
        "Which day of the week is that?", "And what weekday is that date?", "On which weekday does it fall?",
        "Name its day of the week.", "What weekday would that be?", "And its weekday?", "Which weekday is it?",
        "Tell me the weekday too.",
    ),
    "zh": (
        "那天是星期几？", "那是星期几？", "这一天是星期几？", "请说出那天是星期几。", "对应星期几？",
        "它落在星期几？", "那一天星期几？", "顺便问一下，那天星期几？",
    ),
}  # fmt: skip


def write(rng: random.Random, language: Language) -> Talk:
    """A weekday, a date some days off, the days between two dates, or a time of the day."""
    return rng.choice((_weekday, _shift, _shift, _between, _clock))(rng, language)


def spelled(rng: random.Random, language: Language, day: date) -> str:
    """A date as people write it; in English also in ISO form, in Chinese with its signs for year, month and day."""
    if language == "zh":
        return (
            f"{day.year} 年 {day.month} 月 {day.day} 日"
            if rng.random() < 0.5
            else f"{day.year}年{day.month}月{day.day}日"
        )
    month = MONTHS[day.month - 1]
    forms = (f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}", day.isoformat())
    return rng.choice(forms)


def any_day(rng: random.Random) -> date:
    return date(1905, 1, 1) + timedelta(days=rng.randrange(365 * 190))


def _weekday(rng: random.Random, language: Language) -> Talk:
    day = any_day(rng)
    ask = one_of(rng, language, _WEEKDAY).format(d=spelled(rng, language, day))
    return Talk(template="dates/weekday", exchanges=(Exchange(ask=ask, answer=_name(language, day), kind="word"),))


def _name(language: Language, day: date) -> str:
    return WEEKDAYS[language][day.weekday()]


def _shift(rng: random.Random, language: Language) -> Talk:
    day, k, sign = any_day(rng), rng.randint(3, 400), rng.choice("+-")
    found = day + timedelta(days=k if sign == "+" else -k)
    ask = one_of(rng, language, _SHIFT[sign]).format(k=k, d=spelled(rng, language, day))
    exchanges = [Exchange(ask=ask, answer=found.isoformat(), kind="date", steps=_by_month(day, found))]
    for _ in range(rng.choice((0, 0, 1, 2))):
        k = rng.randint(2, 90)
        found += timedelta(days=k)
        asked = one_of(rng, language, _MORE_DAYS).format(k=k)
        exchanges.append(Exchange(ask=asked, answer=found.isoformat(), kind="date"))
    if rng.random() < 0.35:
        exchanges.append(Exchange(ask=one_of(rng, language, _DAY_OF_THAT), answer=_name(language, found), kind="word"))
    return Talk(template=f"dates/{'later' if sign == '+' else 'earlier'}", exchanges=tuple(exchanges))


def _by_month(day: date, goal: date) -> tuple[str, ...]:
    """The way from one date to the other by the first days of at most eighteen months, one line each."""
    steps = []
    while day != goal:
        if day < goal:
            first = date(day.year + day.month // 12, day.month % 12 + 1, 1)
            reached = min(first, goal)
        else:
            last = day.replace(day=1) - timedelta(days=1)
            reached = max(last, goal)
        steps.append(f"{day} {'+' if day < goal else '-'} {abs((reached - day).days)} = {reached}")
        day = reached
    return tuple(steps)


def _between(rng: random.Random, language: Language) -> Talk:
    first = any_day(rng)
    last = first + timedelta(days=rng.randint(5, 500))
    ask = one_of(rng, language, _BETWEEN).format(a=spelled(rng, language, first), b=spelled(rng, language, last))
    days = (last - first).days
    return Talk(
        template="dates/between", exchanges=(Exchange(ask=ask, answer=str(days), steps=_by_month(first, last)),)
    )


def _clock(rng: random.Random, language: Language) -> Talk:
    start, minutes = rng.randrange(24 * 60), rng.randint(7, 600)
    end = start + minutes
    ask = one_of(rng, language, _CLOCK).format(t=_time(start), m=minutes)
    ask += (" " if language == "en" else "") + one_of(rng, language, _HHMM)
    exchanges = [Exchange(ask=ask, answer=_time(end), kind="")]
    for _ in range(rng.choice((0, 0, 1, 2))):
        k = rng.randint(3, 90)
        end += k
        exchanges.append(Exchange(ask=one_of(rng, language, _MORE_MINUTES).format(k=k), answer=_time(end), kind=""))
    return Talk(template="dates/clock", exchanges=tuple(exchanges))


def _time(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"
