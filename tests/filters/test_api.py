"""`filters.measure` and `filters.decide`: any table in, the same kind out, every row accounted for."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image

import filters.images
from curation.contract.sample import SAMPLE, Media, Sample, Turn, media_part, text_part, to_row
from filters import decide, measure
from filters.context import Context
from filters.measuring import measure_image
from filters.reducing import count_corpus, reduce_units
from filters.signal import signal
from filters.simple import simple_samples

ROOT = Path(__file__).parents[2]


def png(grey: int, width: int = 40, height: int = 30) -> bytes:
    """Half black, half of one grey."""
    image = Image.new("L", (width, height))
    image.paste(grey, (0, 0, width // 2, height))
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


GOOD = (png(200), png(100))
FEW = ["answer_words", "width_px", "luma_mean", "phash"]


def frame() -> pl.DataFrame:
    images = [GOOD[0], GOOD[1], b"junk", GOOD[0][:60], None]
    return pl.DataFrame({"image": images, "caption": ["one", "one two", "a b c", "a b c d", "e f g h i"], "extra": 1})


def test_every_row_is_measured_in_order_and_a_bad_image_harms_no_other() -> None:
    measured = measure(frame(), signals=FEW)
    assert measured.columns == ["sample_id", "source", "task", *FEW, "error"]
    assert measured["answer_words"].to_list() == [1, 2, 3, 4, 5]
    assert measured["width_px"].to_list() == [40, 40, None, 40, None]
    assert measured["luma_mean"].to_list() == [100.0, 50.0, None, None, None]
    assert [None if each is None else each.split(":")[0] for each in measured["error"]] == [
        None, None, "not_an_image", "truncated", None,
    ]  # fmt: skip
    assert measured["task"].to_list() == ["caption"] * 4 + ["text"]
    assert measured["source"].unique().to_list() == ["frame"]


def test_all_kinds_of_tables_say_the_same_and_come_back_as_they_went_in() -> None:
    of_polars = measure(frame(), signals=FEW)
    of_arrow = measure(frame().to_arrow(), signals=FEW)
    indexed = frame().to_pandas().set_index(pd.Index(list("abcde")))
    of_pandas = measure(indexed, signals=FEW)
    assert isinstance(of_arrow, pa.Table) and isinstance(of_pandas, pd.DataFrame)
    assert pl.from_arrow(of_arrow).equals(of_polars)  # type: ignore[union-attr]
    assert list(of_pandas.index) == list("abcde")
    assert of_pandas["answer_words"].to_list() == [1, 2, 3, 4, 5]
    assert of_pandas["error"].isna().to_list() == [True, True, False, False, True]
    rules = {"long": {"signal": "answer_words", "min": 2}}
    assert decide(of_pandas, rules)["fate"].to_list() == decide(of_polars, rules)["fate"].to_list()
    with pytest.raises(TypeError, match="list"):
        measure([1, 2])


def test_a_frame_says_what_it_has_and_the_rest_is_made_up_the_same_each_time() -> None:
    rows = [{"images": [GOOD[0], GOOD[1]], "prompt": "Which?", "text": "Both."}, {"text": 7}, {"prompt": float("nan")}]
    columns = ("images", "prompt", "text")
    found = simple_samples(columns, [{**dict.fromkeys(columns), **row} for row in rows])
    assert [each.sample.task for each in found] == ["vqa", "text", "text"]
    assert [len(each.sample.media) for each in found] == [2, 0, 0]
    assert found[1].sample.messages[1].parts[0].text == "7"
    assert found[2].sample.messages[0].parts[0].text == ""
    again = simple_samples(columns, [{**dict.fromkeys(columns), **row} for row in rows])
    assert [each.sample_id for each in again] == [each.sample_id for each in found]
    (named,) = simple_samples(("text", "sample_id", "source"), [{"text": "a", "sample_id": "x", "source": "s"}])
    assert (named.sample_id, named.sample.source) == ("x", "s")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"picture": [b""]}, "none of the columns picture"),
        ({"text": ["a"], "caption": ["b"]}, "answer, text|text and caption say the same"),
        ({"text": ["a"], "task": ["captions"]}, "there is no task 'captions'"),
    ],
)
def test_a_frame_that_cannot_be_read_is_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        measure(pl.DataFrame(columns))


def test_odd_values_are_an_error_of_their_row() -> None:
    odd = pd.DataFrame({"image": ["path.png", {"bytes": GOOD[0]}, None], "answer": ["a", "b", "lone \ud800"]})
    measured = measure(odd, signals=["luma_mean", "answer_chars"])
    assert [None if each is None else each.split(":")[0] for each in measured["error"]] == [
        "bad_field", None, "bad_text",
    ]  # fmt: skip
    assert measured["luma_mean"].to_list()[1] == 100.0
    assert measured["answer_chars"].to_list() == [1, 1, 6]


def test_unknown_signals_name_the_nearest_and_a_string_is_no_list() -> None:
    with pytest.raises(ValueError, match="luma_meen.*luma_mean"):
        measure(frame(), signals=["luma_meen"])
    with pytest.raises(ValueError, match="list of names"):
        measure(frame(), signals="luma_mean")


def test_each_distinct_image_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bytes] = []

    def counted(data: bytes, orientation: int, signals: Any) -> dict[str, Any]:
        decoded.append(data)
        return measure_image(data, orientation, signals)

    monkeypatch.setattr(filters.images, "measure_image", counted)
    batch = pl.DataFrame({"images": [[GOOD[0], GOOD[1]], [GOOD[1]], [GOOD[0], GOOD[0]]], "answer": ["a", "b", "c"]})
    measured = measure(batch, signals=["luma_mean", "phash"])
    assert sorted(decoded) == sorted(GOOD)
    assert measured["luma_mean"].to_list() == [75.0, 50.0, 100.0]  # the mean over a row's images
    assert [len(each) for each in measured["phash"]] == [2, 1, 2]


def sample(answer: str, *sha256: str) -> Sample:
    media = tuple(Media(sha256=each, mime="image/png", width=40, height=30) for each in sha256)
    parts = (*map(media_part, range(len(media))), text_part("?"))
    turns = (Turn(role="user", parts=parts), Turn(role="assistant", parts=(text_part(answer),)))
    return Sample(row_id="r", source="s", task="vqa", messages=turns, media=media)


def test_a_table_of_samples_gets_its_images_by_hash() -> None:
    table = pa.Table.from_pylist([to_row(sample("a b", "x")), to_row(sample("c", "y"))], schema=SAMPLE)
    given = {"x": GOOD[0]}
    for images in (given, given.get):
        measured = measure(table, images=images, signals=["luma_mean", "answer_words"])
        assert measured.column("luma_mean").to_pylist() == [100.0, None]
        assert measured.column("answer_words").to_pylist() == [2, 1]
        assert measured.column("error").to_pylist() == [None, "empty: nobody gave the bytes of the image y"]
    assert measure(table, signals=["answer_words"]).column("error").to_pylist() == [None, None]
    with pytest.raises(ValueError, match="need the images"):
        measure(table, signals=["luma_mean"])
    through_pandas = measure(table.to_pandas(), images=given, signals=["luma_mean"])
    assert through_pandas["luma_mean"].to_list()[0] == 100.0
    assert measure(pl.DataFrame(pl.from_arrow(table)), images=given, signals=["luma_mean"])["luma_mean"][0] == 100.0
    with pytest.raises(ValueError, match="needs the columns.*regions"):
        measure(table.drop_columns(["regions"]), signals=["answer_words"])


def test_the_context_reaches_the_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    @signal(tier="text", grain="sample", unit="px", dtype="int64")
    def budget(samples: pl.DataFrame, batch: Any) -> pl.Series:
        """The budget that was asked for."""
        return pl.Series([batch.context.max_pixels] * len(samples))

    monkeypatch.setattr("filters.api.catalogue", lambda: {"budget": budget})
    measured = measure(pl.DataFrame({"text": ["a"]}), context=Context(max_pixels=5000))
    assert measured["budget"].to_list() == [5000]


def test_corpus_signals_count_within_a_source() -> None:
    @signal(tier="corpus", grain="sample", unit="rows", dtype="int64", reducer="max")
    def same_text(samples: pl.DataFrame) -> pl.Series:
        """How often the text occurs."""
        return samples["text"]

    @signal(tier="corpus", grain="sample", unit="share", counts="share")
    def share(samples: pl.DataFrame) -> pl.Series:
        """The text's share."""
        return samples["text"]

    keys = pa.table({"same_text": [["a"], ["a", "b"], ["a"], []], "share": [["a"], ["b"], ["a"], []]})
    counted = count_corpus(keys, ["s", "s", "t", "t"], [same_text, share])
    assert [row["same_text"] for row in counted] == [2, 2, 1, None]
    assert [row["share"] for row in counted] == [0.5, 0.5, 1.0, None]


@pytest.mark.parametrize(
    ("reducer", "values", "reduced"),
    [
        ("min", [3.0, None, 1.0], 1.0),
        ("max", [3.0, None, 1.0], 3.0),
        ("first", [None, 3.0, 1.0], 3.0),
        ("mean", [3.0, None, 1.0], 2.0),
        ("mean", [None], None),
        ("min", [], None),
    ],
)
def test_units_are_reduced_without_those_that_are_none(reducer: Any, values: list[Any], reduced: Any) -> None:
    @signal(tier="pixels", grain="media", unit="levels", reducer=reducer)
    def some(pixels: Any) -> float:
        """A number."""
        return 0.0

    assert reduce_units(some, values) == reduced
    order = np.random.default_rng(0).uniform(0, 1, 50).tolist()
    if reducer == "mean":
        assert reduce_units(some, order) == reduce_units(some, order[::-1])


def test_strings_of_images_stay_a_list() -> None:
    @signal(tier="pixels", grain="media", unit="", dtype="string")
    def name(pixels: Any) -> str:
        """A string."""
        return ""

    assert reduce_units(name, ["b", None, "a"]) == ["b", None, "a"]
    assert reduce_units(name, []) is None


def test_decide_says_the_fate_and_each_verdict() -> None:
    measured = measure(frame(), signals=["answer_words", "luma_mean"])
    rules = {
        "long": {"signal": "answer_words", "min": 2, "tasks": ["caption"]},
        "lit": {"signal": "luma_mean", "min": 60, "unknown": "wait"},
    }
    decided = decide(measured, rules)
    assert decided.columns == ["sample_id", "source", "task", "fate", "reason", "detail", "long", "lit"]
    assert decided["fate"].to_list() == ["dropped", "dropped", "quarantined", "quarantined", "waiting"]
    assert decided["reason"].to_list() == ["long", "lit", "not_an_image", "truncated", "lit"]
    assert decided["detail"][0] == "answer_words 1 < 2"
    assert decided["long"].to_list() == ["drop", "keep", "keep", "keep", "na"]
    assert decided["lit"].to_list() == ["keep", "drop", "unknown", "unknown", "unknown"]
    with pytest.raises(ValueError, match="phash_is: there is no signal 'phas'"):
        decide(measured, {"phash_is": {"signal": "phas", "equals": "x"}})
    with pytest.raises(ValueError, match="measure it too"):
        decide(measured, {"wide": {"signal": "width_px", "min": 2}})


def test_an_empty_frame_gives_an_empty_one_with_all_columns() -> None:
    measured = measure(frame().head(0), signals=FEW)
    assert measured.columns == ["sample_id", "source", "task", *FEW, "error"]
    assert len(measured) == 0
    assert len(decide(measured, {"long": {"signal": "answer_words", "min": 2}})) == 0


def test_importing_the_package_loads_nothing_else() -> None:
    code = "import sys, filters; sys.exit(bool({'polars', 'pyarrow', 'PIL', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=False).returncode == 0
