"""Ways to spoil an agent's episode as a whole: `agent` names the rules that ought to notice."""

from __future__ import annotations

import hashlib
import io
import json
import random
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image

from curation.contract.sample import Media, Part, Region, Sample, Step, Turn, action_part, media_part
from model.image import ImageError, decode
from synth.specimen import Specimen


def with_steps(
    specimen: Specimen, steps: Sequence[Step], regions: Sequence[Region] = (), media: Sequence[Media] = ()
) -> Specimen:
    """The specimen with these steps, and further regions and media; its turns are written anew, one for each step."""
    sample = specimen.sample
    told = [turn for turn in sample.messages if turn.role == "user"][:1]
    text: list[Part] = [part for turn in told for part in turn.parts if part.kind == "text"]
    turns = [turn for turn in sample.messages if turn.role == "system"]
    shown: set[int] = set()
    for index, step in enumerate(steps):
        screen = [] if step.media in shown else [media_part(step.media)]
        if screen or text:
            turns.append(Turn(role="user", parts=(*text, *screen)))
        turns.append(Turn(role="assistant", parts=(action_part(index),)))
        shown.add(step.media)
        text = []
    spoilt = replace(
        sample,
        messages=tuple(turns) if steps else (*told, Turn(role="assistant", parts=())),
        steps=tuple(steps),
        regions=(*sample.regions, *regions),
        media=(*sample.media, *media),
    )
    return replace(specimen, sample=spoilt)


def body_of(sample: Sample) -> tuple[list[Step], list[Step]]:
    """The steps up to the end of the episode, and those that end it."""
    ends = [index for index, step in enumerate(sample.steps) if step.action == "terminate"]
    end = ends[0] if ends else len(sample.steps)
    return list(sample.steps[:end]), list(sample.steps[end:])


def loop(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """The last clicks done again, once to four times, each time on the screen that they were done on before."""
    body, end = body_of(specimen.sample)
    length = rng.choice([1, 1, 2, 3])
    cycle = body[-length:]
    if len(cycle) < length or not any(step.region >= 0 for step in cycle):
        return None
    media: list[Media] = []
    again = []
    for step in cycle * rng.randint(1, 4):
        again.append(replace(step, media=len(specimen.sample.media) + len(media)))
        media.append(specimen.sample.media[step.media])
    return with_steps(specimen, [*body, *again, *end], media=media)


def stick(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """A click that is done over and over, on whatever is shown."""
    body, end = body_of(specimen.sample)
    clicks = [index for index, step in enumerate(body) if step.action.endswith("click") and step.region >= 0]
    if not clicks:
        return None
    at = rng.choice(clicks)
    return with_steps(specimen, [*body[:at], *[body[at]] * rng.randint(13, 40), *body[at:], *end])


def run_on(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """More than a hundred steps, each a little different."""
    body, end = body_of(specimen.sample)
    if not body:
        return None
    scrolls = [
        Step(media=body[-1].media, action="scroll", arguments=json.dumps({"pixels": -rng.randint(10, 900)}))
        for _ in range(rng.randint(101, 160))
    ]
    return with_steps(specimen, [*body, *scrolls, *end])


def hang(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """From an early step on the screen stays as it was, saved anew each time."""
    sample = specimen.sample
    body, end = body_of(sample)
    data = specimen.images.get(sample.media[body[0].media].sha256) if body else None
    if data is None:
        return None
    start = rng.randint(0, len(body) // 4)
    frozen = body[start].media
    try:
        pixels = decode(specimen.images[sample.media[frozen].sha256], sample.media[frozen].orientation)
    except (KeyError, ImageError):
        return None
    count = max(2, len(body) - start) + rng.randint(0, 2)
    following = [body[min(start + number, len(body) - 1)] for number in range(1, count)]
    media: list[Media] = []
    images, steps = dict(specimen.images), []
    for step in following:
        saved = _saved(Image.fromarray(pixels), rng)
        sha256 = hashlib.sha256(saved).hexdigest()
        images[sha256] = saved
        facts = sample.media[frozen]
        mime = "image/jpeg" if saved[:2] == b"\xff\xd8" else "image/png"
        width, height = facts.displayed
        steps.append(replace(step, media=len(sample.media) + len(media)))
        media.append(Media(sha256=sha256, mime=mime, width=width, height=height, size=len(saved)))
    return with_steps(replace(specimen, images=images), [*body[: start + 1], *steps, *end], media=media)


def _saved(image: Image.Image, rng: random.Random) -> bytes:
    file = io.BytesIO()
    if rng.random() < 0.3:
        image.save(file, "PNG")
    else:
        image.save(file, "JPEG", quality=rng.choice([95, 90, 80, 75, 60]))
    return file.getvalue()


def drop_steps(specimen: Specimen, rng: random.Random) -> Specimen:
    return with_steps(specimen, [])


def _tagged(sample: Sample, tag: str) -> Sample:
    return replace(sample, tags=(*(each for each in sample.tags if each not in ("success", "failure")), tag))


def fail(specimen: Specimen, rng: random.Random) -> Specimen:
    return replace(specimen, sample=_tagged(specimen.sample, "failure"))


def cut(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """The last steps lost, the end among them, of an episode whose outcome is known."""
    body, _ = body_of(specimen.sample)
    if len(body) < 2:
        return None
    kept = with_steps(specimen, body[: rng.randint(2, len(body))])
    return replace(kept, sample=_tagged(kept.sample, "success"))


def _ended(specimen: Specimen, tag: str, status: str, after: int) -> Specimen:
    """The specimen, its outcome as tagged, ended with this status, and some of its steps done again after that."""
    body, _ = body_of(specimen.sample)
    last = body[-1].media if body else 0
    end = Step(media=last, action="terminate", arguments=json.dumps({"status": status}))
    spoilt = with_steps(specimen, [*body, end, *body[:after]])
    return replace(spoilt, sample=_tagged(spoilt.sample, tag))


def go_on(specimen: Specimen, rng: random.Random) -> Specimen | None:
    after = rng.randint(1, max(1, len(specimen.sample.steps)))
    return _ended(specimen, "success", "success", after) if specimen.sample.steps else None


def contradict(specimen: Specimen, rng: random.Random) -> Specimen:
    """Mostly a claim of success where the source knows better."""
    tag, status = rng.choice([("failure", "success"), ("failure", "success"), ("success", "failure")])
    return _ended(specimen, tag, status, 0)
