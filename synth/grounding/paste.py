"""Copy-paste: cut-outs of somebody's own annotated images, on their own other images or on drawn grounds.

On an image of theirs a cut-out lies where nothing is annotated, and the answers hold what was annotated there as well:
they are as complete as the annotation was.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from curation.contract.sample import Answer, Media, Region, Sample, Turn, media_part, region_part, text_part
from model.image import decode
from synth.drawing import Box
from synth.generator import Generator, Make
from synth.grounding.cutouts import Cutout, cutouts, scaled
from synth.grounding.generate import jpeg
from synth.grounding.grounds import add_grain, draw_ground, paint_ground
from synth.grounding.patches import Pixels
from synth.specimen import Specimen, medium

VIEWS = 3
MOST_PASTED = 6
_GAP = 4  # pixels between a pasted box and any other
_TRIES = 30
_SCALES = (0.7, 1.3)  # of its own size, that a cut-out is pasted in
_OF_SIDE = 0.6  # of a picture's side that a cut-out may have before it is scaled
_FIND = (
    "Locate every {label} in the image.",
    "Draw a box around every {label}.",
    "Outline the position of each {label}.",
)
_FIND_ALL = ("Detect all objects of these kinds: {labels}", "Find all objects in the image of these kinds: {labels}")
_COUNT = ("Draw a box around every {label}, then say how many there are.", "Detect every {label} and then count them.")


@dataclass(frozen=True, slots=True)
class Pasted:
    """A picture with the regions on it, those of the image below among them, and the samples that it is made from."""

    picture: Pixels
    regions: tuple[Region, ...]
    parents: tuple[str, ...]
    ground: str


def paste_generator(specimens: Sequence[Specimen], masks: bool = True) -> Generator:
    """A generator of pictures with cut-outs of these samples' labelled boxes; at most their number of images is held.

    `open` cuts them out, and raises ValueError where there is nothing to cut. What is made of samples has their row ids
    as its `parents` and all their licences as its own.
    """
    licences = {each.sample.row_id: each.sample.licence for each in specimens}

    @contextmanager
    def opened() -> Iterator[Make]:
        found = cutouts(specimens, masks)
        if not found:
            raise ValueError("no labelled box lies wholly and alone in its image: there is nothing to paste")
        yield lambda rng: _samples(rng, paste(rng, found, specimens), licences)

    return Generator(
        name="paste",
        about="cut-outs of your own annotated images on your other images or on drawn grounds",
        version=2,
        views=VIEWS,
        libraries=("pillow", "opencv-python-headless", "numpy", "simplejpeg"),
        licence="",
        data=_hash(specimens) if specimens else "",
        cannot=(
            "What the annotation of an image left out is left out of its answers too.",
            "Light and shadow of a cut-out are those of its own image, and it is never turned or mirrored.",
        ),
        open=opened,
    )


def paste(rng: random.Random, found: Sequence[Cutout], specimens: Sequence[Specimen]) -> Pasted:
    """One to six cut-outs on an image of theirs where nothing is annotated, or on a drawn ground. An image without room
    for any of them would be what it was before, and is left for another one."""
    while not (pasted := _pasted(rng, found, specimens)):
        pass  # a drawn ground has room for each cut-out
    return pasted


def _pasted(rng: random.Random, found: Sequence[Cutout], specimens: Sequence[Specimen]) -> Pasted | None:
    cut = rng.sample(found, min(len(found), rng.randint(1, MOST_PASTED)))
    if rng.random() < 0.5:
        chosen = rng.choice(specimens)
        below = chosen.sample
        picture = decode(chosen.images[below.media[0].sha256], below.media[0].orientation).copy()
        regions = [region for region in below.regions if region.media == 0]
        parents, ground = {below.row_id}, "own"
    else:
        size = (rng.randint(280, 640), rng.randint(280, 640))
        drawn = draw_ground(rng)
        picture, regions = add_grain(paint_ground(drawn, size), drawn).copy(), []
        parents, ground = set(), "drawn"
    annotated = len(regions)
    for cutout in cut:
        box = _put(rng, picture, cutout, regions)
        if box:
            regions.append(Region(points=tuple(float(value) for value in box), label=cutout.label))
            parents.add(cutout.parent)
    if len(regions) == annotated:
        return None
    return Pasted(picture, tuple(regions), tuple(sorted(parents)), ground)


def _put(rng: random.Random, picture: Pixels, cutout: Cutout, regions: Sequence[Region]) -> Box | None:
    """Lays a cut-out on the picture where it touches no region, smaller where it would fill most of it; None where
    there is no room."""
    sides = zip(picture.shape[:2], cutout.cover.shape, strict=True)
    fitting = min(1.0, *(_OF_SIDE * whole / side for whole, side in sides))
    for _ in range(_TRIES):
        pixels, cover = scaled(cutout, fitting * rng.uniform(*_SCALES))
        height, width = cover.shape
        if width + 2 * _GAP >= picture.shape[1] or height + 2 * _GAP >= picture.shape[0]:
            continue
        x = rng.randrange(_GAP, picture.shape[1] - width - _GAP)
        y = rng.randrange(_GAP, picture.shape[0] - height - _GAP)
        box = (x, y, x + width, y + height)
        if not any(_near(box, region) for region in regions):
            ground = picture[y : y + height, x : x + width]
            share = cover[:, :, None].astype(np.uint32)
            ground[:] = (pixels * share + ground * (255 - share) + 127) // 255
            return box
    return None


def _near(box: Box, region: Region) -> bool:
    x1, y1, x2, y2 = region.box
    return box[0] - _GAP < x2 and x1 < box[2] + _GAP and box[1] - _GAP < y2 and y1 < box[3] + _GAP


def _hash(specimens: Sequence[Specimen]) -> str:
    """16 hex digits that follow from the samples and the bytes of their images."""
    told = [f"{each.sample} {sorted(each.images)}" for each in specimens]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _samples(rng: random.Random, pasted: Pasted, licences: Mapping[str, str]) -> list[Specimen]:
    data = jpeg(pasted.picture, rng.randint(88, 95))
    media = medium(data)
    counts = Counter(region.label for region in pasted.regions)
    label = rng.choice(sorted(counts))
    mine = [region for region in pasted.regions if region.label == label]
    said = f"There {'is' if len(mine) == 1 else 'are'} {len(mine)}."
    asked = [
        (rng.choice(_FIND).format(label=label), mine, ""),
        (rng.choice(_FIND_ALL).format(labels=", ".join(sorted(counts))), list(pasted.regions), ""),
        (rng.choice(_COUNT).format(label=label), mine, said),
    ]
    licence = ", ".join(sorted({licences[parent] for parent in pasted.parents} - {""}))
    made = [replace(_sample(pasted, media, *each), licence=licence) for each in asked]
    return [Specimen(sample, {media.sha256: data}) for sample in made]


def _sample(pasted: Pasted, media: Media, prompt: str, regions: Sequence[Region], said: str) -> Sample:
    parts = [region_part(index) for index in range(len(regions))]
    if said:
        parts.append(text_part("\n" + said))
    return Sample(
        row_id="",
        source="",
        task="grounding",
        messages=(
            Turn(role="user", parts=(media_part(0), text_part(prompt))),
            Turn(role="assistant", parts=tuple(parts)),
        ),
        media=(media,),
        regions=tuple(regions),
        answer=Answer(text=said or "\n".join(region.label for region in regions), verifier="boxes"),
        tags=("build:paste", f"ground:{pasted.ground}"),
        parents=pasted.parents,
    )
