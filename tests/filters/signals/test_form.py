"""Whether answers are whole, well-formed, and answers at all."""

from __future__ import annotations

import time
from typing import Any

import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Region, Sample, Turn, region_part, text_part, to_row
from filters.catalogue import collect
from filters.measuring import measure_samples
from filters.signals import encoding, form, privacy, safety, wellformed

SIGNALS = list(collect((form, wellformed)).values())
EVERY = list(collect((form, wellformed, privacy, safety, encoding)).values())
PROSE = "The house is old. It was built of stone and has stood on this hill ever since."


def sample(*said: str) -> Sample:
    """A dialogue: the user begins, and they take turns."""
    roles = ("user", "assistant") * len(said)
    turns = (Turn(role=role, parts=(text_part(text),)) for role, text in zip(roles, said, strict=False))  # type: ignore[arg-type]
    return Sample(row_id="r", source="s", task="text", messages=tuple(turns))


def measured(*said: str) -> dict[str, Any]:
    table = pa.Table.from_pylist([to_row(sample(*said))], schema=SAMPLE)
    return measure_samples(table, SIGNALS).to_pylist()[0]


@pytest.mark.parametrize(
    "answer",
    [
        "The house is old. It was built of sto",
        "The house is old. It was built",
        "A screenshot of the settings page with the",
        "It shows a user, a server,",
        "1. Mix the flour with water.\n2. Let it rest for an hour.\n3. Bake it until the crust",
        "Sales rose in spring and fell in 20",
        "The total cost of ten apples is $",
        "这座房子很旧。它建在一座小山",
        "La casa es muy vieja y la puerta de los",
        "A GIF showing how to toggle numbering within a",
    ],
)
def test_answers_that_stop_in_mid_sentence(answer: str) -> None:
    assert measured("What?", answer)["answer_cut"] is True
    assert measured("What?", answer)["answer_truncated"] is True


@pytest.mark.parametrize(
    "answer",
    [
        PROSE,
        "Paris",
        "A red bus in the rain",
        "Apple, Orange, Pear",
        "42",
        "The Rise of Veganism: How Eating Can Change Your Life",
        "1. Firewalls\n2. Encryption\n3. Intrusion detection systems",
        "See the manual at https://docs.winnow.example/start",
        "Dear John,\n\nthank you for the book. I liked it.\n\nSincerely,\nAnna",
        "SELECT name\nFROM people\nWHERE age > 3\nORDER BY age",
        "Buy now. Save the planet! #green #planet",
        "The house is old. 🏠",
        "She said: “It is old.”",
        "Graph of x and y",
        "A fox in its den",
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
        "",
    ],
)
def test_answers_that_end_where_they_should(answer: str) -> None:
    row = measured("What?", answer)
    assert (row["answer_cut"], row["answer_truncated"]) == (False, False)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("The house on the hill was built of stone a long time ago by", 14),
        ("The house on the hill was built of stone a long time ago.", 0),
        ("The house on the hill", 0),  # under eight words
        ("How To Build a House of Stone on a Hill in Ten Days", 0),  # a title
        ("The house is old. It was built of stone a long time ago by two", 0),  # two sentences: answer_cut's
        ("apples, pears, plums, cherries, figs, dates, limes, lemons, melons", 0),
    ],
)
def test_lone_sentences_without_an_end(answer: str, words: int) -> None:
    assert measured("What?", answer)["open_sentence_words"] == words


def test_words_that_go_on_in_a_region_are_not_cut() -> None:
    parts = (text_part("The house is old. You can see it at the"), region_part(0))
    turns = (Turn(role="user", parts=(text_part("Where?"),)), Turn(role="assistant", parts=parts))
    region = Region(points=(0.0, 0.0, 5.0, 5.0))
    pointing = Sample(row_id="r", source="s", task="grounding", messages=turns, regions=(region,))
    row = measure_samples(pa.Table.from_pylist([to_row(pointing)], schema=SAMPLE), SIGNALS).to_pylist()[0]
    assert row["answer_cut"] is None


def test_any_turn_of_a_dialogue_counts() -> None:
    assert measured("a?", "The house is old. It was built of sto", "b?", PROSE)["answer_cut"] is True
    assert measured("a?", "Yes.", "b?", "", "c?", "No.")["answer_blank"] is True


@pytest.mark.parametrize(
    ("answer", "fence", "brackets", "quote"),
    [
        ("```python\nx = (1\n```", False, 0, False),
        ("Try this:\n```python\nx = 1", True, 0, False),
        ("It is old (built in 1900", False, 1, False),
        ("It is old (built [or rebuilt in 1900", False, 2, False),
        ("Half open: [0, 1). a) one b) two :( and f(x)", False, 0, False),
        ("这座房子（很旧", False, 1, False),
        ('The sign says "no entry', False, 0, True),
        ("It is 5'10\" tall", False, 0, False),
        ('The sign says "no entry"', False, 0, False),
    ],
)
def test_fences_brackets_and_quotes(answer: str, fence: bool, brackets: int, quote: bool) -> None:
    row = measured("What?", answer)
    assert (row["unclosed_fence"], row["unclosed_brackets"], row["unclosed_quote"]) == (fence, brackets, quote)


@pytest.mark.parametrize(
    ("prompt", "answer", "refuses"),
    [
        ("What is it?", "I'm sorry, but I can't assist with that.", True),
        ("What is it?", "I’m sorry, but I can’t help with that.", True),
        ("What is it?", "As an AI language model, I do not have eyes.", True),
        ("What is it?", "I cannot see the image.", True),
        ("What is it?", "No image was provided.", True),
        ("这是什么？", "很抱歉，我无法查看图片。", True),
        ("这是什么？", "作为一个人工智能语言模型，我没有眼睛。", True),
        ("Render it.", "<nooutput> This type of instruction cannot be fulfilled by a GPT model.", True),
        ("List roles.", "As an AI assistant, here are some questions I would ask.", False),
        ("Write a story.", "The robot stopped. \"I'm sorry, but I can't assist with that,\" it said.", False),
        ("Rewrite formally: sorry, i can't come", "I am sorry, but I cannot come.", False),
        ("Write a message that declines the invitation.", "I'm sorry, but I can't come on Sunday.", False),
        ("Is it true?", "False. Penguins cannot fly.", False),
        ("What is missing?", "There is no image above the title.", False),
        ("Say sorry.", "I am sorry for the delay.", False),
    ],
)
def test_refusals(prompt: str, answer: str, refuses: bool) -> None:
    assert measured(prompt, answer)["answer_refuses"] is refuses


@pytest.mark.parametrize(
    ("prompt", "answer", "filler"),
    [
        ("Write a recipe.", "<noinput>", True),
        ("Write a recipe.", "N/A", True),
        ("Write a recipe.\n\nN/A", "N/A", True),
        ("Write a recipe.", "None.", True),
        ("Which of them are prime?", "None.", False),
        ("Positive, negative, or none?", "None.", False),
        ("Write N/A where nothing is given.", "N/A", False),
        ("What does the function return?", "null", False),
        ("写一首诗", "暂无", True),
        ("What?", "There is no input.", False),
        ("What?", "", False),
    ],
)
def test_fillers(prompt: str, answer: str, filler: bool) -> None:
    assert measured(prompt, answer)["answer_filler"] is filler


@pytest.mark.parametrize(
    ("prompt", "filler"),
    [("Tell a story.\n\n<noinput>", True), ("Tell a story.\nNo input.", True), ("There is no input here.", False)],
)
def test_prompts_with_a_left_over_place_holder(prompt: str, filler: bool) -> None:
    assert measured(prompt, "Once upon a time.")["prompt_filler"] is filler


@pytest.mark.parametrize(("answer", "blank"), [("", True), (" \n\u200b", True), ("!", False), ("我", False)])
def test_blank_answers(answer: str, blank: bool) -> None:
    assert measured("What?", answer)["answer_blank"] is blank


def test_a_dialogue_without_an_answer_is_blank() -> None:
    assert measured("What?")["answer_blank"] is True
    assert measured("What?")["answer_cut"] is None


def test_overlap_counts_different_words() -> None:
    # the answer has {a, red, bus, stops}, the prompt {is, a, bus, red}: three in common, five in all
    row = measured("Is a bus RED?", "A red bus, a red bus stops!")
    assert row["prompt_overlap"] == pytest.approx(3 / 4)
    assert row["prompt_likeness"] == pytest.approx(3 / 5)
    # each character is a word: {红, 色, 车} and {什, 么, 车}
    assert measured("什么车", "红色车")["prompt_likeness"] == pytest.approx(1 / 5)
    assert measured("What?", "...")["prompt_overlap"] is None


@pytest.mark.parametrize(
    ("prompt", "answer", "echoes"),
    [
        ("What is in the picture?", "What is in the picture", True),
        ("What is in the picture?", "In the picture is what?", False),
        ("Mend it:\n\nhe go home by bus at nine each day", "He go home by bus at nine each day", False),
        ("Yes?", "Yes.", False),
    ],
)
def test_echoes(prompt: str, answer: str, echoes: bool) -> None:
    assert measured(prompt, answer)["answer_echoes"] is echoes


def test_hostile_text_is_measured_in_linear_time() -> None:
    size = 100_000
    pieces = (
        "(",
        '"',
        "`",
        "$",
        "\\",
        "<a ",
        "<div b=",
        "|\n",
        "1 ",
        "(1).",
        "a@",
        "b.",
        "Ã©",
        "DE12",
        "&",
        "sorry ",
        "[",
    )
    texts = [piece * (size // len(piece)) for piece in (*pieces, '{"a":', '\\"', "Ab. ", "\n", " ", "as an ai ", "-1")]
    texts += ['{"a": "' + texts[18], '"' + " " * size + "n/a"]
    table = pa.Table.from_pylist([to_row(sample(text, text)) for text in texts], schema=SAMPLE)
    start = time.process_time()
    assert measure_samples(table, EVERY).num_rows == len(texts)
    assert time.process_time() - start < 60  # quadratic time would take hours


def test_no_value_depends_on_the_other_rows() -> None:
    rows = [
        sample("What is it?", PROSE),
        sample("什么", "红色，车"),
        sample("x"),
        sample("a b c", "A b c."),
        sample("a", '{"a'),
    ]
    table = pa.Table.from_pylist([to_row(each) for each in rows], schema=SAMPLE)
    together = measure_samples(table, EVERY).to_pylist()
    assert together == [measure_samples(table.slice(row, 1), EVERY).to_pylist()[0] for row in range(len(rows))]
