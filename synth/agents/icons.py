"""Icons of screens, drawn on a grid of 24 x 24, with what they look like and what a press on them does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Icon:
    """`looks` and `does` finish the phrases "the icon of ..." and "the icon that ..."."""

    path: str
    looks: str
    does: str


ICONS = {
    "search": Icon("M10 4a6 6 0 1 0 0 12a6 6 0 1 0 0-12M15 15l6 6", "a magnifying glass", "starts a search"),
    "menu": Icon("M4 6h16M4 12h16M4 18h16", "three lines", "opens the menu"),
    "back": Icon("M20 12H5M11 5l-7 7l7 7", "an arrow to the left", "goes back"),
    "more": Icon(
        "M12 5m-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0M12 12m-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0M12 19m-1 0a1 1 "
        "0 1 0 2 0a1 1 0 1 0-2 0",
        "three dots",
        "shows more options",
    ),
    "add": Icon("M12 4v16M4 12h16", "a plus sign", "adds something new"),
    "close": Icon("M5 5l14 14M19 5L5 19", "a cross", "closes this"),
    "bell": Icon("M6 17V10a6 6 0 0 1 12 0v7M4 17h16M10 20h4", "a bell", "shows what is new"),
    "heart": Icon("M12 20L4 12a5 5 0 0 1 8-6a5 5 0 0 1 8 6Z", "a heart", "marks a favourite"),
    "star": Icon(
        "M12 3l3 6l6 1l-4.500 4.500l1 6.500l-5.500-3l-5.500 3l1-6.500L3 10l6-1Z", "a star", "marks with a star"
    ),
    "bin": Icon("M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13M10 11v6M14 11v6", "a bin", "deletes"),
    "cart": Icon(
        "M3 4h3l2 11h10l2-8H7M9 20m-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0M17 20m-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0",
        "a shopping cart",
        "shows the cart",
    ),
    "gear": Icon(
        "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 2v4M12 18v4M2 12h4M18 12h4M5 5l3 3M16 16l3 3M19 5l-3 3M8 16l-3 3",
        "a gear",
        "opens the settings",
    ),
    "person": Icon("M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8M4 21a8 7 0 0 1 16 0", "a person", "opens the profile"),
    "play": Icon("M7 4l13 8l-13 8Z", "a triangle to the right", "plays"),
    "pause": Icon("M8 4v16M16 4v16", "two upright bars", "pauses"),
    "forward": Icon("M5 5l9 7l-9 7ZM18 5v14", "a triangle before a bar", "skips to the next track"),
    "rewind": Icon("M19 5l-9 7l9 7ZM6 5v14", "a triangle behind a bar", "goes to the track before"),
    "send": Icon("M3 11l18-8l-7 18l-3-8Z", "a paper plane", "sends the message"),
    "clip": Icon("M8 12l7-7a3 3 0 0 1 5 5l-9 9a5 5 0 0 1-7-7l8-8", "a paper clip", "attaches a file"),
    "camera": Icon(
        "M3 8h4l2-3h6l2 3h4v12H3ZM12 10a3.500 3.500 0 1 0 0 7a3.500 3.500 0 1 0 0-7", "a camera", "takes a photo"
    ),
    "share": Icon(
        "M18 5m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M6 12m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M18 19m-2 0a2 2 "
        "0 1 0 4 0a2 2 0 1 0-4 0M8 11l8-5M8 13l8 5",
        "three linked dots",
        "shares this",
    ),
    "filter": Icon("M3 5h18l-7 8v7l-4-2v-5Z", "a funnel", "filters the list"),
    "refresh": Icon("M19 12a7 7 0 1 1-2-5M19 3v5h-5", "a round arrow", "loads it anew"),
    "download": Icon("M12 3v12M6 10l6 6l6-6M4 20h16", "an arrow onto a line", "downloads"),
    "pen": Icon("M4 20l1-5L16 4l4 4L9 19ZM13 7l4 4", "a pen", "edits"),
    "calendar": Icon("M4 6h16v14H4ZM4 11h16M8 3v5M16 3v5", "a calendar page", "picks a date"),
    "swap": Icon("M7 4v15M3 8l4-4l4 4M17 20V5M13 16l4 4l4-4", "two arrows up and down", "swaps the two places"),
    "shuffle": Icon(
        "M3 6h4l10 12h4M3 18h4L17 6h4M18 3l3 3l-3 3M18 15l3 3l-3 3", "crossed arrows", "plays in random order"
    ),
    "repeat": Icon("M4 11V7h14M15 4l3 3l-3 3M20 13v4H6M9 20l-3-3l3-3", "two arrows in a round", "repeats"),
    "phone": Icon("M5 3h4l2 5l-3 2a12 12 0 0 0 6 6l2-3l5 2v4a18 18 0 0 1-16-16", "a telephone receiver", "calls"),
    "lock": Icon("M6 11h12v9H6ZM8 11V8a4 4 0 0 1 8 0v3", "a padlock", "locks"),
    "help": Icon(
        "M9 9a3 3 0 1 1 4 3q-1 1-1 2M12 18m-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20",
        "a question mark",
        "shows the help",
    ),
}


def svg(name: str, size: int = 22) -> str:
    """The icon as inline SVG in its text's colour, `size` CSS pixels a side. Raises KeyError for an unknown one."""
    return (
        f'<svg data-svg="{name}" width="{size}" height="{size}" viewBox="0 0 24 24" fill="none" '
        'stroke="currentColor" stroke-width="2" '
        f'stroke-linecap="round" stroke-linejoin="round"><path d="{ICONS[name].path}"/></svg>'
    )
