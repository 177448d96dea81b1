"""Judgement: what is measured of a sample and its images, and what a recipe's rules make of it.

`signals/` holds the measurements, one small function each; `catalogue` collects them, `measuring` runs them on Arrow
batches, and `measure` and `decide` below on any table, for notebooks and other engines. `rules` turns a recipe's rules
into SQL over those measurements, and `verify` and `score` compare an answer with its reference. For duplicates: `phash`
and `minhash` hash, `neighbours` finds near hashes, `same_picture` compares pictures, `semantic` embeddings, `overlap`
finds benchmarks in texts. Nothing here drops a row, and nothing needs Spark or torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from filters.api import decide, measure

__all__ = ["decide", "measure"]


def __getattr__(name: str) -> Any:
    """Loaded when asked for, so that `import filters` stays light."""
    if name not in __all__:
        raise AttributeError(f"module 'filters' has no attribute {name!r}")
    from filters import api

    return getattr(api, name)
