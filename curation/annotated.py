"""Somebody's own annotated images, read back: from a folder of `winnow synth`, or from what a run has ingested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from curation.contract.sample import Sample, from_row
from curation.contract.table import TableError, join, read_bytes, read_parquet
from curation.ledger import Ledger
from curation.media import MediaStore
from curation.report.choose import place
from curation.report.tables import INGEST, parquet_files
from curation.shards import read_json
from curation.stage import UsageError
from curation.store import exists, is_local, names_in, store_url
from synth.specimen import Specimen

MOST_IMAGES = 200  # platform default: as many are held in memory, by every process that pastes


def annotated(folder: str, most: int = MOST_IMAGES) -> list[Specimen]:
    """One sample for each of at most `most` images with labelled boxes, chosen by the images' hashes.

    It is the sample with the most boxes, and only where it has every box that the image's other samples have: on an
    image that is annotated in part, an answer about "every" thing could not be told to be whole.

    Raises:
        UsageError: `folder` is neither of the two, or has no labelled boxes.
    """
    samples, fetch = _generated(folder) if exists(join(folder, "manifest.json")) else _ingested(folder)
    by_image: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if len(sample.media) == 1 and any(region.shape == "box" for region in sample.regions):
            by_image[sample.media[0].sha256].append(sample)
    whole = {sha256: named for sha256, about in by_image.items() if (named := _whole(about))}
    if not whole:
        raise UsageError(
            f"{folder} has no image with labelled boxes that one sample names all: there is nothing to cut out"
        )
    chosen = sorted(whole, key=place)[:most]
    return [Specimen(whole[sha256], {sha256: fetch(whole[sha256])}) for sha256 in chosen]


def _whole(about: list[Sample]) -> Sample | None:
    """The sample that lists all boxes of its image, each with its label."""
    every = {region.points for sample in about for region in sample.regions if region.shape == "box"}
    for sample in sorted(about, key=lambda each: (-len(each.regions), each.row_id)):
        mine = [region for region in sample.regions if region.shape == "box" and region.label]
        if sample.answer.verifier == "boxes" and {region.points for region in mine} == every:
            return replace(sample, regions=tuple(mine))
    return None


_Found = tuple[Iterable[Sample], Callable[[Sample], bytes]]  # samples, and the bytes of one's image


def _generated(folder: str) -> _Found:
    form = read_json(join(folder, "manifest.json")).get("form")
    if form != "parquet":
        raise UsageError(f"{folder} holds {form or 'no generated samples'}; `--data` reads those in Parquet")
    names = [name for name in names_in(join(folder, "samples")) if name.endswith(".parquet")]
    rows = _rows(join(folder, "samples", name) for name in names)
    return map(from_row, rows), lambda sample: read_bytes(join(folder, sample.media[0].uri))


def _ingested(folder: str) -> _Found:
    store = store_url(Path(folder)) if is_local(folder) else folder
    try:
        ledger = Ledger.of(store)
    except TableError:
        raise UsageError(
            f"{folder} is neither a folder of `winnow synth` (no manifest.json) nor one that `winnow run` wrote"
        ) from None
    files = (url for stage in ledger.tables if stage.startswith(INGEST) for url in parquet_files(ledger, stage))
    kept = (row for row in _rows(files) if row["fate"] == "kept")
    media = MediaStore(store)
    return map(from_row, kept), lambda sample: media.get(sample.media[0].sha256)


def _rows(files: Iterable[str]) -> Iterator[dict[str, Any]]:
    for url in files:
        yield from read_parquet(url).to_pylist()
