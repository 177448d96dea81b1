"""The similarity by hand, its estimates against the formulas, and what may be called a duplicate on real texts."""

from __future__ import annotations

import gzip
import json
import random
import tarfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from filters import minhash
from filters.minhash import (
    BANDS,
    Signatures,
    found_with_probability,
    jaccard,
    near,
    normalised,
    same_numbers,
    same_words,
    signatures,
    sketch_limit,
)


def rows_of(found: Signatures) -> list[tuple[list[int], int, bool]]:
    return list(zip(found.bands.tolist(), found.sketches.tolist(), found.empty.tolist(), strict=True))


def random_texts(count: int, length: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=length)) for _ in range(count)]


def pairs_of_jaccard(share: float, count: int, length: int = 2000) -> tuple[list[str], list[str]]:
    """Random texts and the same with another end: windows of random letters repeat hardly ever, so that a common part
    of c of n letters gives a Jaccard of c / (2n - c)."""
    common = round(length * 2 * share / (1 + share))
    first = random_texts(count, length, seed=1)
    ends = random_texts(count, length - common, seed=2)
    return first, [text[:common] + end for text, end in zip(first, ends, strict=True)]


def differing_bits(first: Signatures, second: Signatures) -> npt.NDArray[np.uint8]:
    return np.bitwise_count(first.sketches ^ second.sketches)


def test_normalised_keeps_punctuation() -> None:
    assert normalised("  Ａ +\t\nStraße ﬁ ") == "a + strasse fi"


def test_jaccard_by_hand() -> None:
    # abcde bcdef cdefg and bcdef cdefg defgh: two of four.
    assert jaccard("abcdefg", "BCDEFGH") == 0.5
    assert jaccard("aaaaaaaa", "aaaaa") == 1.0  # sets
    assert jaccard("abc", "abc ") == 1.0
    assert jaccard("abc", "abcd") == 0.0
    assert jaccard("", "") == 0.0
    assert jaccard("今天天气很好", "今天天气很好。") == 2 / 3  # 今天天气很 天天气很好 and 天气很好。


def test_signatures_depend_on_the_text_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        "",
        "ab",
        "今天天气很好",
        *random_texts(20, 300, seed=3),
        "\n \t",
        "x" * 3000,
        "long " * 50 + "end",
        "ab  ",
    ]
    together = rows_of(signatures(texts))
    assert together == [rows_of(signatures([text]))[0] for text in texts]
    assert together[::-1] == rows_of(signatures(texts[::-1]))
    monkeypatch.setattr(minhash, "_CHUNK", 64)  # texts are cut into parts
    assert together == rows_of(signatures(texts))


def test_signatures_stay_the_same_over_versions() -> None:
    found = signatures(["The quick brown fox jumps over the lazy dog."])
    assert found.bands[0, :3].tolist() == [874732006, 1518283401, 1759764341]
    assert int(found.sketches[0]) == 0xB6156DFA209311F


def test_equal_up_to_case_and_blanks_is_equal() -> None:
    first, second = rows_of(signatures(["A  Table of\nＶalues", "a table of values"]))
    assert first == second


def test_empty_texts_are_told() -> None:
    found = signatures(["", " \n", "a"])
    assert found.empty.tolist() == [True, True, False]
    assert found.bands.dtype == np.uint32
    assert found.bands.shape == (3, BANDS)
    assert (found.bands[:2] == 0xFFFFFFFF).all()
    assert found.sketches.tolist()[:2] == [0, 0]
    assert signatures([]).bands.shape == (0, BANDS)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.7, 0.9])
def test_sketches_estimate_the_jaccard(share: float) -> None:
    first, second = pairs_of_jaccard(share, 200)
    truth = np.mean([jaccard(a, b) for a, b in zip(first, second, strict=True)])
    assert truth == pytest.approx(share, abs=0.01)
    # 200 * 64 bits: a standard deviation of at most 0.009 in the estimate.
    bits = differing_bits(signatures(first), signatures(second))
    assert 1 - bits.mean() / 32 == pytest.approx(truth, abs=0.03)
    assert bits.max() <= max(sketch_limit(share), 50)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.6, 0.7, 0.8])
def test_bands_meet_as_often_as_the_formula_says(share: float) -> None:
    first, second = pairs_of_jaccard(share, 600, length=600)
    expected = np.mean([found_with_probability(jaccard(a, b)) for a, b in zip(first, second, strict=True)])
    met = (signatures(first).bands == signatures(second).bands).any(axis=1).mean()
    assert met == pytest.approx(expected, abs=4 * (0.25 / 600) ** 0.5)


def test_texts_with_nothing_in_common_meet_in_no_band() -> None:
    bands = signatures(random_texts(3000, 200, seed=5)).bands
    assert [len(np.unique(column)) for column in bands.T] == [3000] * BANDS


def test_found_with_probability() -> None:
    assert found_with_probability(0.7) == pytest.approx(0.975, abs=0.001)
    assert found_with_probability(0.5) == pytest.approx(0.470, abs=0.001)
    assert found_with_probability(0.5, bands=1, rows=1) == 0.5


def test_sketch_limit_is_passed_once_in_a_thousand() -> None:
    assert [sketch_limit(share) for share in (1.0, 0.9, 0.8, 0.7, 0.5)] == [0, 10, 15, 19, 27]
    bits = np.random.default_rng(0).binomial(64, 0.1, 100_000)
    assert (bits > 15).mean() < 0.001 < (bits > 14).mean()


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("What is 5 + 7?", "What is 5 + 8?", False),
        ("7 and 5", "5 and 7", True),
        ("5 and 5", "5", False),
        ("1,000", "1.000", False),
        ("1,000.", "1,000", True),
        ("12.50 €", "12.5 €", False),
        ("٣ and ３", "3 and 3", True),
        ("page1", "page2", False),
        ("none", "no number", True),
    ],
)
def test_same_numbers(first: str, second: str, same: bool) -> None:
    assert same_numbers(first, second) is same


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Describe the image.", "describe this Image", True),
        ("It is 'positive'!", "Positive", True),
        ('{"a": [1, 2]}', '{ "a":[ 1,2 ] }', True),
        ("Open the left menu", "Open the right menu", False),
        ("It is positive", "It is not positive", False),
        ("The dog bites the man", "The man bites the dog", False),
        ("a + b", "a b", False),
        ("x = -5", "x = 5", False),
        ("well-known facts", "well known facts", True),
        ("点击完成按钮。", "点击完成按钮", True),
        ("点击完成按钮", "点击保存按钮", False),
        ("की", "का", False),  # they differ in a vowel sign
    ],
)
def test_same_words(first: str, second: str, same: bool) -> None:
    assert same_words(first, second) is same


def test_near_is_the_jaccard_or_none() -> None:
    text = "Describe what the diagram of the engine shows to a reader who has never seen one."
    assert near(text, text.upper(), 1.0) == 1.0
    assert near(text, text[:-1], 0.9) == pytest.approx(75 / 76)  # 80 characters have 76 windows
    assert near(text, text[:-1], 0.99) is None
    assert near(text, text.replace("never", "often"), 0.5) is None
    assert near(text + " 1", text + " 2", 0.5) is None
    assert near("", "", 0.0) == 0.0


def real_texts(real_data: Path) -> list[str]:
    with gzip.open(real_data / "instructions" / "alpaca.jsonl.gz", "rt") as lines:
        texts = [json.loads(line)["output"] for line in lines]
    with tarfile.open(real_data / "alttext" / "alttext-0000.tar") as shard:
        members = [shard.extractfile(member) for member in shard if member.name.endswith(".txt")]
        return texts + [member.read().decode() for member in members if member]


def test_what_is_near_on_real_texts_differs_in_small_words_and_punctuation(real_data: Path) -> None:
    texts = sorted({normalised(text) for text in real_texts(real_data)})[1:]
    found, candidates = signatures(texts), set()
    for column in found.bands.T:
        order = np.argsort(column, kind="stable")
        same = np.flatnonzero(column[order][1:] == column[order][:-1])
        candidates |= {tuple(sorted(order[at : at + 2].tolist())) for at in same.tolist()}
    alike = [(texts[a], texts[b]) for a, b in candidates if jaccard(texts[a], texts[b]) >= 0.7]
    kept = [(a, b) for a, b in alike if near(a, b, 0.8)]
    assert ("passive voice", "passive voice.") in kept
    assert 10 <= len(kept) <= 40
    assert len(alike) - len(kept) > 10  # the guards and the threshold refuse many
    for a, b in kept:
        letters = [sorted(c for c in text.replace("this", "the") if c.isalnum()) for text in (a, b)]
        assert letters[0] == letters[1], (a, b)
