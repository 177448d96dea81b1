"""Sentences around a question: who asks it and why, and how the answer is to be written."""

from __future__ import annotations

import random

from synth.verifiable.exchange import Kind, Language, one_of
from synth.verifiable.words import NAMES, PLACES

_DOING = {
    "en": (
        "is preparing a quiz for {place}", "asked me this over lunch", "found this in an old exercise book",
        "is checking the figures for {place}", "needs this for a report to {place}",
        "is teaching a class at {place}",
        "wants to settle a bet with somebody from {place}", "is filling in a form for {place}",
        "left this question on my desk", "is training new staff at {place}", "keeps a puzzle column for {place}",
        "cannot find the answer sheet", "is testing a program written for {place}", "sent me this from {place}",
        "is helping a neighbour with homework", "has to know this before going to {place}",
        "is drafting a worksheet for {place}", "got two different results for this at {place}",
        "promised an answer to {place} by tonight", "does one of these every morning before work at {place}",
    ),
    "zh": (
        "正在为{place}准备一份小测验", "吃午饭时问了我这个问题", "在旧练习本里看到这道题", "正在核对{place}的数据",
        "写给{place}的报告里要用到这个", "在{place}给大家上课", "想和{place}的同事打个赌", "正在替{place}填一张表",
        "把这个问题留在了我桌上", "在{place}培训新人", "为{place}的小报写谜题专栏", "找不到答案页了",
        "在测试一个给{place}写的程序", "从{place}给我发来这个问题", "在辅导邻居家孩子做作业",
        "去{place}之前要弄清楚这个",
        "在给{place}设计练习题", "在{place}算出了两个不同的结果", "答应今晚之前回复{place}",
        "每天去{place}上班前都要做一道这样的题",
    ),
}  # fmt: skip
_PLAIN: dict[Language, tuple[str, ...]] = {
    "en": (
        "A quick one.", "Please help me with this.", "Here is a small task.", "Take your time with this one.",
        "Hello!",
        "Next question.", "I would like to be sure about this.", "One more for today.",
    ),
    "zh": (
        "请帮我看一下。", "问个小问题。", "下一题。", "再来一道。", "你好！", "麻烦你了。", "请仔细想想。",
        "今天最后一个问题。",
    ),
}  # fmt: skip
_ONLY: dict[Kind, dict[Language, tuple[str, ...]]] = {
    "number": {
        "en": (
            "Answer with the number only.", "Just give me the number.", "Write nothing but the number.",
            "Reply with a single number.", "Only the number, please.", "No explanation, only the number.",
            "The bare number will do.", "State the number and nothing else.",
        ),
        "zh": (
            "只回答数字。", "请只写出数字。", "直接给出数字即可。", "不用解释，只要数字。", "答案只写一个数。",
            "除了数字什么都不要写。",
            "只需要那个数。", "请用一个数字作答。",
        ),
    },
    "word": {
        "en": (
            "Answer with that alone.", "Give the answer only.", "Write just the answer.", "No explanation, please.",
            "Nothing but the answer, please.", "Reply with the answer and nothing else.",
            "The bare answer will do.",
            "Keep it to the answer itself.",
        ),
        "zh": (
            "只写答案。", "直接回答即可。", "不用解释。", "请只给出答案本身。", "除答案外不要写别的。",
            "答案即可，无需说明。", "回答尽量简短，只写答案。",
            "只要结果。",
        ),
    },
    "list": {
        "en": (
            "Separate the items with a comma and a space.", "Write them on one line with commas between.",
            "Give only the list, separated by commas.", "Answer with a comma-separated list.",
            "Use commas between the items and nothing else.", "List them with commas, no full stop at the end.",
            "Only the list, please, with commas.", "One line, items divided by commas.",
        ),
        "zh": (
            "各项之间用逗号加空格（, ）隔开。", "写在一行，用英文逗号和空格分隔。", "只写列表，以“, ”分隔。",
            "请用英文逗号加空格分隔各项。",
            "只要结果，项与项之间用“, ”。", "答案写成一行，以英文逗号和空格分开。", "不要解释，用“, ”把各项隔开。",
            "以英文逗号和空格分隔，结尾不加句号。",
        ),
    },
    "date": {
        "en": (
            "Write it as YYYY-MM-DD.", "Use the form YYYY-MM-DD.",
            "Answer in the form YYYY-MM-DD and nothing else.",
            "Give it as YYYY-MM-DD.", "Only the date, as YYYY-MM-DD.", "Format: YYYY-MM-DD.",
            "ISO form, please (YYYY-MM-DD).", "Reply with YYYY-MM-DD alone.",
        ),
        "zh": (
            "请写成 YYYY-MM-DD 的形式。", "格式为 YYYY-MM-DD。", "只写日期，用 YYYY-MM-DD 格式。",
            "答案用 YYYY-MM-DD 表示。",
            "以 YYYY-MM-DD 作答。", "请用 YYYY-MM-DD 格式回答。", "日期写作 YYYY-MM-DD。",
            "只要日期，形如 YYYY-MM-DD。",
        ),
    },
}  # fmt: skip
_WORKED: dict[Language, tuple[str, ...]] = {
    "en": (
        'Show your working and end with a line that starts with "Answer:".',
        'Explain each step; the last line must read "Answer: ..." with the result.',
        'Work through it and put the result in a final line, "Answer: ...".',
        'I want to see the steps. Close with "Answer:" and the result.',
        'Reason step by step, then write "Answer:" and the result on the last line.',
        'Write down how you get there, and finish with "Answer:" and the result.',
        'Give the steps first, one a line, and the result after "Answer:" at the end.',
        'Let me follow your working; the result goes after "Answer:" in the last line.',
    ),
    "zh": (
        "请写出过程，最后一行以“答案：”开头给出结果。",
        "一步一步推算，末行写“答案：”和结果。",
        "请展示计算步骤，最后用“答案：”给出结果。",
        "我想看过程，结尾一行写“答案：……”。",
        "先写步骤，每步一行，最后写“答案：”加结果。",
        "请说明是怎么得到的，并以“答案：”一行结束。",
        "逐步解答，结果写在最后一行“答案：”之后。",
        "写清楚每一步，最后一行为“答案：”与结果。",
    ),
}


def introduction(rng: random.Random, language: Language) -> str:
    """A sentence before the question, without digits; often empty."""
    draw = rng.random()
    if draw < 0.3:
        return ""
    if draw < 0.45:
        return one_of(rng, language, _PLAIN)
    doing = rng.choice(_DOING[language]).format(place=rng.choice(PLACES[language]))
    name = rng.choice(NAMES[language])
    return f"{name} {doing}." if language == "en" else f"{name}{doing}。"


def only(rng: random.Random, language: Language, kind: Kind) -> str:
    """How to write an answer of this kind; empty for the kind ""."""
    return one_of(rng, language, _ONLY[kind]) if kind else ""


def worked(rng: random.Random, language: Language, kind: Kind) -> str:
    """The request for a worked solution with the answer in its last line."""
    asked = one_of(rng, language, _WORKED)
    if kind == "date":
        return asked + (" Write the date as YYYY-MM-DD." if language == "en" else "日期写作 YYYY-MM-DD。")
    return asked


def final(language: Language, answer: str) -> str:
    """The last line of a worked solution."""
    return f"Answer: {answer}" if language == "en" else f"答案：{answer}"


def joined(language: Language, *sentences: str) -> str:
    """Sentences in a row: with spaces in English, without in Chinese; a block of its own keeps its line breaks."""
    text = ""
    for sentence in filter(None, sentences):
        glue = "" if not text or text.endswith("\n") or sentence.startswith("\n") else " " if language == "en" else ""
        text += glue + sentence
    return text
