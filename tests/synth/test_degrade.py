"""Degradations: arithmetic worked by hand, and boxes that go where their pixels go."""

from __future__ import annotations

import random

import numpy as np
import pytest

from synth.degrade import (
    blurred,
    darkened,
    degrade,
    folded,
    moved,
    noisy,
    perspective,
    shadowed,
    skew,
    through,
    warped,
)

GREY = np.full((40, 60, 3), 100, dtype=np.uint8)


def test_a_homography_moves_points() -> None:
    shift = np.array([[1, 0, 5], [0, 1, -2], [0, 0, 1.0]])
    assert moved(shift, (0, 0, 10, 4)) == (5, -2, 15, 2)
    halved_far = np.array([[1, 0, 0], [0, 1, 0], [0, 0.1, 1.0]])
    assert moved(halved_far, (6, 10)) == (3, 5)  # divided by 0.1 * 10 + 1


def test_four_corners_say_which_homography() -> None:
    square, target = (0, 0, 10, 0, 10, 10, 0, 10), (1, 2, 9, 0, 10, 10, 0, 8)
    assert moved(through(square, target), square) == pytest.approx(target)


@pytest.mark.parametrize("turn", [skew, perspective])
def test_a_turned_sheet_stays_in_the_picture(turn: object) -> None:
    for seed in range(20):
        matrix = turn(700, 900, random.Random(seed))  # type: ignore[operator]
        corners = moved(matrix, (0, 0, 700, 0, 700, 900, 0, 900))
        assert min(corners) >= -1e-6 and max(corners[0::2]) <= 700.001 and max(corners[1::2]) <= 900.001
        assert np.abs(matrix - np.eye(3)).max() > 1e-3


@pytest.mark.parametrize("turn", [skew, perspective])
def test_boxes_go_where_their_pixels_go(turn: object) -> None:
    picture = np.full((900, 700, 3), 255, dtype=np.uint8)
    picture[200:240, 100:500] = 0
    for seed in range(5):
        matrix = turn(700, 900, random.Random(seed))  # type: ignore[operator]
        dark = warped(picture, matrix, (255, 255, 255))[:, :, 0] < 128
        quad = moved(matrix, (100, 200, 500, 200, 500, 240, 100, 240))
        rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
        assert (columns[0], rows[0]) == pytest.approx((min(quad[0::2]), min(quad[1::2])), abs=1)
        assert (columns[-1] + 1, rows[-1] + 1) == pytest.approx((max(quad[0::2]), max(quad[1::2])), abs=1)


def test_a_whole_pixel_shift_is_exact() -> None:
    picture = np.arange(40 * 60 * 3, dtype=np.uint32).reshape(40, 60, 3).astype(np.uint8)
    shift = np.array([[1, 0, 3], [0, 1, 2], [0, 0, 1.0]])
    found = warped(picture, shift, (7, 8, 9))
    assert (found[2:, 3:] == picture[:-2, :-3]).all()
    assert (found[0, 0] == (7, 8, 9)).all()


def test_low_light_takes_most_from_blue() -> None:
    assert darkened(GREY, 0.5, 0.2)[0, 0].tolist() == [50, 45, 40]


def test_a_shadow_lies_on_one_side() -> None:
    found = shadowed(GREY, 0.4, 0.0, 0.0)
    assert found[0, 0, 0] == 100 and found[0, -1, 0] == 60  # all of the light, and six tenths
    assert (found[0] == found[-1]).all()


def test_a_fold_is_darkest_at_its_crease() -> None:
    found = folded(GREY, 0.3, 0.5, upright=True)[0, :, 0].astype(int)
    assert found[0] == 100 and abs(int(found.argmin()) - 30) <= 1 and 70 <= found.min() <= 74


def test_noise_has_its_strength_and_is_grey() -> None:
    found = noisy(np.full((200, 200, 3), 128, dtype=np.uint8), 6, seed=3)
    assert (found[:, :, 0] == found[:, :, 2]).all()
    assert found[:, :, 0].std() == pytest.approx(6, rel=0.05)
    assert (found == noisy(np.full((200, 200, 3), 128, dtype=np.uint8), 6, seed=3)).all()


def test_a_blur_keeps_the_light() -> None:
    dot = np.zeros((41, 41, 3), dtype=np.uint8)
    dot[20, 20] = 250
    found = blurred(dot, 0.8)
    assert found[20, 20, 0] < 100 and 235 <= found[:, :, 0].sum() <= 265


def test_a_page_gets_at_most_two_and_moves_once() -> None:
    picture = np.full((84, 112, 3), 240, dtype=np.uint8)
    seen = set()
    for seed in range(60):
        done = degrade(picture, random.Random(seed))
        again = degrade(picture, random.Random(seed))
        assert (done.image == again.image).all() and done.names == again.names and done.quality == again.quality
        assert len(done.names) <= 2 and not {"skew", "perspective"} <= set(done.names)
        assert ((done.matrix != np.eye(3)).any()) == bool({"skew", "perspective"} & set(done.names))
        assert (done.quality <= 60) == ("jpeg" in done.names)
        seen.update(done.names or ("none",))
    assert seen == {"skew", "perspective", "fold", "shadow", "low light", "blur", "noise", "jpeg", "none"}
