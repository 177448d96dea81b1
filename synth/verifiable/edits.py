"""Edits of a short text, letter by letter or word by word, and edits of what came out."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from synth.verifiable.exchange import Exchange, Kind, Language, Talk
from synth.verifiable.words import HANZI_WORDS, WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edit:
    """What is asked (`{t}` is the text, `{c}` a character of it, `{d}` another, `{k}` a number) and what comes out."""

    name: str
    asks: tuple[str, ...]
    then: tuple[str, ...]  # the same of the former result
    edit: Callable[[str, str, str, int], str]
    kind: Kind = "word"  # "number" where the result is a count, after which no edit can follow


_EN = (
    _Edit(
        name="reverse",
        asks=(
            'Write "{t}" backwards, letter by letter.', 'Reverse the characters of "{t}".',
            'Spell "{t}" from its end to its start.', 'What is "{t}" read backwards?',
            'Mirror the text "{t}", so that its last letter comes first.',
            'Turn "{t}" round, character by character.', 'Give "{t}" in reverse.',
            'How does "{t}" read from right to left?',
        ),
        then=(
            "Write that backwards.", "Reverse the characters of that.", "Now from its end to its start.",
            "And read backwards?", "Mirror it.", "Turn that round, character by character.", "Give it in reverse.",
            "And from right to left?",
        ),
        edit=lambda t, c, d, k: t[::-1],
    ),
    _Edit(
        name="upper",
        asks=(
            'Write "{t}" in capital letters.', 'Put "{t}" into upper case.', 'Capitalise every letter of "{t}".',
            'Turn "{t}" into capitals.', 'Shout "{t}": all letters in upper case.', 'Change "{t}" to upper case.',
            'How does "{t}" look in capitals?', 'Use only capitals for "{t}".',
        ),
        then=(
            "Write that in capital letters.", "Put it into upper case.", "Capitalise every letter.",
            "Turn it into capitals.", "All letters in upper case now.", "Change it to upper case.",
            "And in capitals?", "Use only capitals.",
        ),
        edit=lambda t, c, d, k: t.upper(),
    ),
    _Edit(
        name="replace",
        asks=(
            'Replace every "{c}" in "{t}" by "{d}".', 'In "{t}", change each "{c}" to "{d}".',
            'Put "{d}" wherever "{c}" stands in "{t}".', 'Swap each "{c}" of "{t}" for "{d}".',
            'Write "{t}" with "{d}" in place of "{c}".', 'What does "{t}" become if "{c}" turns into "{d}"?',
            'Substitute "{d}" for every "{c}" in "{t}".', 'Exchange all "{c}" for "{d}" in "{t}".',
        ),
        then=(
            'Replace every "{c}" in that by "{d}".', 'Change each "{c}" to "{d}".',
            'Put "{d}" wherever "{c}" stands.', 'Swap each "{c}" for "{d}".',
            'Write it with "{d}" in place of "{c}".', 'And if "{c}" turns into "{d}"?',
            'Substitute "{d}" for every "{c}".', 'Exchange all "{c}" for "{d}".',
        ),
        edit=lambda t, c, d, k: t.replace(c, d),
    ),
    _Edit(
        name="remove",
        asks=(
            'Delete every "{c}" from "{t}".', 'Remove each "{c}" in "{t}".', 'Write "{t}" without any "{c}".',
            'Strike all "{c}" out of "{t}".', 'Leave out the letter "{c}" in "{t}".',
            'What is left of "{t}" without "{c}"?', 'Drop each "{c}" from "{t}".',
            'Take every "{c}" away from "{t}".',
        ),
        then=(
            'Delete every "{c}" from it.', 'Remove each "{c}".', 'Write it without any "{c}".',
            'Strike all "{c}" out of it.', 'Leave out the letter "{c}".', 'What is left without "{c}"?',
            'Drop each "{c}".', 'Take every "{c}" away.',
        ),
        edit=lambda t, c, d, k: t.replace(c, ""),
    ),
    _Edit(
        name="caesar",
        asks=(
            'Shift every letter of "{t}" {k} places forward in the alphabet, from z on to a.',
            'Encode "{t}" with a Caesar shift of {k}.',
            'Move each letter of "{t}" on by {k} in the alphabet (z is followed by a).',
            'Apply a Caesar cipher with shift {k} to "{t}".', 'Caesar shift {k}: "{t}".',
            'Replace each letter of "{t}" by the one {k} places later; after z comes a.',
            'With every letter moved {k} places on, what does "{t}" become?',
            'Encipher "{t}" by moving its letters {k} places on.',
        ),
        then=(
            "Shift every letter of that {k} places forward.", "Encode it with a Caesar shift of {k}.",
            "Move each letter on by {k}.", "Apply a Caesar cipher with shift {k}.", "Now a Caesar shift of {k}.",
            "Replace each letter by the one {k} places later.", "And every letter moved {k} places on?",
            "Encipher it by moving its letters {k} places on.",
        ),
        edit=lambda t, c, d, k: "".join(_shifted(each, k) for each in t),
    ),
    _Edit(
        name="acronym",
        asks=(
            'Form an acronym in capitals from "{t}".', 'Take the first letter of each word of "{t}", in capitals.',
            'Which acronym (in capitals) does "{t}" give?',
            'Shorten "{t}" to its initials, in capitals without dots.',
            'Write the initials of "{t}" as one word in capitals.', 'What are the initials of "{t}" in capitals?',
            'Build an acronym out of "{t}", all capitals.', 'Join the first letters of "{t}", in upper case.',
        ),
        then=(),
        edit=lambda t, c, d, k: "".join(word[0] for word in t.split()).upper(),
    ),
    _Edit(
        name="order",
        asks=(
            'Reverse the order of the words in "{t}".', 'Write the words of "{t}" in reverse order.',
            'Put the last word of "{t}" first, and so on, keeping each word as it is.',
            'Give "{t}" with its words in the opposite order.',
            'Turn the sequence of words in "{t}" round, not the letters.',
            'List the words of "{t}" from last to first, with spaces.',
            'Rearrange "{t}" so that its words run from last to first.',
            'What is "{t}" with the word order reversed?',
        ),
        then=(),
        edit=lambda t, c, d, k: " ".join(t.split()[::-1]),
    ),
    _Edit(
        name="nth",
        asks=(
            'Which letter is number {k} in "{t}", spaces not counted?',
            'Leaving out spaces, what is letter {k} of "{t}"?',
            'Name letter number {k} of "{t}" (skip the spaces).',
            'What letter stands at place {k} in "{t}", not counting spaces?',
            'Count the letters of "{t}" up to {k}: which one is it?',
            'Give me letter {k} of "{t}", spaces ignored.', 'Ignoring spaces, pick letter {k} out of "{t}".',
            'In "{t}", which letter is at position {k} if spaces do not count?',
        ),
        then=(),
        edit=lambda t, c, d, k: t.replace(" ", "")[k - 1],
    ),
    _Edit(
        name="count",
        asks=(
            'How often does the letter "{c}" occur in "{t}"?', 'Count the letter "{c}" in "{t}".',
            'How many times does "{c}" stand in "{t}"?', 'Number of "{c}" in "{t}"?',
            'In "{t}", how many letters are "{c}"?', 'Find out how many "{c}" there are in "{t}".',
            'Tell me the count of "{c}" in "{t}".', '"{t}": how many "{c}"?',
        ),
        then=(
            'How often does "{c}" occur in that?', 'Count the letter "{c}" in it.', 'How many "{c}" are in it?',
            'And the number of "{c}"?', 'How many times does "{c}" stand there?',
            'How many of its letters are "{c}"?', 'Tell me the count of "{c}".', 'Now count "{c}".',
        ),
        edit=lambda t, c, d, k: str(t.count(c)),
        kind="number",
    ),
)  # fmt: skip
_ZH = (
    _Edit(
        name="reverse",
        asks=(
            "请把“{t}”倒过来写。", "将“{t}”逐字反转。", "“{t}”倒着念是什么？", "把“{t}”从后往前写。",
            "请反向写出“{t}”。", "颠倒“{t}”的字序。", "“{t}”从右往左读是什么？", "把“{t}”的字顺序反过来。",
        ),
        then=(
            "再倒过来写。", "逐字反转它。", "倒着念呢？", "从后往前写一遍。", "请反向写出它。", "颠倒它的字序。",
            "从右往左读呢？", "把字的顺序反过来。",
        ),
        edit=lambda t, c, d, k: t[::-1],
    ),
    _Edit(
        name="replace",
        asks=(
            "把“{t}”中的“{c}”全部换成“{d}”。", "将“{t}”里的“{c}”替换为“{d}”。",
            "“{t}”中每个“{c}”都改成“{d}”，结果是什么？", "请用“{d}”代替“{t}”里的“{c}”。",
            "在“{t}”中，“{c}”改为“{d}”。", "若把“{t}”的“{c}”写作“{d}”，得到什么？", "替换“{t}”：“{c}”变“{d}”。",
            "将“{t}”的“{c}”都写成“{d}”。",
        ),
        then=(
            "把“{c}”全部换成“{d}”。", "将“{c}”替换为“{d}”。", "每个“{c}”都改成“{d}”呢？", "请用“{d}”代替“{c}”。",
            "再把“{c}”改为“{d}”。", "若“{c}”写作“{d}”呢？", "现在“{c}”变“{d}”。", "将“{c}”都写成“{d}”。",
        ),
        edit=lambda t, c, d, k: t.replace(c, d),
    ),
    _Edit(
        name="remove",
        asks=(
            "从“{t}”中删去“{c}”。", "去掉“{t}”里所有的“{c}”。", "“{t}”不要“{c}”，剩下什么？",
            "请删除“{t}”中的“{c}”字。", "把“{t}”里的“{c}”都拿掉。", "写出没有“{c}”的“{t}”。",
            "划去“{t}”中的“{c}”。", "略去“{c}”，“{t}”变成什么？",
        ),
        then=(
            "删去“{c}”。", "去掉所有的“{c}”。", "不要“{c}”，剩下什么？", "请删除“{c}”字。", "把“{c}”都拿掉。",
            "写出没有“{c}”的结果。", "划去“{c}”。", "略去“{c}”呢？",
        ),
        edit=lambda t, c, d, k: t.replace(c, ""),
    ),
    _Edit(
        name="nth",
        asks=(
            "“{t}”的第 {k} 个字是什么？", "请写出“{t}”的第 {k} 个字。", "在“{t}”中，排第 {k} 的字是哪个？",
            "“{t}”里第 {k} 个字是？", "取“{t}”的第 {k} 个字。", "数到“{t}”的第 {k} 个字，是什么？",
            "“{t}”第 {k} 位上是什么字？", "告诉我“{t}”的第 {k} 个字。",
        ),
        then=(
            "第 {k} 个字是什么？", "请写出它的第 {k} 个字。", "其中排第 {k} 的字是哪个？", "现在第 {k} 个字是？",
            "取第 {k} 个字。", "数到第 {k} 个字，是什么？", "第 {k} 位上是什么字？", "告诉我第 {k} 个字。",
        ),
        edit=lambda t, c, d, k: t[k - 1],
    ),
    _Edit(
        name="count",
        asks=(
            "“{t}”中有几个“{c}”？", "“{c}”在“{t}”里出现几次？", "数一数“{t}”中的“{c}”。",
            "“{t}”里“{c}”的个数是多少？", "请数出“{t}”有多少个“{c}”。", "字“{c}”在“{t}”中共出现多少次？",
            "“{t}”含有几个“{c}”？", "统计“{t}”里“{c}”的次数。",
        ),
        then=(
            "其中有几个“{c}”？", "“{c}”出现几次？", "数一数“{c}”。", "“{c}”的个数是多少？", "有多少个“{c}”？",
            "“{c}”共出现多少次？", "它含有几个“{c}”？", "统计“{c}”的次数。",
        ),
        edit=lambda t, c, d, k: str(t.count(c)),
        kind="number",
    ),
)  # fmt: skip


def write(rng: random.Random, language: Language) -> Talk:
    """An edit of two to four words; where there is something left to edit, half of them go on with it."""
    english = language == "en"
    words = rng.sample(WORDS if english else HANZI_WORDS, rng.randint(2, 4) if english else rng.randint(2, 5))
    text = (" " if english else "").join(words)
    edits = _EN if english else _ZH
    edit = rng.choice(edits)
    template = f"edits/{edit.name}"
    first, text_after = _exchange(rng, edit, edit.asks, text)
    exchanges = [first]
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        if exchanges[-1].kind == "number" or len(set(text_after) - {" "}) < 4 or len(text_after.split()[0]) < 2:
            break
        # Letters of a text in capitals would have to be asked for in capitals.
        following = [
            each for each in edits if each.then and (text_after.islower() or not english or each.name == "reverse")
        ]
        edit = rng.choice(following)
        exchange, text_after = _exchange(rng, edit, edit.then, text_after)
        exchanges.append(exchange)
    return Talk(template=template, exchanges=tuple(exchanges))


def _exchange(rng: random.Random, edit: _Edit, asks: tuple[str, ...], text: str) -> tuple[Exchange, str]:
    letters = [each for each in text if each != " "]
    c = rng.choice(letters)
    d = rng.choice(
        [each for each in ("abcdefghijklmnopqrstuvwxyz" if c.isascii() else "天地人和东西南北") if each not in text]
        or ["x"]
    )
    k = rng.randint(2, min(12, len(letters)))
    found = edit.edit(text, c, d, k)
    return Exchange(ask=rng.choice(asks).format(t=text, c=c, d=d, k=k), answer=found, kind=edit.kind), found


def _shifted(letter: str, k: int) -> str:
    return chr((ord(letter) - 97 + k) % 26 + 97) if letter.islower() else letter
