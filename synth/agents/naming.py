"""What people call the things on a screen, such that a name means one thing only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from synth.agents.icons import ICONS
from synth.agents.stage import Seen

_OF = {"switch": 'the switch for "{}"', "check box": 'the check box for "{}"', "day": "day {} of the month"}


def phrases(seen: Seen) -> list[str]:
    """Ways to point at an element in words: by its text, or by what its icon does and looks like."""
    within = f' of "{seen.within}"' if seen.within else ""
    if seen.kind == "icon":
        icon = ICONS[seen.icon]
        return [f"the icon that {icon.does}{within}", f"the icon of {icon.looks}{within and f', in the entry{within}'}"]
    if seen.within and seen.name in ("plus", "minus"):
        return [f"the {seen.name}{within}"]
    return [_OF.get(seen.kind, f'the {seen.kind} "{{}}"').format(seen.name) + within]


def named(everything: Sequence[Seen]) -> list[tuple[Seen, list[str]]]:
    """The elements that can be named without doubt, each with its names: mostly in view, not cut off by dots, no two
    of a name; and no icon in the bar that is drawn elsewhere on the screen as well."""
    things = [each for each in everything if each.kind and each.kind != "title"]
    counts = Counter(phrase for each in things for phrase in phrases(each))
    drawn = Counter(icon for each in things for icon in set(each.drawn.split()))
    found = []
    for each in things:
        twice = each.kind == "icon" and not each.within and drawn[each.icon] > 1
        if each.most and not each.cut and not twice and all(counts[phrase] == 1 for phrase in phrases(each)):
            found.append((each, phrases(each)))
    return found


def order(seen: Seen) -> list[str]:
    """Ways to tell somebody to press the element once; none for what isn't simply pressed."""
    within = f' of "{seen.within}"' if seen.within else ""
    name = f'"{seen.name}"'
    if seen.kind in ("switch", "check box"):
        on = {"true": ("Switch off", "Untick"), "false": ("Switch on", "Tick")}[seen.checked]
        return [f"{on[seen.kind == 'check box']} {name}.", f"Change the setting {name}."]
    if seen.kind == "icon":
        return [f"Press {phrase}." for phrase in phrases(seen)]
    return {
        "button": [f"Press {name}{within}.", f"Click the {name} button{within}."]
        if seen.name not in ("plus", "minus")
        else [f"Press the {seen.name}{within}."],
        "tab": [f"Go to {name}.", f"Open the tab {name}."],
        "text field": [f"Put the cursor into the field {name}.", f"Click into {name}."],
        "drop-down list": [f"Open the list {name}.", f"Show what can be chosen for {name}."],
        "option": [f"Choose {name}.", f"Take the option {name}."],
        "radio button": [f"Choose {name}.", f"Select {name}."] if seen.checked == "false" else [],
        "row": [f"Open the entry {name}.", f"Press the row {name}."],
        "card": [f"Open the card {name}."],
        "day": [f"Choose day {seen.name} of the month."] if seen.checked == "false" else [],
    }.get(seen.kind, [])


def listed(names: Sequence[str]) -> str:
    """Names in quotes for a sentence: “a”, “b” and “c”."""
    quoted = [f"“{name}”" for name in names]
    return " and ".join(part for part in (", ".join(quoted[:-1]), quoted[-1]) if part)
