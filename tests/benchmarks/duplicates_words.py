"""What is done to real texts to make near copies of them, and which of those are found."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from filters.minhash import jaccard, near, normalised, same_numbers, signatures, sketch_limit

LEAST_WORDS = 8  # of an answer in which a word is replaced: with fewer it would be another answer

QA = tuple[str, str]  # a question, which may be empty, and its answer
Judge = Callable[[Sequence[tuple[QA, QA]]], list[bool]]
TextEdit = Callable[[QA, random.Random, Sequence[str]], QA | None]


def one_word(text: QA, rng: random.Random, words: Sequence[str]) -> QA | None:
    """A random word of the answer replaced by a random one of the corpus, under the same question; None where the
    answer has too few words."""
    question, answer = text
    spans = [each.span() for each in re.finditer(r"[^\W\d_]+", answer)]
    if len(answer.split()) < LEAST_WORDS or not spans:
        return None
    start, end = rng.choice(spans)
    word = rng.choice(words)
    while word.casefold() == answer[start:end].casefold():
        word = rng.choice(words)
    return question, answer[:start] + word + answer[end:]


def blanks_and_capitals(text: QA, rng: random.Random, words: Sequence[str]) -> QA:
    """All in capitals or all in small letters, two spaces between some words, and a line's end at the end."""
    change = rng.choice((str.upper, str.lower))
    doubled = [re.sub(" ", lambda _: rng.choice((" ", "  ")), each) for each in text]
    return change(doubled[0]), change(doubled[1]) + "\n"


def punctuation(text: QA, rng: random.Random, words: Sequence[str]) -> QA:
    """Without the stop at the end, or with one where there was none; curly quotes; and without the first comma that is
    not in a number."""
    curly = [re.sub(r",(?!\d)", "", each.replace('"', "”").replace("'", "’").rstrip(), count=1) for each in text]
    ended = [each[:-1] if each.endswith(".") else f"{each}." if each else each for each in curly]
    return ended[0], ended[1]


def small_word(text: QA, rng: random.Random, words: Sequence[str]) -> QA:
    """ "the" before a random word of the answer."""
    spaces = [each.start() for each in re.finditer(r"(?<=\S) (?=\S)", text[1])]
    at = rng.choice([-1, *spaces]) + 1
    return text[0], f"{text[1][:at]}the {text[1][at:]}"


TEXT_EDITS: dict[str, TextEdit] = {
    "caption_paraphrase_one_word": one_word,
    "blanks_and_capitals": blanks_and_capitals,
    "punctuation": punctuation,
    "small_word": small_word,
}


def words(data: Path, rows: int, seed: int, judge: Judge | None = None) -> dict[str, dict[str, float]]:
    """By `text/<edit>` and set, the share of edited texts that `judge` calls duplicates of what they were."""
    found: dict[str, dict[str, float]] = {f"text/{edit}": {} for edit in TEXT_EDITS}
    for name, everything in (("instructions", instructions(data)), ("alttext", alt_texts(data))):
        corpus = [word for _, answer in everything for word in re.findall(r"[^\W\d_]{2,}", answer)]
        for edit, change in TEXT_EDITS.items():
            rng = random.Random(f"{seed}/{name}/{edit}")
            shuffled = rng.sample(everything, len(everything))
            edited = ((text, change(text, rng, corpus)) for text in shuffled)
            pairs = [(old, new) for old, new in edited if new is not None and new != old][:rows]
            found[f"text/{edit}"][name] = sum((judge or alike)(pairs)) / max(1, len(pairs))
    return found


def alike(pairs: Sequence[tuple[QA, QA]]) -> list[bool]:
    """Whether each two share a band of their signatures and are near: questions in all but small words, answers with
    the same numbers at a Jaccard of 0.8."""
    first, second = (signatures(["\n".join(pair[side]) for pair in pairs]) for side in (0, 1))
    met = (first.bands == second.bands).any(axis=1) & ~first.empty & ~second.empty
    met &= np.bitwise_count(first.sketches ^ second.sketches) <= sketch_limit(0.8)
    return [bool(each) and _near(*pair) for each, pair in zip(met, pairs, strict=True)]


def _near(first: QA, second: QA) -> bool:
    (question, answer), (other_question, other_answer) = first, second
    asked = normalised(question) == normalised(other_question) or near(question, other_question, 0.8) is not None
    return asked and jaccard(answer, other_answer) >= 0.8 and same_numbers(answer, other_answer)


def instructions(data: Path) -> list[QA]:
    """Instruction with its input, and output."""
    rows = pl.read_ndjson(data / "instructions" / "alpaca.jsonl.gz", infer_schema_length=None)
    parts = rows.select("instruction", "input", "output").rows()
    return [(f"{first}\n{more}".strip(), answer) for first, more, answer in parts if answer.strip()]


def alt_texts(data: Path) -> list[QA]:
    """Alt texts under no question, each once."""
    texts = pl.read_parquet(data / "alttext" / "index.parquet", columns=["text"])["text"]
    return [("", text) for text in texts.drop_nulls().unique(maintain_order=True) if text.strip()]
