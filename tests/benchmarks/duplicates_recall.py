"""Whether near duplicates are found: edited copies of real pictures and texts, and which real pictures merge wrongly.

python -m tests.benchmarks.duplicates_recall --rows 60 --sheets /tmp/sheets

A copy counts where the search among all pictures of its set gives it and its original as candidates, and the pictures
themselves confirm them. Pictures of equal pixels are taken once, as the stage does before it looks for near ones.

No figure says whether two real pictures that merge are different ones. So all merged pairs of a set are drawn on
contact sheets, and `judged_pairs.json` holds a verdict, `same` or `different`, for each pair that was looked at.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import random
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps
from rich.console import Console
from rich.table import Table

from filters.neighbours import near as near_hashes
from filters.neighbours import picture_entries
from filters.phash import WINDOWS
from filters.same_picture import SIDE, Comparison, compare
from filters.signals.pixels import Pixels
from filters.signals.pixels_identity import phash, window_phashes
from model.image import ImageError, decode, decode_reduced
from tests.benchmarks.duplicates_edits import EDITS
from tests.benchmarks.duplicates_words import words

DATA = Path(__file__).parents[3] / "shared" / "data"
VERDICTS = Path(__file__).with_name("judged_pairs.json")
SETS = ("receipts", "cells", "alttext", "gui")
MOST_BITS = 8  # in which the hashes of candidates may differ
BARS = {
    **dict.fromkeys(
        """resize_50 resize_75 recompress_50 format_webp format_png brightness_85 brightness_115 crop_2_centred
        watermark""".split(),
        0.95,
    ),
    "crop_5_centred": 0.85,
    "crop_5_one_sided": 0.6,
}

_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif")
_TALL, _ROWS, _COLUMNS = 440, 4, 2  # of a contact sheet: pixels that a picture may be high and wide, pairs a page

Pair = tuple[str, str, str]
Candidate = tuple["Picture", "Picture", bool]  # two pictures, and whether the second is looked at as in a mirror


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A file and what the measure stage keeps of it. `pixels` is equal where all decoded pixels are."""

    name: str
    data: bytes
    sha256: str
    pixels: str
    phash: str | None
    windows: str

    @property
    def id(self) -> int:
        return int(self.pixels[:16], 16)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one edited copy: `lost_at` is empty where it was found and confirmed, else `candidate` or
    `compare`; `why` says more."""

    set: str
    edit: str
    name: str
    lost_at: str
    why: str


@dataclass(frozen=True, slots=True)
class Merges:
    """A set searched against itself: its files, `equal` ones that were left out since their pixels are those of another
    one, `candidates` that hashes gave, `merged` pairs as two pictures and why, and the verdict on each."""

    files: int
    equal: int
    candidates: int
    merged: list[tuple[Picture, Picture, str]]
    verdicts: list[str]

    @property
    def different(self) -> int:
        return self.verdicts.count("different")

    @property
    def unjudged(self) -> int:
        return self.verdicts.count("unjudged")


def files(data: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each picture of a real set, in the order of their names; no SVG."""
    if name != "alttext":
        for path in sorted((data / name / "images").iterdir()):
            yield path.name, path.read_bytes()
        return
    for path in sorted((data / name).glob("*.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                if member.name.lower().endswith(_PICTURES) and (file := tar.extractfile(member)):
                    yield member.name, file.read()


def picture(named: tuple[str, bytes]) -> Picture | None:
    """Measured as the pixel signals do; None for what can't be decoded."""
    name, data = named
    try:
        reduced, whole = decode_reduced(data), decode(data)
    except ImageError:
        return None
    measured = Pixels(reduced.rgb, reduced.scale, reduced.size)
    pixels = hashlib.sha256(whole.tobytes() + repr(whole.shape).encode()).hexdigest()
    hashes = phash.function(measured), window_phashes.function(measured)
    return Picture(name, data, hashlib.sha256(data).hexdigest(), pixels, *hashes)


def candidates(pictures: Sequence[Picture]) -> list[Candidate]:
    """The pairs that hashes give, each once: in the order of their ids, and in the way in which they are nearest."""
    by_id = {each.id: each for each in pictures}
    ids = np.array(list(by_id), dtype=np.uint64)
    hashes = [each.phash for each in by_id.values()], [each.windows for each in by_id.values()]
    pairs = near_hashes(picture_entries(ids, *hashes), MOST_BITS).pairs
    order = np.lexsort((pairs["asker"], pairs["mirrored"], pairs["bits"]))
    best: dict[tuple[int, int], bool] = {}
    for asker, held, mirrored in pairs[order][["asker", "held", "mirrored"]].tolist():
        best.setdefault((min(asker, held), max(asker, held)), mirrored)
    return [(by_id[a], by_id[b], mirrored) for (a, b), mirrored in best.items()]


def confirmed(pair: Candidate) -> Comparison:
    """Whether the pictures themselves say so too."""
    a, b, mirrored = pair
    first, second = (decode_reduced(each.data, long_side=SIDE).rgb for each in (a, b))
    return compare(first, np.ascontiguousarray(second[:, ::-1]) if mirrored else second)


def recall(data: Path, rows: int, seed: int) -> dict[str, dict[str, float]]:
    """By edit and set, the share of edited copies that are found and confirmed, of `rows` pictures of a set."""
    return shares(outcomes(data, rows, seed))


def shares(found: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """`recall` out of the outcomes."""
    kept: dict[str, dict[str, list[bool]]] = {}
    for each in found:
        kept.setdefault(each.edit, {}).setdefault(each.set, []).append(not each.lost_at)
    return {edit: {name: sum(each) / len(each) for name, each in sets.items()} for edit, sets in kept.items()}


def outcomes(data: Path, rows: int, seed: int, sets: Sequence[str] = SETS, edits: Sequence[str] = ()) -> list[Outcome]:
    """What becomes of the copies of `rows` pictures of each set, each edit by itself among all pictures of the set."""
    found: list[Outcome] = []
    with _pool() as pool:
        for name in sets:
            originals = distinct([each for each in pool.map(picture, files(data, name), chunksize=8) if each])
            chosen = random.Random(f"{seed}/{name}").sample(originals, min(rows, len(originals)))
            for edit in edits or EDITS:
                copies = list(pool.map(partial(_copy, edit), chosen, chunksize=4))
                found += _outcomes(pool, name, edit, originals, list(zip(chosen, copies, strict=True)))
                lost = sum(1 for each in found if each.set == name and each.edit == edit and each.lost_at)
                print(f"{name}: {lost} of {len(chosen)} lost with {edit}", file=sys.stderr)
    return found


def distinct(pictures: Sequence[Picture]) -> list[Picture]:
    """The first of each picture with the same pixels."""
    return list({each.pixels: each for each in reversed(pictures)}.values())[::-1]


def _copy(edit: str, original: Picture) -> Picture | None:
    return picture((f"{edit}/{original.name}", EDITS[edit](Image.fromarray(decode(original.data)))))


def _outcomes(
    pool: ProcessPoolExecutor,
    name: str,
    edit: str,
    originals: Sequence[Picture],
    copied: Sequence[tuple[Picture, Picture | None]],
) -> Iterator[Outcome]:
    pictures = [*originals, *(copy for _, copy in copied if copy)]
    met = {frozenset((a.id, b.id)): (a, b, mirrored) for a, b, mirrored in candidates(pictures)}
    keys = [frozenset((original.id, copy.id)) if copy else frozenset() for original, copy in copied]
    chosen = [key for key in dict.fromkeys(keys) if key in met]
    verdicts = dict(zip(chosen, pool.map(confirmed, [met[key] for key in chosen], chunksize=4), strict=True))
    for (original, copy), key in zip(copied, keys, strict=True):
        yield Outcome(name, edit, original.name, *_lost(original, copy, verdicts.get(key)))


def _lost(original: Picture, copy: Picture | None, verdict: Comparison | None) -> tuple[str, str]:
    if copy is None:
        return "candidate", "the copy can't be read"
    if copy.pixels == original.pixels:
        return "", "the pixels are equal"
    if verdict:
        return "" if verdict.same else "compare", verdict.why
    plain = original.phash is None or copy.phash is None
    return "candidate", "too plain for a hash" if plain else f"{_bits(original, copy)} bits differ at best"


def _bits(original: Picture, copy: Picture) -> int:
    """The fewest bits in which a hash with which one asks differs from one with which the other is held."""
    first, second = (_hashes(each) for each in (original, copy))
    cuts = 1 + len(WINDOWS)
    pairs = [
        (one[place], other)
        for one, held in ((first, second), (second, first))
        for place in (0, -1)
        for other in held[:cuts]
    ]
    pairs += zip(first[cuts:-1], second[cuts:-1], strict=True)
    return min(((a ^ b).bit_count() for a, b in pairs if a is not None and b is not None), default=64)


def _hashes(of: Picture) -> list[int | None]:
    """Of the whole, of the cuts, of the halves, of the mirror image."""
    text = (of.phash or "-" * 16) + of.windows
    parts = [text[at : at + 16] for at in range(0, len(text), 16)]
    return [None if part.startswith("-") else int(part, 16) for part in parts]


def false_merges(data: Path, sheets: Path | None = None) -> dict[str, list[Pair]]:
    """By set, the pairs of all its pictures that merge, as both names and why; contact sheets go to `sheets`."""
    found = {name: merges(data, name) for name in SETS}
    for name, each in found.items():
        if sheets:
            draw_sheets(each, sheets, name)
    return {name: [(a.name, b.name, why) for a, b, why in each.merged] for name, each in found.items()}


def merges(data: Path, name: str, verdicts: Path = VERDICTS) -> Merges:
    """Searches all pictures of a set against each other."""
    judged = json.loads(verdicts.read_text()) if verdicts.is_file() else {}
    with _pool() as pool:
        everything = [each for each in pool.map(picture, files(data, name), chunksize=8) if each]
        originals = distinct(everything)
        pairs = candidates(originals)
        compared = list(pool.map(confirmed, pairs, chunksize=16))
    merged, told = [], []
    for (a, b, mirrored), comparison in zip(pairs, compared, strict=True):
        if comparison.same:
            a, b = sorted((a, b), key=lambda each: each.sha256)
            merged.append((a, b, f"{comparison.why}, mirrored" if mirrored else comparison.why))
            told.append(judged.get(f"{a.sha256}:{b.sha256}", "unjudged"))
    return Merges(len(everything), len(everything) - len(originals), len(pairs), merged, told)


def draw_sheets(found: Merges, folder: Path, name: str) -> list[Path]:
    """Contact sheets of the merged pairs, eight a page: both pictures, their names, why they merge, and the verdict."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = list(zip(found.merged, found.verdicts, strict=True))
    pages = []
    for at in range(0, len(shown), _ROWS * _COLUMNS):
        page = Image.new("RGB", (_COLUMNS * (2 * _TALL + 30), _ROWS * (_TALL + 60)), "white")
        draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
        for place, ((a, b, why), verdict) in enumerate(shown[at : at + _ROWS * _COLUMNS]):
            left, top = place % _COLUMNS * (2 * _TALL + 30), place // _COLUMNS * (_TALL + 60)
            words = f"{at + place}: {a.name}  |  {b.name}\n{why} ({verdict}) {a.sha256[:8]}:{b.sha256[:8]}"
            draw.text((left + 5, top + 3), words, fill="black", font=font)
            for each, x in ((a, left + 5), (b, left + _TALL + 15)):
                image = ImageOps.contain(Image.fromarray(decode(each.data)), (_TALL, _TALL))
                page.paste(image, (x, top + 40))
                draw.rectangle((x - 1, top + 39, x + image.width, top + 40 + image.height), outline="gray")
        pages.append(folder / f"{name}-{at // (_ROWS * _COLUMNS):03d}.png")
        page.save(pages[-1])
    return pages


@contextmanager
def _pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=60, help="pictures of each set, ten times the texts")
    parser.add_argument("--data", type=Path, default=DATA, help="the real sets' folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", choices=SETS, help="only this one")
    parser.add_argument("--edit", choices=EDITS, help="only this one")
    parser.add_argument("--sheets", type=Path, help="a folder for contact sheets of all pairs that merge")
    parser.add_argument("--json", action="store_true", help="the last line is one object")
    asked = parser.parse_args()
    sets = (asked.set,) if asked.set else SETS
    found = outcomes(asked.data, asked.rows, asked.seed, sets, (asked.edit,) if asked.edit else ())
    table, text = shares(found), words(asked.data, 10 * asked.rows, asked.seed)
    merged = {name: merges(asked.data, name) for name in sets}
    for name, each in merged.items():
        if asked.sheets:
            draw_sheets(each, asked.sheets, name)
    console = Console() if sys.stdout.isatty() else Console(width=150)
    _show(console, found, table, text, merged)
    if asked.json:
        print(json.dumps({"recall": table | text, "merges": {name: _counts(each) for name, each in merged.items()}}))


def _show(
    console: Console,
    found: Sequence[Outcome],
    recalls: dict[str, dict[str, float]],
    texts: dict[str, dict[str, float]],
    merged: dict[str, Merges],
) -> None:
    table = Table("edit", "bar", *merged, "lost at", title="Edited copies that are found and confirmed")
    for edit, by_set in recalls.items():
        bar = BARS.get(edit, 0.0)
        cells = [f"{share:.3f}{' !' if share < bar else ''}" for share in by_set.values()]
        lost = Counter(f"{each.set} {each.lost_at}" for each in found if each.edit == edit and each.lost_at)
        told = ", ".join(f"{where} {count}" for where, count in lost.most_common())
        table.add_row(edit, str(bar or ""), *cells, told)
    console.print(table)
    table = Table("edit", *next(iter(texts.values())), title="Edited texts that are duplicates")
    for edit, by_set in texts.items():
        table.add_row(edit, *(f"{share:.3f}" for share in by_set.values()))
    console.print(table)
    table = Table("set", *_counts(next(iter(merged.values()))), title="Real pictures that merge")
    for name, each in merged.items():
        table.add_row(name, *map(str, _counts(each).values()))
    console.print(table)
    for each in found:
        if each.lost_at:
            console.print(f"lost {each.set} {each.edit} {each.name}: {each.lost_at}, {each.why}", markup=False)
    for name, one in merged.items():
        for (a, b, why), verdict in zip(one.merged, one.verdicts, strict=True):
            if verdict != "same":
                console.print(f"{verdict} {name} {a.name} {b.name}: {why}", markup=False)


def _counts(found: Merges) -> dict[str, int]:
    return {
        "files": found.files,
        "equal": found.equal,
        "candidates": found.candidates,
        "merged": len(found.merged),
        "different": found.different,
        "unjudged": found.unjudged,
    }


if __name__ == "__main__":
    main()
