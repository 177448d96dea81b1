"""Decide: the recipe's rules over measured signals, compiled to Spark SQL, so that a new threshold costs seconds.

The table that comes out is the ledger's core: every signal and every rule's verdict of every row, kept or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.contract.rule import Rule
from curation.stage import Job
from filters.catalogue import catalogue
from filters.rules import CompiledRule, compile_rule

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

VERSION = 1


def compile_rules(rules: dict[str, Rule]) -> list[CompiledRule]:
    """The recipe's rules against the signals that exist; a ValueError names the rule and the nearest signal."""
    signals = catalogue()
    return [compile_rule(name, rule, signals) for name, rule in rules.items()]


def decide(job: Job, rules: dict[str, Rule]) -> DataFrame:
    """Every measured row with its `verdicts` (rule, verdict, reason) and the fate that follows from them."""
    from pyspark.sql import functions as F

    compiled = compile_rules(rules)
    rows = job.survivors("measure").drop("fate", "reason", "detail", "thumb_base64")  # no rule reads a thumbnail
    rows = rows.withColumn("verdicts", F.array(*[_verdict(rule) for rule in compiled]) if compiled else _no_verdicts())
    dropped = F.filter("verdicts", lambda v: v["verdict"] == "drop")
    waiting = F.filter("verdicts", lambda v: v["verdict"] == "wait")
    told = F.when(F.size(dropped) > 0, dropped).otherwise(waiting)
    return rows.select(
        "*",
        F.when(F.size(dropped) > 0, "dropped").when(F.size(waiting) > 0, "waiting").otherwise("kept").alias("fate"),
        F.array_join(F.transform(told, lambda v: v["rule"]), ", ").alias("reason"),
        F.array_join(F.transform(told, lambda v: v["reason"]), "; ").alias("detail"),
    )


def _verdict(rule: CompiledRule) -> Column:
    """The rule's verdict; what an unmeasured value means for the row (`unknown`) is applied here."""
    from pyspark.sql import functions as F

    verdict = F.expr(rule.verdict_sql)
    if rule.unknown != "keep":
        verdict = F.when(verdict == "unknown", rule.unknown).otherwise(verdict)
    return F.struct(
        F.lit(rule.name).alias("rule"),
        verdict.alias("verdict"),
        F.coalesce(F.expr(rule.reason_sql), F.lit("")).alias("reason"),
    )


def _no_verdicts() -> Column:
    from pyspark.sql import functions as F

    return F.expr("cast(array() as array<struct<rule: string, verdict: string, reason: string>>)")
