"""Pictures of an evaluation: the reference's places and the answer's on the image as it is displayed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from curation.contract.dataset import RENDERED, RenderedRow, rendered_from_row
from curation.contract.table import read_manifest, read_table, store_of
from curation.media import MediaStore
from curation.report.choose import spread
from curation.report.evaluation import OUTLINES, PLACED, RIGHT, places
from curation.report.palette import FATES, REFERENCE
from curation.report.picture import Outline, outlined
from model.complete import complete_or_absent
from model.family import Family, family
from model.image import ImageError, decode

MOST = 12  # pictures (platform default)
PREDICTED = FATES["dropped"]  # a red that is told from the reference's green with any colour vision
_SIDE = 1_600  # pixels of a picture's longer side at most


def draw_boxes(evaluation: Path, dataset: str, most: int = MOST) -> list[Path]:
    """Write up to `most` PNG files to `evaluation/boxes`, reference green and answer red, and `index.json` beside them,
    which tells each file's row, scores and answer. Rows whose answers are places, drawn by hash, right and wrong ones
    and tasks in turn. Gives the pictures; writes nothing where there are no such rows.

    An image that cannot be read is left out, with the reason in `index.json`. Raises `FileExistsError` where the folder
    is there already.
    """
    chosen = _choose(evaluation, most)
    if not chosen:
        return []
    kind = family(read_manifest(dataset).settings["family"])
    media = MediaStore(store_of(dataset))
    filters = [("fate", "in", ["kept", "made"]), ("row_id", "in", [each["row_id"] for each in chosen])]
    rows = {row["row_id"]: row for row in read_table(dataset, RENDERED.names, filters).to_pylist()}
    with complete_or_absent(evaluation.resolve() / "boxes") as folder:
        index = [
            _draw(folder, number, each, rendered_from_row(rows[each["row_id"]]), kind, media)
            for number, each in enumerate(chosen, 1)
            if each["row_id"] in rows
        ]
        text = json.dumps(index, indent=2, ensure_ascii=False) + "\n"
        (folder / "index.json").write_text(text, encoding="utf-8")
    return [evaluation / "boxes" / each["file"] for each in index if "file" in each]


def _choose(evaluation: Path, most: int) -> list[dict[str, Any]]:
    columns = ["row_id", "task", "verifier", "prediction", "scores"]
    table = pq.read_table(evaluation / "predictions.parquet", columns=columns, filters=[("verifier", "in", PLACED)])
    rows = table.to_pylist(maps_as_pydicts="lossy")
    return spread(rows, most, lambda row: str(row["row_id"]), lambda row: (row["task"], _right(row)))


def _right(row: dict[str, Any]) -> bool:
    return bool(next(iter((row["scores"] or {}).values()), 0.0) >= RIGHT)


def _draw(
    folder: Path, number: int, answer: dict[str, Any], row: RenderedRow, kind: Family, media: MediaStore
) -> dict[str, Any]:
    """The picture's entry in the index. Its name is made from a hash, as an id may hold what a path must not."""
    told = {name: answer[name] for name in ("row_id", "task", "scores", "prediction")}
    name = f"{number:02}-{hashlib.sha256(row.row_id.encode()).hexdigest()[:12]}.png"
    regions = row.reference.regions
    medium = row.media[regions[0].media if regions else 0]
    sizes = (medium.width, medium.height), (medium.resized_width, medium.resized_height)
    line = max(2, min(_SIDE, max(sizes[0])) // 300)
    found = places(answer["prediction"], answer["verifier"], kind, *sizes)[:OUTLINES]
    outlines: list[Outline] = [(PREDICTED, 2 * line, region) for region in found]
    outlines += [(REFERENCE, line, region) for region in regions]
    try:
        pixels = decode(media.get(medium.sha256), medium.orientation)
    except ImageError as error:
        return {**told, "error": str(error)}
    except OSError:
        return {**told, "error": "the store does not have this image"}
    outlined(pixels, _SIDE, outlines).save(folder / name)
    return {"file": name, **told}
