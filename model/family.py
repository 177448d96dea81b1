"""What differs between model families, as data. Code elsewhere reads these fields and never asks for a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from curation.contract.nearest import nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The integers that a family writes coordinates in: `scale` units across the image from 0 to `top`, or, where
    both are None, pixels of the resized image from 0 to size - 1."""

    scale: int | None = None
    top: int | None = None

    @property
    def words(self) -> str:
        """The same for people, after "x and y are"."""
        if self.scale is None:
            return "whole pixels of the resized image, from 0 to its width or height less 1"
        return f"integers from 0 to {self.top}, where {self.scale} is the whole width or height of the image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounding:
    """How regions are written: `tags` around a phrase and its coordinates, or a fenced `json` list."""

    style: Literal["tags", "json"]
    grid: Grid
    ref: tuple[str, str] = ("", "")
    box: tuple[str, str] = ("", "")
    quad: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """How tool calls are written: JSON in `tool_call` tags, or after the `flower` marks of Qwen-Agent."""

    style: Literal["tool_call", "flower"]
    grid: Grid
    extra_actions: tuple[str, ...] = ()  # beyond the vocabulary that all families share
    human_fields: bool = False  # Qwen-Agent's name_for_human and args_format in a tool's definition


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One model family. `min_pixels` and `max_pixels` are the defaults of its preprocessor_config on the hub; where
    `fixed` is given, (side in pixels, vision tokens), every image has that size whatever its own.

    `image` is the markup before, for and after one image; `{n}` counts the images of a row from 1. Where the middle
    is empty the image's own address stands there instead of a pad token.
    """

    name: str
    model_type: str | None  # of transformers; None where it has no class
    patch_size: int
    merge_size: int
    min_pixels: int
    max_pixels: int
    grounding: Grounding
    agent: Agent | None
    default_system: str | None = "You are a helpful assistant."
    image: tuple[str, str, str] = ("<|vision_start|>", "<|image_pad|>", "<|vision_end|>")
    fixed: tuple[int, int] | None = None

    @property
    def factor(self) -> int:
        """Pixels a side of one vision token: a resized image is a whole number of them each way."""
        return self.patch_size * self.merge_size


_PIXELS = Grid()
_THOUSAND = Grid(scale=1000, top=1000)  # the official converter clamps at 1000, although the paper says [0, 1000)

QWEN_VL = Family(
    name="qwen_vl",
    model_type=None,
    patch_size=14,
    merge_size=2,  # by effect: a resampler leaves 16x16 tokens of 32x32 patches
    min_pixels=448 * 448,
    max_pixels=448 * 448,
    grounding=Grounding(
        style="tags",
        grid=Grid(scale=1000, top=999),  # arXiv 2308.12966, section 3.2: [0, 1000)
        ref=("<ref>", "</ref>"),
        box=("<box>", "</box>"),
        quad=("<quad>", "</quad>"),
    ),
    agent=None,
    image=("Picture {n}: <img>", "", "</img>\n"),
    fixed=(448, 256),
)

QWEN2_VL = Family(
    name="qwen2_vl",
    model_type="qwen2_vl",
    patch_size=14,
    merge_size=2,
    min_pixels=56 * 56,
    max_pixels=16384 * 28 * 28,
    grounding=Grounding(
        style="tags",
        grid=_THOUSAND,
        ref=("<|object_ref_start|>", "<|object_ref_end|>"),
        box=("<|box_start|>", "<|box_end|>"),
        quad=("<|quad_start|>", "<|quad_end|>"),
    ),
    agent=Agent(style="flower", grid=_THOUSAND),
)

QWEN2_5_VL = Family(
    name="qwen2_5_vl",
    model_type="qwen2_5_vl",
    patch_size=14,
    merge_size=2,
    min_pixels=56 * 56,
    max_pixels=16384 * 28 * 28,
    grounding=Grounding(style="json", grid=_PIXELS),
    agent=Agent(style="tool_call", grid=_PIXELS, human_fields=True),
)

QWEN3_VL = Family(
    name="qwen3_vl",
    model_type="qwen3_vl",
    patch_size=16,
    merge_size=2,
    min_pixels=64 * 32 * 32,
    max_pixels=16384 * 32 * 32,
    grounding=Grounding(style="json", grid=_THOUSAND),
    agent=Agent(style="tool_call", grid=_THOUSAND, extra_actions=("triple_click", "hscroll", "answer")),
    default_system=None,
)

FAMILIES = (QWEN_VL, QWEN2_VL, QWEN2_5_VL, QWEN3_VL)


def family(name: str) -> Family:
    """The family of that name. Raises ValueError with the nearest name, or all names."""
    for known in FAMILIES:
        if known.name == name:
            return known
    written = name.lower().replace("-", "_").replace(".", "_")
    raise ValueError(f"no family {name!r}{nearest(written, [known.name for known in FAMILIES])}")
