"""What comes back from a server, checked before it is believed: a decision, nothing, or a refusal.

Whoever can log in to the server can write anything into an annotation or a task, so nothing is taken from there but a
choice of the page's own, and the text of an edit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from curation.review import page
from curation.review.state import Batch, Decision, Item

LONGEST = 100_000  # characters of an edit, platform default


class Refused(ValueError):
    """An annotation that can't be taken as a verdict, and why."""


@dataclass(frozen=True)
class Refusal:
    """What a pull did not apply. `annotation` is 0 where the whole task is refused."""

    task: int
    annotation: int
    item: str
    reason: str


@dataclass
class Findings:
    """What a pull found of one batch: verdicts, refusals, the items whose tasks are there and those whose are not."""

    seen: list[Decision]
    refused: list[Refusal]
    present: set[str]
    missing: list[str]


def read_tasks(batch: Batch, tasks: Iterable[dict[str, Any]]) -> Findings:
    """Everything that the tasks of a batch's project say. Tasks that no push noted, or that were changed on the server,
    are refused whole."""
    items = {item["item"]: item for item in batch.items}
    found = Findings([], [], set(), [])
    for task in tasks:
        number, data = task["id"], task.get("data") or {}
        name = batch.tasks.get(str(number))
        if name is None:
            claimed = str(data.get("item", ""))[:64]
            found.refused.append(Refusal(number, 0, claimed, "not a task that was pushed; `push` again takes it in"))
            continue
        found.present.add(name)
        if changed := [key for key, text in page.texts(items[name]).items() if data.get(key) != text]:
            reason = f"the task was changed on the server: {', '.join(changed)}"
            found.refused.append(Refusal(number, 0, name, reason))
            continue
        for annotation in task.get("annotations") or []:
            _read_one(batch, items[name], number, annotation, found)
    found.missing = sorted(set(items) - found.present)
    return found


def _read_one(batch: Batch, item: Item, task: int, annotation: dict[str, Any], found: Findings) -> None:
    if annotation.get("was_cancelled"):
        return  # skipped: no verdict
    try:
        found.seen.append(read_annotation(batch, item, annotation))
    except Refused as error:
        found.refused.append(Refusal(task, int(annotation.get("id") or 0), item["item"], str(error)))


def read_annotation(batch: Batch, item: Item, annotation: dict[str, Any]) -> Decision:
    """One annotation as a decision.

    A text that was changed is an edit, also under `accept`: accepting what stands there now. `edit` with the text as it
    was says only that something is wrong, so it is refused and the item waits. Under `reject` the text does not count.

    Raises:
        Refused: it is not what this page can produce, or says nothing that can be used.
    """
    controls = {"verdict": "choices", "answer": "textarea"} if batch.kind == "answer" else {"verdict": "choices"}
    values = _values(annotation.get("result"), controls)
    choice = _choice(values.get("verdict"), page.ANSWERS if batch.kind == "answer" else tuple(page.SIDES))
    if batch.kind == "answer":
        said = dict(zip(("verdict", "text"), _answer(item, choice, values.get("answer")), strict=True))
    else:
        said = _preference(item, page.SIDES[choice])
    return Decision(
        batch=batch.id,
        project=batch.project or 0,
        item=item["item"],
        kind=batch.kind,
        row_id=item["row_id"],
        sample_id=item["sample_id"],
        annotation=_number(annotation.get("id"), "id"),
        reviewer=_number(annotation.get("completed_by") or 0, "completed_by"),
        updated_at=_time(annotation.get("updated_at")),
        **said,
    )


def _values(result: Any, controls: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The value of each control that was used, all of them the page's own."""
    values: dict[str, dict[str, Any]] = {}
    for entry in result if isinstance(result, list) else [None]:
        if not isinstance(entry, dict) or not isinstance(entry.get("value"), dict):
            raise Refused("its result is not a list of regions")
        name = str(entry.get("from_name"))[:40]
        if controls.get(name) != entry.get("type") or entry.get("to_name") != "question":
            raise Refused(f"a result of {name!r}, which the page does not have")
        if name in values:
            raise Refused(f"two results of {name!r}")
        values[name] = entry["value"]
    return values


def _choice(value: dict[str, Any] | None, known: tuple[str, ...]) -> str:
    choices = (value or {}).get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or choices[0] not in known:
        raise Refused(f"its choice is not one of {', '.join(known)}: {str(choices)[:60]}")
    return str(choices[0])


def _answer(item: Item, choice: str, value: dict[str, Any] | None) -> tuple[str, str]:
    """(verdict, the new text of an edit)."""
    if choice == "reject":
        return "reject", ""
    text = _text(value) if value else item["answer"]
    if _plain(text) == _plain(item["answer"]):
        if choice == "edit":
            raise Refused("`edit` was chosen and the text is as it was: change it, or choose accept or reject")
        return "accept", ""
    if not text.strip():
        raise Refused("the edited answer is empty: choose reject")
    if item["boxes"]:
        raise Refused("its answer points at places on the image, which can't be edited as text: choose reject")
    return "edit", _plain(text)


def _text(value: dict[str, Any]) -> str:
    texts = value.get("text")
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list) or len(texts) != 1 or not isinstance(texts[0], str):
        raise Refused("its answer is not one text")
    if len(texts[0]) > LONGEST:
        raise Refused(f"its answer is longer than {LONGEST:,} characters")
    try:
        texts[0].encode()
    except UnicodeEncodeError:
        raise Refused("its answer is not valid Unicode") from None
    return texts[0]


def _plain(text: str) -> str:
    """Without what a text field adds or takes by itself."""
    return text.replace("\r\n", "\n").strip()


def _preference(item: Item, side: str) -> dict[str, str]:
    """A side of the page as one of the item's two answers."""
    if side not in ("left", "right"):
        return {"verdict": side, "chosen": item["a"], "rejected": item["b"]}
    left, right = page.sides(item)
    chosen, rejected = (left, right) if side == "left" else (right, left)
    return {"verdict": "a" if chosen == item["a"] else "b", "chosen": chosen, "rejected": rejected}


def _number(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused(f"its {name} is not a number")
    return value


def _time(value: Any) -> str:
    """UTC with microseconds, so that times sort as text."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Refused("its time is not one") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")
