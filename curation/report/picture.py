"""Small pictures for the page: decoded as every stage decodes, turned upright, re-encoded without any metadata."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from curation.contract.sample import Region
from curation.media import MediaStore
from model.geometry import scale_points
from model.image import ImageError, Pixels, decode

SIDE = 160  # pixels of a thumbnail's longer side
_QUALITY = 78

Outline = tuple[str, int, Region]  # colour, width in pixels of the thumbnail, and a region in displayed pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A thumbnail as a data URI with its size, or the reason why there is none."""

    uri: str = ""
    width: int = 0
    height: int = 0
    error: str = ""


@dataclass
class Thumbnails:
    """Thumbnails of a store's media, each encoded once; `side` is their longer side in pixels."""

    media: MediaStore
    side: int = SIDE
    _made: dict[tuple[str, int], Picture] = field(default_factory=dict)

    def of(self, sha256: str, orientation: int) -> Picture:
        key = (sha256, orientation)
        if key not in self._made:
            self._made[key] = self.drawn(sha256, orientation, self.side)
        return self._made[key]

    def drawn(self, sha256: str, orientation: int, side: int, outlines: Sequence[Outline] = ()) -> Picture:
        """A picture whose longer side is at most `side` pixels, with regions drawn on it."""
        try:
            pixels = decode(self.media.get(sha256), orientation)
        except ImageError as error:
            return Picture(error=str(error))
        except OSError:
            return Picture(error="the store does not have this image")
        image = outlined(pixels, side, outlines)
        return Picture(uri=_data_uri(image), width=image.width, height=image.height)


def outlined(pixels: Pixels, side: int, outlines: Sequence[Outline]) -> Image.Image:
    """A displayed image [H, W, 3] made no larger than `side` pixels, with regions drawn on it."""
    image = Image.fromarray(pixels)
    displayed = image.size
    image.thumbnail((side, side))
    for colour, width, region in outlines:
        _outline(image, colour, width, region, displayed)
    return image


def _outline(image: Image.Image, colour: str, width: int, region: Region, displayed: tuple[int, int]) -> None:
    """Lines grow inwards: what is drawn later and narrower at the same place leaves a rim of what was there before."""
    draw = ImageDraw.Draw(image)
    points = scale_points(region.points if region.shape == "point" else region.box, displayed, image.size)
    if region.shape == "point":
        draw.circle(points, 4 + width, outline=colour, width=width)
    else:
        draw.rectangle(points, outline=colour, width=width)


def _data_uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY, subsampling=0)  # thin lines keep their colour
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
