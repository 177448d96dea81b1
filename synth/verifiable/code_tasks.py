"""What the code tasks ask for: a specification, Python that fulfils it, and the same in another way for the tests."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from math import gcd, prod
from typing import Any

from synth.verifiable.words import WORDS

Arguments = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """`en` and `zh` say what the function gives; `code` is its body and `does` the same by other means. In the texts,
    `{k}` and `{j}` are numbers that make a task one of many, `{a}` and `{b}` the names of the arguments."""

    names: tuple[str, ...]
    arguments: int
    en: tuple[str, ...]
    zh: tuple[str, ...]
    code: tuple[str, ...]  # ways to write the body, each with four spaces before every line
    does: Callable[..., Any]  # takes the arguments, then k and j
    draw: Callable[[random.Random], Arguments]
    k: tuple[int, ...] = tuple(range(2, 10))  # what k may be


def _numbers(rng: random.Random) -> Arguments:
    return ([rng.randint(-20, 60) for _ in range(rng.randint(2, 8))],)


def _multiples(rng: random.Random) -> Arguments:
    factor = rng.choice((1, 2, 3, 4, 6))
    return ([factor * rng.randint(1, 20) for _ in range(rng.randint(2, 5))],)


def _words(rng: random.Random) -> Arguments:
    return (" ".join(rng.choices(rng.sample(WORDS, 3), k=rng.randint(2, 6))),)


def _natural(rng: random.Random) -> Arguments:
    return (rng.randint(3, 400),)


def _runs(rng: random.Random) -> Arguments:
    return ("".join(rng.choice("abcx") * rng.randint(1, 4) for _ in range(rng.randint(1, 5))),)


def _grid(rng: random.Random) -> Arguments:
    width = rng.randint(1, 4)
    return ([[rng.randint(0, 30) for _ in range(width)] for _ in range(rng.randint(1, 4))],)


TASKS = (
    Task(
        names=("sum_multiples", "multiples_total", "add_multiples", "total_below"),
        arguments=1,
        en=(
            "the sum of all positive integers below {a} that are divisible by {k} or {j}",
            "what the positive integers smaller than {a} that {k} or {j} divides add up to",
        ),
        zh=("小于 {a} 的正整数中能被 {k} 或 {j} 整除的数之和", "比 {a} 小且为 {k} 或 {j} 的倍数的所有正整数的总和"),
        code=(
            "    return sum(n for n in range(1, {a}) if n % {k} == 0 or n % {j} == 0)",
            "    total = 0\n    for n in range(1, {a}):\n        if n % {k} == 0 or n % {j} == "
                "0:\n            total += n\n    return total",
        ),
        does=lambda n, k, j: sum({*range(k, n, k), *range(j, n, j)}),
        draw=_natural,
    ),
    Task(
        names=("rotate", "rotate_left", "turn_list", "shift_items"),
        arguments=1,
        en=(
            "the list {a} rotated {k} places to the left (an empty list stays empty)",
            "{a} with its items moved {k} places towards the front, those that fall off coming back at the end",
        ),
        zh=("列表 {a} 向左循环移动 {k} 位后的结果（空列表仍为空）", "把 {a} 的元素向前循环移动 {k} 位得到的列表"),
        code=(
            "    if not {a}:\n        return []\n    cut = {k} % len({a})\n    return {a}[cut:] + {a}[:cut]",
            "    size = len({a})\n    return [{a}[(i + {k}) % size] for i in range(size)]",
        ),
        does=lambda items, k, j: [*items, *items][k % len(items) :][: len(items)],
        draw=_numbers,
    ),
    Task(
        names=("chunks", "split_list", "in_groups", "pieces"),
        arguments=1,
        en=(
            "a list of lists: {a} cut into pieces of {k} items, the last of which may be shorter",
            "the items of {a} in groups of {k}, as a list of lists; the last group may have fewer",
        ),
        zh=(
            "把列表 {a} 每 {k} 个一组切分得到的嵌套列表，最后一组可以不足",
            "将 {a} 切成长度为 {k} 的小列表，末尾一段可更短，返回列表的列表",
        ),
        code=(
            "    return [{a}[i:i + {k}] for i in range(0, len({a}), {k})]",
            "    groups = []\n    for i, item in enumerate({a}):\n        if i % {k} == "
                "0:\n            groups.append([])\n        groups[-1].append(item)\n    return "
                "groups",
        ),
        does=lambda items, k, j: [
            [x for _, x in part] for _, part in groupby(enumerate(items), lambda pair: pair[0] // k)
        ],
        draw=_numbers,
        k=(2, 3, 4),
    ),
    Task(
        names=("count_letters", "letters_from", "how_many_of", "tally"),
        arguments=1,
        en=(
            "how many characters of the string {a} are among the first {k} letters of the alphabet (a is the first)",
            "the number of characters in {a} that belong to the first {k} lower-case letters",
        ),
        zh=("字符串 {a} 中属于字母表前 {k} 个小写字母的字符个数", "{a} 里有多少个字符是前 {k} 个小写字母之一"),
        code=(
            "    letters = \"abcdefghijklmnopqrstuvwxyz\"[:{k}]\n    return sum(c in letters for c in {a})",
            "    count = 0\n    for c in {a}:\n        if \"a\" <= c <= chr(ord(\"a\") + {k} - "
                "1):\n            count += 1\n    return count",
        ),
        does=lambda text, k, j: len([c for c in text if 97 <= ord(c) < 97 + k]),
        draw=_words,
    ),
    Task(
        names=("digit_sum", "sum_digits", "cross_sum", "digits_total"),
        arguments=1,
        en=(
            "the sum of the digits of the positive integer {a} written in base {k}",
            "the digit sum of {a} in the number system with base {k}",
        ),
        zh=("正整数 {a} 在 {k} 进制下各位数字之和", "把 {a} 写成 {k} 进制后的数字和"),
        code=(
            "    total = 0\n    while {a}:\n        {a}, digit = divmod({a}, {k})\n        total "
                "+= digit\n    return total",
            "    if {a} == 0:\n        return 0\n    total, rest = 0, {a}\n    while rest > "
                "0:\n        total += rest % {k}\n        rest //= {k}\n    return total",
        ),
        does=lambda n, k, j: sum(n // k**i % k for i in range(20)),
        draw=_natural,
    ),
    Task(
        names=("run_length", "encode_runs", "compress", "runs"),
        arguments=1,
        en=(
            "a list of pairs (character, length) for the runs of equal characters in the string "
                "{a}, leaving out runs shorter than {k}",
            "the runs of equal characters in {a} that have at least {k} characters, as tuples of "
                "the character and the length",
        ),
        zh=(
            "字符串 {a} 中连续相同字符的（字符, 长度）元组列表，只保留长度至少为 {k} 的",
            "{a} 里长度不小于 {k} 的连续相同字符段，以（字符, 长度）元组列表表示",
        ),
        code=(
            "    found = []\n    start = 0\n    for i in range(1, len({a}) + 1):\n        if i "
                "== len({a}) or {a}[i] != {a}[start]:\n            if i - start >= "
                "{k}:\n                found.append(({a}[start], i - start))\n            start = "
                "i\n    return found",
        ),
        does=lambda text, k, j: [(c, size) for c, run in groupby(text) if (size := len(list(run))) >= k],
        draw=_runs,
        k=(2, 3),
    ),
    Task(
        names=("frequent_words", "common_words", "repeated", "often_seen"),
        arguments=1,
        en=(
            "the words of the string {a} that occur at least {k} times, sorted alphabetically",
            "an alphabetical list of those words that {a} has {k} times or more",
        ),
        zh=(
            "字符串 {a} 中出现至少 {k} 次的单词，按字母顺序排列的列表",
            "{a} 里出现次数不少于 {k} 的单词，按字母排序",
        ),
        code=(
            "    words = {a}.split()\n    return sorted(word for word in set(words) if words.count(word) >= {k})",
            "    counts = {{}}\n    for word in {a}.split():\n        counts[word] = "
                "counts.get(word, 0) + 1\n    return sorted(word for word, n in counts.items() if n "
                ">= {k})",
        ),
        does=lambda text, k, j: sorted(word for word, n in Counter(text.split()).items() if n >= k),
        draw=_words,
        k=(2, 3),
    ),
    Task(
        names=("transpose_scaled", "turn_grid", "columns_times", "flip_table"),
        arguments=1,
        en=(
            "the transpose of the grid {a} (a list of rows of equal length) with every number multiplied by {k}",
            "the columns of {a}, a list of equally long rows, as rows, each value times {k}",
        ),
        zh=("网格 {a}（等长行的列表）的转置，且每个数乘以 {k}", "把 {a} 的列变为行，并将每个值乘以 {k}"),
        code=(
            "    return [[{k} * value for value in column] for column in zip(*{a})]",
            "    return [[{k} * row[i] for row in {a}] for i in range(len({a}[0]))]",
        ),
        does=lambda grid, k, j: [[grid[y][x] * k for y in range(len(grid))] for x in range(len(grid[0]))],
        draw=_grid,
    ),
    Task(
        names=("gcd_all", "common_divisor", "shared_divisor", "greatest_divisor"),
        arguments=1,
        en=(
            "the greatest common divisor of {k} and all numbers in the list {a}",
            "the largest integer that divides {k} as well as every number of {a}",
        ),
        zh=("{k} 与列表 {a} 中所有数的最大公约数", "能同时整除 {k} 和 {a} 中每个数的最大整数"),
        code=(
            "    best = {k}\n    for n in {a}:\n        while n:\n            best, n = n, best "
                "% n\n    return abs(best)",
            "    from math import gcd\n    return gcd({k}, *{a})",
        ),
        does=lambda items, k, j: max(d for d in range(1, k + 1) if k % d == 0 and all(n % d == 0 for n in items)),
        draw=_multiples,
        k=(12, 18, 24, 30, 36, 42, 48, 60, 72, 84, 90),
    ),
    Task(
        names=("keep_far", "outside", "beyond", "large_ones"),
        arguments=1,
        en=(
            "the numbers of the list {a} that are greater than {k} or less than -{j}, in their order",
            "those items of {a} that lie above {k} or below -{j}, order kept",
        ),
        zh=("列表 {a} 中大于 {k} 或小于 -{j} 的数，保持原来的顺序", "{a} 里高于 {k} 或低于 -{j} 的元素，顺序不变"),
        code=(
            "    return [n for n in {a} if n > {k} or n < -{j}]",
            "    kept = []\n    for n in {a}:\n        if not -{j} <= n <= {k}:\n            "
                "kept.append(n)\n    return kept",
        ),
        does=lambda items, k, j: list(filter(lambda n: not (-j <= n <= k), items)),
        draw=_numbers,
    ),
    Task(
        names=("product_of_digits", "digit_product", "multiply_digits", "digits_times"),
        arguments=1,
        en=(
            "{k} times the product of the decimal digits of the positive integer {a}, zeros left out",
            "the product of the digits of {a} other than 0, multiplied by {k}",
        ),
        zh=("正整数 {a} 的各位非零数字之积再乘以 {k}", "{a} 的十进制非零数字连乘后乘 {k}"),
        code=(
            "    result = {k}\n    for digit in str({a}):\n        if digit != "
                "\"0\":\n            result *= int(digit)\n    return result",
        ),
        does=lambda n, k, j: k * prod(d for i in range(20) if (d := n // 10**i % 10)),
        draw=_natural,
    ),
    Task(
        names=("coprime_count", "count_coprime", "no_common_factor", "relatively_prime"),
        arguments=1,
        en=(
            "how many numbers of the list {a} have no common factor with {k} other than 1",
            "the number of items in {a} that are coprime to {k}",
        ),
        zh=("列表 {a} 中与 {k} 互质的数的个数", "{a} 里有多少个数与 {k} 除 1 外没有公因数"),
        code=(
            "    from math import gcd\n    return sum(gcd(n, {k}) == 1 for n in {a})",
            "    def common(x, y):\n        while y:\n            x, y = y, x % y\n        "
                "return abs(x)\n    return len([n for n in {a} if common(n, {k}) == 1])",
        ),
        does=lambda items, k, j: [gcd(abs(n), k) for n in items].count(1),
        draw=_numbers,
    ),
)  # fmt: skip
