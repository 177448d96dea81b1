from __future__ import annotations

from pathlib import Path

import pytest

from synth.verifiable.sandbox import refused, run


def test_passes_and_fails() -> None:
    assert run("def twice(x):\n    return 2 * x", "assert twice(4) == 8").passed
    failed = run("def twice(x):\n    return 3 * x", "assert twice(4) == 8")
    assert not failed.passed and "AssertionError" in failed.why


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os", "imports os"),
        ("from collections import _sys", "imports _sys"),
        ("import json\njson.codecs.open('x')", "uses .codecs"),
        ("open('x')", "uses open"),
        ("().__class__", "uses .__class__"),
        ("from operator import attrgetter", "imports attrgetter"),
        ("class A:\n    def __eq__(self, other):\n        return True", "defines __eq__"),
        ("def f(:", "does not parse"),
    ],
)
def test_what_is_not_allowed_does_not_run(code: str, why: str) -> None:
    assert why in refused(code)
    assert not run(code, "").passed


def test_an_early_exit_does_not_pass() -> None:
    assert not run("raise SystemExit(0)", "assert False").passed


def test_limits_of_time_memory_and_output() -> None:
    assert "longer" in run("while True:\n    pass", "", seconds=1).why
    assert "MemoryError" in run("x = [0] * 10**9", "", memory=256 << 20).why
    assert "printed more" in run("while True:\n    print('x' * 1000)", "").why


@pytest.mark.parametrize(
    "tests",
    [
        "import socket\nsocket.socket()",
        "import os\nos.fork()",
        "import subprocess\nsubprocess.run(['true'])",
        "open('made.txt', 'w')",
        "import os\nos.remove('program.txt')",
        "import ctypes\nctypes.CDLL(None)",
    ],
)
def test_the_audit_hook_refuses_what_the_reading_would_not_see(tests: str) -> None:
    assert not run("", tests).passed
    assert "PermissionError" in run("", tests).why


def test_an_empty_environment_and_folder() -> None:
    inside = "import os\nassert set(os.environ) <= {'HOME', 'LC_ALL', 'LC_CTYPE'}, os.environ\n"
    inside += "assert os.listdir() == ['program.txt']"
    assert run("", inside).why == ""
    assert not Path("program.txt").exists()
