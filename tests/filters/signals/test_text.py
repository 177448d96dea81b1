"""Counts and shares of characters, words and lines, each worked out by hand."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Sample, Turn, region_part, text_part, to_row
from filters.catalogue import collect
from filters.frames import Batch
from filters.measuring import measure_samples
from filters.reading.characters import Characters
from filters.signals import alttext, language, repetition, text

SIGNALS = list(collect((text, alttext, repetition, language)).values())


def talk(answer: str, prompt: str = "What?") -> Sample:
    turns = (Turn(role="user", parts=(text_part(prompt),)), Turn(role="assistant", parts=(text_part(answer),)))
    return Sample(row_id="r", source="s", task="vqa", messages=turns)


def rows(*samples: Sample) -> list[dict[str, Any]]:
    table = pa.Table.from_pylist([to_row(sample) for sample in samples], schema=SAMPLE)
    found: list[dict[str, Any]] = measure_samples(table, SIGNALS).to_pylist()
    return found


def test_prompt_and_answer_are_counted_in_characters_words_and_lines() -> None:
    (row,) = rows(talk("One two,\n\n  three\n图片", prompt="Say it.\nNow"))
    assert (row["prompt_chars"], row["prompt_words"], row["prompt_lines"]) == (11, 3, 2)
    assert (row["answer_chars"], row["answer_words"], row["answer_lines"]) == (20, 5, 3)


@pytest.mark.parametrize(
    ("name", "answer", "share"),
    [
        ("special_char_ratio", "ab, c!", 2 / 6),
        ("special_char_ratio", "नमस्ते", 0.0),  # marks belong to the letters
        ("special_char_ratio", "ok 😀", 1 / 4),
        ("alnum_ratio", "a1 é½-", 4 / 6),
        ("digit_ratio", "a1٣½", 2 / 4),  # an Arabic digit is one, a fraction is none
        ("whitespace_ratio", "a b\n\tc", 3 / 6),
        ("emoji_ratio", "😀🚀 ok", 2 / 5),
        ("emoji_ratio", "© 3 #1", 0.0),
        ("upper_case_ratio", "AbÇд文1", 2 / 4),  # 文 has no case
        ("upper_case_ratio", "文字 12", None),
        ("mean_word_chars", "to see, 3 - x", (2 + 4 + 1 + 1) / 4),  # the dash alone is no word
        ("mean_word_chars", "?!", None),
        ("url_ratio", "see https://a.b/c", 13 / 17),
    ],
)
def test_shares(name: str, answer: str, share: float | None) -> None:
    found = rows(talk(answer))[0][name]
    assert found is None if share is None else found == pytest.approx(share)


def test_empty_answers_have_counts_and_no_shares_and_regions_alone_have_neither() -> None:
    pointing = Turn(role="assistant", parts=(region_part(0),))
    empty, boxes = rows(talk(""), Sample(row_id="r", source="s", task="vqa", messages=(pointing,)))
    assert [empty[name] for name in ("answer_words", "answer_lines", "digit_ratio", "mean_word_chars")] == [
        0,
        0,
        None,
        None,
    ]
    assert [boxes[name] for name in ("answer_words", "answer_lines", "digit_ratio", "language")] == [None] * 4


def test_words_are_those_of_the_pattern() -> None:
    """Against the definition as a regular expression, on random texts of all kinds of characters."""
    rng = random.Random(1)
    alphabet = "ab1é,.-' \n\t文がカ한я😀̀½\u3000\U00020000"
    texts = ["".join(rng.choices(alphabet, k=rng.randrange(40))) for _ in range(300)]
    unspaced = r"\p{Han}\p{Hiragana}\p{Katakana}"
    word = rf"[{unspaced}]|[^\s{unspaced}]*[[\p{{L}}\p{{N}}]--[{unspaced}]][^\s{unspaced}]*"
    expected = pl.Series(texts).str.count_matches(word).to_list()
    assert [row["answer_words"] for row in rows(*map(talk, texts))] == expected
    assert Characters(texts).lengths.tolist() == [len(each) for each in texts]


HOSTILE = (
    "",
    "\x00",
    "\n\n\n",
    "a" * 100_000,
    "ab " * 30_000,
    "(" * 50_000,
    '"' + "文" * 50_000,
    "<b>" * 20_000,
    "\U0010ffff\u202e\ufeff\u0301",
    "no description " * 5_000 + "!",
    "".join(map(chr, range(1, 0xD800))),
)


def test_hostile_texts_are_measured_and_nothing_depends_on_the_neighbours() -> None:
    samples = [talk(each) for each in HOSTILE] + [talk("A red bus.", each) for each in HOSTILE[3:6]]
    together = rows(*samples)
    assert together == [rows(sample)[0] for sample in samples]
    assert together == rows(*samples[::-1])[::-1]


def test_texts_are_looked_at_once_for_all_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    monkeypatch.setattr(text, "counted", lambda characters: looked.append(1) or {"words": characters.lengths})
    table = pa.Table.from_pylist([to_row(talk("x"))], schema=SAMPLE)
    batch = Batch(table)
    assert text.answers(batch) is text.answers(batch)
    assert looked == [1]
