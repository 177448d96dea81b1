"""Generating samples: what is there is kept, what is missing is made by Spark's tasks, a manifest completes the folder.

A folder belongs to one order: generator, version, seed, format, shard size and the libraries that its bytes depend on.
It may grow to more samples, as the first of them are always the same. Beside the samples lie a recipe that reads them
and a page that shows some.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import fsspec

from curation.contract.recipe import parse_recipe
from curation.contract.table import join
from curation.progress import bar
from curation.report.generated import write_gallery
from curation.shards import (
    DIGEST,
    Order,
    Record,
    Shard,
    cut,
    finished,
    is_left_over,
    json_bytes,
    make_shards,
    read_json,
)
from curation.stage import Runtime, UsageError
from curation.store import exists, is_local, names_in, write_bytes
from curation.writing import polled
from synth.generator import Generator

_SLICES = 2  # Spark tasks for each core, each of which opens the generator once


def synthesise(generator: Generator, n: int, order: Order, out: str, runtime: Runtime) -> dict[str, Any]:
    """Makes the folder or URL `out` hold the first `n` samples of an order, and gives its manifest. Nothing is made
    that is there already; without anything to make Spark is not started.

    Raises:
        UsageError: `out` holds something else, or more.
    """
    started = time.monotonic()
    if _begin(order, n, out):
        return read_json(join(out, "manifest.json"))
    shards = cut(n, order.shard_size)
    found = {shard.number: record for shard in shards if (record := finished(out, order.form, shard))}
    todo = [shard for shard in shards if shard.number not in found]
    if todo:
        found |= {record.number: record for record in _run(todo, generator, order, out, runtime, n)}
    manifest = _manifest(generator, n, order, [found[shard.number] for shard in shards])
    _finish(manifest, out, time.monotonic() - started, sum(shard.stop - shard.start for shard in todo))
    return manifest


def _begin(order: Order, n: int, out: str) -> bool:
    """Takes the folder for this order; True where it holds just that already."""
    url, manifest = join(out, "order.json"), join(out, "manifest.json")
    asked = {**asdict(order), "n": n}
    if not exists(url):
        if names_in(out):
            raise UsageError(f"{out} holds other things; name a new folder")
        write_bytes(url, json_bytes(asked))
        return False
    there = read_json(url)
    other = [f"{name} {there.get(name)}, not {asked[name]}" for name in asdict(order) if there.get(name) != asked[name]]
    if other:
        raise UsageError(f"{out} holds another order ({'; '.join(other)}); name a new folder, or delete this one")
    if there["n"] > n:
        raise UsageError(
            f"{out} is for {there['n']:,} samples, of which the first {n:,} are the same; name a new folder"
        )
    if there["n"] == n and exists(manifest):
        return True
    if exists(manifest):  # it grows: until it is done it is not complete
        filesystem, path = fsspec.url_to_fs(manifest)
        filesystem.rm(path)
    write_bytes(url, json_bytes(asked))
    return False


def _run(todo: list[Shard], generator: Generator, order: Order, out: str, runtime: Runtime, n: int) -> list[Record]:
    """Spark's tasks write the shards; only their records come back."""
    context = runtime.spark.sparkContext

    def make(shards: Iterator[Shard]) -> Iterator[Record]:
        return make_shards(shards, order, generator, out)

    def done() -> int:
        return min(n, len(names_in(join(out, "done"))) * order.shard_size)

    slices = min(len(todo), _SLICES * context.defaultParallelism)
    with (
        bar(runtime.console, generator.name, n, "samples") as progress,
        polled(done, lambda samples: progress.update(samples, n)),
    ):
        return list(context.parallelize(todo, slices).mapPartitions(make).collect())


def _manifest(generator: Generator, n: int, order: Order, records: list[Record]) -> dict[str, Any]:
    def total(counts: str) -> dict[str, int]:
        return dict(sorted(sum((Counter(getattr(record, counts)) for record in records), Counter()).items()))

    return {
        **asdict(order),
        "n": n,
        "pictures": -(-n // generator.views),
        "views": generator.views,
        "about": generator.about,
        "cannot": list(generator.cannot),
        "tasks": total("tasks"),
        "verifiers": total("verifiers"),
        "media": sum(record.media for record in records),
        "bytes": sum(record.bytes for record in records),
        "digest": f"{sum(record.digest for record in records) % DIGEST:016x}",
        "shards": len(records),
    }


def _finish(manifest: dict[str, Any], out: str, seconds: float, made: int) -> None:
    if is_local(out):
        for path in Path(out).rglob("*"):
            if is_left_over(path.name):  # by a run that was killed
                path.unlink()
    text = recipe_text({manifest["generator"]: ("", manifest)})
    write_bytes(join(out, "recipe.yaml"), text.encode())
    write_gallery(out, parse_recipe(text, "recipe.yaml").sources[manifest["generator"]], manifest)
    timings = {"seconds": round(seconds, 3), "samples": made, "samples_per_s": round(made / max(seconds, 1e-9), 2)}
    write_bytes(join(out, "timings.json"), json_bytes(timings))
    write_bytes(join(out, "manifest.json"), json_bytes(manifest))


def recipe_text(folders: dict[str, tuple[str, dict[str, Any]]]) -> str:
    """A recipe that reads generated folders: by source name, the folder below the recipe ("" for its own) and the
    folder's manifest."""
    sources = [source_text(name, folder, manifest) for name, (folder, manifest) in folders.items()]
    return _RECIPE.format(name="-".join(folders), sources="\n".join(sources))


def source_text(name: str, folder: str, manifest: dict[str, Any]) -> str:
    at = f"{folder}/" if folder else ""
    lines = [
        f"  {name}:",
        f"    path: {at}samples/*.parquet",
        "    reader: parquet",
        f"    media_root: {folder or '.'}",
    ]
    if manifest["form"] == "webdataset":
        lines = [f"  {name}:", f"    path: {at}shards/*.tar", "    reader: webdataset", "    fields: {row: json}"]
    lines += ["    build: sample", f"    tasks: [{', '.join(manifest['tasks'])}]"]
    return "\n".join(lines) + "\n"


_RECIPE = """\
# Reads the samples that `winnow synth` wrote beside it, and renders them to a dataset. To mix them with your own data,
# copy its sources into your recipe.
name: {name}

sources:
{sources}
presets: 1                            # the recommended rules; `winnow rules recipe.yaml` lists them

mix:
  test_fraction: 0.1

render:
  family: qwen2_5_vl
  min_pixels: 3136
  max_pixels: 1003520
"""
