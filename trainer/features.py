"""What the frozen vision tower says of each image: computed once, kept on disk, shared by rows, answers, epochs and
runs.

A file holds one image's features at one size; its folder is named after the tower: its weights, its type, how pixels
are prepared. Another tower, or the same one trained on, has another name and never reads these files.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from curation.contract.dataset import RenderedMedia
from model.complete import complete_file
from model.load import unwrapped

Patches = Callable[[RenderedMedia], tuple[torch.Tensor, torch.Tensor]]  # pixels [patches, values] and grid [1, 3]
_T = TypeVar("_T")

VERSION = 2  # of what is kept
_HEADER = 512  # bytes of a file beside its numbers, at most
_PREPARATION = (
    "patch_size", "temporal_patch_size", "merge_size", "do_rescale", "rescale_factor", "do_normalize", "image_mean",
    "image_std", "resample",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Features:
    """`merged` [tokens, width]; `deep` are the same for each deeper layer that a family hands on (Qwen3-VL)."""

    merged: torch.Tensor
    deep: tuple[torch.Tensor, ...] = ()


def tower_fingerprint(model: Any, processor: Any, autocast: torch.dtype | None = None) -> str:
    """Names a vision tower with all that its features depend on: weights, number types, preparation of pixels."""
    told = hashlib.sha256(f"{VERSION} {autocast}".encode())
    for name, tensor in sorted(unwrapped(model).model.visual.state_dict().items()):
        told.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        told.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy())
    images = processor.image_processor  # its class too: some resize otherwise than others
    told.update(repr((type(images).__name__, [getattr(images, name, None) for name in _PREPARATION])).encode())
    return told.hexdigest()


class FeatureCache:
    """Features in `folder`, of one tower, at most `most_bytes` of them with those of other towers.

    `seen` counts the images that the tower was given: in a step it should be none.
    """

    def __init__(self, folder: Path, model: Any, fingerprint: str, most_bytes: int) -> None:
        self._root, self._folder = folder, folder / fingerprint[:32]
        self._model, self._fingerprint, self._most = unwrapped(model), fingerprint, most_bytes
        self.seen = 0

    def missing(self, media: Iterable[RenderedMedia]) -> list[RenderedMedia]:
        """What is to be computed: what is not there yet, as far as there is room for it. To make room, what other runs
        left is thrown away, the longest unused first. Of processes that train together, one asks this."""
        wanted = {_name(medium): medium for medium in media}
        missing = [medium for name, medium in sorted(wanted.items()) if not self._is_there(name)]
        room = self._room(set(wanted), sum(map(self._bytes, missing)))
        held = accumulate(map(self._bytes, missing))
        return [medium for medium, bytes_ in zip(missing, held, strict=True) if bytes_ <= room]

    def holds(self, media: Iterable[RenderedMedia]) -> bool:
        """Whether the features of all of these are there."""
        return all(self._is_there(_name(medium)) for medium in media)

    def fill(self, media: Sequence[RenderedMedia], patches: Patches, most_patches: int) -> None:
        """Compute and keep these, many images at a time."""
        for group in _groups(media, most_patches, self._patches):
            for medium, features in zip(group, self.compute([patches(medium) for medium in group]), strict=True):
                self._write(_name(medium), features)

    def of(self, media: Sequence[RenderedMedia], patches: Patches) -> list[Features]:
        """The features of each, from disk where they are there, else from the tower."""
        found = {_name(medium): self._read(_name(medium)) for medium in media}
        missing = {name: medium for medium in media if found[name := _name(medium)] is None}
        if missing:
            made = self.compute([patches(medium) for medium in missing.values()])
            found |= dict(zip(missing, made, strict=True))
        return [features for medium in media if (features := found[_name(medium)])]

    @torch.no_grad()
    def compute(self, images: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> list[Features]:
        device = self._model.device
        pixels = torch.cat([pixels for pixels, _ in images]).to(device)
        grid = torch.cat([grid for _, grid in images]).to(device)
        self.seen += len(images)
        told = self._model.model.get_image_features(pixels, grid, return_dict=True)
        deep = getattr(told, "deepstack_features", None) or []
        return [
            Features(merged.clone(), tuple(layer[at].clone() for layer in deep))
            for at, merged in enumerate(told.pooler_output)
        ]

    def _patches(self, medium: RenderedMedia) -> int:
        merge: int = self._model.config.vision_config.spatial_merge_size
        return medium.vision_tokens * merge**2

    def _bytes(self, medium: RenderedMedia) -> int:
        """What an image takes on disk, at most: under autocast a number has fewer bytes than the model's."""
        config = self._model.config
        layers = 1 + len(getattr(config.vision_config, "deepstack_visual_indexes", ()))
        width: int = config.text_config.hidden_size
        return medium.vision_tokens * width * layers * self._model.dtype.itemsize + _HEADER

    def _room(self, keep: set[str], needed: int) -> int:
        """How much may be written, once what is not of `keep` has made room for it."""
        files = sorted(_found(self._root), key=lambda found: found[1].st_mtime_ns)
        held = sum(told.st_size for _, told in files)
        for path, told in files:
            if held + needed <= self._most:
                break
            if path.parent.parent != self._folder or path.stem not in keep:
                held -= told.st_size
                path.unlink(missing_ok=True)
        return self._most - held

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / f"{name}.safetensors"

    def _is_there(self, name: str) -> bool:
        return self._opened(name, lambda file: True) or False

    def _read(self, name: str) -> Features | None:
        found = self._opened(name, _tensors)
        if found:
            with suppress(FileNotFoundError):  # another run has just made room for itself
                os.utime(self._path(name))  # used: thrown away last
        return found

    def _opened(self, name: str, use: Callable[[Any], _T]) -> _T | None:
        """None for a file that is not there, is not whole, or was written by another tower."""
        try:
            with safe_open(self._path(name), "pt") as file:
                return use(file) if (file.metadata() or {}).get("tower") == self._fingerprint else None
        except (FileNotFoundError, SafetensorError):
            return None

    def _write(self, name: str, features: Features) -> None:
        tensors = {"merged": features.merged} | {f"deep_{at}": layer for at, layer in enumerate(features.deep)}
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with complete_file(path) as partial:
            kept = {key: each.cpu().contiguous() for key, each in tensors.items()}
            save_file(kept, partial, {"tower": self._fingerprint})


def encoder_outputs(features: Sequence[Features], device: torch.device) -> dict[str, Any]:
    """What a model takes in place of pixels: `mm_encoder_outputs`, images in the order of the row."""
    from transformers.modeling_outputs import BaseModelOutputWithPooling

    merged = [each.merged.to(device) for each in features]
    if not features[0].deep:
        return {"image": BaseModelOutputWithPooling(pooler_output=merged)}
    from transformers.models.qwen3_vl.modeling_qwen3_vl import BaseModelOutputWithDeepstackFeatures

    layers = range(len(features[0].deep))
    deep = [[each.deep[layer].to(device) for each in features] for layer in layers]
    return {"image": BaseModelOutputWithDeepstackFeatures(pooler_output=merged, deepstack_features=deep)}


def _found(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in root.glob("*/*/*.safetensors"):
        with suppress(FileNotFoundError):
            yield path, path.stat()


def _tensors(file: Any) -> Features:
    deep = range(len(file.keys()) - 1)
    return Features(file.get_tensor("merged"), tuple(file.get_tensor(f"deep_{at}") for at in deep))


def _name(medium: RenderedMedia) -> str:
    """Images of the same bytes, turned alike and resized alike, are the same pixels to a tower."""
    told = f"{medium.sha256} {medium.orientation} {medium.resized_width}x{medium.resized_height}"
    return hashlib.sha256(told.encode()).hexdigest()


def _groups(
    media: Sequence[RenderedMedia], most: int, patches: Callable[[RenderedMedia], int]
) -> Iterator[list[RenderedMedia]]:
    """So many images at a time that they have `most` patches at most, one at the least."""
    group: list[RenderedMedia] = []
    for medium in media:
        if group and sum(map(patches, group)) + patches(medium) > most:
            yield group
            group = []
        group.append(medium)
    if group:
        yield group
