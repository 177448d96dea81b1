"""A rendered dataset as the trainer reads it: rows, token counts before any decoding, and pixels at exactly the size
for which the rows' boxes were rendered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import numpy as np
import torch

from curation.contract.dataset import RenderedMedia, RenderedRow, read_rendered
from curation.contract.table import media_url, read_bytes, read_manifest, store_of
from model.encode import encode, prompt_ids
from model.image import ImageError, decode
from trainer.collate import Example


class DataError(ValueError):
    """Rows that cannot be trained on as they are, named by their ids."""


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """For which family and pixel budget rows were rendered: what a checkpoint must share with its data."""

    family: str
    min_pixels: int
    max_pixels: int


@dataclass(frozen=True, kw_only=True)
class RenderedDataset:
    """The rows of one split in the order of their ids, so that no partitioning or file order shows in training."""

    table: str
    fingerprint: str
    preprocessing: Preprocessing
    rows: Sequence[RenderedRow]


def open_dataset(table: str, split: str) -> RenderedDataset:
    """The rows of `split` of a complete `render` table. Raises `TableError` for an incomplete table and `DataError`
    for one of another stage or without rows in the split."""
    manifest = read_manifest(table)
    if manifest.stage != "render":
        raise DataError(f"{table} is a table of {manifest.stage!r}; training reads one of 'render'.")
    settings = manifest.settings
    rows = read_rendered(table, split)
    if not rows:
        raise DataError(f"{table} has no rows in the split {split!r}.")
    return RenderedDataset(
        table=table,
        fingerprint=manifest.fingerprint,
        preprocessing=Preprocessing(
            family=settings["family"], min_pixels=settings["min_pixels"], max_pixels=settings["max_pixels"]
        ),
        rows=rows,
    )


def fit_processor(processor: Any, preprocessing: Preprocessing) -> None:
    """Give a processor the pixel budget of the data, so that the checkpoint saved with it sees images as its training
    did. A checkpoint's own budget is only a default."""
    size = {"shortest_edge": preprocessing.min_pixels, "longest_edge": preprocessing.max_pixels}
    processor.image_processor.size = size


def check_sizes(dataset: RenderedDataset, processor: Any) -> None:
    """Raise `DataError` unless the processor would resize every image exactly as it was rendered; from sizes alone.

    A processor that disagrees would put every box of the row in the wrong place when the checkpoint is served.
    """
    patch = processor.image_processor.patch_size**2
    wrong = [
        row.row_id
        for row in dataset.rows
        for medium in row.media
        if _patch_count(medium, processor) != (medium.resized_width * medium.resized_height // patch)
    ]
    if wrong:
        raise DataError(
            f"{len(wrong)} images would be resized otherwise than they were rendered: {_some(wrong)}. Render the "
            "dataset again for this checkpoint's family and pixel budget."
        )


def token_counts(dataset: RenderedDataset, tokenizer: Any) -> list[int]:
    """Tokens of each row, image tokens included, without decoding an image. Raises `DataError` with the ids of rows in
    which no token carries loss."""
    encoded = [encode(row, tokenizer) for row in dataset.rows]
    pairs = zip(dataset.rows, encoded, strict=True)
    silent = [row.row_id for row, tokens in pairs if not any(weight > 0 for weight in tokens.weights[1:])]
    if silent:
        raise DataError(f"{len(silent)} rows have no token to learn from: {_some(silent)}.")
    return [len(tokens.ids) for tokens in encoded]


def leave_out_long(
    dataset: RenderedDataset, counts: Sequence[int], max_length: int | None
) -> tuple[RenderedDataset, list[int], list[str]]:
    """The rows of at most `max_length` tokens, their counts, and the ids of the rows that are left out: cutting a row
    would cut its images or its answer. Raises `DataError` where no row is left."""
    if max_length is None:
        return dataset, list(counts), []
    pairs = list(zip(dataset.rows, counts, strict=True))
    kept = [(row, count) for row, count in pairs if count <= max_length]
    if not kept:
        raise DataError(
            f"all {len(pairs)} rows are longer than max_length {max_length}; the shortest has {min(counts)} tokens. "
            "Raise max_length, or render with a lower max_pixels."
        )
    left_out = [row.row_id for row, count in pairs if count > max_length]
    return replace(dataset, rows=[row for row, _ in kept]), [count for _, count in kept], left_out


def training_example(dataset: RenderedDataset, row: RenderedRow, processor: Any) -> Example:
    """The whole row with its loss weights."""
    tokens = encode(row, processor.tokenizer)
    pixels, grid = image_patches(dataset, row, shown(row), processor)
    return Example(ids=tokens.ids, weights=tokens.weights, pixels=pixels, grid=grid)


def prompt_example(dataset: RenderedDataset, row: RenderedRow, processor: Any, image_id: int) -> Example:
    """The row up to where its last answer begins; nothing in it carries loss. `image_id` is the image token's."""
    ids = prompt_ids(row, processor.tokenizer)
    images = _within(shown(row), ids.count(image_id))
    pixels, grid = image_patches(dataset, row, images, processor)
    return Example(ids=ids, weights=[0.0] * len(ids), pixels=pixels, grid=grid)


def shown(row: RenderedRow) -> list[RenderedMedia]:
    """The row's images in the order in which its text shows them, which is the order that the model expects."""
    return [row.media[segment.media] for segment in row.segments if segment.kind == "media"]


def _within(images: Sequence[RenderedMedia], tokens: int) -> list[RenderedMedia]:
    """The first images, as many as have that many tokens together."""
    count = list(accumulate((image.vision_tokens for image in images), initial=0)).index(tokens)
    return list(images[:count])


def image_patches(
    dataset: RenderedDataset, row: RenderedRow, images: Sequence[RenderedMedia], processor: Any
) -> tuple[torch.Tensor, torch.Tensor] | tuple[None, None]:
    """Patches of the images, [patches, values], and their grid, [images, 3]; (None, None) without images.

    Raises `DataError` for an image that is not there, cannot be decoded or does not have the size that the row states.
    """
    if not images:
        return None, None
    parts = [_patches(row, image, _stored(dataset, row, image), processor) for image in images]
    return torch.cat([patches for patches, _ in parts]), torch.cat([grid for _, grid in parts])


def _stored(dataset: RenderedDataset, row: RenderedRow, medium: RenderedMedia) -> bytes:
    url = media_url(store_of(dataset.table), medium.sha256)
    try:
        return read_bytes(url)
    except FileNotFoundError:
        raise DataError(f"{row.row_id}: its image is not in the store at {url}. Ingest its source again.") from None


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


def _patch_count(medium: RenderedMedia, processor: Any) -> int:
    return int(processor.image_processor.get_number_of_image_patches(medium.height, medium.width, {}))


def _some(row_ids: Sequence[str]) -> str:
    return ", ".join(row_ids[:10]) + (", ..." if len(row_ids) > 10 else "")
