"""What can be said and asked about a screen from what is seen on it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from synth.agents.icons import ICONS
from synth.agents.layout import App
from synth.agents.naming import listed, named
from synth.agents.stage import Seen

_BRIEF = (" Answer with yes or no.", " Yes or no?")
_SHORT = (" Answer briefly.", " Give only the answer.", "")


def questions(seen: Sequence[Seen]) -> list[tuple[str, str]]:
    """Questions with their exact answers about states, values and texts in full view; no question has two answers."""
    found = [
        (f"{each.ask} Give only the answer.", each.answer) for each in seen if each.ask and each.whole and not each.cut
    ]
    for each, _ in named(seen):
        if not each.whole:
            continue
        if each.kind in ("switch", "check box"):
            word = "switched on" if each.kind == "switch" else "ticked"
            found.append(
                (f"Is “{each.name}” {word}? Answer with yes or no.", "yes" if each.checked == "true" else "no")
            )
        elif each.kind == "text field":
            empty = "Is anything written" if not each.value else "What is written"
            found.append((f"{empty} in the field “{each.name}”?{'' if each.value else _BRIEF[0]}", each.value or "no"))
        elif each.kind == "drop-down list":
            found.append((f"To what is “{each.name}” set? Give only the answer.", each.value))
        elif each.kind == "tab" and each.selected == "true":
            found.append(("Which tab is open? Answer with its name.", each.name))
        elif each.kind == "slider":
            found.append((f"At what value is the slider “{each.name}”?", each.value))
    counts = Counter(question for question, _ in found)
    return [(question, answer) for question, answer in found if counts[question] == 1 and answer]


def caption(rng: random.Random, app: App, seen: Sequence[Seen]) -> str:
    """Three to eight sentences on the screen: what it is, its bar, its places, what stands on it and how it is set."""
    title = next((each.name for each in seen if each.kind == "title"), "")
    colours = "dark" if app.look.dark else "light"
    device = {"phone": "A phone", "tablet": "A tablet", "desktop": "A desktop computer"}[app.look.profile.device]
    named_title = f" with the title “{title}”" if title else ""
    opening = rng.choice(
        (
            f"{device} shows a {app.kind}{named_title}, in {colours} colours.",
            f"This is a {app.kind}{named_title}, as seen on {device.lower()}. Its colours are {colours}.",
        )
    )
    things = [each for each, _ in named(seen)]
    over = [each for each in things if each.over]
    said = [opening]
    if over:
        said.append(f"A window lies over the page and offers {listed([each.name for each in over])}.")
        return " ".join(said)
    said += [sentence for sentence in (_icons(things), _tabs(things), *_widgets(things), _facts(rng, seen)) if sentence]
    return " ".join(said)


def _icons(things: Sequence[Seen]) -> str:
    icons = [ICONS[each.icon].looks for each in things if each.kind == "icon" and not each.within]
    return f"There {'are icons' if len(icons) > 1 else 'is an icon'} of {' and of '.join(icons[:4])}." if icons else ""


def _tabs(things: Sequence[Seen]) -> str:
    tabs = [each for each in things if each.kind == "tab"]
    chosen = [each.name for each in tabs if each.selected == "true"]
    if len(tabs) < 2:
        return ""
    return f"Its places are {listed([each.name for each in tabs])}" + (f"; “{chosen[0]}” is open." if chosen else ".")


def _widgets(things: Sequence[Seen]) -> list[str]:
    """A sentence for each kind of widget that is there, with its state."""
    by_kind = {kind: [each for each in things if each.kind == kind] for kind in sorted({each.kind for each in things})}
    said = []
    for kind, states in (("switch", ("on", "off")), ("check box", ("ticked", "not ticked"))):
        for checked, state in zip(("true", "false"), states, strict=True):
            names = [each.name for each in by_kind.get(kind, []) if each.checked == checked][:6]
            if names:
                said.append(
                    f"The {'switches' if kind == 'switch' else 'check boxes'} that are {state}: {listed(names)}."
                )
    fields = by_kind.get("text field", [])
    if empty := [each.name for each in fields if not each.value]:
        said.append(
            f"{'Fields' if len(empty) > 1 else 'A field'} for {listed(empty)} "
            f"{'are' if len(empty) > 1 else 'is'} empty."
        )
    said += [f"The field “{each.name}” holds the text “{each.value}”." for each in fields if each.value]
    said += [f"“{each.name}” is set to “{each.value}”." for each in by_kind.get("drop-down list", [])]
    said += [f"The slider “{each.name}” is at {each.value} of 10." for each in by_kind.get("slider", [])]
    for kind, word in (
        ("row", "Entries of the list are"),
        ("card", "Cards are headed"),
        ("button", "There are buttons"),
    ):
        names = list(dict.fromkeys(each.name for each in by_kind.get(kind, []) if each.name not in ("plus", "minus")))[
            :4
        ]
        if names:
            said.append(f"{word} {listed(names)}." if len(names) > 1 else f"One {kind} says “{names[0]}”.")
    return said


def _facts(rng: random.Random, seen: Sequence[Seen]) -> str:
    """One of the texts that answer a question, told with its question's words."""
    facts = [
        each
        for each in seen
        if each.ask.startswith(("What does “", "Who sent", "Which track")) and each.whole and not each.cut
    ]
    if not facts:
        return ""
    fact = rng.choice(facts)
    about = fact.ask.split("“")[1].split("”")[0] if "“" in fact.ask else ""
    if fact.ask.startswith("Who sent"):
        return f"The message “{about}” was sent by {fact.answer}."
    return f"The track “{fact.answer}” is playing." if not about else f"{fact.answer} is the price of “{about}”."
