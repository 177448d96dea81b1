"""Small rendered tables for the trainer's tests: coloured boxes on white, and rows without an image."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw

import trainer  # noqa: F401  before any of the torch libraries
from curation.contract.dataset import PAIRS, RENDERED, RenderedPair, RenderedRow
from curation.contract.sample import (
    Answer,
    Media,
    Part,
    Region,
    Sample,
    Task,
    Turn,
    Verifier,
    media_part,
    region_part,
    text_part,
)
from curation.contract.table import Manifest, media_url, table_url
from model.chat import render
from model.family import QWEN2_5_VL
from model.nano import build_nano


class Made:
    """Makes images, rows and tables in a store of its own."""

    min_pixels, max_pixels = 4 * 28 * 28, 24 * 28 * 28

    def __init__(self, root: Path) -> None:
        self.store = str(root / "store")

    def image(self, colour: str, width: int, height: int, box: tuple[int, int, int, int]) -> Media:
        """A white image with a filled box."""
        image = Image.new("RGB", (width, height), "white")
        ImageDraw.Draw(image).rectangle(box, fill=colour)
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
        path = Path(media_url(self.store, sha256))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(buffer.getvalue())
        return Media(sha256=sha256, mime="image/png", width=width, height=height)

    def row(
        self,
        row_id: str,
        question: str,
        answer: str | Region,
        media: Sequence[Media] = (),
        task: Task = "vqa",
        verifier: Verifier = "exact",
        split: str = "train",
    ) -> RenderedRow:
        """One question and its answer, a text or a region, rendered as curation renders it."""
        said: Part = text_part(answer) if isinstance(answer, str) else region_part(0)
        images = [media_part(index) for index in range(len(media))]
        sample = Sample(
            row_id=row_id,
            source="made",
            task=task,
            messages=(
                Turn(role="user", parts=(*images, text_part(question))),
                Turn(role="assistant", parts=(said,)),
            ),
            media=tuple(media),
            regions=() if isinstance(answer, str) else (answer,),
            answer=Answer(text=answer if isinstance(answer, str) else "", verifier=verifier),
        )
        return render(sample, QWEN2_5_VL, self.min_pixels, self.max_pixels, split)

    def pair(
        self,
        row_id: str,
        question: str,
        chosen: str,
        rejected: str,
        media: Sequence[Media] = (),
        split: str = "train",
    ) -> RenderedPair:
        """One question with a better and a worse answer."""
        other = self.row(row_id, question, rejected, media, split=split)
        return RenderedPair(
            chosen=self.row(row_id, question, chosen, media, split=split),
            rejected=tuple(segment for segment in other.segments if segment.weight > 0),
            margin=1.0,
            origin="sample",
        )

    def table(self, rows: Sequence[RenderedRow]) -> str:
        """Written as curation writes it; returns the table's folder."""
        return self._write("render", RENDERED, [asdict(row) for row in rows])

    def pairs_table(self, pairs: Sequence[RenderedPair]) -> str:
        flat = [asdict(pair) for pair in pairs]
        return self._write("render_dpo", PAIRS, [{**row.pop("chosen"), **row} for row in flat])

    def _write(self, stage: str, schema: pa.Schema, rows: list[dict[str, Any]]) -> str:
        table = table_url(self.store, stage, "f0")
        settings = {"family": "qwen2_5_vl", "min_pixels": self.min_pixels, "max_pixels": self.max_pixels}
        manifest = Manifest(
            stage=stage,
            version=1,
            fingerprint="f0",
            parents={},
            settings=settings,
            counts={},
            rows=len(rows),
            digest="",
        )
        Path(table).mkdir(parents=True)
        schema = schema.append(pa.field("fate", pa.string()))
        kept = [{**row, "fate": "kept"} for row in rows]
        pq.write_table(pa.Table.from_pylist(kept, schema=schema), f"{table}/part.parquet")
        Path(table, "files.json").write_text(json.dumps({"files": ["part.parquet"]}))
        Path(table, "manifest.json").write_text(manifest.to_json())
        return table


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


@pytest.fixture(scope="session")
def nano(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that tests share and do not change."""
    folder = tmp_path_factory.mktemp("checkpoints") / "nano"
    build_nano(folder)
    return folder
