"""What a stage is, and how one runs: compute, write, count, check that no row went missing, commit.

A stage is content-addressed: its fingerprint covers its version, its settings, its inputs and the fingerprints of the
stages it reads. A stage whose table is complete has nothing to do.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import polars as pl
import pyarrow as pa
from rich.console import Console

from curation.contract.recipe import MediaAccess
from curation.contract.table import Manifest, join, read_manifest, read_parquet, table_files, table_url
from curation.media import MediaStore
from curation.progress import Bar, bar
from curation.spark import build_session, close_session
from curation.store import commit, fingerprint, is_complete, is_local, new_attempt, read_frame
from curation.writing import FileWritten, total_digest, total_fates, write_files, write_frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FATES = ("kept", "dropped", "quarantined", "waiting")
COUNTS = ("in", *FATES, "made")


class StageError(RuntimeError):
    """A stage that can't go on, in words that say what to do about it."""


class UsageError(ValueError):
    """A command that asks for something that is not there."""


@dataclass
class Runtime:
    """What the stages of a run share: the store, one Spark session, the console."""

    store: str
    console: Console
    master: str | None = None
    session: SparkSession | None = None
    access: MediaAccess = field(default_factory=MediaAccess)
    spark_settings: dict[str, str] = field(default_factory=dict)  # Spark's own, for a session that is not passed in
    owns_session: bool = field(default=False, init=False)

    @property
    def spark(self) -> SparkSession:
        if self.session is None:
            with self.console.status("starting Spark"):
                self.session = build_session(self.master, settings=self.spark_settings)
            self.owns_session = True
        return self.session

    def stop_spark(self) -> None:
        """Gives the memory of Spark back, before training and at the end. A session that was passed in is left."""
        if self.session is not None and self.owns_session:
            close_session(self.session)
            self.session, self.owns_session = None, False

    @property
    def media(self) -> MediaStore:
        return MediaStore(self.store, self.access)


@dataclass(frozen=True)
class Artifact:
    """What a stage that writes files of its own (a checkpoint, predictions) hands over: a folder in the job's scratch,
    its counts, and what goes beside the manifest because a rerun may not reproduce it to the last digit."""

    folder: Path
    counts: dict[str, int]
    timings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finished:
    """A Spark frame whose rows take their last form, other columns of the same rows, in the tasks that write them. The
    frame has the `fate`. `close` is called once all is written: it clears up, and gives what lies beside the manifest.
    """

    frame: DataFrame
    finish: Callable[[pa.Table], pa.Table] = lambda rows: rows
    close: Callable[[], dict[str, Any]] = dict


@dataclass(frozen=True)
class Files:
    """What a stage hands over that makes a table file by file, which is quick enough to need no Spark: `make` gives the
    rows that come of one of `inputs`, in portions of the schema `schema`. On a cluster Spark's tasks call it."""

    inputs: list[str]
    make: Callable[[str], Iterator[pa.Table]]
    schema: pa.Schema


@dataclass(frozen=True)
class Job:
    """One execution of a stage: where its parents are, where to compute, whom to tell."""

    runtime: Runtime
    stage: Stage
    tables: dict[str, str]  # every stage's table; those that this one reads are complete
    bar: Bar
    scratch: Path

    @property
    def spark(self) -> SparkSession:
        return self.runtime.spark

    def frame(self, stage: str) -> DataFrame:
        """All rows of an earlier stage's table."""
        return read_frame(self.spark, self.tables[stage])

    def survivors(self, stage: str) -> DataFrame:
        """The rows that an earlier stage passes on."""
        return self.frame(stage).where("fate in ('kept', 'made')")

    def folder(self, stage: str) -> Path:
        """The files of an earlier artifact stage, on this machine."""
        return artifact_folder(self.tables[stage], self.scratch / stage)

    @property
    def unfinished(self) -> Path:
        """Where work that can go on after a kill is kept: beside where the result will lie, if that is on this
        machine. Whoever uses it removes it."""
        table = self.tables[self.stage.name]
        return Path(table) / "unfinished" if is_local(table) else self.scratch / "unfinished"


def artifact_folder(table: str, target: Path) -> Path:
    """The files of a complete artifact table on this machine: where they lie, or brought to `target`."""
    (folder,) = {url[len(table) :].lstrip("/").split("/", 1)[0] for url in table_files(table)}
    if is_local(table):
        return Path(join(table, folder))
    if not (target / folder).exists():  # asked for a second time
        filesystem, path = fsspec.url_to_fs(join(table, folder))
        filesystem.get(path, str(target / folder), recursive=True)
    return target / folder


@dataclass(frozen=True)
class Stage:
    """`work` gives one row for each row that the `parents` pass on and its `fate`, as a Spark frame, as `Finished` or
    as `Files`; or it gives an `Artifact`. Tables that it only looks things up in are `lookups`."""

    name: str
    version: int
    settings: dict[str, Any]
    parents: tuple[str, ...]
    work: Callable[[Job], DataFrame | Finished | Files | Artifact]
    lookups: tuple[str, ...] = ()
    inputs: str = ""
    budgets: dict[str, float] = field(default_factory=dict)  # share of a source's rows that may be quarantined here
    unit: str = "rows"  # of its progress
    help: str = ""

    @property
    def reads(self) -> tuple[str, ...]:
        return self.parents + self.lookups

    def fingerprint(self, others: dict[str, str]) -> str:
        mine = {name: others[name] for name in self.reads}
        return fingerprint([self.name, self.version, self.settings, mine, self.inputs])


def run_stage(stage: Stage, tables: dict[str, str], fingerprints: dict[str, str], runtime: Runtime) -> Manifest:
    """Runs a stage unless its table is complete, and gives the table's manifest.

    Raises:
        StageError: a source looks broken, or the counts do not add up.
        TableError: a table that it reads is not there.
    """
    table = tables[stage.name]
    if is_complete(table):
        return read_manifest(table)
    total = sum(_passed_on(read_manifest(tables[parent])) for parent in stage.parents)
    started = time.monotonic()
    attempt = new_attempt()
    with _scratch(table) as scratch, bar(runtime.console, stage.name, total or None, stage.unit) as progress:
        result = stage.work(Job(runtime, stage, tables, progress, scratch))
        if isinstance(result, Artifact):
            files = _place(result.folder, table, attempt)
            counts, rows, digest, timings = result.counts, result.counts["kept"], "", result.timings
        else:

            def advance(done: int) -> None:
                progress.update(done, max(total, done) if total else None)  # who makes rows writes more than are read

            written = _write(result, table, attempt, runtime, advance)
            files = [file.name for file in written]
            counts = _count(total_fates(written), total if stage.parents else None)
            rows, digest = sum(file.rows for file in written), total_digest(written)
            timings = result.close() if isinstance(result, Finished) else {}
            if counts["quarantined"]:
                _check_budgets(stage, table, files)
    _check_balance(stage, counts)
    manifest = Manifest(
        stage=stage.name,
        version=stage.version,
        fingerprint=fingerprints[stage.name],
        parents={name: fingerprints[name] for name in stage.reads},
        settings=stage.settings,
        counts=counts,
        rows=rows,
        digest=digest,
    )
    commit(table, manifest, files, {"seconds": round(time.monotonic() - started, 3), **timings})
    return manifest


def _write(
    result: DataFrame | Finished | Files, table: str, attempt: str, runtime: Runtime, on_rows: Callable[[int], None]
) -> list[FileWritten]:
    if not isinstance(result, Files):
        finished = result if isinstance(result, Finished) else Finished(result)
        written = write_frame(finished.frame, table, attempt, on_rows, finished.finish)
        runtime.spark.catalog.clearCache()  # what the stage cached for itself
        return written
    master = runtime.master or os.environ.get("WINNOW_MASTER") or "local"
    spark = None if master.startswith("local") else runtime.spark
    return write_files(result.inputs, result.make, result.schema, table, attempt, on_rows, spark)


@contextmanager
def _scratch(table: str) -> Iterator[Path]:
    """A folder to work in, beside where the result will lie if that is on this machine: moving is then renaming, and
    what a killed run leaves is found and removed with its table's other remains."""
    if not is_local(table):
        with tempfile.TemporaryDirectory(prefix="winnow-") as folder:
            yield Path(folder)
        return
    Path(table).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="scratch-", dir=table) as folder:
        yield Path(folder)


def _passed_on(manifest: Manifest) -> int:
    return manifest.counts["kept"] + manifest.counts["made"]


def _count(fates: dict[str, int], expected: int | None) -> dict[str, int]:
    """The counts of a table. Ingest has no parents: its input is the rows that it accounts for."""
    counts = {name: fates.get(name, 0) for name in (*FATES, "made")}
    return {"in": sum(counts[name] for name in FATES) if expected is None else expected, **counts}


def _check_balance(stage: Stage, counts: dict[str, int]) -> None:
    accounted = sum(counts[name] for name in FATES)
    if counts["in"] != accounted:
        raise StageError(
            f"`{stage.name}` got {counts['in']:,} rows and accounts for {accounted:,}: "
            f"{', '.join(f'{name} {counts[name]:,}' for name in FATES)}. The stage is at fault, not the data."
        )


def _check_budgets(stage: Stage, table: str, files: list[str]) -> None:
    """Stops where so much of a source is unreadable that the source, or the recipe's idea of it, must be wrong."""
    wanted = ["source", "fate", "reason", "detail"]
    parts = [read_parquet(join(table, name), wanted) for name in files]
    rows = pl.DataFrame(pl.from_arrow(pa.concat_tables(parts))).filter(pl.col("fate") != "made")
    for source, budget in stage.budgets.items():
        mine = rows.filter(pl.col("source") == source)
        lost = mine.filter(pl.col("fate") == "quarantined")
        if lost.height > budget * mine.height:
            raise StageError(
                f"`{stage.name}`: {lost.height:,} of {mine.height:,} rows of `{source}` can't be read, more than its "
                f"error budget of {budget:.0%}; the source as a whole looks broken.\n{_reasons(lost)}\n"
                "Mend the source or the recipe's `fields`, or raise the source's `error_budget`."
            )


def _reasons(lost: pl.DataFrame) -> str:
    """The most frequent reasons of quarantine with an example each."""
    counted = lost.group_by("reason").agg(pl.len().alias("rows"), pl.col("detail").min())
    top = counted.sort(["rows", "reason"], descending=[True, False]).head(5)
    return "\n".join(f"  {row['rows']:>7,}  {row['reason']}, as in: {row['detail']}" for row in top.to_dicts())


def _place(folder: Path, table: str, attempt: str) -> list[str]:
    """Moves (locally) or uploads an artifact's files under this attempt's name."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    if is_local(table):
        folder.rename(join(table, attempt))
    else:
        filesystem, path = fsspec.url_to_fs(join(table, attempt))
        filesystem.put(str(folder) + "/", path + "/", recursive=True)
    return [join(attempt, name) for name in names]


def tables_of(store: str, fingerprints: dict[str, str]) -> dict[str, str]:
    return {name: table_url(store, name, value) for name, value in fingerprints.items()}
