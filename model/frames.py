"""Frames of a clip: which of them a Qwen model looks at, and a folder that keeps them, so that a clip is decoded once.

The paper on Qwen2.5-VL names the decoding of videos as a bottleneck that was met by keeping what was decoded.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageSequence

from model.complete import complete_or_absent

# qwen-vl-utils 0.0.14
FPS, FRAME_FACTOR, FPS_MIN_FRAMES, FPS_MAX_FRAMES = 2.0, 2, 4, 768
_ANIMATED = ("WEBP", "GIF", "PNG")
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How frames are taken: `fps` of them a second, as far as their number stays within the limits."""

    fps: float = FPS
    min_frames: int = FPS_MIN_FRAMES
    max_frames: int = FPS_MAX_FRAMES


@dataclass(frozen=True, slots=True)
class Frames:
    """`pictures` are PNG files, `times` where they stand in the clip, in seconds."""

    times: tuple[float, ...]
    pictures: tuple[bytes, ...]


def frame_count(total: int, video_fps: float, sampling: Sampling = Sampling()) -> int:  # noqa: B008
    """How many of a clip's `total` frames are shown, an even number: `smart_nframes` of qwen-vl-utils 0.0.14.

    Raises ValueError for a clip of fewer than two frames or without a rate.
    """
    if total < FRAME_FACTOR or not 0 < video_fps < math.inf:
        raise ValueError(f"{total} frames at {video_fps} a second are no clip; it takes at least {FRAME_FACTOR}")
    least = math.ceil(sampling.min_frames / FRAME_FACTOR) * FRAME_FACTOR
    most = min(sampling.max_frames, total) // FRAME_FACTOR * FRAME_FACTOR
    wanted = min(max(total / video_fps * sampling.fps, least), most)
    return int(wanted // FRAME_FACTOR * FRAME_FACTOR)


def frame_indices(total: int, count: int) -> list[int]:
    """`count` indices evenly from the first to the last of `total` frames, halves rounded to even as torch does."""
    return [int(index) for index in np.linspace(0, total - 1, count).round()]


def read_frames(clip: Path, sampling: Sampling = Sampling(), cache: Path | None = None) -> Frames:  # noqa: B008
    """The sampled frames of a clip, from the folder `cache` where they are in it, and else decoded and put there.

    Clips are known by the SHA-256 of their bytes, whatever their files are called. Animated WebP, GIF and PNG are read
    by Pillow, where a frame that lasts longer stands for several; all else by OpenCV. What the folder holds of a clip
    is whole or absent, also where several processes fill it. Raises ValueError for a file without at least two frames.
    """
    if cache is None:
        return _decoded(clip, sampling)
    with clip.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    key = hashlib.sha256(json.dumps(asdict(sampling), sort_keys=True).encode()).hexdigest()[:16]
    folder = cache / sha256[:2] / f"{sha256}-{key}"
    if not folder.is_dir():
        _keep(_decoded(clip, sampling), folder)
    times = json.loads((folder / "times.json").read_text(encoding="utf-8"))
    return Frames(tuple(times), tuple((folder / f"{index:05d}.png").read_bytes() for index in range(len(times))))


def _keep(frames: Frames, folder: Path) -> None:
    """Writes the folder, unless another process has done so meanwhile."""
    try:
        with complete_or_absent(folder) as partial:
            for index, picture in enumerate(frames.pictures):
                (partial / f"{index:05d}.png").write_bytes(picture)
            (partial / "times.json").write_text(json.dumps(frames.times), encoding="utf-8")
    except OSError:
        if not folder.is_dir():
            raise


def _decoded(clip: Path, sampling: Sampling) -> Frames:
    try:
        with Image.open(clip, formats=_ANIMATED) as image:
            shown = list(_animation(image))
        return _of_animation(shown, sampling)
    except Image.UnidentifiedImageError:
        return _of_video(clip, sampling)


def _animation(image: Image.Image) -> Iterator[tuple[Pixels, int]]:
    """Each stored frame as RGB [H, W, 3] with the milliseconds that it is shown."""
    for frame in ImageSequence.Iterator(image):
        pixels = np.asarray(frame.convert("RGB"))
        yield pixels, int(frame.info.get("duration", 0)) or 100  # as browsers take a frame without a duration


def _of_animation(shown: Sequence[tuple[Pixels, int]], sampling: Sampling) -> Frames:
    lasts = [milliseconds for _, milliseconds in shown]
    starts = np.cumsum([0, *lasts])
    # Durations are whole milliseconds, and a frame that did not change lasts for several: the rate is by the shortest.
    usual = statistics.fmean(each for each in lasts if each <= min(lasts) + 1)
    total = round(int(starts[-1]) / usual)
    rate = total * 1000 / float(starts[-1])
    times = [index / rate for index in frame_indices(total, frame_count(total, rate, sampling))]
    at = np.searchsorted(starts, np.array(times) * 1000 + 1, side="right") - 1
    return Frames(tuple(times), tuple(_png(shown[min(int(index), len(shown) - 1)][0]) for index in at))


def _of_video(clip: Path, sampling: Sampling) -> Frames:
    import cv2

    video = cv2.VideoCapture(str(clip))
    try:
        total, rate = int(video.get(cv2.CAP_PROP_FRAME_COUNT)), float(video.get(cv2.CAP_PROP_FPS))
        indices = frame_indices(total, frame_count(total, rate, sampling))
        pictures = tuple(_png(frame) for frame in _grabbed(video, indices))
    finally:
        video.release()
    if len(pictures) < len(indices):
        raise ValueError(f"{clip.name} breaks off: {len(pictures)} of {len(indices)} frames could be read")
    return Frames(tuple(index / rate for index in indices), pictures)


def _grabbed(video: Any, indices: Sequence[int]) -> Iterator[Pixels]:
    """The frames of those indices, in order, as RGB; it ends early where the clip does."""
    at = -1
    for index in indices:
        while at < index:
            if not video.grab():
                return
            at += 1
        found, frame = video.retrieve()
        if not found:
            return
        yield np.ascontiguousarray(frame[:, :, ::-1])


def _png(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
