"""Pictures of an evaluation: which rows, and where the colours are."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageColor

from curation.contract.dataset import RENDERED
from curation.contract.sample import Answer, Media, Region, Sample, Turn, media_part, region_part, text_part
from curation.media import MediaStore
from curation.report.boxes import PREDICTED, draw_boxes
from curation.report.palette import REFERENCE
from model.chat import render
from model.family import QWEN2_5_VL

GREEN, RED, WHITE = ImageColor.getrgb(REFERENCE), ImageColor.getrgb(PREDICTED), (255, 255, 255)
BOX = Region(points=(56, 28, 140, 84), label="box")
MOVED = '[{"bbox_2d": [84, 42, 168, 98], "label": "box"}]'  # by 28 and 14 pixels
PREDICTIONS = pa.schema(
    [(name, pa.string()) for name in ("row_id", "task", "verifier", "prediction")]
    + [("scores", pa.map_(pa.string(), pa.float64()))]
)


def _image(store: str, orientation: int = 1) -> Media:
    """A white image, 280 x 140 as displayed."""
    size = (280, 140) if orientation == 1 else (140, 280)
    buffer = io.BytesIO()
    Image.new("RGB", size, "white").save(buffer, "PNG")
    sha256 = MediaStore(store).put(buffer.getvalue())
    return Media(sha256=sha256, mime="image/png", width=size[0], height=size[1], orientation=orientation)


def _row(row_id: str, medium: Media) -> dict[str, Any]:
    turns = (
        Turn(role="user", parts=(media_part(0), text_part("Locate the box."))),
        Turn(role="assistant", parts=(region_part(0),)),
    )
    sample = Sample(row_id=row_id, source="made", task="grounding", messages=turns, media=(medium,), regions=(BOX,),
                    answer=Answer(text="box", verifier="box"))  # fmt: skip
    return {**asdict(render(sample, QWEN2_5_VL, 4 * 28 * 28, 200 * 28 * 28, "test")), "fate": "kept"}


def _evaluation(folder: Path, answers: dict[str, tuple[str, str, float]]) -> Path:
    """By row: its verifier, the answer and its score."""
    folder.mkdir()
    rows = [
        {"row_id": row_id, "task": "grounding", "verifier": verifier, "prediction": text, "scores": [("acc", score)]}
        for row_id, (verifier, text, score) in answers.items()
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=PREDICTIONS), folder / "predictions.parquet")
    return folder


def _dataset(shelf: Any, rows: list[dict[str, Any]]) -> str:
    schema = RENDERED.append(pa.field("fate", pa.string()))
    shelf.put("render", pa.Table.from_pylist(rows, schema=schema), settings={"family": "qwen2_5_vl"})
    return str(shelf.tables["render"])


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_true_box_is_green_and_the_predicted_one_red(shelf: Any, tmp_path: Path, orientation: int) -> None:
    dataset = _dataset(shelf, [_row("../a:b#1", _image(shelf.store, orientation))])
    evaluation = _evaluation(tmp_path / "eval", {"../a:b#1": ("box", MOVED, 0.25)})
    (path,) = draw_boxes(evaluation, dataset)
    assert path.parent == evaluation / "boxes"
    picture = Image.open(path).convert("RGB")
    assert picture.size == (280, 140)
    assert picture.getpixel((56, 40)) == picture.getpixel((100, 28)) == GREEN
    assert picture.getpixel((168, 60)) == picture.getpixel((100, 98)) == RED
    assert picture.getpixel((110, 60)) == picture.getpixel((10, 10)) == WHITE
    (told,) = json.loads((evaluation / "boxes" / "index.json").read_text())
    assert told == {
        "file": path.name,
        "row_id": "../a:b#1",
        "task": "grounding",
        "scores": {"acc": 0.25},
        "prediction": MOVED,
    }


def test_right_and_wrong_rows_take_turns(shelf: Any, tmp_path: Path) -> None:
    medium = _image(shelf.store)
    dataset = _dataset(shelf, [_row(f"r{number}", medium) for number in range(8)])
    answers = {f"r{number}": ("box", MOVED, float(number == 7)) for number in range(8)}
    evaluation = _evaluation(tmp_path / "eval", {**answers, "text": ("exact", "red", 1.0)})
    assert len(draw_boxes(evaluation, dataset, 3)) == 3
    shown = {told["row_id"] for told in json.loads((evaluation / "boxes" / "index.json").read_text())}
    assert "r7" in shown and "text" not in shown


def test_what_cannot_be_drawn_is_told(shelf: Any, tmp_path: Path) -> None:
    gone = Media(sha256="0" * 64, mime="image/png", width=280, height=140)
    far = '[{"bbox_2d": [-1e300, 5, 1e308, 99999999999999], "label": "x"}, {"bbox_2d": [90, 90, 10, 10]}]'
    dataset = _dataset(shelf, [_row("gone", gone), _row("far", _image(shelf.store))])
    evaluation = _evaluation(tmp_path / "eval", {"gone": ("box", MOVED, 0.0), "far": ("box", far, 0.0)})
    assert len(draw_boxes(evaluation, dataset)) == 1
    index = json.loads((evaluation / "boxes" / "index.json").read_text())
    assert {told["row_id"]: told.get("error") for told in index} == {
        "gone": "the store does not have this image",
        "far": None,
    }
    with pytest.raises(FileExistsError):
        draw_boxes(evaluation, dataset)


def test_no_places_no_pictures(shelf: Any, tmp_path: Path) -> None:
    evaluation = _evaluation(tmp_path / "eval", {"text": ("exact", "red", 1.0)})
    assert draw_boxes(evaluation, "nowhere") == [] and not (evaluation / "boxes").exists()
