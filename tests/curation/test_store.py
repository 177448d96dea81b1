from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from curation.contract.source import Source
from curation.contract.table import Manifest, TableError, join, media_url, read_manifest, read_table, table_url
from curation.media import MediaStore, RateLimit, patiently
from curation.readers import plan_splits, read_split
from curation.store import commit, fingerprint, is_complete, read_frame, write_bytes
from curation.writing import total_digest, total_fates, write_frame


def manifest(rows: int) -> Manifest:
    return Manifest(
        stage="t", version=1, fingerprint="f", parents={}, settings={}, counts={"kept": rows}, rows=rows, digest="d"
    )


def test_fingerprints_see_values_not_the_order_of_keys() -> None:
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    assert fingerprint([1, 2]) != fingerprint([2, 1])


@pytest.mark.spark
def test_the_digest_knows_rows_not_their_order_or_partitions(spark: Any, tmp_path: Path) -> None:
    def digest(frame: Any, name: str) -> str:
        return total_digest(write_frame(frame, str(tmp_path), name))

    frame = spark.range(500).selectExpr(
        "id", "array(named_struct('x', id / 3)) deep", "if(id < 9, 'kept', 'dropped') fate"
    )
    first = digest(frame, "a")
    assert digest(frame.orderBy(frame["id"].desc()).repartition(7), "b") == first
    assert digest(frame.where("id <> 3"), "c") != first
    assert digest(frame.union(frame.where("id = 3")), "d") != first
    assert total_fates(write_frame(frame, str(tmp_path), "e")) == {"kept": 9, "dropped": 491}


@pytest.mark.spark
def test_a_table_is_complete_or_absent(spark: Any, tmp_path: Path) -> None:
    table = table_url(str(tmp_path), "t", "f")
    dead = write_frame(spark.range(10), table, "dead")  # an attempt that was killed before it could commit
    assert not is_complete(table)
    with pytest.raises(TableError, match="no manifest.json"):
        read_table(table)
    alive = write_frame(spark.range(20), table, "alive")
    commit(table, manifest(20), [file.name for file in alive], {"seconds": 1})
    assert read_table(table).num_rows == 20 == read_frame(spark, table).count()
    late = write_frame(spark.range(30), table, "late")  # another run that was slower: the table stands
    commit(table, manifest(30), [file.name for file in late], {})
    assert read_manifest(table).rows == 20 and read_table(table).num_rows == 20
    # An attempt may be another run's that is still at work; after a day it is not.
    assert (Path(table) / dead[0].name).exists()
    os.utime(Path(table) / "dead", (0, 0))
    commit(table, manifest(20), [file.name for file in alive], {})
    assert not (Path(table) / "dead").exists() and (Path(table) / "late").exists()
    assert read_table(table).num_rows == 20


@pytest.mark.spark
def test_a_table_without_rows_keeps_its_schema(spark: Any, tmp_path: Path) -> None:
    table = table_url(str(tmp_path), "t", "f")
    files = write_frame(spark.range(5).where("id > 9"), table, "a")
    commit(table, manifest(0), [file.name for file in files], {})
    assert read_table(table).schema.names == ["id"]


def test_media_are_their_hash_and_written_once(tmp_path: Path) -> None:
    store = MediaStore(str(tmp_path))
    sha256 = store.put(b"bytes")
    path = Path(media_url(str(tmp_path), sha256))
    before = path.stat().st_mtime_ns
    assert store.put(b"bytes") == sha256 and path.stat().st_mtime_ns == before
    assert list(store.get_many([sha256, sha256])) == [b"bytes", b"bytes"]


def test_requests_are_repeated_when_it_may_help() -> None:
    calls: list[int] = []

    def flaky() -> str:
        calls.append(1)
        if len(calls) < 3:
            raise ConnectionResetError("again")
        return "there"

    def absent() -> str:
        calls.append(1)
        raise FileNotFoundError("gone")

    assert patiently(flaky, retries=4, limit=RateLimit()) == "there" and len(calls) == 3
    calls.clear()
    with pytest.raises(FileNotFoundError):
        patiently(absent, retries=4, limit=RateLimit())
    assert len(calls) == 1


def test_a_rate_limit_spaces_requests() -> None:
    limit = RateLimit(per_second=50)
    started = time.monotonic()
    for _ in range(6):
        limit.wait()
    assert time.monotonic() - started >= 5 / 50


OPEN_CONNECTIONS = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@OPEN_CONNECTIONS
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_lines_are_read_from_an_object_store(bucket: str, name: str) -> None:
    lines = b"".join(b'{"n": %d}\n' % number for number in range(100_000))
    write_bytes(f"{bucket}/lines/{name}", gzip.compress(lines, 1) if name.endswith(".gz") else lines)
    source = Source(path=name, reader="jsonl", build="instruction", fields={"instruction": "n", "output": "n"})
    splits = plan_splits(source, f"{bucket}/lines", (name,))
    assert (len(splits) > 1) == (name == "rows.jsonl")
    rows = [row for split in splits for row in read_split(source, f"{bucket}/lines", split)]
    assert [row.value["n"] for row in rows] == list(range(100_000))
    assert rows[-1].locator == f"{name}#100000"


@OPEN_CONNECTIONS
def test_a_store_in_an_object_store(bucket: str, raw: Path, tmp_path: Path) -> None:
    """The same recipe with its store behind an S3 API gives the same manifests as with one on disk."""
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        """
name: small
sources:
  scenes:
    path: scenes/annotations.jsonl
    reader: jsonl
    build: detection
    fields: {image: image, regions: "objects[].{points: bbox, label: label}"}
rules:
  not_blank: {signal: luma_std, min: 4}
"""
    )
    command = [sys.executable, "-W", "ignore", "-m", "curation", "run", str(recipe), "--data", str(raw)]
    for name, store in (("disk", str(tmp_path / "store")), ("s3", f"{bucket}/store")):
        done = subprocess.run(
            [*command, "--out", str(tmp_path / name), "--store", store], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    from curation.ledger import Ledger

    local, remote = Ledger.of(str(tmp_path / "store")), Ledger.of(f"{bucket}/store")
    assert set(local.tables) == set(remote.tables)
    for stage in local.tables:
        assert read_manifest(local.tables[stage]) == read_manifest(remote.tables[stage]), stage
    table = read_table(remote.tables["ingest_scenes"], columns=["media"], filters=[("fate", "==", "kept")])
    sha256 = table.column("media")[0][0]["sha256"].as_py()
    store = f"{bucket}/store"
    assert MediaStore(store).get(sha256) == MediaStore(str(tmp_path / "store")).get(sha256)
    assert join(store, "media") in media_url(store, sha256)
