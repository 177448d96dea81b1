"""A question about a picture of a lesson, with its answer and answers that look as right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from synth.drawing import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The answer is `answer`, a text, or `box` (with `label`), a place in pixels: a region to name, or where a `tap`
    has to go. `wrong` are answers that look as right as the right one."""

    text: str
    answer: str = ""
    label: str = ""
    box: Box | None = None
    tap: bool = False
    wrong: tuple[str | Box, ...] = ()


def ask_each(names: Sequence[str], places: Sequence[str], elsewhere: Sequence[str]) -> Question:
    """Where each of several things is; a wrong answer puts them `elsewhere`."""
    right, wrong = (
        ", ".join(f"{name} {place}" for name, place in zip(names, said, strict=True)) for said in (places, elsewhere)
    )
    return Question(text=f"Where are the {', the '.join(names)}?", answer=right, wrong=(wrong,))
