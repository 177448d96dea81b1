"""JSON, Markdown tables, LaTeX and HTML in answers: well-formed or not, or not there at all."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from curation.contract.sample import SAMPLE, Sample, Turn, text_part, to_row
from filters.catalogue import collect
from filters.measuring import measure_samples
from filters.signals import wellformed

SIGNALS = list(collect((wellformed,)).values())


def measured(prompt: str, answer: str) -> dict[str, Any]:
    turns = (Turn(role="user", parts=(text_part(prompt),)), Turn(role="assistant", parts=(text_part(answer),)))
    sample = Sample(row_id="r", source="s", task="text", messages=turns)
    return measure_samples(pa.Table.from_pylist([to_row(sample)], schema=SAMPLE), SIGNALS).to_pylist()[0]


@pytest.mark.parametrize(
    ("answer", "valid", "repeated", "stops"),
    [
        ('{"a": 1, "b": [1, 2]}', True, 0, False),
        ('{"a": 1, "b": {"a": 2}}', True, 0, False),  # the same key in another object
        ('{"a": 1, "a": 2, "a": 3}', True, 2, False),
        ('{"a": 1, "b": [1, 2', False, 0, True),
        ('{"a": 1, "b": "x', False, 0, True),
        ('{"a": 1, "b": 2,}', False, 0, False),
        ('{"a" 1}', None, None, None),  # no sign that JSON was meant
        ('{"a" "b"}', False, 0, False),
        ('{"a": NaN}', False, 0, False),
        ('Here:\n```json\n{"a": 1}\n```\nand\n```json\n{"a": \n```', False, 0, True),
        ('{"a": 1}\n{"a": 2}', True, 0, False),
        ('["x", "y"]', True, 0, False),
        ("[1] Smith 1999", None, None, None),
        ("{name}, welcome", None, None, None),
        ('{"a": ' + "9" * 9999 + "}", True, 0, False),
    ],
)
def test_json(answer: str, valid: bool | None, repeated: int | None, stops: bool | None) -> None:
    row = measured("What?", answer)
    assert (row["json_valid"], row["json_duplicate_keys"], row["unclosed_json"]) == (valid, repeated, stops)


@pytest.mark.parametrize(
    ("answer", "faults"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", 0),
        ("a | b\n--- | ---\n1 | 2", 0),
        ("| a | b |\n|---|---|\n| 1 |\n| 3 | 4 | 5 |", 2),
        ("| a | b |\n| 1 | 2 |\n| 3 | 4 |", 1),  # no line of dashes
        ("| a | b |\n|---|---|\n| `x|y` | 1\\|2 |", 0),
        ("either | or", None),
        ("no table", None),
    ],
)
def test_markdown_tables(answer: str, faults: int | None) -> None:
    assert measured("What?", answer)["table_faults"] == faults


@pytest.mark.parametrize(
    ("answer", "faults"),
    [
        (r"It is \( \frac{1}{2} \).", 0),
        (r"It is \( \frac{1}{2}.", 1),
        (r"It is $\frac{1}{2$.", 1),
        (r"It is $\frac{1}{2} here.", 1),
        (r"For $5 you get \frac{1}{2} of it.", 0),  # a price
        ("\\begin{align} a \\\\[2pt] b \\end{align}", 0),
        ("\\begin{align} a \\end{array}", 2),  # one left open, one closed that was not
        (r"\left( \frac{a}{b}", 1),
        (r"\$3 or C:\users", None),
        ("plain", None),
    ],
)
def test_latex(answer: str, faults: int | None) -> None:
    assert measured("What?", answer)["latex_faults"] == faults


@pytest.mark.parametrize(
    ("answer", "elements"),
    [
        ('<div class="a"><p>one<br>two<li>x</div>', 0),
        ("<div><span>one</div>", 1),
        ("<table><tr><td>one", 1),
        ("<svg /> <A visual logo design>", 0),
        ("Use `<div>` for it", None),
        ("a < b and c > d", None),
    ],
)
def test_html_elements(answer: str, elements: int | None) -> None:
    assert measured("What?", answer)["unclosed_tags"] == elements
