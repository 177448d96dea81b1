"""Regions in a family's own writing, and back.

Markup is control text, labels and transcriptions are content: a label that spells `<|im_end|>` stays a label.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Literal

from curation.contract.sample import Region, Shape
from model.family import Family, Grid, Grounding
from model.geometry import Points, Size, from_grid, to_grid

Piece = tuple[Literal["control", "content"], str]

XML = "xml"  # the form of points that a region part may ask for by this text, whatever its family's own form is
_FURTHEST = 1e6  # a coordinate beyond this is no coordinate of any image that we accept
_PAIR = re.compile(r"\(\s*(-?\d{1,7}(?:\.\d{1,9})?)\s*,\s*(-?\d{1,7}(?:\.\d{1,9})?)\s*\)")
_POINTS = re.compile(r"<points?((?:\s+[a-z]{1,8}\d{0,4}=\"[^\"<]{0,400}\")+)\s*>([^<]{0,400})</points?>")
_ATTRIBUTE = re.compile(r"([a-z]{1,8}\d{0,4})=\"([^\"<]{0,400})\"")
_DECIMAL = re.compile(r"-?\d{1,7}(?:\.\d{1,9})?")
_SHAPES: dict[int, Shape] = {2: "point", 4: "box", 8: "quad"}


def render_regions(regions: Sequence[Region], family: Family, displayed: Size, resized: Size) -> list[Piece]:
    """Write regions of one medium, which is `displayed` and seen at `resized` pixels (width, height).

    Tags (Qwen-VL, arXiv 2308.12966, section 3.2; Qwen2-VL, arXiv 2409.12191, section 2.2): the transcription or else
    the label as phrase, once for neighbours that share it, then coordinates. JSON (Qwen2.5-VL and Qwen3-VL cookbooks):
    a fenced list of `bbox_2d` or `point_2d` with `label`, or with `text_content` where the region holds a text; a quad
    becomes its upright box. A point in tags has a box's markup round a single pair: a platform default.
    """
    convention = family.grounding
    if convention.style == "json":
        entries = [_entry(region, convention.grid, displayed, resized) for region in regions]
        lines = ",\n".join("\t" + json.dumps(entry, ensure_ascii=False) for entry in entries)
        return [("content", f"```json\n[\n{lines}\n]\n```")]
    pieces: list[Piece] = []
    previous = ""
    for region in regions:
        phrase = region.text or region.label
        if phrase and phrase != previous:
            pieces += [("control", convention.ref[0]), ("content", phrase), ("control", convention.ref[1])]
        previous = phrase
        pieces.append(("control", _tagged(region, convention, displayed, resized)))
    return pieces


def render_points(regions: Sequence[Region], family: Family, displayed: Size, resized: Size) -> list[Piece]:
    """Write the points of one medium in XML, as the Qwen2.5-VL cookbooks do: `<points x1= y1= x2= y2= alt=>label`, one
    element for neighbours that share their label, each on its own line. In the family's own grid: a platform default
    for all but Qwen2.5-VL. Raises ValueError for a region that is no point.
    """
    lines = []
    for label, group in groupby(regions, key=lambda region: region.label):
        attributes = []
        for number, region in enumerate(group, start=1):
            if region.shape != "point":
                raise ValueError(f"a {region.shape} can't be written in the XML form of points")
            x, y = to_grid(region.points, family.grounding.grid, displayed, resized)
            attributes.append(f'x{number}="{x}" y{number}="{y}"')
        shown = html.escape(label)
        lines.append(f'<points {" ".join(attributes)} alt="{shown}">{shown}</points>')
    return [("content", "\n".join(lines))]


def parse_regions(text: str, family: Family, displayed: Size, resized: Size) -> tuple[Region, ...]:
    """Read the regions of a model's answer, in displayed pixels; () where there are none. Never raises.

    Whatever is complete counts, inside a code fence or not and also when the answer breaks off later; an entry with a
    wrong count of numbers, a number that is no coordinate, or corners in the wrong order does not. Tags have one
    phrase, so it is read as the text of a quad and the label of a box or point. Points in XML are read where there is
    nothing in the family's own form.
    """
    convention = family.grounding
    found = list(_from_json(text) if convention.style == "json" else _from_tags(text, convention)) or _from_xml(text)
    regions = []
    for values, label, transcription in found:
        shape = _SHAPES.get(len(values))
        if shape is None or (shape == "box" and (values[0] > values[2] or values[1] > values[3])):
            continue
        points = from_grid(values, convention.grid, displayed, resized)
        regions.append(Region(points=points, shape=shape, label=label, text=transcription))
    return tuple(regions)


def coordinates(values: object, counts: tuple[int, ...]) -> Points | None:
    """A list of plausible coordinates as read from JSON, one of `counts` long, or None."""
    if not isinstance(values, list) or len(values) not in counts:
        return None
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    plausible = len(numbers) == len(values) and all(math.isfinite(n) and abs(n) <= _FURTHEST for n in numbers)
    return tuple(float(number) for number in numbers) if plausible else None


def _entry(region: Region, grid: Grid, displayed: Size, resized: Size) -> dict[str, Any]:
    points = region.points if region.shape == "point" else region.box
    key = "point_2d" if region.shape == "point" else "bbox_2d"
    entry: dict[str, Any] = {key: list(to_grid(points, grid, displayed, resized))}
    if region.text:
        return entry | {"text_content": region.text}
    return entry | {"label": region.label}


def _tagged(region: Region, convention: Grounding, displayed: Size, resized: Size) -> str:
    values = to_grid(region.points, convention.grid, displayed, resized)
    pairs = ",".join(f"({x},{y})" for x, y in zip(values[0::2], values[1::2], strict=True))
    opening, closing = convention.quad if region.shape == "quad" else convention.box
    return f"{opening}{pairs}{closing}"


def _entries(text: str) -> Iterator[dict[str, Any]]:
    """Every complete JSON object with coordinates; a broken or foreign one is searched for inner ones."""
    decoder = json.JSONDecoder()
    start = text.find("{")
    while start >= 0:
        end = start + 1
        try:
            value, after = decoder.raw_decode(text, start)
            if _coordinates(value):
                yield value
                end = after
        except (ValueError, RecursionError):
            pass
        start = text.find("{", end)


def _from_json(text: str) -> Iterator[tuple[Points, str, str]]:
    for entry in _entries(text):
        values = _coordinates(entry)
        label, transcription = entry.get("label", ""), entry.get("text_content", "")
        if values and isinstance(label, str) and isinstance(transcription, str):
            yield values, label, transcription


def _coordinates(entry: dict[str, Any]) -> Points | None:
    return coordinates(entry.get("bbox_2d"), (4,)) or coordinates(entry.get("point_2d"), (2,))


def _from_xml(text: str) -> list[tuple[Points, str, str]]:
    """The points of every complete element, by the numbers of their attributes; x and y may also stand alone."""
    found: list[tuple[Points, str, str]] = []
    for element in _POINTS.finditer(text):
        values = dict(_ATTRIBUTE.findall(element[1]))
        numbers = sorted((name[1:] for name in values if name[0] == "x"), key=lambda n: (len(n), n))
        for number in numbers:
            pair = [values[f"x{number}"], values.get(f"y{number}", "")]
            if all(_DECIMAL.fullmatch(value) for value in pair):
                x, y = map(float, pair)
                if max(abs(x), abs(y)) <= _FURTHEST:
                    found.append(((x, y), html.unescape(element[2]), ""))
    return found


def _from_tags(text: str, convention: Grounding) -> Iterator[tuple[Points, str, str]]:
    """Walk the text between marks: a phrase holds for the coordinates that directly follow it."""
    marks = (*convention.ref, *convention.box, *convention.quad)
    pieces = re.split("(" + "|".join(re.escape(mark) for mark in marks) + ")", text)
    phrase = ""
    for before, inner, after in zip(pieces[1::2], pieces[2::2], [*pieces[3::2], ""], strict=False):
        if (before, after) == convention.ref:
            phrase = inner
        elif (before, after) in (convention.box, convention.quad):
            values = _numbers(inner)
            is_quad = before == convention.quad[0]
            if values and (len(values) == 8) == is_quad:
                yield values, "" if is_quad else phrase, phrase if is_quad else ""
        elif inner.strip(" \t\r\n,"):
            phrase = ""


def _numbers(text: str) -> Points | None:
    """`(x,y),(x,y)` as numbers, or None where anything else stands between them."""
    if _PAIR.sub("", text).strip(" \t\r\n,"):
        return None
    values = tuple(float(number) for pair in _PAIR.findall(text) for number in pair)
    return values if all(abs(value) <= _FURTHEST for value in values) else None
