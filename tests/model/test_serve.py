"""A real server, `transformers serve`, answers as the engine in this process does."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.engine import Drawing, EngineError
from model.http import HttpEngine
from model.local import open_local

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def served(nano: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of `transformers serve` and the checkpoint behind it, whose settings say that it may draw."""
    home = tmp_path_factory.mktemp("served")
    folder = home / "nano"
    shutil.copytree(nano, folder)
    settings = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps({**settings, "do_sample": True}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "model.serve", "serve", str(folder)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    environment = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    log = home / "log"
    with log.open("wb") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process:
        try:
            _wait(f"http://127.0.0.1:{port}/health", process, log)
            yield f"http://127.0.0.1:{port}/v1", folder
        finally:
            process.terminate()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server ended: {log.read_text()[-3000:]}")


def test_a_real_server_answers_as_the_engine_in_this_process(served: tuple[str, Path], asked: Any) -> None:
    url, folder = served
    prompts = [
        asked.prompt("What colour is the box?", [asked.image("red", 84, 84)]),
        asked.prompt("And in both?", [asked.image("red", 84, 84), asked.image("blue", 112, 56)]),
        asked.prompt("What is 2 + 2?"),
        asked.dialogue(),
    ]
    engine = HttpEngine(url, str(folder))
    local = open_local(folder, asked.min_pixels, asked.max_pixels, "cpu")
    drawing = Drawing(max_new_tokens=8)
    answers = engine.generate(prompts, drawing)
    # The server takes away the blank that random weights may begin with; trained ones begin with a word.
    here = [[replace(reply, text=reply.text.lstrip()) for reply in some] for some in local.generate(prompts, drawing)]
    assert answers == here
    assert len({reply.text for (reply,) in answers}) == 4
    (drawn,) = engine.generate(prompts[:1], Drawing(candidates=3, temperature=1.0, max_new_tokens=8))
    assert len({reply.text for reply in drawn}) == 3
    with pytest.raises(EngineError, match="gives no probabilities. vLLM and SGLang do"):
        engine.probabilities(prompts[:1], ["yes", "no"])
    with pytest.raises(EngineError, match="answers 400 .* Does it serve 'other'"):
        HttpEngine(url, "other").generate(prompts[2:3], drawing)
