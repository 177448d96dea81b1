"""A small generator for tests: signs to read and to find, two samples of each; every fourth picture is a JPEG."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from curation.contract.sample import (
    Answer,
    Media,
    Part,
    Region,
    Sample,
    Task,
    Turn,
    media_part,
    region_part,
    text_part,
)
from synth.drawing import encode
from synth.generator import Generator, Make
from synth.raw.signs import ask_about_sign, draw_sign
from synth.specimen import Specimen, medium


@contextmanager
def _open() -> Iterator[Make]:
    yield make


def make(rng: random.Random) -> Sequence[Specimen]:
    sign = draw_sign(rng)
    data = encode(sign.image, "jpg" if rng.random() < 0.25 else "png")
    seen = medium(data)
    asked = ask_about_sign(rng, sign)
    region = Region(points=sign.box, label=sign.kind)
    views = [
        _sample("vqa", asked.question, text_part(sign.text), Answer(text=asked.answer, verifier="exact"), sign.kind),
        _sample(
            "grounding", f"Where is the {sign.kind}?", region_part(0), Answer(text=sign.kind, verifier="box"), "in"
        ),
    ]
    return [Specimen(_with(view, seen, region), {seen.sha256: data}) for view in views]


def _sample(task: Task, question: str, said: Part, answer: Answer, tag: str) -> Sample:
    turns = (Turn(role="user", parts=(media_part(0), text_part(question))), Turn(role="assistant", parts=(said,)))
    return Sample(row_id="", source="", task=task, messages=turns, answer=answer, tags=(f"kind:{tag}",))


def _with(sample: Sample, seen: Media, region: Region) -> Sample:
    return replace(sample, media=(seen,), regions=(region,) if sample.task == "grounding" else ())


SIGNS = Generator(
    name="signs",
    about="signs with a number",
    version=1,
    views=2,
    cannot=("no letters", "no <b>bold</b> claims"),
    open=_open,
)
