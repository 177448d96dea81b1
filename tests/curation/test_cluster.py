"""The same recipe on a Spark standalone cluster: a worker is lost in mid-stage, data and store are behind an S3 API,
stages that ask a model get a GPU for each task."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.request import urlopen

import fsspec
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from pyspark import TaskContext
from pyspark.resource import ResourceInformation

from curation.ask import device
from curation.cli import spark_settings
from curation.contract.recipe import Engine
from curation.spark import gpu_profile
from curation.workspace import Workspace
from model.engine import EngineError
from tests.conftest import ROOT
from tests.curation.conftest import free_port
from tests.curation.running import assert_same_tables, run_command

_T = TypeVar("_T")
DEPLOY = "org.apache.spark.deploy"
BUSY = pytest.mark.filterwarnings(  # s3fs closes its connections when it likes
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@dataclass
class Cluster:
    """A standalone master and its workers, each a group of processes of this machine."""

    folder: Path
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    workers: dict[Path, subprocess.Popen[bytes]] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def master(self) -> str:
        return f"spark://127.0.0.1:{self.port}"

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [f"{self.environment['SPARK_HOME']}/bin/spark-class", *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, env=self.environment, start_new_session=True, **quiet)  # type: ignore[call-overload]
        self.processes.append(process)
        return process

    def start_master(self) -> None:
        self.start(f"{DEPLOY}.master.Master", "-h", "127.0.0.1", "-p", str(self.port), "--webui-port", "0")

    def start_worker(self) -> None:
        """A worker of one core, which offers one GPU by number, whether the machine has it or not."""
        folder = self.folder / f"worker-{len(self.processes)}"
        folder.mkdir()
        options = ("-h", "127.0.0.1", "-c", "1", "-m", "2g", "-d", str(folder), "--webui-port", "0")
        self.workers[folder] = self.start(f"{DEPLOY}.worker.Worker", *options, self.master)

    def kill_worker_of(self, app: str, executor: str) -> None:
        (folder,) = [folder for folder in self.workers if (folder / app / executor).is_dir()]
        kill(self.workers.pop(folder))


def kill(process: subprocess.Popen[Any]) -> None:
    """With all that it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(found: Callable[[], _T | None], seconds: float, told: Path, run: subprocess.Popen[bytes]) -> _T:
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert run.poll() is None and time.monotonic() < deadline, told.read_text()
        time.sleep(0.1)
    return value


@pytest.fixture(scope="module")
def cluster(bucket: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A master with two workers. The keys of the bucket are in their environment, its address is not."""
    import pyspark

    from curation.spark import bundled_java_home, installed_java

    folder = tmp_path_factory.mktemp("cluster")
    script = folder / "gpus.sh"
    script.write_text('#!/bin/sh\necho \'{"name": "gpu", "addresses": ["0"]}\'\n')
    script.chmod(0o755)
    resource = "-Dspark.worker.resource.gpu"
    environment = {
        **{name: value for name, value in os.environ.items() if name != "AWS_ENDPOINT_URL"},
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_WORKER_OPTS": f"{resource}.amount=1 {resource}.discoveryScript={script}",
    }
    if not installed_java():
        environment["JAVA_HOME"] = bundled_java_home()
    made = Cluster(folder, environment)
    made.start_master()
    made.start_worker()
    made.start_worker()
    try:
        yield made
    finally:
        for process in made.processes:
            if process.poll() is None:
                kill(process)


@dataclass(frozen=True)
class SparkUi:
    """What a running session tells of itself over HTTP."""

    port: int

    def get(self, path: str) -> Any:
        with urlopen(f"http://127.0.0.1:{self.port}/api/v1/applications{path}", timeout=30) as answer:
            return json.load(answer)

    def writing(self) -> tuple[str, str] | None:
        """(application, executor) of a task that is writing a table right now, None where there is none."""
        try:
            app = self.get("")[0]["id"]
            stages = self.get(f"/{app}/stages?status=active")
            if any("writing.py" in stage["name"] and stage["numActiveTasks"] for stage in stages):
                busy = [each["id"] for each in self.get(f"/{app}/executors") if each["activeTasks"]]
                return (app, busy[0]) if busy else None
        except (URLError, IndexError):  # it has not begun yet
            pass
        return None

    def lost(self, app: str, executor: str) -> bool:
        return any(each["id"] == executor and not each["isActive"] for each in self.get(f"/{app}/allexecutors"))


@BUSY
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_cluster_that_loses_a_worker_in_mid_stage_gives_the_same_tables(
    rendered: Workspace, demo_recipe: Path, cluster: Cluster, bucket: str, tmp_path: Path
) -> None:
    """Data and store are objects; the undisturbed run is local, on disk."""
    data, store, ui, told = f"{bucket}/raw", f"{bucket}/store", SparkUi(free_port()), tmp_path / "told"
    filesystem, path = fsspec.url_to_fs(data)
    filesystem.put(f"{rendered.data}/", f"{path}/", recursive=True)
    options = {
        "spark.executorEnv.AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
        "spark.sql.shuffle.partitions": "4",
        "spark.ui.enabled": "true",
        "spark.ui.port": str(ui.port),
    }
    settings = [word for name, value in options.items() for word in ("--spark", f"{name}={value}")]
    command = run_command(demo_recipe, tmp_path, data, "--store", store, "--master", cluster.master, *settings)
    environment = {**os.environ, "WINNOW_MEMORY": "1g", "SPARK_LOCAL_IP": "127.0.0.1"}  # each worker has two
    with told.open("wb") as stderr:
        run = subprocess.Popen(command, stderr=stderr, cwd=ROOT, env=environment, start_new_session=True)
    try:
        sources = len(rendered.recipe.sources)
        wait_for(lambda: told.read_text().count("done ingest_") == sources, 240, told, run)
        app, executor = wait_for(ui.writing, 120, told, run)
        cluster.kill_worker_of(app, executor)
        wait_for(lambda: ui.lost(app, executor), 120, told, run)
        assert run.wait(600) == 0, told.read_text()
    finally:
        if run.poll() is None:
            kill(run)
        cluster.start_worker()
    other = Workspace.open(demo_recipe, tmp_path, data, store)
    assert_same_tables(rendered, other)


def test_settings_of_sparks_are_checked_before_anything_runs(tmp_path: Path) -> None:
    assert spark_settings(["spark.executor.cores=4", "spark.archives=a.tar.gz#env", "spark.x=a=b"]) == {
        "spark.executor.cores": "4",
        "spark.archives": "a.tar.gz#env",
        "spark.x": "a=b",
    }
    recipe = ROOT / "curation" / "recipes" / "demo.yaml"
    done = subprocess.run(
        run_command(recipe, tmp_path, "", "--spark", "executor.cores=4"), capture_output=True, cwd=ROOT
    )
    assert done.returncode == 2 and b"spark.KEY=VALUE" in done.stderr


@pytest.mark.spark
def test_gpus_are_asked_for_on_a_cluster_alone(spark: Any) -> None:
    assert gpu_profile(spark, 1) is None
    with pytest.raises(ValidationError, match="a server has its own"):
        Engine(url="http://gpu:8000/v1", model="m", gpus=1)


def test_a_task_uses_the_gpu_that_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class Task:
        def partitionId(self) -> int:
            return 2

        def resources(self) -> dict[str, Any]:
            return {"gpu": ResourceInformation("gpu", ["1"])}

    monkeypatch.setattr(TaskContext, "get", Task)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert device() == "cuda:1"
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    with pytest.raises(EngineError, match="GPU 1 .* torch finds 1"):
        device()
    monkeypatch.setattr(Task, "resources", lambda self: {})
    assert device() == "cuda:0"  # in turn


ASK_FOR_GPUS = """
import sys
import pyarrow as pa
from curation.ask import device
from curation.spark import build_session, gpu_profile
from curation.writing import write_computed
from model.engine import EngineError

def ask(batches):
    from pyspark import TaskContext
    try:
        found = device() or ""
    except EngineError as error:
        found = str(error)
    addresses = [gpu for each in TaskContext.get().resources().values() for gpu in each.addresses]
    for batch in batches:
        rows = [{"id": id, "gpus": addresses, "device": found} for id in batch.column("id").to_pylist()]
        yield pa.RecordBatch.from_pylist(rows, schema)

schema = pa.schema([("id", pa.string()), ("gpus", pa.list_(pa.string())), ("device", pa.string())])
master, table = sys.argv[1:]
spark = build_session(master, "512m", {"spark.executor.resource.gpu.amount": "1"})
rows = spark.range(40).selectExpr("cast(id as string) id").repartition(4)
for name, gpus in ("with", 1), ("without", 0):
    write_computed(rows, ask, schema, "id", table, name, profile=gpu_profile(spark, gpus))
spark.stop()
"""


@pytest.mark.slow
def test_tasks_that_ask_a_model_have_a_gpu_each(cluster: Cluster, tmp_path: Path) -> None:
    command = [sys.executable, "-c", ASK_FOR_GPUS, cluster.master, str(tmp_path)]
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    asked = pq.read_table(tmp_path / "with").to_pylist()
    assert len(asked) == 40 and all(row["gpus"] == ["0"] for row in asked)
    # Torch is the CPU build here, and a task that was promised a GPU does not go on without it.
    assert all("GPU 0" in row["device"] for row in asked)
    others = pq.read_table(tmp_path / "without").to_pylist()
    assert len(others) == 40 and not any(row["gpus"] or row["device"] for row in others)
