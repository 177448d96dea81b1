"""What must hold when things go wrong: a killed run, damaged images, a broken source, a lost worker."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curation.contract.table import read_manifest, read_table
from curation.ledger import Ledger
from curation.progress import console
from curation.run import execute
from curation.stage import StageError
from curation.workspace import Workspace

ROOT = Path(__file__).parents[2]


def run_command(recipe: Path, out: Path, data: str, *more: str) -> list[str]:
    command = [sys.executable, "-W", "ignore", "-m", "curation", "run", str(recipe), "--data", data, "--out", str(out)]
    return [*command, "--select", "+render", *more]


def assert_same_tables(undisturbed: Workspace, store: str) -> None:
    first, second = Ledger.of_plan(undisturbed.plan()).tables, Ledger.of(store).tables
    names = [stage.name for stage in undisturbed.plan().stages if stage.name in second]
    assert "render" in names and len(names) > 10
    for name in names:
        one, two = read_manifest(first[name]), read_manifest(second[name])
        if name == "score":  # a judge's probabilities differ by rounding with what is judged in one batch
            two = replace(two, digest=one.digest)
        assert one == two, name


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
    assert_same_tables(rendered, str(tmp_path / "store"))


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


@pytest.fixture
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A Spark standalone master with two workers on this machine."""
    import pyspark

    from curation.spark import bundled_java_home, installed_java

    home = Path(pyspark.__file__).parent
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    if not installed_java():
        environment["JAVA_HOME"] = bundled_java_home()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    master = f"spark://127.0.0.1:{port}"

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [str(home / "bin" / "spark-class"), *arguments]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    deploy = "org.apache.spark.deploy"
    processes = [start(f"{deploy}.master.Master", "-h", "127.0.0.1", "-p", str(port), "--webui-port", "0")]
    processes += [
        start(f"{deploy}.worker.Worker", master, "-h", "127.0.0.1", "-c", "1", "-m", "2g", "--webui-port", "0")
        for _ in range(2)
    ]
    try:
        yield master, processes
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_gives_the_same_tables(
    rendered: Workspace, demo_recipe: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    master, (_, first, _) = cluster
    command = run_command(demo_recipe, tmp_path, rendered.data, "--master", master)
    environment = {**os.environ, "WINNOW_MEMORY": "1g"}  # each worker has two
    run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    deadline = time.monotonic() + 240
    while not list((tmp_path / "store" / "tables").glob("ingest_*/*/manifest.json")):
        assert run.poll() is None and time.monotonic() < deadline, run.stderr.read() if run.stderr else ""
        time.sleep(0.2)
    os.killpg(first.pid, signal.SIGKILL)  # with its executor, in the middle of the run
    _, told = run.communicate(timeout=400)
    assert run.returncode == 0, told
    assert_same_tables(rendered, str(tmp_path / "store"))
