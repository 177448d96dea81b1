"""Rules: what a recipe keeps, as SQL over columns named after the signals, `task` and `source`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from curation.contract.rule import Rule, Scalar, Unknown
from filters.predicate import parse_predicate, quote_name, quote_number, quote_string, unknown_signal
from filters.signal import Signal

_NULL = "CAST(NULL AS STRING)"


VERDICTS = ("na", "keep", "drop", "unknown")  # by their code


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A rule as SQL that Spark and polars read alike.

    `verdict_sql` 'keep', 'drop', 'unknown' (the value is null) or 'na' (the rule does not apply)
    `code_sql`    the same as its place in `VERDICTS`, which costs a third
    `reason_sql`  why, for people, where the verdict is 'drop' or 'unknown'; else null
    `signals`     those that it reads
    `unknown`     what 'unknown' means for the row: keep, drop or wait
    """

    name: str
    verdict_sql: str
    code_sql: str
    reason_sql: str
    signals: tuple[str, ...]
    unknown: Unknown


@dataclass(frozen=True, slots=True)
class _Test:
    """What a rule asks of a row: does it apply, is the answer known, is it yes, what to say where it is no, and of
    which signals."""

    known: str
    keeps: str
    reason: str
    signals: tuple[str, ...]
    applies: str = "TRUE"

    def sql(self, na: str, keep: str, drop: str, unknown: str) -> str:
        # A null task makes `applies` null, which is not true either.
        return (
            f"CASE WHEN NOT coalesce({self.applies}, FALSE) THEN {na} WHEN NOT {self.known} THEN {unknown} "
            f"WHEN {self.keeps} THEN {keep} ELSE {drop} END"
        )

    @property
    def why(self) -> str:
        read = ", ".join(self.signals)
        unmeasured = f"{read} is not measured" if len(self.signals) == 1 else f"not all of {read} are measured"
        return self.sql(_NULL, _NULL, self.reason, quote_string(unmeasured))


def compile_rule(name: str, rule: Rule, signals: Mapping[str, Signal]) -> CompiledRule:
    """Compile a rule of the recipe named `name` against the signals that there are.

    Raises ValueError, naming the rule, for an unknown signal (with the nearest name), a bound that does not suit the
    signal's type, or a predicate that is not allowed.
    """
    try:
        general = _test(rule, signals, rule.sources)
        others = {source: _test(other, signals, ()) for source, other in rule.by_source.items()}
    except ValueError as error:
        raise ValueError(f"rule {name}: {error}") from None

    def by_source(sql: Callable[[_Test], str]) -> str:
        cases = [f"WHEN `source` = {quote_string(source)} THEN {sql(test)}" for source, test in others.items()]
        return f"CASE {' '.join(cases)} ELSE {sql(general)} END" if cases else sql(general)

    names = [f"'{verdict}'" for verdict in VERDICTS]
    codes = [str(code) for code in range(len(VERDICTS))]
    return CompiledRule(
        name=name,
        verdict_sql=by_source(lambda test: test.sql(*names)),
        code_sql=by_source(lambda test: test.sql(*codes)),
        reason_sql=by_source(lambda test: test.why),
        signals=tuple(dict.fromkeys(each for test in (general, *others.values()) for each in test.signals)),
        unknown=rule.unknown,
    )


def _test(rule: Rule, signals: Mapping[str, Signal], sources: tuple[str, ...]) -> _Test:
    test = _predicate_test(rule.predicate, signals) if rule.predicate is not None else _signal_test(rule, signals)
    scopes = [(column, names) for column, names in (("task", rule.tasks), ("source", sources)) if names]
    applies = " AND ".join(f"(`{column}` IN ({', '.join(map(quote_string, names))}))" for column, names in scopes)
    return replace(test, applies=applies or "TRUE")


def _predicate_test(text: str, signals: Mapping[str, Signal]) -> _Test:
    predicate = parse_predicate(text, signals)
    if not predicate.signals:
        raise ValueError(f"predicate {text!r} reads no signal")
    told = [quote_string(f"{text} is false:")]
    for each in predicate.signals:
        told += [quote_string(f" {each} "), f"coalesce({_shown(signals[each])}, 'not measured')"]
    return _Test(f"({predicate.sql} IS NOT NULL)", predicate.sql, f"concat({', '.join(told)})", predicate.signals)


def _signal_test(rule: Rule, signals: Mapping[str, Signal]) -> _Test:
    assert rule.signal is not None
    if rule.signal not in signals:
        raise unknown_signal(rule.signal, signals)
    each = signals[rule.signal]
    choices = rule.in_ or (() if rule.equals is None else (rule.equals,))
    keeps, miss = _one_of(each, choices) if choices else _between(each, rule.min, rule.max)
    reason = f"concat({quote_string(each.name + ' ')}, {_shown(each)}, {miss})"
    return _Test(f"({quote_name(each.name)} IS NOT NULL)", keeps, reason, (each.name,))


def _one_of(each: Signal, choices: tuple[Scalar, ...]) -> tuple[str, str]:
    """SQL for `the value is one of these`, and for what to say where it is not."""
    wanted = {"string": str, "bool": bool}.get(each.dtype)
    for choice in choices:
        if not (isinstance(choice, wanted) if wanted else not isinstance(choice, str | bool)):
            raise ValueError(f"{each.name} is a {each.dtype}, but {choice!r} is a {type(choice).__name__}")
    keeps = f"({quote_name(each.name)} IN ({', '.join(_literal(choice) for choice in choices)}))"
    told = " is none of " if len(choices) > 1 else " is not "
    return keeps, quote_string(told + ", ".join(_text(choice) for choice in choices))


def _between(each: Signal, low: float | None, high: float | None) -> tuple[str, str]:
    """SQL for `the value lies in these bounds`, and for what to say where it does not."""
    if each.dtype in ("string", "bool"):
        raise ValueError(f"{each.name} is a {each.dtype}: min and max are for numbers; use equals or in")
    column = quote_name(each.name)
    bounds = [(sign, bound) for sign, bound in (("<", low), (">", high)) if bound is not None]
    misses = [(f"{column} {sign} {_literal(bound)}", f" {sign} {_text(bound)}") for sign, bound in bounds]
    keeps = "(NOT (" + " OR ".join(condition for condition, _ in misses) + "))"
    told = " ".join(f"WHEN {condition} THEN {quote_string(text)}" for condition, text in misses)
    return keeps, f"CASE {told} ELSE '' END"


def _shown(each: Signal) -> str:
    """SQL for a signal's value as people read it."""
    column = quote_name(each.name)
    if each.dtype == "string":
        return f"substr({column}, 1, 60)"
    return f"CAST({f'round({column}, 6)' if each.dtype == 'float64' else column} AS STRING)"


def _literal(value: Scalar) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return quote_string(value) if isinstance(value, str) else quote_number(float(value))


def _text(value: Scalar) -> str:
    """A bound as people read it in a reason."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
