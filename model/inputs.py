"""Rendered rows as a model reads them: token ids, and patches cut at exactly the size for which boxes were rendered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import torch

from curation.contract.dataset import RenderedMedia, RenderedRow
from model.collate import Example
from model.encode import encode, prompt_ids
from model.image import ImageError, decode

ReadImage = Callable[[RenderedMedia], bytes]  # the original bytes of an image; FileNotFoundError where there are none


class DataError(ValueError):
    """Rows that a model cannot be given as they are, named by their ids."""


def fit_processor(processor: Any, min_pixels: int, max_pixels: int) -> None:
    """Give a processor the pixel budget of the data, so that the checkpoint saved with it sees images as its training
    did. A checkpoint's own budget is only a default."""
    size = {"shortest_edge": min_pixels, "longest_edge": max_pixels}
    processor.image_processor.size = size


def training_example(row: RenderedRow, read: ReadImage, processor: Any) -> Example:
    """The whole row with its loss weights."""
    tokens = encode(row, processor.tokenizer)
    pixels, grid = image_patches(row, shown(row), read, processor)
    return Example(ids=tokens.ids, weights=tokens.weights, pixels=pixels, grid=grid)


def prompt_example(row: RenderedRow, read: ReadImage, processor: Any, image_id: int) -> Example:
    """The row up to where its last answer begins; nothing in it carries loss. `image_id` is the image token's."""
    ids = prompt_ids(row, processor.tokenizer)
    images = _within(shown(row), ids.count(image_id))
    pixels, grid = image_patches(row, images, read, processor)
    return Example(ids=ids, weights=[0.0] * len(ids), pixels=pixels, grid=grid)


def shown(row: RenderedRow) -> list[RenderedMedia]:
    """The row's images in the order in which its text shows them, which is the order that the model expects."""
    return [row.media[segment.media] for segment in row.segments if segment.kind == "media"]


def _within(images: Sequence[RenderedMedia], tokens: int) -> list[RenderedMedia]:
    """The first images, as many as have that many tokens together."""
    count = list(accumulate((image.vision_tokens for image in images), initial=0)).index(tokens)
    return list(images[:count])


def image_patches(
    row: RenderedRow, images: Sequence[RenderedMedia], read: ReadImage, processor: Any
) -> tuple[torch.Tensor, torch.Tensor] | tuple[None, None]:
    """Patches of the images, [patches, values], and their grid, [images, 3]; (None, None) without images.

    Raises `DataError` for an image that is not there, cannot be decoded or does not have the size that the row states.
    """
    if not images:
        return None, None
    parts = [_patches(row, image, _stored(row, image, read), processor) for image in images]
    return torch.cat([patches for patches, _ in parts]), torch.cat([grid for _, grid in parts])


def _stored(row: RenderedRow, medium: RenderedMedia, read: ReadImage) -> bytes:
    try:
        return read(medium)
    except FileNotFoundError as error:
        raise DataError(f"{row.row_id}: its image is not in the store: {error}. Ingest its source again.") from None


def _patches(row: RenderedRow, medium: RenderedMedia, data: bytes, processor: Any) -> tuple[torch.Tensor, torch.Tensor]:
    try:
        image = decode(data, medium.orientation)
    except ImageError as error:
        raise DataError(f"{row.row_id}: image {medium.sha256[:12]} cannot be decoded: {error}") from error
    if image.shape[:2] != (medium.height, medium.width):
        raise DataError(
            f"{row.row_id}: image {medium.sha256[:12]} is {image.shape[1]}x{image.shape[0]} as displayed; the row says "
            f"{medium.width}x{medium.height}. Ingest it again."
        )
    # A copy, as torch wants to own what it reads; and the layout is stated, as a processor that guesses takes an
    # image three pixels high for one with its channels first.
    features = processor.image_processor(
        images=[np.array(image)], input_data_format="channels_last", return_tensors="pt"
    )
    grid, patch = features["image_grid_thw"], processor.image_processor.patch_size
    if grid.tolist() != [[1, medium.resized_height // patch, medium.resized_width // patch]]:
        raise DataError(f"{row.row_id}: the processor cut image {medium.sha256[:12]} into {grid.tolist()} patches.")
    if int(grid.prod()) != medium.vision_tokens * processor.image_processor.merge_size**2:
        raise DataError(f"{row.row_id}: image {medium.sha256[:12]} does not become {medium.vision_tokens} tokens.")
    return features["pixel_values"], grid
