"""Commands about data: the demo, a first recipe, a look at what the model will see."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from curation.cli import DEFAULT_OUT, AsJson, Master, Out, Store, app, print_json, table_of, terminal
from curation.contract.table import TableError
from curation.media import MediaStore
from curation.progress import console as make_console
from curation.stage import COUNTS, UsageError
from curation.store import store_url


@app.command()
def demo(
    out: Out = Path("winnow-demo"),
    data: Annotated[str, typer.Option("--data", help="the real data sets' folder; default: draw synthetic data")] = "",
    rows: Annotated[int, typer.Option(min=30, help="rows of synthetic raw data")] = 600,
    master: Master = None,
    as_json: AsJson = False,
) -> None:
    """Run everything once: raw data, filters, duplicates, judging, sampling, SFT, DPO, evaluation, report.

    Example: `winnow demo --out ./demo`, then `winnow funnel --out ./demo` and `winnow look --out ./demo`
    """
    from curation.demo import run_demo

    summary = run_demo(out.resolve(), data, make_console(), rows, master)
    if as_json:
        print_json(summary)
        return
    screen = terminal()
    screen.print(table_of("Stages", summary["stages"], ["name", *COUNTS, "seconds"]))
    names = sorted(summary["evaluation"]["sft"])
    judged = [{"metric": n, **{k: _figure(v.get(n)) for k, v in summary["evaluation"].items()}} for n in names]
    title = "Evaluation on the held-out split"
    screen.print(table_of(title, judged, ["metric", *summary["evaluation"]]))
    sizes, mix, drawn = summary["datasets"]["sft"], summary["mix"], summary["sampling"]
    screen.print(
        f"text is {mix['text_rows'] / mix['rows']:.0%} of the training rows and "
        f"{mix['text_tokens'] / mix['tokens']:.0%} of their tokens"
    )
    screen.print(
        f"{drawn['verified']:,} of {drawn['candidates']:,} answers to {drawn['prompts']:,} prompts verify; "
        f"{summary['datasets']['dpo']['train']:,} preference pairs"
    )
    screen.print(
        f"{sizes['train']:,} training rows, {sizes['test']:,} test rows; {summary['seconds']} s, "
        f"peak memory {summary['peak_memory_gb']} GB; {out / 'summary.json'}"
    )
    screen.print(f"look at {summary['report']}; the checkpoint is {summary['checkpoint']}")


def _figure(value: Any) -> str:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else f"{value:,}"


@app.command()
def init(path: Annotated[Path, typer.Argument(help="the file to write")] = Path("recipe.yaml")) -> None:
    """Write a commented recipe to start from.

    Example: `winnow init recipe.yaml`
    """
    from curation.demo import recipe_text

    if path.exists():
        raise UsageError(f"{path} exists; name another file")
    path.write_text(recipe_text("receipts.yaml"), encoding="utf-8")
    make_console().print(f"wrote {path}; next: winnow plan {path} --data FOLDER")


@app.command()
def look(
    identity: Annotated[
        str, typer.Argument(metavar="[ID]", help="a row or sample id; default: some of each task")
    ] = "",
    out: Out = DEFAULT_OUT,
    store: Store = "",
    html: Annotated[Path | None, typer.Option(help="write a page that opens offline")] = None,
    png: Annotated[Path | None, typer.Option(help="write a picture of the first row")] = None,
    each: Annotated[int, typer.Option(help="rows of each task, without an id")] = 1,
) -> None:
    """Show rendered rows as the model sees them: trained text coloured, boxes drawn on the resized image.

    Example: `winnow look --out ./demo --html look.html --each 3`
    """
    from curation.contract.dataset import RenderedMedia
    from curation.ledger import Ledger, rendered_rows
    from curation.look import look_html, look_png, look_text
    from model.image import decode

    root = store_url(out, store)
    rows = rendered_rows(Ledger.of(root), identity, each)
    if not rows:
        raise TableError(f"no rendered row `{identity}`; `winnow why {identity}` says where it ended")
    media = MediaStore(root)

    def image(medium: RenderedMedia) -> bytes:
        return media.get(medium.sha256)

    if html:
        html.write_text(look_html(rows, image), encoding="utf-8")
        make_console().print(f"wrote {html}")
    if png:
        pixels = [decode(image(medium), medium.orientation) for medium in rows[0].media]
        png.write_bytes(look_png(rows[0], pixels))
        make_console().print(f"wrote {png}")
    if not html and not png:
        for row in rows:
            terminal().print(look_text(row), "")


@app.command()
def report(out: Out = DEFAULT_OUT, store: Store = "") -> None:
    """Write OUT/report.html: what the last run did to its rows and its model, on one page that opens offline.

    Example: `winnow report --out ./demo`, then open ./demo/report.html in a browser
    """
    from curation.report.page import write_report

    make_console().print(f"wrote {write_report(store_url(out, store), out)}")


@app.command()
def card(
    out: Out = DEFAULT_OUT,
    store: Store = "",
    write: Annotated[Path | None, typer.Option(help="the file to write; default: OUT/DATASET.md")] = None,
) -> None:
    """Write the dataset's card, in Markdown: its sources and licences, what was left out, the evaluation sets that it
    was checked against, its splits and fingerprints.

    Example: `winnow card --out ./demo`, then open ./demo/DATASET.md
    """
    from curation.card import write_card

    make_console().print(f"wrote {write_card(store_url(out, store), write or out / 'DATASET.md')}")
