"""All signals there are, by name."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from filters.signal import Signal
from filters.signals import (
    alttext,
    corpus,
    encoding,
    episodes,
    form,
    header,
    labels,
    language,
    naming,
    overlaps,
    pages,
    pixels,
    pixels_blocks,
    pixels_detail,
    pixels_identity,
    privacy,
    quads,
    regions,
    repetition,
    safety,
    screens,
    steps,
    tables,
    text,
    wellformed,
)

MODULES = (
    header,
    text,
    alttext,
    language,
    repetition,
    corpus,
    form,
    wellformed,
    privacy,
    safety,
    encoding,
    regions,
    overlaps,
    naming,
    labels,
    quads,
    tables,
    pages,
    steps,
    episodes,
    pixels,
    pixels_blocks,
    pixels_detail,
    pixels_identity,
    screens,
)


def catalogue() -> dict[str, Signal]:
    """Every signal by its name, in the order in which the files state them."""
    return collect(MODULES)


def brought() -> dict[str, Signal]:
    """The signals that are brought to samples, which rules can read; the others stay with their images."""
    return {name: each for name, each in catalogue().items() if each.reducer != "none"}


def collect(modules: Iterable[ModuleType]) -> dict[str, Signal]:
    """The signals of `modules` by name. Raises ValueError where two share a name."""
    found: dict[str, Signal] = {}
    for module in modules:
        for each in vars(module).values():
            if not isinstance(each, Signal):
                continue
            if each.name in found:
                raise ValueError(f"two signals are named {each.name}; the second is in {module.__name__}: rename it")
            found[each.name] = each
    return found
