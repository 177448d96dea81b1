"""How a program's views, its bar and its places become one page, and how one gets from view to view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

from synth.agents.draft import Draft, marks
from synth.agents.icons import svg
from synth.agents.jobs import Job, Move
from synth.agents.look import Look, style
from synth.agents.runtime import RUNTIME
from synth.agents.words import CHOICES, TOGGLES

_PLACE_ICONS = {
    "Home": "menu",
    "Settings": "gear",
    "Inbox": "bell",
    "Sent": "send",
    "Drafts": "pen",
    "Trash": "bin",
    "Cart": "cart",
    "Recent": "refresh",
    "Shared": "share",
    "Files": "clip",
    "Favourites": "heart",
    "Library": "repeat",
    "Chats": "send",
    "Calls": "phone",
    "Trips": "calendar",
    "Offers": "star",
    "Profile": "person",
    "Reports": "filter",
    "Customers": "person",
    "Invoices": "download",
    "Dashboard": "filter",
    "Notes": "pen",
    "Shop": "search",
    "Calendar": "calendar",
    "Music": "play",
    "Travel": "swap",
}


@dataclass(frozen=True, slots=True)
class App:
    """A program as one page. `ways` says by which moves one comes from the first view to each other one."""

    kind: str
    title: str
    html: str
    look: Look
    language: str
    jobs: tuple[Job, ...]
    ways: dict[str, tuple[Move, ...]]


@dataclass(slots=True)
class Parts:
    """What a program's own function fills in: `views` by name, of which "main" comes first, each with its title;
    `places` are (English name, view) of the navigation; `icons` stand in the bar; `rows` lead from main to views."""

    kind: str
    title: str
    views: dict[str, tuple[str, str]]
    places: list[tuple[str, str]] = field(default_factory=list)
    icons: list[str] = field(default_factory=list)
    ways: dict[str, tuple[Move, ...]] = field(default_factory=dict)
    wide: bool = False


def fact(question: str, answer: str) -> str:
    """Attributes of an element that answers a question, where it can be seen."""
    return marks(ask=question, answer=answer)


def assorted(draft: Draft, count: int) -> str:
    """A view of mixed widgets: groups of switches, lists, sliders."""
    rng, rows = draft.rng, []
    shape = rng.choice(("switch", "switch", "box"))
    for english in rng.sample(TOGGLES, count):
        rows.append(draft.toggle_row(english, shape))
    extra: list[Callable[[], str]] = [
        lambda: f'<div class="row">{draft.choice(rng.choice(CHOICES))}</div>',
        lambda: draft.slider(rng.choice(("Volume", "Brightness"))),
    ]
    rows += [make() for make in rng.sample(extra, rng.randint(0, 2))]
    rng.shuffle(rows)
    middle = rng.randint(2, max(2, len(rows) - 1))
    return "".join(f'<div class="group">{"".join(part)}</div>' for part in (rows[:middle], rows[middle:]) if part)


def assemble(draft: Draft, parts: Parts) -> App:
    """The whole page of a program."""
    look, rng = draft.look, draft.rng
    device = look.profile.device
    for english, view in parts.places:
        if view not in parts.views:
            draft.view = view
            parts.views[view] = (draft.words(english), assorted(draft, rng.randint(3, 6)))
    drawer = device == "phone" and (len(parts.places) > 4 or rng.random() < 0.4)
    _drawer(draft, parts, drawer)
    menu = draft.icon("menu", "open", "drawer") if drawer else ""
    bars = "".join(_bar(draft, parts, view, menu) for view in parts.views)
    views = "".join(f'<div class="view" data-view="{view}">{inner}</div>' for view, (_, inner) in parts.views.items())
    side = "" if device == "phone" or not parts.places else f'<nav class="side">{_places(draft, parts, 20)}</nav>'
    tabs = (
        f'<nav class="tabs">{_places(draft, parts, 20)}</nav>'
        if device == "phone" and not drawer and parts.places
        else ""
    )
    classes = " ".join(each for each in (device, "" if look.cards else "flat", "wide" if parts.wide else "") if each)
    plain = "plain" if rng.random() < 0.5 else ""
    busy = (
        '<div class="sheet" data-sheet="busy" hidden><div class="panel"><h2>…</h2><div class="soft">· · '
        "·</div></div></div>"
    )
    html = (
        f"<!DOCTYPE html><html lang={draft.words.language}><head><meta charset=utf-8><style>{style(look)}"
        "</style></head>"
        f'<body><div class="app {classes} {plain}">{bars}<div class="middle">{side}<main>{views}</main></div>'
        f"{tabs}</div>"
        f'{"".join(draft.sheets)}{busy}<div class="toast" hidden></div><script>{RUNTIME}</script></body></html>'
    )
    return App(parts.kind, parts.title, html, look, draft.words.language, tuple(draft.jobs), parts.ways)


def _bar(draft: Draft, parts: Parts, view: str, menu: str) -> str:
    main = view == "main"
    first = menu if main else draft.icon("back", "back")
    icons = "".join(parts.icons) if main else ""
    return f'<header class="bar" data-view="{view}">{first}<h1>{escape(parts.views[view][0])}</h1>{icons}</header>'


def _places(draft: Draft, parts: Parts, size: int) -> str:
    """The places of the navigation as buttons; the one that is open is marked."""
    found = []
    for english, view in parts.places:
        name, icon = draft.words(english), _PLACE_ICONS.get(english, "help")
        told = marks(place=view, act="go", to=view, kind="tab", name=name)
        found.append(f'<button class="place" {told}>{svg(icon, size)}<span class="cut">{escape(name)}</span></button>')
    return "".join(found)


def _drawer(draft: Draft, parts: Parts, drawer: bool) -> None:
    """Notes the ways to the places; with a drawer they lead through the menu."""
    if drawer:
        draft.sheet("drawer", f"<h2>{escape(parts.title)}</h2>{_places(draft, parts, 20)}", "left")
    for english, view in parts.places:
        if view == "main":
            continue
        name = draft.words(english)
        if drawer:
            opened = draft.move(
                "tap", "[data-view=main] [data-to=drawer]", "menu", "menu", "Opened the menu", name=name
            )
            chosen = draft.move("tap", f"[data-sheet=drawer] [data-place={view}]", name, "menu_go", f"Opened “{name}”")
            parts.ways[view] = (opened, chosen)
        else:
            parts.ways[view] = (draft.move("tap", f"nav [data-place={view}]", name, "go", f"Opened “{name}”"),)


def way(draft: Draft, parts: Parts, view: str, target: str, name: str) -> None:
    """Notes that pressing `target` on the first view leads to `view`."""
    parts.ways[view] = (draft.move("tap", target, name, "go", f"Opened “{name}”"),)


def face(draft: Draft, name: str) -> str:
    """A round picture with a person's first letter."""
    hue = draft.rng.randrange(360)
    return f'<span class="face" style="background:hsl({hue} 45% 42%)">{escape(name[0])}</span>'


def picture(draft: Draft, height: int) -> str:
    """A made-up picture, for a product or a record."""
    rng, hue = draft.rng, draft.rng.randrange(360)
    shapes = [
        f'<circle cx="{rng.randrange(100)}" cy="{rng.randrange(60)}" r="{rng.randrange(8, 30)}" '
        f'fill="hsl({rng.randrange(360)} 50% 55%)"/>'
        for _ in range(rng.randint(2, 4))
    ]
    return (
        f'<svg viewBox="0 0 100 60" preserveAspectRatio="xMidYMid slice" style="width:100%;height:{height}'
        'px;border-radius:4px;display:block">'
        f'<rect width="100" height="60" fill="hsl({hue} 35% 70%)"/>{"".join(shapes)}</svg>'
    )
