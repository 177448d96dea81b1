"""A page of generated samples: some of every kind, as they are read back from the files, with their boxes drawn."""

from __future__ import annotations

from itertools import islice
from typing import Any

from curation.build import Builder
from curation.contract.sample import Media, to_row
from curation.contract.source import Source
from curation.contract.table import join
from curation.ingest import store_image
from curation.inputs import media_root
from curation.media import HeldMedia
from curation.readers import RawRow, plan_splits, read_split
from curation.report.cards import Card, make_card
from curation.report.choose import spread
from curation.report.page import environment
from curation.report.picture import Thumbnails
from curation.store import names_in, write_bytes

MOST, SIDE, LONGEST, PICTURES = 24, 460, 1200, 6  # samples, pixels, characters, pictures of each (platform defaults)
_FILES, _ROWS = 8, 48  # how many shards are looked into, and how far


def write_gallery(out: str, source: Source, manifest: dict[str, Any]) -> None:
    """Writes `gallery.html` into a folder that `winnow synth` filled, which `source` reads. The same folder gives the
    same page."""
    held = HeldMedia()
    thumbnails = Thumbnails(held, SIDE)
    cards = [_card(raw, file, source, held, thumbnails, out) for file, raw in _choose(out, source)]
    page = environment().get_template("generated.html.j2").render(cards=cards, manifest=manifest)
    write_bytes(join(out, "gallery.html"), page.encode())


def _choose(out: str, source: Source) -> list[tuple[str, RawRow]]:
    """Rows from shards that lie evenly apart, of every task and tag in turn."""
    folder = source.path.rpartition("/")[0]
    files = [
        join(folder, name) for name in names_in(join(out, folder)) if name.endswith(source.path.rpartition("*")[2])
    ]
    some = files[:: -(-len(files) // _FILES)] if files else []
    found = [(file, raw) for file in some for raw in islice(_rows(out, source, file), _ROWS)]
    return spread(found, MOST, lambda one: one[1].locator, lambda one: _kind(_sample(source, one[1])))


def _rows(out: str, source: Source, file: str) -> Any:
    return (raw for split in plan_splits(source, out, (file,)) for raw in read_split(source, out, split))


def _sample(source: Source, raw: RawRow) -> dict[str, Any]:
    return dict(raw.value["json"] if source.reader == "webdataset" else raw.value)


def _kind(row: dict[str, Any]) -> tuple[str, ...]:
    return row["task"], row["answer"]["verifier"], *row["tags"]


def _card(raw: RawRow, file: str, source: Source, held: HeldMedia, thumbnails: Thumbnails, out: str) -> Card:
    def fetch(value: Any) -> Media:
        return store_image(value, join(out, media_root(source, file)), held)

    told = _sample(source, raw)
    (sample,) = Builder("gallery", source).build(raw.locator, raw.value, fetch)
    row = {**to_row(sample), "row_id": told["row_id"], "source": told["source"]}
    verifier, note = sample.answer.verifier, " · ".join(sample.tags)
    badge = f"checked by {verifier}" if verifier else "not checkable"
    return make_card(row, thumbnails, "kept", badge, note, LONGEST, PICTURES, marked=True)
