"""A page while it is being put together: widgets as HTML, each with its names for people and the jobs it offers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from html import escape

from synth.agents.icons import ICONS, svg
from synth.agents.jobs import Job, Kind, Move
from synth.agents.look import Look
from synth.agents.thoughts import think
from synth.agents.words import OPTIONS, Words


def marks(**given: str) -> str:
    """Attributes `data-...` of an element; empty ones are left out."""
    return " ".join(f'data-{name.rstrip("_")}="{escape(text)}"' for name, text in given.items() if text)


class Draft:
    """Widgets add their jobs to `jobs` and what pops up to `sheets`. `view` is where the next widget will stand."""

    def __init__(self, rng: random.Random, look: Look, words: Words) -> None:
        self.rng, self.look, self.words = rng, look, words
        self.touch = look.profile.device != "desktop"
        self.jobs: list[Job] = []
        self.sheets: list[str] = []
        self.view = "main"
        self._keys = 0

    def key(self) -> str:
        self._keys += 1
        return f"k{self._keys}"

    def move(self, kind: Kind, target: str, label: str, about: str, did: str, **slots: str) -> Move:
        """A move with a thought of the kind `about`; `name` in it is the label unless given."""
        ends = {name: slots.pop(name) for name in ("end", "text") if name in slots}
        thought = think(self.rng, about, self.touch, **{"name": label, **slots})
        return Move(kind=kind, target=target, label=label, thought=thought, did=did, **ends)

    def job(self, order: str, so: str, moves: Sequence[Move], goal: dict[str, str], last: bool = False) -> None:
        self.jobs.append(Job(order=order, so=so, moves=tuple(moves), goal=goal, view=self.view, last=last))

    def toggle(self, name: str, shape: str = "switch") -> str:
        """A switch or a check box (`box`), without its label."""
        key, on = self.key(), self.rng.random() < 0.5
        kind = {"switch": "switch", "box": "check box"}[shape]
        state = "off" if on else "on"
        tap = self.move("tap", f"[data-key={key}]", name, state, f"Switched {state} “{name}”", thing=kind)
        verb = {"switch": f"switch {state}", "box": "untick" if on else "tick"}[shape]
        self.job(f'{verb} "{name}"', f"“{name}” is {state}", [tap], {key: str(not on).lower()})
        told = marks(key=key, act="toggle", kind=kind, name=name)
        return f'<button class="{shape}" role="{shape}" aria-checked="{str(on).lower()}" {told}></button>'

    def toggle_row(self, english: str, shape: str = "switch") -> str:
        name = self.words(english)
        return f'<div class="row"><span class="grow cut">{escape(name)}</span>{self.toggle(name, shape)}</div>'

    def radios(self, english: str) -> str:
        """Options of which one is chosen, one below the other."""
        key, options = self.key(), [self.words(each) for each in OPTIONS[english]]
        now = self.rng.choice(options)
        rows = []
        for option in options:
            own = self.key()
            if option != now:
                tap = self.move("tap", f"[data-id={own}]", option, "radio", f"Chose “{option}”")
                self.job(
                    f'choose "{option}" for "{self.words(english)}"', f"“{option}” is chosen", [tap], {key: option}
                )
            told = marks(id=own, group=key, act="radio", kind="radio button", name=option, value=option)
            dot = f'<button class="dot" role="radio" aria-checked="{str(option == now).lower()}" {told}></button>'
            rows.append(f'<div class="row">{dot}<span class="grow">{escape(option)}</span></div>')
        # The buttons' own `aria-checked` is what a person sees; the group's value stands with its heading.
        name = self.words(english)
        asked = marks(key=key, value=now, ask=f"Which option is chosen under “{name}”?", answer=now)
        return f'<div class="label" {asked}>{escape(name)}</div><div class="group">{"".join(rows)}</div>'

    def field(self, english: str, value: str | None = None, hint: str = "", filters: str = "") -> str:
        """A text field, mostly empty, with its label above it or its `hint` inside."""
        key, name = self.key(), self.words(english)
        filled = self.words.typed(english) if self.rng.random() < 0.3 else ""
        now = filled if value is None else value
        if not now and not filters:
            text = self.words.typed(english)
            tap = self.move("tap", f"[data-key={key}]", name, "focus", f"Put the cursor into “{name}”")
            typed = self.move("type", f"[data-key={key}]", name, "type", f"Filled in the “{name}” field", text=text)
            self.job(f'enter "{text}" as "{name}"', f"“{name}” reads {text}", [tap, typed], {key: text})
        told = marks(key=key, kind="text field", name=name, filters=filters)
        label = "" if hint else f'<label class="label">{escape(name)}</label>'
        return (
            f'{label}<input class="field" value="{escape(now)}" placeholder="{escape(hint)}" spellcheck="false" {told}>'
        )

    def choice(self, english: str, labelled: bool = True) -> str:
        """A list that opens when it is pressed; its name stands before it."""
        key, name = self.key(), self.words(english)
        options = [self.words(each) for each in OPTIONS[english]]
        now = self.rng.choice(options)
        sheet, rows = self.key(), []
        for option in options:
            own = self.key()
            if option != now:
                opened = self.move(
                    "tap", f"[data-key={key}]", name, "open_choice", f"Opened the list “{name}”", now=now
                )
                picked = self.move("tap", f"[data-id={own}]", option, "pick", f"Chose “{option}”", option=option)
                order, so = f'set "{name}" to "{option}"', f"“{name}” is set to “{option}”"
                self.job(order, so, [opened, picked], {key: option})
            told = marks(id=own, act="pick", owner=key, value=option, kind="option", name=option)
            rows.append(
                f'<button class="option" aria-selected="{str(option == now).lower()}" {told}>{escape(option)}</button>'
            )
        self.sheet(
            sheet, f"<h2>{escape(name)}</h2>{''.join(rows)}", "low" if self.look.profile.device == "phone" else ""
        )
        told = marks(key=key, act="open", to=sheet, kind="drop-down list", name=name, value=now)
        shown = f'<button class="pick" {told}><span data-shown>{escape(now)}</span><i></i></button>'
        return f"<span>{escape(name)}</span>{shown}" if labelled else shown

    def sheet(self, key: str, inner: str, place: str = "") -> None:
        self.sheets.append(
            f'<div class="sheet {place}" data-sheet="{key}" hidden><div class="panel">{inner}</div></div>'
        )

    def slider(self, english: str) -> str:
        """A slider from 0 to 10, with its value beside it."""
        key, name = self.key(), self.words(english)
        now = self.rng.randrange(11)
        then = self.rng.choice([each for each in range(11) if abs(each - now) > 2])
        slots = {"end": f"[data-spot={key}]", "now": str(now), "then": str(then)}
        drag = self.move("drag", f"[data-key={key}] .thumb", name, "drag", f"Moved “{name}” to {then}", **slots)
        self.job(f'set the slider "{name}" to {then}', f"“{name}” is at {then}", [drag], {key: str(then)})
        told = marks(key=key, kind="slider", name=name, top="10", value=str(now))
        spot = f'<i data-spot="{key}" style="position:absolute;left:{10 * then - 3}%;width:6%;top:2px;height:24px"></i>'
        return (
            f'<div class="row"><span>{escape(name)}</span><div class="slider" {told}><span class="thumb">'
            f"</span>{spot}</div>"
            f'<span class="count" data-of="{key}">{now}</span></div>'
        )

    def stepper(self, english: str) -> str:
        """A number from 0 to 9 between minus and plus."""
        key, name = self.key(), self.words(english)
        now = self.rng.randrange(4)
        then = self.rng.choice([each for each in range(max(0, now - 2), now + 4) if each != now])
        about, by = ("plus", 1) if then > now else ("minus", -1)
        buttons = {sign: self.key() for sign in ("minus", "plus")}
        moves = [
            self.move(
                "tap",
                f"[data-id={buttons[about]}]",
                name,
                about,
                f"Set “{name}” to {each + by}",
                now=str(each),
                then=str(then),
            )
            for each in range(now, then, by)
        ]
        self.job(f'set "{name}" to {then}', f"“{name}” is {then}", moves, {key: str(then)})
        parts = [
            '<button class="step" '
            f"{marks(id=buttons[sign], act='step', owner=key, by=by, kind='button', name=sign, in_=name)}>"
            f"{shown}</button>"
            for sign, by, shown in (("minus", "-1", "−"), ("plus", "1", "+"))
        ]
        told = marks(key=key, value=str(now), ask=f"What number is set for “{name}”?", answer=str(now))
        count = f'<span class="count" {told}>{now}</span>'
        return f'<div class="row"><span class="grow">{escape(name)}</span>{parts[0]}{count}{parts[1]}</div>'

    def icon(self, name: str, act: str = "", to: str = "", within: str = "") -> str:
        """A button that shows nothing but an icon; `within` names the row or the card that it belongs to."""
        told = marks(act=act, to=to, kind="icon", name=ICONS[name].does, does=name, in_=within)
        return f'<button class="icon" {told}>{svg(name)}</button>'

    def star(self, name: str, within: str, order: str) -> str:
        """An icon to mark something with: an outline, filled when it is on."""
        key = self.key()
        looks = ICONS[name].looks.split()[-1]
        tap = self.move("tap", f"[data-key={key}]", within, "star", f"Marked “{within}”", icon=looks)
        self.job(order, f"“{within}” is marked", [tap], {key: "true"})
        told = marks(key=key, act="toggle", kind="icon", name=ICONS[name].does, does=name, in_=within)
        return f'<button class="icon" aria-checked="false" {told}>{svg(name, 19)}</button>'

    def push(self, english: str, first: bool = False, act: str = "", to: str = "") -> str:
        """A button with a word on it; `first` is the one that stands out."""
        name = self.words(english)
        told = marks(act=act, to=to, kind="button", name=name)
        return f'<button class="push{" first" if first else ""}" {told}>{escape(name)}</button>'

    def sender(self, english: str, order: str, within: str = "", busy: bool | None = None, small: bool = False) -> str:
        """A button that ends the work on the page: what it does is told in a line at the foot of the page."""
        key, name = self.key(), self.words(english)
        busy = self.rng.random() < 0.4 if busy is None else busy
        moves = [self.move("tap", f"[data-id={key}]", name, "press", f"Pressed “{name}”")]
        if busy:
            moves.append(self.move("wait", "", name, "wait", "Waited until the page was ready"))
        said = f"“{name}” has been pressed" if not within else f"“{name}” has been pressed for “{within}”"
        self.job(order, said, moves, {"sent": key}, last=True)
        told = marks(
            id=key,
            act="send",
            to=key,
            kind="button",
            name=name,
            in_=within,
            busy="yes" if busy else "",
            done=f"{name} ✓",
        )
        return f'<button class="push first{" small" if small else ""}" {told}>{escape(name)}</button>'

    def held(self, name: str, menu: Sequence[tuple[str, str]]) -> tuple[str, str]:
        """Attributes for an entry with a menu of its own, and its key. `menu`: labels and `gone` or `pinned`."""
        key, sheet, rows = self.key(), self.key(), []
        for english, act in menu:
            own, option = self.key(), self.words(english)
            opened = self.move("hold", f"[data-key={key}]", name, "hold", f"Opened the menu of “{name}”")
            picked = self.move(
                "tap", f"[data-id={own}]", option, "menu_pick", f"Chose “{option}”", name=name, option=option
            )
            so = f"“{name}” is gone" if act == "gone" else f"“{name}” stands at the top"
            self.job(f'{english.lower()} "{name}" by its menu', so, [opened, picked], {key: act})
            rows.append(
                f'<button class="option" {marks(id=own, act=act, kind="option", name=option)}>{escape(option)}</button>'
            )
        self.sheet(sheet, f'<h2 class="cut">{escape(name)}</h2>{"".join(rows)}')
        return marks(key=key, held=sheet, value="there"), key
