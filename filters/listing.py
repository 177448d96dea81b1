"""The signals and the rules as tables, for the terminal, for JSON and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curation.contract.recipe import Recipe
from curation.contract.rule import Off, Rule
from filters.catalogue import catalogue
from filters.deciding import compiled
from filters.presets import LATEST, presets
from filters.resolving import resolve

START, END = "<!-- signals -->", "<!-- /signals -->"
_MARKDOWN = str.maketrans({"|": "\\|", "\n": " ", "<": "&lt;"})


def signal_rows() -> list[dict[str, Any]]:
    """Every signal in the catalogue's order with what it is, whose idea it is, and the presets that read it."""
    used: dict[str, list[str]] = {}
    for rule in compiled(presets()):
        for signal in rule.signals:
            used.setdefault(signal, []).append(rule.name)
    return [
        {
            "signal": each.name,
            "version": each.version,
            "unit": each.unit,
            "tier": each.tier,
            "grain": each.grain,
            "reducer": each.reducer,
            "what": each.description,
            "source": each.source,
            "presets": used.get(each.name, []),
        }
        for each in catalogue().values()
    ]


def rule_rows(task: str = "", version: int = LATEST) -> list[dict[str, Any]]:
    """The presets of a version, all or those for a task. Raises ValueError for a version that there is not."""
    return [_row(name, rule) for name, rule in presets(version).items() if not task or _is_for(rule, task)]


def recipe_rows(recipe: Recipe, task: str = "") -> list[dict[str, Any]]:
    """The rules that a recipe decides by, and what of them it and its sources change. Raises RecipeError."""
    base = presets(recipe.presets) if recipe.presets is not None else {}
    rows = []
    for name, rule in resolve(recipe).items():
        if not task or _is_for(rule, task):
            rows.append({**_row(name, rule), "changed": _changes(recipe, name, base.get(name))})
    off = [name for name, edit in recipe.rules.items() if isinstance(edit, Off) and name in base]
    gone = [
        name for name in off if name not in {row["rule"] for row in rows} and (not task or _is_for(base[name], task))
    ]
    return rows + [{**_row(name, base[name]), "keeps": "everything", "changed": "off"} for name in gone]


def _is_for(rule: Rule, task: str) -> bool:
    return not rule.tasks or task in rule.tasks


def _row(name: str, rule: Rule) -> dict[str, Any]:
    return {
        "rule": name,
        "tasks": list(rule.tasks),
        "keeps": rule.condition,
        "unknown": rule.unknown,
        "why": rule.why,
        "origin": rule.origin,
    }


def _changes(recipe: Recipe, name: str, preset: Rule | None) -> str:
    """Where a rule is not the preset's: in the recipe, and for which sources."""
    told = []
    if name in recipe.rules:
        told.append(f"recipe (preset: {preset.condition})" if preset else "recipe's own")
    if isinstance(recipe.rules.get(name), Off):
        told = ["off"]
    rule = resolve(recipe)[name]
    for source, block in recipe.sources.items():
        if name in block.rules:
            here = rule.by_source.get(source, rule)
            told.append(f"{source}: {'off' if isinstance(block.rules[name], Off) else here.condition}")
    return "; ".join(told)


def markdown(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows as a Markdown table; lists with commas."""
    lines = [f"| {' | '.join(columns)} |", f"| {' | '.join('---' for _ in columns)} |"]
    for row in rows:
        cells = [", ".join(value) if isinstance(value := row[column], list) else str(value) for column in columns]
        lines.append(f"| {' | '.join(cell.translate(_MARKDOWN) for cell in cells)} |")
    return "\n".join(lines) + "\n"


def signals_markdown() -> str:
    """What stands in the README between `START` and `END`: a summary, and the table folded away."""
    rows = signal_rows()
    tiers = {tier: sum(row["tier"] == tier for row in rows) for tier in ("header", "text", "pixels", "corpus")}
    counted = ", ".join(f"{count} of {tier}" for tier, count in tiers.items() if count)
    used = sum(bool(row["presets"]) for row in rows)
    summary = f"{len(rows)} signals ({counted}); {len(presets())} preset rules read {used} of them."
    table = markdown(rows, ["signal", "what", "unit", "tier", "source", "presets"])
    return f"<details>\n<summary>{summary}</summary>\n\n{table}\n</details>\n"


def with_signals(text: str) -> str:
    """A page whose part between the two markers is `signals_markdown`. Raises ValueError where they are missing."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"the page has no place for the table: put {START} and {END} there")
    return f"{before}{START}\n{signals_markdown()}{END}{after}"
