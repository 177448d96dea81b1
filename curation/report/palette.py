"""The page's colours, told apart with any colour vision: the palette of Okabe and Ito (2008)."""

from __future__ import annotations

FATES = {
    "kept": "#009e73",
    "dropped": "#d55e00",
    "quarantined": "#cc79a7",
    "waiting": "#e69f00",
    "made": "#56b4e9",
}
MODELS = {"base": "#e69f00", "sft": "#56b4e9", "dpo": "#cc79a7"}
SPLITS = {"train": "#0072b2", "test": "#e69f00"}
REFERENCE = "#009e73"
ELSEWHERE = "#9aa0a8"
INK = "#7a828c"  # read on white and on the dark card alike
NAMED = {**FATES, **MODELS, **SPLITS, "reference": REFERENCE, "elsewhere": ELSEWHERE}
