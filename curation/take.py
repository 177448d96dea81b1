"""Rows that are samples already: taken whole, once everything in them is checked. A fault names its field."""

from __future__ import annotations

import json
from collections.abc import Callable, Set
from typing import Any

from pydantic import TypeAdapter, ValidationError

from curation import fields
from curation.contract.sample import Media, Region, Sample, Step, Task, Verifier
from curation.readers import Problem
from filters.table_metrics import read_table
from filters.verify import read_places
from model.actions import validate_step

FetchImage = Callable[[Any], Media]  # a field's value to stored bytes and their header; raises Problem

_SAMPLE = TypeAdapter(Sample)
_PLACES = {"point": 2, "box": 4, "quad": 8}  # numbers of a region's points


def take_sample(told: Any, tasks: Set[Task], row: dict[str, Any], fetch: FetchImage) -> Sample:
    """The sample that `told` is, a dict in the names of `SAMPLE`; what is left out or null has its default. Media are
    found by their `uri`: the name of a member of `row`, else a file.

    Raises:
        Problem: it is no sample, is of none of the `tasks`, or names media with other bytes.
        ValueError: an answer or a step that can't be, and why.
    """
    if not isinstance(told, dict):
        raise Problem("bad_field", f"a sample should be an object, found {type(told).__name__}")
    given = {"row_id": "", "source": "", **{name: value for name, value in told.items() if value is not None}}
    media = [_medium(index, medium, row, fetch) for index, medium in enumerate(given.get("media", []))]
    try:
        sample = _SAMPLE.validate_python({**given, "media": media})
    except ValidationError as error:
        first = error.errors()[0]
        raise Problem("bad_field", f"`{'.'.join(map(str, first['loc']))}`: {first['msg']}") from None
    if sample.task not in tasks:
        raise Problem("bad_task", f"`task` is {sample.task}, and the source's `tasks` are {', '.join(sorted(tasks))}")
    _check_indices(sample)
    for index, region in enumerate(sample.regions):
        _check_region(index, region)
    for index, step in enumerate(sample.steps):
        _check_step(index, step)
    check_answer(sample.answer.text, sample.answer.verifier)
    return sample


def check_answer(answer: str, verifier: Verifier) -> None:
    """An answer that its verifier could compare with nothing is no answer. Raises ValueError, saying why."""
    if verifier == "table":
        read_table(answer)
    if verifier == "points":
        read_places(answer)
    if verifier == "fields" and not isinstance(json.loads(answer), dict):
        raise ValueError(f"`answer` should be a JSON object: {answer[:80]!r}")


def _medium(index: int, told: Any, row: dict[str, Any], fetch: FetchImage) -> Media:
    """What the bytes themselves say. A hash that the row states is that of the very bytes."""
    name = f"media.{index}"
    if not isinstance(told, dict) or not isinstance(told.get("uri"), str) or not told["uri"]:
        raise Problem("bad_field", f"`{name}.uri`: should say where the image is")
    inside = row.get(told["uri"])
    medium = fetch({"path": told["uri"], "bytes": inside} if isinstance(inside, bytes) else told["uri"])
    stated = told.get("sha256")
    if stated and stated != medium.sha256:
        raise Problem("other_bytes", f"`{name}`: {told['uri']} is {medium.sha256}, and the row says {stated}")
    return medium


def _check_indices(sample: Sample) -> None:
    """Whatever is pointed at is there. A step may have no place, which is -1."""
    sizes = {"media": len(sample.media), "region": len(sample.regions), "action": len(sample.steps)}
    for at, turn in enumerate(sample.messages):
        for number, part in enumerate(turn.parts):
            if part.kind != "text":
                _check_index(f"messages.{at}.parts.{number}.index", part.index, sizes[part.kind])
    for at, region in enumerate(sample.regions):
        _check_index(f"regions.{at}.media", region.media, sizes["media"])
    for at, step in enumerate(sample.steps):
        _check_index(f"steps.{at}.media", step.media, sizes["media"])
        for name, place in (("region", step.region), ("end_region", step.end_region)):
            if place != -1:
                _check_index(f"steps.{at}.{name}", place, sizes["region"])


def _check_index(name: str, index: int, size: int) -> None:
    if not 0 <= index < size:
        raise Problem("bad_index", f"`{name}` is {index}, of {size}")


def _check_region(index: int, region: Region) -> None:
    name = f"regions.{index}.points"
    try:
        numbers = fields.numbers(region.points)
    except Problem as problem:
        raise Problem(problem.kind, f"`{name}`: {problem}") from None
    if len(numbers) != _PLACES[region.shape]:
        raise Problem("bad_box", f"`{name}`: a {region.shape} has {_PLACES[region.shape]} numbers, not {len(numbers)}")
    if region.shape == "box" and (numbers[2] < numbers[0] or numbers[3] < numbers[1]):
        raise Problem("bad_box", f"`{name}`: reversed corners: {list(numbers)}")


def _check_step(index: int, step: Step) -> None:
    try:
        validate_step(step)
    except ValueError as error:
        raise Problem("bad_step", f"`steps.{index}`: {error}") from None
