from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation import readers
from curation.contract.recipe import Source
from curation.inputs import HashCache, find_inputs
from curation.readers import RawRow, plan_splits, read_split


def source(path: str, reader: str) -> Source:
    return Source(path=path, reader=reader, build="instruction", fields={"instruction": "a", "output": "b"})  # type: ignore[arg-type]


def read(folder: Path, path: str, reader: str) -> list[RawRow]:
    given = source(path, reader)
    inputs = find_inputs("s", given, str(folder), HashCache())
    return [
        row for split in plan_splits(given, inputs.root, inputs.files) for row in read_split(given, inputs.root, split)
    ]


def test_lines_are_numbered_from_one_and_a_broken_line_costs_itself(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b'{"a": 1}\n\n{"a": \n[1]\n{"a": "\xff"}\n{"a": 5}')
    rows = read(tmp_path, "rows.jsonl", "jsonl")
    assert [row.locator for row in rows] == [f"rows.jsonl#{n}" for n in (1, 3, 4, 5, 6)]
    assert [row.problem.kind if row.problem else None for row in rows] == [
        None,
        "bad_json",
        "bad_json",
        "bad_json",
        None,
    ]
    assert rows[-1].value == {"a": 5}


def test_splits_of_a_file_give_every_line_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "SPLIT_BYTES", 50)
    (tmp_path / "rows.jsonl").write_text(
        "".join(json.dumps({"n": n, "pad": "x" * (n % 90)}) + "\n" for n in range(200))
    )
    rows = read(tmp_path, "rows.jsonl", "jsonl")
    assert [row.value["n"] for row in rows] == list(range(200))
    assert [row.locator for row in rows] == [f"rows.jsonl#{n + 1}" for n in range(200)]


def test_gzip_and_a_damaged_gzip(tmp_path: Path) -> None:
    data = gzip.compress(b"".join(json.dumps({"n": n}).encode() + b"\n" for n in range(5000)))
    (tmp_path / "whole.jsonl.gz").write_bytes(data)
    (tmp_path / "cut.jsonl.gz").write_bytes(data[: len(data) // 2])
    assert len(read(tmp_path, "whole.jsonl.gz", "jsonl")) == 5000
    cut = read(tmp_path, "cut.jsonl.gz", "jsonl")
    assert cut[-1].problem and cut[-1].problem.kind == "damaged_file"


def tar(path: Path, members: list[tuple[str, bytes]], mode: str = "w") -> None:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def test_tar_members_with_one_key_are_a_row(tmp_path: Path) -> None:
    tar(
        tmp_path / "a.tar",
        [("x/1.jpg", b"J"), ("x/1.txt", "é".encode()), ("x/1.json", b'{"k": 2}'), ("2.seg.png", b"P"), ("2.txt", b"t")],
    )
    first, second = read(tmp_path, "*.tar", "webdataset")
    assert first.locator == "a.tar#x/1"
    assert first.value == {"__key__": "x/1", "jpg": b"J", "image": b"J", "txt": "é", "json": {"k": 2}}
    assert second.value["seg.png"] == b"P"


def test_tar_with_links_bad_members_a_key_twice_and_a_cut(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        link = tarfile.TarInfo("0.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        for name, data in [("1.txt", b"\xff\xfe"), ("2.txt", b"two"), ("1.txt", b"again"), ("3.txt", b"x" * 5000)]:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    whole = (tmp_path / "a.tar").read_bytes()
    rows = read(tmp_path, "a.tar", "webdataset")
    assert [row.problem.kind if row.problem else "" for row in rows] == [
        "bad_member",
        "bad_member",
        "",
        "duplicate_key",
        "",
    ]
    assert len({row.locator for row in rows}) == len(rows)
    (tmp_path / "a.tar").write_bytes(whole[:3600])
    cut = read(tmp_path, "a.tar", "webdataset")
    assert cut[2].value["txt"] == "two"
    assert cut[-1].problem and cut[-1].problem.kind == "damaged_file"


def test_parquet_rows_are_numbered_over_row_groups(tmp_path: Path) -> None:
    table = pa.table({"n": range(10), "image": [{"bytes": b"x", "path": None}] * 10})
    pq.write_table(table, tmp_path / "p.parquet", row_group_size=4)
    rows = read(tmp_path, "p.parquet", "parquet")
    assert [row.locator for row in rows] == [f"p.parquet#{n}" for n in range(10)]
    (tmp_path / "p.parquet").write_bytes(b"PAR1 no PAR1")
    (damaged,) = read(tmp_path, "p.parquet", "parquet")
    assert damaged.problem and damaged.problem.kind == "damaged_file"


def test_a_saved_dataset_is_read_without_its_caches(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    made = datasets.Dataset.from_dict({"n": list(range(5))})
    datasets.DatasetDict({"train": made, "test": made}).save_to_disk(tmp_path / "saved")
    (tmp_path / "saved" / "train" / "cache-1.arrow").write_bytes(b"no part of it")
    rows = read(tmp_path, "saved", "datasets")
    assert [row.value["n"] for row in rows] == [0, 1, 2, 3, 4] * 2
    assert len({row.locator for row in rows}) == 10


def test_a_damaged_header_in_a_tar_is_told_and_the_rows_before_it_arrive(tmp_path: Path) -> None:
    tar(tmp_path / "a.tar", [(f"{n}.txt", str(n).encode()) for n in range(6)])
    data = bytearray((tmp_path / "a.tar").read_bytes())
    data[3 * 1024 : 3 * 1024 + 512] = b"x" * 512  # each member takes a header and a block
    (tmp_path / "a.tar").write_bytes(data)
    rows = read(tmp_path, "a.tar", "webdataset")
    assert [row.value.get("txt") for row in rows[:3]] == ["0", "1", "2"]
    assert rows[-1].problem and rows[-1].problem.kind == "damaged_file" and len(rows) == 4


def test_a_reader_can_be_left_early(tmp_path: Path) -> None:
    tar(tmp_path / "a.tar", [(f"{n}.txt", b"t") for n in range(6)])
    given = source("a.tar", "webdataset")
    inputs = find_inputs("s", given, str(tmp_path), HashCache())
    (split,) = plan_splits(given, inputs.root, inputs.files)
    rows = read_split(given, inputs.root, split)
    assert next(rows).locator == "a.tar#0"
    rows.close()  # type: ignore[attr-defined]


def test_what_we_write_ourselves_is_no_input(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"image": "a.png"}\n')
    (tmp_path / "work [1]" / "store").mkdir(parents=True)
    fields = {"image": "image", "caption": "image"}
    given = Source(path="rows.jsonl", reader="jsonl", build="caption", fields=fields)
    ours = (str(tmp_path / "work [1]" / "store"),)
    before = find_inputs("s", given, str(tmp_path), HashCache(), ours).fingerprint
    (tmp_path / "work [1]" / "store" / "new").write_text("ours")
    assert find_inputs("s", given, str(tmp_path), HashCache(), ours).fingerprint == before
    (tmp_path / "a.png").write_text("theirs")
    assert find_inputs("s", given, str(tmp_path), HashCache(), ours).fingerprint != before
