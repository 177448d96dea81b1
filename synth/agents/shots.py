"""A sample from its parts, for all generators of screens."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from curation.contract.sample import (
    Answer,
    Media,
    Part,
    Region,
    Sample,
    Step,
    Task,
    Turn,
    Verifier,
    action_part,
    media_part,
    region_part,
    text_part,
)
from synth.specimen import Specimen, medium

if TYPE_CHECKING:
    from playwright.sync_api import Page


def shot(page: Page, quality: int = 0) -> bytes:
    """The screen as PNG, or as JPEG of a quality from 1 to 100."""
    if quality:
        return page.screenshot(type="jpeg", quality=quality)
    return page.screenshot()


def asked(data: bytes, task: Task, question: str, answer: str, verifier: Verifier, tags: Sequence[str]) -> Specimen:
    """A question about a picture with an answer in words."""
    turns = (_user(media_part(0), text_part(question)), Turn(role="assistant", parts=(text_part(answer),)))
    return _specimen(data, task, turns, Answer(text=answer, verifier=verifier), tags)


def pointed(data: bytes, question: str, regions: Sequence[Region], answer: Answer, tags: Sequence[str]) -> Specimen:
    """A question about a picture that is answered by regions."""
    parts = tuple(region_part(index) for index in range(len(regions)))
    turns = (_user(media_part(0), text_part(question)), Turn(role="assistant", parts=parts))
    return _specimen(data, "grounding", turns, answer, tags, regions=regions)


def acted(
    data: bytes, told: str, step: Step, regions: Sequence[Region], answer: Answer, tags: Sequence[str]
) -> Specimen:
    """An instruction with a picture, and one step."""
    turns = (_user(text_part(told), media_part(0)), Turn(role="assistant", parts=(action_part(0),)))
    return _specimen(data, "agent", turns, answer, tags, regions=regions, steps=(step,))


def quality(rng: random.Random) -> int:
    """The quality of a picture's JPEG, or 0 for a lossless PNG."""
    return rng.randint(82, 96) if rng.random() < 0.3 else 0


def _user(*parts: Part) -> Turn:
    return Turn(role="user", parts=parts)


def _specimen(
    data: bytes,
    task: Task,
    turns: tuple[Turn, ...],
    answer: Answer,
    tags: Sequence[str],
    regions: Sequence[Region] = (),
    steps: Sequence[Step] = (),
) -> Specimen:
    facts: Media = medium(data)
    sample = Sample(
        row_id="",
        source="",
        task=task,
        messages=turns,
        media=(facts,),
        regions=tuple(regions),
        steps=tuple(steps),
        answer=answer,
        tags=tuple(tags),
    )
    return Specimen(sample, {facts.sha256: data})
