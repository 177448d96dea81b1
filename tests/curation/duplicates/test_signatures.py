"""What makes two rows the same: pictures, question, and what an agent does where."""

from __future__ import annotations

from typing import Any

import pytest

from curation.duplicates.deduplicate import _with_signatures

pytestmark = pytest.mark.spark
SCHEMA = (
    "row_id string, builder string, question string, answer string, text string, pixel_hash array<string>, "
    "places array<struct<media:int,what:string>>, stepwise boolean"
)
CLICK, OTHER, WAIT = "click {} 3,4", "click {} 9,9", "wait {} "


def trajectory(row_id: str, screens: list[str], steps: list[tuple[int, str]], question: str = "log in") -> Any:
    return (row_id, "click", question, "", None, screens, steps, True)


def signatures(spark: Any, rows: list[Any], same: dict[str, str]) -> dict[str, str]:
    """The signature of each row, where pictures count as what `same` says."""
    clusters = spark.createDataFrame([*same.items()] or [("none", "none")], "node string, component string")
    found = _with_signatures(spark.createDataFrame(rows, SCHEMA), clusters)
    return {row["row_id"]: row["signature"] for row in found.select("row_id", "signature").collect()}


def test_trajectories_are_the_same_by_their_steps(spark: Any) -> None:
    rows = [
        trajectory("first", ["a", "b"], [(0, CLICK), (1, OTHER)]),
        trajectory("recorded again", ["a2", "b2"], [(0, CLICK), (1, OTHER)]),
        trajectory("with a pause", ["a", "a2", "b"], [(0, WAIT), (1, WAIT), (0, CLICK), (2, OTHER)]),
        trajectory("clicked twice", ["a", "a2", "b"], [(0, CLICK), (1, CLICK), (2, OTHER)]),
        trajectory("elsewhere", ["a", "b"], [(0, CLICK), (1, CLICK)]),
        trajectory("shorter", ["a", "b"], [(0, CLICK)]),
        trajectory("another goal", ["a", "b"], [(0, CLICK), (1, OTHER)], "log out"),
        trajectory("other screens", ["a", "c"], [(0, CLICK), (1, OTHER)]),
    ]
    found = signatures(spark, rows, {"a": "a", "a2": "a", "b": "b", "b2": "b"})
    assert found["first"] == found["recorded again"] == found["clicked twice"]
    others = ["with a pause", "elsewhere", "shorter", "another goal", "other screens"]
    assert len({found[name] for name in ["first", *others]}) == 1 + len(others)


def test_a_picture_with_another_question_or_place_is_another_row(spark: Any) -> None:
    none: list[Any] = []
    rows = [
        ("asked", "vqa", "how many?", "3", None, ["p"], none, False),
        ("of a copy", "vqa", "how many?", "3", None, ["q"], none, False),
        ("otherwise", "vqa", "which?", "3", None, ["p"], none, False),
        ("answered otherwise", "vqa", "how many?", "4", None, ["p"], none, False),
        ("caption", "caption", "", "one", None, ["p"], none, False),
        ("other caption", "caption", "", "two", None, ["q"], none, False),
        ("here", "referring", "", "", None, ["p"], [(0, "1,1,2,2")], False),
        ("there", "referring", "", "", None, ["q"], [(0, "5,5,6,6")], False),
        ("two pictures", "vqa", "how many?", "3", None, ["p", "r"], none, False),
        ("in the other order", "vqa", "how many?", "3", None, ["r", "p"], none, False),
    ]
    found = signatures(spark, rows, {"p": "p", "q": "p"})
    assert found["asked"] == found["of a copy"] and found["caption"] == found["other caption"]
    assert len(set(found.values())) == len(rows) - 2
