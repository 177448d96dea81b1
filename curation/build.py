"""Task builders: a raw row and the recipe's field mapping become samples.

One small function per builder turns named fields into the turns of a sample. Nothing is mended here: a field that is
missing or of the wrong kind is a `Problem` that names it, and the row goes to quarantine whole.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jmespath
from jmespath.parser import ParsedResult
from jmespath.visitor import TreeInterpreter

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
from model.geometry import orient_points, to_displayed_pixels

# What the user asks where neither the data nor the recipe says. Platform defaults.
PROMPTS = {
    "caption": ["Describe this image.", "What does this picture show?", "Write a caption for the image."],
    "spotting": ["Spot all the text in the image, line by line, with the box of each line."],
    "extraction": ["Extract the key information of this document as a JSON object."],
    "referring": ["Locate {phrase} in the image."],
    "detection": ["Locate every object in the image and name it: {labels}."],
}

FetchImage = Callable[[Any], Media]  # a field's value to stored bytes and their header; raises Problem


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
        self.draft = _DRAFTS[source.build]

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
        values = {key: _search(expression, row) for key, expression in self.fields.items()}
        media = (fetch(_present(values, "image")),) if "image" in self.fields else ()
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


@dataclass(frozen=True)
class _Frame:
    """The source and the image of the sample being built: what turns incoming geometry into displayed pixels."""

    source: Source
    media: Media | None

    def region(self, points: Any, label: str = "", text: str = "") -> Region:
        assert self.media is not None
        boxes = self.source.boxes
        numbers = _numbers(points)
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
    caption = _text(values, "caption")
    return _ask_about_image("caption", frame.prompt(), caption, "")


def _vqa(values: dict[str, Any], frame: _Frame) -> _Draft:
    return _ask_about_image("vqa", _text(values, "question"), _text(values, "answer"), frame.source.verifier)


def _extraction(values: dict[str, Any], frame: _Frame) -> _Draft:
    value = _present(values, "answer")
    if not isinstance(value, dict):
        raise Problem("bad_field", f"`answer` should be an object, found {type(value).__name__}")
    return _ask_about_image(
        "document", frame.prompt(), json.dumps(value, ensure_ascii=False, allow_nan=False), "fields"
    )


def _ask_about_image(task: Task, question: str, answer: str, verifier: Verifier) -> _Draft:
    turns = [("user", [media_part(0), text_part(question)]), ("assistant", [text_part(answer)])]
    return _Draft(task, turns, Answer(text=answer, verifier=verifier))


def _spotting(values: dict[str, Any], frame: _Frame) -> _Draft:
    regions = [frame.region(_points(item), text=_text(item, "text")) for item in _items(values, "regions")]
    answer = Answer(text="\n".join(region.text for region in regions), verifier="spotting")
    return _pointing("ocr", frame.prompt(), regions, answer)


def _detection(values: dict[str, Any], frame: _Frame) -> _Draft:
    regions = [frame.region(_points(item), label=_text(item, "label")) for item in _items(values, "regions")]
    labels = sorted({region.label for region in regions})
    answer = Answer(text="\n".join(region.label for region in regions), verifier="boxes")
    return _pointing("grounding", frame.prompt(labels=", ".join(labels)), regions, answer)


def _referring(values: dict[str, Any], frame: _Frame) -> _Draft:
    phrase = _text(values, "phrase")
    region = frame.region(_present(values, "region"), label=phrase)
    return _pointing("grounding", frame.prompt(phrase=phrase), [region], Answer(text=phrase, verifier="box"))


def _pointing(task: Task, question: str, regions: list[Region], answer: Answer) -> _Draft:
    pointed = [region_part(index) for index in range(len(regions))]
    return _Draft(task, [("user", [media_part(0), text_part(question)]), ("assistant", pointed)], answer, regions)


def _click(values: dict[str, Any], frame: _Frame) -> _Draft:
    label = _optional_text(values, "label")
    region = frame.region(_present(values, "target"), label=label)
    thought = _optional_text(values, "thought")
    step = Step(media=0, action="left_click", thought=thought, region=0)
    turns = [
        ("user", [text_part(_text(values, "instruction")), media_part(0)]),
        ("assistant", [action_part(0)]),
    ]
    return _Draft("agent", turns, Answer(text=label, verifier="click"), [region], [step])


def _instruction(values: dict[str, Any], frame: _Frame) -> _Draft:
    instruction, output = _text(values, "instruction"), _text(values, "output")
    extra = _optional_text(values, "input")
    question = f"{instruction}\n\n{extra}" if extra.strip() else instruction
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
    "instruction": _instruction,
}


def _search(expression: ParsedResult, row: dict[str, Any]) -> Any:
    """A field's value. Projections (`lines[].text`) leave null items out without a word; here they are a problem."""
    node = expression.parsed
    if node["type"] == "projection":
        projected = TreeInterpreter().visit(node["children"][0], row)
        if isinstance(projected, list) and any(item is None for item in projected):
            raise Problem("null_item", f"`{expression.expression}` meets an item that is null")
    return expression.search(row)


def _present(values: dict[str, Any], name: str) -> Any:
    if values.get(name) is None:
        raise Problem("missing_field", f"the row has no `{name}`")
    return values[name]


def _text(values: Any, name: str) -> str:
    """Text, possibly empty: whether empty text is good enough is for the rules to say."""
    value = _present(values, name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Problem("bad_field", f"`{name}` should be text, found {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise Problem("bad_field", f"`{name}` is {value}")
    return str(value)


def _optional_text(values: Any, name: str) -> str:
    return "" if values.get(name) is None else _text(values, name)


def _items(values: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = _present(values, name)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Problem("bad_field", f"`{name}` should be a list of objects with `points` and a `text` or `label`")
    if not items:
        raise Problem("empty_field", f"`{name}` is empty")
    return items


def _points(item: dict[str, Any]) -> Any:
    return _present(item, "points")


def _numbers(points: Any) -> tuple[float, ...]:
    try:
        flat = [value for point in points for value in point] if _is_nested(points) else points
        numbers = tuple(float(value) for value in flat) if isinstance(points, list | tuple) else ()
    except (TypeError, ValueError, OverflowError):
        numbers = ()
    if len(numbers) not in (2, 4, 8) or not all(abs(number) < 1e7 for number in numbers):  # NaN fails too
        raise Problem("bad_box", f"expected 2, 4 or 8 finite numbers: {str(points)[:200]}")
    return numbers


def _is_nested(points: Any) -> bool:
    return isinstance(points, list) and bool(points) and isinstance(points[0], list | tuple)


def _check_text(sample: Sample) -> None:
    """Text that is not Unicode (lone surrogates out of a JSON escape) can't be stored or tokenised."""
    texts = [part.text for turn in sample.messages for part in turn.parts]
    texts += [region.text + region.label for region in sample.regions]
    texts += [step.thought for step in sample.steps] + [sample.answer.text]
    for text in texts:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise Problem("bad_text", f"text that is not Unicode: {error.reason} at {error.start}") from None
