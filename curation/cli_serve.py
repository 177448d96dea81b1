"""Commands that give a checkpoint to others: export it as a folder that any loader reads, and serve it."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.text import Text

from curation.cli import DEFAULT_OUT, AsJson, Out, Store, app
from curation.cli_train import Base, mendable, need_training, tell
from curation.progress import console as make_console
from curation.stage import StageError, UsageError
from curation.store import store_url


@app.command()
def export(
    checkpoint: Annotated[str, typer.Argument(help="a checkpoint: full weights or an adapter; or `nano`")],
    to: Annotated[Path, typer.Option(help="a new folder")],
    adapter: Annotated[bool, typer.Option("--adapter", help="the adapter alone, not merged into its base")] = False,
    dtype: Annotated[
        Literal["bfloat16", "float32", "float16"] | None,
        typer.Option(help="number type of the weights; default: as they, or the base's, are stored"),
    ] = None,
    max_shard: Annotated[str, typer.Option(help="the largest file of weights, such as 500MB")] = "5GB",
    metrics: Annotated[
        Path | None, typer.Option(help="an evaluation's folder (`winnow eval --to`), for the card")
    ] = None,
    base: Base = None,
    out: Out = DEFAULT_OUT,
    store: Store = "",
    as_json: AsJson = False,
) -> None:
    """Write a checkpoint as a folder for others: safetensors, processor, preprocessing contract and a card.

    An adapter is merged into its base unless `--adapter` is given. Names of weights are those of the family's released
    checkpoints, so transformers and vLLM load it as it is. The card (README.md) says what it was trained on, with the
    sources' licences where OUT or `--store` holds the dataset, how well it does, and in which pixels its boxes are.

    Example: `winnow export ./checkpoints/receipts --to ./receipts-3b --dtype bfloat16 --metrics ./evaluation`
    """
    need_training()
    from curation.model_card import model_card, read_metrics
    from model.shipped import checkpoint_path
    from trainer.export import export as write

    if not re.fullmatch(r"[1-9]\d*(KB|MB|GB)", max_shard):
        raise UsageError(f"--max-shard {max_shard}: give it as 500MB or 5GB")
    measured = read_metrics(metrics) if metrics else None

    def card(contract: dict[str, Any]) -> str:
        return model_card(contract, _sources(store_url(out, store), contract), measured)

    with mendable():
        contract = write(
            checkpoint_path(checkpoint), to, card, adapter=adapter, dtype=dtype, max_shard=max_shard, base=base
        )
    tell(contract, as_json)


def _sources(store: str, contract: dict[str, Any]) -> list[dict[str, Any]] | None:
    from curation.lineage import sources_of

    dataset = contract.get("dataset")
    return sources_of(store, dataset["stage"], dataset["fingerprint"]) if dataset else None


@app.command()
def serve(
    checkpoint: Annotated[str, typer.Argument(help="an exported checkpoint, or a merged one")],
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="whom to listen to; the default is this machine alone")] = "127.0.0.1",
    engine: Annotated[
        Literal["transformers", "vllm"], typer.Option(help="`vllm` prints the command, for where vLLM is installed")
    ] = "transformers",
    show: Annotated[bool, typer.Option("--print", help="print the command and start nothing")] = False,
) -> None:
    """Serve a checkpoint by an OpenAI-compatible API, with the pixel budget and template that it was trained with.

    The folder is checked first: whole, no adapter, and its processor as its winnow.json says. `transformers serve` runs
    offline; it knows no passwords, and fetches a picture that a request gives by http address: leave it to this machine
    or put something in front of it. For many requests at once take vLLM.

    Example: `winnow serve ./receipts-3b --port 8000`; with `--engine vllm` it says what to run on the GPU machine
    """
    from curation.serve import check_servable, transformers_command, vllm_command
    from model.shipped import checkpoint_path

    folder = checkpoint_path(checkpoint)
    contract = check_servable(folder)
    if engine == "vllm":
        typer.echo(shlex.join(vllm_command(folder, contract, host, port)))
        return
    command = transformers_command(folder, host, port)
    if show:
        typer.echo(shlex.join(command))
        return
    need_training()
    if importlib.util.find_spec("fastapi") is None:
        raise StageError("serving needs the `serve` extra: pip install -c constraints.txt -e '.[train,serve]'")
    make_console().print(Text(f"http://{host}:{port}/v1 serves the model {folder}; stop with Ctrl-C"))
    os.execv(command[0], command)
