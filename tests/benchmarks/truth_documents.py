"""Whether what the documents generator says of its pages is so, by other routes: pixels, parsers, and the verifiers.

The pixels that a line or element colours are found by rendering the page with and without it: nothing of the layout
that the boxes came from is read. Both pictures go through the page's skew or perspective.
"""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from curation.contract.sample import Region
from filters.reading.markup import read_page
from filters.verify import anls, boxes_f1, fields_score
from synth.degrade import Degraded, warped
from synth.degrade import Image as Picture
from synth.documents.generator import Press
from synth.documents.layout import Laid
from synth.documents.page import Page, page_answer
from synth.generator import Make
from synth.specimen import Specimen

Pixels = npt.NDArray[np.bool_]  # (height, width)

_SEEN = 16  # levels of difference that count as colour
_NEAR = 2.0  # pixels that a side may lie beside its ink
_TURNED = 3.0  # pixels more for the upright box of what was turned: its ink need not reach its corners
_SHOWN = "-webkit-text-fill-color:transparent!important"
_BOX = re.compile(r'data-bbox="([^"]*)"')
_FORMULA = re.compile(r'<div class="formula".*?</div></div>|\$\$.*?\$\$', re.DOTALL)


def wrong(made: Sequence[Specimen], again: Make | None, rng_key: str) -> list[str]:
    """What is wrong with the four samples of one page; `again` renders the page of `rng_key` once more."""
    html, reading, spotting, fields = made
    found = [f"picture: {each}" for each in _wrong_picture(made)]
    found += [f"texts: {each}" for each in _wrong_texts(html, reading, spotting)]
    found += [f"fields: {each}" for each in _wrong_fields(fields, spotting)]
    found += [f"verifier: {each}" for each in _wrong_verifiers(reading, spotting, fields)]
    if isinstance(again, Press):
        shown = Shown(again, *again.picture(random.Random(rng_key)))
        found += [f"lines: {each}" for each in _wrong_lines(spotting, shown)]
        found += [f"boxes: {each}" for each in _wrong_boxes(html, shown, rng_key)]
    return found


@dataclass(frozen=True)
class Shown:
    """The page as it was rendered once more, before and after it was worn."""

    press: Press
    page: Page
    clean: Picture
    laid: Laid
    degraded: Degraded

    @property
    def turned(self) -> bool:
        return bool((self.degraded.matrix != np.eye(3)).any())

    def changed(self, css: str) -> Pixels:
        """The pixels that change by `css`, through the page's skew or perspective."""
        before, after = self.clean, self.press.render(self.page, css)[0]
        if self.turned:
            before, after = (warped(each, self.degraded.matrix, (0, 0, 0)) for each in (before, after))
        different: Pixels = np.abs(before.astype(np.int16) - after).max(axis=2) > _SEEN
        return different


def _wrong_picture(made: Sequence[Specimen]) -> list[str]:
    media = made[0].sample.media[0]
    found = ["the views show several pictures"] if len({each.sample.media for each in made}) > 1 else []
    with Image.open(io.BytesIO(made[0].images[media.sha256])) as image:
        if image.size != media.displayed or image.mode != "RGB":
            found.append(f"{image.size} {image.mode} is not {media.displayed} RGB")
        width, height = image.size
    if width % 28 or height % 28 or not 448 <= width <= 1120 or width * height > 1280 * 28 * 28:
        found.append(f"{width} by {height} pixels are resized by the model")
    boxes = [tuple(map(float, text.split())) for text in _BOX.findall(made[0].sample.answer.text)]
    boxes += [tuple(each.box) for each in made[2].sample.regions]
    found += [f"{box} is no box in {width} by {height}" for box in boxes if not _inside(box, width, height)]
    return found


def _inside(box: Sequence[float], width: int, height: int) -> bool:
    x1, y1, x2, y2 = box
    return 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height


def _wrong_texts(html: Specimen, reading: Specimen, spotting: Specimen) -> list[str]:
    """The views must say the same letters and digits; QwenVL HTML must parse and hold nothing odd."""
    said = html.sample.answer.text
    page = read_page(said)
    found = [f"{page.faults + page.unknown} faults in the HTML"] if page.faults + page.unknown else []
    lines = _letters("".join(region.text for region in spotting.sample.regions))
    if (other := _letters(_text_of_html(said))) != lines:
        found.append(f"HTML and lines differ in {_difference(other, lines)}")
    written = re.sub(r"^- \[[x ]\]", "", _FORMULA.sub("", reading.sample.answer.text), flags=re.MULTILINE)
    if (other := _letters(written)) != lines:
        found.append(f"reading and lines differ in {_difference(other, lines)}")
    return found


def _text_of_html(said: str) -> str:
    from lxml import html as parser

    body = _FORMULA.sub("", said.removeprefix("```html\n").removesuffix("\n```"))
    tree = parser.fromstring(body)
    for numbered in tree.iter("ol"):
        for place, item in enumerate(numbered, 1):
            item.text = f"{place}. {item.text}"
    return str(tree.text_content())


def _letters(text: str) -> str:
    return "".join(sorted(each for each in text if each.isalnum()))


def _difference(one: str, other: str) -> str:
    return "".join(sorted(set(one) ^ set(other))) or f"number, {len(one)} and {len(other)}"


def _wrong_fields(fields: Specimen, spotting: Specimen) -> list[str]:
    """Each value must stand on the page, and the prompt must name the keys."""
    values = json.loads(fields.sample.answer.text)
    if fields.sample.regions != spotting.sample.regions:
        return ["its lines are not the page's"]
    page = "".join("".join(region.text.split()) for region in spotting.sample.regions)
    found = []
    for key, value in values.items():
        if key not in fields.sample.messages[0].parts[1].text:
            found.append(f"nobody asked for {key}")
        for each in value if isinstance(value, list) else [value]:
            if "".join(each.split()) not in page:
                found.append(f"{each!r} does not stand on the page")
    return found


def _wrong_verifiers(reading: Specimen, spotting: Specimen, fields: Specimen) -> list[str]:
    """The truth scores 1, and less once a part of it is spoiled."""
    text, record, regions = reading.sample.answer.text, fields.sample.answer.text, spotting.sample.regions
    boxes, texts = [each.box for each in regions], [each.text for each in regions]
    spoiled = json.dumps({**json.loads(record), next(iter(json.loads(record))): "?"})
    scores = {
        "anls": (anls(text, [text]), anls(text[: len(text) * 3 // 4], [text])),
        "fields": (fields_score(record, record).exact, fields_score(spoiled, record).exact),
        "spotting": (boxes_f1(boxes, boxes, texts, texts), boxes_f1(boxes[1:], boxes, texts[1:], texts)),
    }
    return [
        f"{name} gives {right} to the truth and {less}"
        for name, (right, less) in scores.items()
        if right < 1 or less >= 1
    ]


def _wrong_lines(spotting: Specimen, shown: Shown) -> list[str]:
    """All ink of the page's text must lie in the lines' quads, and reach each side of every quad."""
    ink = shown.changed(f"[data-k]{{{_SHOWN}}}")
    regions = spotting.sample.regions
    outside = ink & ~_covered(regions, ink.shape)
    found = [f"{np.count_nonzero(outside)} pixels of text outside, first {_first(outside)}"] if outside.any() else []
    return found + [f"{region.text!r} at {region.box}: {why}" for region in regions if (why := _loose(region, ink))]


def _covered(regions: Sequence[Region], shape: tuple[int, ...]) -> Pixels:
    """The pixels in or near a region."""
    import cv2

    mask = np.zeros(shape, dtype=np.uint8)
    for region in regions:
        corners = np.round((_corners(region) - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(mask, [corners], 1, shift=4)
    size = 2 * int(_NEAR) + 1
    return np.asarray(cv2.dilate(mask, np.ones((size, size), dtype=np.uint8)) > 0)


def _corners(region: Region) -> npt.NDArray[np.float64]:
    """(4, 2), clockwise from the upper left."""
    if region.shape == "quad":
        return np.array(region.points, dtype=np.float64).reshape(4, 2)
    x1, y1, x2, y2 = region.box
    return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], dtype=np.float64)


def _loose(region: Region, ink: Pixels) -> str:
    """Which sides of a region its ink does not reach, seen with the region made upright."""
    import cv2

    corners = _corners(region).astype(np.float32)
    width = max(2, round(float(np.hypot(*(corners[1] - corners[0])))))
    height = max(2, round(float(np.hypot(*(corners[3] - corners[0])))))
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)
    turn = cv2.getPerspectiveTransform(corners - 0.5, target - 0.5)
    flat = cv2.warpPerspective(ink.astype(np.uint8) * 255, turn, (width, height)) > 100
    if not flat.any():
        return "nothing there"
    rows, columns = np.flatnonzero(flat.any(axis=1)), np.flatnonzero(flat.any(axis=0))
    gaps = {
        "left": columns[0],
        "top": rows[0],
        "right": width - 1 - columns[-1],
        "bottom": height - 1 - rows[-1],
    }
    return ", ".join(f"{gap} pixels free at its {side}" for side, gap in gaps.items() if gap > _NEAR)


def _first(mask: Pixels) -> str:
    y, x = np.argwhere(mask)[0]
    return f"at {x}, {y}"


def _wrong_boxes(html: Specimen, shown: Shown, rng_key: str) -> list[str]:
    """Two elements, hidden one at a time: what changes must fill their data-bbox."""
    near, flow = _NEAR + _TURNED * shown.turned, shown.page.flow
    there = replace(shown.page, flow=flow[: len(flow) - shown.laid.gone])
    names = _BOX.findall(page_answer(there, str))
    boxes = _BOX.findall(html.sample.answer.text)
    if len(names) != len(boxes):
        return [f"{len(boxes)} boxes for {len(names)} elements"]
    found = []
    for place in random.Random(f"{rng_key}/hidden").sample(range(len(names)), min(2, len(names))):
        name, box = names[place], tuple(map(int, boxes[place].split()))
        ink = shown.changed(_hiding(name))
        if not ink.any():
            found.append(f"{name} changes nothing")
            continue
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        seen = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
        if max(abs(a - b) for a, b in zip(box, seen, strict=True)) > near:
            found.append(f"{name} is at {seen}, not {box}")
    return found


def _hiding(name: str) -> str:
    """CSS that takes away an element's text and what else is seen of it."""
    text = f'[data-k="{name}"],[data-k^="{name}."]{{{_SHOWN}}}'
    return text + f'[data-name="{name}"],[data-name^="{name}."]{{visibility:hidden!important}}'
