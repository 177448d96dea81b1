"""What the sections about models and people say, by numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from curation.media import MediaStore
from curation.report.evaluation import Answered, Example, best, choose_examples, metrics
from curation.report.funnel import mix
from curation.report.galleries import kept
from curation.report.judging import preferences, review, samplings, scores
from curation.report.picture import Thumbnails
from curation.report.signals import histograms
from curation.report.training import trainings


def example(row_id: str, *scores: float | None) -> Example:
    answers = tuple(Answered(model=f"m{i}", text="", score=score) for i, score in enumerate(scores))
    return Example(row_id=row_id, task="vqa", reference="", answers=answers)


def test_what_changed_comes_first() -> None:
    rows = [example("c", 0, 0), example("w", 1, 0), example("i", 0, 1), example("r", 1, 0, 1), example("n", None, None)]
    assert [one.change for one in rows] == ["wrong", "worsened", "improved", "right", "unscored"]
    assert [one.row_id for one in choose_examples(rows)][:2] == ["i", "w"]
    assert [one.row_id for one in choose_examples(rows, most=1)] == ["i"]
    assert len(choose_examples(rows)) == 5


def test_the_best_of_a_line() -> None:
    assert best("loss", [2.0, 1.0, None]) == {1}
    assert best("anls", [0.5, 0.7, 0.7]) == {1, 2}
    assert best("anls", [0.5, 0.5]) == best("anls", [0.5, None]) == set()


def test_metrics_by_task(shelf: Any) -> None:
    shelf.put("evaluate_dpo", metrics={"loss": 1.0, "rows": 4.0, "vqa/rows": 4.0, "vqa/anls": 0.5, "vqa/loss": 1.0})
    shelf.put("evaluate_base", metrics={"loss": 2.0, "rows": 4.0, "vqa/rows": 4.0, "vqa/anls": 0.25, "vqa/loss": 2.0})
    found = metrics(shelf.ledger)
    assert found is not None and found["models"] == ["base", "dpo"]
    assert [(task, rows, [line["metric"] for line in lines]) for task, rows, lines in found["tasks"]] == [
        ("all tasks", 4, ["loss"]),
        ("vqa", 4, ["anls", "loss"]),
    ]
    assert found["tasks"][1][2][0] == {"metric": "anls", "values": [0.25, 0.5], "best": {1}}


def test_curves_of_a_training(shelf: Any) -> None:
    settings = {"method": "lora", "learning_rate": 5e-5, "model": "secret"}
    shelf.put("train_dpo", summary={"losses": [0.7, 0.5], "margins": [0.0, 0.4], "settings": settings})
    (found,) = trainings(shelf.ledger)
    assert [(curve["title"], curve["ends"]) for curve in found["curves"]] == [
        ("loss", "0.7 to 0.5 in 2 steps"),
        ("reward margin", "0 to 0.4 in 2 steps"),
    ]
    assert found["facts"] == [("method", "lora"), ("learning rate", "5e-05")]


def test_scores_leave_out_what_the_judge_has_no_opinion_of(shelf: Any) -> None:
    shelf.put(
        "score", pa.table({"scores": [[{"name": "clear", "value": 0.5}], [{"name": "clear", "value": None}], None]})
    )
    assert [(one["name"], one["rows"], one["mean"]) for one in scores(shelf.ledger)] == [("clear", 1, 0.5)]


def test_sampling_counts_candidates_and_not_their_prompts(shelf: Any) -> None:
    rows = [("p1", 0, "kept", ""), ("p1", 1, "dropped", "failed"), ("p2", 0, "dropped", "failed")]
    rows += [("", None, "kept", ""), ("", None, "dropped", "none_verified")]
    names = ("parent", "number", "fate", "reason")
    columns: dict[str, Any] = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    shelf.put("verify_sft", pa.table({"source": ["s"] * 5, **columns}))
    (found,) = samplings(shelf.ledger)
    assert found["failed"] == [("failed", 2)]
    assert found["sources"] == [
        {"source": "s", "prompts": 2, "solved": 1, "candidates": 3, "verified": 1, "share": pytest.approx(1 / 3)}
    ]


def test_pairs_without_some_columns(shelf: Any) -> None:
    preference = [{"chosen": "a", "rejected": "b", "margin": 0.5, "origin": "sft>sft"}, None]
    shelf.put("pair", pa.table({"row_id": ["s:1~pair0", "s:2"], "fate": ["made", "made"], "preference": preference}))
    found = preferences(shelf.ledger, Thumbnails(MediaStore(shelf.store)))
    assert found is not None and found["rows"] == 1
    assert found["counts"] == [{"source": "", "origin": "sft>sft", "pairs": 1, "margin": 0.5}]
    assert (found["examples"][0]["chosen"], found["examples"][0]["rejected"]) == ("a", "b")


def test_review_is_about_rows_that_people_were_asked_about(shelf: Any) -> None:
    rows = {"row_id": ["a", "b", "c", "d"], "source": ["s"] * 4, "verdict": ["", "edit", "accept", "accept"]}
    shelf.put("review", pa.table({**rows, "edit": ["", "better", "", ""], "fate": ["kept"] * 4}))
    found = review(shelf.ledger)
    assert found == {"rows": 3, "counts": [("accept", "kept", 2), ("edit", "kept", 1)], "edits": [("b", "better")]}


def test_nothing_is_said_of_what_did_not_run(shelf: Any) -> None:
    ledger, thumbnails = shelf.ledger, Thumbnails(MediaStore(shelf.store))
    nothing = [mix(ledger), metrics(ledger), review(ledger), preferences(ledger, thumbnails)]
    nothing += [trainings(ledger), scores(ledger), samplings(ledger), histograms(ledger), kept(ledger)]
    assert nothing == [None] * 4 + [[]] * 5
