"""The characters of many texts at once, as arrays: what kind each is, where words, lines and sentences lie.

Everything is integer arithmetic on one text's own characters, so that nothing depends on the texts beside it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

Integers = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Hashes = np.ndarray[Any, np.dtype[np.uint64]]

# Letters by script; a letter of any other script is "letter". Scripts with capitals come twice.
CASED = ("Latin", "Cyrillic", "Greek")
SCRIPTS = (
    *CASED, "Han", "Hiragana", "Katakana", "Hangul", "Arabic", "Hebrew", "Devanagari", "Bengali", "Tamil", "Telugu",
    "Thai", "Georgian", "Armenian", "Ethiopic", "Khmer", "letter",
)  # fmt: skip
CAPITALS = tuple(f"{script} capital" for script in CASED)
KINDS = (*SCRIPTS, *CAPITALS, "mark", "digit", "number", "space", "line", "emoji", "stop", "special")
LETTERS = (*SCRIPTS, *CAPITALS)
WORDLIKE = (*LETTERS, "digit", "number")
BLANK = ("space", "line")
UNSPACED = ("Han", "Hiragana", "Katakana")  # written without spaces; one character is about one word or syllable

_KIND = {name: index for index, name in enumerate(KINDS)}
_PLANES = 0x20000  # the planes that hold nearly every character; above: Han, then emoji parts and private use
_HAN_ABOVE, _OTHER_ABOVE, _BETWEEN, _SLOTS = _PLANES, _PLANES + 1, _PLANES + 2, _PLANES + 3
_EMOJI = r"[\p{Emoji_Presentation}\p{Extended_Pictographic}--[\u00A9\u00AE\u203C\u2049\u2122\u2139\u2194-\u21AA]]"
_STOP = r"[.!?…。！？｡।؟۔]"  # what ends sentences; "special" is what is left
_FULL_WIDTH = 0x3000  # from here on stops carry their own space
_SENTENCE = 12
_LONGEST = 1 << 20  # characters
_CHUNK = 1 << 17  # characters looked at together: they stay in the processor's cache; changes no value


class Characters:
    """The characters of a few texts in one row, each text followed by a separator that is a space and a line end.

    codes   code points (int64), beyond two planes folded; the separator has a code of its own
    kinds   the index in `KINDS` of each character
    starts  where each text starts, and after the last one the end; lengths: characters of each text
    rows    which text each character (or separator) belongs to
    """

    def __init__(self, texts: Sequence[str]) -> None:
        joined = "\x00".join([*texts, ""])
        self.codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)
        self.lengths: Integers = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        self.starts: Integers = np.concatenate([[0], np.cumsum(self.lengths + 1)])
        if len(self.codes) and self.codes.max() >= _PLANES:
            self.codes[self.codes >= 0x32400] = _OTHER_ABOVE
            self.codes[self.codes > _OTHER_ABOVE] = _HAN_ABOVE
        self.codes[self.starts[1:] - 1] = _BETWEEN
        self.kinds = _kinds()[self.codes]
        self.rows: Integers = np.repeat(np.arange(len(texts)), self.lengths + 1)

    def __len__(self) -> int:
        return len(self.lengths)

    @functools.cached_property
    def counts(self) -> Integers:
        """Characters of each kind: one row for each text, one column for each of `KINDS`."""
        counts = np.bincount(self.rows * len(KINDS) + self.kinds, minlength=len(self) * len(KINDS))
        counts = counts.reshape(len(self), len(KINDS))
        counts[:, _KIND["line"]] -= 1  # the separator
        return counts

    @functools.cached_property
    def words(self) -> tuple[Integers, Integers]:
        """First and after-last character of each word: what stands between spaces and holds a letter or digit, and
        each character of a script without spaces."""
        space, unspaced, wordlike = (self.are(names) for names in (BLANK, UNSPACED, WORDLIKE))
        breaks = space | unspaced
        starts = ~space
        starts[1:] &= breaks[1:] | breaks[:-1]
        first = np.flatnonzero(starts)
        if not len(first):
            return first, first
        ends = ~space
        ends[:-1] &= breaks[1:] | breaks[:-1]
        last = np.flatnonzero(ends) + 1
        told = np.concatenate([[0], np.cumsum(wordlike)])
        real = told[last] > told[first]
        return first[real], last[real]

    @functools.cached_property
    def lines(self) -> tuple[Integers, Integers]:
        """First and after-last character of each line, without blanks around it; lines without any other character
        are left out."""
        return self._segments(np.flatnonzero(self.are(("line",))))

    @functools.cached_property
    def sentences(self) -> tuple[Integers, Integers]:
        """As `lines`, but full stops, question and exclamation marks of any writing end one too, where a space follows
        or none is needed; only those of a dozen characters or more ("1." and "Yes." are none)."""
        stops, lines = np.flatnonzero(self.are(("stop",))), np.flatnonzero(self.are(("line",)))
        ending = _is(BLANK)[self.kinds[stops + 1]] | (self.codes[stops] >= _FULL_WIDTH)
        first, last = self._segments(np.sort(np.concatenate([stops[ending], lines])))
        long = last - first >= _SENTENCE
        return first[long], last[long]

    @functools.cached_property
    def _filled(self) -> Integers:
        """Where there is no blank."""
        return np.flatnonzero(~self.are(BLANK))

    def _segments(self, ends: Integers) -> tuple[Integers, Integers]:
        """What stands between these places, without blanks around it; the last of them is the last character."""
        starts = np.concatenate([[0], ends + 1])[:-1]
        first, after = np.searchsorted(self._filled, starts), np.searchsorted(self._filled, ends)
        some = after > first
        return self._filled[first[some]], self._filled[after[some] - 1] + 1

    @functools.cached_property
    def exact_hashes(self) -> Hashes:
        """A hash of each character as it stands."""
        return mixed(self.codes.astype(np.uint64) * np.uint64(_BASE))

    @functools.cached_property
    def _prefix(self) -> Hashes:
        lower = _lower_hashes()[self.codes]
        return np.concatenate([np.zeros(1, np.uint64), np.cumsum(lower * _powers(len(lower), _BASE))])

    def hashes(self, segments: tuple[Integers, Integers]) -> Hashes:
        """A hash of each segment's lower-case characters, by its content alone (polynomial, modulo 2^64)."""
        first, last = segments
        return mixed((self._prefix[last] - self._prefix[first]) * _powers(len(self.codes), _INVERSE)[first])

    def of_rows(self, segments: tuple[Integers, Integers]) -> Integers:
        """Which text each segment belongs to."""
        return self.rows[segments[0]]

    def are(self, names: tuple[str, ...]) -> Flags:
        """Whether each character is of one of the kinds `names`."""
        return _is(names)[self.kinds]

    def count(self, names: tuple[str, ...]) -> Integers:
        """How many characters of each text are of the kinds `names`."""
        counts: Integers = self.counts[:, _is(names)].sum(axis=1)
        return counts


def chunked(texts: pl.Series, measure: Callable[[Characters], dict[str, np.ndarray[Any, Any]]]) -> pl.DataFrame:
    """What `measure` finds, one row for each text, all null where the text is null.

    Of a longer text the first 1,048,576 characters are looked at, which bounds memory.
    """
    known = texts.drop_nulls().str.head(_LONGEST)
    tables = [pl.DataFrame(measure(Characters(each))) for each in _chunks(known.to_list())]
    table = pl.concat(tables) if tables else pl.DataFrame(measure(Characters([])))
    if len(known) == len(texts):
        return table
    places = texts.to_frame("text").select(place=pl.when(pl.col("text").is_not_null()).then(1).cum_sum() - 1)
    return table.select(pl.all().gather(places["place"]))


def _chunks(texts: list[str]) -> Iterator[list[str]]:
    held, size = [], 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size > _CHUNK or len(held) == 1 << 15:
            yield held
            held, size = [], 0
    if held:
        yield held


_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)


def mixed(values: Hashes) -> Hashes:
    """Spread over all bits, so that the upper ones tell values apart."""
    spread = (values ^ (values >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return spread ^ (spread >> np.uint64(32))


@functools.cache
def _is(names: tuple[str, ...]) -> Flags:
    """For each of `KINDS`, whether it is one of `names`."""
    return np.isin(np.array(KINDS), names)


def _powers(count: int, base: int) -> Hashes:
    """base^0, base^1, ..., base^(count - 1) modulo 2^64."""
    return _power_table(base, max(16, count.bit_length()))[:count]


@functools.lru_cache(maxsize=4)
def _power_table(base: int, bits: int) -> Hashes:
    factors = np.full(1 << bits, base, dtype=np.uint64)
    factors[0] = 1
    return np.cumprod(factors)


@functools.cache
def _letters() -> pl.Series:
    """Every character of the first two planes; surrogates, which no text holds, as spaces."""
    return pl.Series([" " if 0xD800 <= code < 0xE000 else chr(code) for code in range(_PLANES)])


@functools.cache
def _kinds() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The kind of each code: later entries of this list win."""
    letters = _letters()
    kinds = np.full(_SLOTS, _KIND["special"], dtype=np.uint8)
    patterns = {"letter": r"\p{L}", **{name: rf"[\p{{{name}}}&&\p{{L}}]" for name in SCRIPTS if name != "letter"}}
    patterns |= {f"{name} capital": rf"[\p{{{name}}}&&\p{{Lu}}]" for name in CASED}
    patterns |= {
        "mark": r"\p{M}",
        "number": r"\p{N}",
        "digit": r"\p{Nd}",
        "space": r"\s",
        "emoji": _EMOJI,
        "stop": _STOP,
    }
    for name, pattern in patterns.items():
        kinds[:_PLANES][letters.str.contains(rf"^{pattern}$").to_numpy()] = _KIND[name]
    kinds[ord("\n")] = kinds[_BETWEEN] = _KIND["line"]
    kinds[_HAN_ABOVE] = _KIND["Han"]
    return kinds


@functools.cache
def _lower_hashes() -> Hashes:
    """For each code a spread-out number, the same for a capital and its small letter."""
    lowered = [ord(low) if len(low := letter.lower()) == 1 else code for code, letter in enumerate(_letters())]
    codes = np.array([*lowered, *range(_PLANES, _SLOTS)], dtype=np.uint64)
    return mixed(codes * np.uint64(_BASE))
