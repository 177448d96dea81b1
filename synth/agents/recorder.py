"""Carries out moves on a page and writes down each with the screen before it: by touch or with a mouse."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from synth.agents.jobs import Move
from synth.agents.shots import shot
from synth.agents.stage import Box, pixels
from synth.agents.thoughts import think

if TYPE_CHECKING:
    from playwright.sync_api import Page

Done = Literal["tap", "hold", "point", "drag", "type", "enter", "back", "scroll", "wait", "end"]
_MOST_SCROLLS = 4

# Where an element is, cut to the view that it stands in; whether a press in its middle reaches it; where the view is.
_AIM = r"""
css => {
  const shown = each => { const b = each.getBoundingClientRect(); return b.width > 0 && b.height > 0; };
  const el = [...document.querySelectorAll(css)].find(shown);
  if (!el) return null;
  const meet = (a, b) => [Math.max(a.left, b.left), Math.max(a.top, b.top), Math.min(a.right, b.right),
    Math.min(a.bottom, b.bottom)];
  const whole = el.getBoundingClientRect(), screen = {left: 0, top: 0, right: innerWidth, bottom: innerHeight};
  const view = [...document.querySelectorAll('.view')].find(shown);
  const frame = (el.closest('.view') && view || document.documentElement).getBoundingClientRect();
  const clip = el.closest('.view') ? frame : screen;
  let box = meet(whole, clip);
  const ink = el.dataset.kind === 'icon' && el.getAttribute('aria-checked') !== 'true' && el.querySelector('svg');
  if (ink) box = meet(ink.getBoundingClientRect(), clip);
  const x = (box[0] + box[2]) / 2, y = (box[1] + box[3]) / 2;
  const hit = document.elementFromPoint(x, y);
  const free = at => { const under = document.elementFromPoint(at, frame.top + .75 * frame.height); return under &&
    !under.closest('.slider,input'); };
  const lane = [.5, .3, .7, .02].map(share => frame.left + share * frame.width).find(free) || frame.left + 4;
  const row = el.closest('.row,.card,tr') || el;
  const cut = [row, ...row.querySelectorAll('*')].some(each => each.scrollWidth > each.clientWidth + 1 &&
    getComputedStyle(each).textOverflow === 'ellipsis');
  return {box, cut, inside: !!el.closest('.view'), hit: !!hit && (el.contains(hit) || hit.contains(el)), lane,
    frame: [frame.left, frame.top, frame.right, frame.bottom],
          below: whole.bottom > clip.bottom + 1, above: whole.top < clip.top - 1,
            tall: whole.bottom - whole.top > clip.bottom - clip.top};
}
"""


class Unplayable(Exception):
    """A move can't be carried out as it is: its target can't be reached, or nothing can be seen to happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was done on the screen number `screen`. `box` is where, `end` where a drag ends, in pixels of the screen;
    `pixels` is how far a scroll goes, in pixels of the screen, down where negative."""

    kind: Done
    screen: int
    box: Box | None = None
    end: Box | None = None
    label: str = ""
    text: str = ""
    pixels: int = 0
    thought: str = ""
    did: str = ""


@dataclass(slots=True)
class Recorder:
    """Records on a page that shows `scale` pixels for each CSS pixel; `touch` says whether fingers do it. `clock` is
    how the page's own time passes: a script with `ms`."""

    page: Page
    rng: random.Random
    scale: float
    touch: bool
    clock: str = "ms => advance(ms)"
    screens: list[bytes] = field(default_factory=list)
    steps: list[Recorded] = field(default_factory=list)

    def play(self, moves: Sequence[Move]) -> None:
        """Carries out moves one after the other, scrolling where a target is out of sight.

        Raises:
            Unplayable: a target can't be reached, or a step leaves the screen as it was.
        """
        for move in moves:
            aim = self._reach(move) if move.target else None
            if move.kind == "drag" and not self.touch:
                thought = think(self.rng, "point", self.touch, name=move.label)
                pointed = replace(move, thought=thought, did=f"Moved the mouse to “{move.label}”")
                self._note(pointed, "point", aim)
                self.page.mouse.move(*_middle(aim["box"]))  # type: ignore[index]
            end = self._aim(move.end) if move.end else None
            self._note(move, move.kind, aim, end)
            self._do(move, aim, end)

    def finish(self, thought: str) -> None:
        """The last screen, and that the task is done."""
        self._note(Move(kind="wait", thought=thought), "end", None)

    def _aim(self, css: str) -> dict[str, Any]:
        aim: dict[str, Any] | None = self.page.evaluate(_AIM, css)
        if aim is None:
            raise Unplayable(f"nothing to see of {css}")
        return aim

    def _reach(self, move: Move) -> dict[str, Any]:
        """Where the target is, after scrolling to it. What is typed goes where the cursor is."""
        aim = self._aim(move.target)
        for _ in range(_MOST_SCROLLS):
            if move.kind in ("type", "enter") or not (aim["below"] or aim["above"]) or aim["tall"]:
                break
            self._scroll(aim, move.label)
            aim = self._aim(move.target)
        if move.kind not in ("type", "enter") and (not aim["hit"] or aim["cut"] or aim["below"] or aim["above"]):
            raise Unplayable(f"{move.target} can't be reached")
        return aim

    def _scroll(self, aim: dict[str, Any], name: str) -> None:
        """Half of the view further, towards the target."""
        if not aim["inside"]:
            raise Unplayable(f"{name} is out of sight on a page that does not scroll")
        left, top, right, bottom = aim["frame"]
        far = round((bottom - top) * 0.5) * (-1 if aim["below"] else 1)
        about, way = ("scroll", "down") if far < 0 else ("scroll_up", "up")
        start, end = ((0.75, 0.25) if far < 0 else (0.25, 0.75)) if self.touch else (0, 0)
        spots = [self._spot(aim["lane"], top + share * (bottom - top)) for share in (start, end)]
        thought = think(self.rng, about, self.touch, name=name)
        move = Move(kind="scroll", thought=thought, did=f"Scrolled {way}", label="the page")
        if self.touch:
            self._note(move, "scroll", {"box": spots[0]}, {"box": spots[1]}, far)
            self._drag(spots[0], spots[1])
            return
        self._note(move, "scroll", None, None, far)
        before = self._offset()
        self.page.mouse.wheel(0, -far)
        for _ in range(100):
            if self._offset() != before:
                return
            self.page.wait_for_timeout(5)
        raise Unplayable("the page does not scroll")

    def _offset(self) -> float:
        return float(
            self.page.evaluate("() => [...document.querySelectorAll('.view')].reduce((sum, v) => sum + v.scrollTop, 0)")
        )

    def _spot(self, x: float, y: float) -> list[float]:
        return [x - 4, y - 16, x + 4, y + 16]

    def _note(
        self, move: Move, kind: Done, aim: dict[str, Any] | None, end: dict[str, Any] | None = None, far: int = 0
    ) -> None:
        """Writes down a step with the screen before it, which must not look like the one before that."""
        data = shot(self.page)
        if self.screens and data == self.screens[-1]:
            raise Unplayable(f"nothing happened before: {kind} {move.target}")
        self.screens.append(data)
        placed = kind in ("tap", "hold", "point", "drag", "scroll")
        self.steps.append(
            Recorded(
                kind=kind,
                screen=len(self.screens) - 1,
                box=pixels(aim["box"], self.scale) if aim and placed else None,
                end=pixels(end["box"], self.scale) if end else None,
                label=move.label,
                text=move.text,
                pixels=round(far * self.scale),
                thought=move.thought,
                did=move.did,
            )
        )

    def _do(self, move: Move, aim: dict[str, Any] | None, end: dict[str, Any] | None) -> None:
        x, y = _middle(aim["box"]) if aim else (0.0, 0.0)
        mouse = self.page.mouse
        if move.kind == "tap":
            mouse.click(x, y)
        elif move.kind == "hold" and self.touch:
            mouse.move(x, y)
            mouse.down()
            self._pass(800)
            mouse.up()
        elif move.kind == "hold":
            mouse.click(x, y, button="right")
        elif move.kind == "drag" and aim and end:
            self._drag(aim["box"], end["box"])
        elif move.kind == "type":
            self.page.keyboard.type(move.text)
        elif move.kind in ("enter", "back"):
            self.page.keyboard.press({"enter": "Enter", "back": "Escape"}[move.kind])
        elif move.kind == "wait":
            self._pass(2000)

    def _drag(self, start: list[float], end: list[float]) -> None:
        mouse = self.page.mouse
        mouse.move(*_middle(start))
        mouse.down()
        mouse.move(*_middle(end), steps=4)
        mouse.up()

    def _pass(self, ms: int) -> None:
        self.page.evaluate(self.clock, ms)


def _middle(box: list[float]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
