"""Commands about judgement: the signals, the rules, deciding anew, and what another threshold would do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from curation.cli import (
    DEFAULT_OUT,
    AsJson,
    Data,
    Limit,
    Master,
    Out,
    Spark,
    Store,
    app,
    print_funnel,
    print_json,
    spark_settings,
    table_of,
    terminal,
)
from curation.contract.recipe import load_recipe
from curation.contract.sample import Task
from curation.progress import console as make_console
from curation.stage import UsageError
from curation.store import store_url
from curation.visible import visible_line

AsMarkdown = Annotated[bool, typer.Option("--markdown", help="as a Markdown table")]
_COUNTS = ["source", "task", "rows", "before", "after", "newly_dropped", "newly_kept"]


@app.command()
def signals(
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
    write: Annotated[
        Path | None, typer.Option(help="put the Markdown between the markers `<!-- signals -->` of this page")
    ] = None,
) -> None:
    """List every signal that rules can use: its unit, where it is measured, what it follows, which presets use it.

    Example: `winnow signals`, or `winnow signals --markdown`
    """
    from filters.listing import signal_rows, signals_markdown, with_signals

    if write:
        try:
            write.write_text(with_signals(write.read_text(encoding="utf-8")), encoding="utf-8")
        except ValueError as error:
            raise UsageError(f"{write}: {error}") from None
        make_console().print(f"wrote the signals to {write}")
    elif as_json:
        print_json(signal_rows())
    elif as_markdown:
        _print_plain(signals_markdown())
    else:
        columns = ["signal", "unit", "tier", "grain", "what", "presets"]
        terminal().print(table_of("Signals", [_shown(row) for row in signal_rows()], columns))


@app.command()
def rules(
    recipe: Annotated[
        Path | None, typer.Argument(help="a recipe, whose rules are listed; default: the presets")
    ] = None,
    task: Annotated[Task | None, typer.Option(help="only rules for this task")] = None,
    preset: Annotated[int | None, typer.Option(help="version of the presets; default: the latest")] = None,
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
) -> None:
    """List the recommended rules (presets), or those that a recipe decides by: what each keeps, why, whose threshold
    it is, and where the recipe or one of its sources says otherwise.

    Example: `winnow rules --task caption`, or `winnow rules recipe.yaml`
    """
    from filters.listing import markdown, recipe_rows, rule_rows
    from filters.presets import LATEST

    if recipe and preset is not None:
        raise UsageError("a recipe says itself which presets it takes: leave out --preset")
    try:
        rows = recipe_rows(load_recipe(recipe), task or "") if recipe else rule_rows(task or "", preset or LATEST)
    except ValueError as error:
        raise error if recipe else UsageError(str(error)) from None
    columns = ["rule", "tasks", "keeps", *(["changed"] if recipe else []), "why", "origin"]
    if as_json:
        print_json(rows)
    elif as_markdown:
        _print_plain(markdown(rows, columns))
    else:
        title = f"Rules of {recipe}" if recipe else f"Presets {preset or LATEST}"
        terminal().print(table_of(title, [_shown(row) for row in rows], columns))


@app.command()
def decide(
    recipe: Annotated[
        Path | None, typer.Argument(help="the recipe; with --what-if, default: the last run's rules")
    ] = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option("--what-if", help="try `NAME.min=3`, `.max`, `.equals`, `NAME=off`, `NAME@SOURCE.min=3`; repeat"),
    ] = None,
    out: Out = DEFAULT_OUT,
    data: Data = "",
    store: Store = "",
    master: Master = None,
    spark: Spark = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Decide again with the recipe's rules, from what is measured already, and show the funnel. With `--what-if` only
    show what another threshold would change, in seconds and without writing anything.

    Example: change a `min:` in recipe.yaml, then `winnow decide recipe.yaml`

    Example: `winnow decide --what-if not_tiny.min=56 --what-if sharp_enough=off --out ./work`
    """
    if what_if:
        _show_what_if(recipe, what_if, store_url(out, store), as_json)
        return
    if not recipe:
        raise UsageError("name a recipe to decide by, or try a change with --what-if NAME.min=VALUE")
    from curation.ledger import Ledger
    from curation.run import execute
    from curation.workspace import Workspace

    workspace = Workspace.open(recipe, out, data, store, master, limit, spark_settings(spark))
    execute(workspace, make_console(), "decide")
    if as_json:
        from curation.decided import rule_funnel

        print_json({"rules": rule_funnel(Ledger.of(workspace.store))})
    else:
        print_funnel(workspace.store)


def _show_what_if(recipe: Path | None, changes: list[str], store: str, as_json: bool) -> None:
    from curation.decide import check_rules
    from curation.ledger import Ledger, rules_of
    from curation.whatif import what_if

    ledger = Ledger.of(store)
    ledger.need("decide")
    told = what_if(ledger, check_rules(load_recipe(recipe)) if recipe else rules_of(ledger), changes)
    if as_json:
        print_json(told)
        return
    screen = terminal()
    screen.print(
        f"{' '.join(told['changes'])}: of {told['rows']:,} measured rows {told['before']:,} are kept now, "
        f"{told['after']:,} would be: {told['newly_dropped']:,} newly dropped, {told['newly_kept']:,} newly kept"
    )
    screen.print(table_of("By source and task", told["by"], _COUNTS))
    for rule in told["rules"]:
        screen.print(_of_rule(rule))
        _print_examples(rule["examples"])


def _of_rule(rule: dict[str, Any]) -> Text:
    before, after = rule["before"], rule["after"]
    lines = [
        f"{rule['rule']}: keeps {rule['keeps_before']}, then {rule['keeps_after']}",
        f"drops {before['drops']:,}, then {after['drops']:,}; "
        f"alone, where no other rule drops: {before['only']:,}, then {after['only']:,}",
    ]
    return Text("\n" + "\n".join(lines), "bold")


def _print_examples(examples: list[dict[str, Any]]) -> None:
    titles = {
        "drop": "Dropped, nearest to the line",
        "keep": "Kept, nearest to the line",
        "newly kept": "Would come back",
    }
    for side, title in titles.items():
        rows = [
            {**one, "value": _value(one["value"]), "text": visible_line(one["text"]), "image": " ".join(one["images"])}
            for one in examples
            if one["side"] == side
        ]
        if rows:
            terminal().print(table_of(title, rows, ["value", "row", "source", "text", "image", "row_id"]))


def _value(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else visible_line(str(value))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: ", ".join(value) if isinstance(value, list) else value for name, value in row.items()}


def _print_plain(text: str) -> None:
    typer.echo(text, nl=False)
