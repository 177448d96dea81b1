"""Runs short programs that a model or a generator wrote, with the tests that they have to pass.

What it protects against: programs that loop, fill memory, disk or the output, start processes, open sockets, write or
delete files, or import what is not on the list. A program is read with `ast` first (only the modules of `ALLOWED`, no
hidden names, no open, exec, eval, getattr and the like), then runs in its own process group with an
empty environment and an empty folder, under limits of CPU time, memory, file size and processes, with an audit hook
that refuses sockets, processes and writing, in a network namespace of its own where the system lets it have one, and
is killed with its whole group after `seconds` of wall-clock time.

What it does not protect against: it is no virtual machine. A program that gets round the reading of its source could
read files that this user may read; a fault in the Python interpreter or in the kernel is not held back; the limit on
processes does not bind root. Don't give it programs by people who want to break out.
"""

from __future__ import annotations

import ast
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ALLOWED = frozenset(
    "bisect collections datetime fractions functools heapq itertools json math operator re statistics string".split()
)
_NAMES = frozenset(
    "open exec eval compile input breakpoint globals locals vars getattr setattr delattr memoryview help type".split()
)
# Attributes and imported names that lead from an allowed module to others, or to any attribute by its name.
_ATTRIBUTES = frozenset(
    """attrgetter methodcaller mro gi_frame gi_code cr_frame f_globals f_locals f_back f_builtins tb_frame sys os codecs
    builtins io enum types modules random contextlib warnings copyreg sre_compile sre_parse""".split()
)
_CHILD = Path(__file__).with_name("sandbox_child.py")
OUTPUT = 1 << 16  # bytes that a program may print


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended: `passed` where its exit status is 0; `why` in words, "" where it passed."""

    passed: bool
    why: str = ""


def run(code: str, tests: str, seconds: float = 5.0, memory: int = 512 << 20) -> Ran:
    """Runs `code` and then `tests` (assertions) as one program; `seconds` of wall-clock time, `memory` in bytes.

    Only `code` is held to the allow-list, as `tests` are the caller's own. A program that exits before its tests have
    passed does not pass.
    """
    if fault := refused(code):
        return Ran(False, fault)
    done = f"passed {os.urandom(8).hex()}"  # what the program cannot know, and so cannot print early
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        program = Path(folder) / "program.txt"
        program.write_text(f"{code}\n\n{tests}\nprint({done!r})\n", encoding="utf-8")
        return _run(folder, program, done, seconds, memory)


def refused(code: str) -> str:
    """What in the source is not allowed, "" where nothing is."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"does not parse: {error}"
    return next((fault for node in ast.walk(tree) if (fault := _fault(node))), "")


def _fault(node: ast.AST) -> str:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return _import_fault(node)
    if isinstance(node, ast.Name):
        return f"uses {node.id}" if node.id.startswith("__") or node.id in _NAMES else ""
    if isinstance(node, ast.Attribute):
        own = isinstance(node.value, ast.Name) and node.value.id == "self" and not node.attr.startswith("__")
        hidden = node.attr.startswith("_") and not own
        return f"uses .{node.attr}" if hidden or node.attr in _ATTRIBUTES else ""
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        # A class that calls itself equal to everything would pass every test.
        return f"defines {node.name}" if node.name.startswith("__") and node.name != "__init__" else ""
    return ""


def _import_fault(node: ast.Import | ast.ImportFrom) -> str:
    if isinstance(node, ast.Import):
        names, members = [alias.name for alias in node.names], [""]
    else:
        names, members = ["." if node.level else node.module or "."], [alias.name for alias in node.names]
    if bad := [name for name in names if name.split(".")[0] not in ALLOWED]:
        return f"imports {bad[0]}"
    hidden = [each for each in members if each.startswith("_") or each in _ATTRIBUTES | _NAMES]
    return f"imports {hidden[0]}" if hidden else ""


def _run(folder: str, program: Path, done: str, seconds: float, memory: int) -> Ran:
    limits = [str(int(seconds) + 1), str(memory)]
    child = subprocess.Popen(
        [*_no_network(), sys.executable, "-I", "-S", "-B", str(_CHILD), str(program), *limits],
        cwd=folder,
        env={"HOME": folder, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        text, why = _watched(child, seconds)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdout:
            child.stdout.close()
    last = text.strip().splitlines()[-1:] or ["nothing was printed"]
    if not why and (child.returncode != 0 or last != [done]):
        why = last[0] if last != [done] else f"ended with status {child.returncode}"
    return Ran(not why, why)


def _watched(child: subprocess.Popen[bytes], seconds: float) -> tuple[str, str]:
    """What the program prints until it ends, takes too long or says too much, and which of the last two it was."""
    assert child.stdout is not None
    pipe, said, deadline = child.stdout.fileno(), b"", time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([pipe], [], [], left)[0]:
            continue
        chunk = os.read(pipe, 1 << 14)
        if not chunk:
            try:
                child.wait(left)
            except subprocess.TimeoutExpired:
                break
            return said.decode(errors="replace"), ""
        said += chunk
        if len(said) > OUTPUT:
            return "", f"printed more than {OUTPUT} bytes"
    return "", f"took longer than {seconds:g} s"


@lru_cache(maxsize=1)
def _no_network() -> tuple[str, ...]:
    """The command that gives a program a network namespace without a network, () where the system refuses one."""
    found = shutil.which("unshare")
    for options in (("-n",), ("-r", "-n")):
        if found and subprocess.run([found, *options, "true"], capture_output=True, check=False).returncode == 0:
            return (found, *options)
    return ()
