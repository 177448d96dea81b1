"""Review against a real Label Studio server: by its API, by its page in a browser, and with pushes that die."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from curation.review.labelstudio import ServerError, connect
from curation.review.push import _remove_doubles, push
from curation.review.state import Batch, read_batches, read_state

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[3]
TOKEN = "5ca1ab1e" * 5
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> <|im_end|> {{7*7}} ${x} $question `r` </textarea>"

Winnow = Callable[..., tuple[int, str]]


@pytest.fixture
def winnow(made: Any, label_studio: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Winnow:
    """The command in this process, on the made store and the running server: (exit code, all it printed)."""
    from curation.cli import main

    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["winnow", "review", *arguments, "--out", str(made.out)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as done:
            main()
        told = capsys.readouterr()
        return int(done.value.code or 0), told.out + told.err

    return run


@pytest.fixture
def client(label_studio: Any) -> Iterator[Any]:
    """The server's own SDK, as an annotator's script would use it."""
    from label_studio_sdk.client import LabelStudio

    with httpx.Client(timeout=60) as http:
        yield LabelStudio(base_url=label_studio.url, api_key=TOKEN, httpx_client=http)


def tasks_of(client: Any, store: str) -> dict[str, int]:
    """Task ids by item, of the store's only batch; each item has one task."""
    (batch,) = read_batches(store)
    tasks = list(client.tasks.list(project=batch.project))
    assert Counter(task.data["item"] for task in tasks) == Counter(item["item"] for item in batch.items)
    return {task.data["item"]: task.id for task in tasks}


def say(client: Any, task: int, choice: str, text: str | None = None) -> Any:
    """An annotation as the page saves it."""
    result = [{"from_name": "verdict", "to_name": "question", "type": "choices", "value": {"choices": [choice]}}]
    if text is not None:
        result.append({"from_name": "answer", "to_name": "question", "type": "textarea", "value": {"text": [text]}})
    return client.annotations.create(id=task, result=result)


def test_pushed_twice_there_is_one_task_for_each_item(made: Any, winnow: Winnow, client: Any) -> None:
    made.rendered([made.row("twice#pic", "What colour?", "red", [made.image("red")]), *made.questions("twice", 5)])
    code, told = winnow("push", "--n", "4", "--json")
    first = json.loads(told)
    assert (code, first["waiting"], first["created"]) == (0, 4, 4)
    code, told = winnow("push", "--n", "4", "--json")
    assert (code, json.loads(told)) == (0, {**first, "created": 0})
    assert len(tasks_of(client, made.store)) == 4
    assert winnow("status")[0] == 3
    assert json.loads(winnow("push", "--n", "9", "--new", "--json")[1])["created"] == 2
    assert "nothing to ask" in winnow("push", "--new")[1]
    assert len(read_state(made.store).waiting) == 6


def test_killed_in_between_and_pushed_again_there_is_one_task_for_each_item(
    made: Any, winnow: Winnow, client: Any, label_studio: Any
) -> None:
    made.rendered(made.questions("killed", 40))
    command = [sys.executable, "-W", "ignore", "-m", "curation", "review", "push", "--out", str(made.out)]
    environment = {**os.environ, "LABEL_STUDIO_URL": label_studio.url, "LABEL_STUDIO_API_KEY": TOKEN}
    pushing = subprocess.Popen([*command, "--n", "40", "--chunk", "1"], cwd=ROOT, env=environment)
    project = next(seen for _ in patiently() if (seen := _project_of(made.store)))
    next(True for _ in patiently() if client.projects.get(project).task_number >= 3)
    pushing.send_signal(signal.SIGKILL)
    assert pushing.wait() == -signal.SIGKILL
    left = client.projects.get(project).task_number
    assert 3 <= left < 40
    code, told = winnow("push", "--n", "40", "--json")
    assert (code, json.loads(told)["waiting"]) == (0, 40)
    assert len(tasks_of(client, made.store)) == 40
    assert read_batches(made.store)[0].project == project


def patiently() -> Iterator[None]:
    """Two minutes of asking again."""
    for _ in range(1200):
        yield
        time.sleep(0.1)


def _project_of(store: str) -> int | None:
    batches = read_batches(store)
    return batches[0].project if batches else None


def test_a_push_that_died_before_it_noted_its_project_finds_it_again(
    made: Any, winnow: Winnow, client: Any, label_studio: Any
) -> None:
    made.rendered(made.questions("unnoted", 3))
    winnow("push")
    (batch,) = read_batches(made.store)
    path = Path(made.store, "review", "batches", f"{batch.id}.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "project": None, "tasks": {}}))
    assert json.loads(winnow("push", "--json")[1])["created"] == 0
    assert read_batches(made.store) == [batch]


def test_doubles_of_two_pushes_at_once_go_and_annotated_tasks_stay(made: Any, winnow: Winnow, client: Any) -> None:
    made.rendered(made.questions("race", 6))
    winnow("push")
    (batch,) = read_batches(made.store)
    both = [{"data": task.data} for task in client.tasks.list(project=batch.project)]
    client.projects.import_tasks(batch.project, request=both)
    newest = max(client.tasks.list(project=batch.project), key=lambda task: task.id)
    say(client, newest.id, "accept")
    assert json.loads(winnow("push", "--json")[1])["doubles"] == 6
    assert newest.id in tasks_of(client, made.store).values()
    assert "1 new decisions" in winnow("pull")[1]


def test_two_pushes_at_once_leave_one_task_for_each_item(made: Any, winnow: Winnow, client: Any) -> None:
    made.rendered(made.questions("both", 11))
    winnow("push", "--n", "1")  # so that both push into a batch that is there
    (batch,) = read_batches(made.store)
    from curation.ledger import Ledger
    from curation.review.choose import choose_answers
    from curation.review.push import new_batch

    items = choose_answers(Ledger.of(made.store), [batch], 10)
    asked = new_batch(made.store, "answer", batch.url, items)

    def bring() -> None:
        with connect("") as server:
            push(made.store, asked, server, 2, lambda done, total: None)

    pushes = [threading.Thread(target=bring) for _ in range(2)]
    for one in pushes:
        one.start()
    for one in pushes:
        one.join()
    assert [p.title for p in client.projects.list(title=asked.id)] == [f"Winnow answer {asked.id}"]
    winnow("push", "--batch", asked.id)
    found = next(one for one in read_batches(made.store) if one.id == asked.id)
    items_there = [task.data["item"] for task in client.tasks.list(project=found.project)]
    assert sorted(items_there) == sorted(item["item"] for item in items)


@contextmanager
def flaky(url: str) -> Iterator[str]:
    """A proxy that lets every request through, and answers the first of each kind that creates with 502 all the
    same."""
    failed: set[str] = set()

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection")}
            with httpx.Client(timeout=60) as http:
                answer = http.request(self.command, url + self.path, content=body, headers=headers)
            kind = re.sub(r"\d+", "N", self.path.split("?")[0])
            fails = self.command == "POST" and kind not in failed
            if fails:
                failed.add(kind)
            self.send_response(502 if fails else answer.status_code)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_PATCH = do_DELETE = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    assert len(failed) == 2  # a project and an import


def test_what_arrived_though_the_server_said_502_is_not_sent_again(
    made: Any, winnow: Winnow, client: Any, label_studio: Any
) -> None:
    made.rendered(made.questions("flaky", 8))
    with flaky(label_studio.url) as url:
        code, told = winnow("push", "--url", url, "--chunk", "3", "--json")
    assert (code, json.loads(told)["created"]) == (0, 8)
    assert len(tasks_of(client, made.store)) == 8
    (batch,) = read_batches(made.store)
    assert len(list(client.projects.list(title=batch.id))) == 1


def test_a_batch_moves_with_its_server(made: Any, winnow: Winnow, client: Any, label_studio: Any) -> None:
    made.rendered(made.questions("moved", 2))
    winnow("push")
    (batch,) = read_batches(made.store)
    renamed = label_studio.url.replace("127.0.0.1", "localhost")
    assert f"is on {label_studio.url}" in " ".join(winnow("pull", "--url", renamed)[1].split())
    assert json.loads(winnow("push", "--batch", batch.id, "--url", renamed, "--json")[1])["created"] == 0
    assert read_batches(made.store) == [replace(batch, url=renamed)]
    assert winnow("push", "--batch", "none")[0] == 2


def test_verdicts_arrive_once_and_changes_follow(made: Any, winnow: Winnow, client: Any) -> None:
    rows = made.questions("verdict", 4)
    made.rendered(rows)
    winnow("push")
    tasks = tasks_of(client, made.store)
    one, two, three, four = (row.sample_id for row in rows)
    say(client, tasks[one], "accept", "answer 0")
    say(client, tasks[two], "edit", HOSTILE)
    rejected = say(client, tasks[three], "reject")
    client.annotations.create(id=tasks[four], result=[], was_cancelled=True)
    code, told = winnow("pull", "--json")
    assert (code, json.loads(told)[0]["new"]) == (0, 3)
    state = read_state(made.store)
    assert {sample: verdict.verdict for sample, verdict in state.answers.items()} == {
        one: "accept", two: "edit", three: "reject",
    }  # fmt: skip
    assert state.answers[two].text == HOSTILE and state.waiting == {four}
    for _ in range(4):
        assert json.loads(winnow("pull", "--json")[1])[0]["new"] == 0
    assert read_state(made.store).fingerprint == state.fingerprint
    client.annotations.update(id=rejected.id, result=say_result("accept"))
    say(client, tasks[four], "edit", "mended")
    assert json.loads(winnow("pull", "--json")[1])[0]["new"] == 2
    assert read_state(made.store).answers[three].verdict == "accept"
    assert winnow("status")[0] == 0
    client.annotations.delete(id=rejected.id)
    winnow("pull")
    assert read_state(made.store).waiting == {three} and winnow("status")[0] == 3


def say_result(choice: str) -> list[dict[str, Any]]:
    return [{"from_name": "verdict", "to_name": "question", "type": "choices", "value": {"choices": [choice]}}]


def test_preferences_map_back_whatever_side_they_stood_on(made: Any, winnow: Winnow, client: Any) -> None:
    rows = made.questions("prefer", 8)
    made.rendered(rows)
    made.candidates([(row, f"{text} {row.row_id}", True) for row in rows for text in ("good", "bad")])
    winnow("push", "--kind", "preference")
    (batch,) = read_batches(made.store)
    assert {item["flipped"] for item in batch.items} == {True, False}
    shown = {task.data["item"]: task for task in client.tasks.list(project=batch.project)}
    for item in batch.items[:6]:
        on_left = shown[item["item"]].data["left"].startswith("good")
        say(client, shown[item["item"]].id, "left is better" if on_left else "right is better")
    say(client, shown[batch.items[6]["item"]].id, "tie")
    say(client, shown[batch.items[7]["item"]].id, "both bad")
    winnow("pull")
    preferences = read_state(made.store).preferences
    won = [one for one in preferences if one.verdict in ("a", "b")]
    assert len(won) == 6
    assert all((one.chosen, one.rejected) == (f"good {one.row_id}", f"bad {one.row_id}") for one in won)
    assert Counter(one.verdict for one in preferences if one not in won) == {"tie": 1, "both_bad": 1}
    assert winnow("status")[0] == 0


def test_what_a_hostile_annotator_writes_is_refused_with_the_reason(made: Any, winnow: Winnow, client: Any) -> None:
    rows = made.questions("hostile", 4)
    made.rendered(rows)
    winnow("push")
    tasks = tasks_of(client, made.store)
    foreign, long, swapped, honest = (tasks[row.sample_id] for row in rows)
    result = [{"from_name": "rogue", "to_name": "question", "type": "choices", "value": {"choices": ["accept"]}}]
    client.annotations.create(id=foreign, result=result)
    say(client, long, "edit", "x" * 100_001)
    client.tasks.update(str(swapped), data={**client.tasks.get(str(swapped)).data, "item": rows[3].sample_id})
    say(client, swapped, "reject")
    say(client, honest, "accept")
    code, told = winnow("pull")
    assert code == 0 and "1 new decisions" in told
    for reason in ("'rogue', which the page does not have", "longer than 100,000", "was changed on the server: item"):
        assert reason in told
    state = read_state(made.store)
    assert list(state.answers) == [rows[3].sample_id] and state.answers[rows[3].sample_id].verdict == "accept"
    assert json.loads(winnow("push", "--json")[1])["created"] == 1  # another task for what was tampered with


def test_what_is_deleted_on_the_server_is_reported_and_made_again(made: Any, winnow: Winnow, client: Any) -> None:
    rows = made.questions("deleted", 3)
    made.rendered(rows)
    winnow("push")
    tasks = tasks_of(client, made.store)
    say(client, tasks[rows[0].sample_id], "accept")
    winnow("pull")
    client.tasks.delete(str(tasks[rows[0].sample_id]))
    client.tasks.delete(str(tasks[rows[1].sample_id]))
    assert json.loads(winnow("pull", "--json")[1])[0]["missing"] == [rows[1].sample_id]
    assert read_state(made.store).answers[rows[0].sample_id].verdict == "accept"
    assert json.loads(winnow("push", "--json")[1])["created"] == 1
    client.projects.delete(read_batches(made.store)[0].project)
    code, told = winnow("pull")
    assert code == 0 and "2 waiting items have no task on the server" in told
    assert json.loads(winnow("push", "--json")[1])["created"] == 2
    assert read_state(made.store).waiting == {rows[1].sample_id, rows[2].sample_id}


def test_a_task_with_an_annotation_is_never_removed(label_studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    held = {"x": [{"id": 1, "annotated": True}, {"id": 2, "annotated": True}]}
    with connect(label_studio.url) as server:
        assert _remove_doubles(held, server) == 0 and len(held["x"]) == 2


@pytest.mark.parametrize(
    ("environment", "arguments", "code", "message"),
    [
        ({"LABEL_STUDIO_API_KEY": ""}, [], 2, "LABEL_STUDIO_API_KEY"),
        ({"LABEL_STUDIO_API_KEY": "deadbeef" * 5}, [], 1, "does not accept the token"),
        ({"LABEL_STUDIO_URL": ""}, [], 2, "--url"),
        ({}, ["--url", "http://127.0.0.1:9"], 1, "does not answer (ConnectError)"),
        ({}, ["--url", "http://someone:secret@127.0.0.1:9"], 2, "no name, password"),
        ({}, ["--url", "ftp://127.0.0.1"], 2, "name the Label Studio server"),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(
    made: Any,
    winnow: Winnow,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    made.rendered(made.questions("wrong", 1))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done, told = winnow("push", *arguments)
    told = " ".join(told.split())
    assert (done, message in told) == (code, True), told
    for secret in (TOKEN, "deadbeef" * 5, "someone:secret"):
        assert secret not in told


def test_the_token_stays_out_of_the_store_and_of_a_traceback(made: Any, winnow: Winnow, client: Any) -> None:
    made.rendered(made.questions("secret", 2))
    winnow("push")
    say(client, next(iter(tasks_of(client, made.store).values())), "accept")
    winnow("pull")
    files = [path for path in made.out.rglob("*") if path.is_file()]
    assert len(files) > 4 and not [path for path in files if TOKEN.encode() in path.read_bytes()]
    with connect("") as server, pytest.raises(ServerError) as caught:
        server.add_tasks(10**9, [{"data": {}}])
    assert TOKEN not in repr(caught.value) and caught.value.__suppress_context__


@pytest.mark.filterwarnings("ignore:The `parse_obj`")  # the SDK's own
def test_a_personal_access_token_serves_as_well(
    made: Any, winnow: Winnow, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.rendered(made.questions("pat", 2))
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", client.tokens.create().token)
    assert winnow("push")[0] == 0
    assert len(tasks_of(client, made.store)) == 2


# In the browser, as a person does it.


@pytest.fixture
def logged_in(chromium: Browser, label_studio: Any) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(120_000)
    page.dialogs = []  # type: ignore[attr-defined]
    page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))  # type: ignore[attr-defined]
    page.goto(f"{label_studio.url}/user/login")
    page.fill("input[name=email]", "reviewer@example.com")
    page.fill("input[name=password]", "correct horse 7")
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "login" not in url, wait_until="commit")
    yield page
    page.close()


def show_task(page: Page, label_studio: Any, batch: Batch, task: int | str) -> None:
    """The page may load a task twice, and then takes back what a test, faster than people, has typed in between."""
    page.goto(f"{label_studio.url}/projects/{batch.project}/data?task={task}", wait_until="networkidle")


def open_task(page: Page, label_studio: Any, store: str, task: int) -> None:
    (batch,) = read_batches(store)
    show_task(page, label_studio, batch, task)
    page.get_by_role("button", name="Submit").wait_for()


def submit(page: Page, choice: str) -> None:
    page.get_by_text(re.compile(f"^{choice}")).click()
    with page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST"):
        page.get_by_role("button", name="Submit").click()


def test_an_edit_made_on_the_page_arrives(
    made: Any, winnow: Winnow, client: Any, label_studio: Any, logged_in: Page
) -> None:
    picture = made.image("green", 640, 480)
    rows = [made.row("page#1", "Which colour?", "blue", [picture]), made.row("page#2", "No picture?", "none")]
    made.rendered(rows)
    winnow("push")
    tasks = tasks_of(client, made.store)
    open_task(logged_in, label_studio, made.store, tasks[rows[0].sample_id])
    assert logged_in.locator("textarea").input_value() == "blue"
    logged_in.locator("textarea").fill("green, not <b>blue</b>")
    submit(logged_in, "edit")
    open_task(logged_in, label_studio, made.store, tasks[rows[1].sample_id])
    submit(logged_in, "accept")
    winnow("pull")
    state = read_state(made.store)
    assert (state.answers[rows[0].sample_id].verdict, state.answers[rows[0].sample_id].text) == (
        "edit",
        "green, not <b>blue</b>",
    )
    assert state.answers[rows[1].sample_id].verdict == "accept" and not state.waiting


def test_hostile_texts_are_texts_on_the_page(
    made: Any, winnow: Winnow, client: Any, label_studio: Any, logged_in: Page
) -> None:
    row = made.row("xss#1", f"{HOSTILE} asked", f"{HOSTILE} answered")
    made.rendered([row])
    made.candidates([(row, f"{HOSTILE} one", True), (row, f"{HOSTILE} other", True)])
    winnow("push")
    (task,) = tasks_of(client, made.store).values()
    open_task(logged_in, label_studio, made.store, task)
    assert logged_in.locator("textarea").input_value() == f"{HOSTILE} answered"
    logged_in.get_by_text(f"{HOSTILE} asked").last.wait_for()
    submit(logged_in, "accept")
    winnow("pull")
    assert read_state(made.store).answers[row.sample_id].verdict == "accept"  # and not an edit
    winnow("push", "--kind", "preference")
    batch = next(batch for batch in read_batches(made.store) if batch.kind == "preference")
    show_task(logged_in, label_studio, batch, next(iter(batch.tasks)))
    for shown in ("one", "other"):
        logged_in.get_by_text(f"{HOSTILE} {shown}").last.wait_for()
    submit(logged_in, "both bad")
    winnow("pull")
    assert [one.verdict for one in read_state(made.store).preferences] == ["both_bad"]
    assert logged_in.dialogs == []  # type: ignore[attr-defined]
