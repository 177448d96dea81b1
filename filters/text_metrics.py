"""How far a text is from its reference: edits of characters and of words, and ChartQA's relaxed accuracy. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

TOLERANCE = 0.05  # of a number, as a share of the reference: ChartQA's


class Errors(NamedTuple):
    """Edits, and what they are counted against: the reference's characters or words. Over several rows both are added
    up before they are divided, as in jiwer and Hugging Face's `evaluate`."""

    edits: int
    length: int

    @property
    def rate(self) -> float:
        """Edits over length, which may exceed 1. Against an empty reference: 0 without edits, else 1."""
        if not self.length:
            return float(self.edits > 0)
        return self.edits / self.length


def edit_distance(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """Levenshtein distance: the fewest insertions, deletions and replacements that turn one into the other."""
    return Levenshtein.distance(a, b)


def character_errors(prediction: str, reference: str) -> Errors:
    """Edits of characters. Runs of white space count as one space and ends are stripped; case counts."""
    found, wanted = " ".join(prediction.split()), " ".join(reference.split())
    return Errors(edit_distance(found, wanted), len(wanted))


def word_errors(prediction: str, reference: str) -> Errors:
    """Edits of words, which are what white space parts; case and punctuation count."""
    found, wanted = prediction.split(), reference.split()
    return Errors(edit_distance(found, wanted), len(wanted))


def cer(prediction: str, reference: str) -> float:
    """Character error rate of one text: edits over the reference's characters; may exceed 1."""
    return character_errors(prediction, reference).rate


def wer(prediction: str, reference: str) -> float:
    """Word error rate of one text: edits over the reference's words; may exceed 1."""
    return word_errors(prediction, reference).rate


def relaxed_accuracy(prediction: str, reference: str, tolerance: float = TOLERANCE) -> float:
    """ChartQA's relaxed accuracy (Masry et al. 2022, end of section 5.1), as Pix2Struct's metrics compute it.

    1 where both are numbers and the answer is off by at most `tolerance` of the reference; else where the texts are
    equal but for case. A number that ends in % is a hundredth of itself, so that 96% equals 0.96. As there, a reference
    of 0 is compared as text, and there are no thousands separators or units. White space at the ends does not count.
    """
    found, wanted = prediction.strip(), reference.strip()
    number, expected = _number(found), _number(wanted)
    if number is not None and expected:
        return float(abs(number - expected) / abs(expected) <= tolerance)
    return float(found.lower() == wanted.lower())


def _number(text: str) -> float | None:
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
