"""A picture of packs: each a bar as long as its budget, filled by its samples from the left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from curation.report.palette import ELSEWHERE, INK, MODELS, SPLITS
from curation.report.plots import figure_of

_COLOURS = (SPLITS["train"], MODELS["base"], "#009e73", MODELS["dpo"])  # neighbours differ

Packs = Sequence[Sequence[tuple[int, int]]]


def draw_packs(packs: Packs, budget: int, path: Path) -> None:
    """Write `path` (.svg or .png). Of each sample there are (tokens, image tokens): the latter are the pale part, with
    hatches, at its left, wherever in the sample they stand."""
    height = 0.75 + 0.2 * len(packs)
    with figure_of(7.2, height) as figure:
        axes = figure.subplots()
        for place, samples in enumerate(packs):
            axes.barh(place, budget, color="none", edgecolor=ELSEWHERE, linewidth=0.6, height=0.78)
            left = 0
            for number, (tokens, seen) in enumerate(samples):
                colour = _COLOURS[number % len(_COLOURS)]
                axes.barh(place, seen, left=left, color=f"{colour}55", hatch="////", edgecolor=colour, linewidth=0)
                axes.barh(place, tokens - seen, left=left + seen, color=colour, edgecolor="white", linewidth=0.3)
                left += tokens
        axes.set(xlim=(0, budget), ylim=(len(packs) - 0.4, -0.6), xlabel="tokens", ylabel="pack")
        axes.tick_params(axis="y", left=False)
        axes.set_yticks(range(0, len(packs), 4), [str(place + 1) for place in range(0, len(packs), 4)])
        axes.set_title("a colour for each sample; hatched: images", fontsize=8, color=INK, loc="left")
        figure.subplots_adjust(0.08, 0.45 / height, 0.985, 1 - 0.25 / height)
        dated = {"Date": None} if path.suffix == ".svg" else None  # the same packs give the same bytes
        figure.savefig(path, dpi=150, facecolor="white", metadata=dated)
