"""A random checkpoint, and prompts that wait for its answers."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from curation.contract.sample import Media, Sample, Turn, media_part, text_part
from model.chat import render
from model.engine import Prompt
from model.family import QWEN2_5_VL
from model.image import read_header
from model.nano import build_nano

MIN_PIXELS, MAX_PIXELS = 4 * 28 * 28, 64 * 28 * 28


class Asked:
    """Makes prompts as curation renders them, within `min_pixels` and `max_pixels`."""

    min_pixels, max_pixels = MIN_PIXELS, MAX_PIXELS

    def image(self, colour: str, width: int, height: int) -> bytes:
        """A PNG whose left half is coloured and whose right half is white."""
        image = Image.new("RGB", (width, height), "white")
        image.paste(colour, (0, 0, width // 2, height))
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return buffer.getvalue()

    def prompt(self, question: str, images: Sequence[bytes] = (), seed: int = 0, row_id: str = "row") -> Prompt:
        """One question about the images, which stand before it."""
        turns = [self.turn("user", *range(len(images)), question), self.turn("assistant", "Yes.")]
        return self.conversation(turns, images, seed, row_id)

    def dialogue(self) -> Prompt:
        """Several turns and images; the last answer is asked for, though the first was trained on too."""
        turns = [
            self.turn("system", "Be brief."),
            self.turn("user", 0, "What is this, ", "or that?", 1),
            self.turn("assistant", "A <b>box</b> & a | bar: {{ x }}"),
            self.turn("user", "And now?\n"),
            self.turn("assistant", "Nothing."),
        ]
        return self.conversation(turns, [self.image("red", 84, 84), self.image("blue", 112, 56)])

    def turn(self, role: Literal["system", "user", "assistant"], *parts: str | int) -> Turn:
        """Of texts and the places of images."""
        return Turn(
            role=role, parts=tuple(text_part(part) if isinstance(part, str) else media_part(part) for part in parts)
        )

    def conversation(
        self, turns: Sequence[Turn], images: Sequence[bytes] = (), seed: int = 0, row_id: str = "row"
    ) -> Prompt:
        """The prompt for the last of the turns."""
        sample = Sample(
            row_id=row_id, source="asked", task="vqa", messages=tuple(turns), media=tuple(map(_medium, images))
        )
        row = render(sample, QWEN2_5_VL, self.min_pixels, self.max_pixels, "train")
        return Prompt(row=row, images=tuple(images), seed=seed)


def _medium(data: bytes) -> Media:
    header = read_header(data)
    return Media(
        sha256=hashlib.sha256(data).hexdigest(),
        mime=header.mime,
        width=header.width,
        height=header.height,
        orientation=header.orientation,
    )


@pytest.fixture(scope="session")
def asked() -> Asked:
    return Asked()


@pytest.fixture(scope="session")
def nano(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random checkpoint that tests share and do not change. What its layers add is made louder: as built, it repeats
    the last token whatever the prompt, as its vocabulary reads what it writes."""
    folder = tmp_path_factory.mktemp("checkpoints") / "nano"
    build_nano(folder)
    weights = load_file(folder / "model.safetensors")
    for name, weight in weights.items():
        if name.endswith(("o_proj.weight", "down_proj.weight", "merger.mlp.2.weight")):
            weight *= 20
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
