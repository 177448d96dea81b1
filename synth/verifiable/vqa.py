"""Boards that take several steps to read: clocks, dice, tiles with numbers, thermometers and rectangles."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PIL import Image

from curation.contract.sample import Answer, Media, Sample, Turn, media_part, text_part
from synth.drawing import encode
from synth.generator import Generator, Make
from synth.specimen import Specimen, medium
from synth.verifiable.boards import BOARDS, Board, Question
from synth.verifiable.exchange import Language
from synth.verifiable.phrasing import joined, only

VIEWS = 3


def make_vqa(rng: random.Random) -> Sequence[Specimen]:
    """One board with three samples about it, the last of which has two turns. Sides of 224 to 560 pixels.

    The tags hold the board's kind and, as `seen:`, the values that the board shows, from which all answers follow.
    """
    board = rng.choice(BOARDS)(rng)
    data = encode(board.image, rng.choice(("png", "jpg")), quality=rng.randint(80, 95))
    image = medium(data)
    questions = rng.sample(board.questions, VIEWS)
    talks = [questions[:1], questions[1:2], [questions[2], rng.choice(questions[:2])]]
    images = {image.sha256: data}
    return [Specimen(_sample(rng, board, image, talk), images) for talk in talks]


def _sample(rng: random.Random, board: Board, image: Media, talk: Sequence[Question]) -> Sample:
    language: Language = "en" if rng.random() < 0.6 else "zh"
    turns: list[Turn] = []
    for index, question in enumerate(talk):
        asked = text_part(joined(language, rng.choice(question.asks[language]), only(rng, language, question.kind)))
        turns.append(Turn(role="user", parts=(asked,) if index else (media_part(0), asked)))
        turns.append(Turn(role="assistant", parts=(text_part(question.answer),)))
    tags: tuple[str, ...] = (
        f"build:vqa/{board.name}",
        f"language:{language}",
        f"turns:{len(talk)}",
        f"seen:{board.seen}",
    )
    tags += tuple(f"asks:{question.name}" for question in talk)
    answer = Answer(text=talk[-1].answer, verifier=talk[-1].verifier)
    return Sample(row_id="", source="", task="vqa", messages=tuple(turns), media=(image,), answer=answer, tags=tags)


@contextmanager
def _open() -> Iterator[Make]:
    Image.init()
    yield make_vqa


GENERATOR = Generator(
    name="vqa",
    about="questions in English and Chinese about drawn clocks, dice, number tiles, thermometers and rectangles that "
    "take several steps",
    version=1,
    views=VIEWS,
    libraries=("pillow", "numpy"),
    cannot=(
        "no photographs: flat drawings with a fine grain",
        "no writing in the pictures but digits and signs",
        "no worked solutions",
    ),
    open=_open,
)
