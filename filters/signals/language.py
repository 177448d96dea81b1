"""Which language and script a text is in, and whether question and answer agree about it.

Each function gets one row per sample: prompt (all user text), answer (all assistant text; null where the answer holds
regions or actions and no text). Scripts are counted for every text; a language is null where there are too few letters
to tell (`filters.reading.languages.MIN_LETTERS`). What a prompt asks to be in another language or script is left alone.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
import polars as pl

from filters.frames import Batch
from filters.reading.characters import SCRIPTS, Characters, chunked
from filters.reading.languages import detector, tellable
from filters.reading.stopwords import STOP_WORDS
from filters.signal import divide, signal
from filters.signals.text import answers, prompts

text = functools.partial(signal, tier="text", grain="sample")

_SURE, _LIKELY = 0.9, 0.5  # probabilities from which a language counts as known, and as likely; platform default
# Languages that a detector takes for each other in short texts: one that is only likely counts as any of its group.
_ALIKE = ("es pt gl ca it an", "no nn da sv", "cs sk", "hr sr bs sl", "id ms", "ru uk be bg mk", "hi mr ne", "zh ja")
_GROUP = {code: group.split()[0] for group in _ALIKE for code in group.split()}
# Letters of these stand in texts of any language: names, units, formulas, single signs.
_EVERYWHERE = ("Latin", "Greek", "letter")
# Scripts that belong together in one text; Han goes with all three.
_TOGETHER = {"Hiragana": "Han", "Katakana": "Han"}
# A prompt that speaks of languages or translation, or wants something read out, may well be answered in another one.
_ASKS = (
    r"(?i)translat|transliterat|\balphabet\b|pinyin|kanji|romaji|multilingual|bilingual|\b(?:in|into|another|other"
    r"|different|foreign|native|target|which|what|multiple|learn\w*|new|second) languages?\b"
    r"|\bread(?:s|ing)?\b|\bsays?\b|\bwritten\b|transcri|\bspell|\bocr\b"
    r"|\b(?:english|chinese|mandarin|cantonese|japanese|korean|french|german|spanish|italian|portuguese|dutch|russian"
    r"|ukrainian|polish|czech|greek|latin|arabic|hebrew|persian|farsi|urdu|hindi|bengali|tamil|telugu|thai|vietnamese"
    r"|indonesian|malay|turkish|swedish|norwegian|danish|finnish|hungarian|romanian|bulgarian|swahili|sanskrit)\b"
    r"|翻译|翻譯|译成|譯成|用(?:中|英|日|韩|法|德|俄)|(?:中|英|日|韩|法|德|俄|外)[文语語]|訳|通訳|번역|영어|한국어|일본어|중국어"
    r"|übersetz|\bauf (?:deutsch|englisch|französisch)|tradu[icz]|\ben (?:anglais|français|español|inglés)"
    r"|перев[еоё]д|по-(?:русски|английски)"
    r"|ترجم|अनुवाद|çevir|dịch"
)
# Quoted or bracketed words are cited: the writing on a sign, the original of a name.
_PAIRS = ('""', "''", "“”", "‘’", "«»", "「」", "『』", "``", "()", "（）", "[]")
_CITED = "|".join(rf"{re.escape(pair[0])}[^{re.escape(pair[1])}\n]{{0,200}}{re.escape(pair[1])}" for pair in _PAIRS)


@text(unit="ISO 639 code", dtype="string", source="fastText lid.176 or py3langid, see language_detector")
def language(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Language of the answer, as the detector names it ("en", "zh"; "zxx" is none); null for fewer than 12 letters."""
    return _languages(batch, "answer")["code"]


@text(unit="probability", source="fastText lid.176 or py3langid, see language_detector")
def language_probability(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """How sure the detector is of the answer's language, 0 to 1; null for fewer than 12 letters."""
    return _languages(batch, "answer")["probability"]


@text(unit="ISO 639 code", dtype="string", source="fastText lid.176 or py3langid, see language_detector")
def prompt_language(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Language of the prompt, as the detector names it; null for fewer than 12 letters."""
    return _languages(batch, "prompt")["code"]


@text(unit="probability", source="fastText lid.176 or py3langid, see language_detector")
def prompt_language_probability(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """How sure the detector is of the prompt's language, 0 to 1; null for fewer than 12 letters."""
    return _languages(batch, "prompt")["probability"]


@text(unit="", dtype="string")
def language_detector(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Which detector named the answer's language, with its version or its file's hash; null where none could."""
    name = detector(batch.context.language_model).name
    return _languages(batch, "answer").select(pl.when(pl.col("code").is_not_null()).then(pl.lit(name))).to_series()


@text(unit="", dtype="bool", source="after code-switching in the Qwen2.5-VL report, 2.3.3")
def leaves_prompt_language(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether the answer is in another language than the prompt, which does not ask for one.

    Null where the answer's language is not known with a probability of 0.9 and the prompt's with one of 0.5;
    where that is below 0.9, a similar language is none other. An answer in no language (a code) is in any.
    """
    ours, theirs = _languages(batch, "answer"), _languages(batch, "prompt")
    both = samples.select(
        _asks(batch),
        ours=ours["code"],
        theirs=theirs["code"],
        certain=theirs["probability"] >= _SURE,
        known=(ours["probability"] >= _SURE) & (theirs["probability"] >= _LIKELY),
    )
    alike = pl.col("ours").replace(_GROUP) == pl.col("theirs").replace(_GROUP)
    differ = pl.when("certain").then(pl.col("ours") != pl.col("theirs")).otherwise(~alike)
    return both.select(pl.when(pl.col("known")).then(differ & ~pl.col("asks") & (pl.col("ours") != "zxx"))).to_series()


@text(unit="share", source="stop words: the most frequent function words of twelve languages; platform default")
def stop_word_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the answer's words that are function words of its language; null where it is none of twelve."""
    known = samples.select("answer", code=_languages(batch, "answer")["code"], words=answers(batch)["words"])
    lowered = pl.col("answer").str.to_lowercase()
    count: Any = pl.when(pl.col("code").is_null()).then(None)
    for code, pattern in STOP_WORDS.items():
        if code in known["code"]:
            mine = pl.col("code") == code
            # Only the rows of the language are searched.
            count = count.when(mine).then(pl.when(mine).then(lowered).str.count_matches(pattern))
    counts = known.select(count.otherwise(None).cast(pl.Int64)).to_series()
    return divide(counts, known["words"]).clip(upper_bound=1.0)


@text(unit="", dtype="string")
def main_script(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Script of most of the answer's letters, such as "Latin" or "Han"; null where it has no letters."""
    return answers(batch).select(_main()).to_series()


@text(unit="share")
def main_script_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the answer's letters that are of its most frequent script."""
    table = answers(batch)
    return divide(table.select(pl.max_horizontal(SCRIPTS)).to_series(), table["letters"])


@text(unit="scripts", dtype="int64")
def script_count(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Number of scripts that each make up a twentieth of the answer's letters or more; kana and Han count as one."""
    table = answers(batch).select("letters", *_grouped())
    shares = [(20 * pl.col(name) >= pl.col("letters")) & (pl.col(name) > 0) for name in _GROUPS]
    return table.select(pl.when(pl.col("letters") > 0).then(pl.sum_horizontal(shares)).cast(pl.Int64)).to_series()


@text(unit="", dtype="bool", source="after code-switching in the Qwen2.5-VL report, 2.3.3")
def leaves_prompt_script(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Whether most letters of the answer are of a script the prompt has not one letter of and did not ask for.

    Null where prompt or answer has fewer than four letters: formulas and options have no script.
    """
    theirs = prompts(batch).select("letters", *_grouped())
    ours = answers(batch).select(own="letters", main=_main(_GROUPS))
    seen: Any = pl.when(pl.col("main").is_null()).then(None)
    for name in _GROUPS:
        seen = seen.when(pl.col("main") == name).then(pl.col(name) > 0)
    table = pl.concat([_asks(batch).to_frame(), theirs, ours], how="horizontal")
    enough = (pl.col("letters") >= 4) & (pl.col("own") >= 4)
    return table.select(pl.when(enough).then(~seen.otherwise(True) & ~pl.col("asks"))).to_series()


@text(unit="share", source="after code-switching in the Qwen2.5-VL report, 2.3.3")
def foreign_script_ratio(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of the answer's letters that lapse into a script neither its own nor the prompt's, such as 这 in English.

    Latin and Greek letters stand anywhere, and so does what is quoted or in brackets. 0 where the prompt speaks of
    languages, null without letters.
    """
    ours = answers(batch)
    main = ours.select(_main(_GROUPS)).to_series()
    theirs = prompts(batch)
    foreign = _foreign(ours, theirs, main)
    asks = _asks(batch)
    suspects = ((foreign > 0) & ~asks).fill_null(False).arg_true()
    if len(suspects):
        rest = samples["answer"].gather(suspects).str.replace_all(_CITED, " ")
        told = chunked(rest, _scripts)
        foreign = pl.zeros(len(samples), dtype=pl.Int64, eager=True).scatter(
            suspects, _foreign(told, theirs[suspects], main.gather(suspects))
        )
    else:
        foreign = pl.zeros(len(samples), dtype=pl.Int64, eager=True)
    return divide(foreign, ours["letters"])


_GROUPS = tuple(name for name in SCRIPTS if name not in _TOGETHER)


def _grouped() -> list[pl.Expr]:
    return [pl.sum_horizontal([name, *(of for of, group in _TOGETHER.items() if group == name)]) for name in _GROUPS]


def _main(names: tuple[str, ...] = SCRIPTS) -> pl.Expr:
    """The one of `names` with most letters, the first of equals."""
    of = dict(zip(_GROUPS, _grouped(), strict=True)) if names == _GROUPS else {name: pl.col(name) for name in names}
    most = pl.max_horizontal(of.values())
    main: Any = pl.when(most.is_null() | (most == 0)).then(None)
    for name, letters in of.items():
        main = main.when(letters == most).then(pl.lit(name))
    return main.otherwise(None)


def _foreign(ours: pl.DataFrame, theirs: pl.DataFrame, main: pl.Series) -> pl.Series:
    """Letters of each answer in scripts other than its main one that the prompt has none of."""
    table = pl.concat(
        [ours.select(_grouped()), theirs.select(_grouped()).rename(lambda name: f"prompt {name}")], how="horizontal"
    )
    mine = pl.lit(main)
    strange = [
        pl.when((mine != name) & (pl.col(f"prompt {name}") == 0) & ~((mine == "Hangul") & pl.lit(name == "Han"))).then(
            pl.col(name)
        )
        for name in _GROUPS
        if name not in _EVERYWHERE
    ]
    return table.select(pl.sum_horizontal(strange).cast(pl.Int64)).to_series()


def _asks(batch: Batch) -> pl.Series:
    """Whether each prompt may want an answer in another language or script than its own."""
    return batch.once("asks for a language", lambda: batch.sample["prompt"].str.contains(_ASKS).alias("asks"))


def _scripts(texts: Characters) -> dict[str, np.ndarray[Any, Any]]:
    return {name: texts.count((name, f"{name} capital")) for name in SCRIPTS}


def _languages(batch: Batch, column: str) -> pl.DataFrame:
    """`code` and `probability` of each sample's prompt or answer: detected once for all signals."""

    def compute() -> pl.DataFrame:
        chosen = detector(batch.context.language_model)
        texts = batch.sample[column]
        enough = chunked(texts, lambda characters: {"of": tellable(characters)})["of"].fill_null(False)
        told = [chosen.detect(each) if tell else (None, None) for each, tell in zip(texts, enough, strict=True)]
        schema = {"code": pl.String, "probability": pl.Float64}
        return pl.DataFrame(told, schema=schema, orient="row")

    return batch.once(f"language {column}", compute)
