"""`winnow serve`: a real server on an exported checkpoint, and the folders that it refuses."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image
from typer.testing import CliRunner

from curation import cli_serve
from curation.cli import app
from curation.serve import check_servable, transformers_command, vllm_command
from curation.stage import StageError

assert cli_serve  # importing it adds its commands to `app`
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped nano as `winnow export` writes it."""
    folder = tmp_path_factory.mktemp("exported") / "nano"
    done = CliRunner().invoke(app, ["export", "nano", "--to", str(folder), "--dtype", "float32", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["export"] == {"kind": "full", "dtype": "float32", "of": "nano"}
    return folder


@pytest.fixture
def copied(exported: Path, tmp_path: Path) -> Path:
    """The same, whose files may be spoilt."""
    folder = tmp_path / "nano"
    folder.mkdir()
    for path in exported.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture(scope="module")
def server(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "curation", "serve", str(exported), "--port", str(port)]
    environment = {**os.environ, "HF_HOME": str(home)}
    log = home / "log"
    with log.open("wb") as told:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=told, stderr=told)
    try:
        _wait(port, process, log)
        yield port, process
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"the server did not start: {log.read_text()[-3000:]}")


def _ask(port: int, model: Path, image: str) -> Any:
    parts = [{"type": "image_url", "image_url": {"url": image}}, {"type": "text", "text": "How many shapes are there?"}]
    asked = {"model": str(model), "messages": [{"role": "user", "content": parts}], "max_tokens": 8, "temperature": 0}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        data=json.dumps(asked).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as response:
        return json.load(response)


def _picture() -> bytes:
    buffer = io.BytesIO()
    picture = Image.new("RGB", (84, 84), "white")
    picture.paste("red", (10, 10, 40, 40))
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_served_checkpoint_answers_about_an_image(
    server: tuple[int, subprocess.Popen[bytes]], exported: Path, tmp_path: Path
) -> None:
    port, process = server
    answer = _ask(port, exported, "data:image/png;base64," + base64.b64encode(_picture()).decode())
    assert answer["choices"][0]["message"]["content"].strip()
    assert answer["usage"]["prompt_tokens"] > (84 // 28) ** 2  # the image is among them
    listening = {
        connection.laddr.ip
        for connection in psutil.Process(process.pid).net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
    local = tmp_path / "secret.png"
    local.write_bytes(_picture())
    with pytest.raises(urllib.error.HTTPError):  # a file of the server's machine is not for whoever asks
        _ask(port, exported, str(local))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=30) as response:
        assert "data" in json.load(response)


def test_the_commands_carry_the_contract(exported: Path) -> None:
    contract = check_servable(exported)
    command = transformers_command(exported, "127.0.0.1", 9000)
    assert command[0] == sys.executable and command[4:] == [
        "serve", str(exported), "--host", "127.0.0.1", "--port", "9000"
    ]  # fmt: skip
    told = vllm_command(exported, contract, "0.0.0.0", 9000)
    assert told[:3] == ["vllm", "serve", str(exported)]
    size = {"shortest_edge": contract["min_pixels"], "longest_edge": contract["max_pixels"]}
    assert json.loads(told[told.index("--mm-processor-kwargs") + 1]) == {"size": size}
    assert json.loads(told[told.index("--limit-mm-per-prompt") + 1]) == {"video": 0}
    for engine in ("transformers", "vllm"):
        done = CliRunner().invoke(app, ["serve", str(exported), "--engine", engine, "--print"])
        assert done.exit_code == 0 and str(exported) in done.stdout


def _change(folder: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    told = json.loads((folder / name).read_text())
    change(told)
    (folder / name).write_text(json.dumps(told))


def _another_budget(folder: Path) -> None:
    _change(folder, "processor_config.json", lambda told: told["image_processor"]["size"].update(longest_edge=50176))


def _adapter(folder: Path) -> None:
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "nano"}')


def _another_template(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{{ messages }}")


def _without(*names: str) -> Callable[[Path], None]:
    def remove(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return remove


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_another_budget, r"3136 to 50176 pixels; the checkpoint was trained with 3136 to 200704.*winnow export"),
        (_adapter, r"is an adapter\. Merge it first: winnow export"),
        (_another_template, "is not the chat template"),
        (_without("winnow.json"), "no winnow.json.*winnow export"),
        (_without("model.safetensors"), "holds no model.safetensors"),
        (_without("tokenizer.json"), "no whole processor"),
        (_without("processor_config.json"), "no whole processor"),
        (_without("config.json"), "not a checkpoint"),
    ],
)
def test_a_folder_that_would_answer_wrongly_is_refused(
    spoil: Callable[[Path], None], message: str, copied: Path
) -> None:
    spoil(copied)
    with pytest.raises(StageError, match=message):
        check_servable(copied)


def test_the_older_names_of_the_pixel_budget_are_read(copied: Path) -> None:
    (copied / "processor_config.json").unlink()
    older = {"min_pixels": 3136, "max_pixels": 200704, "image_processor_type": "Qwen2VLImageProcessor"}
    (copied / "preprocessor_config.json").write_text(json.dumps(older))
    assert check_servable(copied)["max_pixels"] == 200704


def test_a_shard_that_is_missing_is_missed(copied: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (copied / "model.safetensors").rename(copied / "model-00001-of-00002.safetensors")
    (copied / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(StageError, match="model-00002-of-00002"):
        check_servable(copied)
