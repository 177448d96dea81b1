"""Whether an answer is whole, and whether it is an answer at all.

Each function gets one row per turn and, by the Batch, what the assistant says in it (null elsewhere): text that stands
amid regions or actions is left out where it matters how it ends. A sample has the value of its worst turn.
"""

from __future__ import annotations

import functools
import re

import polars as pl

from filters.frames import Batch
from filters.reading import structure
from filters.reading.answers import answers, lower_answers, on_some, plain_answers, prompts
from filters.reading.refusals import FILLER, REFUSAL_HINTS, is_filler, is_refusal
from filters.reading.unfinished import ENDED, HAS_SENTENCES, MAY_BE_OPEN, MAY_HANG, is_cut, open_words
from filters.signal import divide, signal
from filters.signals import wellformed

turn = functools.partial(signal, tier="text", grain="turn", reducer="max")
_REPORT = "Qwen2.5-VL report, 2.2.1: incomplete, truncated or improperly formatted responses are excluded"
_BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"))
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}]"  # each a word by itself
_NO_INPUT = r"(?im)^[\s\"'`<>\[\](){}.:*-]*no[ _-]?inputs?[\s\"'`<>\[\](){}.*-]*$"
_LEAST_OPEN_WORDS = 8
_ECHO_LIKENESS = 0.9


@turn(unit="", dtype="bool", source=_REPORT)
def answer_cut(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether an answer stops in mid-sentence, told from its last words and from how its other sentences end.

    Labels, titles, names, numbers, code, and a lone sentence that merely has no full stop are not called cut.
    """
    text = plain_answers(turns, batch)

    def compute() -> pl.Series:
        may_be = text.str.contains(MAY_HANG) | text.str.contains(HAS_SENTENCES)
        return on_some(_unended(turns, batch) & may_be, is_cut, False, pl.Boolean, text)

    return batch.once("cut", compute)


@turn(unit="words", dtype="int64", source=_REPORT)
def open_sentence_words(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Words of an answer that is one sentence of prose, of eight words or more, without an end; else 0.

    Captions often have no full stop; in a dialogue a long sentence without one has mostly been cut.
    """
    text = plain_answers(turns, batch)
    long = (
        _unended(turns, batch)
        & text.str.contains(MAY_BE_OPEN)
        & (text.str.count_matches(" ", literal=True) >= _LEAST_OPEN_WORDS - 1)
    )
    return on_some(long, open_words, 0, pl.Int64, text)


@turn(unit="", dtype="bool")
def unclosed_fence(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether an answer has a code fence (```) that is opened and not closed."""
    text = answers(turns, batch)
    return on_some(text.str.contains("```", literal=True), _odd_fences, False, pl.Boolean, text)


@turn(unit="brackets", dtype="int64")
def unclosed_brackets(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Brackets and curly quotes of an answer that are opened and never closed, outside of code."""
    text = answers(turns, batch)

    def compute() -> pl.Series:
        more = [text.str.count_matches(o, literal=True) > text.str.count_matches(c, literal=True) for o, c in _BRACKETS]
        wide = text.str.contains(r"[（【「『《“]")
        candidates = functools.reduce(lambda one, other: one | other, more, wide)
        return on_some(candidates, structure.unclosed_brackets, 0, pl.Int64, text)

    return batch.once("brackets", compute)


@turn(unit="", dtype="bool")
def unclosed_quote(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether a straight quotation mark is left open in an answer's last line."""
    text = plain_answers(turns, batch)
    candidates = _unended(turns, batch) & text.str.contains('"', literal=True)
    return batch.once("quote", lambda: on_some(candidates, structure.has_unclosed_quote, False, pl.Boolean, text))


@turn(unit="", dtype="bool", source=_REPORT)
def answer_truncated(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether an answer stops too early by any sign: in mid-sentence, code, brackets, quotes, JSON, HTML."""
    flags = (answer_cut, unclosed_fence, unclosed_quote, wellformed.unclosed_json)
    counts = (unclosed_brackets, wellformed.unclosed_tags)
    found = [each.function(turns, batch).fill_null(False) for each in flags]
    found += [each.function(turns, batch).fill_null(0) > 0 for each in counts]
    any_sign = functools.reduce(lambda one, other: one | other, found)
    return turns.select(pl.when(answers(turns, batch).is_not_null()).then(any_sign)).to_series()


@signal(tier="text", grain="sample", unit="", dtype="bool")
def answer_blank(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether an assistant turn says nothing that can be seen, or there is none; null where it only points."""
    turns = batch.turn
    blank = ~answers(turns, batch).str.contains(r"[\p{L}\p{N}\p{P}\p{S}]")
    found = samples["sample"].is_in(turns.filter(blank)["sample"].unique().implode()) | (samples["answer"] == "")
    return samples.select(pl.when(samples["answer"].is_not_null()).then(found)).to_series()


@turn(unit="", dtype="bool")
def answer_refuses(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether an answer is a refusal ("I'm sorry, but I can't", "As an AI language model", "我无法查看图片").

    At its start, or as all that a short answer says; stories that mention one, and texts to be rewritten, are not.
    """
    text = lower_answers(turns, batch)
    hinted = text.str.contains_any(list(REFUSAL_HINTS))
    return on_some(hinted, is_refusal, False, pl.Boolean, text, prompts(turns, batch))


@turn(unit="", dtype="bool", source="AlpacaDataCleaned mends such answers")
def answer_filler(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether the whole answer is a place holder such as "No input", "N/A" or "None" where that answers nothing."""
    text = lower_answers(turns, batch)
    fills = text.str.contains(FILLER) & (text.str.len_bytes() > 0)
    return on_some(fills, is_filler, False, pl.Boolean, text, prompts(turns, batch))


@signal(tier="text", grain="sample", unit="", dtype="bool", source="AlpacaDataCleaned removes such inputs")
def prompt_filler(samples: pl.DataFrame) -> pl.Series:
    """Whether a line of the prompt is nothing but a place holder for a missing input, such as <noinput>."""
    return samples["prompt"].str.contains(_NO_INPUT)


@turn(unit="share")
def prompt_overlap(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the answer's different words that also stand in the turn before it; each Chinese character is a word."""
    words = _words(turns, batch)
    return divide(words["both"], words["answer"])


@turn(unit="share")
def prompt_likeness(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Different words that the answer and the turn before it share, of all that either has (Jaccard)."""
    words = _words(turns, batch)
    return divide(words["both"], words["answer"] + words["prompt"] - words["both"])


@turn(unit="", dtype="bool")
def answer_echoes(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether an answer of three words or more says the turn before it again, with hardly a change.

    The instruction itself must come back: a given text that is returned mended has the same words, but neither begins
    nor ends as the prompt does.
    """
    words = _words(turns, batch)
    alike = prompt_likeness.function(turns, batch) >= _ECHO_LIKENESS
    text = lower_answers(turns, batch)
    return on_some(alike & (words["answer"] >= 3), _same_ends, False, pl.Boolean, text, prompts(turns, batch))


def _unended(turns: pl.DataFrame, batch: Batch) -> pl.Series:
    """Answers without a closing mark that are longer than a label."""
    text = plain_answers(turns, batch)
    return batch.once("unended", lambda: ~text.str.contains(ENDED) & (text.str.len_bytes() >= 16))


def _words(turns: pl.DataFrame, batch: Batch) -> pl.DataFrame:
    """How many different words the answer has, the turn before it, and both; one row per turn."""

    def compute() -> pl.DataFrame:
        answer = lower_answers(turns, batch)
        texts = pl.DataFrame({"answer": answer, "prompt": prompts(turns, batch)}).filter(answer.is_not_null())
        bare = texts.with_columns(
            pl.all().str.replace_all(r"[\p{P}\p{S}]+", "").str.replace_all("\n", " ", literal=True)
        )
        if not all((texts[name].str.len_bytes() == texts[name].str.len_chars()).all() for name in texts.columns):
            bare = bare.with_columns(pl.all().str.replace_all(_UNSPACED, " $0 "))
        spaced = bare.select(pl.all().str.replace_all("  +", " ").str.strip_chars(" "))
        words = spaced.select(pl.when(pl.all() != "").then(pl.all()).str.split(" "))
        hashes = words.select(pl.all().list.eval(pl.element().hash()).list.unique())  # cheaper to compare than words
        both = pl.col("answer").list.set_intersection("prompt")
        counts = hashes.select(both.list.len().alias("both"), pl.all().list.len()).cast(pl.Int64).fill_null(0)
        rows = answer.is_not_null().arg_true()
        blank = pl.repeat(None, len(answer), dtype=pl.Int64, eager=True)
        return pl.DataFrame([blank.clone().scatter(rows, counts[name]).alias(name) for name in counts.columns])

    return batch.once("prompt_words", compute)


def _odd_fences(text: str) -> bool:
    return text.count("```") % 2 == 1


def _same_ends(answer: str, prompt: str) -> bool:
    one, other = (re.sub(r"[\W_]+", "", text) for text in (answer, prompt))
    return one[:12] == other[:12] and one[-12:] == other[-12:]
