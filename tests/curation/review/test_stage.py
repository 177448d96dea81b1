"""What people decided, in the pipeline: rows wait, go on, come back edited, or end; preferences become pairs. No server
is asked: a batch and its decisions are what a push and a pull leave in the store."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curation.contract.dataset import read_pairs, read_rendered
from curation.contract.table import read_manifest, read_table
from curation.progress import console
from curation.review.state import Batch, Decision, append_decisions, read_state, write_batch
from curation.run import execute
from curation.stage import FATES
from curation.workspace import Workspace
from model.answer import answer_text

RECIPE = """
name: reviewed
sources:
  texts:
    path: texts.jsonl
    reader: jsonl
    build: instruction
    fields: {instruction: question, output: answer}
deduplicate: {near: false}
mix: {test_fraction: 0.2}
engine: {model: nano}
sample: {candidates: 3, temperature: 1.0, max_new_tokens: 24, sources: [texts], reference_chosen: true, pairs: 2}
"""
EDITED = "It is <|im_end|> & <b>seven</b>"


class Run:
    """The recipe's tables at what the store's review now says."""

    def __init__(self, folder: Path, spark: Any, selection: str | None = None) -> None:
        self.workspace = Workspace.open(folder / "recipe.yaml", folder / "out", str(folder))
        self.tables = self.workspace.plan().tables
        execute(self.workspace, console(), selection, spark)

    def rows(self, stage: str) -> list[dict[str, Any]]:
        return list(read_table(self.tables[stage]).sort_by("row_id").to_pylist())

    def balanced(self, stage: str) -> dict[str, int]:
        counts = read_manifest(self.tables[stage]).counts
        assert counts["in"] == sum(counts[fate] for fate in FATES)
        assert Counter(row["fate"] for row in self.rows(stage)) == {
            name: counts[name] for name in (*FATES, "made") if counts[name]
        }
        return counts

    def answers(self) -> dict[str, str]:
        """The answers of the SFT dataset, by row."""
        rows = [row for split in ("train", "test") for row in read_rendered(self.tables["render"], split)]
        return {row.row_id: answer_text(row) for row in rows}

    def preferences(self) -> list[tuple[str, str, str, str]]:
        """(prompt, chosen, rejected, origin) of each pair."""
        rows = self.rows("pair")
        return sorted(
            (row["parents"][0], *(row["preference"][name] for name in ("chosen", "rejected", "origin"))) for row in rows
        )


def decide(row: dict[str, Any], verdict: str, **texts: str) -> Decision:
    item = row["sample_id"] if not texts.get("chosen") else f"{row['sample_id']}-{texts['chosen']}-{texts['rejected']}"
    kind: Any = "preference" if texts.get("chosen") else "answer"
    return Decision(
        batch="b", project=1, item=item, kind=kind, row_id=row["row_id"], sample_id=row["sample_id"], verdict=verdict,
        annotation=int(row["row_id"].split("#")[1]), reviewer=7, updated_at="2025-01-01T00:00:00.000000Z", **texts,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reviewed")
    (folder / "recipe.yaml").write_text(RECIPE)
    rows = [{"question": f"What is {n} plus {n % 7 + 1}?", "answer": f"It is {n + n % 7 + 1}."} for n in range(24)]
    (folder / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def undisturbed(folder: Path, spark: Any) -> Run:
    """The recipe before anybody is asked."""
    return Run(folder, spark)


@pytest.fixture(scope="module")
def training(undisturbed: Run) -> list[dict[str, Any]]:
    rows = [row for row in undisturbed.rows("review") if row["split"] == "train"]
    assert len(rows) > 12
    return rows


@pytest.fixture(scope="module")
def asked(undisturbed: Run, training: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Six training rows that a batch asks about."""
    items = [{"item": row["sample_id"], "sample_id": row["sample_id"], "row_id": row["row_id"]} for row in training[:6]]
    write_batch(undisturbed.workspace.store, Batch(id="b", kind="answer", page=1, url="http://unasked", items=items))
    return training[:6]


@pytest.fixture(scope="module")
def opened(folder: Path, asked: list[dict[str, Any]], spark: Any) -> Run:
    """While the batch is open."""
    return Run(folder, spark)


@pytest.fixture(scope="module")
def answered(folder: Path, opened: Run, asked: list[dict[str, Any]], spark: Any) -> Run:
    """Four of the six are decided: two accepted, one edited, one rejected."""
    verdicts = ["accept", "accept", "reject"]
    decisions = [decide(row, verdict) for row, verdict in zip(asked, verdicts, strict=False)]
    append_decisions(opened.workspace.store, [*decisions, decide(asked[3], "edit", text=EDITED)])
    return Run(folder, spark)


def test_rows_in_an_open_batch_wait_and_all_others_go_on(
    opened: Run, undisturbed: Run, asked: list[dict[str, Any]]
) -> None:
    names = {row["row_id"] for row in asked}
    counts = opened.balanced("review")
    assert (counts["waiting"], counts["kept"]) == (6, undisturbed.balanced("review")["kept"] - 6)
    waiting = [row for row in opened.rows("review") if row["fate"] == "waiting"]
    assert {row["row_id"] for row in waiting} == names and {row["reason"] for row in waiting} == {"in_review"}
    assert opened.balanced("render")["in"] == opened.balanced("sample_base")["in"] == counts["kept"]
    made = {row["row_id"] for row in opened.rows("render")} | {row["row_id"] for row in opened.rows("verify_base")}
    assert not [name for name in made if name.split("~")[0] in names]
    before, now = undisturbed.answers(), opened.answers()
    assert now == {row_id: text for row_id, text in before.items() if row_id.split("~")[0] not in names}
    assert not [pair for pair in opened.preferences() if pair[0] in names] and opened.preferences()


def test_nobody_asks_the_model_again(undisturbed: Run, answered: Run) -> None:
    batches = list(Path(answered.workspace.store).glob("candidates/*/*/manifest.json"))
    asked = [row for row in undisturbed.rows("sample_base") if row["fate"] == "kept"]
    assert [read_manifest(str(path.parent)).rows for path in batches] == [len(asked)]


def test_accepted_rows_go_on_and_rejected_ones_end(
    answered: Run, undisturbed: Run, asked: list[dict[str, Any]]
) -> None:
    rows = {row["row_id"]: row for row in answered.rows("review")}
    first, second, rejected, edited, *open_ = (rows[row["row_id"]] for row in asked)
    counts = answered.balanced("review")
    assert (counts["waiting"], counts["dropped"]) == (2, 1)
    assert [row["verdict"] for row in (first, second, rejected, edited)] == ["accept", "accept", "reject", "edit"]
    assert {row["reviewer"] for row in (first, second, rejected, edited)} == {7}
    assert (rejected["fate"], rejected["reason"]) == ("dropped", "rejected")
    assert {(row["fate"], row["verdict"]) for row in open_} == {("waiting", "waiting")}
    answers = answered.answers()
    assert rejected["row_id"] not in answers and not {row["row_id"] for row in open_} & set(answers)
    for row in (first, second):
        assert answers[row["row_id"]] == undisturbed.answers()[row["row_id"]]
    untouched = [row for row in rows.values() if not row["verdict"]]
    assert {row["fate"] for row in untouched} == {"kept"} and len(untouched) == len(rows) - 6


def test_an_edit_is_the_rows_answer_and_is_content(answered: Run, asked: list[dict[str, Any]]) -> None:
    """And nobody is asked about its prompt again: what was edited away can verify nothing."""
    name = asked[3]["row_id"]
    (row,) = [row for row in read_rendered(answered.tables["render"], "train") if row.row_id == name]
    assert answer_text(row) == EDITED
    assert [segment.kind for segment in row.segments if segment.text == EDITED] == ["content"]
    assert (row.split, row.segments[-1].text) == ("train", "<|im_end|>\n")
    (left_out,) = [row for row in answered.rows("sample_base") if row["row_id"] == name]
    assert (left_out["fate"], left_out["reason"]) == ("dropped", "edited")
    assert not [row for row in answered.rows("verify_base") if row["parent"] == name]
    assert not [pair for pair in answered.preferences() if pair[0] == name]


def test_preferences_of_people_become_pairs_and_end_those_that_were_drawn(
    folder: Path, answered: Run, undisturbed: Run, training: list[dict[str, Any]], spark: Any
) -> None:
    """Of three drawn pairs, one is turned round, one is a tie, one is both bad. Two answers that nobody drew are
    compared on a training prompt, and on one that is held out."""
    drawn = [pair for pair in answered.preferences() if pair[3] == "reference>base"]
    prompts = list(dict.fromkeys(pair[0] for pair in drawn))
    rows = {row["row_id"]: row for row in undisturbed.rows("review")}
    first, second, third = [next(pair for pair in drawn if pair[0] == prompt) for prompt in prompts[:3]]
    free = next(row for row in training[6:] if row["row_id"] not in prompts[:3])
    held_out = next(row for row in rows.values() if row["split"] == "test")
    append_decisions(
        answered.workspace.store,
        [
            decide(rows[first[0]], "b", chosen=first[2], rejected=first[1]),
            decide(rows[second[0]], "tie", chosen=second[1], rejected=second[2]),
            decide(rows[third[0]], "both_bad", chosen=third[2], rejected=third[1]),
            decide(free, "a", chosen="better <|im_end|>", rejected="worse"),
            decide(held_out, "a", chosen="better", rejected="worse"),
        ],
    )
    assert len(read_state(answered.workspace.store).preferences) == 5
    run = Run(folder, spark)
    now = run.preferences()
    expected = {*answered.preferences()} - {first, second, third}
    expected |= {(first[0], first[2], first[1], "review"), (free["row_id"], "better <|im_end|>", "worse", "review")}
    assert set(now) == expected and len(now) == len(expected)
    assert len({row["row_id"] for row in run.rows("pair")}) == len(now) == run.balanced("pair")["made"]
    pairs = {pair.chosen.row_id: pair for pair in read_pairs(run.tables["render_dpo"], "train")}
    assert len(pairs) == len(now) == run.balanced("render_dpo")["kept"]
    (row,) = [row for row in run.rows("pair") if row["preference"]["chosen"] == "better <|im_end|>"]
    pair = pairs[row["row_id"]]
    assert ("content", "better <|im_end|>") in [(segment.kind, segment.text) for segment in pair.chosen.segments]
    assert ("content", "worse") in [(segment.kind, segment.text) for segment in pair.rejected]
    assert (pair.margin, pair.origin) == (1.0, "review")


def test_a_withdrawn_verdict_waits_again(folder: Path, answered: Run, asked: list[dict[str, Any]], spark: Any) -> None:
    again = replace(decide(asked[0], "withdrawn"), updated_at="2025-01-02T00:00:00.000000Z")
    append_decisions(answered.workspace.store, [again])
    run = Run(folder, spark, "+review")
    fates = {row["row_id"]: row["fate"] for row in run.rows("review")}
    assert fates[asked[0]["row_id"]] == "waiting" and fates[asked[1]["row_id"]] == "kept"
