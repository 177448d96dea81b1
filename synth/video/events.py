"""What happens in a clip and when: runs of frames, read off its plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from synth.grounding.patches import silhouette
from synth.video.clip import Actor, Clip

Doing = Literal["visible", "number", "colour", "still", "touch"]
LEAST_STILL = 2.0  # seconds: less is no pause that one would speak of
_EDGE = 0.6  # seconds from the clip's ends within which a turn or a crossing is not sure to be seen
_LINE = 8  # pixels around the middle line, where a pause leaves open whether it was crossed


@dataclass(frozen=True, slots=True)
class Event:
    """From frame `start` up to `end` (left out). `says` is the event as a clause, `begins` its first moment."""

    doing: Doing
    name: str
    start: int
    end: int
    says: str
    begins: str


def events(clip: Clip) -> list[Event]:
    """All that lasts, things in the order of their rows; of a pause or a touch each time."""
    found: list[Event] = []
    for actor in clip.actors:
        found += _seen(clip, actor)
        found += _pauses(clip, actor)
    for mover, other in pairs(clip):
        says = f"the {mover.name} touches the {other.name}"
        found += [Event("touch", mover.name, start, end, says, says) for start, end in touches(clip, mover, other)]
    if clip.number:
        found.append(Event("number", "number", *clip.shown, "a number is shown", "a number is shown"))
    return found


def _seen(clip: Clip, actor: Actor) -> list[Event]:
    found = []
    if (actor.first, actor.last) != (0, clip.frames):
        begins = f"the {actor.name} appears" if actor.first else ""
        says = f"the {actor.name} is visible"
        found.append(Event("visible", actor.name, actor.first, actor.last, says, begins))
    if actor.turns < actor.last:
        second = actor.colours[1]
        says, begins = f"the {actor.kind} is {second}", f"the {actor.name} turns {second}"
        found.append(Event("colour", actor.name, actor.turns, actor.last, says, begins))
    return found


def _pauses(clip: Clip, actor: Actor) -> list[Event]:
    if actor.still or partner(clip, actor):
        return []
    says = f"the {actor.name} stands still"
    return [Event("still", actor.name, *run, says, f"the {actor.name} stops") for run in pauses(clip, actor)]


def pauses(clip: Clip, actor: Actor) -> list[tuple[int, int]]:
    """The runs of frames in which a thing does not move, wholly within what is seen of it."""
    runs = _runs(actor.xs)
    least = LEAST_STILL * clip.rate
    return [(a, b) for a, b in runs if b - a >= least and a > actor.first + 1 and b < actor.last - 1]


def _runs(values: Sequence[int]) -> list[tuple[int, int]]:
    found, start = [], 0
    for _, group in groupby(values):
        length = len(list(group))
        found.append((start, start + length))
        start += length
    return found


def pairs(clip: Clip) -> list[tuple[Actor, Actor]]:
    """Whoever moves in the same row as one that stands."""
    return [(actor, other) for actor in clip.actors if not actor.still and (other := partner(clip, actor))]


def partner(clip: Clip, actor: Actor) -> Actor | None:
    return next((other for other in clip.actors if other is not actor and other.y == actor.y), None)


def touches(clip: Clip, mover: Actor, other: Actor) -> list[tuple[int, int]]:
    """The runs of frames in which the two boxes meet."""
    reach = silhouette(mover.kind, mover.side, 0).box[2]
    limit = other.xs[0] + silhouette(other.kind, other.side, 0).box[0]
    meets = [x + reach >= limit for x in mover.xs]
    return [(a, b) for a, b in _true_runs(meets)]


def _true_runs(values: Sequence[bool]) -> list[tuple[int, int]]:
    found, start = [], 0
    for value, group in groupby(values):
        length = len(list(group))
        if value:
            found.append((start, start + length))
        start += length
    return found


def turns_at_borders(clip: Clip, actor: Actor) -> int | None:
    """How often a thing turns round; None where it is not seen all the time, or so near to an end that one might miss
    it."""
    steps = [(frame, b - a) for frame, (a, b) in enumerate(zip(actor.xs, actor.xs[1:], strict=False)) if a != b]
    frames = [after[0] for before, after in zip(steps, steps[1:], strict=False) if before[1] * after[1] < 0]
    return _sure(clip, actor, frames)


def crossings(clip: Clip, actor: Actor) -> int | None:
    """How often a thing's middle passes the middle line; None where that is open."""
    box = silhouette(actor.kind, actor.side, 0).box
    aside = [x + (box[0] + box[2]) / 2 - clip.size[0] // 2 for x in actor.xs]
    if any(abs(aside[start]) < _LINE for start, _ in pauses(clip, actor)):
        return None
    frames = [frame for frame, (a, b) in enumerate(zip(aside, aside[1:], strict=False)) if (a < 0) != (b < 0)]
    return _sure(clip, actor, frames)


def _sure(clip: Clip, actor: Actor, frames: Sequence[int]) -> int | None:
    edge = _EDGE * clip.rate
    seen = (actor.first, actor.last) == (0, clip.frames)
    return len(frames) if seen and all(edge <= frame < clip.frames - edge for frame in frames) else None
