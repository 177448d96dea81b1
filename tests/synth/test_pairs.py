"""Pairs out of candidates, by hand."""

from __future__ import annotations

import pytest

from curation.contract.sample import Preference
from synth.pairs import Candidate, pair_up


def right(text: str, score: float = 1.0, origin: str = "base") -> Candidate:
    return Candidate(text=text, origin=origin, verified=True, score=score)


def wrong(text: str, score: float = 0.0, origin: str = "base") -> Candidate:
    return Candidate(text=text, origin=origin, verified=False, score=score)


def texts(pairs: list[Preference]) -> list[tuple[str, str]]:
    return [(pair.chosen, pair.rejected) for pair in pairs]


DRAWN = [wrong("x", 0.25), right("a", 0.875), wrong("y", 0.5, "sft"), right("b", 1.0, "sft"), wrong("z")]


def test_failed_answers_in_order_beside_verified_ones_in_turn_best_first() -> None:
    assert pair_up(DRAWN, most=3) == [
        Preference(chosen="b", rejected="x", margin=0.75, origin="sft>base"),
        Preference(chosen="a", rejected="y", margin=0.375, origin="base>sft"),
        Preference(chosen="b", rejected="z", margin=1.0, origin="sft>base"),
    ]


@pytest.mark.parametrize(("most", "made"), [(1, 1), (2, 2), (3, 3), (9, 3)])
def test_at_most_so_many_and_no_pair_twice(most: int, made: int) -> None:
    pairs = texts(pair_up(DRAWN, most))
    assert len(pairs) == len(set(pairs)) == made


def test_equal_scores_keep_their_order() -> None:
    drawn = [right("first"), right("second"), wrong("x"), wrong("y")]
    assert texts(pair_up(drawn, 2)) == [("first", "x"), ("second", "y")]


def test_a_text_counts_once_where_it_first_stood() -> None:
    drawn = [wrong("x", origin="base"), right("a"), wrong("y"), wrong("x", origin="sft"), right("a"), wrong("z")]
    pairs = pair_up(drawn, 9)
    assert texts(pairs) == [("a", "x"), ("a", "y"), ("a", "z")]
    assert pairs[0].origin == "base>base"


def test_nothing_failed_or_nothing_verified_is_no_pair() -> None:
    assert pair_up([right("a"), right("b")], 3) == []
    assert pair_up([wrong("x"), wrong("y")], 3) == []
    assert pair_up([], 3, reference="r") == []


def test_a_reference_stands_in_only_where_none_verifies() -> None:
    (pair,) = pair_up([wrong("x", 0.25), wrong("y")], 1, reference="r")
    assert pair == Preference(chosen="r", rejected="x", margin=0.75, origin="reference>base")
    assert texts(pair_up([right("a"), wrong("x")], 1, reference="r")) == [("a", "x")]


def test_no_text_is_preferred_to_itself() -> None:
    """A reference whose writing is too coarse to verify, as a box of one pixel may be."""
    assert texts(pair_up([wrong("r"), wrong("x")], 2, reference="r")) == [("r", "x")]
