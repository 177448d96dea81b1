"""What comes back from a server, believed or refused."""

from __future__ import annotations

from typing import Any

import pytest

from curation.review import page
from curation.review.answers import LONGEST, read_tasks
from curation.review.state import Batch, batch_id

ANSWER = {
    "item": "x", "sample_id": "x", "row_id": "r", "question": "How many?", "answer": "two\nboxes", "boxes": False,
    "media": [], "regions": [], "model": "data",
}  # fmt: skip
PAIR = {
    "item": "p", "sample_id": "s", "row_id": "r", "question": "How many?", "a": "two", "b": "three", "flipped": False,
    "media": [], "regions": [],
}  # fmt: skip


def batch_of(item: dict[str, Any]) -> Batch:
    kind = "answer" if "answer" in item else "preference"
    return Batch(
        id=batch_id(kind, 1, [item]), kind=kind, page=1, url="http://a", items=[item], project=1,
        tasks={"7": item["item"]},
    )  # fmt: skip


def choice(value: Any, **more: Any) -> dict[str, Any]:
    chosen = {"choices": value if isinstance(value, list) else [value]}
    return {"from_name": "verdict", "to_name": "question", "type": "choices", "value": chosen, **more}


def text(*values: Any, **more: Any) -> dict[str, Any]:
    return {"from_name": "answer", "to_name": "question", "type": "textarea", "value": {"text": list(values)}, **more}


def annotation(*result: Any, **more: Any) -> dict[str, Any]:
    stamped = {"id": 3, "completed_by": 5, "updated_at": "2026-11-21T10:00:00Z", "was_cancelled": False}
    return {**stamped, "result": list(result), **more}


def found(item: dict[str, Any], /, *annotations: dict[str, Any], **data: Any) -> Any:
    task = {"id": 7, "data": {**page.texts(item), "images": [], **data}, "annotations": list(annotations)}
    return read_tasks(batch_of(item), [task])


@pytest.mark.parametrize(
    ("result", "verdict", "edited"),
    [
        ([choice("accept")], "accept", ""),
        ([choice("accept"), text("two\nboxes")], "accept", ""),
        ([choice("accept"), text(" two\r\nboxes\n")], "accept", ""),  # what a text field adds by itself
        ([choice("accept"), text("three")], "edit", "three"),  # accepted as it stands now
        ([choice("edit"), text("<script>x</script> <|im_end|>")], "edit", "<script>x</script> <|im_end|>"),
        ([choice("reject")], "reject", ""),
        ([choice("reject"), text("three")], "reject", ""),
        ([choice("reject"), text("")], "reject", ""),
    ],
)
def test_a_verdict_is_read(result: list[Any], verdict: str, edited: str) -> None:
    (decision,) = found(ANSWER, annotation(*result)).seen
    assert (decision.verdict, decision.text, decision.sample_id, decision.row_id) == (verdict, edited, "x", "r")
    assert (decision.annotation, decision.reviewer) == (3, 5)
    assert decision.updated_at == "2026-11-21T10:00:00.000000+00:00"


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ([choice("edit")], "the text is as it was"),
        ([choice("edit"), text("two\nboxes")], "the text is as it was"),
        ([text("three")], "choice is not one of"),
        ([choice("maybe")], "choice is not one of"),
        ([choice(["accept", "reject"])], "choice is not one of"),
        ([choice([{"a": 1}])], "choice is not one of"),
        ([choice("accept"), choice("reject")], "two results"),
        ([choice("accept", from_name="other")], "'other'"),
        ([choice("accept", to_name="image")], "'verdict'"),
        ([choice("accept", type="rating")], "'verdict'"),
        ([{**choice("accept"), "value": None}], "not a list of regions"),
        (["accept"], "not a list of regions"),
        ([choice("edit"), text("x" * (LONGEST + 1))], "longer than 100,000"),
        ([choice("edit"), text("one", "two")], "not one text"),
        ([choice("edit"), text(5)], "not one text"),
        ([choice("edit"), text("\ud800")], "not valid Unicode"),
        ([choice("edit"), text("  ")], "empty"),
    ],
)
def test_what_the_page_cannot_have_produced_is_refused(result: list[Any], reason: str) -> None:
    read = found(ANSWER, annotation(*result))
    assert not read.seen
    (refusal,) = read.refused
    assert reason in refusal.reason and (refusal.task, refusal.annotation, refusal.item) == (7, 3, "x")


@pytest.mark.parametrize("more", [{"id": "3"}, {"completed_by": {"id": 1}}, {"updated_at": "soon"}, {"result": None}])
def test_an_annotation_without_its_own_facts_is_refused(more: dict[str, Any]) -> None:
    read = found(ANSWER, annotation(choice("accept"), **more))
    assert not read.seen and len(read.refused) == 1


def test_a_skipped_task_is_no_verdict() -> None:
    read = found(ANSWER, annotation(choice("accept"), was_cancelled=True))
    assert not read.seen and not read.refused and read.present == {"x"}


def test_an_answer_that_points_at_places_is_not_edited_as_text() -> None:
    pointing = {**ANSWER, "boxes": True}
    assert found(pointing, annotation(choice("accept"))).seen[0].verdict == "accept"
    assert "choose reject" in found(pointing, annotation(choice("edit"), text("[1, 2]"))).refused[0].reason


@pytest.mark.parametrize("changed", [{"item": "y"}, {"question": "Other?"}, {"answer": "four"}])
def test_a_task_that_was_changed_on_the_server_is_refused_whole(changed: dict[str, str]) -> None:
    read = found(ANSWER, annotation(choice("accept")), **changed)
    assert not read.seen and read.refused[0].reason == f"the task was changed on the server: {next(iter(changed))}"


def test_a_task_that_no_push_made_is_refused_and_those_that_are_gone_are_named() -> None:
    foreign = {"id": 8, "data": page.texts(ANSWER), "annotations": [annotation(choice("accept"))]}
    read = read_tasks(batch_of(ANSWER), [foreign])
    assert not read.seen and read.missing == ["x"] and "not a task that was pushed" in read.refused[0].reason


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize(
    ("side", "shown_left"), [("left is better", True), ("right is better", False), ("tie", None), ("both bad", None)]
)
def test_sides_become_the_answers_that_stood_there(flipped: bool, side: str, shown_left: bool | None) -> None:
    """Unflipped, a = "two" stands on the left; flipped, on the right."""
    (decision,) = found({**PAIR, "flipped": flipped}, annotation(choice(side))).seen
    if shown_left is None:
        assert decision.verdict == side.replace(" ", "_")
        assert (decision.chosen, decision.rejected) == ("two", "three")
    else:
        a_won = shown_left != flipped
        expected = ("a", "two", "three") if a_won else ("b", "three", "two")
        assert (decision.verdict, decision.chosen, decision.rejected) == expected


def test_a_preference_has_no_text_to_edit() -> None:
    assert "'answer'" in found(PAIR, annotation(choice("tie"), text("mine"))).refused[0].reason
