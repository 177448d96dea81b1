"""Task builders: a raw row and the recipe's field mapping become samples.

One small function per builder turns named fields into the turns of a sample. Nothing is mended here: a field that is
missing or of the wrong kind is a `Problem` that names it, and the row goes to quarantine whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import jmespath

from curation import fields
from curation.contract.recipe import Source
from curation.contract.sample import (
    Answer,
    Media,
    Part,
    Region,
    Sample,
    Shape,
    Step,
    Task,
    Turn,
    Verifier,
    action_part,
    media_part,
    region_part,
    text_part,
)
from curation.readers import Problem
from curation.take import FetchImage, check_answer, take_sample
from filters.action_match import step_text
from model.actions import validate_step
from model.geometry import orient_points, to_displayed_pixels

# What the user asks where neither the data nor the recipe says. Platform defaults.
PROMPTS = {
    "caption": ["Describe this image.", "What does this picture show?", "Write a caption for the image."],
    "spotting": ["Spot all the text in the image, line by line, with the box of each line."],
    "extraction": ["Extract the key information of this document as a JSON object."],
    "referring": ["Locate {phrase} in the image."],
    "detection": ["Locate every object in the image and name it: {labels}."],
}


@dataclass
class _Draft:
    """What a builder fills in; the rest of the sample is the same for all of them."""

    task: Task
    turns: list[tuple[str, list[Part]]]
    answer: Answer
    regions: list[Region] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


class Builder:
    """Builds the samples of one source; its expressions are compiled once."""

    def __init__(self, name: str, source: Source) -> None:
        self.name = name
        self.source = source
        self.fields = {key: jmespath.compile(expression) for key, expression in source.fields.items()}
        self.each = jmespath.compile(source.each) if source.each else None
        self.draft = _DRAFTS.get(source.build)

    def build(self, row_id: str, row: dict[str, Any], fetch: FetchImage) -> list[Sample]:
        """The samples of a row: one, or one per item of `each`.

        Raises:
            Problem: the row can't become samples, and why.
        """
        try:
            return self._build(row_id, row, fetch)
        except (jmespath.exceptions.JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            if isinstance(error, Problem):
                raise
            raise Problem("bad_field", f"{type(error).__name__}: {error}") from None

    def _build(self, row_id: str, row: dict[str, Any], fetch: FetchImage) -> list[Sample]:
        if self.each is None:
            return [self._sample(row_id, (), row, fetch)]
        items = self.each.search(row)
        if not isinstance(items, list) or not items:
            raise Problem("nothing_to_make", f"`each: {self.source.each}` finds no items in this row")
        return [
            self._sample(
                row_id if index == 0 else f"{row_id}[{index}]",
                () if index == 0 else (row_id,),
                {"row": row, "item": item},
                fetch,
            )
            for index, item in enumerate(items)
        ]

    def _sample(self, row_id: str, parents: tuple[str, ...], row: dict[str, Any], fetch: FetchImage) -> Sample:
        values = {key: fields.search(expression, row) for key, expression in self.fields.items()}
        if self.draft is None:
            return self._taken(row_id, parents, values.get("row", row), row, fetch)
        media = (fetch(fields.present(values, "image")),) if "image" in self.fields else ()
        draft = self.draft(values, _Frame(self.source, media[0] if media else None))
        sample = Sample(
            row_id=row_id,
            source=self.name,
            licence=self.source.licence,
            task=draft.task,
            messages=tuple(Turn(role=role, parts=tuple(parts)) for role, parts in draft.turns),  # type: ignore[arg-type]
            media=media,
            regions=tuple(draft.regions),
            steps=tuple(draft.steps),
            answer=draft.answer,
            tags=(f"build:{self.source.build}",),
            parents=parents,
        )
        _check_text(sample)
        return sample

    def _taken(
        self, row_id: str, parents: tuple[str, ...], told: Any, row: dict[str, Any], fetch: FetchImage
    ) -> Sample:
        """A row that is a sample already, under this run's names; its own id is among its parents."""
        taken = take_sample(told, self.source.makes, row, fetch)
        own = (taken.row_id,) if taken.row_id else ()
        sample = replace(
            taken,
            row_id=row_id,
            source=self.name,
            licence=self.source.licence or taken.licence,
            parents=(*parents, *own, *taken.parents),
        )
        _check_text(sample)
        return sample


@dataclass(frozen=True)
class _Frame:
    """The source and the image of the sample being built: what turns incoming geometry into displayed pixels."""

    source: Source
    media: Media | None

    def region(self, points: Any, label: str = "", text: str = "") -> Region:
        assert self.media is not None
        boxes = self.source.boxes
        numbers = fields.numbers(points)
        shape: Shape = {2: "point", 4: "box", 8: "quad"}[len(numbers)]  # type: ignore[assignment]
        stored = (self.media.width, self.media.height)
        size = stored if boxes.frame == "stored" else self.media.displayed
        pixels = to_displayed_pixels(numbers, boxes.format if shape == "box" else "points", boxes.units, size)
        if shape == "box" and (pixels[2] < pixels[0] or pixels[3] < pixels[1]):
            raise Problem("bad_box", f"reversed corners: {list(numbers)}; is `boxes.format` right?")
        if boxes.frame == "stored":
            pixels = orient_points(pixels, *stored, self.media.orientation)
        return Region(points=pixels, shape=shape, label=label, text=text)

    def prompt(self, **slots: str) -> str:
        """One of the source's prompts, drawn by the image so that equal images are asked the same."""
        prompts = self.source.prompts or PROMPTS[self.source.build]
        key = self.media.sha256 if self.media else ""
        drawn = prompts[int(hashlib.sha256(key.encode()).hexdigest(), 16) % len(prompts)]
        for name, value in slots.items():
            drawn = drawn.replace("{" + name + "}", value)
        return drawn


def _caption(values: dict[str, Any], frame: _Frame) -> _Draft:
    caption = fields.text(values, "caption")
    return _ask_about_image("caption", frame.prompt(), caption, "")


def _vqa(values: dict[str, Any], frame: _Frame) -> _Draft:
    return _ask_about_image(
        "vqa", fields.text(values, "question"), fields.text(values, "answer"), frame.source.verifier
    )


def _extraction(values: dict[str, Any], frame: _Frame) -> _Draft:
    value = fields.present(values, "answer")
    if not isinstance(value, dict):
        raise Problem("bad_field", f"`answer` should be an object, found {type(value).__name__}")
    return _ask_about_image(
        "document", frame.prompt(), json.dumps(value, ensure_ascii=False, allow_nan=False), "fields"
    )


def _ask_about_image(task: Task, question: str, answer: str, verifier: Verifier) -> _Draft:
    check_answer(answer, verifier)
    turns = [("user", [media_part(0), text_part(question)]), ("assistant", [text_part(answer)])]
    return _Draft(task, turns, Answer(text=answer, verifier=verifier))


def _spotting(values: dict[str, Any], frame: _Frame) -> _Draft:
    regions = [
        frame.region(fields.present(item, "points"), text=fields.text(item, "text"))
        for item in fields.items(values, "regions")
    ]
    answer = Answer(text="\n".join(region.text for region in regions), verifier="spotting")
    return _pointing("ocr", frame.prompt(), regions, answer)


def _detection(values: dict[str, Any], frame: _Frame) -> _Draft:
    regions = [
        frame.region(fields.present(item, "points"), label=fields.text(item, "label"))
        for item in fields.items(values, "regions")
    ]
    labels = sorted({region.label for region in regions})
    answer = Answer(text="\n".join(region.label for region in regions), verifier="boxes")
    return _pointing("grounding", frame.prompt(labels=", ".join(labels)), regions, answer)


def _referring(values: dict[str, Any], frame: _Frame) -> _Draft:
    phrase = fields.text(values, "phrase")
    region = frame.region(fields.present(values, "region"), label=phrase)
    return _pointing("grounding", frame.prompt(phrase=phrase), [region], Answer(text=phrase, verifier="box"))


def _pointing(task: Task, question: str, regions: list[Region], answer: Answer) -> _Draft:
    pointed = [region_part(index) for index in range(len(regions))]
    return _Draft(task, [("user", [media_part(0), text_part(question)]), ("assistant", pointed)], answer, regions)


def _click(values: dict[str, Any], frame: _Frame) -> _Draft:
    label = fields.optional_text(values, "label")
    region = frame.region(fields.present(values, "target"), label=label)
    step = Step(media=0, action="left_click", thought=fields.optional_text(values, "thought"), region=0)
    return _acting(values, step, [region], Answer(text=label, verifier="click"))


def _action(values: dict[str, Any], frame: _Frame) -> _Draft:
    """Any step; where it points, at `target` and for a swipe to `end`, is no part of its `arguments`."""
    label = fields.optional_text(values, "label")
    given = [name for name in ("target", "end") if values.get(name) is not None]
    step = Step(
        media=0,
        action=fields.text(values, "action"),
        tool=fields.optional_text(values, "tool") or "computer_use",  # type: ignore[arg-type]
        arguments=json.dumps(values.get("arguments") or {}, ensure_ascii=False, allow_nan=False),
        thought=fields.optional_text(values, "thought"),
        region=0 if "target" in given else -1,
        end_region=len(given) - 1 if "end" in given else -1,
    )
    validate_step(step)
    regions = [frame.region(values[name], label=label) for name in given]
    return _acting(values, step, regions, Answer(text=step_text(step), verifier="action"))


def _acting(values: dict[str, Any], step: Step, regions: list[Region], answer: Answer) -> _Draft:
    turns = [("user", [text_part(fields.text(values, "instruction")), media_part(0)]), ("assistant", [action_part(0)])]
    return _Draft("agent", turns, answer, regions, [step])


def _instruction(values: dict[str, Any], frame: _Frame) -> _Draft:
    instruction, output = fields.text(values, "instruction"), fields.text(values, "output")
    extra = fields.optional_text(values, "input")
    question = f"{instruction}\n\n{extra}" if extra.strip() else instruction
    check_answer(output, frame.source.verifier)
    turns = [("user", [text_part(question)]), ("assistant", [text_part(output)])]
    return _Draft("text", turns, Answer(text=output, verifier=frame.source.verifier))


_DRAFTS: dict[str, Callable[[dict[str, Any], _Frame], _Draft]] = {
    "caption": _caption,
    "vqa": _vqa,
    "spotting": _spotting,
    "extraction": _extraction,
    "referring": _referring,
    "detection": _detection,
    "click": _click,
    "action": _action,
    "instruction": _instruction,
}


def _check_text(sample: Sample) -> None:
    """Text that is not Unicode (lone surrogates out of a JSON escape) can't be stored or tokenised."""
    texts = [part.text for turn in sample.messages for part in turn.parts]
    texts += [region.text + region.label for region in sample.regions]
    texts += [step.thought for step in sample.steps] + [sample.answer.text, *sample.tags]
    if sample.preference:
        texts += [sample.preference.chosen, sample.preference.rejected]
    for text in texts:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise Problem("bad_text", f"text that is not Unicode: {error.reason} at {error.start}") from None
