"""Which language a text is in: the user's fastText model where one is configured, else the packaged detector.

The packaged one is py3langid (Lui and Baldwin 2012: naive Bayes over byte n-grams), kept to the 74 languages below.
On 6,000 interface texts in 24 languages it is right for 99 % of those of 40 characters and more, for 93 % of 20 to
40, and for half of those under ten; where it is at least 0.9 sure, for 99 % of any length. fastText's lid.176 (Joulin
et al. 2017) is as good on long texts, better on short ones, and four times as fast. "zxx" is what is no language:
codes, numbers, gibberish.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from pathlib import Path
from typing import Any

import numpy as np

from filters.reading.characters import LETTERS, Characters

# Of the 97 and more, those with many speakers or much text: short English takes small languages and Latin for its own.
LANGUAGES = (
    "af ar az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gu he hi hr hu hy id is it ja ka kk km kn ko "
    "lo lt lv mk ml mn mr ms my ne nl nn no pa pl ps pt ro ru si sk sl sq sr sv sw ta te tg th tl tr uk ur uz vi "
    "zh zxx"
)
MIN_LETTERS = 12  # below, a detector guesses; a Han or kana character tells as much as four letters
_LONGEST = 600  # characters that are looked at: what follows hardly changes anything, and costs
_DIGITS = 3  # a probability is rounded so that no processor's last bit shows


class Detector:
    """A detector by the `name` under which it stands in the ledger: what measured, and its version or file's hash."""

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.name = _name(path)
        self._known: dict[str, tuple[str, float]] = {}

    def detect(self, text: str) -> tuple[str, float]:
        """The language as an ISO 639 code and the detector's probability, 0 to 1, for a text long enough to tell."""
        told = " ".join(text[:_LONGEST].split())  # fastText takes one line
        found = self._known.get(told)
        if found is None:
            code, probability = _fasttext(self.path, told) if self.path else _packaged(told)
            found = code, round(min(1.0, max(0.0, probability)), _DIGITS)
            if len(self._known) < 1 << 14 and len(told) < 400:  # prompts repeat
                self._known[told] = found
        return found


@functools.lru_cache(maxsize=4)
def detector(path: str = "") -> Detector:
    """The detector of a fastText model file, or the packaged one for "". Raises FileNotFoundError, naming the file."""
    return Detector(path)


def tellable(texts: Characters) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether each text has enough letters to tell its language."""
    dense = texts.count(("Han", "Hiragana", "Katakana"))
    return texts.count(LETTERS) + 3 * dense >= MIN_LETTERS


def _name(path: str) -> str:
    if not path:
        return f"py3langid {importlib.metadata.version('py3langid')}"
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no language model at {path}: give measure.language_model a fastText file")
    return f"fasttext {Path(path).name} {hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]}"


def _packaged(text: str) -> tuple[str, float]:
    code, probability = _langid().classify(text)
    return str(code), float(probability)


def _fasttext(path: str, text: str) -> tuple[str, float]:
    found = _fasttext_model(path).f.predict(text + "\n", 1, 0.0, "strict")
    if not found:  # not one known piece of a word
        return "und", 0.0
    probability, label = found[0]
    return str(label).removeprefix("__label__"), float(probability)


@functools.cache
def _langid() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    found.set_languages(LANGUAGES.split())
    # It is stored in half precision, and the choice of languages leaves it column by column: 30 MB halve the time.
    found.nb_ptc = np.ascontiguousarray(found.nb_ptc, dtype=np.float32)
    return found


@functools.lru_cache(maxsize=2)
def _fasttext_model(path: str) -> Any:
    import fasttext

    return fasttext.load_model(path)
