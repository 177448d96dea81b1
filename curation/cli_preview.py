"""What `--dry-run` of a training shows: counts, memory, and a picture of packs; and options of trainings with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from curation.cli import print_json, terminal
from curation.progress import console as make_console
from curation.stage import UsageError

To = Annotated[Path | None, typer.Option(help="folder of the new checkpoint; needed but for --dry-run")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="show what would be done: steps, packs, tokens, memory")]
Picture = Annotated[Path | None, typer.Option(help="with --dry-run: draw some packs, as .svg or .png")]

_MEMORY = {
    "weights": "weights",
    "casts": "weights in bfloat16, where they are float32",
    "gradients": "gradients",
    "optimiser": "Adam's moments",
    "vision": "activations of the vision tower",
    "logits": "logits and their slopes",
    "activations_checkpointed": "activations with checkpointing, or",
    "activations": "activations without",
    "total_checkpointed": "in all with checkpointing, or",
    "total": "in all without",
}


def needed(to: Path | None) -> str:
    """The folder to write to. Raises `UsageError` where none was named."""
    if to is None:
        raise UsageError("name the folder of the new checkpoint with --to, or look first with --dry-run")
    return str(to)


def logs_of(name: str) -> Any:
    """The setting `log_to` for a name: the default is TensorBoard only where it is installed."""
    return {"tensorboard": None, "none": ()}.get(name, (name,))


def show(found: dict[str, Any], as_json: bool, picture: Path | None) -> None:
    """A preview as JSON or as tables, and its packs as a picture. Raises `UsageError` for a kind of picture that is
    not drawn."""
    if picture and picture.suffix not in (".svg", ".png"):
        raise UsageError(f"{picture}: a picture of packs is an .svg or a .png")
    if as_json:
        print_json(found)
    else:
        screen = terminal()
        for name, value in _counts(found):
            screen.print(Text(f"{name:<28} {value}"))
        screen.print(_parameters(found["parameters"]))
        screen.print(_memory(found["memory"]))
        screen.print("In bfloat16; CUDA itself takes about 1,000 MB more.")
    if picture:
        from curation.report.packing import draw_packs

        draw_packs(found["shown"], found["pack_tokens"], picture)
        make_console().print(f"wrote {picture}")


def _counts(found: dict[str, Any]) -> list[tuple[str, str]]:
    left_out = [(f"left out, {why}", _some(row_ids)) for why, row_ids in found["left_out"].items() if row_ids]
    return [
        ("steps", f"{found['steps']:,}"),
        ("packs", f"{found['packs']:,} of {found['pack_tokens']:,} tokens, {found['unfilled']:.1%} of them unfilled"),
        ("samples", f"{found['samples']:,}"),
        ("tokens", f"{found['tokens']:,}, {found['image_tokens']:,} of them images'"),
        ("images", f"{found['images']:,}, {found['distinct_images']:,} of them distinct"),
        *left_out,
    ]


def _some(row_ids: list[str]) -> str:
    return f"{len(row_ids):,}: {', '.join(row_ids[:3])}" + (", ..." if len(row_ids) > 3 else "")


def _parameters(parts: dict[str, dict[str, int]]) -> Table:
    table = _table("Parameters", "part", "all", "trained")
    for name, told in parts.items():
        table.add_row(name, f"{told['all']:,}", f"{told['trained']:,}")
    return table


def _memory(told: dict[str, int]) -> Table:
    table = _table("Memory of one GPU, reckoned", "for", "MB")
    for name, words in _MEMORY.items():
        table.add_row(words, f"{told[name] / 1e6:,.0f}")
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table
