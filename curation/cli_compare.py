"""The command that lays evaluations beside each other."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from curation.cli import AsJson, app, print_json, terminal
from curation.stage import StageError


@app.command()
def compare(
    evaluations: Annotated[
        list[Path], typer.Argument(help="folders that `winnow eval` wrote; the others are compared with the first")
    ],
    html: Annotated[Path | None, typer.Option("--html", help="also a page of its own, with plots")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare checkpoints by their evaluations: every metric with its 95 % interval, and which differences are certain.

    Example: `winnow compare ./evaluation-base ./evaluation-sft ./evaluation-dpo --html ./comparison.html`
    """
    if importlib.util.find_spec("torch") is None:
        raise StageError("comparing needs the `train` extra: pip install -c constraints.txt -e '.[train]'")
    from curation.report.comparison import as_data, as_table, read_evaluations, render_comparison
    from curation.report.comparison import compare as lay_side_by_side

    found = lay_side_by_side(read_evaluations(evaluations))
    if html:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(render_comparison(found), encoding="utf-8")
    if as_json:
        print_json(as_data(found))
        return
    screen = terminal()
    screen.print(as_table(found))
    screen.print(f"▲ better, ▼ worse than {found.names[0]} on shared rows: the 95 % interval leaves out 0", style="dim")
    if html:
        screen.print(f"page: {html}", markup=False)
