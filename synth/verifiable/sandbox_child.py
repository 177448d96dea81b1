"""Runs a program under limits: `python -I -S -B sandbox_child.py PROGRAM SECONDS BYTES`. Nothing of Winnow is imported.

It limits itself before it compiles a word of the program, so that no code runs between a fork and an exec.
"""

from __future__ import annotations

import resource
import sys
from typing import Any

# What a program that computes needs never raises one of these; others (import of a module that is loaded from a file,
# compile, exec) are its daily bread.
_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.",
    "ctypes.",
    "shutil.",
    "pty.",
    "ftplib.",
    "urllib.",
    "signal.",
    "mmap.",
)
_OPEN_FLAGS_WRITE = 0o3  # O_WRONLY | O_RDWR


def main() -> None:
    path, seconds, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with open(path, encoding="utf-8") as file:
        program = file.read()
    limit(seconds, size)
    sys.addaudithook(refuse)
    exec(compile(program, "program", "exec"), {"__name__": "__main__"})


def limit(seconds: int, size: int) -> None:
    """CPU seconds, address space in bytes, no bytes in any file, no further processes, few open files, no core."""
    for kind, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, size),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 16),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: no sockets, processes, foreign libraries or changes of files. It cannot be taken off again."""
    if event.startswith(_FORBIDDEN) and event not in ("os.listdir", "os.scandir"):
        raise PermissionError(f"not allowed here: {event}")
    if event == "open" and _writes(arguments):
        raise PermissionError(f"not allowed here: writing {arguments[0]!r}")


def _writes(arguments: tuple[Any, ...]) -> bool:
    mode, flags = arguments[1], arguments[2]
    return (isinstance(mode, str) and any(letter in mode for letter in "wax+")) or (
        isinstance(flags, int) and bool(flags & _OPEN_FLAGS_WRITE)
    )


if __name__ == "__main__":
    main()
