"""Running a recipe as a command, and comparing what it made with an undisturbed run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from curation.contract.table import read_manifest
from curation.ledger import Ledger
from curation.workspace import Workspace


def run_command(recipe: Path, out: Path, data: str, *more: str) -> list[str]:
    command = [sys.executable, "-W", "ignore", "-m", "curation", "run", str(recipe), "--data", data, "--out", str(out)]
    return [*command, "--select", "+render", *more]


def assert_same_tables(undisturbed: Workspace, other: Workspace) -> None:
    """Equal manifests, also where the other workspace reads the same data elsewhere: fingerprints then differ, as an
    object store tells files' contents by other hashes, and are those of its own plan."""
    names_of = other.plan().fingerprints
    first, second = Ledger.of_plan(undisturbed.plan()).tables, Ledger.of(other.store).tables
    names = [stage.name for stage in undisturbed.plan().stages if stage.name in second]
    assert "render" in names and len(names) > 10
    for name in names:
        one, two = read_manifest(first[name]), read_manifest(second[name])
        if other.data != undisturbed.data:
            parents = {parent: names_of[parent] for parent in one.parents}
            one = replace(one, fingerprint=names_of[name], parents=parents)
        if name == "score":  # a judge's probabilities differ by rounding with what is judged in one batch
            two = replace(two, digest=one.digest)
        assert one == two, name
