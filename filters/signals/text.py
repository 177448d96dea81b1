"""What the words of a sample tell.

Each function gets one row per sample: prompt (all user text), answer (all assistant text; null where the answer holds
regions or actions and no text), text (every role's), turns; texts of one turn are joined without a separator, turns by
a line break. A ratio of an empty text is null.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Sequence

import polars as pl

from filters.signal import divide, signal

text = functools.partial(signal, tier="text", grain="sample")

# Scripts that are written without spaces between words and in which one character is about one word or syllable.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}"
_WORD = rf"[{_UNSPACED}]|[^\s{_UNSPACED}]*[[\p{{L}}\p{{N}}]--[{_UNSPACED}]][^\s{_UNSPACED}]*"
_SPECIAL = r"[^\p{L}\p{M}\p{N}\s]"
_URL = r"(?i)\b(?:https?://|www\.)\S+"
# Markup of chat templates and datasets that must never stand in content: ChatML and its kin, image place holders of
# LLaVA, ShareGPT and Mistral, tool calls, and the grounding tokens of Qwen-VL (v1).
_CONTROL = (
    r"<\|[A-Za-z0-9_]+\|>|<(?:image|video|audio)>|</?tool_(?:call|response)>|\[/?INST\]|\[IMG(?:_BREAK|_END)?\]"
    r"|</?(?:ref|box|quad|imgpad)>"
)
_FILE_NAME = r"(?i)^\S+\.(?:png|jpe?g|gif|webp|svg|bmp|tiff?|avif|heic|pdf)$"
_GENERIC_NAME = (
    r"(?i)^(?:an? |the )?(?:alt(?:ernative)?[ _-]?text|images?|img|dsc|pics?|pictures?|photos?|fig(?:ure)?s?"
    r"|screen[ _-]?(?:shots?|caps?|captures?)|diagrams?|graphics?|icons?|untitled|unnamed|thumbnails?|placeholder)"
    r"[\s._#:()-]*(?:\d[\d\s._:()x-]*)?$"
)


@text(unit="characters", dtype="int64")
def prompt_chars(samples: pl.DataFrame) -> pl.Series:
    """Unicode characters of all user text."""
    return samples["prompt"].str.len_chars()


@text(unit="characters", dtype="int64")
def answer_chars(samples: pl.DataFrame) -> pl.Series:
    """Unicode characters of all assistant text."""
    return samples["answer"].str.len_chars()


@text(unit="words", dtype="int64")
def answer_words(samples: pl.DataFrame) -> pl.Series:
    """Words of all assistant text; each Chinese character or Japanese kana counts as one word.

    Elsewhere a word is what stands between spaces and holds a letter or digit, so that Korean is counted by its spaces
    and Thai, which has none, comes out too low.
    """
    return samples["answer"].str.count_matches(_WORD)


@text(unit="turns", dtype="int64")
def turn_count(samples: pl.DataFrame) -> pl.Series:
    """Number of turns, of any role."""
    return samples["turns"]


@signal(tier="text", grain="turn", unit="characters", reducer="min", dtype="int64")
def shortest_answer_chars(turns: pl.DataFrame) -> pl.Series:
    """Characters of the shortest assistant turn: 0 shows an empty answer amid others.

    A turn that holds regions or actions and no text is left out.
    """
    return turns.select(pl.when(pl.col("role") == "assistant").then(pl.col("text").str.len_chars())).to_series()


@text(unit="share", source="after Data-Juicer special_characters_filter, but spaces and digits are not special here")
def special_char_ratio(samples: pl.DataFrame) -> pl.Series:
    """Share of the answer's characters that are no letter, mark, number or space of any script (punctuation counts)."""
    answer = samples["answer"]
    return _share(answer.str.count_matches(_SPECIAL), answer)


@text(unit="share", source="Data-Juicer character_repetition_filter, n = 10, at most 0.5 by its default")
def char_repetition(samples: pl.DataFrame) -> pl.Series:
    """Share of the answer's 10-character windows that are repeats; 0 where it is shorter than ten characters.

    Of the distinct windows that occur more than once, the most frequent count, at most the square root of the number
    of distinct windows: a long text repeats short phrases by nature.
    """
    shares = [None if answer is None else _char_repetition(answer) for answer in samples["answer"].to_list()]
    return pl.Series(shares, dtype=pl.Float64)


@text(unit="share", source="Data-Juicer word_repetition_filter (n = 10); n = 5 is Gopher's shortest, Rae et al. 2021")
def word_repetition(samples: pl.DataFrame) -> pl.Series:
    """Share of the answer's windows of five words that occur more than once; 0 where it has fewer than five words."""
    words = samples["answer"].str.to_lowercase().str.extract_all(_WORD)
    shares = [None if each is None else _word_repetition(each) for each in words.to_list()]
    return pl.Series(shares, dtype=pl.Float64)


@text(unit="share", source="NeMo Curator: at most 0.2")
def url_ratio(samples: pl.DataFrame) -> pl.Series:
    """Share of the answer's characters that belong to web addresses."""
    answer = samples["answer"]
    return _share(answer.str.len_chars().cast(pl.Int64) - answer.str.replace_all(_URL, "").str.len_chars(), answer)


@text(unit="markers", dtype="int64")
def control_tokens(samples: pl.DataFrame) -> pl.Series:
    """Literal chat or dataset markup in the text of any role, such as <|im_end|>, <image> or [INST]."""
    return samples["text"].str.count_matches(_CONTROL)


@text(unit="", dtype="bool")
def answer_is_filename(samples: pl.DataFrame) -> pl.Series:
    """Whether the whole answer is a file name ("fig_03.png") or a name for any image ("Screenshot 2")."""
    answer = samples["answer"].str.strip_chars()
    return answer.str.contains(_FILE_NAME) | answer.str.contains(_GENERIC_NAME)


def _share(part: pl.Series, whole: pl.Series) -> pl.Series:
    return divide(part, whole.str.len_chars())


def _char_repetition(answer: str, window: int = 10) -> float:
    counts = Counter(answer[start : start + window] for start in range(len(answer) - window + 1))
    repeated = sorted((count for count in counts.values() if count > 1), reverse=True)
    return sum(repeated[: math.isqrt(len(counts))]) / counts.total() if counts else 0.0


def _word_repetition(words: Sequence[str], window: int = 5) -> float:
    counts = Counter(tuple(words[start : start + window]) for start in range(len(words) - window + 1))
    return sum(count for count in counts.values() if count > 1) / counts.total() if counts else 0.0
