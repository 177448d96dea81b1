"""What if a rule were another: decided anew over what the last run measured, without Spark, and nothing written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from pydantic import ValidationError

from curation.contract.nearest import nearest
from curation.contract.rule import Rule, Statement, merge
from curation.contract.table import media_url, read_table, store_of
from curation.decided import Flags, read_decided
from curation.ledger import Ledger
from curation.report.cards import clip, find_samples, said
from curation.report.choose import nearest as nearest_rows
from curation.report.choose import place
from curation.stage import UsageError
from filters import deciding

EXAMPLES = 5  # rows on each side of a threshold (platform default)
_LONGEST = 160  # characters of an example
_CHANGE = re.compile(r"(?P<rule>[\w-]+)(?:@(?P<source>\w+))?(?:\.(?P<key>\w+))?=(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One `--what-if`: a rule, of one source where that is named, and a key's new value, or None: switched off."""

    rule: str
    source: str = ""
    key: str = ""
    value: Any = None

    def __str__(self) -> str:
        name = self.rule + (f"@{self.source}" if self.source else "")
        return f"{name}.{self.key}={json.dumps(self.value)}" if self.key else f"{name}=off"


def parse_change(text: str) -> Change:
    """`NAME.min=3`, `.max`, `.equals`, `NAME=off`, and `NAME@SOURCE...` for one source. Raises UsageError."""
    found = _CHANGE.fullmatch(text.strip())
    shape = "write NAME.min=VALUE (or max, equals), NAME=off, or NAME@SOURCE.min=VALUE"
    if not found:
        raise UsageError(f"--what-if {text!r}: {shape}")
    rule, source, key, value = found["rule"], found["source"] or "", found["key"] or "", found["value"].strip()
    if not key and value != "off":
        raise UsageError(f"--what-if {text!r}: a rule as a whole can only be `off`; {shape}")
    if key and key not in ("min", "max", "equals"):
        raise UsageError(f"--what-if {text!r}: `{key}` can't be set{nearest(key, ('min', 'max', 'equals'))}; {shape}")
    return Change(rule=rule, source=source, key=key, value=_value(value) if key else None)


def _value(text: str) -> Any:
    """A number, true or false as JSON says it; anything else is the text itself."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float | str) else text


def changed(rules: Mapping[str, Rule], changes: Sequence[Change], sources: Sequence[str]) -> dict[str, Rule]:
    """The rules with the changes made, those switched off left out.

    Raises UsageError for a rule or source that is not there, with the nearest, and for what does not make a rule.
    """
    found = dict(rules)
    for change in changes:
        if change.rule not in found:
            told = nearest(change.rule, found) if len(found) < 8 else _close(change.rule, found)
            raise UsageError(f"--what-if {change}: no rule `{change.rule}`{told}")
        if change.source and change.source not in sources:
            raise UsageError(f"--what-if {change}: no source `{change.source}`{nearest(change.source, sources)}")
        rule = _applied(found.pop(change.rule), change, sources)
        if rule:
            found[change.rule] = rule
    return {name: found[name] for name in rules if name in found}


def _close(name: str, known: Mapping[str, Rule]) -> str:
    close = nearest(name, known)
    return close if close.startswith("; did") else "; `winnow rules` lists them"


def _applied(rule: Rule, change: Change, sources: Sequence[str]) -> Rule | None:
    here = rule.by_source.get(change.source, rule.model_copy(update={"by_source": {}, "sources": ()}))
    if not change.key:
        if not change.source:
            return None
        left = tuple(source for source in rule.sources or sources if source != change.source)
        others = {source: other for source, other in rule.by_source.items() if source != change.source}
        return rule.model_copy(update={"sources": left, "by_source": others}) if left else None
    target = here if change.source else rule
    if target.predicate is not None:
        raise UsageError(f"--what-if {change}: {change.rule} is a predicate ({target.predicate}); it can only be `off`")
    try:
        merged = merge(target, Statement.model_validate({change.key: change.value}))
    except ValidationError as error:
        told = "; ".join(item["msg"].removeprefix("Value error, ") for item in error.errors())
        raise UsageError(f"--what-if {change}: {told}; the rule keeps {target.condition}") from None
    if not change.source:
        return merged.model_copy(update={"by_source": rule.by_source, "sources": rule.sources})
    return rule.model_copy(update={"by_source": {**rule.by_source, change.source: merged}})


def what_if(ledger: Ledger, rules: Mapping[str, Rule], texts: Sequence[str]) -> dict[str, Any]:
    """What the changes `texts` would do to the rows that the last run measured, beside what `rules` do.

    `before` and `after` are rows kept; `by` counts them by source and task; `rules` tells of each changed rule what it
    drops and what only it drops, and shows the rows nearest to the new threshold on both sides.
    """
    changes = [parse_change(text) for text in texts]
    ids = read_decided(ledger).rows.select("row_id", "source", "task")
    after = changed(rules, changes, sorted(set(ids["source"])))
    try:
        was, now = deciding.compiled(rules), deciding.compiled(after)
    except ValueError as error:
        raise UsageError(str(error)) from None
    signals = sorted({signal for rule in (*was, *now) for signal in rule.signals})
    table = read_table(ledger.need("measure"), columns=["row_id", "fate", "source", "task", *signals])
    rows = pl.DataFrame(pl.from_arrow(table)).filter(pl.col("fate").is_in(["kept", "made"])).rechunk()
    before, then = (_drops(rows, some) for some in (was, now))
    kept, keeps = np.asarray(~before.any(axis=1)), np.asarray(~then.any(axis=1))
    rows = rows.with_columns(kept=pl.Series(kept), keeps=pl.Series(keeps))
    touched = list(dict.fromkeys(change.rule for change in changes))
    told = [_of_rule(name, rows, rules, after, before, then) for name in touched]
    _add_samples(ledger, [example for one in told for example in one["examples"]])
    return {
        "changes": [str(change) for change in changes],
        "rows": len(rows),
        "before": int(kept.sum()),
        "after": int(keeps.sum()),
        "newly_dropped": int((kept & ~keeps).sum()),
        "newly_kept": int((~kept & keeps).sum()),
        "by": _by(rows),
        "rules": told,
    }


def _drops(rows: pl.DataFrame, rules: list[Any]) -> Flags:
    """Rows by rules: which rule drops which row."""
    said = deciding.codes(rows, rules)
    columns = [deciding.drops_of(said, rule).to_numpy() for rule in rules]
    return np.column_stack(columns) if columns else np.zeros((len(rows), 0), bool)


def _by(rows: pl.DataFrame) -> list[dict[str, Any]]:
    lost, won = pl.col("kept") & ~pl.col("keeps"), ~pl.col("kept") & pl.col("keeps")
    counts = rows.group_by("source", "task").agg(
        pl.len().alias("rows"),
        pl.col("kept").sum().alias("before"),
        pl.col("keeps").sum().alias("after"),
        lost.sum().alias("newly_dropped"),
        won.sum().alias("newly_kept"),
    )
    return counts.sort("source", "task").to_dicts()


def _of_rule(
    name: str, rows: pl.DataFrame, rules: Mapping[str, Rule], after: Mapping[str, Rule], before: Flags, then: Flags
) -> dict[str, Any]:
    def count(some: Mapping[str, Rule], drops: Flags) -> dict[str, int]:
        if name not in some:
            return {"drops": 0, "only": 0}
        mine = drops[:, list(some).index(name)]
        return {"drops": int(mine.sum()), "only": int((mine & (drops.sum(axis=1) == 1)).sum())}

    new = after.get(name)
    mine = then[:, list(after).index(name)] if new else np.zeros(len(rows), bool)
    return {
        "rule": name,
        "keeps_before": rules[name].condition,
        "keeps_after": new.condition if new else "everything (off)",
        "before": count(rules, before),
        "after": count(after, then),
        "examples": _examples(rows.with_columns(drops=pl.Series(mine)), rules[name], new),
    }


def _examples(rows: pl.DataFrame, old: Rule, new: Rule | None) -> list[dict[str, Any]]:
    """Rows on both sides of the line: the nearest to it where the signal is a number, else drawn by hash. Of a rule
    that was switched off, rows that come back."""
    if new is None:
        back = rows.filter(~pl.col("kept") & pl.col("keeps"))
        return [_example(back, row_id, old.signal, "newly kept") for row_id in _drawn(back)]
    found = []
    differing = [source for source, other in new.by_source.items() if other != old.by_source.get(source)]
    scope = pl.col("source").is_in(differing) if differing else ~pl.col("source").is_in(list(new.by_source))
    rule = new.by_source[differing[0]] if differing else new
    here = rows.filter(scope)
    if new.tasks:
        here = here.filter(pl.col("task").is_in(new.tasks))
    for side, some in (("drop", here.filter("drops")), ("keep", here.filter(~pl.col("drops")))):
        found += [_example(some, row_id, rule.signal, side) for row_id in _nearest(some, rule)]
    return found


def _nearest(rows: pl.DataFrame, rule: Rule) -> list[str]:
    if rule.signal is None or (rule.min is None and rule.max is None):
        return _drawn(rows)
    values = rows.select("row_id", pl.col(rule.signal).cast(pl.Float64)).drop_nulls()
    distance = pl.min_horizontal(
        (pl.col(rule.signal) - bound).abs() for bound in (rule.min, rule.max) if bound is not None
    )
    few = values.filter(distance <= distance.sort().slice(min(EXAMPLES, len(values)) - 1, 1).max())
    return [row_id for row_id, _ in nearest_rows(few.rows(), rule.min, rule.max, EXAMPLES)]


def _drawn(rows: pl.DataFrame) -> list[str]:
    return sorted(rows["row_id"], key=place)[:EXAMPLES]


def _example(rows: pl.DataFrame, row_id: str, signal: str | None, side: str) -> dict[str, Any]:
    row = rows.row(by_predicate=pl.col("row_id") == row_id, named=True)
    fates = {(True, True): "kept", (True, False): "newly dropped", (False, True): "newly kept"}
    return {
        "row_id": row_id,
        "source": row["source"],
        "task": row["task"],
        "side": side,
        "row": fates.get((row["kept"], row["keeps"]), "dropped"),
        "signal": signal,
        "value": row[signal] if signal else None,
    }


def _add_samples(ledger: Ledger, examples: list[dict[str, Any]]) -> None:
    """To each example its answer, its question and where its images lie."""
    samples = find_samples(ledger, [example["row_id"] for example in examples])
    for example in examples:
        row = samples.get(example["row_id"], {})
        example["text"] = clip(said(row, "assistant"), _LONGEST)
        example["prompt"] = clip(said(row, "user"), _LONGEST)
        store = store_of(ledger.need("decide"))
        example["images"] = [media_url(store, medium["sha256"]) for medium in row.get("media") or []]
