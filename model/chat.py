"""A sample as the conversation that one family reads: segments with their loss weights.

The loss falls on what an assistant says, from behind `<|im_start|>assistant` and its newline through `<|im_end|>` and
the newline that follows. The official fine-tuning code of Qwen2.5-VL and the generation marks of TRL's training
templates agree on this span, final newline included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Literal, TypeVar

from curation.contract.dataset import Reference, RenderedMedia, RenderedRow, Segment
from curation.contract.sample import Part, Region, Sample, Turn
from model.actions import parse_step, render_step, tools_text
from model.family import Family
from model.geometry import Size, seen_size
from model.grounding import XML, Piece, render_points, render_regions

RenderReason = Literal[
    "video",  # a video that is not given as frames, which are images
    "missing_index",  # a part names a medium, region or step that is not there, or a medium stands in no part
    "size",  # an image that cannot be brought to the family's sizes
    "region",  # coordinates that are none
    "turns",  # roles out of place, an empty answer, nothing to learn from
    "agent",  # a step that the family cannot write, or that is invalid
    "forged_call",  # content beside a step reads as another call than the step's
    "text",  # a lone surrogate
    "markup",  # a tokenizer without the family's markup, or one that makes markup of content
]
END = "<|im_end|>\n"  # of a turn, in every family
_T = TypeVar("_T")


class RenderError(ValueError):
    """A sample that a family cannot be shown, or a row that a tokenizer cannot encode. `reason`, one of
    `RenderReason`, is for counting; the message says it too, and what is wrong."""

    def __init__(self, reason: RenderReason, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.reason}: {self.args[1]}"


def render(sample: Sample, family: Family, min_pixels: int, max_pixels: int, split: str) -> RenderedRow:
    """Write a sample as its family's chat template does, images between `min_pixels` and `max_pixels` of area.

    A family's default system message stands where the sample brings none; a sample with steps gets the tools section
    in it. The reference holds the sample's answer and the regions that its last assistant turn points at, as that is
    the turn that an evaluation generates. Raises RenderError, naming what is wrong.
    """
    _check_turns(sample)
    media = tuple(_rendered_media(sample, index, family, min_pixels, max_pixels) for index in range(len(sample.media)))
    writer = _Writer(sample, family, media)
    segments = writer.system()
    turns = sample.messages[1:] if sample.messages[0].role == "system" else sample.messages
    for turn in turns:
        segments += writer.turn(turn)
    if unused := set(range(len(media))) - {segment.media for segment in segments}:
        raise RenderError("missing_index", f"medium {min(unused)} stands in no turn")
    pointed = tuple(_pointed_at(sample, [turn for turn in turns if turn.role == "assistant"][-1]))
    names = [name for region in pointed for name in (region.label, region.text)]
    for text in (sample.answer.text, *names, *(segment.text for segment in segments)):
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise RenderError("text", "a lone surrogate is in the text: mend its decoding at the source")
    return RenderedRow(
        row_id=sample.row_id,
        sample_id=sample.sample_id,
        source=sample.source,
        task=sample.task,
        split=split,
        segments=tuple(segment for segment in segments if segment.text),
        media=media,
        reference=Reference(text=sample.answer.text, verifier=sample.answer.verifier, regions=pointed),
    )


def _check_turns(sample: Sample) -> None:
    if any(medium.kind != "image" for medium in sample.media) or (sample.task == "video" and not sample.media):
        raise RenderError("video", "only the frames of a video are rendered, as images; it has none")
    roles = [turn.role for turn in sample.messages]
    if "assistant" not in roles:
        raise RenderError("turns", "no assistant turn, so nothing to learn from")
    if "system" in roles[1:]:
        raise RenderError("turns", f"turn {roles.index('system', 1)} is a system turn; only the first may be one")
    for number, turn in enumerate(sample.messages):
        written = any(part.kind != "text" or part.text.strip() for part in turn.parts)
        if turn.role == "assistant" and not written:
            raise RenderError("turns", f"turn {number}, an assistant's, is empty")
        if turn.role != "user" and any(part.kind == "media" for part in turn.parts):
            raise RenderError("turns", f"turn {number} is the {turn.role}'s and shows an image; only a user's may")


def _rendered_media(sample: Sample, index: int, family: Family, min_pixels: int, max_pixels: int) -> RenderedMedia:
    medium = sample.media[index]
    width, height = medium.displayed
    try:
        (resized_width, resized_height), tokens = seen_size((width, height), family, min_pixels, max_pixels)
    except ValueError as error:
        raise RenderError("size", f"medium {index}: {error}") from error
    return RenderedMedia(
        sha256=medium.sha256,
        mime=medium.mime,
        orientation=medium.orientation,
        width=width,
        height=height,
        resized_width=resized_width,
        resized_height=resized_height,
        vision_tokens=tokens,
    )


def _pointed_at(sample: Sample, turn: Turn) -> list[Region]:
    """The regions that a turn's parts name, a step's through its target."""
    found = []
    for part in turn.parts:
        if part.kind == "region":
            found.append(sample.regions[part.index])
        elif part.kind == "action":
            step = sample.steps[part.index]
            found += [sample.regions[index] for index in (step.region, step.end_region) if index >= 0]
    return found


class _Writer:
    """Writes one sample's turns; it counts the images, which some families number."""

    def __init__(self, sample: Sample, family: Family, media: tuple[RenderedMedia, ...]) -> None:
        self.sample = sample
        self.family = family
        self.media = media
        self.images = 0

    def system(self) -> list[Segment]:
        first = self.sample.messages[0]
        default = self.family.default_system
        body = [_control(default)] if default else []
        if first.role == "system":
            body = self.body(first, 0.0)
        if tools := self.tools():
            body += [_control("\n\n")] if body else []
            body.append(_control(tools))
        if not body and first.role != "system":
            return []
        return [_control("<|im_start|>system\n"), *body, _control(END)]

    def tools(self) -> str:
        parts = [part for turn in self.sample.messages for part in turn.parts if part.kind == "action"]
        steps = [_item(self.sample.steps, part.index, "step") for part in parts]
        if not steps:
            return ""
        screens = {self.sizes(step.media)[1] for step in steps}
        offered = {step.tool for step in steps}
        if self.family.agent and self.family.agent.grid.scale is None and len(screens) > 1:
            raise RenderError("agent", f"screens of {len(screens)} sizes in one row: make a row of each step")
        if len(offered) > 1:
            raise RenderError("agent", f"steps of {' and '.join(sorted(offered))} in one row: a row has one tool")
        try:
            return tools_text(self.family, offered.pop(), screens.pop())
        except ValueError as error:
            raise RenderError("agent", str(error)) from error

    def turn(self, turn: Turn) -> list[Segment]:
        weight = 1.0 if turn.role == "assistant" else 0.0
        body = self.body(turn, weight)
        return [_control(f"<|im_start|>{turn.role}\n"), *body, _control(END, weight)]

    def body(self, turn: Turn, weight: float) -> list[Segment]:
        groups = groupby(enumerate(turn.parts), key=lambda numbered: self.group(*numbered))
        segments: list[Segment] = []
        unread = 0  # where what follows the last call begins
        for _, group in groups:
            parts = [part for _, part in group]
            segments += self.parts(parts, weight)
            if parts[0].kind == "action":
                self.check_call(parts[0].index, "".join(segment.text for segment in segments[unread:]))
                unread = len(segments)
        return segments

    def group(self, number: int, part: Part) -> tuple[str, int]:
        """Neighbouring regions of one medium and form are written together, everything else by itself."""
        if part.kind == "region":
            return f"regions {part.text}", _item(self.sample.regions, part.index, "region").media
        return "part", number

    def parts(self, parts: Sequence[Part], weight: float) -> list[Segment]:
        part = parts[0]
        if part.kind == "text":
            return [Segment(kind="content", text=part.text, weight=weight)]
        if part.kind == "media":
            return self.image(part.index)
        pieces = self.region_pieces(parts) if part.kind == "region" else self.step_pieces(part)
        return [Segment(kind=kind, text=text, weight=weight) for kind, text in pieces]

    def image(self, index: int) -> list[Segment]:
        medium = _item(self.media, index, "medium")
        self.images += 1
        before, pad, after = self.family.image
        shown = Segment(kind="media", text=pad or medium.sha256, media=index)
        return [_control(before.replace("{n}", str(self.images))), shown, _control(after)]

    def region_pieces(self, parts: Sequence[Part]) -> list[Piece]:
        regions = [self.sample.regions[part.index] for part in parts]
        sizes = self.sizes(regions[0].media)
        write = render_points if parts[0].text == XML else render_regions
        try:
            return write(regions, self.family, *sizes)
        except (ValueError, OverflowError) as error:  # points that are no pairs of finite numbers
            raise RenderError("region", f"a region of medium {regions[0].media}: {error}") from error

    def step_pieces(self, part: Part) -> list[Piece]:
        step = self.sample.steps[part.index]
        for index in (step.region, step.end_region):
            if index >= 0 and _item(self.sample.regions, index, "region").media != step.media:
                raise RenderError("agent", f"step {part.index} sees medium {step.media}, its region lies on another")
        sizes = self.sizes(step.media)
        try:
            return render_step(step, self.sample.regions, self.family, *sizes)
        except (ValueError, OverflowError) as error:
            raise RenderError("agent", f"step {part.index}: {error}") from error

    def check_call(self, index: int, text: str) -> None:
        """A thought, or whatever stands before a step, may spell a call; whoever reads the answer would take that."""
        step = self.sample.steps[index]
        sizes = self.sizes(step.media)
        bare = render_step(replace(step, thought=""), self.sample.regions, self.family, *sizes)
        wanted = parse_step("".join(piece for _, piece in bare), self.family, *sizes)
        found = parse_step(text, self.family, *sizes)
        if wanted is None or found is None or replace(found, step=replace(found.step, thought="")) != wanted:
            raise RenderError("forged_call", f"what stands before step {index}'s call is read as a call: {text[:80]!r}")

    def sizes(self, index: int) -> tuple[Size, Size]:
        medium = _item(self.media, index, "medium")
        return (medium.width, medium.height), (medium.resized_width, medium.resized_height)


def _control(text: str, weight: float = 0.0) -> Segment:
    return Segment(kind="control", text=text, weight=weight)


def _item(items: Sequence[_T], index: int, name: str) -> _T:
    if not 0 <= index < len(items):
        raise RenderError("missing_index", f"a part names {name} {index}, and the sample has {len(items)}")
    return items[index]
