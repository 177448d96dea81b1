"""What is asked about a clip, three samples each: when something happens, what happens and in which order, how often.

A sample holds frames as images, each behind its time. The rate at which they are taken is drawn anew for each sample,
evenly over a range. Times are in seconds or as hour:minute:second:frame, a spelling of Qwen2.5-VL's hmsf that is a
platform default, as the report does not print one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from curation.contract.sample import Answer, Media, Part, Sample, Turn, Verifier, media_part, text_part
from model.frames import Sampling, frame_count, frame_indices
from synth.video.clip import Clip
from synth.video.events import Event, crossings, events, pairs, pauses, touches, turns_at_borders

VIEWS = 3
SLOWEST, FASTEST = 1.0, 4.0  # frames a second
MOST_FRAMES = 64
_APART = 1.5  # seconds between two moments whose order is asked
_INTERVALS = 2  # frames at least that an event must last to be asked for
_WHEN = {
    "visible": ("When is the {name} visible?", "From when until when can the {name} be seen?"),
    "number": ("When is a number shown?", "From when until when is a number written at the top?"),
    "colour": ("When is the {kind} {second}?", "From when until when is the {kind} {second}?"),
    "still": ("When does the {name} stand still?", "From when until when does the {name} rest?"),
    "touch": (
        "When does the {name} touch the {other}?",
        "From when until when are the {name} and the {other} in touch?",
    ),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a sample shows of a clip: the indices of its frames, and whether times are written as hmsf."""

    clip: Clip
    indices: tuple[int, ...]
    hmsf: bool

    @property
    def interval(self) -> float:
        return (self.indices[1] - self.indices[0]) / self.clip.rate

    def time(self, frame: int) -> float | str:
        """A frame's time as an answer holds it."""
        if not self.hmsf:
            return round(self.clip.seconds(frame), 2)
        seconds, rest = divmod(frame, self.clip.rate)
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}"

    def stamp(self, frame: int) -> str:
        """What stands before a frame."""
        return f"[{self.time(frame)}] " if self.hmsf else f"[{self.clip.seconds(frame):.2f} s] "


@dataclass(frozen=True, slots=True)
class Question:
    view: str
    prompt: str
    said: str
    answer: Answer
    shown: Shown


def ask(rng: random.Random, clip: Clip) -> list[Question]:
    """`VIEWS` questions, each with frames of its own. The clip must have something `locatable`."""
    return [_when(rng, _show(rng, clip)), _what(rng, _show(rng, clip)), _how_often(rng, _show(rng, clip))]


def _show(rng: random.Random, clip: Clip) -> Shown:
    sampling = Sampling(fps=rng.uniform(SLOWEST, FASTEST), max_frames=MOST_FRAMES)
    indices = frame_indices(clip.frames, frame_count(clip.frames, clip.rate, sampling))
    return Shown(clip, tuple(indices), rng.random() < 0.4)


def locatable(clip: Clip, interval: float = 1 / SLOWEST) -> list[Event]:
    """The events that happen once and last long enough to be found in frames `interval` seconds apart."""
    found = events(clip)
    times = [(event.doing, event.name) for event in found]
    return [
        event
        for event in found
        if times.count((event.doing, event.name)) == 1 and event.end - event.start >= _INTERVALS * interval * clip.rate
    ]


def _when(rng: random.Random, shown: Shown) -> Question:
    event = rng.choice(locatable(shown.clip, shown.interval) or locatable(shown.clip))
    actor = next((actor for actor in shown.clip.actors if actor.name == event.name), None)
    other = next((second.name for first, second in pairs(shown.clip) if first is actor), "")
    words = {"name": event.name, "other": other}
    words |= {"kind": actor.kind, "second": actor.colours[1]} if actor else {}
    way = f"as h:mm:ss:ff, at {shown.clip.rate} frames per second" if shown.hmsf else "in seconds"
    prompt = rng.choice(_WHEN[event.doing]).format(**words) + f" Answer in JSON with start_time and end_time {way}."
    said = json.dumps({"start_time": shown.time(event.start), "end_time": shown.time(event.end)})
    seconds = {"start_time": shown.clip.seconds(event.start), "end_time": shown.clip.seconds(event.end)}
    reference = {name: round(value, 3) for name, value in seconds.items()} | {"fps": shown.clip.rate}
    return Question(f"when_{event.doing}", prompt, said, _checked(json.dumps(reference), "interval"), shown)


def _what(rng: random.Random, shown: Shown) -> Question:
    ways: list[Callable[[random.Random, Clip], tuple[str, str] | None]] = [
        _first_of_two, _first_of_two, _which_number, _which_colour, _whether,
    ]  # fmt: skip
    rng.shuffle(ways)
    for way in ways:
        if asked := way(rng, shown.clip):
            return Question(way.__name__.strip("_"), asked[0], asked[1], _checked(asked[1], "exact"), shown)
    raise AssertionError("whether something happens can be asked of every clip")


def _first_of_two(rng: random.Random, clip: Clip) -> tuple[str, str] | None:
    """Two moments of different things, in either order."""
    once = [event for event in locatable(clip) if event.begins and event.start]
    rng.shuffle(once)
    for first in once:
        for second in once:
            if first.name != second.name and abs(first.start - second.start) >= _APART * clip.rate:
                sooner = min(first, second, key=lambda event: event.start)
                prompt = f"What happens first: {first.begins}, or {second.begins}? Answer with one of the two."
                return prompt, sooner.begins
    return None


def _which_number(rng: random.Random, clip: Clip) -> tuple[str, str] | None:
    prompts = ("What number is shown?", "Which number is written at the top for a while?")
    return (rng.choice(prompts), clip.number) if clip.number else None


def _which_colour(rng: random.Random, clip: Clip) -> tuple[str, str] | None:
    turning = [actor for actor in clip.actors if actor.turns < actor.last]
    if not turning:
        return None
    actor = rng.choice(turning)
    return f"Which colour does the {actor.name} turn?", actor.colours[1]


def _whether(rng: random.Random, clip: Clip) -> tuple[str, str] | None:
    actor = rng.choice(clip.actors)
    facts = [
        (f"Does the {actor.name} change its colour?", actor.turns < actor.last),
        ("Is a number shown at any time?", bool(clip.number)),
        (f"Is the {actor.name} visible all the time?", (actor.first, actor.last) == (0, clip.frames)),
        (f"Is the {actor.name} visible at the end?", actor.last == clip.frames),
    ]
    prompt, fact = rng.choice(facts)
    return f"{prompt} Answer yes or no.", "yes" if fact else "no"


def _how_often(rng: random.Random, shown: Shown) -> Question:
    clip = shown.clip
    counts = [("count_things", "How many different things are seen in the clip?", len(clip.actors))]
    for mover, other in pairs(clip):
        count = len(touches(clip, mover, other))
        counts.append(("count_touches", f"How many times does the {mover.name} touch the {other.name}?", count))
    moving = [actor for actor in clip.actors if not actor.still and all(actor is not first for first, _ in pairs(clip))]
    for actor in moving:
        bounces, passes = turns_at_borders(clip, actor), crossings(clip, actor)
        if bounces is not None:
            counts.append(("count_turns", f"How many times does the {actor.name} turn round at a side?", bounces))
        if passes is not None:
            counts.append(("count_crossings", f"How many times does the {actor.name} cross the middle line?", passes))
        rests = len(pauses(clip, actor))
        counts.append(("count_pauses", f"How many times does the {actor.name} stop for two seconds or more?", rests))
    view, prompt, count = rng.choice(counts[1:] if len(counts) > 1 and rng.random() < 0.85 else counts)
    return Question(view, f"{prompt} Answer with a number.", str(count), _checked(str(count), "exact"), shown)


def _checked(text: str, verifier: Verifier) -> Answer:
    return Answer(text=text, verifier=verifier)


def sample_of(question: Question, media: Sequence[Media]) -> Sample:
    """The sample, its media one for each index that is shown."""
    shown = question.shown
    parts: list[Part] = []
    for place, frame in enumerate(shown.indices):
        parts += [text_part(shown.stamp(frame)), media_part(place)]
    parts.append(text_part("\n" + question.prompt))
    return Sample(
        row_id="",
        source="",
        task="video",
        messages=(
            Turn(role="user", parts=tuple(parts)),
            Turn(role="assistant", parts=(text_part(question.said),)),
        ),
        media=tuple(media),
        answer=question.answer,
        tags=("build:video", f"template:{question.view}", "time:hmsf" if shown.hmsf else "time:seconds"),
    )
