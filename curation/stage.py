"""What a stage is, and how one runs: compute, write, count, check that no row went missing, commit.

A stage is content-addressed: its fingerprint covers its version, its settings, its inputs and the fingerprints of the
stages it reads. A stage whose table is complete has nothing to do.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
from rich.console import Console

from curation.contract.table import Manifest, join, read_manifest, table_url
from curation.progress import Bar, bar
from curation.spark import build_session
from curation.store import (
    commit,
    fingerprint,
    is_complete,
    is_local,
    new_attempt,
    read_frame,
    total_digest,
    total_fates,
    write_frame,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FATES = ("kept", "dropped", "quarantined", "waiting")
COUNTS = ("in", *FATES, "made")


class StageError(RuntimeError):
    """A stage that can't go on, in words that say what to do about it."""


@dataclass
class Runtime:
    """What the stages of a run share: the store, one Spark session, the console."""

    store: str
    console: Console
    master: str | None = None
    session: SparkSession | None = None
    owns_session: bool = field(default=False, init=False)

    @property
    def spark(self) -> SparkSession:
        if self.session is None:
            with self.console.status("starting Spark"):
                self.session = build_session(self.master)
            self.owns_session = True
        return self.session

    def stop_spark(self) -> None:
        """Gives the memory of Spark back, before training and at the end. A session that was passed in is left."""
        if self.session is not None and self.owns_session:
            self.session.stop()
            self.session, self.owns_session = None, False


@dataclass(frozen=True)
class Artifact:
    """What a stage that writes files of its own (a checkpoint, predictions) hands over: a folder, its counts, and
    facts that a rerun reproduces (`extra`) or may not (`timings`)."""

    folder: Path
    counts: dict[str, int]
    extra: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """One execution of a stage: where its parents are, where to compute, whom to tell."""

    runtime: Runtime
    stage: Stage
    tables: dict[str, str]  # every earlier stage's table
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
        table = self.tables[stage]
        (folder,) = {name.split("/", 1)[0] for name in _files(table)}
        if is_local(table):
            return Path(join(table, folder))
        target = self.scratch / stage
        filesystem, path = fsspec.url_to_fs(join(table, folder))
        filesystem.get(path, str(target), recursive=True)
        return target


@dataclass(frozen=True)
class Stage:
    """`work` gives a Spark frame with one row per input row and its `fate`, or an `Artifact`."""

    name: str
    version: int
    settings: dict[str, Any]
    parents: tuple[str, ...]
    work: Callable[[Job], DataFrame | Artifact]
    inputs: str = ""
    error_budget: float = 1.0
    check_balance: bool = True
    unit: str = "rows"  # of its progress
    help: str = ""

    def fingerprint(self, parents: dict[str, str]) -> str:
        mine = {name: parents[name] for name in self.parents}
        return fingerprint([self.name, self.version, self.settings, mine, self.inputs])


def run_stage(stage: Stage, tables: dict[str, str], fingerprints: dict[str, str], runtime: Runtime) -> Manifest:
    """Runs a stage unless its table is complete, and gives the table's manifest.

    Raises:
        StageError: a parent is missing, the source looks broken, or the counts do not add up.
    """
    table = tables[stage.name]
    if is_complete(table):
        return read_manifest(table)
    for parent in stage.parents:
        if not is_complete(tables[parent]):
            raise StageError(f"`{stage.name}` reads `{parent}`, which has not run; select `+{stage.name}`")
    total = sum(_passed_on(read_manifest(tables[parent])) for parent in stage.parents if stage.check_balance)
    started = time.monotonic()
    attempt = new_attempt()
    with (
        tempfile.TemporaryDirectory(prefix=f"winnow-{stage.name}-") as scratch,
        bar(runtime.console, stage.name, total or None, stage.unit) as progress,
    ):
        job = Job(runtime, stage, tables, progress, Path(scratch))
        result = stage.work(job)
        if isinstance(result, Artifact):
            files = _place(result.folder, table, attempt)
            counts, rows, digest = result.counts, result.counts["kept"], ""
            extra, timings = result.extra, result.timings
        else:
            written = write_frame(result, table, attempt, lambda done: progress.update(done, total or None))
            runtime.spark.catalog.clearCache()  # what the stage cached for itself
            files = [file.name for file in written]
            counts = _count(total_fates(written), total if stage.parents else None)
            rows, digest = sum(file.rows for file in written), total_digest(written)
            extra, timings = {}, {}
    _check(stage, counts, table, files)
    manifest = Manifest(
        stage=stage.name,
        version=stage.version,
        fingerprint=fingerprints[stage.name],
        parents={name: fingerprints[name] for name in stage.parents},
        settings=stage.settings,
        counts=counts,
        rows=rows,
        digest=digest,
        extra=extra,
    )
    commit(table, manifest, files, {"seconds": round(time.monotonic() - started, 3), **timings})
    return manifest


def _passed_on(manifest: Manifest) -> int:
    return manifest.counts["kept"] + manifest.counts["made"]


def _count(fates: dict[str, int], expected: int | None) -> dict[str, int]:
    """The counts of a table. Ingest has no parents: its input is the rows that it accounts for."""
    counts = {name: fates.get(name, 0) for name in (*FATES, "made")}
    return {"in": sum(counts[name] for name in FATES) if expected is None else expected, **counts}


def _check(stage: Stage, counts: dict[str, int], table: str, files: list[str]) -> None:
    accounted = sum(counts[name] for name in FATES)
    if counts["in"] != accounted:
        raise StageError(
            f"`{stage.name}` got {counts['in']:,} rows and accounts for {accounted:,}: "
            f"{', '.join(f'{name} {counts[name]:,}' for name in FATES)}. The stage is at fault, not the data."
        )
    if counts["in"] and counts["quarantined"] > stage.error_budget * counts["in"]:
        raise StageError(
            f"`{stage.name}`: {counts['quarantined']:,} of {counts['in']:,} rows can't be read, more than the error "
            f"budget of {stage.error_budget:.0%}; the source as a whole looks broken.\n{_reasons(table, files)}\n"
            "Mend the source or the recipe's `fields`, or raise the source's `error_budget`."
        )


def _reasons(table: str, files: list[str]) -> str:
    """The most frequent reasons of quarantine with an example each."""
    import polars as pl

    rows = pl.concat([pl.read_parquet(join(table, file), columns=["fate", "reason", "detail"]) for file in files])
    top = (
        rows.filter(pl.col("fate") == "quarantined")
        .group_by("reason")
        .agg(pl.len().alias("rows"), pl.col("detail").min())
        .sort("rows", descending=True)
        .head(5)
    )
    return "\n".join(f"  {row['rows']:>7,}  {row['reason']}, as in: {row['detail']}" for row in top.to_dicts())


def _place(folder: Path, table: str, attempt: str) -> list[str]:
    """Moves (locally) or uploads an artifact's files under this attempt's name."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    if is_local(table):
        Path(table).mkdir(parents=True, exist_ok=True)
        shutil.move(str(folder), join(table, attempt))
    else:
        filesystem, path = fsspec.url_to_fs(join(table, attempt))
        filesystem.put(str(folder) + "/", path + "/", recursive=True)
    return [join(attempt, name) for name in names]


def _files(table: str) -> list[str]:
    from curation.contract.table import table_files

    return [url[len(table) :].lstrip("/") for url in table_files(table)]


def tables_of(store: str, fingerprints: dict[str, str]) -> dict[str, str]:
    return {name: table_url(store, name, value) for name, value in fingerprints.items()}
