"""A small store with a rendered dataset, made by hand, and a real Label Studio server."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from curation.contract.dataset import RENDERED, RenderedRow
from curation.contract.sample import Answer, Media, Part, Region, Sample, Turn, media_part, region_part, text_part
from curation.contract.table import Manifest, media_url, table_url
from model.chat import render
from model.family import QWEN2_5_VL

VENV = Path(__file__).parents[3] / ".venv-review"
TEMPLATE = VENV / "template.sqlite3"  # a database in which the migrations have run and the user is there
USER, PASSWORD, TOKEN = "reviewer@example.com", "correct horse 7", "5ca1ab1e" * 5
PIXELS = 4 * 28 * 28, 24 * 28 * 28
CANDIDATES = pa.schema(
    [
        *[(name, pa.string()) for name in ("row_id", "sample_id", "parent", "text", "fate", "reason")],
        ("number", pa.int32()),
    ]
)
SCORED = pa.schema(
    [("row_id", pa.string()), ("scores", pa.list_(pa.struct([("name", pa.string()), ("value", pa.float64())])))]
)


class Made:
    """Makes images, rows, tables and runs in a store of its own."""

    def __init__(self, root: Path) -> None:
        self.out = root
        self.store = str(root / "store")
        self.stages: dict[str, str] = {}

    def image(self, colour: str, width: int = 120, height: int = 90, orientation: int = 1) -> Media:
        buffer = io.BytesIO()
        exif = Image.Exif()
        exif[0x0112], exif[0x010E] = orientation, "a secret note"
        Image.new("RGB", (width, height), colour).save(buffer, "PNG", exif=exif)
        sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
        path = Path(media_url(self.store, sha256))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(buffer.getvalue())
        return Media(sha256=sha256, mime="image/png", width=width, height=height, orientation=orientation)

    def row(self, row_id: str, question: str, answer: str | Region, media: Sequence[Media] = ()) -> RenderedRow:
        said: Part = text_part(answer) if isinstance(answer, str) else region_part(0)
        images = [media_part(index) for index in range(len(media))]
        sample = Sample(
            row_id=row_id,
            source="made",
            task="vqa" if isinstance(answer, str) else "grounding",
            messages=(
                Turn(role="user", parts=(*images, text_part(question))),
                Turn(role="assistant", parts=(said,)),
            ),
            media=tuple(media),
            regions=() if isinstance(answer, str) else (answer,),
            answer=Answer(text=answer, verifier="exact") if isinstance(answer, str) else Answer(verifier="box"),
        )
        return render(sample, QWEN2_5_VL, *PIXELS, "train")

    def questions(self, prefix: str, count: int) -> list[RenderedRow]:
        """Rows without an image, each with its own question and answer."""
        return [self.row(f"{prefix}#{n}", f"{prefix} {n}?", f"answer {n}") for n in range(count)]

    def rendered(self, rows: Sequence[RenderedRow], made: Sequence[RenderedRow] = ()) -> None:
        entries = [{**asdict(row), "fate": "kept"} for row in rows] + [{**asdict(row), "fate": "made"} for row in made]
        self.table("render", RENDERED.append(pa.field("fate", pa.string())), entries)

    def candidates(self, entries: Sequence[tuple[RenderedRow, str, bool]], stage: str = "verify_base") -> None:
        """(prompt, text, verified) each, as the verify stage writes them."""
        rows = [
            {"row_id": f"{row.row_id}~{n}", "sample_id": row.sample_id, "parent": row.row_id, "number": n,
             "text": text, "fate": "kept" if good else "dropped", "reason": "" if good else "failed"}
            for n, (row, text, good) in enumerate(entries)
        ]  # fmt: skip
        self.table(stage, CANDIDATES, rows)

    def scored(self, scores: dict[str, list[float | None]]) -> None:
        """Rubric scores by row id, as the score stage writes them."""
        rows = [
            {"row_id": row_id, "scores": [{"name": str(n), "value": value} for n, value in enumerate(values)]}
            for row_id, values in scores.items()
        ]
        self.table("score", SCORED, rows)

    def table(self, stage: str, schema: pa.Schema, rows: list[dict[str, Any]]) -> None:
        folder = Path(table_url(self.store, stage, "f0"))
        folder.mkdir(parents=True)
        settings = {"family": "qwen2_5_vl", "min_pixels": PIXELS[0], "max_pixels": PIXELS[1]}
        manifest = Manifest(
            stage=stage,
            version=1,
            fingerprint="f0",
            parents={},
            settings=settings,
            counts={},
            rows=len(rows),
            digest="",
        )
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / "part.parquet")
        (folder / "files.json").write_text(json.dumps({"files": ["part.parquet"]}))
        (folder / "manifest.json").write_text(manifest.to_json())
        self.stages[stage] = "f0"
        runs = Path(self.store, "runs")
        runs.mkdir(exist_ok=True)
        (runs / "1.json").write_text(json.dumps({"run": "1", "recipe": "made", "stages": self.stages}))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


@dataclass(frozen=True)
class LabelStudio:
    """A server that runs, on this machine only, and the log it writes."""

    url: str
    log: Path


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudio]:
    """A real Label Studio: SQLite, loopback, no telemetry, nobody signs up. Its absence fails the build and skips
    elsewhere."""
    program = VENV / "bin" / "label-studio"
    if not program.exists():
        why = f"no {program}: `make .venv-review/.ready` brings it; review against a server was NOT tested"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    home = tmp_path_factory.mktemp("label-studio")
    if not TEMPLATE.exists():
        with _running(program, tmp_path_factory.mktemp("first")) as (_, folder):
            _keep_template(folder / "label_studio.sqlite3")
    shutil.copy(TEMPLATE, home / "label_studio.sqlite3")
    with _running(program, home) as (url, _):
        yield LabelStudio(url, home / "log")


def _keep_template(database: Path) -> None:
    """A consistent copy of a database in use; whole or absent."""
    partial = TEMPLATE.with_suffix(f".{os.getpid()}")
    with closing(sqlite3.connect(database)) as old, closing(sqlite3.connect(partial)) as new:
        old.backup(new)
    partial.replace(TEMPLATE)


@contextmanager
def _running(program: Path, home: Path) -> Iterator[tuple[str, Path]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(home),
        "LABEL_STUDIO_USERNAME": USER,
        "LABEL_STUDIO_PASSWORD": PASSWORD,
        "LABEL_STUDIO_USER_TOKEN": TOKEN,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "LATEST_VERSION_CHECK": "false",
        "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
        "COLLECT_ANALYTICS": "false",
        "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
    command = [str(program), "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--log-level", "WARNING"],
            env={**os.environ, **settings},
            cwd=home,  # it looks for folders to serve where it starts
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, server, home / "log")
        yield url, home
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.5)
        assert server.poll() is None, log.read_text()[-2000:]
    pytest.fail(f"Label Studio did not start: {log.read_text()[-2000:]}")
