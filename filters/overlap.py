"""Contamination: whether a training text holds an item of an evaluation set.

A text that shares 13 words in a row with an item's question or answer holds it (Brown et al. 2020, GPT-3, appendix C).
Items too short for that are found by their whole question and whole answer. Hashes find, the words themselves confirm.
"""

from __future__ import annotations

import functools
import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xxhash

from filters.reading.characters import Flags, Hashes, Integers, mixed

SHORTEST = 5  # words of question and answer together; below, chance and common phrases decide
_CHUNK = 1 << 20  # characters of texts looked at together
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
Hit = tuple[int, int, int, int]  # text, word of the text, part, word of the part
_APOSTROPHES = "'’ʼ"


@dataclass(frozen=True)
class Item:
    """One item of an evaluation set. `pictured`: it has an image, without which a short question means nothing."""

    id: str
    question: str
    answer: str
    pictured: bool


@dataclass(frozen=True)
class Match:
    """What a text shares with the item `item`: `words` of the text, by the rule "ngram" or "short_answer"."""

    item: str
    rule: str
    words: str


def words(text: str) -> list[str]:
    """The words of a text: NFKC, case folded, without punctuation and symbols.

    Apostrophes are dropped (don't is dont), all else that is no letter, mark or number separates. Each Han character
    and each kana is a word of its own, so that thirteen words are about one sentence of Chinese or Japanese.
    """
    return unicodedata.normalize("NFKC", text).casefold().translate(_PLAIN).split()


class _Plain(dict[int, int | str | None]):
    """A table for `str.translate`, filled as characters turn up."""

    def __missing__(self, code: int) -> int | str | None:
        self[code] = plain = _plain(chr(code))
        return plain


def _plain(character: str) -> str | None:
    if character in _APOSTROPHES:
        return None
    if unicodedata.category(character)[0] not in "LMN":
        return " "
    name = unicodedata.name(character, "")
    return f" {character} " if name.startswith(("CJK ", "HIRAGANA ", "KATAKANA ")) else character


_PLAIN = _Plain()


@dataclass(frozen=True)
class _Keys:
    """Sorted hashes of runs of `size` words: of which of the items' parts each is, and at which of its words."""

    size: int
    hashes: Hashes
    parts: Integers
    starts: Integers

    @property
    def _shift(self) -> np.uint64:
        return np.uint64(64 - 4 - len(self.hashes).bit_length())

    @functools.cached_property
    def _slots(self) -> Flags:
        """Whether any hash starts with these bits: spares nearly all others the search."""
        slots = np.zeros(1 << (64 - int(self._shift)), dtype=np.bool_)
        slots[self.hashes >> self._shift] = True
        return slots

    def hits(self, runs: _Runs) -> Iterator[Hit]:
        """Wherever a hash agrees; a chance meeting is possible."""
        hashes, places = runs.of(self.size)
        if not len(self.hashes):
            return
        likely = np.flatnonzero(self._slots[hashes >> self._shift])
        first = np.searchsorted(self.hashes, hashes[likely])
        agree = self.hashes[np.minimum(first, len(self.hashes) - 1)] == hashes[likely]
        found, first = likely[agree], first[agree]
        last = np.searchsorted(self.hashes, hashes[found], side="right")
        for place, start, end in zip(places[found].tolist(), first.tolist(), last.tolist(), strict=True):
            text = int(runs.rows[place])
            for key in range(start, end):
                yield text, place - int(runs.first[text]), int(self.parts[key]), int(self.starts[key])


class _Runs:
    """The words of several texts in one row. rows: each word's text; first: each text's first word."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        ends = np.cumsum(lengths)
        count = int(ends[-1]) if len(ends) else 0
        self.first: Integers = ends - lengths
        self.rows: Integers = np.repeat(np.arange(len(texts)), lengths)
        self._left: Integers = ends[self.rows] - np.arange(count)  # words from here to the text's end
        hashes = np.fromiter((_hash(word) for text in texts for word in text), dtype=np.uint64, count=count)
        self._prefix = np.concatenate([np.zeros(1, np.uint64), np.cumsum(hashes * _powers(_BASE, count))])
        self._inverse = _powers(_INVERSE, count)

    def of(self, size: int) -> tuple[Hashes, Integers]:
        """Hashes of all runs of `size` words of one text, by their content alone, and where they start."""
        places = np.flatnonzero(self._left >= size)
        totals = self._prefix[places + size] - self._prefix[places]
        return mixed(totals * self._inverse[places]), places


@functools.lru_cache(maxsize=1 << 16)  # most words are met again; a few MB
def _hash(word: str) -> int:
    return xxhash.xxh3_64_intdigest(word.encode())


def _powers(base: int, count: int) -> Hashes:
    factors = np.full(count, base, dtype=np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)


@dataclass(frozen=True)
class Index:
    """The items of an evaluation set, ready to be found in texts. Picklable.

    ngram    words of a run that condemns
    ignored  n-grams and short questions left out because more than `most_items` items hold them: the prompts that a
             set's items share
    blind    ids of items that no rule can find: all that they have is ignored; or they are short and pictured, without
             words in the question or in the answer, or under five words in both
    """

    ngram: int
    ignored: int
    blind: tuple[str, ...]
    _ids: tuple[str, ...]  # sorted
    _parts: tuple[list[str], ...]  # words of the first item's question, of its answer, of the second's question, ...
    _grams: _Keys
    _questions: tuple[_Keys, ...]  # the short items', by length

    @classmethod
    def of(cls, items: Iterable[Item], ngram: int = 13, most_items: int = 10) -> Index:
        """Prepare `items`, whose ids tell them apart.

        Items that have an n-gram in their question or answer are found by any one that at most `most_items` items
        hold. The others are short: those that are not pictured and have at least five words in question and answer
        together (and, where the answer is one word, in the question) are found by both. So with ngram = 13 a short
        item has 5 to 24 words; none falls between the rules for having 12 words in its question and one in its answer.

        Raises ValueError for ids that occur twice, or where `ngram` is under 2 or `most_items` under 1.
        """
        if ngram < 2 or most_items < 1:
            raise ValueError(f"an index needs ngram >= 2 and most_items >= 1: {ngram}, {most_items}")
        items = sorted(items, key=lambda item: item.id)
        ids = tuple(item.id for item in items)
        if len(set(ids)) < len(ids):
            twice = sorted({one for one, other in itertools.pairwise(ids) if one == other})
            raise ValueError(f"items need ids of their own: {', '.join(twice[:5])}")
        parts = tuple(words(text) for item in items for text in (item.question, item.answer))
        grams, ignored = _without_templates(_keys(parts, ngram, range(len(parts))), most_items)
        questions = []
        short = [2 * at for at, item in enumerate(items) if _is_short(item, parts[2 * at], parts[2 * at + 1], ngram)]
        for size in sorted({len(parts[part]) for part in short}):
            keys = _keys(parts, size, [part for part in short if len(parts[part]) == size])
            keys, templates = _without_templates(keys, most_items)
            questions.append(keys)
            ignored += templates
        seen = np.zeros(len(ids), dtype=np.bool_)
        for keys in [grams, *questions]:
            seen[keys.parts // 2] = True
        blind = tuple(ids[at] for at in np.flatnonzero(~seen).tolist())
        return cls(ngram, ignored, blind, ids, parts, grams, tuple(questions))

    def find(self, texts: Sequence[str]) -> list[Match | None]:
        """For each text the item it holds, or None. Of several, one found by an n-gram before one found by the short
        rule, then the smallest id."""
        found: list[Match | None] = []
        for chunk in _chunks(texts):
            found += self._find([words(text) for text in chunk])
        return found

    def _find(self, texts: list[list[str]]) -> list[Match | None]:
        runs = _Runs(texts)
        best = self._best(self._grams.hits(runs), texts, "ngram")
        for keys in self._questions:
            for text, match in self._best(keys.hits(runs), texts, "short_answer").items():
                if text not in best or (best[text].rule == match.rule and match.item < best[text].item):
                    best[text] = match
        return [best.get(text) for text in range(len(texts))]

    def _best(self, hits: Iterator[Hit], texts: list[list[str]], rule: str) -> dict[int, Match]:
        """The confirmed hit of the smallest id in each text; of several of one item, the first in the text."""
        best: dict[int, Match] = {}
        for text, at, part, start in hits:
            item = self._ids[part // 2]
            if text in best and best[text].item <= item:
                continue
            confirm = self._shared if rule == "ngram" else self._answered
            if shared := confirm(texts[text], at, part, start):
                best[text] = Match(item, rule, shared)
        return best

    def _shared(self, text: list[str], at: int, part: int, start: int) -> str | None:
        shared = text[at : at + self.ngram]
        return " ".join(shared) if shared == self._parts[part][start : start + self.ngram] else None

    def _answered(self, text: list[str], at: int, part: int, _start: int) -> str | None:
        """The question from word `at` on, and its answer before or after: what stands in the question is no answer."""
        question, answer = self._parts[part], self._parts[part + 1]
        after = at + len(question)
        if text[at:after] != question or not (_holds(text[:at], answer) or _holds(text[after:], answer)):
            return None
        return " ".join([*question, "…", *answer])


def _holds(text: list[str], run: list[str]) -> bool:
    """Whether the words of `run` stand in `text` in a row."""
    return f" {' '.join(run)} " in f" {' '.join(text)} "


def _is_short(item: Item, question: list[str], answer: list[str], ngram: int) -> bool:
    """Whether the short rule looks for this item."""
    if item.pictured or not question or not answer or max(len(question), len(answer)) >= ngram:
        return False
    return len(question) + len(answer) >= SHORTEST and (len(answer) > 1 or len(question) >= SHORTEST)


def _keys(parts: Sequence[list[str]], size: int, chosen: Sequence[int]) -> _Keys:
    """All runs of `size` words of the chosen parts."""
    runs = _Runs([parts[part] for part in chosen])
    hashes, places = runs.of(size)
    order = np.argsort(hashes, kind="stable")
    rows = runs.rows[places]
    owners = np.asarray(chosen, dtype=np.int64)[rows]
    return _Keys(size, hashes[order], owners[order], (places - runs.first[rows])[order])


def _without_templates(keys: _Keys, most_items: int) -> tuple[_Keys, int]:
    """Each item's n-grams once, without those of more than `most_items` items; and how many those are."""
    items = keys.parts // 2
    kept = np.ones(len(items), dtype=np.bool_)
    kept[1:] = (keys.hashes[1:] != keys.hashes[:-1]) | (items[1:] != items[:-1])
    hashes, parts, starts = keys.hashes[kept], keys.parts[kept], keys.starts[kept]
    edges = np.flatnonzero(np.diff(hashes, prepend=~hashes[:1]))
    counts = np.diff(edges, append=len(hashes))
    rare = np.repeat(counts <= most_items, counts)
    return _Keys(keys.size, hashes[rare], parts[rare], starts[rare]), int((counts > most_items).sum())


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start, size = 0, 0
    for at, text in enumerate(texts):
        size += len(text)
        if size >= _CHUNK or at == len(texts) - 1:
            yield texts[start : at + 1]
            start, size = at + 1, 0
