"""Embeddings of images and texts by a checkpoint that the user names, to find what means the same (SemDeDup, Abbas et
al. 2023, arXiv 2303.09540).

Three kinds of checkpoint serve: a Qwen-VL, of which only the vision tower is loaded; one with an image and a text side,
such as CLIP or SigLIP; a sentence encoder, such as MiniLM. All run in float32: shorter types are too noisy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError

from model.family import FAMILIES, Family
from model.geometry import MAX_RATIO
from model.image import Pixels
from model.offline import prepare

DIGITS = 4  # of each number of an embedding
IMAGE_TOKENS = 256  # a Qwen tower sees an image in at most so many vision tokens
MAX_TOKENS = 512  # a text is embedded by its first tokens, or by fewer where the model takes fewer

_BATCH_NUMBERS = 6 << 20  # of pixels: five images of a Qwen tower, which reads each twice, forty of a CLIP
_BATCH_TOKENS = 1 << 13
_LOCAL = {"local_files_only": True, "trust_remote_code": False}
_SERVE = (
    "Give the folder of a Qwen2-VL, Qwen2.5-VL or Qwen3-VL, of a CLIP or SigLIP, or of a sentence encoder such as "
    "MiniLM, with its weights in safetensors format."
)

Embeddings = npt.NDArray[np.float32]
Tensors = dict[str, torch.Tensor]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Images:
    """How images become rows: `cut` one into tensors, `embed` those of several, joined, to [n, d]."""

    processor: Any
    embed: Callable[[Tensors], torch.Tensor]

    def cut(self, image: Pixels) -> Tensors:
        # A copy, as torch wants to own what it reads; and the layout is stated, as a processor that guesses takes an
        # image three pixels high for one with its channels first.
        return dict(self.processor(images=[np.array(image)], input_data_format="channels_last", return_tensors="pt"))


@dataclass(frozen=True, slots=True)
class _Texts:
    """How texts become rows: at most `most` tokens, padded to so many or to the batch's longest; `embed` to [n, d]."""

    tokenizer: Any
    most: int
    padding: Literal["longest", "max_length"]
    embed: Callable[[Tensors], torch.Tensor]

    def tokens(self, texts: Sequence[str], padding: str | bool, tensors: str | None = None) -> Any:
        limits = {"truncation": True, "max_length": self.most, "padding": padding}
        # What looks like a special token in data is plain text.
        return self.tokenizer(list(texts), **limits, split_special_tokens=True, return_tensors=tensors)


@dataclass(frozen=True, slots=True)
class Embedder:
    """Rows of length 1 for images or texts; their products are cosine similarities.

    A row does not depend on what is embedded with it. On a CPU each is computed alone, as batches save little there. On
    a GPU batches leave float noise, which rounding to DIGITS hides but where a number lies right between two: computed
    in batches on a CPU, that was one row of 200, whose similarities changed by less than 1e-5.
    """

    folder: Path
    device: str
    images: _Images | None = None
    texts: _Texts | None = None

    @classmethod
    def load(cls, folder: str | Path, device: str | None = None) -> Embedder:
        """The embedder in a checkpoint folder, on `device`, else on the first GPU, else on the CPU. Never reaches the
        network, never runs code from the folder, reads weights from safetensors files only. Raises `ValueError` for a
        folder that is missing, incomplete, or of no kind that can be embedded with."""
        path = Path(folder)
        model_type = _model_type(path)
        prepare()
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        known = {family.model_type: family for family in FAMILIES if family.model_type}
        try:
            with _quiet():
                kind = known.get(model_type)
                sides = {"images": _tower(path, kind, device)} if kind else _sides(path, model_type, device)
        except (OSError, ImportError, SafetensorError) as error:  # transformers' ways to say what is missing
            raise ValueError(f"{path} cannot be opened: {error}. {_SERVE}") from error
        return cls(path, device, **sides)

    @property
    def kinds(self) -> frozenset[str]:
        """What can be embedded: "image", "text" or both."""
        return frozenset(kind for kind, side in (("image", self.images), ("text", self.texts)) if side)

    def embed_images(self, images: Sequence[Pixels]) -> Embeddings:
        """Images, uint8 [H, W, 3] as displayed, to float32 [n, d].

        A Qwen tower sees the whole image in at most IMAGE_TOKENS tokens, of which the row is the mean; others see what
        their processor leaves, mostly a square from the middle. Raises `ValueError` where the checkpoint takes no
        images, or an image is empty or has sides of more than 1 to MAX_RATIO, which some processors blow up.

        Measured: to the shipped nano half of all pairs of different receipts are 0.99 alike and more, and a cut of 2 %
        off each side can bring one to 0.956. It serves to try things out.
        """
        side = self.images
        if side is None:
            raise ValueError(f"{self.folder} is a text encoder and takes no images. {_SERVE}")
        if not images:
            return self.embed_images([np.zeros((56, 56, 3), np.uint8)])[:0]  # for its width
        for place, image in enumerate(images):
            if image.ndim != 3 or min(image.shape) < 1 or max(image.shape[:2]) > MAX_RATIO * min(image.shape[:2]):
                raise ValueError(f"image {place} is {image.shape}, not [H, W, 3] with sides up to 1 to {MAX_RATIO}")
        cut = ((tensors, tensors["pixel_values"].numel()) for tensors in map(side.cut, images))
        batches = _batches(cut, self._most(_BATCH_NUMBERS))
        with torch.inference_mode():
            return _unit_rows([side.embed(_joined(few, self.device)) for few in batches])

    def embed_texts(self, texts: Sequence[str]) -> Embeddings:
        """Texts to float32 [n, d], by their first MAX_TOKENS tokens at most. What looks like a special token is read as
        plain text. Raises `ValueError` where the checkpoint takes no texts."""
        side = self.texts
        if side is None:
            raise ValueError(f"{self.folder} embeds images only. {_SERVE}")
        if not texts:
            return self.embed_texts(["a"])[:0]
        whole = side.padding == "max_length"
        lengths = [side.most if whole else len(ids) for ids in side.tokens(texts, padding=False)["input_ids"]]
        order = sorted(range(len(texts)), key=lengths.__getitem__)  # those of like length together, for less padding
        batches = _batches([(texts[place], lengths[place]) for place in order], self._most(_BATCH_TOKENS))
        with torch.inference_mode():
            found = [side.embed(side.tokens(few, side.padding, "pt").to(self.device)) for few in batches]
        return _unit_rows(found)[np.argsort(order)]

    def _most(self, batch: int) -> int:
        return 0 if self.device == "cpu" else batch


def _tower(folder: Path, kind: Family, device: str) -> _Images:
    """The vision tower of a Qwen-VL: the mean of an image's merged features."""
    from transformers import AutoConfig, AutoImageProcessor, AutoModel

    config = AutoConfig.from_pretrained(folder, **_LOCAL)
    with torch.device("meta"):  # no weights: only to learn the tower's class, which no mapping names for all families
        tower_class = type(AutoModel.from_config(config).visual)
    # Some releases of transformers write `visual.`, others `model.visual.`; the language model stays on the disk.
    model = _weights(tower_class, folder, device, config=config.vision_config, key_mapping={r"^(model\.)?visual\.": ""})
    processor = AutoImageProcessor.from_pretrained(folder, **_LOCAL)
    processor.size = {"shortest_edge": kind.min_pixels, "longest_edge": IMAGE_TOKENS * kind.factor**2}

    def embed(batch: Tensors) -> torch.Tensor:
        merged = model(batch["pixel_values"], grid_thw=batch["image_grid_thw"]).pooler_output
        counts = (batch["image_grid_thw"].prod(-1) // model.spatial_merge_size**2).tolist()
        return torch.stack([tokens.mean(0) for tokens in merged.split(counts)])

    return _Images(processor, embed)


def _sides(folder: Path, model_type: str, device: str) -> dict[str, Any]:
    """What `Embedder` takes of a checkpoint that is no Qwen-VL."""
    from transformers import CONFIG_MAPPING, MODEL_FOR_MASKED_LM_MAPPING, MODEL_MAPPING, AutoConfig

    refused = ValueError(f"{folder} is a {model_type!r}, which gives no embeddings of images or texts. {_SERVE}")
    if model_type not in CONFIG_MAPPING:
        raise refused
    config = AutoConfig.from_pretrained(folder, **_LOCAL)
    model_class = MODEL_MAPPING.get(type(config), None)
    if hasattr(model_class, "get_image_features") and hasattr(model_class, "get_text_features"):
        return _pair(folder, model_class, device)
    # Encoders that read both ways are those that can fill in masked words; a decoder's mean would say little.
    decodes = getattr(config, "is_decoder", False) or getattr(config, "is_encoder_decoder", False)
    reads = type(config) in MODEL_FOR_MASKED_LM_MAPPING and getattr(model_class, "main_input_name", "") == "input_ids"
    if decodes or not reads:
        raise refused
    return {"texts": _sentences(folder, model_class, device)}


def _pair(folder: Path, model_class: Any, device: str) -> dict[str, Any]:
    """Both sides of a CLIP or SigLIP; images alone where the folder has no tokenizer that can be read."""
    from transformers import AutoImageProcessor, AutoTokenizer

    model = _weights(model_class, folder, device)
    processor = AutoImageProcessor.from_pretrained(folder, **_LOCAL)

    images = _Images(processor, lambda batch: model.get_image_features(**batch).pooler_output)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **_LOCAL)
    except (OSError, ImportError, ValueError):
        return {"images": images}
    most = min(MAX_TOKENS, tokenizer.model_max_length, model.config.text_config.max_position_embeddings)
    # SigLIP was trained on texts padded to the full length, and to CLIP, which is causal, padding makes no difference.
    texts = _Texts(tokenizer, most, "max_length", lambda batch: model.get_text_features(**batch).pooler_output)
    return {"images": images, "texts": texts}


def _sentences(folder: Path, model_class: Any, device: str) -> _Texts:
    """A sentence encoder: the mean over a text's tokens, or its first, as sentence-transformers' own files say."""
    from transformers import AutoTokenizer

    first = _first_token_pooling(folder)
    model = _weights(model_class, folder, device)
    tokenizer = AutoTokenizer.from_pretrained(folder, **_LOCAL)
    tokenizer.padding_side = "right"
    lengths = [MAX_TOKENS, tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", MAX_TOKENS)]
    most = min(*lengths, _json(folder / "sentence_bert_config.json").get("max_seq_length") or MAX_TOKENS)

    def embed(batch: Tensors) -> torch.Tensor:
        hidden: torch.Tensor = model(**batch).last_hidden_state
        if first:
            return hidden[:, 0]
        mask = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)
        return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)

    return _Texts(tokenizer, most, "longest", embed)


def _first_token_pooling(folder: Path) -> bool:
    """Whether a text's row is its first token's; False for the mean. Raises `ValueError` for any other way."""
    told = _json(folder / "1_Pooling" / "config.json")
    flags = {name.removeprefix("pooling_mode_") for name, on in told.items() if on is True} - {"include_prompt"}
    ways = {str(told["pooling_mode"])} if "pooling_mode" in told else flags
    if not (ways <= {"mean_tokens", "mean"} or ways <= {"cls_token", "cls"}):
        raise ValueError(f"{folder} pools by {', '.join(sorted(ways))}; only the mean and the first token are known.")
    return bool(ways & {"cls_token", "cls"})


def _weights(model_class: Any, folder: Path, device: str, **options: Any) -> Any:
    """The model in float32. Raises `ValueError` where weights are missing that an embedding needs."""
    model, told = model_class.from_pretrained(
        folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **_LOCAL, **options
    )
    # Sentence encoders are saved without the pooler of their class, which nothing here asks.
    missing = sorted(name for name in told["missing_keys"] if not name.startswith("pooler."))
    if missing:
        raise ValueError(f"{folder} lacks weights: {', '.join(missing[:3])} and others. {_SERVE}")
    return model.to(device).eval()


def _batches(sized: Iterable[tuple[_T, int]], most: int) -> Iterator[list[_T]]:
    """Items in their order, as many at a time as fit into `most` if all were as large as the largest; at least one."""
    batch: list[_T] = []
    largest = 0
    for item, size in sized:
        largest = max(largest, size)
        if batch and (len(batch) + 1) * largest > most:
            yield batch
            batch, largest = [], size
        batch.append(item)
    if batch:
        yield batch


def _joined(batch: Sequence[Tensors], device: str) -> Tensors:
    return {name: torch.cat([tensors[name] for tensors in batch]).to(device) for name in batch[0]}


def _unit_rows(found: Sequence[torch.Tensor]) -> Embeddings:
    rows = torch.cat([part.double().cpu() for part in found])
    rounded = torch.nn.functional.normalize(rows).numpy().round(DIGITS) + 0.0  # no negative zeros
    return rounded.astype(np.float32)


def _model_type(folder: Path) -> str:
    if (folder / "adapter_config.json").exists():
        raise ValueError(f"{folder} is an adapter. Give the folder of its base, or of both merged.")
    if not (folder / "config.json").exists():
        raise ValueError(f"{folder} holds no config.json: it is no folder, no checkpoint, or not a whole one. {_SERVE}")
    return str(_json(folder / "config.json").get("model_type"))


def _json(path: Path) -> dict[str, Any]:
    """What is in the file; nothing where there is none."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the report of all weights that a tower leaves unread; missing ones are errors here."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
