"""The state of review, plain JSON in the store; reading it needs no server.

    <store>/review/batches/<batch>.json              what was asked, of which server
    <store>/review/decisions/<number>-<hash>.json    what one pull brought anew; appended, never rewritten

An item of kind `answer` asks whether an answer is right and is named by its sample id; one of kind `preference` asks
which of two answers to a prompt is better and is named by a hash of the sample id and both texts. Keys of an item:
item, sample_id, row_id, question, media ([{sha256, orientation, width, height}], pixels as displayed), regions (drawn
on the media: {media, shape, points, name}); of an answer also answer, model and `boxes`, which is true where the answer
points at places; of a preference also a, b and `flipped`: whether b stands on the left.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from curation.contract.table import join, read_bytes
from curation.store import fingerprint, names_in, write_bytes

Kind = Literal["answer", "preference"]
Item = dict[str, Any]

WITHDRAWN = "withdrawn"  # the annotation was deleted, skipped or made unreadable after a pull had read it


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one push asks. It is written before anything is created on the server, `project` being None till then.

    `tasks` says which item each task on the server asks about, so that no task can later claim to be another's.
    """

    id: str
    kind: Kind
    page: int  # version of the page that reviewers see
    url: str
    items: list[Item]
    project: int | None = None
    tasks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One annotation as a pull found it: accept, edit or reject; a, b, tie or both_bad; or withdrawn.

    `text` is the answer that an edit puts in the old one's place; `chosen` and `rejected` are a preference's texts, in
    the order a, b where none is better. `updated_at` is UTC in ISO 8601 with microseconds, so that it sorts as text.
    """

    batch: str
    project: int
    item: str
    kind: Kind
    row_id: str
    sample_id: str
    verdict: str
    annotation: int
    reviewer: int
    updated_at: str
    text: str = ""
    chosen: str = ""
    rejected: str = ""

    @property
    def key(self) -> tuple[str, int, str, int]:
        """The annotation: its number is unique in a project, and the item guards against a server set up anew."""
        return self.batch, self.project, self.item, self.annotation

    @property
    def opinion(self) -> tuple[str, str, str]:
        """What two reviewers must have in common to agree."""
        return self.verdict, self.text, self.chosen


@dataclass(frozen=True)
class Verdict:
    """What people decided about an answer. `text` is the new answer of an edit."""

    row_id: str
    sample_id: str
    verdict: Literal["accept", "edit", "reject"]
    text: str
    reviewer: int


@dataclass(frozen=True)
class PreferenceVerdict:
    """What people decided about two answers to one prompt. `verdict` says which of the item's two is better, a or b.
    Where neither is, a stands as `chosen` and b as `rejected`, and no pair is to be made of them."""

    row_id: str
    sample_id: str
    chosen: str
    rejected: str
    verdict: Literal["a", "b", "tie", "both_bad"]
    reviewer: int


@dataclass(frozen=True)
class BatchStatus:
    """How far a batch is. `waiting` counts those that `disagreed` too: two reviewers, two opinions."""

    batch: str
    kind: Kind
    url: str
    project: int | None
    waiting: int
    decided: int
    disagreed: int
    verdicts: dict[str, int]


@dataclass(frozen=True)
class ReviewState:
    """All that review holds. `waiting` are the sample ids of answers without a verdict."""

    waiting: frozenset[str]
    answers: dict[str, Verdict]
    preferences: list[PreferenceVerdict]
    batches: list[BatchStatus]

    @property
    def open(self) -> list[BatchStatus]:
        return [status for status in self.batches if status.waiting]

    @property
    def fingerprint(self) -> str:
        """The hash of what was said about answers; the same after a pull that brought nothing. Preferences are not in
        it: they change no row, and a new one must not train anew what was trained before it."""
        answers = [asdict(self.answers[sample]) for sample in sorted(self.answers)]
        return fingerprint([sorted(self.waiting), answers])


def read_state(store: str) -> ReviewState:
    """Where review stands, from the store alone."""
    return resolve(read_batches(store), read_decisions(store))


def resolve(batches: Iterable[Batch], decisions: Iterable[Decision]) -> ReviewState:
    """The verdict of each item: the newest of each reviewer, and none where two reviewers differ."""
    batches, opinions = list(batches), _opinions(decisions)
    decided = _agreed(opinions)
    asked = {item["item"] for batch in batches if batch.kind == "answer" for item in batch.items}
    mine = [decided[item] for item in sorted(decided)]
    return ReviewState(
        waiting=frozenset(asked - set(decided)),
        answers={d.sample_id: _verdict(d) for d in mine if d.kind == "answer"},
        preferences=[_preference(d) for d in mine if d.kind == "preference"],
        batches=[_status(batch, decided, opinions) for batch in batches],
    )


def decided_items(decisions: Iterable[Decision]) -> set[str]:
    """The items that people are done with."""
    return set(_agreed(_opinions(decisions)))


def _agreed(opinions: dict[str, list[Decision]]) -> dict[str, Decision]:
    return {item: said[0] for item, said in opinions.items() if len({one.opinion for one in said}) == 1}


def _opinions(decisions: Iterable[Decision]) -> dict[str, list[Decision]]:
    """Each reviewer's newest decision about an item, by item."""
    newest: dict[tuple[str, int], Decision] = {}
    for decision in standing(decisions).values():
        if decision.verdict == WITHDRAWN:
            continue
        mine = (decision.item, decision.reviewer)
        if mine not in newest or _age(newest[mine]) < _age(decision):
            newest[mine] = decision
    by_item = defaultdict(list)
    for (item, _), decision in sorted(newest.items()):
        by_item[item].append(decision)
    return by_item


def _age(decision: Decision) -> tuple[str, int]:
    return decision.updated_at, decision.annotation


def standing(decisions: Iterable[Decision]) -> dict[tuple[str, int, str, int], Decision]:
    """What the log holds of each annotation last. A server restored from an older backup does not turn time back."""
    last: dict[tuple[str, int, str, int], Decision] = {}
    for decision in decisions:
        if decision.key not in last or last[decision.key].updated_at <= decision.updated_at:
            last[decision.key] = decision
    return last


def _verdict(decision: Decision) -> Verdict:
    said: Any = decision.verdict
    return Verdict(decision.row_id, decision.sample_id, said, decision.text, decision.reviewer)


def _preference(d: Decision) -> PreferenceVerdict:
    said: Any = d.verdict
    return PreferenceVerdict(d.row_id, d.sample_id, d.chosen, d.rejected, said, d.reviewer)


def _status(batch: Batch, decided: dict[str, Decision], opinions: dict[str, list[Decision]]) -> BatchStatus:
    items = [item["item"] for item in batch.items]
    verdicts = Counter(decided[item].verdict for item in items if item in decided)
    waiting = [item for item in items if item not in decided]
    disagreed = sum(len(opinions.get(item, ())) > 1 for item in waiting)
    return BatchStatus(
        batch.id,
        batch.kind,
        batch.url,
        batch.project,
        len(waiting),
        len(items) - len(waiting),
        disagreed,
        dict(sorted(verdicts.items())),
    )


def batch_id(kind: Kind, page: int, items: list[Item]) -> str:
    return fingerprint([kind, page, sorted(item["item"] for item in items)])


def read_batches(store: str) -> list[Batch]:
    folder = join(store, "review", "batches")
    names = [name for name in names_in(folder) if name.endswith(".json")]
    return [Batch(**json.loads(read_bytes(join(folder, name)))) for name in names]


def write_batch(store: str, batch: Batch) -> None:
    url = join(store, "review", "batches", f"{batch.id}.json")
    write_bytes(url, json.dumps(asdict(batch), ensure_ascii=False, indent=1).encode())


def read_decisions(store: str) -> list[Decision]:
    """The whole log, oldest first."""
    folder = join(store, "review", "decisions")
    names = [name for name in names_in(folder) if name.endswith(".json")]
    return [Decision(**entry) for name in names for entry in json.loads(read_bytes(join(folder, name)))]


def append_decisions(store: str, decisions: list[Decision]) -> None:
    """One new file of the log, if there is anything to say. Two pulls at once write the same file, or two that say the
    same."""
    if not decisions:
        return
    folder = join(store, "review", "decisions")
    entries = [asdict(decision) for decision in decisions]
    number = max([int(name.split("-")[0]) for name in names_in(folder) if name.endswith(".json")], default=0) + 1
    name = f"{number:06d}-{fingerprint(entries)}.json"
    write_bytes(join(folder, name), json.dumps(entries, ensure_ascii=False, indent=1).encode())


def news(log: Iterable[Decision], batch: Batch, seen: list[Decision], present: set[str]) -> list[Decision]:
    """What a pull adds to the log: annotations that are new or changed, and those of the tasks `present` on the server
    that are no longer there or no longer count. Tasks that are gone leave their verdicts as they are.

    `present` holds the items whose tasks the pull saw.
    """
    last = standing(log)
    fresh = [
        decision
        for decision in seen
        if decision.key not in last
        or (decision != last[decision.key] and last[decision.key].updated_at <= decision.updated_at)
    ]
    still = {decision.key for decision in seen}
    gone = [
        replace(decision, verdict=WITHDRAWN, text="")
        for key, decision in sorted(last.items())
        if key[:2] == (batch.id, batch.project) and decision.item in present
        if key not in still and decision.verdict != WITHDRAWN
    ]
    return [*fresh, *gone]
