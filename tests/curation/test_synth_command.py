"""Generating samples: the same bytes whoever makes them, nothing made twice, and read back whole."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from curation import synthesis
from curation.contract.sample import from_row
from curation.contract.table import read_table
from curation.decide import check_rules
from curation.ledger import Ledger
from curation.media import MediaStore
from curation.progress import console
from curation.run import execute
from curation.shards import Form, Order
from curation.stage import Runtime, UsageError
from curation.workspace import Workspace
from filters.api import decide, measure
from synth.catalogue import generators
from synth.generator import Generator, Make, specimens
from tests.conftest import ROOT
from tests.curation.signs import SIGNS, make

TIMED = "timings.json"


def order(form: Form = "parquet", generator: Generator = SIGNS, **more: Any) -> Order:
    told = {"seed": 3, "shard_size": 8, "libraries": {}, **more}
    return Order(generator=generator.name, version=generator.version, form=form, **told)


def synthesise(out: Path, n: int, spark: Any, asked: Order, generator: Generator = SIGNS) -> dict[str, Any]:
    return synthesis.synthesise(generator, n, asked, str(out), Runtime(str(out), console(), session=spark))


def files(folder: Path) -> dict[str, bytes]:
    """Every file but the timings."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: data for name, data in found.items() if name != TIMED}


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [row for path in sorted(folder.glob("samples/*.parquet")) for row in pq.read_table(path).to_pylist()]


@pytest.fixture(scope="module")
def made(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty-two samples of twenty-one pictures, in six shards."""
    folder = tmp_path_factory.mktemp("made") / "signs"
    synthesise(folder, 42, spark, order())
    return folder


@pytest.fixture(scope="module")
def tarred(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tarred") / "signs"
    synthesise(folder, 42, spark, order("webdataset"))
    return folder


def test_the_rows_are_the_generators_own(made: Path) -> None:
    wanted = [specimen.sample for specimen in specimens(SIGNS, make, 3, 0, 42)]
    rows = rows_of(made)
    lines = [line for path in sorted(made.glob("samples/*.jsonl")) for line in path.read_text().splitlines()]
    assert [json.loads(line) for line in lines] == rows
    found = [from_row(row) for row in rows]
    for row, got, want in zip(rows, found, wanted, strict=True):
        assert replace(got, media=(replace(got.media[0], uri=""),)) == want
        assert got.sample_id == row["sample_id"] and got.row_id == want.row_id
        data = (made / got.media[0].uri).read_bytes()
        assert len(data) == got.media[0].size and got.media[0].uri.endswith((".png", ".jpg"))
    assert {row["media"][0]["mime"] for row in rows} == {"image/png", "image/jpeg"}


def test_the_manifest_counts_what_is_there(made: Path) -> None:
    manifest = json.loads((made / "manifest.json").read_text())
    assert (manifest["n"], manifest["pictures"], manifest["shards"]) == (42, 21, 6)
    assert manifest["tasks"] == {"grounding": 21, "vqa": 21} and manifest["verifiers"] == {"box": 21, "exact": 21}
    assert manifest["bytes"] == sum(row["media"][0]["size"] for row in rows_of(made))
    assert manifest["cannot"] == list(SIGNS.cannot)


def test_one_partition_and_three_give_the_same_bytes(made: Path, spark: Any, tmp_path: Path) -> None:
    for slices in (1, 3):
        folder = tmp_path / str(slices)

        def write(some: Any, out: str = str(folder)) -> Any:
            return synthesis.make_shards(some, order(), SIGNS, out)

        shards = spark.sparkContext.parallelize(synthesis.cut(42, 8), slices)
        assert shards.mapPartitions(write).count() == 6
        there = files(folder)
        assert there == {name: data for name, data in files(made).items() if "/" in name}


def test_a_second_folder_and_a_grown_one_have_the_same_bytes(made: Path, spark: Any, tmp_path: Path) -> None:
    grown = tmp_path / "grown"
    synthesise(grown, 21, spark, order())
    first = rows_of(grown)
    assert len(first) == 21 and first == rows_of(made)[:21]
    synthesise(grown, 42, spark, order())
    assert files(grown) == files(made)


def test_a_killed_run_goes_on_where_it_stopped(made: Path, spark: Any, tmp_path: Path) -> None:
    folder = tmp_path / "signs"
    with pytest.raises(Exception, match="the power went"):
        synthesise(folder, 42, spark, order(), replace(SIGNS, open=_breaking))
    assert not (folder / "manifest.json").exists()
    whole = sorted(path.stem for path in (folder / "done").iterdir())
    assert 0 < len(whole) < 6
    stamps = {name: (folder / f"samples/{name}.parquet").stat().st_mtime_ns for name in whole}
    (folder / "samples" / f"part-00005.parquet.{'0' * 32}").write_bytes(b"half a wri")
    synthesise(folder, 42, spark, order())
    assert files(folder) == files(made)
    assert stamps == {name: (folder / f"samples/{name}.parquet").stat().st_mtime_ns for name in whole}


@contextmanager
def _breaking() -> Iterator[Make]:
    """Every picture but one with an odd number that the fourth shard has."""
    bad = random.Random("signs/3/13").getstate()

    def broken(rng: random.Random) -> Any:
        if rng.getstate() == bad:
            raise RuntimeError("the power went")
        return make(rng)

    yield broken


def test_what_is_complete_needs_no_spark(made: Path) -> None:
    before = files(made)
    runtime = Runtime(str(made), console(), master="no such master")
    assert synthesis.synthesise(SIGNS, 42, order(), str(made), runtime)["n"] == 42
    assert files(made) == before


@pytest.mark.parametrize(
    ("asked", "n", "told"),
    [
        ({"seed": 4}, 42, r"another order \(seed 3, not 4\)"),
        ({"shard_size": 16}, 42, "shard_size 8, not 16"),
        ({"form": "webdataset"}, 42, "form parquet, not webdataset"),
        ({"generator": replace(SIGNS, version=2)}, 42, "version 1, not 2"),
        ({"libraries": {"chromium": "9"}}, 42, "libraries"),
        ({}, 20, "is for 42 samples, of which the first 20 are the same"),
    ],
)
def test_a_folder_of_another_order_is_refused(made: Path, asked: dict[str, Any], n: int, told: str) -> None:
    before = files(made)
    with pytest.raises(UsageError, match=told):
        synthesise(made, n, None, order(**asked))
    assert files(made) == before


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other things"):
        synthesise(tmp_path, 4, None, order())


def test_a_tar_names_no_time_and_no_owner(tarred: Path) -> None:
    with tarfile.open(tarred / "shards" / "part-00001.tar") as archive:
        members = archive.getmembers()
    assert members[0].name == "000000008.json" and members[1].name.startswith("000000008.0.")
    assert {(member.mtime, member.uid, member.uname) for member in members} == {(0, 0, "")}


def test_both_formats_are_read_back_whole(made: Path, tarred: Path, spark: Any, tmp_path: Path) -> None:
    folders = {"signs": made, "tars": tarred}
    manifests = {name: json.loads((folder / "manifest.json").read_text()) for name, folder in folders.items()}
    assert manifests["signs"]["digest"] == manifests["tars"]["digest"]
    for name, folder in folders.items():
        shutil.copytree(folder, tmp_path / "data" / name)
    recipe = tmp_path / "data" / "recipe.yaml"
    recipe.write_text(synthesis.recipe_text({name: (name, manifest) for name, manifest in manifests.items()}))
    workspace = Workspace.open(recipe, tmp_path / "out")
    execute(workspace, console(), ",".join(f"ingest_{name}" for name in folders), spark)
    ledger, wanted = Ledger.of(workspace.store), rows_of(made)
    for name in folders:
        table = read_table(ledger.need(f"ingest_{name}"))
        rows = sorted(table.to_pylist(), key=_number)
        for got, want in zip(rows, wanted, strict=True):
            assert got["fate"] == "kept" and got["source"] == name and got["row_id"].startswith(f"{name}:")
            assert got["parents"] == [want["row_id"]]
            for column in ("sample_id", "task", "messages", "regions", "answer", "tags", "licence"):
                assert got[column] == want[column], column
        decided = decide(measure(table, images=MediaStore(workspace.store).get), check_rules(workspace.recipe))
        assert set(decided["fate"].to_pylist()) == {"kept"}


def _number(row: dict[str, Any]) -> tuple[int, int]:
    picture, view = row["parents"][0].rpartition("/")[2].split(".")
    return int(picture), int(view)


def test_the_gallery_shows_boxes_and_escapes(made: Path, tarred: Path) -> None:
    for folder in (made, tarred):
        page = (folder / "gallery.html").read_text()
        assert page.count("<article") == 24 and page.count("data:image/jpeg") == 24
        assert "no &lt;b&gt;bold&lt;/b&gt; claims" in page and "checked by box" in page
        assert "http" not in page.replace('http-equiv="Content', "")


def winnow(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "curation", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("synth", "documets", "--out", "{out}"), "there is no generator `documets`"),
        (("synth", "raw"), "--out"),
        (("synth", "raw", "--n", "3", "--out", "{out}"), "at least 30 rows"),
    ],
)
def test_what_cannot_be_generated_is_said(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    done = winnow(*(word.format(out=tmp_path / "out") for word in arguments))
    assert done.returncode == 2 and told in done.stderr


def test_the_generators_are_shown_with_what_they_do_not_make() -> None:
    every = generators()
    told, listed = winnow("synth").stdout, json.loads(winnow("synth", "--list", "--json").stdout)
    for name, generator in every.items():
        assert name in told and generator.cannot[0][:40] in told
        assert listed[name]["views"] == generator.views and listed[name]["cannot"] == list(generator.cannot)


@pytest.mark.slow
def test_the_command_generates_and_says_what_is_next(tmp_path: Path) -> None:
    out = tmp_path / "text"
    done = winnow(
        "synth", "text", "--n", "12", "--seed", "7", "--shard-size", "5", "--out", str(out), "--master", "local[1]"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"next: winnow run {out / 'recipe.yaml'}"
    assert f"look at {out / 'gallery.html'}" in done.stdout
    assert len(rows_of(out)) == 12 and rows_of(out)[0]["row_id"] == "text/7/0.0"
    again = winnow("synth", "text", "--n", "12", "--seed", "8", "--shard-size", "5", "--out", str(out))
    assert again.returncode == 2 and "another order (seed 7, not 8)" in again.stderr
    raw = winnow("synth", "raw", "--n", "30", "--out", str(tmp_path / "raw"))
    assert raw.returncode == 0 and (tmp_path / "raw" / "planted.jsonl").exists()
