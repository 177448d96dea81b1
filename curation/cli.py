"""The `winnow` command."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from curation.contract.recipe import RecipeError
from curation.contract.table import TableError
from curation.progress import console as make_console
from curation.stage import COUNTS, StageError, UsageError
from curation.store import store_url

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Raw multimodal data to SFT and DPO datasets, and those to fine-tuned vision-language checkpoints.",
)
train_app = typer.Typer(
    no_args_is_help=True, help="Fine-tune a checkpoint on a rendered dataset, or teach a nano from scratch."
)
app.add_typer(train_app, name="train")

RecipePath = Annotated[Path, typer.Argument(help="the recipe, a YAML file")]
Out = Annotated[Path, typer.Option("--out", help="folder for the store, the run history and summaries")]
Data = Annotated[str, typer.Option("--data", help="folder or URL of the raw data; default: the recipe's folder")]
Store = Annotated[str, typer.Option("--store", help="folder or URL of the store; default: OUT/store")]
Master = Annotated[str | None, typer.Option("--master", help="Spark master, such as spark://host:7077")]
Spark = Annotated[
    list[str] | None,
    typer.Option(
        "--spark", metavar="KEY=VALUE", help="a setting of Spark's, such as spark.executor.cores=4; repeatable"
    ),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="only the first N rows of each source")]
Select = Annotated[str | None, typer.Option("--select", help="`stage`, `stage+`, `+stage`, several with commas")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable, on standard output")]
DEFAULT_OUT = Path("winnow-out")
WAITING = 3  # exit code: done here, waiting for people


def main() -> None:
    from curation import cli_compare, cli_data, cli_review, cli_reward, cli_rules, cli_serve, cli_synth, cli_train

    # Importing them adds their commands to `app`.
    assert (
        cli_compare and cli_data and cli_review and cli_reward and cli_rules and cli_serve and cli_synth and cli_train
    )
    with _readable_errors():
        app()


@contextmanager
def _readable_errors() -> Iterator[None]:
    """What a user can mend is a message and an exit code: 2 for wrong use, 1 for a run that failed."""
    try:
        yield
    except (RecipeError, UsageError) as error:
        _fail(str(error), 2)
    except ValidationError as error:  # of options, which are checked as a recipe's settings are
        told = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        _fail("; ".join(told), 2)
    except (TableError, StageError, OSError) as error:
        _fail(str(error), 1)


def _fail(message: str, code: int) -> None:
    make_console().print(Text.assemble(("error ", "bold red"), message))
    raise SystemExit(code)


def spark_settings(options: list[str] | None) -> dict[str, str]:
    """What the `--spark` options say.

    Raises:
        UsageError: an option that is no setting of Spark's.
    """
    told = {}
    for option in options or []:
        key, equals, value = option.partition("=")
        if not equals or not key.startswith("spark."):
            raise UsageError(f"--spark {option}: give it as spark.KEY=VALUE, such as spark.executor.cores=4")
        told[key] = value
    return told


def terminal() -> Console:
    """Standard output. Where it is a file or a pipe it is wide, so that ids are not folded."""
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=180)


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


@app.command()
def plan(
    recipe: RecipePath,
    out: Out = DEFAULT_OUT,
    data: Data = "",
    store: Store = "",
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Show the stages, and why each will run or be skipped. Runs nothing.

    Example: `winnow plan recipe.yaml --data ./raw`
    """
    from curation.workspace import Workspace

    made = Workspace.open(recipe, out, data, store, limit=limit).plan()
    why = made.reasons()
    rows = [
        {"stage": stage.name, "fingerprint": made.fingerprints[stage.name], "runs": bool(why[stage.name]),
         "why": why[stage.name] or "complete", "help": stage.help}
        for stage in made.stages
    ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    table = Table(box=None, header_style="bold")
    for heading in ("stage", "", "why", "what it does"):
        table.add_column(heading)
    for row in rows:
        mark = "[yellow]run[/]" if row["runs"] else "[green]skip[/]"
        table.add_row(str(row["stage"]), mark, str(row["why"]), f"[dim]{row['help']}[/]")
    terminal().print(table)


@app.command()
def run(
    recipe: RecipePath,
    out: Out = DEFAULT_OUT,
    data: Data = "",
    store: Store = "",
    master: Master = None,
    spark: Spark = None,
    select: Select = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Run what is stale. A run that failed or was killed goes on where it stopped. Exits with 3 where all is done but
    rows that wait for review.

    Example: `winnow run recipe.yaml --data ./raw --out ./work`, then again with `--select render+`

    Example: `winnow run recipe.yaml --data s3://in/raw --store s3://out/store --master spark://host:7077
    --spark spark.executor.cores=4`
    """
    from curation.run import execute
    from curation.workspace import Workspace

    workspace = Workspace.open(recipe, out, data, store, master, limit, spark_settings(spark))
    counts = execute(workspace, make_console(), select)
    if as_json:
        print_json(counts)
    _exit_if_people_are_awaited(workspace.store)


def _exit_if_people_are_awaited(store: str) -> None:
    """A run is done without the rows that people have not decided about, and says so."""
    from curation.review.state import read_state

    waiting = read_state(store).open
    for batch in waiting:
        told = f"waiting for people: {batch.waiting} of batch {batch.batch} ({batch.kind}) on {batch.url}"
        make_console().print(Text(told, style="yellow"))
    if waiting:
        make_console().print("`winnow review pull` brings their verdicts; then run again")
        raise SystemExit(WAITING)


@app.command()
def ui(
    recipe: RecipePath,
    out: Out = DEFAULT_OUT,
    data: Data = "",
    store: Store = "",
    port: Annotated[int, typer.Option(help="port on 127.0.0.1")] = 3000,
) -> None:
    """Open Dagster's web UI on the recipe's graph and run history. Listens on this machine only.

    Example: `winnow ui recipe.yaml --out ./work`, then http://127.0.0.1:3000
    """
    from curation.run import serve_ui
    from curation.workspace import Workspace

    workspace = Workspace.open(recipe, out, data, store)
    make_console().print(f"http://127.0.0.1:{port} shows {workspace.recipe.name}; stop with Ctrl-C")
    raise SystemExit(serve_ui(workspace, recipe, port))


@app.command()
def funnel(out: Out = DEFAULT_OUT, store: Store = "", as_json: AsJson = False) -> None:
    """Count what became of the rows of the last run: by stage, and rule by rule.

    Example: `winnow funnel --out ./work`
    """
    if as_json:
        from curation.decided import rule_funnel
        from curation.ledger import Ledger, reasons

        ledger = Ledger.of(store_url(out, store))
        print_json({"stages": ledger.counts(), "rules": rule_funnel(ledger), "reasons": reasons(ledger)})
        return
    print_funnel(store_url(out, store))


def print_funnel(store: str) -> None:
    from curation.decided import rule_funnel
    from curation.ledger import Ledger, reasons

    ledger, screen = Ledger.of(store), terminal()
    stages = [{"stage": name, **counts} for name, counts in ledger.counts().items()]
    screen.print(table_of("Rows by stage", stages, ["stage", *COUNTS]))
    if "decide" in ledger.tables:
        rules = rule_funnel(ledger)
        busy = [rule for rule in rules if rule["alone"]]
        screen.print(table_of("Rules that dropped rows, in their order", busy, list(rules[0]) if rules else ["rule"]))
        if idle := len(rules) - len(busy):
            screen.print(f"{idle} more rule{'s' if idle > 1 else ''} dropped nothing; `--json` counts them all")
    lost = reasons(ledger)
    screen.print(table_of("Rows that did not go on", lost, ["stage", "fate", "reason", "rows", "example"]))


@app.command()
def why(
    identity: Annotated[str, typer.Argument(metavar="ID", help="a row id, or a sample id")],
    out: Out = DEFAULT_OUT,
    store: Store = "",
    html: Annotated[Path | None, typer.Option(help="write a page that opens offline, with the row's twin")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell a row's whole story: where it came from, every signal, every verdict, its duplicates, where it ended.

    Example: `winnow why receipts:receipts/receipts.jsonl#12 --html why.html`
    """
    from curation.ledger import Ledger, similar_ids, story
    from curation.tell import story_text

    ledger = Ledger.of(store_url(out, store))
    entries = story(ledger, identity)
    if not entries:
        near = similar_ids(ledger, identity)
        hint = f"; ids with that text: {', '.join(near)}" if near else "; `winnow funnel` shows some ids"
        raise TableError(f"no row or sample `{identity}` in the last run{hint}")
    if html:
        from curation.report.why import write_why

        write_why(ledger, store_url(out, store), identity, entries, html)
        make_console().print(f"wrote {html}")
    if as_json:
        print_json(entries)
    elif not html:
        terminal().print(story_text(entries))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is installed, what is missing, and the command that mends it.

    Example: `winnow doctor`
    """
    from curation.doctor import examine

    findings = examine()
    if as_json:
        print_json([finding.__dict__ for finding in findings])
    else:
        screen = terminal()
        for finding in findings:
            mark = (
                "[green]ok     [/]" if finding.ok else ("[red]missing[/]" if finding.needed else "[yellow]absent [/]")
            )
            screen.print(f"{mark} {finding.name:<14} {finding.found}")
            if not finding.ok:
                screen.print(Text(f"        {'':<14} mend: {finding.mend}", style="dim"))
    raise SystemExit(0 if all(finding.ok or not finding.needed for finding in findings) else 1)


def table_of(title: str, rows: list[dict[str, Any]], columns: list[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    for column in columns:
        numeric = bool(rows) and isinstance(rows[0].get(column), int)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        # Text, not markup: ids and reasons come from data.
        table.add_row(*[Text(f"{row[c]:,}" if isinstance(row[c], int) else str(row[c])) for c in columns])
    return table
