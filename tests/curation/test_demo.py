"""From a rendered dataset to an evaluated checkpoint through the DAG, and the summary that the demo writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curation.contract.table import read_manifest, read_table, table_files
from curation.demo import summarise
from curation.ledger import Ledger
from curation.progress import console
from curation.report.page import write_report
from curation.run import execute
from curation.stage import FATES
from curation.workspace import Workspace

# peft asks transformers a question that it no longer likes to be asked.
pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]


@pytest.fixture(scope="module")
def trained(rendered: Workspace, demo_recipe: Path, vary: Any, spark: Any) -> tuple[Workspace, dict[str, Any]]:
    """LoRAs of a few steps on the shared datasets. The reference stands in where nothing verifies, so that there are
    pairs however little the model knows."""
    few = {"train.max_steps": 4, "train.method": "lora", "dpo.max_steps": 3, "evaluate.max_new_tokens": 8}
    recipe = vary(demo_recipe, {**few, "sample.reference_chosen": True})
    workspace = Workspace.open(recipe, rendered.out, rendered.data)
    return workspace, summarise(workspace, execute(workspace, console(), None, spark))


def test_the_summary_has_what_it_promises(trained: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, summary = trained
    assert [stage["name"] for stage in summary["stages"]] == [stage.name for stage in workspace.plan().stages]
    for stage in summary["stages"]:
        assert set(stage) == {"name", "in", "kept", "dropped", "quarantined", "waiting", "made", "seconds"}
        assert stage["in"] == sum(stage[fate] for fate in FATES), stage
    sizes = summary["datasets"]["sft"]
    assert sizes["train"] > sizes["test"] > 0
    counts = {stage["name"]: stage for stage in summary["stages"]}
    assert summary["datasets"]["dpo"] == {"train": counts["render_dpo"]["kept"], "test": 0}
    assert summary["datasets"]["dpo"]["train"] == counts["pair"]["made"] == counts["train_dpo"]["in"] > 0
    sampling, asked = summary["sampling"], workspace.recipe.sample
    assert asked and sampling["candidates"] == asked.candidates * sampling["prompts"] > 0
    assert sampling["prompts"] == counts["sample_base"]["kept"] + counts["sample_sft"]["kept"]
    assert 0 <= sampling["verified"] < sampling["candidates"]
    for name in ("base", "sft", "dpo"):
        metrics = summary["evaluation"][name]
        assert metrics["loss"] > 0 and metrics["rows"] > 5
        assert {"grounding/f1_at_0.5", "vqa/exact_match", "document/anls", "agent/click_accuracy"} <= set(metrics)
    assert summary["evaluation"]["sft"]["loss"] < summary["evaluation"]["base"]["loss"]
    assert 0 < summary["mix"]["text_tokens"] < summary["mix"]["tokens"]
    json.dumps(summary)


@pytest.mark.parametrize("stage", ["merge", "merge_dpo"])
def test_a_merged_checkpoint_loads_by_itself_and_carries_the_contract(
    trained: tuple[Workspace, dict[str, Any]], stage: str
) -> None:
    from model.load import load_checkpoint

    workspace, _ = trained
    ledger = Ledger.of(workspace.store)
    folder = Path(table_files(ledger.need(stage))[0]).parent
    contract = json.loads((folder / "winnow.json").read_text())
    render = workspace.recipe.render
    assert (contract["family"], contract["max_pixels"]) == ("qwen2_5_vl", render.max_pixels)
    loaded = load_checkpoint(folder, device="cpu")
    assert loaded.processor.image_processor.size["longest_edge"] == render.max_pixels
    assert not (folder / "adapter_config.json").exists()


def test_a_checkpoint_names_the_dataset_it_was_made_from(trained: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = trained
    ledger = Ledger.of(workspace.store)
    made = read_manifest(ledger.need("train_sft"))
    assert made.parents["render"] == read_manifest(ledger.need("render")).fingerprint
    assert made.settings["policy"] == "llm+merger"
    preferring = read_manifest(ledger.need("train_dpo"))
    for parent in ("render_dpo", "merge"):
        assert preferring.parents[parent] == read_manifest(ledger.need(parent)).fingerprint
    assert preferring.settings["policy"] == "llm"


def test_the_tuned_model_is_asked_too_and_its_answers_are_its_own(trained: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = trained
    ledger = Ledger.of(workspace.store)
    asked = {}
    for origin in ("base", "sft"):
        rows = read_table(ledger.need(f"sample_{origin}")).to_pylist()
        asked[origin] = {row["row_id"] for row in rows if row["fate"] == "kept"}
        assert {row["row_id"].split("~")[1][:-1] for row in rows if row["fate"] == "made"} == {origin}
    assert asked["base"] == asked["sft"]
    assert len(list(Path(workspace.store).glob("candidates/*"))) == 2
    origins = {row["preference"]["origin"] for row in read_table(ledger.need("pair")).to_pylist()}
    assert origins <= {f"{a}>{b}" for a in ("base", "sft", "reference") for b in ("base", "sft")}


def test_the_report_tells_of_both_trainings(trained: tuple[Workspace, dict[str, Any]], tmp_path: Path) -> None:
    workspace, _ = trained
    page = write_report(workspace.store, tmp_path)
    text = page.read_text()
    assert page == tmp_path / "report.html" and text.startswith("<!doctype html>")
    assert all(name in text for name in ("train_sft", "train_dpo", "verify_sft"))
