from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from curation.build import Builder
from curation.contract.recipe import Boxes, Source
from curation.contract.sample import Media, from_row, to_row
from curation.ingest import store_image
from curation.media import MediaStore
from curation.readers import Problem

NAN = float("nan")
MEDIA = Media(sha256="a" * 64, mime="image/jpeg", width=40, height=20, orientation=6, size=9)


def build(builder: str, fields: dict[str, str], row: dict[str, Any], **more: Any) -> Any:
    source = Source(path="x", reader="jsonl", build=builder, fields=fields, **more)  # type: ignore[arg-type]
    return Builder("s", source).build("s:x#1", row, lambda value: MEDIA)


def texts(sample: Any, turn: int) -> list[str]:
    return [part.text for part in sample.messages[turn].parts if part.kind == "text"]


def test_caption_is_asked_for_by_image_not_by_row() -> None:
    fields = {"image": "i", "caption": "c"}
    (first,) = build("caption", fields, {"i": "1", "c": "A cat"})
    (second,) = build("caption", fields, {"i": "other path, same bytes", "c": "A cat"})
    assert first.sample_id == second.sample_id
    assert texts(first, 1) == ["A cat"]


def test_spotting_keeps_quads_and_their_text() -> None:
    row = {"i": "1", "lines": [{"quad": [1, 2, 9, 2, 9, 5, 1, 5], "text": "TOTAL"}]}
    (sample,) = build("spotting", {"image": "i", "regions": "lines[].{points: quad, text: text}"}, row)
    assert sample.regions[0].shape == "quad" and sample.regions[0].box == (1, 2, 9, 5)
    assert sample.answer.text == "TOTAL" and sample.answer.verifier == "spotting"
    assert from_row(to_row(sample)) == sample


def test_boxes_in_the_stored_frame_are_turned_as_the_image_is() -> None:
    # 40 x 20 stored, orientation 6: turned clockwise for display, 20 x 40. The stored top left corner goes top right.
    boxes = Boxes(format="xywh", units="pixels", frame="stored")
    (sample,) = build(
        "referring", {"image": "i", "phrase": "p", "region": "b"}, {"i": 1, "p": "it", "b": [0, 0, 10, 4]}, boxes=boxes
    )
    assert sample.regions[0].points == (16.0, 0.0, 20.0, 10.0)


def test_relative_boxes_are_brought_to_displayed_pixels() -> None:
    boxes = Boxes(units="unit")
    (sample,) = build(
        "referring",
        {"image": "i", "phrase": "p", "region": "b"},
        {"i": 1, "p": "it", "b": [0, 0.5, 0.5, 1]},
        boxes=boxes,
    )
    assert sample.regions[0].points == (0.0, 20.0, 10.0, 40.0)


def test_extraction_writes_json_with_nulls() -> None:
    (sample,) = build("extraction", {"image": "i", "answer": "f"}, {"i": 1, "f": {"total": "9.00", "date": None}})
    assert sample.answer.text == '{"total": "9.00", "date": null}'
    assert sample.task == "document"


def test_click_is_a_step_whose_place_stays_data() -> None:
    fields = {"image": "i", "instruction": "q", "target": "steps[0].bbox"}
    (sample,) = build("click", fields, {"i": 1, "q": "Press OK", "steps": [{"bbox": [1, 2, 3, 4]}]})
    assert sample.steps[0].region == 0 and sample.regions[0].centre == (2.0, 3.0)
    assert [part.kind for part in sample.messages[1].parts] == ["action"]


ACTION = {"image": "i", "instruction": "q", "action": "a.name", "arguments": "a.arguments", "target": "a.box"}


def test_an_action_is_checked_whole() -> None:
    row = {"i": 1, "q": "Press OK", "a": {"name": "right_click", "box": [1, 2, 3, 4]}}
    (sample,) = build("action", ACTION, row)
    assert (sample.steps[0].action, sample.steps[0].region, sample.regions[0].centre) == ("right_click", 0, (2.0, 3.0))
    assert sample.answer.text == '{"action": "right_click", "tool": "computer_use"}'
    assert sample.answer.verifier == "action" and sample.task == "agent"
    (typed,) = build("action", ACTION, {"i": 1, "q": "Say hi", "a": {"name": "type", "arguments": {"text": "hi"}}})
    assert typed.answer.text == '{"action": "type", "text": "hi", "tool": "computer_use"}'
    assert typed.regions == () and typed.steps[0].arguments == '{"text": "hi"}'
    swipe = {"image": "i", "instruction": "q", "action": "a", "target": "s", "end": "e", "tool": "t"}
    values = {"i": 1, "q": "Swipe", "a": "swipe", "s": [1, 2, 3, 4], "e": [5, 6, 7, 8], "t": "mobile_use"}
    (swiped,) = build("action", swipe, values)
    assert (swiped.steps[0].region, swiped.steps[0].end_region) == (0, 1)


def test_a_table_must_be_one_where_it_is_checked_as_one() -> None:
    fields = {"image": "i", "question": "q", "answer": "a"}
    good = {"i": 1, "q": "As HTML?", "a": "<table><tr><td>1</td></tr></table>"}
    (sample,) = build("vqa", fields, good, verifier="table")
    assert sample.answer.verifier == "table"
    with pytest.raises(Problem, match="no <table> in it"):
        build("vqa", fields, {**good, "a": "| 1 |"}, verifier="table")
    with pytest.raises(Problem, match="no <table> in it"):
        build("instruction", {"instruction": "q", "output": "a"}, {**good, "a": "| 1 |"}, verifier="table")


def test_instruction_joins_its_input() -> None:
    fields = {"instruction": "a", "input": "b", "output": "c"}
    (sample,) = build("instruction", fields, {"a": "Add", "b": "1 2", "c": "3"})
    assert texts(sample, 0) == ["Add\n\n1 2"] and sample.media == ()
    (bare,) = build("instruction", fields, {"a": "Add", "b": "", "c": "3"})
    assert texts(bare, 0) == ["Add"]


def test_each_makes_several_samples_that_name_their_parent() -> None:
    fields = {"image": "row.i", "phrase": "item.label", "region": "item.box"}
    row = {"i": 1, "objects": [{"label": "a", "box": [0, 0, 1, 1]}, {"label": "b", "box": [1, 1, 2, 2]}]}
    first, second = build("referring", fields, row, each="objects")
    assert (first.row_id, first.parents) == ("s:x#1", ())
    assert (second.row_id, second.parents) == ("s:x#1[1]", ("s:x#1",))


@pytest.mark.parametrize(
    ("builder", "fields", "row", "kind"),
    [
        ("vqa", {"image": "i", "question": "q", "answer": "a"}, {"i": 1, "q": "?"}, "missing_field"),
        ("vqa", {"image": "i", "question": "q", "answer": "a"}, {"i": 1, "q": "?", "a": {"x": 1}}, "bad_field"),
        ("vqa", {"image": "i", "question": "q", "answer": "a"}, {"q": "?", "a": "x"}, "missing_field"),
        ("vqa", {"image": "i", "question": "q", "answer": "a"}, {"i": 1, "q": "\ud800", "a": "x"}, "bad_text"),
        ("extraction", {"image": "i", "answer": "a"}, {"i": 1, "a": "no object"}, "bad_field"),
        ("extraction", {"image": "i", "answer": "a"}, {"i": 1, "a": {"total": NAN}}, "bad_field"),
        ("extraction", {"image": "i", "answer": "a"}, {"i": 1, "a": {"date": datetime.date(2020, 1, 1)}}, "bad_field"),
        ("vqa", {"image": "i", "question": "length(q)", "answer": "a"}, {"i": 1, "q": None, "a": "x"}, "bad_field"),
        ("spotting", {"image": "i", "regions": "r"}, {"i": 1, "r": []}, "empty_field"),
        ("action", ACTION, {"i": 1, "q": "x", "a": {"name": "fly"}}, "bad_field"),
        ("action", ACTION, {"i": 1, "q": "x", "a": {"name": "type"}}, "bad_field"),
        ("detection", {"image": "i", "regions": "o[].{points: b, label: l}"},
         {"i": 1, "o": [{"b": [0, 0, 1, 1], "l": "x"}, None]}, "null_item"),
        ("referring", {"image": "i", "phrase": "p", "region": "b"}, {"i": 1, "p": "x", "b": [9, 9, 2, 2]}, "bad_box"),
        ("referring", {"image": "i", "phrase": "p", "region": "b"}, {"i": 1, "p": "x", "b": [1, 2, 3]}, "bad_box"),
        ("referring", {"image": "i", "phrase": "p", "region": "b"}, {"i": 1, "p": "x", "b": "1,2,3,4"}, "bad_box"),
        ("referring", {"image": "i", "phrase": "p", "region": "b"}, {"i": 1, "p": "x", "b": "1234"}, "bad_box"),
        ("referring", {"image": "i", "phrase": "p", "region": "b"}, {"i": 1, "p": "x", "b": [[1, 2], 3]}, "bad_box"),
        ("referring", {"image": "i", "phrase": "p", "region": "b"}, {"i": 1, "p": "x", "b": [10**400] * 4}, "bad_box"),
        ("referring", {"image": "i", "phrase": "p", "region": "b"}, {"i": 1, "p": "x", "b": [0, NAN, 1, 1]}, "bad_box"),
    ],
)  # fmt: skip
def test_what_cannot_become_a_sample_says_why(
    builder: str, fields: dict[str, str], row: dict[str, Any], kind: str
) -> None:
    with pytest.raises(Problem) as problem:
        build(builder, fields, row)
    assert problem.value.kind == kind


def test_an_image_path_must_stay_under_its_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"no image, but that is not the point")
    (tmp_path / "data" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    media = MediaStore(str(tmp_path / "store"))
    for path in (
        "../secret.jpg",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://example.org/a.png",
        "link.jpg",
        "a\n.jpg",
    ):
        with pytest.raises(Problem) as problem:
            store_image(path, str(tmp_path / "data"), media)
        assert problem.value.kind == "unsafe_path", path
    for path in ("absent.jpg", "x" * 5000, "link.jpg/x"):
        with pytest.raises(Problem) as problem:
            store_image(path, str(tmp_path / "data"), media)
        assert problem.value.kind in ("missing_file", "unsafe_path"), path
