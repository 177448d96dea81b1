"""Data-Juicer on the same rows: its CPU seconds, where its verdicts differ from ours, and what damaged files cost it.

It gets an environment of its own under the cache folder. `image_deduplicator` wants imagededup, which imports torch
without need for a perceptual hash; stubs stand in for torch, so that neither its size nor its import time counts.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import venv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from curation.contract.source import Source
from filters.presets import presets
from synth.defects.planting import answer_of
from synth.specimen import Specimen
from tests.benchmarks.clean import built
from tests.benchmarks.cpu import Used, run_tree
from tests.benchmarks.planted import QUARANTINE, decide_groups, defects, reads_corpus

VERSION = "1.6.1"
PACKAGES = (f"py-data-juicer=={VERSION}", "aiohttp", "scikit-learn", "PyWavelets", "matplotlib", "ray", "tqdm")
# As near to our rules as its operators come; its special characters count spaces and digits too.
FILTERS: tuple[dict[str, dict[str, Any]], ...] = (
    {"text_length_filter": {"min_len": 12, "max_len": 2000}},
    {"alphanumeric_filter": {"min_ratio": 0.5}},
    {"special_characters_filter": {"max_ratio": 0.4}},
    {"character_repetition_filter": {"rep_len": 10, "max_ratio": 0.5}},
    {"word_repetition_filter": {"rep_len": 5, "max_ratio": 0.3}},
    {"image_size_filter": {"min_size": "1kb"}},
    {"image_shape_filter": {"min_width": 28, "min_height": 28}},
    {"image_aspect_ratio_filter": {"min_ratio": 0.2, "max_ratio": 5.0}},
)
CAPTIONS = Source.model_validate(
    {"path": "pairs.jsonl", "reader": "jsonl", "build": "caption", "fields": {"image": "image", "caption": "caption"}}
)
HASH: dict[str, dict[str, Any]] = {"image_deduplicator": {"method": "phash"}}
_STUBS = {
    "torch": ["torch", "torch.nn", "torch.nn.functional", "torch.utils", "torch.utils.data"],
    "torchvision": [
        "torchvision", "torchvision.models", "torchvision.models.vision_transformer", "torchvision.transforms",
    ],
}  # fmt: skip
_STUB = '''"""Stands in for a package that is imported and never used."""
import sys
import types

NAMES = {names}

class Anything(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything(name, (), {{"__init__": lambda self, *args, **named: None}})

class Stub(types.ModuleType):
    __path__ = []

    def __getattr__(self, name):
        return getattr(Anything("stub", (), {{}}), name)

for name in NAMES:
    sys.modules[name] = Stub(name)
for name in NAMES:
    above, _, last = name.rpartition(".")
    if above:
        setattr(sys.modules[above], last, sys.modules[name])
'''


@dataclass(frozen=True)
class Peer:
    """Data-Juicer's command and what its processes need to be told."""

    command: Path
    environment: dict[str, str]

    def run(
        self, rows: Iterable[dict[str, Any]], out: Path, operators: Iterable[dict[str, Any]], trace: bool = False
    ) -> tuple[Used, set[str], dict[str, set[str]]]:
        """What it took, the ids of the rows that are kept, and where traced those that each operator drops."""
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        (out / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        settings = {
            "project_name": "pairs",
            "dataset_path": str(out / "in.jsonl"),
            "export_path": str(out / "kept.jsonl"),
            "np": 2,
            "use_cache": False,
            "open_tracer": trace,
            "trace_num": 10**9,
            "process": list(operators),
        }
        (out / "recipe.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
        command = [str(self.command), "--config", str(out / "recipe.yaml")]
        used = run_tree(command, out, self.environment, check=False)
        kept = out / "kept.jsonl"
        dropped = {path.stem: set(_ids(path)) for path in sorted(out.glob("**/trace/*.jsonl"))}
        return used, set(_ids(kept)) if kept.exists() else set(), dropped


def install(cache: Path) -> Peer:
    """An environment with Data-Juicer, made once. Raises subprocess.CalledProcessError where it can't be installed."""
    home = cache / f"data-juicer-{VERSION}"
    ready, stubs = home / ".ready", home / "stubs"
    if not ready.exists():
        venv.create(home, with_pip=True, clear=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *PACKAGES], check=True, capture_output=True, text=True)
        subprocess.run([*pip, "--no-deps", "imagededup"], check=True, capture_output=True, text=True)
        stubs.mkdir()
        for name, modules in _STUBS.items():
            (stubs / f"{name}.py").write_text(_STUB.format(names=modules))
        ready.touch()
    return Peer(
        home / "bin" / "dj-process", {"PYTHONPATH": str(stubs), "USE_TORCH": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    )


def compare(data: dict[int, Path], rows: int, cache: Path, scratch: Path) -> dict[str, Any]:
    """Cost, verdicts and damage; `error` alone where it can't be installed here."""
    try:
        peer = install(cache)
    except (subprocess.CalledProcessError, OSError) as error:
        return {"error": f"{error}: {(getattr(error, 'stderr', '') or '')[-500:]}"}
    scratch.mkdir(parents=True, exist_ok=True)
    peer.run(_rows(data[min(data)]), scratch / "warm", [*FILTERS, HASH])  # whatever it installs or compiles at first
    told: dict[str, Any] = {"name": f"data-juicer {VERSION}"}
    for name, operators in (("", FILTERS), ("with_image_hash", (*FILTERS, HASH))):
        used = {size: peer.run(_rows(data[size]), scratch / "peer", operators)[0] for size in (rows // 10, rows)}
        marginal = (used[rows].cpu - used[rows // 10].cpu) / (rows - rows // 10) * 1000
        figures = {
            "cpu_s_per_1k_marginal": round(marginal, 3),
            "cpu_s_per_1k_total": round(used[rows].cpu / rows * 1000, 3),
            "rows_per_s": round(rows / used[rows].wall, 1),
            "peak_gb": round(used[rows].peak / 1e9, 2),
        }
        told |= {name: figures} if name else figures
    few = data[min(size for size in data if size >= rows // 10)]
    return {**told, "verdicts": _verdicts(peer, few, scratch), "damage": _damage(peer, few, scratch)}


def _verdicts(peer: Peer, folder: Path, scratch: Path, each: int = 20) -> dict[str, Any]:
    """Planted rows beside clean ones: how many of each kind either drops, and what drops those that the other keeps."""
    rules = {name: rule for name, rule in presets().items() if not rule.tasks or "caption" in rule.tasks}
    rules = {name: rule for name, rule in rules.items() if not reads_corpus(rule)}
    clean = _specimens(folder)[: 50 * each]
    groups, kinds = [clean], ["clean"]
    for name, defect in defects().items():
        if "caption" in defect.tasks and defect.rule in rules:  # unreadable files are looked at under `damage`
            order = random.Random(name)
            made = [defect.plant(order.choice(clean), random.Random(f"{name}/{index}")) for index in range(each)]
            groups.append([specimen for specimen in made if specimen])
            kinds.append(name)
    ours = decide_groups(groups, rules)
    rows, kind_of, our_rules = [], {}, {}
    for kind, group, drops in zip(kinds, groups, ours, strict=True):
        for index, specimen in enumerate(group):
            row_id = f"{kind}-{index}"
            rows.append(_row(specimen, row_id, scratch / "images"))
            kind_of[row_id] = kind
            our_rules[row_id] = [name for name, hit in drops.row(index, named=True).items() if hit]
    _, kept, traced = peer.run(rows, scratch / "verdicts", FILTERS, trace=True)
    counts = {kind: {"n": 0, "ours": 0, "peer": 0} for kind in kinds}
    only_ours, only_peer = Counter[str](), Counter[str]()
    for row_id, kind in kind_of.items():
        counts[kind]["n"] += 1
        counts[kind]["ours"] += bool(our_rules[row_id])
        counts[kind]["peer"] += row_id not in kept
        if our_rules[row_id] and row_id in kept:
            only_ours.update(name or "(unreadable)" for name in our_rules[row_id])
        if not our_rules[row_id] and row_id not in kept:
            only_peer.update([operator for operator, ids in traced.items() if row_id in ids] or ["(untold)"])
    return {"dropped": counts, "only_ours": dict(only_ours), "only_peer": dict(only_peer)}


def _damage(peer: Peer, folder: Path, scratch: Path, count: int = 40) -> dict[str, Any]:
    """A folder with truncated files, and one with a single file that is no image, each by the peer's default settings
    and by ours: how many rows are left."""
    rows = list(_rows(folder))[:1000]
    found = {}
    for name, damaged in (("truncated", range(0, count)), ("no_image", range(0, 1))):
        spoiled, groups = [dict(row) for row in rows], []
        for index in damaged:
            data = Path(rows[index]["images"][0]).read_bytes()
            path = scratch / name / f"{index}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data[: len(data) // 2] if name == "truncated" else b"no image" * 500)
            spoiled[index]["images"] = [str(path)]
        groups = [_from_row(row) for row in spoiled]
        ours = sum(1 for specimen in groups if specimen) - (
            int(decide_groups([[each for each in groups if each]], {})[0][QUARANTINE].sum())
        )
        _, kept, _ = peer.run(spoiled, scratch / f"damage-{name}", FILTERS)
        bad = {spoiled[index]["id"] for index in damaged}
        found[name] = {
            "rows": len(rows), "damaged": len(bad), "ours_left": ours, "peer_left": len(kept),
            "peer_keeps_damaged": len(kept & bad),
        }  # fmt: skip
    return found


def _rows(folder: Path) -> Iterable[dict[str, Any]]:
    for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield {"id": row["id"], "text": f"<__dj__image>\n{row['caption']}", "images": [str(folder / row["image"])]}


def _specimens(folder: Path) -> list[Specimen]:
    return [specimen for row in _rows(folder) if (specimen := _from_row(row))]


def _from_row(row: dict[str, Any]) -> Specimen | None:
    """The row as our ingest builds it; None where ingest would quarantine it."""
    value = {"image": Path(row["images"][0]).read_bytes(), "caption": row["text"].partition("\n")[2]}
    return next(built("pairs", CAPTIONS, [(row["id"], value, "")]), None)


def _row(specimen: Specimen, row_id: str, folder: Path) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    medium = specimen.sample.media[0]
    path = folder / f"{medium.sha256}.{medium.mime.rpartition('/')[2]}"
    path.write_bytes(specimen.images[medium.sha256])
    return {"id": row_id, "text": f"<__dj__image>\n{answer_of(specimen.sample)}", "images": [str(path)]}


def _ids(path: Path) -> Iterable[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield str(row.get("id") or row.get("original", {}).get("id"))
