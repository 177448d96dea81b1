"""What stands in place of a description."""

from __future__ import annotations

import polars as pl
import pytest

from filters.signals.alttext import answer_is_filename, answer_stands_for


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("chart-final (2).png", "file name"),
        ("assets/img/logo@2x.webp?v=3", "file name"),
        ("IMG_2039", "camera name"),
        ("DSC01234", "camera name"),
        ("Screenshot 2024-03-01 at 10.22.33", "camera name"),
        ("image", "generic name"),
        (" The picture ", "generic name"),
        ("Figure 12", "generic name"),
        ("alt text", "placeholder"),
        ("[Insert caption here]", "placeholder"),
        ("TODO: write this", "placeholder"),
        ("undefined", "placeholder"),
        ("Lorem ipsum dolor sit", "placeholder"),
        ("https://example.com/a b"[:21], "web address"),
        ("Photo by J. Doe on Unsplash", "credit"),
        ("© 2021 Acme Ltd, all rights reserved", "credit"),
        ("Source: own work", "credit"),
        ("Click to enlarge", "page control"),
        ("View full size image", "page control"),
        ("![A cat](cat.png)", "markup"),
        ('<img src="x.png" alt="A cat">', "markup"),
        ("A <b>red</b> bus", "markup"),
        ("", "text"),
        ("image of a cat", "text"),
        ("Picture of Nylon parts", "text"),
        ("Photo of the harbour by night", "text"),
        ("Figure 2: loss over time", "text"),
        ("Click the Export button to download the file", "text"),
        ("Click to expand the menu on the left, then choose the second entry of the list", "text"),
        ("The <div> element in the inspector", "text"),
        ("Description of the setup: two servers", "text"),
        ("A table where a < b and c > d", "text"),
        ("Open file.png and look", "text"),
    ],
)
def test_what_an_answer_stands_for(answer: str, kind: str) -> None:
    frame = pl.DataFrame({"answer": [answer]})
    assert answer_stands_for.function(frame).to_list() == [kind]


def test_no_answer_stands_for_nothing() -> None:
    frame = pl.DataFrame({"answer": [None, "docs/fig-3.SVG", "x " * 500 + ".png"]}, schema={"answer": pl.String})
    assert answer_stands_for.function(frame).to_list() == [None, "file name", "text"]
    assert answer_is_filename.function(frame).to_list() == [None, True, False]
