"""What an agent thinks before a move, in the first person and short: why this, as the screen is now."""

from __future__ import annotations

import random

THOUGHTS = {
    "on": (
        "“{name}” is off. I {tap} its {thing} to turn it on.",
        "The {thing} for “{name}” is still off, so I switch it on.",
        "I need “{name}” on; at the moment it is off. I {tap} the {thing}.",
    ),
    "off": (
        "“{name}” is on now. I {tap} its {thing} to turn it off.",
        "The {thing} for “{name}” is set, and I have to clear it.",
        "“{name}” should be off, but it is on. I {tap} the {thing}.",
    ),
    "radio": (
        "Another option is chosen; I {tap} “{name}” instead.",
        "I choose “{name}”, which is not selected yet.",
        "The task wants “{name}”, so I {tap} its circle.",
    ),
    "focus": (
        "I have to write into “{name}” first. I {tap} the field.",
        "The “{name}” field is where the text goes, so I {tap} it.",
        "To fill in “{name}”, I put the cursor there.",
    ),
    "type": (
        "The “{name}” field has the cursor now. I type the text.",
        "“{name}” is active, so I can write into it.",
        "With the cursor in “{name}”, I type what was asked for.",
    ),
    "enter": (
        "The words are in the search field. I start the search with Enter.",
        "The search text is complete; Enter filters the list.",
    ),
    "open_choice": (
        "“{name}” is set to {now}. I open its list to change that.",
        "At the moment “{name}” reads {now}; I {tap} it to see the others.",
        "I have to change “{name}” from {now}, so I open the list.",
    ),
    "pick": (
        "The list is open. I choose “{option}”.",
        "I see “{option}” among the options and {tap} it.",
        "Now that the options are shown, “{option}” is the right one.",
    ),
    "drag": (
        "“{name}” is at {now} and should be at {then}. I move its handle.",
        "The handle of “{name}” stands at {now}; I pull it to {then}.",
        "I drag the slider of “{name}” from {now} to {then}.",
    ),
    "plus": (
        "“{name}” is {now}, and I need {then}. I {tap} the plus.",
        "One more for “{name}”: it shows {now} and must become {then}.",
        "“{name}” still reads {now}; I {tap} plus to come closer to {then}.",
    ),
    "minus": (
        "“{name}” is {now}, and I need {then}. I {tap} the minus.",
        "“{name}” shows {now}, too many; I {tap} minus.",
    ),
    "hold": (
        "I need what can be done with “{name}”. I {hold} it to open its menu.",
        "“{name}” has a menu of its own, which opens when I {hold} the entry.",
    ),
    "menu_pick": ("The menu of “{name}” is open. I choose “{option}”.", "“{option}” is in the menu, so I {tap} it."),
    "go": (
        "What I need is not on this screen. I open “{name}”.",
        "This belongs to “{name}”, so I go there.",
        "I look for it under “{name}”.",
    ),
    "menu": (
        "I can't see “{name}” here, so I open the menu.",
        "The way to “{name}” leads through the menu with the three lines.",
    ),
    "menu_go": ("The menu is open and has “{name}”. I {tap} it.", "I find “{name}” in the menu and open it."),
    "back": (
        "I am done on this page and go back.",
        "That is finished here; I return to the page before.",
        "Now I go back to where I came from.",
    ),
    "press": (
        "Now I {tap} “{name}”.",
        "The button “{name}” does what the task asks for. I {tap} it.",
        "I see the “{name}” button and {tap} it.",
    ),
    "point": ("The pointer has to be on the handle of “{name}” first.", "I move the mouse to the handle of “{name}”."),
    "wait": ("The page is busy. I wait until it is ready.", "It is still working, so I give it a moment."),
    "scroll": (
        "“{name}” is not on the screen yet. I scroll down to find it.",
        "I can't see “{name}” here; it must be further down.",
        "The page goes on below. I scroll until “{name}” comes up.",
    ),
    "scroll_up": ("“{name}” is above what I see now, so I scroll up.", "I scroll back up to reach “{name}”."),
    "star": (
        "“{name}” has no mark yet. I {tap} its {icon}.",
        "In the row of “{name}” I {tap} the {icon}, which is still empty.",
    ),
    "end": (
        "{so}. That was the task.",
        "{so}, so the task is done.",
        "Everything is as asked: {so}.",
        "I check the screen: {so}. Done.",
    ),
    "item": ("“{name}” is in the list. I {tap} it.", "I see “{name}” and choose it."),
}


def think(rng: random.Random, about: str, touch: bool, **slots: str) -> str:
    """A thought of one kind with its slots filled in; `touch` says whether fingers do it. Raises KeyError for an
    unknown kind or slot."""
    hands = {"tap": "tap", "hold": "long-press"} if touch else {"tap": "click", "hold": "right-click"}
    said = rng.choice(THOUGHTS[about]).format(**hands, **slots)
    return said[0].upper() + said[1:]
