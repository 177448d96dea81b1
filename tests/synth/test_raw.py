from __future__ import annotations

import hashlib
import io
import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from synth.raw.folder import make_raw, plan_defects, share_out
from synth.raw.sources import SOURCES


def digests(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    make_raw(tmp_path / "here", rows=90, seed=5)
    code = "from pathlib import Path; from synth.raw.folder import make_raw; "
    code += f"make_raw(Path({str(tmp_path / 'there')!r}), 90, 5)"
    environment = {**os.environ, "PYTHONHASHSEED": "99", "TZ": "Asia/Tokyo", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=tmp_path)
    assert digests(tmp_path / "here") == digests(tmp_path / "there")


def test_another_seed_gives_other_rows(tmp_path: Path) -> None:
    one, two = (digests(make_raw(tmp_path / str(seed), rows=60, seed=seed)) for seed in (1, 2))
    assert one["instructions/alpaca.jsonl.gz"] != two["instructions/alpaca.jsonl.gz"]
    assert one["pairs/pairs-00000.tar"] != two["pairs/pairs-00000.tar"]


def test_counts(rows: dict[str, Any]) -> None:
    assert Counter(row.source for row in rows.values()) == {
        "pairs": 78, "receipts": 48, "scenes": 54, "screens": 48, "questions": 42, "referring": 30, "charts": 30,
        "boards": 96, "board_boxes": 36, "instructions": 138,
    }  # fmt: skip


@pytest.mark.parametrize("rows", [30, 61, 100, 601, 5000])
def test_shares_add_up_and_few_rows_are_unreadable(rows: int) -> None:
    shared = share_out(rows)
    assert sum(count for _, count in shared) == rows
    for source, count in shared:
        plan = plan_defects(source, count, random.Random(0))
        indices = [item.index for item in plan]
        assert indices == sorted(set(indices)) and all(0 < index < count for index in indices)
        assert sum(item.defect.expect == "quarantined" for item in plan) <= 0.15 * count
        assert len(plan) <= 0.45 * count
        assert all((0 <= item.of < item.index) == (item.defect.expect == "deduplicated") for item in plan)
        assert all(item.of not in indices for item in plan)


def test_a_defect_takes_a_hundredth_of_its_source() -> None:
    instructions = SOURCES[-1]
    plan = plan_defects(instructions, 1000, random.Random(0))
    assert set(Counter(item.defect.name for item in plan).values()) == {10}


def test_records_have_the_fields_that_real_files_have(rows: dict[str, Any]) -> None:
    first = {source.name: next(row for row in rows.values() if row.source == source.name) for source in SOURCES}
    assert {"id", "image", "width", "height", "lines", "fields"} <= set(first["receipts"].record)
    assert {"id", "image", "width", "height", "objects"} <= set(first["scenes"].record)
    assert {"id", "image", "task", "instruction", "steps", "target", "elements"} <= set(first["screens"].record)
    assert {"id", "instruction", "input", "output"} == set(first["instructions"].record)
    assert {"question", "answer"} == set(first["questions"].record) == set(first["charts"].record)
    assert {"question", "answer"} == set(first["boards"].record)
    assert {"id", "image", "phrase", "box"} == set(first["board_boxes"].record)
    assert {"phrase", "box"} == set(first["referring"].record)
    assert {"key", "caption", "width", "height", "shapes", "licence"} == set(first["pairs"].record)


def test_nothing_repeats_unless_planted(rows: dict[str, Any], spoiled: list[Any]) -> None:
    dirty = {id(item.row) for item in spoiled}
    clean = [row for row in rows.values() if id(row) not in dirty]
    contents = Counter(
        (row.image, json.dumps({k: v for k, v in row.record.items() if k not in ("id", "key", "image")}))
        for row in clean
    )
    assert max(contents.values()) == 1


def test_hugging_face_reads_the_charts(raw: Path, rows: dict[str, Any]) -> None:
    datasets = pytest.importorskip("datasets")
    charts = datasets.load_from_disk(str(raw / "charts"))
    assert len(charts) == 30
    assert isinstance(charts.features["image"], datasets.Image)
    assert isinstance(charts[0]["image"], Image.Image)
    stored = rows[json.dumps({"file": "charts/data-00000-of-00001.arrow", "row": 0})]
    assert charts[0]["image"].tobytes() == Image.open(io.BytesIO(stored.image)).tobytes()
    assert charts[0]["question"] == stored.record["question"]


def test_progress_is_told_of_every_row(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    make_raw(tmp_path / "raw", rows=30, progress=lambda *step: told.append(step))
    assert [done for _, done, _ in told] == list(range(1, 31))
    assert {rows for _, _, rows in told} == {30}
    assert told[0][0] == "pairs" and told[-1][0] == "instructions"


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FileExistsError, match="isn't empty"):
        make_raw(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_too_few_rows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 30"):
        make_raw(tmp_path / "raw", rows=10)
    assert not (tmp_path / "raw").exists()
