"""Random models in the shapes of the released ones, and rows for them without any text."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
import transformers

from curation.contract.dataset import RenderedMedia
from model.encode import Encoded
from model.family import Family, family
from model.pack import Packed
from tests.model.families import tiny

Shape = Literal["3b", "7b"]
SHAPES: tuple[Shape, ...] = ("3b", "7b")
KIND = family("qwen2_5_vl")

# As in the released config.json of Qwen2.5-VL-3B-Instruct and -7B-Instruct.
_TEXT: dict[Shape, dict[str, Any]] = {
    "3b": {
        "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36,
        "num_attention_heads": 16, "num_key_value_heads": 2,
    },
    "7b": {
        "vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
        "num_attention_heads": 28, "num_key_value_heads": 4,
    },
}  # fmt: skip
_ALL_TEXT: dict[str, Any] = {
    "max_position_embeddings": 128000, "rms_norm_eps": 1e-6,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
    "bos_token_id": 151643, "eos_token_id": 151645, "pad_token_id": 151643,
}  # fmt: skip
_VISION: dict[str, Any] = {
    "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "patch_size": 14,
    "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31],
    "tokens_per_second": 2,
}  # fmt: skip
_IDS = {
    "image_token_id": 151655, "video_token_id": 151656, "vision_start_token_id": 151652, "vision_end_token_id": 151653,
}  # fmt: skip
# Heads of 32 numbers, of which M-RoPE turns pairs.
_SMALL_TEXT: dict[str, Any] = {
    "vocab_size": 260, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 6, 6]},
}  # fmt: skip
_SMALL_VISION = {"depth": 2, "hidden_size": 64, "intermediate_size": 96, "num_heads": 2, "fullatt_block_indexes": [1]}
_SMALL_IDS = {
    "image_token_id": 255, "video_token_id": 256, "vision_start_token_id": 257, "vision_end_token_id": 258,
}  # fmt: skip


def config_of(shape: Shape, small: bool = False) -> Any:
    """The configuration; a `small` one has the same parts and few numbers."""
    text, vision = {**_ALL_TEXT, **_TEXT[shape]}, dict(_VISION)
    if small:
        text, vision = {**text, **_SMALL_TEXT}, {**vision, **_SMALL_VISION}
    vision["out_hidden_size"] = text["hidden_size"]
    return transformers.Qwen2_5_VLConfig(
        text_config=text, vision_config=vision, tie_word_embeddings=shape == "3b", **(_SMALL_IDS if small else _IDS)
    )


def build(shape: Shape, device: str, small: bool = False, dtype: torch.dtype = torch.bfloat16) -> Any:
    """The model with random weights, drawn where it will be: on the CPU that would take minutes."""
    torch.manual_seed(0)
    with torch.device(device):
        model = transformers.Qwen2_5_VLForConditionalGeneration._from_config(config_of(shape, small), dtype=dtype)
    tied = model.lm_head.weight is model.model.language_model.embed_tokens.weight
    assert tied == (shape == "3b"), "the embeddings are not tied as the configuration says"
    assert all(each.device.type == torch.device(device).type for each in (*model.parameters(), *model.buffers()))
    assert all(each.dtype == dtype for each in model.parameters())
    return model


def with_wide_heads(name: str, dtype: torch.dtype, device: str) -> Any:
    """The tiny model of a family with heads of 64 numbers, which every flash kernel takes. The weights are the same for
    each `dtype`, numbers that bfloat16 can say: what differs is what was computed from them."""
    old = tiny(name)
    config = copy.deepcopy(old.config)
    text, vision = config.text_config, config.vision_config
    text.hidden_size, text.intermediate_size, text.head_dim = 256, 384, 64
    text.rope_parameters = {**text.rope_parameters, "mrope_section": [8, 12, 12]}
    for field, value in (("embed_dim", 256), ("out_hidden_size", 256), ("intermediate_size", 384)):
        if hasattr(vision, field):
            setattr(vision, field, value)
    vision.hidden_size = 256
    torch.manual_seed(1)
    model = type(old)(config).eval()
    for parameter in model.parameters():
        loud = parameter.data * (2.0 if parameter.ndim > 1 else 1.0)
        parameter.data = loud.bfloat16().to(dtype)  # buffers stay in float32, as `from_pretrained` leaves them
    return model.to(device)


@dataclass(frozen=True)
class Row:
    """Token ids of a prompt, of its answer and of a worse one, and the images that the prompt shows."""

    prompt: list[int]
    answer: list[int]
    rejected: list[int]
    media: tuple[RenderedMedia, ...]

    def ids(self, chosen: bool = True) -> list[int]:
        return self.prompt + (self.answer if chosen else self.rejected)


@dataclass(frozen=True)
class Sizes:
    """How long rows are: text is lognormal with this median, within `text`; `images` is the share that shows one."""

    rows: int
    median: int
    spread: float
    text: tuple[int, int]
    images: float
    height: int
    width: int
    pack: int

    def __str__(self) -> str:
        low, high = self.text
        return (
            f"{self.rows} rows; text lognormal, median {self.median}, sigma {self.spread}, within {low} to {high} "
            f"tokens, its last third the answer; {self.images:.0%} with one image of {self.height}x{self.width}"
        )


FULL = Sizes(rows=72, median=600, spread=0.6, text=(64, 4096), images=0.4, height=504, width=700, pack=8192)
SMALL = Sizes(rows=14, median=24, spread=0.5, text=(9, 60), images=0.4, height=56, width=140, pack=160)


def rows_of(sizes: Sizes, config: Any, seed: int = 5) -> list[Row]:
    """So many rows, in random order; the worse answer is 0.5 to 1.5 times as long as the answer."""
    rng = random.Random(seed)
    low, high = sizes.text
    return [
        _row(
            rng, sizes, config, f"{at}", min(high, max(low, round(sizes.median * rng.lognormvariate(0, sizes.spread))))
        )
        for at in range(sizes.rows)
    ]


def _row(rng: random.Random, sizes: Sizes, config: Any, name: str, words: int) -> Row:
    top = min(config.image_token_id, config.vision_start_token_id) - 20  # below all special tokens
    said = words // 3
    prompt: list[int] = []
    media: tuple[RenderedMedia, ...] = ()
    if rng.random() < sizes.images:
        medium = _medium(name, sizes)
        media = (medium,)
        pads = [config.image_token_id] * medium.vision_tokens
        prompt = [config.vision_start_token_id, *pads, config.vision_end_token_id]
    prompt += _words(rng, words - said, top)
    return Row(prompt, _words(rng, said, top), _words(rng, max(1, round(said * rng.uniform(0.5, 1.5))), top), media)


def _words(rng: random.Random, count: int, top: int) -> list[int]:
    return [rng.randrange(1, top) for _ in range(count)]


def _medium(name: str, sizes: Sizes) -> RenderedMedia:
    return RenderedMedia(
        sha256=f"random-{name}", mime="image/png", orientation=1, width=sizes.width, height=sizes.height,
        resized_width=sizes.width, resized_height=sizes.height,
        vision_tokens=sizes.width * sizes.height // KIND.factor**2,
    )  # fmt: skip


class Pictures:
    """Random patches of each image, in memory: to decode and cut images is the loader's work, and not measured."""

    def __init__(self, kind: Family = KIND) -> None:
        self._kind = kind
        self._kept: dict[str, torch.Tensor] = {}

    def of(self, medium: RenderedMedia) -> tuple[torch.Tensor, torch.Tensor]:
        """Its pixels [patches, values] and grid [1, 3]."""
        side = self._kind.patch_size
        grid = (1, medium.resized_height // side, medium.resized_width // side)
        if medium.sha256 not in self._kept:
            generator = torch.Generator().manual_seed(len(self._kept))
            self._kept[medium.sha256] = torch.randn(grid[1] * grid[2], 3 * 2 * side**2, generator=generator)
        return self._kept[medium.sha256], torch.tensor([grid])

    def all_of(self, media: Sequence[RenderedMedia]) -> dict[str, torch.Tensor]:
        """As the model is called with them; nothing where there are none."""
        if not media:
            return {}
        pixels, grids = zip(*map(self.of, media), strict=True)
        return {"pixel_values": torch.cat(pixels), "image_grid_thw": torch.cat(grids)}


def as_sample(row: Row) -> Packed:
    """A row to learn its answer from."""
    weights = [0.0] * len(row.prompt) + [1.0] * len(row.answer)
    return Packed(shared=Encoded(row.ids(), weights), media=row.media)


def as_pair(row: Row) -> Packed:
    """Both answers behind one prompt, as `model.pack.preference` makes it."""
    last = row.prompt[-1:]
    branches = tuple(Encoded(last + said, [0.0] + [1.0] * len(said)) for said in (row.answer, row.rejected))
    shared = Encoded(row.prompt[:-1], [0.0] * (len(row.prompt) - 1))
    return Packed(shared=shared, branches=branches, media=row.media)
