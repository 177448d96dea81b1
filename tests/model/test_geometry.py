"""Sizes and coordinates, against published golden values and by hand."""

from __future__ import annotations

import importlib
import random

import numpy as np
import pytest

from model.family import FAMILIES, QWEN2_5_VL, QWEN2_VL, QWEN3_VL, QWEN_VL, Family, Grid, family
from model.geometry import (
    Layout,
    Units,
    from_grid,
    orient_points,
    scale_points,
    seen_size,
    smart_resize,
    to_displayed_pixels,
    to_grid,
    vision_tokens,
)
from model.image import apply_orientation
from model.offline import prepare

HUB = (56 * 56, 16384 * 28 * 28)


@pytest.mark.parametrize(
    ("size", "resized", "tokens"),
    [
        ((224, 224), (224, 224), 64),
        ((428, 640), (420, 644), 345),
        ((1080, 1920), (1092, 1932), 2691),
        ((2400, 1080), (2408, 1092), 3354),
        ((1280, 720), (1288, 728), 1196),
        ((1398, 870), (1400, 868), 1550),
        ((1532, 1014), (1540, 1008), 1980),
        ((70, 70), (56, 56), 4),
        ((42, 42), (56, 56), 4),
        ((14, 14), (56, 56), 4),
        ((98, 98), (112, 112), 16),
        ((378, 406), (392, 392), 196),
        ((630, 658), (616, 672), 528),
        ((30, 3000), (28, 2996), 107),
        ((10000, 10000), (3556, 3556), 16129),
        ((10, 2000), (28, 812), 29),
        ((13, 1000), (28, 504), 18),
    ],
)
def test_golden_sizes_at_the_hub_limits(size: tuple[int, int], resized: tuple[int, int], tokens: int) -> None:
    assert smart_resize(*size, 28, *HUB) == resized
    assert vision_tokens(*resized, 28) == tokens


@pytest.mark.parametrize(
    ("size", "limits", "resized"),
    [
        ((1080, 1920), (3136, 1003520), (728, 1316)),
        ((2400, 1080), (3136, 1003520), (1484, 672)),
        ((1398, 870), (3136, 1003520), (1260, 784)),
        ((10000, 10000), (3136, 1003520), (980, 980)),
        ((224, 224), (256 * 784, 1280 * 784), (448, 448)),
        ((30, 3000), (256 * 784, 1280 * 784), (56, 4480)),
        ((100, 19000), (3136, 105369), (28, 4452)),  # older implementations give a side of 0 here
    ],
)
def test_golden_sizes_at_other_limits(size: tuple[int, int], limits: tuple[int, int], resized: tuple[int, int]) -> None:
    assert smart_resize(*size, 28, *limits) == resized


def test_golden_sizes_of_the_larger_factor() -> None:
    limits = (QWEN3_VL.min_pixels, QWEN3_VL.max_pixels)
    assert smart_resize(1080, 1920, QWEN3_VL.factor, *limits) == (1088, 1920)
    assert smart_resize(1280, 720, QWEN3_VL.factor, *limits) == (1280, 704)


def test_sizes_agree_with_transformers() -> None:
    pytest.importorskip("transformers")
    prepare()
    reference = importlib.import_module("transformers.models.qwen2_vl.image_processing_pil_qwen2_vl")
    rng = random.Random(1)
    for _ in range(3000):
        height = int(10 ** rng.uniform(0, 4))
        width = rng.randint(max(1, height // 190), min(20_000, height * 190))
        factor = rng.choice([28, 32])
        minimum = factor * factor * rng.choice([4, 64, 256])
        maximum = minimum * rng.choice([4, 16, 1000])
        assert smart_resize(height, width, factor, minimum, maximum) == reference.smart_resize(
            height, width, factor, minimum, maximum
        )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((10, 2001, 28, *HUB), "1 to 200.1"),
        ((0, 50, 28, *HUB), "50x0"),
        ((10, 600, 28, 0, 10**6), "at least 784"),
    ],
)
def test_impossible_sizes_are_refused(arguments: tuple[int, int, int, int, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        smart_resize(*arguments)


def test_the_size_a_family_sees() -> None:
    assert seen_size((1920, 1080), QWEN2_5_VL, *HUB) == ((1932, 1092), 2691)
    assert seen_size((1920, 1080), QWEN_VL, *HUB) == ((448, 448), 256)


def test_a_family_is_found_by_name_and_a_slip_is_named() -> None:
    assert all(family(known.name) is known for known in FAMILIES)
    with pytest.raises(ValueError, match="did you mean `qwen2_5_vl`"):
        family("Qwen2.5-VL")


@pytest.mark.parametrize(
    ("orientation", "point", "box"),
    [
        (1, (1, 2), (1, 2, 5, 10)),
        (2, (29, 2), (25, 2, 29, 10)),
        (3, (29, 18), (25, 10, 29, 18)),
        (4, (1, 18), (1, 10, 5, 18)),
        (5, (2, 1), (2, 1, 10, 5)),
        (6, (18, 1), (10, 1, 18, 5)),
        (7, (18, 29), (10, 25, 18, 29)),
        (8, (2, 29), (2, 25, 10, 29)),
    ],
)
def test_points_turn_with_the_image_by_hand(orientation: int, point: tuple[float, ...], box: tuple[float, ...]) -> None:
    assert orient_points((1, 2), 30, 20, orientation) == point
    assert orient_points((1, 2, 5, 10), 30, 20, orientation) == box


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_stays_on_its_pixels(orientation: int) -> None:
    stored = np.zeros((20, 30), np.uint8)
    stored[2:10, 1:5] = 1
    x1, y1, x2, y2 = (int(value) for value in orient_points((1, 2, 5, 10), 30, 20, orientation))
    shown = apply_orientation(stored, orientation)
    assert shown[y1:y2, x1:x2].all()
    assert shown.sum() == (y2 - y1) * (x2 - x1) == 32


def test_a_quad_keeps_its_reading_start() -> None:
    assert orient_points((0, 0, 4, 0, 4, 2, 0, 2), 10, 6, 6) == (6, 0, 6, 4, 4, 4, 4, 0)
    with pytest.raises(ValueError, match="1 to 8, not 9"):
        orient_points((0, 0), 10, 6, 9)


def test_scaling_by_hand() -> None:
    assert scale_points((10, 20, 30, 40), (100, 200), (50, 400)) == (5, 40, 15, 80)


@pytest.mark.parametrize(
    ("chosen", "written"),
    [
        (QWEN2_5_VL, (322, 273, 1931, 1091)),  # 320 * 1932/1920 = 322, 270 * 1092/1080 = 273, far corner clamped
        (QWEN2_VL, (167, 250, 1000, 1000)),  # 320 / 1920 * 1000 = 166.7
        (QWEN3_VL, (167, 250, 1000, 1000)),
        (QWEN_VL, (167, 250, 999, 999)),
    ],
)
def test_each_family_writes_its_own_numbers(chosen: Family, written: tuple[int, ...]) -> None:
    grid = chosen.grounding.grid
    assert to_grid((320, 270, 1920, 1080), grid, (1920, 1080), (1932, 1092)) == written
    assert to_grid((-5, -0.4), grid, (1920, 1080), (1932, 1092)) == (0, 0)


def test_halves_round_to_even_as_the_official_converter_does() -> None:
    assert to_grid((2.5, 3.5), Grid(), (100, 100), (100, 100)) == (2, 4)


@pytest.mark.parametrize("chosen", FAMILIES, ids=lambda known: known.name)
def test_the_way_back_is_within_half_a_unit_and_one_at_the_far_edge(chosen: Family) -> None:
    grid: Grid = chosen.grounding.grid
    rng = random.Random(2)
    for _ in range(2000):
        displayed = (rng.randint(30, 4000), rng.randint(30, 4000))
        resized, _ = seen_size(displayed, chosen, 3136, rng.choice([200_000, 12_845_056]))
        point = (rng.uniform(0, displayed[0]), rng.uniform(0, displayed[1]))
        back = from_grid(to_grid(point, grid, displayed, resized), grid, displayed, resized)
        for axis in (0, 1):
            span = resized[axis] if grid.scale is None else grid.scale
            unit = displayed[axis] / span
            clamped = point[axis] / unit > (span - 1 if grid.top is None else grid.top)
            assert abs(back[axis] - point[axis]) <= (1.0 if clamped else 0.5) * unit + 1e-9


def test_a_thousandths_grid_is_within_a_pixel_up_to_two_thousand() -> None:
    grid = QWEN3_VL.grounding.grid

    def error(x: float, width: int) -> float:
        size = (width, 9)
        return abs(from_grid(to_grid((x, 0), grid, size, size), grid, size, size)[0] - x)

    worst = {width: max(error(x, width) for x in range(width + 1)) for width in (640, 1000, 2000, 4000)}
    assert worst[640] < 0.33 and worst[1000] == 0
    assert worst[2000] == pytest.approx(1.0)
    assert worst[4000] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("points", "layout", "units", "pixels"),
    [
        ((10, 20, 30, 60), "xyxy", "pixels", (10, 20, 30, 60)),
        ((10, 20, 20, 40), "xywh", "pixels", (10, 20, 30, 60)),
        ((20, 40, 20, 40), "cxcywh", "pixels", (10, 20, 30, 60)),
        ((0.05, 0.2, 0.15, 0.6), "xyxy", "unit", (10, 20, 30, 60)),
        ((10, 40, 10, 40), "cxcywh", "percent", (10, 20, 30, 60)),
        ((50, 200, 100, 400), "xywh", "thousandths", (10, 20, 30, 60)),
        ((50, 200), "points", "thousandths", (10, 20)),
        ((0, 0, 1, 0, 1, 1, 0, 1), "points", "unit", (0, 0, 200, 0, 200, 100, 0, 100)),
    ],
)
def test_foreign_coordinates_become_pixels(
    points: tuple[float, ...], layout: Layout, units: Units, pixels: tuple[float, ...]
) -> None:
    assert to_displayed_pixels(points, layout, units, (200, 100)) == pytest.approx(pixels)


def test_foreign_coordinates_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="xywh takes 4 numbers, not 3"):
        to_displayed_pixels((1, 2, 3), "xywh", "pixels", (9, 9))
    with pytest.raises(ValueError, match="even count of numbers, not 0"):
        to_displayed_pixels((), "points", "pixels", (9, 9))
    with pytest.raises(ValueError, match="finite"):
        to_displayed_pixels((1, float("nan")), "points", "pixels", (9, 9))
