"""The whole page, about a real run and hand-made model stages full of hostile text, opened in a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from curation import cli_data
from curation.cli import app
from curation.contract.dataset import read_rendered
from curation.contract.table import TableError, read_table, table_files
from curation.ledger import Ledger
from curation.report.page import write_report
from curation.workspace import Workspace

assert cli_data  # importing it adds its commands to `app`
pytestmark = pytest.mark.spark

HOSTILE = (
    "</div></pre><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} {% raw %} <|im_end|> \x1b \u202e"
)
SHOWN = HOSTILE.replace("\x1b", "\u241b").replace("\u202e", "\u2421")
STAGES = ("ingest", "measure", "match", "decide", "deduplicate", "mix", "render")
SECTIONS = [
    "funnel",
    "rules",
    "dropped",
    "signals",
    "galleries",
    "duplicates",
    "mix",
    "sampling",
    "pairs",
    "review",
    "training",
    "evaluation",
]


@pytest.fixture(scope="module")
def shelf(rendered: Workspace, new_shelf: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A copy of the shared run, whose own store stays as it is, and of it the stages that ask no model."""
    store = tmp_path_factory.mktemp("report") / "store"
    shutil.copytree(rendered.store, store)
    tables = Ledger.of(str(store)).tables
    return new_shelf(store, {name: url for name, url in tables.items() if name.partition("_")[0] in STAGES})


@pytest.fixture(scope="module")
def plain(shelf: Any) -> Path:
    """The page of a run that has asked and trained no model."""
    shelf.note_run()
    return write_report(shelf.store, Path(shelf.store).parent / "plain")


@pytest.fixture(scope="module")
def full(shelf: Any, plain: Path) -> Path:
    """The page with every stage, and with hostile text in whatever comes from data or from a model."""
    rewrite_captions(shelf)
    put_model_stages(shelf)
    shelf.note_run()
    return write_report(shelf.store, Path(shelf.store).parent / "full")


def rewrite_captions(shelf: Any) -> None:
    for url in table_files(shelf.tables["ingest_pairs"]):
        table = pq.read_table(url)
        rows = table.to_pylist()
        for turn in [turn for row in rows for turn in row["messages"] or []]:
            if turn["role"] == "assistant":
                turn["parts"][0]["text"] = "caption " + HOSTILE
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), url)


def put_model_stages(shelf: Any) -> None:
    fates = {"fate": ["made"], "reason": [""], "detail": [""]}
    scores = [[{"name": "score " + HOSTILE, "value": 0.5}]]
    shelf.put("score", pa.table({"row_id": ["s:1"], "scores": scores, **fates}))
    candidate = {"row_id": ["s:1~sft0"], "source": ["s"], "parent": ["s:1"], "number": [0], "text": [HOSTILE]}
    failed = {"fate": ["dropped"], "reason": ["reason " + HOSTILE], "detail": [HOSTILE]}
    shelf.put("verify_sft", pa.table({**candidate, **failed}))
    preference = [
        {"chosen": "chosen " + HOSTILE, "rejected": "rejected " + HOSTILE, "margin": 1.0, "origin": "sft>sft"}
    ]
    pair = {name: [value] for name, value in read_table(shelf.tables["ingest_pairs"]).to_pylist()[0].items()}
    shelf.put("pair", pa.table({**pair, "row_id": ["pair " + HOSTILE], "preference": preference, **fates}))
    edit = {"row_id": ["s:1"], "source": ["s"], "verdict": ["edit"], "edit": ["edit " + HOSTILE]}
    shelf.put("review", pa.table({**edit, **fates}))
    shelf.put("train_sft", summary={"losses": [3.0, 2.0, 1.5]})
    shelf.put("train_dpo", summary={"losses": [0.7, 0.6], "margins": [0.0, 0.2], "accuracies": [0.5, 1.0]})
    for model, right in (("base", False), ("sft", True)):
        shelf.put(f"evaluate_{model}", predictions(shelf, right), metrics={"loss": 2.0 - right, "rows": 5.0})


def predictions(shelf: Any, right: bool) -> pa.Table:
    rows = read_rendered(shelf.tables["render"], "test")
    true = ["".join(s.text for s in row.segments if s.weight).removesuffix("<|im_end|>") for row in rows]
    return pa.table(
        {
            "row_id": [row.row_id for row in rows],
            "task": [row.task for row in rows],
            "prediction": true if right else ["answer " + HOSTILE] * len(rows),
            "reference": [row.reference.text for row in rows],
            "scores": pa.array([[("exact_match", float(right))] for _ in rows], pa.map_(pa.string(), pa.float64())),
        }
    )


@contextmanager
def opened(browser: Any, page: Path) -> Iterator[Any]:
    """The page in a browser without a network. Whatever it says, asks for or pops up fails the test."""
    told: list[str] = []
    context = browser.new_context(offline=True, viewport={"width": 1300, "height": 900})
    tab = context.new_page()
    tab.on("console", lambda message: told.append(f"console: {message.text}"))
    tab.on("pageerror", lambda error: told.append(f"error: {error}"))
    tab.on("dialog", lambda dialog: (told.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    tab.on("request", lambda request: told.append(request.url) if not request.url.startswith("data:") else None)
    tab.goto(page.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    yield tab
    assert told == [page.as_uri()]
    context.close()


def ids(tab: Any) -> list[str]:
    return list(tab.eval_on_selector_all("section", "all => all.map(each => each.id)"))


def unseen(tab: Any) -> int:
    return int(tab.eval_on_selector_all("img", "all => all.filter(each => !each.naturalWidth).length"))


def test_the_page_of_a_run_without_a_model(plain: Path, chromium: Any) -> None:
    with opened(chromium, plain) as tab:
        assert ids(tab) == ["funnel", "rules", "dropped", "signals", "galleries", "duplicates", "mix"]
        text = tab.inner_text("body")
        assert (
            "Not in this run: evaluation sets, judging and sampling, preference pairs, review, training, evaluation"
            in text
        )
        assert "Every row is accounted for" in text
        assert tab.locator("#signals img").count() == tab.locator("#signals figure").count() > 5
        assert tab.locator("#signals details tr").count() > 5  # what dropped nothing is folded away
        assert tab.locator("#dropped table").count() > 5
        assert tab.locator("#galleries img").count() > 50 and unseen(tab) == 0
        assert {"not_blank", "Quarantined", "Side by side"} <= set(tab.locator("summary b").all_inner_texts())
        assert tab.eval_on_selector_all("nav a", "all => all.every(each => document.querySelector(each.hash))")


def test_every_section_opens_and_data_stays_data(full: Path, chromium: Any) -> None:
    with opened(chromium, full) as tab:
        assert ids(tab) == [*SECTIONS, "examples"]
        assert unseen(tab) == 0 and tab.locator("#training img").count() == 4
        assert tab.evaluate("document.scripts.length") == 0 and tab.locator("[onerror]").count() == 0
        for where, what in (
            ("#galleries", "caption "),
            ("#sampling", "score "),
            ("#sampling", "reason "),
            ("#pairs", "chosen "),
            ("#pairs", "rejected "),
            ("#pairs", "pair "),
            ("#review", "edit "),
            ("#examples", "answer "),
        ):
            assert what + SHOWN in tab.inner_text(where), (where, what)


def test_examples_show_the_same_row_before_and_after(full: Path, chromium: Any) -> None:
    with opened(chromium, full) as tab:
        first = tab.locator(".example").first
        assert first.locator(".badge").inner_text() == "from wrong to right"
        heads = [text.split()[0] for text in first.locator(".side b").all_inner_texts()]
        assert heads == ["reference", "base", "sft"]
        drawn = tab.locator(".example", has=tab.locator(".side i"))
        assert drawn.count() > 0 and drawn.locator("img").count() == drawn.count()


def test_the_page_fits_a_narrow_window(full: Path, chromium: Any) -> None:
    with opened(chromium, full) as tab:
        tab.set_viewport_size({"width": 420, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") == 420


def test_the_same_run_gives_the_same_page(shelf: Any, full: Path, tmp_path: Path) -> None:
    again = write_report(shelf.store, tmp_path / "new" / "folder")
    assert again == tmp_path / "new" / "folder" / "report.html"
    assert again.read_bytes() == full.read_bytes()
    assert len(again.read_bytes()) < 6_000_000


def test_the_command_writes_the_page(shelf: Any, full: Path, tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["report", "--out", str(tmp_path), "--store", shelf.store])
    assert told.exit_code == 0 and (tmp_path / "report.html").read_bytes() == full.read_bytes()


def test_no_page_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no run"):
        write_report(str(tmp_path / "store"), tmp_path)
    assert not (tmp_path / "report.html").exists()
