"""A dataset's card: one Markdown page that says where its rows come from, what was left out, what it was checked for.

It is made from the ledger alone. Every value is escaped, so that no name, path or licence can be anything but text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2

from curation.contract.table import read_manifest
from curation.duplicates.decontaminate import PREFIX as BENCHMARK
from curation.ledger import Ledger, rules_of
from curation.plan import last_run
from curation.report.benchmarks import held
from curation.report.duplicates import by_kind
from curation.report.funnel import by_stage, mix
from curation.report.tables import INGEST
from curation.visible import visible_line

_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# What means something to Markdown anywhere in a line; underscores but inside words; what would make an address a link.
_MARKS = re.compile(r"[\\`*\[\]|~#$!{}]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=:)//|(?<=www)\.", re.IGNORECASE)


def write_card(store: str, page: Path) -> Path:
    """Writes the card of the last run's dataset, and gives its path.

    Raises:
        TableError: no run has been made, or it has not rendered a dataset yet.
    """
    text = card(Ledger.of(store), last_run(store))
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")
    return page


def card(ledger: Ledger, run: dict[str, Any]) -> str:
    """The card as Markdown. `run` has the `recipe`'s name and the `run`'s. Raises TableError without a dataset."""
    rendered = read_manifest(ledger.need("render"))
    mixed = mix(ledger)
    assert mixed
    settings = {stage: read_manifest(url).settings for stage, url in ledger.tables.items()}
    return markdown_template("card.md.j2").render(
        run=run,
        rendered=rendered,
        splits={split: sum(row[split] for row in mixed["by"][0][1]) for split in ("train", "test")},
        sources=_read_from(ledger, INGEST, mixed),
        limit=max((each.get("limit") or 0 for stage, each in settings.items() if stage.startswith(INGEST)), default=0),
        rules=len(rules_of(ledger)),
        stages=by_stage(ledger)[0],
        kinds=by_kind(ledger) if "deduplicate" in ledger.tables else [],
        held=held(ledger),
        sets={each["name"]: each for each in _read_from(ledger, BENCHMARK)},
        match=settings.get("match", {}),
        mixing=settings.get("mix", {}),
        mix=mixed,
        tables=[read_manifest(url) for url in ledger.tables.values()],
    )


def markdown_template(name: str) -> jinja2.Template:
    """One of this package's Markdown templates. Every text put into it is escaped by `as_markdown`."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("curation", ""),
        autoescape=False,  # this is no HTML: `finalize` sees every value instead
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: as_markdown(value) if isinstance(value, str) else value,
    )
    return environment.get_template(name)


def as_markdown(text: str) -> str:
    """Text as itself in a line or a table's cell: no markup, no HTML, no link, no second line."""
    return _MARKS.sub(lambda match: "\\" + match[0], visible_line(text).replace("\t", " ").translate(_HTML))


def _read_from(ledger: Ledger, stages: str, mixed: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """What was read, by source or by evaluation set, and of a source how many rows are in the dataset."""
    rows = {row["name"]: row["train"] + row["test"] for row in mixed["by"][0][1]} if mixed else {}
    found = []
    for stage, url in ledger.tables.items():
        if stage.startswith(stages):
            manifest, name = read_manifest(url), stage.removeprefix(stages)
            told = {key: str(manifest.settings.get(key) or "") for key in ("path", "build", "licence")}
            found.append({"name": name, **told, "in": manifest.counts["in"], "rows": rows.get(name, 0)})
    return found
