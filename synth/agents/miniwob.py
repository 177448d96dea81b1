"""Pages of MiniWoB++ (Farama Foundation, MIT; pages by OpenAI and Stanford), solved and recorded as our own are.

They are a second source that others wrote. The `miniwob` package is not imported, as it would bring a browser driver:
only its pages are read. A page's own reward says whether an episode counts.
"""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.actions import Tool
from synth import browser
from synth.agents.jobs import Move
from synth.agents.look import Profile
from synth.agents.recorder import Recorder, Unplayable
from synth.agents.samples import single_step, trajectory
from synth.agents.solving import TASKS, script
from synth.agents.stage import Stage
from synth.agents.thoughts import think
from synth.browser import chromiums
from synth.generator import Generator, Make
from synth.specimen import Specimen

if TYPE_CHECKING:
    from playwright.sync_api import Page

_SCALES = (2, 3, 4)
_LONG = 10**8  # milliseconds that an episode may take, so that a slow machine ends none
_START = """
([seed, long]) => {
  core.EPISODE_MAX_TIME = long;
  Math.seedrandom(seed);
  core.startEpisodeReal();
}
"""
_PLAIN = "* {transition: none !important; animation: none !important; caret-color: transparent !important}"


def pages_folder() -> Path:
    """Where the package keeps its pages.

    Raises:
        RuntimeError: the package is not installed; the message says what brings it.
    """
    found = importlib.util.find_spec("miniwob")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("the pages of MiniWoB++ are not installed; `pip install 'winnow[synth]'` brings them")
    return Path(found.submodule_search_locations[0]) / "html" / "miniwob"


@dataclass(frozen=True, slots=True)
class Puzzle:
    """An episode before it is played: which page, the seed of its random numbers, on how sharp a screen and on what
    ground, a light colour: the simplest pages would come again otherwise."""

    task: str
    seed: str
    scale: int
    touch: bool
    ground: str


def draw_puzzle(rng: random.Random) -> Puzzle:
    return Puzzle(
        task=rng.choice(sorted(TASKS)),
        seed=f"{rng.getrandbits(48):012x}",
        scale=rng.choice(_SCALES),
        touch=rng.random() < 0.5,
        ground=f"hsl({rng.randrange(360)} {rng.randrange(20, 90)}% {rng.randrange(92, 99)}%)",
    )


@dataclass(frozen=True, slots=True)
class Puzzles:
    """Makes the two samples of an episode; `folder` has the pages, `stage` is where they are shown."""

    stage: Stage
    folder: Path

    def __call__(self, rng: random.Random) -> Sequence[Specimen]:
        puzzle, told, recorder = self.played(rng)
        tool: Tool = "mobile_use" if puzzle.touch else "computer_use"
        tags = (f"task:{puzzle.task}", "origin:miniwob 1.1.0")
        return (
            trajectory(told, recorder.screens, recorder.steps, tool, tags),
            single_step(rng, told, recorder.screens, recorder.steps, tool, tags, ends=0),
        )

    def played(self, rng: random.Random) -> tuple[Puzzle, str, Recorder]:
        """An episode with full reward and its utterance. One that can't be solved for sure is drawn anew."""
        while True:
            puzzle = draw_puzzle(rng)
            page = self.start(puzzle)
            told = page.evaluate("() => core.getUtterance()")
            moves = page.evaluate(script(puzzle.task))
            recorder = Recorder(page=page, rng=rng, scale=puzzle.scale, touch=puzzle.touch)
            try:
                recorder.play([_move(rng, each, puzzle.touch) for each in moves or []])
                recorder.finish(think(rng, "end", puzzle.touch, so="the page is back at its start"))
            except Unplayable:
                continue
            if len(recorder.steps) > 1 and self.reward(page) >= 0.99:
                return puzzle, told, recorder

    def start(self, puzzle: Puzzle) -> Page:
        """The page of a puzzle at the beginning of its episode."""
        page = self.stage.page(Profile("phone" if puzzle.touch else "desktop", 160, 210, puzzle.scale))
        page.mouse.move(0, 0)
        page.goto((self.folder / f"{puzzle.task}.html").as_uri())
        page.add_style_tag(content=f"{_PLAIN} #wrap {{background: {puzzle.ground} !important}}")
        page.evaluate(_START, [puzzle.seed, _LONG])
        return page

    def reward(self, page: Page) -> float:
        """The page's reward for the episode that has ended, from -1 to 1, time left out; 0 while it goes on."""
        return float(page.evaluate("() => WOB_RAW_REWARD_GLOBAL"))


def _move(rng: random.Random, given: dict[str, Any], touch: bool) -> Move:
    kind, label = given["kind"], given["label"]
    thought = given.get("thought") or think(rng, given["about"], touch, name=label)
    did = f"Pressed “{label}”" if kind == "tap" else f"Put the text into “{label}”"
    return Move(kind=kind, target=given["target"], label=label, text=given.get("text", ""), thought=thought, did=did)


@contextmanager
def _open() -> Iterator[Make]:
    folder = pages_folder()
    with chromiums() as start:
        yield Puzzles(Stage(start), folder)


GENERATOR = Generator(
    name="miniwob",
    about=f"{len(TASKS)} tasks of MiniWoB++ solved by script, as trajectories and as single steps",
    version=2,
    views=2,
    libraries=(*browser.LIBRARIES, "miniwob"),
    licence="MIT",
    cannot=(
        "only pages whose answer can be read from the document: no drawing, no dragging, no waiting, no games",
        "no lists that open natively, as their window is in no screenshot",
        "puzzles with two right answers are left out, so that each press has one target",
        "small pages of 160 x 210 CSS pixels, drawn sharper on tinted grounds; the instruction is also in their bar",
    ),
    open=_open,
)
