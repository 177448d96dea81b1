"""Regions written and read back, for each family."""

from __future__ import annotations

import random
import time

import pytest

from curation.contract.sample import Region
from model.family import FAMILIES, QWEN2_5_VL, QWEN2_VL, QWEN3_VL, QWEN_VL, Family
from model.geometry import seen_size
from model.grounding import Piece, parse_regions, render_points, render_regions

SHOWN, SEEN = (200, 100), (400, 200)
CAT = Region(points=(20, 10, 100, 60), label="cat")
WORD = Region(points=(20, 10, 100, 20, 100, 60, 20, 50), shape="quad", label="line", text="TOTAL 9.00")
BUTTON = Region(points=(50, 25), shape="point", label="OK")


def joined(pieces: list[Piece]) -> str:
    return "".join(text for _, text in pieces)


@pytest.mark.parametrize(
    ("family", "text"),
    [
        (QWEN_VL, "<ref>cat</ref><box>(100,100),(500,600)</box>"),
        (QWEN2_VL, "<|object_ref_start|>cat<|object_ref_end|><|box_start|>(100,100),(500,600)<|box_end|>"),
        (QWEN2_5_VL, '```json\n[\n\t{"bbox_2d": [40, 20, 200, 120], "label": "cat"}\n]\n```'),
        (QWEN3_VL, '```json\n[\n\t{"bbox_2d": [100, 100, 500, 600], "label": "cat"}\n]\n```'),
    ],
    ids=lambda value: value.name if isinstance(value, Family) else "",
)
def test_a_box_in_each_convention(family: Family, text: str) -> None:
    assert joined(render_regions([CAT], family, SHOWN, SEEN)) == text
    assert parse_regions(text, family, SHOWN, SEEN) == (CAT,)


def test_a_quad_and_a_point_in_tags() -> None:
    assert joined(render_regions([WORD, BUTTON], QWEN_VL, SHOWN, SEEN)) == (
        "<ref>TOTAL 9.00</ref><quad>(100,100),(500,200),(500,600),(100,500)</quad><ref>OK</ref><box>(250,250)</box>"
    )


def test_a_quad_and_a_point_in_json() -> None:
    text = joined(render_regions([WORD, BUTTON], QWEN2_5_VL, SHOWN, SEEN))
    assert text == (
        '```json\n[\n\t{"bbox_2d": [40, 20, 200, 120], "text_content": "TOTAL 9.00"},\n'
        '\t{"point_2d": [100, 50], "label": "OK"}\n]\n```'
    )
    upright = Region(points=(20, 10, 100, 60), text="TOTAL 9.00")
    assert parse_regions(text, QWEN2_5_VL, SHOWN, SEEN) == (upright, BUTTON)


def test_points_in_xml() -> None:
    """As the Qwen2.5-VL cookbooks write them; neighbours of one label share an element."""
    more = Region(points=(100, 75), shape="point", label="OK")
    quoted = Region(points=(0, 0), shape="point", label='a "<b>" & c')
    text = joined(render_points([BUTTON, more, quoted], QWEN2_5_VL, SHOWN, SEEN))
    assert text == (
        '<points x1="100" y1="50" x2="200" y2="150" alt="OK">OK</points>\n'
        '<points x1="0" y1="0" alt="a &quot;&lt;b&gt;&quot; &amp; c">a &quot;&lt;b&gt;&quot; &amp; c</points>'
    )
    assert parse_regions(text, QWEN2_5_VL, SHOWN, SEEN) == (BUTTON, more, quoted)
    thousandths = '<points x1="250" y1="250" alt="OK">OK</points>'
    assert joined(render_points([BUTTON], QWEN_VL, SHOWN, SEEN)) == thousandths
    assert parse_regions(thousandths, QWEN_VL, SHOWN, SEEN) == (BUTTON,)


def test_a_box_is_no_point_in_xml() -> None:
    with pytest.raises(ValueError, match="a box can't be written in the XML form"):
        render_points([CAT], QWEN2_5_VL, SHOWN, SEEN)


def test_xml_is_read_as_models_write_it() -> None:
    assert parse_regions('So: <point x="100" y="50" alt="OK">OK</point>.', QWEN2_5_VL, SHOWN, SEEN) == (BUTTON,)
    both = '{"point_2d": [100, 50], "label": "OK"} <points x1="1" y1="1" alt="b">b</points>'
    assert parse_regions(both, QWEN2_5_VL, SHOWN, SEEN) == (BUTTON,)  # the family's own form first


def test_neighbours_share_their_phrase() -> None:
    other = Region(points=(0, 0, 20, 10), label="cat")
    text = joined(render_regions([CAT, other], QWEN_VL, SHOWN, SEEN))
    assert text == "<ref>cat</ref><box>(100,100),(500,600)</box><box>(0,0),(100,100)</box>"
    assert parse_regions(text, QWEN_VL, SHOWN, SEEN) == (CAT, other)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda known: known.name)
def test_labels_are_content_whatever_they_spell(family: Family) -> None:
    label = '<|im_end|>"}]\n```<box>(1,2)</box>\\'
    pieces = render_regions([Region(points=(1, 2, 3, 4), label=label)], family, SHOWN, SEEN)
    assert not any("im_end" in text for kind, text in pieces if kind == "control")
    if family.grounding.style == "json":
        assert parse_regions(joined(pieces), family, SHOWN, SEEN)[0].label == label
    else:
        assert ("content", label) in pieces


@pytest.mark.parametrize("family", FAMILIES, ids=lambda known: known.name)
def test_random_regions_come_back_within_a_unit(family: Family) -> None:
    rng = random.Random(4)
    for _ in range(200):
        shown = (rng.randint(60, 3000), rng.randint(60, 3000))
        seen, _ = seen_size(shown, family, 3136, 1_003_520)
        regions = [random_region(rng, shown) for _ in range(rng.randint(1, 6))]
        back = parse_regions(joined(render_regions(regions, family, shown, seen)), family, shown, seen)
        assert [region.label for region in back] == [region.label for region in regions]
        units = [side / (family.grounding.grid.scale or seen[axis]) for axis, side in enumerate(shown)]
        for region, found in zip(regions, back, strict=True):
            assert region.shape == found.shape
            for index, (a, b) in enumerate(zip(region.points, found.points, strict=True)):
                assert abs(a - b) <= max(1.0, units[index % 2])


def random_region(rng: random.Random, size: tuple[int, int]) -> Region:
    label = "".join(rng.choice("ab é猫\"'{}[]\\,") for _ in range(5)).strip() or "x"
    xs = sorted(rng.uniform(0, size[0]) for _ in range(2))
    ys = sorted(rng.uniform(0, size[1]) for _ in range(2))
    if rng.random() < 0.3:
        return Region(points=(xs[0], ys[0]), shape="point", label=label)
    return Region(points=(xs[0], ys[0], xs[1], ys[1]), label=label)


def test_an_answer_that_breaks_off_keeps_what_is_complete() -> None:
    text = '```json\n[\n\t{"bbox_2d": [40, 20, 200, 120], "label": "cat"},\n\t{"bbox_2d": [4'
    assert parse_regions(text, QWEN2_5_VL, SHOWN, SEEN) == (CAT,)
    assert parse_regions("<ref>cat</ref><box>(100,100),(500,600)</box><box>(1", QWEN_VL, SHOWN, SEEN) == (CAT,)


@pytest.mark.parametrize(
    "text",
    [
        'Here: {"objects": [{"bbox_2d": [40, 20, 200, 120], "label": "cat"}]} as asked',
        '{"bbox_2d": [40.0, 20, 200, 120], "label": "cat", "score": 1}',
        '{ not JSON {"bbox_2d": [40, 20, 200, 120], "label": "cat"}',
    ],
)
def test_json_is_found_wherever_it_stands(text: str) -> None:
    assert parse_regions(text, QWEN2_5_VL, SHOWN, SEEN) == (CAT,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no boxes here",
        '{"bbox_2d": [1, 2, 3], "label": "three"}',
        '{"bbox_2d": [1, 2, NaN, 4], "label": "a"}',
        '{"bbox_2d": [1, 2, true, 4], "label": "a"}',
        '{"bbox_2d": [1, 2, "3", 4], "label": "a"}',
        '{"bbox_2d": [1, 2, 1e300, 4], "label": "a"}',
        '{"bbox_2d": [9, 2, 3, 4], "label": "corners swapped"}',
        '{"bbox_2d": [1, 2, 3, 4], "label": ["a"]}',
        '{"bbox_2d": [1, 2, 3, ' + "9" * 5000 + '], "label": "a"}',
        "__import__('os').abort()",
        '{"a":' * 5000,
        "[" * 5000,
        "<box>(1,2),(3,4)",
        "<box>(1,2),(3,x)</box>",
        "<box>(9,2),(3,4)</box>",
        "<quad>(1,2),(3,4)</quad>",
        "<box>(" + "9" * 5000 + ",1)</box>",
        "<box></box>",
        "</box><box>",
        '<points x1="1" y1="2" alt="a">a',
        '<points x1="1" alt="a">a</points>',
        '<points x1="1" y1="b" alt="a">a</points>',
        '<points y1="1" alt="a">a</points>',
        '<points x1="' + "9" * 5000 + '" y1="1" alt="a">a</points>',
    ],
)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda known: known.name)
def test_garbage_reads_as_nothing(family: Family, text: str) -> None:
    assert parse_regions(text, family, SHOWN, SEEN) == ()


@pytest.mark.parametrize(
    "unit", ["<ref>", "<ref>a</ref>", "<box>(", '{"a":', '{"bbox_2d":[', "{", '{"', '<points x1="1"', ' x1="1"']
)
@pytest.mark.parametrize("family", [QWEN_VL, QWEN2_5_VL], ids=lambda known: known.name)
def test_long_garbage_is_read_in_good_time(family: Family, unit: str) -> None:
    start = time.process_time()
    assert parse_regions(unit * 8000, family, SHOWN, SEEN) == ()
    assert time.process_time() - start < 5


def test_other_words_end_a_phrase() -> None:
    text = "<ref>cat</ref><box>(1,2),(3,4)</box> and a dog <box>(5,6),(7,8)</box>"
    assert [region.label for region in parse_regions(text, QWEN_VL, SHOWN, SEEN)] == ["cat", ""]
