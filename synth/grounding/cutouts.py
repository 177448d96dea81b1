"""Cut-outs: annotated things lifted off somebody's own images, each with how much of its patch belongs to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curation.contract.sample import Region
from filters.reading.opencv import opencv
from filters.verify import iou
from model.image import decode
from synth.grounding.patches import COVERED, Pixels
from synth.specimen import Specimen

LEAST_SIDE = 12  # pixels: a smaller cut-out shows nothing
_BORDER = 2  # pixels: a box that comes closer to its image's border is cut off there
_SHARED = 0.05  # IoU with another box: more, and the patch shows parts of that thing too
_AROUND = 0.25  # of a box's sides: the ground around it that GrabCut learns from
_GRABBED = 80  # pixels: the longer side of what GrabCut is given
_FEATHER = 2  # pixels over which a cut-out fades into its ground
_TAKEN = (0.25, 0.97)  # the share of its box that a mask may fill: else GrabCut found nothing, or could not part


@dataclass(frozen=True, slots=True)
class Cutout:
    """`pixels` are (height, width, 3) RGB, `cover` (height, width) from 0 to 255; `parent` is the sample it is from."""

    label: str
    pixels: Pixels
    cover: Pixels
    parent: str


def cutouts(specimens: Sequence[Specimen], masks: bool = True) -> list[Cutout]:
    """Every labelled box that shows one thing wholly: not cut off by the image's border, of `LEAST_SIDE` pixels, and
    no other box in it. With `masks` the thing is parted from its ground by GrabCut (Rother et al. 2004) as far as that
    works, else the whole box is taken. Raises `model.image.ImageError` for an image that can't be read.
    """
    return [cutout for specimen in specimens for cutout in _of_specimen(specimen, masks)]


def whole_boxes(specimen: Specimen) -> list[Region]:
    """The labelled boxes of the first image that can be cut out."""
    sample = specimen.sample
    width, height = sample.media[0].displayed
    boxes = [region for region in sample.regions if region.shape == "box" and region.media == 0]
    found = []
    for region in boxes:
        x1, y1, x2, y2 = region.box
        inside = min(x1, y1, width - x2, height - y2) >= _BORDER and min(x2 - x1, y2 - y1) >= LEAST_SIDE
        alone = all(other is region or iou(other.box, region.box) <= _SHARED for other in boxes)
        if region.label and inside and alone:
            found.append(region)
    return found


def _of_specimen(specimen: Specimen, masks: bool) -> Iterator[Cutout]:
    boxes = whole_boxes(specimen)
    if not boxes:
        return
    media = specimen.sample.media[0]
    picture = decode(specimen.images[media.sha256], media.orientation)
    for region in boxes:
        x1, y1, x2, y2 = (round(value) for value in region.box)
        pixels = picture[y1:y2, x1:x2].copy()
        mask = _parted(picture, (x1, y1, x2, y2)) if masks else None
        yield Cutout(region.label, pixels, _feathered(pixels, mask), specimen.sample.row_id)


def _parted(picture: Pixels, box: tuple[int, int, int, int]) -> npt.NDArray[np.bool_] | None:
    """Which pixels of the box GrabCut takes for the thing, the largest piece only; None where it can't tell."""
    cv2 = opencv()
    x1, y1, x2, y2 = box
    dx, dy = round(_AROUND * (x2 - x1)) + 2, round(_AROUND * (y2 - y1)) + 2
    left, top = max(0, x1 - dx), max(0, y1 - dy)
    around = np.ascontiguousarray(picture[top : y2 + dy, left : x2 + dx])
    found = _foreground(around, (x1 - left, y1 - top, x2 - x1, y2 - y1))
    found = found[y1 - top : y2 - top, x1 - left : x2 - left]
    count, pieces, facts, _ = cv2.connectedComponentsWithStats(found)
    if count < 2:
        return None
    mask = np.asarray(pieces == 1 + int(facts[1:, cv2.CC_STAT_AREA].argmax()))
    _, _, w, h = cv2.boundingRect(mask.view(np.uint8))
    fills = w >= 0.8 * (x2 - x1) and h >= 0.8 * (y2 - y1)  # else a part was taken for the thing
    return mask if fills and _TAKEN[0] <= mask.mean() <= _TAKEN[1] else None


def _foreground(around: Pixels, inner: tuple[int, int, int, int]) -> Pixels:
    """1 for the pixels that GrabCut takes for a thing in the box `inner` (x, y, width, height), else 0; found on a
    smaller copy where the patch is large, as its time grows with the pixels."""
    cv2 = opencv()
    height, width = around.shape[:2]
    scale = min(1.0, _GRABBED / max(height, width))
    small = cv2.resize(around, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else around
    labels = np.zeros(small.shape[:2], np.uint8)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, labels, [round(value * scale) for value in inner], *models, 2, cv2.GC_INIT_WITH_RECT)
    shown = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.uint8) * 255
    found: Pixels = (cv2.resize(shown, (width, height), interpolation=cv2.INTER_LINEAR) >= COVERED).astype(np.uint8)
    return found


def _feathered(pixels: Pixels, mask: npt.NDArray[np.bool_] | None) -> Pixels:
    """The cover, fading over the last pixels inside the mask or the box."""
    cv2 = opencv()
    height, width = pixels.shape[:2]
    inner = np.zeros((height + 2, width + 2), np.uint8)
    inner[1:-1, 1:-1] = 1 if mask is None else mask
    depth = cv2.distanceTransform(inner, cv2.DIST_L2, 5)[1:-1, 1:-1]
    cover: Pixels = np.clip(depth * 255 / (_FEATHER + 1), 0, 255).astype(np.uint8)
    return cover


def scaled(cutout: Cutout, factor: float) -> tuple[Pixels, Pixels]:
    """A cut-out's pixels and cover at another size, cropped to the box around what is covered by half or more."""
    cv2 = opencv()
    height, width = cutout.cover.shape
    size = max(LEAST_SIDE, round(width * factor)), max(LEAST_SIDE, round(height * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    pixels, cover = cv2.resize(cutout.pixels, size, interpolation=how), cv2.resize(cutout.cover, size)
    x, y, w, h = cv2.boundingRect((cover >= COVERED).view(np.uint8))
    return pixels[y : y + h, x : x + w], cover[y : y + h, x : x + w]
