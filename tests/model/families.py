"""Random models of all families, as small as their classes allow, and samples for them without any text."""

from __future__ import annotations

import random
from typing import Any

import torch
import transformers

from curation.contract.dataset import RenderedMedia
from model.encode import Encoded
from model.family import Family, family
from model.offline import prepare
from model.pack import Packed

NAMES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl")
VOCABULARY, IMAGE, HIDDEN = 120, 100, 32
_IDS = {"image_token_id": IMAGE, "video_token_id": 101, "vision_start_token_id": 102, "vision_end_token_id": 103}


def tiny(name: str, seed: int = 0) -> Any:
    """A model of the family with random weights, in float32 and ready to train."""
    prepare()
    text = {
        "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN,
        "intermediate_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 4096,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]},
        "pad_token_id": 0,
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    kinds: dict[str, tuple[Any, Any, dict[str, Any]]] = {
        "qwen2_vl": (
            transformers.Qwen2VLForConditionalGeneration,
            transformers.Qwen2VLConfig,
            {"embed_dim": 32, "hidden_size": HIDDEN, "mlp_ratio": 2},
        ),
        "qwen2_5_vl": (
            transformers.Qwen2_5_VLForConditionalGeneration,
            transformers.Qwen2_5_VLConfig,
            {"hidden_size": 32, "intermediate_size": 48, "out_hidden_size": HIDDEN, "window_size": 56,
             "fullatt_block_indexes": [1]},
        ),
        "qwen3_vl": (
            transformers.Qwen3VLForConditionalGeneration,
            transformers.Qwen3VLConfig,
            {"hidden_size": 32, "intermediate_size": 48, "out_hidden_size": HIDDEN, "num_position_embeddings": 64,
             "deepstack_visual_indexes": [0, 1]},
        ),
    }  # fmt: skip
    model_class, config_class, sees = kinds[name]
    vision = {"depth": 2, "num_heads": 4, "patch_size": family(name).patch_size, "spatial_merge_size": 2, **sees}
    torch.manual_seed(seed)
    config = config_class(text_config=text, vision_config=vision, tie_word_embeddings=False, **_IDS)
    model = model_class(config)
    with torch.no_grad():  # the usual 0.02 would hide what a wrong mask does
        for parameter in model.parameters():
            parameter.mul_(4.0 if parameter.ndim > 1 else 1.0)
    return model.eval()


def sample_of(kind: Family, sizes: list[tuple[int, int]], seed: int, words: int = 12) -> Packed:
    """Random text around images of these sizes, in merged patches (rows, columns); the last third carries loss."""
    rng = random.Random(seed)
    ids, media = [rng.randrange(99) for _ in range(3)], []
    for number, (rows, columns) in enumerate(sizes):
        height, width = rows * kind.factor, columns * kind.factor
        media.append(
            RenderedMedia(
                sha256=f"{seed}-{number}", mime="image/png", orientation=1, width=width, height=height,
                resized_width=width, resized_height=height, vision_tokens=rows * columns,
            )
        )  # fmt: skip
        ids += [102, *[IMAGE] * (rows * columns), 103, rng.randrange(99)]
    ids += [rng.randrange(99) for _ in range(words)]
    weights = [0.0 if at < len(ids) - words // 2 else rng.choice((0.5, 1.0)) for at in range(len(ids))]
    return Packed(shared=Encoded(ids, weights), media=tuple(media))


def pixels_of(medium: RenderedMedia, kind: Family) -> tuple[torch.Tensor, torch.Tensor]:
    """Random patches of an image, the same ones each time, and its grid."""
    grid = (1, medium.resized_height // kind.patch_size, medium.resized_width // kind.patch_size)
    generator = torch.Generator().manual_seed(int(medium.sha256.replace("-", "")) + 1)
    count = grid[1] * grid[2]
    return torch.randn(count, 3 * 2 * kind.patch_size**2, generator=generator), torch.tensor([grid])
