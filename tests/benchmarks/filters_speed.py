"""What measure and decide cost on image-text rows: CPU seconds of the whole process tree, beside the bare decode.

python -m tests.benchmarks.filters_speed --rows 20000 --json
python -m tests.benchmarks.filters_speed --rows 20000 --peer data-juicer --cache /tmp/pairs --json
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import simplejpeg
import yaml

from curation.contract.table import read_table
from curation.workspace import Workspace
from filters.catalogue import catalogue
from filters.measuring import corpus_keys, measure_images, measure_samples
from filters.presets import LATEST
from filters.signal import Signal
from model.image import decode_reduced
from tests.benchmarks.cpu import Used, run_tree
from tests.benchmarks.pairs import draw_pairs

ROOT = Path(__file__).parents[2]
START_ROWS, SMALL_ROWS = 50, 2000
_BATCH, _MOST_SAMPLES, _MOST_IMAGES = 6250, 25_000, 2000  # what the kernels alone are timed on
CHILD = """
import sys
from curation.progress import console
from curation.run import execute
from curation.workspace import Workspace
recipe, out, data, stages = sys.argv[1:]
execute(Workspace.open(recipe, out, data), console(), stages)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--peer", choices=["data-juicer"])
    parser.add_argument("--cache", type=Path, help="where the drawn pairs and the peer's environment stay")
    parser.add_argument("--json", action="store_true", help="the last line is one object")
    asked = parser.parse_args()
    if asked.rows < 10 * START_ROWS:
        parser.error(f"--rows is {asked.rows}: ask for at least {10 * START_ROWS}")
    with tempfile.TemporaryDirectory() as scratch:
        cache = asked.cache or Path(scratch) / "cache"
        sizes = sorted({START_ROWS, min(SMALL_ROWS, asked.rows // 10), asked.rows // 10, asked.rows})
        data = {rows: draw_pairs(cache / f"pairs-{rows}", rows) for rows in sizes}
        result = measure(data, Path(scratch))
        if asked.peer:
            from tests.benchmarks.peer_data_juicer import compare

            result["peer"] = compare(data, asked.rows, cache, Path(scratch) / "winnow" / str(asked.rows))
            if marginal := result["peer"].get("cpu_s_per_1k_marginal"):
                result["ratio"] = round(marginal / result["cpu_s_per_1k_marginal"], 2)
    for name, value in result.items():
        print(f"{name:<24} {value}")
    if asked.json:
        print(json.dumps(result))


def measure(data: dict[int, Path], scratch: Path) -> dict[str, Any]:
    """Runs every size through ingest, then through measure and decide in a process of its own."""
    used: dict[int, Used] = {}
    ingested: dict[int, Used] = {}
    recipe = scratch / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(_recipe()))
    for rows, folder in data.items():
        out = scratch / "winnow" / str(rows)
        command = [sys.executable, "-W", "ignore", "-c", CHILD, str(recipe), str(out), str(folder)]
        ingested[rows] = run_tree([*command, "ingest_pairs"], ROOT)
        used[rows] = run_tree([*command, "measure,decide"], ROOT)
        print(f"{rows:>8} rows: ingest {ingested[rows].cpu:.1f} CPU s, measure and decide {used[rows].cpu:.1f} CPU s")
    most = max(data)
    table = Workspace.open(recipe, scratch / "winnow" / str(most), str(data[most])).plan().tables["ingest_pairs"]
    # As Spark's workers do it: in a process of its own, with one thread.
    os.environ |= {"POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        kernels = pool.submit(_kernels, table, data[most], _marginal(used)).result()
    return {**figures(used, ingested), **kernels}


def figures(used: dict[int, Used], ingested: dict[int, Used]) -> dict[str, Any]:
    """The figures that follow from the runs of all sizes, the smallest of which stands for the start alone."""
    rows, start = max(used), used[min(used)].cpu
    small = sorted(used)[1]
    first, last = used[small].cpu - start, used[rows].cpu - start
    steep = math.log(last / first) / math.log(rows / small) if first > 0 and last > 0 else math.nan
    return {
        "rows": rows,
        "cpu_s_per_1k_marginal": round(_marginal(used), 3),
        "cpu_s_per_1k_total": round(used[rows].cpu / rows * 1000, 3),
        "rows_per_s": round(rows / used[rows].wall, 1),
        "peak_gb": round(used[rows].peak / 1e9, 2),
        "worker_peak_gb": round(used[rows].worker_peak / 1e9, 2),
        "exponent": None if math.isnan(steep) else round(steep, 3),  # too few rows to tell from noise
        "start_cpu_s": round(start, 1),
        "runs": {size: {"cpu_s": round(of.cpu, 1), "wall_s": round(of.wall, 1)} for size, of in used.items()},
        "ingest": {
            "cpu_s_per_1k_marginal": round(_marginal(ingested), 3),
            "runs": {size: {"cpu_s": round(of.cpu, 1), "wall_s": round(of.wall, 1)} for size, of in ingested.items()},
        },
    }


def _marginal(used: dict[int, Used]) -> float:
    """CPU seconds that a further 1,000 rows cost, between a tenth of the rows and all."""
    rows = max(used)
    return (used[rows].cpu - used[rows // 10].cpu) / (rows - rows // 10) * 1000


def _recipe() -> dict[str, Any]:
    """A caption source under all the recommended rules."""
    fields = {"image": "image", "caption": "caption"}
    source = {"path": "pairs.jsonl", "reader": "jsonl", "build": "caption", "fields": fields}
    return {"name": "speed", "presets": LATEST, "sources": {"pairs": source}}


def _kernels(table: str, folder: Path, marginal: float) -> dict[str, Any]:
    """CPU seconds per 1,000 rows of each tier without Spark, of a bare luma decode, and what Spark adds."""
    some = read_table(table).slice(0, _MOST_SAMPLES)
    images = [path.read_bytes() for path in sorted(folder.glob("images/*/*.jpg"))[:_MOST_IMAGES]]
    tiers = {name: _on_batches(some, chosen) for name, chosen in _groups().items()}
    pixels = [each for each in catalogue().values() if each.tier == "pixels" and each.grain == "media"]
    tiers["pixels"] = _per_1k(lambda: measure_images(((data, 1) for data in images), pixels), len(images))
    limit = _per_1k(
        lambda: (simplejpeg.decode_jpeg(data, colorspace="Gray", strict=True) for data in images), len(images)
    )
    spark = marginal - sum(tiers.values())
    decoded = _per_1k(lambda: (decode_reduced(data, 1) for data in images), len(images))
    return {
        "limit_ratio": round(marginal / limit, 2),
        "limit_cpu_s_per_1k": round(limit, 3),
        "tiers": {name: round(cost, 4) for name, cost in {**tiers, "decode": decoded, "spark": spark}.items()},
    }


def _groups() -> dict[str, list[Signal]]:
    """Signals of rows by tier; language detection, a model's work, stands apart."""
    groups: dict[str, list[Signal]] = {"header": [], "text": [], "language": [], "corpus": []}
    for each in catalogue().values():
        if each.tier != "pixels":
            spoken = "language" in each.function.__module__ or each.name.startswith("lang")
            groups["language" if spoken and each.tier == "text" else each.tier].append(each)
    return groups


def _on_batches(samples: pa.Table, signals: Sequence[Signal]) -> float:
    if not signals:
        return 0.0
    run = corpus_keys if signals[0].tier == "corpus" else measure_samples
    batches = [samples.slice(start, _BATCH) for start in range(0, len(samples), _BATCH)]
    run(batches[0].slice(0, 100), signals)  # what is loaded on first use is not the rows' cost
    started = time.process_time()
    for batch in batches:
        run(batch, signals)
    return (time.process_time() - started) / len(samples) * 1000


def _per_1k(work: Callable[[], Iterable[Any]], images: int) -> float:
    """The better of two passes."""
    passes = []
    for _ in range(2):
        started = time.process_time()
        for _ in work():
            pass
        passes.append((time.process_time() - started) / images * 1000)
    return min(passes)


if __name__ == "__main__":
    main()
