"""Defects of boxes, points and their labels, as detectors, converters and hurried people make them.

Not here: labels swapped between the boxes of one image. What is stated still agrees with itself then, and only the
pixels know better; that is for a model to judge.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from dataclasses import replace

from curation.contract.sample import Region, Sample, Task, Turn, region_part, text_part
from synth.defects.planting import Defect, prompt_of, with_answer, with_prompt
from synth.defects.sayings import QUERIES, strangers
from synth.specimen import Specimen

Plant = Callable[[Specimen, random.Random], Specimen | None]

_OPEN = ("object", "thing", "item", "element")  # any stranger may be "the smallest object"
_COUNTED = re.compile(r"[A-Za-z]+(?:[ -][A-Za-z]+){0,2}")  # what a number may stand before
_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten"}


def _some(regions: list[int], rng: random.Random) -> list[int]:
    """One of these indices, or some, or all: faults come alone and in rows."""
    return sorted(rng.sample(regions, rng.choice([1, rng.randint(1, len(regions)), len(regions)])))


def _boxes(sample: Sample) -> list[int]:
    return [index for index, region in enumerate(sample.regions) if region.shape == "box" and _has_area(region)]


def _has_area(region: Region) -> bool:
    x1, y1, x2, y2 = region.box
    return x2 > x1 and y2 > y1


def _with_regions(specimen: Specimen, changed: dict[int, Region], added: tuple[Region, ...] = ()) -> Specimen:
    """The specimen with some regions changed and some more, which its last assistant turn points at as well."""
    sample = specimen.sample
    regions = tuple(changed.get(index, region) for index, region in enumerate(sample.regions))
    further = tuple(region_part(len(regions) + index) for index in range(len(added)))
    messages = list(sample.messages)
    if further:
        last = max(index for index, turn in enumerate(messages) if turn.role == "assistant")
        messages[last] = Turn(role="assistant", parts=(*messages[last].parts, *further))
    return replace(specimen, sample=replace(sample, regions=(*regions, *added), messages=tuple(messages)))


def _moved(region: Region, dx: float, dy: float) -> Region:
    points = tuple(value + (dy if index % 2 else dx) for index, value in enumerate(region.points))
    return replace(region, points=points)


def _on_some_boxes(change: Callable[[Sample, Region, random.Random], Region]) -> Plant:
    """A plant that changes one, some or all boxes."""

    def plant(specimen: Specimen, rng: random.Random) -> Specimen | None:
        sample = specimen.sample
        if not _boxes(sample):
            return None
        changed = {index: change(sample, sample.regions[index], rng) for index in _some(_boxes(sample), rng)}
        return _with_regions(specimen, changed)

    return plant


def _push_out(sample: Sample, region: Region, rng: random.Random) -> Region:
    """Beyond one border, by a part of the box or wholly."""
    width, height = sample.media[region.media].displayed
    x1, y1, x2, y2 = region.box
    part = rng.uniform(0.15, 1.5)
    dx = rng.choice([width - x2 + part * (x2 - x1), -x1 - part * (x2 - x1), 0.0])
    return _moved(region, dx, 0.0 if dx else height - y2 + part * (y2 - y1))


def _collapse(sample: Sample, region: Region, rng: random.Random) -> Region:
    """To a line or a point, as where two corners were read from one."""
    x1, y1, x2, y2 = region.box
    flat_x, flat_y = rng.choice([(True, False), (False, True), (True, True)])
    return replace(region, points=(x1, y1, x1 if flat_x else x2, y1 if flat_y else y2))


def _to_a_speck(sample: Sample, region: Region, rng: random.Random) -> Region:
    """To the one or two pixels of a click."""
    x, y = region.centre
    half = rng.uniform(0.5, 1.2)
    return replace(region, points=(x - half, y - half, x + half, y + half))


def _to_all(sample: Sample, region: Region, rng: random.Random) -> Region:
    """To the whole image, perhaps but for a pixel, as where an annotator had to draw something."""
    width, height = sample.media[region.media].displayed
    inset = rng.choice([0.0, 0.0, 1.0])
    inset = inset if min(width, height) > 200 else 0.0
    return replace(region, points=(inset, inset, float(width) - inset, float(height) - inset))


def _scale(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """All boxes in the frame of a larger image: nothing was scaled down with it."""
    sample, factor = specimen.sample, rng.uniform(1.5, 4.0)
    if not _boxes(sample):
        return None
    grown = {
        index: replace(region, points=tuple(value * factor for value in region.points))
        for index, region in enumerate(sample.regions)
    }
    out = any(
        region.box[2] > 1.1 * sample.media[region.media].displayed[0]
        or region.box[3] > 1.1 * sample.media[region.media].displayed[1]
        for region in grown.values()
        if _has_area(region)
    )
    return _with_regions(specimen, grown) if out else None


def _repeat(specimen: Specimen, rng: random.Random) -> Specimen | None:
    sample = specimen.sample
    if not sample.regions:
        return None
    chosen = _some(list(range(len(sample.regions))), rng)
    return _with_regions(specimen, {}, tuple(sample.regions[index] for index in chosen))


def _jitter(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """Boxes drawn a second time, up to four hundredths of a side beside the first."""
    sample = specimen.sample
    if not _boxes(sample):
        return None
    again = []
    for index in _some(_boxes(sample), rng):
        region = sample.regions[index]
        x1, y1, x2, y2 = region.box
        dx, dy = ((rng.choice([-1, 1]) * rng.uniform(0.01, 0.04) * side) for side in (x2 - x1, y2 - y1))
        width, height = sample.media[region.media].displayed
        dx, dy = (-dx if x1 + dx < 0 or x2 + dx > width else dx), (-dy if y1 + dy < 0 or y2 + dy > height else dy)
        again.append(_moved(region, dx, dy))
    return _with_regions(specimen, {}, tuple(again))


def _box_parts(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """For half of the boxes or more, a part of the object boxed under the same name."""
    boxes = _boxes(specimen.sample)
    if not boxes:
        return None
    parts = []
    for index in rng.sample(boxes, rng.randint(math.ceil(len(boxes) / 2), len(boxes))):
        region = specimen.sample.regions[index]
        x1, y1, x2, y2 = region.box
        share, fx, fy = rng.uniform(0.3, 0.6), rng.random(), rng.random()
        left, top = x1 + fx * (1 - share) * (x2 - x1), y1 + fy * (1 - share) * (y2 - y1)
        parts.append(replace(region, points=(left, top, left + share * (x2 - x1), top + share * (y2 - y1))))
    return _with_regions(specimen, {}, tuple(parts))


def _drop_labels(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """Some labels lost, not all."""
    named = [index for index, region in enumerate(specimen.sample.regions) if region.label]
    if len(named) < 2:
        return None
    lost = rng.sample(named, rng.randint(1, len(named) - 1))
    empty = {index: replace(specimen.sample.regions[index], label=rng.choice(["", " "]), text="") for index in lost}
    return _with_regions(specimen, empty)


def _holds_part(word: str, asked: str) -> bool:
    return any(len(part) > 3 and part in word for part in re.findall(r"\w+", asked))


def _rename(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """One label, everywhere, that the query did not ask for: the answer to another query, or a wrong class list.

    Only names are replaced: a description of more than three words may call a thing by its colour and place alone, so
    that nothing can be said about the label beside it.
    """
    asked = prompt_of(specimen.sample).lower()
    named = {region.label for region in specimen.sample.regions if 1 <= len(region.label.split()) <= 3}
    labels = sorted(label for label in named if not label.endswith(_OPEN))
    if not any(label.lower() in asked for label in labels):
        return None
    old = rng.choice(labels)
    # "lighthouse" may be a name for the house that is asked for.
    new = rng.choice([word for word in strangers(asked) if not _holds_part(word, asked)])
    regions = enumerate(specimen.sample.regions)
    return _with_regions(specimen, {i: replace(each, label=new) for i, each in regions if each.label == old})


def _ask_otherwise(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """Another image's query: it asks for something that no region is, in the language of the labels.

    Only where a label is a name in letters: digits may be what is written on any thing, and may well be its label. And
    only in Latin letters and Chinese, which other images of these sets are asked about in.
    """
    labels = [region.label for region in specimen.sample.regions if region.label]
    judged = [label for label in labels if not any(character.isdigit() for character in label)]
    if not judged:
        return None
    things = strangers(" ".join(judged))
    forms = QUERIES.get(things)
    return with_prompt(specimen, rng.choice(forms).format(rng.choice(things))) if forms else None


def _miscount(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """A sentence with a wrong number before the boxes; of descriptions nobody says how many, nor of what has a name of
    its own ("Mon", "Hexley, Price")."""
    shown = [region.label for region in specimen.sample.regions]
    labels = sorted({label for label in shown if _COUNTED.fullmatch(label) and not _is_name(label, shown)})
    if not labels:
        return None
    label = rng.choice(labels)
    count = sum(region.label == label for region in specimen.sample.regions)
    wrong = rng.choice([n for n in range(2, max(11, count + 4)) if n != count])
    number = _NUMBERS[wrong] if wrong in _NUMBERS and rng.random() < 0.6 else str(wrong)
    said = rng.choice(["There are {} {} in the image.", "I can see {} {} here:", "{} {} are visible.", "Found {} {}."])
    messages = list(specimen.sample.messages)
    last = max(index for index, turn in enumerate(messages) if turn.role == "assistant")
    parts = (
        text_part(said.format(number, _plural(label)) + "\n"),
        *messages[last].parts,
    )
    messages[last] = Turn(role="assistant", parts=parts)
    return replace(specimen, sample=replace(specimen.sample, messages=tuple(messages)))


def _is_name(label: str, shown: list[str]) -> bool:
    return label[:1].isupper() and shown.count(label) == 1


def _plural(label: str) -> str:
    bare = label.removeprefix("the ")
    return bare if bare.endswith("s") else bare + "s"


def _point_beside(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """A point for each box, as pointing data has them, of which one or more miss their label's boxes."""
    sample = specimen.sample
    boxes = [index for index in _boxes(sample) if sample.regions[index].label]
    astray = set(_some(boxes, rng)) if boxes else set()
    points = []
    for index in boxes:
        region = sample.regions[index]
        place = _beside(sample, region, rng) if index in astray else region.centre
        if place is None:
            return None
        points.append(Region(points=place, shape="point", media=region.media, label=region.label))
    return _with_regions(specimen, {}, tuple(points)) if boxes else None


def _beside(sample: Sample, region: Region, rng: random.Random) -> tuple[float, float] | None:
    """A place on the image in no box of this label, or None where that is not found."""
    width, height = sample.media[region.media].displayed
    alike = [each.box for each in sample.regions if each.label == region.label and each.media == region.media]
    for _ in range(60):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        if not any(x1 <= x <= x2 and y1 <= y <= y2 for x1, y1, x2, y2 in alike):
            return x, y
    return None


def _lose_answer(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """The regions are lost on the way; what stands before them may be left."""
    if not specimen.sample.regions:
        return None
    said = rng.choice(["", "", " ", "```\n```", "Here is the location:", "The bounding boxes are:", "位置如下："])
    emptied = with_answer(specimen, said)
    return replace(emptied, sample=replace(emptied.sample, regions=()))


_BOTH: tuple[Task, ...] = ("grounding", "agent")
DEFECTS = (
    Defect(name="box_outside", rule="boxes_inside", tasks=_BOTH, plant=_on_some_boxes(_push_out)),
    Defect(name="boxes_of_another_size", rule="boxes_inside", tasks=_BOTH, plant=_scale),
    Defect(name="box_without_area", rule="boxes_have_area", tasks=_BOTH, plant=_on_some_boxes(_collapse)),
    Defect(
        name="box_too_small", rule="boxes_large_enough_to_see", tasks=("grounding",), plant=_on_some_boxes(_to_a_speck)
    ),
    Defect(name="box_of_everything", rule="no_box_is_the_whole_image", tasks=_BOTH, plant=_on_some_boxes(_to_all)),
    Defect(name="region_repeated", rule="no_region_twice", tasks=("grounding",), plant=_repeat),
    Defect(name="box_drawn_twice", rule="no_object_boxed_twice", tasks=("grounding",), plant=_jitter),
    Defect(name="parts_boxed_as_wholes", rule="no_boxes_in_boxes", tasks=("grounding",), plant=_box_parts),
    Defect(name="labels_lost", rule="labels_on_all_or_none", tasks=("grounding",), plant=_drop_labels),
    Defect(name="label_not_asked_for", rule="labels_asked_for", tasks=("grounding",), plant=_rename),
    Defect(name="query_of_another_image", rule="labels_asked_for", tasks=("grounding",), plant=_ask_otherwise),
    Defect(name="wrong_count", rule="counts_agree", tasks=("grounding",), plant=_miscount),
    Defect(name="point_beside_its_box", rule="points_in_their_boxes", tasks=("grounding",), plant=_point_beside),
    Defect(name="answer_without_regions", rule="query_answered", tasks=("grounding",), plant=_lose_answer),
)
