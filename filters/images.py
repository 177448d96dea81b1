"""Signals of the pixels tier over the rows of a table of samples: each distinct image is decoded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from filters.measuring import measure_image, measure_screens
from filters.reducing import Value, reduce_units
from filters.signal import Signal
from model.image import ImageError

_Key = tuple[str, int]  # an image's SHA-256 and its EXIF orientation


@dataclass(frozen=True)
class Images:
    """Where the bytes of images come from, by their SHA-256."""

    fetch: Callable[[str], bytes | None]

    @classmethod
    def of(cls, given: Mapping[str, bytes] | Callable[[str], bytes | None] | None) -> Images | None:
        if given is None:
            return None
        return cls(given.get if isinstance(given, Mapping) else given)

    def get(self, sha256: str) -> bytes:
        """Raises ImageError where there are none."""
        if (data := self.fetch(sha256)) is None:
            raise ImageError("empty", f"nobody gave the bytes of the image {sha256 or '(not bytes)'}")
        return data


def measure_pixels(
    samples: pa.Table, signals: Sequence[Signal], images: Images | None
) -> tuple[list[dict[str, Any]], list[str]]:
    """The signals reduced to the samples, a dict for each row, and why an image of the row can't be used, or "".

    Raises ValueError where rows have images and `images` is None.
    """
    rows = zip(samples.column("media").to_pylist(), samples.column("steps").to_pylist(), strict=True)
    of_media = [each for each in signals if each.grain == "media"]
    of_steps = [each for each in signals if each.grain == "step"]
    known = _Known(images, of_media, of_steps)
    found, errors = [], []
    for media, steps in rows:
        keys = [(medium["sha256"], medium["orientation"] or 1) for medium in media or []]
        values = [known.image(key) for key in keys]
        errors.append(min((value["error"] for value in values if "error" in value), default=""))
        row = {each.name: reduce_units(each, [value.get(each.name) for value in values]) for each in of_media}
        if of_steps:
            row |= known.screens(keys, [step["media"] for step in steps or []])
        found.append(row)
    return found, errors


class _Known:
    """What has been measured of images and pairs of screens so far."""

    def __init__(self, images: Images | None, of_media: Sequence[Signal], of_steps: Sequence[Signal]) -> None:
        self._source, self._of_media, self._of_steps = images, of_media, of_steps
        self._images: dict[_Key, dict[str, Any]] = {}

    def image(self, key: _Key) -> dict[str, Any]:
        """The values of an image's signals, or its `error`."""
        if key not in self._images:
            try:
                self._images[key] = measure_image(self._bytes(key), key[1], self._of_media)
            except ImageError as error:
                self._images[key] = {"error": str(error)}
        return self._images[key]

    def screens(self, keys: Sequence[_Key], places: Sequence[int]) -> dict[str, Value | list[Value]]:
        """The values of the signals that compare the screens of a trajectory: the images that its steps show."""
        if len(keys) < 2 or len(places) < 2:
            return {}
        media = [(self._bytes(key) if "error" not in self.image(key) else b"", key[1]) for key in keys]
        return measure_screens(media, places, self._of_steps)

    def _bytes(self, key: _Key) -> bytes:
        if self._source is None:
            raise ValueError("signals of pixels need the images: give `images`, or name other `signals`")
        return self._source.get(key[0])
