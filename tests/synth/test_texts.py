from __future__ import annotations

import random
import re

from synth.raw.texts import Instruction, write_instruction

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def written() -> list[Instruction]:
    return [write_instruction(random.Random(seed)) for seed in range(400)]


def starting(*words: str) -> list[Instruction]:
    found = [item for item in written() if item.instruction.startswith(words)]
    assert found
    return found


def test_nothing_is_left_empty_and_most_differ() -> None:
    rows = written()
    assert all(row.instruction and row.output for row in rows)
    assert len(set(rows)) > 350


def test_sums() -> None:
    for row in starting("Work out", "Calculate", "What does this"):
        a, b, sign, c = re.fullmatch(r"(\d+) \+ (\d+) ([+-]) (\d+)", row.input).groups()  # type: ignore[union-attr]
        assert int(row.output) == int(a) + int(b) + (int(c) if sign == "+" else -int(c))


def test_stories() -> None:
    for row in [row for row in written() if re.search(r" has \d+ ", row.instruction)]:
        start, change = (int(n) for n in re.findall(r"\d+", row.instruction))
        end = start + change if "is given" in row.instruction else start - change
        assert f"= {end}, so" in row.output


def test_reversed_words() -> None:
    for row in starting("Write each word backwards", "Reverse the letters"):
        assert [word[::-1] for word in row.output.split()] == row.input.split()


def test_sorting() -> None:
    for row in starting("Put these words", "Sort the list"):
        assert row.output.split(", ") == sorted(row.input.split(", "))
    for row in starting("Sort the numbers"):
        numbers = [int(n) for n in row.input.split(", ")]
        assert [int(n) for n in row.output.split(", ")] == sorted(numbers, reverse="largest to" in row.instruction)


def test_counting_letters() -> None:
    for row in starting("How often does the letter", "Count every"):
        assert int(row.output) == row.input.count(row.instruction.split('"')[1]) > 0


def test_longest_word_has_no_equal() -> None:
    for row in starting("Which of these words is the longest"):
        words = row.input.split(", ")
        assert len(words) == 4
        assert [word for word in words if len(word) >= len(row.output)] == [row.output]


def test_weekdays() -> None:
    rows = [row for row in written() if row.output.rstrip(".") in DAYS]
    assert rows
    for row in rows:
        start = next(day for day in DAYS if day in row.instruction)
        days = int(re.findall(r"\d+", row.instruction)[0])
        assert (DAYS.index(row.output.rstrip(".")) - DAYS.index(start) - days) % 7 == 0
