"""Signals of HTML tables, on tables whose grids can be drawn by hand."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Sample, Turn, text_part, to_row
from filters.catalogue import collect
from filters.measuring import measure_samples
from filters.signals import tables

SIGNALS = list(collect([tables]).values())


def saying(*answers: str) -> pa.Table:
    samples = [
        Sample(row_id="r", source="s", task="document", messages=(Turn(role="assistant", parts=(text_part(answer),)),))
        for answer in answers
    ]
    return pa.Table.from_pylist([to_row(sample) for sample in samples], schema=SAMPLE)


def measured(answer: str) -> dict[str, Any]:
    row: dict[str, Any] = measure_samples(saying(answer), SIGNALS).to_pylist()[0]
    return row


def grid(*rows: str) -> str:
    """A table of rows whose cells stand between bars: `a|b`, where `3*2^a` spans three columns and two rows."""

    def cell(text: str) -> str:
        across, _, rest = text.rpartition("*")
        down, _, words = rest.rpartition("^")
        spans = (f' colspan="{across}"' if across else "") + (f' rowspan="{down}"' if down else "")
        return f"<td{spans}>{words}</td>"

    body = "".join("<tr>" + "".join(map(cell, row.split("|"))) + "</tr>" for row in rows)
    return f"<table>{body}</table>"


def test_an_answer_without_a_table_has_none_of_the_signals() -> None:
    row = measured("a < b and <b>bold</b>")
    assert {value for name, value in row.items() if name != "sample_id"} == {None}


@pytest.mark.parametrize(
    ("answer", "faults"),
    [
        (grid("a|b", "c|d"), 0),
        ("<TABLE><TR><TD>a<br>b<img src='x'/></TD></TR></TABLE>", 0),
        ("<html><body><table></table></body></html>", 0),
        ("<html><body><table></table></html></body>", 0),  # as the report has it
        ("```html\n<table></table>\n```", 0),
        ("```html\n<table></table>\n", 1),
        ("<table><tr><td>a<td>b</td></tr></table>", 1),
        ("<table><tr><td>a</tr></td></table>", 2),  # the cell is left open, and closed where none is
        ("<table><tr><td>a</td></tr>", 1),
        ("<table><tr><td>a", 3),
        ("<table><tr><td>a</td></tr></tab", 2),  # the table, and the tag that the answer ends in
        ("<table></table></div>", 1),
        ("<html><body><table></body></table></html>", 1),
        ("<html><body><table></table></body>", 1),
        ("<table><tr><td>x<y>z</td></tr></table>", 0),  # words, not a tag
        ("<table><!-- <tr><td> --></table>", 0),
    ],
)
def test_tags_are_closed_in_order(answer: str, faults: int) -> None:
    assert measured(answer)["html_tag_faults"] == faults


@pytest.mark.parametrize(
    ("table", "ragged", "misfits"),
    [
        (grid("a|b|c", "d|e|f", "g|h|i"), 0, 0),
        (grid("2^a|2*b", "c|d", "e|f|g"), 0, 0),
        (grid("3*2^a|b", "c", "d|e|f|g"), 0, 0),
        (grid("a|b|c", "d|e", "g|h|i"), 1, 0),  # a cell lost
        (grid("a|b|c", "d|e|f|f", "g|h|i"), 1, 0),
        (grid("2*a|b", "d|e", "g|h"), 1, 0),
        (grid("a|b", "2^c|d"), 0, 1),  # reaches below the last row
        (grid("a|2^b|c", "2*d|e", "f|g|h"), 0, 1),  # d takes columns 1 and 2, where b is; e comes third
        (grid("x*a|b", "c|d"), 0, 1),
        (grid("0^a|b", "c|d"), 0, 1),
        ("<table><td>a</td></table>", 0, 1),  # a cell in no row
        ("<table></table>", 0, 0),
    ],
)
def test_rows_fill_the_grid_under_their_spans(table: str, ragged: int, misfits: int) -> None:
    row = measured(table)
    assert (row["table_ragged_rows"], row["table_span_faults"]) == (ragged, misfits)


def test_cells_are_counted_of_the_smallest_table_and_density_of_the_emptiest() -> None:
    full, sparse = grid("a|b", "c|d"), grid("a||", "||", "&nbsp;|x|<br>")
    row = measured(full + sparse)
    assert (row["table_count"], row["table_cells"]) == (2, 4)
    assert row["table_cell_density"] == pytest.approx(2 / 9)
    assert row["table_empty_cell_ratio"] == pytest.approx(7 / 13)
    assert measured("<table><tr></tr></table>")["table_cell_density"] == 0.0
    assert measured("<table></table>")["table_empty_cell_ratio"] is None


def test_a_span_covers_its_slots_and_missing_cells_count_against_the_density() -> None:
    assert measured(grid("2*a", "b|"))["table_cell_density"] == 0.75
    assert measured(grid("2^a|b", ""))["table_cell_density"] == 0.75
    assert measured(grid("a|b|c", "d"))["table_cell_density"] == pytest.approx(4 / 6)


def test_a_picture_or_an_inner_table_fills_a_cell() -> None:
    inner = "<table><tr><td>x</td><td>y</td></tr></table>"
    row = measured(f"<table><tr><td><img src='a'/></td><td>{inner}</td></tr></table>")
    assert (row["table_count"], row["table_cells"], row["table_cell_density"]) == (2, 2, 1.0)
    assert row["table_ragged_rows"] == 0


def placed(box: str, inner: str = "") -> str:
    return f'<table data-bbox="{box}"><tr><td>a</td><td>{inner}</td></tr></table>'


def test_overlap_is_the_larger_share_of_two_tables_boxes() -> None:
    assert measured(placed("0 0 100 100") + placed("50 0 100 200"))["table_overlap"] == 0.5
    assert measured(placed("0 0 100 100") + placed("100 0 200 100"))["table_overlap"] == 0.0
    assert measured(placed("0 0 100 100", placed("10 10 50 50")))["table_overlap"] is None  # a table in a table
    assert measured(placed("0 0 100 100") + placed("0 0 100"))["table_overlap"] is None


def test_cells_per_megapixel_of_the_table_with_the_fewest() -> None:
    # 2 cells on 10,000 px and on 40,000 px.
    row = measured(placed("0 0 100 100") + placed("0 200 200 400"))
    assert row["table_cells_per_megapixel"] == pytest.approx(50)
    assert measured(grid("a|b"))["table_cells_per_megapixel"] is None


def test_made_up_spans_and_endless_markup_are_survived() -> None:
    spans = "<table>" + '<tr><td colspan="1000" rowspan="65000">x</td></tr>' * 3000 + "</table>"
    assert measured(spans)["table_span_faults"] > 0
    for text in ("<div>" * 9000 + "</p>" * 9000, "<td" * 9000, '<td x="' * 9000, "<!--" * 9000, "<" * 9000):
        assert measured("<table>" + text)["html_tag_faults"] > 0


def test_no_value_depends_on_the_other_rows() -> None:
    answers = [grid("a|b", "c"), "none", placed("0 0 9 9") + placed("3 3 9 20"), "<table", grid("2^a|b", "c")]
    together = measure_samples(saying(*answers), SIGNALS).to_pylist()
    assert together == [measured(answer) for answer in answers]
