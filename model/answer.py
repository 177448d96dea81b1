"""Putting a model's or a person's answer, which is text, in the place of a sample's last answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from curation.contract.dataset import RenderedRow, Segment
from curation.contract.sample import Part, Sample, Turn, action_part, region_part
from model.actions import parse_step
from model.chat import END, RenderError, render
from model.family import Family
from model.grounding import parse_regions


def unusable(text: str) -> str:
    """Why a text can't stand as an answer behind a prompt; "" where it can. Tokenizers join a newline at its start to
    the one that ends the prompt, so that no prompt would end there."""
    if not text.strip():
        return "empty"
    return "leading_newline" if text.startswith("\n") else ""


def answer_text(row: RenderedRow) -> str:
    """The last answer as the family writes it, without the end of the turn."""
    return "".join(segment.text for segment in row.segments[row.answer_at :]).removesuffix(END)


def with_answer(sample: Sample, text: str, family: Family, min_pixels: int, max_pixels: int) -> RenderedRow:
    """The sample's row with its own prompt and reference, and `text` as its last answer.

    A family's own markup in the text becomes regions or a step, and so is written with the family's tokens; but only
    where that gives back the very same text. All other text is content, which can forge no structure. Raises
    RenderError as `render` does.
    """
    row = render(sample, family, min_pixels, max_pixels, "train")
    plain = Segment(kind="content", text=text, weight=1.0)
    answer: tuple[Segment, ...] = (plain, Segment(kind="control", text=END, weight=1.0))
    for read in _readings(sample, text, family, row):
        try:
            written = render(read, family, min_pixels, max_pixels, "train")
        except RenderError:
            continue
        if answer_text(written) == text:
            answer = written.segments[written.answer_at :]
            break
    return replace(row, segments=(*row.segments[: row.answer_at], *(part for part in answer if part.text)))


def _readings(sample: Sample, text: str, family: Family, row: RenderedRow) -> Iterator[Sample]:
    """The sample with the text read as a step, and as regions, on its last image."""
    if not row.media or not text.strip():
        return
    last = len(row.media) - 1
    medium = row.media[last]
    displayed, resized = (medium.width, medium.height), (medium.resized_width, medium.resized_height)
    found = parse_step(text, family, displayed, resized) if family.agent else None
    if found is not None:
        points = [replace(point, media=last) for point in (found.point, found.end) if point]
        first = len(sample.regions)
        step = replace(
            found.step,
            media=last,
            region=first if found.point else -1,
            end_region=first + 1 if found.end else -1,
        )
        grown = replace(sample, regions=(*sample.regions, *points), steps=(*sample.steps, step))
        yield _replaced(grown, (action_part(len(sample.steps)),))
    regions = parse_regions(text, family, displayed, resized)
    if regions:
        first = len(sample.regions)
        grown = replace(sample, regions=(*sample.regions, *(replace(region, media=last) for region in regions)))
        yield _replaced(grown, tuple(region_part(first + index) for index in range(len(regions))))


def _replaced(sample: Sample, parts: tuple[Part, ...]) -> Sample:
    last = max(place for place, turn in enumerate(sample.messages) if turn.role == "assistant")
    turn = Turn(role="assistant", parts=parts)
    return replace(sample, messages=(*sample.messages[:last], turn, *sample.messages[last + 1 :]))
