"""The lines of text on the images of a batch: where their corners are, and how the lines of one image lie together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from filters.frames import Batch

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

FURTHEST = 1e7  # pixels; a corner beyond counts as there, so that no area overflows

_WIDE = r"[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u9FFF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE4F\uFF00-\uFF60]"
_WORDED = r"[\p{L}\p{N}]"
_LEFTWARDS = r"[\p{Hebrew}\p{Arabic}]"


@dataclass(frozen=True, slots=True)
class Lines:
    """All boxes and quads of a batch that hold text, row by row in the samples' order.

    sample:  (n,) which row of the batch
    image:   (n,) a number for each image that has lines; that of a line is its image's
    corners: (n, 4, 2) x, y in displayed pixels; of a box clockwise from the upper left
    is_quad: (n,)
    size:    (n, 2) width and height of the image, displayed pixels; NaN where unknown
    seen:    (n, 2) the same as the context's model sees it
    units:   (n,) characters of the text, those of East Asian width counted twice
    wide:    (n,) whether there are such characters
    worded:  (n,) whether there are letters or digits
    leftwards: (n,) whether there are Hebrew or Arabic letters
    text:    the texts, stripped
    rows:    (m,) the samples that have lines, in order
    starts:  (m,) the first line of each
    """

    sample: Ints
    image: Ints
    corners: Floats
    is_quad: Bools
    size: Floats
    seen: Floats
    units: Ints
    wide: Bools
    worded: Bools
    leftwards: Bools
    text: pl.Series
    rows: Ints
    starts: Ints

    def __len__(self) -> int:
        return len(self.sample)

    def edges(self) -> Floats:
        """(n, 4, 2): from each corner to the next; the first runs along the text, the second down its side."""
        edges: Floats = np.roll(self.corners, -1, axis=1) - self.corners
        return edges

    def spans(self) -> list[tuple[int, int]]:
        """Where the lines of each of `rows` begin and end."""
        return spans(self.starts, len(self))


def spans(starts: Ints, total: int) -> list[tuple[int, int]]:
    """(first, one past the last) of groups that begin at `starts` and follow each other up to `total`."""
    begins: list[int] = starts.tolist()
    return list(zip(begins, [*begins[1:], total][: len(begins)], strict=True))


def nothing(batch: Batch, dtype: type[pl.DataType] = pl.Float64) -> pl.Series:
    """Null for each sample of the batch."""
    return pl.Series([None], dtype=dtype).new_from_index(0, len(batch))


def lines(batch: Batch) -> Lines:
    """The batch's lines of text, found once."""
    return batch.once("lines", lambda: _lines(batch))


def _lines(batch: Batch) -> Lines:
    if not len(batch.region):
        return _none()
    points = pl.col("points").list
    quad = pl.col("shape") == "quad"
    shaped = (quad & (points.len() == 8)) | ((pl.col("shape") == "box") & (points.len() == 4))
    sides = ("x1", "y1", "x2", "y1", "x2", "y2", "x1", "y2")
    found = (
        batch.region.filter(shaped & (pl.col("text").str.strip_chars() != ""))
        .with_columns(pl.col("text").str.strip_chars())
        .select(
            "sample",
            "media",
            "text",
            quad.alias("quad"),
            pl.col("media_width").cast(pl.Float64),
            pl.col("media_height").cast(pl.Float64),
            pl.col("text").str.len_chars().alias("characters"),
            pl.col("text").str.count_matches(_WIDE).alias("wide"),
            pl.col("text").str.contains(_WORDED).alias("worded"),
            pl.col("text").str.contains(_LEFTWARDS).alias("leftwards"),
            *(
                pl.when(quad).then(points.get(i, null_on_oob=True)).otherwise(pl.col(side)).alias(f"c{i}")
                for i, side in enumerate(sides)
            ),
        )
    )
    corners = found.select(f"c{i}" for i in range(8)).to_numpy().astype(np.float64)
    known = ~np.isnan(corners).any(axis=1)
    found, corners = found.filter(pl.Series(known)), np.clip(corners[known], -FURTHEST, FURTHEST)
    sample, medium = found["sample"].to_numpy().astype(np.int64), found["media"].to_numpy().astype(np.int64)
    rows, starts = np.unique(sample, return_index=True)
    return Lines(
        sample=sample,
        image=np.unique((sample << 32) + medium, return_inverse=True)[1],
        corners=corners.reshape(-1, 4, 2),
        is_quad=found["quad"].to_numpy().astype(np.bool_),
        size=found.select("media_width", "media_height").to_numpy().astype(np.float64),
        seen=_seen(found, batch),
        units=(found["characters"] + found["wide"]).to_numpy().astype(np.int64),
        wide=found["wide"].to_numpy() > 0,
        worded=found["worded"].to_numpy().astype(np.bool_),
        leftwards=found["leftwards"].to_numpy().astype(np.bool_),
        text=found["text"],
        rows=rows,
        starts=starts.astype(np.int64),
    )


def _none() -> Lines:
    numbers, flags, sizes = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_), np.zeros((0, 2))
    return Lines(
        sample=numbers,
        image=numbers,
        corners=np.zeros((0, 4, 2)),
        is_quad=flags,
        size=sizes,
        seen=sizes,
        units=numbers,
        wide=flags,
        worded=flags,
        leftwards=flags,
        text=pl.Series([], dtype=pl.String),
        rows=numbers,
        starts=numbers,
    )


def _seen(found: pl.DataFrame, batch: Batch) -> Floats:
    """(n, 2): the images' sizes as the model sees them; asked once for each size."""
    sizes = found.select("media_width", "media_height")
    known = sizes.unique().drop_nulls().cast(pl.Int64)
    seen = batch.context.seen(known["media_width"], known["media_height"]).select(
        seen_width=pl.col("width").cast(pl.Float64), seen_height=pl.col("height").cast(pl.Float64)
    )
    table = pl.concat([known.cast(pl.Float64), seen], how="horizontal")
    joined = sizes.join(table, on=["media_width", "media_height"], how="left", maintain_order="left")
    return joined.select("seen_width", "seen_height").to_numpy().astype(np.float64)
