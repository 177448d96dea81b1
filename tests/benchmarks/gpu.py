"""One script for a single GPU, of ten minutes at most: whether each attention back-end is right, and what packing, kept
image features, a kept reference and a shared prompt are worth in the shapes of Qwen2.5-VL-3B and -7B.

python -m tests.benchmarks.gpu --json --out tests/benchmarks/results/gpu-h100.json
python -m tests.benchmarks.gpu --smoke --json

Weights and rows are random, so nothing has to be on the machine. What matters most comes first; what there is no time
for is named under `skipped`. Each group of parts is a process of its own, so that one that the GPU does not survive
takes no other with it, and `--out` is written after every part. `--smoke` runs the same code on a CPU with few numbers.
"""

from __future__ import annotations

import argparse
import functools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model.attention import Backend
    from tests.benchmarks.gpu_shapes import Shape
    from tests.benchmarks.gpu_speed import Bench

ROOT = Path(__file__).parents[2]
GROUPS = ("correctness", "3b", "7b", "3b_more", "7b_more", "3b_full")  # by importance
_MARK = "@part "  # before what a group tells, among what libraries print
_GRACE = 45  # seconds for a part that has begun
_RATIOS = {  # of useful tokens a second
    "packed_cached_over_plain": (("packed_varlen_cached", "packed_sdpa_cached"), "plain"),
    "packed_cached_over_plain_no_checkpointing": (
        ("packed_varlen_cached_no_checkpointing", "packed_sdpa_cached_no_checkpointing"),
        "plain_no_checkpointing",
    ),
    "packed_tower_over_plain": (("packed_varlen_tower", "packed_sdpa_tower"), "plain"),
    "cached_over_tower": (("packed_varlen_cached",), "packed_varlen_tower"),
    "varlen_over_sdpa": (("packed_varlen_cached",), "packed_sdpa_cached"),
    "dpo_over_plain": (("dpo_shared_cached",), "dpo_plain"),
}
Part = tuple[tuple[str, ...], Callable[[], dict[str, Any]]]  # where it stands in the result, and what finds it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="the last line is one object")
    parser.add_argument("--out", type=Path, help="a file for the same object")
    parser.add_argument("--minutes", type=float, default=10.0, help="for all of it")
    parser.add_argument("--smoke", action="store_true", help="on the CPU, with few numbers: does it run?")
    parser.add_argument("--groups", help=argparse.SUPPRESS)  # what a process of its own is asked for
    asked = parser.parse_args()
    if asked.groups:
        run_groups(asked.groups.split(","), asked.minutes * 60, asked.smoke)
        return
    result = measure(asked.minutes, asked.smoke, asked.out)
    if asked.json:
        print(json.dumps(result))
    if "device" not in result:
        raise SystemExit(1)


def measure(minutes: float, smoke: bool, out: Path | None) -> dict[str, Any]:
    started = time.monotonic()
    # The part that is at work when time is up still has to end.
    until = started + max(30.0, minutes * 60 - _GRACE)
    result: dict[str, Any] = {"correctness": {}, "throughput": {}, "ratios": {}, "skipped": [], "failed": []}
    for groups in [GROUPS] if smoke else [(group,) for group in GROUPS]:
        left = until - time.monotonic()
        if left <= 0 or (result["failed"] and "device" not in result):  # no time, or no GPU
            result["skipped"] += groups
            continue
        for at, found in _told_by(groups, left, smoke):
            _put(result, at, found)
            result["ratios"] = ratios(result["throughput"])
            result["seconds"] = round(time.monotonic() - started, 1)
            print(f"{'/'.join(at):<60} {json.dumps(found)}", flush=True)
            _write(result, out)
    result["seconds"] = round(time.monotonic() - started, 1)
    _write(result, out)
    return result


def _told_by(groups: Sequence[str], seconds: float, smoke: bool) -> Iterator[tuple[list[str], Any]]:
    """What a process of its own finds, part by part; also that it broke off."""
    command = [sys.executable, "-W", "ignore", "-u", "-m", "tests.benchmarks.gpu", "--groups", ",".join(groups)]
    command += ["--minutes", str(seconds / 60), *(["--smoke"] if smoke else [])]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        watch = threading.Timer(seconds + _GRACE, process.kill)
        watch.daemon = True
        watch.start()
        assert process.stdout
        for line in process.stdout:
            if line.startswith(_MARK):
                at, found = json.loads(line.removeprefix(_MARK))
                yield at, found
            else:
                print(line, end="", flush=True)
        code = process.wait()
        watch.cancel()
    if code:
        yield ["failed"], f"{','.join(groups)}: the process ended with {code}"


def _put(result: dict[str, Any], at: Sequence[str], found: Any) -> None:
    *path, last = at
    place = result
    for name in path:
        place = place.setdefault(name, {})
    if isinstance(place.get(last), list):
        place[last].append(found)
    else:
        place[last] = found


def _write(result: dict[str, Any], out: Path | None) -> None:
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def ratios(throughput: dict[str, dict[str, Any]]) -> dict[str, dict[str, float]]:
    """How many times the tokens a second of another variant, by shape."""
    found: dict[str, dict[str, float]] = {}
    for name, (ours, plain) in _RATIOS.items():
        for shape, variants in throughput.items():
            rates = [variants.get(one, {}).get("tokens_per_s") for one in ours]
            best, other = next((rate for rate in rates if rate), None), variants.get(plain, {}).get("tokens_per_s")
            if best and other:
                found.setdefault(name, {})[shape] = round(best / other, 2)
    return found


def run_groups(groups: Sequence[str], seconds: float, smoke: bool) -> None:
    """What the process of a group does: its parts one after the other, each told as soon as it is found."""
    until = time.monotonic() + seconds
    import trainer  # noqa: F401  it sets up the libraries, and comes before any of them

    device, alive = _device(smoke), True
    for group in groups:
        for at, part in _parts(group, device, smoke):
            if not alive or time.monotonic() > until:
                _tell(["skipped"], "/".join(at))
                continue
            _tell(at, _tried(part))
            alive = _cleared(device)


def _tried(part: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the part finds, or why it finds nothing: whatever one meets, the others go on."""
    from model.attention import AttentionError

    try:
        return part()
    except AttentionError as error:
        return {"skipped": str(error)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:600]}


def _cleared(device: str) -> bool:
    """Give memory back. Whether the device still answers: it does not after an illegal access."""
    from tests.benchmarks.gpu_measure import free

    try:
        free(device)
    except Exception as error:
        _tell(["failed"], f"{type(error).__name__}: {error}"[:600])
        return False
    return True


def _tell(at: Sequence[str], found: Any) -> None:
    print(_MARK + json.dumps([list(at), found]), flush=True)


def _device(smoke: bool) -> str:
    """Raises SystemExit where there is no GPU; tells what there is."""
    import torch
    import transformers

    if not smoke and not torch.cuda.is_available():
        raise SystemExit("no CUDA GPU here; `--smoke` runs on a CPU")
    device = "cpu" if smoke else "cuda"
    if smoke:
        torch.set_num_threads(1)
    _tell(["device"], "cpu" if smoke else torch.cuda.get_device_name())
    _tell(["torch"], torch.__version__)
    _tell(["transformers"], transformers.__version__)
    if not smoke:
        _tell(["memory_gb"], round(torch.cuda.get_device_properties(0).total_memory / 1e9, 1))
    return device


def _parts(group: str, device: str, smoke: bool) -> Iterator[Part]:
    if group == "correctness":
        from tests.benchmarks.gpu_exact import check
        from tests.model.families import NAMES

        for name in NAMES:
            yield (group, name), functools.partial(check, name, device)
        return
    from tests.benchmarks.gpu_shapes import FULL, SMALL

    _tell(["rows"], str(SMALL if smoke else FULL))
    shape, _, what = group.partition("_")
    yield from _speed("3b" if shape == "3b" else "7b", what, device, smoke)


def _speed(shape: Shape, what: str, device: str, smoke: bool) -> Iterator[Part]:
    """Variants by importance. The model is made by the first and shared, and goes with the last."""
    from tests.benchmarks.gpu_measure import best_backend
    from tests.benchmarks.gpu_speed import Bench

    if what == "full":
        yield from _full(shape, device, smoke)
        return
    bench, best = functools.cache(lambda: Bench(shape, device, smoke)), best_backend(device)
    variants: dict[str, Callable[[], dict[str, Any]]] = {
        "packed_varlen_cached": lambda: bench().packed("varlen"),
        "plain": lambda: bench().plain(),
        "packed_varlen_tower": lambda: bench().packed("varlen", cached=False),
        "dpo_shared_cached": lambda: bench().pairs(best),
        "dpo_plain": lambda: bench().plain_pairs(),
        "packed_sdpa_cached": lambda: bench().packed("sdpa"),
    }
    if what == "more":
        variants = {  # as little is computed once more, they need several times the memory
            "packed_varlen_cached_no_checkpointing": lambda: bench().packed("varlen", checkpointing=False),
            "plain_no_checkpointing": lambda: bench().plain(checkpointing=False),
            "packed_sdpa_tower": lambda: bench().packed("sdpa", cached=False),
            "packed_sdpa_cached_no_checkpointing": lambda: bench().packed("sdpa", checkpointing=False),
        }
    for name, variant in variants.items():
        yield ("throughput", shape, name), variant
    bench.cache_clear()


def _full(shape: Shape, device: str, smoke: bool) -> Iterator[Part]:
    """Whole weights of the language model, in bfloat16 and, as the trainer has them, in float32 under autocast."""
    import torch

    from tests.benchmarks.gpu_measure import best_backend
    from tests.benchmarks.gpu_speed import Bench

    backends = dict.fromkeys((best_backend(device), "sdpa"))
    for name, dtype in (("bf16", torch.bfloat16), ("fp32", torch.float32)):
        bench = functools.cache(lambda dtype=dtype: Bench(shape, device, smoke, full=True, dtype=dtype))
        for backend in backends:
            at = ("throughput", shape, f"full_{name}_weights_packed_{backend}_tower")
            yield at, functools.partial(_run_full, bench, backend)
        bench.cache_clear()
        _cleared(device)  # or the next model would find no room beside it


def _run_full(bench: Callable[[], Bench], backend: Backend) -> dict[str, Any]:
    return bench().packed(backend, cached=False)


if __name__ == "__main__":
    main()
