"""From a rendered dataset to an evaluated checkpoint through the DAG, and the summary that the demo writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curation.contract.table import read_manifest, table_files
from curation.demo import summarise
from curation.ledger import Ledger
from curation.progress import console
from curation.run import execute
from curation.stage import FATES
from curation.workspace import Workspace

DEMO = Path(__file__).parents[2] / "curation" / "recipes" / "demo.yaml"
# peft asks transformers a question that it no longer likes to be asked.
pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]


@pytest.fixture(scope="module")
def trained(
    rendered: Workspace, spark: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, dict[str, Any]]:
    """A LoRA of a few steps on the shared dataset."""
    text = DEMO.read_text().replace("max_steps: 90", "max_steps: 4").replace("method: full", "method: lora")
    text = text.replace("max_new_tokens: 48", "max_new_tokens: 8")
    recipe = tmp_path_factory.mktemp("recipe") / "recipe.yaml"
    recipe.write_text(text)
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
    for name in ("base", "sft"):
        metrics = summary["evaluation"][name]
        assert metrics["loss"] > 0 and metrics["rows"] > 5
        assert {"grounding/f1_at_0.5", "vqa/exact_match", "document/anls", "agent/click_accuracy"} <= set(metrics)
    assert summary["evaluation"]["sft"]["loss"] < summary["evaluation"]["base"]["loss"]
    assert 0 < summary["mix"]["text_tokens"] < summary["mix"]["tokens"]
    json.dumps(summary)


def test_the_merged_checkpoint_loads_by_itself_and_carries_the_contract(
    trained: tuple[Workspace, dict[str, Any]],
) -> None:
    from model.load import load_checkpoint

    workspace, _ = trained
    ledger = Ledger.of(workspace.store)
    folder = Path(table_files(ledger.need("merge"))[0]).parent
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
