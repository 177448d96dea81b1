"""Scores by verifier, on answers written by hand. The image is 336 x 168 as displayed and 168 x 84 as seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from curation.contract.dataset import Reference, RenderedRow
from curation.contract.sample import Media, Region, Verifier
from filters.score import ACCEPTED, errors, score, verifies
from filters.text_metrics import Errors
from model.family import QWEN2_5_VL

IMAGE = Media(sha256="0" * 64, mime="image/png", width=336, height=168)
BOX = Region(points=(20, 20, 120, 80), label="box")


def _row(made: Any, verifier: str, text: str = "", regions: tuple[Region, ...] = ()) -> RenderedRow:
    row: RenderedRow = made.row("a", "Q", "A", [IMAGE])
    assert (row.media[0].resized_width, row.media[0].resized_height) == (168, 84)
    return replace(row, reference=Reference(text=text, verifier=verifier, regions=regions))


def _score(row: RenderedRow, answer: str) -> dict[str, float]:
    return score(answer, row, QWEN2_5_VL)


def test_text(made: Any) -> None:
    assert _score(_row(made, "exact", "Red"), "Red") == {"exact_match": 1.0, "anls": 1.0}
    assert _score(_row(made, "exact", "Red"), "red") == {"exact_match": 0.0, "anls": 1.0}
    assert _score(_row(made, "anls", "abcd"), "abcx") == {"anls": 0.75}
    fields = _row(made, "fields", '{"total": "5", "shop": "Moss"}')
    assert _score(fields, '{"total": "5", "shop": "Hill"}') == {"field_accuracy": 0.5, "anls": 0.5}
    assert _score(_row(made, ""), "anything") == {}


def test_a_box_is_compared_in_displayed_pixels(made: Any) -> None:
    row = _row(made, "box", regions=(BOX,))
    assert _score(row, '[{"bbox_2d": [10, 10, 60, 40], "label": "box"}]') == {
        "acc_at_0.5": 1.0,
        "iou": 1.0,
        "label_match": 1.0,
    }
    assert _score(row, '[{"bbox_2d": [10, 10, 60, 40], "label": "bag"}]')["label_match"] == 0.0
    # Half of the box: the intersection over union is 0.5, which is enough; a little less is not.
    assert _score(row, '{"bbox_2d": [10, 10, 35, 40]}') == {"acc_at_0.5": 1.0, "iou": 0.5, "label_match": 0.0}
    assert _score(row, '{"bbox_2d": [10, 10, 34, 40]}') == {"acc_at_0.5": 0.0, "iou": 0.48, "label_match": 0.0}
    assert _score(row, "no box") == {"acc_at_0.5": 0.0, "iou": 0.0, "label_match": 0.0}


def test_boxes_and_spotting(made: Any) -> None:
    other = Region(points=(200, 20, 300, 80), text="EXIT")
    answer = '[{"bbox_2d": [10, 10, 60, 40], "label": "x"}, {"bbox_2d": [0, 60, 9, 80], "label": "x"}]'
    assert _score(_row(made, "boxes", regions=(BOX, other)), answer) == {"f1_at_0.5": 0.5, "labelled_f1_at_0.5": 0.0}
    named = answer.replace('"x"', '"box"', 1)
    found = _score(_row(made, "boxes", regions=(BOX, other)), named)
    assert found == {"f1_at_0.5": 0.5, "labelled_f1_at_0.5": 0.5}
    spotted = _row(made, "spotting", regions=(other,))
    assert _score(spotted, '[{"bbox_2d": [100, 10, 150, 40], "text_content": "EXIT"}]') == {"f1_at_0.5": 1.0}
    assert _score(spotted, '[{"bbox_2d": [100, 10, 150, 40], "text_content": "EXTI"}]') == {"f1_at_0.5": 0.0}
    assert _score(_row(made, "boxes"), "There is none.") == {"f1_at_0.5": 1.0, "labelled_f1_at_0.5": 1.0}


def _call(x: int, y: int) -> str:
    arguments = f'{{"action": "left_click", "coordinate": [{x}, {y}]}}'
    return f'<tool_call>\n{{"name": "computer_use", "arguments": {arguments}}}\n</tool_call>'


def test_a_click_by_call_or_by_point(made: Any) -> None:
    row = _row(made, "click", regions=(BOX,))
    assert _score(row, _call(30, 20)) == {"click_accuracy": 1.0}
    assert _score(row, _call(61, 20)) == {"click_accuracy": 0.0}
    assert _score(row, '{"point_2d": [30, 20]}') == {"click_accuracy": 1.0}
    assert _score(row, "") == {"click_accuracy": 0.0}


def test_points_lie_in_the_boxes_of_the_reference(made: Any) -> None:
    row = _row(made, "points", "[[20, 20, 120, 60], [200, 20, 300, 80]]")  # displayed twice as large as seen
    both = '[{"point_2d": [120, 20], "label": "cup"}, {"point_2d": [30, 20], "label": "cup"}]'
    assert _score(row, both) == {"points_f1": 1.0}
    assert _score(row, '<points x1="30" y1="20" x2="120" y2="20" alt="cup">cup</points>') == {"points_f1": 1.0}
    assert _score(row, '{"point_2d": [30, 20]}') == {"points_f1": pytest.approx(2 / 3)}
    assert _score(row, '[{"bbox_2d": [10, 10, 60, 30]}, {"bbox_2d": [100, 10, 150, 40]}]') == {"points_f1": 0.0}
    with pytest.raises(ValueError, match="not a JSON list of boxes"):
        _score(_row(made, "points", "two cups"), both)


def test_a_final_answer_is_read_behind_its_working(made: Any) -> None:
    row = _row(made, "final", "15")
    for said in (
        "12 + 3 = 15\nAnswer: 15",
        "**Final answer:** 15.",
        "So \\boxed{14}, no: \\boxed{15}",
        "#### 15",
        "15",
        "答案：15",
    ):
        assert _score(row, said) == {"final_match": 1.0}, said
    for said in ("Answer: 15\nAnswer: 16", "12 + 3 = 15", "Answer: 15 apples", ""):
        assert _score(row, said) == {"final_match": 0.0}, said
    assert _score(_row(made, "final", "Ten and five.\nAnswer: 15"), "15") == {"final_match": 1.0}


def test_numbers_and_tables(made: Any) -> None:
    assert _score(_row(made, "relaxed", "96%"), "1.00") == {"relaxed_accuracy": 1.0, "exact_match": 0.0}
    assert _score(_row(made, "relaxed", "94%"), "1.00") == {"relaxed_accuracy": 0.0, "exact_match": 0.0}
    table = _row(made, "table", "<table><tr><td>abcd</td></tr></table>")
    assert _score(table, "<table><tr><td>abxy</td></tr></table>") == {"teds": 0.75, "teds_structure": 1.0}
    assert _score(table, "abcd") == {"teds": 0.0, "teds_structure": 0.0}


def test_an_action_by_its_kind_place_and_words(made: Any) -> None:
    row = _row(made, "action", '{"action": "left_click", "tool": "computer_use"}', (BOX,))
    assert _score(row, _call(30, 20)) == {"action_match": 1.0, "action_type": 1.0, "click_accuracy": 1.0}
    assert _score(row, _call(61, 20)) == {"action_match": 0.0, "action_type": 1.0, "click_accuracy": 0.0}
    assert _score(row, "Click OK.") == {"action_match": 0.0, "action_type": 0.0, "click_accuracy": 0.0}
    placeless = _row(made, "action", '{"action": "left_click", "tool": "computer_use"}')
    assert _score(placeless, _call(1, 1)) == {"action_match": 1.0, "action_type": 1.0}


def test_text_that_is_read_counts_wrong_characters_and_words(made: Any) -> None:
    row = replace(_row(made, "anls", "TOTAL 9.00"), task="document")
    assert errors("TOTAL 9.08", row, QWEN2_5_VL) == {"cer": Errors(1, 10), "wer": Errors(1, 2)}
    assert _score(row, "TOTAL 9.08") == {"anls": 0.9, "character_accuracy": 0.9, "word_accuracy": 0.5}
    assert _score(row, "a" * 99)["character_accuracy"] == 0.0  # 99 edits of 10 characters
    assert errors("TOTAL 9.08", replace(row, task="vqa"), QWEN2_5_VL) == {}


def test_spotted_text_is_read_line_by_line(made: Any) -> None:
    lines = Region(points=(20, 20, 120, 80), text="EXIT"), Region(points=(200, 20, 300, 80), text="TO GATE")
    row = replace(_row(made, "spotting", "EXIT\nTO GATE", lines), task="ocr")
    answer = (
        '[{"bbox_2d": [10, 10, 60, 40], "text_content": "EXIT"}, {"bbox_2d": [0, 0, 9, 9], "text_content": "TO GOTE"}]'
    )
    assert errors(answer, row, QWEN2_5_VL) == {"cer": Errors(1, 12), "wer": Errors(1, 3)}
    assert errors("EXIT TO GATE", row, QWEN2_5_VL)["wer"] == Errors(3, 3)  # no boxes, no lines


def test_a_reference_that_cannot_be_used_is_named(made: Any) -> None:
    with pytest.raises(ValueError, match="a: the verifier 'box' needs one region, not 2"):
        _score(_row(made, "box", regions=(BOX, BOX)), "")
    with pytest.raises(ValueError, match="a: no verifier 'guess'"):
        _score(_row(made, "guess"), "")
    with pytest.raises(ValueError, match="a: the reference is no table"):
        _score(_row(made, "table", "abcd"), "")
    with pytest.raises(ValueError, match="a: the reference is no step"):
        _score(_row(made, "action", "abcd"), "")


def test_what_verifies(made: Any) -> None:
    """Each verifier accepts from its own least value on, and says so."""
    assert verifies({"exact_match": 1.0, "anls": 1.0}, "exact") == (True, "exact_match 1.00 of at least 1")
    assert verifies({"exact_match": 0.0, "anls": 1.0}, "exact") == (False, "exact_match 0.00 of at least 1")
    assert verifies({"anls": 0.8}, "anls") == (True, "anls 0.80 of at least 0.8")
    assert verifies({"anls": 0.79}, "anls")[0] is False
    assert verifies({"field_accuracy": 0.75, "anls": 0.99}, "fields")[0] is False
    assert verifies({"acc_at_0.5": 1.0, "iou": 0.5, "label_match": 1.0}, "box")[0] is True
    assert verifies({"acc_at_0.5": 1.0, "iou": 0.5, "label_match": 0.0}, "box")[0] is False
    assert verifies({"f1_at_0.5": 1.0, "labelled_f1_at_0.5": 0.8}, "boxes")[0] is True
    assert verifies({"f1_at_0.5": 1.0, "labelled_f1_at_0.5": 0.7}, "boxes")[0] is False
    assert verifies({"f1_at_0.5": 0.8}, "spotting")[0] is True
    assert verifies({"click_accuracy": 0.0}, "click")[0] is False
    assert verifies({"temporal_iou": 0.5}, "interval") == (True, "temporal_iou 0.50 of at least 0.5")
    with pytest.raises(KeyError):
        verifies({}, "")


def test_every_verifier_is_accepted_by_a_score_that_it_gives(made: Any) -> None:
    assert set(ACCEPTED) == set(get_args(Verifier)) - {""}
    for verifier, asked in ACCEPTED.items():
        text = {
            "fields": '{"total": "5"}',
            "table": "<table><tr><td>5</td></tr></table>",
            "action": '{"action": "left_click"}',
            "interval": '{"start_time": 1, "end_time": 2}',
            "points": "[[10, 10, 60, 30]]",
        }.get(verifier, "Red")
        scores = _score(_row(made, verifier, text, regions=(BOX,)), "nothing of the kind")
        for name, least in asked.items():
            assert scores[name] == 0.0 < least <= 1.0
        assert verifies(scores, verifier)[0] is False
