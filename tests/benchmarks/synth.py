"""How fast samples are generated, whether their answers are true, how much they repeat, what a model learns of them.

python -m tests.benchmarks.synth --json --n 1000
python -m tests.benchmarks.synth --only documents,charts --alike-n 2000
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from curation.cli_synth import PASTE
from synth.catalogue import generators
from tests.benchmarks.synth_alike import distinct_trigrams, near_share, repeated
from tests.benchmarks.synth_work import Worked, measured, work

ROOT = Path(__file__).parents[2]
NANO = 200  # questions of each skill at most: eight samples of each take the model some seconds
PARTS = ("rates", "pictures_per_s", "cpu_s_per_sample", "truth", "alike", "near", "diversity")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1000, help="samples of each generator that are timed and checked")
    parser.add_argument("--alike-n", type=int, default=10_000, help="samples in which repeats are looked for")
    parser.add_argument("--only", default="", help="these generators alone, with commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes, each of which opens the generator")
    parser.add_argument("--no-nano", action="store_true", help="leave the model out")
    parser.add_argument("--measure", metavar="NAME", help="one generator, in this process; what the others start")
    parser.add_argument("--json", action="store_true", help="the last line is one object")
    parser.add_argument("--out", type=Path, help="write the object to this file as well")
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(measure(asked.measure, asked.n, asked.alike_n, asked.seed, asked.jobs)))
        return
    known = [*generators(), PASTE]
    names = asked.only.split(",") if asked.only else known
    if unknown := [name for name in names if name not in known]:
        parser.error(f"there is no generator {unknown[0]}; there are {', '.join(known)}")
    started = time.monotonic()
    result: dict[str, Any] = {part: {} for part in PARTS} | {"examples": {}, "errors": {}}
    for name in names:
        told = _alone(name, sys.argv[1:])
        if "error" in told:
            result["errors"][name] = told["error"]
        for part in (*PARTS, "examples"):
            if part in told:
                result[part][name] = told[part]
        print(f"{name}: done after {time.monotonic() - started:.0f} s", file=sys.stderr)
    result["nano"], result["pass_at"] = ({}, {}) if asked.no_nano else nano(min(asked.n, NANO))
    result["seconds"] = round(time.monotonic() - started, 1)
    if asked.out:
        asked.out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(result, Console() if sys.stdout.isatty() else Console(width=150))
    if asked.json:
        print(json.dumps(result))


def _alone(name: str, options: list[str]) -> dict[str, Any]:
    """A generator measured in a process of its own: what breaks there costs its figures alone."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.synth", *options, "--measure", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": done.stderr.strip()[-800:] or f"ended with {done.returncode}"}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def measure(name: str, n: int, alike_n: int, seed: int, jobs: int) -> dict[str, Any]:
    """All figures of one generator. The processes take its pictures in turn."""
    views = measured(name)[0].views
    timed, looked = -(-n // views), -(-max(n, alike_n) // views)
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = [
            pool.submit(work, name, seed, range(job, timed, jobs), range(timed + job, looked, jobs))
            for job in range(jobs)
        ]
        done = [each.result() for each in waiting]
    return figures(done, n, jobs)


def figures(done: list[Worked], n: int, jobs: int = 1) -> dict[str, Any]:
    samples, messages = sum(each.samples for each in done), [message for each in done for message in each.messages]
    keys = [key for each in done for key in each.keys]
    shown = [shown for each in done for shown in each.shown]
    truth = {"checked": sum(each.checked for each in done), "wrong": sum(each.wrong for each in done)}
    return {
        "rates": round(sum(each.samples / each.seconds for each in done), 2),
        "pictures_per_s": round(sum(each.pictures / each.seconds for each in done), 2),
        "cpu_s_per_sample": round(sum(each.cpu for each in done) / max(1, samples), 6),
        "truth": truth,
        "alike": repeated(keys),
        "near": round(near_share(shown, jobs), 4),
        "diversity": round(distinct_trigrams([text for each in shown for text in each.texts][:n]), 4),
        "examples": messages[:5] + sorted({each.untold for each in done if each.untold}),
    }


def nano(n: int) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """What nano answers to each task's samples, and how often one of 1 or 8 answers is right."""
    try:
        from tests.benchmarks.synth_nano import measure as of_nano
    except ModuleNotFoundError as error:
        print(f"nano is left out: {error}", file=sys.stderr)
        return {}, {}
    value, pass_at = of_nano(n)
    return dict(value), dict(pass_at)


def show(result: dict[str, Any], console: Console) -> None:
    headings = ("generator", "samples/s", "pictures/s", "CPU s", "checked", "wrong", "alike", "near", "3-grams")
    table = Table(*headings, title="Generated samples")
    for name in result["rates"]:
        truth = result["truth"][name]
        cells = [result[part][name] for part in ("rates", "pictures_per_s", "cpu_s_per_sample")]
        cells += [truth["checked"], truth["wrong"], *(result[part][name] for part in ("alike", "near", "diversity"))]
        table.add_row(name, *(f"{cell:,}" for cell in cells))
    console.print(table)
    for name, messages in result["examples"].items():
        for message in messages:
            console.print(f"{name}: {message}", markup=False, style="red")
    for name, error in result["errors"].items():
        console.print(f"{name} broke off: {error}", markup=False, style="red")
    for task, value in result["nano"].items():
        console.print(f"nano on {task}: {value:.3f}, {result['pass_at'].get(task, {})}", markup=False)


if __name__ == "__main__":
    main()
