"""Personal data that can be told by its form, in the text of any role, of regions and of steps.

Each function gets one row per sample and counts; names and addresses have no form and are not looked for.
"""

from __future__ import annotations

import functools

import polars as pl

from filters.frames import Batch
from filters.reading import identifiers
from filters.reading.answers import all_text, on_some
from filters.signal import signal

private = functools.partial(signal, tier="text", grain="sample", dtype="int64")


@private(unit="addresses", source="RFC 5322 in its common form; reserved domains (RFC 2606) left out")
def emails(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """E-mail addresses in all text; those made up for examples (example.com) do not count."""
    text = all_text(samples, batch)
    return on_some(text.str.contains("@", literal=True), identifiers.emails, 0, pl.Int64, text)


@private(unit="numbers", source="E.164, and the common national forms")
def phone_numbers(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Telephone numbers in all text, told by +, by their groups or by a word such as "Tel" before them."""
    text = all_text(samples, batch)
    return on_some(text.str.contains(r"\d[\d ().\-/]{5,22}\d"), identifiers.phones, 0, pl.Int64, text)


@private(unit="numbers", source="ISO/IEC 7812-1 (Luhn)")
def card_numbers(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """Payment card numbers in all text: right first digits, length and check digit; drawn test numbers left out."""
    text = all_text(samples, batch)
    return on_some(text.str.contains(r"\d{4}[ -]?\d{4,6}[ -]?\d{4}"), identifiers.cards, 0, pl.Int64, text)


@private(unit="numbers", source="ISO 13616 (modulo 97)")
def ibans(samples: pl.DataFrame, batch: Batch) -> pl.Series:
    """International bank account numbers in all text: the country's length and right check digits."""
    text = all_text(samples, batch)
    return on_some(text.str.contains(r"[A-Z]{2}\d{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}"), identifiers.ibans, 0, pl.Int64, text)
