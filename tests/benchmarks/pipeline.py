"""How fast raw rows become a rendered dataset: wall and CPU seconds per stage, rows a second, peak memory.

python tests/benchmarks/pipeline.py --rows 2000 --json
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import psutil

from curation.demo import peak_memory
from curation.progress import console
from curation.run import execute
from curation.workspace import Workspace
from synth.raw.folder import make_raw

DEMO = Path(__file__).parents[2] / "curation" / "recipes" / "demo.yaml"


def cpu_seconds() -> float:
    """User and system time of this process and all its children, ended or not."""
    me = psutil.Process()
    times = [process.cpu_times() for process in [me, *me.children(recursive=True)]]
    return sum(t.user + t.system for t in times) + times[0].children_user + times[0].children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, peak_memory() as peak:
        raw = make_raw(Path(folder) / "raw", rows=arguments.rows)
        workspace = Workspace.open(DEMO, Path(folder) / "work", str(raw))
        runtime_started, cpu_started = time.monotonic(), cpu_seconds()
        session = workspace.runtime(console()).spark
        stages = execute(workspace, console(), "+render", session)
        result = {
            "raw_rows": arguments.rows,
            "seconds": round(time.monotonic() - runtime_started, 2),
            "cpu_seconds": round(cpu_seconds() - cpu_started, 2),
            "peak_memory_gb": round(peak[0] / 1e9, 2),
            "stages": {stage["name"]: {"rows": stage["in"], "seconds": stage["seconds"]} for stage in stages},
        }
        session.stop()
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        print(f"{result['seconds']} s, {result['cpu_seconds']} CPU s, peak memory {result['peak_memory_gb']} GB")


if __name__ == "__main__":
    main()
