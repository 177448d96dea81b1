"""What packing, kept image features, a kept reference and a shared prompt are worth: nano on a CPU, on the real mix,
beside TRL's plain way with images, SFT and DPO, all in one run.

python -m tests.benchmarks.training --json
python -m tests.benchmarks.training --rows 400 --cache /tmp/mix --json
python -m tests.benchmarks.training --cache /tmp/mix --peer ms-swift --peer llamafactory --json

Every training is a process of its own. Useful tokens are those of the rows, images included, without padding: both ways
train on the same ones, and a pair's are those of two rows. Seconds count all from the loaded libraries to the end: the
plan, the look at all images, the reference, the steps.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curation.contract.dataset import RenderedRow
from curation.contract.training import TrainSettings
from model.encode import encode
from model.load import load_checkpoint
from model.shipped import checkpoint_path
from tests.benchmarks import peers_training
from tests.benchmarks.cpu import run_tree
from tests.benchmarks.real_mix import DATA, ROOT, rendered, repeated, some_rows, write_pairs, write_rows
from trainer.data import open_dataset, open_pairs, pair_counts, token_counts
from trainer.plan import Length, make_plan
from trainer.start import patches_of

_CHILD = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.training_child"]
_PLANNED = 10_000
EPOCHS = 3
PACK = 4096
# A pack of pairs holds the longest pair, two rows of up to 4,096 tokens: no way trains on less than another.
COMMON: dict[str, Any] = {"learning_rate": 1e-4, "save_every": 0}
PAIRED: dict[str, Any] = {**COMMON, "pack_tokens": 2 * PACK}
SFT: dict[str, dict[str, Any]] = {  # what is added, one after the other
    "one_row_a_pack": {"batch_size": 1, "accumulation": 4, "cache_gb": 0},
    "packed": {"cache_gb": 0},
    "packed_cached": {},
}
DPO: dict[str, dict[str, Any]] = {
    "reference_kept": {"cache_gb": 0, "sharing": False},
    "and_cached": {"sharing": False},
    "and_prompt_shared": {},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=240, help="rows that are trained on, half as many pairs")
    parser.add_argument("--data", type=Path, default=DATA, help="the real sets' folder")
    parser.add_argument("--cache", type=Path, help="where the rendered mix stays")
    parser.add_argument(
        "--peer", choices=list(peers_training.PEERS), action="append", default=[], help="beside this one as well"
    )
    parser.add_argument("--json", action="store_true", help="the last line is one object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        cache = (asked.cache or Path(scratch)).absolute()
        result = measure(cache, asked.data, asked.rows, asked.peer, Path(scratch) / "peers")
    for name, value in result.items():
        print(f"{name:<14} {json.dumps(value)}")
    if asked.json:
        print(json.dumps(result))


def measure(folder: Path, data: Path, count: int, peers: Sequence[str], scratch: Path) -> dict[str, Any]:
    mix = rendered(folder, data)
    rows = _fitting(mix, some_rows(mix, count))
    table = write_rows(mix, f"rows-{count}", rows)
    pairs = write_pairs(mix, f"pairs-{count}", rows[: count // 2])
    plan = plan_of(mix)
    sft = {name: _run("sft", table, {**COMMON, "epochs": EPOCHS, **more}) for name, more in SFT.items()}
    plain = _run("plain_sft", table, {**COMMON, "epochs": EPOCHS})
    dpo = {name: _run("dpo", pairs, {**PAIRED, **more}) for name, more in DPO.items()}
    plain_dpo = _run("plain_dpo", pairs, PAIRED)
    told = peers_training.measure(peers, table, folder, scratch, EPOCHS, COMMON["learning_rate"])
    tokens = EPOCHS * useful_tokens(table)
    result = {
        "sft": _compared(tokens, sft, plain),
        "dpo": _compared(useful_pair_tokens(pairs), dpo, plain_dpo),
        "padding_share": plan["unfilled"],
        "vit_calls": {
            "sft_epoch2": sft["packed_cached"]["tower_images_in_second_half"],
            "dpo": dpo["and_prompt_shared"]["tower_images_in_steps"],
        },
        "plan_10k_s": plan_seconds(mix, rows),
        "plan": plan,
    }
    seconds = sft["packed_cached"]["seconds"]
    beside = {name: peers_training.compared(each, tokens, seconds) for name, each in told.items()}
    return {**result, "peers": beside} if peers else result


def _fitting(mix: str, rows: list[RenderedRow]) -> list[RenderedRow]:
    """Those that a pack holds."""
    tokenizer = load_checkpoint(checkpoint_path("nano")).processor.tokenizer
    return [row for row in rows if len(encode(row, tokenizer).ids) <= PACK]


def _compared(tokens: int, ours: dict[str, dict[str, Any]], plain: dict[str, Any]) -> dict[str, Any]:
    best = list(ours.values())[-1]
    return {
        "useful_tokens": tokens,
        "useful_tokens_per_s": round(tokens / best["seconds"], 1),
        "plain_tokens_per_s": round(tokens / plain["seconds"], 1),
        "ratio": round(plain["seconds"] / best["seconds"], 2),
        "cpu_ratio": round(plain["cpu_s"] / best["cpu_s"], 2),
        "ratios": {name: round(plain["seconds"] / run["seconds"], 2) for name, run in ours.items()},
        "runs": {**ours, "plain": plain},
    }


def _run(way: str, table: str, settings: dict[str, Any]) -> dict[str, Any]:
    # What an earlier run kept would be a gift to this one.
    shutil.rmtree(Path(table).parents[2] / "features", ignore_errors=True)
    used = run_tree([*_CHILD, way, table, json.dumps(settings)], ROOT)
    told: dict[str, Any] = json.loads(used.output.splitlines()[-1])
    told |= {"cpu_s": round(used.cpu, 1), "peak_gb": round(used.peak / 1e9, 2)}
    print(f"{way} {settings}: {told}")
    return told


def useful_tokens(table: str) -> int:
    return sum(token_counts(open_dataset(table, "train"), load_checkpoint(checkpoint_path("nano")).processor.tokenizer))


def useful_pair_tokens(table: str) -> int:
    """Those of both rows of each pair, as every way must score them."""
    tokenizer = load_checkpoint(checkpoint_path("nano")).processor.tokenizer
    return sum(pair_counts(open_pairs(table, "train"), tokenizer, sharing=False))


def plan_of(mix: str) -> dict[str, Any]:
    """The plan of one epoch of the whole mix in packs of 4,096 tokens."""
    loaded = load_checkpoint(checkpoint_path("nano"))
    data = open_dataset(mix, "train")
    counts = token_counts(data, loaded.processor.tokenizer)
    rows = [
        Length(count, patches_of(row, loaded.family.patch_size)) for row, count in zip(data.rows, counts, strict=True)
    ]
    fitting = [length for length in rows if length.tokens <= PACK]
    plan = make_plan(fitting, TrainSettings(pack_tokens=PACK), mix)
    tokens = sum(length.tokens for length in fitting)
    return {
        "rows": len(fitting),
        "left_out": len(rows) - len(fitting),
        "tokens": tokens,
        "longest": max(length.tokens for length in fitting),
        "packs": len(plan.packs),
        "unfilled": round(plan.unfilled, 4),
        "padded_in_batches_of_4": round(1 - tokens / _padded([length.tokens for length in fitting], 4), 4),
    }


def _padded(lengths: list[int], size: int) -> int:
    """Tokens with padding of batches in the order of the rows."""
    batches = [lengths[start : start + size] for start in range(0, len(lengths), size)]
    return sum(max(batch) * len(batch) for batch in batches)


def plan_seconds(mix: str, rows: Any) -> float:
    """Seconds from a rendered table of 10,000 rows to a plan."""
    table = write_rows(mix, f"rows-{_PLANNED}", repeated(rows, _PLANNED))
    tokenizer = load_checkpoint(checkpoint_path("nano")).processor.tokenizer
    started = time.monotonic()
    counts = token_counts(open_dataset(table, "train"), tokenizer)
    make_plan([Length(min(count, PACK)) for count in counts], TrainSettings(), table)
    return round(time.monotonic() - started, 2)


if __name__ == "__main__":
    main()
