"""CPU seconds, wall seconds and memory of a command with everything that it starts (Linux)."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_PR_SET_CHILD_SUBREAPER = 36
_POLL = 0.2  # seconds


@dataclass(frozen=True)
class Used:
    """`peak` is the most resident bytes of all processes together, of which shared pages count for each, and
    `worker_peak` those of the largest of Spark's Python workers."""

    cpu: float
    wall: float
    peak: int
    worker_peak: int
    output: str


def run_tree(
    command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None, check: bool = True
) -> Used:
    """Run a command to its end and to that of all its descendants.

    CPU is the larger of two accounts: the times of the processes that ended and were waited for, and those of all
    processes as last seen by polling. This process adopts what a child leaves behind, such as Spark's Java and its
    workers, so that the first account misses none of it; the second is for descendants that nobody waited for. Raises
    RuntimeError with the end of the output where the command fails and `check`.
    """
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    before, started = _waited(), time.monotonic()
    poll = _Poll()
    with subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace",
    ) as process:  # fmt: skip
        output = process.stdout.read() if process.stdout else ""
        code = process.wait()
    wall = time.monotonic() - started
    _wait_for_orphans(poll.old)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 0)
    poll.stop()
    if check and code:
        raise RuntimeError(f"{' '.join(command)[:200]} ended with {code}:\n{output[-3000:]}")
    return Used(max(_waited() - before, poll.cpu), wall, poll.peak, poll.worker_peak, output)


class _Poll:
    """The times and the memory of all descendants of this process, as last seen."""

    def __init__(self) -> None:
        self.peak = self.worker_peak = 0
        self._me = psutil.Process()
        self.old = {process.pid for process in self._me.children(recursive=True)}
        self._seen: dict[tuple[int, float], float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @property
    def cpu(self) -> float:
        return sum(self._seen.values())

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_POLL):
            resident = 0
            for process in self._me.children(recursive=True):
                if process.pid in self.old:
                    continue
                try:
                    times = process.cpu_times()
                    self._seen[process.pid, process.create_time()] = times.user + times.system
                    size = process.memory_info().rss
                    resident += size
                    if "pyspark.daemon" in process.cmdline():
                        self.worker_peak = max(self.worker_peak, size)
                except psutil.Error:
                    continue  # it ended meanwhile
            self.peak = max(self.peak, resident)


def _waited() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait_for_orphans(old: set[int], seconds: float = 20) -> None:
    """Waits until every child of this process that is not in `old` has ended, adopted ones included."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        left = [child.pid for child in psutil.Process().children() if child.pid not in old]
        if not left:
            return
        for pid in left:
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.05)
