"""Labels against the words of query and answer: what is read, and what is left alone."""

from __future__ import annotations

import time
from typing import Any

import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Media, Part, Region, Sample, Task, Turn, region_part, text_part, to_row
from filters.measuring import measure_samples
from filters.signal import Signal
from filters.signals import naming

SIGNALS = [each for each in vars(naming).values() if isinstance(each, Signal)]


def measured(prompt: str, *labels: str, said: str | None = None, task: Task = "grounding") -> dict[str, Any]:
    regions = tuple(Region(points=(i, 0, i + 1, 1), label=label) for i, label in enumerate(labels))
    parts: tuple[Part, ...] = tuple(region_part(index) for index in range(len(regions)))
    if said is not None:
        parts = (text_part(said), *parts)
    sample = Sample(
        row_id="r",
        source="s",
        task=task,
        messages=(Turn(role="user", parts=(text_part(prompt),)), Turn(role="assistant", parts=parts)),
        media=(Media(sha256="a", mime="image/png", width=100, height=50),),
        regions=regions,
    )
    return measure_samples(pa.Table.from_pylist([to_row(sample)], schema=SAMPLE), SIGNALS).to_pylist()[0]


@pytest.mark.parametrize(
    ("prompt", "label", "fits"),
    [
        ("Locate the red car in the image.", "car", 1.0),
        ("Locate the red car in the image.", "Red Cars", 1.0),
        ("Locate the red car in the image.", "dog", 0.0),
        ("Find all the dogs.", "dog", 1.0),
        ("Detect women", "person", 1.0),
        ("Locate the lamps and the snowmen in the image.", "snowman", 1.0),
        ("Where is the fire truck?", "Firetruck", 1.0),
        ("Please output the bounding box of the cat.", "zebra", 0.0),
        ("Detect all objects.", "dog", None),
        ("Detect every object in the image and name it: dog, red car.", "car", 1.0),
        ("Detect every object in the image and name it: dog, red car.", "zebra", 0.0),
        ('Detect all objects: answer as [{"bbox_2d": [1, 2, 3, 4]}]', "dog", None),
        ("Detect all objects. Output format: boxes with labels", "dog", None),
        ("Locate the one that is left of the tall lamp in the image.", "chair", None),
        ("Locate far right in the image.", "chair", None),
        ("Locate the animal in the image.", "dog", None),
        ("Locate every cake in the image.", "cupcake", 1.0),
        ("Locate the price.", "$12", None),
        ("Mark where it hurts.", "knee", None),
        ("Where is the sofa?", "couch", 1.0),
        ("Detect all objects, for example: dogs and cats", "horse", None),
        ("Describe it.", "dog", None),
        ("框出图中所有的狗", "狗", 1.0),
        ("框出图中所有的狗", "斑马", 0.0),
        ("检测所有物体", "狗", None),
        ("框出图中的狗", "dog", None),
        ("Detect the dog.", "собака", None),  # asked in one language and labelled in another
        ("Detect the dog.", "犬", None),
        ("Locate the bar: 25-30.", "25–30", 1.0),
        ("Locate the bar: 25-30.", "teapot", 0.0),
        ("Locate the cell: Malta, Model B.", "Malta, Model B", 1.0),
        ("Locate the cell: Malta, Model B.", "cactus", 0.0),  # though "cell" alone has many names
        ("找出这个数据点：周四。", "周四", 1.0),
        ("找出这个数据点：周四。", "雨伞", 0.0),
        ("Où est cette barre : Lyon ?", "Lyon", 1.0),
        ("Wo ist dieser Balken: Lyon?", "Teekanne", 0.0),
        ("Aufgabe: finde alle Tiere", "Hund", None),  # no form that is known
        ("Locate all bars, each by its name.", "Ada", None),
        ("找出所有箱体，并标出名称。", "周四", None),
        ("Find all moving objects in the image and say what kind each is: car, check box.", "check box", 1.0),
        ("Find all moving objects in the image and say what kind each is: car, row.", "teapot", 0.0),
        ("List everything that moves here, with boxes: car, bus.", "car", 1.0),
        ("List everything that moves here, with boxes: car, bus.", "zebra", 0.0),
        ("List everything that moves here: label, box, score.", "zebra", None),
        ("List all dogs by breed.", "poodle", None),
        ("Locate the red object.", "cup", None),
        ("Count the circles by pointing at each circle first.", "circle", 1.0),
        ("Count the circles by pointing at each circle first.", "zebra", 0.0),
        ("Detect all houses and then count them.", "zebra", 0.0),
        ("", "dog", None),
    ],
)
def test_what_the_query_names(prompt: str, label: str, fits: float | None) -> None:
    assert measured(prompt, label)["label_asked_for"] == fits


def test_the_worst_label_counts() -> None:
    assert (
        measured("Name what you locate.\nFind all objects: cat, dog", "cat", "dog", "teapot")["label_asked_for"] == 0.0
    )


@pytest.mark.parametrize(
    ("text", "labels", "gap"),
    [
        ("There are three dogs.", ["dog", "dog", "dog"], 0),
        ("There are three dogs.", ["dog"], 2),
        ("I see 12 red cars here", ["red car"] * 10, 2),
        ("Two dogs on the left, three dogs on the right", ["dog"] * 5, 0),
        ("There are eight dogs in the image. There is 1 dog.", ["dog"], 7),
        ("Five dogs: two dogs on the left, three dogs on the right", ["dog"] * 5, 0),
        ("three big dogs", ["dog"], None),
        ("at least two dogs", ["dog"] * 4, None),
        ("one of the two dogs", ["dog"], None),
        ("the dog at 3.5 dogs", ["dog"], None),
        ("three cats", ["dog"], None),
        ("图中有三只狗", ["狗", "狗"], 1),
        ("图中有两只狗", ["狗", "狗"], 0),
        ("图中有十三只狗", ["狗"], None),
        ("no number at all", ["dog"], None),
    ],
)
def test_numbers_before_a_label(text: str, labels: list[str], gap: int | None) -> None:
    assert measured("Find all dogs", *labels, said=text)["label_count_gap"] == gap


@pytest.mark.parametrize(
    ("said", "unanswered", "absent"),
    [
        ("", True, False),
        (" \n", True, False),
        ("Here it is:", True, False),
        ("There is no zebra in the image.", False, True),
        ("```json\n[]\n```", False, True),
        ("I can't see one.", False, True),
        ("图中没有斑马。", False, True),
        ("On the left.", False, False),
    ],
)
def test_an_answer_without_regions(said: str, unanswered: bool, absent: bool) -> None:
    row = measured("Locate the zebra in the image.", said=said)
    assert (row["query_unanswered"], row["object_absent"]) == (unanswered, absent)


def test_other_tasks_and_answers_with_regions() -> None:
    assert measured("Locate the dog", "dog")["query_unanswered"] is False
    row = measured("Locate the dog in the image.", "cat", task="agent")
    assert all(row[each.name] is None for each in SIGNALS)


@pytest.mark.parametrize(
    "text", [": " * 400_000, "find a" * 150_000, "two " * 250_000, "狗" * 300_000, " " * 900_000, "三只" * 9999]
)
def test_long_texts_take_no_long_time(text: str) -> None:
    started = time.process_time()
    measured("Detect all objects" + text, "dog", "狗", said=text)
    assert time.process_time() - started < 2
