"""Samples out of a plain frame with columns such as image, prompt and answer: what a notebook has at hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from curation.contract.sample import Answer, Media, Sample, Task, Turn, media_part, text_part
from model.image import ImageError, read_header

_HEADER = ("mime", "width", "height", "orientation", "mode", "frames")
_ONE_OF = (("image", "images"), ("answer", "text", "caption"))
COLUMNS = ("image", "images", "prompt", "answer", "text", "caption", "task", "source", "sample_id")
# What the user asks where a frame has no prompt. Platform defaults.
PROMPTS = {"caption": "Describe this image.", "ocr": "Read the text in the image.", "text": "Write a text."}
_OTHER_PROMPT = "Do what the image asks for."


@dataclass
class Simple:
    """A row of a plain frame as a sample, the bytes of its images by hash, and why an image can't be used, or ""."""

    sample: Sample
    sample_id: str
    images: dict[str, bytes] = field(default_factory=dict)
    error: str = ""


def simple_samples(columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> list[Simple]:
    """One sample per row, in order; each row has the frame's `columns`, of which those in `COLUMNS` are read.

    Without a task, rows without images are `text`, with images and a prompt `vqa`, else `caption`. Without a prompt a
    fixed one is asked, without a source it is "frame", and a sample's id is the hash of its content. Raises ValueError
    where no column can be read, where two columns say the same, and for an unknown task.
    """
    names = [name for name in columns if name in COLUMNS]
    if not set(names) - {"task", "source", "sample_id"}:
        raise ValueError(f"none of the columns {', '.join(map(str, columns))} can be measured; name them {COLUMNS}")
    for same in _ONE_OF:
        if len(both := [name for name in same if name in names]) > 1:
            raise ValueError(f"the columns {' and '.join(both)} say the same: keep one of them")
    return [_sample(index, names, row) for index, row in enumerate(rows)]


def _sample(index: int, names: Sequence[str], row: Mapping[str, Any]) -> Simple:
    said = {name: row[name] for name in names if not _missing(row[name])}
    found = Simple(Sample(row_id=f"row {index}", source="", task="text", messages=()), "")
    media = tuple(_media(value, found) for value in _images(said))
    task: Task = said.get("task") or _task(bool(media), bool(said.get("prompt")))
    if task not in get_args(Task):
        raise ValueError(f"row {index}: there is no task {task!r}; there are {', '.join(get_args(Task))}")
    made_up = PROMPTS.get(task, _OTHER_PROMPT)
    prompt = _text(said.get("prompt", ""), found) if "prompt" in names else made_up
    turns = [Turn(role="user", parts=(*map(media_part, range(len(media))), text_part(prompt)))]
    answer = next((name for name in _ONE_OF[1] if name in names), None)
    reply = _text(said.get(answer, ""), found) if answer else ""
    if answer:
        turns.append(Turn(role="assistant", parts=(text_part(reply),)))
    found.sample = Sample(
        row_id=f"row {index}",
        source=str(said.get("source", "frame")),
        task=task,
        messages=tuple(turns),
        media=media,
        answer=Answer(text=reply),
    )
    found.sample_id = str(said["sample_id"]) if "sample_id" in said else found.sample.sample_id
    return found


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)  # pandas fills gaps with NaN


def _task(has_images: bool, has_prompt: bool) -> Task:
    return "text" if not has_images else "vqa" if has_prompt else "caption"


def _images(said: Mapping[str, Any]) -> list[Any]:
    value = said.get("image", said.get("images"))
    if value is None:
        return []
    return [value] if isinstance(value, bytes | bytearray | memoryview | str | Mapping) else list(value)


def _media(value: Any, found: Simple) -> Media:
    """The image's header; one without a size where it can't be read, and the reason in `found.error`."""
    if isinstance(value, Mapping):  # as Hugging Face `datasets` store them
        value = value.get("bytes")
    if not isinstance(value, bytes | bytearray | memoryview):
        found.error = found.error or f"bad_field: an image is bytes, not {type(value).__name__}"
        return Media(sha256="", mime="", width=0, height=0)
    data = bytes(value)
    sha256 = hashlib.sha256(data).hexdigest()
    found.images[sha256] = data
    try:
        header = read_header(data)
    except ImageError as error:
        found.error = found.error or str(error)
        return Media(sha256=sha256, mime="", width=0, height=0, size=len(data))
    facts: dict[str, Any] = {name: getattr(header, name) for name in ("mode", "frames") if hasattr(header, name)}
    size: dict[str, Any] = {
        "width": header.width,
        "height": header.height,
        "orientation": header.orientation,
        "size": len(data),
    }
    return Media(sha256=sha256, mime=header.mime, **size, **facts)


def _text(value: Any, found: Simple) -> str:
    """Text that Arrow can hold; a number is its digits."""
    text = str(value)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        found.error = found.error or f"bad_text: not Unicode: {error.reason} at {error.start}"
        return text.encode("utf-8", "replace").decode()
    return text
