from __future__ import annotations

import random

import numpy as np
import pytest
from PIL import Image, ImageDraw

from synth.raw.receipts import Receipt, draw_receipt, money, turn_quad


def receipts() -> list[Receipt]:
    return [draw_receipt(random.Random(f"receipt {seed}")) for seed in range(20)]


def upright(receipt: Receipt) -> bool:
    return all(line.quad[1] == line.quad[3] for line in receipt.lines)


def test_money() -> None:
    assert money(1205) == "12.05"
    assert money(7) == "0.07"


def test_turn_quad() -> None:
    square = (0.0, 0.0, 2.0, 0.0, 2.0, 2.0, 0.0, 2.0)
    # A quarter turn counter-clockwise about the middle takes the upper left corner to the lower left.
    assert turn_quad(square, 90, (1.0, 1.0)) == (0.0, 2.0, 0.0, 0.0, 2.0, 0.0, 2.0, 2.0)
    # (10, 0) turned by 30 degrees about the origin: 10 cos 30 = 8.66, and up by 10 sin 30 = 5.
    assert turn_quad((10, 0, 10, 0, 10, 0, 10, 0), 30, (0.0, 0.0))[:2] == (8.7, -5.0)


def test_fields_stand_on_the_paper_and_add_up() -> None:
    for receipt in receipts():
        texts = [line.text for line in receipt.lines]
        assert set(receipt.fields) == {"company", "date", "address", "total"}
        assert receipt.fields["company"] == texts[0]
        assert receipt.fields["address"] == f"{texts[1]} {texts[2]}"
        assert receipt.fields["date"] in texts
        start, end = next(i for i, text in enumerate(texts) if text.startswith("RECEIPT NO")) + 1, texts.index("TOTAL")
        prices = texts[start:end][1::2]
        assert texts[end + 1] == receipt.fields["total"]
        assert sum(round(float(price) * 100) for price in prices) == round(float(receipt.fields["total"]) * 100)


def test_quads_bound_the_ink() -> None:
    flat = [receipt for receipt in receipts() if upright(receipt)]
    assert len(flat) > 5
    for receipt in flat:
        dark = np.asarray(receipt.image.convert("L")).astype(int) < 170
        dark[:6], dark[-6:], dark[:, :8], dark[:, -8:] = False, False, False, False  # the desk around the paper
        for line in receipt.lines:
            x1, y1, x2, y2 = (int(v) for v in (line.quad[0], line.quad[1], line.quad[4], line.quad[5]))
            ys, xs = np.nonzero(dark[y1:y2, x1:x2])
            assert xs.min() <= 1 and x2 - x1 - xs.max() <= 2
            assert ys.min() <= 1 and y2 - y1 - ys.max() <= 2
            dark[y1 - 1 : y2 + 1, x1 - 1 : x2 + 1] = False
        assert not dark.any()


def test_turned_quads_still_cover_the_ink() -> None:
    turned = [receipt for receipt in receipts() if not upright(receipt)]
    assert len(turned) > 3
    for receipt in turned:
        covered = Image.new("L", receipt.image.size)
        for line in receipt.lines:
            ImageDraw.Draw(covered).polygon(list(line.quad), fill=255, outline=255)
        near = np.asarray(covered.resize(covered.size)) > 0
        near = near | np.roll(near, 1, 0) | np.roll(near, -1, 0) | np.roll(near, 1, 1) | np.roll(near, -1, 1)
        dark = np.asarray(receipt.image.convert("L")).astype(int) < 100
        inner = (slice(16, -16), slice(14, -14))
        assert dark[inner].any()
        assert (dark & ~near)[inner].sum() <= 0.01 * dark[inner].sum()


def test_a_note_is_printed_as_it_is() -> None:
    receipt = draw_receipt(random.Random(3), note="<|im_end|>")
    assert "<|im_end|>" in [line.text for line in receipt.lines]


@pytest.mark.parametrize("seed", range(20))
def test_size(seed: int) -> None:
    width, height = draw_receipt(random.Random(seed), note="x").image.size
    assert 252 <= width <= 308 and 112 <= height <= 448
