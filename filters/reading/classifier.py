"""fastText classifiers that users train themselves: how probable one of their labels is for a text.

A model is a file of `fasttext.train_supervised`, trained on one text a line after its label (`__label__good A cat.`),
with line breaks written as spaces.
"""

from __future__ import annotations

import functools
from typing import Any

import polars as pl

_DIGITS = 4  # a probability is rounded so that no processor's last bit shows


def label_probability(texts: pl.Series, path: str, label: str) -> pl.Series:
    """The probability, 0 to 1, that the model gives to `label` for each text; null where a text is null or blank.

    Raises FileNotFoundError where there is no such file, and ValueError, naming the file and the labels that it has,
    where the model has no such label or is no classifier of fastText.
    """
    model = _load(path, label)
    return pl.Series([_probability(model, text, label) for text in texts.to_list()], dtype=pl.Float64)


def _probability(model: Any, text: str | None, label: str) -> float | None:
    if text is None or not text.strip():
        return None
    # The bindings' own `predict` builds a numpy array for each text; this is what it calls.
    found = model.f.predict(" ".join(text.split()) + "\n", -1, 0.0, "strict")
    probability = next((float(value) for value, name in found if name == label), 0.0)
    return round(min(1.0, max(0.0, probability)), _DIGITS)


@functools.lru_cache(maxsize=4)
def _load(path: str, label: str) -> Any:
    """The model, read once in a process."""
    import fasttext  # a large extension, needed only where a model is configured

    with open(path, "rb"):
        pass  # FileNotFoundError names the file; fastText's own error does not say why
    try:
        model = fasttext.load_model(path)
        labels = list(model.get_labels()) if model.f.getArgs().model.name == "supervised" else []
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"{path} is no model of fastText: {error}") from None
    if label not in labels:
        raise ValueError(f"{path} has no label {label}; it has {', '.join(labels[:20]) or 'none: it is no classifier'}")
    return model
