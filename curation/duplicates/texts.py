"""Near-duplicate texts: candidates by MinHash, confirmed on the texts themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from curation.contract.table import join
from curation.duplicates.edges import EDGE, EDGES, Checkpoint
from curation.duplicates.search import Candidates, candidates, id_of, parts_for
from curation.remember import remembered
from curation.stage import Job
from curation.writing import gathered
from filters.minhash import BANDS, SHINGLE, near_duplicate, signatures, sketch_limit
from filters.neighbours import ASKS, HELD, Entries, entries_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VERSION = 1  # of signatures
_SHARD = 500_000
_ROWS, _BYTES = 16_384, 8_000_000
_PIECES = f"the answers' pieces of {SHINGLE} characters"
_SIGNED = pa.schema([("text", pa.string()), ("bands", pa.binary()), ("sketch", pa.int64())])


def texts_in(rows: DataFrame) -> DataFrame:
    """`text`, `question`, `answer`: each distinct text of rows without pictures, but the empty one."""
    said = rows.where("text is not null and (question <> '' or answer <> '')").select("text", "question", "answer")
    return said.dropDuplicates(["text"])


def text_candidates(job: Job, texts: DataFrame, least: float, checkpoint: Checkpoint) -> Candidates:
    """Pairs of `texts` that agree in a band of their signatures, and whose sketches do not tell that they are further
    apart than `least`. Signatures are remembered by text: a new delivery hashes its own texts only."""
    signed = remembered(job, join("signals", f"minhash-{VERSION}"), texts, "text", _sign, _SIGNED, _SHARD)
    mine = signed.join(texts.select("text"), "text", "left_semi").select(id_of("text").alias("id"), "bands", "sketch")
    parts = parts_for(texts.count(), BANDS)
    found = candidates(mine, _entries, sketch_limit(least), parts, checkpoint, "texts")
    first = texts.select(id_of("text").alias("a"), *[texts[name].alias(f"{name}_a") for name in texts.columns])
    second = texts.select(id_of("text").alias("b"), *[texts[name].alias(f"{name}_b") for name in texts.columns])
    named = found.pairs.join(first, "a").join(second, "b").where("text_a <> text_b")
    return Candidates(named, found.stood_for, found.crowded)


def _sign(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for table in gathered(batches, _ROWS, _BYTES):
        asked, answered = table.column("question").to_pylist(), table.column("answer").to_pylist()
        found = signatures([f"{question}\n{answer}" for question, answer in zip(asked, answered, strict=True)])
        bands = pa.array([row.tobytes() for row in found.bands], pa.binary())
        yield pa.RecordBatch.from_arrays(
            [table.column("text").combine_chunks(), bands, pa.array(found.sketches.view(np.int64))], _SIGNED.names
        )


def _entries(table: pa.Table) -> Entries:
    ids, sketches = (table.column(name).to_numpy().view(np.uint64) for name in ("id", "sketch"))
    bands = np.frombuffer(b"".join(table.column("bands").to_pylist()), dtype=np.uint32).reshape(-1, BANDS)
    # A band's place is part of its bucket, or equal hashes of different bands would meet.
    return entries_of(ids, sketches, bands ^ (np.arange(BANDS, dtype=np.uint32) * np.uint32(0x9E3779B1)), ASKS | HELD)


def confirmed_texts(pairs: DataFrame, least: float) -> DataFrame:
    """The edges among candidate pairs that say the same."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = batch.to_pylist()
            found = [
                near_duplicate((row["question_a"], row["answer_a"]), (row["question_b"], row["answer_b"]), least)
                for row in rows
            ]
            ends = [sorted((row["text_a"], row["text_b"])) for row in rows]
            kept = [place for place, value in enumerate(found) if value is not None]
            yield pa.RecordBatch.from_arrays(
                [
                    pa.array([ends[place][0] for place in kept], pa.string()),
                    pa.array([ends[place][1] for place in kept], pa.string()),
                    pa.array(["near_text"] * len(kept), pa.string()),
                    pa.array([rows[place]["bits"] for place in kept], pa.int32()),
                    pa.array([found[place] for place in kept], pa.float64()),
                    pa.array(
                        [f"{found[place]:.2f} of their 5-character pieces are shared" for place in kept], pa.string()
                    ),
                ],
                EDGE.names,
            )

    wanted = [f"{name}_{end}" for end in ("a", "b") for name in ("text", "question", "answer")]
    return pairs.select(*wanted, "bits").mapInArrow(run, EDGES)
