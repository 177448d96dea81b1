"""What another threshold would do, on rows that are counted by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from typer.testing import CliRunner

from curation import cli_rules
from curation.cli import app
from curation.contract.recipe import parse_recipe
from curation.contract.rule import Rule
from curation.contract.sample import SAMPLE, Media, Sample, Turn, media_part, text_part, to_row
from curation.contract.table import Manifest, table_url
from curation.decide import check_rules, decide, settings
from curation.decided import rule_funnel
from curation.ledger import Ledger
from curation.stage import COUNTS, Files, Runtime, Stage, UsageError, run_stage
from curation.store import commit, write_bytes
from curation.whatif import Change, changed, parse_change, what_if

assert cli_rules  # importing it adds its commands to `app`

# row, task, words of the answer, shorter side
ROWS = [
    ("a:1", "caption", 1, 100),
    ("a:2", "caption", 2, 100),
    ("a:3", "caption", 3, 100),
    ("a:4", "caption", 4, 10),
    ("b:1", "caption", 2, 100),
    ("b:2", "vqa", 1, 100),
    ("b:3", "vqa", None, None),
]
RULES = {
    "says_something": Rule(signal="answer_words", min=3, tasks=("caption",)),
    "not_tiny": Rule(signal="min_side_px", min=28),
}


def put(store: Path, stage: str, rows: pa.Table, counts: dict[str, int]) -> None:
    url = table_url(str(store), stage, "x")
    Path(url).mkdir(parents=True)
    pq.write_table(rows, f"{url}/part.parquet")
    numbers = {**dict.fromkeys(COUNTS, 0), **counts}
    manifest = Manifest(
        stage=stage, version=1, fingerprint="x", parents={}, settings={}, counts=numbers, rows=len(rows), digest="0"
    )
    commit(url, manifest, ["part.parquet"], {"seconds": 0})


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store whose run was decided by `RULES`, by the stage itself."""
    store = tmp_path / "out" / "store"
    columns: dict[str, Any] = {"row_id": [row[0] for row in ROWS], "sample_id": [row[0] for row in ROWS]}
    columns |= {"source": [row[0][0] for row in ROWS], "task": [row[1] for row in ROWS]}
    columns["answer_words"] = pa.array([row[2] for row in ROWS], pa.int64())
    columns["min_side_px"] = pa.array([row[3] for row in ROWS], pa.int64())
    columns["fate"] = ["kept"] * len(ROWS)
    unread = {**columns, "row_id": ["a:9"], "fate": ["quarantined"]}
    unread |= {name: columns[name][:1] for name in columns if name not in ("row_id", "fate")}
    measured = pa.concat_tables([pa.table(columns), pa.table(unread)])
    put(store, "measure", measured, {"in": 8, "kept": 7, "quarantined": 1})
    media = (Media(sha256="ab12", mime="image/png", width=100, height=100, size=1),)
    for source in "ab":
        samples = [
            Sample(
                row_id=row[0],
                source=source,
                task=row[1],
                messages=(
                    Turn(role="user", parts=(media_part(0), text_part("What?"))),
                    Turn(role="assistant", parts=(text_part(f"words of {row[0]}"),)),
                ),
                media=media,
            )
            for row in ROWS
            if row[0].startswith(source)
        ]
        table = pa.Table.from_pylist([to_row(sample) for sample in samples], schema=SAMPLE)
        put(store, f"ingest_{source}", table.append_column("fate", pa.array(["kept"] * len(table))), {})
    tables = {name: table_url(str(store), name, "x") for name in ("ingest_a", "ingest_b", "measure", "decide")}
    stage = Stage("decide", 1, {"rules": settings(RULES)}, ("measure",), lambda job: decide(job, RULES))
    manifest = run_stage(stage, tables, dict.fromkeys(tables, "x"), Runtime(str(store), Console(quiet=True)))
    assert (manifest.counts["kept"], manifest.counts["dropped"]) == (3, 4)
    run = {"run": "1", "recipe": "r", "stages": dict.fromkeys(tables, "x")}
    write_bytes(f"{store}/runs/1.json", json.dumps(run).encode())
    return store


@pytest.fixture
def ledger(store: Path) -> Ledger:
    return Ledger.of(str(store))


def test_the_stage_decides_without_spark_and_repeats_itself(store: Path, ledger: Ledger, tmp_path: Path) -> None:
    assert {entry["rule"]: (entry["alone"], entry["only"]) for entry in rule_funnel(ledger)} == {
        "says_something": (3, 3),
        "not_tiny": (1, 1),
    }
    runtime = Runtime(str(store), Console(quiet=True))
    stage = Stage("decide", 1, {}, ("measure",), lambda job: _in_portions(decide(job, RULES)))
    tables = {"measure": ledger.tables["measure"], "decide": table_url(str(store), "decide", "y")}
    again = run_stage(stage, tables, {"measure": "x", "decide": "y"}, runtime)
    assert runtime.session is None
    assert again.digest == Manifest.from_json(Path(ledger.tables["decide"], "manifest.json").read_text()).digest


def _in_portions(files: Files) -> Files:
    """The same rows, one at a time."""

    def make(url: str) -> Any:
        return (table.slice(row, 1) for table in files.make(url) for row in range(len(table)))

    return Files(files.inputs, make, files.schema)


def test_a_lower_threshold_brings_rows_back(ledger: Ledger) -> None:
    told = what_if(ledger, RULES, ["says_something.min=2"])
    # a:2 and b:1 have two words; a:1 is still too short, a:4 too small
    assert (told["rows"], told["before"], told["after"]) == (7, 3, 5)
    assert (told["newly_dropped"], told["newly_kept"]) == (0, 2)
    assert [(row["source"], row["task"], row["before"], row["after"]) for row in told["by"]] == [
        ("a", "caption", 1, 2),
        ("b", "caption", 0, 1),
        ("b", "vqa", 2, 2),
    ]
    (rule,) = told["rules"]
    assert (rule["before"], rule["after"]) == ({"drops": 3, "only": 3}, {"drops": 1, "only": 1})
    shown = [(one["side"], one["row_id"], one["value"], one["row"]) for one in rule["examples"]]
    assert shown[0] == ("drop", "a:1", 1, "dropped")
    assert {one[1:] for one in shown[1:3]} == {("a:2", 2, "newly kept"), ("b:1", 2, "newly kept")}
    assert shown[3:] == [("keep", "a:3", 3, "kept"), ("keep", "a:4", 4, "dropped")]  # vqa rows are out of its scope
    assert rule["examples"][0]["text"] == "words of a:1" and rule["examples"][0]["prompt"] == "What?"
    assert rule["examples"][0]["images"][0].endswith("/store/media/ab/ab12")


def test_off_and_several_changes(ledger: Ledger) -> None:
    told = what_if(ledger, RULES, ["says_something=off", "not_tiny.min=200"])
    assert (told["after"], told["newly_dropped"], told["newly_kept"]) == (1, 2, 0)  # only what has no side is left
    off, side = told["rules"]
    assert off["keeps_after"] == "everything (off)" and off["after"] == {"drops": 0, "only": 0}
    assert side["after"] == {"drops": 6, "only": 6}
    back = what_if(ledger, RULES, ["says_something=off"])["rules"][0]["examples"]
    assert {(one["row_id"], one["side"]) for one in back} == {(r, "newly kept") for r in ("a:1", "a:2", "b:1")}


def test_one_source(ledger: Ledger) -> None:
    told = what_if(ledger, RULES, ["says_something@b.min=1"])
    assert [(row["source"], row["newly_kept"]) for row in told["by"]] == [("a", 0), ("b", 1), ("b", 0)]
    assert {one["row_id"] for one in told["rules"][0]["examples"]} == {"b:1"}
    assert what_if(ledger, RULES, ["says_something@a=off"])["newly_kept"] == 2


def test_changes_are_read() -> None:
    assert parse_change("not_tiny.min=56") == Change(rule="not_tiny", key="min", value=56)
    assert parse_change("x@alttext.max=-1.5") == Change(rule="x", source="alttext", key="max", value=-1.5)
    assert parse_change("x.equals=false").value is False and parse_change("x.equals=en=us").value == "en=us"
    assert str(parse_change("x@s=off")) == "x@s=off"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not_tiny", "write NAME.min=VALUE"),
        ("not_tiny=5", "can only be `off`"),
        ("not_tiny.mim=5", "`mim` can't be set; did you mean `min`?"),
        ("not_tinny.min=5", "no rule `not_tinny`; did you mean `not_tiny`?"),
        ("not_tiny@alttxt.min=5", "no source `alttxt`; did you mean `alttext`?"),
        ("not_tiny.max=5", "min 28 is greater than max 5"),
        ("not_tiny.min=many", "valid number"),
        ("either.min=5", "either is a predicate"),
    ],
)
def test_a_change_that_cannot_be_made_says_why(text: str, message: str) -> None:
    rules = {**RULES, "either": Rule(predicate="answer_words > 1")}
    with pytest.raises(UsageError, match=message.replace("(", "\\(").replace("?", "\\?")):
        changed(rules, [parse_change(text)], ["alttext"])


def test_the_command(store: Path) -> None:
    out = str(store.parent)
    before = sorted(path for path in store.rglob("*"))
    shown = CliRunner().invoke(app, ["decide", "--what-if", "says_something.min=2", "--out", out])
    assert shown.exit_code == 0, shown.output
    assert "3 are kept now, 5 would be: 0 newly dropped, 2 newly kept" in " ".join(shown.output.split())
    assert "words of a:1" in shown.output
    told = CliRunner().invoke(app, ["decide", "--what-if", "says_something=off", "--out", out, "--json"])
    assert json.loads(told.output)["after"] == 6
    assert sorted(path for path in store.rglob("*")) == before  # nothing was written


def test_the_command_by_the_rules_of_a_recipe(store: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "name: r\nsources: {a: {path: a, reader: jsonl, build: caption, fields: {image: i, caption: c}}}\n"
        "rules: {wordy: {signal: answer_words, min: 9}}\n"
    )
    assert list(check_rules(parse_recipe(recipe.read_text(), "r"))) == ["wordy"]
    arguments = ["decide", str(recipe), "--what-if", "wordy=off", "--out", str(store.parent), "--json"]
    told = json.loads(CliRunner().invoke(app, arguments).output)
    assert (told["before"], told["after"]) == (1, 7)  # the row without words is kept either way
    refused = CliRunner().invoke(app, ["decide", "--out", str(store.parent)])
    assert isinstance(refused.exception, UsageError)
