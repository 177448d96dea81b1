"""Functions to be written in Python, with the tests that they have to pass in the prompt."""

from __future__ import annotations

import random
import re

from curation.contract.sample import Sample
from synth.verifiable.code_tasks import TASKS, Task
from synth.verifiable.exchange import Exchange, Language, Talk, one_of
from synth.verifiable.sandbox import Ran, run

_ASK: dict[Language, tuple[str, ...]] = {
    "en": (
        "Write a Python function {f}({a}) that returns {what}.",
        "I need a Python function {f}({a}). It should return {what}.",
        "Implement {f}({a}) in Python; it returns {what}.",
        "Please code {f}({a}) in Python so that it gives back {what}.",
        "Define a function {f}({a}) in Python whose result is {what}.",
        "In Python, write {f}({a}), which returns {what}.",
        "Complete this task in Python: {f}({a}) must return {what}.",
        "How would you write a Python function {f}({a}) that returns {what}?",
    ),
    "zh": (
        "用 Python 编写函数 {f}({a})，返回{what}。", "请写一个 Python 函数 {f}({a})，其返回值是{what}。",
        "实现 Python 函数 {f}({a})：返回{what}。", "我需要一个 Python 函数 {f}({a})，返回{what}。",
        "请用 Python 定义 {f}({a})，结果为{what}。", "在 Python 中写出 {f}({a})，它返回{what}。",
        "完成下面的 Python 任务：{f}({a}) 返回{what}。", "怎样用 Python 写函数 {f}({a})，使它返回{what}？",
    ),
}  # fmt: skip
_TESTS: dict[Language, tuple[str, ...]] = {
    "en": (
        "It has to pass these tests:", "These assertions must hold:", "Tests:", "Your code is checked with:",
        "The following must run without an error:", "It is accepted if these pass:", "Here are the tests:",
        "Check it against:",
    ),
    "zh": (
        "它要通过这些测试：", "以下断言必须成立：", "测试：", "代码将用下列断言检查：", "下面的代码应能无误运行：",
        "通过这些测试即可：", "测试如下：", "请对照检查：",
    ),
}  # fmt: skip
_ONLY: dict[Language, tuple[str, ...]] = {
    "en": (
        "Answer with the code only.",
        "Only the code block, please.",
        "Give just the function in a code block.",
        "No explanation is needed.",
    ),
    "zh": ("只给出代码。", "只要代码块。", "请只写函数代码。", "不需要解释。"),
}
_NAMES = (("n", "number", "limit", "value"), ("items", "values", "numbers", "data"), ("text", "line", "s", "words"))
_FENCE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def write(rng: random.Random, language: Language) -> Talk:
    """One function with three to five tests, whose values come from another program than the answer."""
    task = rng.choice(TASKS)
    name, argument = rng.choice(task.names), _argument(rng, task)
    k = rng.choice(task.k)
    j = rng.choice([n for n in range(2, 10) if n != k])
    filled = {"a": argument, "k": k, "j": j}
    what = rng.choice(task.en if language == "en" else task.zh).format(**filled)
    tests = "\n".join(_tests(rng, task, name, k, j))
    glue = " " if language == "en" else ""
    ask = one_of(rng, language, _ASK).format(f=name, a=argument, what=what) + glue + one_of(rng, language, _TESTS)
    ask += f"\n\n```python\n{tests}\n```\n\n" + one_of(rng, language, _ONLY)
    body = rng.choice(task.code).format(**filled)
    if language == "zh":
        body = f"    # 返回{what}\n{body}"  # as somebody who asks in Chinese would expect
    answer = f"```python\ndef {name}({argument}):\n{body}\n```"
    return Talk(template=f"code/{task.names[0]}", exchanges=(Exchange(ask=ask, answer=answer, kind="", verifier=""),))


def code_passes(sample: Sample, code: str = "") -> bool:
    """Whether the sample's answer (or `code` in its place) passes the tests in its prompt, run in the sandbox."""
    return code_run(sample, code).passed


def code_run(sample: Sample, code: str = "") -> Ran:
    """How the tests went. Raises ValueError where the prompt has no tests or the answer no code block."""
    prompt = "".join(part.text for part in sample.messages[0].parts)
    tests, answer = _FENCE.search(prompt), _FENCE.search(sample.answer.text)
    if not tests or not answer:
        raise ValueError("the sample has no tests in its prompt or no code in its answer")
    return run(code or answer[1], tests[1])


def _argument(rng: random.Random, task: Task) -> str:
    drawn = task.draw(random.Random(0))[0]
    return rng.choice(_NAMES[0 if isinstance(drawn, int) else 1 if isinstance(drawn, list) else 2])


def _tests(rng: random.Random, task: Task, name: str, k: int, j: int) -> list[str]:
    """Assertions with results that are not all the same, so that no constant passes."""
    count = rng.randint(3, 5)
    cases: dict[str, str] = {}
    while len(cases) < count:
        arguments = task.draw(rng)
        result = repr(task.does(*arguments, k, j))
        if len(cases) < count - 1 or {*cases.values(), result} != {result}:
            cases[", ".join(map(repr, arguments))] = result
    return [f"assert {name}({arguments}) == {result}" for arguments, result in cases.items()]
