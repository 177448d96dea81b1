"""Repetition, worked out by hand, and against a plain count with Python's own dictionaries."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Region, Sample, Step, Turn, region_part, text_part, to_row
from filters.catalogue import collect
from filters.measuring import measure_samples
from filters.reading.characters import Characters
from filters.reading.repeats import character_windows, longest_run, loops, windows
from filters.signals import repetition

SIGNALS = list(collect((repetition,)).values())


def measured(*samples: Sample) -> list[dict[str, Any]]:
    table = pa.Table.from_pylist([to_row(sample) for sample in samples], schema=SAMPLE)
    found: list[dict[str, Any]] = measure_samples(table, SIGNALS).to_pylist()
    return found


def said(*answers: str) -> Sample:
    turns: list[Turn] = []
    for answer in answers:
        turns += [Turn(role="user", parts=(text_part("la la la la la la"),))]
        turns += [Turn(role="assistant", parts=(text_part(answer),))]
    return Sample(row_id="r", source="s", task="text", messages=tuple(turns))


@pytest.mark.parametrize(
    ("name", "answer", "value"),
    [
        ("char_repetition", "a" * 30, 1.0),  # 21 equal windows
        ("char_repetition", "short", 0.0),
        ("char_repetition", "abcdefghij" * 2, 2 / 11),  # 11 windows, 10 distinct, one of them twice
        ("word_repetition", "a b c d e x A B C D E", 2 / 7),  # 7 windows, "a b c d e" twice
        ("word_repetition", "one two", 0.0),
        ("top_phrase_ratio", "a b c x a b c y a b c z", 9 / 12),  # "a b c" three times
        ("top_phrase_ratio", "one two three four five six seven eight nine ten", 0.0),
        ("top_phrase_ratio", "ha ha ha ha", None),  # too short to tell
        ("longest_char_run", "zoo 1000 -----", 3),
        ("longest_char_run", "a\na", 1),
        ("longest_char_run", "...", 0),
        ("longest_word_run", "It is very Very very good", 3),
        ("longest_word_run", "是是是的", 3),
        ("longest_word_run", "", 0),
        ("phrase_loops", "so we go on and on and on and on", 3),  # "on and", three times in a row
        ("phrase_loops", "one two three", 1),
        ("repeated_line_ratio", "a\n\nb\n  A\na", 2 / 4),
        ("repeated_sentence_ratio", "The bus is red. The BUS is red. It is a big one!", 1 / 3),
        ("repeated_sentence_ratio", "这是一个很长的句子没有别的。这是一个很长的句子没有别的。", 1 / 2),
        ("repeated_sentence_ratio", "5.5 5.5 1. 1. Yes. Yes.", 0.0),
    ],
)
def test_by_hand(name: str, answer: str, value: float | None) -> None:
    found = measured(said(answer))[0][name]
    assert found is None if value is None else found == pytest.approx(value)


def test_the_worst_assistant_turn_counts_and_the_users_never_do() -> None:
    row = measured(said("All is well.", "no no no no no no no no", "Goodbye then."))[0]
    assert row["longest_word_run"] == 8
    assert measured(said("All is well."))[0]["phrase_loops"] == 1


def test_without_an_answer_in_words_there_is_nothing_to_measure() -> None:
    pointing = Sample(row_id="r", source="s", task="ocr", messages=(Turn(role="assistant", parts=(region_part(0),)),))
    assert set(measured(pointing)[0].values()) == {measured(pointing)[0]["sample_id"], None}


def test_regions_and_thoughts_that_loop() -> None:
    box = (0.0, 0.0, 9.0, 9.0)
    regions = (
        Region(points=box, text="MILK 1.00"),
        Region(points=box, text="tax " * 9),
        Region(points=box, label="cell"),
    )
    ocr = Sample(row_id="r", source="s", task="ocr", messages=(), regions=regions)
    assert measured(ocr)[0]["region_loops"] == 9
    # "MILK 1.00" + line break + nine times "tax ": 46 characters, 37 windows. All of the first 10 are new, and so are
    # four of "tax tax ta", which come again and again: 37 - 14 = 23 repeat an earlier one.
    assert measured(ocr)[0]["transcript_repetition"] == pytest.approx(23 / 37)
    labels = Sample(row_id="r", source="s", task="grounding", messages=(), regions=(regions[2],) * 40)
    assert (measured(labels)[0]["region_loops"], measured(labels)[0]["transcript_repetition"]) == (1, None)
    steps = (Step(media=0, action="wait", thought="Press it. " * 6), Step(media=0, action="wait"))
    assert measured(Sample(row_id="r", source="s", task="agent", messages=(), steps=steps))[0]["thought_loops"] == 6


def plain_characters(text: str, size: int) -> float:
    counts = Counter(text[start : start + size] for start in range(len(text) - size + 1))
    repeated = sorted((count for count in counts.values() if count > 1), reverse=True)
    return sum(repeated[: math.isqrt(len(counts))]) / counts.total() if counts else 0.0


def plain_words(words: list[str], size: int) -> float:
    counts = Counter(tuple(words[start : start + size]) for start in range(len(words) - size + 1))
    return sum(count for count in counts.values() if count > 1) / counts.total() if counts else 0.0


@pytest.mark.parametrize("size", [1, 2, 3, 5, 10])
def test_hashed_windows_agree_with_plain_counts(size: int) -> None:
    rng = random.Random(size)
    texts = ["".join(rng.choices("ab ", k=rng.randrange(200))) for _ in range(200)]
    texts += ["", "x", "xyz" * 40]
    characters = Characters(texts)
    expected = [plain_characters(each, size) for each in texts]
    assert character_windows(characters, size).most_frequent().tolist() == pytest.approx(expected)
    rows, words = characters.of_rows(characters.words), characters.hashes(characters.words)
    expected = [plain_words(each.split(), size) for each in texts]
    assert windows(rows, words, size, len(texts)).repeated().tolist() == pytest.approx(expected)


def test_runs_and_loops_end_where_a_text_ends() -> None:
    characters = Characters(["a b b", "b b", "", "c d c d c"])
    rows, words = characters.of_rows(characters.words), characters.hashes(characters.words)
    assert longest_run(rows, words, 4).tolist() == [2, 2, 0, 1]
    assert loops(rows, words, 3, 4).tolist() == [2, 2, 0, 2]
