"""Near-duplicate texts: MinHash signatures to find candidates, the texts themselves to confirm them.

The similarity is Jaccard's of the sets of 5-character windows (shingles), which needs no word boundaries. A signature
holds the keys of a join that finds similar pairs and a 64-bit sketch that dismisses most chance meetings. It decides
nothing: confirm a candidate with `near`, because "sort ascending" and "sort descending" differ in two letters.
After Broder 1997 and Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from filters.reading.characters import Flags, Hashes, Integers, mixed

BANDS = 20
ROWS = 5  # minima in a band: BANDS * ROWS permutations
SHINGLE = 5  # characters
SKETCH_BITS = 64

Words32 = np.ndarray[Any, np.dtype[np.uint32]]

_CHUNK = 1 << 17  # characters hashed together: they stay in the processor's cache; changes no value
_SEED = 20
_MIXER = 0x9E3779B97F4A7C15
_UNLIKELY = 0.001
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# Runs of letters, digits and whatever stands beyond the Latin blocks' and general punctuation (marks of Indian vowels),
# and operators one by one. What is neither is prose's punctuation or mark-up, in which duplicates may differ.
_WORD = re.compile(r"(?:[^\W_]|[^\x00-\u02ff\u2000-\u206f\u3000-\u303f])+|[+=<>/%^&|~×÷±¢£¤¥€]|[-*](?=\s?\d)")
_SMALL = frozenset(
    """a an the this that these those is are was were be been am being has have had of please also just very really
    quite here there it its you your can could will would may might""".split()
)


@dataclass(frozen=True)
class Signatures:
    """What `signatures` says of n texts.

    bands     uint32 [n, BANDS]: texts that agree in a column are candidates; all ones for an empty text
    sketches  uint64 [n]: 64 one-bit minima (Li & König 2010). Each bit of two texts of Jaccard J differs with
              probability (1 - J) / 2, so that they differ in 32 * (1 - J) bits on average; 0 for an empty text
    empty     bool [n]: a text of blanks only. It has no shingles: leave it out of a join
    """

    bands: Words32
    sketches: Hashes
    empty: Flags


def normalised(text: str) -> str:
    """NFKC, case folded, runs of blanks as one space, none at the ends. Punctuation stays: a + b is not a - b."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def signatures(texts: Sequence[str]) -> Signatures:
    """MinHash signatures of `texts`, each by its own content alone: the same in any batch and on any machine.

    100 linear permutations of 32-bit shingle hashes (multiply-shift, modulo 2^32), the smallest of each kept.
    """
    count = len(texts)
    bands = np.full((count, BANDS), np.iinfo(np.uint32).max, dtype=np.uint32)
    sketches, empty = np.zeros(count, dtype=np.uint64), np.ones(count, dtype=np.bool_)
    for rows, chunk in _chunks(texts):
        minima = _minima(chunk)
        bands[rows], sketches[rows], empty[rows] = _banded(minima), _sketched(minima), False
    return Signatures(bands, sketches, empty)


def _chunks(texts: Sequence[str]) -> Iterator[tuple[list[int], list[str]]]:
    """The normalised texts that are not empty, with their places, a few at a time."""
    rows: list[int] = []
    held: list[str] = []
    size = 0
    for row, text in enumerate(texts):
        if not (plain := normalised(text)):
            continue
        rows.append(row)
        held.append(plain)
        size += len(plain)
        if size >= _CHUNK:
            yield rows, held
            rows, held, size = [], [], 0
    if held:
        yield rows, held


def _minima(texts: list[str]) -> Words32:
    """The smallest hash of each text under each permutation, [n, BANDS * ROWS]. A long text is looked at in parts that
    overlap by a shingle less one character, so that memory stays bounded."""
    parts: list[str] = []
    first: list[int] = []
    for text in texts:
        first.append(len(parts))
        parts.extend(text[at : at + _CHUNK + SHINGLE - 1] for at in range(0, max(1, len(text) - SHINGLE + 1), _CHUNK))
    most = max(1, 2 * _CHUNK // max(map(len, parts)))
    minima = np.concatenate([_minima_of_parts(parts[at : at + most]) for at in range(0, len(parts), most)])
    return np.minimum.reduceat(minima, first, axis=0) if len(parts) > len(texts) else minima


def _minima_of_parts(parts: list[str]) -> Words32:
    hashes, starts = _shingles(parts)
    minima: Words32 = np.empty((BANDS * ROWS, len(parts)), dtype=np.uint32)
    permuted = np.empty_like(hashes)
    for index, (factor, offset) in enumerate(zip(*_permutations(), strict=True)):
        np.multiply(hashes, factor, out=permuted)
        permuted += offset
        np.minimum.reduceat(permuted, starts, out=minima[index])
    return np.ascontiguousarray(minima.T)


def _shingles(texts: list[str]) -> tuple[Words32, Integers]:
    """A hash of each shingle, and where each text's begin. A text shorter than a shingle is one, filled up with NUL."""
    padded = [text if len(text) >= SHINGLE else text.ljust(SHINGLE, "\0") for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    count = len(codes) - SHINGLE + 1
    total = np.zeros(count, dtype=np.uint64)
    for place, factor in enumerate(_factors()[:SHINGLE]):
        total += codes[place : place + count] * factor
    lengths = np.fromiter(map(len, padded), dtype=np.int64, count=len(padded))
    ends = np.cumsum(lengths)
    inside = np.ones(len(codes), dtype=np.bool_)  # False where a window would reach into the next text
    inside[(ends[:, None] - np.arange(1, SHINGLE)).ravel()] = False
    hashes = (mixed(total[inside[:count]]) >> np.uint64(32)).astype(np.uint32)
    return hashes, ends - lengths - np.arange(len(padded)) * (SHINGLE - 1)


def _banded(minima: Words32) -> Words32:
    """One hash for each band of ROWS minima."""
    values = minima.reshape(len(minima), BANDS, ROWS).astype(np.uint64)
    total = (values * _factors()[:ROWS]).sum(axis=2, dtype=np.uint64)
    return (mixed(total) >> np.uint64(32)).astype(np.uint32)


def _sketched(minima: Words32) -> Hashes:
    """One bit of each of the first 64 minima. Mixed before, since minima are small and their upper bits 0."""
    spread = mixed(minima[:, :SKETCH_BITS].astype(np.uint64) * np.uint64(_MIXER))
    bits = (spread >> np.uint64(63)).astype(np.uint8)
    return np.ascontiguousarray(np.packbits(bits, axis=1)).view(">u8").ravel().astype(np.uint64)


@functools.cache
def _factors() -> Hashes:
    """Odd 64-bit numbers: one for each character of a shingle, or minimum of a band."""
    rng = np.random.Generator(np.random.PCG64(_SEED))
    return rng.integers(0, 1 << 63, max(SHINGLE, ROWS), dtype=np.uint64) * np.uint64(2) + np.uint64(1)


@functools.cache
def _permutations() -> tuple[Words32, Words32]:
    rng = np.random.Generator(np.random.PCG64(_SEED + 1))
    factors = rng.integers(0, 1 << 31, BANDS * ROWS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, rng.integers(0, 1 << 32, BANDS * ROWS, dtype=np.uint32)


def found_with_probability(jaccard: float, bands: int = BANDS, rows: int = ROWS) -> float:
    """The share of pairs of this Jaccard that agree in a band, 1 - (1 - J^rows)^bands: 0.975 at 0.7, 0.47 at 0.5."""
    return float(1 - (1 - jaccard**rows) ** bands)


@functools.cache
def sketch_limit(jaccard: float) -> int:
    """The most bits in which the sketches of two texts of this Jaccard differ, but with probability below 0.001."""
    differs = (1 - jaccard) / 2
    left = 1.0
    for bits in range(SKETCH_BITS + 1):
        left -= math.comb(SKETCH_BITS, bits) * differs**bits * (1 - differs) ** (SKETCH_BITS - bits)
        if left < _UNLIKELY:
            return bits
    return SKETCH_BITS


def jaccard(a: str, b: str) -> float:
    """Shared shingles of the normalised texts over all of theirs, as sets; 0 where both are empty."""
    first, second = _shingle_set(normalised(a)), _shingle_set(normalised(b))
    shared = len(first & second)
    return shared / max(1, len(first) + len(second) - shared)


def _shingle_set(text: str) -> set[str]:
    if len(text) <= SHINGLE:
        return {text} if text else set()
    return {text[at : at + SHINGLE] for at in range(len(text) - SHINGLE + 1)}


def same_numbers(a: str, b: str) -> bool:
    """Whether both texts hold the same numbers, each as often: "5 + 7" and "5 + 8" are different samples.

    A number is a run of decimal digits of any script, with points and commas between digits as they stand: 1,000 is
    neither 1000 nor 1.000. Their order does not count.
    """
    return _numbers(a) == _numbers(b)


def _numbers(text: str) -> Counter[str]:
    found = _NUMBER.findall(unicodedata.normalize("NFKC", text))
    return Counter("".join(_ascii_digit(each) for each in number) for number in found)


def _ascii_digit(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def same_words(a: str, b: str) -> bool:
    """Whether both texts say the same words and operators in the same order, but for small words and punctuation.

    No similarity tells a duplicate from a template: prompts for a screen's agent that name another button share 99 %
    of their shingles, "portrait" and "landscape" captions 75 %, and a longer text only hides the difference better. So
    the small words in which texts may differ are few, and none of them negates, directs, counts or asks. A hyphen is a
    minus before a digit, and else a mere hyphen.
    """
    return _told(normalised(a)) == _told(normalised(b))


def _told(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if word not in _SMALL]


def near(a: str, b: str, least: float) -> float | None:
    """The Jaccard of two texts where it is at least `least` and numbers and words agree, else None.

    The words decide and the threshold only cleans up. Among 6,000 instructions and their answers, 2,500 alt texts and
    1,000 long prompts and answers of vision models, a person would call most pairs of Jaccard 0.8 to 0.99 different
    whose words differ. Where words and numbers agree, none from 0.8 on: they differ in stops, quotes, brackets, spaces.
    From 0.7 on, `print("Hello World")` meets `print("Hello World!")`. The price: a text with one word replaced is near
    only where that was a small word (4 %); by Jaccard alone 89 % of 80 to 160 characters would reach 0.8.
    """
    value = jaccard(a, b)
    return value if value >= least and same_numbers(a, b) and same_words(a, b) else None


def near_duplicate(a: tuple[str, str], b: tuple[str, str], least: float) -> float | None:
    """How similar two answers are, where the texts (question, answer) are one sample twice, else None.

    The questions must say the same in the same words (`near`); the answers share at least `least` of their shingles
    and all their numbers. An answer with a few words changed is another wording; a question with one word changed asks
    something else. What has no question, or no answer, is compared by what it has, in the strict way.
    """
    if not (a[1] and b[1]) or not (a[0] and b[0]):
        return near("\n".join(a), "\n".join(b), least)
    if near(a[0], b[0], least) is None:
        return None
    value = jaccard(a[1], b[1])
    return value if value >= least and same_numbers(a[1], b[1]) else None
