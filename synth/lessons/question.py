"""A question about a picture of a lesson, with its answer and answers that look as right."""

from __future__ import annotations

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
