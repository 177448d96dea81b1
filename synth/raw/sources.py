"""The ten sources of the demo: how one row of each is made, which defects it gets, and the format it comes in."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from synth.defects import raw as d
from synth.defects.raw import Defect, RawRow
from synth.drawing import encode
from synth.lessons.board import ask_colour, draw_board
from synth.lessons.course import ask
from synth.raw.charts import ask_about_chart, draw_bar_chart
from synth.raw.receipts import Receipt, draw_receipt
from synth.raw.scenes import Scene, draw_scene
from synth.raw.screens import Screen, Widget, draw_screen
from synth.raw.signs import ask_about_scene, ask_about_sign, draw_sign, refer
from synth.raw.texts import write_instruction
from synth.raw.writers import Locator, write_jsonl, write_parquet, write_saved_dataset, write_webdataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`share` is this source's part of all rows; `write` takes the rows and the output folder."""

    name: str
    share: float
    make: Callable[[random.Random], RawRow]
    defects: tuple[Defect, ...]
    write: Callable[[Sequence[RawRow], Path], list[Locator]]


def _pair(rng: random.Random) -> RawRow:
    scene = draw_scene(rng)
    suffix = rng.choice(("jpg", "jpg", "png"))
    names = [shape.name for shape in scene.objects]
    record = {"caption": scene.caption, "width": scene.image.width, "height": scene.image.height, "shapes": names}
    return RawRow(record={**record, "licence": "CC0-1.0"}, image=encode(scene.image, suffix), suffix=suffix)


def _scene(rng: random.Random) -> RawRow:
    return _scene_row(draw_scene(rng))


def _scene_row(scene: Scene) -> RawRow:
    objects = [
        {"label": shape.kind, "bbox": list(shape.box), "colour": shape.colour, "size": shape.size}
        for shape in scene.objects
    ]
    record = {"width": scene.image.width, "height": scene.image.height, "objects": objects}
    return RawRow(record=record, image=encode(scene.image, "jpg"), suffix="jpg")


def _receipt(rng: random.Random) -> RawRow:
    return _receipt_row(draw_receipt(rng))


def _receipt_row(receipt: Receipt) -> RawRow:
    record = {
        "width": receipt.image.width,
        "height": receipt.image.height,
        "lines": [{"quad": list(line.quad), "text": line.text} for line in receipt.lines],
        "fields": receipt.fields,
    }
    return RawRow(record=record, image=encode(receipt.image, "jpg"), suffix="jpg")


def _receipt_with_control_text(row: RawRow, rng: random.Random) -> RawRow:
    return _receipt_row(draw_receipt(rng, note=rng.choice(d.CONTROL_TEXTS)))


def _screen(rng: random.Random) -> RawRow:
    return _screen_row(draw_screen(rng))


def _screen_row(screen: Screen) -> RawRow:
    width, height = screen.image.size
    steps = [_element(widget) for widget in screen.steps]
    record = {
        "task": f"{screen.steps[0].type}-{len(steps)}",
        "width": width,
        "height": height,
        "viewport": [width, height],
        "scale": 1,
        "instruction": screen.instruction,
        "steps": steps,
        "target": steps[0]["bbox"] if len(steps) == 1 else None,
        "also_rewarded": [],
        "reward": 1,
        "elements": [_element(widget) for widget in screen.widgets],
    }
    return RawRow(record=record, image=encode(screen.image, "png"), suffix="png")


def _element(widget: Widget) -> dict[str, Any]:
    return {
        "tag": widget.tag,
        "id": "",
        "class": "",
        "type": widget.type,
        "text": widget.text,
        "bbox": list(widget.box),
        "interactive": widget.tag != "h1",
        "visible_on_top": True,
    }


def _screen_with_control_text(row: RawRow, rng: random.Random) -> RawRow:
    return _screen_row(draw_screen(rng, label=rng.choice(d.CONTROL_TEXTS)))


def _question(rng: random.Random) -> RawRow:
    if rng.random() < 0.35:
        sign = draw_sign(rng)
        image, question = sign.image, ask_about_sign(rng, sign)
    else:
        scene = draw_scene(rng)
        image, question = scene.image, ask_about_scene(rng, scene)
    suffix = rng.choice(("jpg", "png"))
    return RawRow(record=asdict(question), image=encode(image, suffix), suffix=suffix)


def _referring(rng: random.Random) -> RawRow:
    scene = draw_scene(rng)
    phrase, box = refer(rng, scene)
    record = {"phrase": phrase, "box": [float(x) for x in box]}
    return RawRow(record=record, image=encode(scene.image, "jpg"), suffix="jpg")


def _chart(rng: random.Random) -> RawRow:
    chart = draw_bar_chart(rng)
    return RawRow(record=asdict(ask_about_chart(rng, chart)), image=encode(chart.image, "png"), suffix="png")


_SHAPES = 8  # at most: twice as many as in nano's lessons, so that it has something to learn


def _board_question(rng: random.Random) -> RawRow:
    """What nano has been taught, with an answer in words, and a question that it has not: the colour of a shape."""
    board = draw_board(rng, _SHAPES)
    known = [ask(rng, board, skill) for skill in ("name", "count", "read", "place", "look")]
    new = ask_colour(rng, board) if rng.random() < 0.5 else None
    question = new or rng.choice([found for found in known if found])
    record = {"question": question.text, "answer": question.answer}
    return RawRow(record=record, image=encode(board.image, "png"), suffix="png")


def _board_box(rng: random.Random) -> RawRow:
    board = draw_board(rng, _SHAPES)
    question = ask(rng, board, "locate")
    assert question and question.box
    record = {"phrase": question.label, "box": [float(value) for value in question.box]}
    return RawRow(record=record, image=encode(board.image, "png"), suffix="png")


def _text(rng: random.Random) -> RawRow:
    return RawRow(record=asdict(write_instruction(rng)))


_UNREADABLE = (d.JUNK_IMAGE, d.TRUNCATED_IMAGE, d.EMPTY_IMAGE, d.MISSING_IMAGE, d.SVG_IMAGE)
_UNREADABLE_BY_PATH = (*_UNREADABLE, d.ESCAPING_PATH, d.BROKEN_JSON)
_POOR = (d.BLANK_IMAGE, d.DARK_IMAGE, d.BLURRED_IMAGE)
_ODD_SHAPES = (d.TINY_IMAGE, d.EXTREME_ASPECT)

SOURCES = (
    Source(
        name="pairs",
        share=0.13,
        make=_pair,
        defects=(
            *_UNREADABLE,
            *_POOR,
            *_ODD_SHAPES,
            d.bad_text("empty", "caption", "", "   "),
            d.bad_text("short", "caption", "shapes", "image", "ok"),
            d.repetitive("caption"),
            d.bad_text("file_name", "caption", "IMG_2041.JPG", "scan-0032.png", "final_v2 (1).jpeg"),
            d.EXACT_DUPLICATE,
            d.RECOMPRESSED_DUPLICATE,
            d.RESIZED_DUPLICATE,
            d.control_text("caption"),
        ),
        write=partial(write_webdataset, folder="pairs", text="caption"),
    ),
    Source(
        name="receipts",
        share=0.08,
        make=_receipt,
        defects=(
            *_UNREADABLE_BY_PATH,
            *_POOR,
            d.box_outside(lambda record: record["lines"][0]["quad"]),
            d.EXACT_DUPLICATE,
            d.RECOMPRESSED_DUPLICATE,
            replace(d.control_text("lines"), spoil=_receipt_with_control_text),
        ),
        write=partial(write_jsonl, name="receipts/receipts.jsonl"),
    ),
    Source(
        name="scenes",
        share=0.09,
        make=_scene,
        defects=(
            *d.EXIF_ORIENTATIONS,
            *_UNREADABLE_BY_PATH,
            *_POOR,
            d.box_outside(lambda record: record["objects"][0]["bbox"]),
            d.EXACT_DUPLICATE,
            d.RECOMPRESSED_DUPLICATE,
        ),
        write=partial(write_jsonl, name="scenes/annotations.jsonl"),
    ),
    Source(
        name="screens",
        share=0.08,
        make=_screen,
        defects=(
            *_UNREADABLE_BY_PATH,
            d.BLANK_IMAGE,
            d.box_outside(lambda record: record["steps"][0]["bbox"]),
            d.bad_text("empty", "instruction", ""),
            d.EXACT_DUPLICATE,
            d.RECOMPRESSED_DUPLICATE,
            replace(d.control_text("elements"), spoil=_screen_with_control_text),
        ),
        write=partial(write_jsonl, name="screens/episodes.jsonl"),
    ),
    Source(
        name="questions",
        share=0.07,
        make=_question,
        defects=(
            *_UNREADABLE,
            *_POOR,
            *_ODD_SHAPES,
            d.bad_text("empty", "answer", ""),
            d.EXACT_DUPLICATE,
            d.RESIZED_DUPLICATE,
            d.control_text("question"),
        ),
        write=partial(write_parquet, folder="questions"),
    ),
    Source(
        name="referring",
        share=0.05,
        make=_referring,
        defects=(
            d.TRUNCATED_IMAGE,
            d.JUNK_IMAGE,
            d.MISSING_IMAGE,
            d.BLURRED_IMAGE,
            d.box_outside(lambda record: record["box"]),
            d.EXACT_DUPLICATE,
            d.RECOMPRESSED_DUPLICATE,
            d.control_text("phrase"),
        ),
        write=partial(write_parquet, folder="referring"),
    ),
    Source(
        name="charts",
        share=0.05,
        make=_chart,
        defects=(
            d.TRUNCATED_IMAGE,
            d.JUNK_IMAGE,
            d.EMPTY_IMAGE,
            d.BLANK_IMAGE,
            d.TINY_IMAGE,
            d.bad_text("empty", "answer", ""),
            d.EXACT_DUPLICATE,
            d.RESIZED_DUPLICATE,
            d.control_text("question"),
        ),
        write=partial(write_saved_dataset, folder="charts"),
    ),
    Source(
        name="boards",
        share=0.16,
        make=_board_question,
        defects=(d.TRUNCATED_IMAGE, d.JUNK_IMAGE, d.bad_text("empty", "answer", ""), d.EXACT_DUPLICATE),
        write=partial(write_parquet, folder="boards"),
    ),
    Source(
        name="board_boxes",
        share=0.06,
        make=_board_box,
        defects=(d.EMPTY_IMAGE, d.box_outside(lambda record: record["box"]), d.EXACT_DUPLICATE),
        write=partial(write_jsonl, name="board_boxes/boxes.jsonl"),
    ),
    Source(
        name="instructions",
        share=0.23,
        make=_text,
        defects=(
            d.BROKEN_JSON,
            d.bad_text("empty", "output", ""),
            d.repetitive("output"),
            d.EXACT_DUPLICATE,
            d.control_text("input"),
        ),
        write=partial(write_jsonl, name="instructions/alpaca.jsonl.gz"),
    ),
)
