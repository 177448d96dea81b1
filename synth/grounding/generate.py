"""The generator of scenes: a picture, then six samples about it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from synth.generator import Generator, Make
from synth.grounding.patches import Pixels
from synth.grounding.questions import VIEWS, ask, sample_of
from synth.grounding.scene import Scene, paint, plan_scene
from synth.specimen import Specimen, medium


def jpeg(picture: Pixels, quality: int) -> bytes:
    """(height, width, 3) levels as a JPEG file, colours at full width where the quality is high."""
    import simplejpeg

    sampling = "444" if quality >= 92 else "420"
    data: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(picture), quality, "RGB", sampling)
    return data


def drawn(rng: random.Random) -> tuple[Scene, bytes]:
    """A scene and its file. The same state of `rng` gives the same bytes."""
    scene = plan_scene(rng)
    return scene, jpeg(paint(scene), rng.randint(78, 96))


def make(rng: random.Random) -> Sequence[Specimen]:
    scene, data = drawn(rng)
    media = medium(data)
    tags = (f"crowd:{scene.crowd}", f"ground:{scene.ground.style}", "apart" if scene.apart else "touching")
    return [Specimen(sample_of(question, media, tags), {media.sha256: data}) for question in ask(rng, scene)]


@contextmanager
def _open() -> Iterator[Make]:
    yield make


GENERATOR = Generator(
    name="scenes",
    about="drawn objects with their boxes: find, refer, point, count, and ask for what is not there",
    version=2,
    views=VIEWS,
    libraries=("pillow", "opencv-python-headless", "numpy", "simplejpeg"),
    cannot=(
        "Things are flat drawings of 38 kinds in 12 colours, and nothing hides more than a thirtieth of another.",
        "Prompts and answers are English and come from a few dozen templates.",
        "A point counts as right anywhere in the box of its thing, also where the thing itself leaves the box empty.",
    ),
    open=_open,
)
