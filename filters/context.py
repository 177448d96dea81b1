"""What measuring needs besides the data: for which model it looks, and the models and word lists that it uses.

Each has a default that works without any file. What is configured counts into the fingerprint of what is measured.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from model.family import family
from model.geometry import seen_size


@dataclass(frozen=True)
class Context:
    """`family`, `min_pixels` and `max_pixels` say how a model sees an image (the recipe's `render`), the rest are the
    files of the recipe's `measure` block; "" means the packaged default, or that the signal is not measured."""

    family: str = "qwen2_5_vl"
    min_pixels: int = 3136
    max_pixels: int = 12_845_056
    language_model: str = ""
    quality_model: str = ""
    unsafe_words: str = ""
    unsafe_model: str = ""

    def settings(self) -> dict[str, Any]:
        """What the values depend on: the fields, each file by the hash of its bytes."""
        return {
            name: _hashed(value) if isinstance(value, str) and value and name != "family" else value
            for name, value in asdict(self).items()
        }

    def seen(self, width: pl.Series, height: pl.Series) -> pl.DataFrame:
        """Columns `width`, `height` (int64 pixels) and `tokens` of images as the family's model sees them.

        Null where a displayed size is unknown, or where the model would refuse it.
        """
        sizes = [_seen(self.family, self.min_pixels, self.max_pixels, w, h) for w, h in zip(width, height, strict=True)]
        return pl.DataFrame(sizes, schema=dict.fromkeys(("width", "height", "tokens"), pl.Int64), orient="row")


@functools.lru_cache(maxsize=65_536)
def _seen(
    name: str, min_pixels: int, max_pixels: int, width: int | None, height: int | None
) -> tuple[int | None, int | None, int | None]:
    if width is None or height is None:
        return None, None, None
    try:
        size, tokens = seen_size((width, height), family(name), min_pixels, max_pixels)
    except ValueError:
        return None, None, None
    return size[0], size[1], tokens


def _hashed(path: str) -> str:
    """A file's name and the hash of its bytes. Raises FileNotFoundError, naming the file."""
    file = Path(path)
    stat = file.stat()
    return f"{file.name} {_hash(path, stat.st_size, stat.st_mtime_ns)}"


@functools.lru_cache(maxsize=32)
def _hash(path: str, size: int, changed: int) -> str:
    """Of a file as it was then: models are large, and every plan asks for their hashes."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]
