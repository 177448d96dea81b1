"""Seconds per optimizer step of nano on drawn data, with one and with two threads, in fresh processes side by side.

python tests/benchmarks/training.py --data work/store/tables/render/FINGERPRINT --steps 10 --json
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CHILD = """
import json, sys, time
from curation.contract.training import TrainSettings
from trainer.sft import train_sft
data, steps, out, method, policy = sys.argv[1:]
settings = TrainSettings(max_steps=int(steps), method=method, policy=policy)
moments = []
train_sft(data, settings, out, lambda step, total, loss: moments.append(time.monotonic()))
print(json.dumps((moments[-1] - moments[0]) / (len(moments) - 1)))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a rendered dataset")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = {}
    for threads in ("1", "2"):
        for method, policy in (("lora", "llm"), ("full", "llm"), ("full", "all")):
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-W", "ignore", "-c", CHILD, arguments.data, str(arguments.steps)]
                command += [str(Path(folder) / "out"), method, policy]
                environment = {**os.environ, "OMP_NUM_THREADS": threads}
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            name = f"{method} {policy}, {threads} thread{'s' if threads == '2' else ''}"
            result[name] = round(float(done.stdout.splitlines()[-1]), 3)
    if arguments.json:
        print(json.dumps({"seconds_per_step": result}, indent=2))
    else:
        for name, seconds in result.items():
            print(f"{name:<24} {seconds} s/step")


if __name__ == "__main__":
    main()
