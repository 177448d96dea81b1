"""What a table was made from: its sources with their licences, found by walking the manifests back to what was read."""

from __future__ import annotations

from collections import Counter
from typing import Any

from curation.contract.table import Manifest, read_manifest, read_table, table_url
from curation.report.tables import INGEST
from curation.store import is_complete


def sources_of(store: str, stage: str, fingerprint: str) -> list[dict[str, Any]] | None:
    """The sources of a rendered dataset: `name`, `path`, `build`, `licence` ("" where none was stated), raw rows
    (`in`) and `rows` of the dataset, by name. None where the store does not hold the table."""
    table = table_url(store, stage, fingerprint)
    if not is_complete(table):
        return None
    kept = read_table(table, columns=["source", "fate"]).to_pylist()
    rows = Counter(row["source"] for row in kept if row["fate"] == "kept")
    found = []
    for manifest in _ingested(store, read_manifest(table)):
        name = manifest.stage.removeprefix(INGEST)
        told = {key: str(manifest.settings.get(key) or "") for key in ("path", "build", "licence")}
        found.append({"name": name, **told, "in": manifest.counts.get("in", 0), "rows": rows.get(name, 0)})
    return sorted(found, key=lambda source: str(source["name"]))


def _ingested(store: str, manifest: Manifest) -> list[Manifest]:
    """The tables of sources among a table's ancestors. Those that the store no longer holds end the walk there."""
    found, seen, waiting = [], set(), [manifest]
    while waiting:
        one = waiting.pop()
        if one.stage.startswith(INGEST):
            found.append(one)
        for stage, fingerprint in one.parents.items():
            table = table_url(store, stage, fingerprint)
            if table not in seen and is_complete(table):
                seen.add(table)
                waiting.append(read_manifest(table))
    return found
