"""A rendered dataset as the trainer reads it: rows or pairs, token counts before any decoding, and pixels at exactly
the size for which the rows' boxes were rendered."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from curation.contract.dataset import (
    Better,
    RenderedMedia,
    RenderedPair,
    RenderedRow,
    Segment,
    read_pairs,
    read_rendered,
)
from curation.contract.table import Manifest, media_url, read_bytes, read_manifest, store_of
from model.encode import Encoded, encode
from model.inputs import DataError
from model.pack import preference


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


@dataclass(frozen=True, kw_only=True)
class PairDataset:
    """The pairs of one split: prompts with their chosen answers, and by `row_id` the same prompts with the rejected
    ones, and in which dimensions which of them is better. Only the answers carry weight."""

    chosen: RenderedDataset
    rejected: Mapping[str, RenderedRow]
    better: Mapping[str, Sequence[Better]]


def open_dataset(table: str, split: str) -> RenderedDataset:
    """The rows of `split` of a complete `render` table. Raises `TableError` for an incomplete table and `DataError`
    for one of another stage or without rows in the split."""
    manifest = _manifest(table, "render")
    return _dataset(table, manifest, split, read_rendered(table, split))


def open_pairs(table: str, split: str) -> PairDataset:
    """The pairs of `split` of a complete `render_dpo` table. Raises as `open_dataset` does, and `DataError` for a pair
    without two answers to one prompt."""
    manifest = _manifest(table, "render_dpo")
    pairs = read_pairs(table, split)
    both = [_both(pair) for pair in pairs]
    if repeated := [name for name, count in Counter(row.row_id for row, _ in both).items() if count > 1]:
        raise DataError(
            f"{len(repeated)} row ids are given to several pairs: {_some(repeated)}. Render the pairs again."
        )
    return PairDataset(
        chosen=_dataset(table, manifest, split, [chosen for chosen, _ in both]),
        rejected={rejected.row_id: rejected for _, rejected in both},
        better={pair.chosen.row_id: pair.better for pair in pairs},
    )


def _manifest(table: str, stage: str) -> Manifest:
    manifest = read_manifest(table)
    if manifest.stage != stage:
        raise DataError(f"{table} is a table of {manifest.stage!r}; this training reads one of {stage!r}.")
    return manifest


def _dataset(table: str, manifest: Manifest, split: str, rows: Sequence[RenderedRow]) -> RenderedDataset:
    if not rows:
        raise DataError(f"{table} has no rows in the split {split!r}.")
    settings = manifest.settings
    return RenderedDataset(
        table=table,
        fingerprint=manifest.fingerprint,
        preprocessing=Preprocessing(
            family=settings["family"], min_pixels=settings["min_pixels"], max_pixels=settings["max_pixels"]
        ),
        rows=rows,
    )


def _both(pair: RenderedPair) -> tuple[RenderedRow, RenderedRow]:
    """The row with each of the answers. What stands before the last answer carries no weight, earlier answers too."""
    row = pair.chosen
    answers = {"chosen": row.segments[row.answer_at :], "rejected": pair.rejected}
    for name, answer in answers.items():
        if fault := _fault(answer, row.segments[-1]):
            raise DataError(f"{row.row_id}: its {name} answer {fault}. Render the pairs again.")
    prompt = tuple(replace(segment, weight=0.0) for segment in row.segments[: row.answer_at])
    chosen, rejected = (replace(row, segments=prompt + answer) for answer in answers.values())
    return chosen, rejected


def _fault(answer: Sequence[Segment], end: Segment) -> str:
    """What makes an answer unfit for a pair. Both end in the family's own mark, or its presence would be learnt."""
    if not "".join(segment.text for segment in answer[:-1]).strip():
        return "is empty"
    if (answer[-1].kind, answer[-1].text) != ("control", end.text):
        return f"does not end in {end.text!r}"
    if any(segment.kind == "media" or segment.weight <= 0 for segment in answer):
        return "holds an image, or text that is not to be learnt"
    return ""


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


def pair_counts(data: PairDataset, tokenizer: Any, sharing: bool) -> list[int]:
    """Tokens of each pair as it is packed, image tokens included, without decoding an image: with `sharing` the prompt
    counts once.

    Raises `DataError` with the ids of pairs whose prompts become different tokens, whose answers are the same, or that
    stand in the data twice.
    """
    counts, first = [], set()
    faults: dict[str, list[str]] = {
        "differ in the tokens of their prompt": [],
        "have equal answers": [],
        "repeat one": [],
    }
    differing, equal, repeated = faults.values()
    for row in data.chosen.rows:
        chosen, rejected = encode(row, tokenizer), encode(data.rejected[row.row_id], tokenizer)
        counts.append(sum(each.tokens for each in preference(row, data.rejected[row.row_id], tokenizer, sharing)))
        if _prompt(chosen) != _prompt(rejected):
            differing.append(row.row_id)
        if chosen.ids == rejected.ids:
            equal.append(row.row_id)
        images = [medium.sha256 for medium in row.media]
        key = hashlib.sha256(repr((images, chosen.ids, rejected.ids)).encode()).digest()
        if key in first:
            repeated.append(row.row_id)
        first.add(key)
    for fault, row_ids in faults.items():
        if row_ids:
            raise DataError(f"{len(row_ids)} pairs {fault}: {_some(row_ids)}. Leave them out of the dataset.")
    return counts


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
            "Raise max_length and pack_tokens, or render with a lower max_pixels."
        )
    left_out = [row.row_id for row, count in pairs if count > max_length]
    return replace(dataset, rows=[row for row, _ in kept]), [count for _, count in kept], left_out


def _prompt(encoded: Encoded) -> list[int]:
    return [token for token, weight in zip(encoded.ids, encoded.weights, strict=True) if weight == 0]


def _patch_count(medium: RenderedMedia, processor: Any) -> int:
    return int(processor.image_processor.get_number_of_image_patches(medium.height, medium.width, {}))


def _some(row_ids: Sequence[str]) -> str:
    return ", ".join(row_ids[:10]) + (", ..." if len(row_ids) > 10 else "")
