"""TEDS: the official demo's value, trees small enough to count by hand, and tables that are none."""

from __future__ import annotations

import pytest

from filters.table_metrics import MOST_CHARACTERS, MOST_NODES, read_table, teds, teds_structure


def _demo(rows: list[tuple[str, str]]) -> str:
    """A table as PubTabNet writes it: a head in bold, then rows of two cells."""
    head = "".join(f"<td><b>{text}</b></td>" for text in rows[0])
    body = "".join(f"<tr><td>{left}</td><td>{right}</td></tr>" for left, right in rows[1:])
    return f"<html><body><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></body></html>"


MACS = ("MACS [23]", "Uses both a control library and local statistics to minimize bias")
SICER = "Designed for detecting diffusely enriched regions; for example, histone modification"
PEAK = "Corrects for reference genome mappability and local statistics"
REST = [
    ("SISSRs [25]", "High resolution, precise identification of binding-site location"),
    ("F-seq [26]", "Uses kernel density estimation"),
]
TRUE = _demo([("Name of algorithm", "Notable features"), MACS, ("SICER [14]", SICER), ("PeakSeq [24]", PEAK), *REST])
FOUND = _demo([("Name of algori", "Notablefeatures"), MACS, ("SICER [15]", SICER), ("PeakSEQ [24]", PEAK), *REST])


def test_the_value_of_pubtabnets_demo() -> None:
    assert teds(FOUND, TRUE) == pytest.approx(0.9781765018607124, abs=1e-15)
    assert teds_structure(FOUND, TRUE) == 1.0
    assert teds(TRUE, TRUE) == 1.0


def _table(*rows: str) -> str:
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


@pytest.mark.parametrize(
    ("prediction", "reference", "whole", "structure"),
    [
        # Of 2 rows and 3 cells, 5 elements, one cell is missing.
        (_table("<td>a</td>", "<td>b</td>"), _table("<td>a</td>", "<td>b</td><td>c</td>"), 1 - 1 / 5, 1 - 1 / 5),
        # A row and its cell are missing: 2 of 4.
        (_table("<td>a</td>"), _table("<td>a</td>", "<td>b</td>"), 1 - 2 / 4, 1 - 2 / 4),
        # Half of the content of one of 2 elements.
        (_table("<td>abcd</td>"), _table("<td>abxy</td>"), 1 - 0.5 / 2, 1.0),
        # A cell that spans otherwise is another cell, whatever is in it.
        (_table('<td colspan="2">a</td>'), _table("<td>a</td>"), 1 - 1 / 2, 1 - 1 / 2),
        # Bold is 2 of the 3 tokens of the content; <b> is one of the 3 elements.
        (_table("<td>a</td>"), _table("<td><b>a</b></td>"), 1 - (2 / 3) / 3, 1.0),
        # A head is an element of its own.
        (_table("<td>a</td>"), "<table><thead><tr><td>a</td></tr></thead></table>", 1 - 1 / 3, 1 - 1 / 3),
        (_table("<th>a</th>"), _table("<td>a</td>"), 1.0, 1.0),
        ("Here it is:\n```html\n" + _table("<td>a</td>") + "\n```", _table("<td>a</td>"), 1.0, 1.0),
        ("<table></table>", "<table></table>", 1.0, 1.0),
    ],
)
def test_by_hand(prediction: str, reference: str, whole: float, structure: float) -> None:
    assert teds(prediction, reference) == pytest.approx(whole)
    assert teds(reference, prediction) == pytest.approx(whole)
    assert teds_structure(prediction, reference) == pytest.approx(structure)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "  ",
        "no table",
        "| a | b |",
        "<tabl",
        "\0",
        '<table><tr><td colspan="many">a</td></tr></table>',
        "<table>" + "<tr><td></td></tr>" * (MOST_NODES // 2 + 1) + "</table>",
        "<table><tr><td>" + "a" * MOST_CHARACTERS + "</td></tr></table>",
        "<table><tr><td>" + "<b>" * 200 + "</td></tr></table>",
        "<table>" + "<tr><td><table>" * 2_000,
    ],
)
def test_what_is_no_table_scores_nothing_and_is_no_reference(bad: str) -> None:
    good = _table("<td>a</td>")
    assert teds(bad, good) == teds_structure(bad, good) == 0.0
    with pytest.raises(ValueError, match="the reference is no table"):
        teds(good, bad)


def test_entities_comments_and_declarations_stay_data() -> None:
    text = (
        '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/hostname">]><table><!-- c --><tr><td>a&lt;b&x;</td></tr></table>'
    )
    (row,) = read_table(text).root.children
    assert row.children[0].content[:3] == ("a", "<", "b")
    assert "".join(row.children[0].content) in ("a<b&x;", "a<b")
