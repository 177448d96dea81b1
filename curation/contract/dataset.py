"""The rendered dataset: what curation writes last and the trainer reads, for one model family and pixel budget.

A rendered row is a list of segments. `control` text is the family's own markup and may hold special tokens; `content`
is data and must be tokenised so that no special token can arise from it; `media` stands for one image and becomes as
many pad tokens as the image has vision tokens. Each segment carries the loss weight of its tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from curation.contract.sample import REGION, Region, region_from_row
from curation.contract.table import read_table

SegmentKind = Literal["control", "content", "media"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    kind: SegmentKind
    text: str
    weight: float = 0.0
    media: int = -1  # which of the row's media, for a `media` segment


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedMedia:
    """An image and the size at which the model sees it. `width` and `height` are as displayed, in pixels."""

    sha256: str
    mime: str
    orientation: int
    width: int
    height: int
    resized_width: int
    resized_height: int
    vision_tokens: int  # merged patches = pad tokens in the sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a checker compares a model's output with: text, and regions in displayed pixels."""

    text: str = ""
    verifier: str = ""
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedRow:
    row_id: str
    sample_id: str
    source: str
    task: str
    split: str
    segments: tuple[Segment, ...]
    media: tuple[RenderedMedia, ...]
    reference: Reference

    @property
    def joined(self) -> str:
        """The row as the family's chat template would print it, one pad token for each image."""
        return "".join(segment.text for segment in self.segments)

    @property
    def answer_at(self) -> int:
        """Where in `segments` the last answer begins: the last run of trained ones. All before it is the prompt. The
        number of segments where nothing is trained."""
        trained = [segment.weight > 0 for segment in self.segments]
        if not any(trained):
            return len(trained)
        start = len(trained) - trained[::-1].index(True) - 1
        while start and trained[start - 1]:
            start -= 1
        return start


@dataclass(frozen=True, slots=True, kw_only=True)
class Better:
    """Which answer of a pair is the better one in the dimension `name`: the chosen one where `value` is positive, the
    rejected one where it is negative, neither at 0."""

    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPair:
    """A preference: one prompt with two answers. `chosen` is the whole row with the better answer; `rejected` are the
    segments that stand in the place of its last answer. `better` says more than that the chosen answer is better
    overall; mostly nobody has said more."""

    chosen: RenderedRow
    rejected: tuple[Segment, ...]
    margin: float
    origin: str
    better: tuple[Better, ...] = ()


_SEGMENT = pa.struct([("kind", pa.string()), ("text", pa.string()), ("weight", pa.float32()), ("media", pa.int32())])
_RENDERED_MEDIA = pa.struct(
    [
        ("sha256", pa.string()),
        ("mime", pa.string()),
        ("orientation", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("resized_width", pa.int32()),
        ("resized_height", pa.int32()),
        ("vision_tokens", pa.int32()),
    ]
)
_REFERENCE = pa.struct([("text", pa.string()), ("verifier", pa.string()), ("regions", pa.list_(REGION))])

RENDERED = pa.schema(
    [
        ("row_id", pa.string()),
        ("sample_id", pa.string()),
        ("source", pa.string()),
        ("task", pa.string()),
        ("split", pa.string()),
        ("segments", pa.list_(_SEGMENT)),
        ("media", pa.list_(_RENDERED_MEDIA)),
        ("reference", _REFERENCE),
    ]
)

# A preference dataset: the columns of `RENDERED` hold the prompt with its chosen answer. `better` is no map, as Spark
# does not hash one; tables that were written before there was such a column are read as if it were empty.
PAIRS = pa.schema(
    [
        *RENDERED,
        ("rejected", pa.list_(_SEGMENT)),
        ("margin", pa.float64()),
        ("origin", pa.string()),
        ("better", pa.list_(pa.struct([("name", pa.string()), ("value", pa.float64())]))),
    ],
)


def rendered_from_row(row: dict[str, Any]) -> RenderedRow:
    """A dict as read from a table of `RENDERED` back to a rendered row."""
    reference = row["reference"]
    return RenderedRow(
        row_id=row["row_id"],
        sample_id=row["sample_id"],
        source=row["source"],
        task=row["task"],
        split=row["split"],
        segments=tuple(Segment(**segment) for segment in row["segments"]),
        media=tuple(RenderedMedia(**medium) for medium in row["media"]),
        reference=Reference(
            text=reference["text"],
            verifier=reference["verifier"],
            regions=tuple(region_from_row(region) for region in reference["regions"]),
        ),
    )


def pair_from_row(row: dict[str, Any]) -> RenderedPair:
    """A dict as read from a table of `PAIRS` back to a pair."""
    return RenderedPair(
        chosen=rendered_from_row(row),
        rejected=tuple(Segment(**segment) for segment in row["rejected"]),
        margin=row["margin"],
        origin=row["origin"],
        better=tuple(Better(**better) for better in row.get("better") or ()),
    )


def split_sizes(table: str) -> dict[str, int]:
    """How many rows of a rendered dataset each split has, without reading them."""
    rows = read_table(table, columns=["split"], filters=[("fate", "in", ["kept", "made"])])
    splits = rows.column("split").to_pylist()
    return {split: splits.count(split) for split in ("train", "test")}


def read_rendered(table: str, split: str) -> list[RenderedRow]:
    """The rows of one split of a rendered dataset, in `row_id` order. Rows that could not be rendered stay in the
    table with their reason, and are left out here."""
    return [rendered_from_row(row) for row in _rows(table, split, RENDERED)]


def read_pairs(table: str, split: str) -> list[RenderedPair]:
    """The pairs of one split of a rendered preference dataset, in `row_id` order."""
    return [pair_from_row(row) for row in _rows(table, split, PAIRS)]


def _rows(table: str, split: str, schema: pa.Schema) -> list[dict[str, Any]]:
    rows = read_table(table, filters=[("fate", "in", ["kept", "made"]), ("split", "==", split)])
    return list(rows.select([name for name in schema.names if name in rows.column_names]).sort_by("row_id").to_pylist())
