"""Whether pasted pictures are as their samples say: each thing is looked for at its box, in the pixels of the images
that it was cut from, by trying sizes and places; nothing of where the generator put it is read."""

from __future__ import annotations

import io
import itertools
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from curation.contract.sample import Region, Sample
from filters.reading.opencv import opencv
from synth.generator import Make
from synth.grounding.generate import make
from synth.grounding.scene import plan_scene
from synth.specimen import Specimen

Pixels = npt.NDArray[np.uint8]
_SIZES = (1.0, 1.04, 1.08, 1.12, 1.17, 1.22)  # a mask may leave out up to a fifth of the box that it was cut from
_STEPS = 5  # places that are tried along a side
_SAME = 40  # levels that a pixel may change by being scaled, faded and compressed
LEAST = 0.7  # the share of a thing's pixels that must be as they are in the image it was cut from


def own_scenes(count: int) -> list[Specimen]:
    """Scenes of few things, each with all its boxes, as somebody's own samples would be."""
    return list(itertools.islice(_few_things(), count))


def _few_things() -> Iterator[Specimen]:
    for seed in itertools.count():
        scene = plan_scene(random.Random(f"own {seed}"))
        if scene.crowd == "few" and len(scene.things) >= 2:
            first = make(random.Random(f"own {seed}"))[0]
            regions = tuple(
                Region(points=tuple(map(float, thing.box)), label=f"{thing.colour} {thing.kind}")
                for thing in scene.things
            )
            yield Specimen(replace(first.sample, row_id=f"own#{seed}", regions=regions), first.images)


def wrong_of(own: Sequence[Specimen]) -> Callable[[Sequence[Specimen], Make | None, str], list[str]]:
    """The check of pictures that are made of these samples."""
    parents = {each.sample.row_id: each for each in own}

    def wrong(made: Sequence[Specimen], again: Make | None, rng_key: str) -> list[str]:
        find, everything, count = (each.sample for each in made)
        said = []
        if again and list(again(random.Random(rng_key))) != list(made):
            said.append("made again, the samples are others")
        (data,) = made[1].images.values()
        picture, regions = _pixels(data), everything.regions
        mine = [parents[row_id] for row_id in everything.parents]
        said += [f"{region.label} is not at {region.box}" for region in regions if not _there(region, picture, mine)]
        if everything.licence != ", ".join(sorted({each.sample.licence for each in mine} - {""})):
            said.append(f"the licence is {everything.licence!r}")
        labels = Counter(region.label for region in regions)
        said += [f"“{label}” is not asked for" for label in labels if label not in _prompt(everything)]
        for sample in (find, count):
            said += _of_one(sample, regions)
        if re.findall(r"\d+", count.answer.text) != [str(len(count.regions))]:
            said.append(f"{count.answer.text} for {len(count.regions)} boxes")
        return said

    return wrong


def _prompt(sample: Sample) -> str:
    return sample.messages[0].parts[-1].text


def _of_one(sample: Sample, regions: Sequence[Region]) -> list[str]:
    """Whether all things of one label are named, and no other."""
    labels = {region.label for region in sample.regions}
    wanted = [region for region in regions if region.label in labels]
    if len(labels) != 1 or list(sample.regions) != wanted:
        return [f"{_prompt(sample)!r}: {len(sample.regions)} boxes of {len(wanted)}"]
    return [] if labels.pop() in _prompt(sample) else [f"{_prompt(sample)!r} does not name what is boxed"]


def _pixels(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _there(region: Region, picture: Pixels, parents: Sequence[Specimen]) -> bool:
    """Whether a thing of that label, out of one of the parents, is what the box shows."""
    x1, y1, x2, y2 = (round(value) for value in region.box)
    shown = picture[y1:y2, x1:x2].astype(np.int16)
    crops = (crop for parent in parents for crop in _crops(region.label, parent))
    return any(_share(shown, *crop) >= LEAST for crop in crops)


def _crops(label: str, parent: Specimen) -> Iterator[tuple[Pixels, Pixels]]:
    """Each thing of a label with where it is: 1 where a pixel differs from those around the box, else 0."""
    image = _pixels(parent.images[parent.sample.media[0].sha256])
    for region in parent.sample.regions:
        if region.label == label:
            x1, y1, x2, y2 = (round(value) for value in region.box)
            around = np.concatenate([image[max(0, y1 - 3) : y1 - 1, x1:x2], image[y2 + 1 : y2 + 3, x1:x2]])
            crop = image[y1:y2, x1:x2]
            off = np.abs(crop - np.median(around.reshape(-1, 3), axis=0)).max(axis=2)
            yield crop, (off > _SAME).astype(np.uint8)


def _share(shown: npt.NDArray[np.int16], crop: Pixels, thing: Pixels) -> float:
    """The largest share of a thing's pixels that are shown as they are in the crop, at any size and place."""
    height, width = shown.shape[:2]
    best = 0.0
    for size in _SIZES:
        to = round(width * size), round(height * size)
        scaled, mask = opencv().resize(crop, to).astype(np.int16), _core(opencv().resize(thing * 255, to))
        for y in _places(to[1] - height):
            for x in _places(to[0] - width):
                here = slice(y, y + height), slice(x, x + width)
                if mask[here].any():
                    same = np.abs(scaled[here] - shown).max(axis=2) <= _SAME
                    best = max(best, float(same[mask[here]].mean()))
    return best


def _core(cover: Pixels) -> npt.NDArray[np.bool_]:
    """A thing without its outermost pixels, which fade into the ground; the whole of one that is little else."""
    whole = (cover >= 128).astype(np.uint8)
    core = opencv().erode(whole, np.ones((3, 3), np.uint8), borderValue=0)
    return np.asarray(core if core.sum() >= whole.sum() / 4 else whole) > 0


def _places(room: int) -> list[int]:
    return sorted({round(room * step / (_STEPS - 1)) for step in range(_STEPS)})
