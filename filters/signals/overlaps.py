"""How the regions of one image lie to each other: repeated, nested, a point beside its box.

Each function gets one row per region, as in `regions`. Boxes are alike where they share image, label and text.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import polars as pl

from filters.frames import Batch
from filters.signal import signal

overlap = functools.partial(signal, tier="text", grain="region")

MOST_COMPARED = 256  # platform default: bounds the work on a hostile sample of many thousand boxes

_Floats = npt.NDArray[np.float64]


@overlap(unit="share", reducer="max")
def region_overlap_iou(regions: pl.DataFrame, batch: Batch) -> pl.Series:
    """Highest intersection over union of two alike boxes or quads (their upright boxes); near 1, one object twice.

    Of more than 257 alike boxes on an image, each is compared with the 256 before it by left edge. Null where a box
    has no other of its image, label and text; boxes without area are left out.
    """
    return _compared(regions, batch)["iou"]


@overlap(unit="share", reducer="mean", source="after Qwen-VL (Bai et al. 2023), which removed recursive boxes of GRIT")
def nested_region_ratio(regions: pl.DataFrame, batch: Batch) -> pl.Series:
    """Share of boxes or quads that lie wholly inside a larger one of the same image, label and text.

    Compared as in `region_overlap_iou`; equal boxes are not nested. Boxes without area are left out.
    """
    return _compared(regions, batch)["nested"]


@overlap(unit="share", reducer="mean")
def point_outside_box_ratio(regions: pl.DataFrame) -> pl.Series:
    """Share of points that lie in no box of their image and label, where there is one; a box's border belongs to it.

    Boxes and quads (their upright boxes) count. Points whose label is empty or has no box are left out.
    """
    of = ["sample", "media", "label"]
    rows = regions.with_row_index("row").filter(pl.col("label").str.strip_chars() != "")
    points = rows.filter(pl.col("shape") == "point").select("row", *of, x="x1", y="y1")
    boxes = rows.filter(pl.col("shape") != "point").join(points.select(of).unique(), on=of, how="semi")
    # A point may lie in any of its label's boxes, so that all of them are held against it, up to a bound.
    boxes = boxes.filter(pl.int_range(pl.len()).over(of) < MOST_COMPARED).select(*of, "x1", "y1", "x2", "y2")
    within = pl.col("x").is_between("x1", "x2") & pl.col("y").is_between("y1", "y2")
    outside = points.join(boxes, on=of).group_by("row").agg(outside=1.0 - within.any().cast(pl.Float64))
    every = regions.with_row_index("row").select("row")
    return every.join(outside, on="row", how="left", maintain_order="left")["outside"]


def _compared(regions: pl.DataFrame, batch: Batch) -> pl.DataFrame:
    """Columns `iou` (with the most similar box before it by left edge) and `nested` (0 or 1) for each region."""
    return batch.once("overlaps", lambda: _compare(regions))


def _compare(regions: pl.DataFrame) -> pl.DataFrame:
    area = (pl.col("x2") - pl.col("x1")) * (pl.col("y2") - pl.col("y1"))
    rows = regions.with_row_index("row").select(
        "row", "sample", "media", "label", "text", "x1", "y1", "x2", "y2", "shape"
    )
    rows = rows.with_columns(area=area).filter((pl.col("shape") != "point") & (pl.col("area") > 0))
    alike = ("sample", "media", "label", "text")
    # A box never precedes one that holds it, so that one look back at each finds both repeats and nesting.
    order = rows.with_columns(group=pl.struct(alike).rank("dense")).sort("group", "x1", -pl.col("area"), "row")
    iou, nested, paired = _look_back(
        order["group"].to_numpy(), order.select("x1", "y1", "x2", "y2").to_numpy(), order["area"].to_numpy()
    )
    measured = order.select("row", iou=pl.Series(iou), nested=pl.Series(nested), paired=pl.Series(paired))
    measured = measured.with_columns(pl.when("paired").then("iou").alias("iou"))
    every = regions.with_row_index("row").select("row")
    return every.join(measured, on="row", how="left", maintain_order="left").select("iou", "nested")


def _look_back(
    group: npt.NDArray[np.uint32], boxes: _Floats, area: _Floats
) -> tuple[_Floats, _Floats, npt.NDArray[np.bool_]]:
    """For each row of boxes sorted by group and left edge: the highest IoU with one of the 256 before it, whether one
    of those holds it (0 or 1), and whether it has any."""
    iou, nested, paired = np.zeros(len(group)), np.zeros(len(group)), np.zeros(len(group), dtype=bool)
    later: npt.NDArray[np.int64] = np.arange(len(group))
    for step in range(1, MOST_COMPARED + 1):
        later = later[later >= step]
        later = later[group[later] == group[later - step]]
        if not len(later):
            break
        earlier = later - step
        a, b = boxes[later], boxes[earlier]
        sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
        shared = np.clip(sides[:, 0], 0, None) * np.clip(sides[:, 1], 0, None)
        iou[later] = np.maximum(iou[later], shared / (area[later] + area[earlier] - shared))
        inside = (b[:, :2] <= a[:, :2]).all(axis=1) & (a[:, 2:] <= b[:, 2:]).all(axis=1)
        nested[later] = np.maximum(nested[later], inside & (area[later] < area[earlier]))
        paired[later] = True
    return iou, nested, paired
