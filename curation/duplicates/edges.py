"""An edge: two contents, pictures or texts, that count as one, with what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Checkpoint = Callable[["DataFrame", str], "DataFrame"]  # writes a frame under a name, and gives it back as read
Task = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]  # what runs in Spark's tasks

# `a` < `b` are ids of contents; `bits` of their 64-bit hashes differ; `similarity` is the share of blocks that agree, a
# Jaccard or a cosine; `detail` says it to a person.
EDGE = pa.schema(
    [
        ("a", pa.string()),
        ("b", pa.string()),
        ("kind", pa.string()),
        ("bits", pa.int32()),
        ("similarity", pa.float64()),
        ("detail", pa.string()),
    ]
)
EDGES = "a string, b string, kind string, bits int, similarity double, detail string"  # the same for Spark
