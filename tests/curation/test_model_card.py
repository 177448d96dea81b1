"""A checkpoint's card: what it says, and that no name, path or licence in it can be markup or YAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from markdown_it import MarkdownIt

from curation.contract.table import Manifest, table_url
from curation.lineage import sources_of
from curation.model_card import model_card, read_metrics
from curation.visible import visible_line

FORGED = "x: y | b\n---\n# Forged\n- item `code` **bold** <script>x</script> [x](http://x) 'q' \"r\" {a: b}"
CONTRACT: dict[str, Any] = {
    "family": "qwen2_5_vl",
    "min_pixels": 3136,
    "max_pixels": 100352,
    "template_sha256": "ab" * 32,
    "patch_size": 14,
    "merge_size": 2,
    "coordinates": {
        "grounding": {"style": "json", "scale": None, "top": None, "words": "x and y are whole pixels"},
        "agent": {"style": "tool_call", "scale": None, "top": None, "words": "x and y are whole pixels"},
    },
    "export": {"kind": "merged", "dtype": "bfloat16", "of": "receipts"},
    "base": "Qwen2.5-VL-3B",
    "dataset": {
        "stage": "render", "fingerprint": "f9", "rows": 1234, "tokens": 56789, "text_rows": 34, "text_tokens": 789
    },
    "settings": {"policy": "llm", "learning_rate": 0.0001, "max_length": None, "many": [1]},
    "trainable_parameters": 1000,
    "losses": [2.5, 1.5, 0.5],
    "left_out": ["a", "b"],
}  # fmt: skip
SOURCES = [
    {"name": "pages", "path": "pages/*.jsonl", "build": "vqa", "licence": "MIT", "in": 10, "rows": 3},
    {"name": "scans", "path": "scans", "build": "ocr", "licence": "", "in": 5, "rows": 2},
]


def split(card: str) -> tuple[dict[str, Any], str]:
    """The front matter and the rest."""
    _, front, body = card.split("---\n", 2)
    return yaml.safe_load(front), body


def test_the_front_matter_is_what_the_hub_reads() -> None:
    front, _ = split(model_card(CONTRACT, SOURCES))
    assert front == {
        "library_name": "transformers",
        "pipeline_tag": "image-text-to-text",
        "license": "other",
        "license_name": "of-the-base-and-the-sources",
        "license_of_sources": ["MIT", "not stated"],
        "tags": ["winnow", "qwen2_5_vl"],
        "base_model": "Qwen2.5-VL-3B",
        "base_model_relation": "finetune",
        "datasets": ["winnow-render-f9"],
    }


def test_the_card_says_what_it_was_trained_on_and_how_it_is_served(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps({"vqa/anls": 0.75, "rows": 40.0, "loss": 1.25}))
    (tmp_path / "intervals.json").write_text(json.dumps({"vqa/anls": [0.7, 0.8], "loss": {"low": 1, "high": 2}}))
    _, card = split(model_card(CONTRACT, SOURCES, read_metrics(tmp_path)))
    assert (
        "table render, f9: 1,234 rows of 56,789 tokens" in card and "34 rows and 789 tokens without a picture" in card
    )
    assert "2 rows were longer than the training took" in card
    assert r"| pages | pages/\*.jsonl | vqa | MIT | 10 | 3 |" in card
    assert "| scans | scans | ocr | not stated | 5 | 2 |" in card and "No licence is stated for scans" in card
    assert "| policy | llm |" in card and "many" not in card
    assert "| loss | 2.5000 | 0.5000 |" in card
    assert (
        "| vqa/anls | 0.75 | 0.7 to 0.8 |" in card and "| loss | 1.25 | 1 to 2 |" in card and "| rows | 40 |  |" in card
    )
    assert "3,136 and 100,352 pixels" in card and "whole multiples of 28" in card
    asked = card.split("--mm-processor-kwargs '")[1].split("'\n")[0]
    assert json.loads(asked) == {"size": {"shortest_edge": 3136, "longest_edge": 100352}}
    assert "multiply x by its width over the resized width" in card
    assert "The vision tower is the base's" in card


def test_the_example_is_a_program() -> None:
    for kind in ("merged", "adapter"):
        card = model_card({**CONTRACT, "export": {**CONTRACT["export"], "kind": kind}})
        program = card.split("```python\n")[1].split("```")[0]
        compile(program, "card", "exec")
        assert ("PeftModel" in program) == (kind == "adapter")
        assert ("vllm serve" in card) == (kind == "merged")


def test_a_relative_grid_is_told_as_one() -> None:
    grounding = {"style": "json", "scale": 1000, "top": 1000, "words": "x and y are integers from 0 to 1000"}
    card = model_card({**CONTRACT, "coordinates": {"grounding": grounding}})
    assert "divide by 1000" in card and "clicks" not in card


def test_what_is_not_known_is_said_to_be_so() -> None:
    known = (
        "family",
        "min_pixels",
        "max_pixels",
        "template_sha256",
        "patch_size",
        "merge_size",
        "coordinates",
        "export",
    )
    front, card = split(model_card({name: CONTRACT[name] for name in known}))
    assert "base_model" not in front and "datasets" not in front
    assert "was not trained by Winnow" in card and "None were given" in card and "## Settings" not in card
    assert "store that it was made in, which was not at hand" in model_card(CONTRACT)


def test_names_and_licences_forge_nothing() -> None:
    def tags(text: str) -> list[int]:
        html = str(MarkdownIt("commonmark").enable("table").render(text))
        assert "<script" not in html and "<a " not in html
        return [html.count(tag) for tag in ("<h1", "<h2", "<li", "<table", "<tr", "<td", "<pre", "<hr")]

    forged = {
        **CONTRACT,
        "base": FORGED,
        "settings": {"model": FORGED},
        "export": {**CONTRACT["export"], "of": FORGED},
    }
    plain = {**CONTRACT, "settings": {"model": "m"}}
    source = {**SOURCES[0], "name": FORGED, "path": FORGED, "licence": FORGED}
    front, body = split(model_card(forged, [source]))
    assert tags(body) == tags(split(model_card(plain, SOURCES[:1]))[1])
    assert front["base_model"] == visible_line(FORGED) and front["license_of_sources"] == [visible_line(FORGED)]
    assert front["license"] == "other"


def test_metrics_have_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="metrics.json"):
        read_metrics(tmp_path)


def _put(
    store: Path, stage: str, parents: dict[str, str], settings: dict[str, Any], rows: list[dict[str, str]]
) -> None:
    """A complete table, as curation leaves it."""
    table = Path(table_url(str(store), stage, f"of-{stage}"))
    table.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), table / "part.parquet")
    (table / "files.json").write_text(json.dumps({"files": ["part.parquet"]}))
    manifest = Manifest(
        stage=stage, version=1, fingerprint=f"of-{stage}", parents=parents, settings=settings, counts={"in": 7},
        rows=len(rows), digest="",
    )  # fmt: skip
    (table / "manifest.json").write_text(manifest.to_json())


def test_sources_are_found_through_the_manifests(tmp_path: Path) -> None:
    rows = [{"source": "pages", "fate": fate} for fate in ("kept", "kept", "dropped")]
    _put(tmp_path, "ingest_pages", {}, {"path": "p", "build": "vqa", "licence": "MIT"}, rows)
    _put(tmp_path, "ingest_scans", {}, {"path": "s", "build": "ocr", "licence": None}, rows)
    _put(tmp_path, "mix", {"ingest_pages": "of-ingest_pages", "ingest_scans": "of-ingest_scans", "gone": "x"}, {}, rows)
    _put(tmp_path, "render", {"mix": "of-mix", "ingest_pages": "of-ingest_pages"}, {}, rows)
    assert sources_of(str(tmp_path), "render", "of-render") == [
        {"name": "pages", "path": "p", "build": "vqa", "licence": "MIT", "in": 7, "rows": 2},
        {"name": "scans", "path": "s", "build": "ocr", "licence": "", "in": 7, "rows": 0},
    ]
    assert sources_of(str(tmp_path), "render", "of-another") is None
