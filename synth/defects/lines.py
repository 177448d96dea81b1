"""What the defects of text lines share: which regions are lines, and a specimen with other regions."""

from __future__ import annotations

import io
from dataclasses import replace

from PIL import Image

from curation.contract.sample import Region
from synth.specimen import Specimen

FEWEST_LINES = 8
Corners = tuple[float, ...]


def line_places(specimen: Specimen) -> list[int]:
    """The regions that hold text and have corners; none where they are too few to tell a habit from a slip."""
    found = [i for i, each in enumerate(specimen.sample.regions) if each.text.strip() and each.shape != "point"]
    return found if len(found) >= FEWEST_LINES else []


def corners(region: Region) -> Corners:
    x1, y1, x2, y2 = region.box
    return region.points if region.shape == "quad" else (x1, y1, x2, y1, x2, y2, x1, y2)


def with_regions(specimen: Specimen, regions: dict[int, Region]) -> Specimen:
    """Some regions replaced; what refers to them by number stays as it is."""
    now = tuple(regions.get(i, each) for i, each in enumerate(specimen.sample.regions))
    return Specimen(replace(specimen.sample, regions=now), specimen.images)


def opened(specimen: Specimen, index: int) -> Image.Image | None:
    data = specimen.images.get(specimen.sample.media[index].sha256) if index < len(specimen.sample.media) else None
    # A turned file would have to be turned first; none of the clean sets that this is planted in has one.
    turned = data is None or specimen.sample.media[index].orientation != 1
    return None if data is None or turned else Image.open(io.BytesIO(data)).convert("RGB")


def without(specimen: Specimen, gone: set[int]) -> Specimen:
    """The specimen without some regions, which no step may speak of; places in turns are counted anew."""
    sample = specimen.sample
    left = [i for i in range(len(sample.regions)) if i not in gone]
    now = {old: new for new, old in enumerate(left)}
    messages = tuple(
        replace(
            turn,
            parts=tuple(
                replace(part, index=now[part.index]) if part.kind == "region" else part
                for part in turn.parts
                if part.kind != "region" or part.index in now
            ),
        )
        for turn in sample.messages
    )
    regions = tuple(sample.regions[i] for i in left)
    return Specimen(replace(sample, regions=regions, messages=messages), specimen.images)
