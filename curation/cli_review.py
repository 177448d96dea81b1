"""Commands about review by people on a Label Studio server."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.text import Text

from curation.cli import DEFAULT_OUT, WAITING, AsJson, Out, Store, app, print_json, table_of, terminal
from curation.progress import bar
from curation.progress import console as make_console
from curation.review.page import MOST_ITEMS
from curation.review.state import Batch, Kind, decided_items, read_batches, read_decisions, read_state
from curation.stage import StageError, UsageError
from curation.store import store_url
from curation.visible import visible_line

if TYPE_CHECKING:
    from curation.review.push import Pulled

review_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Let people review answers and preferences in Label Studio. The access token is read from the environment "
    "variable LABEL_STUDIO_API_KEY alone.",
)
app.add_typer(review_app, name="review")

Url = Annotated[str, typer.Option("--url", help="the Label Studio server; default: LABEL_STUDIO_URL")]


@review_app.command()
def push(
    kind: Annotated[Literal["answer", "preference"], typer.Option(help="what to ask about")] = "answer",
    n: Annotated[int, typer.Option("--n", min=1, max=MOST_ITEMS, help="how many items a new batch asks about")] = 50,
    url: Url = "",
    out: Out = DEFAULT_OUT,
    store: Store = "",
    task: Annotated[str, typer.Option(help="only rows of this task")] = "",
    source: Annotated[str, typer.Option(help="only rows of this source")] = "",
    new: Annotated[bool, typer.Option("--new", help="open another batch though one waits")] = False,
    batch: Annotated[str, typer.Option(help="complete this batch, also on a server that moved to --url")] = "",
    chunk: Annotated[int, typer.Option(min=1, help="tasks in one request; fewer where a proxy limits its size")] = 20,
    as_json: AsJson = False,
) -> None:
    """Put a batch of answers, or of preferences between two candidates, before people.

    Answers come from the last run's training rows, those first that the judge is least sure of; preferences from
    candidates that the verifier can't tell apart. Pushing again completes the batch that waits and asks nothing twice.

    Example: `winnow review push --out ./work --kind answer --n 50 --url http://127.0.0.1:8080`
    """
    from curation.review.labelstudio import connect
    from curation.review.push import new_batch
    from curation.review.push import push as bring

    root = store_url(out, store)
    with connect(url) as server:
        chosen = _open_batch(root, kind, server.url, batch, new)
        if chosen is None:
            items = _choose(root, kind, n, task, source)
            if not items:
                make_console().print("nothing to ask: a batch holds every row that fits already")
                return
            chosen = new_batch(root, kind, server.url, items)
        with bar(make_console(), "pushing", len(chosen.items), unit="tasks") as progress:
            pushed = bring(root, chosen, server, chunk, progress.update)
    where = f"{server.url}/projects/{pushed.batch.project}/data"
    if as_json:
        print_json({"batch": chosen.id, "kind": chosen.kind, "project": pushed.batch.project, "url": where,
                    "waiting": pushed.waiting, "created": pushed.created, "doubles": pushed.doubles})  # fmt: skip
        return
    doubles = f", {pushed.doubles} doubles removed" if pushed.doubles else ""
    told = f"batch {chosen.id}: {pushed.waiting} items wait, {pushed.created} tasks created{doubles}"
    terminal().print(Text(f"{told}\nreview at {where}, then `winnow review pull`"))


def _open_batch(store: str, kind: Kind, url: str, name: str, new: bool) -> Batch | None:
    """The batch to complete: the one that is named, or one that waits on this server."""
    from curation.review.push import reusable

    batches = read_batches(store)
    if name:
        named = [batch for batch in batches if batch.id == name]
        if not named:
            raise UsageError(f"no batch `{name}`; `winnow review status` lists them")
        return named[0]
    return None if new else reusable(batches, kind, url, decided_items(read_decisions(store)))


def _choose(store: str, kind: Kind, n: int, task: str, source: str) -> list[dict[str, Any]]:
    from curation.ledger import Ledger
    from curation.review.choose import choose_answers, choose_preferences

    choose = choose_answers if kind == "answer" else choose_preferences
    return choose(Ledger.of(store), read_batches(store), n, task, source)


@review_app.command()
def status(out: Out = DEFAULT_OUT, store: Store = "", as_json: AsJson = False) -> None:
    """Say how far each batch is, from the store alone. Exit code 3 while anything waits for people.

    Example: `winnow review status --out ./work`
    """
    state = read_state(store_url(out, store))
    if as_json:
        print_json({"batches": [asdict(one) for one in state.batches], "fingerprint": state.fingerprint})
    else:
        rows = [{**asdict(one), "verdicts": _words(one.verdicts)} for one in state.batches]
        columns = ["batch", "kind", "waiting", "decided", "disagreed", "verdicts", "project", "url"]
        terminal().print(table_of("Batches of review", rows, columns))
    raise typer.Exit(WAITING if state.open else 0)


@review_app.command()
def pull(url: Url = "", out: Out = DEFAULT_OUT, store: Store = "", as_json: AsJson = False) -> None:
    """Fetch what people decided. Pulling again adds only what changed since.

    What comes back is checked, and what no page of ours can have produced is refused, with the reason.

    Example: `winnow review pull --out ./work --url http://127.0.0.1:8080`, then `winnow run` again
    """
    from curation.review.labelstudio import connect
    from curation.review.push import pull as fetch

    root = store_url(out, store)
    with connect(url) as server:
        batches = read_batches(root)
        pulled = [fetch(root, batch, server) for batch in batches if batch.url == server.url]
    elsewhere = [batch for batch in batches if batch.url != server.url]
    if batches and not pulled:
        raise StageError(f"no batch is on {server.url}; batch {elsewhere[0].id} is on {elsewhere[0].url}")
    if as_json:
        print_json([_as_json(one) for one in pulled])
        return
    for one in pulled:
        _print_pulled(one)
    for batch in elsewhere:
        terminal().print(Text(f"batch {batch.id} is on {batch.url}: not pulled"))


def _as_json(pulled: Pulled) -> dict[str, Any]:
    refused = [asdict(refusal) for refusal in pulled.findings.refused]
    return {"batch": pulled.batch.id, "new": pulled.new, "refused": refused, "missing": pulled.missing}


def _print_pulled(pulled: Pulled) -> None:
    screen = terminal()
    screen.print(Text(f"batch {pulled.batch.id}: {pulled.new} new decisions"))
    for refusal in pulled.findings.refused:
        screen.print(Text(visible_line(f"  refused, task {refusal.task}: {refusal.reason}")))
    if pulled.missing:
        push_again = f"`winnow review push --kind {pulled.batch.kind}` makes them again"
        screen.print(Text(f"  {len(pulled.missing)} waiting items have no task on the server; {push_again}"))


def _words(verdicts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in verdicts.items())
