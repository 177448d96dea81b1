"""What people are asked about."""

from __future__ import annotations

import io
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from curation.contract.sample import Region
from curation.contract.table import TableError
from curation.ledger import Ledger
from curation.media import MediaStore
from curation.review import page
from curation.review.choose import choose_answers, choose_preferences, question_of
from curation.review.push import new_batch


def test_question_and_answer_are_the_texts_alone(made: Any) -> None:
    row = made.row("a#1", "How many <|im_end|> boxes?", "two <script>", [made.image("red")])
    made.rendered([row])
    (item,) = choose_answers(Ledger.of(made.store), [], 5)
    assert item["question"] == "How many <|im_end|> boxes?"
    assert item["answer"] == "two <script>"
    assert item["item"] == item["sample_id"] == row.sample_id
    assert [medium["sha256"] for medium in item["media"]] == [row.media[0].sha256]
    assert question_of(row) == item["question"]


def test_least_certain_first_and_nothing_twice(made: Any) -> None:
    rows = made.questions("order", 4)
    made.rendered(rows)
    made.scored({"order#0": [0.9, 0.99], "order#1": [0.6, 0.9], "order#2": [0.1, None], "order#3": [None]})
    ledger = Ledger.of(made.store)
    # Distances of the lowest rubric from 0.5: 0.4, 0.1, 0.4, none.
    order = [item["row_id"] for item in choose_answers(ledger, [], 10)]
    assert order[0] == "order#1" and set(order[1:3]) == {"order#0", "order#2"} and order[3] == "order#3"
    first = new_batch(made.store, "answer", "http://a", choose_answers(ledger, [], 2))
    rest = choose_answers(ledger, [first], 10)
    assert [item["row_id"] for item in rest] == order[2:]
    assert choose_answers(ledger, [], 10, task="ocr") == choose_answers(ledger, [], 10, source="other") == []


def test_answers_of_a_model_are_not_asked_about_as_samples(made: Any) -> None:
    row = made.row("made#1", "What?", "this")
    own = replace(made.row("made#1~0", "What?", "that"), sample_id=row.sample_id)
    made.rendered([row], [own])
    assert [item["row_id"] for item in choose_answers(Ledger.of(made.store), [], 5)] == ["made#1"]


def test_candidates_that_the_verifier_cannot_tell_apart_come_first(made: Any) -> None:
    same, differ, alone = made.questions("pair", 3)
    made.rendered([same, differ, alone])
    made.candidates(
        [
            (differ, "right", True),
            (differ, "wrong", False),
            (same, "one", False),
            (same, "yes", True),
            (same, "other", False),
            (alone, "only", True),
            (alone, " only ", True),
        ]
    )
    items = choose_preferences(Ledger.of(made.store), [], 5)
    assert [(item["row_id"], {item["a"], item["b"]}) for item in items] == [
        (same.row_id, {"one", "other"}),
        (differ.row_id, {"right", "wrong"}),
    ]
    batch = new_batch(made.store, "preference", "http://a", items[:1])
    assert [item["row_id"] for item in choose_preferences(Ledger.of(made.store), [batch], 5)] == [differ.row_id]


def test_without_candidates_there_is_nothing_to_prefer(made: Any) -> None:
    made.rendered(made.questions("none", 1))
    with pytest.raises(TableError, match="no candidates to compare"):
        choose_preferences(Ledger.of(made.store), [], 5)


def test_sides_are_shuffled_by_the_item_and_recorded(made: Any) -> None:
    rows = made.questions("side", 12)
    made.rendered(rows)
    made.candidates([(row, text, True) for row in rows for text in ("first", "second")])
    items = choose_preferences(Ledger.of(made.store), [], 20)
    assert {item["flipped"] for item in items} == {True, False}
    assert all(page.sides(item)[0] == ("second" if item["flipped"] else "first") for item in items)
    assert items == choose_preferences(Ledger.of(made.store), [], 20)


def test_an_image_goes_upright_and_small_with_its_regions_and_without_metadata(made: Any) -> None:
    """Stored 3000 x 1500 with orientation 6, so displayed 1500 x 3000: 512 x 1024 in review. A box from (750, 1500) to
    (1200, 2400) becomes (256, 512) to (409.6, 819.2)."""
    region = Region(points=(750, 1500, 1200, 2400), label="cell")
    row = made.row("box#1", "Where?", region, [made.image("white", 3000, 1500, orientation=6)])
    made.rendered([row])
    (item,) = choose_answers(Ledger.of(made.store), [], 1)
    (uri,) = page.task(item, MediaStore(made.store))["data"]["images"]
    head, data = uri.split(",")
    image = Image.open(io.BytesIO(b64decode(data)))
    assert head == "data:image/jpeg;base64" and image.format == "JPEG" and image.size == (512, 1024)
    assert not image.getexif() and b"secret" not in b64decode(data)
    assert sum(image.getpixel((300, 512))) < 600 and sum(image.getpixel((409, 700))) < 600  # type: ignore[arg-type]
    assert sum(image.getpixel((200, 400))) > 740 and sum(image.getpixel((330, 700))) > 740  # type: ignore[arg-type]


def test_boxes_of_both_candidates_are_drawn(made: Any) -> None:
    region = Region(points=(0, 0, 56, 28), label="x")
    row = made.row("boxes#1", "Where?", region, [made.image("white", 112, 112)])
    made.rendered([row])
    made.candidates([(row, '[{"bbox_2d": [0, 0, 56, 56], "label": "x"}]', False), (row, "nowhere", False)])
    (item,) = choose_preferences(Ledger.of(made.store), [], 1)
    (shown,) = item["regions"]
    assert shown["points"] == [0, 0, 56, 56]
    assert shown["name"] == f"{'right' if item['flipped'] else 'left'} x"


@pytest.mark.parametrize("damage", ["missing", "broken"])
def test_a_sample_without_a_picture_to_show_still_gets_a_task(made: Any, damage: str) -> None:
    medium = made.image("white")
    row = made.row("gone#1", "What?", "this", [medium])
    made.rendered([row])
    (item,) = choose_answers(Ledger.of(made.store), [], 1)
    item["media"][0]["sha256"] = "0" * 64
    if damage == "broken":
        item["media"][0]["sha256"] = MediaStore(made.store).put(b"\xff\xd8 no image")
    (uri,) = page.task(item, MediaStore(made.store))["data"]["images"]
    assert Image.open(io.BytesIO(b64decode(uri.split(",")[1]))).size == (640, 60)
