"""How training went: its settings in a line, its curves by step."""

from __future__ import annotations

from typing import Any

from curation.ledger import Ledger
from curation.report import plots
from curation.report.bins import smoothed
from curation.report.palette import FATES, MODELS
from curation.report.tables import beside

_NAMES = {"train_sft": "Supervised fine-tuning", "train_dpo": "Preference optimisation (DPO)"}
_CURVES = {  # what a summary may hold by step: its title and what to read from it
    "losses": ("loss", "falls as the model learns"),
    "margins": ("reward margin", "chosen over rejected, against the reference model; rises from 0"),
    "accuracies": ("reward accuracy", "share of pairs in which the chosen answer is ahead; 0.5 is chance"),
}
_SETTINGS = ("method", "policy", "learning_rate", "pack_tokens", "batch_size", "accumulation", "beta", "seed")


def trainings(ledger: Ledger) -> list[dict[str, Any]]:
    """Each training of the run with its curves."""
    found = []
    for stage, name in _NAMES.items():
        summary = beside(ledger, stage, "summary")
        curves = [_curve(stage, key, summary[key]) for key in _CURVES if summary.get(key)]
        curves += _measured(stage, summary.get("evaluations") or [])
        if curves:
            found.append({"name": name, "stage": stage, "facts": _facts(summary), "curves": curves})
    return found


def _curve(stage: str, key: str, values: list[float]) -> dict[str, Any]:
    title, about = _CURVES[key]
    colour = MODELS["sft"] if stage == "train_sft" else FATES["kept"] if key != "losses" else MODELS["dpo"]
    course = smoothed(values, max(1, len(values) // 12))
    ends = f"{course[0]:.3g} to {course[-1]:.3g} in {len(values):,} steps"
    return {"title": title, "about": about, "ends": ends, "plot": plots.curve(values, course, colour)}


def _measured(stage: str, evaluations: list[dict[str, float]]) -> list[dict[str, Any]]:
    """What was measured on test rows during the training, a curve for each metric that answers were scored by."""
    if len(evaluations) < 2:
        return []
    names = [name for name in evaluations[0] if name not in ("step", "rows") and not name.endswith("/rows")]
    found = []
    for name in sorted(names):
        values = [each[name] for each in evaluations]
        steps = ", ".join(f"{each['step']:.0f}" for each in evaluations)
        about = f"on test rows, after {steps} steps"
        ends = f"{values[0]:.3g} to {values[-1]:.3g}"
        plot = plots.curve(values, values, MODELS["sft" if stage == "train_sft" else "dpo"])
        found.append({"title": name, "about": about, "ends": ends, "plot": plot})
    return found


def _facts(summary: dict[str, Any]) -> list[tuple[str, str]]:
    settings = summary.get("settings") or {}
    facts = [(name.replace("_", " "), f"{settings[name]}") for name in _SETTINGS if name in settings]
    if count := summary.get("trainable_parameters"):
        facts.append(("trainable parameters", f"{count:,}"))
    if left_out := summary.get("left_out"):
        facts.append(("rows too long", f"{len(left_out):,}"))
    return facts
