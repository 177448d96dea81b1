"""Places and light by hand, and cuts by known shares found again."""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from filters import align as module
from filters.align import WHITE, Fit, align, hidden, lay_over, rough_fit

Floats = npt.NDArray[np.float32]
Window = tuple[float, float, float, float]

CUTS: list[Window] = [
    (0, 0, 0, 0),
    (0.02, 0.02, 0.02, 0.02),
    (0.05, 0.05, 0, 0),
    (0, 0.04, 0.03, 0),
    (0.05, 0.05, 0.05, 0.05),
    (0, 0, 0.06, 0.01),
]


@functools.cache
def texture(side: int = 1000, seed: int = 0) -> Floats:
    """Noise at many scales, as a photograph has it: levels 20 to 230, uint8 [side, side] in float32."""
    rng = np.random.default_rng(seed)
    total: Floats = np.zeros((side, side), dtype=np.float32)
    for cells in (3, 6, 12, 25, 50, 100, 200):
        noise = rng.normal(0, 1 / cells**0.5, (cells, cells)).astype(np.float32)
        total = total + np.asarray(cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC))
    low, high = float(total.min()), float(total.max())
    return np.rint(20 + 210 * (total - low) / (high - low)).astype(np.float32)


def seen(picture: Floats, window: Window, side: int) -> Floats:
    """`picture` without these shares of its sides, as [side, side] by area."""
    left, top, right, bottom = window
    height, width = picture.shape
    rows = slice(round(height * top), round(height * (1 - bottom)))
    columns = slice(round(width * left), round(width * (1 - right)))
    return np.asarray(cv2.resize(picture[rows, columns], (side, side), interpolation=cv2.INTER_AREA))


def numbers(fit: Fit) -> list[float]:
    return [fit.scale_x, fit.shift_x, fit.scale_y, fit.shift_y]


def corners(fit: Fit) -> npt.NDArray[np.float64]:
    return np.array([fit.shift_x, fit.shift_x + fit.scale_x, fit.shift_y, fit.shift_y + fit.scale_y])


def away(first: Fit, second: Fit) -> float:
    """By what share of a side the corners are apart, at most."""
    return float(np.abs(corners(first) - corners(second)).max())


def error(a: Floats, b: Floats, fit: Fit) -> float:
    """Mean difference where both show something, each pixel's cut to 40 levels."""
    over = lay_over(a, b, fit)
    return float(np.minimum(np.abs(over.residual(b)[over.inside]), 40).mean())


def test_a_window_and_its_inverse_by_hand() -> None:
    assert numbers(Fit()) == [1, 0, 1, 0]
    fit = Fit.of_window(0.1, 0.2, 0.3, 0.3)
    assert numbers(fit) == pytest.approx([0.6, 0.1, 0.5, 0.2])
    # The middle of the cut is at 0.5 * 0.6 + 0.1 = 0.4 of the whole; 0.4 of the whole is the middle of the cut.
    assert numbers(fit.inverse()) == pytest.approx([1 / 0.6, -1 / 6, 2, -0.4])
    assert fit.inverse().scale_x * 0.4 + fit.inverse().shift_x == pytest.approx(0.5)
    assert numbers(fit.inverse().inverse()) == pytest.approx(numbers(fit))
    assert numbers(Fit().inverse()) == [1, 0, 1, 0]


def test_equal_pictures_lie_over_each_other_as_they_are() -> None:
    picture = seen(texture(), (0, 0, 0, 0), 64)
    over = lay_over(picture, picture, Fit())
    assert np.abs(over.levels - picture).max() < 0.01
    assert np.array_equal(over.raw, picture)
    assert over.inside.all()
    assert np.abs(over.residual(picture)).max() < 0.01


def test_lay_over_cuts_and_says_where_there_is_nothing() -> None:
    a = np.arange(0, 240, 20, dtype=np.float32)[None, :].repeat(8, axis=0)  # 12 columns: 0, 20, ... 220
    # The right half of the columns, at the same size of a pixel.
    right = lay_over(a, a[:, 6:], Fit.of_window(0.5, 0, 0, 0))
    assert np.allclose(right.raw, a[:, 6:], atol=1e-3)
    assert right.inside.all()
    # The other way round `a` shows nothing of the left half.
    left = lay_over(a[:, 6:], a, Fit.of_window(0.5, 0, 0, 0).inverse())
    assert left.inside[0].tolist() == [False] * 6 + [True] * 6
    assert np.allclose(left.raw[:, 6:], a[:, 6:], atol=1e-3)


def test_lay_over_needs_no_equal_sizes() -> None:
    picture = texture(600)
    large, small = seen(picture, (0, 0, 0, 0), 200), seen(picture, (0.05, 0, 0, 0.05), 95)
    over = lay_over(large, small, Fit.of_window(0.05, 0, 0, 0.05))
    assert over.levels.shape == (95, 95)
    assert np.abs(over.residual(small)).mean() < 2


@pytest.mark.parametrize("window", CUTS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_cut_is_found_on_thumbnails(window: Window, seed: int) -> None:
    picture = texture(seed=seed)
    a, b = seen(picture, (0, 0, 0, 0), 64), seen(picture, window, 64)
    assert away(rough_fit(a, b), Fit.of_window(*window)) < 0.01
    assert away(rough_fit(b, a), Fit.of_window(*window).inverse()) < 0.01


@pytest.mark.parametrize("window", CUTS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_cut_is_found_exactly_at_256_pixels(window: Window, seed: int) -> None:
    picture = texture(seed=seed)
    start = rough_fit(seen(picture, (0, 0, 0, 0), 64), seen(picture, window, 64))
    a, b = seen(picture, (0, 0, 0, 0), 256), seen(picture, window, 256)
    found = align(a, b, start, rounds=6)
    assert away(found, Fit.of_window(*window)) < 0.002
    assert away(align(b, a, start.inverse(), rounds=6), Fit.of_window(*window).inverse()) < 0.002
    assert error(a, b, found) < 2.5


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (0.85, 0.0), (0.75, 40.0), (1.1, -10.0)])
def test_gain_and_offset_are_undone(gain: float, offset: float) -> None:
    a = seen(texture(), (0, 0, 0, 0), 64)
    b = gain * a + offset
    over = lay_over(a, b, Fit())
    assert np.abs(over.levels - b).max() < 0.5
    assert np.array_equal(over.raw, a)
    back = lay_over(b, a, Fit())
    assert np.abs(back.levels - a).max() < 0.5


def test_contrast_is_undone_within_bounds() -> None:
    a = seen(texture(), (0, 0, 0, 0), 64)
    faint = 128 + 0.2 * (a - a.mean())  # a fifth of the contrast is another picture
    over = lay_over(a, faint, Fit())
    assert over.levels.std() == pytest.approx(0.7 * a.std(), rel=0.02)
    assert np.abs(over.residual(faint)).mean() > 5


@pytest.mark.parametrize("window", [(0, 0, 0, 0), (0.05, 0.05, 0, 0)])
def test_light_and_place_are_found_together(window: Window) -> None:
    picture = texture()
    a, b = seen(picture, (0, 0, 0, 0), 256), 0.8 * seen(picture, window, 256) + 15
    found = align(a, b, Fit.of_window(*window[:2], window[2] + 0.01, window[3] + 0.01), rounds=8)
    assert away(found, Fit.of_window(*window)) < 0.002
    assert error(a, b, found) < 2.5


def test_hidden_by_hand() -> None:
    difference = np.array([-20, 20, -20, 20, -20, 20], dtype=np.float32)
    raw = np.array([255, 255, 0, 0, 128, 128], dtype=np.float32)
    # What is white may be brighter, what is black darker than it says.
    assert hidden(difference, raw).tolist() == [0, 20, -20, 0, -20, 20]
    assert hidden(difference[:1], np.array([WHITE], dtype=np.float32)).tolist() == [0]


def test_white_that_was_cut_off_does_not_spoil_the_light() -> None:
    a = seen(texture(), (0, 0, 0, 0), 64)
    bright = (1.35 * a + 30).clip(0, 255)
    assert 0.05 < (bright >= 255).mean() < 0.5
    over = lay_over(a, bright, Fit())
    assert np.abs(over.residual(bright)[bright < 250]).max() < 2.0
    # The other way round white tells nothing, and the rest fits.
    back = lay_over(bright, a, Fit())
    assert np.abs(back.residual(a)).max() < 2.0


def test_white_that_was_cut_off_does_not_spoil_the_place() -> None:
    picture, window = texture(), (0.04, 0, 0, 0.03)
    a, b = seen(picture, (0, 0, 0, 0), 256), seen((1.35 * picture + 30).clip(0, 255), window, 256)
    assert away(align(a, b, Fit.of_window(0.03, 0, 0, 0.02), rounds=8), Fit.of_window(*window)) < 0.002


def test_a_mark_does_not_pull_the_rest_along() -> None:
    picture, window = texture(), (0.03, 0.03, 0.03, 0.03)
    a, b = seen(picture, (0, 0, 0, 0), 256), seen(picture, window, 256)
    b[200:250, 180:250] = 255
    found = align(a, b, Fit.of_window(0.02, 0.02, 0.02, 0.02), rounds=8)
    assert away(found, Fit.of_window(*window)) < 0.003
    clean = np.abs(lay_over(a, b, found).residual(b))[:190, :170]
    assert clean.mean() < 2.5


@pytest.mark.parametrize("seed", range(12))
def test_align_never_makes_it_worse(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kind = seed % 3
    a = seen(texture(400, seed), (0, 0, 0, 0), 96)
    if kind == 0:  # another picture
        b = seen(texture(400, seed + 100), (0, 0, 0, 0), 96)
    elif kind == 1:  # noise
        b = rng.uniform(0, 255, (96, 96)).astype(np.float32)
    else:
        b = seen(texture(400, seed), (0.05, 0, 0.02, 0.01), 96)
    for _ in range(4):
        start = Fit.of_window(*rng.uniform(-0.08, 0.08, 4))
        for rounds in (0, 1, 3, 6):
            assert error(a, b, align(a, b, start, rounds)) <= error(a, b, start) + 1e-3
    assert align(a, b, Fit(), 0) == Fit()


def test_the_last_small_step_does_not_make_it_worse_either() -> None:
    picture = seen(texture(400, seed=0), (0, 0, 0, 0), 96)
    rng = np.random.default_rng(140)
    marked = picture.copy()
    marked[60:, 60:] = rng.uniform(0, 255, (36, 36))
    assert error(picture, marked, align(picture, marked, Fit(), rounds=8)) <= error(picture, marked, Fit()) + 0.005


def test_flat_pictures_stay_where_they_are() -> None:
    flat = np.full((64, 64), 200, dtype=np.float32)
    assert rough_fit(flat, flat) == Fit()
    assert align(flat, flat, Fit(), rounds=5) == Fit()
    over = lay_over(flat, flat - 100, Fit())
    assert over.levels == pytest.approx(100)


def test_a_direction_in_which_nothing_changes_is_left_as_it_is() -> None:
    # Stripes: columns tell where they are, rows look the same wherever they are.
    across = texture(400)[200][None, :].repeat(400, axis=0)
    a, b = seen(across, (0, 0, 0, 0), 256), seen(across, (0.04, 0.3, 0, 0), 256)
    found = align(a, b, Fit.of_window(0.03, 0, 0, 0), rounds=8)
    assert [found.scale_x, found.shift_x] == pytest.approx([0.96, 0.04], abs=0.002)
    assert [found.scale_y, found.shift_y] == pytest.approx([1, 0], abs=1e-4)


def test_what_lies_nowhere_has_no_error_but_infinity() -> None:
    picture = seen(texture(), (0, 0, 0, 0), 64)
    over = lay_over(picture, picture, Fit(1, 2, 1, 2))
    assert not over.inside.any()
    assert math.isinf(module._error(over.residual(picture), over.inside))
    assert align(picture, picture, Fit(1, 2, 1, 2), rounds=3) == Fit(1, 2, 1, 2)
