"""Which pages there are: kinds and languages, and how often each is drawn."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from synth.documents.language import Language
from synth.documents.page import Page
from synth.documents.papers import draw_form, draw_invoice, draw_letter, draw_receipt
from synth.documents.reports import draw_report, draw_slide
from synth.documents.words_cjk import CHINESE, JAPANESE, KOREAN
from synth.documents.words_east import ARABIC, RUSSIAN
from synth.documents.words_west import ENGLISH, FRENCH, GERMAN, SPANISH

LANGUAGES = (ENGLISH, GERMAN, FRENCH, SPANISH, CHINESE, ARABIC, JAPANESE, KOREAN, RUSSIAN)
_WEIGHTS = (5, 2, 2, 2, 4, 3, 2, 2, 2)
KINDS: Mapping[str, Callable[[random.Random, Language], Page]] = {
    "report": draw_report,
    "invoice": draw_invoice,
    "receipt": draw_receipt,
    "form": draw_form,
    "letter": draw_letter,
    "slide": draw_slide,
}
_KIND_WEIGHTS = (4, 2, 2, 2, 2, 2)


def drawn_page(rng: random.Random) -> Page:
    """A page of any kind in any language."""
    language: Language = rng.choices(LANGUAGES, _WEIGHTS)[0]
    return rng.choices(tuple(KINDS.values()), _KIND_WEIGHTS)[0](rng, language)


def another_page(rng: random.Random, tags: Mapping[str, str]) -> Page | None:
    """A page of the `kind` and in the `language` that a page's tags tell; None where they tell none."""
    draw = KINDS.get(tags.get("kind", ""))
    languages = [language for language in LANGUAGES if language.code == tags.get("language")]
    return draw(rng, languages[0]) if draw and languages else None
