"""Bringing a batch to its server, as often as it takes, with one task for each item; and fetching what became of it.

A push may be killed anywhere. The batch lies in the store before anything is created; the project is found again by its
title, the tasks by the item that each names; so the next push creates what lacks and nothing twice.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from curation.media import MediaStore
from curation.review import page
from curation.review.answers import Findings, read_tasks
from curation.review.labelstudio import Server, ServerError
from curation.review.state import (
    Batch,
    Item,
    Kind,
    append_decisions,
    batch_id,
    decided_items,
    news,
    read_decisions,
    write_batch,
)

_PAUSES = (0.0, 1.0, 2.0, 4.0)  # seconds before each try at creating what lacks, platform default


@dataclass(frozen=True)
class Pushed:
    """What a push found and did: items that wait, tasks that it created for them, doubles that it removed."""

    batch: Batch
    waiting: int
    created: int
    doubles: int


@dataclass(frozen=True)
class Pulled:
    """What a pull found: how many decisions are new in the log, what was refused, which waiting items have no task."""

    batch: Batch
    new: int
    findings: Findings
    missing: list[str]


def new_batch(store: str, kind: Kind, url: str, items: list[Item]) -> Batch:
    """A batch, written before anything happens on the server."""
    batch = Batch(id=batch_id(kind, page.VERSION, items), kind=kind, page=page.VERSION, url=url, items=items)
    write_batch(store, batch)
    return batch


def push(store: str, batch: Batch, server: Server, chunk: int, tell: Callable[[int, int], None]) -> Pushed:
    """Makes the server hold one task for each item of the batch that waits, `chunk` tasks in a request. `tell` hears
    how many are created, of how many.

    Raises:
        ServerError: the server refuses, or goes on failing.
    """
    decided = decided_items(read_decisions(store))
    wanted = [item for item in batch.items if item["item"] not in decided]
    batch = replace(batch, url=server.url, project=_project(batch, server))
    write_batch(store, batch)
    held, trouble = _held(batch, server), ""
    before = len(wanted) - len(_lacking(wanted, held))
    for pause in _PAUSES:
        if not (lacking := _lacking(wanted, held)):
            break
        time.sleep(pause)
        trouble = _create(store, batch, server, lacking, chunk, tell)
        held = _held(batch, server)
    if lacking := _lacking(wanted, held):
        raise ServerError(f"{len(lacking)} of {len(wanted)} tasks are still not on the server: push again. {trouble}")
    doubles = _remove_doubles(held, server)
    tasks = {str(task["id"]): item for item, some in held.items() for task in some}
    batch = replace(batch, tasks=tasks)
    write_batch(store, batch)
    return Pushed(batch, len(wanted), len(wanted) - before, doubles)


def pull(store: str, batch: Batch, server: Server) -> Pulled:
    """Appends what reviewers decided since the last pull to the log. Verdicts of tasks that are gone stay."""
    tasks = server.tasks(batch.project) if batch.project and _is_ours(batch.project, batch, server) else ()
    findings = read_tasks(batch, tasks)
    log = read_decisions(store)
    fresh = news(log, batch, findings.seen, findings.present)
    append_decisions(store, fresh)
    decided = decided_items([*log, *fresh])
    return Pulled(batch, len(fresh), findings, [item for item in findings.missing if item not in decided])


def title(batch: Batch) -> str:
    """A project's title has 3 to 50 characters."""
    return f"Winnow {batch.kind} {batch.id}"


def _is_ours(project: int, batch: Batch, server: Server) -> bool:
    """On a server that was set up anew, the number may be another project's."""
    return server.title_of(project) == title(batch)


def _project(batch: Batch, server: Server) -> int:
    """The batch's project, created where there is none."""
    if batch.project is not None and _is_ours(batch.project, batch, server):
        return batch.project
    failed: ServerError | None = None
    for pause in _PAUSES:
        time.sleep(pause)
        if (found := server.find_project(title(batch))) is not None:
            return found
        try:
            mine = server.create_project(title(batch), page.label_config(batch.kind))
        except ServerError as error:
            failed = _if_passing(error)
            continue
        oldest = server.find_project(title(batch)) or mine
        if oldest != mine:  # another push was faster
            server.delete_project(mine)
        return oldest
    assert failed is not None
    raise failed


def _held(batch: Batch, server: Server) -> dict[str, list[dict[str, Any]]]:
    """The tasks on the server by item, the oldest first. What was changed there, or is another item's by the batch's
    own notes, does not count."""
    assert batch.project is not None
    texts = {item["item"]: page.texts(item) for item in batch.items}
    held = defaultdict(list)
    for task in sorted(server.tasks(batch.project), key=lambda task: int(task["id"])):
        data = task["data"] or {}
        item = str(data.get("item"))
        known = batch.tasks.get(str(task["id"]), item)
        if known == item and item in texts and all(data.get(key) == text for key, text in texts[item].items()):
            held[item].append({"id": task["id"], "annotated": bool(task["annotations"])})
    return held


def _lacking(wanted: list[Item], held: dict[str, list[dict[str, Any]]]) -> list[Item]:
    return [item for item in wanted if item["item"] not in held]


def _create(
    store: str, batch: Batch, server: Server, items: list[Item], chunk: int, tell: Callable[[int, int], None]
) -> str:
    """Imports tasks for the items; the trouble that stopped it, or "". What stopped may have arrived all the same."""
    assert batch.project is not None
    media = MediaStore(store)
    for start in range(0, len(items), chunk):
        some = items[start : start + chunk]
        try:
            server.add_tasks(batch.project, [page.task(item, media) for item in some])
        except ServerError as error:
            return str(_if_passing(error))
        tell(start + len(some), len(items))
    return ""


def _if_passing(error: ServerError) -> ServerError:
    if not error.passing:
        raise error
    return error


def _remove_doubles(held: dict[str, list[dict[str, Any]]], server: Server) -> int:
    """Of several tasks for one item, as two pushes at once leave, those with annotations stay, or else the oldest."""
    removed = 0
    for item, tasks in held.items():
        keep = [task for task in tasks if task["annotated"]] or tasks[:1]
        for task in tasks:
            if task not in keep:
                server.delete_task(task["id"])
                removed += 1
        held[item] = keep
    return removed


def reusable(batches: Iterable[Batch], kind: Kind, url: str, decided: set[str]) -> Batch | None:
    """The batch that a push of this kind completes before it asks anything new: one that waits on the same server."""
    for batch in batches:
        if (batch.kind, batch.url) == (kind, url) and any(item["item"] not in decided for item in batch.items):
            return batch
    return None
