"""A rendered dataset as the trainer reads it: rows, token counts before any decoding, and pixels at exactly the size
for which the rows' boxes were rendered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from curation.contract.dataset import RenderedMedia, RenderedRow, read_rendered
from curation.contract.table import media_url, read_bytes, read_manifest, store_of
from model.encode import encode
from model.inputs import DataError


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

    def image(self, medium: RenderedMedia) -> bytes:
        """The original bytes of an image. Raises FileNotFoundError where the store does not have them."""
        return read_bytes(media_url(store_of(self.table), medium.sha256))


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


def _patch_count(medium: RenderedMedia, processor: Any) -> int:
    return int(processor.image_processor.get_number_of_image_patches(medium.height, medium.width, {}))


def _some(row_ids: Sequence[str]) -> str:
    return ", ".join(row_ids[:10]) + (", ..." if len(row_ids) > 10 else "")
