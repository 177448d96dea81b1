"""Rows that are samples already: nothing is lost of a good one, and a bad one is told by its field."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from curation.build import Builder
from curation.contract.sample import (
    Answer,
    Media,
    Preference,
    Region,
    Sample,
    Step,
    Turn,
    action_part,
    media_part,
    region_part,
    text_part,
    to_row,
)
from curation.contract.source import Source
from curation.readers import Problem

BYTES = b"an image, for all that this test knows"
MEDIUM = Media(sha256=hashlib.sha256(BYTES).hexdigest(), mime="image/png", width=40, height=20, size=9, uri="a/b.png")
SAMPLE = Sample(
    row_id="theirs/1",
    source="their source",
    task="agent",
    messages=(
        Turn(role="system", parts=(text_part("You act."),)),
        Turn(role="user", parts=(media_part(0), text_part("Press OK"), region_part(1))),
        Turn(role="assistant", parts=(action_part(0),)),
    ),
    media=(MEDIUM,),
    regions=(
        Region(points=(1.0, 2.0, 9.5, 8.0), label="OK"),
        Region(points=(1.0, 2.0, 9.0, 2.0, 9.0, 5.0, 1.0, 5.0), shape="quad", text="Ja"),
        Region(points=(3.0, 4.0), shape="point"),
    ),
    steps=(Step(media=0, action="left_click", thought="There it is.", region=0),),
    answer=Answer(text="OK", verifier="click"),
    preference=Preference(chosen="a", rejected="b", margin=0.5, origin="judge"),
    licence="CC0-1.0",
    tags=("script:latin", "build:theirs"),
    parents=("theirs/0",),
)
ROW = to_row(SAMPLE)


def take(row: dict[str, Any], **more: Any) -> Sample:
    told = {"tasks": ["agent", "ocr"], **more}
    source = Source(path="x", reader="jsonl", build="sample", **told)
    (sample,) = Builder("mine", source).build("mine:x#1", row, lambda value: MEDIUM)
    return sample


def test_nothing_is_lost() -> None:
    wanted = replace(SAMPLE, row_id="mine:x#1", source="mine", parents=("theirs/1", "theirs/0"))
    assert take(copy.deepcopy(ROW)) == wanted
    assert take(json.loads(json.dumps(ROW))) == wanted
    assert take(ROW, licence="CC-BY-4.0").licence == "CC-BY-4.0"
    assert take({"row": {"deep": ROW}}, fields={"row": "row.deep"}) == wanted
    two = Source(path="x", reader="jsonl", build="sample", tasks=["agent"], each="some", fields={"row": "item"})
    first, second = Builder("mine", two).build("mine:x#1", {"some": [ROW, ROW]}, lambda value: MEDIUM)
    assert (first, second.parents) == (wanted, ("mine:x#1", "theirs/1", "theirs/0"))


def test_what_is_left_out_has_its_default() -> None:
    said = [{"role": "user", "parts": [{"kind": "text", "text": "Read."}]}]
    sample = take({"task": "ocr", "messages": said, "regions": None, "preference": None})
    assert sample.messages == (Turn(role="user", parts=(text_part("Read."),)),)
    assert (sample.regions, sample.answer, sample.parents) == ((), Answer(), ())


def test_an_image_is_a_member_of_the_row_or_a_file() -> None:
    asked: list[Any] = []

    def fetch(value: Any) -> Media:
        asked.append(value)
        return MEDIUM

    source = Source(path="x", reader="webdataset", build="sample", tasks=["agent"], fields={"row": "json"})
    inside = {**ROW, "media": [{**ROW["media"][0], "uri": "0.png"}]}
    Builder("mine", source).build("m", {"json": inside, "0.png": BYTES}, fetch)
    Builder("mine", source).build("m", {"json": ROW}, fetch)
    assert asked == [{"path": "0.png", "bytes": BYTES}, "a/b.png"]


def test_other_bytes_than_the_row_states_are_named() -> None:
    other = "f" * 64
    with pytest.raises(Problem, match=f"a/b.png is {MEDIUM.sha256}, and the row says {other}") as problem:
        take({**ROW, "media": [{**ROW["media"][0], "sha256": other}]})
    assert problem.value.kind == "other_bytes"


@pytest.mark.parametrize(
    ("path", "value", "kind", "told"),
    [
        ("messages.0.role", "robot", "bad_field", "`messages.0.role`"),
        ("messages.1.parts.0.kind", "sound", "bad_field", "`messages.1.parts.0.kind`"),
        ("messages.1.parts.0.index", 1, "bad_index", "`messages.1.parts.0.index` is 1, of 1"),
        ("messages.1.parts.2.index", -1, "bad_index", "`messages.1.parts.2.index` is -1, of 3"),
        ("messages.2.parts.0.index", 1, "bad_index", "`messages.2.parts.0.index` is 1, of 1"),
        ("messages", "hello", "bad_field", "`messages`"),
        ("task", "vqa", "bad_task", "`task` is vqa, and the source's `tasks` are agent, ocr"),
        ("task", "dance", "bad_field", "`task`"),
        ("answer.verifier", "vibes", "bad_field", "`answer.verifier`"),
        ("regions.0.media", 2, "bad_index", "`regions.0.media` is 2, of 1"),
        ("regions.0.points", [1.0, 2.0, 3.0], "bad_box", "`regions.0.points`: expected 2, 4 or 8"),
        ("regions.0.points", [1.0, 2.0, float("nan"), 3.0], "bad_box", "`regions.0.points`: expected 2, 4 or 8"),
        ("regions.0.points", [1.0, 2.0], "bad_box", "a box has 4 numbers, not 2"),
        ("regions.0.points", [9.0, 2.0, 1.0, 8.0], "bad_box", "`regions.0.points`: reversed corners"),
        ("regions.1.shape", "star", "bad_field", "`regions.1.shape`"),
        ("steps.0.action", "levitate", "bad_step", "`steps.0`: computer_use has no action 'levitate'"),
        ("steps.0.region", 7, "bad_index", "`steps.0.region` is 7, of 3"),
        ("steps.0.media", -1, "bad_index", "`steps.0.media` is -1, of 1"),
        ("preference.margin", "much", "bad_field", "`preference.margin`"),
        ("preference.chosen", "\ud800", "bad_text", "not Unicode"),
        ("tags", ["\ud800"], "bad_text", "not Unicode"),
        ("media.0.uri", None, "bad_field", "`media.0.uri`"),
        ("media", {"uri": "a"}, "bad_field", "`media.0.uri`"),
        ("answer", {"text": "no object", "verifier": "fields"}, "bad_field", "JSON"),
        ("answer", {"text": "| 1 |", "verifier": "table"}, "bad_field", "no <table> in it"),
    ],
)  # fmt: skip
def test_a_fault_is_told_by_its_field(path: str, value: Any, kind: str, told: str) -> None:
    row = copy.deepcopy(ROW)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner: Any = row
    for step in way:
        inner = inner[step]
    inner[last] = value
    with pytest.raises(Problem) as problem:
        take(row)
    assert problem.value.kind == kind and told in str(problem.value)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"tasks": []}, "`sample` needs `tasks`"),
        ({"prompts": ["Read."]}, "no use for `prompts`"),
        ({"fields": {"image": "x"}}, "has no field `image`"),
        ({"build": "instruction", "fields": {"instruction": "a", "output": "b"}}, "`tasks` are for `build: sample`"),
    ],
)
def test_a_source_of_samples_says_its_tasks_and_no_more(more: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Source(**{"path": "x", "reader": "jsonl", "build": "sample", "tasks": ["ocr"], **more})
