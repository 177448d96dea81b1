"""Duplicates: how many rows went by each kind, how copies were searched for, which groups are the largest."""

from __future__ import annotations

from typing import Any

import polars as pl

from curation.ledger import Ledger
from curation.report.cards import Card, find_samples, make_card
from curation.report.picture import Thumbnails
from curation.report.tables import beside, count_values, read_columns

GROUPS = 6  # shown (platform default)
KINDS = {  # in the order in which a row's kind is looked for, with what is the same
    "exact_sample": "the whole sample: picture file, question and answer",
    "exact_text": "the words, but for capitals and spaces",
    "same_trajectory": "an agent's steps, whatever pauses lie between them",
    "exact_image": "the picture file",
    "exact_pixels": "every pixel of the picture, in another file",
    "near_image": "the picture, resized, cropped or compressed anew",
    "mirrored_image": "the picture, mirrored",
    "near_text": "nearly all the words",
    "semantic_image": "what the picture shows, by a model's embeddings",
    "semantic_text": "what the text means, by a model's embeddings",
}
STEPS = {  # what is told of a search, in words
    "compared": "different ones that were compared",
    "candidates": "candidates: pairs with nearly the same hash, which got a second look",
    "confirmed": "confirmed: pairs that are the same at the second look",
    "too_plain_for_a_hash": "too plain for a hash, as blank pages are: only exact copies are found",
    "stood_for": "times that others with the very same hash stood for one, which was then not compared itself",
    "crowded": "times that one had more neighbours than get a look: the nearest got it",
}
_SEARCHED = {  # what was searched, and the kinds of edges that come of it
    "pictures": ("near_image", "mirrored_image"),
    "texts": ("near_text",),
}


def duplicates(ledger: Ledger, thumbnails: Thumbnails) -> dict[str, Any] | None:
    """`kinds`: (kind, what is the same, rows); `search`: what was compared, by the keys of `steps`; `groups`: cards."""
    if "deduplicate" not in ledger.tables:
        return None
    return {
        "kinds": by_kind(ledger),
        "steps": list(STEPS.items()),
        "search": search(ledger),
        "groups": largest_groups(ledger, thumbnails),
    }


def by_kind(ledger: Ledger) -> list[tuple[str, str, int]]:
    """How many rows were dropped by each kind of duplicate, the most frequent first."""
    counts = count_values(ledger, "deduplicate", "reason")
    found = [(kind, KINDS.get(kind, ""), rows) for kind, rows in counts.items() if kind]
    return sorted(found, key=lambda one: (-one[2], one[0]))


def search(ledger: Ledger) -> list[tuple[str, dict[str, int | None]]]:
    """For pictures, texts and embeddings what the search looked at; a step that it does not have is None."""
    edges = count_values(ledger, "match", "kind")
    found: list[tuple[str, dict[str, int | None]]] = []
    for of, told in beside(ledger, "match", "search").items():
        confirmed = sum(edges[kind] for kind in _SEARCHED.get(of, ()))
        found.append((of, {**{name: told.get(name) for name in STEPS}, "confirmed": confirmed}))
    for kind in (kind for kind in sorted(edges) if kind.startswith("semantic_")):
        name = f"{kind.removeprefix('semantic_')}s by embeddings"
        found.append((name, {**dict.fromkeys(STEPS), "confirmed": edges[kind]}))
    return found


def largest_groups(ledger: Ledger, thumbnails: Thumbnails) -> list[Card]:
    """The groups that most rows belong to, with how many, and a row of each that was kept."""
    table = read_columns(ledger, "deduplicate", ["group", "row_id", "fate"])
    assert table is not None
    kept = pl.col("fate") == "kept"
    groups = table.drop_nulls("group").group_by("group").agg(
        pl.len().alias("rows"), (~kept).sum().alias("dropped"), pl.col("row_id").filter(kept).min().alias("example")
    )  # fmt: skip
    shared = groups.filter(pl.col("rows") > 1).drop_nulls("example")
    chosen = shared.sort(["rows", "example"], descending=[True, False]).head(GROUPS).to_dicts()
    samples = find_samples(ledger, [group["example"] for group in chosen])
    return [
        make_card(
            samples.get(group["example"], {"row_id": group["example"]}),
            thumbnails,
            badge=f"{group['rows']:,} rows, {group['dropped']:,} of them dropped",
        )
        for group in chosen
    ]
