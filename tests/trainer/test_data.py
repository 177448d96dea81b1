"""Reading a rendered table: what is refused before training, and pixels at the rendered size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from curation.contract.sample import Media
from curation.contract.table import TableError, media_url
from model.inputs import DataError, fit_processor, prompt_example, training_example
from model.load import load_checkpoint
from trainer.data import check_sizes, leave_out_long, open_dataset, token_counts


def test_rows_of_the_split_in_the_order_of_their_ids(made: Any) -> None:
    rows = [made.row("b", "Q", "A"), made.row("c", "Q", "A", split="test"), made.row("a", "Q", "A")]
    data = open_dataset(made.table(rows), "train")
    assert [row.row_id for row in data.rows] == ["a", "b"]
    assert (data.preprocessing.min_pixels, data.preprocessing.max_pixels) == (made.min_pixels, made.max_pixels)


def test_an_empty_split_and_an_incomplete_table_are_refused(made: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'test'"):
        open_dataset(made.table([made.row("a", "Q", "A")]), "test")
    with pytest.raises(TableError, match="manifest"):
        open_dataset(str(tmp_path / "store" / "tables" / "render" / "none"), "train")


def test_counts_are_known_without_an_image(made: Any, nano: Path) -> None:
    # No such bytes are in the store: 84 x 112 pixels are 3 x 4 vision tokens all the same.
    absent = Media(sha256="0" * 64, mime="image/png", width=112, height=84)
    data = open_dataset(made.table([made.row("a", "Q", "A"), made.row("b", "Q", "A", [absent])]), "train")
    text, image = token_counts(data, load_checkpoint(nano, "cpu").processor.tokenizer)
    assert image - text == 3 * 4 + 2  # and the two marks around them


def test_long_rows_are_left_out_and_named(made: Any, nano: Path) -> None:
    data = open_dataset(made.table([made.row("short", "Q", "A"), made.row("long", "Q", "7 " * 200)]), "train")
    counts = token_counts(data, load_checkpoint(nano, "cpu").processor.tokenizer)
    short, kept, left_out = leave_out_long(data, counts, 100)
    assert [row.row_id for row in short.rows] == ["short"]
    assert (kept, left_out) == ([count for count in counts if count <= 100], ["long"])
    assert leave_out_long(data, counts, None) == (data, counts, [])
    with pytest.raises(DataError, match="all 2 rows are longer than max_length 10"):
        leave_out_long(data, counts, 10)


def test_rows_without_loss_are_named(made: Any, nano: Path) -> None:
    silent = made.row("silent", "Q", "A")
    silent = replace(silent, segments=tuple(replace(segment, weight=0.0) for segment in silent.segments))
    data = open_dataset(made.table([silent]), "train")
    with pytest.raises(DataError, match="no token to learn from: silent"):
        token_counts(data, load_checkpoint(nano, "cpu").processor.tokenizer)


def test_pixels_come_at_the_rendered_size(made: Any, nano: Path) -> None:
    medium = made.image("red", 500, 300, (50, 50, 200, 200))
    data = open_dataset(made.table([made.row("a", "Q", "A", [medium])]), "train")
    processor = load_checkpoint(nano, "cpu").processor
    fit_processor(processor, data.preprocessing.min_pixels, data.preprocessing.max_pixels)
    check_sizes(data, processor)
    example = training_example(data.rows[0], data.image, processor)
    rendered = data.rows[0].media[0]
    assert (rendered.resized_width, rendered.resized_height) == (168, 84)  # 24 squares of 28 at most
    assert example.grid is not None
    assert example.grid.tolist() == [[1, 6, 12]]
    assert example.pixels is not None
    assert example.pixels.shape == (72, 3 * 2 * 14 * 14)
    image_id = processor.tokenizer.convert_tokens_to_ids("<|image_pad|>")
    assert list(example.ids).count(image_id) == 18
    assert all(weight == 0 for token, weight in zip(example.ids, example.weights, strict=True) if token == image_id)


def test_a_dataset_for_another_budget_is_refused(made: Any, nano: Path) -> None:
    absent = Media(sha256="0" * 64, mime="image/png", width=500, height=300)
    data = open_dataset(made.table([made.row("a", "Q", "A", [absent])]), "train")
    with pytest.raises(DataError, match="resized otherwise than they were rendered: a"):
        check_sizes(data, load_checkpoint(nano, "cpu").processor)  # its own budget is larger


def test_an_image_of_another_size_than_its_row_says_is_refused(made: Any, nano: Path) -> None:
    medium = made.image("red", 112, 84, (0, 0, 50, 50))
    data = open_dataset(made.table([made.row("a", "Q", "A", [replace(medium, width=84, height=112)])]), "train")
    processor = load_checkpoint(nano, "cpu").processor
    fit_processor(processor, data.preprocessing.min_pixels, data.preprocessing.max_pixels)
    with pytest.raises(DataError, match=r"a: image .* is 112x84 as displayed; the row says 84x112"):
        training_example(data.rows[0], data.image, processor)


def test_a_missing_image_is_named(made: Any, nano: Path) -> None:
    absent = Media(sha256="0" * 64, mime="image/png", width=112, height=84)
    data = open_dataset(made.table([made.row("a", "Q", "A", [absent])]), "train")
    with pytest.raises(DataError, match=r"a: its image is not in the store: .*/media/00/000"):
        training_example(data.rows[0], data.image, load_checkpoint(nano, "cpu").processor)


def test_a_broken_image_is_named(made: Any, nano: Path, tmp_path: Path) -> None:
    medium = made.image("red", 112, 84, (0, 0, 50, 50))
    Path(media_url(str(tmp_path / "store"), medium.sha256)).write_bytes(b"not an image")
    data = open_dataset(made.table([made.row("a", "Q", "A", [medium])]), "train")
    with pytest.raises(DataError, match=r"a: image .* cannot be decoded"):
        training_example(data.rows[0], data.image, load_checkpoint(nano, "cpu").processor)


def test_the_prompt_ends_where_the_answer_begins(made: Any, nano: Path) -> None:
    medium = made.image("red", 112, 84, (0, 0, 50, 50))
    data = open_dataset(made.table([made.row("a", "Which?", "Red.", [medium])]), "train")
    processor = load_checkpoint(nano, "cpu").processor
    image_id = processor.tokenizer.convert_tokens_to_ids("<|image_pad|>")
    prompt = prompt_example(data.rows[0], data.image, processor, image_id)
    whole = training_example(data.rows[0], data.image, processor)
    assert list(whole.ids[: len(prompt.ids)]) == list(prompt.ids)
    assert processor.tokenizer.decode(whole.ids[len(prompt.ids) :]) == "Red.<|im_end|>\n"
    assert prompt.pixels is not None
    assert whole.pixels is not None
    assert torch.equal(prompt.pixels, whole.pixels)
