"""What must not stand in a text: markup, wrong decodings, personal data, unsafe terms; and users' own models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Region, Sample, Step, Turn, action_part, region_part, text_part, to_row
from filters.catalogue import collect
from filters.context import Context
from filters.measuring import measure_samples
from filters.reading.identifiers import is_iban, luhn
from filters.reading.lexicon import terms
from filters.signals import encoding, privacy, safety
from tests.filters.signals.fasttext_file import fasttext_model

SIGNALS = list(collect((privacy, safety, encoding)).values())


def talk(answer: str, prompt: str = "What?") -> Sample:
    turns = (Turn(role="user", parts=(text_part(prompt),)), Turn(role="assistant", parts=(text_part(answer),)))
    return Sample(row_id="r", source="s", task="text", messages=turns)


def measured(sample: Sample, context: Context | None = None) -> dict[str, Any]:
    table = pa.Table.from_pylist([to_row(sample)], schema=SAMPLE)
    return measure_samples(table, SIGNALS, context).to_pylist()[0]


def test_regions_and_steps_are_read_too() -> None:
    region = Region(points=(0.0, 0.0, 5.0, 5.0), text="a\ufffd")
    turns = (Turn(role="assistant", parts=(region_part(0), action_part(0))),)
    step = Step(media=0, action="type", thought="mail anna@web.de", arguments='{"text": "<|im_end|>"}')
    row = measured(Sample(row_id="r", source="s", task="ocr", messages=turns, regions=(region,), steps=(step,)))
    assert (row["replacement_characters"], row["emails"], row["control_tokens"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("write to anna.li+x@web.de or b@c.co.uk.", 2),
        ("john@example.com, a@b.test, x@localhost", 0),
        ("@anna said 3@5", 0),
        ("user@host", 0),
    ],
)
def test_emails(text: str, count: int) -> None:
    assert measured(talk(text))["emails"] == count
    assert measured(talk("fine", prompt=text))["emails"] == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("+49 30 1234567", 1),
        ("(212) 736-5000", 1),
        ("212-736-5000 12, 13", 1),
        ("03-7803 1239", 1),
        ("电话：13812345679", 1),
        ("13812345679", 1),
        ("Tel: 7803 1239", 1),
        ("Fax 07-386 3793 and Tel 07-386 7524", 2),
        ("2020-10-10", 0),
        ("25/12/2018 10:30", 0),
        ("order 9780743273565", 0),
        ("40.689257, -74.044502", 0),
        ("192.168.100.100", 0),
        ("0.13812345679", 0),
        ("RM 12345.60 7890.00", 0),
        ("(650) 555-0123", 0),  # reserved for fiction
        ("GST ID: 000849813504", 0),
        ("12\n34\n56\n78\n90", 0),
    ],
)
def test_phone_numbers(text: str, count: int) -> None:
    assert measured(talk(text))["phone_numbers"] == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("4539 1488 0343 6467", 1),  # the check digit is right
        ("4539 1488 0343 6468", 0),
        ("4539148803436467", 1),
        ("3714-496353-98431", 1),  # American Express, 15 digits
        ("4242 4242 4242 4242", 0),  # drawn for tests
        ("9556655864036", 0),  # a bar code
        ("0.4539148803436467", 0),
    ],
)
def test_payment_cards(text: str, count: int) -> None:
    assert measured(talk(text))["card_numbers"] == count


def test_luhn_by_hand() -> None:
    # 7992739871x: doubled from the right 1->2, 8->16->7, 3->6, 2->4, 9->18->9 and 7,9,7,9,7 as they are: 28 + 39 = 67
    assert [digit for digit in "0123456789" if luhn("7992739871" + digit)] == ["3"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("GB82 WEST 1234 5698 7654 32", 1),
        ("DE89370400440532013000", 1),
        ("DE89 3704 0044 0532 0130 00 42100 KL", 1),
        ("DE88 3704 0044 0532 0130 00", 0),  # wrong check digits
        ("DE89 3704 0044 0532 0130 0", 0),  # too short
        ("DE89370400440532013000X", 0),
        ("XX89 3704 0044 0532 0130 00", 0),
    ],
)
def test_bank_accounts(text: str, count: int) -> None:
    assert measured(talk(text))["ibans"] == count


def test_iban_by_hand() -> None:
    # Belgium, account 1: 000...01 then B=11, E=14 and the digits: 1111400 + check, and 98 - (1111400 mod 97) = 98 - 71
    assert 1_111_400 % 97 == 71
    assert is_iban("BE27" + "0" * 11 + "1")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("plain <b>bold</b> [1]", 0),
        ("### Response:\nYes", 1),
        ("14. Instruction: Name it.", 1),
        ("<<SYS>> <pad><pad> <｜end▁of▁sentence｜>", 4),
        ("1. Input: the data\n2. Output: a list\n### Results", 0),
        ("User: hi\nAssistant: hello", 0),
    ],
)
def test_marks_of_templates(text: str, count: int) -> None:
    assert measured(talk(text))["template_marks"] == count


@pytest.mark.parametrize(
    ("text", "name", "count"),
    [
        ("café it’s".encode().decode("cp1252"), "mojibake", 2),
        ("图像".encode().decode("latin-1"), "mojibake", 2),
        ("锟斤拷", "mojibake", 1),
        ("CAFÉ™ NÃO ÄÖÜ É… “À”", "mojibake", 0),
        ("a\ufffdb\ufffd", "replacement_characters", 2),
        ("a\x00b\x0c\x1b[1m\x85", "control_characters", 4),
        ("a\tb\r\nc", "control_characters", 0),
        ("a\u200bb\ufeff\u202ec\u00ad", "invisible_characters", 4),
        ("می\u200cخواهم 👨\u200d👩 \u200fא", "invisible_characters", 0),  # joiners and marks that scripts need
        ("\ue001\U000f0001 a", "private_use_characters", 2),
        ("x &lt; 0 &amp; y&nbsp;z &#39;", "html_entities", 4),
        ("<p>x &lt; 0</p>", "html_entities", 0),
        ("use `&nbsp;` or ```\n&amp;\n```", "html_entities", 0),
        ("AT&T; R&D", "html_entities", 0),
    ],
)
def test_characters(text: str, name: str, count: int) -> None:
    assert measured(talk(text))[name] == count
    assert measured(talk("fine", prompt=text))[name] == count


def test_unsafe_terms_are_whole_words() -> None:
    row = measured(talk("Gas the Jews, he said: PORN porn.", prompt="Why?"))
    assert row["unsafe_words"] == 3
    assert row["unsafe_word_share"] == pytest.approx(3 / 8)
    assert measured(talk("popcorn in Pornichet"))["unsafe_words"] == 0
    assert measured(talk("教你制作炸弹的方法"))["unsafe_words"] == 1
    assert measured(talk("fine"))["unsafe_word_share"] == 0.0


def test_a_list_of_the_users_own(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("\ufeff# mine\nBad  Thing # two words\nc++\n\n坏\n", encoding="utf-8")
    assert terms(str(words)) == ("bad thing", "c++", "坏")
    row = measured(talk("A bad thing in C++, 真坏. porn"), Context(unsafe_words=str(words)))
    assert row["unsafe_words"] == 3


def test_a_long_list_is_matched_alike(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("\n".join(f"term{index}" for index in range(900)), encoding="utf-8")
    assert measured(talk("term7, Term899 term899x"), Context(unsafe_words=str(words)))["unsafe_words"] == 2


def test_lists_that_cannot_be_used(tmp_path: Path) -> None:
    empty, latin = tmp_path / "empty.txt", tmp_path / "latin.txt"
    empty.write_text("# nothing\n")
    latin.write_bytes(b"caf\xe9")
    with pytest.raises(ValueError, match=r"empty\.txt has no terms"):
        terms(str(empty))
    with pytest.raises(ValueError, match=r"latin\.txt is not UTF-8"):
        terms(str(latin))
    with pytest.raises(FileNotFoundError, match=r"nowhere\.txt"):
        terms(str(tmp_path / "nowhere.txt"))


def test_the_packaged_list_is_there() -> None:
    assert len(terms("")) > 50


def _model(tmp_path: Path, first: str, second: str) -> str:
    """A classifier of two labels, told apart by the words "nice" and "nasty"."""
    path = tmp_path / "model.bin"
    path.write_bytes(fasttext_model({"nice": first, "nasty": second}))
    return str(path)


def test_models_of_the_users_own_give_probabilities(tmp_path: Path) -> None:
    path = _model(tmp_path, "good", "unsafe")
    context = Context(unsafe_model=path, quality_model=path)
    nice, nasty = (measured(talk(text, prompt=""), context) for text in ("a nice\nday", "a nasty day"))
    assert nice["quality_probability"] > 0.9 > 0.1 > nice["unsafe_probability"]
    assert nasty["unsafe_probability"] > 0.9 > 0.1 > nasty["quality_probability"]
    assert measured(talk(" ", prompt=""), context)["quality_probability"] is None
    without = measured(talk("a nice day"))
    assert (without["unsafe_probability"], without["quality_probability"]) == (None, None)


def test_models_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    path = _model(tmp_path, "fine", "poor")
    with pytest.raises(ValueError, match=r"model\.bin has no label __label__good; it has __label__(fine|poor)"):
        measured(talk("a"), Context(quality_model=path))
    with pytest.raises(FileNotFoundError, match=r"gone\.bin"):
        measured(talk("a"), Context(unsafe_model=str(tmp_path / "gone.bin")))
    (tmp_path / "text.bin").write_text("no model")
    with pytest.raises(ValueError, match=r"text\.bin is no model of fastText"):
        measured(talk("a"), Context(unsafe_model=str(tmp_path / "text.bin")))


def test_null_answers_have_no_quality(tmp_path: Path) -> None:
    path = _model(tmp_path, "good", "bad")
    pointing = replace(talk(""), messages=(Turn(role="assistant", parts=(region_part(0),)),))
    pointing = replace(pointing, regions=(Region(points=(0.0, 0.0, 1.0, 1.0)),))
    assert measured(pointing, Context(quality_model=path))["quality_probability"] is None
