"""Lessons verify, judge fairly, come out the same for everybody and grow."""

from __future__ import annotations

import hashlib
import io
import random
from collections import Counter
from typing import Any

import numpy as np
from PIL import Image

from curation.contract.sample import Sample
from filters.score import score, verifies
from model.answer import answer_text
from model.chat import render
from model.family import QWEN2_5_VL
from synth.judge import RUBRICS
from synth.lessons.board import NOTHING, SIDE, draw_board
from synth.lessons.course import SKILLS, Lesson, curriculum, examination, judging, make_lesson, seen
from synth.lessons.window import WINDOW, draw_window

LESSONS = [curriculum(7, index, 0.9) for index in range(40)]


def rendered(sample: Sample) -> Any:
    return render(sample, QWEN2_5_VL, 3136, 100352, "train")


def test_every_lessons_own_answer_verifies() -> None:
    for lesson in LESSONS[:15]:
        for sample in lesson.samples:
            row = rendered(sample)
            (medium,) = row.media
            size = (medium.resized_width, medium.resized_height, medium.vision_tokens)
            assert size in ((SIDE, SIDE, 9), (*WINDOW, 12))
            assert medium.sha256 == hashlib.sha256(lesson.image).hexdigest()
            assert verifies(score(answer_text(row), row, QWEN2_5_VL), sample.answer.verifier)[0], sample


def test_judging_shows_a_right_answer_half_the_time_and_says_so() -> None:
    rng = random.Random("judging")
    lessons = [
        make_lesson(rng, f"j#{n}", (draw_board(rng, 4), draw_window(rng))[n % 2], ("judge",)) for n in range(300)
    ]
    judged = [sample for lesson in lessons for sample in lesson.samples]
    assert len(judged) > 250  # not every board has a number to read
    said = Counter(sample.answer.text for sample in judged)
    assert set(said) == {"yes", "no"} and 0.42 < said["yes"] / len(judged) < 0.58
    ending = f"\n\n{RUBRICS['correct']} Answer yes or no."
    for sample in judged:
        user, reply = sample.messages
        assert user.parts[-1].text == ending
        assert [part.text for part in reply.parts] == [sample.answer.text]


def test_judged_answers_are_right_and_wrong_as_said() -> None:
    """Where both say what stands in a named place, the judged answer and the true one can be compared."""
    compared = Counter[str]()
    for seed in range(300):
        skills = ("look",) * 30
        rng = random.Random(f"both {seed}")
        lesson = make_lesson(rng, "b", draw_board(rng, 4), (*skills, "judge"))
        truth = {sample.messages[0].parts[1].text: sample.answer.text for sample in lesson.samples[:30]}
        _, question, *judged = lesson.samples[-1].messages[0].parts
        if len(judged) == 3 and question.text in truth:
            shown = judged[1].text
            assert (shown == truth[question.text]) == (lesson.samples[-1].answer.text == "yes")
            compared[lesson.samples[-1].answer.text] += 1
    assert min(compared["yes"], compared["no"]) > 5


def asked_and_said(sample: Sample) -> tuple[str, str, str]:
    """What is asked of a judge, the answer that it is shown, and what is right to say."""
    user = rendered(sample).segments
    question, answer = "".join(part.text for part in user).split("<|vision_end|>")[1].split("\n\nAnswer: ")
    return question, answer.split("\n\nIs this answer right?")[0], sample.answer.text


def test_lessons_about_judging_show_a_right_and_a_wrong_answer_to_each_question() -> None:
    hard = Counter[str]()
    for index in range(60):
        for progress in (0.0, 0.2, 0.9):
            lesson = judging(7, index, progress)
            assert lesson.samples and content(lesson) == content(judging(7, index, progress))
            judged = [each for each in lesson.samples if each.answer.text in ("yes", "no")]
            pairs = [[asked_and_said(each) for each in judged[n : n + 2]] for n in range(0, len(judged), 2)]
            for (question, right, yes), (same, wrong, no) in pairs:
                assert (question, yes, no) == (same, "yes", "no") and right != wrong
                hard[question.split()[0]] += progress == 0.9
                if progress == 0.0:
                    assert question.startswith(("What", "Name"))
    assert min(hard[word] for word in ("Where", "Locate", "How", "What", "Name")) > 5


def test_wrong_boxes_are_told_by_their_place_alone() -> None:
    """Nine cells of 28 pixels: both corners of a wrong box lie in their cell as the right one's do in theirs."""
    boxes = 0
    for index in range(80):
        judged = [each for each in judging(7, index, 0.9).samples if each.answer.text in ("yes", "no") and each.regions]
        for right, wrong in zip(judged[::2], judged[1::2], strict=True):
            (a,), (b,) = right.regions, wrong.regions
            moved = [int(there - here) for here, there in zip(a.points, b.points, strict=True)]
            assert moved[:2] == moved[2:] and any(moved) and not any(move % 28 for move in moved)
            assert min(b.points) >= 0 and max(b.points) <= SIDE
            boxes += 1
    assert boxes > 20


def content(lesson: Lesson) -> tuple[bytes, tuple[Sample, ...]]:
    return lesson.image, lesson.samples


def test_the_same_seed_gives_the_same_lesson_whoever_draws_it() -> None:
    backwards = [curriculum(7, index, 0.9) for index in reversed(range(40))][::-1]
    assert [content(lesson) for lesson in backwards] == [content(lesson) for lesson in LESSONS]
    digest = hashlib.sha256(b"".join(lesson.image for lesson in LESSONS)).hexdigest()
    other = hashlib.sha256(b"".join(curriculum(8, index, 0.9).image for index in range(40))).hexdigest()
    assert digest != other
    assert content(examination(7, "read", 3)) == content(examination(7, "read", 3))


def test_patches_show_what_is_said_of_them() -> None:
    """A patch with nothing in it has the ground's colour inside the picture's frame, which is half as light."""
    for number in range(40):
        image, names = seen(3, number)
        picture = Image.open(io.BytesIO(image))
        columns = picture.width // 28
        assert len(names) == columns * (picture.height // 28) and columns in (3, 4)
        for place, name in enumerate(names):
            x, y = place % columns * 28, place // columns * 28
            inside = np.asarray(picture.crop((x + 1, y + 1, x + 27, y + 27))).astype(int)
            plain = np.abs(inside - 2 * np.asarray(picture.getpixel((0, 0)))).max() <= 1
            assert plain == name.endswith(NOTHING), (number, place, name)
            rows = ("upper", "middle", "lower")[y // 28]
            assert name.startswith("centre " if columns == 3 and place == 4 else rows), (number, place, name)
        if columns == 4:
            assert all(names[place] == names[place + 1] for place in range(0, 12, 2))
    assert seen(3, 5) == seen(3, 5) != seen(4, 5)


def asked(progress: float) -> list[str]:
    """All questions of sixty lessons at a progress."""
    lessons = [curriculum(3, index, progress) for index in range(60)]
    assert all(len({sample.row_id for sample in lesson.samples}) == len(lesson.samples) for lesson in lessons)
    return ["".join(part.text for part in sample.messages[0].parts) for each in lessons for sample in each.samples]


def most(progress: float) -> int:
    """The most shapes that a board has at a progress."""
    samples = [sample for index in range(60) for sample in curriculum(3, index, progress).samples]
    return max(len(s.answer.text.split(", ")) for s in samples if s.messages[0].parts[1].text == "Name all shapes.")


def test_the_curriculum_grows() -> None:
    assert [most(progress) for progress in (0.0, 0.03, 0.05, 0.9)] == [1, 2, 3, 4]
    first, second, third, last = (asked(progress) for progress in (0.0, 0.1, 0.2, 0.9))
    assert not any("button" in question for question in first) and any("button" in question for question in second)
    assert not any("Tap" in question for question in second) and any("Tap" in question for question in third)
    assert not any("yes or no" in question for question in third) and any("yes or no" in question for question in last)


def test_examinations_are_of_one_skill_and_on_other_boards() -> None:
    trained = {lesson.image for lesson in LESSONS}
    for skill in SKILLS:
        lessons = [examination(7, skill, index) for index in range(12)]
        assert all(len(lesson.samples) == 1 for lesson in lessons)
        assert not trained & {lesson.image for lesson in lessons}
        assert len({lesson.image for lesson in lessons}) == 12
    assert {examination(7, "locate", n).samples[0].answer.verifier for n in range(3)} == {"box"}
    assert all(len(examination(7, "read", n).samples[0].answer.text) == 3 for n in range(12))


def test_a_crowded_examination_shows_more_shapes_than_any_lesson() -> None:
    asked = [examination(7, "name", index, crowded=True).samples[0].answer.text.split(", ") for index in range(30)]
    assert {len(names) for names in asked} == {5, 6, 7, 8}


def test_images_are_what_the_media_say() -> None:
    for lesson in LESSONS[:10]:
        image = Image.open(io.BytesIO(lesson.image))
        medium = lesson.samples[0].media[0]
        assert (image.format, image.size, medium.size) == ("PNG", (medium.width, medium.height), len(lesson.image))
