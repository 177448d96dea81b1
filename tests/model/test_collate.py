"""Batches, worked by hand."""

from __future__ import annotations

import torch

from model.collate import Example, collate

PAD, IMAGE = 0, 9


def test_right_padding_labels_and_image_positions() -> None:
    pixels = torch.arange(16 * 3, dtype=torch.float32).reshape(16, 3)
    long = Example(ids=[1, 9, 9, 2, 3], weights=[0, 0, 0, 1, 0.5], pixels=pixels, grid=torch.tensor([[1, 2, 4]]))
    short = Example(ids=[4, 5], weights=[0, 1])
    batch = collate([long, short], PAD, IMAGE)
    assert batch["input_ids"].tolist() == [[1, 9, 9, 2, 3], [4, 5, 0, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]
    assert batch["mm_token_type_ids"].tolist() == [[0, 1, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert batch["labels"].tolist() == [[-100, -100, -100, 2, 3], [-100, 5, -100, -100, -100]]
    assert batch["loss_weights"].tolist() == [[0, 0, 0, 1, 0.5], [0, 1, 0, 0, 0]]
    assert torch.equal(batch["pixel_values"], pixels)
    assert batch["image_grid_thw"].tolist() == [[1, 2, 4]]


def test_left_padding_ends_every_row_at_its_last_token() -> None:
    batch = collate([Example(ids=[1, 2, 3], weights=[0] * 3), Example(ids=[4], weights=[0])], PAD, IMAGE, side="left")
    assert batch["input_ids"].tolist() == [[1, 2, 3], [0, 0, 4]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [0, 0, 1]]


def test_a_batch_of_text_alone_has_no_pixels() -> None:
    batch = collate([Example(ids=[1, 2], weights=[0, 1])], PAD, IMAGE)
    assert "pixel_values" not in batch
    assert "image_grid_thw" not in batch


def test_images_of_a_batch_follow_their_rows() -> None:
    first = Example(ids=[9], weights=[0], pixels=torch.ones(4, 2), grid=torch.tensor([[1, 2, 2]]))
    second = Example(ids=[9, 9], weights=[0, 0], pixels=torch.zeros(8, 2), grid=torch.tensor([[1, 2, 2], [1, 2, 2]]))
    batch = collate([first, Example(ids=[1], weights=[0]), second], PAD, IMAGE)
    assert batch["pixel_values"][:, 0].tolist() == [1.0] * 4 + [0.0] * 8
    assert batch["image_grid_thw"].shape == (3, 3)
