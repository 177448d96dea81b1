"""What the rules dropped of each source, why, and some of it in its own words."""

from __future__ import annotations

from typing import Any

import polars as pl

from curation.decided import Decided, read_decided
from curation.ledger import Ledger
from curation.report.cards import clip, find_samples, said
from curation.report.choose import place
from curation.report.signals import condition
from filters.presets import presets

EXAMPLES = 10  # of each rule and source (platform default)
_LONGEST = 160  # characters of an example


def by_source(ledger: Ledger) -> list[dict[str, Any]]:
    """For each source that lost rows `source`, `rows`, `dropped` and `rules`: the rules that dropped any, those first
    that dropped most, with `drops`, `only` (rows that no other rule drops) and up to ten `examples`."""
    if "decide" not in ledger.tables:
        return []
    decided = read_decided(ledger)
    found = [one for one in (_source(decided, str(name)) for name in sorted(set(decided.rows["source"]))) if one]
    examples = [example for one in found for rule in one["rules"] for example in rule["examples"]]
    samples = find_samples(ledger, [example["row_id"] for example in examples])
    for example in examples:
        row = samples.get(example["row_id"], {})
        example["prompt"], example["answer"] = (clip(said(row, role), _LONGEST) for role in ("user", "assistant"))
    return found


def _source(decided: Decided, source: str) -> dict[str, Any] | None:
    mine = Decided(decided.rows.filter(pl.col("source") == source), decided.rules)
    drops = mine.drops()
    only = drops & (drops.sum(axis=1, keepdims=True) == 1)
    recommended = presets()
    rules: list[dict[str, Any]] = []
    for index, (name, rule) in enumerate(mine.rules.items()):
        if not drops[:, index].any():
            continue
        here, alone = mine.rows.filter(pl.Series(drops[:, index])), pl.Series(only[:, index])
        # What only this rule drops tells most of it; where there is little of that, what others drop too.
        alone_ids = set(mine.rows.filter(alone)["row_id"])
        rows = sorted(here["row_id"], key=lambda row_id: (row_id not in alone_ids, place(row_id)))[:EXAMPLES]
        reasons = mine.reasons(name)
        rules.append(
            {
                "rule": name,
                "condition": condition(rule.by_source.get(source, rule.model_copy(update={"by_source": {}}))),
                "why": recommended[name].why if name in recommended else "",
                "drops": len(here),
                "only": int(alone.sum()),
                "examples": [{"row_id": row_id, "reason": clip(reasons.get(row_id, ""), _LONGEST)} for row_id in rows],
            }
        )
    if not rules:
        return None
    rules.sort(key=lambda one: (-one["drops"], one["rule"]))
    return {"source": source, "rows": len(mine.rows), "dropped": int(drops.any(axis=1).sum()), "rules": rules}
