from __future__ import annotations

import pytest

from curation.mix import balance


@pytest.mark.parametrize(
    ("text", "media", "share", "kept"),
    [
        (300, 100, 0.5, (100, 100)),  # text in excess
        (50, 200, 0.5, (50, 50)),  # multimodal in excess
        (100, 100, 0.5, (100, 100)),
        (100, 300, 0.25, (100, 300)),
        (0, 70, 0.5, (0, 70)),  # no ratio to reach
        (70, 0, 0.5, (70, 0)),
        (10, 90, 0.0, (0, 90)),
        (10, 90, 1.0, (10, 0)),
    ],
)
def test_balance_thins_one_side_only(text: int, media: int, share: float, kept: tuple[int, int]) -> None:
    assert balance(text, media, share) == kept
