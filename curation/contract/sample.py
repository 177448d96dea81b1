"""The sample: one Arrow schema for every task.

Geometry and references stay data until a sample is rendered: a turn's content is a list of typed parts, and a part
points at a medium, a region or a step by its index. Regions are in pixels of the image *as displayed*, that is after
its EXIF orientation has been applied.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pyarrow as pa

Task = Literal["caption", "vqa", "ocr", "document", "grounding", "agent", "video", "text"]
PartKind = Literal["text", "media", "region", "action"]
Shape = Literal["box", "quad", "point"]
# How an answer is checked: `exact` text, a `final` answer behind working, `anls` edit similarity, `relaxed` numbers,
# `fields` of a JSON object, an HTML `table`, one `box`, many `boxes`, `spotting` (boxes with their text), a `click`
# inside a region, an agent's whole `action`, `points` inside the boxes that the answer lists, an `interval` of time; ""
# where nothing can check it.
Verifier = Literal[
    "", "exact", "final", "anls", "relaxed", "fields", "table", "box", "boxes", "spotting", "click", "action",
    "points", "interval",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a turn: `text`, or the index of a medium, a region or a step of the same sample. The text of a region
    names the form that it was asked in, "xml" for points in XML; "" is the family's own."""

    kind: PartKind
    text: str = ""
    index: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """An image by the hash of its original bytes. `width` and `height` are as stored, before the EXIF `orientation`;
    `mode` is Pillow's name for its channels ("RGB", "L", "CMYK", ...), "" where unknown."""

    sha256: str
    mime: str
    width: int
    height: int
    orientation: int = 1
    size: int = 0  # bytes
    mode: str = ""
    frames: int = 1  # more where it is animated or has pages
    uri: str = ""  # where it came from, for people; the bytes are found by their hash
    kind: Literal["image"] = "image"

    @property
    def displayed(self) -> tuple[int, int]:
        """(width, height) in pixels after the EXIF orientation: 5 to 8 turn the image on its side."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Something on a medium. `points` are x, y pairs in displayed pixels: 2 numbers for a point, 4 for a box
    (x1, y1, x2, y2), 8 for a quad (clockwise from the reading start)."""

    points: tuple[float, ...]
    shape: Shape = "box"
    media: int = 0
    label: str = ""
    text: str = ""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The smallest upright box around the region, (x1, y1, x2, y2)."""
        xs, ys = self.points[0::2], self.points[1::2]
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def centre(self) -> tuple[float, float]:
        x1, y1, x2, y2 = self.box
        return (x1 + x2) / 2, (y1 + y2) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an agent. The coordinate is the centre of `region` (and of `end_region` for a drag or swipe), so it
    stays data until it is rendered; `arguments` is a JSON object with whatever else the action needs."""

    media: int
    action: str
    tool: Literal["computer_use", "mobile_use"] = "computer_use"
    arguments: str = "{}"
    thought: str = ""
    region: int = -1
    end_region: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    text: str = ""
    verifier: Verifier = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """The two answers of a pair, how far apart they were judged, and who judged."""

    chosen: str = ""
    rejected: str = ""
    margin: float = 0.0
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    row_id: str
    source: str
    task: Task
    messages: tuple[Turn, ...]
    media: tuple[Media, ...] = ()
    regions: tuple[Region, ...] = ()
    steps: tuple[Step, ...] = ()
    answer: Answer = Answer()
    preference: Preference | None = None
    licence: str = ""
    tags: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()

    @property
    def sample_id(self) -> str:
        """The hash of the content alone, so that exact duplicates share it wherever they came from."""
        content = {
            "task": self.task,
            "messages": [asdict(turn) for turn in self.messages],
            "media": [medium.sha256 for medium in self.media],
            "regions": [asdict(region) for region in self.regions],
            "steps": [asdict(step) for step in self.steps],
            "answer": asdict(self.answer),
            "preference": asdict(self.preference) if self.preference else None,
        }
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:32]


_PART = pa.struct([("kind", pa.string()), ("text", pa.string()), ("index", pa.int32())])
_TURN = pa.struct([("role", pa.string()), ("parts", pa.list_(_PART))])
_MEDIA = pa.struct(
    [
        ("sha256", pa.string()),
        ("mime", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("orientation", pa.int32()),
        ("size", pa.int64()),
        ("mode", pa.string()),
        ("frames", pa.int32()),
        ("uri", pa.string()),
        ("kind", pa.string()),
    ]
)
REGION = pa.struct(
    [
        ("points", pa.list_(pa.float64())),
        ("shape", pa.string()),
        ("media", pa.int32()),
        ("label", pa.string()),
        ("text", pa.string()),
    ]
)
_STEP = pa.struct(
    [
        ("media", pa.int32()),
        ("action", pa.string()),
        ("tool", pa.string()),
        ("arguments", pa.string()),
        ("thought", pa.string()),
        ("region", pa.int32()),
        ("end_region", pa.int32()),
    ]
)
_ANSWER = pa.struct([("text", pa.string()), ("verifier", pa.string())])
_PREFERENCE = pa.struct(
    [("chosen", pa.string()), ("rejected", pa.string()), ("margin", pa.float64()), ("origin", pa.string())]
)

SAMPLE = pa.schema(
    [
        ("row_id", pa.string()),
        ("sample_id", pa.string()),
        ("source", pa.string()),
        ("licence", pa.string()),
        ("task", pa.string()),
        ("messages", pa.list_(_TURN)),
        ("media", pa.list_(_MEDIA)),
        ("regions", pa.list_(REGION)),
        ("steps", pa.list_(_STEP)),
        ("answer", _ANSWER),
        ("preference", _PREFERENCE),
        ("tags", pa.list_(pa.string())),
        ("parents", pa.list_(pa.string())),
    ]
)


def to_row(sample: Sample) -> dict[str, Any]:
    """The sample as a plain dict in the order of `SAMPLE`, its `sample_id` filled in."""
    row = asdict(sample)
    row["sample_id"] = sample.sample_id
    return {name: row[name] for name in SAMPLE.names}


def from_row(row: dict[str, Any]) -> Sample:
    """A dict as read from a table of `SAMPLE` (or any object with its keys) back to a sample."""
    return Sample(
        row_id=row["row_id"],
        source=row["source"],
        licence=row["licence"],
        task=row["task"],
        messages=tuple(
            Turn(role=turn["role"], parts=tuple(Part(**part) for part in turn["parts"])) for turn in row["messages"]
        ),
        media=tuple(Media(**medium) for medium in row["media"]),
        regions=tuple(region_from_row(region) for region in row["regions"]),
        steps=tuple(Step(**step) for step in row["steps"]),
        answer=Answer(**row["answer"]),
        preference=Preference(**row["preference"]) if row["preference"] else None,
        tags=tuple(row["tags"]),
        parents=tuple(row["parents"]),
    )


def region_from_row(row: dict[str, Any]) -> Region:
    return Region(**{**row, "points": tuple(row["points"])})


def text_part(text: str) -> Part:
    return Part(kind="text", text=text)


def media_part(index: int) -> Part:
    return Part(kind="media", index=index)


def region_part(index: int) -> Part:
    return Part(kind="region", index=index)


def action_part(step: int) -> Part:
    return Part(kind="action", index=step)
