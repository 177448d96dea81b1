"""Languages, scripts and switching between them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Sample, Turn, text_part, to_row
from filters.catalogue import collect
from filters.context import Context
from filters.measuring import measure_samples
from filters.reading.languages import detector
from filters.signals import language
from tests.filters.signals.fasttext_file import fasttext_model

SIGNALS = list(collect((language,)).values())
ENGLISH = "What can be seen in the middle of this picture?"
GERMAN = "In der Mitte des Bildes steht ein großer Baum, und daneben ist ein kleines Haus zu sehen."


def measured(*pairs: tuple[str, str], context: Context | None = None) -> list[dict[str, Any]]:
    samples = []
    for prompt, answer in pairs:
        turns = (Turn(role="user", parts=(text_part(prompt),)), Turn(role="assistant", parts=(text_part(answer),)))
        samples.append(Sample(row_id="r", source="s", task="vqa", messages=turns))
    table = pa.Table.from_pylist([to_row(sample) for sample in samples], schema=SAMPLE)
    found: list[dict[str, Any]] = measure_samples(table, SIGNALS, context).to_pylist()
    return found


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("A dog is running over the green grass behind the house.", "en"),
        (GERMAN, "de"),
        ("Sur cette image, on peut voir un grand arbre à côté d'une petite maison.", "fr"),
        ("En la imagen se puede ver un árbol muy grande al lado de una casa.", "es"),
        ("На рисунке показано большое дерево рядом с домом.", "ru"),
        ("图片中间有一棵大树，旁边是一座小房子。", "zh"),
        ("画像の真ん中に大きな木があります。", "ja"),
        ("그림 가운데에 큰 나무가 있습니다.", "ko"),
        ("qwrtzx plkmnb vfdrtg hjklqw xcvbnm", "zxx"),
    ],
)
def test_languages(answer: str, code: str) -> None:
    (row,) = measured((ENGLISH, answer))
    assert row["language"] == code
    assert row["language_probability"] >= 0.8
    assert row["language_detector"].startswith("py3langid ")
    assert (row["prompt_language"], row["prompt_language_probability"] > 0.9) == ("en", True)


def test_too_few_letters_are_no_language() -> None:
    short, dense, numbers = measured(
        ("Colour?", "a red bus"), ("Colour?", "红色的"), ("Colour?", "12:30 / 4711 - 0815")
    )
    assert (short["language"], short["language_probability"], short["language_detector"]) == (None, None, None)
    assert (short["prompt_language"], numbers["language"]) == (None, None)
    assert dense["language"] == "zh"


def test_values_are_those_of_each_text_alone() -> None:
    pairs = [(ENGLISH, GERMAN), (GERMAN, ENGLISH), ("", ""), (ENGLISH, "图片中间有一棵大树。"), (ENGLISH, "x" * 5000)]
    together = measured(*pairs)
    assert together == [measured(pair)[0] for pair in pairs]
    assert together == measured(*pairs[::-1])[::-1]


def test_a_fasttext_model_is_used_where_one_is_given_and_named_by_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "lid.bin"
    path.write_bytes(fasttext_model({"bla": "xx", "foo": "yy"}))
    context = Context(language_model=str(path))
    (row,) = measured(("unheard foo bla foo", "bla bla\nunheard bla bla"), context=context)
    assert (row["language"], row["prompt_language"]) == ("xx", "yy")
    # Two of three known words say yy: the mean (5/3, 10/3) of their vectors through a softmax.
    assert row["prompt_language_probability"] == pytest.approx(1 / (1 + math.exp(5 / 3 - 10 / 3)), abs=0.0006)
    assert row["language_probability"] == pytest.approx(1 / (1 + math.exp(-5)), abs=0.0006)
    assert row["language_detector"] == detector(str(path)).name
    assert row["language_detector"].startswith("fasttext lid.bin ")
    with pytest.raises(FileNotFoundError, match=r"gone\.bin"):
        measured((ENGLISH, GERMAN), context=Context(language_model=str(tmp_path / "gone.bin")))


@pytest.mark.parametrize(
    ("answer", "main", "share", "count"),
    [
        ("A red bus", "Latin", 1.0, 1),
        ("日本語のテキスト", "Katakana", 4 / 8, 1),  # three Han, one Hiragana, four Katakana: one way of writing
        ("красный bus", "Cyrillic", 7 / 10, 2),
        ("12 + 3 = 15", None, None, None),
    ],
)
def test_scripts(answer: str, main: str | None, share: float | None, count: int | None) -> None:
    (row,) = measured((ENGLISH, answer))
    assert (row["main_script"], row["main_script_ratio"], row["script_count"]) == (main, share, count)


@pytest.mark.parametrize(
    ("prompt", "answer", "leaves"),
    [
        (ENGLISH, "图片中间有一棵大树", True),
        (ENGLISH, "A tall tree", False),
        (ENGLISH, "42 %", None),
        ("这是什么？请看图", "A tall tree", True),
        ("What does 大树 mean?", "一棵大的树", False),
        ("Translate: a tall tree", "一棵大树啊", False),
        ("How does one write tree in Japanese?", "ツリーです", False),
        ("What does the sign in the picture say?", "停车场入口", False),
        ("ファイルを開く", "打开文件夹", False),  # both are written with Han
    ],
)
def test_leaving_the_prompts_script(prompt: str, answer: str, leaves: bool | None) -> None:
    assert measured((prompt, answer))[0]["leaves_prompt_script"] is leaves


@pytest.mark.parametrize(
    ("prompt", "answer", "leaves"),
    [
        (ENGLISH, GERMAN, True),
        (ENGLISH, "There is a tall tree in the middle, and a small house stands beside it.", False),
        (f"Translate into German: {ENGLISH}", GERMAN, False),
        (ENGLISH, "ein Baum", None),
        (ENGLISH, "qwrtzx plkmnb vfdrtg hjklqw xcvbnm", False),
    ],
)
def test_leaving_the_prompts_language(prompt: str, answer: str, leaves: bool | None) -> None:
    assert measured((prompt, answer))[0]["leaves_prompt_language"] is leaves


@pytest.mark.parametrize(
    ("prompt", "answer", "share"),
    [
        (ENGLISH, "The tree 但是 is tall", 2 / 15),
        (ENGLISH, "The sign reads “出口” (出口) now", 0.0),  # cited
        (ENGLISH, "Its angle is α or β", 0.0),
        ("What is 但是?", "The word 但是 is but", 0.0),  # the prompt's own
        ("图片里有什么？", "这是 iPhone 手机", 0.0),  # Latin names stand anywhere
        ("그림을 보세요", "그림에 大 나무", 0.0),  # Korean may use Han
        (ENGLISH, "12", None),
    ],
)
def test_lapses_into_another_script(prompt: str, answer: str, share: float | None) -> None:
    found = measured((prompt, answer))[0]["foreign_script_ratio"]
    assert found is None if share is None else found == pytest.approx(share)


def test_stop_words_are_counted_in_the_answers_language() -> None:
    english, german, none = measured(
        (ENGLISH, "The dog is in the garden, and it barks at the cat."),  # the is in the and it at the: 8 of 12
        (ENGLISH, GERMAN),  # in der des ein und ist ein zu: 8 of 17
        (ENGLISH, "Suuri koira juoksee nopeasti vihreällä nurmikolla talon takana."),  # Finnish has no list
    )
    assert english["stop_word_ratio"] == pytest.approx(8 / 12)
    assert german["stop_word_ratio"] == pytest.approx(8 / 17)
    assert none["stop_word_ratio"] is None
