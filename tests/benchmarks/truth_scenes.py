"""Whether drawn scenes are as their samples say, found out from pixels and words, by other code than drew them.

Where things are is measured: each is painted alone, and what changes is its ink. Which one a prompt means is worked out
by reading its words again and trying every thing on the measured boxes. Only what a thing is (kind, colour, pattern) is
taken from the plan, and its colour is looked for in the pixels.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from curation.contract.sample import Region, Sample
from filters.reading.opencv import opencv
from filters.verify import points_f1, read_places
from synth.generator import Make
from synth.grounding.kinds import kinds
from synth.grounding.patches import Pixels
from synth.grounding.scene import COLOURS, Scene, paint, plan_scene
from synth.specimen import Specimen

Mask = npt.NDArray[np.bool_]
Ink = dict[int, Mask]  # by the number of the thing
_SINGULAR = {kind.plural: name for name, kind in kinds().items()} | {name: name for name in kinds()}
_SINGULAR |= {"object": "", "objects": ""}
_NAME = (
    rf"\b(?:(striped|dotted|outlined) )?(?:({'|'.join(COLOURS)}) )?"
    rf"({'|'.join(sorted(_SINGULAR, key=len, reverse=True))})(?![a-z])"
)
_PHRASES = {
    "beside": re.compile(rf"{_NAME} (to the left of|to the right of|above|below|nearest to) the {_NAME}"),
    "order": re.compile(rf"(first|second|third|fourth|fifth|sixth) {_NAME} from the (left|right|top|bottom)"),
    "most": re.compile(rf"(largest|smallest|leftmost|rightmost|topmost|lowest) {_NAME}"),
    "plain": re.compile(_NAME),
}
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth")
_WHERE = {"left": (0, 1), "right": (0, -1), "top": (1, 1), "bottom": (1, -1)}
_MOST = {"leftmost": "left", "rightmost": "right", "topmost": "top", "lowest": "bottom"}


def wrong(made: Sequence[Specimen], again: Make | None, rng_key: str) -> list[str]:
    """A message for each fault of one picture's samples, made from `random.Random(rng_key)`; [] where all is right."""
    scene = plan_scene(random.Random(rng_key))
    said = []
    if again and [each.sample for each in again(random.Random(rng_key))] != [each.sample for each in made]:
        said.append("made again, the samples are others")
    found, inks = _measured(scene)
    said += found + _picture(made, scene)
    if scene.apart:
        said += _separate(scene, inks)
    for view, each in enumerate(made):
        said += [f"view {view}: {fault}" for fault in _of_sample(each.sample, scene, inks)]
    return said


def _measured(scene: Scene) -> tuple[list[str], Ink]:
    """Each thing's ink, from painting it alone without the grain, and what is wrong with its box or its colour."""
    clear = replace(scene, ground=replace(scene.ground, grain=0))
    empty, whole = paint(replace(clear, things=())), paint(clear)
    said, inks = [], {}
    for index, thing in enumerate(scene.things):
        alone = paint(replace(clear, things=(thing,)))
        inks[index] = _changed(alone, empty)
        if max(np.abs(np.subtract(_around(inks[index]), thing.box))) > 1:
            said.append(f"thing {index}, {thing.kind}: its ink is at {_around(inks[index])}, its box at {thing.box}")
        shown = alone[inks[index]].astype(int)
        if (np.abs(shown - COLOURS[thing.colour]).max(axis=1) < 50).mean() < 0.08:
            said.append(f"thing {index}, {thing.kind}, shows next to no {thing.colour}")
        if index < 6:
            said += _removed(clear, whole, index)
    return said, inks


def _changed(first: Pixels, second: Pixels) -> Mask:
    """Where two pictures differ by more than the faint rim of a slanted edge."""
    return np.asarray(opencv().absdiff(first, second).max(axis=2) > 20)


def _removed(clear: Scene, whole: Pixels, index: int) -> list[str]:
    """Whether the scene without a thing differs from the whole one within its box only, and all over it."""
    x1, y1, x2, y2 = clear.things[index].box
    change = _changed(paint(clear, without=index), whole)
    outside = change.copy()
    outside[max(0, y1 - 1) : y2 + 1, max(0, x1 - 1) : x2 + 1] = False
    said = [f"thing {index} has pixels beyond its box"] if outside.any() else []
    if max(np.abs(np.subtract(_around(change), clear.things[index].box))) > 1:
        said.append(f"thing {index} is hidden at its box's border")
    return said


def _picture(made: Sequence[Specimen], scene: Scene) -> list[str]:
    said, wanted = [], paint(scene).astype(int)
    for view, each in enumerate(made):
        (data,) = each.images.values()
        shown = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        if shown.shape != wanted.shape or np.abs(shown - wanted).mean() > 8:
            said.append(f"view {view}: the file does not show the scene")
    return said


def _separate(scene: Scene, inks: Ink) -> list[str]:
    """Things that stand apart are as many as the connected patches of ink."""
    ink = np.any(list(inks.values()), axis=0).astype(np.uint8)
    count = opencv().connectedComponents(ink)[0] - 1
    return [] if count == len(scene.things) else [f"{count} patches of ink for {len(scene.things)} things"]


def _around(mask: Mask) -> tuple[int, int, int, int]:
    x, y, width, height = opencv().boundingRect(mask.view(np.uint8))
    return x, y, x + width, y + height


def _of_sample(sample: Sample, scene: Scene, inks: Ink) -> list[str]:
    prompt = "".join(part.text for part in sample.messages[0].parts if part.kind == "text")
    answer = "".join(part.text for part in sample.messages[1].parts if part.kind == "text")
    shown = [index for region in sample.regions if (index := _thing_of(region, inks)) is not None]
    if len(shown) < len(sample.regions):
        return [f"a region of {prompt!r} is at no thing"]
    meant = resolve(prompt.split(" Output ")[0].split(" Use ")[0], scene, inks)
    numbers = [int(number) for number in re.findall(r"\d+", answer)]
    said = []
    if (sample.regions or not numbers) and sorted(shown) != meant:
        said.append(f"{prompt!r} means {meant}, and {shown} are shown")
    if numbers and numbers != [len(meant)]:
        said.append(f"{prompt!r} has {len(meant)} of them, and the answer says {numbers}")
    if not meant and not numbers and not re.search(r"\bno\b", answer):
        said.append(f"{prompt!r} has none, and the answer does not say so")
    for region, index in zip(sample.regions, shown, strict=True):
        if index not in resolve(region.label, scene, inks):
            said.append(f"the label {region.label!r} is not that of thing {index}")
    if sample.answer.verifier == "points":
        places = read_places(sample.answer.text)
        around = [_around(inks[index]) for index in shown]
        if len(places) != len(around) or np.abs(np.subtract(places, around)).max() > 1:
            said.append(f"the points of {prompt!r} should lie in {around}, not {places}")
        if points_f1([region.points for region in sample.regions], places) != 1:
            said.append(f"the verifier finds the true points of {prompt!r} wrong")
    return said


def _thing_of(region: Region, inks: Ink) -> int | None:
    """Which thing's ink a box encloses, or a point lies on; None where it is none, or more than one."""
    if region.shape == "point":
        x, y = (int(value) for value in region.points)
        found = [index for index, ink in inks.items() if ink[y : y + 1, x : x + 1].any()]
    else:
        around = {index: _around(ink) for index, ink in inks.items()}
        found = [i for i in inks if max(np.abs(np.subtract(around[i], region.points))) <= 1]
    return found[0] if len(found) == 1 else None


def resolve(text: str, scene: Scene, inks: Ink) -> list[int]:
    """The numbers of the things that the words mean, in order; all of them where the words name everything."""
    boxes = {index: _around(ink) for index, ink in inks.items()}
    text = text.lower()
    if "colour" in text:
        return sorted(boxes)
    if match := _PHRASES["beside"].search(text):
        *name, where = match.groups()[:4]
        return _beside(_named(scene, *name), where, _named(scene, *match.groups()[4:]), boxes)
    if match := _PHRASES["order"].search(text):
        place, *name, side = match.groups()
        return _ordered(_named(scene, *name), side, _PLACES.index(place), boxes)
    if match := _PHRASES["most"].search(text):
        word, *name = match.groups()
        them = _named(scene, *name)
        return _ordered(them, _MOST[word], 0, boxes) if word in _MOST else _by_size(them, word, boxes)
    found = {index for match in _PHRASES["plain"].finditer(text) for index in _named(scene, *match.groups())}
    return sorted(found)


def _named(scene: Scene, pattern: str | None, colour: str | None, kind: str | None) -> list[int]:
    wanted = (pattern or "", colour or "", _SINGULAR[kind or ""] if kind else "")
    things = [(thing.pattern, thing.colour, thing.kind) for thing in scene.things]
    return [i for i, has in enumerate(things) if all(want in ("", own) for want, own in zip(wanted, has, strict=True))]


def _ordered(them: list[int], side: str, place: int, boxes: dict[int, tuple[int, int, int, int]]) -> list[int]:
    axis, direction = _WHERE[side]
    order = sorted((direction * (boxes[index][axis] + boxes[index][axis + 2]), index) for index in them)
    near = [other for middle, other in order if abs(middle - order[place][0]) < 12]
    return [order[place][1]] if len(near) == 1 else sorted(near)


def _by_size(them: list[int], word: str, boxes: dict[int, tuple[int, int, int, int]]) -> list[int]:
    areas = {i: (boxes[i][2] - boxes[i][0]) * (boxes[i][3] - boxes[i][1]) for i in them}
    if word == "largest":
        return [index for index in them if areas[index] * 1.15 >= max(areas.values())]
    return [index for index in them if areas[index] <= min(areas.values()) * 1.15]


def _beside(them: list[int], where: str, anchors: list[int], boxes: dict[int, tuple[int, int, int, int]]) -> list[int]:
    """Those on that side of the one anchor by the middles of their boxes; nobody, where the anchor is not one."""
    if len(anchors) != 1:
        return []
    x, y = _middle(boxes[anchors[0]])
    middles = {index: _middle(boxes[index]) for index in them if index != anchors[0]}
    if where == "nearest to":
        away = {index: ((u - x) ** 2 + (v - y) ** 2) ** 0.5 for index, (u, v) in middles.items()}
        return [index for index, distance in away.items() if distance <= 1.15 * min(away.values())]
    side = {
        "to the left of": lambda u, v: u < x,
        "to the right of": lambda u, v: u > x,
        "above": lambda u, v: v < y,
        "below": lambda u, v: v > y,
    }[where]
    return [index for index, (u, v) in middles.items() if side(u, v)]


def _middle(box: tuple[int, int, int, int]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
