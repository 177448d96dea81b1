"""Tasks carried out on made-up programs in a real browser: the whole trajectory, and one of its steps.

After the Qwen2.5-VL report (section 1.2.6 of its data part): one action space for all platforms, and a reason for each
step. That the task is done is read from the page, not from what the agent says.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from model.actions import Tool
from synth import browser
from synth.agents.jobs import Job, Move
from synth.agents.layout import App
from synth.agents.recorder import Recorder, Unplayable
from synth.agents.samples import single_step, trajectory
from synth.agents.screens import draw_app
from synth.agents.stage import Stage
from synth.agents.thoughts import think
from synth.browser import chromiums
from synth.generator import Generator, Make
from synth.specimen import Specimen

_LONGEST = 6  # moves, scrolling and the end left out
_OPENINGS = ("", "", "In this {}: ", "You are in a {}. ", "Please ")


@dataclass(frozen=True, slots=True)
class Plan:
    """A task before it is tried. `goal` is how the page's state must differ in the end."""

    app: App
    instruction: str
    moves: tuple[Move, ...]
    goal: dict[str, str]
    so: str


def draw_plan(rng: random.Random) -> Plan:
    """A program, and one to three jobs that fit together."""
    while True:
        app = draw_app(rng, rng.choices(("phone", "tablet", "desktop"), (50, 12, 38))[0])  # type: ignore[arg-type]
        jobs = _chosen(rng, app)
        plan = _plan(rng, app, jobs) if jobs else None
        if plan and 2 <= len(plan.moves) <= _LONGEST:
            return plan


def _chosen(rng: random.Random, app: App) -> list[Job]:
    """Jobs on the first view and then on one other, with nothing in common; what sends the page away comes last."""
    orders = Counter((job.view, job.order) for job in app.jobs)
    views = [view for view in app.ways if any(job.view == view for job in app.jobs)]
    there = rng.choice(views) if views and rng.random() < 0.45 else "main"
    offered = [job for job in app.jobs if job.view in ("main", there) and orders[job.view, job.order] == 1]
    chosen: list[Job] = []
    by_kind = {
        kind: [job for job in offered if _shape(job) == kind] for kind in sorted({_shape(job) for job in offered})
    }
    for _ in range(rng.choice((1, 2, 2, 3))):
        job = rng.choice(by_kind[rng.choice(list(by_kind))])
        if all(_apart(job, other) for other in chosen):
            chosen.append(job)
    if not any(job.view == there for job in chosen):
        return []
    chosen.sort(key=lambda job: (job.last, job.view != "main"))
    views_in_order = [job.view for job in chosen]
    return chosen if sorted(views_in_order, key=lambda view: view != "main") == views_in_order else []


def _shape(job: Job) -> str:
    return " ".join(move.kind for move in job.moves[:3])


def _apart(job: Job, other: Job) -> bool:
    """Whether two jobs can both be done: nothing that one changes or names is the other's, and one at most sends."""
    names = [set(each.order.split('"')[1::2]) | set(each.goal) for each in (job, other)]
    return not (names[0] & names[1]) and not (job.last and other.last)


def _plan(rng: random.Random, app: App, jobs: Sequence[Job]) -> Plan | None:
    orders: list[str] = []
    moves: list[Move] = []
    view = "main"
    for job in jobs:
        if job.view != view:
            moves += app.ways[job.view]
            orders.append(f'go to "{app.ways[job.view][-1].label}"')
            view = job.view
        orders.append(job.order)
        moves += job.moves
    goal = {key: value for job in jobs for key, value in job.goal.items()}
    if view != "main" and not jobs[-1].last and rng.random() < 0.35:
        orders.append("go back")
        moves.append(_back(rng, app, view))
        view = "main"
    if sum(move.kind == "type" for move in moves) > 2:  # two texts in quotes are as many as a step can be held against
        return None
    so = _joined([job.so for job in jobs], " and ")
    return Plan(app, _instruction(rng, app, orders), tuple(moves), {**goal, "view": view}, so)


def _back(rng: random.Random, app: App, view: str) -> Move:
    touch = app.look.profile.device != "desktop"
    thought = think(rng, "back", touch)
    if touch:
        return Move(kind="back", label="back", thought=thought, did="Went back")
    return Move(
        kind="tap", target=f"[data-view={view}] [data-act=back]", label="back", thought=thought, did="Went back"
    )


def _instruction(rng: random.Random, app: App, orders: Sequence[str]) -> str:
    opening = rng.choice(_OPENINGS).format(app.kind)
    told = _joined(orders, rng.choice((", then ", " and then ", ", and finally ")))
    if not opening.endswith(": ") and opening != "Please ":
        told = told[0].upper() + told[1:]
    return f"{opening}{told}."


def _joined(parts: Sequence[str], last: str) -> str:
    return last.join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)


@dataclass(frozen=True, slots=True)
class Episodes:
    """Makes the two samples of an episode; `stage` is where it is played."""

    stage: Stage

    def __call__(self, rng: random.Random) -> Sequence[Specimen]:
        plan, recorder = self.played(rng)
        tool: Tool = "mobile_use" if recorder.touch else "computer_use"
        tags = (f"program:{plan.app.kind}", f"device:{plan.app.look.profile.device}", f"language:{plan.app.language}")
        return (
            trajectory(plan.instruction, recorder.screens, recorder.steps, tool, tags),
            single_step(rng, plan.instruction, recorder.screens, recorder.steps, tool, tags),
        )

    def played(self, rng: random.Random) -> tuple[Plan, Recorder]:
        """An episode that reached its goal. What can't be played, as a row whose name is cut off, is drawn anew."""
        while True:
            plan = draw_plan(rng)
            recorder = self.recorder(plan, rng)
            try:
                recorder.play(plan.moves)
                recorder.finish(think(rng, "end", recorder.touch, so=plan.so))
            except Unplayable:
                continue
            if recorder.page.evaluate("() => done()"):
                if rng.random() < 0.1:
                    recorder.steps = [replace(step, thought="") for step in recorder.steps]
                return plan, recorder

    def recorder(self, plan: Plan, rng: random.Random) -> Recorder:
        """The plan's page as it is before anything is done, its goal set, and who records on it."""
        profile = plan.app.look.profile
        page = self.stage.show(plan.app.html, profile)
        page.evaluate("goal => expect(goal)", plan.goal)
        return Recorder(page=page, rng=rng, scale=profile.scale, touch=profile.device != "desktop")


@contextmanager
def _open() -> Iterator[Make]:
    with chromiums() as start:
        yield Episodes(Stage(start))


GENERATOR = Generator(
    name="agents",
    about="Tasks of two to six moves on made-up programs, by touch and by mouse, as trajectories and as single steps",
    version=2,
    views=2,
    libraries=browser.LIBRARIES,
    cannot=(
        "no real operating system, program or web site; no sign-in, no second window, no home screen",
        "no task that is answered with words: each ends in a state of the page",
        "no detours: every episode goes straight to its goal, without a wrong step that is mended",
        "no keyboard shortcuts, copying or typing over a text that is already there",
        "thoughts come from templates and are in English",
    ),
    open=_open,
)
