"""Instructions in English and Chinese whose answers can be computed again from the prompt alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from curation.contract.sample import Answer, Sample, Turn, Verifier, text_part
from synth.generator import Generator, Make
from synth.specimen import Specimen
from synth.verifiable import arithmetic, code, dates, edits, formats, puzzles, sorting, stories, tables, units
from synth.verifiable.exchange import Exchange, Language, Talk, Write
from synth.verifiable.phrasing import final, introduction, joined, only, worked

_FAMILIES: tuple[tuple[Write, int], ...] = (  # who writes, and out of a hundred how often
    (arithmetic.write, 16),
    (stories.write, 15),
    (dates.write, 12),
    (units.write, 9),
    (sorting.write, 11),
    (edits.write, 11),
    (tables.write, 10),
    (puzzles.write, 7),
    (formats.write, 5),
    (code.write, 4),
)
_WORKED = 0.55  # of the questions that have a worked solution


def make_text(rng: random.Random) -> Sequence[Specimen]:
    """One instruction, of one to four turns, without images.

    A short last answer is checked by its verifier. Where the last turn is a worked solution it is `final`, which reads
    what stands after `Answer:` in the last line, and the tags hold `worked`. Code has the verifier "" and the tag
    `tests`: see `code.code_passes`.
    """
    language: Language = "en" if rng.random() < 0.6 else "zh"
    write = rng.choices([each for each, _ in _FAMILIES], [weight for _, weight in _FAMILIES])[0]
    return [Specimen(_sample(rng, language, write(rng, language)), {})]


def _sample(rng: random.Random, language: Language, talk: Talk) -> Sample:
    first = talk.exchanges[0]
    shown = bool(first.steps) and rng.random() < _WORKED
    opening = introduction(rng, language) if talk.introduced else ""
    hint = worked(rng, language, first.kind) if shown else only(rng, language, first.kind)
    turns = [_user(joined(language, opening, first.ask, hint)), _assistant(_answered(language, first, shown))]
    for later in talk.exchanges[1:]:
        reminded = shown or later.kind != first.kind or rng.random() < 0.4
        asked = joined(language, later.ask, only(rng, language, later.kind) if reminded else "")
        turns += [_user(asked), _assistant(later.answer)]
        shown = False
    last = talk.exchanges[-1]
    verifier: Verifier = "final" if shown else last.verifier
    tags = [f"build:text/{talk.template}", f"language:{language}", f"turns:{len(talk.exchanges)}"]
    tags += ["worked"] if shown else []
    tags += ["tests"] if talk.template.startswith("code/") else []
    answer = Answer(text=last.answer, verifier=verifier)
    return Sample(row_id="", source="", task="text", messages=tuple(turns), answer=answer, tags=tuple(tags))


def _answered(language: Language, exchange: Exchange, shown: bool) -> str:
    return "\n".join([*exchange.steps, final(language, exchange.answer)]) if shown else exchange.answer


def _user(text: str) -> Turn:
    return Turn(role="user", parts=(text_part(text),))


def _assistant(text: str) -> Turn:
    return Turn(role="assistant", parts=(text_part(text),))


@contextmanager
def _open() -> Iterator[Make]:
    yield make_text


GENERATOR = Generator(
    name="text",
    about="instructions in English and Chinese with answers that can be checked: sums, stories, dates, units, sorting, "
    "edits, tables, puzzles, JSON, code",
    version=1,
    views=1,
    cannot=(
        "no knowledge of the world beyond units and the calendar",
        "no open writing, opinion, translation or summary",
        "sentences come from templates, and people would vary them more",
    ),
    open=_open,
)
