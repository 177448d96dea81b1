"""The generator of clips: a clip, then three samples about it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from filters.reading.opencv import opencv
from synth.generator import Generator, Make
from synth.grounding.patches import Pixels
from synth.specimen import Specimen, medium
from synth.video.clip import Clip, clip_bytes, clip_name, draw_frame, plan_clip
from synth.video.questions import VIEWS, ask, locatable, sample_of


def planned(rng: random.Random) -> Clip:
    """The first clip in which something happens once and lasts long enough to be asked for."""
    while not locatable(clip := plan_clip(rng)):
        pass
    return clip


def png(picture: Pixels) -> bytes:
    cv2 = opencv()
    done, data = cv2.imencode(".png", picture[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 3])
    assert done, "PNG takes every picture"
    return bytes(data)


def make(rng: random.Random) -> Sequence[Specimen]:
    clip = planned(rng)
    asked = ask(rng, clip)
    name = clip_name(clip_bytes(clip))
    files = {frame: png(draw_frame(clip, frame)) for question in asked for frame in question.shown.indices}
    media = {frame: medium(data, f"{name}#t={clip.seconds(frame):.3f}") for frame, data in files.items()}
    return [
        Specimen(
            sample_of(question, [media[frame] for frame in question.shown.indices]),
            {media[frame].sha256: files[frame] for frame in question.shown.indices},
        )
        for question in asked
    ]


@contextmanager
def _open() -> Iterator[Make]:
    yield make


GENERATOR = Generator(
    name="video",
    about="short drawn clips as frames with their times: when, what, how often",
    version=1,
    views=VIEWS,
    libraries=("pillow", "opencv-python-headless", "numpy"),
    cannot=(
        "Clips are flat drawings of 4 to 40 seconds; nothing turns, hides or changes its size.",
        "A sample holds at most 64 frames, as images; the clip itself is not a medium of the sample.",
        "How Qwen spells hmsf is not published; h:mm:ss:ff is this platform's choice.",
    ),
    open=_open,
)
