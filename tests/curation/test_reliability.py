"""What must hold when things go wrong: a killed run, damaged images, a broken source."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from curation.contract.table import read_table
from curation.ledger import Ledger
from curation.progress import console
from curation.run import execute
from curation.stage import StageError
from curation.workspace import Workspace
from tests.conftest import ROOT
from tests.curation.running import assert_same_tables, run_command


@pytest.mark.slow
def test_a_killed_run_ends_as_an_undisturbed_one(rendered: Workspace, demo_recipe: Path, tmp_path: Path) -> None:
    """SIGKILL to the whole run, Java and workers too, at random moments; the last start is left alone."""
    moments = random.Random(11)
    killed = 0
    for longest in (20, 35):
        command = run_command(demo_recipe, tmp_path, rendered.data)
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True, cwd=ROOT)
        try:
            process.wait(moments.uniform(longest / 2, longest))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
    assert killed  # else this test has shown nothing
    last = subprocess.run(run_command(demo_recipe, tmp_path, rendered.data), capture_output=True, text=True, cwd=ROOT)
    assert last.returncode == 0, last.stderr
    assert_same_tables(rendered, Workspace.open(demo_recipe, tmp_path, rendered.data))


def receipts(folder: Path, real_data: Path, rows: int) -> list[dict[str, Any]]:
    """The first real receipts, copied where they can be damaged."""
    lines = (real_data / "receipts" / "receipts.jsonl").read_text().splitlines()[:rows]
    (folder / "images").mkdir(parents=True)
    for line in lines:
        name = json.loads(line)["image"]
        shutil.copy(real_data / "receipts" / name, folder / name)
    (folder / "receipts.jsonl").write_text("\n".join(lines) + "\n")
    return [json.loads(line) for line in lines]


@pytest.mark.spark
def test_junk_images_are_quarantined_and_their_neighbours_arrive(real_data: Path, tmp_path: Path, spark: Any) -> None:
    rows = receipts(tmp_path / "raw", real_data, 80)
    rng = random.Random(3)
    junk = {}
    for index, kind in zip(sorted(rng.sample(range(80), 5)), ("noise", "empty", "cut", "html", "bitrot"), strict=True):
        path = tmp_path / "raw" / rows[index]["image"]
        data = path.read_bytes()
        path.write_bytes(
            {
                "noise": rng.randbytes(len(data)),
                "empty": b"",
                "cut": data[: len(data) // 2],
                "html": b"<html>404</html>",
                "bitrot": data[:2000] + rng.randbytes(len(data) - 2000),
            }[kind]
        )
        junk[f"#{index + 1}"] = kind
    workspace = Workspace.open(ROOT / "curation" / "recipes" / "receipts.yaml", tmp_path / "out", str(tmp_path / "raw"))
    execute(workspace, console(), "+measure", spark)
    ledger = Ledger.of(workspace.store)
    lost: dict[str, str] = {}
    for stage in ("ingest_receipts_text", "ingest_receipts_fields", "measure"):
        for row in read_table(ledger.tables[stage], filters=[("fate", "==", "quarantined")]).to_pylist():
            assert row["reason"] and row["detail"]
            lost[row["row_id"]] = row["reason"]
    expected = {f"{source}:receipts.jsonl{place}" for place in junk for source in ("receipts_text", "receipts_fields")}
    assert set(lost) == expected
    kept = read_table(ledger.tables["measure"], columns=["row_id"], filters=[("fate", "==", "kept")])
    assert kept.num_rows == 160 - len(expected)
    counts = ledger.counts()
    quarantined = sum(counts[stage]["quarantined"] for stage in counts)
    assert quarantined == len(expected)
    assert counts["measure"]["kept"] + quarantined == 160


@pytest.mark.spark
def test_a_source_that_is_broken_as_a_whole_stops_the_run(tmp_path: Path, spark: Any) -> None:
    rows = [{"image": f"absent-{n}.png", "lines": [{"quad": [0, 0, 9, 0, 9, 9, 0, 9], "text": "x"}]} for n in range(10)]
    (tmp_path / "receipts.jsonl").write_text("".join(json.dumps({**row, "fields": {}}) + "\n" for row in rows))
    workspace = Workspace.open(ROOT / "curation" / "recipes" / "receipts.yaml", tmp_path / "out", str(tmp_path))
    with pytest.raises(StageError) as error:
        execute(workspace, console(), "+measure", spark)
    message = str(error.value)
    assert (
        "10 of 10 rows of `receipts_fields` can't be read" in message
        and "missing_file" in message
        and "error_budget" in message
    )
    assert "ingest_receipts_text" not in Ledger.of(workspace.store).tables
