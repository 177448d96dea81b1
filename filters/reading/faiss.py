"""The library faiss, loaded on first use: most of what reads texts and pictures needs none of it."""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def faiss_library() -> Any:
    """The module `faiss`, held to one thread: a worker has one core, and sums in one order."""
    import faiss

    faiss.omp_set_num_threads(1)
    return faiss
