"""The dataset's card: what it says, by tables made by hand, and that no name or licence in it can be markup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from curation import cli_data
from curation.card import as_markdown, card, write_card
from curation.cli import app
from curation.contract.table import TableError

assert cli_data  # importing it adds its commands to `app`
FORGED = (
    "a | b\n\n# Forged\n- item `code` **bold** _it_ <script>x</script> &lt; [x](http://x) http://y www.z ![i](j) \\| "
    "~~s~~ $m$"
)
RUN = {"recipe": "demo", "run": "9"}


def rendered(text: str) -> str:
    return str(MarkdownIt("commonmark").enable("table").enable("strikethrough").render(text))


def put_dataset(shelf: Any, source: str = "pages", licence: str = "MIT") -> None:
    read = {"path": "pages/*.jsonl", "build": "vqa", "licence": licence, "limit": None}
    ids = {"row_id": ["s:1"], "fate": ["kept"], "reason": [""], "detail": [""]}
    shelf.put(f"ingest_{source}", pa.table(ids), {"in": 10, "kept": 9, "quarantined": 1}, read)
    shelf.put("match", settings={"near": True, "hamming": 8, "mirrored": False})
    reasons = {"fate": ["dropped", "dropped", "kept"], "reason": ["exact_image", "exact_image", ""]}
    shelf.put("deduplicate", pa.table({"row_id": ["s:1", "s:2", "s:3"], **reasons}), {"in": 9, "kept": 7, "dropped": 2})
    mixing = {"test_fraction": 0.25, "test_cap": None, "caps": {source: 5}, "text_share": None}
    shelf.put("mix", pa.table({"reason": ["cap"], "fate": ["dropped"]}), {"in": 7, "kept": 3, "dropped": 4}, mixing)
    rows = {"source": [source] * 3, "task": ["vqa"] * 3, "split": ["train", "train", "test"], "fate": ["kept"] * 3}
    media = [[{"vision_tokens": 64}], [{"vision_tokens": 4}], [{"vision_tokens": 16}]]
    settings = {"family": "qwen2_5_vl", "min_pixels": 3136, "max_pixels": 100352}
    shelf.put("render", pa.table({**rows, "media": media}), {"in": 3, "kept": 3}, settings)


def put_benchmark(shelf: Any, on_match: str, name: str = "docvqa") -> None:
    told = {"path": "bench/docvqa.jsonl", "licence": "CC0"}
    shelf.put(f"benchmark_{name}", pa.table({"row_id": ["b:1"], "fate": ["kept"]}), {"in": 50, "kept": 48}, told)
    found = [[{"benchmark": name, "item": "b:1", "how": how, "shared": ""}] for how in ("picture", "ngram")]
    rows = {"row_id": ["s:1", "s:2"], "contaminated": found, "reason": ["contaminated"] * 2}
    rows["fate"] = ["dropped" if on_match == "drop" else "kept"] * 2
    settings = {"on_match": on_match, "ngram": 13, "most_items": 10}
    shelf.put("decontaminate", pa.table(rows), {"in": 7}, settings, benchmarks={name: {"ignored": 0, "blind": 6}})


def test_a_card_says_what_the_dataset_is(shelf: Any) -> None:
    put_dataset(shelf)
    text = card(shelf.ledger, RUN)
    assert "the recipe demo, in the run 9: 2 training rows and\n1 test rows, rendered for qwen2_5_vl at 3,136" in text
    assert r"| pages | pages/\*.jsonl | vqa | MIT | 10 | 3 |" in text
    assert "| ingest | 10 | 9 | 0 | 1 | 0 | 0 |" in text and "| deduplicate | 9 | 7 | 2 | 0 | 0 | 0 |" in text
    assert "| exact_image | the picture file | 2 |" in text
    assert "It was checked against no evaluation set." in text
    assert "25% of the groups" in text and "- At most 5 training rows of pages." in text
    assert "- Rows left out by cap: 1." in text and "picture: 0%" not in text
    assert "| pages | 2 | 1 | 3 | 84 |" in text and "| vqa | 2 | 1 | 3 | 84 |" in text
    assert "| render | 1 | made-by-hand | 3 | 0 |" in text and "A trial" not in text


@pytest.mark.parametrize(
    ("on_match", "told"), [("drop", "dropped."), ("flag", "flagged, and are still in the dataset.")]
)
def test_a_card_names_the_evaluation_sets_and_the_rules(on_match: str, told: str, shelf: Any) -> None:
    put_dataset(shelf)
    put_benchmark(shelf, on_match)
    text = card(shelf.ledger, RUN)
    assert f"7 rows were checked against 1 evaluation set; 2 hold an item and were\n{told}" in text
    assert "| docvqa | bench/docvqa.jsonl | CC0 | 48 | 2 | 1 | 0 | 1 | 0 | 6 |" in text
    assert "- words: 13 in a row" in text and "at most 8 of 64" in text and "mirrored" not in text
    assert "| ingest | 10 | 9 |" in text and "| benchmark_docvqa | 1 |" in text  # it is no source, but a table


def test_a_trial_is_told(shelf: Any) -> None:
    put_dataset(shelf)
    shelf.put("ingest_more", None, {"in": 5, "kept": 5}, {"path": "x", "build": "vqa", "limit": 5})
    text = card(shelf.ledger, RUN)
    assert "only the first 5 rows of each source" in text and "| more | x | vqa | not stated | 5 | 0 |" in text


def test_text_stays_text() -> None:
    shown = rendered(f"| head |\n| --- |\n| {as_markdown(FORGED)} |\n")
    assert shown.count("<tr>") == 2 and shown.count("<td>") == 1
    for tag in ("<h1", "<li", "<code", "<strong", "<em", "<script", "<a ", "<img", "<s>"):
        assert tag not in shown, tag
    cell = shown.split("<td>")[1].split("</td>")[0]
    assert cell.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == FORGED.replace("\n", "\u240a")
    assert as_markdown("receipts_text x3") == "receipts_text x3"  # what is harmless stays readable
    assert "://" not in as_markdown("see http://x") and "www." not in as_markdown("WWW.x, www.x")
    assert as_markdown("\x1b[31m\u202e\t.") == "\u241b\\[31m\u2421 ."


def test_names_and_licences_forge_nothing(shelf: Any) -> None:
    put_dataset(shelf, licence=FORGED)
    put_benchmark(shelf, "drop")
    plain = rendered(card(shelf.ledger, {"recipe": "x", "run": "y"}))
    forged = rendered(card(shelf.ledger, {"recipe": FORGED, "run": FORGED}))
    for tag in ("<h1", "<h2", "<li", "<table", "<tr", "<td", "<p>"):
        assert plain.count(tag) == forged.count(tag) > 0, tag
    assert "<script" not in forged and "<a " not in forged and "<img" not in forged


def test_the_command_writes_the_card(shelf: Any, tmp_path: Path) -> None:
    put_dataset(shelf)
    shelf.note_run()
    runner = CliRunner()
    assert runner.invoke(app, ["card", "--out", str(tmp_path), "--store", shelf.store]).exit_code == 0
    text = (tmp_path / "DATASET.md").read_text()
    assert text.startswith("# demo\n") and text.endswith("|\n")
    other = tmp_path / "new" / "CARD.md"
    assert runner.invoke(app, ["card", "--store", shelf.store, "--write", str(other)]).exit_code == 0
    assert other.read_text() == text


def test_no_card_without_a_dataset(shelf: Any, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no run"):
        write_card(shelf.store, tmp_path / "card.md")
    shelf.put("decide")
    shelf.note_run()
    with pytest.raises(TableError, match="`render` has no complete table yet"):
        write_card(shelf.store, tmp_path / "card.md")
    assert not (tmp_path / "card.md").exists()
