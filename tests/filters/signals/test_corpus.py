"""What counts as the same answer, and how often a source says it."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Sample, Turn, region_part, text_part, to_row
from filters.catalogue import collect
from filters.measuring import corpus_keys
from filters.reducing import corpus_value
from filters.signals import corpus

SIGNALS = collect((corpus,))


def keys(*answers: str | None) -> pl.DataFrame:
    samples = []
    for answer in answers:
        part = region_part(0) if answer is None else text_part(answer)
        turns = (Turn(role="user", parts=(text_part("What?"),)), Turn(role="assistant", parts=(part,)))
        samples.append(Sample(row_id="r", source="s", task="caption", messages=turns))
    table = pa.Table.from_pylist([to_row(sample) for sample in samples], schema=SAMPLE)
    return pl.DataFrame(pl.from_arrow(corpus_keys(table, list(SIGNALS.values()))))


def test_capitals_spacing_and_outer_punctuation_make_no_difference() -> None:
    found = keys("App GUI", " app  gui.", '"App GUI"', "App-GUI", "App GUI 2")["answer"].list.first().to_list()
    assert found[0] == found[1] == found[2]
    assert len(set(found)) == 3


def test_answers_without_words_or_letters_have_no_key_and_prompts_have_one() -> None:
    found = keys(None, "", " ?! ", "yes")
    assert found["answer"].list.len().to_list() == [0, 0, 0, 1]
    assert found["prompt"].list.first().n_unique() == 1


def test_signals_that_count_the_same_share_their_keys() -> None:
    assert keys("yes").columns == ["sample_id", "answer", "prompt"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("same_answer_count", 3), ("same_answer_share", 0.1), ("same_prompt_share", 0.1), ("distinct_answers", 12)],
)
def test_values_of_an_answer_that_three_of_thirty_give(name: str, value: float) -> None:
    assert corpus_value(SIGNALS[name], count=3, total=30, distinct=12) == pytest.approx(value)
