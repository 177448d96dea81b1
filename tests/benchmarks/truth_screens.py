"""Checks of screens by the browser's own answers, and of single steps by their verifier.

The browser says which element a real click at a box's middle reaches, hiding that element must change pixels inside its
box alone, and a raster of points over the page finds what can be pressed.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from curation.contract.sample import Region, Sample
from filters.action_match import match_action
from filters.verify import click_in_box
from model.actions import ParsedStep, parse_step, render_step
from model.family import family
from model.geometry import seen_size
from synth.agents.screens import Screens
from synth.generator import Make
from synth.specimen import Specimen

if TYPE_CHECKING:
    from playwright.sync_api import Page

_FAMILY = family("qwen2_5_vl")
_EDGE = 2  # pixels that antialiasing and rounding outwards may take
_FRAMED = ("button", "text field", "drop-down list", "switch", "check box", "radio button")  # what has an outline


def wrong(made: Sequence[Specimen], again: Make | None, rng_key: str) -> list[str]:
    """What is wrong with the samples of one screen, which `again` shows once more. Raises TypeError where it is not
    the opened generator's `make`."""
    if not isinstance(again, Screens):
        raise TypeError(f"these checks need the make of screens, not {type(again).__name__}")
    app, page, _ = again.shown(random.Random(rng_key))
    scale = app.look.profile.scale
    referring, click, detection, caption, question = (each.sample for each in made)
    # Before anything is clicked: a slider moves under the mouse.
    found = [f"detection: {fault}" for fault in _raster_faults(page, detection.regions, scale)]
    for sample in (referring, click):
        region = sample.regions[0]
        if fault := _hit_fault(page, region, scale) or _ink_fault(page, region, scale):
            found.append(f"{_kind(sample)}: {region.label}: {fault}")
    found += wrong_step(click)
    found += [f"caption: {fault}" for fault in _caption_faults(page, caption, made[3])]
    found += [f"question: {fault}" for fault in _answer_faults(page, question)]
    return found


def _kind(sample: Sample) -> str:
    return sample.tags[0].removeprefix("build:")


_LISTEN = """
() => window.addEventListener('click', event => {
  event.stopImmediatePropagation(); event.preventDefault();
  const el = event.target.closest('[data-kind]');
  document.querySelectorAll('[data-hit]').forEach(each => delete each.dataset.hit);
  if (el) el.dataset.hit = 'yes';
  window.hit = el ? {kind: el.dataset.kind, names: [el.dataset.name, el.dataset.in || ''],
    path: el.querySelector('path')?.getAttribute('d') || ''} : null;
}, true)
"""


def _hit_fault(page: Page, region: Region, scale: float) -> str:
    """Whether a real click in the middle of a region reaches what its label names."""
    page.evaluate("() => { window.hit = null; }")
    page.evaluate(_LISTEN)
    x, y = region.centre
    page.mouse.click(x / scale, y / scale)
    hit: dict[str, Any] | None = page.evaluate("() => window.hit")
    if hit is None:
        return "a click in the middle reaches nothing"
    named = set(re.findall(r'"([^"]*)"', region.label))
    given = {name for name in hit["names"] if name}
    if hit["kind"] == "icon":
        given -= {hit["names"][0]}
        if "icon" not in region.label:
            return f"a click in the middle reaches an icon, not {region.label}"
    elif not named and hit["names"][0] not in region.label:
        return f"a click in the middle reaches {hit}"
    return "" if not named or named <= given else f"a click in the middle reaches {hit}"


def _ink_fault(page: Page, region: Region, scale: float) -> str:
    """Whether hiding what was clicked last changes pixels in the region only, and for what has an outline up to its
    edges."""
    before = rgb(page.screenshot())
    kind = page.evaluate(
        "() => { const el = document.querySelector('[data-hit]'); el.style.visibility = 'hidden';"
        " return el.dataset.kind; }"
    )
    after = rgb(page.screenshot())
    page.evaluate("() => document.querySelector('[data-hit]').style.removeProperty('visibility')")
    changes = np.abs(before - after).max(axis=2) > 8
    left, top, right, bottom = (
        round(edge) + by for edge, by in zip(region.box, (-_EDGE, -_EDGE, _EDGE, _EDGE), strict=True)
    )
    beyond = changes.copy()
    beyond[max(0, top) : bottom, max(0, left) : right] = False
    if beyond.any():
        return f"hiding it changes {int(beyond.sum())} pixels beyond its box {region.box}"
    ys, xs = np.nonzero(changes & ~beyond)
    if not len(xs):
        return "nothing changes when it is hidden"
    changed = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
    gaps = np.abs(np.subtract(changed, region.box))
    if kind in _FRAMED and max(gaps) > _EDGE:
        return f"hiding it changes {changed}, less than its box {region.box}"
    return ""


def rgb(data: bytes) -> npt.NDArray[np.int16]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=np.int16)


_RASTER = """
step => {
  const hits = new Map();
  for (let y = step / 2; y < innerHeight; y += step) for (let x = step / 2; x < innerWidth; x += step) {
    const at = document.elementFromPoint(x, y), el = at?.closest('[data-kind]');
    if (el && !at.matches('[data-spot]')) hits.set(el, [...(hits.get(el) || []), [x, y]]);
  }
  return [...hits].map(([el, points]) => ({kind: el.dataset.kind, bare: el.dataset.kind === 'icon', points}));
}
"""


def _raster_faults(page: Page, regions: Sequence[Region], scale: float) -> list[str]:
    """What a raster of points finds that is in no box of its kind, and boxes that hold no such point. Icons' boxes are
    those of their drawings, so that one point in them is enough. The spot that a handle is to be dragged to can't be
    seen."""
    kinds = {region.label for region in regions}
    found = []
    seen = [each for each in page.evaluate(_RASTER, 8) if each["kind"] in kinds]
    for each in seen:
        inside = [
            any(_within(x * scale, y * scale, region) for region in regions if region.label == each["kind"])
            for x, y in each["points"]
        ]
        whole = any(inside) if each["bare"] else all(inside)
        rows = {y for _, y in each["points"]}
        if not whole and len(each["points"]) >= 12 and len(rows) > 1:  # a sliver at an edge is not asked for
            found.append(f"a {each['kind']} at {each['points'][0]} is not in its box")
    for region in regions:
        points = [point for each in seen if each["kind"] == region.label for point in each["points"]]
        if min(region.box[2] - region.box[0], region.box[3] - region.box[1]) > 10 * scale and not any(
            _within(x * scale, y * scale, region) for x, y in points
        ):
            found.append(f"the box of a {region.label} at {region.box} holds none")
    return found


def _within(x: float, y: float, region: Region) -> bool:
    x1, y1, x2, y2 = region.box
    return x1 - 1 <= x <= x2 + 1 and y1 - 1 <= y <= y2 + 1


_TEXT = (
    "() => document.body.innerText + [...document.querySelectorAll('input')].map(each => each.value + "
    "each.placeholder).join(' ')"
)


def _caption_faults(page: Page, sample: Sample, specimen: Specimen) -> list[str]:
    """Names in quotes that are nowhere on the page, and colours that are called what they are not."""
    text = sample.answer.text or "".join(part.text for part in sample.messages[-1].parts)
    shown = " ".join(page.evaluate(_TEXT).split())
    found = [
        f"“{name}” is not on the page" for name in re.findall("“([^”]+)”", text) if " ".join(name.split()) not in shown
    ]
    picture = rgb(specimen.images[sample.media[0].sha256])
    dark = float(np.median(picture)) < 90
    covered = bool(page.evaluate("() => document.querySelector('.sheet:not([hidden])') !== null"))
    if not covered and dark != ("dark" in text.split(".")[0] + text.split(".")[1]):
        found.append("dark is called light or light dark")
    return found


_LOOKS = """
name => {
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.background = 'var(--accent)';
  const accent = getComputedStyle(probe).backgroundColor;
  probe.remove();
  const found = [...document.querySelectorAll('.switch,.box')].filter(el => el.dataset.name === name &&
    el.getBoundingClientRect().width);
  return found.map(el => getComputedStyle(el).backgroundColor === accent);
}
"""


def _answer_faults(page: Page, sample: Sample) -> list[str]:
    """A state must look like its answer, and any other answer must stand on the page."""
    question, answer = sample.messages[0].parts[-1].text, sample.answer.text
    name = re.search("^Is “(.*)” (?:switched on|ticked)", question)
    if name:
        looks = page.evaluate(_LOOKS, name[1])
        return [] if looks == [answer == "yes"] else [f"{question} {answer}: it looks {looks}"]
    if answer == "no":
        return []
    shown = " ".join(page.evaluate(_TEXT).split())
    return [] if " ".join(answer.split()) in shown else [f"{question} {answer}: not on the page"]


def written(sample: Sample, index: int) -> tuple[str, ParsedStep | None]:
    """A step as the family writes it, and as it is read back."""
    displayed = sample.media[sample.steps[index].media].displayed
    resized, _ = seen_size(displayed, _FAMILY, _FAMILY.min_pixels, _FAMILY.max_pixels)
    pieces = render_step(sample.steps[index], sample.regions, _FAMILY, displayed, resized)
    text = "".join(piece for _, piece in pieces)
    return text, parse_step(text, _FAMILY, displayed, resized)


def wrong_step(sample: Sample) -> list[str]:
    """Whether the verifier takes the step as it is rendered, and refuses one beside its target."""
    text, parsed = written(sample, 0)
    if parsed is None:
        return [f"{_kind(sample)}: the step can't be read back: {text}"]
    if sample.answer.verifier == "click":
        box = sample.regions[0].box
        good = parsed.point is not None and click_in_box(parsed.point.centre, box) == 1
        return [] if good else [f"{_kind(sample)}: {parsed.point} is not in {box}"]
    step = sample.steps[0]
    targets = [sample.regions[index] for index in (step.region, step.end_region) if index >= 0]
    if not match_action(parsed, sample.answer.text, targets).whole:
        return [f"{_kind(sample)}: the verifier refuses its own step: {text}"]
    far = [Region(points=(-50.0, -50.0, -40.0, -40.0)) for _ in targets]
    return (
        [f"{_kind(sample)}: any place is right"] if far and match_action(parsed, sample.answer.text, far).whole else []
    )
