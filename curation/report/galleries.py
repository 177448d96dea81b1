"""Galleries: rows that were kept, dropped by each rule, near a rule's threshold, unreadable, or the same as another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from curation.contract.rule import Rule
from curation.decided import Decided, read_decided
from curation.duplicates.decontaminate import PREFIX as BENCHMARK
from curation.ledger import Ledger, rules_of
from curation.report.cards import Card, find_samples, make_card
from curation.report.choose import nearest, spread
from curation.report.picture import Thumbnails
from curation.report.signals import condition
from curation.report.tables import read_rows, with_fates
from filters.presets import presets

KEPT, DROPPED, NEAR, QUARANTINED, TWINS = 16, 10, 2, 16, 8  # rows of each gallery (platform defaults)
# The last of these that ran says who was kept.
_LAST = ("render", "review", "mix", "decontaminate", "deduplicate", "decide", "measure")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A row that is to be shown, why, and for a duplicate the row that it equals."""

    row_id: str
    fate: str
    badge: str = ""
    note: str = ""
    twin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    title: str
    about: str = ""
    rows: int = 0
    chosen: list[Chosen] = field(default_factory=list)


def galleries(ledger: Ledger, thumbnails: Thumbnails) -> dict[str, Any]:
    """`kept`, `quarantined` and `rules`, each a list of (gallery, its cards), and `twins` with pairs of cards. Samples
    are looked up once for all of them."""
    groups = {"kept": kept(ledger), "rules": by_rule(ledger), "quarantined": quarantined(ledger)}
    twins = duplicates(ledger)
    every = [one for some in groups.values() for gallery in some for one in gallery.chosen] + twins.chosen
    samples = find_samples(ledger, [row_id for one in every for row_id in (one.row_id, one.twin) if row_id])

    def card(row_id: str, fate: str, badge: str, note: str) -> Card:
        return make_card(samples.get(row_id, {"row_id": row_id}), thumbnails, fate, badge, note)

    def cards(gallery: Gallery) -> tuple[Gallery, list[Card]]:
        return gallery, [card(one.row_id, one.fate, one.badge, one.note) for one in gallery.chosen]

    pairs = [
        (card(one.row_id, "dropped", one.badge, one.note), card(one.twin, "kept", "kept in its stead", ""))
        for one in twins.chosen
    ]
    return {name: [cards(gallery) for gallery in some] for name, some in groups.items()} | {"twins": (twins, pairs)}


def kept(ledger: Ledger) -> list[Gallery]:
    """Rows that came through every stage."""
    last = next((stage for stage in _LAST if stage in ledger.tables), "")
    rows = read_rows(ledger, last, ["row_id", "source"], [("fate", "==", "kept")])
    if not rows:
        return []
    chosen = spread(rows, KEPT, row_id=lambda row: str(row["row_id"]), group=lambda row: row["source"])
    about = f"{len(chosen)} of {len(rows):,} rows, from every source in turn"
    return [
        Gallery(title="Kept", about=about, rows=len(rows), chosen=[Chosen(row["row_id"], "kept") for row in chosen])
    ]


def quarantined(ledger: Ledger) -> list[Gallery]:
    """Rows that could not be read, with the error."""
    found: list[dict[str, Any]] = []
    wanted = ["row_id", "reason", "detail"]
    for stage in (stage for stage in with_fates(ledger) if not stage.startswith(BENCHMARK)):
        found += read_rows(ledger, stage, wanted, [("fate", "==", "quarantined")])
    if not found:
        return []
    chosen = spread(found, QUARANTINED, row_id=lambda row: str(row["row_id"]), group=lambda row: row["reason"])
    listed = [Chosen(row["row_id"], "quarantined", row["reason"] or "", row["detail"] or "") for row in chosen]
    about = f"{len(chosen)} of {len(found):,} rows, from every reason in turn"
    return [Gallery(title="Quarantined", about=about, rows=len(found), chosen=listed)]


def duplicates(ledger: Ledger) -> Gallery:
    """Rows that were dropped because another is the same, with that other."""
    wanted = ["row_id", "duplicate_of", "reason", "detail"]
    found = [
        row for row in read_rows(ledger, "deduplicate", wanted, [("fate", "==", "dropped")]) if row["duplicate_of"]
    ]
    chosen = spread(found, TWINS, row_id=lambda row: str(row["row_id"]), group=lambda row: row["reason"])
    listed = [
        Chosen(row["row_id"], "dropped", row["reason"] or "", row["detail"] or "", row["duplicate_of"])
        for row in chosen
    ]
    about = f"{len(chosen)} of {len(found):,} duplicates, each beside the row that is kept"
    return Gallery(title="Duplicates", about=about, rows=len(found), chosen=listed)


def by_rule(ledger: Ledger) -> list[Gallery]:
    """For each rule that drops rows: some of them, and the rows on both sides that lie nearest to its threshold."""
    rules = rules_of(ledger)
    if not rules:
        return []
    decided = read_decided(ledger, sorted({rule.signal for rule in rules.values() if rule.signal}))
    drops = decided.drops()
    found = [_of_rule(decided, name, pl.Series(drops[:, index])) for index, name in enumerate(rules)]
    return [gallery for gallery in found if gallery.rows]


def _of_rule(decided: Decided, name: str, drops: pl.Series) -> Gallery:
    rule, dropped = decided.rules[name], decided.rows.filter(drops)
    if not dropped.height:
        return Gallery(title=name)
    reasons = decided.reasons(name)
    keeps = decided.rows.filter(decided.letters(name) == "k")
    near = [*_near(dropped, rule, "dropped"), *_near(keeps, rule, "kept")]
    shown = {one.row_id for one in near}
    others = [row for row in dropped.select("row_id", "source").rows() if row[0] not in shown]
    some = spread(
        others, DROPPED - sum(one.fate == "dropped" for one in near), lambda row: str(row[0]), lambda row: row[1]
    )
    chosen = [Chosen(row_id, "dropped", "dropped", reasons.get(row_id, "")) for row_id, _ in some]
    chosen += [Chosen(one.row_id, one.fate, one.badge, reasons.get(one.row_id, one.note)) for one in near]
    tasks = f", for {', '.join(rule.tasks)}" if rule.tasks else ""
    why = preset.why if (preset := presets().get(name)) else ""
    about = condition(rule) + tasks + (f": {why}" if why else "")
    return Gallery(title=name, about=about, rows=dropped.height, chosen=chosen)


def _near(rows: pl.DataFrame, rule: Rule, fate: str) -> list[Chosen]:
    """Rows on one side of a threshold that lie nearest to it, of the sources that the general threshold is for."""
    if rule.signal is None or (rule.min is None and rule.max is None):
        return []
    mine = rows.filter(~pl.col("source").is_in(list(rule.by_source)))
    values = mine.select("row_id", pl.col(rule.signal).cast(pl.Float64)).drop_nulls().rows()
    chosen = nearest(values, rule.min, rule.max, NEAR)
    return [Chosen(row_id, fate, f"nearest {fate}", f"{rule.signal} is {value:.4g}") for row_id, value in chosen]
