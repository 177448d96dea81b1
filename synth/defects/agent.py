"""Defects of an agent's steps and episodes, as recorders, converters and lost agents make them.

Not here, as nothing in a sample contradicts them: thoughts that are gone from all steps (many sources have none), and
typed words that differ from what nobody wrote down.
"""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable
from dataclasses import replace

from curation.contract.sample import Region, Sample, Step, Turn, text_part
from synth.defects.planting import Defect
from synth.defects.trajectories import (
    body_of,
    contradict,
    cut,
    drop_steps,
    fail,
    go_on,
    hang,
    loop,
    run_on,
    stick,
    with_steps,
)
from synth.specimen import Specimen

Plant = Callable[[Specimen, random.Random], Specimen | None]

_MISSPELT = (
    "leftclick",
    "LEFT_CLICK",
    "tap",
    "press",
    "click_element",
    "hover",
    "",
    "left-click",
    "goto",
    "scroll_down",
)
_ELSEWHERE = ("lorem ipsum", "asdf", "pizza near me", "hello world", "weather tomorrow")


def _one_step(change: Callable[[Sample, Step, random.Random], Step | None]) -> Plant:
    """A plant that changes one of the steps that it can change."""

    def plant(specimen: Specimen, rng: random.Random) -> Specimen | None:
        steps = list(specimen.sample.steps)
        for index in rng.sample(range(len(steps)), len(steps)):
            changed = change(specimen.sample, steps[index], rng)
            if changed is not None:
                steps[index] = changed
                return replace(specimen, sample=replace(specimen.sample, steps=tuple(steps)))
        return None

    return plant


def _misname(sample: Sample, step: Step, rng: random.Random) -> Step:
    return replace(step, action=rng.choice(_MISSPELT))


def _spoil_arguments(sample: Sample, step: Step, rng: random.Random) -> Step:
    """An argument lost, misspelt, of another type or too much, or arguments that are no JSON object."""
    given = json.loads(step.arguments)
    extra: list[object] = [{**given, "button": "left"}, {**given, "coordinate": [12, 40]}, {**given, "x": 3}, [3, 4]]
    for name, value in given.items():
        rest = {key: each for key, each in given.items() if key != name}
        wrong = [value] if not isinstance(value, list) else "+".join(map(str, value))
        extra += [rest, {**rest, name.rstrip("s") + "_": value}, {**rest, name: wrong}]
    arguments = json.dumps(rng.choice(extra))
    return replace(step, arguments=rng.choice([arguments] * 5 + [arguments[:-1]]))


def _lose_place(sample: Sample, step: Step, rng: random.Random) -> Step | None:
    if step.region < 0 or not step.action.endswith("click"):
        return None
    follows = sample.steps.index(step) > 0 and sample.steps[sample.steps.index(step) - 1].action == "mouse_move"
    if follows:
        return replace(step, region=len(sample.regions) + rng.randint(0, 3))
    return replace(step, region=rng.choice([-1, len(sample.regions) + rng.randint(0, 3)]))


def _off_screen(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """A place as on a larger screen, or with the sides mixed up."""
    sample = specimen.sample
    placed = [step.region for step in sample.steps if 0 <= step.region < len(sample.regions)]
    for index in rng.sample(placed, len(placed)):
        region = sample.regions[index]
        width, height = sample.media[region.media].displayed
        factor = rng.uniform(1.5, 4.0)
        beyond = [tuple(value * factor for value in region.points), tuple(value - width for value in region.points)]
        for points in rng.sample(beyond, 2):
            x, y = replace(region, points=points).centre
            if not (0 <= x <= width and 0 <= y <= height):
                regions = (*sample.regions[:index], replace(region, points=points), *sample.regions[index + 1 :])
                return replace(specimen, sample=replace(sample, regions=regions))
    return None


def _off_target(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """The recorded click as a point beside the box of what it should hit."""
    sample = specimen.sample
    for index, step in enumerate(sample.steps):
        region = sample.regions[step.region] if 0 <= step.region < len(sample.regions) else None
        if region is None or region.shape != "box":
            continue
        point = _beside(region, sample.media[region.media].displayed, rng)
        steps = list(sample.steps)
        steps[index] = replace(step, region=len(sample.regions))
        missed = Region(points=point, shape="point", media=region.media, label=region.label)
        return replace(specimen, sample=replace(sample, steps=tuple(steps), regions=(*sample.regions, missed)))
    return None


def _beside(region: Region, size: tuple[int, int], rng: random.Random) -> tuple[float, float]:
    """A place on the screen outside the region's box, mostly near it."""
    x1, y1, x2, y2 = region.box
    while True:
        reach = rng.uniform(0.6, 3.0)
        x = (x1 + x2) / 2 + rng.uniform(-reach, reach) * (x2 - x1)
        y = (y1 + y2) / 2 + rng.uniform(-reach, reach) * (y2 - y1)
        if 0 <= x <= size[0] and 0 <= y <= size[1] and not (x1 <= x <= x2 and y1 <= y <= y2):
            return x, y


def _type_otherwise(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """An instruction that says in quotes what to type, and another text that is typed."""
    body, end = body_of(specimen.sample)
    if not body:
        return None
    told = rng.choice(
        ['Then type "{}".', "Enter '{}' into it.", "Search for “{}”.", 'Write "{}" in the box.', "然后输入“{}”。"]
    )
    text = rng.choice(["spring trip", "Ada Brook", "blue chairs", "room 17"])
    typed = Step(media=body[-1].media, action="type", arguments=json.dumps({"text": rng.choice(_ELSEWHERE)}))
    spoilt = with_steps(specimen, [*body, typed, *end])
    return _instructed(spoilt, lambda said: f"{said} {told.format(text)}")


def _instructed(specimen: Specimen, change: Callable[[str], str]) -> Specimen:
    """The specimen with another instruction in its first user turn; what later user turns say is gone."""
    messages, first = [], True
    for turn in specimen.sample.messages:
        if turn.role == "user":
            said = change("".join(part.text for part in turn.parts if part.kind == "text")) if first else ""
            other = tuple(part for part in turn.parts if part.kind != "text")
            turn, first = Turn(role="user", parts=(*((text_part(said),) if said else ()), *other)), False
        messages.append(turn)
    return replace(specimen, sample=replace(specimen.sample, messages=tuple(messages)))


def _silence(specimen: Specimen, rng: random.Random) -> Specimen:
    said = rng.choice(["", " ", "\n", "?"])
    return _instructed(specimen, lambda _: said)


_agent = functools.partial(Defect, tasks=("agent",))
DEFECTS = (
    _agent(name="steps_lost", rule="has_steps", plant=drop_steps),
    _agent(name="endless", rule="has_steps", plant=run_on),
    _agent(name="no_instruction", rule="instruction_present", plant=_silence),
    _agent(name="unknown_action", rule="actions_valid", plant=_one_step(_misname)),
    _agent(name="wrong_arguments", rule="actions_valid", plant=_one_step(_spoil_arguments)),
    _agent(name="click_without_place", rule="clicks_have_a_place", plant=_one_step(_lose_place)),
    _agent(name="click_off_screen", rule="steps_on_screen", plant=_off_screen),
    _agent(name="click_off_target", rule="clicks_on_target", plant=_off_target),
    _agent(name="loop", rule="no_loops", plant=loop),
    _agent(name="stuck", rule="not_stuck", plant=stick),
    _agent(name="hung", rule="steps_have_an_effect", plant=hang),
    _agent(name="typed_otherwise", rule="types_what_is_told", plant=_type_otherwise),
    _agent(name="failed", rule="episode_succeeded", plant=fail),
    _agent(name="cut_short", rule="episode_complete", plant=cut),
    _agent(name="goes_on_after_the_end", rule="nothing_after_the_end", plant=go_on),
    _agent(name="false_verdict", rule="verdict_agrees", plant=contradict),
)
