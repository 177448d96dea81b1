"""Rules: what is refused, what the SQL says, and what Spark makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from filters.catalogue import catalogue
from filters.predicate import parse_predicate, quote_string
from filters.rules import CompiledRule, Rule, compile_rule

SIGNALS = catalogue()


def compiled(**settings: Any) -> CompiledRule:
    return compile_rule("a_rule", Rule.model_validate(settings), SIGNALS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"signal": "luma_mean"}, "keeps everything: give it min, max, equals or in"),
        ({"min": 3}, "either a signal or a predicate"),
        ({"signal": "luma_mean", "predicate": "luma_mean > 3", "min": 3}, "and not both"),
        ({"predicate": "luma_mean > 3", "max": 3}, "a predicate says itself"),
        ({"signal": "luma_mean", "min": 5, "max": 3}, "min 5 is greater than max 3"),
        ({"signal": "luma_mean", "min": 5, "equals": 3}, "exclude each other"),
        ({"signal": "luma_mean", "in": []}, "`in` is empty"),
        ({"signal": "luma_mean", "min": "5"}, "valid number"),
        ({"signal": "luma_mean", "min": float("nan")}, "finite number"),
        ({"signal": "luma_mean", "minimum": 5}, "Extra inputs"),
        ({"signal": "luma_mean", "min": 5, "tasks": ["ocrr"]}, "'ocr'"),
        ({"signal": "luma_mean", "min": 5, "unknown": "maybe"}, "'wait'"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_words(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Rule.model_validate(settings)


def test_a_rule_reads_from_lists_and_by_either_name_of_in() -> None:
    rule = Rule.model_validate({"signal": "media_count", "in": [1, 2], "tasks": ["ocr"]})
    assert rule.in_ == (1, 2) and rule.tasks == ("ocr",) and rule.unknown == "keep"
    assert rule == Rule(signal="media_count", in_=(1, 2), tasks=("ocr",))
    assert Rule.model_validate_json(json.dumps({"signal": "media_count", "in": [1, 2], "tasks": ["ocr"]})) == rule


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"signal": "luma_men", "min": 1}, "rule a_rule: there is no signal 'luma_men'; did you mean `luma_mean`."),
        ({"signal": "phash", "min": 1}, "phash is a string: min and max are for numbers"),
        ({"signal": "answer_is_filename", "max": 0}, "answer_is_filename is a bool"),
        ({"signal": "answer_is_filename", "equals": 0}, "is a bool, but 0 is a int"),
        ({"signal": "media_count", "equals": True}, "is a int64, but True is a bool"),
        ({"signal": "phash", "in": ["a", 2]}, "is a string, but 2 is a int"),
        ({"predicate": ""}, "expected a signal or a value, found 'the end'"),
        ({"predicate": "1 = 1"}, "reads no signal"),
        ({"predicate": "luma_mean"}, "is a number, not a condition"),
        ({"predicate": "luma_mean + 1 > 2 AND luma_std"}, "a number stands where a bool is needed"),
        ({"predicate": "phash > 3"}, "a string stands where a number is needed"),
        ({"predicate": "luma_mean > 3; DROP TABLE x"}, "';' at 13 is not allowed"),
        ({"predicate": "luma_mean > 3 -- and more"}, "'-' at 14 is not allowed"),
        ({"predicate": "luma_mean > 3 /* */"}, "'/' at 14 is not allowed"),
        ({"predicate": "luma_mean / 2 > 3"}, "write a > 3 \\* b"),
        ({"predicate": "luma_mean > 3) OR (1 = 1"}, "nothing may follow here, but there is '\\)'"),
        ({"predicate": "luma_mean > (SELECT 1)"}, "there is no signal 'SELECT'"),
        ({"predicate": "java_method('a') = 'b'"}, "function 'java_method' is not allowed"),
        ({"predicate": "abs(luma_mean, 2) > 3"}, "abs takes 1 to 1 values, not 2"),
        ({"predicate": "`luma_mean` > 3"}, "'`' at 0 is not allowed"),
        ({"predicate": "luma_mean > 1e999"}, "not a finite number"),
        ({"predicate": "luma_mean NOT 3"}, "expected 'BETWEEN' or 'IN'"),
        ({"predicate": "luma_mean IS 3"}, "expected 'NULL', found '3'"),
        ({"predicate": "(" * 190 + "luma_mean"}, "nested too deeply|expected '\\)'"),
        ({"predicate": "luma_mean > 1 AND " * 60 + "luma_mean > 1"}, "are too many"),
    ],
)
def test_a_rule_that_cannot_be_compiled_is_refused_in_words(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compiled(**settings)


def test_the_sql_of_a_rule_speaks_of_its_tasks_and_bounds() -> None:
    rule = compiled(signal="luma_mean", min=25, tasks=["caption", "vqa"], unknown="wait")
    assert "(`task` IN ('caption', 'vqa'))" in rule.verdict_sql
    assert "`luma_mean` < CAST(25.0 AS DOUBLE)" in rule.verdict_sql
    assert rule.unknown == "wait"
    assert "`task`" not in compiled(predicate="luma_std > 5").verdict_sql


def test_a_predicate_is_written_anew_with_its_precedence() -> None:
    parsed = parse_predicate("not luma_mean > 1 and 2 + 3 * luma_std >= -1 or phash in ('a', 'b''c')", SIGNALS)
    mean, std = "CAST(`luma_mean` AS DOUBLE)", "CAST(`luma_std` AS DOUBLE)"
    one = "CAST(1.0 AS DOUBLE)"
    assert parsed.sql == (
        f"(((NOT ({mean} > {one})) AND ((CAST(2.0 AS DOUBLE) + (CAST(3.0 AS DOUBLE) * {std})) >= (- {one})))"
        " OR (`phash` IN ('a', 'b\\'c')))"
    )
    assert parsed.signals == ("luma_mean", "luma_std", "phash")


def test_text_cannot_leave_its_literal() -> None:
    assert quote_string("a' OR 1=1 \\") == "'a\\' OR 1=1 \\\\'"


# luma_mean, media_count, phash, answer_is_filename, task -> verdict and reason
ROWS = [
    (12.34567891, 1, "ab", True, "ocr"),
    (25.0, 3, "it's \\ here", False, "ocr"),
    (None, None, None, None, "ocr"),
    (300.0, 2, "x", False, "vqa"),
    (99.0, 2, "x", False, None),
]
NULL = (None, None)


@pytest.mark.spark
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"signal": "luma_mean", "min": 25, "max": 250},
            [
                ("drop", "luma_mean 12.345679 < 25"),
                ("keep", None),
                ("unknown", "luma_mean is not measured"),
                ("drop", "luma_mean 300.0 > 250"),
                ("keep", None),
            ],
        ),
        (
            {"signal": "media_count", "in": [1, 2], "tasks": ["ocr"]},
            [
                ("keep", None),
                ("drop", "media_count 3 is none of 1, 2"),
                ("unknown", "media_count is not measured"),
                ("na", None),
                ("na", None),
            ],
        ),
        (
            {"signal": "phash", "equals": "it's \\ here"},
            [
                ("drop", "phash ab is not it's \\ here"),
                ("keep", None),
                ("unknown", "phash is not measured"),
                ("drop", "phash x is not it's \\ here"),
                ("drop", "phash x is not it's \\ here"),
            ],
        ),
        (
            {"signal": "answer_is_filename", "equals": False},
            [
                ("drop", "answer_is_filename true is not false"),
                ("keep", None),
                ("unknown", "answer_is_filename is not measured"),
                ("keep", None),
                ("keep", None),
            ],
        ),
        (
            {"predicate": "luma_mean >= 2e1 AND NOT media_count IN (3) OR phash = 'ab' AND luma_mean > 100"},
            [
                ("drop", " is false: luma_mean 12.345679 media_count 1 phash ab"),
                ("drop", " is false: luma_mean 25.0 media_count 3 phash it's \\ here"),
                ("unknown", "not all of luma_mean, media_count, phash are measured"),
                ("keep", None),
                ("keep", None),
            ],
        ),
        (
            {"predicate": "coalesce(luma_mean, 0) BETWEEN 1 AND 1e2 OR least(abs(-media_count), 9) * 3 - 2 = 4"},
            [
                ("keep", None),
                ("keep", None),
                ("drop", " is false: luma_mean not measured media_count not measured"),
                ("keep", None),
                ("keep", None),
            ],
        ),
    ],
)
def test_verdicts_and_reasons_in_spark(spark: Any, settings: dict[str, Any], expected: list[Any]) -> None:
    schema = "luma_mean double, media_count bigint, phash string, answer_is_filename boolean, task string"
    rule = compiled(**settings)
    rows = spark.createDataFrame(ROWS, schema).selectExpr(rule.verdict_sql, rule.reason_sql).collect()
    prefix = settings.get("predicate", "")
    told = [(verdict, reason.removeprefix(prefix) if reason else None) for verdict, reason in rows]
    assert told == expected
