"""What other tools cost to find duplicates among the same image-text rows: CPU seconds, wall seconds and memory.

python -m tests.benchmarks.peers_duplicates --folder /tmp/pairs/pairs-2000 --rows 2000 --cache /tmp/pairs

Each tool of `PEERS` runs with two processes in an environment of its own under the cache folder, and a run reads the
rows from disk and ends with what the tool would keep or drop. A short run comes before the first one in a cache, since
some tools install or compile something at first. They do not all look for the same:

- `imagededup-phash` hashes every image and compares every hash with every other at a Hamming distance of up to 8.
- `data-juicer-phash` hashes the same way, but takes equal hashes alone for duplicates, and writes the rows it keeps.
- `datatrove-minhash` and `data-juicer-minhash` look for captions that share about 70 % of their runs of five words, and
  write the rows they keep. datatrove's 14 buckets of 8 hashes put the middle of their threshold at 0.72; it also folds
  punctuation, numbers and accents before it hashes, where Data-Juicer only takes the text in lower case.

Duplicates are the caller's to plant. No two captions of `pairs.draw_pairs` are near, but its images are cut from a few
textures, so a Hamming distance of 8 finds some among them unplanted: 9 of 2,000, 689 of 20,000.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import tempfile
import venv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from tests.benchmarks import peer_data_juicer
from tests.benchmarks.cpu import Used, run_tree

PEERS: dict[str, Literal["images", "texts"]] = {
    "imagededup-phash": "images",
    "data-juicer-phash": "images",
    "datatrove-minhash": "texts",
    "data-juicer-minhash": "texts",
}
VERSIONS = {"imagededup": "0.3.3.post2", "datatrove": "0.10.1", "data-juicer": peer_data_juicer.VERSION}
MINHASH: dict[str, dict[str, Any]] = {"document_minhash_deduplicator": {"lowercase": True, "jaccard_threshold": 0.7}}
# What imagededup asks for but torch and torchvision, which only its neural network needs.
_IMAGEDEDUP_NEEDS = ("Pillow", "tqdm", "scikit-learn", "PyWavelets", "matplotlib")
# datatrove names these in extras that bring far more along. spaCy splits English words by rules, without a model, and
# `tokenizers` is imported by a neighbour of the MinHash steps.
_DATATROVE_NEEDS = ("orjson", "regex", "spacy", "tokenizers", "xxhash<4")
_WARM_ROWS = 50
_PROCESSES = 2
_IMAGEDEDUP_RUN = """
import json
import sys

from imagededup.methods import PHash
from imagededup.utils.general_utils import get_files_to_remove

if __name__ == "__main__":
    folder, out, processes = sys.argv[1], sys.argv[2], int(sys.argv[3])
    method = PHash(verbose=False)
    hashes = method.encode_images(folder, num_enc_workers=processes)
    hashes = dict(sorted(hashes.items()))  # what is removed of a group goes by this order
    found = method.find_duplicates(encoding_map=hashes, max_distance_threshold=8, num_dist_workers=processes)
    with open(out, "w") as file:
        json.dump({"read": len(hashes), "removed": len(get_files_to_remove(found))}, file)
"""
_DATATROVE_RUN = """
import json
import sys
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

if __name__ == "__main__":
    source, home, processes = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    config = MinhashConfig(num_buckets=14, hashes_per_bucket=8)
    signatures, buckets, removed, kept = (str(home / name) for name in ("signatures", "buckets", "removed", "kept"))
    stages = [
        (processes, [JsonlReader(source), MinhashDedupSignature(signatures, config, language="en")]),
        (config.num_buckets, [MinhashDedupBuckets(signatures, buckets, config=config)]),
        (1, [MinhashDedupCluster(buckets, removed, config=config)]),
        (processes, [JsonlReader(source), MinhashDedupFilter(removed), JsonlWriter(kept, compression=None)]),
    ]
    for number, (tasks, steps) in enumerate(stages):
        LocalPipelineExecutor(steps, tasks, min(tasks, processes), str(home / "logs" / str(number))).run()
    read = sum(path.read_bytes().count(b"\\n") for path in Path(source).iterdir())
    dropped = sum(path.stat().st_size // 4 for path in Path(removed).glob("*.remove"))  # four bytes a row
    (home / "result.json").write_text(json.dumps({"read": read, "removed": dropped}))
"""


@dataclass(frozen=True)
class PeerRun:
    """`cpu_s` and `peak_gb` are of the whole process tree, with its start; `removed` is how many rows would go, -1
    where the tool doesn't tell."""

    name: str
    rows: int
    cpu_s: float
    wall_s: float
    peak_gb: float
    removed: int


def measure(name: str, folder: Path, rows: int, cache: Path, scratch: Path) -> PeerRun:
    """Runs one of `PEERS` over the first `rows` of a folder as `draw_pairs` makes it.

    Environments stay in `cache`, what a run writes goes below `scratch`. Raises KeyError for a name that isn't in
    `PEERS`, ValueError where the folder has fewer rows, and RuntimeError where the tool can't be installed (with the
    end of pip's output), fails, or doesn't read all rows.
    """
    kind = PEERS[name]
    found = _rows(folder, rows)
    package = name.rpartition("-")[0]
    warmed = cache / f"{package}-{VERSIONS[package]}" / f".warm-{kind}"  # goes with the environment
    scratch.mkdir(parents=True, exist_ok=True)
    if not warmed.exists():
        _run(name, kind, found[:_WARM_ROWS], cache, scratch / name)
        warmed.touch()
    used, removed = _run(name, kind, found, cache, scratch / name)
    return PeerRun(name, rows, round(used.cpu, 2), round(used.wall, 2), round(used.peak / 1e9, 3), removed)


def _rows(folder: Path, count: int) -> list[dict[str, str]]:
    """Image paths and captions. Numbers stand for the ids, so that planted rows may repeat one."""
    with (folder / "pairs.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in itertools.islice(lines, count)]
    if len(rows) < count:
        raise ValueError(f"{folder} has {len(rows)} rows, {count} are asked for")
    return [
        {"id": f"{index:08}", "image": str((folder / row["image"]).absolute()), "caption": row["caption"]}
        for index, row in enumerate(rows)
    ]


def _run(
    name: str, kind: Literal["images", "texts"], rows: Sequence[Mapping[str, str]], cache: Path, out: Path
) -> tuple[Used, int]:
    """What it took, and how many rows would go."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    if name.startswith("data-juicer"):
        return _run_data_juicer(kind, rows, cache, out)
    if kind == "images":
        return _run_imagededup(rows, cache, out)
    return _run_datatrove(rows, cache, out)


def _run_data_juicer(
    kind: Literal["images", "texts"], rows: Sequence[Mapping[str, str]], cache: Path, out: Path
) -> tuple[Used, int]:
    try:
        peer = peer_data_juicer.install(cache)
    except subprocess.CalledProcessError as error:
        raise _not_installed(error) from error
    if kind == "images":
        texts = [{"id": row["id"], "text": "<__dj__image>", "images": [row["image"]]} for row in rows]
        used, kept, _ = peer.run(texts, out / "run", [peer_data_juicer.HASH])
    else:
        used, kept, _ = peer.run(({"id": row["id"], "text": row["caption"]} for row in rows), out / "run", [MINHASH])
    if not kept:  # it ends well where an operator loses all rows
        raise RuntimeError(f"Data-Juicer kept no row:\n{used.output[-3000:]}")
    return used, len(rows) - len(kept)


def _run_imagededup(rows: Sequence[Mapping[str, str]], cache: Path, out: Path) -> tuple[Used, int]:
    home = _install(cache, "imagededup", _IMAGEDEDUP_NEEDS, bare=True)
    images = out / "images"
    images.mkdir()
    for row in rows:  # a name for every row, also where two share a file
        (images / f"{row['id']}{Path(row['image']).suffix}").symlink_to(row["image"])
    environment = {"PYTHONPATH": str(home / "stubs")}
    return _run_script(home, _IMAGEDEDUP_RUN, [images, out / "result.json"], out, environment, len(rows))


def _run_datatrove(rows: Sequence[Mapping[str, str]], cache: Path, out: Path) -> tuple[Used, int]:
    home = _install(cache, "datatrove", _DATATROVE_NEEDS)
    source = out / "source"
    source.mkdir()
    for number in range(_PROCESSES):  # a process reads whole files
        lines = (json.dumps({"id": row["id"], "text": row["caption"]}) + "\n" for row in rows[number::_PROCESSES])
        (source / f"{number}.jsonl").write_text("".join(lines), encoding="utf-8")
    return _run_script(home, _DATATROVE_RUN, [source, out], out, {"HF_HUB_OFFLINE": "1"}, len(rows))


def _run_script(
    home: Path, script: str, arguments: Sequence[Path], out: Path, environment: Mapping[str, str], rows: int
) -> tuple[Used, int]:
    """Runs a script, from a file because the workers import it, that leaves `result.json` in `out`."""
    path = out / "run.py"
    path.write_text(script)
    command = [str(home / "bin" / "python"), str(path), *map(str, arguments), str(_PROCESSES)]
    used = run_tree(command, out, environment)
    result = json.loads((out / "result.json").read_text())
    if result["read"] != rows:
        raise RuntimeError(f"{result['read']} of {rows} rows were read:\n{used.output[-3000:]}")
    return used, result["removed"]


def _install(cache: Path, package: str, needs: Sequence[str], bare: bool = False) -> Path:
    """An environment with the package, made once; `bare` leaves out what it asks for itself and stubs torch."""
    home = cache / f"{package}-{VERSIONS[package]}"
    ready = home / ".ready"
    if not ready.exists():
        venv.create(home, with_pip=True, clear=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        wanted = f"{package}=={VERSIONS[package]}"
        for command in [[*pip, *needs], [*pip, "--no-deps", wanted]] if bare else [[*pip, wanted, *needs]]:
            try:
                subprocess.run(command, check=True, capture_output=True, text=True)
            except subprocess.CalledProcessError as error:
                raise _not_installed(error) from error
        if bare:
            (home / "stubs").mkdir()
            for name, modules in peer_data_juicer._STUBS.items():
                (home / "stubs" / f"{name}.py").write_text(peer_data_juicer._STUB.format(names=modules))
        ready.touch()
    return home


def _not_installed(error: subprocess.CalledProcessError) -> RuntimeError:
    output = f"{error.stdout or ''}{error.stderr or ''}"
    return RuntimeError(f"{' '.join(map(str, error.cmd))} ended with {error.returncode}:\n{output[-3000:]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="pairs.jsonl and images, as draw_pairs makes them")
    parser.add_argument("--rows", type=int, required=True, help="how many of them, from the first")
    parser.add_argument("--cache", type=Path, required=True, help="where the tools' environments stay")
    parser.add_argument("--peer", choices=list(PEERS), action="append", help="all where none is named")
    asked = parser.parse_args()
    if asked.rows < 1:
        parser.error(f"--rows is {asked.rows}: ask for at least 1")
    for name in asked.peer or PEERS:
        with tempfile.TemporaryDirectory() as scratch:
            run = measure(name, asked.folder.absolute(), asked.rows, asked.cache.absolute(), Path(scratch))
        print(json.dumps(asdict(run)), flush=True)


if __name__ == "__main__":
    main()
