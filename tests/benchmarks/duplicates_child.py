"""The search for duplicates alone, in a process of its own that `tests.benchmarks.duplicates` measures.

python -m tests.benchmarks.duplicates_child scale FOLDER
python -m tests.benchmarks.duplicates_child images|texts FOLDER ROWS OUT
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation.duplicates.components import components, stored
from curation.duplicates.pictures import confirmed_pictures, picture_candidates
from curation.duplicates.texts import confirmed_texts, text_candidates
from curation.media import MediaStore
from curation.progress import bar, console
from curation.remember import remembered
from curation.stage import Job, Runtime, Stage
from filters.catalogue import catalogue
from filters.measuring import measure_images
from model.image import ImageError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

HAMMING, JACCARD = 8, 0.8
_HASHES = ("pixel_hash", "phash", "window_phashes")
_HASHED = pa.schema([("sha256", pa.string()), *((name, pa.string()) for name in _HASHES)])


def main() -> None:
    kind, folder, *more = sys.argv[1:]
    out = Path(more[1]) if more else Path(folder) / "out"
    told = console()
    runtime = Runtime(str(out / "store"), told)
    stage = Stage("match", 1, {}, (), lambda job: job.frame("none"))
    with bar(told, "match", None, "rows") as progress:
        job = Job(runtime, stage, {"match": str(out / "store" / "tables" / "match" / "bench")}, progress, out)
        work = {"scale": scale, "images": images, "texts": texts}[kind]
        print(json.dumps(work(job, Path(folder), int(more[0]) if more else 0)))
    runtime.stop_spark()


def scale(job: Job, folder: Path, rows: int) -> dict[str, Any]:
    """Drawn signals to groups: pictures are candidates only, as there are none to look at."""
    checkpoint = stored(job.tables["match"], "bench")
    pictures = job.spark.read.parquet(str(folder / "pictures.parquet"))
    found = picture_candidates(pictures, HAMMING, True, checkpoint)
    near = checkpoint(found.pairs.selectExpr("pixels_a as a", "pixels_b as b"), "near")
    edges = near.unionByName(_text_edges(job, job.spark.read.parquet(str(folder / "texts.parquet"))))
    return {"pairs": near.count(), "crowded": found.crowded, **_grouped(edges, job)}


def images(job: Job, folder: Path, rows: int) -> dict[str, Any]:
    """Files to groups: hashing, candidates, comparison."""
    import shutil

    media = job.runtime.media
    names = [json.loads(line)["image"] for line in (folder / "pairs.jsonl").read_text().splitlines()[:rows]]
    listed = []
    for name in dict.fromkeys(names):
        data = (folder / name).read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        place = Path(media.url) / "media" / sha256[:2] / sha256
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, place)
        listed.append((sha256,))
    files = job.spark.createDataFrame(listed, "sha256 string")
    hashed = remembered(job, "signals/identity", files, "sha256", _hash_task(media), _HASHED, 50_000)
    from pyspark.sql import functions as F

    chosen = [F.min(name).alias(name) for name in ("sha256", "phash", "window_phashes")]
    pictures = (
        hashed.where("pixel_hash is not null").groupBy(F.col("pixel_hash").alias("pixels")).agg(*chosen).persist()
    )
    checkpoint = stored(job.tables["match"], "bench")
    pairs = checkpoint(picture_candidates(pictures, HAMMING, True, checkpoint).pairs, "pairs")
    edges = checkpoint(confirmed_pictures(pairs, media), "edges").select("a", "b")
    return {"candidates": pairs.count(), **_grouped(edges, job)}


def texts(job: Job, folder: Path, rows: int) -> dict[str, Any]:
    """Captions to groups."""
    lines = [json.loads(line)["caption"] for line in (folder / "pairs.jsonl").read_text().splitlines()[:rows]]
    said = [(hashlib.md5(line.encode()).hexdigest(), "Describe the image.", line) for line in dict.fromkeys(lines)]
    frame = job.spark.createDataFrame(said, "text string, question string, answer string")
    return _grouped(_text_edges(job, frame), job)


def _text_edges(job: Job, texts: DataFrame) -> DataFrame:
    checkpoint = stored(job.tables["match"], "bench")
    pairs = checkpoint(text_candidates(job, texts, JACCARD, checkpoint).pairs, "text-pairs")
    return confirmed_texts(pairs, JACCARD).select("a", "b")


def _grouped(edges: DataFrame, job: Job) -> dict[str, Any]:
    grouped = components(edges, stored(job.tables["match"], "bench-groups"))
    removed, edge = grouped.where("node <> component").count(), edges.count()
    return {"edges": edge, "removed": removed}


def _hash_task(media: MediaStore) -> Any:
    url, access = media.url, media.access

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        store, signals = MediaStore(url, access), [catalogue()[name] for name in _HASHES]
        for batch in batches:
            hashes = batch.column("sha256").to_pylist()
            found = measure_images(((data, 1) for data in store.get_many(hashes)), signals)
            rows = [{} if isinstance(each, ImageError) else each for each in found]
            columns = [[row.get(name) for row in rows] for name in _HASHES]
            yield pa.RecordBatch.from_arrays(
                [pa.array(each, pa.string()) for each in [hashes, *columns]], _HASHED.names
            )

    return run


if __name__ == "__main__":
    main()
