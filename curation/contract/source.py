"""A recipe's source: where its rows lie, how they become samples, what is kept of them other than elsewhere."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import jmespath
from pydantic import BeforeValidator, Field, field_validator, model_validator

from curation.contract.nearest import nearest
from curation.contract.rule import StatementOrOff
from curation.contract.sample import Task
from curation.contract.training import Settings


def _expression(value: Any) -> Any:
    if isinstance(value, str):
        try:
            jmespath.compile(value)
        except jmespath.exceptions.JMESPathError as error:
            raise ValueError(f"not a JMESPath expression: {str(error).splitlines()[0]}") from None
    return value


Expression = Annotated[str, BeforeValidator(_expression)]
Builder = Literal[
    "caption", "vqa", "spotting", "extraction", "referring", "detection", "click", "action", "instruction", "sample"
]  # fmt: skip

# Which fields each builder needs and which it may have.
BUILDER_FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "caption": (("image", "caption"), ()),
    "vqa": (("image", "question", "answer"), ()),
    "spotting": (("image", "regions"), ()),
    "extraction": (("image", "answer"), ()),
    "referring": (("image", "phrase", "region"), ()),
    "detection": (("image", "regions"), ()),
    "click": (("image", "instruction", "target"), ("thought", "label")),
    "action": (("image", "instruction", "action"), ("tool", "arguments", "target", "end", "thought", "label")),
    "instruction": (("instruction", "output"), ("input",)),
    "sample": ((), ("row",)),  # rows that are samples already, whole or under `row`
}
BUILDER_TASKS: dict[str, Task] = {  # a `sample` is of whatever task it says, one of the source's `tasks`
    "caption": "caption",
    "vqa": "vqa",
    "spotting": "ocr",
    "extraction": "document",
    "referring": "grounding",
    "detection": "grounding",
    "click": "agent",
    "action": "agent",
    "instruction": "text",
}


class Boxes(Settings):
    """The convention of the incoming geometry. `frame` says whether it was drawn on the image as stored in the file
    or as displayed, that is after the EXIF orientation."""

    format: Literal["xyxy", "xywh", "cxcywh"] = Field("xyxy", description="points and quads are told by their length")
    units: Literal["pixels", "unit", "percent", "thousandths"] = "pixels"
    frame: Literal["displayed", "stored"] = "displayed"


class Source(Settings):
    path: str = Field(description="file, folder or glob under the data folder")
    reader: Literal["jsonl", "webdataset", "parquet", "datasets"]
    build: Builder
    fields: dict[str, Expression] = Field({}, description="what the builder needs, as JMESPath over the raw row")
    tasks: list[Task] = Field([], description="of a `sample` source alone: the tasks that its rows may be of")
    each: Expression | None = Field(
        None,
        description="a list in the raw row: one sample per item, which the fields see as `item` beside `row`; "
        "a row with a bad item is quarantined whole",
    )
    media_root: str | None = Field(None, description="folder of image paths; default: the folder of the rows' file")
    boxes: Boxes = Boxes()
    prompts: list[str] = Field(
        [], description="what the user asks, where the data does not say; one is drawn per image"
    )
    verifier: Literal["exact", "final", "anls", "relaxed", "table"] = Field(
        "exact",
        description="how a question's or instruction's answer is checked: `final` compares what follows "
        "`Answer:` or stands in a `\\boxed{}` behind any working, `relaxed` forgives 5 % of a number, `table` compares "
        "HTML tables",
    )
    rules: dict[str, StatementOrOff] = Field(
        {}, description="what the presets or the recipe's rules keep of this source instead, or `off`"
    )
    licence: str = ""
    error_budget: float = Field(0.2, ge=0, le=1, description="share of quarantined rows that stops the run")

    @property
    def makes(self) -> frozenset[Task]:
        """Which tasks its samples may be of."""
        return frozenset(self.tasks or [BUILDER_TASKS[self.build]])

    @field_validator("path", "media_root")
    @classmethod
    def _stays_inside(cls, value: str | None) -> str | None:
        if value is not None and (value.startswith("/") or "://" in value or ".." in value.split("/")):
            raise ValueError(f"{value!r} leaves the data folder; give a path inside it, and the folder with --data")
        return value

    @field_validator("build", mode="before")
    @classmethod
    def _no_video_yet(cls, value: Any) -> Any:
        if value == "video":
            raise ValueError("video samples are not built yet; leave this source out, or ingest its frames as images")
        return value

    @model_validator(mode="after")
    def _fields_fit_builder(self) -> Source:
        needed, optional = BUILDER_FIELDS[self.build]
        for name in self.fields:
            if name not in needed + optional:
                raise ValueError(f"`{self.build}` has no field `{name}`{nearest(name, needed + optional)}")
        missing = [name for name in needed if name not in self.fields]
        if missing:
            raise ValueError(f"`{self.build}` needs the fields {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _samples_are_taken_as_they_are(self) -> Source:
        if self.build != "sample":
            if self.tasks:
                raise ValueError(f"`tasks` are for `build: sample`; `{self.build}` makes {BUILDER_TASKS[self.build]}")
            return self
        if not self.tasks:
            raise ValueError("`sample` needs `tasks`, those that its rows are of, such as [document, ocr]")
        for name in ("boxes", "prompts", "verifier"):
            if name in self.model_fields_set:
                raise ValueError(f"`sample` takes rows as they are and has no use for `{name}`")
        return self
