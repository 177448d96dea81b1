"""The demo's recipe on drawn data, up to the rendered dataset: what was planted must end where it was meant to."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation import dag
from curation.contract.dataset import read_rendered
from curation.contract.table import read_manifest, read_table
from curation.decided import rule_funnel
from curation.ledger import Ledger, reasons, story
from curation.progress import console
from curation.run import execute
from curation.stage import FATES
from curation.workspace import Workspace

pytestmark = pytest.mark.spark
SOURCES = {"receipts": ["receipts_text", "receipts_fields"]}
# A key-information sample holds no boxes, so a box outside the image can't spoil it.
NOT_SPOILED = {("receipts_fields", "box_outside")}


@pytest.fixture(scope="module")
def ledger(rendered: Workspace) -> Ledger:
    """The stages up to the dataset, whatever other tests trained in the same store."""
    tables = Ledger.of_plan(rendered.plan()).tables
    return Ledger({name: tables[name] for name in dag.select(rendered.plan(), "+render")})


@pytest.fixture(scope="module")
def fates(ledger: Ledger) -> dict[str, tuple[str, str]]:
    """The last stage that each row of the raw data reached, and its fate there."""
    last: dict[str, tuple[str, str]] = {}
    made: set[str] = set()
    for stage, url in ledger.tables.items():
        for row in read_table(url, columns=["row_id", "fate"]).to_pylist():
            if row["fate"] == "made":
                made.add(row["row_id"])
            last[row["row_id"]] = (stage, row["fate"])
    return {row_id: end for row_id, end in last.items() if row_id not in made}


def row_id(source: str, locator: dict[str, Any]) -> str:
    file = locator.get("file") or locator["shard"]
    return f"{source}:{file}#{locator.get('line', locator.get('row', locator.get('key')))}"


def test_planted_defects_end_as_expected(raw: Path, fates: dict[str, tuple[str, str]]) -> None:
    planted = [json.loads(line) for line in (raw / "planted.jsonl").read_text().splitlines()]
    assert len({record["defect"] for record in planted}) > 15
    for record in planted:
        for source in SOURCES.get(record["source"], [record["source"]]):
            stage, fate = fates[row_id(source, record["locator"])]
            told = f"{source} {record} ended in {stage}: {fate}"
            if (source, record["defect"]) in NOT_SPOILED or record["expect"] == "kept":
                assert stage in ("mix", "render"), told
            elif record["expect"] == "deduplicated":
                # One of the two goes; which one is the better is for the stage's rule to say.
                twin = fates[row_id(source, record["of"])]
                assert {(stage, fate), twin} & {("deduplicate", "dropped")}, told
            else:
                assert fate == record["expect"], told
                assert stage != "deduplicate", told


def test_clean_rows_arrive(raw: Path, ledger: Ledger, fates: dict[str, tuple[str, str]]) -> None:
    touched = set()
    for line in (raw / "planted.jsonl").read_text().splitlines():
        record = json.loads(line)
        for source in SOURCES.get(record["source"], [record["source"]]):
            touched |= {row_id(source, locator) for locator in (record["locator"], record.get("of")) if locator}
    lost = {row: end for row, end in fates.items() if row not in touched and end[0] not in ("mix", "render")}
    # Drawn texts are few templates: now and then two clean rows are the same, which deduplication rightly sees. And
    # one yellow shape alone on a pale board is as faint as what is out of focus.
    decided = read_table(ledger.tables["decide"], columns=["row_id", "reason"]).to_pylist()
    faint = [row["row_id"] for row in decided if "sharp_enough" in row["reason"]]
    boards = {row for row in faint if row.startswith(("boards:", "board_boxes:"))}
    assert {row: end for row, end in lost.items() if row not in boards and end != ("deduplicate", "dropped")} == {}
    assert len(lost) <= 0.02 * len(fates)


def test_every_stage_accounts_for_every_row(ledger: Ledger) -> None:
    counts = ledger.counts()
    for stage, url in ledger.tables.items():
        told = counts[stage]
        assert told["in"] == sum(told[fate] for fate in FATES), stage
        rows = read_table(url, columns=["row_id", "fate"]).to_pydict()
        assert len(set(rows["row_id"])) == len(rows["row_id"]) == read_manifest(url).rows, stage
        assert {fate: rows["fate"].count(fate) for fate in FATES} == {fate: told[fate] for fate in FATES}, stage
    ingested = sum(counts[name]["kept"] for name in counts if name.startswith("ingest_"))
    assert counts["measure"]["in"] == ingested


def test_splits_share_no_picture_and_no_question(ledger: Ledger) -> None:
    mixed = pl.from_arrow(read_table(ledger.tables["mix"], columns=["row_id", "group", "split"]))
    assert isinstance(mixed, pl.DataFrame)
    assert mixed.group_by("group").agg(pl.col("split").n_unique()).get_column("split").max() == 1
    assert mixed.get_column("split").n_unique() == 2
    media = {
        split: {medium.sha256 for row in read_rendered(ledger.tables["render"], split) for medium in row.media}
        for split in ("train", "test")
    }
    assert media["train"] and media["test"] and not media["train"] & media["test"]


def test_text_share_is_reached(ledger: Ledger, rendered: Workspace) -> None:
    train = read_table(ledger.tables["mix"], filters=[("fate", "==", "kept"), ("split", "==", "train")])
    tasks = train.column("task").to_pylist()
    assert rendered.recipe.mix.text_share is not None
    assert abs(tasks.count("text") / len(tasks) - rendered.recipe.mix.text_share) < 0.01


def test_the_funnel_adds_up(ledger: Ledger) -> None:
    entries = rule_funnel(ledger)
    counts = ledger.counts()["decide"]
    assert sum(entry["first"] for entry in entries) == counts["dropped"]
    assert entries[-1]["left"] == counts["kept"]
    assert all(entry["first"] <= entry["alone"] <= entry["applies"] for entry in entries)
    told = reasons(ledger)
    assert sum(entry["rows"] for entry in told if entry["stage"] == "decide") == counts["dropped"]


def test_a_rows_story_names_the_signal_and_the_bound(ledger: Ledger) -> None:
    table = read_table(ledger.tables["decide"], filters=[("reason", "==", "not_a_strip")]).to_pylist()
    (entry, *_) = table
    told = story(ledger, entry["row_id"])
    assert [part["stage"] for part in told][-1] == "decide"
    assert told[-1]["detail"].startswith("aspect_ratio ") and told[-1]["detail"].endswith(" > 5")
    assert [part["stage"] for part in story(ledger, entry["sample_id"])] == [part["stage"] for part in told]


def test_quarantine_keeps_the_bytes(ledger: Ledger, rendered: Workspace) -> None:
    from curation.media import MediaStore

    url = ledger.tables["ingest_pairs"]
    rows = read_table(url, filters=[("fate", "==", "quarantined")]).to_pylist()
    junk = next(row for row in rows if row["reason"] == "not_an_image")
    assert MediaStore(rendered.store).get(junk["evidence"])
    assert junk["detail"]


def test_control_text_in_content_stays_content(ledger: Ledger) -> None:
    rows = [row for split in ("train", "test") for row in read_rendered(ledger.tables["render"], split)]
    forged = [
        segment
        for row in rows
        for segment in row.segments
        if segment.kind == "content"
        and any(mark in segment.text for mark in ("<|im_end|>", "<|image_pad|>", "<image>"))
    ]
    assert forged


def test_a_second_run_does_nothing(rendered: Workspace, ledger: Ledger) -> None:
    def written() -> dict[str, int]:
        return {name: Path(url, "manifest.json").stat().st_mtime_ns for name, url in ledger.tables.items()}

    before = written()
    counts = execute(rendered, console(), "+render")
    assert {entry["name"] for entry in counts} == set(before)
    assert written() == before
    assert all(why == "" for name, why in rendered.plan().reasons().items() if name in before)


def changed(rendered: Workspace, recipe: Path) -> Workspace:
    return Workspace.open(recipe, rendered.out, rendered.data)


def test_a_changed_threshold_runs_only_the_decision(
    rendered: Workspace, demo_recipe: Path, vary: Any, spark: Any
) -> None:
    other = changed(rendered, vary(demo_recipe, {"rules.not_a_strip.max": 500}))
    why = {name: reason for name, reason in other.plan().reasons().items() if reason}
    assert why["decide"] in ("its settings changed", "no complete table with these settings and inputs")
    assert why["deduplicate"] == "decide will run"
    assert not any(name.startswith(("ingest", "measure")) for name in why)
    (entry,) = execute(other, console(), "decide", spark)
    assert entry["kept"] > Ledger.of(rendered.store).counts()["measure"]["kept"] - 200
    assert entry["in"] == Ledger.of(rendered.store).counts()["measure"]["kept"]
    assert "not_a_strip" not in {
        row["reason"] for row in reasons(Ledger.of(rendered.store)) if row["stage"] == "decide"
    }


def test_a_changed_image_is_a_changed_input(rendered: Workspace, demo_recipe: Path, raw: Path, tmp_path: Path) -> None:
    copy = tmp_path / "raw"
    shutil.copytree(raw, copy)
    image = next((copy / "scenes" / "images").iterdir())
    image.write_bytes(image.read_bytes() + b"\0")
    why = Workspace.open(demo_recipe, rendered.out, str(copy)).plan().reasons()
    assert why["ingest_scenes"] in ("its inputs changed", "no complete table with these settings and inputs")
    assert why["ingest_pairs"] == ""


def test_measurements_are_reused_by_another_recipe(
    rendered: Workspace, demo_recipe: Path, vary: Any, spark: Any
) -> None:
    """Without one source the measure stage is another one, but there is no content left to measure."""
    workspace = changed(rendered, vary(demo_recipe, {"sources.charts": None}))
    execute(workspace, console(), "measure", spark)
    assert len(list((Path(rendered.store) / "signals").glob("*/*/manifest.json"))) == 4  # with the texts' signatures


def test_caps_thin_sources_and_name_the_reason(rendered: Workspace, demo_recipe: Path, vary: Any, spark: Any) -> None:
    caps = {"mix.text_share": None, "mix.caps": {"instructions": 7}, "mix.test_cap": 2}
    other = changed(rendered, vary(demo_recipe, caps))
    execute(other, console(), "mix", spark)
    mixed = pl.from_arrow(read_table(other.plan().tables["mix"]))
    assert isinstance(mixed, pl.DataFrame)
    kept = mixed.filter(pl.col("fate") == "kept").group_by("source", "split").len().to_dicts()
    sizes = {(row["source"], row["split"]): row["len"] for row in kept}
    assert sizes["instructions", "train"] == 7 and max(n for (_, split), n in sizes.items() if split == "test") == 2
    assert set(mixed.filter(pl.col("fate") == "dropped").get_column("reason")) == {"cap", "test_cap"}


def test_measurements_are_committed_in_shards(
    rendered: Workspace, demo_recipe: Path, tmp_path: Path, spark: Any
) -> None:
    from curation import measure

    size, measure.SHARD = measure.SHARD, 100
    try:
        again = Workspace.open(demo_recipe, tmp_path, rendered.data)
        execute(again, console(), "+measure", spark)
    finally:
        measure.SHARD = size
    assert len(list((tmp_path / "store" / "signals").glob("*/*/manifest.json"))) > 3
    assert read_manifest(again.plan().tables["measure"]) == read_manifest(rendered.plan().tables["measure"])


def test_partitions_do_not_matter(
    rendered: Workspace, demo_recipe: Path, raw: Path, tmp_path: Path, spark: Any
) -> None:
    from curation import readers

    spark.conf.set("spark.sql.shuffle.partitions", "3")
    small, readers.SPLIT_BYTES = readers.SPLIT_BYTES, 4096
    try:
        again = Workspace.open(demo_recipe, tmp_path, str(raw))
        execute(again, console(), "+render", spark)
    finally:
        readers.SPLIT_BYTES = small
        spark.conf.set("spark.sql.shuffle.partitions", "4")
    first, second = rendered.plan().tables, again.plan().tables
    same = (
        "ingest_scenes",
        "measure",
        "decide",
        "deduplicate",
        "mix",
        "review",
        "sample_base",
        "verify_base",
        "render",
    )
    for name in same:
        assert read_manifest(first[name]) == read_manifest(second[name]), name
    # A judge's probabilities differ by rounding with what is judged in one batch.
    one, two = (scores(tables["score"]) for tables in (first, second))
    assert one.keys() == two.keys()
    assert one == pytest.approx(two, abs=1e-4)


def scores(table: str) -> dict[str, float]:
    rows = read_table(table, columns=["row_id", "scores"]).to_pylist()
    found = {row["row_id"]: row["scores"][0]["value"] for row in rows if row["scores"]}
    assert len(found) > 20
    return {row_id: -1.0 if value is None else value for row_id, value in found.items()}
