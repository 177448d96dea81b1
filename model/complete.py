"""Folders and files that are written whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def complete_or_absent(out: Path, keep: bool = True) -> Iterator[Path]:
    """A scratch folder beside `out` that becomes `out` when the block ends well and is removed when it does not.

    Without `keep` it is removed in any case: of several processes that run the same block, one keeps its folder.
    Raises `FileExistsError` where `out` exists.
    """
    if out.exists():
        raise FileExistsError(f"{out} exists. Delete it, or name another folder.")
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if keep:
            partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """A scratch file beside `path` that replaces it when the block ends well."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
