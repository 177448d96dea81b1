"""The command that generates samples with known answers, and raw data with planted defects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from curation.cli import AsJson, Master, Spark, app, print_json, spark_settings, table_of, terminal
from curation.contract.nearest import nearest
from curation.contract.table import join
from curation.progress import bar
from curation.progress import console as make_console
from curation.shards import Form, Order
from curation.stage import Runtime, StageError, UsageError
from curation.store import is_local, resolve, write_bytes
from synth.generator import Generator

RAW, PASTE = "raw", "paste"
_RAW_ABOUT = "raw data for the demo's recipe: pairs, receipts, scenes, screens, charts, texts, with planted defects"
MOST_N = 100_000_000


@app.command()
def synth(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="a generator, several with commas, `all`, `paste`, or `raw`")
    ] = "",
    n: Annotated[int, typer.Option("--n", min=1, max=MOST_N, help="samples of each generator; of `raw`, rows")] = 600,
    seed: int = 0,
    out: Annotated[str, typer.Option("--out", help="folder or URL; several generators get a folder each in it")] = "",
    data: Annotated[
        str, typer.Option("--data", help="for `paste`: a folder that `winnow synth` or `winnow run` wrote")
    ] = "",
    form: Annotated[
        Form, typer.Option("--format", help="`parquet`, with JSON lines beside it, or `webdataset`, tars")
    ] = "parquet",
    shard_size: Annotated[int, typer.Option("--shard-size", min=1, help="samples of a shard, in whole pictures")] = 256,
    show: Annotated[bool, typer.Option("--list", help="show what there is, and what it does not make")] = False,
    master: Master = None,
    spark: Spark = None,
    as_json: AsJson = False,
) -> None:
    """Generate samples whose answers are known, on Spark: the same seed gives the same bytes. A run that was killed
    goes on where it stopped, and a larger `--n` adds to what is there.

    Without a name: show the generators.

    Example: `winnow synth documents --n 10000 --out ./documents`, then `winnow run ./documents/recipe.yaml`

    Example: `winnow synth paste --data ./work --n 5000 --out ./pasted`, of the labelled boxes in your own data

    Example: `winnow synth raw --n 2000 --out ./raw`, then `winnow plan curation/recipes/demo.yaml --data ./raw`
    """
    if show or not name:
        _show(as_json)
        return
    if not out:
        raise UsageError("name the folder to write with --out")
    if name == RAW:
        _draw_raw(Path(out), n, seed)
        return
    chosen = _chosen(name, data)
    made = _generate(chosen, n, seed, resolve(out), form, shard_size, master, spark_settings(spark))
    if as_json:
        print_json(made if len(chosen) > 1 else made[chosen[0].name])
        return
    rows = [_row(of) for of in made.values()]
    terminal().print(table_of("Generated", rows, list(rows[0])))
    gallery = join(out, *(["*"] if len(chosen) > 1 else []), "gallery.html")
    terminal().print(f"look at {gallery}", markup=False, soft_wrap=True)
    terminal().print(f"next: winnow run {join(out, 'recipe.yaml')}", markup=False, soft_wrap=True)


def _row(manifest: dict[str, Any]) -> dict[str, Any]:
    def told(counts: str) -> str:
        return ", ".join(f"{name or 'nothing'} {count:,}" for name, count in manifest[counts].items())

    row = {"generator": manifest["generator"], "samples": manifest["n"], "pictures": manifest["pictures"]}
    return {**row, "tasks": told("tasks"), "checked by": told("verifiers"), "digest": manifest["digest"]}


def _show(as_json: bool) -> None:
    from synth.catalogue import generators
    from synth.grounding.paste import paste_generator

    every = {**generators(), PASTE: paste_generator(())}
    if as_json:
        shown = ("name", "about", "version", "views", "cannot")
        print_json({key: {field: getattr(each, field) for field in shown} for key, each in every.items()})
        return
    screen = terminal()
    for key, each in every.items():
        views = "1 sample a picture" if each.views == 1 else f"{each.views} samples a picture"
        screen.print(Text.assemble((key, "bold"), f"  {each.about} ", (f"({views})", "dim")))
        for one in each.cannot:
            screen.print(Text(f"    not: {one}", style="dim"))
    screen.print(Text.assemble((RAW, "bold"), f"  {_RAW_ABOUT}"))


def _chosen(name: str, data: str) -> list[Generator]:
    from synth.catalogue import generators

    if name == PASTE:
        return [_paste(data)]
    if data:
        raise UsageError("`--data` is for `paste`, which is made of it")
    every = generators()
    names = list(every) if name == "all" else [part.strip() for part in name.split(",") if part.strip()]
    for one in names:
        if one not in every:
            if one == PASTE:
                raise UsageError("`paste` is made of your own data: generate it on its own, with --data")
            raise UsageError(f"there is no generator `{one}`{nearest(one, [*every, PASTE, RAW])}")
    return [every[one] for one in dict.fromkeys(names)]


def _paste(data: str) -> Generator:
    from curation.annotated import annotated
    from synth.grounding.cutouts import whole_boxes
    from synth.grounding.paste import paste_generator

    if not data:
        raise UsageError("name the folder with your annotated images with --data")
    own = annotated(resolve(data))
    if not any(map(whole_boxes, own)):
        raise UsageError(f"no labelled box in {data} lies wholly and alone in its image: there is nothing to cut out")
    return paste_generator(own)


def _order(generator: Generator, seed: int, form: Form, shard_size: int) -> Order:
    from synth.catalogue import libraries_of

    try:
        libraries = libraries_of(generator)
    except RuntimeError as error:
        raise StageError(f"{generator.name}: {error}") from None
    return Order(
        generator=generator.name,
        version=generator.version,
        seed=seed,
        form=form,
        shard_size=-(-shard_size // generator.views) * generator.views,
        libraries=libraries,
        data=generator.data,
    )


def _generate(
    chosen: list[Generator],
    n: int,
    seed: int,
    out: str,
    form: Form,
    shard_size: int,
    master: str | None,
    settings: dict[str, str],
) -> dict[str, dict[str, Any]]:
    """The manifests of what was made, by generator."""
    from curation.synthesis import recipe_text, synthesise

    orders = [_order(generator, seed, form, shard_size) for generator in chosen]  # before anything is made
    runtime = Runtime(out, make_console(), master, spark_settings=settings)
    try:
        if len(chosen) == 1:
            return {chosen[0].name: synthesise(chosen[0], n, orders[0], out, runtime)}
        found = {
            generator.name: synthesise(generator, n, order, join(out, generator.name), runtime)
            for generator, order in zip(chosen, orders, strict=True)
        }
    finally:
        runtime.stop_spark()
    write_bytes(join(out, "recipe.yaml"), recipe_text({key: (key, of) for key, of in found.items()}).encode())
    return found


def _draw_raw(out: Path, rows: int, seed: int) -> None:
    from synth.raw.folder import make_raw

    if not is_local(str(out)):
        raise UsageError("raw data is drawn into a folder of this machine")
    if rows < 30:
        raise UsageError(f"--n {rows}: raw data has at least 30 rows")
    try:
        with bar(make_console(), "drawing", rows) as progress:
            make_raw(out, rows, seed, lambda source, done, total: progress.update(done, total, source))
    except (FileExistsError, ValueError) as error:
        raise UsageError(str(error)) from None
    make_console().print(f"wrote {rows:,} rows to {out}; {out / 'planted.jsonl'} lists the planted defects")
