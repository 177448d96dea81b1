"""Recordings as samples: a whole trajectory in many turns, or one of its steps with what was done before."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace

from curation.contract.sample import Answer, Sample, Turn, action_part, media_part, text_part
from filters.action_match import step_text
from model.actions import Tool
from synth.agents.recorder import Recorded
from synth.agents.shots import acted
from synth.agents.tools import call, calls
from synth.specimen import Specimen, medium

_SO_FAR = ("Done so far:", "Progress so far:", "You have already done this:")


def trajectory(
    told: str, screens: Sequence[bytes], done: Sequence[Recorded], tool: Tool, tags: Sequence[str]
) -> Specimen:
    """The instruction with the first screen, then for each screen what is done there."""
    steps, regions = calls(done, tool)
    turns: list[Turn] = []
    for index, step in enumerate(steps):
        shown = media_part(step.media)
        turns.append(Turn(role="user", parts=(text_part(told), shown) if index == 0 else (shown,)))
        turns.append(Turn(role="assistant", parts=(action_part(index),)))
    sample = Sample(
        row_id="",
        source="",
        task="agent",
        messages=tuple(turns),
        media=tuple(medium(data) for data in screens),
        regions=tuple(regions),
        steps=tuple(steps),
        answer=Answer(),
        tags=("build:trajectory", "success", *tags),
    )
    return Specimen(sample, {hashlib.sha256(data).hexdigest(): data for data in screens})


def single_step(
    rng: random.Random,
    told: str,
    screens: Sequence[bytes],
    done: Sequence[Recorded],
    tool: Tool,
    tags: Sequence[str],
    ends: float = 0.15,
) -> Specimen:
    """One step on its screen, the last with probability `ends`; the instruction says what has been done before."""
    known = [(index, made) for index, each in enumerate(done) if (made := call(each, tool))]
    index, (step, regions) = rng.choice(known[-1:] if rng.random() < ends else known[:-1])
    before = [each.did for each in done[:index] if each.did]
    lines = "\n".join(f"{number}. {did}." for number, did in enumerate(before, 1))
    text = f"{told}\n\n{rng.choice(_SO_FAR)}\n{lines}" if lines else told
    answer = Answer(text=step_text(step), verifier="action")
    return acted(screens[done[index].screen], text, replace(step, media=0), regions, answer, ("build:action", *tags))
