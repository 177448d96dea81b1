"""Commands about checkpoints: train on answers or preferences, evaluate, merge. Torch is loaded only when one runs."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.text import Text

from curation.cli import DEFAULT_OUT, AsJson, Out, Store, app, print_json, terminal, train_app
from curation.cli_preview import DryRun, Picture, To, logs_of, needed, show
from curation.contract.training import DpoSettings, EvalSettings, TrainSettings
from curation.progress import bar
from curation.progress import console as make_console
from curation.stage import StageError
from curation.store import store_url

Dataset = Annotated[str, typer.Option("--data", help="a rendered dataset (tables/render/...); default: OUT's last run")]
Pairs = Annotated[
    str, typer.Option("--data", help="a rendered preference dataset (tables/render_dpo/...); default: OUT's last run")
]
Policy = Annotated[
    Literal["llm", "llm+merger", "merger", "all"], typer.Option(help="what may train; the ViT only with `all`")
]
Method = Annotated[Literal["lora", "qlora", "full"], typer.Option(help="`qlora`: a 4-bit base, on a CUDA GPU")]
MaxSteps = Annotated[int, typer.Option(help="so many steps; -1: by epochs")]
PackTokens = Annotated[int, typer.Option(help="tokens of a pack at most: what fits in memory")]
BatchSize = Annotated[int | None, typer.Option(help="samples of a pack at most; default: as many as fit")]
Attention = Annotated[
    Literal["auto", "sdpa", "varlen", "flash_attention_2", "eager"],
    typer.Option(help="`auto`: varlen on a CUDA GPU, else sdpa"),
]
PartRate = Annotated[float | None, typer.Option(help="default: the learning rate")]
SaveEvery = Annotated[int, typer.Option(help="steps between checkpoints to go on from; 0: none")]
Workers = Annotated[int, typer.Option(help="processes that prepare packs")]
Checkpointing = Annotated[
    bool | None, typer.Option(help="compute activations twice, to save memory; default: on a GPU", show_default=False)
]
LogTo = Annotated[
    Literal["tensorboard", "trackio", "wandb", "none"], typer.Option(help="where to log beside metrics.jsonl")
]
Base = Annotated[Path | None, typer.Option("--base", help="an adapter's base, where it is not where it was")]


@train_app.command()
def sft(
    to: To = None,
    data: Dataset = "",
    out: Out = DEFAULT_OUT,
    store: Store = "",
    model: Annotated[str, typer.Option(help="`nano`, or a local checkpoint folder of the dataset's family")] = "nano",
    method: Method = "lora",
    policy: Policy = "llm",
    learning_rate: float = 1e-4,
    epochs: float = 1.0,
    max_steps: MaxSteps = -1,
    pack_tokens: PackTokens = 4096,
    batch_size: BatchSize = None,
    accumulation: int = 1,
    lora_rank: int = 16,
    lora_alpha: int = 32,
    max_length: int | None = None,
    attention: Attention = "auto",
    merger_learning_rate: PartRate = None,
    vit_learning_rate: PartRate = None,
    save_every: SaveEvery = 200,
    evaluate_every: Annotated[int, typer.Option(help="steps between measurements on test rows; 0: none")] = 0,
    evaluate_rows: Annotated[int, typer.Option(help="test rows of each task that are measured")] = 16,
    workers: Workers = 0,
    checkpointing: Checkpointing = None,
    log_to: LogTo = "tensorboard",
    seed: int = 17,
    dry_run: DryRun = False,
    picture: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Supervised fine-tuning: the loss is on the assistant's tokens, the ViT stays frozen.

    Example: `winnow train sft --out ./work --model ./Qwen2.5-VL-3B --to ./checkpoints/receipts`, and before it with
    `--dry-run --picture packs.svg`
    """
    need_training()
    from trainer.sft import train_sft

    settings = TrainSettings(
            model=model, method=method, policy=policy, learning_rate=learning_rate, epochs=epochs, max_steps=max_steps,
            pack_tokens=pack_tokens, batch_size=batch_size, accumulation=accumulation, lora_rank=lora_rank,
            lora_alpha=lora_alpha, max_length=max_length, attention=attention,
            merger_learning_rate=merger_learning_rate, vit_learning_rate=vit_learning_rate, save_every=save_every,
            evaluate_every=evaluate_every, evaluate_rows=evaluate_rows,
            workers=workers, checkpointing=checkpointing, log_to=logs_of(log_to), seed=seed,
        )  # fmt: skip
    if dry_run:
        from trainer.preview import preview_sft

        with mendable():
            show(preview_sft(dataset_of("render", data, out, store), settings), as_json, picture)
        return
    target = needed(to)
    with mendable(), bar(make_console(), "training", unit="steps") as progress:
        summary = train_sft(
            dataset_of("render", data, out, store),
            settings,
            target,
            lambda step, total, loss: progress.update(step, total, f"loss {loss:.3f}"),
        )
    tell(summary, as_json)


@train_app.command()
def dpo(
    model: Annotated[
        Path, typer.Option(help="the checkpoint to start from, which stays the reference: full or merged")
    ],
    to: To = None,
    data: Pairs = "",
    out: Out = DEFAULT_OUT,
    store: Store = "",
    method: Method = "lora",
    policy: Policy = "llm",
    learning_rate: float = 5e-6,
    beta: Annotated[float, typer.Option(help="how hard it is to move away from the reference")] = 0.1,
    loss: Literal["sigmoid", "ipo", "mpo"] = "sigmoid",
    epochs: float = 1.0,
    max_steps: MaxSteps = -1,
    length_normalised: Annotated[bool, typer.Option(help="go by means over an answer's tokens, not by sums")] = False,
    pack_tokens: PackTokens = 4096,
    batch_size: BatchSize = None,
    accumulation: int = 1,
    lora_rank: int = 16,
    lora_alpha: int = 32,
    max_length: int | None = None,
    attention: Attention = "auto",
    save_every: SaveEvery = 200,
    workers: Workers = 0,
    checkpointing: Checkpointing = None,
    log_to: LogTo = "tensorboard",
    seed: int = 17,
    dry_run: DryRun = False,
    picture: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Direct preference optimisation: chosen answers become likelier than rejected ones, the ViT stays frozen.

    Example: `winnow train dpo --out ./work --model ./checkpoints/receipts-merged --to ./checkpoints/receipts-dpo`
    """
    need_training()
    from trainer.dpo import train_dpo

    settings = DpoSettings(
            method=method, policy=policy, learning_rate=learning_rate, beta=beta, loss=loss,
            length_normalised=length_normalised, epochs=epochs, max_steps=max_steps, pack_tokens=pack_tokens,
            batch_size=batch_size, accumulation=accumulation, lora_rank=lora_rank, lora_alpha=lora_alpha,
            max_length=max_length, attention=attention, save_every=save_every, workers=workers,
            checkpointing=checkpointing, log_to=logs_of(log_to), seed=seed,
        )  # fmt: skip
    if dry_run:
        from trainer.preview import preview_dpo

        with mendable():
            show(preview_dpo(dataset_of("render_dpo", data, out, store), settings, model), as_json, picture)
        return
    target = needed(to)
    with mendable(), bar(make_console(), "training", unit="steps") as progress:
        summary = train_dpo(
            dataset_of("render_dpo", data, out, store),
            settings,
            model,
            target,
            lambda step, total, loss: progress.update(step, total, f"loss {loss:.3f}"),
        )
    tell(summary, as_json)


@train_app.command()
def nano(
    to: Annotated[Path, typer.Option(help="folder of the new checkpoint")],
    steps: Annotated[int, typer.Option(min=1, help="the shipped one took the default")] = 8000,
    seeing_steps: Annotated[int, typer.Option(min=1, help="before them, of the vision tower alone")] = 1000,
    judging_steps: Annotated[int, typer.Option(min=1, help="after them, on whether answers are right")] = 4000,
    seed: int = 17,
    questions: Annotated[int, typer.Option(min=1, help="held-out questions of each skill in the examination")] = 200,
    as_json: AsJson = False,
) -> None:
    """Teach a nano from scratch: what is where, how many, which number, which button, and whether an answer is right.

    Writes a checkpoint in bfloat16 with a card (README.md) that says what it was taught and what it knows. On a CPU one
    core trains and another one draws (set OMP_NUM_THREADS=1 on a busy machine); a GPU is used where there is one.

    Example: `OMP_NUM_THREADS=1 winnow train nano --to ./nano`, then `train: {model: ./nano}` in a recipe
    """
    need_training()
    from curation.nano import make_nano

    with mendable(), bar(make_console(), "nano", unit="steps") as progress:
        card = make_nano(to.resolve(), steps, seeing_steps, judging_steps, seed, questions, progress.update)
    tell(card, as_json)


@app.command("eval")
def evaluate(
    checkpoint: Annotated[str, typer.Argument(help="a checkpoint: full weights, adapter or merged; or `nano`")],
    to: Annotated[Path, typer.Option(help="folder for the metrics and every prediction")],
    data: Dataset = "",
    out: Out = DEFAULT_OUT,
    store: Store = "",
    base: Base = None,
    pairs: Annotated[str, typer.Option(help="a rendered preference dataset: also which answers are preferred")] = "",
    split: Literal["test", "train"] = "test",
    max_rows: Annotated[int | None, typer.Option(help="rows per task, chosen by hash")] = None,
    max_new_tokens: int = 128,
    batch_size: int = 8,
    boxes: Annotated[int, typer.Option(min=0, help="pictures of predicted boxes beside the true ones")] = 12,
    as_json: AsJson = False,
) -> None:
    """Metrics on a held-out split, by task and by source, with 95 % intervals, every prediction, and pictures of boxes.

    Each row is measured as its verifier asks: exact match, ANLS, CER and WER, relaxed numbers, fields, TEDS, Acc@0.5
    and mIoU (`iou`), F1 of boxes, click accuracy, action match; and all by their loss. `winnow compare` lays several
    evaluations beside each other.

    Example: `winnow eval ./checkpoints/receipts --out ./work --to ./evaluation`
    """
    need_training()
    from model.shipped import checkpoint_path
    from trainer.evaluate import evaluate as judge

    settings = EvalSettings(max_rows=max_rows, max_new_tokens=max_new_tokens, batch_size=batch_size)
    dataset = dataset_of("render", data, out, store)
    with mendable(), bar(make_console(), "evaluating") as progress:
        folder = str(checkpoint_path(checkpoint))
        result = judge(dataset, folder, settings, str(to), split, progress.update, base, pairs or None)
    if boxes:
        from curation.report.boxes import draw_boxes

        draw_boxes(to, dataset, boxes)
    tell(result, as_json)


@app.command()
def merge(
    checkpoint: Annotated[Path, typer.Argument(help="a checkpoint with an adapter")],
    to: Annotated[Path, typer.Option(help="folder of the merged checkpoint")],
    base: Base = None,
    as_json: AsJson = False,
) -> None:
    """Merge an adapter into its base, with the preprocessing contract beside the weights.

    Example: `winnow merge ./checkpoints/receipts --to ./checkpoints/receipts-merged`
    """
    need_training()
    from trainer.merge import merge as merge_adapter

    with mendable():
        tell(merge_adapter(str(checkpoint), str(to), base), as_json)


def need_training() -> None:
    if importlib.util.find_spec("trl") is None:
        raise StageError("training needs the `train` extra: pip install -c constraints.txt -e '.[train]'")


def dataset_of(stage: str, data: str, out: Path, store: str) -> str:
    """The dataset that was named, else the one of the last run."""
    from curation.ledger import Ledger

    return data or Ledger.of(store_url(out, store)).need(stage)


@contextmanager
def mendable() -> Iterator[None]:
    """Errors of the trainer's own, whose messages say what to do, without a traceback."""
    from model.attention import AttentionError
    from model.inputs import DataError
    from model.load import CheckpointError
    from model.policy import PolicyError
    from trainer.logs import LogError

    try:
        yield
    except (AttentionError, CheckpointError, DataError, FileExistsError, LogError, PolicyError) as error:
        raise StageError(str(error)) from None


def tell(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    screen = terminal()
    for name, value in result.items():
        if isinstance(value, int | float | str):
            screen.print(Text(f"{name:<28} {value:.4f}" if isinstance(value, float) else f"{name:<28} {value}"))
    for curve, name in (("losses", "loss"), ("margins", "reward margin"), ("accuracies", "reward accuracy")):
        if values := result.get(curve):
            screen.print(f"{name:<28} {values[0]:.4f} at the first step, {values[-1]:.4f} at the last")
    for name, found in (result.get("held_out") or {}).items():
        if found["pairs"]:
            accuracy, error = found["accuracy"], found["expected_calibration_error"]
            told = f"accuracy {accuracy:.4f}, calibration error {error:.4f}, of {found['pairs']:,} held-out pairs"
            screen.print(Text(f"{name:<28} {told}"))
    if left_out := result.get("left_out"):
        some = ", ".join(left_out[:3]) + (", ..." if len(left_out) > 3 else "")
        screen.print(Text(f"{'left out, too long':<28} {len(left_out):,}: {some}"))
