"""A checkpoint's card, the README.md of an export: what it was trained on, how, how well it does, and how to serve it.

It is made from `winnow.json`, the store's manifests and an evaluation's files. Every value is escaped, or written by a
YAML or JSON writer, so that no name, path or licence can be anything but text.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from curation.card import markdown_template
from curation.visible import visible_line

# What winnow.json has only where the checkpoint was trained here.
_OPTIONAL = ("base", "dataset", "left_out", "settings", "trainable_parameters")
_PLAIN = (str, int, float, bool, type(None))


def model_card(
    contract: dict[str, Any], sources: list[dict[str, Any]] | None = None, metrics: dict[str, Any] | None = None
) -> str:
    """The card as Markdown with the front matter of the Hugging Face hub.

    `contract` is what winnow.json says, `sources` what `sources_of` finds (None: not at hand), `metrics` what
    `read_metrics` reads.
    """
    contract = {**dict.fromkeys(_OPTIONAL), **contract}
    settings = contract["settings"] or {}
    body = markdown_template("model_card.md.j2").render(
        contract=contract,
        export=contract["export"],
        dataset=contract["dataset"],
        sources=sources,
        unlicensed=[source["name"] for source in sources or () if not source["licence"]],
        settings={name: value for name, value in settings.items() if isinstance(value, _PLAIN)},
        frozen=settings.get("policy", "all") != "all",
        curves=_ends(contract),
        metrics=metrics,
        factor=contract["patch_size"] * contract["merge_size"],
    )
    return f"---\n{_front_matter(contract, sources or [])}---\n\n{body}"


def read_metrics(folder: Path) -> dict[str, Any]:
    """An evaluation's `metrics` by name, each with its interval, (low, high) or None.

    Raises:
        FileNotFoundError: the folder holds no metrics.json.
    """
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    beside = folder / "intervals.json"
    intervals = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
    return {
        name: {"value": value, "interval": _interval(intervals.get(name))}
        for name, value in sorted(metrics.items())
        if isinstance(value, int | float)
    }


def _interval(told: Any) -> tuple[float, float] | None:
    """[low, high], or an object with these names."""
    if isinstance(told, dict):
        told = [told.get("low"), told.get("high")]
    if isinstance(told, list) and len(told) == 2 and all(isinstance(end, int | float) for end in told):
        return told[0], told[1]
    return None


def _front_matter(contract: dict[str, Any], sources: list[dict[str, Any]]) -> str:
    """YAML as the hub reads it, which ends it at the first line of dashes. The licence is `other`, as several bind: the
    base's and each source's."""
    kind, dataset = contract["export"]["kind"], contract.get("dataset")
    front: dict[str, Any] = {
        "library_name": "peft" if kind == "adapter" else "transformers",
        "pipeline_tag": "image-text-to-text",
        "license": "other",
        "license_name": "of-the-base-and-the-sources",
        "license_of_sources": sorted({visible_line(source["licence"]) or "not stated" for source in sources}),
        "tags": ["winnow", contract["family"]],
    }
    if base := contract.get("base"):
        front |= {
            "base_model": visible_line(base),
            "base_model_relation": "adapter" if kind == "adapter" else "finetune",
        }
    if dataset:
        front["datasets"] = [f"winnow-{dataset['stage']}-{dataset['fingerprint']}"]
    return str(yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000))


def _ends(contract: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """What was logged once a step, at the first step and the last."""
    names = {"losses": "loss", "margins": "reward margin", "accuracies": "reward accuracy"}
    curves = {words: contract.get(name) for name, words in names.items()}
    return {words: (values[0], values[-1]) for words, values in curves.items() if values}
