"""Defects of lines of text and of key fields; those of tables and pages in HTML are in `markup`.

Each spoils as annotation files and parsers do: a whole file in another frame or order, a table that a recogniser lost
hold of, an answer that was cut off. A single slip among fifty lines is noise that the rules let pass.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate

from PIL import Image

from curation.contract.sample import Region, Task
from synth.defects import markup
from synth.defects.lines import FEWEST_LINES, Corners, corners, line_places, opened, with_regions, without
from synth.defects.planting import Defect, answer_of, with_answer, with_image
from synth.documents.kinds import another_page
from synth.drawing import encode
from synth.raw.receipts import draw_receipt
from synth.specimen import Specimen

_TASKS: tuple[Task, ...] = ("ocr", "document")


def _each_line(specimen: Specimen, rng: random.Random, of: Callable[[Region], Region], least: float) -> Specimen | None:
    """`of` some lines, at least a share of `least` and two; often all, as a wrong setting spoils a file whole."""
    texts = line_places(specimen)
    share = rng.choice((1.0, rng.uniform(least, 1.0)))
    chosen = rng.sample(texts, max(2, round(share * len(texts)))) if texts else []
    changed = {index: of(specimen.sample.regions[index]) for index in chosen}
    return with_regions(specimen, changed) if changed else None


def _displaced(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """All lines moved to one side, until some leave the picture: a margin was cut off the picture and not the quads."""
    texts = line_places(specimen)
    if not texts:
        return None
    regions = specimen.sample.regions
    width, height = specimen.sample.media[regions[texts[0]].media].displayed
    edge = {
        "left": (-min(regions[i].box[0] for i in texts), 0.0, -1.0, 0.0),
        "right": (width - max(regions[i].box[2] for i in texts), 0.0, 1.0, 0.0),
        "up": (0.0, -min(regions[i].box[1] for i in texts), 0.0, -1.0),
        "down": (0.0, height - max(regions[i].box[3] for i in texts), 0.0, 1.0),
    }[rng.choice(("left", "right", "up", "down"))]
    beyond = rng.uniform(0.05, 0.3)
    dx, dy = edge[0] + edge[2] * beyond * width, edge[1] + edge[3] * beyond * height
    return with_regions(specimen, {i: _moved(regions[i], 1.0, dx, dy) for i in texts})


def _of_larger_picture(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """Coordinates of the picture before it was made smaller."""
    texts, scale = line_places(specimen), rng.uniform(1.3, 4.0)
    if not texts:
        return None
    return with_regions(specimen, {i: _moved(specimen.sample.regions[i], scale, 0.0, 0.0) for i in texts})


def _moved(region: Region, scale: float, dx: float, dy: float) -> Region:
    points = tuple(value * scale + (dx, dy)[place % 2] for place, value in enumerate(region.points))
    return replace(region, points=points)


def _reordered(region: Region, order: tuple[int, ...]) -> Region:
    held = corners(region)
    points = tuple(value for corner in order for value in held[2 * corner : 2 * corner + 2])
    return replace(region, shape="quad", points=points)


def _crossed(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """Corners row by row, as some tools write them: upper left, upper right, lower left, lower right."""
    return _each_line(specimen, rng, lambda region: _reordered(region, (0, 1, 3, 2)), 0.15)


def _anticlockwise(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """Corners down the left side first."""
    return _each_line(specimen, rng, lambda region: _reordered(region, (0, 3, 2, 1)), 0.5)


def _from_another_corner(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """Clockwise, but from the upper right or lower left corner, as tools that sort corners do."""
    order = rng.choice(((1, 2, 3, 0), (3, 0, 1, 2)))
    return _each_line(specimen, rng, lambda region: _reordered(region, order), 1.0)


def _flattened(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """Lines that have shrunk to a stroke or a dot."""

    def flat(region: Region) -> Region:
        x1, y1, x2, _ = region.box
        x2 = rng.choice((x1, x2))
        return replace(region, shape="quad", points=(x1, y1, x2, y1, x2, y1, x1, y1))

    return _each_line(specimen, rng, flat, 0.1)


def _emptied(specimen: Specimen, rng: random.Random) -> Specimen | None:
    said = rng.choice(("", " ", "###"))
    return _each_line(specimen, rng, lambda region: replace(region, text=said), 0.2)


def _repeated(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """Some lines once more, as where two files of annotations were joined."""
    texts = line_places(specimen)
    if not texts:
        return None
    again = [specimen.sample.regions[i] for i in rng.sample(texts, rng.randint(1, len(texts)))]
    return _with_more_lines(specimen, again)


def _annotated_twice(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """A second pass over the page by another hand: a part of the lines once more, by a pixel or two elsewhere."""
    texts = line_places(specimen)
    share = rng.uniform(0.3, 1.0)

    def other(region: Region) -> Region:
        x1, y1, x2, y2 = region.box
        most = 0.08 * min(x2 - x1, y2 - y1)
        points = tuple(value + rng.uniform(-most, most) for value in corners(region))
        return replace(region, shape="quad", points=points)

    again = [other(specimen.sample.regions[i]) for i in texts if rng.random() < share]
    return _with_more_lines(specimen, again) if len(again) > 0.2 * len(texts) else None


def _words_beside_lines(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """The words of lines as lines of their own, behind the lines: two levels of one file mixed."""
    texts = line_places(specimen)
    words = []
    for region in (specimen.sample.regions[i] for i in texts):
        parts = region.text.split()
        if len(parts) > 1 and rng.random() < 0.9:
            words += [_part_of(region, parts, place) for place in range(len(parts))]
    return _with_more_lines(specimen, words) if len(words) > 0.4 * len(texts) else None


def _part_of(region: Region, words: list[str], place: int) -> Region:
    """The quad of one word, by its share of the line's characters."""
    whole = len(" ".join(words))
    start = len(" ".join([*words[:place], ""])) / whole
    end = start + len(words[place]) / whole
    ax, ay, bx, by, cx, cy, dx, dy = corners(region)

    def at(part: float) -> Corners:
        return ax + part * (bx - ax), ay + part * (by - ay), dx + part * (cx - dx), dy + part * (cy - dy)

    (x1, y1, x4, y4), (x2, y2, x3, y3) = at(start), at(end)
    return replace(region, shape="quad", points=(x1, y1, x2, y2, x3, y3, x4, y4), text=words[place])


def _with_more_lines(specimen: Specimen, more: list[Region]) -> Specimen | None:
    sample = specimen.sample
    return Specimen(replace(sample, regions=(*sample.regions, *more)), specimen.images) if more else None


def _permuted(specimen: Specimen, order: list[int]) -> Specimen:
    """Lines in another order; `order` has the old places."""
    texts = line_places(specimen)
    return with_regions(specimen, {new: specimen.sample.regions[old] for new, old in zip(texts, order, strict=True)})


def _shuffled(specimen: Specimen, rng: random.Random) -> Specimen | None:
    texts = line_places(specimen)
    return _permuted(specimen, rng.sample(texts, len(texts))) if texts else None


def _backwards(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """From the last line to the first, as where the y axis points up."""
    texts = line_places(specimen)
    return _permuted(specimen, texts[::-1]) if texts else None


def _by_text(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """Sorted by text, as a set or a dict gives them out."""
    texts = line_places(specimen)
    return _permuted(specimen, sorted(texts, key=lambda i: specimen.sample.regions[i].text)) if texts else None


def _texts_of_others(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """Texts one or a few lines off their quads, or shuffled: two lists that no longer go together."""
    texts = line_places(specimen)
    if not texts:
        return None
    shift = rng.randint(1, 5)
    order = rng.choice((texts[shift:] + texts[:shift], rng.sample(texts, len(texts))))
    regions = specimen.sample.regions
    return with_regions(
        specimen,
        {here: replace(regions[here], text=regions[there].text) for here, there in zip(texts, order, strict=True)},
    )


def _shrunk(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """The picture and its quads made so small that the middle line is two to five pixels high: a thumbnail."""
    texts = line_places(specimen)
    image = opened(specimen, 0) if texts else None
    if image is None:
        return None
    heights = sorted(region.box[3] - region.box[1] for region in (specimen.sample.regions[i] for i in texts))
    scale = rng.uniform(2.0, 5.0) / heights[len(heights) // 2]
    width, height = round(image.width * scale), round(image.height * scale)
    if scale >= 0.8 or min(width, height) < 28:  # smaller ones are the rule's on the image
        return None
    x, y = width / image.width, height / image.height
    small = with_image(specimen, 0, encode(image.resize((width, height), Image.Resampling.LANCZOS), "png"))
    regions = specimen.sample.regions
    points = {i: tuple(v * (x, y)[place % 2] for place, v in enumerate(regions[i].points)) for i in texts}
    return with_regions(small, {i: replace(regions[i], points=points[i]) for i in texts})


def _cropped(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """The picture cut off at one side through a third of its lines or more; quads are cut with it, texts are not, and
    lines that are gone are left out."""
    texts = line_places(specimen)
    image = opened(specimen, 0) if texts else None
    if image is None:
        return None
    regions = specimen.sample.regions
    off = round(rng.uniform(0.1, 0.6) * image.width)
    x1, x2 = rng.choice(((off, image.width), (0, image.width - off)))
    kept = [i for i in texts if regions[i].box[2] > x1 + 2 and regions[i].box[0] < x2 - 2]
    cut = sum(regions[i].box[0] < x1 or regions[i].box[2] > x2 for i in kept)
    if 3 * cut < len(kept) or len(kept) < FEWEST_LINES:
        return None
    small = with_image(specimen, 0, encode(image.crop((x1, 0, x2, image.height)), "png"))

    def clipped(points: Corners) -> Corners:
        return tuple(v if place % 2 else min(max(v, x1), x2) - x1 for place, v in enumerate(points))

    clipped_ones = with_regions(small, {i: replace(regions[i], points=clipped(regions[i].points)) for i in kept})
    return without(clipped_ones, set(texts) - set(kept))


def _fields_of_another(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """Half of the values or more from another paper of the kind, as where labels are a row off. One field of four, or
    two values that change places, can't be told from slips of the annotators."""
    try:
        fields = json.loads(answer_of(specimen.sample))
    except ValueError:
        return None
    if not line_places(specimen) or not isinstance(fields, dict):
        return None
    tags = dict(tag.split(":", 1) for tag in specimen.sample.tags if ":" in tag)
    other = another_page(rng, tags)
    foreign = other.fields if other else draw_receipt(rng).fields
    named = [name for name in fields if fields[name] and name in foreign and fields[name] != foreign[name]]
    sizes = {name: len(value) if isinstance(value, list) else 1 for name, value in fields.items()}
    order = rng.sample(named, len(named))
    reached = accumulate(sizes[name] for name in order)
    enough = [n for n, values in enumerate(reached, 1) if n > 1 and 2 * values >= sum(sizes.values())]
    if not enough:
        return None
    chosen = order[: rng.choice(enough)]
    swapped = {name: foreign[name] if name in chosen else value for name, value in fields.items()}
    return with_answer(specimen, json.dumps(swapped, ensure_ascii=False))


def _lines(name: str, rule: str, plant: Callable[[Specimen, random.Random], Specimen | None]) -> Defect:
    return Defect(name=name, rule=rule, tasks=_TASKS, plant=plant)


DEFECTS: tuple[Defect, ...] = (
    _lines("lines_displaced", "lines_inside", _displaced),
    _lines("lines_of_a_larger_picture", "lines_inside", _of_larger_picture),
    _lines("quads_crossed", "quads_convex", _crossed),
    _lines("quads_anticlockwise", "quads_clockwise", _anticlockwise),
    _lines("quads_from_another_corner", "quads_clockwise", _from_another_corner),
    _lines("lines_flattened", "lines_have_area", _flattened),
    Defect(name="lines_emptied", rule="lines_have_text", tasks=("ocr",), plant=_emptied),
    _lines("lines_repeated", "lines_once", _repeated),
    _lines("lines_annotated_twice", "lines_apart", _annotated_twice),
    _lines("words_beside_lines", "lines_apart", _words_beside_lines),
    _lines("lines_shuffled", "lines_in_reading_order", _shuffled),
    _lines("lines_backwards", "lines_in_reading_order", _backwards),
    _lines("lines_sorted", "lines_in_reading_order", _by_text),
    _lines("texts_of_other_lines", "texts_fit_their_lines", _texts_of_others),
    _lines("page_shrunk", "legible_after_resize", _shrunk),
    _lines("page_cropped", "lines_not_cut", _cropped),
    Defect(name="fields_of_another", rule="fields_in_the_lines", tasks=("document",), plant=_fields_of_another),
    *markup.DEFECTS,
)
