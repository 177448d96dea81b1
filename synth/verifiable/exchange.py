"""What a family of instructions writes: a talk of one to four exchanges, each with its right answer."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from curation.contract.sample import Verifier

Language = Literal["en", "zh"]
# What the answer is, so that the prompt can say how to write it. "" where the question says it already.
Kind = Literal["", "number", "word", "list", "date"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question and its right answer; `steps` are the lines of a worked solution, without the answer itself."""

    ask: str
    answer: str
    kind: Kind = "number"
    verifier: Verifier = "exact"
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """`template` is `family/template`; every exchange after the first refers to what was said before. `introduced` is
    False where a sentence about a person before the question would be taken for a part of it."""

    template: str
    exchanges: tuple[Exchange, ...]
    introduced: bool = True


Write = Callable[[random.Random, Language], Talk]


def one_of(rng: random.Random, language: Language, phrases: dict[Language, tuple[str, ...]]) -> str:
    """One of the phrases of the language, its braces not yet filled."""
    return rng.choice(phrases[language])
