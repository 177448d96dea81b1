from __future__ import annotations

import random

import pytest
from PIL import Image

from synth.raw.charts import Chart, ask_about_chart, draw_bar_chart, height_of
from synth.raw.screens import draw_screen


@pytest.mark.parametrize("seed", range(30))
def test_widgets_are_where_they_are_drawn(seed: int) -> None:
    screen = draw_screen(random.Random(f"screen {seed}"))
    ground = screen.image.getpixel((3, screen.image.height - 3))
    for widget in screen.widgets:
        x1, y1, x2, y2 = widget.box
        assert 0 <= x1 < x2 <= screen.image.width and 0 <= y1 < y2 <= screen.image.height
        if widget.tag == "h1":
            continue
        middle_x, middle_y = (x1 + x2) // 2, (y1 + y2) // 2
        inside = [(x1, middle_y), (x2 - 1, middle_y), (middle_x, y1), (middle_x, y2 - 1)]
        outside = [(x1 - 1, middle_y), (x2, middle_y), (middle_x, y1 - 1), (middle_x, y2)]
        assert len({screen.image.getpixel(point) for point in inside}) == 1  # one outline colour all around
        assert screen.image.getpixel(inside[0]) != ground
        assert {screen.image.getpixel(point) for point in outside} == {ground}


@pytest.mark.parametrize("seed", range(30))
def test_the_instruction_means_its_steps(seed: int) -> None:
    screen = draw_screen(random.Random(f"screen {seed}"))
    texts = [widget.text for widget in screen.widgets]
    assert len(set(texts)) == len(texts)
    assert screen.instruction.split('"')[1::2] == [step.text for step in screen.steps]
    assert all(step in screen.widgets and not step.checked for step in screen.steps)


def test_a_given_label_is_on_a_button() -> None:
    screen = draw_screen(random.Random(1), label="<|image_pad|>")
    assert [w.tag for w in screen.widgets if w.text == "<|image_pad|>"] == ["button"]


def test_height_of() -> None:
    plot = (34, 44, 300, 194)  # 150 pixels for 50: three for each unit
    assert height_of(0, plot) == 194
    assert height_of(50, plot) == 44
    assert height_of(20, plot) == 134


@pytest.mark.parametrize("seed", range(20))
def test_bars_are_where_they_are_drawn(seed: int) -> None:
    chart = draw_bar_chart(random.Random(f"chart {seed}"))
    assert len(chart.labels) == len(chart.values) == len(chart.boxes) == len(set(chart.values))
    for x1, y1, x2, y2 in chart.boxes:
        outline, fill = chart.image.getpixel((x1, y1)), chart.image.getpixel((x1 + 2, y1 + 2))
        assert chart.image.getpixel((x2 - 1, y2 - 1)) == outline != fill
        around = [(x1 - 1, y2 - 3), (x2, y2 - 3), (x1 + 1, y1 - 1), (x2 - 1, y1 - 1)]
        assert not {chart.image.getpixel(point) for point in around} & {outline, fill}
    tops = [box[1] for box in chart.boxes]
    assert sorted(range(len(tops)), key=lambda i: -tops[i]) == sorted(range(len(tops)), key=lambda i: chart.values[i])


def test_chart_questions() -> None:
    chart = Chart(
        image=Image.new("RGB", (8, 8)),
        title="Goals",
        labels=("Reds", "Owls"),
        values=(10, 35),
        boxes=((0, 0, 1, 1),) * 2,
    )
    right = {
        "Which bar is the tallest?": "Owls",
        "Which bar has the fewest goals?": "Reds",
        "What is the value of Reds?": "10",
        "What is the value of Owls?": "35",
        "How many goals does the chart show for Reds?": "10",
        "How many goals does the chart show for Owls?": "35",
        "How many bars are in the chart?": "2",
        "What is the difference between Reds and Owls?": "25",
        "What is the difference between Owls and Reds?": "25",
        "Is Reds higher than Owls?": "no",
        "Is Owls higher than Reds?": "yes",
    }
    asked = [ask_about_chart(random.Random(seed), chart) for seed in range(200)]
    assert {item.question: item.answer for item in asked} == right
