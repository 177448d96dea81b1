"""What must not stand in training data: unsafe content, markup of chat templates; and what a user's own model says.

Texts are those of any role, of regions and of steps; each function gets one row per sample.
"""

from __future__ import annotations

import functools

import polars as pl

from filters.frames import Batch
from filters.reading.answers import all_text, on_some
from filters.reading.classifier import label_probability
from filters.reading.lexicon import count_terms, may_hold_terms
from filters.signal import divide, signal

text = functools.partial(signal, tier="text", grain="sample")

# Markup of chat templates and datasets that must never stand in content: ChatML and its kin, image place holders of
# LLaVA, ShareGPT and Mistral, tool calls, and the grounding tokens of Qwen-VL (v1).
_CONTROL = (
    r"<\|[A-Za-z0-9_]+\|>|<(?:image|video|audio)>|</?tool_(?:call|response)>|\[/?INST\]|\[IMG(?:_BREAK|_END)?\]"
    r"|</?(?:ref|box|quad|imgpad)>"
)
# Other families' marks, and the headings of instruction templates, which a model learns to go on writing.
_TEMPLATE = (
    r"<</?SYS>>|<(?:start|end)_of_turn>|<(?:pad|unk|bos|eos|eot)>|<｜[^｜<>]{1,40}｜>"
    r"|(?m:^[ \t]*(?:#{2,4}[ \t]*(?:Instruction|Response|Human|Assistant)|\d{1,3}\.[ \t]+Instruction)[ \t]*:)"
)
UNSAFE_LABEL = "__label__unsafe"
GOOD_LABEL = "__label__good"
_WORD = r"\p{Han}|[\p{L}\p{N}--\p{Han}]+"


@text(unit="markers", dtype="int64")
def control_tokens(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Literal chat or dataset markup in all text, such as <|im_end|>, <image> or [INST]."""
    return all_text(samples, batch).str.count_matches(_CONTROL)


@text(unit="markers", dtype="int64")
def template_marks(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Marks of other models' templates and of instruction files in all text: <<SYS>>, <pad>, "### Response:"."""
    return all_text(samples, batch).str.count_matches(_TEMPLATE)


@text(unit="terms", dtype="int64", source="Winnow's list (filters/reading/words/unsafe.txt) or measure.unsafe_words")
def unsafe_words(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Unsafe terms (sexual, hate, self-harm, weapons) in all text: the packaged list, or the file of the recipe."""
    return _unsafe(samples, batch)


@text(unit="share", source="Data-Juicer flagged_words_filter: at most 0.045, with a list of its own")
def unsafe_word_share(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Unsafe terms in all text as a share of its words."""
    found, lower = _unsafe(samples, batch), _lower(samples, batch)
    words = lower.filter(found > 0).str.count_matches(_WORD)  # few rows: the share of the others is 0
    shares = divide(found.filter(found > 0), words)
    return pl.repeat(0.0, len(samples), eager=True).scatter((found > 0).arg_true(), shares)


@text(unit="probability", source="the user's fastText model, measure.unsafe_model")
def unsafe_probability(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Probability of the label __label__unsafe for all text, by the fastText model of the recipe; null without one."""
    if not batch.context.unsafe_model:
        return pl.Series([None] * len(samples), dtype=pl.Float64)
    return label_probability(all_text(samples, batch), batch.context.unsafe_model, UNSAFE_LABEL)


@text(unit="probability", source="the user's fastText model, measure.quality_model")
def quality_probability(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Probability of the label __label__good for the answer, by the fastText model of the recipe; null without one."""
    if not batch.context.quality_model:
        return pl.Series([None] * len(samples), dtype=pl.Float64)
    return label_probability(samples["answer"], batch.context.quality_model, GOOD_LABEL)


def _unsafe(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    path = batch.context.unsafe_words

    def compute() -> pl.Series:
        lower = _lower(samples, batch)
        candidates = may_hold_terms(lower, path)
        return on_some(candidates, functools.partial(count_terms, path=path), 0, pl.Int64, lower)

    return batch.once("unsafe", compute)


def _lower(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    return batch.once("all_text_lower", lambda: all_text(samples, batch).str.to_lowercase())
