"""Measuring on Spark: corpus signals, odd and hostile pictures, and values that no partitioning shows in."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

from curation.contract.table import read_table
from curation.corpus import corpus_values
from curation.ledger import Ledger
from curation.measure import ingested
from curation.progress import console
from curation.run import execute
from curation.workspace import Workspace
from filters.catalogue import catalogue
from filters.measuring import measure_samples
from filters.signal import signal
from tests.conftest import ROOT

RECIPE = """
name: pictures
sources:
  pairs:
    path: pairs.jsonl
    reader: jsonl
    build: caption
    fields: {image: image, caption: caption}
    error_budget: 1.0
"""


# ---- corpus signals ----


def _keys(frame: pl.DataFrame) -> pl.Series:
    """Stands for the keys of a signal of the test."""
    return frame["answer"]


COUNTED = [
    signal(tier="corpus", grain="region", unit="", counts=counts, reducer=reducer, keys="said")(_keys)
    for counts, reducer in (("count", "max"), ("share", "min"), ("distinct", "min"))
]


@pytest.mark.spark
@pytest.mark.parametrize("partitions", [1, 2, 8])
def test_corpus_values_count_over_the_rows_of_a_source(spark: Any, partitions: int) -> None:
    """Source a says x, x, y and has a row with x and z; source b says x. Of a's five keys three are x, three differ."""
    from dataclasses import replace

    signals = [replace(each, name=each.counts) for each in COUNTED]
    says = [("1", "a", ["x"]), ("2", "a", ["x"]), ("3", "a", ["y"]), ("4", "a", ["x", "z"]), ("5", "b", ["x"])]
    rows = [*says, ("6", "b", [])]
    frame = spark.createDataFrame(rows, "row_id string, source string, said array<string>").repartition(partitions)
    found = {row["row_id"]: (row["count"], row["share"], row["distinct"]) for row in _of(frame, signals)}
    assert found == {
        "1": (3, 3 / 5, 3),
        "2": (3, 3 / 5, 3),
        "3": (1, 1 / 5, 3),
        "4": (3, 1 / 5, 3),
        "5": (1, 1.0, 1),
        "6": (None, None, None),
    }


def _of(frame: Any, signals: Any) -> list[dict[str, Any]]:
    values = frame.select("row_id").join(corpus_values(frame, signals), "row_id", "left")  # as the stage joins them
    return [row.asDict() for row in values.collect()]


# ---- odd and hostile pictures ----


def _png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header announces far more pixels than it has."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def _saved(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _odd_pictures() -> dict[str, tuple[bytes, str]]:
    """File name -> (bytes, what becomes of the row: kept, or why it is quarantined)."""
    rng = random.Random(1)
    picture = Image.frombytes("RGB", (160, 120), rng.randbytes(160 * 120 * 3)).resize((320, 240))
    good = _saved(picture, "JPEG", quality=85)
    grey16 = Image.frombytes("I;16", (64, 48), rng.randbytes(64 * 48 * 2))
    moving = [picture.resize((64, 48)), picture.resize((64, 48)).rotate(90)]
    return {
        "good.jpg": (good, "kept"),
        "third.jpg": (good[: len(good) // 3], "truncated"),
        "two_bytes_short.jpg": (good[:-2], "truncated"),
        "third.png": ((png := _saved(picture, "PNG"))[: len(png) // 3], "truncated"),
        "really_a_png.jpg": (png, "kept"),
        "cmyk.jpg": (_saved(picture.convert("CMYK"), "JPEG"), "kept"),
        "grey16.png": (_saved(grey16, "PNG"), "kept"),
        "palette.png": (_saved(picture.quantize(16), "PNG"), "kept"),
        "alpha.png": (_saved(picture.convert("RGBA"), "PNG"), "kept"),
        "animated.gif": (_saved(moving[0], "GIF", save_all=True, append_images=moving[1:]), "kept"),
        "one_pixel.png": (_saved(Image.new("RGB", (1, 1), "red"), "PNG"), "kept"),
        "very_wide.png": (_saved(Image.new("L", (20_000, 4), 99), "PNG"), "kept"),
        "too_wide.png": (_png_that_claims(20_001, 4), "too_large"),
        "bomb.png": (_png_that_claims(60_000, 60_000), "too_large"),
        "empty.png": (b"", "empty"),
        "page.png": (b"<html>404</html>", "unsupported_format"),
        "noise.jpg": (rng.randbytes(2000), "not_an_image"),
    }


@pytest.mark.spark
def test_each_odd_picture_has_its_verdict_and_harms_no_neighbour(tmp_path: Path, spark: Any) -> None:
    pictures = _odd_pictures()
    for name, (data, _) in pictures.items():
        (tmp_path / name).write_bytes(data)
    lines = [json.dumps({"image": name, "caption": f"What {name} shows."}) for name in pictures]
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    workspace = Workspace.open(tmp_path / "recipe.yaml", tmp_path / "out", str(tmp_path))
    execute(workspace, console(), "+measure", spark)
    tables = Ledger.of(workspace.store).tables
    fates: dict[str, str] = {}
    for stage in ("ingest_pairs", "measure"):
        for row in read_table(tables[stage], columns=["row_id", "fate", "reason"]).to_pylist():
            name = list(pictures)[int(row["row_id"].rsplit("#", 1)[1]) - 1]
            fates[name] = row["fate"] if row["fate"] == "kept" else row["reason"]
    assert fates == {name: fate for name, (_, fate) in pictures.items()}


# ---- no partitioning shows ----


def _digest(rows: list[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(rows, sort_keys=True, default=str).encode()).hexdigest()


def measured_digest(table: str, rows: int) -> str:
    """The hash of all header and text signals of a table's first rows, measured `rows` at a time."""
    samples = read_table(table).slice(0, 20)
    signals = [each for each in catalogue().values() if each.tier in ("header", "text")]
    found: list[dict[str, Any]] = []
    for start in range(0, samples.num_rows, rows):
        found += measure_samples(samples.slice(start, rows), signals).to_pylist()
    return _digest(found)


@pytest.mark.spark
def test_values_show_neither_the_batch_nor_the_hash_seed(rendered: Any) -> None:
    tables = Ledger.of(rendered.store).tables
    names = [name for name in tables if name.startswith("ingest_")]
    assert len(names) > 5
    for name in names:
        assert (
            measured_digest(tables[name], 1) == measured_digest(tables[name], 7) == measured_digest(tables[name], 999)
        )
    code = (
        "import sys; from tests.curation.test_measure import measured_digest; "
        "print([measured_digest(table, 64) for table in sys.argv[1:]])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code, *(tables[name] for name in names)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1 and _ends_of(said) == [measured_digest(tables[name], 64) for name in names]


def _ends_of(said: set[str]) -> list[str]:
    (printed,) = said
    return list(json.loads(printed.replace("'", '"')))


@pytest.mark.spark
@pytest.mark.parametrize("partitions", [1, 8])  # the fixture ran with two
def test_a_run_in_any_number_of_partitions_measures_the_same(
    rendered: Any, raw: Path, spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, partitions: int
) -> None:
    from curation import measure as stage

    monkeypatch.setattr(stage, "ingested", lambda job: ingested(job).repartition(partitions))
    before = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    try:
        workspace = Workspace.open(ROOT / "curation" / "recipes" / "demo.yaml", tmp_path, str(raw))
        execute(workspace, console(), "+decide", spark)
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", before)
    for name in ("measure", "decide"):
        ours, theirs = Ledger.of(workspace.store).tables[name], Ledger.of(rendered.store).tables[name]
        digests = [json.loads((Path(table) / "manifest.json").read_text())["digest"] for table in (ours, theirs)]
        assert digests[0] == digests[1]
