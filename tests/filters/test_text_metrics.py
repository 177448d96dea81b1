"""Text metrics: on the examples that their official scripts come with, and on numbers worked out by hand."""

from __future__ import annotations

import pytest

from filters.text_metrics import Errors, cer, character_errors, relaxed_accuracy, wer, word_errors
from filters.verify import anls, exact_match


def test_the_examples_of_pix2structs_metrics_test() -> None:
    """Predictions, targets and values of `test_pix2struct_metrics` in google-research/pix2struct."""
    predictions = ["abc", "abc", "Abc", "100%", "100%", "100%", "100%", "Don't"]
    targets = ["abc", "Abc", "abc", "96%", "94%", "0.96", "0.94", "Won't"]
    pairs = list(zip(predictions, targets, strict=True))
    assert sum(exact_match(*pair) for pair in pairs) / 8 == 0.125
    assert sum(anls(found, [wanted]) for found, wanted in pairs) / 8 == pytest.approx(0.475)
    assert [relaxed_accuracy(*pair) for pair in pairs] == [1, 1, 1, 1, 0, 1, 0, 0]  # 62.5


def test_the_example_of_the_cer_and_wer_cards() -> None:
    """What Hugging Face's `evaluate` (on jiwer) gives for these two texts: edits and lengths are added up first."""
    predictions = ["this is the prediction", "there is an other sample"]
    references = ["this is the reference", "there is another one"]
    characters = [character_errors(*pair) for pair in zip(predictions, references, strict=True)]
    words = [word_errors(*pair) for pair in zip(predictions, references, strict=True)]
    assert sum(each.edits for each in characters) / sum(each.length for each in characters) == 0.34146341463414637
    assert sum(each.edits for each in words) / sum(each.length for each in words) == 0.5


@pytest.mark.parametrize(
    ("prediction", "reference", "characters", "words"),
    [
        ("TOTAL 9.00", "TOTAL 9.00", 0.0, 0.0),
        ("TOTAL  9.00\n", " TOTAL 9.00", 0.0, 0.0),  # white space
        ("TOTAL 9.08", "TOTAL 9.00", 1 / 10, 1 / 2),
        ("total", "TOTAL", 1.0, 1.0),
        ("", "ab c", 1.0, 1.0),
        ("a b c", "a", 4.0, 2.0),  # more edits than the reference is long
        ("", "", 0.0, 0.0),
        ("ab", "", 1.0, 1.0),
    ],
)
def test_rates(prediction: str, reference: str, characters: float, words: float) -> None:
    assert (cer(prediction, reference), wer(prediction, reference)) == (characters, words)


def test_errors_say_what_they_are_counted_against() -> None:
    assert character_errors("kitten", "sitting") == Errors(3, 7)
    assert word_errors("the cat sat", "a cat sat down") == Errors(2, 4)


@pytest.mark.parametrize(
    ("prediction", "reference", "right"),
    [
        ("105", "100", True),  # exactly 5 %
        ("105.1", "100", False),
        ("-95", "-100", True),
        ("95", "-100", False),
        (" 3.0\n", "3", True),
        ("3%", "3", False),  # 0.03
        ("1,000", "1000", False),  # no thousands separators, as in the script
        ("0.0", "0", False),  # a reference of 0 is text, as in the script
        ("0", "0", True),
        ("nan", "3", False),
        ("inf", "inf", False),
        ("yes", "Yes", True),
        ("%", "%", True),
    ],
)
def test_relaxed_accuracy(prediction: str, reference: str, right: bool) -> None:
    assert relaxed_accuracy(prediction, reference) == float(right)
