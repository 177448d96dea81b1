"""Preference pairs out of candidates: an answer that verified beside one that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curation.contract.sample import Preference


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An answer that was drawn for a prompt: who drew it, whether it verifies, and its verifier's score, 0 to 1."""

    text: str
    origin: str
    verified: bool
    score: float


def pair_up(candidates: Sequence[Candidate], most: int, reference: str | None = None) -> list[Preference]:
    """At most `most` pairs of one prompt: failed answers in the order of `candidates`, each beside a verified one in
    turn, best first. `reference` stands in where none verifies and it is given. No two pairs are alike, and no text is
    on both sides."""
    verified = _distinct(sorted((c for c in candidates if c.verified), key=lambda c: -c.score))
    if not verified and reference is not None:
        verified = [Candidate(text=reference, origin="reference", verified=True, score=1.0)]
    if not verified:
        return []
    right = {c.text for c in verified}
    failed = _distinct([c for c in candidates if not c.verified and c.text not in right])
    return [
        Preference(
            chosen=(chosen := verified[place % len(verified)]).text,
            rejected=rejected.text,
            margin=chosen.score - rejected.score,
            origin=f"{chosen.origin}>{rejected.origin}",
        )
        for place, rejected in enumerate(failed[:most])
    ]


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The first candidate of each text."""
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.text, candidate)
    return list(first.values())
