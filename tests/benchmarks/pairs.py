"""Image-text pairs for timing: files of about 29 kB as web crawls hold them, every one of them different.

Textures of fractal noise with a few edges, 382 x 326 pixels on average, JPEG quality 72 to 95, one in eight
progressive, one in five without chroma subsampling, one in fifty grey; captions of about 164 characters. The same
numbers give the same pixels and captions; the files' bytes follow the version of Pillow.
"""

from __future__ import annotations

import functools
import io
import json
import random
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

_BASES, _SIDE = 48, 640  # textures that files are cut from, and their side in pixels
_CHUNK = 500
_WORDS = (
    "amber arch autumn barn beach bench bicycle bird bloom blue boat boulder branch brick bridge bright brook cabin "
    "calm candle canyon carved castle child clay cliff cloud coast copper corner crowd curtain dawn deep distant dock "
    "door dusk dusty early edge empty evening faded farmer fence fern field fish flat fog forest garden gate glass "
    "golden grass green grey harbour hat heavy hedge hill horse house kettle lamp lantern large leaf light little "
    "lonely low market meadow mist morning moss mountain narrow near old orange orchard painted pale path pebble pine "
    "plain pond porch quiet rail rain red ridge river road roof rope round rusty sail sand shadow shore silver sky "
    "small smoke snow spring square steep stone street summer tall thin tower track tree valley wall warm "
    "water wave white wide wind window winter wooden yellow"
).split()
_SMALL = "a the of in by with under near over on and behind beside".split()


def draw_pairs(folder: Path, rows: int, seed: int = 0, jobs: int = 2) -> Path:
    """`folder/pairs.jsonl` (id, image, caption) and `folder/images/`. What is there already is left as it is."""
    done = folder / "pairs.jsonl"
    if done.exists():
        return folder
    starts = range(0, rows, _CHUNK)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        sizes = [min(_CHUNK, rows - start) for start in starts]
        lines = [*pool.map(_draw_chunk, [folder] * len(starts), starts, sizes, [seed] * len(starts))]
    partial = done.with_suffix(".partial")
    partial.write_text("".join(lines), encoding="utf-8")
    partial.rename(done)  # last: a folder with this file is whole
    return folder


def _draw_chunk(folder: Path, start: int, count: int, seed: int) -> str:
    bases = _textures(seed)
    lines = []
    for index in range(start, start + count):
        rng = random.Random(f"{seed}/{index}")
        name = f"images/{index // 1000:04}/{index:07}.jpg"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_jpeg(bases[index % _BASES], rng))
        lines.append(json.dumps({"id": f"{index:07}", "image": name, "caption": _caption(rng)}) + "\n")
    return "".join(lines)


@functools.cache
def _textures(seed: int) -> list[npt.NDArray[np.uint8]]:
    return [_texture(np.random.default_rng((seed, index))) for index in range(_BASES)]


def _texture(rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """[_SIDE, _SIDE, 3]: octaves of noise, finer ones weaker, with a few large shapes."""
    field = np.zeros((_SIDE, _SIDE, 3), np.float32)
    for octave in range(2, 10):
        cells = 2**octave
        coarse = rng.normal(0, 1, (cells, cells, 3)) * (0.55 if octave > 3 else 1) + rng.normal(0, 1, (cells, cells, 1))
        layers = [
            Image.fromarray(coarse[..., channel].astype(np.float32)).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
            for channel in range(3)
        ]
        field += np.dstack([np.asarray(layer) for layer in layers]) * 0.79 ** (octave - 2)
    for _ in range(6):
        x, y, width, height = rng.integers(0, _SIDE, 2).tolist() + rng.integers(40, 240, 2).tolist()
        field[y : y + height, x : x + width] += rng.normal(0, 1.2, 3)
    scaled = 127 + 38 * field / field.std()
    return np.clip(scaled, 0, 255).astype(np.uint8)


def _jpeg(base: npt.NDArray[np.uint8], rng: random.Random) -> bytes:
    """A cut of the texture, flipped, brightened and encoded: no two are alike."""
    width, height = rng.randint(256, 508), rng.randint(220, 432)
    x, y = rng.randint(0, _SIDE - width), rng.randint(0, _SIDE - height)
    cut = base[y : y + height, x : x + width][:: rng.choice((1, -1)), :: rng.choice((1, -1))]
    image = Image.fromarray(np.ascontiguousarray(cut)).point(_curve(rng.uniform(0.75, 1.25), rng.uniform(-18, 18)))
    if rng.random() < 0.02:
        image = image.convert("L")
    buffer = io.BytesIO()
    kinds = {"progressive": rng.random() < 0.12, "subsampling": 0 if rng.random() < 0.2 else 2}
    image.save(buffer, "JPEG", quality=rng.randint(72, 95), **kinds)
    return buffer.getvalue()


def _curve(gain: float, shift: float) -> list[int]:
    return [max(0, min(255, round(128 + gain * (level - 128) + shift))) for level in range(256)] * 3


def _caption(rng: random.Random) -> str:
    wanted, words = rng.randint(90, 235), [rng.choice(("A", "The", "One", "Some"))]
    while sum(map(len, words)) + len(words) < wanted:
        words.append(rng.choice(_SMALL) if rng.random() < 0.3 else rng.choice(_WORDS))
        if rng.random() < 0.06:
            words[-1] += ","
    return " ".join(words) + "."
