"""The state of review, from files alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curation.contract.table import join
from curation.review import page
from curation.review.state import (
    Batch,
    Decision,
    PreferenceVerdict,
    Verdict,
    append_decisions,
    batch_id,
    news,
    read_batches,
    read_decisions,
    read_state,
    resolve,
    write_batch,
)


def answer(name: str) -> dict[str, Any]:
    return {"item": name, "sample_id": name, "row_id": f"row-{name}", "question": "?", "answer": "!", "media": []}


def preference(name: str, a: str, b: str) -> dict[str, Any]:
    return {"item": name, "sample_id": f"s-{name}", "row_id": f"row-{name}", "question": "?", "a": a, "b": b}


def batch_of(*items: dict[str, Any], project: int | None = 1) -> Batch:
    kind = "answer" if "answer" in items[0] else "preference"
    return Batch(
        id=batch_id(kind, 1, list(items)), kind=kind, page=1, url="http://a", items=list(items), project=project
    )


def said(batch: Batch, item: str, verdict: str, at: int, **more: Any) -> Decision:
    """A decision of reviewer 1 in annotation 1 at a minute of an hour, unless said otherwise."""
    known = next(entry for entry in batch.items if entry["item"] == item)
    return Decision(
        **{
            "batch": batch.id,
            "project": 1,
            "item": item,
            "kind": batch.kind,
            "row_id": known["row_id"],
            "sample_id": known["sample_id"],
            "verdict": verdict,
            "annotation": 1,
            "reviewer": 1,
            "updated_at": f"2026-11-21T10:{at:02}:00.000000+00:00",
            **more,
        }
    )


def test_a_store_without_review_waits_for_nobody(tmp_path: Path) -> None:
    state = read_state(str(tmp_path))
    assert not state.waiting and not state.answers and not state.preferences and not state.batches and not state.open


@pytest.mark.parametrize("root", ["{tmp_path}", "memory://review-{tmp_path}"])
def test_what_is_written_is_read_again_on_any_store(tmp_path: Path, root: str) -> None:
    store = root.format(tmp_path=tmp_path)
    batch = batch_of(answer("x"), answer("y"), project=None)
    write_batch(store, batch)
    assert read_batches(store) == [batch]
    assert read_state(store).waiting == {"x", "y"}
    append_decisions(store, [said(batch, "x", "edit", 1, text="ünïcode </script> <|im_end|>\n{{7*7}}")])
    append_decisions(store, [])
    append_decisions(store, [said(batch, "y", "reject", 2)])
    state = read_state(store)
    assert [decision.item for decision in read_decisions(store)] == ["x", "y"]
    assert state.answers["x"] == Verdict("row-x", "x", "edit", "ünïcode </script> <|im_end|>\n{{7*7}}", 1)
    assert state.answers["y"].verdict == "reject"
    assert not state.waiting and not state.open
    assert (state.batches[0].decided, state.batches[0].verdicts) == (2, {"edit": 1, "reject": 1})


def test_the_newest_verdict_of_a_reviewer_wins_whatever_the_order_of_pulls() -> None:
    batch = batch_of(answer("x"))
    old, new = said(batch, "x", "accept", 1), said(batch, "x", "reject", 2)
    other = said(batch, "x", "edit", 3, annotation=2, text="better")
    for log in ([old, new, other], [other, new, old], [new, other, old]):
        assert resolve([batch], log).answers["x"].verdict == "edit"
    assert resolve([batch], [old, new]).answers["x"].verdict == "reject"
    # At the same moment the higher annotation id is the newer one.
    assert resolve([batch], [replace(other, updated_at=new.updated_at), new]).answers["x"].verdict == "edit"


def test_two_reviewers_who_differ_decide_nothing_until_they_agree() -> None:
    batch = batch_of(answer("x"), answer("y"))
    log = [
        said(batch, "x", "accept", 1),
        said(batch, "x", "reject", 2, annotation=2, reviewer=2),
        said(batch, "y", "accept", 1, annotation=3),
        said(batch, "y", "accept", 2, annotation=4, reviewer=2),
    ]
    state = resolve([batch], log)
    assert state.waiting == {"x"} and state.answers["y"].verdict == "accept"
    assert (state.batches[0].waiting, state.batches[0].disagreed) == (1, 1)
    agreed = resolve([batch], [*log, said(batch, "x", "accept", 3, annotation=2, reviewer=2)])
    assert agreed.answers["x"].verdict == "accept" and not agreed.waiting


def test_two_edits_agree_only_on_the_same_text() -> None:
    batch = batch_of(answer("x"))
    first = said(batch, "x", "edit", 1, text="one")
    second = said(batch, "x", "edit", 2, annotation=2, reviewer=2, text="two")
    assert resolve([batch], [first, second]).batches[0].disagreed == 1
    assert resolve([batch], [first, replace(second, text="one")]).answers["x"].text == "one"


def test_preferences_name_the_better_text_and_ties_stay_known() -> None:
    batch = batch_of(preference("p", "aa", "bb"), preference("q", "cc", "dd"), preference("r", "ee", "ff"))
    log = [
        said(batch, "p", "b", 1, chosen="bb", rejected="aa"),
        said(batch, "q", "tie", 1, annotation=2, chosen="cc", rejected="dd"),
    ]
    state = resolve([batch], log)
    assert state.preferences == [
        PreferenceVerdict("row-p", "s-p", "bb", "aa", "b", 1),
        PreferenceVerdict("row-q", "s-q", "cc", "dd", "tie", 1),
    ]
    assert not state.waiting  # no answer waits; a pair that waits holds no row up
    assert state.open[0].waiting == 1


def test_a_second_pull_adds_nothing_and_a_change_is_appended() -> None:
    batch = batch_of(answer("x"))
    first = said(batch, "x", "accept", 1)
    assert news([], batch, [first], {"x"}) == [first]
    assert news([first], batch, [first], {"x"}) == []
    later = said(batch, "x", "edit", 2, text="new")
    assert news([first], batch, [later], {"x"}) == [later]
    assert news([first, later], batch, [later], {"x"}) == []


def test_a_server_restored_from_a_backup_does_not_turn_time_back() -> None:
    batch = batch_of(answer("x"))
    log = [said(batch, "x", "accept", 1), said(batch, "x", "reject", 5)]
    assert news(log, batch, [log[0]], {"x"}) == []
    assert resolve([batch], log).answers["x"].verdict == "reject"


def test_an_annotation_that_was_deleted_is_withdrawn_once_and_may_come_back() -> None:
    batch = batch_of(answer("x"), answer("y"))
    log = [said(batch, "x", "accept", 1), said(batch, "y", "accept", 1, annotation=2)]
    (gone,) = news(log, batch, [log[1]], {"x", "y"})
    assert gone == replace(log[0], verdict="withdrawn")
    log.append(gone)
    assert resolve([batch], log).waiting == {"x"}
    assert news(log, batch, [log[1]], {"x", "y"}) == []
    assert news(log, batch, log[:2], {"x", "y"}) == [log[0]]
    assert resolve([batch], [*log, log[0]]).answers["x"].verdict == "accept"


def test_verdicts_of_tasks_that_are_gone_stay() -> None:
    batch = batch_of(answer("x"))
    log = [said(batch, "x", "accept", 1)]
    assert news(log, batch, [], present=set()) == []


def test_the_fingerprint_is_that_of_what_a_pipeline_reads() -> None:
    batch = batch_of(answer("x"), answer("y"))
    log = [said(batch, "x", "accept", 1), said(batch, "y", "accept", 2, annotation=2)]
    done = resolve([batch], log).fingerprint
    assert resolve([batch], [*log, *reversed(log)]).fingerprint == done  # two pulls at once wrote the same
    assert resolve([batch], [replace(log[0], annotation=9), log[1]]).fingerprint == done
    different = {done, resolve([batch], log[:1]).fingerprint}
    different.add(resolve([batch], [replace(log[0], verdict="edit", text="new"), log[1]]).fingerprint)
    different.add(resolve([batch_of(answer("x"))], log[:1]).fingerprint)
    assert len(different) == 4


def test_two_pulls_at_once_write_one_file(tmp_path: Path) -> None:
    store, batch = str(tmp_path), batch_of(answer("x"))
    append_decisions(store, [said(batch, "x", "accept", 1)])
    folder = Path(join(store, "review", "decisions"))
    (name,) = [path.name for path in folder.iterdir()]
    (folder / name).rename(folder / "aside")
    append_decisions(store, [said(batch, "x", "accept", 1)])
    assert sorted(path.name for path in folder.iterdir()) == [name, "aside"]
    assert json.loads((folder / "aside").read_text()) == json.loads((folder / name).read_text())


def test_a_batch_is_named_by_what_it_asks() -> None:
    x, y = answer("x"), answer("y")
    assert batch_id("answer", 1, [x, y]) == batch_id("answer", 1, [y, x])
    assert len({batch_id("answer", 1, [x]), batch_id("answer", 2, [x]), batch_id("preference", 1, [x])}) == 3


def test_the_page_shows_data_only_where_it_stays_text() -> None:
    for kind in ("answer", "preference"):
        config = page.label_config(kind)  # type: ignore[arg-type]
        assert "HyperText" not in config and "Pairwise" not in config
