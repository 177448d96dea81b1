"""Real data sets, as their publishers store them, through the shipped recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curation.build import Builder
from curation.contract.dataset import read_rendered
from curation.contract.recipe import load_recipe
from curation.contract.sample import Sample
from curation.ingest import store_image
from curation.inputs import HashCache, find_inputs, media_root
from curation.ledger import Ledger
from curation.media import MediaStore
from curation.progress import console
from curation.readers import plan_splits, read_split
from curation.run import execute
from curation.workspace import Workspace
from model.chat import render
from model.family import FAMILIES, Family
from model.grounding import parse_regions

REAL = Path(__file__).parents[2] / "curation" / "recipes" / "real.yaml"
ROWS = 60


def samples(name: str, data: Path, store: Path) -> list[Sample]:
    source = load_recipe(REAL).sources[name]
    inputs = find_inputs(name, source, str(data.resolve()), HashCache())
    builder, media, made = Builder(name, source), MediaStore(str(store)), []
    for split in plan_splits(source, inputs.root, inputs.files):
        folder = f"{inputs.root}/{media_root(source, split.file)}"
        for row in read_split(source, inputs.root, split):
            made += builder.build(row.locator, row.value, lambda value, at=folder: store_image(value, at, media))
            if len(made) >= ROWS:
                return made
    return made


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize("name", ["receipts_text", "cells"])
def test_real_boxes_read_back_in_every_family(name: str, family: Family, real_data: Path, tmp_path: Path) -> None:
    """To one unit of the family's grid or one pixel, whichever is coarser; a quad reads back to its upright box where
    the family writes boxes only."""
    checked = 0
    for sample in samples(name, real_data, tmp_path):
        row = render(sample, family, 3136, 1_003_520, "train")
        medium = row.media[0]
        shown, seen = (medium.width, medium.height), (medium.resized_width, medium.resized_height)
        answer = "".join(segment.text for segment in row.segments if segment.weight)
        regions = parse_regions(answer, family, shown, seen)
        assert len(regions) == len(sample.regions), sample.row_id
        scale = family.grounding.grid.scale
        units = [side / (scale or model) for side, model in zip(shown, seen, strict=True)]
        for read, given in zip(regions, sample.regions, strict=True):
            for axis in (0, 1):
                allowed = max(1.0, units[axis]) + 1e-6
                for corner in (axis, axis + 2):
                    assert abs(read.box[corner] - given.box[corner]) <= allowed, (sample.row_id, given, read)
                    checked += 1
    assert checked > 1000


@pytest.mark.spark
def test_the_real_recipe_on_the_first_rows_of_each_set(real_data: Path, tmp_path: Path, spark: Any) -> None:
    workspace = Workspace.open(REAL, tmp_path, str(real_data), limit=40)
    execute(workspace, console(), "+render", spark)
    ledger = Ledger.of(workspace.store)
    counts = ledger.counts()
    for name in workspace.recipe.sources:
        told = counts[f"ingest_{name}"]
        assert told["in"] == 40 and told["kept"] >= 30, name
    rows = [row for split in ("train", "test") for row in read_rendered(ledger.tables["render"], split)]
    assert {row.source for row in rows} == set(workspace.recipe.sources)
    assert all(row.joined.startswith("<|im_start|>system") for row in rows)
