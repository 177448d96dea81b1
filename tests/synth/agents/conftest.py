from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from curation.contract.sample import Region, Sample
from synth.generator import Make
from synth.specimen import Specimen


def made_twice(make: Make, key: str) -> list[Specimen]:
    """What a generator makes of a key, after a look that it makes the same again, bytes and all."""
    first = list(make(random.Random(key)))
    assert first == list(make(random.Random(key)))
    return first


def moved(sample: Sample, index: int, right: float, down: float) -> Sample:
    """The sample with one of its boxes moved by so many pixels."""
    region: Region = sample.regions[index]
    points = tuple(value + (down if place % 2 else right) for place, value in enumerate(region.points))
    regions = (*sample.regions[:index], replace(region, points=points), *sample.regions[index + 1 :])
    return replace(sample, regions=regions)


def with_sample(specimens: Sequence[Specimen], index: int, sample: Sample) -> list[Specimen]:
    changed = list(specimens)
    changed[index] = replace(changed[index], sample=sample)
    return changed
