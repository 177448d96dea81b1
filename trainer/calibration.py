"""How far a reward model's probabilities can be believed: what it predicts of pairs beside what was judged."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A pair in one dimension: the scores of both answers, and `sign`, 1 where the chosen one was judged the better
    one and -1 where the rejected one was."""

    row_id: str
    chosen: float
    rejected: float
    sign: float


def calibration(pairs: Sequence[Judged], seed: int, bins: int = BINS) -> dict[str, Any]:
    """`accuracy` is the share of pairs whose better answer has the higher score, equal scores counting as wrong; `loss`
    the mean of -log sigmoid(better - worse), log 2 for a model that knows nothing; `expected_calibration_error` the
    mean distance over the pairs between what their bin predicted and what was observed there (Naeini et al. 2015); all
    None without pairs.

    For the `bins`, of equal width, a pair's answers are put in an order that the seed and its id decide: of pairs that
    all stand better answer first, nothing but 1 could be observed. A bin has its bounds `least` and `most`, its `pairs`
    and, where it has any, the mean probability `predicted` that the first answer is the better one and the share
    `observed` of pairs in which it was.
    """
    count = len(pairs)
    margins = [pair.sign * (pair.chosen - pair.rejected) for pair in pairs]
    filled = _filled([_presented(pair, seed) for pair in pairs], bins)
    apart = [each["pairs"] * abs(each["predicted"] - each["observed"]) for each in filled if each["pairs"]]
    return {
        "pairs": count,
        "accuracy": sum(margin > 0 for margin in margins) / count if count else None,
        "loss": sum(-_log_sigmoid(margin) for margin in margins) / count if count else None,
        "expected_calibration_error": sum(apart) / count if count else None,
        "bins": filled,
    }


def _presented(pair: Judged, seed: int) -> tuple[float, bool]:
    """The probability that the answer shown first is the better one, and whether it is."""
    swapped = hashlib.sha256(f"{seed}/{pair.row_id}".encode()).digest()[0] % 2 == 1
    margin = pair.rejected - pair.chosen if swapped else pair.chosen - pair.rejected
    return math.exp(_log_sigmoid(margin)), (pair.sign > 0) != swapped


def _filled(shown: Sequence[tuple[float, bool]], bins: int) -> list[dict[str, Any]]:
    found = []
    for number in range(bins):
        inside = [(p, first) for p, first in shown if min(int(p * bins), bins - 1) == number]
        told: dict[str, Any] = {"least": number / bins, "most": (number + 1) / bins, "pairs": len(inside)}
        if inside:
            told["predicted"] = sum(p for p, _ in inside) / len(inside)
            told["observed"] = sum(first for _, first in inside) / len(inside)
        found.append(told)
    return found


def _log_sigmoid(value: float) -> float:
    return min(value, 0.0) - math.log1p(math.exp(-abs(value)))
