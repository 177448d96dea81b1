"""Whether clips are as their samples say: the file is decoded, things are found in it by their colour, and each prompt
is answered anew from where they were seen."""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageSequence

from curation.contract.sample import Sample
from synth.generator import Make
from synth.grounding.scene import COLOURS
from synth.specimen import Specimen
from synth.video.clip import Clip, clip_bytes
from synth.video.generate import planned

Frames = list[npt.NDArray[np.int16]]
Run = tuple[int, int]
_NEAR = 30  # levels from its colour within which a pixel counts as a thing's
_NUMBER_ROWS = 36
_STILL = 2.0  # seconds
_TIPS = 8  # pixels: how far the full colour of two things may end from where their pointed tips meet


@dataclass(frozen=True)
class Track:
    """Where a colour is seen: its left and right edge in each frame, -1 where it is not."""

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        return self.left >= 0


def wrong(made: Sequence[Specimen], again: Make | None, rng_key: str) -> list[str]:
    """A message for each fault of one clip's samples, made from `random.Random(rng_key)`; [] where all is right."""
    clip = planned(random.Random(rng_key))
    data = clip_bytes(clip)
    frames = decoded(data, clip.rate)
    said = []
    if again and [each.sample for each in again(random.Random(rng_key))] != [each.sample for each in made]:
        said.append("made again, the samples are others")
    if len(frames) != clip.frames:
        return [*said, f"the file has {len(frames)} frames, not {clip.frames}"]
    tracks = {tone: _track(frames, tone) for actor in clip.actors for tone in actor.colours}
    for view, each in enumerate(made):
        faults = [*_shown(each, data, frames, clip.rate), *_answered(each.sample, clip, frames, tracks)]
        said += [f"view {view}: {fault}" for fault in faults]
    return said


def decoded(data: bytes, rate: int) -> Frames:
    """The frames of an animated file, one for each `rate`th of a second."""
    found: Frames = []
    passed = 0.0
    with Image.open(io.BytesIO(data)) as image:
        for frame in ImageSequence.Iterator(image):
            pixels = np.asarray(frame.convert("RGB")).astype(np.int16)
            passed += frame.info["duration"]  # known once the frame is decoded
            found += [pixels] * (round(passed * rate / 1000) - len(found))
    return found


def _track(frames: Frames, tone: str) -> Track:
    left, right = np.full(len(frames), -1), np.full(len(frames), -1)
    for index, frame in enumerate(frames):
        runs = _runs((np.abs(frame - COLOURS[tone]).max(axis=2) < _NEAR).sum(axis=0) >= 2)
        wide = [run for run in runs if run[1] - run[0] > 2]  # not the soft edge of a thing of another colour
        if sum(end - start for start, end in wide) > 5:
            left[index], right[index] = wide[0][0], wide[-1][1]
    return Track(left, right)


def _shown(specimen: Specimen, data: bytes, frames: Frames, rate: int) -> list[str]:
    """Whether the sample's images are the file's frames at the times that stand before them."""
    said = []
    parts = specimen.sample.messages[0].parts
    for index, medium in enumerate(specimen.sample.media):
        name, time = medium.uri.split("#t=")
        if name != f"clip-{hashlib.sha256(data).hexdigest()[:16]}.webp":
            said.append(f"frame {index} is said to be from {name}")
        picture = np.asarray(Image.open(io.BytesIO(specimen.images[medium.sha256])).convert("RGB"))
        if not np.array_equal(picture, frames[round(float(time) * rate)]):
            said.append(f"frame {index} is not what the clip shows at {time}")
        if abs(_seconds(parts[2 * index].text.strip(" []s"), rate) - float(time)) > 0.006:
            said.append(f"frame {index} at {time} has {parts[2 * index].text!r} before it")
    return said


def _seconds(text: str, rate: int) -> float:
    """`1.25`, or hours, minutes, seconds and frames."""
    numbers = [float(part) for part in text.split(":")]
    return numbers[0] if len(numbers) == 1 else 3600 * numbers[0] + 60 * numbers[1] + numbers[2] + numbers[3] / rate


def _answered(sample: Sample, clip: Clip, frames: Frames, tracks: dict[str, Track]) -> list[str]:
    prompt = sample.messages[0].parts[-1].text.strip()
    said = sample.messages[1].parts[0].text
    if prompt.startswith(("When", "From when")):
        run = _when(prompt, clip, frames, tracks)
        times = json.loads(said)
        found = [_seconds(str(times[name]), clip.rate) for name in ("start_time", "end_time")]
        reference = json.loads(sample.answer.text)
        off = [
            abs(a - b / clip.rate)
            for times in (found, list(reference.values())[:2])
            for a, b in zip(times, run, strict=True)
        ]
        frames_off = 2 if "touch" in prompt else 1  # a slow thing takes two frames for a pixel
        return (
            [f"{prompt!r}: {run} at {clip.rate} a second, not {said}"]
            if max(off) > frames_off * 1.01 / clip.rate
            else []
        )
    wanted = _text(prompt, clip, frames, tracks)
    if wanted is None:
        return []
    return [] if said == wanted == sample.answer.text else [f"{prompt!r}: {wanted}, not {said}"]


def _when(prompt: str, clip: Clip, frames: Frames, tracks: dict[str, Track]) -> Run:
    question = prompt.split("?")[0]
    if "number" in question:
        return _one(_runs(_written(frames)))
    tones = re.findall("|".join(COLOURS), question)
    if "stand still" in question or "rest" in question:
        return _one(_rests(_both(clip, tones[0], tracks), clip.rate))
    if "touch" in question:
        return _one(_meetings(tracks[tones[0]], tracks[tones[1]]))
    if "visible" in question or "seen" in question:
        return _one(_runs(_both(clip, tones[0], tracks).seen))
    return _one(_runs(tracks[tones[0]].seen))


def _text(prompt: str, clip: Clip, frames: Frames, tracks: dict[str, Track]) -> str | None:
    """The right answer in words, None for the number itself, which is not read here."""
    tones = re.findall("|".join(COLOURS), prompt)
    if "different things" in prompt:
        return str(sum(bool(tracks[actor.colours[0]].seen.any()) for actor in clip.actors))
    if prompt.startswith(("What number", "Which number")):
        return None
    if prompt.startswith("Is a number"):
        return "yes" if _written(frames).any() else "no"
    if prompt.startswith("What happens first"):
        first, second = re.match(r"What happens first: (.*), or (.*)\? Answer", prompt).groups()  # type: ignore[union-attr]
        return min((first, second), key=lambda clause: _begins(clause, clip, frames, tracks))
    track = _both(clip, tones[0], tracks)
    others = [actor.colours[1] for actor in clip.actors if actor.colours[0] == tones[0]]
    if prompt.startswith("Which colour"):
        return others[0] if tracks[others[0]].seen.any() else "none"
    if "change its colour" in prompt:
        return "yes" if others[0] != tones[0] and tracks[others[0]].seen.any() else "no"
    if "all the time" in prompt:
        return "yes" if track.seen.all() else "no"
    if "at the end" in prompt:
        return "yes" if track.seen[-1] else "no"
    if "touch" in prompt:
        return str(len(_meetings(track, tracks[tones[1]])))
    if "stop for two" in prompt:
        return str(len(_rests(track, clip.rate)))
    middle = (track.left + track.right) / 2
    if "cross the middle" in prompt:
        return str(int(np.count_nonzero(np.diff(np.sign(middle - clip.size[0] / 2 - 0.01)))))
    steps = np.diff(track.left)
    return str(int(np.count_nonzero(np.diff(np.sign(steps[steps != 0])))))


def _begins(clause: str, clip: Clip, frames: Frames, tracks: dict[str, Track]) -> int:
    """The frame in which something begins."""
    tones = re.findall("|".join(COLOURS), clause)
    if "number" in clause:
        return _one(_runs(_written(frames)))[0]
    if "stops" in clause:
        return _rests(_both(clip, tones[0], tracks), clip.rate)[0][0]
    if "turns" in clause:
        return _runs(tracks[tones[1]].seen)[0][0]
    if "touches" in clause:
        return _meetings(tracks[tones[0]], tracks[tones[1]])[0][0]
    return _runs(_both(clip, tones[0], tracks).seen)[0][0]


def _both(clip: Clip, tone: str, tracks: dict[str, Track]) -> Track:
    """The track of a thing in whichever of its colours."""
    first, second = next(actor.colours for actor in clip.actors if actor.colours[0] == tone)
    seen = tracks[first].seen
    return Track(
        np.where(seen, tracks[first].left, tracks[second].left),
        np.where(seen, tracks[first].right, tracks[second].right),
    )


def _written(frames: Frames) -> npt.NDArray[np.bool_]:
    return np.array([bool((frame[:_NUMBER_ROWS].max(axis=2) < 60).any()) for frame in frames])


def _rests(track: Track, rate: int) -> list[Run]:
    """Where a thing is seen and does not move for two seconds, neither at once as it comes nor until it goes."""
    still = np.concatenate([[False], np.diff(track.left) == 0])
    runs = [(start - 1, end) for start, end in _runs(still & track.seen)]
    seen = _runs(track.seen)[0]
    return [(a, b) for a, b in runs if b - a >= _STILL * rate and a > seen[0] + 1 and b < seen[1] - 1]


def _meetings(mover: Track, other: Track) -> list[Run]:
    gap = other.left - mover.right
    return _runs(gap == gap.min()) if gap.min() <= _TIPS else []


def _runs(values: npt.NDArray[np.bool_]) -> list[Run]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], values.astype(np.int8), [0]])))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _one(runs: list[Run]) -> Run:
    return runs[0] if len(runs) == 1 else (-1, -1)
