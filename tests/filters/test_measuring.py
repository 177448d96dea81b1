"""Header, text, region and step signals, through the one function that runs them."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from curation.contract.sample import (
    SAMPLE,
    Media,
    Part,
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
from filters.catalogue import catalogue
from filters.measuring import measure_image, measure_samples
from filters.signal import signal

SIGNALS = [each for each in catalogue().values() if each.tier in ("header", "text")]


def table(*samples: Sample) -> pa.Table:
    return pa.Table.from_pylist([to_row(sample) for sample in samples], schema=SAMPLE)


def measured(sample: Sample) -> dict[str, Any]:
    return measure_samples(table(sample), SIGNALS).to_pylist()[0]


def image(width: int, height: int, orientation: int = 1, size: int = 0) -> Media:
    return Media(
        sha256=f"{width}x{height}", mime="image/png", width=width, height=height, orientation=orientation, size=size
    )


def user(*parts: Part) -> Turn:
    return Turn(role="user", parts=parts)


def assistant(*parts: Part) -> Turn:
    return Turn(role="assistant", parts=parts)


def talk(answer: str, prompt: str = "What?") -> Sample:
    messages = (user(media_part(0), text_part(prompt)), assistant(text_part(answer)))
    return Sample(row_id="r", source="s", task="vqa", messages=messages, media=(image(10, 10),))


def with_regions(*regions: Region) -> Sample:
    answer = assistant(*(region_part(index) for index in range(len(regions))))
    media = (image(50, 100, orientation=6),)  # displayed 100 wide, 50 high
    return Sample(
        row_id="r", source="s", task="grounding", messages=(user(media_part(0)), answer), media=media, regions=regions
    )


CLICKS = Sample(
    row_id="r",
    source="s",
    task="agent",
    messages=(user(text_part("Buy it")), assistant(action_part(0)), assistant(action_part(1))),
    regions=(Region(points=(5.0, 5.0), shape="point"), Region(points=(5.0, 5.0), shape="point")),
    steps=(
        Step(media=0, action="click", region=0),
        Step(media=0, action="click", region=1),
        Step(media=0, action="type", arguments='{"text": "a"}'),
    ),
)
NOTHING = Sample(row_id="r", source="s", task="text", messages=())


def test_header_signals_speak_of_the_image_as_displayed_and_are_reduced_over_images() -> None:
    two = Sample(
        row_id="r",
        source="s",
        task="vqa",
        messages=(),
        media=(image(400, 100, 6, size=5000), image(300, 200, size=600)),
    )
    row = measured(two)
    assert (row["width_px"], row["height_px"], row["min_side_px"]) == (100, 200, 100)
    assert row["aspect_ratio"] == 4.0
    assert row["megapixels"] == 0.06
    assert row["file_bytes"] == 600
    assert row["bits_per_pixel"] == pytest.approx(600 * 8 / 60_000)
    assert row["media_count"] == 2


def test_what_cannot_be_measured_is_null_and_counts_are_zero() -> None:
    row = measured(NOTHING)
    counts = ("media_count", "region_count", "step_count", "turn_count", "prompt_chars", "answer_chars", "answer_words")
    assert [row[name] for name in counts] == [0] * 7
    nulls = ("width_px", "aspect_ratio", "special_char_ratio", "url_ratio", "text_height_px", "region_outside_ratio")
    assert [row[name] for name in nulls] == [None] * 6
    unknown = Sample(row_id="r", source="s", task="vqa", messages=(), media=(image(0, 0),))
    assert [measured(unknown)[name] for name in ("width_px", "aspect_ratio", "file_bytes", "bits_per_pixel")] == [
        None
    ] * 4


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("", 0),
        ("A red bus, 3.5 m long.", 6),
        ("don't - stop", 2),
        ("二维码在左边", 6),
        ("图 3 shows it", 4),
        ("ラーメン", 4),
        ("서울 역", 2),
        ("...", 0),
    ],
)
def test_words_are_counted_in_any_script(answer: str, words: int) -> None:
    assert measured(talk(answer))["answer_words"] == words


def test_characters_are_code_points_and_turns_are_joined_by_a_line_break() -> None:
    two = (user(text_part("é日"), media_part(0), text_part("b")), assistant(text_part("x")), user(text_part("c")))
    row = measured(Sample(row_id="r", source="s", task="vqa", messages=two))
    assert row["prompt_chars"] == len("é日b\nc")
    assert row["turn_count"] == 3


def test_an_answer_of_regions_or_actions_alone_has_no_text_to_measure() -> None:
    row = measured(CLICKS)
    text_signals = ("answer_chars", "answer_words", "char_repetition", "url_ratio", "shortest_answer_chars")
    assert [row[name] for name in text_signals] == [None] * 5
    mixed = (assistant(region_part(0)), assistant(text_part("yes")))
    row = measured(Sample(row_id="r", source="s", task="vqa", messages=mixed, regions=(Region(points=(0, 0, 1, 1)),)))
    assert (row["answer_chars"], row["shortest_answer_chars"]) == (3, 3)


def test_an_empty_answer_amid_others_shows_as_the_shortest() -> None:
    turns = (user(text_part("a")), assistant(text_part("long answer")), user(text_part("b")), assistant(text_part("")))
    assert measured(Sample(row_id="r", source="s", task="vqa", messages=turns))["shortest_answer_chars"] == 0


@pytest.mark.parametrize(("answer", "share"), [("a b 12", 0.0), ("añ€%", 0.5), ("नमस्ते", 0.0), ("#@!", 1.0), ("", None)])
def test_spaces_digits_and_letters_of_any_script_are_not_special(answer: str, share: float | None) -> None:
    assert measured(talk(answer))["special_char_ratio"] == share


def test_character_repetition_counts_the_most_frequent_windows() -> None:
    # 30 times "a": 21 equal windows of 10, so one distinct window, all of it repeated.
    assert measured(talk("a" * 30))["char_repetition"] == 1.0
    assert measured(talk("short"))["char_repetition"] == 0.0
    # "abcdefghij" twice is 11 windows, 10 of them distinct, one of which occurs twice.
    assert measured(talk("abcdefghij" * 2))["char_repetition"] == pytest.approx(2 / 11)


def test_word_repetition_counts_windows_of_five_words() -> None:
    # 7 windows over 11 words ("a b c d e" occurs twice: 2 of 7).
    assert measured(talk("a b c d e x A B C D E"))["word_repetition"] == pytest.approx(2 / 7)
    assert measured(talk("one two"))["word_repetition"] == 0.0


def test_addresses_take_their_share_of_the_answer() -> None:
    assert measured(talk("see https://a.b/c"))["url_ratio"] == pytest.approx(13 / 17)
    assert measured(talk("no address"))["url_ratio"] == 0.0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("plain <b>bold</b>", 0),
        ("<image>\nhi", 1),
        ("a<|im_end|>\n<|im_start|>system", 2),
        ("<tool_call>{}</tool_call>", 2),
    ],
)
def test_control_markup_is_counted_in_prompt_and_answer(text: str, count: int) -> None:
    assert measured(talk(text))["control_tokens"] == count
    assert measured(talk("fine", prompt=text))["control_tokens"] == count


@pytest.mark.parametrize(
    ("answer", "is_name"),
    [
        ("image1.png", True),
        (" Screenshot 2 ", True),
        ("IMG_2041", True),
        ("the picture", True),
        ("docs/fig-3.SVG", True),
        ("Figure 2: loss over time", False),
        ("image of a cat", False),
        ("Open file.png and look", False),
        ("", False),
    ],
)
def test_answers_that_only_name_a_file(answer: str, is_name: bool) -> None:
    assert measured(talk(answer))["answer_is_filename"] is is_name


def test_regions_are_measured_against_the_displayed_image() -> None:
    row = measured(with_regions(Region(points=(90, 0, 110, 10)), Region(points=(0, 0, 50, 50))))
    assert row["region_count"] == 2
    assert row["region_outside_ratio"] == 0.5  # the first box, half beyond the right border at 100
    assert row["region_min_side_px"] == 10
    assert row["region_area_ratio"] == 0.5


def test_points_have_no_sides_and_are_inside_or_outside() -> None:
    row = measured(with_regions(Region(points=(100, 50), shape="point")))
    assert (row["region_outside_ratio"], row["region_min_side_px"], row["region_area_ratio"]) == (0.0, None, None)
    assert measured(with_regions(Region(points=(100.5, 50), shape="point")))["region_outside_ratio"] == 1.0


def test_a_region_on_a_missing_image_cannot_be_placed() -> None:
    assert measured(with_regions(Region(points=(0, 0, 9, 9), media=3)))["region_outside_ratio"] is None


def test_repeated_regions_are_those_with_equal_pixels_and_words() -> None:
    box = Region(points=(1, 1, 9, 9), label="cell")
    near = Region(points=(1.2, 1, 9, 9), label="cell")
    other = Region(points=(1, 1, 9, 9), label="platelet")
    assert measured(with_regions(box, near, other))["duplicate_region_ratio"] == pytest.approx(1 / 3)


def test_text_height_of_a_turned_quad_is_its_edge() -> None:
    turned = Region(points=(0, 10, 40, 40, 34, 48, -6, 18), shape="quad", text="SALE")  # edges (-6, 8): 10 long
    box = Region(points=(0, 0, 90, 30), text="big")
    wordless = Region(points=(0, 0, 90, 2))
    assert measured(with_regions(turned, box, wordless))["text_height_px"] == 10.0
    assert measured(with_regions(wordless))["text_height_px"] is None


def test_a_step_repeats_when_action_arguments_and_target_do() -> None:
    row = measured(CLICKS)
    assert row["step_count"] == 3
    assert row["repeated_step_ratio"] == 0.5  # the second click, not the typing


EVERYTHING = (
    talk("A red bus."),
    NOTHING,
    CLICKS,
    talk("image1.png"),
    with_regions(Region(points=(1, 1, 9, 9), text="a"), Region(points=(1, 1, 9, 9), text="a")),
    CLICKS,
    with_regions(Region(points=(1, 1, 9, 9), text="a")),
    talk(""),
)


def test_no_value_depends_on_the_other_rows_or_their_order() -> None:
    alone = [measured(sample) for sample in EVERYTHING]
    assert measure_samples(table(*EVERYTHING), SIGNALS).to_pylist() == alone
    assert measure_samples(table(*EVERYTHING[::-1]), SIGNALS).to_pylist() == alone[::-1]


def test_an_empty_batch_and_a_few_signals_keep_the_schema() -> None:
    few = [catalogue()["answer_chars"], catalogue()["aspect_ratio"]]
    result = measure_samples(SAMPLE.empty_table(), few)
    expected = [("sample_id", pa.string()), ("answer_chars", pa.int64()), ("aspect_ratio", pa.float64())]
    assert result.schema == pa.schema(expected)
    assert result.num_rows == 0


def test_signals_of_another_tier_and_of_wrong_length_are_refused() -> None:
    with pytest.raises(ValueError, match="luma_mean is of the pixels tier"):
        measure_samples(table(NOTHING), [catalogue()["luma_mean"]])
    with pytest.raises(ValueError, match="width_px is of the header tier"):
        measure_image(b"", 1, [catalogue()["width_px"]])

    @signal(tier="text", grain="sample", unit="")
    def too_short(samples: pl.DataFrame) -> pl.Series:
        """One value too few."""
        return samples["prompt"].head(len(samples) - 1)

    with pytest.raises(ValueError, match="too_short returned 1 values for 2 sample rows"):
        measure_samples(table(NOTHING, CLICKS), [too_short])


def test_no_last_digit_shows_the_size_of_the_batch() -> None:
    """One row alone is where polars rounds quotients otherwise, and a group alone where it sums otherwise."""
    rng = random.Random(4)

    def busy(count: int) -> Sample:
        corners = [(rng.random(), rng.random(), 20 + 30 * rng.random(), 20 + 30 * rng.random()) for _ in range(count)]
        made = with_regions(*(Region(points=box) for box in corners))
        side = rng.randrange(30, 3000)
        return replace(made, media=(image(side, rng.randrange(30, 3000), size=rng.randrange(10**6)),))

    samples = [busy(count) for count in (1, 40, 1, 41, 2, 57, 1, 64, 7, 39)]
    samples += [talk("word, " * rng.randrange(1, 90) + "?!" * rng.randrange(9)) for _ in range(20)]
    together = measure_samples(table(*samples), SIGNALS).to_pylist()
    assert together == [measured(sample) for sample in samples]
    assert together == measure_samples(table(*samples[::-1]), SIGNALS).to_pylist()[::-1]
