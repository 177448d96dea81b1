"""Deciding over frames: fates, reasons, letters, thresholds by source."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from curation.contract.rule import Rule
from filters.deciding import decide, dropped, reasons, verdicts

ROWS = pl.DataFrame(
    {
        "task": ["caption", "caption", "vqa", None],
        "source": ["a", "b", "a", "a"],
        "answer_words": [2, 2, None, 9],
        "aspect_ratio": [1.5, 30.0, 30.0, None],
    },
    schema_overrides={"answer_words": pl.Int64},
)
WORDS = Rule(signal="answer_words", min=3)
SHAPE = Rule(signal="aspect_ratio", max=20)


def test_fates_reasons_and_letters() -> None:
    found = decide(ROWS, {"words": WORDS, "shape": SHAPE}).to_dicts()
    assert [(row["fate"], row["reason"], row["letters"]) for row in found] == [
        ("dropped", "words", "dk"),
        ("dropped", "words, shape", "dd"),
        ("dropped", "shape", "ud"),
        ("kept", "", "ku"),
    ]
    assert found[1]["detail"] == "answer_words 2 < 3; aspect_ratio 30.0 > 20"
    assert found[2]["verdicts"] == [{"rule": "shape", "verdict": "drop", "reason": "aspect_ratio 30.0 > 20"}]
    assert found[3]["verdicts"] == []


def test_what_is_not_measured_waits_or_drops_where_a_rule_says_so() -> None:
    wait, drop = WORDS.model_copy(update={"unknown": "wait"}), SHAPE.model_copy(update={"unknown": "drop"})
    found = decide(ROWS, {"words": wait}).to_dicts()
    assert [row["fate"] for row in found] == ["dropped", "dropped", "waiting", "kept"]
    assert found[2]["verdicts"] == [{"rule": "words", "verdict": "wait", "reason": "answer_words is not measured"}]
    both = decide(ROWS, {"words": wait, "shape": drop}).to_dicts()
    assert both[2]["fate"] == "dropped" and both[2]["reason"] == "shape"  # a drop is told, not what waits beside it
    assert both[3]["detail"] == "aspect_ratio is not measured"
    assert dropped(ROWS, {"shape": drop}).to_list() == [False, True, True, True]


def test_a_threshold_of_a_source_is_the_same_rule() -> None:
    rule = WORDS.model_copy(update={"by_source": {"b": Rule(signal="answer_words", min=1)}})
    assert verdicts(ROWS, {"words": rule})["words"].to_list() == ["drop", "keep", "unknown", "keep"]
    strict = WORDS.model_copy(update={"by_source": {"a": Rule(signal="aspect_ratio", max=1)}})
    told = reasons(ROWS, {"words": strict})["words"].to_list()
    assert told == [
        "aspect_ratio 1.5 > 1",
        "answer_words 2 < 3",
        "aspect_ratio 30.0 > 1",
        "aspect_ratio is not measured",
    ]


def test_scopes() -> None:
    rule = WORDS.model_copy(update={"tasks": ("caption",), "sources": ("a",), "by_source": {"b": WORDS}})
    # Row 1 is in scope by its own statement; row 3 has no task, so that it is in no scope of tasks.
    assert verdicts(ROWS, {"words": rule})["words"].to_list() == ["drop", "drop", "na", "na"]


@pytest.mark.parametrize("rules", [{}, {"words": WORDS}])
def test_no_rules_and_no_rows(rules: dict[str, Any]) -> None:
    assert decide(ROWS.clear(), rules).columns == ["fate", "reason", "detail", "verdicts", "letters"]
    assert decide(ROWS, {})["fate"].to_list() == ["kept"] * 4
    assert decide(ROWS, {})["letters"].to_list() == [""] * 4


def test_a_row_is_decided_alone_as_among_others() -> None:
    rules = {"words": WORDS, "shape": SHAPE, "both": Rule(predicate="answer_words < 5 OR aspect_ratio < 2")}
    together = decide(ROWS, rules)
    alone = pl.concat([decide(ROWS.slice(index, 1), rules) for index in range(len(ROWS))])
    assert together.equals(alone)
