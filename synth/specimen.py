"""A sample with the bytes of its images: what generators make, and what defects are planted in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from curation.contract.sample import Media, Sample
from model.image import read_header


@dataclass(frozen=True, slots=True)
class Specimen:
    """A sample and the original bytes of its images, by their SHA-256."""

    sample: Sample
    images: dict[str, bytes]


def medium(data: bytes, uri: str = "") -> Media:
    """What ingest would know of an image file from its header alone. Raises `model.image.ImageError` where the bytes
    are no image that is read."""
    header = read_header(data)
    return Media(
        sha256=hashlib.sha256(data).hexdigest(),
        mime=header.mime,
        width=header.width,
        height=header.height,
        orientation=header.orientation,
        size=len(data),
        mode=header.mode,
        frames=header.frames,
        uri=uri,
    )
