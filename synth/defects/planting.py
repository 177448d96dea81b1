"""What the planted defects of all areas share: a sample with its images, and a defect that spoils it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from curation.contract.sample import Media, Part, Sample, Task, Turn, text_part
from model.image import read_header
from synth.specimen import Specimen


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """A way to spoil a clean sample. `rule` is the preset that ought to drop what comes out, "" where the image must be
    quarantined because it can't be read (which will do where there is a rule, too); `tasks` are those it can be planted
    in. `plant` gives None where this very sample has nothing to spoil (no number in the text, one box only); the same
    `rng` state gives the same result."""

    name: str
    rule: str
    tasks: tuple[Task, ...]
    plant: Callable[[Specimen, random.Random], Specimen | None]


def with_image(specimen: Specimen, index: int, data: bytes) -> Specimen:
    """The specimen with other bytes for one of its media; the stored facts follow where the header can be read."""
    old = specimen.sample.media[index]
    sha256 = hashlib.sha256(data).hexdigest()
    facts = replace(old, sha256=sha256, size=len(data))
    try:
        header = read_header(data)
        facts = replace(facts, mime=header.mime, width=header.width, height=header.height, mode=header.mode)
        facts = replace(facts, frames=header.frames, orientation=header.orientation)
    except ValueError:
        pass  # as ingest would have it, but there the row is quarantined at once
    media: tuple[Media, ...] = (*specimen.sample.media[:index], facts, *specimen.sample.media[index + 1 :])
    kept = {name: data for name, data in specimen.images.items() if any(each.sha256 == name for each in media)}
    return Specimen(replace(specimen.sample, media=media), {**kept, sha256: data})


def with_answer(specimen: Specimen, text: str) -> Specimen:
    """The specimen whose last assistant turn says `text` and nothing else."""
    return _with_last(specimen, "assistant", (text_part(text),))


def with_prompt(specimen: Specimen, text: str) -> Specimen:
    """The specimen whose last user turn says `text` after its media."""
    turns = [turn for turn in specimen.sample.messages if turn.role == "user"]
    media = tuple(part for part in turns[-1].parts if part.kind == "media") if turns else ()
    return _with_last(specimen, "user", (*media, text_part(text)))


def answer_of(sample: Sample) -> str:
    """The text of the last assistant turn."""
    return _text_of(sample, "assistant")


def prompt_of(sample: Sample) -> str:
    """The text of the last user turn."""
    return _text_of(sample, "user")


def _text_of(sample: Sample, role: str) -> str:
    turns = [turn for turn in sample.messages if turn.role == role]
    return "".join(part.text for part in turns[-1].parts if part.kind == "text") if turns else ""


def _with_last(specimen: Specimen, role: str, parts: tuple[Part, ...]) -> Specimen:
    messages = list(specimen.sample.messages)
    last = max(index for index, turn in enumerate(messages) if turn.role == role)
    messages[last] = Turn(role=messages[last].role, parts=parts)
    return Specimen(replace(specimen.sample, messages=tuple(messages)), specimen.images)
