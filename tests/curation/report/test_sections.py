"""What the sections of the report say, by numbers worked out by hand."""

from __future__ import annotations

import base64
import io
import math
import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from curation.contract.rule import Rule
from curation.contract.sample import Region
from curation.decided import rule_funnel
from curation.ledger import story
from curation.media import MediaStore
from curation.report import plots
from curation.report.bins import Bins, make_bins, short, smoothed, ticks
from curation.report.cards import clip, make_card, said
from curation.report.choose import nearest, place, spread
from curation.report.dropped import by_source
from curation.report.funnel import funnel, mix, tiles
from curation.report.galleries import by_rule, duplicates, kept, quarantined
from curation.report.picture import SIDE, Thumbnails
from curation.report.signals import condition, histograms


def svg(uri: str) -> ET.Element:
    return ET.fromstring(base64.b64decode(uri.removeprefix("data:image/svg+xml;base64,")))


# ---- axes ----


def test_even_bins_hold_all_values_and_show_the_bound() -> None:
    bins = make_bins([1.0, 3.0], [0.0], whole=False, most=4)
    assert bins.edges == pytest.approx((-0.06, 0.72, 1.5, 2.28, 3.06))  # 0 to 3 with a margin of 2 % on each side
    assert bins.count([1.0, 3.0, 0.0]) == [1, 1, 0, 1]


def test_whole_numbers_stand_in_the_middle_of_their_bins() -> None:
    assert make_bins([2, 5], [], whole=True, most=4).edges == (1.5, 2.5, 3.5, 4.5, 5.5)
    wide = make_bins([0, 6], [], whole=True, most=4)  # 7 numbers in at most 4 bins: two to a bin
    assert wide.edges == (-0.5, 1.5, 3.5, 5.5, 7.5)
    assert wide.count([0, 1, 2, 6]) == [2, 1, 0, 1]


def test_a_long_tail_stretches_the_axis() -> None:
    bins = make_bins([0.0, 1.0, 99.0], [], whole=False, most=2)  # 99 is over 8 times the median
    assert bins.skewed and bins.edges == pytest.approx((0.0, math.sqrt(100) - 1, 99.0))
    assert bins.count([0.0, 1.0, 99.0]) == [2, 1]
    assert not make_bins([-1.0, 0.0, 99.0], [], whole=False).skewed  # there is no logarithm of what lies left of 0


def test_no_values_and_one_value_have_an_axis_too() -> None:
    assert make_bins([], [20.0], whole=False, most=1).edges == pytest.approx((19.48, 20.52))
    assert sum(make_bins([7.0, 7.0], [], whole=False).count([7.0, 7.0])) == 2


def test_a_threshold_on_whole_numbers_stands_between_what_is_kept_and_what_is_not() -> None:
    whole, real = Bins((0.5, 9.5), False, True), Bins((0.0, 9.0), False, False)
    assert (whole.cut(3, -1), whole.cut(3, 1)) == (2.5, 3.5)
    assert (real.cut(3, -1), real.cut(3, 1), real.cut(100, 1)) == (3, 3, 9)


def test_ticks_and_short_numbers() -> None:
    assert ticks(0, 5000) == [0, 1, 10, 100, 1000]
    assert ticks(1, 30) == [1, 2, 5, 10, 20]
    assert [short(value) for value in (0, 0.25, 950, 1500, 2e6)] == ["0", "0.25", "950", "1.5k", "2M"]
    assert smoothed([2, 4, 9], 2) == [2, 3, 6.5]


# ---- plots ----


def test_a_plot_is_the_same_each_time_and_has_no_date() -> None:
    bins = Bins((0.0, 1.0, 2.0), False, False)
    first, second = (plots.histogram(bins, [3, 0], [0, 1], [1, 0], [0.5], []) for _ in range(2))
    assert first == second
    text = base64.b64decode(first.split(",")[1]).decode()
    assert "<dc:date>" not in text and "<script" not in text
    assert text.count("stroke-dasharray: 5.2,2.6") == 2  # the one threshold, above and below
    assert "#009e73" in text and "#d55e00" in text


def test_every_threshold_of_a_signal_is_drawn() -> None:
    bins = Bins((0.0, 1.0, 2.0), False, False)
    text = base64.b64decode(plots.histogram(bins, [3, 0], [0, 1], [1, 0], [0.5, 0.7], [1.5]).split(",")[1]).decode()
    assert text.count("stroke-dasharray: 5.2,2.6") == 6  # three, above and below


def test_names_in_a_plot_are_no_formulas_and_no_markup() -> None:
    shown = svg(plots.counts(["$x^2$", "<b>é"], [1, 2], [0, 0], [0, 0]))
    texts = ["".join(element.itertext()).strip() for element in shown.iter() if element.tag.endswith("}text")]
    assert "$x^2$" in texts and "<b>\\xe9" in texts


# ---- choosing ----


def test_a_small_group_is_seen_beside_a_large_one() -> None:
    rows = [(f"a{i}", "a") for i in range(50)] + [("b0", "b")]
    chosen = spread(rows, 3, row_id=lambda row: row[0], group=lambda row: row[1])
    by_hash = sorted((row_id for row_id, group in rows if group == "a"), key=place)
    assert sorted(chosen) == sorted([(by_hash[0], "a"), (by_hash[1], "a"), ("b0", "b")])
    assert chosen == spread(reversed(rows), 3, row_id=lambda row: row[0], group=lambda row: row[1])


def test_the_nearest_to_a_bound_come_first() -> None:
    rows = [("far", 90.0), ("low", 9.0), ("high", 22.0), ("middle", 15.0)]
    assert nearest(rows, 10, 20, 3) == [("low", 9.0), ("high", 22.0), ("middle", 15.0)]
    assert nearest(rows, None, 20, 1) == [("high", 22.0)]


# ---- rules and signals ----


def test_conditions_in_words() -> None:
    assert condition(Rule(signal="a", min=28)) == "a ≥ 28"
    assert condition(Rule(signal="a", min=1, max=5)) == "1 ≤ a ≤ 5"
    assert condition(Rule(signal="a", equals=False)) == "a is false"
    assert condition(Rule(signal="a", min=2, by_source={"s": Rule(signal="a", min=1)})) == "a ≥ 2; s: a ≥ 1"
    assert condition(Rule.model_validate({"signal": "a", "in": ["x", "y"]})) == "a is one of x, y"
    assert condition(Rule(predicate="a < b")) == "a < b"


@pytest.fixture
def decided(shelf: Any) -> Any:
    """Five rows and two rules: `wide` on every row, `wordy` on captions only."""
    wide = {"name": "wide", "signal": "width_px", "min": 28.0}
    wordy = {"name": "wordy", "signal": "answer_words", "min": 3.0, "tasks": ["caption"]}
    few, small = "answer_words 1 < 3", "width_px 10 < 28"
    rows: list[tuple[Any, ...]] = [
        ("s:1", "caption", 100, 9, "kk", []),
        ("s:2", "caption", 10, 1, "dd", [("wide", small), ("wordy", few)]),
        ("s:3", "caption", 30, 1, "kd", [("wordy", few)]),
        ("s:4", "text", None, 1, "u-", []),
        ("s:5", "vqa", 40, 1, "k-", []),
    ]
    named = {"row_id": [row[0] for row in rows], "sample_id": ["x"] * 5, "source": ["s"] * 5}
    named["task"] = [row[1] for row in rows]
    verdicts = [[{"rule": rule, "verdict": "drop", "reason": why} for rule, why in row[5]] for row in rows]
    table = {**named, "letters": [row[4] for row in rows], "verdicts": verdicts}
    table |= {"fate": ["dropped" if row[5] else "kept" for row in rows], "reason": [""] * 5, "detail": [""] * 5}
    shelf.put("decide", pa.table(table), {"in": 5, "kept": 3, "dropped": 2}, {"rules": [wide, wordy]})
    widths, words = pa.array([row[2] for row in rows], pa.int64()), [row[3] for row in rows]
    measured = {**named, "width_px": widths, "answer_words": words, "fate": ["kept"] * 5}
    shelf.put("measure", pa.table({**measured, "reason": [""] * 5, "detail": [""] * 5}))
    return shelf


def test_the_funnel_of_rules_tells_what_only_one_rule_drops(decided: Any) -> None:
    wide, wordy = rule_funnel(decided.ledger)
    counts = ("applies", "unknown", "alone", "only", "first", "left")
    assert [wide[name] for name in counts] == [5, 1, 1, 0, 1, 4]
    assert [wordy[name] for name in counts] == [3, 0, 2, 1, 1, 3]


def test_a_story_has_the_verdict_of_every_rule(decided: Any) -> None:
    (_, entry) = sorted(story(decided.ledger, "s:3"), key=lambda entry: entry["stage"] == "decide")
    assert [tuple(each.values()) for each in entry["verdicts"]] == [
        ("wide", "keep", ""),
        ("wordy", "drop", "answer_words 1 < 3"),
    ]


def test_histograms_tell_who_dropped_a_row(decided: Any) -> None:
    wide, wordy = histograms(decided.ledger)
    counts = ("kept", "dropped", "elsewhere", "unmeasured")
    assert (wide["signal"], *[wide[name] for name in counts]) == ("width_px", 2, 1, 1, 1)
    assert (wordy["tasks"], *[wordy[name] for name in counts]) == ("caption", 1, 2, 0, 0)
    assert wordy["rules"] == [("wordy", "answer_words ≥ 3", "caption", 2, 1)]  # it drops 2, 1 of them alone


def test_a_signal_whose_rules_dropped_nothing_has_no_plot_and_comes_last(decided: Any) -> None:
    table = pq.read_table(f"{decided.tables['decide']}/part.parquet").to_pylist()
    for row in table:
        row["letters"] = row["letters"].replace("dd", "kd")
    pq.write_table(pa.Table.from_pylist(table), f"{decided.tables['decide']}/part.parquet")
    wordy, wide = histograms(decided.ledger)
    assert (wordy["signal"], wide["signal"], wide["plot"]) == ("answer_words", "width_px", "")
    assert wordy["plot"]


def test_what_a_source_lost_shows_first_what_only_that_rule_drops(decided: Any) -> None:
    (lost,) = by_source(decided.ledger)
    assert (lost["source"], lost["rows"], lost["dropped"]) == ("s", 5, 2)
    assert [(rule["rule"], rule["drops"], rule["only"]) for rule in lost["rules"]] == [("wordy", 2, 1), ("wide", 1, 0)]
    assert [example["row_id"] for example in lost["rules"][0]["examples"]] == ["s:3", "s:2"]
    assert lost["rules"][0]["examples"][0]["reason"] == "answer_words 1 < 3"


def test_a_rules_gallery_has_both_sides_of_its_threshold(decided: Any) -> None:
    wide, wordy = by_rule(decided.ledger)
    assert (wide.title, wide.rows, wordy.about) == ("wide", 1, "answer_words ≥ 3, for caption")
    assert [(one.row_id, one.fate, one.note) for one in wide.chosen] == [
        ("s:2", "dropped", "width_px 10 < 28"),
        ("s:3", "kept", "width_px is 30"),
        ("s:5", "kept", "width_px is 40"),
    ]


def test_galleries_of_stages(decided: Any) -> None:
    fates = {"reason": ["", "exact_text"], "detail": ["", ""]}
    rows = {"row_id": ["s:1", "s:4"], "source": ["s", "s"], "duplicate_of": [None, "s:1"]}
    decided.put("deduplicate", pa.table({**rows, "fate": ["kept", "dropped"], **fates}))
    decided.put("ingest_s", pa.table({"row_id": ["s:9"], "fate": ["quarantined"], "reason": ["cut"], "detail": ["x"]}))
    assert [one.row_id for one in kept(decided.ledger)[0].chosen] == ["s:1"]
    (unread,) = quarantined(decided.ledger)
    assert [(one.row_id, one.badge, one.note) for one in unread.chosen] == [("s:9", "cut", "x")]
    assert [(one.row_id, one.twin, one.badge) for one in duplicates(decided.ledger).chosen] == [
        ("s:4", "s:1", "exact_text")
    ]


def test_the_funnel_sums_the_sources(shelf: Any) -> None:
    for name, count in (("a", 6), ("b", 2)):
        rows = pa.table({"row_id": [name], "fate": ["kept"], "reason": [""], "detail": [""]})
        shelf.put(f"ingest_{name}", rows, {"in": count, "kept": count - 1, "quarantined": 1})
    shelf.put("merge")
    found = funnel(shelf.ledger)
    assert [stage["name"] for stage in found["stages"]] == ["ingest"]  # a stage without rows is none of a funnel
    ingest = found["stages"][0]
    assert (ingest["in"], ingest["kept"], ingest["bar"]) == (8, 6, [("kept", 75.0), ("quarantined", 25.0)])
    assert [(source["name"], source["in"]) for source in found["sources"]] == [("a", 6), ("b", 2)]
    assert found["balanced"]
    assert tiles(shelf.ledger) == [("8", "raw rows", "2 sources"), ("2", "quarantined", "25.0% of the raw rows")]


def test_the_mix_counts_rows_images_and_tokens(shelf: Any) -> None:
    media = [[{"vision_tokens": 64}, {"vision_tokens": 16}], [], [{"vision_tokens": 4}], [{"vision_tokens": 1}]]
    rows = {"source": ["a", "b", "a", "a"], "task": ["vqa", "text", "vqa", "vqa"]}
    rows |= {"split": ["train", "train", "test", "train"], "fate": ["kept", "made", "kept", "quarantined"]}
    shelf.put("render", pa.table({**rows, "media": media}))
    found = mix(shelf.ledger)
    assert found is not None and found["rows"] == 3 and found["trained"] is None
    first, second = found["by"][0][1]
    assert (first["name"], first["train"], first["test"], first["images"], first["tokens"]) == ("a", 1, 1, 3, 84)
    assert (second["name"], second["tokens"], second["bar"]) == ("b", 0, [("train", 50.0), ("test", 0.0)])


# ---- cards and pictures ----


def part(kind: str, text: str = "", index: int = -1) -> dict[str, Any]:
    return {"kind": kind, "text": text, "index": index}


def test_a_card_says_regions_and_actions_in_words() -> None:
    step = {"thought": "There it is.", "action": "left_click", "arguments": "{}", "region": 0, "end_region": -1}
    turns = [
        {"role": "user", "parts": [part("media", index=0), part("text", "Press OK")]},
        {"role": "assistant", "parts": [part("action", index=0)]},
        {"role": "assistant", "parts": [part("region", index=0)]},
    ]
    regions = [{"points": [1.25, 2, 3, 4], "label": "OK", "text": ""}]
    row = {"row_id": "s:1", "messages": turns, "regions": regions, "steps": [step], "media": None}
    assert said(row, "user") == "Press OK"
    assert said(row, "assistant") == "There it is.\nleft_click OK [1.2, 2, 3, 4]\nOK [1.2, 2, 3, 4]"
    assert make_card({"row_id": "s:2"}, Thumbnails(MediaStore("nowhere"))).prompt == ""
    assert clip("abcdef", 3) == "abc …" and clip("abc", 3) == "abc"


def picture(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/jpeg;base64,"))))


def test_thumbnails_are_upright_small_and_without_metadata(shelf: Any) -> None:
    media = MediaStore(shelf.store)
    stored = Image.fromarray(np.zeros((400, 800, 3), np.uint8))
    stored.paste((255, 255, 255), (0, 0, 400, 400))  # the left half: on top once it is turned
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "where I live"
    buffer = io.BytesIO()
    stored.save(buffer, "JPEG", exif=exif)
    thumbnails = Thumbnails(media)
    made = thumbnails.of(media.put(buffer.getvalue()), 6)
    shown = picture(made.uri)
    assert shown.size == (SIDE // 2, SIDE) == (made.width, made.height)
    assert not shown.getexif() and b"where I live" not in base64.b64decode(made.uri.split(",")[1])
    assert min(shown.getpixel((40, 20))) > 240 and max(shown.getpixel((40, 140))) < 15


def test_outlines_at_the_same_place_are_all_seen(shelf: Any) -> None:
    media = MediaStore(shelf.store)
    buffer = io.BytesIO()
    Image.new("RGB", (480, 480)).save(buffer, "PNG")
    box = Region(points=(100, 100, 400, 400))  # 50 to 200 in a picture of 240
    made = Thumbnails(media).drawn(media.put(buffer.getvalue()), 1, 240, [("#ffffff", 9, box), ("#ff0000", 4, box)])
    shown = picture(made.uri)
    outer, inner = shown.getpixel((51, 120)), shown.getpixel((56, 120))
    assert outer[0] > 200 and outer[1] < 60 and min(inner) > 200
    assert max(shown.getpixel((120, 120))) < 20


def test_what_is_no_image_is_told(shelf: Any) -> None:
    media = MediaStore(shelf.store)
    thumbnails = Thumbnails(media)
    broken, absent = thumbnails.of(media.put(b"<svg"), 1), thumbnails.of("0" * 64, 1)
    assert broken.uri == absent.uri == "" and re.match("not_an_image|unsupported_format", broken.error)
    assert absent.error == "the store does not have this image"
