"""Screens of made-up programs out of a real browser: where things are, what they are, and what to press.

As the Qwen2.5-VL report has it (section 1.2.6 of its data part): captions of screenshots and grounding of elements,
made by a program.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.contract.sample import Answer, Region, Step
from synth import browser
from synth.agents.describing import caption, questions
from synth.agents.draft import Draft
from synth.agents.layout import App, assemble
from synth.agents.look import Device, draw_look
from synth.agents.naming import named, order
from synth.agents.programs_more import PROGRAMS
from synth.agents.shots import acted, asked, pointed, quality, shot
from synth.agents.stage import Seen, Stage, read
from synth.agents.words import LANGUAGES, Words
from synth.browser import chromiums
from synth.generator import Generator, Make
from synth.specimen import Specimen

if TYPE_CHECKING:
    from playwright.sync_api import Page

_LOCATE = (
    "Locate {} in the image.",
    "Find {} in the screenshot.",
    "Where is {}? Give its bounding box.",
    "Point out {} on this screen with a box.",
)
_DETECT = (
    "Locate every element that can be pressed in the image and name its kind: {}.",
    "Find all interactive elements in the screenshot and say what kind each is: {}.",
    "List everything that a user can operate here, with boxes: {}.",
)
_DESCRIBE = (
    "Describe this screen.",
    "What does this screenshot show?",
    "Write a caption for the screenshot.",
    "Tell somebody who can't see it what is on this screen.",
)
_PLACES = (("upper left", "top", "upper right"), ("left", "middle", "right"), ("lower left", "bottom", "lower right"))


def draw_app(rng: random.Random, device: Device | None = None) -> App:
    """A program in a look and a language: mostly English."""
    look = draw_look(rng, device)
    language = rng.choices(LANGUAGES, (70, 10, 10, 10))[0]
    draft = Draft(rng, look, Words(rng, language))
    return assemble(draft, rng.choice(PROGRAMS)(draft))


@dataclass(frozen=True, slots=True)
class Screens:
    """Makes the samples of a screen; `stage` is where it is shown."""

    stage: Stage

    def __call__(self, rng: random.Random) -> Sequence[Specimen]:
        app, page, seen = self.shown(rng)
        data = shot(page, quality(rng))
        tags = (f"program:{app.kind}", f"device:{app.look.profile.device}", f"language:{app.language}")
        return (
            _referring(rng, data, seen, tags),
            _click(rng, data, seen, app, tags),
            _detection(rng, data, seen, tags),
            asked(data, "caption", rng.choice(_DESCRIBE), caption(rng, app, seen), "", ("build:caption", *tags)),
            _question(rng, data, seen, tags),
        )

    def shown(self, rng: random.Random) -> tuple[App, Page, list[Seen]]:
        """A program, on one of its views, perhaps scrolled or with a window open, on the stage, and what is seen.
        Drawn again where fewer than three of its elements could be named."""
        while True:
            app = draw_app(rng)
            page = self.stage.show(app.html, app.look.profile)
            _arrange(rng, page)
            seen = read(page, app.look.profile.scale)
            if len(_targets(seen)) > 2 and questions(seen):
                return app, page, seen


def _arrange(rng: random.Random, page: Page) -> None:
    """Another view, a window over it, a scrolled list: a third of all screens each at most."""
    views, sheets = page.evaluate(
        "() => ['view', 'sheet'].map(each => all(`[data-${each}]`).map(el => el.dataset[each]))"
    )
    view = rng.choice(views) if rng.random() < 0.3 else "main"
    sheet = rng.choice([each for each in sheets if each != "busy"] or [""]) if rng.random() < 0.2 else ""
    down = rng.randrange(40, 600) if rng.random() < 0.3 else 0
    page.evaluate(
        "([view, sheet, down]) => { page.view = view; page.sheet = sheet; show();"
        " all('.view').find(each => !each.hidden).scrollTop = down; }",
        [view, sheet, down],
    )


def _targets(seen: Sequence[Seen]) -> list[tuple[Seen, list[str]]]:
    return [(each, names) for each, names in named(seen) if order(each)]


def _referring(rng: random.Random, data: bytes, seen: Sequence[Seen], tags: Sequence[str]) -> Specimen:
    """Icons, which are fewer, are asked for as often as words."""
    things = _targets(seen)
    icons = [each for each in things if each[0].kind == "icon"]
    target, names = rng.choice(icons if icons and rng.random() < 0.5 else things)
    phrase = rng.choice(names)
    region = Region(points=target.box, label=phrase)
    answer = Answer(text=phrase, verifier="box")
    return pointed(data, rng.choice(_LOCATE).format(phrase), [region], answer, ("build:referring", *tags))


def _click(rng: random.Random, data: bytes, seen: Sequence[Seen], app: App, tags: Sequence[str]) -> Specimen:
    target, names = rng.choice(_targets(seen))
    touch = app.look.profile.device != "desktop"
    thought = ""
    if rng.random() < 0.6:
        verb = "tap" if touch else "click"
        thought = f"I see {names[0]} at the {_place(target, app)} of the screen and {verb} it."
    step = Step(
        media=0,
        tool="mobile_use" if touch else "computer_use",
        action="click" if touch else "left_click",
        thought=thought,
        region=0,
    )
    region, answer = Region(points=target.box, label=names[0]), Answer(text=names[0], verifier="click")
    return acted(data, rng.choice(order(target)), step, [region], answer, ("build:click", *tags))


def _place(target: Seen, app: App) -> str:
    profile = app.look.profile
    x, y = (target.box[0] + target.box[2]) / 2 / profile.scale, (target.box[1] + target.box[3]) / 2 / profile.scale
    return _PLACES[min(2, int(3 * y / profile.height))][min(2, int(3 * x / profile.width))]


def _detection(rng: random.Random, data: bytes, seen: Sequence[Seen], tags: Sequence[str]) -> Specimen:
    """All elements that can be operated, in the order of the page, by kind."""
    things = [each for each in seen if each.kind and each.kind != "title"]
    kinds = sorted({each.kind for each in things})
    if len(kinds) > 1 and rng.random() < 0.3:
        kinds = [rng.choice(kinds)]
        things = [each for each in things if each.kind in kinds]
    regions = [Region(points=each.box, label=each.kind) for each in things]
    answer = Answer(text="\n".join(region.label for region in regions), verifier="boxes")
    return pointed(data, rng.choice(_DETECT).format(", ".join(kinds)), regions, answer, ("build:detection", *tags))


def _question(rng: random.Random, data: bytes, seen: Sequence[Seen], tags: Sequence[str]) -> Specimen:
    question, answer = rng.choice(questions(seen))
    return asked(data, "vqa", question, answer, "exact", ("build:vqa", *tags))


@contextmanager
def _open() -> Iterator[Make]:
    with chromiums() as start:
        yield Screens(Stage(start))


GENERATOR = Generator(
    name="screens",
    about="Screens of made-up programs on phone, tablet and desktop: grounding, clicks, detection, captions, questions",
    version=2,
    views=5,
    libraries=browser.LIBRARIES,
    cannot=(
        "no screen of a real operating system, program or web site: no status bar, no windows beside each other",
        "no photographs, maps or advertisements on the pages; pictures in them are coloured shapes",
        "prompts and captions are in English, whatever the language of the screen",
        "icons are about thirty line drawings; other icon styles, emoji and brand marks do not occur",
        "no screen with an error, a half-loaded page or an element that is greyed out",
    ),
    open=_open,
)
