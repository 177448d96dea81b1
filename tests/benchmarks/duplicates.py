"""Duplicates: what is found of edited copies, what is merged by mistake, what it costs at scale and beside other tools.

python -m tests.benchmarks.duplicates --json
python -m tests.benchmarks.duplicates --part scale --rows 1000000
python -m tests.benchmarks.duplicates --part peers --cache /tmp/pairs

`recall` and `false_merges` are of the real sets (`duplicates_recall.py`). `scale` searches drawn hashes and texts, of
which one in twenty is a near copy of another: candidates by both searches, confirmed texts, groups. It starts from the
hashes of pictures, which are not drawn themselves, so that none is looked at. `peers` runs each tool and our own search
on the same rows, with near copies planted, and compares what a further thousand rows cost from 2,000 to 20,000.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from filters.phash import HALVES, WINDOWS
from tests.benchmarks.cpu import Used, run_tree
from tests.benchmarks.pairs import draw_pairs
from tests.benchmarks.peers_duplicates import PEERS
from tests.benchmarks.peers_duplicates import measure as measure_peer

ROOT = Path(__file__).parents[2]
PARTS = ("recall", "scale", "peers")
SIZES = (10_000, 100_000, 1_000_000)
START, SMALL, LARGE = 1000, 2000, 20_000
_COPIES = 20  # one row in so many is a near copy of another
_BLOCK = 100_000  # rows drawn at a time
_CHILD = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.duplicates_child"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--rows", type=int, default=SIZES[-1], help="the largest size of `scale`")
    parser.add_argument("--pictures", type=int, default=100, help="of each real set that are edited")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="the real sets")
    parser.add_argument("--sheets", type=Path, help="a folder for pictures of what was merged")
    parser.add_argument("--cache", type=Path, help="where drawn pairs and the peers' environments stay")
    parser.add_argument("--json", action="store_true", help="the last line is one object")
    asked = parser.parse_args()
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for part in asked.part or PARTS:
            if part == "recall":
                result |= found_and_merged(asked.data, asked.pictures, asked.sheets)
            elif part == "scale":
                sizes = sorted({size for size in SIZES if size < asked.rows} | {asked.rows})
                result |= scale(sizes, Path(scratch))
            else:
                result |= peers(asked.cache or Path(scratch) / "cache", Path(scratch))
    for name, value in result.items():
        print(f"{name:<14} {json.dumps(value)}")
    if asked.json:
        print(json.dumps(result))


def found_and_merged(data: Path, pictures: int, sheets: Path | None) -> dict[str, Any]:
    """`recall` by edit over all sets, `recall_by_set`, `false_merges` by set, and what nobody has judged yet."""
    from tests.benchmarks.duplicates_recall import SETS, draw_sheets, merges, recall
    from tests.benchmarks.duplicates_words import words

    by_set = recall(data, pictures, 0) | words(data, 6 * pictures, 0)
    merged = {name: merges(data, name) for name in SETS}
    for name, found in merged.items():
        if sheets:
            draw_sheets(found, sheets, name)
    return {
        "recall": {edit: round(sum(shares.values()) / len(shares), 3) for edit, shares in by_set.items()},
        "recall_by_set": by_set,
        "false_merges": {name: found.different for name, found in merged.items()},
        "merged": {name: len(found.merged) for name, found in merged.items()},
        "unjudged": {name: found.unjudged for name, found in merged.items()},
    }


def scale(sizes: Sequence[int], scratch: Path) -> dict[str, Any]:
    """Every size in a process of its own. `exponent`: how CPU time grows over the last tenfold; `exponent_of_rows`: the
    same with the start taken off."""
    runs: dict[int, Used] = {}
    for rows in [START, *sizes]:
        folder = scratch / f"scale-{rows}"
        draw_signals(folder, rows)
        used = runs[rows] = run_tree([*_CHILD, "scale", str(folder)], ROOT)
        print(f"{rows:>9} rows: {used.wall:.0f} s, {used.cpu:.0f} CPU s; {used.output.splitlines()[-1]}")
        shutil.rmtree(folder)
    last, before = sizes[-1], sizes[-2] if len(sizes) > 1 else START
    return {
        "scale": [
            {
                "rows": rows,
                "seconds": round(used.wall, 1),
                "cpu_s": round(used.cpu, 1),
                "peak_gb": round(used.peak / 1e9, 2),
                **json.loads(used.output.splitlines()[-1]),
            }
            for rows, used in runs.items()
        ],
        "exponent": _exponent(runs, before, last, 0.0),
        "exponent_of_rows": _exponent(runs, before, last, runs[START].cpu),
    }


def _exponent(runs: dict[int, Used], before: int, last: int, start: float) -> float | None:
    """None where so few rows cost no more than the start does, give or take the noise."""
    first, second = runs[before].cpu - start, runs[last].cpu - start
    return round(math.log(second / first) / math.log(last / before), 3) if min(first, second) > 0 else None


def draw_signals(folder: Path, rows: int) -> None:
    """`pictures.parquet` (pixels, sha256, phash, window_phashes) and `texts.parquet` (text, question, answer).

    Hashes have 32 of 64 bits set, as those of pictures have; those of cuts differ from the whole's in 0 to 12 bits. A
    near copy differs from its original in up to 6 bits, and a near text in a word of the answer.
    """
    folder.mkdir(parents=True)
    rng = np.random.default_rng(rows)
    words = np.array(
        ["".join(rng.choice(list("abcdefghijklmnoprstuvw"), size)) for size in rng.integers(2, 11, 20_000)]
    )
    for name, draw in (("pictures", _drawn_pictures), ("texts", functools.partial(_drawn_texts, words=words))):
        with pq.ParquetWriter(folder / f"{name}.parquet", draw(rng, 0).schema) as writer:
            for start in range(0, rows, _BLOCK):
                writer.write_table(draw(rng, min(_BLOCK, rows - start)))


def _drawn_pictures(rng: np.random.Generator, count: int) -> pa.Table:
    order = np.argsort(rng.random((count, 64)), axis=1)
    whole = order < 32
    copies = np.arange(0, count - 1, _COPIES)
    whole[copies] = whole[copies + 1]
    _flip(rng, whole, copies, 6)
    hashes = [whole]
    for _ in WINDOWS:
        near = whole.copy()
        _flip(rng, near, np.arange(count), 12)
        hashes.append(near)
    hashes += [np.argsort(rng.random((count, 64)), axis=1) < 32 for _ in range(len(HALVES) + 1)]
    hexes = [[row.tobytes().hex() for row in np.packbits(bits, axis=1)] for bits in hashes]
    ids = [rng.bytes(16).hex() for _ in range(count)]
    windows = ["".join(parts) for parts in zip(*hexes[1:], strict=True)]
    columns = {"pixels": ids, "sha256": [each * 2 for each in ids], "phash": hexes[0], "window_phashes": windows}
    return _of_strings(columns)


def _of_strings(columns: dict[str, list[str]]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _flip(rng: np.random.Generator, bits: np.ndarray[Any, Any], rows: np.ndarray[Any, Any], most: int) -> None:
    for _ in range(most):
        chosen = rows[rng.random(len(rows)) < 0.5]
        bits[chosen, rng.integers(0, 64, len(chosen))] ^= True


def _drawn_texts(rng: np.random.Generator, count: int, words: np.ndarray[Any, Any]) -> pa.Table:
    ranks = np.minimum(rng.zipf(1.3, (count, 34)), len(words)) - 1
    said = words[ranks]
    copies = np.arange(0, count - 1, _COPIES)
    said[copies] = said[copies + 1]
    said[copies, rng.integers(8, 34, len(copies))] = "otherwise"
    questions, answers = ([" ".join(row) for row in part] for part in (said[:, :8], said[:, 8:]))
    ids = [rng.bytes(16).hex() for _ in range(count)]
    return _of_strings({"text": ids, "question": questions, "answer": answers})


def peers(cache: Path, scratch: Path) -> dict[str, Any]:
    """What 1,000 further rows cost each peer over what they cost us, for the same kind of work."""
    folders = {rows: planted(cache, rows) for rows in (SMALL, LARGE)}
    ours = {kind: {rows: _ours(kind, folders[rows], rows, scratch) for rows in folders} for kind in ("images", "texts")}
    found: dict[str, Any] = {}
    for kind, runs in ours.items():
        told = json.loads(runs[LARGE].output.splitlines()[-1])
        marginal = round(_marginal({rows: run.cpu for rows, run in runs.items()}), 3)
        found[f"winnow-{kind}"] = {"cpu_s": round(runs[LARGE].cpu, 1), "cpu_s_per_1k_marginal": marginal, **told}
    for name, kind in PEERS.items():
        runs_of_peer = {rows: measure_peer(name, folders[rows], rows, cache, scratch / "peer") for rows in folders}
        marginal = round(_marginal({rows: run.cpu_s for rows, run in runs_of_peer.items()}), 3)
        found[name] = {
            "cpu_s": round(runs_of_peer[LARGE].cpu_s, 1),
            "cpu_s_per_1k_marginal": marginal,
            "removed": runs_of_peer[LARGE].removed,
            "ratio": round(marginal / found[f"winnow-{kind}"]["cpu_s_per_1k_marginal"], 2),
        }
        print(f"{name}: {found[name]}")
    return {"peers": found}


def _marginal(cpu: dict[int, float]) -> float:
    return (cpu[LARGE] - cpu[SMALL]) / (LARGE - SMALL) * 1000


def _ours(kind: str, folder: Path, rows: int, scratch: Path) -> Used:
    used = run_tree([*_CHILD, kind, str(folder), str(rows), str(scratch / f"winnow-{kind}-{rows}")], ROOT)
    print(f"winnow, {kind}, {rows:,} rows: {used.cpu:.1f} CPU s, {used.wall:.0f} s; {used.output.splitlines()[-1]}")
    return used


def planted(cache: Path, rows: int) -> Path:
    """Distinct pictures with the captions of `draw_pairs`; one row in twenty shows the next one's picture, resized or
    cut, and says nearly what it says. Its own pictures won't do: cut from a few textures, a third of them overlap."""
    drawn = draw_pairs(cache / f"pairs-{rows}", rows)
    folder = cache / f"planted-{rows}"
    if (folder / "pairs.jsonl").exists():
        return folder
    lines = [json.loads(line) for line in (drawn / "pairs.jsonl").read_text().splitlines()]
    (folder / "images").mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(_draw_picture, range(rows), [folder / "images"] * rows, chunksize=100))
    rng = random.Random(rows)
    for place, line in enumerate(lines):
        line["image"] = f"images/{place:06}.jpg"
        if place % _COPIES == 0 and place + 1 < len(lines):
            words = lines[place + 1]["caption"].split()
            words[rng.randrange(len(words))] = "otherwise"
            line["caption"] = " ".join(words)
            with Image.open(folder / f"images/{place + 1:06}.jpg") as image:
                _edit(rng)(image).save(folder / line["image"], quality=85)
    (folder / "pairs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def _draw_picture(number: int, folder: Path) -> None:
    """Clouds of colour with shapes and grain, 380 x 330 pixels or so, about 30 kB."""
    rng = np.random.default_rng(number)
    size = (int(rng.integers(300, 460)), int(rng.integers(260, 400)))
    image = Image.fromarray(rng.integers(0, 256, (8, 10, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(20):
        x, y = int(rng.integers(0, size[0])), int(rng.integers(0, size[1]))
        colour = tuple(int(level) for level in rng.integers(0, 256, 3))
        draw.ellipse((x, y, x + int(rng.integers(8, 90)), y + int(rng.integers(8, 90))), fill=colour)
    grain = rng.normal(0, 8, (size[1], size[0], 1))
    pixels = (np.asarray(image).astype(np.float32) + grain).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(folder / f"{number:06}.jpg", quality=85)


def _edit(rng: random.Random) -> Callable[[Image.Image], Image.Image]:
    def resized(image: Image.Image) -> Image.Image:
        return image.resize((round(image.width * 0.75), round(image.height * 0.75)), Image.Resampling.LANCZOS)

    def cut(image: Image.Image) -> Image.Image:
        across, down = round(image.width * 0.01), round(image.height * 0.01)
        return image.crop((across, down, image.width - across, image.height - down))

    return rng.choice([resized, cut])


if __name__ == "__main__":
    main()
