"""The rules that Winnow recommends, by version: each with its tasks, its threshold, its reason and whose it is.

`v<N>/<area>.yaml` holds rules as a recipe writes them. A version that has been shipped does not change what it keeps: a
better threshold is a new version, so that a recipe decides tomorrow as it does today.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml

from curation.contract.rule import Rule

LATEST = 1


def presets(version: int = LATEST) -> dict[str, Rule]:
    """The rules of a version by name, files in the order of their names. Raises ValueError for an unknown version."""
    return dict(_read(version))


@cache  # reading YAML costs more than the rest of a plan
def _read(version: int) -> dict[str, Rule]:
    if not 1 <= version <= LATEST:
        raise ValueError(f"there are no presets {version}; the latest are {LATEST}")
    found: dict[str, Rule] = {}
    folder = resources.files(__package__) / f"v{version}"
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if not file.name.endswith(".yaml"):
            continue
        for name, rule in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).items():
            if name in found:
                raise ValueError(f"two presets are named {name}; the second is in {file.name}: rename it")
            found[name] = Rule.model_validate(rule)
    return found
