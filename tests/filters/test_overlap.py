"""Evaluation items are found in the texts that hold them, by hand-made items and by real instructions."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path

import pytest

from filters import overlap
from filters.overlap import Index, Item, Match, words

LONG = "which planet of our solar system has the largest number of known moons today"  # 14 words


def item(name: str, question: str, answer: str, pictured: bool = False) -> Item:
    return Item(name, question, answer, pictured)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don’t stop—it's FINE!", ["dont", "stop", "its", "fine"]),
        ("ｆｕｌｌ　ｗｉｄｔｈ １２", ["full", "width", "12"]),
        ("法国的首都？Paris!", ["法", "国", "的", "首", "都", "paris"]),
        ("カタ仮名ひらA1", ["カ", "タ", "仮", "名", "ひ", "ら", "a1"]),
        ("की का", ["की", "का"]),  # vowel signs belong to their words
        ("…  +", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_thirteen_words_of_a_question_condemn_and_twelve_do_not() -> None:
    index = Index.of([item("moons", LONG, "Saturn")])
    thirteen, twelve = LONG.split()[1:], LONG.split()[2:]
    found = index.find(["Tell me, " + " ".join(thirteen).upper() + "?", "Tell me, " + " ".join(twelve) + "?", ""])
    assert found == [Match("moons", "ngram", " ".join(thirteen)), None, None]


def test_an_answer_condemns_too_and_a_pictured_items_as_well() -> None:
    index = Index.of([item("chart", "What is shown?", LONG, pictured=True)])
    assert [match is not None for match in index.find([LONG, "What is shown? Saturn."])] == [True, False]


def test_question_and_answer_are_not_one_run() -> None:
    index = Index.of([item("a", "one two three four five six seven eight", "nine ten eleven twelve thirteen")])
    assert index.find(["two three four five six seven eight nine ten eleven twelve thirteen fourteen"]) == [None]


def test_runs_do_not_reach_into_the_next_text() -> None:
    index = Index.of([item("moons", LONG, "Saturn")])
    first, second = " ".join(LONG.split()[:7]), " ".join(LONG.split()[7:])
    assert index.find([first, second]) == [None, None]


def test_what_many_items_share_is_a_template() -> None:
    prompt = "look at the picture and answer the question below in a single word or phrase"  # 15 words, 3 n-grams
    items = [item(f"i{number:02}", f"{prompt} {number}", "yes") for number in range(11)]
    index = Index.of(items)
    assert index.ignored == 3
    assert index.find([prompt, f"{prompt} 7"]) == [
        None,
        Match("i07", "ngram", "picture and answer the question below in a single word or phrase 7"),
    ]
    assert Index.of(items, most_items=11).ignored == 0


def test_a_short_question_that_many_items_ask_is_a_template() -> None:
    items = [item(f"i{number:02}", "What is shown in here?", f"object {number}") for number in range(11)]
    index = Index.of(items)
    assert (index.ignored, len(index.blind)) == (1, 11)
    assert index.find(["What is shown in here? Object 3."]) == [None]


def test_a_short_item_needs_its_question_and_its_answer() -> None:
    index = Index.of([item("capital", "What is the capital of France?", "Paris")])
    texts = [
        "Q: What is the capital of France? A: It is Paris.",
        "Paris. What is the capital of france",
        "What is the capital of France? Lyon, surely.",
        "What is the capital of old France? Paris.",
        "What is the capital of France? Parisians know.",
    ]
    shared = Match("capital", "short_answer", "what is the capital of france … paris")
    assert index.find(texts) == [shared, shared, None, None, None]


def test_an_answer_within_the_question_is_none() -> None:
    index = Index.of([item("larger", "Which is larger, a cat or a horse?", "horse")])
    question = "Which is larger, a cat or a horse? "
    assert [match is not None for match in index.find([question + "The cat.", question + "A horse."])] == [False, True]


def test_a_question_asked_twice_is_answered_once() -> None:
    index = Index.of([item("sum", "What do five and six make?", "eleven")])
    assert index.find(["What do five and six make? What do five and six make? Eleven."])[0] is not None


def test_items_that_no_rule_can_find_are_named() -> None:
    items = [
        item("pictured", "What is the colour of the car?", "red", pictured=True),
        item("no answer", "What is the colour of the car?", "?"),
        item("four and one", "Is it red now?", "yes"),
        item("three and one", "Is it red?", "yes"),
        item("three and two", "Is it red?", "oh yes"),
        item("five and one", "Is it red right now?", "yes"),
        item("twelve and twelve", "a b c d e f g h i j k l", "m n o p q r s t u v w x"),
    ]
    index = Index.of(items)
    assert index.blind == ("four and one", "no answer", "pictured", "three and one")
    found = index.find([f"{one.question} {one.answer}" for one in items])
    assert [match and match.item for match in found] == [
        None, None, None, None, "three and two", "five and one", "twelve and twelve",
    ]  # fmt: skip


def test_chinese_items_are_found() -> None:
    index = Index.of([item("zh", "法国的首都是哪里？", "巴黎")])
    assert index.find(["请问：法国的首都是哪里?答案是巴黎。", "法国的首都是哪里？里昂。"]) == [
        Match("zh", "short_answer", "法 国 的 首 都 是 哪 里 … 巴 黎"),
        None,
    ]


def test_an_ngram_goes_before_a_short_answer_and_a_small_id_before_a_large_one() -> None:
    short = item("a", "What is the capital of France?", "Paris")
    index = Index.of([item("c", LONG, "Saturn"), item("b", LONG, "Jupiter"), short])
    text = "What is the capital of France? Paris. "
    found = index.find([text + LONG, text])
    assert [(match.item, match.rule) for match in found if match] == [("b", "ngram"), ("a", "short_answer")]


def test_equal_hashes_of_other_words_condemn_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "_hash", lambda word: 7)  # all words collide
    index = Index.of([item("moons", LONG, "Saturn"), item("capital", "What is the capital of France?", "Paris")])
    other = " ".join(f"word{number}" for number in range(20))
    found = index.find([other, LONG, "What is the capital of France? Paris"])
    assert [match and match.item for match in found] == [None, "moons", "capital"]


def test_an_index_travels_and_finds_the_same_in_any_batch() -> None:
    index = Index.of([item("moons", LONG, "Saturn"), item("capital", "What is the capital of France?", "Paris")])
    texts = ["nothing here", LONG, "", "What is the capital of France? Paris"]
    found = pickle.loads(pickle.dumps(index)).find(texts)
    assert found == [index.find([text])[0] for text in texts]
    assert index.find([]) == []


def test_an_index_of_nothing_finds_nothing() -> None:
    assert Index.of([]).find(["any text"]) == [None]


def test_bad_items_are_refused() -> None:
    with pytest.raises(ValueError, match="ids of their own: a$"):
        Index.of([item("a", "x", "y"), item("a", "z", "y")])
    with pytest.raises(ValueError, match="ngram >= 2"):
        Index.of([], ngram=1)


def test_real_instructions_are_found_in_themselves_and_hardly_in_others(real_data: Path) -> None:
    with gzip.open(real_data / "instructions" / "alpaca.jsonl.gz", "rt") as lines:
        rows = [json.loads(next(lines)) for _ in range(2000)]
    asked = [f"{row['instruction']}\n{row['input'] or ''}" for row in rows]
    index = Index.of(item(row["id"], ask, row["output"]) for row, ask in zip(rows[:1000], asked, strict=False))
    found = index.find([f"{ask}\n{row['output']}" for row, ask in zip(rows, asked, strict=True)])
    own, others = found[:1000], found[1000:]
    assert [row["id"] for row, match in zip(rows, own, strict=False) if match is None] == list(index.blind)
    assert len(index.blind) < 10
    assert sum(match is not None for match in others) <= 5
